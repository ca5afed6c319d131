"""The network of the hyper label model: EM over vote statistics, unrolled, each step of which is learned.

It is written once, for numpy and for PyTorch, whose names for what is used here are the same: ``xp`` is either module.
So what was trained is what runs, and running it needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from weaklabel.label_model.hyper.features import (
    FEATURES,
    abstain_features,
    by_class,
    fixed_features,
    lift,
    prior_features,
    vote_features,
)
from weaklabel.label_model.hyper.table import CHANNELS, Add, Array, Cells, Expected, State, VoteTable

LAYERS = 4
HIDDEN = 32
OUTPUTS = {"vote": 2 + CHANNELS, "abstain": 1, "prior": 2}
"""What the three small networks of a layer, of votes, abstains and classes, put out."""

_FIRST_EVIDENCE = 1.2


def run_network(table: VoteTable, weights: Mapping[str, Array], xp: Any, add: Add) -> list[State]:
    """Run the layers.

    Parameters
    ----------
    table
        The votes.
    weights
        As `names_and_shapes` says.
    xp
        ``numpy`` or ``torch``.
    add
        How to add up rows by group.

    Returns
    -------
    list of State
        After each layer; the last is the answer.
    """
    fixed = fixed_features(table, xp, add)
    nothing = xp.zeros_like(table.own)
    state = State(
        _FIRST_EVIDENCE * table.own,
        xp.zeros_like(add(nothing, table.lf, table.m)),
        xp.zeros_like(table.own[0]),
        xp.stack([nothing] * CHANNELS, -1),
    )
    states = []
    for layer in range(LAYERS):
        state = _step(table, state, fixed, lambda kind, x, at=layer: _dense(x, weights, f"{kind}{at}", xp), xp, add)
        states.append(state)
    return states


def scores_of(cells: Cells, table: VoteTable, state: State, xp: Any, add: Add) -> Array:
    """Return log probabilities of the patterns. Shape: [u, k]."""
    instead_of_abstain = state.evidence - state.abstain[table.lf]
    scores = add(instead_of_abstain[cells.item], cells.row, len(cells.counts)) + state.abstain.sum(0) + state.prior
    return _log_softmax(scores, xp)


def names_and_shapes() -> dict[str, tuple[int, ...]]:
    """Name the weights of all layers."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(LAYERS):
        for kind, width in FEATURES.items():
            sizes = [width, HIDDEN, HIDDEN, OUTPUTS[kind]]
            for depth, (before, after) in enumerate(pairwise(sizes)):
                shapes[f"{kind}{layer}.w{depth}"] = (before, after)
                shapes[f"{kind}{layer}.b{depth}"] = (after,)
    return shapes


def _dense(x: Array, weights: Mapping[str, Array], name: str, xp: Any) -> Array:
    for depth in range(3):
        x = x @ weights[f"{name}.w{depth}"] + weights[f"{name}.b{depth}"]
        if depth < 2:
            x = xp.tanh(x)
    return x


def _step(table: VoteTable, state: State, fixed: Mapping[str, Array], net: Any, xp: Any, add: Add) -> State:
    """Expect the classes from the state, compute features, and let the networks correct the evidence."""
    expected = expect(table, state, xp, add)
    share = (expected.by_class + 1) / (table.n + len(expected.by_class))
    log_share = xp.log(share)
    context = by_class(state.channels, table.own)
    votes = net("vote", vote_features(table, state, expected, log_share, context, fixed, xp))
    gate = _sigmoid(votes[..., 0], xp)
    evidence = state.evidence + gate * (lift(expected.by_others, log_share, xp) - state.evidence) + votes[..., 1]
    abstain_evidence, features = abstain_features(table, expected, share, votes[..., 2:], fixed, xp, add)
    abstain = _sigmoid(net("abstain", features)[..., 0], xp) * abstain_evidence
    judged = net("prior", prior_features(state, log_share, by_class(votes[..., 2:], table.own), context, fixed, xp))
    prior = 2 * _sigmoid(judged[..., 0], xp) * log_share + judged[..., 1]
    return State(_centred(evidence), _centred(abstain), prior - prior.mean(), xp.tanh(votes[..., 2:]))


def expect(table: VoteTable, state: State, xp: Any, add: Add) -> Expected:
    """Count rows by expected class."""
    d = len(table.votes)
    by_class = state.prior * 0
    by_vote = by_others = state.evidence * 0
    doubt = by_vote.sum(-1)
    for cells in table.parts:
        scores = scores_of(cells, table, state, xp, add)
        probs = xp.exp(scores)
        others = _log_softmax(scores[cells.row] - state.evidence[cells.item], xp)
        weight = cells.counts[cells.row][:, None]
        likely = weight * (1 - cells.alone[:, None]) * xp.exp(others)
        by_class = by_class + (cells.counts[:, None] * probs).sum(0)
        by_vote = by_vote + add(weight * probs[cells.row], cells.item, d)
        by_others = by_others + add(likely, cells.item, d)
        doubt = doubt - add(likely * others, cells.item, d).sum(-1)
    return Expected(by_class, by_vote, by_others, doubt)


def _centred(values: Array) -> Array:
    return values - values.mean(-1)[..., None]


def _log_softmax(scores: Array, xp: Any) -> Array:
    scores = scores - xp.amax(scores, -1)[..., None]
    return scores - xp.log(xp.exp(scores).sum(-1))[..., None]


def _sigmoid(x: Array, xp: Any) -> Array:
    return 0.5 + 0.5 * xp.tanh(x / 2)
