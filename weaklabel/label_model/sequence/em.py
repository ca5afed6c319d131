"""EM for a hidden Markov chain of BIO tags that votes are emitted from: what is counted in runs, and made of the counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.sequence.base import Floats, stretches
from weaklabel.label_model.sequence.markov import blocks, posterior
from weaklabel.label_model.sequence.proposals import leaves_of
from weaklabel.label_model.sequence.vote import SpanVote
from weaklabel.units.spans import Numbers
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


class Chain(NamedTuple):
    """Probabilities of the first state [S], of moves [S, S], and of what each labeling function says in a state [m, S, v]."""

    start: Floats
    transitions: Floats
    emissions: Floats


class _Counts(NamedTuple):
    """Expected numbers of the same, in the shapes of `Chain`."""

    start: Floats
    moves: Floats
    emitted: Floats

    def plus(self, other: _Counts, weight: float) -> _Counts:
        return _Counts(*(mine + weight * its for mine, its in zip(self, other, strict=True)))


class Words(NamedTuple):
    """The different words of runs, by what labeling functions say of them.

    ``patterns``: what they say, [p, m]. ``possible``: the states that a word may have, [p, S]. ``pattern``: which of these
    each word is, [n].
    """

    patterns: Tags
    possible: NDArray[np.bool_]
    pattern: Numbers

    @classmethod
    def of(cls, runs: Runs) -> Words:
        """Take the words of runs."""
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


class EM:
    """The steps of EM on some of the runs."""

    def __init__(self, runs: Runs, silence: Floats, vote_weight: float) -> None:
        self._runs, self._silence, self._vote_weight = runs, silence, vote_weight
        self._words = Words.of(runs)
        self._leaves, self._n_inner = leaves_of(runs), len(runs.inner)
        self._n_states, self._n_symbols = 1 + 2 * len(runs.labels), 2 + 2 * len(self._leaves)
        self._vote_tags = _vote_tags(runs)
        self._allowed = _allowed(self._n_states)
        self._prior = _prior(runs, self._leaves)

    def steps(self, which: Numbers, n_steps: int) -> list[Chain]:
        """Return the chain after each step on the runs of these numbers."""
        vote = self._count(which, None)
        chains = [self._maximize(vote)]
        while len(chains) < n_steps:
            chains.append(self._maximize(self._count(which, chains[-1]).plus(vote, self._vote_weight)))
        return chains

    def log_likelihood(self, chain: Chain, which: Numbers) -> float:
        """Return that of the votes in runs, each as often as it occurs."""
        scores, total = scores_of(self._words, chain.emissions, self._silence), 0.0
        for some, places in blocks(self._runs.offsets, which, self._n_states):
            counts = self._runs.counts[some].astype(np.float64)
            of = posterior(scores[self._words.pattern[places]], chain.start, chain.transitions, counts)
            total += float(counts @ of.log_likelihood)
        return total

    def _count(self, which: Numbers, chain: Chain | None) -> _Counts:
        """Return what is expected by a chain, or by the vote where there is none yet."""
        n_states = self._n_states
        start, moves = np.zeros(n_states), np.zeros((n_states, n_states))
        of_patterns = np.zeros((len(self._words.patterns), n_states))
        scores = None if chain is None else scores_of(self._words, chain.emissions, self._silence)
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

    def _maximize(self, counts: _Counts) -> Chain:
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
        return Chain(start / start.sum(), moves / moves.sum(axis=1, keepdims=True), emissions)


def scores_of(words: Words, emissions: Floats, silence: Floats) -> Floats:
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


def silence_weights(runs: Runs) -> Floats:
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
