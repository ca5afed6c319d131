"""What a row costs: processor seconds by kind of labeling function and by step, bytes on disk, and the pattern table.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python -m benchmarks.speed.scaling

One process on one core, so that rows per second are those of a core. Then the same job by `weaklabel label` on this
machine and on a Dask cluster of it, whose files must be the same.
"""

import filecmp
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.common import arguments, save
from benchmarks.speed.label_csv import PATTERN_PACK, label, timed, write_csv
from benchmarks.speed.lf_workload import declared, make_texts, more, pattern_lfs, row_lfs
from weaklabel import apply_lfs, lexicon_lf, matcher_lf, prototype_lf, read_corpus, spacy_lf
from weaklabel.corpus.sinks import NewColumns
from weaklabel.job.output import Output, label_columns
from weaklabel.votes import vote_patterns

EXAMPLES = {1: ["win a prize", "claim cash"], 0: ["see you", "at lunch"]}
GROWTH = (10_000, 30_000, 100_000, 200_000)


def cpu(action, times=2):
    """Return the processor seconds that an action takes, the best of some, and its result."""
    seconds = []
    for _ in range(times):
        began = time.process_time()
        result = action()
        seconds.append(time.process_time() - began)
    return min(seconds), result


def spacy_rule(pipeline):
    @spacy_lf("long_words", pipeline=pipeline)
    def long_words(doc):
        return 1 if any(len(token) > 9 for token in doc) else -1

    return [long_words]


def kinds(texts):
    """Labeling functions by kind, and how many texts to ask them for."""
    words = sorted({word for text in texts[:2000] for word in text.lower().split() if word.isalpha()})
    patterns = pattern_lfs(declared())
    return {
        "20 pattern LFs": (patterns, 200_000),
        "200 pattern LFs": (pattern_lfs([*declared(), *more(180)]), 200_000),
        f"a lexicon of {len(words):,} words": ([lexicon_lf("words", 1, words, min_count=8)], 200_000),
        "20 Python LFs": (row_lfs(), 50_000),
        "a spaCy tokenizer and matcher": (
            [matcher_lf("free", 1, [[{"LOWER": "free"}, {"LOWER": "prize"}]], pipeline="blank:en")],
            20_000,
        ),
        "a spaCy pipeline (en_core_web_sm)": (spacy_rule("en_core_web_sm"), 600),
        "a prototype LF (MiniLM embeddings)": ([prototype_lf("alike", EXAMPLES)], 1_000),
    }


def steps(folder, texts):
    """Processor seconds a row for reading, making patterns and writing, and bytes a row of votes on disk."""
    source = folder / "steps.csv"
    write_csv(source, len(texts), texts)
    reading, parts = cpu(lambda: list(read_corpus(source).parts()))
    L = apply_lfs(pattern_lfs(declared()), texts).L
    counting, patterns = cpu(lambda: vote_patterns(L))
    half = np.full((len(patterns), 2), 0.5)
    columns = label_columns(np.zeros(len(patterns), np.int64), half, ("ham", "spam"))
    output = Output(read_corpus(source), str(folder / "steps-out.csv"), folder)

    def write():
        for part in parts:
            rows = slice(part.batch.start, part.batch.start + len(part.batch))
            output.write(part.part.number, part.batch, NewColumns(columns, patterns.rows()[rows]))

    writing, _ = cpu(write)
    seconds = {"reading CSV": reading, "vote patterns": counting, "writing CSV": writing}
    return {name: round(1e6 * value / len(texts), 2) for name, value in seconds.items()}


def pattern_growth(texts):
    """Distinct vote patterns by rows, with 20 labeling functions and with 100."""
    counts = {}
    for number in (20, 100):
        L = apply_lfs(pattern_lfs([*declared(), *more(number - 20)]), texts).L
        counts[str(number)] = {str(n): len(vote_patterns(L[:n])) for n in GROWTH if n <= len(texts)}
    return counts


def engines(folder, texts, rows):
    """The whole job on this machine and on a Dask cluster of it."""
    source, pack = folder / "in.csv", folder / "patterns.py"
    write_csv(source, rows, texts)
    pack.write_text(PATTERN_PACK)
    local = timed(label(source, pack, folder / "local.csv"))
    dask = timed([*label(source, pack, folder / "dask.csv"), "--engine", "dask"])
    assert filecmp.cmp(folder / "local.csv", folder / "dask.csv", shallow=False), "the engines differ"
    return {
        name: {"seconds": run[0], "cpu_seconds": run[1], "rows_per_second": round(rows / run[0])}
        for name, run in {"local": local, "dask": dask}.items()
    }


def main():
    options = arguments(__doc__, rows=2_000_000)
    os.environ["WEAKLABEL_CACHE"] = "off"
    texts = make_texts(200_000)
    costs = {}
    for name, (lfs, n) in kinds(texts).items():
        apply_lfs(lfs, texts[-50:])  # loads what is loaded once
        # Parsed texts and embeddings are remembered, so that only the first time counts.
        seconds, votes = cpu(lambda lfs=lfs, n=n: apply_lfs(lfs, texts[:n]), times=2 if n >= 50_000 else 1)
        costs[name] = round(1e6 * seconds / n, 2)
        print(f"{name}: {costs[name]} us a row, coverage {(votes.L >= 0).mean():.3f}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        by_step = steps(folder, texts)
        print(by_step, file=sys.stderr)
        both = engines(folder, texts, options.rows)
    figures = {
        "setting": {"texts": len(texts), "rows_of_engines": options.rows, "cores": os.cpu_count()},
        "microseconds_a_row": {"labeling functions": costs, "steps": by_step},
        "patterns": pattern_growth(texts),
        "engines": both,
    }
    save("speed_scaling", ["polars", "spacy", "distributed"], figures)


def cost_table(result):
    costs = result["microseconds_a_row"]
    lines = ["| a row costs | µs of a core | rows/s of a core |", "| --- | ---: | ---: |"]
    for name, value in [*costs["steps"].items(), *costs["labeling functions"].items()]:
        lines.append(f"| {name} | {value:,} | {round(1e6 / value):,} |")
    return "\n".join(lines)


def pattern_table(result):
    rows = sorted({int(n) for counts in result["patterns"].values() for n in counts})
    lines = [f"| LFs | {' | '.join(f'{n:,} rows' for n in rows)} |", "| --- |" + " ---: |" * len(rows)]
    lines += [
        f"| {m} | {' | '.join(f'{counts[str(n)]:,}' for n in rows)} |" for m, counts in result["patterns"].items()
    ]
    return "\n".join(lines)


def engine_table(result):
    rows = result["setting"]["rows_of_engines"]
    lines = [
        f"| {rows:,} rows, 20 pattern LFs, {result['setting']['cores']} cores | seconds | rows/s |",
        "| --- | ---: | ---: |",
    ]
    named = {"local": "local engine", "dask": "Dask, start of the cluster included"}
    for name, figures in result["engines"].items():
        lines.append(f"| {named[name]} | {figures['seconds']:.1f} | {figures['rows_per_second']:,} |")
    return "\n".join(lines)


def billion_table(result, machines=8, cores=16):
    """What a billion rows take on a cluster, by the labeling functions: computed from the costs above, not measured."""
    costs = result["microseconds_a_row"]
    lfs, step = costs["labeling functions"], costs["steps"]
    # A billion microseconds are 1 / 3.6 hours. Workers read every part twice, once for each pass; the cutting into parts
    # is the work of one process.
    fixed = 2 * step["reading CSV"] + 2 * step["vote patterns"] + step["writing CSV"]
    lines = [
        f"| a billion rows, {machines} machines of {cores} cores | core hours | hours of the cluster | hours of cutting |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, value in lfs.items():
        hours = (fixed + value) / 3.6
        lines.append(f"| {name} | {hours:,.1f} | {hours / machines / cores:,.2f} | {step['reading CSV'] / 3.6:,.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
