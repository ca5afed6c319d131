"""The demonstration's corpus: real, without duplicates, and with gold kept apart."""

import csv
from pathlib import Path

import pytest

from tests.dedup import reference
from weaklabel.config import read_project
from weaklabel.corpus import normalise
from weaklabel.dedup import count_contaminated
from weaklabel.errors import ConfigError
from weaklabel.project import demo
from weaklabel.project.demo import prepare_demo


def read(path):
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    prepare_demo(folder)
    return folder


def test_gold_is_apart_from_the_corpus(folder):
    unlabeled, gold = read(folder / "data" / "unlabeled.csv"), read(folder / "data" / "unlabeled_gold.csv")
    test = read(folder / "data" / "test.csv")
    assert set(unlabeled[0]) == {"text"}
    assert [row["text"] for row in unlabeled] == [row["text"] for row in gold]
    assert {row["label"] for row in test} == {"ham", "spam"}
    assert len(unlabeled) > 3000 and len(test) > 1000


def test_no_text_is_on_both_sides_or_twice(folder):
    texts = [normalise(row["text"]) for name in ("unlabeled", "test") for row in read(folder / "data" / f"{name}.csv")]
    assert len(set(texts)) == len(texts)


def test_no_training_message_is_like_a_test_message(folder):
    unlabeled, test = ([row["text"] for row in read(folder / "data" / f"{name}.csv")] for name in ("unlabeled", "test"))
    assert count_contaminated(unlabeled, test) == 0
    alike = [reference.similarity(left, right) for left in unlabeled[::100] for right in test]
    assert max(alike) < 0.7


def test_no_test_message_was_seen_while_the_pack_was_written(folder):
    lines = demo._sms_file().read_text(encoding="utf-8").split("\n")
    notes = (Path(demo.__file__).parent / "demo_seen.txt").read_text(encoding="utf-8").splitlines()
    numbers = [int(number) for line in notes if not line.startswith("#") for number in line.split()]
    seen = {normalise(lines[number - 1].partition("\t")[2]) for number in numbers}
    assert len(numbers) == 513
    assert not seen & {normalise(row["text"]) for row in read(folder / "data" / "test.csv")}
    assert seen & {normalise(row["text"]) for row in read(folder / "data" / "unlabeled.csv")}


def test_the_split_is_always_the_same(folder, tmp_path):
    prepare_demo(tmp_path, seed=5)
    for name in ("unlabeled.csv", "test.csv", "unlabeled_gold.csv"):
        assert (tmp_path / "data" / name).read_bytes() == (folder / "data" / name).read_bytes()
    assert read_project(tmp_path / "project.toml").seed == 5


def test_the_project_file_is_valid(folder):
    project = read_project(folder / "project.toml")
    assert project.out == folder
    assert project.gold is not None and project.gold.ceiling is not None


@pytest.mark.parametrize("name", ["project.toml", "data/test.csv", "data/unlabeled.csv"])
def test_what_a_user_wrote_is_not_overwritten(tmp_path, name):
    (tmp_path / "data").mkdir()
    (tmp_path / name).write_text('title = "mine"\n')
    with pytest.raises(ConfigError, match="demonstration"):
        prepare_demo(tmp_path)
    assert (tmp_path / name).read_text() == 'title = "mine"\n'
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


def test_a_project_of_the_demonstration_that_was_changed_is_not_overwritten(tmp_path):
    project = prepare_demo(tmp_path)
    changed = project.read_text().replace('"bert"', '"linear"')
    project.write_text(changed)
    with pytest.raises(ConfigError, match="was changed"):
        prepare_demo(tmp_path)
    assert project.read_text() == changed
