"""Every verb shows on standard error what it does while it lasts, and nothing of that on standard output."""

import re

import pytest

from weaklabel.support import progress


@pytest.fixture
def from_the_first_moment(monkeypatch):
    """Have every stage count as one that lasts."""
    monkeypatch.setattr(progress, "LASTING_SECONDS", 0.0)
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)


def progress_lines(done):
    return [line.removeprefix("weaklabel: ") for line in done.err.splitlines() if re.search(r"so far|/s|left$", line)]


@pytest.fixture
def command(request, weaklabel, corpus, pack, tmp_path):
    """The words of a verb, and what it needs made before."""
    by_votes = ["--label-model", "majority"]
    labeled = tmp_path / "labeled.csv"
    words = {
        "label": ["label", corpus, "--lfs", pack, "-o", labeled],
        "analyze": ["analyze", corpus, "--lfs", pack, *by_votes],
        "report": ["analyze", corpus, "--lfs", pack, *by_votes, "--html", tmp_path / "page.html"],
        "suggest": ["suggest", corpus, "--lfs", pack, *by_votes],
        "explain": ["explain", corpus, "--lfs", pack, *by_votes, "--row", "0"],
        "train": ["train", corpus, "--lfs", pack, *by_votes, "--classifier", "linear", "-o", tmp_path / "model"],
    }
    if request.param == "predict":
        assert weaklabel(*words["train"]).code == 0
        return ["predict", corpus, "--model", tmp_path / "model", "-o", tmp_path / "predicted.csv"]
    if request.param == "score":
        assert weaklabel(*words["label"]).code == 0
        return ["score", labeled, "--gold", "truth"]
    return words[request.param]


EXPECTED = {
    "label": ["voting", "label model", "writing"],
    "analyze": ["voting", "label model"],
    "report": ["voting", "label model", "report"],
    "suggest": ["voting", "label model", "finding phrases", "trying phrases"],
    "explain": ["voting", "label model"],
    "train": ["voting", "label model", "fitting the linear classifier"],
    "predict": ["predicting"],
    "score": ["bootstrap"],
}


@pytest.mark.parametrize("command", EXPECTED, indirect=True)
def test_a_verb_shows_its_stages(command, weaklabel, from_the_first_moment, request):
    verb = request.node.callspec.params["command"]
    done = weaklabel(*command)
    assert done.code == 0, done.err
    lines = progress_lines(done)
    # Before anything heavy is loaded there is a line already.
    assert lines[0].startswith(f"{command[0]}: 0:0")
    for stage in EXPECTED[verb]:
        assert any(stage in line for line in lines), (stage, lines)
    assert "so far" not in done.out and "rows/s" not in done.out


@pytest.mark.parametrize("command", EXPECTED, indirect=True)
def test_quiet_is_quiet(command, weaklabel, from_the_first_moment):
    done = weaklabel(*command, "--quiet")
    assert done.code == 0
    assert not progress_lines(done)


@pytest.mark.parametrize("command", ["label", "analyze"], indirect=True)
def test_what_is_over_at_once_shows_no_progress(command, weaklabel, monkeypatch):
    monkeypatch.setattr(progress, "LASTING_SECONDS", 1e6)
    assert not progress_lines(weaklabel(*command))


def test_label_counts_the_rows_and_guesses_how_many_there_are(weaklabel, pack, tmp_path, from_the_first_moment):
    path = tmp_path / "many.csv"
    path.write_text("text\n" + "great service\n" * 3000, encoding="utf-8")
    done = weaklabel("label", path, "--lfs", pack, "-o", tmp_path / "out.csv", "--no-cache")
    assert any("3,000 of 3,000 rows" in line for line in progress_lines(done)), done.err


def test_label_names_the_slow_labeling_function(weaklabel, pack, corpus, tmp_path, monkeypatch):
    from weaklabel.votes import voter

    slow = "\n@labeling_function()\ndef sluggish(x):\n    return -1 if sum(range(200_000)) else 0\n"
    pack.write_text(pack.read_text(encoding="utf-8") + slow, encoding="utf-8")
    monkeypatch.setattr(voter, "SLOW_SECONDS", 0.0)
    for workers in (0, 1):
        out = tmp_path / f"{workers}.csv"
        done = weaklabel("label", corpus, "--lfs", pack, "-o", out, "--workers", workers, "--no-cache")
        assert re.search(r"weaklabel: voting: slowest LF 'sluggish', [\d.,]+ rows/s", done.err), done.err


def test_a_run_shows_what_goes_on_within_its_stages(weaklabel, corpus, pack, tmp_path, from_the_first_moment):
    project = tmp_path / "project.toml"
    project.write_text(
        f"""
        title = "test"
        out = "run"
        [corpus]
        path = "{corpus}"
        [lfs]
        use = ["{pack}"]
        [label_model]
        name = "majority"
        [classifier]
        name = "linear"
        """,
        encoding="utf-8",
    )
    done = weaklabel("run", project)
    assert done.code == 0, done.err
    lines = progress_lines(done)
    assert any(line.startswith("vote: voting: ") for line in lines)
    assert any(line.startswith("train linear: fitting") for line in lines)
    assert re.search(r"^weaklabel: train linear: \d+\.\d s$", done.err, re.MULTILINE)
