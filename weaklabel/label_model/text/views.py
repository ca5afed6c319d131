"""Which views of texts a label model reads: chosen by how well they predict votes of held-out labeling functions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.features import OPTIONAL_VIEWS, TextFeatures
from weaklabel.label_model.majority import majority_probs
from weaklabel.label_model.text.discriminant import linear_rule
from weaklabel.label_model.text.reader import TextSample
from weaklabel.labels import VoteArray
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

MAX_ROWS = 5_000
"""Rows with votes that are looked at: enough to see a difference that matters."""

MIN_ROWS = 100
"""Rows with votes to predict, from which on views are chosen by them."""

ERRORS = 2.0
"""Standard errors by which other views must predict more votes than the usual ones."""

MIN_SKILL = 0.2
"""Share of the way from chance to all votes that other views must predict: what is near chance says nothing of views."""

_GROUPS = 20
"""Groups of labeling functions that are held out in turn."""

_MIN_LEARNED, _MIN_OF_CLASS = 20, 1.0
"""Rows to learn from, in all and of a class, from which on votes can be predicted."""


def choose_views(features: TextFeatures, sample: TextSample, k: int) -> tuple[str, ...]:
    """Choose which of `OPTIONAL_VIEWS` are read beside the embedding.

    They are the usual ones (see `TextFeatures.usual_views`), unless others predict votes of held-out labeling functions
    better. Each group of labeling functions is held out in turn, with all rows that it votes on: a discriminant is trained on
    the majority vote of the others on the remaining rows, and the share of the group's votes that it predicts is counted. Other
    views are chosen if their share is larger by more than `ERRORS` standard errors of the mean over rows, larger in the mean
    over labeling functions, and clearly larger than by chance (see `HeldOutVotes.skill`). A view gains nothing by learning
    the words that a labeling function looks for.

    Parameters
    ----------
    features
        What turns texts into vectors; it is not changed.
    sample
        Rows with votes and texts.
    k
        Number of classes.

    Returns
    -------
    tuple of str
        Some of `OPTIONAL_VIEWS`, in their order.

    References
    ----------
    Cross-validation with groups left out as a whole: Roberts et al., Cross-validation strategies for data with temporal,
    spatial, hierarchical, or phylogenetic structure, Ecography 2017.
    """
    usual = features.usual_views(sample.texts)
    rows = np.flatnonzero(has_vote(sample.L))
    rows = np.sort(rows[np.argsort(sample.hashes[rows], kind="stable")[:MAX_ROWS]])
    held_out = HeldOutVotes(np.asfortranarray(sample.L[rows]), k)
    if held_out.n_rows < MIN_ROWS:
        return usual
    vectors = features.all_views([sample.texts[row] for row in rows.tolist()])
    return best_views(held_out, vectors, usual)


def best_views(held_out: HeldOutVotes, vectors: Mapping[str, Floats], usual: tuple[str, ...]) -> tuple[str, ...]:
    """Choose among all sets of optional views; see `choose_views`.

    Parameters
    ----------
    held_out
        Votes to predict.
    vectors
        Of its rows by view; views that are not optional are always read. Shape of each: [n, d].
    usual
        The views to prefer.
    """
    optional = tuple(view for view in OPTIONAL_VIEWS if view in vectors)
    choices = [some for size in range(len(optional) + 1) for some in combinations(optional, size)]
    usual = tuple(view for view in optional if view in usual)
    predicted = held_out.predicted(vectors, [set(optional) - set(some) for some in choices])
    by_choice = dict(zip(choices, predicted, strict=True))
    best, most = usual, 0.0
    for some in choices:
        by_row, by_lf = held_out.compare(by_choice[some], by_choice[usual])
        more = float(by_row.mean())
        if held_out.skill(by_choice[some]) < MIN_SKILL:
            continue
        if more > max(most, ERRORS * float(by_row.std()) / np.sqrt(len(by_row))) and by_lf.mean() > 0:
            best, most = some, more
    return best


class HeldOutVotes:
    """The votes of labeling functions that are held out, group by group, and which of them texts predict.

    Parameters
    ----------
    L
        Votes of some rows. Shape: [n, m].
    k
        Number of classes.

    Attributes
    ----------
    n_rows : int
        Rows with a vote for a class that labeling functions of other groups vote for on other rows.
    """

    def __init__(self, L: VoteArray, k: int) -> None:
        self._k, self._covered = k, has_vote(L)
        self._parts = []
        group_of = _groups(L)
        for group in range(_GROUPS):
            lfs = np.flatnonzero(group_of == group)
            if not len(lfs):
                continue
            voted = has_vote(np.asfortranarray(L[:, lfs]))
            others = np.asfortranarray(L[:, group_of != group])
            learned = np.flatnonzero(has_vote(others) & ~voted)
            labels = majority_probs(np.asfortranarray(others[learned]), k)
            is_known = labels.sum(axis=0) > _MIN_OF_CLASS
            rows, columns = np.nonzero(L[:, lfs] >= 0)
            votes = L[rows, lfs[columns]]
            to_predict = is_known[votes]
            if len(learned) >= _MIN_LEARNED and is_known.sum() > 1 and to_predict.any():
                self._parts.append(
                    (
                        np.flatnonzero(voted),
                        learned,
                        labels,
                        rows[to_predict],
                        lfs[columns][to_predict],
                        votes[to_predict],
                    )
                )
        self._row = np.concatenate([part[3] for part in self._parts] or [np.empty(0, np.int64)])
        self._lf = np.concatenate([part[4] for part in self._parts] or [np.empty(0, np.int64)])
        self._vote = np.concatenate([part[5] for part in self._parts] or [np.empty(0, np.int64)])
        self.n_rows: int = len(np.unique(self._row))

    def predicted(self, vectors: Mapping[str, Floats], left_out: list[set[str]]) -> list[NDArray[np.bool_]]:
        """Return which votes are predicted, with some views left out at a time. Shape of each: [votes]."""
        X = np.hstack(list(vectors.values()))
        view_of = np.repeat(list(vectors), [of_view.shape[1] for of_view in vectors.values()])
        columns = [np.flatnonzero(~np.isin(view_of, list(some))) for some in left_out]
        all_squares = X[self._covered].T @ X[self._covered]
        answers: list[list[NDArray[np.bool_]]] = [[] for _ in left_out]
        for voted, learned, labels, rows, _, votes in self._parts:
            counts, sums = labels.sum(axis=0), labels.T @ X[learned]
            # Of all rows with votes, those are left out that the group votes on.
            squares = all_squares - X[voted].T @ X[voted]
            different, place = np.unique(rows, return_inverse=True)
            for of_choice, some in zip(answers, columns, strict=True):
                weights, bias = linear_rule([(counts, sums[:, some], squares[np.ix_(some, some)])])
                of_choice.append((X[np.ix_(different, some)] @ weights + bias).argmax(axis=1)[place] == votes)
        return [np.concatenate(of_choice) for of_choice in answers]

    def skill(self, predicted: NDArray[np.bool_]) -> float:
        """Return how far predictions are on the way from chance, 0, to all votes, 1, where each class counts alike."""
        by_class = _means(self._vote, predicted.astype(float))
        chance = 1 / len(by_class)
        return float((by_class.mean() - chance) / max(1 - chance, chance))

    def compare(self, predicted: NDArray[np.bool_], base: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return how many more of the votes are predicted, by row and by labeling function. Shape: [rows], [lfs]."""
        more = predicted.astype(float) - base
        return _means(self._row, more), _means(self._lf, more)


def _means(key: NDArray[np.int64], values: Floats) -> Floats:
    """Return the mean of the values of each key."""
    _, place = np.unique(key, return_inverse=True)
    return np.asarray(np.bincount(place, values) / np.bincount(place))


def _groups(L: VoteArray) -> NDArray[np.int64]:
    """Share out labeling functions among groups with about as many votes each; -1 where one never votes. Shape: [m]."""
    counts = (L >= 0).sum(axis=0)
    load, groups = np.zeros(_GROUPS), np.full(L.shape[1], -1)
    for lf in np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]:
        groups[lf] = int(load.argmin())
        load[groups[lf]] += counts[lf]
    return groups
