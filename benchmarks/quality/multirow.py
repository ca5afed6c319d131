"""What asking a language model about several rows at once costs in quality, and saves in tokens.

    python -m benchmarks.quality.multirow --model qwen3 --endpoint http://localhost:8000 [--rows 300] [--sizes 1,2,4,8,16]
    python -m benchmarks.quality.multirow --model smollm2 --rows 12 --sizes 1,3      # a local model: only shows that it runs
    python -m benchmarks.quality.multirow --model qwen3 --endpoint URL --corpus rows.csv --gold label --labels "a=meaning,b"

The same rows, drawn with a seed, are asked about alone and in prompts of several sizes. By default they are messages of the
demonstration's test part. Counted for each size: rows with the right label (a row that abstains is wrong) with their 95%
interval, macro F1, abstains, answers off the list, rows asked about again alone, whether rows are right more often in the
first half of a prompt, agreement with asking alone, requests, and tokens, those of rows asked again included.

The figures are of one model and one corpus, and say nothing of others. Nothing is taken from earlier replies, so that all
tokens are counted: it costs what it says.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.common import save
from weaklabel import llm_lf, read_corpus, score
from weaklabel.corpus.batch import Batch
from weaklabel.label_names import encode_labels
from weaklabel.llm import Asking, asking_with
from weaklabel.project.demo import prepare_demo
from weaklabel.scoring.intervals import wilson
from weaklabel.votes.checking import check_votes

SPAM = "ham=a message from someone who knows the receiver,spam=advertising or a trick to get money or data"


def rows_of(given: argparse.Namespace, labels: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """Return the texts and their classes: as many as wanted, drawn with a seed, in the order of the corpus."""
    with tempfile.TemporaryDirectory() as folder:
        if given.corpus is None:
            prepare_demo(Path(folder))
        path = given.corpus or Path(folder, "data", "test.csv")
        frame = read_corpus(path).frame()
    gold = encode_labels(frame[given.gold].to_list(), labels, str(path))
    (labeled,) = np.nonzero(gold >= 0)
    chosen = np.sort(np.random.default_rng(given.seed).permutation(labeled)[: given.rows])
    return frame["text"].gather(chosen).to_list(), gold[chosen]


def measured(
    texts: list[str], gold: np.ndarray, size: int, labels: dict[str, str], given: argparse.Namespace
) -> tuple[np.ndarray, dict]:
    """Ask in prompts of ``size`` rows; return the votes and the figures."""
    lf = llm_lf(f"rows_{size}", labels, model=given.model, endpoint=given.endpoint, key=given.key, rows_per_prompt=size)
    batch = Batch(pl.DataFrame({"text": texts}))
    with (
        tempfile.TemporaryDirectory() as folder,
        asking_with(Asking(ledger=Path(folder, "replies.sqlite"))) as asking,
    ):
        checked = check_votes(lf.name, lf.vote(batch), batch)
        (spent,) = asking.spent().models.values()
        asking.close()
    right, place = checked.votes == gold, np.arange(len(gold)) % size
    notes = {note.what: note.count for note in (checked.problems.notes if checked.problems else ())}
    low, high = wilson(float(right.mean()), len(right))
    halves = [float(right[place < size / 2].mean()), float(right[place >= size / 2].mean())] if size > 1 else None
    return checked.votes, {
        "accuracy": round(float(right.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "macro_f1": round(score(gold, checked.votes, labels=tuple(labels)).macro_f1, 4),
        "abstains": int((checked.votes < 0).sum()),
        "failed": checked.problems.count if checked.problems else 0,
        "notes": notes,
        "accuracy_of_halves": halves and [round(half, 4) for half in halves],
        "requests": spent.requests,
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--endpoint")
    parser.add_argument("--key")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--gold", default="label")
    parser.add_argument("--labels", default=SPAM)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--sizes", default="1,2,4,8,16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    given = parser.parse_args()
    labels = dict((*label.split("=", 1), "")[:2] for label in given.labels.split(","))
    texts, gold = rows_of(given, tuple(labels))
    figures, alone = {}, None
    for size in map(int, given.sizes.split(",")):
        votes, figures[str(size)] = measured(texts, gold, size, labels, given)
        alone = votes if size == 1 else alone
        if alone is not None:
            figures[str(size)]["same_as_alone"] = round(float((votes == alone).mean()), 4)
        print(f"{size} rows a prompt: {figures[str(size)]}")
    if given.save:
        save(
            "quality_multirow",
            ["transformers", "torch"] if given.endpoint is None else ["httpx"],
            {"setting": {"model": given.model, "rows": len(texts), "seed": given.seed}, "sizes": figures},
        )


if __name__ == "__main__":
    main()
