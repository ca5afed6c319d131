"""``python -m weaklabel.bench.work FOLDER``: compute the one cell that FOLDER/job.json describes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.bench.cells import Cell, Clean
from weaklabel.bench.clock import Clock
from weaklabel.bench.data import read_set, train_gold
from weaklabel.bench.defaults import VOTES
from weaklabel.bench.models import new_classifier, new_label_model, other_ways
from weaklabel.bench.outcome import Arrays, Outcome, read_predictions, write_outcome
from weaklabel.bench.span_data import SpanSet
from weaklabel.bench.span_work import label_spans, tag_spans
from weaklabel.bench.split import BenchSet, Split
from weaklabel.classifier.continued import fit_weak_then_clean
from weaklabel.errors import LabelModelError, ScoreError, WeakLabelError
from weaklabel.label_model import BaseLabelModel, class_balance_from_gold, validate_label_models
from weaklabel.labels import ABSTAIN, Labels, Probs, labels_of
from weaklabel.support.files import write_text
from weaklabel.support.warn import kept_warnings


def draw_clean(Y: Labels, k: int, per_class: Clean, seed: int) -> NDArray[np.int64]:
    """Draw rows with gold, as many of each class; a smaller draw with the same seed is part of a larger one.

    Parameters
    ----------
    Y
        Gold. Shape: [n]; -1 if there is none.
    k
        Number of classes.
    per_class
        Rows per class, or "all"; of a smaller class, all rows.
    seed
        Of the draw.

    Returns
    -------
    array
        Row numbers, in order.

    Raises
    ------
    ScoreError
        No row has gold.

    Examples
    --------
    >>> draw_clean(np.array([0, 1, 0, -1, 0]), 2, "all", seed=0)
    array([0, 1, 2, 4])
    """
    if not (Y != ABSTAIN).any():
        raise ScoreError("no train row has gold to draw clean labels from")
    chosen = []
    for label in range(k):
        rows = np.random.default_rng([seed, label]).permutation(np.flatnonzero(label == Y))
        chosen.append(rows if per_class == "all" else rows[:per_class])
    return np.sort(np.concatenate(chosen))


JOB, ERROR = "job.json", "error.txt"


def compute(folder: Path) -> None:
    """Compute a cell and write its outcome into its folder.

    Raises
    ------
    WeakLabelError
        The set cannot be read, or the models cannot be fitted on it.
    """
    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    cell, clock = Cell(**job["cell"]), Clock()
    bench_set = read_set(job["path"], job["lfs"] and Path(job["lfs"])).limited(job["limit"], job["limit_test"])
    if cell.label_model == VOTES and cell.classifier is None and isinstance(bench_set, BenchSet):
        bench_set = bench_set.without_texts()
    with kept_warnings() as kept:
        if isinstance(bench_set, SpanSet):
            if cell.classifier is None:
                arrays, coverage, why = label_spans(cell, bench_set, clock)
            else:
                labeled = folder.parent / job["label_model_cell"]
                arrays, coverage, why = tag_spans(cell, bench_set, labeled, clock)
        elif cell.classifier is None:
            arrays, coverage, why = _label_model(cell, bench_set, clock)
        else:
            given = read_predictions(folder.parent / job["label_model_cell"]) if cell.uses_votes else {}
            arrays, coverage, why = _classifier(cell, bench_set, given, clock), 1.0, None
    warned = dict.fromkeys(kept)
    write_outcome(folder, Outcome(coverage, clock.fit, clock.predict, _peak_mib(), why, tuple(warned)), arrays)


def _label_model(cell: Cell, bench_set: BenchSet, clock: Clock) -> tuple[Arrays, float, str | None]:
    train, valid, test = bench_set.train, bench_set.valid, bench_set.test
    balance = class_balance_from_gold(valid.Y, bench_set.k) if cell.track == "validation_gold" else None
    model = new_label_model(str(cell.label_model), bench_set.k, cell.seed, balance, cell.max_length, cell.encoder)
    with clock.fitting():
        model.fit(train.L, texts=train.texts)
        chosen_by = ""
        if cell.track == "validation_gold":
            model, chosen_by = _choose(str(cell.label_model), model, bench_set)

    def predict(split: Split) -> tuple[Labels, Probs]:
        if not len(split):
            return np.empty(0, dtype=np.int64), np.empty((0, bench_set.k))
        return model.predict(split.L, return_probs=True, texts=split.texts)

    train_preds, train_probs = predict(train)
    if (train_preds == ABSTAIN).all():
        raise LabelModelError(f"{type(model).__name__} labels no train row")
    with clock.predicting():
        preds, probs = predict(test)
    coverage = float((preds != ABSTAIN).mean())
    preds, probs = _filled(preds, probs, train_preds, train_probs)
    valid_preds, _ = _filled(*predict(valid), train_preds, train_probs)
    arrays: Arrays = {"preds": preds, "probs": probs, "valid_preds": valid_preds, "train_probs": train_probs}
    why = model.describe()
    return arrays, coverage, f"{why}{chosen_by}" if why else None


def _choose(name: str, model: BaseLabelModel, bench_set: BenchSet) -> tuple[BaseLabelModel, str]:
    """Return the variant of a label model with the best labels on valid, and a description of the choice."""
    train, valid = bench_set.train, bench_set.valid
    if train.texts is None or not model.uses_texts:
        return model, ""
    others = [other.fit(train.L, texts=train.texts) for other in other_ways(name, model)]
    validated = validate_label_models([model, *others], valid.L, valid.Y, valid.texts)
    n_rounds = validated.best.get_params().get("n_rounds")
    method = type(validated.best).__name__ + ("" if n_rounds is None else f", n_rounds={n_rounds}")
    return validated.best, f"; the gold of valid chose {method} among {len(validated.models)}"


def _filled(preds: Labels, probs: Probs, train_preds: Labels, train_probs: Probs) -> tuple[Labels, Probs]:
    """Fill in rows without votes: the most frequent class, and the mean probabilities, of the train rows."""
    unlabeled = preds == ABSTAIN
    common = np.bincount(train_preds[train_preds != ABSTAIN]).argmax()
    return np.where(unlabeled, common, preds), np.where(unlabeled[:, None], np.nanmean(train_probs, axis=0), probs)


def _classifier(cell: Cell, bench_set: BenchSet, given: Arrays, clock: Clock) -> Arrays:
    train, valid, test = bench_set.train, bench_set.valid, bench_set.test
    assert train.texts is not None and test.texts is not None
    classifier = new_classifier(str(cell.classifier), bench_set.labels, cell.seed, cell.max_length, ready=True)
    with_gold = np.flatnonzero(valid.Y != ABSTAIN)
    with clock.fitting():
        if cell.clean_per_class is not None:
            gold = train_gold(bench_set)
            clean = draw_clean(gold, bench_set.k, cell.clean_per_class, cell.seed)
            if cell.start == "clean":
                classifier.fit(train.take(clean).texts or (), gold[clean])
            else:
                fit_weak_then_clean(classifier, train.texts, given["train_probs"], clean, gold[clean])
        elif cell.track == "validation_gold":
            held = valid.take(with_gold)
            classifier.fit(train.texts, given["train_probs"], validation=(held.texts or (), held.Y))
        else:
            classifier.fit(train.texts, given["train_probs"])
    with clock.predicting():
        probs = classifier.predict_proba(test.texts)
    valid_preds = classifier.predict(valid.texts) if valid.texts else np.empty(0, dtype=np.int64)
    return {"preds": labels_of(probs), "probs": probs, "valid_preds": valid_preds}


def _peak_mib() -> float:
    """Return the most memory that this process held: its own, without its parent's, where the system reports it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    # macOS counts bytes, others KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main(arguments: list[str]) -> int:
    """Compute; a mistake of the user's becomes one sentence in the folder."""
    folder = Path(arguments[0])
    try:
        compute(folder)
    except WeakLabelError as error:
        write_text(folder / ERROR, str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
