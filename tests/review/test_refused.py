"""Files of a review that are damaged, and requests that make no sense, are refused in a sentence."""

import json

import pytest

from weaklabel.errors import ConfigError, LFError
from weaklabel.review import open_review
from weaklabel.review.packs.source import PackSource
from weaklabel.review.workspace import Workspace


def test_a_corpus_without_labels(tmp_path):
    (tmp_path / "texts.csv").write_text("text\nhello\n")
    with pytest.raises(ConfigError, match="name the labels, such as --labels ham,spam, or give --lfs"):
        open_review(tmp_path / "texts.csv")


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"format": "of the future"}', '{"format": "weaklabel review 1", "x": 1}']
)
def test_a_damaged_state(tmp_path, content):
    (tmp_path / "review.json").write_text(content)
    with pytest.raises(ConfigError, match=r"review\.json is damaged .*: move it away; decisions are not affected"):
        Workspace(tmp_path)


def test_damaged_labels(tmp_path):
    workspace = Workspace(tmp_path)
    assert workspace.labels() is None
    (tmp_path / "labels.npz").write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"labels\.npz is damaged .*: delete it to return to the earlier labels"):
        workspace.labels()


def test_spot_checks(review):
    sample = review.sample("random", 5, 0)
    assert review.get_sample(sample.id).rows.tolist() == sample.rows.tolist()
    (file,) = review.folder.glob("samples/*.json")
    file.write_text(json.dumps({"rows": [0]}))
    with pytest.raises(ConfigError, match=r"is damaged .*: delete it and draw again"):
        review.get_sample(sample.id)
    with pytest.raises(ConfigError, match="random-9-9"):
        review.get_sample("random-9-9")
    with pytest.raises(ConfigError, match="at least 1 row and a seed from 0 up, not 0 and 0"):
        review.sample("random", 0, 0)


def test_a_pack_that_is_no_python(tmp_path):
    (tmp_path / "mine.py").write_text("LABELS = (")
    with pytest.raises(LFError, match=r"pack .*mine\.py is not valid Python"):
        PackSource.read(tmp_path / "mine.py").tree  # noqa: B018
