"""Editing labeling functions: previews against voting anew, and saves that change nothing but what was edited."""

import ast
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.review.conftest import PACK, TEXTS, write_corpus
from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.packs import load_lfs, ready_packs
from weaklabel.review import LFSpec, open_review
from weaklabel.review.packs import editor
from weaklabel.votes import LFAnalysis, apply_lfs


def edited(review, name, **options):
    spec = review.editor.get(name).spec
    label = options.pop("label", spec.label)
    return replace(spec, label=label, options={**spec.options, **options})


def pack_of(review, name="broken"):
    return review.editor.get(name).file


def test_what_can_be_edited_is_told(review):
    result = {lf.name: lf for lf in review.editor.lfs()}
    assert [name for name, lf in result.items() if lf.editable] == ["broken", "thanks", "shout", "short", "many"]
    assert result["thanks"].spec == LFSpec(
        "keyword",
        "thanks",
        "praise",
        {"keywords": ["thanks", "love"], "column": "text", "whole_word": True, "ignore_case": True, "min_count": 1},
    )
    assert result["short"].spec.options["max"] == 3
    assert "its keywords is computed" in result["computed"].why
    assert "can be edited here" in result["sure"].why
    assert PACK.splitlines()[result["broken"].line - 1].startswith("broken = ")


def test_a_preview_is_what_voting_anew_would_give(review):
    review.decide(2, "complaint", "ann")
    review.decide(5, "praise", "ann")
    spec = edited(review, "broken", keywords=["broken", "late"])
    preview = review.editor.preview(spec, "broken")
    lfs = [spec.make(review.labels) if lf.name == "broken" else lf for lf in review.lfs]
    votes = apply_lfs(lfs, review.batch.frame)
    analysis, column = LFAnalysis(votes), 0
    n = len(TEXTS)
    assert votes.lf_names[column] == "broken"
    assert preview.stats.coverage == analysis.lf_coverages()[column]
    assert preview.stats.overlaps / n == analysis.lf_overlaps()[column]
    assert preview.stats.conflicts / n == analysis.lf_conflicts()[column]
    assert (preview.stats.precision.hits, preview.stats.precision.n) == (1, 2)
    old, new = review.votes.L[:, 0] >= 0, votes.L[:, column] >= 0
    assert preview.gained == tuple(np.flatnonzero(new & ~old)) == (11,)
    assert preview.lost == tuple(np.flatnonzero(old & ~new)) == (3, 10)
    assert (preview.n_gained, preview.n_lost, preview.n_changed) == (1, 2, 0)
    assert preview.before.votes == old.sum()
    assert review.editor.preview(edited(review, "broken", label="praise"), "broken").n_changed == old.sum()
    assert review.editor.preview(replace(spec, name="new")).before is None


SAVES = [
    ("broken", {"keywords": ["broken", "late"]}, '["broken", "refund"]', '["broken", "late"]'),
    ("broken", {"min_count": 2}, '"refund"])', '"refund"], min_count=2)'),
    ("broken", {"label": "praise"}, '"broken", COMPLAINT', '"broken", PRAISE'),
    ("thanks", {"keywords": ["thanks"]}, '("thanks", "love")', '["thanks"]'),
    ("thanks", {"whole_word": False}, "whole_word=True", "whole_word=False"),
    ("thanks", {"ignore_case": False}, "whole_word=True,", "whole_word=True, ignore_case=False,"),
    ("shout", {"ignore_case": True}, 'r"!")', 'r"!"), ignore_case=True'),
    ("short", {"max": 2, "unit": "chars"}, "max=3", 'max=2, unit="chars"'),
    ("many", {"label": "praise"}, '"many", 0', '"many", PRAISE'),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "change", "old", "new"), SAVES)
def test_a_save_changes_the_call_and_nothing_else(project, newline, name, change, old, new):
    file = project.parent / "mine.py"
    before = PACK.replace("\n", newline)
    file.write_bytes(before.encode())
    review = open_review(project)
    spec = edited(review, name, **change)
    saved = review.editor.save(spec, name)
    assert saved.file == file and not saved.is_new and saved.advice == ""
    after = file.read_bytes().decode()
    assert before.count(old) == 1
    assert after == before.replace(old, new)
    assert review.editor.get(name).spec == spec
    assert np.array_equal(review.votes.L, apply_lfs(load_lfs(str(file)), review.batch.frame).L)
    assert sorted(path.name for path in project.parent.glob("*.py")) == ["mine.py"]


def test_other_encodings_stay(project):
    file = project.parent / "mine.py"
    file.write_bytes(
        ("# coding: latin-1\n# déjà vu ÄÖ\n" + PACK.replace('"refund"', '"é", "refund"')).encode("latin-1")
    )
    review = open_review(project)
    review.editor.save(edited(review, "broken", keywords=["über", "refund"]), "broken")
    text = file.read_bytes().decode("latin-1")
    assert 'broken = keyword_lf("broken", COMPLAINT, ["über", "refund"])  # more to come' in text
    with pytest.raises(LFError, match=r"written in iso-8859-1, which cannot encode '…'"):
        review.editor.save(edited(review, "broken", keywords=["…"]), "broken")


def test_what_cannot_be_seen_is_escaped(review):
    words = ["a\u202eb", 'say "yes"', "back\\slash", "新"]
    review.editor.save(edited(review, "broken", keywords=words), "broken")
    line = next(line for line in pack_of(review).read_text(encoding="utf-8").splitlines() if line.startswith("broken"))
    assert r'["a\u202eb", "say \"yes\"", r"back\slash", "新"]' in line
    assert review.editor.get("broken").spec.options["keywords"] == words


def test_long_lists_are_wrapped(review):
    words = [f"keyword number {number}" for number in range(30)]
    review.editor.save(edited(review, "broken", keywords=words), "broken")
    text = pack_of(review).read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120
    assert text.replace("\n", "").endswith(PACK[PACK.index("  # more") :].replace("\n", ""))


def test_a_save_revotes_one_lf_and_labels_wait(review):
    before = review.preds.copy()
    review.editor.save(edited(review, "broken", keywords=["nothing such"]), "broken")
    assert review.is_stale and np.array_equal(review.preds, before)
    assert not (review.votes.L[:, 0] >= 0).any()
    review.relabel()
    assert not review.is_stale
    assert review.row(2).label == "complaint" and review.row(3).label is None


def test_two_saves_within_a_second_are_both_loaded(review):
    for word in ("broken", "refund", "broken", "refund"):
        review.editor.save(edited(review, "broken", keywords=[word]), "broken")
        assert review.votes.L[:, 0].tolist() == [0 if word in text.lower() else -1 for text in TEXTS]
        assert review.lfs.lfs[0].vote(review.batch).tolist() == review.votes.L[:, 0].tolist()
        assert review.editor.get("broken").spec.options["keywords"] == [word]


def test_a_file_that_others_changed_is_left_alone(review):
    file = pack_of(review)
    file.write_text(PACK + "# mine\n", encoding="utf-8")
    with pytest.raises(LFError, match="changed on the disk since it was read"):
        review.editor.save(edited(review, "broken", keywords=["late"]), "broken")
    assert file.read_text(encoding="utf-8") == PACK + "# mine\n"
    assert not review.is_stale


@pytest.mark.parametrize(
    ("spec", "replaces", "message"),
    [
        (LFSpec("regex", "new", "praise", {"pattern": "("}), None, "does not work: unclosed group"),
        (LFSpec("regex", "new", "praise", {}), None, "regex_lf needs pattern"),
        (LFSpec("regex", "new", "praise", {"pattern": "a", "colour": 1}), None, "has no colour"),
        (LFSpec("lexicon", "new", "praise", {}), None, "kind must be one of keyword"),
        (LFSpec("regex", "broken", "praise", {"pattern": "a"}), None, "is a labeling function 'broken' already"),
        (LFSpec("regex", "new", "praise", {"pattern": "a"}), "broken", "name and kind cannot be changed"),
        (LFSpec("keyword", "computed", "praise", {"keywords": ["a"]}), "computed", "cannot be edited"),
        (LFSpec("regex", "new", "praise", {"pattern": "a"}), "brokn", "did you mean 'broken'"),
        (LFSpec("keyword", "new", "praise", {"keywords": ["a"], "column": "tekst"}), None, "reads column 'tekst'"),
    ],
)
def test_what_cannot_be_saved_is_a_sentence(review, spec, replaces, message):
    with pytest.raises(LFError, match=message):
        review.editor.save(spec, replaces)
    assert (review.folder.parent / "mine.py").read_text(encoding="utf-8") == PACK


def test_an_unknown_label_is_refused(review):
    with pytest.raises(WeakLabelError, match="unknown label 'prase'"):
        review.editor.preview(LFSpec("keyword", "new", "prase", {"keywords": ["a"]}))


def test_a_new_lf_goes_to_the_end_of_the_users_pack(review):
    saved = review.editor.save(LFSpec("count", "how many?", "complaint", {"pattern": r"\?", "min": 2}))
    text = saved.file.read_text(encoding="utf-8")
    assert text == PACK + '\nhow_many = count_lf("how many?", COMPLAINT, r"\\?", min=2)\n'
    assert review.votes.lf_names[-1] == "how many?"
    assert review.row(0).votes[-1].lf == "how many?"
    review.editor.save(LFSpec("keyword", "broken!", "complaint", {"keywords": ["smashed"], "whole_word": None}))
    assert saved.file.read_text(encoding="utf-8").endswith(
        '\nbroken_2 = keyword_lf("broken!", COMPLAINT, ["smashed"])\n'
    )


@pytest.mark.parametrize("pack", ["mine.py", "question"])
def test_of_two_reviews_of_one_folder_neither_loses_what_the_other_saved(project, pack):
    # A copy of a ready pack in the folder of the review stands in for it.
    project.write_text(project.read_text(encoding="utf-8").replace("./mine.py", pack), encoding="utf-8")
    first, second = open_review(project), open_review(project)
    first.editor.save(LFSpec("count", "shouts", first.labels[0], {"pattern": "!", "min": 4}))
    with pytest.raises(WeakLabelError, match=r"another review of .* has changed .* nothing was saved"):
        second.editor.save(LFSpec("count", "asks", first.labels[0], {"pattern": "[?]", "min": 4}))
    with pytest.raises(WeakLabelError, match="another review of"):
        second.relabel()
    first.editor.save(LFSpec("count", "asks", first.labels[0], {"pattern": "[?]", "min": 4}))
    assert {"shouts", "asks"} <= set(open_review(project).votes.lf_names)


def test_a_maker_that_was_not_imported_is(project):
    pack = '"""Doc."""\nimport weaklabel as wl\nLABELS = ("complaint", "praise")\nGOOD = 1\na = wl.regex_lf("a", GOOD, "a")'
    (project.parent / "mine.py").write_text(pack, encoding="utf-8")
    review = open_review(project)
    review.editor.save(LFSpec("length", "long", "complaint", {"min": 9}))
    assert pack_of(review, "a").read_text(encoding="utf-8") == pack + '\n\nlong = wl.length_lf("long", 0, min=9)\n'
    other = pack.replace("import weaklabel as wl", "from weaklabel import regex_lf").replace("wl.", "")
    (project.parent / "mine.py").write_text(other, encoding="utf-8")
    review = open_review(project)
    review.editor.save(LFSpec("length", "long", "praise", {"min": 9}))
    text = pack_of(review, "a").read_text(encoding="utf-8")
    assert "import regex_lf\nfrom weaklabel import length_lf\n" in text
    assert text.endswith('\n\nlong = length_lf("long", GOOD, min=9)\n')


def test_lfs_from_nothing(tmp_path, majority):
    corpus = write_corpus(tmp_path / "messages.csv")
    review = open_review(corpus, labels=["complaint", "praise"])
    assert review.lfs is None and review.editor.lfs() == [] and review.lf_table() == []
    review.decide(0, "praise", "ann")
    saved = review.editor.save(LFSpec("keyword", "thanks", "praise", {"keywords": ["thanks", "love"]}))
    assert saved.is_new and saved.file == tmp_path / "messages-review" / "packs" / "mine.py"
    assert "PRAISE" in saved.file.read_text(encoding="utf-8").splitlines()[-1]
    assert saved.advice == 'use = ["messages-review/packs/mine.py"]'
    review.editor.save(LFSpec("regex", "broken", "complaint", {"pattern": "broken|refund"}))
    assert review.is_stale
    review.relabel()
    assert review.row(2).label == "complaint"
    again = open_review(corpus)
    assert again.votes.lf_names == ("thanks", "broken") and again.gold()[0] == 1


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """Ship one small pack in the place of the ready ones, some of which load models; return its file."""
    from weaklabel.lf import packs

    folder = tmp_path / "ready"
    (folder / "lexicons").mkdir(parents=True)
    (folder / "lexicons" / "praise.txt").write_text("great\n", encoding="utf-8")
    lexicon = "Path(__file__).parent / 'lexicons' / 'praise.txt'"
    text = f"{PACK}\nfrom pathlib import Path\nfrom weaklabel import lexicon_lf\nlisted = lexicon_lf('listed', 1, {lexicon})\n"
    (folder / "small.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(packs, "_packs_folder", lambda: folder)
    return folder / "small.py"


def test_a_ready_pack_is_copied_with_what_it_reads(project, ready):
    text = project.read_text(encoding="utf-8").replace("./mine.py", "small")
    project.write_text(text, encoding="utf-8")
    original = ready.read_bytes()
    review = open_review(project)
    saved = review.editor.save(edited(review, "broken", keywords=["parcel"]), "broken")
    assert saved.file == review.folder / "packs" / "small.py" and saved.is_new
    assert saved.advice == 'use = ["review/packs/small.py"]'
    assert ready.read_bytes() == original
    assert (review.folder / "packs" / "lexicons" / "praise.txt").is_file()
    second = review.editor.save(edited(review, "broken", keywords=["parcel", "late"]), "broken")
    assert second.file == saved.file and not second.is_new and second.advice == saved.advice
    again = open_review(project)
    assert again.editor.get("broken").spec.options["keywords"] == ["parcel", "late"]
    project.write_text(text.replace('use = ["small"]', saved.advice), encoding="utf-8")
    assert open_review(project).editor.get("broken").spec.options["keywords"] == ["parcel", "late"]


def test_ready_packs_are_as_good_as_copies(tmp_path):
    from weaklabel.review.packs.files import copy_neighbours

    for name, path in ready_packs().items():
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(path, folder)
        copy_neighbours(path, folder)
        assert load_lfs(str(folder / path.name)).names == load_lfs(name).names


def test_every_plain_pattern_lf_of_the_ready_packs_can_be_edited():
    from weaklabel.review.packs.source import PackSource

    source = PackSource.read(ready_packs()["spam"])
    made = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    names = {"keyword_lf", "regex_lf", "count_lf", "length_lf"}
    assert sum(isinstance(cell.func, ast.Name) and cell.func.id in names for cell in made) == len(source.calls)


def test_neighbours_are_followed(tmp_path):
    from weaklabel.review.packs.files import copy_neighbours

    home, target = tmp_path / "home", tmp_path / "target"
    home.mkdir(), target.mkdir()
    (home / "pack.py").write_text("import helper\nfrom pathlib import Path\n", encoding="utf-8")
    (home / "helper.py").write_text("WORDS = 'words.txt'\n", encoding="utf-8")
    (home / "words.txt").write_text("a\n", encoding="utf-8")
    (home / "other.txt").write_text("b\n", encoding="utf-8")
    copy_neighbours(home / "pack.py", target)
    assert sorted(path.name for path in Path(target).iterdir()) == ["helper.py", "words.txt"]


def test_a_preview_votes_some_rows_at_a_time_and_gives_up_in_time(review, monkeypatch):
    spec = edited(review, "broken", keywords=["broken", "late"])
    whole = review.editor.preview(spec, "broken")
    monkeypatch.setattr(editor, "PREVIEW_ROWS", 5)
    assert review.editor.preview(spec, "broken") == whole
    monkeypatch.setattr(editor, "PREVIEW_SECONDS", -1)
    with pytest.raises(LFError, match=f"LF 'broken' voted on 5 of {len(TEXTS)} rows in -1 seconds, .* simplify"):
        review.editor.preview(spec, "broken")


@pytest.mark.parametrize("name", ["ｂroken", "ｌate ", "Ｆine"])
def test_a_new_name_replaces_none_that_python_takes_for_the_same(review, name):
    before = {lf.name for lf in review.editor.lfs()}
    spec = LFSpec("keyword", name, "praise", {"keywords": ["fine"]})
    try:
        review.editor.save(spec)
    except LFError as error:
        assert "there is a labeling function 'broken' already" in str(error)
    assert before <= {lf.name for lf in review.editor.lfs()}
    assert before <= {lf.name for lf in load_lfs(str(pack_of(review)))}
