"""Snorkel's own training, given how often votes meet instead of the votes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN


class LossDivergedError(Exception):
    """The loss became infinite or NaN: the learning rate is too high for these votes."""


def train_snorkel(
    overlaps: NDArray[np.float64], n: int, class_balance: NDArray[np.float64], **options: Any
) -> NDArray[np.float64]:
    """Train `snorkel.labeling.model.LabelModel`, and leave the global random states as they were.

    Parameters
    ----------
    overlaps
        See `count_overlaps`. Shape: [m*k, m*k].
    n
        Rows that the overlaps were counted in.
    class_balance
        Shape: [k].
    **options
        Of Snorkel's ``fit``.

    Returns
    -------
    array
        The parameters ``mu``. Shape: [m*k, k].

    Raises
    ------
    LossDivergedError
        The loss became infinite or NaN.
    """
    with _global_random_states_kept():
        model = _pattern_label_model()(overlaps, n, len(class_balance))
        model.fit(model.stand_in, class_balance=class_balance.tolist(), progress_bar=False, **options)
    return np.asarray(model.mu.detach().numpy(), dtype=np.float64)


@cache
def _pattern_label_model() -> Any:
    """Make the class late, since importing Snorkel takes seconds, and draws from numpy's global generator."""
    import torch
    from snorkel.labeling.model import LabelModel

    class PatternLabelModel(LabelModel):
        """Snorkel's label model, given the overlaps of the votes instead of the votes."""

        def __init__(self, overlaps: NDArray[np.float64], n: int, cardinality: int) -> None:
            super().__init__(cardinality, verbose=False)
            self.overlaps = overlaps
            self.n_rows = n
            # What fit is given as L: it asks L for nothing but its width, once overlaps and n are known.
            self.stand_in = np.full((1, len(overlaps) // cardinality), ABSTAIN)

        def _set_constants(self, L: np.ndarray) -> None:
            self.n, self.m, self.t = self.n_rows, L.shape[1], 1

        def _create_L_ind(self, L: np.ndarray) -> np.ndarray:
            return np.empty((0, len(self.overlaps)))

        def _generate_O(self, L: np.ndarray, higher_order: bool = False) -> None:
            self._get_augmented_label_matrix(L)  # for the cliques that it notes
            self.d = len(self.overlaps)
            self.O = torch.from_numpy(self.overlaps / self.n).float()

        def _loss_mu(self, l2: float = 0) -> torch.Tensor:
            loss = super()._loss_mu(l2)
            if not torch.isfinite(loss):
                raise LossDivergedError
            return loss

        def _clamp_params(self) -> None:
            self._loss_mu()  # fit looks at the loss before each step; this is after the last
            super()._clamp_params()

    return PatternLabelModel


@contextmanager
def _global_random_states_kept() -> Iterator[None]:
    """Snorkel seeds the global generators of Python, numpy and torch; put them back as they were."""
    import torch

    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
