"""A small corpus about two things, with labeling functions that know half of the words."""

import numpy as np
import pytest

from weaklabel.lf.patterns import keyword_lf
from weaklabel.suggest import suggest_lfs
from weaklabel.votes import Votes, apply_lfs

LABELS = ("food", "sport")
WORDS = {
    0: ["soup", "bread", "cheese", "kitchen", "recipe", "butter", "dinner", "oven"],
    1: ["goal", "match", "coach", "team", "league", "stadium", "penalty", "striker"],
}
FILLING = ["the", "we", "today", "was", "very", "good", "again", "they", "had", "a"]


class World:
    """Texts of two classes, votes on words of each, and what a label model that knows all would say."""

    def __init__(self, n=600, seed=0):
        rng = np.random.default_rng(seed)
        self.Y = rng.integers(0, 2, n)
        self.texts = []
        for row, label in enumerate(self.Y):
            words = [*rng.choice(WORDS[label], 2, replace=False), *rng.choice(FILLING, 4)]
            rng.shuffle(words)
            number = f" {rng.integers(100_000, 1_000_000)}" if label == 1 and row % 3 == 0 else ""
            self.texts.append(f"{' '.join(words)}{number}.")
        self.lfs = [
            keyword_lf("soup", 0, ["soup", "bread"]),
            keyword_lf("goal", 1, ["goal", "match"]),
            keyword_lf("bread", 0, ["bread"]),
        ]
        self.votes = Votes(apply_lfs(self.lfs, self.texts).L, [lf.name for lf in self.lfs], LABELS)
        self.probs = np.where(np.eye(2)[self.Y] == 1, 0.9, 0.1)

    def suggest(self, **how):
        probs = how.pop("probs", self.probs)
        votes = how.pop("votes", self.votes)
        return suggest_lfs(self.texts, votes, probs, LABELS, **how)


@pytest.fixture(scope="session")
def world():
    return World()


@pytest.fixture(scope="session")
def suggestions(world):
    return world.suggest(n=4)
