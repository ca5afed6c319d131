"""Editing gazetteers and regexes: what a change would do is shown, and saving changes only that in the pack."""

from dataclasses import replace

import pytest

from tests.review.spans.conftest import TEXTS
from weaklabel.errors import LFError
from weaklabel.review import open_review
from weaklabel.review.spans.editor import SpanEditor

PACK = '''\
"""Names, for the tests."""
import re

from weaklabel import gazetteer_lf, regex_spans_lf, span_lf

TASK = "spans"
LABELS = ("PER", "LOC")
PER, LOC = 0, 1

# Who it is about.
people = gazetteer_lf("people", "PER", ["Ada Lovelace", "Mary"])  # more to come
LFS = [
    regex_spans_lf("places", LOC, r"(?P<span>London)"),
    gazetteer_lf("both", {"PER": ["Grace"], "LOC": ["York"]}),
]
TITLES = "Ms|Dr"
titles = regex_spans_lf("titles", "PER", [rf"(?:{TITLES})\\. (?P<span>\\w+)", r"Grace"])
negative = regex_spans_lf("months", pattern="May", negative=True)


@span_lf("code", label="LOC")
def code(text):
    return re.finditer("東京", text)
'''


@pytest.fixture
def path(folder):
    file = folder / "names_lfs.py"
    file.write_text(PACK, "utf-8")
    return file


@pytest.fixture
def opened(folder, path):
    return open_review(folder / "texts.jsonl", lfs=[str(path)])


def test_what_can_be_edited_is_told(opened):
    editable = {lf.name: lf for lf in SpanEditor(opened).lfs()}
    assert [name for name, lf in editable.items() if lf.editable] == ["people", "places"]
    assert editable["people"].spec.options["entries"] == ["Ada Lovelace", "Mary"] and editable["people"].line == 11
    assert "several labels" in editable["both"].why and "no entity" in editable["months"].why
    assert "only gazetteers and regexes" in editable["code"].why


def test_a_preview_says_which_spans_are_gained_and_lost(opened):
    editor = SpanEditor(opened)
    opened.decide(3, [(14, 26, "PER")], "Ada")
    spec = editor.get("people").spec
    outcome = editor.preview(replace(spec, options={**spec.options, "entries": ["Ada Lovelace", "Mary of York"]}))
    assert (outcome.n_before, outcome.n_spans, outcome.n_gained, outcome.n_lost, outcome.n_rows) == (3, 3, 1, 1, 6)
    (gained,), (lost,) = outcome.gained, outcome.lost
    assert TEXTS[3][gained.begin : gained.end] == "Mary of York" and TEXTS[3][lost.begin : lost.end] == "Mary"
    assert (outcome.precision.hits, outcome.precision.n, outcome.precision_before.hits) == (1, 1, 0)
    places = editor.get("places").spec
    outcome = editor.preview(replace(places, options={**places.options, "pattern": r"to (?P<span>\w+)"}))
    assert outcome.n_gained == outcome.n_lost == 0
    with pytest.raises(LFError, match="places"):
        editor.preview(replace(places, options={**places.options, "pattern": "("}))
    assert opened.votes.lf_names == ("people", "places", "both", "titles", "months", "code")


def test_computed_regexes_can_be_tried_and_not_saved(opened, path):
    editor = SpanEditor(opened)
    assert not editor.get("titles").editable and "computed" in editor.get("titles").why
    spec = editor.spec("titles")
    assert spec.options["pattern"] == [r"(?:Ms|Dr)\. (?P<span>\w+)", "Grace"] and editor.preview(spec).n_gained == 0
    outcome = editor.preview(replace(spec, options={**spec.options, "pattern": ["Hopper"]}))
    assert (outcome.n_gained, outcome.n_lost) == (1, 1)
    with pytest.raises(LFError, match="computed"):
        editor.save(spec)
    assert editor.spec("code") is None and editor.spec("months") is None and path.read_text("utf-8") == PACK


def test_saving_changes_the_pack_and_the_votes(opened, path):
    editor = SpanEditor(opened)
    spec = editor.get("people").spec
    done = editor.save(
        replace(spec, options={**spec.options, "entries": ["Ada Lovelace", "Mary of York"], "case": "ignore"})
    )
    assert done.file == path
    changed = path.read_text("utf-8")
    expected = 'people = gazetteer_lf("people", "PER", ["Ada Lovelace", "Mary of York"], case="ignore")  # more to come'
    assert expected in changed and changed.replace(expected, "") == PACK.replace(PACK.splitlines()[10], "")
    assert opened.is_stale and opened.snapshot.voted[0].texts(opened.texts) == [
        "Ada Lovelace",
        "Mary of York",
        "Ada Lovelace",
    ]
    before = opened.spans.texts(opened.texts)
    opened.relabel()
    assert (
        not opened.is_stale
        and "Mary of York" in opened.spans.texts(opened.texts)
        and before != opened.spans.texts(opened.texts)
    )
    # A second change knows the first.
    places = editor.get("places").spec
    editor.save(replace(places, label="PER", options={**places.options, "pattern": "London|Rome"}))
    assert 'regex_spans_lf("places", PER, "London|Rome")' in path.read_text("utf-8")
    assert set(opened.snapshot.voted[1].label.tolist()) == {0}


def test_what_cannot_be_saved_is_refused_and_the_file_stays(opened, path):
    editor = SpanEditor(opened)
    spec = editor.get("people").spec
    with pytest.raises(LFError, match="no entries"):
        editor.save(replace(spec, options={**spec.options, "entries": []}))
    with pytest.raises(LFError, match="cannot be edited"):
        editor.save(replace(spec, name="both"))
    with pytest.raises(LFError, match="no labeling function is called 'peple'"):
        editor.save(replace(spec, name="peple"))
    assert path.read_text("utf-8") == PACK
    path.write_text(PACK + "# changed by others\n", "utf-8")
    with pytest.raises(LFError, match="changed"):
        editor.save(replace(spec, options={**spec.options, "entries": ["Ada"]}))
    assert path.read_text("utf-8") == PACK + "# changed by others\n"
