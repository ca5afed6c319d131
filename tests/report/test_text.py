import numpy as np
import pytest

from weaklabel.errors import ScoreError
from weaklabel.report import scores_table
from weaklabel.scoring import score

LABELS = ("ham", "spam")


@pytest.fixture
def stages():
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, 1200)
    shares = {"majority_vote": 0.5, "label_model": 0.7, "bert": 0.9}
    return {
        name: score(Y, np.where(rng.random(1200) < share, Y, rng.integers(-1, 2, 1200)), labels=LABELS)
        for name, share in shares.items()
    }


def test_scores_table_says_what_it_shows(stages):
    caption, _, head, _, *rows = scores_table(stages).splitlines()
    assert "of 'spam'" in caption and "1,200 gold rows" in caption and "95% bootstrap intervals" in caption
    assert "counts as a miss" in caption
    assert head.split() == ["stage", "precision", "recall", "F1", "accuracy", "coverage"]
    assert [row.split()[0] for row in rows] == list(stages)
    bert = stages["bert"]
    low, high = bert.intervals["f1"]
    assert f"{bert.f1:.3f} [{low:.3f}, {high:.3f}]" in rows[-1] and rows[-1].endswith(f"{bert.coverage:.3f}")


def test_scores_table_without_intervals_and_with_different_n(stages):
    plain = {"a": score([0, 1, 2], [0, 1, 2], intervals=0), "b": score([0, 1, 2, 2], [0, 1, 2, 1], intervals=0)}
    caption, _, head, *_ = scores_table(plain).splitlines()
    assert "macro average of 3 classes" in caption and "interval" not in caption and "gold rows" not in caption
    assert head.split()[-1] == "n"
    assert "no gold" in scores_table({})


def test_stages_that_measure_different_things_are_refused(stages):
    with pytest.raises(ScoreError, match="'bert' and 'other' differ in positive"):
        scores_table(
            {"bert": stages["bert"], "other": score([0, 1], [0, 1], labels=LABELS, positive="ham", intervals=0)}
        )
