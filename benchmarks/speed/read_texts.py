"""Reading the texts of a large corpus: embedding all of them against the fast reader, in CPU seconds and labels.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.read_texts --data FOLDER --sets sms,youtube

FOLDER has sets as `weaklabel bench` reads them. Both arms are one `TextLabelModel`, fitted to all training rows as if the
corpus had twice as many. Validation and test rows are labeled by both, and some of them are timed, with no vector cached.
Seconds for a million rows are extrapolated: the fit embeds 20,000 texts and teaches the fast reader in the time that it
took here for a text, and a million texts are read at the speed measured.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common import save
from weaklabel.bench.data import read_bench_set
from weaklabel.label_model import TextLabelModel
from weaklabel.label_model.text.fast import FastReader
from weaklabel.label_model.text.reader import MAX_ROWS
from weaklabel.votes import vote_patterns

MILLION = 1_000_000


def fitted(bench_set, exact):
    """Fit to all training rows, as if the corpus had twice as many."""
    train = bench_set.train
    model = TextLabelModel(bench_set.k, exact_texts=exact, max_rows=len(train.texts))
    sampler = model.sampler()
    votes = vote_patterns(train.L)
    sampler.add(votes, train.texts)
    votes.counts[:] *= 2
    return model.fit_sample(votes, sampler.sample())


def cpu_seconds(work):
    began = time.process_time()
    work()
    return time.process_time() - began


def measure(bench_set, n_timed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fitted(bench_set, exact=False)
    parts = [part for part in (bench_set.valid, bench_set.test) if part is not None]
    L, texts = np.concatenate([part.L for part in parts]), [text for part in parts for text in part.texts]
    gold = np.concatenate([part.Y for part in parts])
    fast, model.fast_ = model.fast_, None
    exact = model.predict_proba(L, texts)
    model.fast_ = fast
    both = model.predict_proba(L, texts)

    def scores(probs):
        of_gold = np.maximum(probs[np.arange(len(gold)), gold], 1e-12)
        right = probs.argmax(axis=1) == gold
        return {"accuracy": round(100 * right.mean(), 2), "log_loss": round(-np.log(of_gold).mean(), 3)}

    left = np.ones(len(texts), dtype=bool)
    learning = 0.0
    if fast is not None:
        left = fast.answer(texts, lambda log_probs: model._combine(L, log_probs))[1]
        sample = bench_set.train.texts
        log_probs = model._read(sample)
        votes = vote_patterns(bench_set.train.L)
        sampler = model.sampler()
        sampler.add(votes, sample)
        learning = cpu_seconds(
            lambda: FastReader.learn(
                sampler.sample(), log_probs, lambda scores: model._combine(bench_set.train.L, scores)
            )
        )
    timed = [f"{text} " for text in texts[:n_timed]]  # of which no vector is in memory
    model._read(timed[:1])
    embedding = cpu_seconds(lambda: model._read(timed)) / len(timed)
    many = texts * (20_000 // len(texts) + 1)
    reading = cpu_seconds(lambda: fast.imitation.score(many)) / len(many) if fast else 0.0
    share = float(left.mean())
    all_embedded = MILLION * embedding
    with_fast = MAX_ROWS * (embedding + learning / len(bench_set.train.texts)) + MILLION * (reading + share * embedding)
    return {
        "classes": bench_set.k,
        "training_texts": len(bench_set.train.texts),
        "labeled_texts": len(texts),
        "characters": round(float(np.mean([len(text) for text in texts]))),
        "embedded_share": round(share, 3),
        "expected_share": None if fast is None else round(1 - fast.share, 3),
        "different_labels": round(float((exact.argmax(axis=1) != both.argmax(axis=1)).mean()), 4),
        "embedding_all": scores(exact),
        "fast_reader": scores(both),
        "texts_per_cpu_second": {
            "embedding": round(1 / embedding),
            "fast_reader": round(1 / reading) if fast else None,
            "both": round(1 / (reading + share * embedding)),
        },
        "million_rows_cpu_seconds_extrapolated": {
            "embedding_all": round(all_embedded),
            "fast_reader": round(with_fast) if fast else round(all_embedded),
            "ratio": round(all_embedded / with_fast, 1) if fast else 1.0,
        },
    }


def table(result):
    """Return the table of the page on scaling."""
    lines = [
        "| texts | classes | learned from | embedded | accuracy, all embedded | with the fast reader | times faster |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, of_set in sorted(result["sets"].items(), key=lambda pair: pair[1]["embedded_share"]):
        accuracies = [of_set[arm]["accuracy"] for arm in ("embedding_all", "fast_reader")]
        lines.append(
            f"| {name} | {of_set['classes']} | {of_set['training_texts']:,} | {of_set['embedded_share']:.0%} | "
            f"{accuracies[0]:.1f} | {accuracies[1]:.1f} | "
            f"{of_set['million_rows_cpu_seconds_extrapolated']['ratio']:.1f} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default="youtube,sms,trec,semeval,yoruba,clinc150,agnews-llm")
    parser.add_argument("--timed", type=int, default=300)
    options = parser.parse_args()
    figures = {}
    for name in options.sets.split(","):
        figures[name] = measure(read_bench_set(options.data / name), options.timed)
        print(name, figures[name], flush=True)
    save("speed_read_texts", ["torch", "transformers", "tokenizers", "numpy", "scipy"], {"sets": figures})


if __name__ == "__main__":
    main()
