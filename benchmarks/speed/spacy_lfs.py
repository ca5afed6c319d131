"""spaCy labeling functions: ten against one on one pipeline, trimmed against whole, first run against second.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 python -m benchmarks.speed.spacy_lfs

The texts are made of word lists of our own. Snorkel's arm has the same ten predicates as `NLPLabelingFunction`, which
keep the last parsed texts in memory. Every arm has a pipeline of its own, loaded outside the time.
"""

import random
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import polars as pl
import spacy
from snorkel.labeling import PandasLFApplier
from snorkel.labeling.lf.nlp import NLPLabelingFunction

from benchmarks.common import arguments, in_turn, save
from weaklabel import apply_lfs, entity_lf, spacy_lf
from weaklabel.lf.pipelines import _caches, load_pipeline
from weaklabel.support import cache

MODEL = "en_core_web_sm"
TYPES = ("PERSON", "GPE", "DATE", "MONEY", "ORG", "CARDINAL", "TIME", "NORP", "ORDINAL", "PERCENT")
NAMES = ["Anna Brown", "John Smith", "Mary Jones", "Peter Hill", "Laura King"]
PLACES = ["London", "Paris", "New York", "Berlin", "Oldtown"]
THINGS = ["apples", "umbrellas", "tickets", "garden chairs", "old books"]
DAYS = ["Monday", "Tuesday", "last week", "the third day", "March 5"]


def texts_of(number: int) -> list[str]:
    draw = random.Random(0)
    pick = draw.choice
    return [
        f"{pick(NAMES)} met {pick(NAMES)} in {pick(PLACES)} on {pick(DAYS)} and bought {draw.randint(2, 99)} "
        f"{pick(THINGS)} for {draw.randint(2, 999)} dollars. It was text {row}"
        for row in range(number)
    ]


def has(kind: str):
    return lambda doc: 1 if any(entity.label_ == kind for entity in doc.ents) else -1


def on_row(judge, x):
    return judge(x.doc)


def main() -> None:
    options = arguments(__doc__, texts=4000, rounds=3)
    texts = texts_of(options.texts)
    frame = pl.DataFrame({"text": texts})
    package = load_pipeline("benchmark", MODEL).path
    with tempfile.TemporaryDirectory() as folder:
        number = iter(range(10**6))

        def arm(count: int, disk: str | None, trimmed: bool = True):
            nlp = spacy.load(package)
            lfs = [
                entity_lf(kind, 1, [kind], pipeline=nlp) if trimmed else spacy_lf(kind, pipeline=nlp)(has(kind))
                for kind in TYPES[:count]
            ]

            def run() -> None:
                _caches.clear()  # what is in memory, as in a new process
                cache.use(None if disk is None else Path(folder, disk if disk == "kept" else f"new{next(number)}"))
                apply_lfs(lfs, frame)

            return run

        snorkels = [
            NLPLabelingFunction(kind, partial(on_row, has(kind)), language=str(package), memoize=True) for kind in TYPES
        ]

        def snorkel() -> None:
            NLPLabelingFunction._nlp_config.nlp.reset_cache()
            PandasLFApplier(snorkels).apply(pd.DataFrame({"text": texts}), progress_bar=False)

        kept = arm(10, "kept")
        kept()
        arms = {
            "one LF": arm(1, None),
            "ten LFs": arm(10, None),
            "ten LFs, whole pipeline": arm(10, None, trimmed=False),
            "ten LFs, first run with the cache": arm(10, "new"),
            "ten LFs, second run": kept,
            "Snorkel, ten LFs": snorkel,
        }
        times = in_turn(arms, options.rounds)
    for figures in times.values():
        figures["texts_per_second"] = round(len(texts) / figures["median"], 1)
        figures["times_slower"] = round(figures["median"] / times["one LF"]["median"], 3)
    save("speed_spacy_lfs", ["spacy", "snorkel"], {"setting": {"texts": len(texts), "lfs": len(TYPES)}, "arms": times})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    rows = [
        f"| {name} | {figures['texts_per_second']:,.0f} | {figures['times_slower']:.2f} |"
        for name, figures in result["arms"].items()
    ]
    return "\n".join(["| spaCy LFs | texts/s | time, one LF = 1 |", "|---|---|---|", *rows])


if __name__ == "__main__":
    main()
