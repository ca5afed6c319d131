"""Hidden Markov chains over the words of runs: probabilities and best paths, for all runs of one length at once.

Source: Rabiner 1989, "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.units.spans import Numbers

Floats = NDArray[np.float64]

_CELLS_AT_ONCE = 1 << 20
"""Words times states in a block; fixed, so that sums are rounded the same on any machine."""

_LEAST = -200.0
"""Log of how much less probable than the best state of a word any state is taken to be: nothing underflows."""


class Posterior(NamedTuple):
    """What the words of some runs of one length say together.

    ``states``: probability of each state at each word, [r, length, S]. ``moves``: expected number of moves from state to
    state, runs counted as often as they occur, [S, S]. ``after``: probability of each state at each word, given each state
    at the word before, as a factor on the transitions: ``P(s | s') = transitions[s', s] * after[word, s] / before[word, s']``.
    ``log_likelihood``: of each run, [r].
    """

    states: Floats
    moves: Floats
    after: Floats
    before: Floats
    log_likelihood: Floats


def blocks(offsets: Numbers, which: Numbers, n_states: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield blocks of runs of one length: their numbers, and the places of their words among all words.

    Parameters
    ----------
    offsets
        The words of run ``r`` are ``offsets[r]`` to before ``offsets[r + 1]``. Shape: [u + 1].
    which
        The runs to go through.
    n_states
        Number of states S.

    Yields
    ------
    tuple
        Shapes: [r], [r, length].
    """
    lengths = np.diff(offsets)[which]
    for length in np.unique(lengths).tolist():
        if not length:
            continue
        of_length = which[lengths == length]
        at_once = max(1, _CELLS_AT_ONCE // (length * n_states))
        for start in range(0, len(of_length), at_once):
            some = of_length[start : start + at_once]
            yield some, offsets[some][:, None] + np.arange(length)


def posterior(log_emitted: Floats, start: Floats, transitions: Floats, counts: Floats) -> Posterior:
    """Return probabilities of states and moves, by the forward-backward algorithm.

    Parameters
    ----------
    log_emitted
        Log-probability of what is seen of each word in each state. Shape: [r, length, S].
    start
        Probability of each state at the first word. Shape: [S].
    transitions
        Probability of each state (column) after each state (row). Shape: [S, S].
    counts
        How often each run occurs. Shape: [r].

    Examples
    --------
    >>> seen = np.log([[[0.9, 0.1], [0.5, 0.5]]])
    >>> of = posterior(seen, np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.2, 0.8]]), np.ones(1))
    >>> of.states.round(2).tolist(), of.log_likelihood.round(3).tolist()
    ([[[0.9, 0.1], [0.74, 0.26]]], [-1.386])
    """
    best = log_emitted.max(axis=2, keepdims=True)
    emitted = np.exp(np.maximum(log_emitted - best, _LEAST))
    n, length, n_states = emitted.shape
    forward, backward = np.empty_like(emitted), np.ones_like(emitted)
    scale = np.empty((n, length))
    for word in range(length):
        reached = forward[:, word - 1] @ transitions if word else np.broadcast_to(start, (n, n_states))
        mass = reached * emitted[:, word]
        scale[:, word] = mass.sum(axis=1)
        forward[:, word] = mass / scale[:, word, None]
    after = np.ones_like(emitted)
    moves = np.zeros((n_states, n_states))
    for word in range(length - 1, 0, -1):
        after[:, word] = emitted[:, word] * backward[:, word] / scale[:, word, None]
        backward[:, word - 1] = after[:, word] @ transitions.T
        moves += (forward[:, word - 1] * counts[:, None]).T @ after[:, word]
    states = forward * backward
    states /= states.sum(axis=2, keepdims=True)
    before = np.ones_like(emitted)
    before[:, 1:] = backward[:, :-1]
    log_likelihood = (np.log(scale) + best[:, :, 0]).sum(axis=1)
    return Posterior(states, moves * transitions, after, before, log_likelihood)


def best_path(log_emitted: Floats, start: Floats, transitions: Floats) -> Numbers:
    """Return the most probable states of runs of one length (Viterbi's algorithm); ties go to the lower state.

    Parameters are those of `posterior`. Shape: [r, length].

    Examples
    --------
    >>> seen = np.log([[[0.9, 0.1], [0.4, 0.6]]])
    >>> best_path(seen, np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.2, 0.8]])).tolist()
    [[0, 0]]
    """
    n, length, n_states = log_emitted.shape
    with np.errstate(divide="ignore"):
        log_start, log_moves = np.log(start), np.log(transitions)
    back = np.zeros((n, length, n_states), dtype=np.int32)
    total = log_start + log_emitted[:, 0]
    for word in range(1, length):
        best = np.full((n, n_states), -np.inf)
        for state in range(n_states):  # a loop over states takes the memory of one of them, not of all pairs
            reached = total[:, state, None] + log_moves[state]
            is_better = reached > best
            back[:, word][is_better] = state
            best = np.where(is_better, reached, best)
        total = best + log_emitted[:, word]
    path = np.empty((n, length), dtype=np.int64)
    path[:, -1] = total.argmax(axis=1)
    for word in range(length - 1, 0, -1):
        path[:, word - 1] = np.take_along_axis(back[:, word], path[:, word, None], axis=1)[:, 0]
    return path
