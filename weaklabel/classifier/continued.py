"""Training on weak labels first, and then on a few clean labels that people gave."""

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
    """Train on weak labels, then on a few clean ones.

    A classifier that starts from a checkpoint (its parameter ``model``) is then fine-tuned on the clean rows alone, from
    the weights that the weak labels gave, at the same learning rate and without denoising. Another classifier, such as
    logistic regression, whose result does not depend on a start, is trained once on all rows: clean labels replace weak
    ones, and all clean rows together weigh as much as all weak ones.

    Parameters
    ----------
    classifier
        Not fitted. If it keeps a log, that of the clean rows is in a folder ``clean`` in its run folder.
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
        As for `Classifier.fit`; clean rows that are trained on alone must be of two classes.
    """
    if classifier.has_param("model"):
        classifier.fit(texts, probs, validation=validation)
        with TemporaryDirectory() as folder:
            weak = Path(folder) / "weak"
            classifier.save(weak)
            with _set_to_continue(classifier, weak):
                return classifier.fit([texts[row] for row in clean], gold)
    both = probs.copy()
    both[clean] = np.eye(probs.shape[1])[gold]
    weights = np.ones(len(texts))
    n_weak = int((~np.isnan(probs).any(axis=1)).sum())
    weights[clean] = max(1.0, n_weak / len(clean))
    return classifier.fit(texts, both, sample_weight=weights, validation=validation)


@contextmanager
def _set_to_continue(classifier: Classifier, weak: Path) -> Iterator[None]:
    """Set the parameters for training on clean rows from the weakly trained model: no denoising, no validation."""
    params = classifier.get_params()
    continuing: dict[str, Any] = {
        "model": weak,
        "rounds": 0,
        "lr": getattr(classifier, "training_", {}).get("lr"),
        "patience": None,
        "validation_share": 0.0,
        "pretrain_epochs": 0,
        "run_folder": params.get("run_folder") and Path(params["run_folder"]) / CLEAN_FOLDER,
    }
    classifier.set_params(**{name: value for name, value in continuing.items() if name in params})
    try:
        yield
    finally:
        classifier.set_params(**params)
