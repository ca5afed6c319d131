"""weaklabel tune: from exported conversations to a saved language model."""

import json

import pytest

from tests.tiny_llama import save_llama
from weaklabel.cli import main
from weaklabel.generator.saving import load_tuned


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_llama(tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture
def data(tmp_path):
    rows = [
        {"messages": [{"role": "user", "content": f"text {i}"}, {"role": "assistant", "content": "spam"}]}
        for i in range(20)
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_a_model_is_tuned_and_saved(base, data, tmp_path, capsys):
    out = tmp_path / "model"
    assert run("tune", data, "--model", base, "--lr", "1e-2", "--epochs", 2, "--json", "-o", out) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["rows"], result["train_rows"], result["validation_rows"]) == (20, 18, 2)
    assert result["history"][-1]["validation_loss"] < result["history"][0]["validation_loss"]
    assert load_tuned(out).adapter
    assert "20 conversations of chat.jsonl" in (out / "README.md").read_text()
    # Written again in one step, in its own place; and never over something else.
    assert run("tune", data, "--model", base, "--max-rows", 8, "-q", "-o", out) == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    assert run("tune", data, "--model", base, "-o", other) == 1
    assert "choose another folder" in capsys.readouterr().err
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--lr", "fast"], "--lr must be numbers"),
        (["--lr", "1e-3,1e-4", "--validation-share", "0"], "needs validation rows"),
        (["--validation", "none.jsonl"], "cannot read none.jsonl"),
        (["--model", "no/such-model"], "cannot load the language model 'no/such-model'"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(data, tmp_path, capsys, monkeypatch, arguments, why):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run("tune", data, *arguments, "-o", tmp_path / "model") == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_a_dry_run_writes_nothing(data, tmp_path, capsys):
    assert run("tune", data, "--dry-run", "-o", tmp_path / "model") == 0
    assert "20 rows; nothing written" in capsys.readouterr().out
    assert not (tmp_path / "model").exists()


def test_missing_packages_name_the_pip_line(data, tmp_path, capsys, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *args: None if name == "trl" else real(name, *args))
    monkeypatch.setitem(__import__("sys").modules, "trl", None)
    assert run("tune", data, "-o", tmp_path / "model") == 1
    assert "pip install 'weaklabel[sft]'" in capsys.readouterr().err
