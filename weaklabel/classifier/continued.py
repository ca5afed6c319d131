"""Training on weak labels first, and going on with the few clean ones that people gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.base import Classifier
from weaklabel.labels import Labels, Probs

CLEAN_FOLDER = "clean"


def fit_weak_then_clean(
    classifier: Classifier,
    texts: Sequence[str],
    probs: Probs,
    clean: NDArray[np.int64],
    gold: Labels,
    *,
    validation: tuple[Sequence[str], ArrayLike] | None = None,
) -> Classifier:
    """Train on weak labels, and go on with a few clean ones.

    A classifier that starts from a checkpoint goes on from its weakly trained self with the clean rows alone, at the
    learning rate that the weak labels were learnt at, and takes them as they are, even where it denoises weak labels.
    One that finds its optimum from anywhere, such as logistic regression, has nothing to go on from: it is trained on
    both, gold in the place of the clean rows' weak labels, and all clean rows together weighing as much as all weak
    ones.

    Parameters
    ----------
    classifier
        Not fitted. Where it keeps a log, that of the clean rows is in the folder ``clean`` of its own.
    texts, probs
        All rows. Shape: [n] and [n, k].
    clean
        Numbers of the clean rows; at least one.
    gold
        Their classes. Shape: that of ``clean``.
    validation
        For the weak labels; see `Classifier.fit`.

    Raises
    ------
    ClassifierError
        As for `Classifier.fit`; so clean rows must be of two classes where they are trained on alone.
    """
    if "model" in classifier.get_params():
        classifier.fit(texts, probs, validation=validation)
        with TemporaryDirectory() as folder:
            weak = Path(folder) / "weak"
            classifier.save(weak)
            with _going_on(classifier, weak):
                return classifier.fit([texts[row] for row in clean], gold)
    both = probs.copy()
    both[clean] = np.eye(probs.shape[1])[gold]
    weights = np.ones(len(texts))
    n_weak = int((~np.isnan(probs).any(axis=1)).sum())
    weights[clean] = max(1.0, n_weak / len(clean))
    return classifier.fit(texts, both, sample_weight=weights, validation=validation)


@contextmanager
def _going_on(classifier: Classifier, weak: Path) -> Iterator[None]:
    """Set what starts from the weakly trained self, without what only weak labels or validation rows call for."""
    params = classifier.get_params()
    going_on: dict[str, Any] = {
        "model": weak,
        "rounds": 0,
        "lr": getattr(classifier, "training_", {}).get("lr"),
        "patience": None,
        "validation_share": 0.0,
        "pretrain_epochs": 0,
        "run_folder": params.get("run_folder") and Path(params["run_folder"]) / CLEAN_FOLDER,
    }
    classifier.set_params(**{name: value for name, value in going_on.items() if name in params})
    try:
        yield
    finally:
        classifier.set_params(**params)
