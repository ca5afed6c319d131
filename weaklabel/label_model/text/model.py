"""A label model that reads the texts, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.features import TextFeatures
from weaklabel.errors import LabelModelError
from weaklabel.label_model.balance import find_class_balance
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import voted_classes
from weaklabel.label_model.committee import CommitteeLabelModel
from weaklabel.label_model.evidence import ExpectedVotes, expected_accuracies, smoothed_likelihood, vote_evidence
from weaklabel.label_model.gold import GoldCorrection
from weaklabel.label_model.named import restore
from weaklabel.label_model.preds import sure_labels
from weaklabel.label_model.saving import check_array
from weaklabel.label_model.text.confidence import RANGE, Confidence, Halves, learn_confidence, warn_of_disagreement
from weaklabel.label_model.text.discriminant import CrossFitted, normalised, stratified_folds, temperature
from weaklabel.label_model.text.fast import FROM_CORPUS, FastReader, count_texts
from weaklabel.label_model.text.gold import SampleGold
from weaklabel.label_model.text.reader import MAX_ROWS, TextReader, TextSample, TextSampler
from weaklabel.label_model.text.shares import Shares, warn_of_few_covered
from weaklabel.label_model.text.training_lfs import choose_training_lfs, gain
from weaklabel.label_model.text.views import choose_views
from weaklabel.labels import Probs, VoteArray
from weaklabel.support.progress import stage
from weaklabel.support.warn import kept_warnings
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

MIN_GAIN = 0.02
"""Nats that a text must add about its label, beyond the class balance, in the first round, for texts to be used."""

_FOLDS = 4

_PSEUDO_SHARE, _PSEUDO_VOTES = 0.3, 1.0
"""Pseudo-votes that smooth the evidence of votes: for each vote, and for each class that a labeling function votes for."""

_ERROR_SHARE = 0.25
"""Errors among pseudo-votes, as a share of those that chance would make."""

_DOUBT = 0.02
"""Share of the rows of which any class may be right, whatever votes and text say together: errors that they share are in
no estimate of theirs, and a probability of 0 would make one such row cost more than all others."""

_TEXTS_AT_ONCE = 1 << 14
"""Texts whose vectors are in memory together at prediction."""


class TextLabelModel(TextReader):
    r"""Votes and texts together: labels rows without votes, and corrects rows on which the votes are wrong.

    Votes are first labeled without texts (see `CommitteeLabelModel`), without those of a dominant labeling function (see
    `weaklabel.label_model.text.training_lfs`), and the views of texts are chosen (see
    `weaklabel.label_model.text.views`). Then, in rounds: a linear discriminant analysis of the texts' vectors (see
    `weaklabel.encoder.features.TextFeatures`) is trained on the labels so far, and predicts every row from a fit on the
    other folds; each labeling function's votes are compared with the mean of these predictions and the labels; and both
    together give the labels of the next round: :math:`P(y \mid \text{text}) \prod_j P(v_j \mid y)^{w}`, where
    ``vote_weight`` w below 1 accounts for correlated votes. The first round trains on rows with votes, later ones on all.
    Rounds stop early if texts explain less of the votes than in the first round (self-training drift), and after the first one
    if texts explain next to nothing.

    Parameters
    ----------
    cardinality
        Number of classes k.
    encoder
        What embeds texts: a local folder or hub name, see `weaklabel.encoder.encoder.Encoder`; by default the embedded one.
    n_rounds
        Most rounds, from 1.
    min_gain_ratio
        Share, 0 to 1, of the first round's gain that a later round must reach to count; 0 runs all rounds.
    vote_weight
        Weight of votes, 0 to 1.
    max_rows
        Most rows to fit on; which ones is decided by a hash of their texts.
    max_length
        Tokens of a text that are read.
    class_balance
        P(Y) of all rows, with and without votes: one share a class, ``"uniform"``, or ``"majority"``: as majority vote
        labels the rows with votes. The answers for all rows come near these shares, unless they are sure. By default that of
        ``Y_dev`` where `fit` is given it; otherwise texts learn it from the rows with votes, which a `WeakLabelWarning` says
        where they are fewer than half.
    exact_texts
        Embed every text. By default, where a corpus has at least twice as many rows as ``max_rows``, most texts are read
        by a `FastReader`, and only those that it is not sure of are embedded.
    tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    votes_ : BaseLabelModel
        The model that answers without texts.
    features_ : TextFeatures
        The features of a text.
    evidence_ : array
        Log likelihood of each class by labeling function and vote, the abstain first: 0. Shape: [m, k+1, k].
    weights_, bias_ : array
        Of the linear rule that gives log probabilities of a text's vector. Shape: [d, k] and [k].
    training_lfs_ : array
        Which labeling functions trained the text model, see `choose_training_lfs`. Shape: [m].
    text_gain_ : float
        Nats by which texts predict labels better than the class balance does; 0 or less if texts do not predict them.
    fast_ : FastReader or None
        What answers where texts need not be embedded.
    confidence_ : Confidence
        How sure answers may be, see `weaklabel.label_model.text.confidence`.
    lf_accuracies_ : array
        Expected share of each labeling function's votes that are right; NaN where it never votes. Shape: [m].

    Notes
    -----
    A text's result does not depend on the other texts. Every row gets one, also one with neither words nor votes. No class is
    impossible: 2% of each row's probability is shared out among all classes. Probabilities are as sure as models of half of
    the labeling functions agree, which changes no row's most probable class; see `weaklabel.label_model.text.confidence`.
    The rows of each class are shared out among folds by a hash of their text, so equal texts are never in different folds.

    References
    ----------
    The idea of labels from votes and features together is old: Raykar et al., Learning From Crowds, JMLR 2010.
    """

    _uses_gold = True
    _shapes = (("evidence_", ("m", "k+1", "k")), ("bias_", ("k",)))

    votes_: BaseLabelModel
    features_: TextFeatures
    evidence_: Floats
    weights_: Floats
    bias_: Floats
    training_lfs_: NDArray[np.bool_]
    text_gain_: float
    fast_: FastReader | None
    confidence_: Confidence

    def __init__(
        self,
        cardinality: int = 2,
        encoder: str | None = None,
        n_rounds: int = 6,
        min_gain_ratio: float = 0.9,
        vote_weight: float = 0.5,
        max_rows: int = MAX_ROWS,
        max_length: int = 128,
        class_balance: str | Sequence[float] | Floats | None = None,
        exact_texts: bool = False,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.encoder = encoder
        self.n_rounds = n_rounds
        self.min_gain_ratio = min_gain_ratio
        self.vote_weight = vote_weight
        self.max_rows = max_rows
        self.max_length = max_length
        self.class_balance = class_balance
        self.exact_texts = exact_texts

    def _describe(self, lf_names: Sequence[str] | None = None) -> str:
        """Return the choice and its reason, in one line; see `BaseLabelModel._describe`."""
        names = range(len(self.training_lfs_)) if lf_names is None else [f"'{name}'" for name in lf_names]
        description = f"votes and texts (a text adds {self.text_gain_:.2f} nats about its label to the class balance)"
        if self.features_.spaces_:
            description += f"; {' and '.join(self.features_.spaces_)} are read beside the embedding"
        if self.fast_ is not None:
            description += f"; about {self.fast_.share:.0%} of the texts are read by a fast reader, the others embedded"
        return description + "".join(
            f"; the dominant labeling function {names[lf]} is excluded from the text model's training targets"
            for lf in np.flatnonzero(~self.training_lfs_)
        )

    def _numbers(self, u: int, m: int) -> int:
        return 6 * m * self.cardinality**2

    def _fit(self, votes: VotePatterns) -> None:
        raise LabelModelError("TextLabelModel needs texts: give fit(L, texts), or use CommitteeLabelModel")

    def sampler(self) -> TextSampler:
        """Return what chooses the rows whose texts are read; see `TextReader.sampler`."""
        shares = all(0 <= share <= 1 for share in (self.min_gain_ratio, self.vote_weight))
        if not (self.n_rounds >= 1 and shares and self.max_rows >= _FOLDS):
            raise LabelModelError(
                f"n_rounds must be 1 or more, min_gain_ratio and vote_weight 0 to 1 and max_rows {_FOLDS} or more; they are "
                f"{self.n_rounds!r}, {self.min_gain_ratio!r}, {self.vote_weight!r} and {self.max_rows!r}"
            )
        return TextSampler(self.max_rows)

    def _fit_sample(self, votes: VotePatterns, sample: TextSample) -> None:
        wanted = self.class_balance
        balance = None if wanted is None else find_class_balance(wanted, votes, self.cardinality)
        self.votes_ = self._new_votes_model().fit(votes, gold=sample.gold_votes())
        if not has_vote(votes.patterns).any():
            raise LabelModelError(f"none of {votes.n} rows has a vote, so there is nothing to train the text model on")
        self.features_ = self._new_features()
        X = self.features_.fit_transform(sample.texts, choose_views(self.features_, sample, self.cardinality))
        gold = SampleGold(sample, X, self.cardinality, use_votes=self.vote_weight > 0)
        labels = gold.given(sure_labels(self.votes_.predict_proba(sample.L), has_vote(sample.L)))
        folds = stratified_folds(labels, sample.hashes, _FOLDS)
        model = CrossFitted(X, folds, _FOLDS)
        shares = None if balance is None else Shares(balance * voted_classes(votes, self.cardinality), votes, sample.L)
        with stage("learning from texts"):
            self.training_lfs_ = choose_training_lfs(model, sample.L, self.cardinality)
            labels, factor, accuracies = self._alternate(model, sample.L, shares, gold)
        weights, bias = model.fit(labels)
        self.weights_, self.bias_ = weights * factor, bias * factor
        text_scores, voted = normalised(model.judge(labels) * factor), has_vote(sample.L)
        evidence = self.vote_weight * self.evidence_
        scores = text_scores + vote_evidence(sample.L, evidence)
        balances = None
        if gold.votes is None:
            halves = Halves(model, sample.L, evidence, np.flatnonzero(self.training_lfs_), shares, self.seed)
            self.confidence_ = learn_confidence(halves, scores, text_scores, voted, _DOUBT)
            if self.text_gain_ >= MIN_GAIN:
                warn_of_disagreement(halves, text_scores, voted)
            balances = halves.balances
        else:  # which says itself how sure answers may be
            self.confidence_ = Confidence(1.0, 1.0, _DOUBT, RANGE, np.zeros(self.cardinality))
            self._take(gold.learn(scores))
        if shares is None:
            warn_of_few_covered(votes, labels, voted, balances)
        else:
            scores = model.score(self.weights_, self.bias_) + self.vote_weight * vote_evidence(sample.L, self.evidence_)
            shift = shares.shift(self.confidence_.scale(scores, voted))
            self.confidence_ = replace(self.confidence_, shift=shift)
        # For a labeling function that votes outside the sample only, there is the estimate from votes alone.
        self.lf_accuracies_: NDArray[np.float64] = np.where(
            np.isnan(accuracies), self.votes_.lf_accuracies_, accuracies
        )

    def _take(self, correction: GoldCorrection) -> None:
        """Correct the linear rule and the evidence of votes."""
        assert correction.of_text is not None
        self.weights_ = correction.scale * self.weights_ + correction.of_text
        self.bias_ = correction.scale * self.bias_ + correction.bias
        self.evidence_ = correction.scale * self.evidence_
        if len(correction.lf):
            self.evidence_[correction.lf, correction.vote + 1] += correction.of_vote / self.vote_weight

    def _alternate(
        self, model: CrossFitted, L: VoteArray, shares: Shares | None, gold: SampleGold
    ) -> tuple[Probs, float, NDArray[np.float64]]:
        """Alternate between texts and votes; return labels, the text model's temperature, and LF accuracies.

        The labels come near the ``shares`` of classes, where these were given.
        """
        start, covered = self._start(L, gold)
        labels = start
        model.use(covered)
        first = -np.inf
        for number in range(self.n_rounds):
            log_probs = model.judge(labels)
            scale = temperature(log_probs[covered], start[covered])
            log_probs = normalised(log_probs * scale)
            text_gain = gain(log_probs[covered], start[covered])
            if self.min_gain_ratio and text_gain < self.min_gain_ratio * first:
                break
            # Later labels come from texts of all folds, so texts that say nothing would seem to predict them.
            if number and first < MIN_GAIN:
                break
            text_probs = np.exp(log_probs)
            if not number:
                first, labels = text_gain, np.where(covered[:, None], labels, text_probs)
            self.text_gain_, factor = text_gain, scale
            self.evidence_, accuracies = self._compare(L, gold.given((labels + text_probs) / 2))
            scores = log_probs + self.vote_weight * vote_evidence(L, self.evidence_)
            labels = np.exp(normalised(scores if shares is None else scores + shares.shift(scores)))
            labels = gold.given(labels)
            model.use(np.ones(len(L), dtype=bool))
        return labels, factor, accuracies

    def _start(self, L: VoteArray, gold: SampleGold) -> tuple[Probs, NDArray[np.bool_]]:
        """Label rows by the votes of the training labeling functions, and say which rows have any.

        Labels are sure: soft labels would bias the text model's class balance.
        """
        model = self.votes_
        if not self.training_lfs_.all():
            L = np.asfortranarray(L[:, self.training_lfs_])
            with kept_warnings():  # the fit to all labeling functions has given these warnings
                model = self._new_votes_model().fit(L, gold=gold.votes_of(self.training_lfs_))
        covered = has_vote(L)
        return gold.given(sure_labels(model.predict_proba(L), covered)), gold.known(covered)

    def _compare(self, L: VoteArray, labels: Probs) -> tuple[Floats, Floats]:
        """Return evidence of votes [m, k+1, k] and accuracies [m], smoothed as `DawidSkene` does.

        Of pseudo-votes, ``_ERROR_SHARE`` as many are wrong as by chance: a vote for a frequent class is seldom wrong.
        """
        k = self.cardinality
        expected = ExpectedVotes(L, k).count(np.asfortranarray(labels))
        balance = labels.mean(axis=0)
        target = _ERROR_SHARE * balance + (1 - _ERROR_SHARE) * np.eye(k)
        rows = labels.sum(axis=0) + 1
        evidence = np.log(smoothed_likelihood(expected, rows, target, _PSEUDO_SHARE, _PSEUDO_VOTES))
        evidence[expected.sum(axis=2) == 0] = 0
        return np.concatenate([np.zeros((len(evidence), 1, k)), evidence], axis=1), expected_accuracies(expected)

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        return self.votes_.predict_proba(patterns)

    def _learn_fast(self, votes: VotePatterns, sample: TextSample) -> None:
        self.fast_ = None
        if not self.exact_texts and votes.n >= FROM_CORPUS * len(sample):
            self.fast_ = FastReader.learn(sample, self._read(sample.texts), partial(self._combine, sample.L))

    def _predict_texts(self, rows: VoteArray, texts: list[str]) -> Probs:
        probs = np.empty((len(rows), self.cardinality))
        for start in range(0, len(rows), _TEXTS_AT_ONCE):
            some = slice(start, start + _TEXTS_AT_ONCE)
            probs[some] = self._answer_texts(rows[some], texts[some])
        return probs

    def _answer_texts(self, rows: VoteArray, texts: list[str]) -> Probs:
        if self.fast_ is None:
            count_texts(0, len(texts))
            return self._combine(rows, self._read(texts))
        probs, is_left = self.fast_.answer(texts, partial(self._combine, rows))
        left = np.flatnonzero(is_left)
        count_texts(len(texts) - len(left), len(left))
        if len(left):
            probs[left] = self._combine(rows[left], self._read([texts[row] for row in left.tolist()]))
        return probs

    def _read(self, texts: list[str]) -> Floats:
        """Return log probabilities by what the encoder sees in texts. Shape: [n] -> [n, k]."""
        vectors = self.features_.transform(texts)
        if vectors.shape[1] != len(self.weights_):
            raise LabelModelError(
                f"this TextLabelModel was fitted on vectors of {len(self.weights_)} numbers, and texts now have "
                f"{vectors.shape[1]}: the encoder is another one, or the saved model is damaged"
            )
        return normalised(vectors @ self.weights_ + self.bias_)

    def _combine(self, rows: VoteArray, log_probs: Floats) -> Probs:
        """Return probabilities by votes and by what texts say. Shape: [n, m], [n, k] -> [n, k]."""
        scores = log_probs + self.vote_weight * vote_evidence(rows, self.evidence_)
        return self.confidence_.probs(scores, has_vote(rows))

    def _new_votes_model(self) -> CommitteeLabelModel:
        model = CommitteeLabelModel(self.cardinality, self.class_balance, seed=self.seed)
        model._answers_alone = False
        return model

    def _new_features(self) -> TextFeatures:
        return TextFeatures(self.encoder, self.max_length)

    def _state(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name) for name in ("lf_accuracies_", "evidence_", "weights_", "bias_")}
        learned = {"features": self.features_.to_saved(), "votes": self.votes_.to_saved()}
        fast = None if self.fast_ is None else self.fast_.to_saved()
        return {
            **arrays,
            **learned,
            "text_gain": self.text_gain_,
            "training_lfs": self.training_lfs_,
            "fast": fast,
            "confidence": self.confidence_.to_saved(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        for name in ("lf_accuracies_", "evidence_", "weights_", "bias_"):
            setattr(self, name, np.array(state[name], dtype=np.float64))
        self.text_gain_, self.votes_ = float(state["text_gain"]), restore(state["votes"])
        self.training_lfs_ = np.array(state["training_lfs"])
        self.features_ = self._new_features().restore(state["features"])
        older = {"with_votes": 1, "without_votes": 1, "limit": None, "doubt": state.get("doubt", 0)}
        older["shift"] = np.zeros(self.cardinality)  # which is part of bias_ in these
        self.confidence_ = Confidence.from_saved(state.get("confidence", older), self.cardinality)
        fast = state.get("fast")
        self.fast_ = None if fast is None else FastReader.from_saved(fast, self.cardinality)
        if not np.isfinite(self.text_gain_) or self.votes_.cardinality != self.cardinality:
            raise ValueError("text_gain is not finite, or the model of votes has another number of classes")

    def _check_arrays(self) -> None:
        super()._check_arrays()
        d, k = len(self.weights_), self.cardinality
        check_array("weights_", self.weights_, (d, k))
        if self.training_lfs_.dtype != bool or self.training_lfs_.shape != self.lf_accuracies_.shape:
            raise ValueError("training_lfs does not hold true or false for each labeling function")
        if len(self.votes_.lf_accuracies_) != len(self.lf_accuracies_):
            raise ValueError("the model of votes has other labeling functions")
