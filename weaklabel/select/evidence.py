"""What speaks for and against the label of each row: the probabilities, other rows, neighbors and labeling functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Probs
from weaklabel.select.base import Floats, LabeledRows
from weaklabel.select.neighbors import nearest
from weaklabel.select.opinion import second_opinion

N_NEIGHBORS, MAX_CANDIDATES = 20, 20_000
"""Neighbors of a row, and rows among which they are looked for."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known about the label of each row.

    Attributes
    ----------
    opinion
        Class probabilities by a classifier that was fitted on other rows. Shape: [n, k].
    near
        Share of each class among the labels of the nearest rows. Shape: [n, k].
    tallies
        How many labeling functions vote for each class. Shape: [n, k]; zeros where votes are not known.
    """

    opinion: Probs
    near: Floats
    tallies: Floats

    @classmethod
    def of(cls, rows: LabeledRows, seed: int) -> Evidence:
        """Collect it."""
        candidates = np.arange(len(rows))
        if len(rows) > MAX_CANDIDATES:
            drawn = np.random.default_rng(seed).choice(candidates, MAX_CANDIDATES, replace=False)
            candidates = np.sort(drawn)
        _, neighbors = nearest(rows.features, candidates, N_NEIGHBORS)
        there = neighbors >= 0
        near, tallies = np.zeros((len(rows), rows.k)), np.zeros((len(rows), rows.k))
        for label in range(rows.k):
            near[:, label] = ((rows.labels[neighbors] == label) & there).sum(axis=1)
            if rows.votes is not None:
                tallies[:, label] = (rows.votes == label).sum(axis=1)
        near /= np.maximum(there.sum(axis=1, keepdims=True), 1)
        return cls(second_opinion(rows, seed), near, tallies)

    def columns(self, rows: LabeledRows) -> Floats:
        """Return it as numbers from -1 to 1 for a model that is to learn which labels are right. Shape: [n, f]."""
        votes = self.tallies.sum(axis=1)
        own = rows.of_label(self.tallies)
        numbers = np.stack(
            [
                rows.of_label(rows.probs),
                rows.of_label(self.opinion),
                rows.of_label(self.near),
                np.divide(own, votes, out=np.full(len(rows), 0.5), where=votes > 0),
                np.minimum(own, 3) / 3,
                votes == 0,
            ],
            axis=1,
        )
        classes = np.eye(rows.k)[rows.labels]
        return np.hstack([2 * numbers - 1, classes[:, 1:] if rows.k > 1 else classes[:, :0]])


def supporters(rows: LabeledRows) -> Floats:
    """Return how much of each row's label each labeling function carries. Shape: [n, m + 1].

    Labeling functions that vote for the label share it equally; the last column stands for rows that have none.
    """
    assert rows.votes is not None
    votes_for: NDArray[np.bool_] = (rows.votes == rows.labels[:, None]) & (rows.votes != ABSTAIN)
    parts = np.hstack([votes_for, ~votes_for.any(axis=1, keepdims=True)]).astype(np.float64)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))
