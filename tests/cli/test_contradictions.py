"""Options that contradict each other, or miss what they need, are wrong usage: exit code 2, before anything is read."""

import pytest


@pytest.mark.parametrize(
    ("words", "option", "sentence"),
    [
        (
            ["analyze", "c.csv", "--lfs", "spam", "--gold", "g", "--decisions", "d"],
            "--decisions",
            "it contradicts --gold",
        ),
        (["run", "p.toml", "--force", "--from", "train"], "--force", "it contradicts --from"),
        (["run", "p.toml", "--from", ""], "--from", "give the name of a step, or --force for all"),
        (
            ["label", "c.csv", "--lfs", "spam", "-o", "o.csv", "--cache", "x", "--no-cache"],
            "--cache",
            "contradicts --no-cache",
        ),
        (["explain", "c.csv", "--lfs", "spam"], "--row", "give one of --row N and --lf NAME"),
        (["explain", "c.csv", "--row", "1"], "--lfs", "a corpus needs labeling functions, such as --lfs spam"),
        (["bench", "s", "--no-cache"], "--work", "the cache is off: name a folder for finished cells"),
        (["bench", "s", "--clean-labels", "5,many"], "--clean-labels", "is not a list of numbers of labels per class"),
    ],
)
def test_wrong_usage(weaklabel, tmp_path, monkeypatch, words, option, sentence):
    monkeypatch.chdir(tmp_path)
    done = weaklabel(*words)
    assert done.code == 2 and option in done.err and sentence in " ".join(done.err.split()), done.err
    assert not list(tmp_path.iterdir())


def test_an_address_needs_the_engine_that_uses_it(weaklabel, corpus, pack, tmp_path):
    done = weaklabel("label", corpus, "--lfs", pack, "-o", tmp_path / "o.csv", "--address", "tcp://h:1")
    assert done.code == 2 and "it needs --engine dask" in done.err and not (tmp_path / "o.csv").exists()


def test_a_run_folder_of_train_is_a_folder(weaklabel, corpus, pack, tmp_path):
    (tmp_path / "log").write_text("here already")
    done = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "model", "--run-folder", tmp_path / "log")
    assert done.code == 1 and "is a file; choose a folder for --run-folder" in done.err
    assert not (tmp_path / "model").exists()
