"""What commands print that change rows of a corpus."""

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
