"""``--encoder``: one option on every verb whose label model can read texts."""

import json

import pytest

from tests.tiny_bert import save_encoder
from weaklabel.label_model import load_label_model

pytestmark = pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.mark.parametrize("verb", ["label", "train", "analyze", "suggest", "explain", "run", "review"])
def test_every_verb_that_reads_texts_has_it(weaklabel, verb):
    assert "--encoder ENCODER" in weaklabel(verb, "--help").out


def test_texts_are_read_with_it(weaklabel, corpus, pack, tiny, tmp_path):
    out = tmp_path / "out.jsonl"
    given = ("label", corpus, "--lfs", pack, "--read-texts", "-o", out)
    weaklabel(*given, "--label-model", "text")
    by_default = out.read_bytes()
    done = weaklabel(*given, "--label-model", "text", "--encoder", tiny)
    assert done.code == 0, done.err
    assert out.read_bytes() != by_default
    for verb in (["analyze"], ["explain", "--row", "0"]):
        shown = weaklabel(
            verb[0], corpus, "--lfs", pack, *verb[1:], "--label-model", "text", "--encoder", tiny, "--json"
        )
        assert shown.code == 0, shown.err
        assert json.loads(shown.out)


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ("./nothing", "'./nothing' is no folder with a model"),
        ("empty", "no model in the folder 'empty': it has no config.json"),
        ("broken", "model 'broken' cannot be loaded"),
    ],
)
@pytest.mark.parametrize("verb", ["label", "train", "suggest"])
def test_a_wrong_one_is_refused_before_anything_is_voted_on(
    weaklabel, corpus, pack, tmp_path, monkeypatch, verb, encoder, told
):
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    words = [verb, corpus, "--lfs", pack, "-o", "out.py" if verb == "suggest" else "out.csv", "--encoder", encoder]
    done = weaklabel(*words, *(["--read-texts"] if verb == "label" else []))
    (line,) = [line for line in done.err.splitlines() if " so far" not in line]
    assert done.code == 1 and line.startswith("weaklabel: error: encoder: ") and told in line


def test_one_that_nothing_reads_with_is_refused(weaklabel, corpus, pack, tiny):
    for words in (["label", "-o", "out.csv"], ["analyze"], ["explain", "--row", "0"]):
        done = weaklabel(words[0], corpus, "--lfs", pack, *words[1:], "--encoder", tiny)
        assert done.code == 1 and "the label model does not read texts here" in done.err, done.err
    done = weaklabel("label", corpus, "--lfs", pack, "-o", "out.csv", "--label-model", "majority", "--encoder", tiny)
    assert done.code == 1 and "'majority' has no encoder; leave it out, or take one of auto, text" in done.err


def test_a_project_remembers_it(weaklabel, corpus, pack, tiny, tmp_path):
    project = tmp_path / "project.toml"
    text = f'[corpus]\npath = "{corpus}"\n[lfs]\nuse = ["{pack}"]\n[classifier]\nname = "linear"\n'
    project.write_text(f'{text}[label_model]\nname = "text"\nencoder = "{tiny}"\n', encoding="utf-8")
    folder = tmp_path / "run"
    assert weaklabel("run", project, "-o", folder).code == 0
    assert load_label_model(folder).encoder == str(tiny)

    def stale(*words):
        plan = weaklabel("run", project, "-o", folder, "--plan", "--json", *words)
        return {step["name"] for step in json.loads(plan.out)["steps"] if step["state"] != "done"}

    assert not stale()
    other = save_encoder(tmp_path / "other", seed=1)
    assert {"label", "train linear"} <= stale("--encoder", other) and "vote" not in stale("--encoder", other)
    (tiny / "README.md").write_text("a changed file", encoding="utf-8")
    try:
        assert "label" in stale()
    finally:
        (tiny / "README.md").unlink()
    wrong = weaklabel("run", project, "-o", tmp_path / "new", "--encoder", "./nothing")
    assert wrong.code == 1 and "is no folder with a model" in wrong.err and not (tmp_path / "new").exists()
