"""The starter pack of spans loads, marks what it says, and is what `weaklabel lfs --new --spans` writes."""

import pytest
from typer.testing import CliRunner

from weaklabel import apply_lfs, load_lfs
from weaklabel.cli import app
from weaklabel.errors import LFError
from weaklabel.lf.starter import write_starter
from weaklabel.units import in_code_points

TEXT = "Prof. Emmy Noether arrived in New York City on May 5. Ada Byron said: Emmy Noether lives in Berlin."


def test_it_marks(tmp_path):
    path = tmp_path / "names.py"
    assert CliRunner().invoke(app, ["lfs", "--new", str(path), "--spans"]).exit_code == 0
    lfs = load_lfs(path)
    assert (lfs.task, lfs.labels) == ("spans", ("PER", "LOC"))
    votes = apply_lfs(lfs, [TEXT, ""])
    of_lfs = zip(votes.lf_names, votes.spans, strict=True)
    marked = {name: in_code_points(spans, votes.words).texts([TEXT, ""]) for name, spans in of_lfs}
    assert marked == {
        "cities": ["New York City", "Berlin"],
        "titled": ["Emmy Noether"],
        "located": ["New York City", "Berlin"],
        "said": ["Ada Byron"],
        "months": [],
        "again": ["Emmy Noether", "Ada Byron", "Emmy Noether"],
    }
    negatives = votes.negatives[votes.lf_names.index("months")]
    assert in_code_points(negatives, votes.words).texts([TEXT, ""]) == ["May 5"]


def test_options_that_do_not_fit(tmp_path):
    with pytest.raises(LFError, match="leave --llm or --spans out"):
        write_starter(tmp_path / "a.py", llm=True, spans=True)
    assert CliRunner().invoke(app, ["lfs", "--spans"]).exit_code == 2
