"""The example projects run as they stand there."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

from weaklabel.config import read_project
from weaklabel.project.run import run_project

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_raw_chinese_reviews_from_files_to_scores(tmp_path):
    raw = tmp_path / "raw"
    subprocess.run([sys.executable, str(EXAMPLES / "reviews-zh" / "raw.py"), str(raw)], check=True)
    project = read_project(EXAMPLES / "reviews-zh" / "project.toml").overridden(out=tmp_path / "run")
    assert project.collect is not None
    collect = project.collect.model_copy(update={"sources": [str(raw)]})
    result = run_project(project.model_copy(update={"collect": collect}))
    corpus = tmp_path / "run" / "corpus"
    done = {
        name: json.loads((corpus / f"{name}.json").read_text()) for name in ("collect", "clean", "dedup", "protect")
    }
    n_files = sum(path.is_file() for path in raw.rglob("*"))
    assert done["collect"]["rows"] == n_files and done["collect"]["dropped"] == {"encoding": 1}
    assert "gbk.txt" in (corpus / "collect.rejects.jsonl").read_text(encoding="utf-8")
    assert done["clean"]["dropped"] == {"language": 4} and done["clean"]["changed"]["mojibake"] == 1
    assert done["dedup"]["dropped"].keys() == {"exact", "near"}
    assert {"cn_id", "phone", "email"} <= done["protect"]["counts"].keys()
    rows = n_files
    for name in done:
        assert done[name]["rows"] == rows
        rows = done[name]["kept"]
    frame = pl.read_parquet(corpus / "split.parquet")
    assert frame.height == rows and set(frame["split"]) == {"train", "valid", "test"}
    assert not frame["text"].str.contains(r"138\d{8}|\d{17}[\dX]|@example").any()
    assert result.scores["linear"].accuracy > 0.8
