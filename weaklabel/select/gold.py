"""Selection by a little gold, without training on it: counting which labeling functions, and which labels, are right."""

from __future__ import annotations

import numpy as np

from weaklabel.classifier.denoising import PRECISION, fit_probe
from weaklabel.labels import ABSTAIN, Labels, VoteArray
from weaklabel.select.base import Floats, LabeledRows, Selector, drawn
from weaklabel.select.evidence import Evidence, supporters

PRIOR_VOTES = 2.0
"""How many votes on rows with gold the prior of a precision counts for."""


def smoothed_precisions(votes: VoteArray, gold: Labels) -> Floats:
    """Return how often each labeling function is right on rows with gold, with a prior of all of them. Shape: [m].

    Parameters
    ----------
    votes
        Shape: [n, m].
    gold
        -1 for rows without. Shape: [n].
    """
    counted = (votes != ABSTAIN) & (gold != ABSTAIN)[:, None]
    n_votes, n_right = counted.sum(axis=0), (counted & (votes == gold[:, None])).sum(axis=0)
    overall = (n_right.sum() + PRIOR_VOTES * PRECISION) / (n_votes.sum() + PRIOR_VOTES)
    return np.asarray((n_right + PRIOR_VOTES * overall) / (n_votes + PRIOR_VOTES))


class Counting(Selector):
    """Rows whose label is supported by labeling functions that are right on rows with gold: plain counting.

    Rows are drawn, see `drawn`, by the mean of the smoothed precisions of the labeling functions that vote for the row's label.
    Of a row without such a vote, it is the share of right labels among rows with gold that have none either, smoothed alike.

    Parameters
    ----------
    seed
        Of the draw; see `Selector`.

    Attributes
    ----------
    lf_scores_ : array
        Smoothed precision of each labeling function. Shape: [m].
    """

    needs_features = False
    needs_votes = True
    needs_gold = True

    def _score(self, rows: LabeledRows) -> Floats:
        assert rows.votes is not None
        assert rows.gold is not None
        self.lf_scores_: Floats | None = smoothed_precisions(rows.votes, rows.gold)
        parts = supporters(rows)
        # Rows that no labeling function supports are as if one more voted for their labels.
        alone = np.where(parts[:, -1] > 0, rows.labels, ABSTAIN)[:, None]
        all_votes = np.hstack([rows.votes.astype(np.int64), alone])
        values = smoothed_precisions(all_votes.astype(rows.votes.dtype), rows.gold)
        return drawn(np.asarray(parts @ values), self.seed)


class Verified(Selector):
    """Rows whose label is right, by a model of which labels are right that is fitted on rows with gold.

    It is a logistic regression on what speaks for the label: its probability, a classifier that was fitted on other rows,
    the labels of near rows, and votes. Rows are drawn, see `drawn`, by the probability that their label is right.

    Parameters
    ----------
    seed
        Of the folds of the classifier, and of the draw; see `Selector`.

    Attributes
    ----------
    right_probs_ : array
        Probability that each row's label is right. Shape: [n].

    References
    ----------
    As the confidence estimator of Zheng, Awadallah and Dumais, "Meta label correction", AAAI 2021, reduced to a regression.
    """

    needs_gold = True
    right_probs_: Floats

    def _score(self, rows: LabeledRows) -> Floats:
        assert rows.gold is not None
        known = rows.known()
        columns = Evidence.of(rows, self.seed).columns(rows)
        is_right = (rows.gold[known] == rows.labels[known]).astype(np.int64)
        if len(np.unique(is_right)) < 2:
            # Nothing tells right from wrong labels: what speaks for them counts equally.
            self.right_probs_ = np.asarray((columns[:, :3].mean(axis=1) + 1) / 2)
        else:
            probe = fit_probe(columns[known], np.eye(2)[is_right], np.ones(len(known)), C=1.0)
            self.right_probs_ = np.asarray(probe.predict_proba(columns)[:, 1])
        return drawn(self.right_probs_, self.seed)
