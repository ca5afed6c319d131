"""The settings of the synthetic sweep: a designed sample of label-model problems, and the model of votes of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.votes_model import Floats, VotesModel

KINDS = {
    "narrow": "all labeling functions about as accurate",
    "wide": "accuracies from near chance to near certain",
    "adversarial": "a fifth of the labeling functions below chance",
    "correlated": "half of the labeling functions are noisy copies, in groups",
    "one-sided": "each labeling function votes for one class only",
    "hard rows": "on 30% of the rows no vote says much",
    "mixed": "one-sided, a fifth worse than chance, half of them copies, hard rows",
}
LEVELS: dict[str, Sequence[float]] = {
    "k": (2, 3, 5, 10),
    "m": (10, 25, 50, 100, 150),
    "coverage": (0.05, 0.2, 0.4, 0.6),
    "largest": (0.0, 0.8, 0.95),
    "n": (2_000, 5_000, 10_000),
}
SETTINGS_A_KIND = 8

VOTES_A_ROW = 4
"""Mean number of votes a row beyond which each labeling function is made worse."""


@dataclass(frozen=True)
class Setting:
    """One problem: its kind; classes, labeling functions, mean coverage, share of the largest class, rows; its seed.

    ``largest`` is 0 where all classes are as large.
    """

    kind: str
    k: int
    m: int
    coverage: float
    largest: float
    n: int
    seed: int

    @property
    def balance(self) -> str:
        return f"{self.largest:.0%} in one class" if self.largest else "uniform"


def design(seed: int = 0) -> list[Setting]:
    """Return the settings: within each kind, the levels of each factor come equally often, in random company.

    It is a Latin hypercube over levels (McKay, Beckman and Conover, 1979): 56 settings instead of 5,040.
    """
    rng, settings = np.random.default_rng(seed), []
    for kind in KINDS:
        # Where the levels do not divide the settings, the random start decides which of them come once more.
        columns = [_dealt(rng.permutation(levels), rng) for levels in LEVELS.values()]
        for k, m, coverage, largest, n in zip(*columns, strict=True):
            place = len(settings)
            settings.append(Setting(kind, int(k), int(m), float(coverage), float(largest), int(n), place))
    return settings


def votes_model(setting: Setting) -> VotesModel:
    """Draw the model of votes of a setting, from its seed."""
    rng = np.random.default_rng([setting.seed, 1])
    mixed = setting.kind == "mixed"
    balance = _balance(setting, rng)
    lifts = _lifts(setting, rng)
    coverages = np.clip(setting.coverage * rng.uniform(0.5, 1.5, setting.m), 0, 0.9)
    make = _one_sided if mixed or setting.kind == "one-sided" else _two_sided
    easy = np.stack([make(lf, lifts[lf], coverages[lf], balance, rng) for lf in range(setting.m)])
    # On a hard row, votes are mostly as they are on any row, whatever its class.
    hard = 0.2 * easy + 0.8 * np.einsum("mkv,k->mv", easy, balance)[:, None]
    share = 0.3 if mixed or setting.kind == "hard rows" else 0.0
    leaders, copying = np.full(setting.m, -1), np.zeros(setting.m)
    if mixed or setting.kind == "correlated":
        leaders[setting.m // 2 :] = rng.integers(0, max(1, setting.m // 10), setting.m - setting.m // 2)
        copying[setting.m // 2 :] = rng.uniform(0.5, 0.95, setting.m - setting.m // 2)
    return VotesModel(balance, np.array([1 - share, share]), np.stack([easy, hard]), leaders, copying)


def _dealt(levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.resize(levels, SETTINGS_A_KIND))


def _balance(setting: Setting, rng: np.random.Generator) -> Floats:
    """Return P(class): uniform, or one class, any of them, large and the others alike. Shape: [k]."""
    if not setting.largest:
        return np.full(setting.k, 1 / setting.k)
    balance = np.full(setting.k, (1 - setting.largest) / (setting.k - 1))
    balance[rng.integers(setting.k)] = setting.largest
    return balance


def _lifts(setting: Setting, rng: np.random.Generator) -> Floats:
    """Return how good each labeling function is: 1 is always right, 0 is chance, -1 is always wrong. Shape: [m].

    The more votes a row gets, the less each of them says: otherwise most settings would be solved by any model.
    """
    low, high = (0.5, 0.6) if setting.kind == "narrow" else (0.1, 0.9)
    lifts = rng.uniform(low, high, setting.m)
    if setting.kind in ("adversarial", "mixed"):
        worse = rng.permutation(setting.m)[: setting.m // 5]
        lifts[worse] = rng.uniform(-0.6, -0.1, len(worse))
    return lifts * min(1, np.sqrt(VOTES_A_ROW / (setting.m * setting.coverage)))


def _right(lift: Floats | float, chance: Floats | float) -> Floats:
    """Return the probability of being right that lies as far above, or below, ``chance`` as ``lift`` says."""
    return np.where(np.asarray(lift) >= 0, chance + lift * (1 - np.asarray(chance)), chance * (1 + np.asarray(lift)))


def _two_sided(lf: int, lift: float, coverage: float, balance: Floats, rng: np.random.Generator) -> Floats:
    """Make a table with votes for all classes, about as often right on each; errors favour some. Shape: [k, k+1]."""
    k = len(balance)
    jitter = rng.uniform(-0.08, 0.08, k)
    right = np.clip(_right(lift, 1 / k) + jitter, 0.02, 0.98)
    wrong = rng.dirichlet(np.ones(k - 1), k)
    votes = np.zeros((k, k))
    votes[~np.eye(k, dtype=bool)] = (wrong * (1 - right)[:, None]).ravel()
    votes[np.diag_indices(k)] = right
    return np.hstack([np.full((k, 1), 1 - coverage), coverage * votes])


def _one_sided(lf: int, lift: float, coverage: float, balance: Floats, rng: np.random.Generator) -> Floats:
    """Make a table with votes for one class only, whose precision lies off its share by the lift. Shape: [k, k+1]."""
    k = len(balance)
    label = lf % k
    share = balance[label]
    precision = float(_right(lift, share))
    # No class has more than 90% of its rows voted on, which holds down the coverage of small classes.
    rate = min(coverage, 0.9 * share / precision, 0.9 * (1 - share) / (1 - precision))
    table = np.zeros((k, k + 1))
    table[:, label + 1] = rate * (1 - precision) / (1 - share)
    table[label, label + 1] = rate * precision / share
    table[:, 0] = 1 - table[:, label + 1]
    return table
