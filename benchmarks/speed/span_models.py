"""Label models for spans: fitting them on the runs of a million sentences.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.span_models

A sentence has one entity of 2 to 8 words and one of four labels. The first labeling function marks all of it; nine others see
a quarter of the sentences; with the given chance, each takes another label, begins later, or ends earlier. With more noise,
fewer runs are alike. Each setting runs in a process of its own; time is CPU time.
"""

import multiprocessing
import resource
import time

import numpy as np

from benchmarks.common import arguments, save
from weaklabel.label_model.sequence import make_span_label_model
from weaklabel.votes.spans.runs import Runs, merge_runs

LFS, LABELS = 10, ("A", "B", "C", "D")
NOISES = (0.1, 0.3)
MODELS = ("weighted", "hmm")


def runs_of(n: int, noise: float) -> Runs:
    """Return the runs of ``n`` sentences, those that are alike counted."""
    rng, k = np.random.default_rng(0), len(LABELS)
    lengths, label = np.minimum(1 + rng.geometric(0.5, n), 8), rng.integers(0, k, n)
    first = np.r_[0, np.cumsum(lengths)]
    sentence = np.repeat(np.arange(n), lengths)
    place = np.arange(first[-1]) - first[sentence]
    tags = np.zeros((first[-1], LFS), np.int16)
    for lf in range(LFS):
        sees = rng.random(n) < (0.25 if lf else 1.0)
        given = np.where(rng.random(n) < noise, rng.integers(0, k, n), label)
        begin = np.where(rng.random(n) < noise, rng.integers(0, lengths), 0)
        end = np.where(rng.random(n) < noise, begin + 1, lengths)
        if not lf:  # no run is silent
            begin, end = np.zeros(n, np.int64), lengths
        marked = sees[sentence] & (place >= begin[sentence]) & (place < end[sentence])
        tags[marked, lf] = (2 + 2 * given[sentence] - (place == begin[sentence]))[marked]
    names = tuple(f"lf{number}" for number in range(LFS))
    complete = (True,) + (False,) * (LFS - 1)
    return merge_runs([Runs(first, tags, np.ones(n, np.int64), names, LABELS, (), complete, int(first[-1]) * 8, n)])


def measure(name: str, n: int, noise: float) -> dict:
    """Fit in this process, which is a new one."""
    began = time.process_time()
    runs = runs_of(n, noise)
    counted = time.process_time()
    make_span_label_model(name).fit(runs)
    fitted = time.process_time()
    return {
        "label_model": name,
        "sentences": n,
        "noise": noise,
        "different_runs": len(runs),
        "counting_cpu_seconds": round(counted - began, 1),
        "fit_cpu_seconds": round(fitted - counted, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    options = arguments(__doc__, sentences=1_000_000)
    results = []
    for noise in NOISES:
        for name in MODELS:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                results.append(pool.apply(measure, (name, options.sentences, noise)))
            print(results[-1])
    save("speed_span_models", ["numpy"], {"fits": results})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    lines = ["| label model | sentences | different runs | fit, CPU s | peak memory, MiB |", "| --- |" + " ---: |" * 4]
    lines += [
        f"| `{each['label_model']}` | {each['sentences']:,} | {each['different_runs']:,} | {each['fit_cpu_seconds']:.1f} | "
        f"{each['peak_mib']:,} |"
        for each in result["fits"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
