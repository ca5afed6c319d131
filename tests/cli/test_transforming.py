"""What commands print that change rows of a corpus."""

import pytest

from weaklabel.cli import main
from weaklabel.cli.transforming import described
from weaklabel.job.transform import Transformation


def test_counts_by_name_are_words():
    done = Transformation(
        "split", rows=1_200, kept=1_200, summary={"rows": {"train": 1_000, "te\x1bst": 200}, "like another": {}}
    )
    assert "rows: train 1,000, te\\x1bst 200\nlike another: none" in described(done, with_examples=False)


def test_rows_to_keep_that_were_not_dropped_are_told():
    done = Transformation("clean", rows=2, kept=2, taken_back=1, not_taken_back=3)
    text = described(done, with_examples=False)
    assert "rows taken back (--keep): 1" in text and "3 rows of --keep were not dropped anyway" in text


def test_the_corpus_is_not_said_to_be_replaced(tmp_path, capsys):
    path = tmp_path / "in.csv"
    path.write_text("text\na\n")
    with pytest.raises(SystemExit, match="1"):
        main(["clean", str(path), "-o", str(path)])
    told = capsys.readouterr().err
    assert "is the corpus itself" in told and "replacing" not in told
