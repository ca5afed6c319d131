"""What the benchmarks of votes share: generated votes, and arms that each run in a process of their own."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def write_votes(folder: Path, rows: int, lfs: int, classes: int, seed: int = 0) -> None:
    """Write votes of known accuracy, stored by column, twice: labeling functions independent, and correlated.

    Correlated votes come from few distinct rows that repeat, the more probable the more often, as texts of one kind do.
    """
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, classes, rows)
    independent = np.empty((rows, lfs), dtype=np.int8, order="F")
    for lf in range(lfs):
        right = rng.random(rows) < rng.uniform(0.6, 0.9)
        wrong = (Y + rng.integers(1, classes, rows)) % classes
        independent[:, lf] = np.where(rng.random(rows) < 0.3, np.where(right, Y, wrong), -1)
    kinds = max(1, rows // 10)
    source = (kinds * rng.random(rows) ** 3).astype(np.int64)
    np.save(folder / "independent.npy", independent)
    np.save(folder / "correlated.npy", np.asfortranarray(independent[source]))
    np.save(folder / "independent_gold.npy", Y)
    np.save(folder / "correlated_gold.npy", Y[source])


def alone(module: str, arm: str, **arguments: str | int) -> dict[str, dict[str, float]]:
    """Run one arm of ``module`` in a process of its own, BLAS on one thread; return what it measured."""
    task = json.dumps({"arm": arm, **arguments})
    done = subprocess.run(
        [sys.executable, "-m", module, "--task", task], env=os.environ | THREADS, capture_output=True, text=True
    )
    if done.returncode:
        return {"failed": {"message": (done.stderr.strip().splitlines() or ["killed"])[-1]}}
    print(f"{arm} {arguments}: {done.stdout.strip().splitlines()[-1]}", file=sys.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def measured(call: Callable[[], object], rounds: int) -> dict[str, float]:
    """Time a call: medians of wall seconds and of CPU seconds of all threads; and the process's peak memory so far."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "seconds": round(statistics.median(walls), 5),
        "cpu_seconds": round(statistics.median(cpus), 5),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def task_of(argv: list[str]) -> dict | None:
    """Return the arm that this process is to run, if it is one of `alone`'s."""
    return json.loads(argv[2]) if argv[1:2] == ["--task"] else None
