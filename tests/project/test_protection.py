"""What [protect] decides: which steps of a project are done again when one of its settings changes, and why."""

import pytest

from tests.project.conftest import Place
from tests.project.test_prepare import plan
from weaklabel.config import ProtectSettings, read_project
from weaklabel.errors import ConfigError
from weaklabel.project.prepare import Preparation

KEY = "first key of many characters"
ALL = ["collect", "clean", "dedup", "protect", "split"]
UNTIL_PROTECT = ALL[:-1]
BEFORE = """[collect]
sources = ["raw"]

[clean]
rules = { min-words = 3 }

[dedup]

[protect]
actions = { email = "pseudonym" }
key_file = "key.txt"
names = "spacy"
pipeline = "blank"

[split]
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A project whose corpus is prepared with all five steps; each test puts back what it changes."""
    import spacy

    place = Place(tmp_path_factory.mktemp("protected"))
    raw = place.folder / "raw"
    raw.mkdir()
    texts = [f"write to person{number}@example.org about order E-{number:06}, thanks" for number in range(12)]
    for number, text in enumerate([*texts, "jo@example.org E-123456", texts[0]]):
        (raw / f"{number}.txt").write_text(text, encoding="utf-8")
    (raw / "latin E-654321.txt").write_bytes("Grüße von jo@example.org".encode("latin-1"))
    (place.folder / "key.txt").write_text(KEY)
    (place.folder / "key.txt").chmod(0o600)
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Acme"}])
    nlp.to_disk(place.folder / "blank")
    place.edit("project.toml", '[corpus]\npath = "messages.csv"\n', BEFORE)
    prepare(place)
    assert states(place) == {}
    return place


def prepare(place):
    Preparation(read_project(place.project)).run()


def states(place):
    """Return why each step is stale that is to be done, but for those that only follow others."""
    return {name: why for name, (state, *why) in plan(place).items() if state == "stale" and name in ALL}


def own(place):
    """Return the steps that are stale for a reason of their own, and the reason."""
    return {
        name: why[0] for name, why in states(place).items() if why and not why[0].endswith(("is stale", "is to do"))
    }


CHANGES = {
    "action": ("[protect]\n", '[protect]\naction = "drop"\n', UNTIL_PROTECT),
    "actions": ('{ email = "pseudonym" }', '{ email = "pseudonym", ip = "drop" }', UNTIL_PROTECT),
    "find": ("[protect]\n", '[protect]\nfind = ["email", "phone"]\n', UNTIL_PROTECT),
    "ignore": ("[protect]\n", '[protect]\nignore = ["ip"]\n', UNTIL_PROTECT),
    "columns": ("[protect]\n", '[protect]\ncolumns = ["text"]\n', ["clean", "dedup", "protect"]),
    "skip": ("[protect]\n", '[protect]\nskip = ["file"]\n', ["clean", "dedup", "protect"]),
    "regions": ("[protect]\n", '[protect]\nregions = ["DE"]\n', UNTIL_PROTECT),
    "names": ('names = "spacy"\n', "", UNTIL_PROTECT),
    "pipeline": ('pipeline = "blank"', 'pipeline = "en_core_web_sm"', UNTIL_PROTECT),
    "patterns": ("[protect]\n", "[protect]\npatterns = { order = 'E-\\d{6}' }\n", UNTIL_PROTECT),
    "allow": ("[protect]\n", '[protect]\nallow = ["jo@example.org"]\n', UNTIL_PROTECT),
    "key_file": ('key_file = "key.txt"', 'key_file = "other.txt"', UNTIL_PROTECT),
    "keep": ("[protect]\n", '[protect]\nkeep = ["kept.jsonl"]\n', ["protect"]),
}
"""By setting: how it is changed, and which steps it decides."""


def test_every_setting_is_tried():
    assert CHANGES.keys() == ProtectSettings.model_fields.keys()


@pytest.mark.parametrize("setting", CHANGES)
def test_a_setting_that_changes_makes_the_steps_stale_that_it_decides(prepared, setting):
    old, new, expected = CHANGES[setting]
    (prepared.folder / "kept.jsonl").write_text("")
    (prepared.folder / "other.txt").write_text("another key of many characters")
    (prepared.folder / "other.txt").chmod(0o600)
    project = prepared.project.read_text()
    prepared.edit("project.toml", old, new)
    try:
        reasons = own(prepared)
        assert list(reasons) == expected
        what = {"key_file": "the key for pseudonyms", "keep": "kept.jsonl", "pipeline": "the pipeline blank"}
        assert all(what.get(setting, f"protect.{setting}") in " ".join(why) for why in reasons_of(prepared, expected))
    finally:
        prepared.project.write_text(project)
    assert states(prepared) == {}


def reasons_of(place, names):
    return [plan(place)[name][1:] for name in names]


def test_another_key_in_the_same_file(prepared):
    file = prepared.folder / "key.txt"
    file.write_text("second key of many characters")
    try:
        assert own(prepared) == dict.fromkeys(UNTIL_PROTECT, "the key for pseudonyms changed")
    finally:
        file.write_text(KEY)
    assert states(prepared) == {}


def test_the_key_counts_and_not_where_it_is(prepared, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY)
    project = prepared.project.read_text()
    prepared.edit("project.toml", 'key_file = "key.txt"\n', "")
    try:
        assert states(prepared) == {}
        monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY + "!")
        assert own(prepared) == dict.fromkeys(UNTIL_PROTECT, "the key for pseudonyms changed")
        monkeypatch.delenv("WEAKLABEL_PROTECT_KEY")
        with pytest.raises(ConfigError, match="pseudonyms need a key: set the environment variable"):
            plan(prepared)
    finally:
        prepared.project.write_text(project)


def test_a_pipeline_in_a_folder_counts_by_its_content(prepared):
    file = prepared.folder / "blank" / "meta.json"
    before = file.read_text()
    file.write_text(before.replace('"name":"pipeline"', '"name":"other"').replace('"version":"', '"version":"9'))
    try:
        assert file.read_text() != before
        assert own(prepared) == dict.fromkeys(UNTIL_PROTECT, "the pipeline blank changed")
    finally:
        file.write_text(before)


def test_the_key_is_in_no_file(prepared):
    files = [path for path in prepared.out.rglob("*") if path.is_file()]
    assert len(files) > 8 and not any(KEY.encode() in path.read_bytes() for path in files)


def test_rejects_of_all_steps_are_masked_anew(prepared):
    rejects = {name: prepared.out / "corpus" / f"{name}.rejects.jsonl" for name in ("collect", "clean", "dedup")}
    before = {name: path.read_text() for name, path in rejects.items()}
    assert "E-654321" in before["collect"] and "E-123456" in before["clean"]
    project, key = prepared.project.read_text(), prepared.folder / "key.txt"
    prepared.edit("project.toml", "[protect]\n", "[protect]\npatterns = { order = 'E-\\d{6}' }\n")
    key.write_text("third key of many characters")
    try:
        prepare(prepared)
        after = {name: path.read_text() for name, path in rejects.items()}
        assert "[ORDER]" in after["collect"] and not any("E-123456" in text for text in after.values())
        assert "[EMAIL " in before["clean"] and "[EMAIL " in after["clean"]
        assert not set(emails(before.values())) & set(emails(after.values()))
    finally:
        prepared.project.write_text(project)
        key.write_text(KEY)
    prepare(prepared)
    assert {name: path.read_text() for name, path in rejects.items()} == before


def emails(texts):
    return [piece.partition("]")[0] for text in texts for piece in text.split("[EMAIL ")[1:]]


def test_a_plan_makes_no_key_file_and_the_first_run_does(tmp_path):
    place = Place(tmp_path)
    place.edit("project.toml", "[lfs]", '[protect]\naction = "pseudonym"\nkey_file = "new.txt"\n[lfs]')
    assert plan(place)["protect"] == ("to do",) and not (tmp_path / "new.txt").exists()
    prepare(place)
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o600
    assert plan(place)["protect"] == ("done",)
    (tmp_path / "new.txt").unlink()
    assert plan(place)["protect"] == ("stale", "the key for pseudonyms changed")


def test_files_of_the_same_name_in_two_folders_both_count(tmp_path):
    place = Place(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "like.csv").write_text("text\nsome text that is like no other\n")
    place.edit("project.toml", "[lfs]", '[dedup]\nagainst = ["a/like.csv", "b/like.csv"]\n[lfs]')
    prepare(place)
    (tmp_path / "a" / "like.csv").write_text("text\nsome text that is like others\n")
    assert plan(place)["dedup"] == ("stale", "like.csv changed")
