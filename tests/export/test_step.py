"""Export as a step of a run: done once, stale when something changes, and checked before any work."""

import json

import pytest

from tests.export.conftest import lines
from tests.project.conftest import Place
from tests.tiny_llm import save_causal
from weaklabel.errors import ConfigError, ExportError

EXPORT = """
[export]
to = ["messages", "jsonl"]
tokenizer = "tiny"
license = "cc0-1.0"
source_license = "cc0-1.0"
[export.messages]
system = "You sort messages."
"""


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    save_causal(place.folder / "tiny")
    place.project.write_text(place.project.read_text(encoding="utf-8") + EXPORT, encoding="utf-8")
    return place


def test_a_run_exports_and_does_it_once(place):
    result = place.run()
    assert list(result.timings)[-2:] == ["export", "report"]
    out = place.out / "export"
    assert {path.name for path in out.iterdir()} == {
        "README.md",
        "export.json",
        "dataset_info.json",
        "messages",
        "jsonl",
    }
    records = lines(out / "messages" / "train.jsonl")
    assert len(records) == 40 and records[0]["messages"][0]["content"] == "You sort messages."
    assert place.not_done() == [] and place.run().done_before
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "Emp. Acc." in card and "majority\\_vote" in card and "weaklabel run PROJECT.toml" in card
    assert str(place.folder) not in card
    manifest = json.loads((out / "export.json").read_text(encoding="utf-8"))
    assert manifest["forms"]["messages"]["tables"]["tokens of a record"]["largest"] > 50
    (place.folder / "tiny" / "more.txt").write_text("more", encoding="utf-8")
    assert place.not_done() == ["export", "report"], "a tokenizer counts by its content"
    place.edit("project.toml", "You sort messages.", "You sort mail.")
    assert place.not_done() == ["export", "report"]
    assert "export.messages" in place.plan()["export"][1]
    place.edit("gold.csv", "praise", "complaint")
    assert "export" in place.not_done(), "scores are in the card"


def test_a_wrong_option_is_refused_before_any_work(place):
    place.edit("project.toml", "system =", "sytem =")
    with pytest.raises(ConfigError, match=r"'export\.messages\.sytem' is no option of the form messages"):
        place.run()
    place.edit("project.toml", 'sytem = "You sort messages."', 'templates = ["{{ body }}"]')
    with pytest.raises(ExportError, match="template 1 uses 'body'"):
        place.run()
    assert place.asked() == 0
