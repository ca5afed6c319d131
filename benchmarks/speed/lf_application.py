"""Applying 20 labeling functions to short texts: Snorkel's pandas applier, plain polars expressions, and ours.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.speed.lf_application

Every arm gives the same votes, which is checked. Then the growth with the number of labeling functions: lists of whole
words are added, up to 200.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from snorkel.labeling import LabelingFunction as SnorkelLF, PandasLFApplier

from benchmarks.common import arguments, in_turn, save
from benchmarks.speed.lf_workload import declared, frame, make_texts, more, pattern_lfs, row_functions, row_lfs
from weaklabel import apply_lfs, load_lfs

PACK = """from benchmarks.speed.lf_workload import row_lfs

LABELS = ("zero", "one")
globals().update({lf.name: lf for lf in row_lfs()})
"""
GROWTH = (20, 50, 100, 200)
BATCH = 50_000
BATCHES = (5_000, 10_000, 20_000, 50_000, 100_000)


def plain_polars(texts, lfs):
    """Return the votes of all expressions in one select."""
    return frame(texts).select(lf.expr for lf in lfs).to_numpy()


def with_snorkel(texts):
    """Return the votes by Snorkel's applier on a pandas frame."""
    lfs = [SnorkelLF(name, function) for name, function in row_functions(declared()).items()]
    return PandasLFApplier(lfs).apply(pd.DataFrame({"text": texts}), progress_bar=False)


def compare(texts, rounds, pack):
    """Time every way to apply the 20 labeling functions, and check that the votes are the same."""
    lfs, rows = pattern_lfs(declared()), row_lfs()
    ways = {
        "Snorkel PandasLFApplier": lambda: with_snorkel(texts),
        "plain polars expressions": lambda: plain_polars(texts, lfs),
        "weaklabel pattern LFs": lambda: apply_lfs(lfs, texts, batch_size=BATCH).L,
        "weaklabel row LFs, in process": lambda: apply_lfs(rows, texts).L,
        "weaklabel row LFs, workers=2": lambda: apply_lfs(load_lfs(pack), texts, workers=2).L,
    }
    votes = {}
    times = in_turn({name: lambda name=name: votes.update({name: ways[name]()}) for name in ways}, rounds)
    slowest = votes["Snorkel PandasLFApplier"]
    for name, L in votes.items():
        assert np.array_equal(L, slowest), f"{name} votes otherwise than Snorkel"
        times[name]["times_faster"] = round(times["Snorkel PandasLFApplier"]["median"] / times[name]["median"], 1)
        times[name]["million_votes_per_second"] = round(L.size / times[name]["median"] / 1e6, 2)
    coverage = zip((lf.name for lf in lfs), (slowest >= 0).mean(0).tolist(), strict=True)
    return times, {name: round(share, 4) for name, share in coverage}


def growth(texts, rounds):
    """Time ours beside plain expressions as lists of words are added."""
    times = {}
    for number in GROWTH:
        lfs = pattern_lfs([*declared(), *more(number - len(declared()))])
        votes = {}
        arms = {
            "plain polars expressions": lambda lfs=lfs, votes=votes: votes.update(a=plain_polars(texts, lfs)),
            "weaklabel": lambda lfs=lfs, votes=votes: votes.update(b=apply_lfs(lfs, texts, batch_size=BATCH).L),
        }
        times[str(number)] = in_turn(arms, rounds)
        assert np.array_equal(votes["a"], votes["b"])
    return times


def by_batch_size(texts, rounds):
    """Time the pattern labeling functions at several batch sizes, in wall and in processor seconds."""
    lfs = pattern_lfs(declared())
    arms = {str(size): lambda size=size: apply_lfs(lfs, texts, batch_size=size) for size in BATCHES}
    times = in_turn(arms, rounds)
    for size, arm in arms.items():
        began = time.process_time()
        arm()
        times[size]["processor_seconds"] = round(time.process_time() - began, 4)
    return times


def table(result):
    """The results as Markdown."""
    lines = ["| how | seconds | times faster |", "|---|---|---|"]
    for name, figures in result["arms"].items():
        lines.append(f"| {name} | {figures['median']:.2f} | {figures['times_faster']:.1f} |")
    lines += ["", "| labeling functions | plain polars, seconds | weaklabel, seconds |", "|---|---|---|"]
    for number, arms in result["growth"].items():
        plain, ours = (arms[name]["median"] for name in ("plain polars expressions", "weaklabel"))
        lines.append(f"| {number} | {plain:.2f} | {ours:.2f} |")
    return "\n".join(lines)


def main():
    options = arguments(__doc__, texts=200_000, rounds=3)
    texts = make_texts(options.texts)
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "pack.py"
        pack.write_text(PACK)
        arms, coverage = compare(texts, options.rounds, str(pack))
    setting = {
        "texts": len(texts),
        "mean_bytes": round(float(np.mean([len(text.encode()) for text in texts])), 1),
        "batch_size_of_pattern_lfs": BATCH,
        "coverage": coverage,
    }
    figures = {
        "setting": setting,
        "arms": arms,
        "growth": growth(texts, options.rounds),
        "by_batch_size": by_batch_size(texts, options.rounds),
    }
    save("speed_lf_application", ["snorkel", "pandas", "polars", "ahocorasick_rs"], figures)


if __name__ == "__main__":
    main()
