"""``weaklabel score`` on spans: from a column of any format, against a column or another file."""

import json

import polars as pl
import pytest

from weaklabel.units import Spans, spans_column

TEXTS = ["Ada Lovelace met 👩‍👩‍👧 in Rome.", "Nobody.\r\nAt all", "東京 e\u0301t New York", "not judged"]
GOLD = Spans.of_rows([[(0, 12, 1), (TEXTS[0].index("Rome"), TEXTS[0].index("Rome") + 4, 0)], [], [(0, 2, 0)], []])
LABELS = ["LOC", "PER"]


@pytest.fixture
def frame():
    predicted = Spans.of_rows(
        [[(0, 3, 1), (TEXTS[0].index("Rome"), TEXTS[0].index("Rome") + 4, 0)], [(0, 6, 1)], [(0, 2, 1)], [(0, 3, 1)]]
    )
    known = [True, True, True, False]
    return pl.DataFrame(
        {
            "text": TEXTS,
            "spans": spans_column(predicted, TEXTS, LABELS, probs=[0.5, 0.75, 0.5, 0.5, 0.5]),
            "gold": spans_column(GOLD, TEXTS, LABELS, is_known=pl.Series(known).to_numpy()),
        }
    )


def write(frame, path):
    as_text = [pl.col(name).map_elements(lambda cell: json.dumps(list(cell)), pl.String) for name in ("spans", "gold")]
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".jsonl":
        frame.write_ndjson(path)
    else:
        frame.with_columns(as_text).write_csv(path)
    return str(path)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_spans_are_scored_in_every_format(weaklabel, frame, tmp_path, ending):
    path = write(frame, tmp_path / f"labeled.{ending}")
    result = weaklabel("score", path, "--gold", "gold", "--json", "-q")
    assert result.code == 0, result.err
    scores = json.loads(result.out)
    assert scores["labels"] == LABELS and scores["n"] == 3 and scores["unlabeled"] == 1
    assert (scores["n_gold"], scores["n_predicted"]) == (3, 4) and scores["precision"] == 0.25
    errors = {"right": 1, "type": 1, "boundary": 1, "type and boundary": 0, "missed": 0, "spurious": 1}
    assert scores["errors"] == errors
    assert scores["brier"] == pytest.approx((0.25 + 0.0625 + 0.25 + 0.25) / 4)
    shown = weaklabel("score", path, "--gold", "gold", "-q").out
    assert "3 gold spans and 4 predicted spans in 3 texts" in shown and "1 rows without gold" in shown


def test_gold_in_another_file_is_matched_by_text(weaklabel, frame, tmp_path):
    path = write(frame, tmp_path / "labeled.csv")
    gold = frame.select("text", pl.col("gold").alias("spans"))[[2, 0]]
    gold.write_ndjson(tmp_path / "gold.jsonl")
    result = weaklabel("score", path, "--gold-file", str(tmp_path / "gold.jsonl"), "--json", "-q")
    assert result.code == 0, result.err
    assert json.loads(result.out)["n"] == 2
    (tmp_path / "other.jsonl").write_text('{"text": "elsewhere", "spans": []}\n')
    result = weaklabel("score", path, "--gold-file", str(tmp_path / "other.jsonl"))
    assert result.code == 1 and "none of the 1 texts" in result.err


def test_gold_names_the_column_of_the_file_with_gold(weaklabel, frame, tmp_path):
    path = write(frame, tmp_path / "labeled.csv")
    gold = frame.select("text", pl.col("gold").alias("truth"))[[2, 0]]
    gold.write_ndjson(tmp_path / "gold.jsonl")
    by_file = weaklabel("score", path, "--gold-file", str(tmp_path / "gold.jsonl"), "--gold", "truth", "--json", "-q")
    assert by_file.code == 0, by_file.err
    gold.select("text", spans="truth").write_ndjson(tmp_path / "named.jsonl")
    named = weaklabel("score", path, "--gold-file", str(tmp_path / "named.jsonl"), "--json", "-q")
    assert json.loads(by_file.out) == json.loads(named.out) and json.loads(named.out)["n_gold"] > 0
    result = weaklabel("score", path, "--gold-file", str(tmp_path / "gold.jsonl"), "--gold", "true")
    assert result.code == 1 and "true" in result.err


def test_wrong_usage_and_wrong_cells(weaklabel, frame, tmp_path):
    path = write(frame, tmp_path / "labeled.csv")
    result = weaklabel("score", path, "--gold", "gold", "--positive", "PER")
    assert result.code == 2 and "these are spans" in result.err.replace("\n", " ")
    assert weaklabel("score", path).code == 2
    result = weaklabel("score", path, "--gold", "golden")
    assert result.code == 1 and "golden" in result.err
    wrong = frame.with_columns(spans=pl.Series(['[{"start": 0, "end": 99, "label": "PER"}]', "[]", "[]", "[]"]))
    wrong.select("text", "spans", pl.lit("[]").alias("gold")).write_csv(tmp_path / "wrong.csv")
    result = weaklabel("score", str(tmp_path / "wrong.csv"), "--gold", "gold")
    assert result.code == 1 and "row 0" in result.err and "Traceback" not in result.err
    result = weaklabel("score", path, "--gold", "gold", "--labels", "PER")
    assert result.code == 1 and "LOC" in result.err


def test_a_file_of_labels_that_also_has_spans_is_scored_by_its_labels(weaklabel, tmp_path):
    (tmp_path / "both.csv").write_text("text,label,truth,spans\na,x,x,[]\nb,y,x,[]\n")
    result = weaklabel("score", str(tmp_path / "both.csv"), "--gold", "truth", "--json", "-q")
    assert json.loads(result.out)["accuracy"] == 0.5
