"""A hidden Markov model of BIO tags, fitted to the different runs of voted words, and held near majority vote on spans."""

from __future__ import annotations

from typing import Any

import numpy as np

from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence.base import Floats, RunLabels, RunModel, stretches
from weaklabel.label_model.sequence.em import EM, Words, scores_of, silence_weights
from weaklabel.label_model.sequence.markov import best_path, blocks, posterior
from weaklabel.units.spans import Numbers, Spans, spans_of_tags
from weaklabel.votes.spans import Runs


class SpanHMM(RunModel):
    r"""Hidden Markov model: the tags of a run are a chain of states O, B- and I- of each label, which votes are emitted from.

    What each labeling function says in each state, and how states follow each other, is learned by EM from the different
    runs with their counts. Spans of one label that touch are one span. Votes that there is no entity are evidence for O; a
    vote for an inner label of a hierarchy has the same probability for each of its leaves, and is evidence for all of them.
    A word can only get a label that someone gives it: which other one a vote stands for, votes alone do not tell.

    EM on weak votes increases the likelihood and yet tends to drift away from what the labels mean. Therefore:

    - It starts from majority vote on spans, whose counts also stay in each step as a Dirichlet prior: with
      ``vote_weight`` 1, half of all counts are always those of the vote.
    - It takes few steps. How many, the likelihood of runs tells that were left out: each half of the different runs is
      judged by the model of the other half after each step, and the step with the highest sum is the last one.

    A labeling function that is silent where another votes says nothing, since dictionaries are silent about most names. Only
    the silence of one that is marked as complete counts, to the power of a weight from 0 to 1. The weight is how much more
    often it votes on words that two others mark with one label than on words that only one marks.

    Parameters
    ----------
    max_steps
        Most steps of EM; at least 1. The first one counts what majority vote on spans says.
    vote_weight
        Strength of the prior: the share of the vote's counts that is added to those of each step; at least 0.

    Attributes
    ----------
    n_steps_ : int
        Steps of EM that were taken.
    start_, transitions_ : array
        Probabilities of the tag of a run's first word, and of each tag (column) after each tag (row). Tags are O, then B-
        and I- of each label. Shapes: [2k + 1], [2k + 1, 2k + 1].
    emissions_ : array
        Probability of what each labeling function says in each state: no entity, nothing, then B- and I- of each label, the
        inner ones last. Shape: [m, 2k + 1, v].
    silence_weights_ : array
        Shape: [m].

    References
    ----------
    Rabiner: A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition. 1989.

    Nguyen et al.: Aggregating and Predicting Sequence Labels from Crowd Annotations. ACL 2017.

    Lison et al.: Named Entity Recognition without Labelled Data: A Weak Supervision Approach. ACL 2020. There, silence is a
    vote for O, and all steps of EM are taken.

    Examples
    --------
    >>> from weaklabel.units import Spans
    >>> from weaklabel.votes import SpanVotes
    >>> whole, part = Spans.of_rows([[(0, 2, 0)], [(1, 3, 0)]]), Spans.of_rows([[(0, 2, 0)], [(2, 3, 0)]])
    >>> votes = SpanVotes.of([whole, part], [0, 4, 8], ["whole", "part"], ["PER"])
    >>> SpanHMM().fit(votes).predict(votes).spans.of_row(1)
    [(1, 3, 0)]
    """

    start_: Floats
    transitions_: Floats
    emissions_: Floats
    silence_weights_: Floats
    n_steps_: int

    def __init__(self, max_steps: int = 5, vote_weight: float = 1.0) -> None:
        self.max_steps = max_steps
        self.vote_weight = vote_weight

    def describe(self) -> str | None:
        """Return the number of steps, and whose silence counts."""
        if not hasattr(self, "n_steps_"):
            return None
        weights = zip(self.lf_names_, self.silence_weights_.tolist(), strict=True)
        silent = ", ".join(f"{name} ({weight:.2f})" for name, weight in weights if weight >= 0.005) or "none"
        return f"{self.n_steps_} of at most {self.max_steps} steps of EM; labeling functions whose silence counts: {silent}"

    def _fit_runs(self, runs: Runs) -> None:
        if self.max_steps < 1 or not 0 <= self.vote_weight < np.inf:
            raise LabelModelError(
                f"max_steps={self.max_steps} must be at least 1, and vote_weight={self.vote_weight} at least 0"
            )
        silence = silence_weights(runs)
        em = EM(runs, silence, self.vote_weight)
        everything = np.arange(len(runs))
        halves = everything[::2], everything[1::2]
        n_steps = 1
        if len(runs) > 1:
            first, second = (em.steps(half, self.max_steps) for half in halves)
            likelihoods = [
                em.log_likelihood(one, halves[1]) + em.log_likelihood(other, halves[0])
                for one, other in zip(first, second, strict=True)
            ]
            n_steps = 1 + int(np.argmax(likelihoods))
        chain = em.steps(everything, n_steps)[-1]
        self.n_steps_, self.silence_weights_ = n_steps, silence
        self.start_, self.transitions_, self.emissions_ = chain

    def label_runs(self, runs: Runs) -> RunLabels:
        """Label runs; see `RunLabels`."""
        n_states, n_symbols = self.emissions_.shape[1:]
        if runs.tags.max(initial=0) + 2 > n_symbols:
            raise LabelModelError(
                "the votes are for more labels of a hierarchy than those that the model was fitted to"
            )
        words, k = Words.of(runs), (n_states - 1) // 2
        scores = scores_of(words, self.emissions_, self.silence_weights_)
        best = np.zeros(len(runs.tags), dtype=np.int64)
        states = np.zeros((len(runs.tags), n_states))
        # Of each word, the probability that it continues a span of each label which begins, or goes on, at the word before.
        after_begin, after_inside = np.zeros((len(states), k)), np.zeros((len(states), k))
        begin, inside = np.arange(1, n_states, 2), np.arange(2, n_states, 2)
        for some, places in blocks(runs.offsets, np.arange(len(runs)), n_states):
            emitted = scores[words.pattern[places]]
            best[places] = best_path(emitted, self.start_, self.transitions_)
            of = posterior(emitted, self.start_, self.transitions_, np.ones(len(some)))
            states[places] = of.states
            after, before = of.after[:, 1:, inside], of.before[:, 1:]
            for into, tag in ((after_begin, begin), (after_inside, inside)):
                into[places[:, 1:]] = self.transitions_[tag, inside] * after / np.maximum(before[:, :, tag], 1e-300)
        spans = spans_of_tags(best, runs.offsets)
        word_probs = np.concatenate([states[:, :1], states[:, begin] + states[:, inside]], axis=1)
        probs = _span_probs(spans, runs.offsets, states[:, begin], after_begin, after_inside)
        return RunLabels(spans.row, spans.begin, spans.end, spans.label, probs, np.clip(word_probs, 0, 1))

    def _state(self) -> dict[str, Any]:
        return {
            "n_steps": self.n_steps_,
            "start": self.start_,
            "transitions": self.transitions_,
            "emissions": self.emissions_,
            "silence_weights": self.silence_weights_,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.n_steps_ = int(state["n_steps"])
        m, n_states = len(self.lf_names_), 1 + 2 * len(self.labels_)
        self.start_, self.transitions_, self.silence_weights_ = (
            np.array(state[name], dtype=np.float64) for name in ("start", "transitions", "silence_weights")
        )
        emissions = np.array(state["emissions"], dtype=np.float64)
        self.emissions_ = emissions if m else emissions.reshape(0, n_states, 2 * len(self.labels_) + 2)
        shapes = (self.start_.shape, self.transitions_.shape, self.emissions_.shape[:2], self.silence_weights_.shape)
        if shapes != ((n_states,), (n_states, n_states), (m, n_states), (m,)) or self.emissions_.ndim != 3:
            raise ValueError("the probabilities are not those of as many labels and labeling functions")
        for probs in (self.start_, self.transitions_, self.emissions_, self.silence_weights_):
            if not ((probs >= 0) & (probs <= 1)).all():
                raise ValueError("a probability is not between 0 and 1")


def _span_probs(spans: Spans, offsets: Numbers, begins: Floats, after_begin: Floats, after_inside: Floats) -> Floats:
    """Return the probability that exactly a span is one: it begins, each further word continues it, and the next does not."""
    if not len(spans):
        return np.zeros(0)
    first, lengths, label = offsets[spans.row] + spans.begin, spans.end - spans.begin, spans.label
    probs = begins[first, label].copy()
    is_long = lengths > 1
    probs[is_long] *= after_begin[first[is_long] + 1, label[is_long]]
    with np.errstate(divide="ignore"):
        log_inside = np.maximum(np.log(after_inside), -700.0)
    more = np.maximum(lengths - 2, 0)
    words = stretches(first + 2, more)
    summed = np.bincount(
        np.repeat(np.arange(len(spans)), more), log_inside[words, np.repeat(label, more)], minlength=len(spans)
    )
    probs *= np.exp(summed)
    following = first + lengths
    in_run = np.flatnonzero(following < offsets[spans.row + 1])
    source = np.where(is_long[in_run, None], after_inside[following[in_run]], after_begin[following[in_run]])
    probs[in_run] *= 1 - np.clip(source[np.arange(len(in_run)), label[in_run]], 0, 1)
    return np.asarray(np.clip(probs, 0, 1))
