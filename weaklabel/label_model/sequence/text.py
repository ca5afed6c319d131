"""A label model for spans that reads the texts, too: it finds spans without votes, and doubts votes in conflict."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence.arrays import from_text, to_text
from weaklabel.label_model.sequence.base import Floats, SpanLabelModel, SpanLabels
from weaklabel.label_model.sequence.coverage import coverage_of_labels
from weaklabel.label_model.sequence.features import WordFeatures
from weaklabel.label_model.sequence.network import NAMES, Vectors, WordNetwork, train_networks
from weaklabel.label_model.sequence.proposals import conflict_share
from weaklabel.label_model.sequence.sample import SpanTextSample
from weaklabel.label_model.sequence.vote import SpanVote
from weaklabel.units.chain import best_tags, marginals
from weaklabel.units.spans import Numbers, spans_of_tags
from weaklabel.votes.spans import Runs, SpanVotes

FOLDS = 3

CONFLICT = 0.1
"""From this share of conflicts on, texts decide, and votes are evidence beside them; below it votes stand."""

STAND = 20.0
"""Weight of a vote that stands: more than what texts ever say."""


class SpanTextModel(SpanLabelModel):
    r"""Votes and texts together.

    Votes are first labeled by `SpanVote`. Networks learn these labels from the words' vectors (see
    `weaklabel.label_model.sequence.features`), each on two thirds of the texts, and judge the other third: no text is judged by
    what was learned from its own votes. A text that was not there at the fit is judged by their mean. The result is the best
    sequence of BIO tags t under :math:`\sum_i \log P(t_i \mid \text{text}) + \lambda\,[t_i = v_i]`, where v are the tags by the
    votes, on the words that these put into a span.

    Which weight :math:`\lambda` votes have depends on how often they contradict each other. Let c be the share of the voted
    words to which labeling functions give different labels. Labeling functions such as dictionaries hardly ever do (c below
    ``conflict``): what they mark is right, and much is not marked. Then votes stand, and texts fill the silence, but not on
    words that touch a span by votes, which stands as it is. Others contradict each other often, and are often wrong. Then
    :math:`\lambda` is the log odds that votes agree, :math:`\log((1 - c) / c)`, and at least 0.

    Networks learn what labeling functions mark, which is not all. If these mark a share r of the entities of a label, the
    odds that a word which nobody marks is in such an entity are :math:`(1 - r) / r` times the odds that a network gives
    (Elkan and Noto 2008: positive and unlabeled examples). `coverage_of_labels` estimates r from the overlap of
    labeling functions. Such a word is taken for a part of an entity from the probability on that pays for expected F1: half of
    the F1 that is expected on the texts of the fit (Lipton et al. 2014).

    Parameters
    ----------
    encoder
        What reads words: a local folder or hub name of an encoder; by default the embedded one.
    conflict
        Share of conflicts, 0 to 1, from which on votes do not stand.
    n_networks
        Networks for each third of the texts; their mean judges.
    seed
        Of the networks.

    Attributes
    ----------
    votes_ : SpanVote
        The model that answers without texts, and whose spans the networks learn from.
    conflict_share_ : float
        Share of the voted words to which labeling functions give different labels.
    vote_weight_ : float
        See above; 20 where votes stand.
    coverage_ : array
        Estimated share of the entities of each label that at least one labeling function marks. Shape: [k].
    threshold_ : float
        Probability from which on texts may put a word that nobody marks into an entity; at most 0.5.
    text_agreement_ : float
        F1 of the spans by texts alone against those by the votes, on texts whose votes were not learned from; 0 where no
        network was trained.

    References
    ----------
    Elkan and Noto: Learning Classifiers from Only Positive and Unlabeled Data. KDD 2008.

    Lipton, Elkan and Narayanaswamy: Optimal Thresholding of Classifiers to Maximize F1 Measure. ECML 2014.
    """

    uses_texts = True

    votes_: SpanVote
    conflict_share_: float
    vote_weight_: float
    coverage_: Floats
    threshold_: float
    text_agreement_: float

    def __init__(
        self, encoder: str | None = None, conflict: float = CONFLICT, n_networks: int = 2, seed: int = 0
    ) -> None:
        self.encoder = encoder
        self.conflict = conflict
        self.n_networks = n_networks
        self.seed = seed

    def describe(self) -> str:
        """Return in one line whether votes stand, and why."""
        share = f"labeling functions give different labels to {self.conflict_share_:.1%} of the voted words"
        if not self._networks:
            return f"votes alone, since no network was trained on texts; {share}"
        if self.vote_weight_ == STAND:
            return f"votes stand and texts fill the silence: {share}, less than {self.conflict:.0%}"
        return f"texts decide, and votes are evidence (weight {self.vote_weight_:.2f}): {share}, {self.conflict:.0%} or more"

    def _fit_runs(self, runs: Runs) -> None:
        self.votes_ = SpanVote().fit(runs)
        self.conflict_share_ = conflict_share(runs)
        odds = (1 - self.conflict_share_) / max(self.conflict_share_, 1e-9)
        self.vote_weight_ = STAND if self.conflict_share_ < self.conflict else max(0.0, float(np.log(odds)))
        self.coverage_ = coverage_of_labels(runs)
        self.threshold_ = 0.5
        self.text_agreement_ = 0.0
        self._networks: list[WordNetwork] = []
        self._hashes = np.empty(0, dtype=np.int64)
        self._features = WordFeatures(self.encoder)

    def _fit_sample(self, runs: Runs, sample: SpanTextSample) -> None:
        if not (0 <= self.conflict <= 1 and self.n_networks >= 1):
            raise LabelModelError(
                f"conflict must be 0 to 1 and n_networks 1 or more; they are {self.conflict!r} and {self.n_networks!r}"
            )
        self._fit_runs(runs)
        offsets, k = sample.words.offsets, len(runs.labels)
        by_votes = self.votes_.predict(sample.votes)
        spans = by_votes.spans
        tags = spans.tags(offsets)
        fold = np.repeat(sample.hashes % FOLDS, np.diff(offsets))
        rows = [np.flatnonzero(fold != number) for number in range(FOLDS)]
        if not all((tags[some] > 0).any() for some in rows):
            return  # too few texts with votes to learn from some and judge others
        vectors = self._features.fit_transform(sample.texts, sample.words)
        targets = np.eye(2 * k + 1, dtype=np.float32)[tags]
        self._hashes = np.unique(sample.hashes)
        self._networks = train_networks(vectors, targets, rows * self.n_networks, 1000 * self.seed)
        scores = self._judge(vectors, fold)
        by_texts = spans_of_tags(best_tags(scores, offsets), offsets)
        n_same = int(np.isin(by_texts.keys(), spans.keys()).sum())
        self.text_agreement_ = 2 * n_same / max(1, len(by_texts) + len(spans))
        self.threshold_ = expected_f1(self._joined(scores, sample, by_votes), by_votes, self.coverage_) / 2

    def _predict_votes(self, votes: SpanVotes) -> SpanLabels:
        return self.votes_.predict(votes)

    def _predict_texts(self, sample: SpanTextSample) -> SpanLabels:
        by_votes = self.votes_.predict(sample.votes)
        if not self._networks:
            return by_votes
        offsets = sample.words.offsets
        vectors = self._features.transform(sample.texts, sample.words)
        is_fitted = np.isin(sample.hashes, self._hashes)
        fold = np.repeat(np.where(is_fitted, sample.hashes % FOLDS, -1), np.diff(offsets))
        return self._joined(self._judge(vectors, fold), sample, by_votes)

    def _joined(self, scores: Floats, sample: SpanTextSample, by_votes: SpanLabels) -> SpanLabels:
        """Return what the scores of tags by texts, which are changed, and votes say together."""
        offsets = sample.words.offsets
        tags = by_votes.spans.tags(offsets)
        voted, unmarked = np.flatnonzero(tags > 0), np.flatnonzero(~_is_marked(sample.votes))
        scores[unmarked, 1:] += np.repeat(np.log((1 - self.coverage_) / self.coverage_), 2)
        scores[voted, tags[voted]] += self.vote_weight_
        eagerness = float(np.log((1 - self.threshold_) / self.threshold_))
        scores[unmarked, 1:] += eagerness
        beside = _beside(tags, offsets) if self.vote_weight_ == STAND else voted[:0]
        scores[beside, 0] += STAND
        spans = spans_of_tags(best_tags(scores, offsets), offsets)
        scores[beside, 0] -= STAND
        scores[unmarked, 1:] -= eagerness
        # Votes are not more certain than they agree with each other.
        trust = min(self.vote_weight_, float(np.log(self.votes_.agreement_ / max(1e-3, 1 - self.votes_.agreement_))))
        scores[voted, tags[voted]] += max(0.0, trust) - self.vote_weight_
        of = marginals(scores, offsets, spans)
        if self.vote_weight_ == STAND:  # texts have no say in what stands
            _, own, theirs = np.intersect1d(spans.keys(), by_votes.spans.keys(), True, return_indices=True)
            of.spans[own] = by_votes.probs[theirs]
            if by_votes.word_probs is not None:
                of.words[voted] = by_votes.word_probs[voted]
        return SpanLabels(spans, of.spans, of.words)

    def _judge(self, vectors: Vectors, fold: Numbers) -> Floats:
        """Return log-probabilities of tags; of a word in a fold by the networks that did not see it. Shape: [n, 2k + 1]."""
        scores = np.zeros((len(vectors), len(self._networks[0].bias_out)))
        for number, network in enumerate(self._networks):
            own = np.flatnonzero((fold == number % FOLDS) | (fold < 0))
            # A text of no fold has the mean of all networks, one of a fold that of its own.
            share = np.where(fold[own] < 0, 1 / len(self._networks), FOLDS / len(self._networks))
            scores[own] += network.log_probs(vectors[own]) * share[:, None]
        return scores

    def _state(self) -> dict[str, Any]:
        return {
            "votes": self.votes_._state(),
            "conflict_share": self.conflict_share_,
            "vote_weight": self.vote_weight_,
            "coverage": self.coverage_,
            "threshold": self.threshold_,
            "text_agreement": self.text_agreement_,
            "hashes": self._hashes,
            "features": self._features.to_saved() if self._networks else None,
            "networks": [{name: to_text(getattr(network, name)) for name in NAMES} for network in self._networks],
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.votes_ = SpanVote()
        self.votes_.lf_names_, self.votes_.labels_ = self.lf_names_, self.labels_
        self.votes_._restore(state["votes"])
        self.conflict_share_, self.vote_weight_ = float(state["conflict_share"]), float(state["vote_weight"])
        # Models from before these were estimated were as if half of the entities were marked.
        self.coverage_ = np.array(state.get("coverage", [0.5] * len(self.labels_)), dtype=np.float64)
        self.threshold_ = float(state.get("threshold", 0.5))
        self.text_agreement_ = float(state["text_agreement"])
        self._hashes = np.array(state["hashes"], dtype=np.int64)
        self._features = WordFeatures(self.encoder)
        self._networks = [WordNetwork(*(from_text(saved[name]) for name in NAMES)) for saved in state["networks"]]
        if self._networks:
            self._features.restore(state["features"])
        if self.coverage_.shape != (len(self.labels_),) or not ((self.coverage_ > 0) & (self.coverage_ < 1)).all():
            raise ValueError("the coverage of the labels is not a share of each")
        if not 0 < self.threshold_ <= 0.5:
            raise ValueError("the threshold is not a probability up to 0.5")
        n_tags = 2 * len(self.labels_) + 1
        if any(network.weights_out.shape != (len(network.bias_in), n_tags) for network in self._networks):
            raise ValueError("a network does not give as many tags as there are labels")
        if len(self._networks) % FOLDS:
            raise ValueError("some networks are missing")


def expected_f1(labels: SpanLabels, by_votes: SpanLabels, coverage: Floats) -> float:
    """Return the F1 that probabilities let expect; ``coverage`` is the share of entities of labels that the votes mark."""
    of_votes = np.bincount(by_votes.spans.label, weights=by_votes.probs, minlength=len(coverage))
    in_all = float((of_votes / coverage).sum())
    right = float(labels.probs.sum())
    return float(np.clip(2 * right / max(1e-9, len(labels) + in_all), 0.02, 1))


def _is_marked(votes: SpanVotes) -> NDArray[np.bool_]:
    """Return of each word whether any labeling function marks it. Shape: [n_words]."""
    is_marked = np.zeros(int(votes.offsets[-1]), dtype=bool)
    for spans in votes.spans:
        is_marked |= spans.tags(votes.offsets) > 0
    return is_marked


def _beside(tags: Numbers, offsets: Numbers) -> Numbers:
    """Return the words in no span that touch a word in one, in the same text."""
    is_inside = tags > 0
    is_first = np.zeros(len(tags) + 1, dtype=bool)
    is_first[offsets] = True
    after = np.append(False, is_inside[:-1])[: len(tags)] & ~is_first[:-1]
    before = np.append(is_inside[1:], False)[: len(tags)] & ~is_first[1:]
    return np.flatnonzero(~is_inside & (after | before))
