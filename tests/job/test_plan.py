"""Why a step is stale, in words."""

import pytest

from weaklabel.job.plan import differences

CHANGED_FILES = ["a.csv changed", "c.csv is new", "b.csv is gone"]
BASIS = {"settings": {}, "files": {}, "lfs": [], "code": {}, "packages": {}}


@pytest.mark.parametrize(
    ("kind", "before", "now", "reasons"),
    [
        ("settings", {"epochs": 2}, {"epochs": 3}, ["epochs 2 -> 3"]),
        ("settings", {"model": "x"}, {}, ['model "x" -> (default)']),
        ("files", {"a.csv": "1", "b.csv": "1"}, {"a.csv": "2", "c.csv": "1"}, CHANGED_FILES),
        ("lfs", [["a", "1"], ["b", "1"]], [["a", "2"], ["b", "2"]], ["labeling functions a, b changed"]),
        ("lfs", [["a", "1"]], [["a", "1"], ["b", "1"]], ["labeling function b is new"]),
        ("lfs", [["a", "1"], ["b", "1"]], [["b", "1"]], ["labeling function a is gone"]),
        ("lfs", [["a", "1"], ["b", "1"]], [["b", "1"], ["a", "1"]], ["the labeling functions are in another order"]),
        ("lfs", [["a", "once-1"]], [["a", "once-2"]], ["labeling function a cannot be compared with what it was"]),
        ("lfs", [[f"l{n}", "1"] for n in range(5)], [], ["labeling functions l0, l1, l2 and 2 more are gone"]),
        ("packages", {"torch": "1", "numpy": "1"}, {"torch": "2", "numpy": "1"}, ["package torch 1 -> 2"]),
        ("packages", {}, {"torch": "2"}, ["package torch none -> 2"]),
        ("code", {"lf": "1", "corpus": "1"}, {"lf": "2", "corpus": "1"}, ["code of weaklabel changed (lf)"]),
    ],
)  # fmt: skip
def test_why_a_step_is_stale(kind, before, now, reasons):
    assert list(differences(BASIS | {kind: before}, BASIS | {kind: now})) == reasons
    assert not list(differences(BASIS | {kind: now}, BASIS | {kind: now})) or "once" in str(now)
