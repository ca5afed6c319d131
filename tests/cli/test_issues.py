"""``weaklabel issues``: which rows are listed, what is written, and that the list can be reviewed."""

import csv
import json

import polars as pl
import pytest

from tests.select.test_select_corpus import labeled
from weaklabel import read_corpus
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
from weaklabel.errors import ConfigError, ExportError, SelectionError
from weaklabel.review.opening import open_review
from weaklabel.select.issue_list import list_label_issues

WRONG = {f"{number}" for number in range(1, 7)}
"""Numbers of the rows of `labeled` that have the label of the other topic, from 1."""


@pytest.fixture
def file(tmp_path):
    """Two hundred rows with votes, of which one labeling function labels the first six wrong; and a row without a label."""
    frame = labeled(200)
    by_bad = [label if number < 6 else None for number, label in enumerate(frame["label"])]
    by_good = [None if number < 6 else label for number, label in enumerate(frame["label"])]
    frame = frame.with_columns(pl.Series("vote_bad", by_bad), pl.Series("vote_good", by_good))
    unlabeled = pl.DataFrame({"id": ["none"], "text": ["nothing at all"]})
    pl.concat([frame, unlabeled], how="diagonal").write_csv(tmp_path / "labeled.csv")
    return tmp_path / "labeled.csv"


def rows_in(path):
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_wrong_labels_are_listed_with_reasons_and_can_be_reviewed_in_that_order(weaklabel, file, tmp_path):
    out = tmp_path / "issues.csv"
    done = weaklabel("issues", file, "-o", out, "--json")
    assert done.code == 0, done.err
    result, rows = json.loads(done.out), rows_in(out)
    assert {row["row"] for row in rows} == WRONG
    assert (result["rows"], result["labeled"], len(result["issues"])) == (201, 200, 6)
    assert {(change["label"], change["suggested"], change["rows"]) for change in result["changes"]} == {
        ("food", "sport", 3),
        ("sport", "food", 3),
    }
    source = rows_in(file)
    for row, entry in zip(rows, result["issues"], strict=True):
        assert row["text"] == source[int(row["row"]) - 1]["text"]
        assert row["label"] == source[int(row["row"]) - 1]["label"] != row["suggested"]
        assert row["reasons"] == "; ".join(entry["reasons"])
        assert "a classifier that was fitted on other rows says" in row["reasons"]
    margins = [float(row["margin"]) for row in rows]
    assert margins == sorted(margins, reverse=True)
    review = open_review(out, labels=["food", "sport"])
    first = int(review.query(order="row").rows[0])
    assert review.texts[first] == rows[0]["text"]


def test_jsonl_has_the_reasons_one_by_one_and_the_table_says_how_many_of_each_kind(weaklabel, file, tmp_path):
    done = weaklabel("issues", file, "-o", tmp_path / "issues.jsonl")
    assert done.code == 0, done.err
    entries = [json.loads(line) for line in (tmp_path / "issues.jsonl").read_text(encoding="utf-8").splitlines()]
    assert list(entries[0]) == ["row", "text", "label", "suggested", "margin", "reasons"]
    assert len(entries[0]["reasons"]) >= 2
    assert "6 of 200 labeled rows probably have a wrong label" in done.out
    assert f"first: row {entries[0]['row']}, labeled '{entries[0]['label']}'" in done.out
    assert "-o FILE writes all of them" in weaklabel("issues", file).out


def test_votes_for_other_classes_are_among_the_reasons(file):
    frame = pl.read_csv(file).with_columns(
        vote_other=pl.when(pl.col("vote_bad") == "food").then(pl.lit("sport")).otherwise(None)
    )
    issues = list_label_issues(read_corpus(frame.to_dict(as_series=False))).issues
    of_food = [issue for issue in issues if issue.label == "food"]
    assert of_food
    assert all("labeling functions that vote for another class: other" in issue.reasons for issue in of_food)


def test_rows_that_people_decided_on_are_not_listed_again(weaklabel, file, tmp_path):
    texts = [row["text"] for row in rows_in(file)]
    log = DecisionLog(tmp_path / "decisions.jsonl")
    log.append(Decision(0, text_hash(texts[0]), "sport", "ada", now()))
    log.append(Decision(1, text_hash(texts[1]), "food", "ada", now()))
    log.append(Decision(1, text_hash(texts[1]), None, "ada", now()))
    done = weaklabel("issues", file, "--decisions", tmp_path / "decisions.jsonl", "--json")
    assert {str(issue["row"]) for issue in json.loads(done.out)["issues"]} == WRONG - {"1"}


def test_right_labels_give_an_empty_list(weaklabel, tmp_path):
    labeled(200, wrong=0).write_csv(tmp_path / "labeled.csv")
    done = weaklabel("issues", tmp_path / "labeled.csv", "-o", tmp_path / "issues.csv")
    assert done.code == 0
    assert "0 of 200 labeled rows probably have a wrong label" in done.out
    assert rows_in(tmp_path / "issues.csv") == []
    assert (tmp_path / "issues.csv").read_text(encoding="utf-8").startswith("row,text,label,suggested,margin,reasons")


def test_what_cannot_be_listed_is_said(weaklabel, file, tmp_path):
    with pytest.raises(ExportError, match="has no column 'label'"):
        list_label_issues(read_corpus({"text": ["a"]}))
    with pytest.raises(SelectionError, match=r"no row of .* has a label in column 'label'"):
        list_label_issues(read_corpus({"text": ["a", "b"], "label": ["", ""]}))
    done = weaklabel("issues", file, "-o", tmp_path / "issues.xlsx")
    assert (done.code, "must end in .csv or .jsonl" in done.err) == (1, True)
    with pytest.raises(ConfigError):
        list_label_issues(read_corpus({"text": ["a", "b"], "label": ["x", "y"]})).write(tmp_path / "issues")
