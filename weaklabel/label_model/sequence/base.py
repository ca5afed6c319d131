"""The one interface of label models for spans, and what those that see votes alone have in common."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError, WeakLabelError
from weaklabel.label_model.saving import to_plain, write_model
from weaklabel.label_model.sequence.sample import SpanTextSample, SpanTextSampler
from weaklabel.registries import SPAN_LABEL_MODELS
from weaklabel.support.params import HasParams
from weaklabel.units import Units
from weaklabel.units.spans import Numbers, Spans
from weaklabel.votes.spans import Runs, SpanVotes

Floats = NDArray[np.float64]

TASK = "spans"


@dataclass(frozen=True, eq=False)
class SpanLabels:
    """Spans that a label model or a tagger gives to texts, with probabilities.

    Attributes
    ----------
    spans : Spans
        They count words, do not overlap, and have the labels 0..k-1.
    probs : array
        Probability of each span that its begin, end and label are right. Shape: [n].
    word_probs : array or None
        Of each word the probability that it is in no span, then that it is in a span of each label; NaN for a word of
        which nothing is known. Shape: [n_words, k + 1].
    """

    spans: Spans
    probs: Floats
    word_probs: Floats | None = None

    def __len__(self) -> int:
        return len(self.spans)


class RunLabels(NamedTuple):
    """What a label model gives to runs: spans sorted by run and begin, and probabilities of words.

    ``run``, ``begin``, ``end``, ``label``, ``prob`` have the shape [n]; a place counts the words of its run. ``word_probs``
    are those of `SpanLabels`, for the words of the runs. Shape: [n_run_words, k + 1].
    """

    run: Numbers
    begin: Numbers
    end: Numbers
    label: Numbers
    prob: Floats
    word_probs: Floats


class SpanLabelModel(HasParams, ABC):
    """A label model for spans: turns what labeling functions marked into spans with probabilities.

    A subclass that sees votes alone derives from `RunModel`. One that reads texts, too, sets ``uses_texts``, fits in
    ``_fit_sample`` and labels in ``_predict_texts``.

    Attributes
    ----------
    lf_names_, labels_ : tuple of str
        The labeling functions and the labels that it was fitted to. Lengths: m, k.
    """

    uses_texts: ClassVar[bool] = False
    """Whether the model uses texts where it is given them."""

    needs_fit: ClassVar[bool] = True
    params_error: ClassVar[type[WeakLabelError]] = LabelModelError

    lf_names_: tuple[str, ...]
    labels_: tuple[str, ...]

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the parameters that a project file can set: all but the seed, which is that of the run."""
        return tuple(name for name in cls.param_names() if name != "seed")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "lf_names_")

    def fit(self, votes: SpanVotes | Runs, texts: Sequence[str] | None = None, *, words: Units | None = None) -> Self:
        """Fit to votes, and to texts where the model uses them.

        Parameters
        ----------
        votes
            Votes, or their runs where the model is fitted without texts.
        texts
            Texts of the rows, for a model with ``uses_texts``; others ignore them. Length: n_rows.
        words
            The words that the votes count; by default those that the votes keep, or else those of `find_words`.

        Raises
        ------
        LabelModelError
            Texts were given but the votes are runs, there are not as many texts as rows, or the words are not those of the
            votes.
        """
        if texts is None or not self.uses_texts:
            runs = votes.runs() if isinstance(votes, SpanVotes) else votes
            self._remember(runs)
            self._fit_runs(runs)
            return self
        if isinstance(votes, Runs):
            raise LabelModelError("runs do not say which text they are of; give the votes with the texts, or a sample")
        sampler = self.sampler()
        sampler.add(votes, texts, words=words)
        return self.fit_sample(votes.runs(), sampler.sample())

    def fit_sample(self, runs: Runs, sample: SpanTextSample) -> Self:
        """Fit to the runs of a corpus, and to the texts that `sampler` chose: the same as `fit` to all texts.

        Parameters
        ----------
        runs
            Of all texts of the corpus; they need not keep their places.
        sample
            What the sampler chose when it had seen all texts.
        """
        self._remember(runs)
        self._fit_sample(runs, sample)
        return self

    def sampler(self) -> SpanTextSampler:
        """Return what chooses the texts that are read at a fit."""
        return SpanTextSampler()

    def predict(
        self, votes: SpanVotes, texts: Sequence[str] | None = None, *, words: Units | None = None
    ) -> SpanLabels:
        """Return the spans of each text, with probabilities.

        Parameters
        ----------
        votes
            Of the labeling functions that the model was fitted to.
        texts
            Texts of the rows, for a model that was fitted with texts; without them it uses the votes alone. Length: n_rows.
        words
            As for `fit`.

        Raises
        ------
        LabelModelError
            The model is not fitted, was fitted to other labeling functions or labels, or the texts or words are not those of
            the votes.
        """
        if hasattr(self, "lf_names_"):
            for what, of_model, of_votes in (
                ("labeling functions", self.lf_names_, votes.lf_names),
                ("labels", self.labels_, votes.labels),
            ):
                if of_model != of_votes:
                    raise LabelModelError(
                        f"{type(self).__name__} was fitted to the {what} {', '.join(of_model)}, and the votes are of "
                        f"{', '.join(of_votes)}; give the votes of the same ones, in the same order"
                    )
        elif self.needs_fit:
            raise LabelModelError(f"this {type(self).__name__} is not fitted; call fit(votes) first")
        if texts is None or not self.uses_texts:
            return self._predict_votes(votes)
        sampler = SpanTextSampler(most=None)
        sampler.add(votes, texts, words=words)
        return self._predict_texts(sampler.sample())

    def describe(self) -> str | None:
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
        if not hasattr(self, "lf_names_"):
            raise LabelModelError(f"this {type(self).__name__} is not fitted; call fit(votes) first")
        return {
            "task": TASK,
            "model": SPAN_LABEL_MODELS.name_of(type(self)),
            "params": {name: to_plain(value) for name, value in self.get_params().items()},
            "lf_names": list(self.lf_names_),
            "labels": list(self.labels_),
            "state": to_plain(self._state()),
        }

    def _remember(self, runs: Runs) -> None:
        self.lf_names_, self.labels_ = runs.lf_names, runs.labels

    @abstractmethod
    def _fit_runs(self, runs: Runs) -> None:
        """Fit to runs with their counts."""

    def _fit_sample(self, runs: Runs, sample: SpanTextSample) -> None:
        """Fit to runs, and to texts with their votes."""
        raise NotImplementedError

    @abstractmethod
    def _predict_votes(self, votes: SpanVotes) -> SpanLabels:
        """Label texts by the votes alone."""

    def _predict_texts(self, sample: SpanTextSample) -> SpanLabels:
        """Label texts by votes and texts."""
        raise NotImplementedError

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """Return what was fitted."""

    @abstractmethod
    def _restore(self, state: dict[str, Any]) -> None:
        """Take back what `_state` gave, as it is in JSON; damaged input is a ValueError, KeyError or TypeError."""


class RunModel(SpanLabelModel):
    """A label model that sees votes alone: it labels each different run once."""

    @abstractmethod
    def label_runs(self, runs: Runs) -> RunLabels:
        """Label runs; see `RunLabels`."""

    def _predict_votes(self, votes: SpanVotes) -> SpanLabels:
        runs = votes.runs()
        return spread(self.label_runs(runs), runs, votes.offsets)


def spread(labels: RunLabels, runs: Runs, offsets: Numbers) -> SpanLabels:
    """Return the labels of runs at all places where the runs occur; a word outside of runs is in no span.

    Parameters
    ----------
    labels
        Of the runs.
    runs
        With their places.
    offsets
        The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    """
    if runs.run is None or runs.first is None:
        raise LabelModelError("these runs do not say where they occur; take the runs of the votes themselves")
    words = stretches(runs.offsets[runs.run], runs.lengths[runs.run])
    n_spans = np.bincount(labels.run, minlength=len(runs))
    first_span = np.cumsum(n_spans) - n_spans
    spans = stretches(first_span[runs.run], n_spans[runs.run])
    shift = np.repeat(runs.first, n_spans[runs.run])
    begin, end = labels.begin[spans] + shift, labels.end[spans] + shift
    row = np.searchsorted(offsets, begin, side="right") - 1
    word_probs = np.zeros((int(offsets[-1]), labels.word_probs.shape[1]))
    word_probs[:, 0] = 1
    word_probs[stretches(runs.first, runs.lengths[runs.run])] = labels.word_probs[words]
    placed = Spans(row, begin - offsets[row], end - offsets[row], labels.label[spans], len(offsets) - 1)
    return SpanLabels(placed, labels.prob[spans], word_probs)


def stretches(first: Numbers, lengths: Numbers) -> Numbers:
    """Return the numbers from each ``first`` on, as many as its length says, one stretch behind the other.

    Examples
    --------
    >>> stretches(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    shift = np.cumsum(lengths) - lengths
    return np.repeat(first - shift, lengths) + np.arange(int(lengths.sum()))
