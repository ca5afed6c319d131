"""Packs whose task is spans: what they may hold, hierarchies of labels, and the order of labeling functions."""

import json

import pytest
from typer.testing import CliRunner

from weaklabel import load_lfs
from weaklabel.cli import app
from weaklabel.errors import LFError
from weaklabel.lf.packs import list_packs
from weaklabel.lf.spans.forest import label_forest
from weaklabel.lf.spans.order import in_order

PACK = '''"""Names."""

from weaklabel import keyword_lf, span_lf

TASK = "spans"
LABELS = ("PER", "LOC")


@span_lf(label="PER")
def ada(text):
    if text.startswith("Ada"):
        yield 0, 3


@span_lf(reads=["ada"])
def again(text, spans):
    return spans["ada"]
'''


@pytest.fixture
def write(tmp_path):
    def written(source, name="names.py"):
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        return path

    return written


def test_a_pack_of_spans(write):
    lfs = load_lfs(write(PACK))
    assert (lfs.task, lfs.labels, lfs.inner, lfs.names) == ("spans", ("PER", "LOC"), (), ("ada", "again"))
    assert lfs.lfs[0]("Ada left") == [(0, 3, 0)]
    assert [lfs.label_of(lf) for lf in lfs] == ["PER", None]
    assert load_lfs("spam").task == "texts"


def test_a_hierarchy(write):
    source = PACK.replace('("PER", "LOC")', '{"ENT": ("PER", "LOC"), "NUM": ("DATE",)}').replace(
        'label="PER"', 'label="ENT"'
    )
    lfs = load_lfs(write(source))
    assert (lfs.labels, lfs.inner) == (("PER", "LOC", "DATE"), (("ENT", (0, 1)), ("NUM", (2,))))
    assert lfs.all_labels == ("PER", "LOC", "DATE", "ENT", "NUM")
    assert lfs.lfs[0]("Ada left") == [(0, 3, 3)]
    assert lfs.label_of(lfs.lfs[0]) == "ENT"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('TASK = "spans"\n', "", "LF 'ada' marks spans, but the task is texts; add the line TASK = \"spans\""),
        ('"spans"\n', '"span"\n', r"TASK must be 'texts' or 'spans', not 'span' \(did you mean 'spans'\?\)"),
        (
            "@span_lf(label",
            'k = keyword_lf("k", 0, ["a"])\n@span_lf(label',
            r"LF 'k' \(keyword\) votes on whole texts, but the task",
        ),
        ('label="PER"', 'label="PRE"', r"LF 'ada': there is no label 'PRE' \(did you mean 'PER'\?\)"),
        ('label="PER"', "label=2", "LF 'ada' gives label 2, but there are 2 labels"),
        (
            'reads=["ada"]',
            'reads=["ade"]',
            r"LF 'again' reads the spans of LF 'ade', which is not there \(did you mean 'ada'",
        ),
        ('reads=["ada"]', 'reads=["again"]', "in a circle: again reads again; break it"),
        ("TASK", 'LABELS = {"A": ("B",)}\nTASK', None),
        ('("PER", "LOC")', '{"A": ("PER", "LOC"), "B": ("PER",)}', "'PER' is below 'A' and below 'B'"),
        ('("PER", "LOC")', '{"A": ("B",), "B": ("A",), "PER": ()}', "'A' is below itself"),
        ('("PER", "LOC")', '{"A": "PER"}', "LABELS maps 'A' to 'PER'; it must be a sequence"),
        ('("PER", "LOC")', '{"A": ("PER", "PER")}', "names a class twice"),
    ],
)
def test_what_a_pack_must_not_hold(write, before, after, message):
    assert before in PACK
    path = write(PACK.replace(before, after, 1))
    if message is None:
        assert load_lfs(path)
        return
    with pytest.raises(LFError, match=message):
        load_lfs(path)


def test_a_mapping_is_for_spans(write):
    with pytest.raises(LFError, match='or add TASK = "spans"'):
        load_lfs(write("LABELS = {'A': ('B',)}"))


def test_packs_of_one_task_join(write):
    names, more = write(PACK), write(PACK.replace("ada", "bo").replace("def again", "def more"), "more.py")
    assert load_lfs(names, more).names == ("ada", "again", "bo", "more")
    with pytest.raises(
        LFError, match="labels spans and spam labels texts; packs used together must have the same TASK"
    ):
        load_lfs(names, "spam")
    inner = write(
        PACK.replace('("PER", "LOC")', '{"ENT": ("PER", "LOC")}').replace("ada", "b").replace("again", "c"), "inner.py"
    )
    with pytest.raises(LFError, match="same LABELS"):
        load_lfs(names, inner)


def test_they_are_listed(write):
    path = write(PACK)
    (listed,) = list_packs([str(path)])
    assert (listed.task, [(lf.name, lf.kind, lf.label, lf.options) for lf in listed.lfs]) == (
        "spans",
        [("ada", "span", "PER", {}), ("again", "span", None, {"reads": ["ada"]})],
    )
    assert "(spans: PER, LOC)" in CliRunner().invoke(app, ["lfs", str(path)]).stdout
    assert json.loads(CliRunner().invoke(app, ["lfs", str(path), "--json"]).stdout)["packs"][0]["task"] == "spans"


def test_forest_of_several_levels():
    forest = label_forest({"ALL": ("ENT", "DATE"), "ENT": ("PER", "ORG"), "X": ()}, "p")
    assert forest.leaves == ("PER", "ORG", "DATE", "X")
    assert forest.inner == (("ALL", (0, 1, 2)), ("ENT", (0, 1)))
    assert forest.names[4] == "ALL"


def test_waves():
    class One:
        def __init__(self, name, *reads):
            self.name, self.reads = name, reads

    assert in_order([One("c", "b", "a"), One("b", "a"), One("a"), One("d")]) == [[2, 3], [1], [0]]
    with pytest.raises(LFError, match="in a circle: b reads c reads b"):
        in_order([One("a", "b"), One("b", "c"), One("c", "b")])
