"""Gold, folders and manifests that a run cannot use are refused in a sentence."""

import json

import pytest

from weaklabel.config import read_project
from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.project.folder import check_run_folder
from weaklabel.project.gold import gold_of_texts
from weaklabel.project.reader import read_run

LABELS = ("complaint", "praise")


def test_a_file_in_the_place_of_the_run_folder(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(ConfigError, match="run is a file; choose a folder for 'out'"):
        check_run_folder(tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "novel.txt").write_text("")
    with pytest.raises(ConfigError, match=r"full holds other files \(novel\.txt \.\.\.\); choose an empty folder"):
        check_run_folder(tmp_path / "full")


def test_a_gold_column_without_a_label(place):
    place.write("gold.csv", [("thanks", ""), ("late", "")], "text", "truth")
    with pytest.raises(WeakLabelError, match="column 'truth' holds no gold label; fill it, or leave out"):
        place.run()


def test_gold_of_texts_is_one_label_for_each(place):
    project = read_project(place.project)
    path = place.folder / "truth.csv"
    place.write("truth.csv", [("a", "praise"), ("b", "complaint"), ("a", "praise")], "text", "truth")
    assert gold_of_texts(project, path, ["b", "a"], LABELS).tolist() == [0, 1]
    with pytest.raises(ConfigError, match="truth"):
        gold_of_texts(project, path, ["a", "c"], LABELS)
    place.write("truth.csv", [("a", "praise"), ("a", "complaint")], "text", "truth")
    with pytest.raises(ConfigError, match="has both 'praise' and 'complaint' for the same text; keep one"):
        gold_of_texts(project, path, ["a"], LABELS)


@pytest.mark.parametrize("content", ["{", "[]", '{"settings": {}}', '{"settings": {"corpus": 1}}'])
def test_a_damaged_manifest(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ConfigError, match=r"manifest\.json is damaged, or of another version"):
        read_run(tmp_path)


def test_no_manifest(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*manifest\.json: .*; give the folder of a finished run"):
        read_run(tmp_path)


def test_votes_of_another_corpus(place):
    place.run()
    run = read_run(place.out)
    lines = place.folder.joinpath("messages.csv").read_text().splitlines()
    place.folder.joinpath("messages.csv").write_text("\n".join(lines[:-3]) + "\n")
    from weaklabel.corpus import read_corpus

    with pytest.raises(ConfigError, match=r"votes\.npz has 40 rows and .*messages\.csv has 37; run the project again"):
        run.labeled(read_corpus(place.folder / "messages.csv"))
    assert json.loads((place.out / "manifest.json").read_text())["settings"]["title"] == "Messages"
