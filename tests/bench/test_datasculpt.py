"""Labeling functions in DataSculpt's layout vote on sets in WRENCH's format."""

import pytest

from tests.bench.sets import change, wrench
from weaklabel.bench.data import read_bench_set
from weaklabel.bench.datasculpt import find_datasculpt, read_datasculpt
from weaklabel.bench.plan import BenchSettings
from weaklabel.bench.run import run_bench
from weaklabel.errors import WeakLabelError


def lfs(tmp_path, *lines, name="guests", model="a-model"):
    path = tmp_path / "output" / name / f"{model}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_keywords_are_stemmed_words_that_follow_each_other(tmp_path):
    vote = read_datasculpt(lfs(tmp_path, "rain->0", "slice bread->1", "we talk->0", "rai->1"), 2)
    assert vote({"text": "It rained, and we talked."}) == [0, -1, 0, -1]
    assert vote({"text": "Slices: bread. We ate; they talk"}) == [-1, 1, -1, -1]
    assert vote({"text": "raincoat, bread of slices"}) == [-1, -1, -1, -1]


def test_patterns_of_relations_name_both_entities(tmp_path):
    vote = read_datasculpt(lfs(tmp_path, "{{A}}.{0,20}married.{0,20}{{B}}->1", "{{B}} met {{A}}->0"), 2)
    data = {"text": "A.B. (Jones) married C. Smith", "entity1": "A.B. (Jones)", "entity2": "C. Smith"}
    assert vote(data) == [1, -1]
    assert vote(data | {"text": "C. Smith MET A.B. (Jones)"}) == [-1, 0]
    assert vote({"text": "nobody married"}) == [-1, -1]


def test_their_votes_replace_those_of_the_set(tmp_path):
    folder = wrench(tmp_path)
    path = lfs(tmp_path, "rain->0", "bread->1", "soup->1")
    plain, sculpted = read_bench_set(folder), read_bench_set(folder, path)
    assert (sculpted.name, sculpted.m, plain.m) == ("guests-a-model", 3, 4)
    assert sculpted.test.texts == plain.test.texts
    assert sculpted.test.L.tolist() == [
        [0 if "rain" in text else -1, 1 if "bread" in text else -1, 1 if "soup" in text else -1]
        for text in plain.test.texts
    ]
    assert sculpted.content != plain.content


def test_a_benchmark_has_each_set_with_the_votes_of_each_file(tmp_path):
    folder = wrench(tmp_path)
    path = lfs(tmp_path, "rain->0", "bread->1", "soup->1")
    lfs(tmp_path, "rain->0", name="others")
    assert find_datasculpt(tmp_path / "output", "guests") == [path]
    settings = BenchSettings(work=tmp_path / "work", label_models=("majority",), datasculpt=tmp_path / "output")
    results = run_bench([folder], settings)
    assert [(name, entry["m"]) for name, entry in results["sets"].items()] == [("guests", 4), ("guests-a-model", 3)]
    first, second = results["cells"]
    assert not first["error"] and not second["error"]
    assert first["scores"] != second["scores"]
    change(folder / "label.json", lambda names: None)
    with pytest.raises(WeakLabelError, match="nowhere is not a folder"):
        run_bench([folder], BenchSettings(work=tmp_path / "work", datasculpt=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rain", "line 1: 'rain' is no labeling function"),
        ("rain->7", "the class a number from 0 to 1"),
        ("{{A}} ( {{B}}->1", "labeling function 1: .* is no regular expression"),
        ("", "has no labeling function"),
    ],
)
def test_what_is_no_labeling_function_is_said(tmp_path, line, message):
    with pytest.raises(WeakLabelError, match=message):
        read_datasculpt(lfs(tmp_path, line), 2)
