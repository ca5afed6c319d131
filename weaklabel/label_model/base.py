"""The one interface of label models, with scikit-learn's manners."""

from __future__ import annotations

import inspect
import json
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError, nearest
from weaklabel.files import write_json
from weaklabel.label_model.ties import break_ties, check_policy
from weaklabel.labels import MAX_CARDINALITY, Labels, Probs, Votes8, check_L
from weaklabel.votes.matrix import Votes
from weaklabel.votes.patterns import VotePatterns, vote_patterns
from weaklabel.votes.tally import has_vote

FORMAT = "weaklabel label model 1"
FILE_NAME = "label_model.json"

_MODELS: dict[str, type[LabelModel]] = {}


class LabelModel(ABC):
    """A label model: turns the votes of labeling functions into class probabilities.

    A subclass sets ``_fitted`` to the names of its fitted attributes, fits on patterns in ``_fit``, and gives
    probabilities of patterns in ``_predict_patterns``; the rest is here.

    Parameters
    ----------
    cardinality
        Number of classes k, 1 to 127.
    tie_break_policy
        What `predict` says of a row whose most probable classes tie: ``"abstain"`` (-1), ``"first"`` (the lowest of
        them), or ``"random"`` (any of them, by a hash of the votes and the seed, so that the same votes always get the
        same answer).
    seed
        Of whatever is random.

    Attributes
    ----------
    lf_accuracies_ : array
        Estimated share of each labeling function's votes that are right; NaN where it never votes. Shape: [m].
    """

    _fitted: ClassVar[tuple[str, ...]] = ("lf_accuracies_",)

    lf_accuracies_: NDArray[np.float64]

    def __init__(self, cardinality: int = 2, tie_break_policy: str = "abstain", seed: int = 0) -> None:
        self.cardinality = cardinality
        self.tie_break_policy = tie_break_policy
        self.seed = seed

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _MODELS[cls.__name__] = cls

    def fit(self, L: ArrayLike | VotePatterns | Votes) -> Self:
        """Fit to votes.

        Parameters
        ----------
        L
            Label matrix, its patterns, or `Votes`. Shape: [n, m]. Patterns need not say which row has which.

        Raises
        ------
        VoteError
            L is no label matrix, or has a vote outside the classes.
        LabelModelError
            The model cannot be fitted on these votes.
        """
        found = self._votes(L)
        self._fit(found if isinstance(found, VotePatterns) else vote_patterns(found))
        return self

    def predict_proba(self, L: ArrayLike | VotePatterns | Votes) -> Probs:
        """Return class probabilities.

        Parameters
        ----------
        L
            Label matrix, its patterns, or `Votes`. Shape: [n, m].

        Returns
        -------
        Probs
            Shape: [n, k]; all NaN where a row has no vote that the model can use.

        Raises
        ------
        VoteError
            L is no label matrix, has a vote outside the classes, or is patterns that do not say which row has which.
        LabelModelError
            The model is not fitted, or was fitted on other labeling functions.
        """
        rows, inverse = self._rows(L)
        probs = self._probs(rows)
        return probs if inverse is None else probs[inverse]

    @overload
    def predict(
        self,
        L: ArrayLike | VotePatterns | Votes,
        return_probs: Literal[False] = ...,
        tie_break_policy: str | None = ...,
    ) -> Labels: ...

    @overload
    def predict(
        self, L: ArrayLike | VotePatterns | Votes, return_probs: Literal[True], tie_break_policy: str | None = ...
    ) -> tuple[Labels, Probs]: ...

    def predict(
        self, L: ArrayLike | VotePatterns | Votes, return_probs: bool = False, tie_break_policy: str | None = None
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

        Returns
        -------
        Labels
            Shape: [n]; -1 where `predict_proba` gives NaN, and on ties under the policy "abstain".
        Probs
            Shape: [n, k]; only with ``return_probs``.

        Raises
        ------
        VoteError, LabelModelError
            As `predict_proba`; and where there is no such policy.
        """
        policy = check_policy(self.tie_break_policy if tie_break_policy is None else tie_break_policy)
        rows, inverse = self._rows(L)
        probs = self._probs(rows)
        preds = break_ties(probs, rows, policy, self.seed)
        if inverse is not None:
            preds, probs = preds[inverse], probs[inverse] if return_probs else probs
        return (preds, probs) if return_probs else preds

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments, as scikit-learn's ``clone`` asks for them."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Set arguments of the constructor; an unknown one is a `LabelModelError`."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise LabelModelError(
                    f"{type(self).__name__} has no parameter '{name}'{nearest(name, known)}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model as JSON, atomically: to a ``.json`` file, or as ``label_model.json`` into a folder.

        Raises
        ------
        LabelModelError
            The model is not fitted.
        WeakLabelError
            The file cannot be written.
        """
        self._check_fitted()
        state = {name: _to_plain(getattr(self, name)) for name in self._fitted}
        params = {name: _to_plain(value) for name, value in self.get_params().items()}
        write_json(_file(path), {"format": FORMAT, "model": type(self).__name__, "params": params, "state": state})

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({arguments})"

    @abstractmethod
    def _fit(self, found: VotePatterns) -> None:
        """Fit to patterns with their counts."""

    @abstractmethod
    def _predict_patterns(self, patterns: NDArray[np.int8]) -> Probs:
        """Return probabilities of patterns; rows without votes may hold anything. Shape: [u, m] -> [u, k]."""

    def _usable(self) -> NDArray[np.bool_] | None:
        """Say whose votes the model can use; None for all. Shape: [m]."""
        return None

    def _probs(self, rows: Votes8) -> Probs:
        self._check_width(rows.shape[1])
        probs = self._predict_patterns(rows)
        probs[~has_vote(rows, self._usable())] = np.nan
        return probs

    def _rows(self, L: ArrayLike | VotePatterns | Votes) -> tuple[Votes8, NDArray[np.int64] | None]:
        """Return what to predict, and where in it each row is; None where it is the rows themselves.

        Predicting a row takes less time than finding its pattern, so only patterns that are there already are used.
        """
        found = self._votes(L)
        return (found.patterns, found.rows()) if isinstance(found, VotePatterns) else (found, None)

    def _votes(self, L: ArrayLike | VotePatterns | Votes) -> Votes8 | VotePatterns:
        if not isinstance(self.cardinality, int | np.integer) or not 1 <= self.cardinality <= MAX_CARDINALITY:
            raise LabelModelError(f"cardinality must be 1 to {MAX_CARDINALITY}, not {self.cardinality!r}")
        found = L.patterns() if isinstance(L, Votes) else L
        if isinstance(found, VotePatterns):
            check_L(found.patterns, self.cardinality)
            return found
        return check_L(found, self.cardinality)

    def _check_width(self, m: int) -> None:
        self._check_fitted()
        if m != len(self.lf_accuracies_):
            raise LabelModelError(
                f"{type(self).__name__} was fitted on {len(self.lf_accuracies_)} labeling functions, L has {m}"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "lf_accuracies_"):
            raise LabelModelError(f"this {type(self).__name__} is not fitted; call fit(L) first")


def load_label_model(path: str | os.PathLike[str]) -> LabelModel:
    """Read a label model that `LabelModel.save` wrote.

    Parameters
    ----------
    path
        The file, or the folder that it lies in.

    Raises
    ------
    LabelModelError
        The file is missing, damaged, or no label model.
    """
    file = _file(path)
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        if saved["format"] != FORMAT:
            raise LabelModelError(f"{file} has the format {saved['format']!r}, not {FORMAT!r}")
        cls = _MODELS[saved["model"]]
        model = cls(**saved["params"])
        for name in cls._fitted:
            setattr(model, name, np.array(saved["state"][name], dtype=np.float64))  # None becomes NaN
    except OSError as error:
        raise LabelModelError(f"cannot read a label model from {file}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LabelModelError(f"{file} is damaged, or no label model: {error!r}") from error
    return model


def _file(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    return path if path.suffix == ".json" else path / FILE_NAME


def _to_plain(value: Any) -> Any:
    """Turn arrays into lists, and NaN into None, since JSON has neither."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_to_plain(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value
