"""The one interface of label models, with scikit-learn's manners."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError, WeakLabelError, nearest
from weaklabel.label_model.checks import (
    MIN_ROWS,
    NUMBER,
    checked_votes,
    dev_class_balance,
    in_blocks,
    refuse_beyond,
    refuse_numbers,
    rows_at_once,
    texts_and_gold,
    voted_classes,
    warn_of_contradictions,
    warn_of_unvoted,
    without_unvoted,
)
from weaklabel.label_model.doubts import class_name, warn_of_dominant_lfs, warn_of_lone_lfs, warn_of_ties
from weaklabel.label_model.evidence import probs_by_evidence
from weaklabel.label_model.gold import GoldCorrection, GoldVotes, learn_correction, log_floored
from weaklabel.label_model.preds import break_ties, check_policy
from weaklabel.label_model.saving import check_array, to_plain, write_model
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, Labels, Probs, VoteArray, as_votes, check_Y
from weaklabel.registries import LABEL_MODELS
from weaklabel.scoring.evaluate import score as evaluate
from weaklabel.scoring.inputs import Abstain
from weaklabel.scoring.result import COMPARED
from weaklabel.support.params import HasParams
from weaklabel.support.table import html_table
from weaklabel.votes.matrix import GivenVotes
from weaklabel.votes.patterns import VotePatterns, take_rows, vote_patterns
from weaklabel.votes.tally import has_vote

SNORKEL_METRICS = {"f1_micro": "micro_f1", "f1_macro": "macro_f1", "matthews_corrcoef": "mcc"}
"""What Snorkel calls some measures."""

_TRIED_CLASSES = 8
"""Classes for which a model that was read from a file answers a row, to see that it can."""


class BaseLabelModel(HasParams, ABC):
    """A label model: turns the votes of labeling functions into class probabilities.

    A subclass sets ``_fitted`` to the names of its fitted attributes, fits on patterns in ``_fit``, and gives
    probabilities of patterns in ``_predict_patterns``; one with large tables says how large in ``_numbers``. The rest is here.

    Parameters
    ----------
    cardinality
        Number of classes k, 1 to 32,767.
    tie_break_policy
        What `predict` returns for a row whose most probable classes tie: ``"abstain"`` (-1), ``"first"`` (the lowest of
        them), or ``"random"`` (any of them, by a hash of the votes and the seed, so that the same votes always get the
        same answer).
    seed
        Of whatever is random.

    Attributes
    ----------
    lf_accuracies_ : array
        Estimated share of each labeling function's votes that are right, "Est. Acc." in tables; NaN where it never votes.
        Of a model that goes by votes alone it hardly separates good labeling functions from bad ones: rank correlation
        with the true precision -.14 to .59 on four sets of texts. Of one that was fitted with texts it does: .64 to .99.
        Shape: [m].
    """

    uses_texts: ClassVar[bool] = False
    """Whether the model uses texts where it is given them."""

    unvoted_: tuple[int, ...] = ()
    """Classes without votes at the fit: a row gets such a class only if it has a vote for it."""

    _gives_unvoted: ClassVar[bool] = False
    """Whether rows may get such a class all the same."""

    _checks_answers: ClassVar[bool] = True
    """Whether a fit looks for unanimous votes that the model contradicts, and warns of them."""

    _answers_alone: bool = True
    """Whether no model that reads texts answers in its place, so that ties of votes matter."""

    gold_rows_: int = 0
    """Rows with gold labels that the model was fitted with."""

    _correction: GoldCorrection | None = None
    """What these change of its answers; None where there are none, or where the fit itself has used them."""

    params_error: ClassVar[type[WeakLabelError]] = LabelModelError
    _fitted: ClassVar[tuple[str, ...]] = ("lf_accuracies_",)
    _shapes: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()
    """Shapes of other fitted arrays, in "m", "k", "k+1" and "m*k"."""

    _nan_where_unused: ClassVar[tuple[str, ...]] = ()
    """Those of them that are NaN for labeling functions that never vote."""

    lf_accuracies_: NDArray[np.float64]

    def __init__(self, cardinality: int = 2, tie_break_policy: str = "abstain", seed: int = 0) -> None:
        self.cardinality = cardinality
        self.tie_break_policy = tie_break_policy
        self.seed = seed

    def _repr_html_(self) -> str:
        if not self.__sklearn_is_fitted__():
            return html_table(
                self.get_params().items(), ["parameter", "value"], title=f"{type(self).__name__}, not fitted"
            )
        rows = [(number, value) for number, value in enumerate(self.lf_accuracies_.tolist())]
        title = f"{self!r:.200}: estimated accuracy of each labeling function, by its column of L"
        return html_table(rows, ["labeling function", "accuracy"], title=title, bars=["accuracy"])

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the parameters that a project file can set: all but those that follow from the labels and the run."""
        return tuple(name for name in cls.param_names() if name not in ("cardinality", "seed"))

    @property
    def classes_(self) -> Labels:
        """Class numbers in the order of `predict_proba`'s columns, as in scikit-learn. Shape: [k]."""
        return np.arange(self.cardinality)

    def __sklearn_tags__(self) -> Any:
        """Return the tags by which scikit-learn's tools know what an estimator can do."""
        from weaklabel.support.sklearn_api import classifier_tags

        return classifier_tags(reads_texts=False)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "lf_accuracies_")

    def fit(
        self,
        L: GivenVotes,
        Y_dev: ArrayLike | Sequence[str] | None = None,
        *,
        texts: Sequence[str] | None = None,
        gold: ArrayLike | GoldVotes | None = None,
    ) -> Self:
        """Fit to votes, to texts where the model uses them, and to a few gold labels where there are any.

        Parameters
        ----------
        L
            Label matrix, its patterns, or `Votes`. Shape: [n, m]. Patterns need not say which row has which, unless the
            model uses texts.
        Y_dev
            Gold labels, of these rows or of others, -1 if there is none: their shares of the classes are the class
            balance of a model that has a parameter ``class_balance`` and was given none. Nothing else of them is used,
            and other models ignore them. Strings in this place are taken for ``texts``. Any length.
        texts
            Texts of the rows, for a model with ``uses_texts``; others ignore them. Shape: [n].
        gold
            Gold labels of some of these rows, -1 elsewhere, drawn at random or chosen by votes or texts: 20 to 100 correct
            what the votes mislead a model about. Shape: [n]. Or the rows with gold alone, for a fit to patterns that do not
            say which row has which.

        Raises
        ------
        VoteError
            L is not a label matrix, or has a vote outside the classes; or Y_dev or gold has a label outside them.
        LabelModelError
            The model cannot be fitted on these votes, or would take too much memory (see `weaklabel.label_model.checks`);
            Y_dev has no gold label; gold has none, or is not of these rows.
        """
        texts, dev = texts_and_gold(Y_dev, texts)
        return self._fit_with({} if dev is None else self._balance_in(dev), L, texts, gold)

    def bytes_needed(self, votes: VotePatterns) -> int:
        """Return about how much memory a fit takes for tables of labeling functions and classes; 0 where it has none.

        Parameters
        ----------
        votes
            Votes.
        """
        return NUMBER * self._numbers(len(votes), votes.m)

    def predict_proba(self, L: GivenVotes, texts: Sequence[str] | None = None) -> Probs:
        """Return class probabilities.

        Parameters
        ----------
        L
            Label matrix, its patterns, or `Votes`. Shape: [n, m].
        texts
            Texts of the rows, for a model that was fitted with texts; without them it uses the votes alone.
            Shape: [n].

        Returns
        -------
        Probs
            Shape: [n, k]; all NaN where a row has no vote that the model can use and texts were not given.

        Raises
        ------
        VoteError
            L is not a label matrix, has a vote outside the classes, or is patterns that do not say which row has which.
        LabelModelError
            The model is not fitted, or was fitted on other labeling functions; there are not as many texts as rows, or
            they are numbers.
        """
        refuse_numbers(texts)
        _, inverse, probs = self._answers(L, texts)
        return probs if inverse is None else probs[inverse]

    @overload
    def predict(
        self,
        L: GivenVotes,
        return_probs: Literal[False] = ...,
        tie_break_policy: str | None = ...,
        texts: Sequence[str] | None = ...,
    ) -> Labels: ...

    @overload
    def predict(
        self,
        L: GivenVotes,
        return_probs: Literal[True],
        tie_break_policy: str | None = ...,
        texts: Sequence[str] | None = ...,
    ) -> tuple[Labels, Probs]: ...

    def predict(
        self,
        L: GivenVotes,
        return_probs: bool = False,
        tie_break_policy: str | None = None,
        texts: Sequence[str] | None = None,
    ) -> Labels | tuple[Labels, Probs]:
        """Return the most probable class of each row.

        Parameters
        ----------
        L
            Label matrix, its patterns, or `Votes`. Shape: [n, m].
        return_probs
            Return the probabilities too.
        tie_break_policy
            In the place of the model's own.
        texts
            As for `predict_proba`.

        Returns
        -------
        Labels
            Shape: [n]; -1 where `predict_proba` gives NaN, and on ties under the policy "abstain".
        Probs
            Shape: [n, k]; only with ``return_probs``.

        Raises
        ------
        VoteError, LabelModelError
            As `predict_proba`; and if the policy is unknown.
        """
        policy = check_policy(self.tie_break_policy if tie_break_policy is None else tie_break_policy)
        refuse_numbers(texts)
        if not return_probs and (texts is None or not self.uses_texts):
            rows, inverse = self._rows(L)
            blocks = (rows[some] for some in in_blocks(len(rows), self.cardinality))
            preds = np.concatenate([break_ties(self._probs(block), block, policy, self.seed) for block in blocks])
            return preds if inverse is None else preds[inverse]
        rows, inverse, probs = self._answers(L, texts)
        preds = break_ties(probs, rows, policy, self.seed)
        if inverse is not None:
            preds, probs = preds[inverse], probs[inverse]
        return (preds, probs) if return_probs else preds

    @overload
    def score(
        self,
        L: GivenVotes,
        Y: ArrayLike,
        metrics: None = ...,
        tie_break_policy: str | None = ...,
        abstain: Abstain = ...,
    ) -> float: ...

    @overload
    def score(
        self,
        L: GivenVotes,
        Y: ArrayLike,
        metrics: Sequence[str],
        tie_break_policy: str | None = ...,
        abstain: Abstain = ...,
    ) -> dict[str, float | None]: ...

    def score(
        self,
        L: GivenVotes,
        Y: ArrayLike,
        metrics: Sequence[str] | None = None,
        tie_break_policy: str | None = None,
        abstain: Abstain = "miss",
    ) -> float | dict[str, float | None]:
        """Return how good the predictions are against gold: accuracy, as scikit-learn asks for it, or what ``metrics`` names.

        Parameters
        ----------
        L
            Label matrix, its patterns, or `Votes`. Shape: [n, m].
        Y
            Gold. Shape: [n]; rows with -1 are left out.
        metrics
            Names of measures of `weaklabel.scoring.Scores`, such as "accuracy", "coverage", "f1", "roc_auc" or "macro_f1";
            Snorkel's "f1_micro", "f1_macro" and "matthews_corrcoef" are known, too.
        tie_break_policy
            In the place of the model's own.
        abstain
            "miss": a row without a label is wrong. "drop": it is left out, as Snorkel leaves it out.

        Returns
        -------
        float or dict
            Accuracy, 0..1; or, with ``metrics``, the measures by name.

        Raises
        ------
        LabelModelError
            A measure is unknown; or as `predict`.
        ScoreError
            There is no gold, or not as much as rows.
        """
        if isinstance(metrics, str):
            raise LabelModelError(f"metrics are a list of names, such as ['{metrics}'], not one string")
        names = {name: SNORKEL_METRICS.get(name, name) for name in metrics or ()}
        for name, own in names.items():
            if own not in (*COMPARED, "roc_auc"):
                available = (*COMPARED, "roc_auc", *SNORKEL_METRICS)
                raise LabelModelError(
                    f"unknown metric '{name}'{nearest(name, available)}; metrics are {', '.join(available)}"
                )
        preds, probs = self.predict(L, return_probs=True, tie_break_policy=tie_break_policy)
        labels = [str(number) for number in range(self.cardinality)]
        scores = evaluate(Y, preds, probs=probs, labels=labels, abstain=abstain, intervals=0)
        return scores.accuracy if metrics is None else {name: getattr(scores, own) for name, own in names.items()}

    def abstain_proba(self) -> NDArray[np.float64]:
        """Return the class probabilities of a row on which all labeling functions abstain; not finite if undefined.

        `predict_proba` gives such a row NaN, since it has no votes. But where an abstain is evidence, this is the baseline
        to which each vote is compared. Shape: [k].
        """
        # A label model that is not fitted, which only MajorityVote may be, has no labeling functions.
        m = len(getattr(self, "lf_accuracies_", [0]))
        return self._corrected(np.full((1, m), ABSTAIN, dtype=np.int8))[0]

    def describe(self, lf_names: Sequence[str] | None = None) -> str | None:
        """Return in one line what the fitted model chose and why, and how many gold labels it was fitted with.

        Parameters
        ----------
        lf_names
            Names of the labeling functions; by default their numbers. Length: m.

        Returns
        -------
        str or None
            None for a model that makes no choice, and was fitted without gold.

        Raises
        ------
        LabelModelError
            The model makes a choice, and is not fitted.
        """
        if type(self)._describe is not BaseLabelModel._describe:
            self._check_fitted()
        described = self._describe(lf_names)
        if not self.gold_rows_:
            return described
        with_gold = f"fitted with {self.gold_rows_:,} gold label{'' if self.gold_rows_ == 1 else 's'}"
        return with_gold if described is None else f"{described}; {with_gold}"

    def _describe(self, lf_names: Sequence[str] | None = None) -> str | None:
        """Return in one line what the fitted model chose and why; None for a model that makes no choice."""
        return None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model as JSON, atomically: to a ``.json`` file, or as ``label_model.json`` into a folder.

        Raises
        ------
        LabelModelError
            The model is not fitted.
        WeakLabelError
            The file cannot be written.
        """
        write_model(path, self.to_saved())

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted model as plain numbers, names and lists, as `save` writes it.

        Raises
        ------
        LabelModelError
            The model is not fitted.
        """
        self._check_fitted()
        params = {name: to_plain(value) for name, value in self.get_params().items()}
        saved = {"model": LABEL_MODELS.name_of(type(self)), "params": params, "state": to_plain(self._state())}
        if self.gold_rows_:
            correction = None if self._correction is None else to_plain(self._correction.to_saved())
            saved["gold"] = {"rows": self.gold_rows_, "correction": correction}
        return saved | ({"unvoted": list(self.unvoted_)} if self.unvoted_ else {})

    def _fit_with(
        self,
        options: dict[str, Any],
        L: GivenVotes,
        texts: Sequence[str] | None,
        gold: ArrayLike | GoldVotes | None = None,
    ) -> Self:
        """Fit with other values of some parameters, which stay as they are."""
        if not options:
            self._fit_to(L, texts, gold)
            return self
        params = self.get_params()
        fitted = type(self)(**params).set_params(**options)
        fitted._fit_to(L, texts, gold)
        vars(self).update({name: value for name, value in vars(fitted).items() if name not in params})
        return self

    def _fit_to(self, L: GivenVotes, texts: Sequence[str] | None, gold: ArrayLike | GoldVotes | None = None) -> None:
        """Fit to votes, to texts where the model uses them, and to gold labels."""
        votes, self.gold_rows_, self._correction = self._given(L), 0, None
        known = None if gold is None else self._gold_votes(L, gold)
        self._fit(votes)
        if known is not None:
            self._learn(known, votes)
        self._look_back(votes, known)

    def _gold_votes(self, L: GivenVotes, gold: ArrayLike | GoldVotes) -> GoldVotes:
        """Return the rows with gold, checked; see `fit`."""
        votes = checked_votes(L, self.cardinality)
        m = votes.m if isinstance(votes, VotePatterns) else votes.shape[1]
        if isinstance(gold, GoldVotes):
            return gold.checked(m, self.cardinality)
        rows = take_rows(votes.patterns, votes.rows()) if isinstance(votes, VotePatterns) else votes
        return GoldVotes.of_rows(rows, gold, self.cardinality)

    def _learn(self, gold: GoldVotes, votes: VotePatterns) -> None:
        """Learn from gold labels what to change of the answers of the fitted model, and of its accuracies."""
        self.gold_rows_ = len(gold)
        answered = self._answered(gold.L)
        if not answered.any() or self.cardinality == 1:
            return
        some = GoldVotes(take_rows(gold.L, np.flatnonzero(answered)), gold.Y[answered])
        self._correction = learn_correction(log_floored(self._predict_patterns(some.L)), some)
        self.lf_accuracies_ = self._accuracies_of_answers(votes)

    def _accuracies_of_answers(self, votes: VotePatterns) -> NDArray[np.float64]:
        """Return the share of each labeling function's votes that are right by the answers. Shape: [m]."""
        right, n_votes = np.zeros(votes.m), np.zeros(votes.m)
        for some in in_blocks(len(votes), self.cardinality):
            patterns, counts = votes.patterns[some], votes.counts[some]
            probs = np.nan_to_num(self._probs(patterns))
            for lf, column in enumerate(patterns.T):
                voted = np.flatnonzero(column >= 0)
                right[lf] += counts[voted] @ probs[voted, column[voted]]
                n_votes[lf] += counts[voted].sum()
        return np.divide(right, n_votes, out=self.lf_accuracies_.copy(), where=(n_votes > 0) & self._usable())

    def _corrected(self, rows: VoteArray) -> Probs:
        """Return the probabilities of rows as gold labels correct them. Shape: [n, m] -> [n, k]."""
        probs = self._predict_patterns(rows)
        return probs if self._correction is None else self._correction.apply(probs, rows)

    def _look_back(self, votes: VotePatterns, gold: GoldVotes | None = None) -> None:
        """Note the classes without votes and gold; warn of them, and of unanimous votes that the model contradicts."""
        voted = voted_classes(votes, self.cardinality)
        if gold is not None:
            voted[gold.Y] = True
        self.unvoted_ = tuple(np.flatnonzero(~voted).tolist())
        if self._checks_answers and voted.any():
            warn_of_unvoted(voted, self._gives_unvoted, class_name)
            self._warn_of_doubts(votes, gold)
            warn_of_contradictions(votes, self._probs, self.cardinality, self._advice())

    def _warn_of_doubts(self, votes: VotePatterns, gold: GoldVotes | None) -> None:
        """Warn of what votes cannot tell, unless rows with votes are so few that nothing can."""
        if votes.counts[has_vote(votes.patterns)].sum() < MIN_ROWS:
            return
        warn_of_lone_lfs(votes, self.cardinality, gold)
        warn_of_dominant_lfs(votes, self.cardinality, gold)
        if self._answers_alone:
            warn_of_ties(votes, self.cardinality)

    def _advice(self) -> str:
        """Return what to do where the model contradicts unanimous votes."""
        return "look for labeling functions that copy others or are mostly wrong, or use MajorityVote"

    def _balance_in(self, gold: ArrayLike) -> dict[str, Any]:
        """Return the class balance in gold as a parameter, where the model takes one and was not given any."""
        checked = check_Y(gold, cardinality=self.cardinality)
        if getattr(self, "class_balance", "") is not None:
            return {}
        return {"class_balance": dev_class_balance(checked, self.cardinality)}

    def _given(self, L: GivenVotes) -> VotePatterns:
        """Return the patterns to fit to, of which the fit does not take too much memory."""
        votes = checked_votes(L, self.cardinality)
        patterns = votes if isinstance(votes, VotePatterns) else self._gather(votes)
        refuse_beyond(self.bytes_needed(patterns), type(self).__name__, patterns.m, self.cardinality)
        return patterns

    def _gather(self, L: VoteArray) -> VotePatterns:
        """Return the patterns to fit to."""
        return vote_patterns(L)

    def _numbers(self, u: int, m: int) -> int:
        """Return about how many numbers a fit on ``u`` vote patterns of ``m`` labeling functions holds in large tables.

        An overlaps matrix has an entry for each two of m*k votes; evidence of a vote has one for each class, and so has a
        row. A model without such tables has 0.
        """
        return 0

    @abstractmethod
    def _fit(self, votes: VotePatterns) -> None:
        """Fit to patterns with their counts."""

    @abstractmethod
    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        """Return probabilities of patterns; rows without votes may hold anything. Shape: [u, m] -> [u, k]."""

    def _state(self) -> dict[str, Any]:
        """Return what was fitted."""
        return {name: getattr(self, name) for name in self._fitted}

    def _restore(self, state: dict[str, Any]) -> None:
        """Take back what `_state` gave, as it is in JSON."""
        for name in self._fitted:
            setattr(self, name, np.array(state[name], dtype=np.float64))  # None becomes NaN

    def _check_restored(self) -> None:
        """Check the restored state: the arrays, and the probabilities of a few rows.

        Raises
        ------
        ValueError
            It is not.
        """
        if not 1 <= self.cardinality <= MAX_CARDINALITY:
            raise ValueError(f"cardinality is {self.cardinality}, not 1 to {MAX_CARDINALITY}")
        check_policy(self.tie_break_policy)
        self._check_arrays()
        m, k = len(self.lf_accuracies_), min(self.cardinality, _TRIED_CLASSES)
        rows = np.asfortranarray(as_votes(np.tile(np.arange(ABSTAIN, k)[:, None], (1, m)), self.cardinality))
        probs, answered = self._probs(rows), self._answered(rows)
        if probs.shape != (len(rows), self.cardinality) or not np.allclose(probs[answered].sum(axis=1), 1):
            raise ValueError("its predictions are not probabilities")

    def _check_arrays(self) -> None:
        """Check that the fitted arrays have the shapes in ``_shapes`` and are finite where a labeling function voted."""
        m, k = len(self.lf_accuracies_), self.cardinality
        sizes = {"m": m, "k": k, "k+1": k + 1, "m*k": m * k}
        unused = np.isnan(self.lf_accuracies_)
        check_array("lf_accuracies_", self.lf_accuracies_, (m,), unused)
        if not ((self.lf_accuracies_[~unused] >= 0) & (self.lf_accuracies_[~unused] <= 1 + 1e-9)).all():
            raise ValueError("lf_accuracies_ has numbers outside 0 to 1")
        for name, shape in self._shapes:
            nan_rows = unused if name in self._nan_where_unused else None
            check_array(name, getattr(self, name), tuple(sizes[size] for size in shape), nan_rows)

    def _usable(self) -> NDArray[np.bool_]:
        """Say whose votes the model can use: of those that voted when it was fitted. Shape: [m]."""
        return ~np.isnan(self.lf_accuracies_)

    def _answered(self, rows: VoteArray) -> NDArray[np.bool_]:
        """Say which rows have a vote that the model can use. Shape: [n, m] -> [n]."""
        return has_vote(rows, self._usable())

    def _by_evidence(self, rows: VoteArray, evidence: NDArray[np.float64], log_prior: NDArray[np.float64]) -> Probs:
        """Add up the evidence [m, k+1, k] of the votes that the model can use. Shape: [n, m] -> [n, k]."""
        usable = self._usable()
        if not usable.all():
            rows, evidence = rows[:, usable], evidence[usable]
        return probs_by_evidence(rows, evidence, log_prior)

    def _probs(self, rows: VoteArray) -> Probs:
        self._check_width(rows.shape[1])
        if len(rows) > rows_at_once(self.cardinality):
            probs = np.empty((len(rows), self.cardinality))
            for some in in_blocks(len(rows), self.cardinality):
                probs[some] = self._probs(rows[some])
            return probs
        probs = self._corrected(rows)
        if self.unvoted_ and not self._gives_unvoted:
            probs = without_unvoted(probs, rows, self.unvoted_)
        probs[~self._answered(rows)] = np.nan
        return probs

    def _rows(self, L: GivenVotes) -> tuple[VoteArray, NDArray[np.int64] | None]:
        """Return votes, and where among them each row is; None where they are the rows, which are faster than patterns."""
        votes = checked_votes(L, self.cardinality)
        return (votes.patterns, votes.rows()) if isinstance(votes, VotePatterns) else (votes, None)

    def _answers(self, L: GivenVotes, texts: Sequence[str] | None) -> tuple[VoteArray, NDArray[np.int64] | None, Probs]:
        """Return what `_rows` does, and the probabilities of the votes."""
        rows, inverse = self._rows(L)
        return rows, inverse, self._probs(rows)

    def _check_width(self, m: int) -> None:
        self._check_fitted()
        if m != len(self.lf_accuracies_):
            raise LabelModelError(
                f"{type(self).__name__} was fitted on {len(self.lf_accuracies_)} labeling functions, L has {m}"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "lf_accuracies_"):
            from weaklabel.support.sklearn_api import NotFittedLabelModelError

            raise NotFittedLabelModelError(f"this {type(self).__name__} is not fitted; call fit(L) first")
