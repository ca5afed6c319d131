"""Features of votes, labeling functions and classes, the input of the hyper label model's network.

No feature depends on their order. Values are logs or shares, about as large as 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weaklabel.label_model.hyper.table import CHANNELS, Add, Array, Expected, State, VoteTable

FEATURES = {"vote": 26 + 3 * CHANNELS, "abstain": 6 + CHANNELS, "prior": 9 + 2 * CHANNELS}
"""Number of features of a vote, of an abstain, and of a class."""

_PSEUDO_ROWS = 2.0


def fixed_features(table: VoteTable, xp: Any, add: Add) -> dict[str, Array]:
    """Features that depend on the votes alone."""
    d, k = table.own.shape
    same = table.own @ table.own.T
    overlaps_class = table.overlaps @ table.own
    of_class = (table.votes[:, None] * table.own).sum(0)
    vote_share = (of_class + 1) / (of_class.sum() + k)
    share = (overlaps_class + _PSEUDO_ROWS * vote_share) / (overlaps_class.sum(-1)[:, None] + _PSEUDO_ROWS)
    items = (table.own.sum(0) + 0.5) / (d + 0.5 * k)
    lf_rows = add(table.votes[:, None], table.lf, table.m)[:, 0]
    ones = xp.ones_like(table.votes)
    return {
        "same": same,
        "agreeing": (table.overlaps * same).sum(-1),
        "differing": (table.overlaps * (1 - same)).sum(-1),
        "overlaps": xp.log(share) - xp.log(vote_share),
        "log_vote_share": xp.log(vote_share),
        "log_items": xp.log(items),
        "coverage": lf_rows / table.n,
        "classes": xp.log(add(ones[:, None], table.lf, table.m)[:, 0]),
        "log_k": xp.log(ones[0] * k),
        "log_d": xp.log(ones[0] * d),
        "log_n": xp.log(ones[0] * table.n),
        "log_density": xp.log(table.votes.sum() / table.n),
    }


def vote_features(
    table: VoteTable,
    state: State,
    expected: Expected,
    log_share: Array,
    context: Array,
    fixed: Mapping[str, Array],
    xp: Any,
) -> Array:
    """Shape: [d, k, features]."""
    votes, own, met = table.votes, table.own, expected.by_others.sum(-1)
    by_others = lift(expected.by_others, log_share, xp)
    with_it = lift(expected.by_vote, log_share, xp)
    chance = expected.by_vote @ (expected.by_vote / (expected.by_class + 1e-6)).T
    chance = chance * (table.lf[:, None] != table.lf[None, :])
    excess = xp.log((table.overlaps + 1) / (chance + 1))
    agreeing, differing = fixed["agreeing"], fixed["differing"]
    per_item = [
        (by_others * own).sum(-1),
        xp.amax(by_others - 20 * own, -1),
        (log_share * own).sum(-1) / 2,
        xp.log(votes) / 5,
        xp.log(votes / table.n) / 5,
        xp.log(1 + met) / 5,
        met / votes,
        expected.doubt / (met + 1) / fixed["log_k"],
        xp.log((agreeing + 1) / ((chance * fixed["same"]).sum(-1) + 1)),
        xp.log((differing + 1) / ((chance * (1 - fixed["same"])).sum(-1) + 1)),
        xp.amax(excess * fixed["same"], -1),
        xp.log(1 + agreeing / votes),
        xp.log(1 + differing / votes),
        fixed["classes"][table.lf],
        fixed["coverage"][table.lf],
    ]
    per_class = [log_share / 2, fixed["log_items"] / 2, fixed["log_vote_share"] / 2]
    whole = [fixed["log_k"], fixed["log_d"] / 5, fixed["log_n"] / 5]
    evidence = state.evidence - state.abstain[table.lf]
    features = [own, evidence / 2, by_others, with_it / 2, fixed["overlaps"]]
    features += [value[:, None] + 0 * own for value in per_item]
    features += [value[None, :] + 0 * own for value in per_class]
    features += [value + 0 * own for value in whole]
    contexts = context[None] + 0 * state.channels
    overall = context.mean(0)[None, None] + 0 * state.channels
    return xp.concatenate([xp.stack(features, -1), state.channels, contexts, overall], -1)


def abstain_features(
    table: VoteTable,
    expected: Expected,
    share: Array,
    channels: Array,
    fixed: Mapping[str, Array],
    xp: Any,
    add: Add,
) -> tuple[Array, Array]:
    """Return the evidence of an abstain under the expected counts, and its features. Shape: [m, k], [m, k, features]."""
    of_class = add(expected.by_vote, table.lf, table.m) / (expected.by_class + 1)
    of_class = of_class / (1 + 0.02 * of_class)  # expectations may exceed one by rounding
    coverage = fixed["coverage"][:, None] + 0 * of_class
    abstain = xp.log((1.03 - of_class) / (1.03 - coverage))
    log_share = xp.log(share)[None, :] + 0 * of_class
    k = fixed["log_k"] + 0 * of_class
    n_items = xp.exp(fixed["classes"])[:, None, None]
    messages = xp.stack([add(xp.tanh(channels[..., c]), table.lf, table.m) for c in range(CHANNELS)], -1) / n_items
    features = [abstain, coverage, of_class, log_share / 2, k, fixed["log_d"] / 5 + 0 * of_class]
    return abstain, xp.concatenate([xp.stack(features, -1), messages], -1)


def prior_features(
    state: State, log_share: Array, messages: Array, before: Array, fixed: Mapping[str, Array], xp: Any
) -> Array:
    """Shape: [k, features]."""
    flat = 0 * log_share
    features = [
        log_share / 2,
        state.prior / 2,
        state.abstain.sum(0) / 2,
        fixed["log_vote_share"] / 2,
        fixed["log_items"] / 2,
        fixed["log_k"] + flat,
        fixed["log_d"] / 5 + flat,
        fixed["log_n"] / 5 + flat,
        fixed["log_density"] + flat,
    ]
    return xp.concatenate([xp.stack(features, -1), xp.tanh(messages), before], -1)


def lift(rows: Array, log_share: Array, xp: Any) -> Array:
    """Say how much likelier each class is given each vote, in logs; a few rows as usual are added. Shape: [d, k]."""
    share = (rows + _PSEUDO_ROWS * xp.exp(log_share)) / (rows.sum(-1)[:, None] + _PSEUDO_ROWS)
    return xp.log(share + 1e-6) - log_share


def by_class(channels: Array, own: Array) -> Array:
    """Average over the votes for each class. Shape: [d, k, c] -> [k, c]."""
    return (channels * own[..., None]).sum(0) / (own.sum(0)[:, None] + 1)
