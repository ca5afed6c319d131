"""Files of decisions that cannot be read are refused in a sentence."""

import json

import pytest

from weaklabel.decisions import DecisionLog, is_decision_file, read_decisions
from weaklabel.errors import WeakLabelError

LINE = json.dumps(
    {
        "text_sha256": "a" * 64,
        "row": 1,
        "label": "spam",
        "reviewer": "ann",
        "time": "2026-01-01T00:00:00+00:00",
        "note": "",
    }
)


def test_a_file_without_a_decision(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(WeakLabelError, match=r"empty\.jsonl holds no decision; weaklabel review writes them"):
        read_decisions(tmp_path / "empty.jsonl")
    with pytest.raises(WeakLabelError, match=r"gone\.jsonl"):
        read_decisions(tmp_path / "gone.jsonl")


def test_a_folder_cannot_be_read(tmp_path):
    with pytest.raises(WeakLabelError, match="cannot read decisions from"):
        DecisionLog(tmp_path).decisions()


def test_decisions_are_only_ever_added(tmp_path):
    path = tmp_path / "decisions.jsonl"
    path.write_text(f"{LINE}\n{LINE}\n")
    log = DecisionLog(path)
    assert len(log.decisions()) == 2
    path.write_text(f"{LINE}\n")
    with pytest.raises(WeakLabelError, match="became shorter, though decisions are only ever added; open it again"):
        log.decisions()


@pytest.mark.parametrize(("change", "is_one"), [({}, True), ({"row": "1"}, False), ({"note": None}, False)])
def test_a_decision_is_known_by_its_fields(tmp_path, change, is_one):
    path = tmp_path / "file.jsonl"
    path.write_text(json.dumps(json.loads(LINE) | change) + "\n")
    assert is_decision_file(path) is is_one
