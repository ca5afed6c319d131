"""Gazetteers: building one and searching texts with it, beside spaCy's PhraseMatcher on the same texts.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python -m benchmarks.speed.gazetteer

Entries and texts are made of syllables of our own: a third of the words of the texts are frequent ones, every tenth is the
begin of an entry, and 5% are inside of one. Every arm runs in a process of its own, from reading no file at all to spans
as columns; time is CPU time, which other processes on the machine do not count in, and memory is the highest resident
size. PhraseMatcher gets 50,000 entries, since a million of them take it minutes; its texts are split by a blank English
pipeline, and the longest matches are kept by `spacy.util.filter_spans`.
"""

import multiprocessing
import random
import resource
import time
from collections.abc import Callable

import polars as pl

from benchmarks.common import arguments, save

SYLLABLES = [first + vowel + last for first in "bdfgklmnprstvz" for vowel in "aeiou" for last in ("", "n", "r", "s")]
MEGABYTE = 1e6


def names(number: int) -> list[str]:
    """Return different entries of one to four words."""
    draw = random.Random(1)
    entries: dict[str, None] = {}
    while len(entries) < number:
        length = draw.choices((1, 2, 3, 4), (15, 55, 22, 8))[0]
        words = ["".join(draw.choices(SYLLABLES, k=draw.choice((2, 2, 3)))).title() for _ in range(length)]
        entries[" ".join(words)] = None
    return list(entries)


def sentences(entries: list[str], megabytes: int) -> list[str]:
    """Return sentences of about 25 words, 5% of which belong to entries."""
    draw = random.Random(2)
    frequent = ["".join(draw.choices(SYLLABLES, k=draw.choice((1, 1, 2)))) for _ in range(200)]
    rare = ["".join(draw.choices(SYLLABLES, k=draw.choice((2, 3, 4)))) for _ in range(40_000)]
    made, size = list[str](), 0
    while size < megabytes * MEGABYTE:
        words = []
        for _ in range(24):
            kind = draw.random()
            if kind < 0.03:
                words.append(draw.choice(entries))
            elif kind < 0.13:
                words.append(draw.choice(entries).partition(" ")[0])
            else:
                words.append(draw.choice(frequent if kind < 0.5 else rare))
        made.append(" ".join(words) + ", it's said.")
        size += len(made[-1])
    return made


def batches(texts: list[str], rows: int = 10_000) -> list[list[str]]:
    return [texts[begin : begin + rows] for begin in range(0, len(texts), rows)]


def ours(entries: list[str]) -> Callable[[list[str]], int]:
    """Return a function from texts to the number of spans."""
    from weaklabel.corpus.batch import Batch
    from weaklabel.lf.spans.gazetteer import gazetteer_lf

    lf = gazetteer_lf("names", 0, entries)
    lf.trie  # noqa: B018  # built when first asked for
    return lambda texts: sum(len(lf.vote(Batch(pl.DataFrame({"text": some})))) for some in batches(texts))


def phrase_matcher(entries: list[str]) -> Callable[[list[str]], int]:
    """Return a function from texts to the number of spans."""
    import spacy
    from spacy.matcher import PhraseMatcher
    from spacy.util import filter_spans

    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab)
    matcher.add("NAME", list(nlp.tokenizer.pipe(entries)))
    return lambda texts: sum(len(filter_spans(matcher(doc, as_spans=True))) for doc in nlp.tokenizer.pipe(texts))


ARMS = {"gazetteer_lf": ours, "PhraseMatcher": phrase_matcher}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(arm: str, number: int, megabytes: int, rounds: int) -> dict:
    """Build and search in this process, which is a new one."""
    entries = names(number)
    texts = sentences(names(50_000), megabytes)
    ARMS[arm](entries[:2])(texts[:10])  # imports
    before, began = peak(), time.process_time()
    search = ARMS[arm](entries)
    built, built_peak = time.process_time() - began, peak()
    size = sum(len(text.encode()) for text in texts) / MEGABYTE
    spans, seconds = 0, list[float]()
    for _ in range(rounds):
        began = time.process_time()
        spans = search(texts)
        seconds.append(time.process_time() - began)
    return {
        "arm": arm,
        "entries": number,
        "build_cpu_seconds": round(built, 2),
        "build_peak_mib": round(built_peak),
        "of_that_before_building_mib": round(before),
        "texts_megabytes": round(size, 1),
        "spans": spans,
        "search_cpu_seconds": [round(each, 2) for each in seconds],
        "megabytes_per_cpu_second": round(size / min(seconds), 2),
    }


def main() -> None:
    options = arguments(__doc__, entries=1_000_000, megabytes=10, rounds=3)
    settings = [
        ("gazetteer_lf", 50_000, options.megabytes),
        ("PhraseMatcher", 50_000, max(1, options.megabytes // 5)),
        ("gazetteer_lf", options.entries, options.megabytes),
    ]
    results = []
    for arm, number, megabytes in settings:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a new process for each, so that peaks are its own
            results.append(pool.apply(measure, (arm, number, megabytes, options.rounds)))
        print(results[-1])
    save("speed_gazetteer", ["spacy", "polars", "numpy"], {"arms": results})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    rows = [
        f"| {each['arm']} | {each['entries']:,} | {each['build_cpu_seconds']:.1f} | {each['build_peak_mib']:,} | "
        f"{each['megabytes_per_cpu_second']:.1f} |"
        for each in result["arms"]
    ]
    head = "| gazetteer | entries | build, CPU s | peak memory, MiB | texts, MB per CPU s |"
    return "\n".join([head, "| --- | ---: | ---: | ---: | ---: |", *rows])


if __name__ == "__main__":
    main()
