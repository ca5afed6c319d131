"""New training rows as a step of a run: made of what is trained on, trained on, exported, and kept apart from gold."""

import json

import polars as pl
import pytest

from weaklabel import read_corpus
from weaklabel.config import read_project
from weaklabel.errors import AugmentError, ConfigError
from weaklabel.project.run import ProjectRun, run_project

LFS = """
from weaklabel import keyword_lf

LABELS = ("ham", "spam")
prize = keyword_lf("prize", 1, ["prize", "winner"])
lunch = keyword_lf("lunch", 0, ["lunch", "thanks"])
"""
TFS = """
from weaklabel import transformation_function


@transformation_function()
def turned(x):
    return " ".join(reversed(x.text.split()))


@transformation_function()
def to_lunch(x):
    return x.text.replace("prize", "lunch") if "prize" in x.text else None
"""
PROJECT = """
out = "run"

[corpus]
path = "messages.csv"

[lfs]
use = ["./lfs.py"]

[label_model]
name = "majority"

[augment]
use = ["./tfs.py"]
policy = "each"

[classifier]
name = "linear"

[gold]
column = "truth"

[export]
to = ["jsonl"]
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "lfs.py").write_text(LFS, encoding="utf-8")
    (tmp_path / "tfs.py").write_text(TFS, encoding="utf-8")
    (tmp_path / "project.toml").write_text(PROJECT, encoding="utf-8")
    texts = [f"a prize for number {n}" if n % 2 else f"lunch at {n}" for n in range(20)] + ["nothing at all"]
    truth = ["spam" if n % 2 else "ham" for n in range(6)] + [None] * 15
    pl.DataFrame({"text": texts, "truth": truth}).write_csv(tmp_path / "messages.csv")
    return tmp_path / "project.toml"


def test_a_run_makes_new_rows_trains_on_them_and_exports_them(project):
    run_project(read_project(project))
    run = project.parent / "run"
    new = pl.read_parquet(run / "augmented.parquet")
    # Of 14 labeled rows without gold; those that are turned into lunch are refused.
    assert new["augmented_from"].to_list() == list(range(7, 21)) and set(new["augmented_by"]) == {"turned"}
    rejects = [json.loads(line) for line in (run / "augment.rejects.jsonl").read_text().splitlines()]
    assert {each["rule"] for each in rejects} == {"label contradicted"} and len(rejects) == 7
    assert {each["source"] for each in rejects} == {"messages.csv"}
    assert "14 new rows" in json.loads((run / "models" / "linear" / "weaklabel.json").read_text())["provenance"]
    (file,) = (run / "export").rglob("*.jsonl")
    exported = pl.read_ndjson(file)
    assert sorted(exported["text"]) == sorted(
        [*read_corpus(project.parent / "messages.csv").values("text")][6:20] + [*new["text"]]
    )
    assert "| augment | 21 | 21 | 0 | 0 | 14 |" in (run / "export" / "README.md").read_text(encoding="utf-8")
    assert "14 new rows" in (run / "report.md").read_text(encoding="utf-8")


def test_only_what_depends_on_new_rows_is_done_again(project):
    run_project(read_project(project))
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('policy = "each"', 'policy = "each"\ncheck = false'), encoding="utf-8")
    states = {step.name: step.state for step in ProjectRun(read_project(project)).plan()}
    assert [name for name, state in states.items() if state == "done"] == ["read", "vote", "label"]
    run_project(read_project(project))
    new = pl.read_parquet(project.parent / "run" / "augmented.parquet")
    assert set(new["augmented_by"]) == {"turned", "to_lunch"}
    (project.parent / "tfs.py").write_text(TFS.replace("reversed", "sorted"), encoding="utf-8")
    states = {step.name: step.state for step in ProjectRun(read_project(project)).plan()}
    assert states["augment"] != "done" and states["label"] == "done"
    project.write_text(text.replace('[augment]\nuse = ["./tfs.py"]\npolicy = "each"\n', ""), encoding="utf-8")
    run_project(read_project(project))
    assert not (project.parent / "run" / "augmented.parquet").exists()


def test_what_does_not_go_together(project):
    text = project.read_text(encoding="utf-8")
    for old, new, error, message in (
        ('name = "linear"', 'name = "bert"\nvalidation_share = 0.2', ConfigError, "validation_share = 0, or leave"),
        ('use = ["./tfs.py"]', 'use = ["typo"]', AugmentError, "did you mean 'typos'"),
        (
            'use = ["./tfs.py"]',
            'use = ["typos"]\nparams = { typos = { shares = 1 } }',
            AugmentError,
            "no parameter 'shares'",
        ),
        ('use = ["./tfs.py"]', "use = []", ConfigError, "augment.use"),
        ('use = ["./tfs.py"]', 'uses = ["typos"]', ConfigError, "unknown key 'augment.uses'"),
    ):
        project.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(error, match=message):
            ProjectRun(read_project(project)).check_models()
