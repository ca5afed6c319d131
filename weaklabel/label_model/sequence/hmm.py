"""A hidden Markov model of BIO tags, fitted to the different runs of voted words, and held near majority vote on spans."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence.base import Floats, RunLabels, RunModel, stretches
from weaklabel.label_model.sequence.markov import best_path, blocks, posterior
from weaklabel.label_model.sequence.proposals import leaves_of
from weaklabel.label_model.sequence.vote import SpanVote
from weaklabel.units.spans import Numbers, Spans, spans_of_tags
from weaklabel.votes.spans import Runs
from weaklabel.votes.spans.runs import Tags

_SMOOTHING = 5.0
"""Votes that are added to those of each labeling function in each state, spread as if it were mostly right."""

_OTHER_PLACE, _OTHER_LABEL = 0.3, 0.05
"""How probable, next to a right vote, one with another border or another label is before any vote is seen."""

_SOFT = 0.1
"""Share of each word of a run that majority vote leaves open at the start."""

_DOUBTFUL = 10.0
"""Words that a silence is taken to say nothing of, added to those that tell how much it says."""

_MOST_INNER = 0.99
"""Most of the votes of a labeling function in a state that are for inner labels."""

_IMPOSSIBLE = -1e4
"""Log of a probability that is as good as 0, and finite."""


class _Chain(NamedTuple):
    """Probabilities of the first state [S], of moves [S, S], and of what each labeling function says in a state [m, S, v]."""

    start: Floats
    transitions: Floats
    emissions: Floats


class _Counts(NamedTuple):
    """Expected numbers of the same, in the shapes of `_Chain`."""

    start: Floats
    moves: Floats
    emitted: Floats

    def plus(self, other: _Counts, weight: float) -> _Counts:
        return _Counts(*(mine + weight * its for mine, its in zip(self, other, strict=True)))


class _Words(NamedTuple):
    """The different words of runs, by what labeling functions say of them.

    ``patterns``: what they say, [p, m]. ``possible``: the states that a word may have, [p, S]. ``pattern``: which of these
    each word is, [n].
    """

    patterns: Tags
    possible: NDArray[np.bool_]
    pattern: Numbers

    @classmethod
    def of(cls, runs: Runs) -> _Words:
        if runs.tags.size:
            patterns, pattern = np.unique(runs.tags, axis=0, return_inverse=True)
        else:
            patterns, pattern = runs.tags[:1], np.zeros(len(runs.tags), dtype=np.int64)
        possible = np.zeros((len(patterns), 1 + 2 * len(runs.labels)), dtype=bool)
        possible[:, 0] = True
        for number, leaves in enumerate(leaves_of(runs)):
            voted = ((patterns == 1 + 2 * number) | (patterns == 2 + 2 * number)).any(axis=1)
            for leaf in leaves:
                possible[voted, 1 + 2 * leaf : 3 + 2 * leaf] = True
        return cls(patterns, possible, pattern.reshape(-1))


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
        silent = ", ".join(f"{name} ({weight:.2f})" for name, weight in weights if weight > 0) or "none"
        return f"{self.n_steps_} of at most {self.max_steps} steps of EM; labeling functions whose silence counts: {silent}"

    def _fit_runs(self, runs: Runs) -> None:
        if self.max_steps < 1 or not 0 <= self.vote_weight < np.inf:
            raise LabelModelError(
                f"max_steps={self.max_steps} must be at least 1, and vote_weight={self.vote_weight} at least 0"
            )
        silence = _silence_weights(runs)
        em = _EM(runs, silence, self.vote_weight)
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
        words, k = _Words.of(runs), (n_states - 1) // 2
        scores = _scores(words, self.emissions_, self.silence_weights_)
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


class _EM:
    """The steps of EM on some of the runs."""

    def __init__(self, runs: Runs, silence: Floats, vote_weight: float) -> None:
        self._runs, self._silence, self._vote_weight = runs, silence, vote_weight
        self._words = _Words.of(runs)
        self._leaves, self._n_inner = leaves_of(runs), len(runs.inner)
        self._n_states, self._n_symbols = 1 + 2 * len(runs.labels), 2 + 2 * len(self._leaves)
        self._vote_tags = _vote_tags(runs)
        self._allowed = _allowed(self._n_states)
        self._prior = _prior(runs, self._leaves)

    def steps(self, which: Numbers, n_steps: int) -> list[_Chain]:
        """Return the chain after each step on the runs of these numbers."""
        vote = self._count(which, None)
        chains = [self._maximize(vote)]
        while len(chains) < n_steps:
            chains.append(self._maximize(self._count(which, chains[-1]).plus(vote, self._vote_weight)))
        return chains

    def log_likelihood(self, chain: _Chain, which: Numbers) -> float:
        """Return that of the votes in runs, each as often as it occurs."""
        scores, total = _scores(self._words, chain.emissions, self._silence), 0.0
        for some, places in blocks(self._runs.offsets, which, self._n_states):
            counts = self._runs.counts[some].astype(np.float64)
            of = posterior(scores[self._words.pattern[places]], chain.start, chain.transitions, counts)
            total += float(counts @ of.log_likelihood)
        return total

    def _count(self, which: Numbers, chain: _Chain | None) -> _Counts:
        """Return what is expected by a chain, or by the vote where there is none yet."""
        n_states = self._n_states
        start, moves = np.zeros(n_states), np.zeros((n_states, n_states))
        of_patterns = np.zeros((len(self._words.patterns), n_states))
        scores = None if chain is None else _scores(self._words, chain.emissions, self._silence)
        for some, places in blocks(self._runs.offsets, which, n_states):
            counts, pattern = self._runs.counts[some].astype(np.float64), self._words.pattern[places]
            if chain is None or scores is None:
                states = np.full((*places.shape, n_states), _SOFT / n_states)
                np.put_along_axis(states, self._vote_tags[places][:, :, None], 1 - _SOFT + _SOFT / n_states, axis=2)
                for word in range(1, places.shape[1]):
                    moves += (states[:, word - 1] * counts[:, None]).T @ states[:, word]
            else:
                of = posterior(scores[pattern], chain.start, chain.transitions, counts)
                states, moves = of.states, moves + of.moves
            weighted = states * counts[:, None, None]
            start += weighted[:, 0].sum(axis=0)
            for state in range(n_states):
                of_patterns[:, state] += np.bincount(
                    pattern.ravel(), weighted[:, :, state].ravel(), minlength=len(of_patterns)
                )
        emitted = np.zeros((self._runs.m, n_states, self._n_symbols))
        for lf, tags in enumerate(self._words.patterns.T):
            for state in range(n_states):
                emitted[lf, state] = np.bincount(tags + 1, of_patterns[:, state], minlength=self._n_symbols)
        return _Counts(start, moves, emitted)

    def _maximize(self, counts: _Counts) -> _Chain:
        start = np.where(self._allowed[0], counts.start + 1, 0)
        moves = np.where(self._allowed, counts.moves + 1, 0)
        emitted = counts.emitted + _SMOOTHING * self._prior
        words = emitted.sum(axis=2)
        emissions = emitted / words[:, :, None]
        is_inner = np.zeros(emissions.shape[1:], dtype=bool)
        n_labels = len(self._leaves) - self._n_inner
        for number, leaves in enumerate(self._leaves[n_labels:], n_labels):
            for symbol in (2 + 2 * number, 3 + 2 * number):
                for of_leaves in (1 + 2 * np.array(leaves), 2 + 2 * np.array(leaves)):
                    share = emitted[:, of_leaves, symbol].sum(axis=1) / words[:, of_leaves].sum(axis=1)
                    emissions[:, of_leaves, symbol] = share[:, None]
                    is_inner[of_leaves, symbol] = True
        # What inner labels leave is shared by the others as before, so that all is 1 and inner votes tell no leaves apart.
        inner = np.where(is_inner, emissions, 0)
        inner *= np.minimum(1, _MOST_INNER / np.maximum(inner.sum(axis=2, keepdims=True), 1e-300))
        rest = np.where(is_inner, 0, emissions)
        emissions = inner + rest * (1 - inner.sum(axis=2, keepdims=True)) / rest.sum(axis=2, keepdims=True)
        return _Chain(start / start.sum(), moves / moves.sum(axis=1, keepdims=True), emissions)


def _scores(words: _Words, emissions: Floats, silence: Floats) -> Floats:
    """Return the log-probability of each different word in each state. Shape: [p, S]."""
    log_emissions = np.log(np.maximum(emissions, 1e-300))
    log_emissions[:, :, 1] *= silence[:, None]
    scores = np.zeros((len(words.patterns), emissions.shape[1]))
    for lf, tags in enumerate(words.patterns.T):
        scores += log_emissions[lf].T[tags + 1]
    return np.where(words.possible, scores, scores + _IMPOSSIBLE)


def _allowed(n_states: int) -> NDArray[np.bool_]:
    """Return which state may follow which: I- only its own label, B- not its own label, since such spans are one."""
    allowed = np.ones((n_states, n_states), dtype=bool)
    for begin in range(1, n_states, 2):
        inside = begin + 1
        allowed[:, inside] = False
        allowed[[begin, inside], inside] = True
        allowed[[begin, inside], begin] = False
    return allowed


def _vote_tags(runs: Runs) -> Numbers:
    """Return the tags by majority vote on spans. Shape: [n_run_words]."""
    labels = SpanVote().fit(runs).label_runs(runs)
    tags = np.zeros(len(runs.tags), dtype=np.int64)
    first, lengths = runs.offsets[labels.run] + labels.begin, labels.end - labels.begin
    tags[stretches(first, lengths)] = np.repeat(2 + 2 * labels.label, lengths)
    tags[first] -= 1
    return tags


def _prior(runs: Runs, leaves: list[tuple[int, ...]]) -> Floats:
    """Return what each labeling function says in each state before any vote is seen: it is mostly right. [m, S, v]."""
    n_states, n_symbols = 1 + 2 * len(runs.labels), 2 + 2 * len(leaves)
    fit = np.full((n_states, n_symbols), _OTHER_LABEL)
    fit[0, 0] = 1
    for number, of_label in enumerate(leaves):
        for leaf in of_label:
            for place in (0, 1):
                fit[1 + 2 * leaf + place, 2 + 2 * number + place] = 1
                fit[1 + 2 * leaf + place, 3 + 2 * number - place] = _OTHER_PLACE
    weight = np.repeat(runs.counts, runs.lengths).astype(np.float64)
    shares = np.array([np.bincount(tags + 1, weight, minlength=n_symbols) for tags in runs.tags.T])
    # One more of each: also what a labeling function never said until now is told apart by the states.
    shares = (shares.reshape(runs.m, n_symbols) + 1) / (float(weight.sum()) + n_symbols)
    prior = shares[:, None, :] * fit
    prior[:, :, 1] = 0
    prior[:, :, 1] = np.maximum(1 - prior.sum(axis=2), _OTHER_LABEL)
    return prior


def _silence_weights(runs: Runs) -> Floats:
    """Return how much the silence of each labeling function says; 0 for those that are not complete. Shape: [m]."""
    weights = np.zeros(runs.m)
    if not any(runs.complete):
        return weights
    counts = np.repeat(runs.counts, runs.lengths).astype(np.float64)
    label = np.where(runs.tags > 0, (runs.tags.astype(np.int64) - 1) // 2, -1)
    for lf in np.flatnonzero(runs.complete).tolist():
        others, own = np.delete(label, lf, axis=1), label[:, lf]
        # Only labels that it gives at all: of others, its silence says nothing.
        votes = np.stack([(others == given).sum(axis=1) for given in np.unique(own[own >= 0]).tolist()] or [own * 0])
        n_others = votes.max(axis=0)
        confirmed, alone = n_others >= 2, n_others == 1
        hits, misses = (
            float(counts[words & (own >= 0)].sum()) / (float(counts[words].sum()) + _DOUBTFUL)
            for words in (confirmed, alone)
        )
        weights[lf] = max(0.0, hits - misses)
    return weights


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
