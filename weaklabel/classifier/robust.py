"""A BERT classifier for weak labels: it denoises them before it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.bert import BertClassifier
from weaklabel.classifier.denoising import denoise
from weaklabel.classifier.logs import Logger
from weaklabel.classifier.options import Metric
from weaklabel.classifier.targets import check_texts, class_names, soft_targets
from weaklabel.encoder.features import TextFeatures
from weaklabel.errors import ClassifierError
from weaklabel.labels import Probs
from weaklabel.support.progress import showing, stage


class RobustClassifier(BertClassifier):
    """A `BertClassifier` for weak labels: it first denoises them by the texts, and also trains on rows without a label.

    Vectors of the texts (see `weaklabel.encoder.features.TextFeatures`) and a logistic regression on them, too simple to learn
    the errors, give every row a second opinion out of fold, see `weaklabel.classifier.denoising.denoise`. BERT is
    then trained on label and opinion together, and on rows without a label on the opinion alone, weighted by its certainty.
    No gold is used. For gold, which needs no second opinion, use `BertClassifier`.

    Parameters
    ----------
    rounds
        Rounds of denoising; 0 takes the labels as they are, without the rows that have none.
    self_training
        Weight of a row without a label where the opinion is certain, from 0 up; a row with a label weighs 1. The weight falls
        with the entropy of the opinion, to 0 where all classes are equally probable.
    model, labels, epochs, batch_size, lr, max_length, label_smoothing, patience, validation_share, metric, \
pretrain_epochs, seed, device, run_folder, checkpoint_seconds, loggers, progress
        As for `BertClassifier`. The vectors are computed with ``model``, too.

    Attributes
    ----------
    model_, tokenizer_
        As for `BertClassifier`.
    training_ : dict
        As for `BertClassifier`; and ``denoising``, with the number of labels whose most probable class ``changed``, and of
        the rows without a label that ``joined`` the training.

    Notes
    -----
    Weights by the entropy of a teacher are those of COSINE (Yu et al., "Fine-tuning pre-trained language model with
    weak supervision", NAACL 2021); that a teacher labels what no labeling function covers is ASTRA's (Karamanolakis et
    al., "Self-training with weak supervision", NAACL 2021).
    """

    for_gold: ClassVar[str | None] = "bert"
    modules: ClassVar[tuple[str, ...]] = (*BertClassifier.modules, "scipy.optimize")

    max_rows = 200_000  # each text has a vector in memory

    @property
    def uses_unlabeled(self) -> bool:
        """See `Classifier.uses_unlabeled`: rows without a label learn from the second opinion."""
        return self.rounds > 0 or super().uses_unlabeled

    def __init__(
        self,
        model: str | Path | None = None,
        labels: Sequence[str] | None = None,
        *,
        rounds: int = 3,
        self_training: float = 1.0,
        epochs: int | None = None,
        batch_size: int = 32,
        lr: float | Sequence[float] = 1e-4,
        max_length: int = 128,
        label_smoothing: float = 0.0,
        patience: int | None = None,
        validation_share: float = 0.0,
        metric: Metric = "loss",
        pretrain_epochs: int = 0,
        seed: int = 0,
        device: str | None = None,
        run_folder: str | Path | None = None,
        checkpoint_seconds: float = 60.0,
        loggers: Sequence[Logger] = (),
        progress: bool = False,
    ) -> None:
        super().__init__(
            model,
            labels,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            max_length=max_length,
            label_smoothing=label_smoothing,
            patience=patience,
            validation_share=validation_share,
            metric=metric,
            pretrain_epochs=pretrain_epochs,
            seed=seed,
            device=device,
            run_folder=run_folder,
            checkpoint_seconds=checkpoint_seconds,
            loggers=loggers,
            progress=progress,
        )
        self.rounds = rounds
        self.self_training = self_training

    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Denoise the labels, then fine-tune on them; see `Classifier.fit`. ``validation`` is not denoised."""
        self.check_params(validation is not None)
        given = check_texts(texts)
        names = class_names(self.labels, y)
        weak, counts = _weak_labels(given, y, sample_weight, names)
        labeled = np.isfinite(weak[:, 0])
        if self.rounds:
            with showing(self.progress):
                vectors = TextFeatures(self.model, self.max_length, self.device).fit_transform(given)
            with stage("denoising labels"):
                clean = denoise(vectors, weak, counts, rounds=self.rounds, seed=self.seed)
            counts = np.where(labeled, counts, counts * self.self_training * certainty(clean))
        else:
            clean = weak
        self._fine_tune(given, clean, names, counts, validation)
        changed = clean[labeled].argmax(axis=1) != weak[labeled].argmax(axis=1)
        joined = np.isfinite(clean[:, 0]) & ~labeled & (counts > 0)
        self.training_["denoising"] = {"changed": int(changed.sum()), "joined": int(joined.sum())}
        return self._set_fitted(names, y)

    def check_params(self, validated: bool) -> None:
        """Refuse parameters that `fit` cannot work with; see `BertClassifier.check_params`."""
        for name in ("rounds", "self_training"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ClassifierError(f"{name} must be from 0 up, not {getattr(self, name)}")
        super().check_params(validated)


def certainty(probs: Probs) -> NDArray[np.float64]:
    """Return 1 minus each row's entropy, as a share of the largest possible entropy; 0 to 1. Shape: [n, k] -> [n].

    Examples
    --------
    >>> certainty(np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([0., 1.])
    """
    logs = np.log(np.where(probs > 0, probs, 1))
    return np.clip(1 + (probs * logs).sum(axis=1) / np.log(probs.shape[1]), 0, 1)


def _weak_labels(
    texts: list[str], y: ArrayLike, weights: ArrayLike | None, names: Sequence[str]
) -> tuple[Probs, NDArray[np.float64]]:
    """Return checked labels, NaN for rows without one, and weights. Shape: [n, k], [n]."""
    targets = soft_targets(len(texts), y, names, weights)
    targets.need_two_classes(names)
    weak = np.full((len(texts), len(names)), np.nan)
    weak[targets.rows] = targets.probs
    counts = np.ones(len(texts)) if weights is None else np.asarray(weights, dtype=np.float64)
    return weak, counts
