import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weaklabel.errors import ScoreError
from weaklabel.report import lf_table, scores_table, table
from weaklabel.report.text import display_width
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


def test_wide_names_do_not_shift_columns():
    lines = table([("垃圾短信", "x"), ("🎉 party", "x"), ("e\u0301te\u0301", "x")], ["名字", "y"]).splitlines()
    assert len({display_width(line) for line in lines}) == 1
    assert [display_width(line[: line.rindex("x")]) for line in lines[2:]] == [10, 10, 10]


@given(st.lists(st.tuples(st.text(max_size=8), st.integers()), min_size=1, max_size=6))
def test_every_line_is_as_wide_as_the_rule_whatever_the_names(rows):
    head, rule, *body = table(rows, ["name", "count"]).split("\n")
    assert len(body) == len(rows)
    assert {display_width(line) for line in (head, rule, *body)} == {len(rule)}


def test_numbers_stand_right_and_names_left():
    text = table([("a", 5, 0.5), ("long name", 1234, float("nan")), ("b", None, 12.0)], ["LF", "n", "share"])
    assert text.splitlines()[2:] == [
        "a             5   0.500",
        "long name  1234       -",
        "b             -  12.000",
    ]


def test_no_name_can_forge_a_line_or_colour():
    text = table([("a\nb\x1b[31m\u202e\u2028", True)], ["name\r", "ok"])
    assert len(text.splitlines()) == 3
    assert r"a\nb\x1b[31m\u202e\u2028" in text and "\x1b" not in text


def test_a_ragged_row_is_refused():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        table([("a",)], ["name", "n"])


def test_a_table_without_rows_is_its_header():
    assert table([], ["a", "b"]) == "a  b\n----"


def test_lf_table_keeps_the_frames_columns():
    frame = pd.DataFrame(
        {
            "j": [0, 1],
            "Polarity": [[0, 1], []],
            "Coverage": [0.25, 0.0],
            "Correct": pd.array([3, None], dtype="Int64"),
            "Emp. Acc.": [0.75, np.nan],
        },
        index=["查看", "never"],
    )
    lines = lf_table(frame).splitlines()
    assert lines[0].split() == ["LF", "j", "Polarity", "Coverage", "Correct", "Emp.", "Acc."]
    assert lines[2].split() == ["查看", "0", "[0,", "1]", "0.250", "3", "0.750"]
    assert lines[3].split() == ["never", "1", "[]", "0.000", "-", "-"]


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
