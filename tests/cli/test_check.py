"""``weaklabel check`` and the ``[quality]`` of a project: rows to check, decisions on them, and the exit status."""

import csv
import json

import pytest

from weaklabel.decisions import Decision, DecisionLog, text_hash
from weaklabel.review.opening import open_review

N = 200
PACK = """
from weaklabel import keyword_lf
LABELS = ["ham", "spam"]
offer, hello = keyword_lf("offer", 1, ["offer"]), keyword_lf("hello", 0, ["hello"])
deal, friend = keyword_lf("deal", 1, ["deal"]), keyword_lf("friend", 0, ["friend"])
"""


def truth_of(number):
    return "spam" if number % 3 == 0 else "ham"


def text_of(number):
    return f"a {'deal, an offer' if truth_of(number) == 'spam' else 'friend says hello'} {number}"


@pytest.fixture
def labeled(tmp_path):
    """Two hundred rows, nineteen of twenty labeled right, and a column with the truth."""
    path = tmp_path / "labeled.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "label", "confidence", "p_ham", "p_spam", "truth"])
        for number in range(N):
            truth = truth_of(number)
            label = truth if number % 20 else {"ham": "spam", "spam": "ham"}[truth]
            p = 0.95 if number % 20 else 0.6
            writer.writerow(
                [text_of(number), label, p, *((p, 1 - p) if label == "ham" else (1 - p, p)), truth if number else ""]
            )
    return path


def rows_in(path):
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def decide(log, rows):
    for row in rows:
        number = int(row["text"].rpartition(" ")[2])
        log.append(Decision(0, text_hash(row["text"]), truth_of(number), "ada", "2026-01-01T00:00:00Z"))


def test_rows_are_checked_until_the_labels_pass(weaklabel, labeled, tmp_path):
    out, log = tmp_path / "to_check.csv", DecisionLog(tmp_path / "decisions.jsonl")
    first = weaklabel("check", labeled, "-o", out, "--json")
    result = json.loads(first.out)
    assert (first.code, result["verdict"], result["n_checked"]) == (1, "open", 0)
    assert [int(row["row"]) for row in rows_in(out)] == result["to_check"]
    assert len(set(result["to_check"])) == 50
    assert set(rows_in(out)[0]) == {"row", "text"}, "who sees the label tends to agree with it"
    while result["verdict"] == "open":
        decide(log, rows_in(out))
        last = weaklabel("check", labeled, "--decisions", log.path, "-o", out, "--json")
        result = json.loads(last.out)
    assert (last.code, result["verdict"]) == (0, "pass")
    assert result["n_checked"] <= N
    assert result["precision"]["low"] >= 0.9


def test_labels_below_the_wanted_precision_fail(weaklabel, labeled):
    result = weaklabel("check", labeled, "--gold", "truth", "--min-precision", "0.99")
    assert result.code == 1
    assert "open" in result.out or "fail" in result.out


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--gold", "truth", "--decisions", "d.jsonl"), 2, "give one of --gold and --decisions"),
        (("--min-precision", "1"), 1, "min_precision must be above 0"),
        (("--pred", "labels"), 1, "labels"),
        (("--decisions", "missing.jsonl"), 1, "does not exist"),
    ],
)
def test_mistakes_are_said_in_one_sentence(weaklabel, labeled, options, code, sentence):
    result = weaklabel("check", labeled, *options)
    assert result.code == code
    assert sentence in result.err


def test_rows_that_labels_were_fitted_to_are_not_drawn(weaklabel, labeled, tmp_path):
    rows, out = rows_in(labeled), tmp_path / "to_check.csv"
    with labeled.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [*rows[0], "decided"])
        writer.writeheader()
        writer.writerows(row | {"decided": row["label"] if number < 150 else ""} for number, row in enumerate(rows))
    done = weaklabel("check", labeled, "-o", out, "--n-check", "200", "--json")
    result = json.loads(done.out)
    assert (result["n_labeled"], result["n_left_out"]) == (50, 150)
    assert sorted(result["to_check"]) == list(range(151, 201))
    assert "150 rows are not checked, since the label model was fitted with decisions on them" in done.err
    assert weaklabel("check", labeled, "--gold", "truth", "--json").json["n_checked"] == 50


def test_a_run_passes_once_enough_rows_are_checked(weaklabel, tmp_path):
    with (tmp_path / "messages.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([["text"], *([text_of(number)] for number in range(N))])
    (tmp_path / "mine.py").write_text(PACK, encoding="utf-8")
    project = tmp_path / "project.toml"
    project.write_text(
        '[corpus]\npath = "messages.csv"\n[lfs]\nuse = ["./mine.py"]\n[label_model]\nname = "weighted"\n'
        '[classifier]\nname = "linear"\n[quality]\nmin_precision = 0.9\n',
        encoding="utf-8",
    )
    first = weaklabel("run", project)
    to_check = tmp_path / "run" / "to_check.csv"
    assert first.code == 1
    assert f"weaklabel review {to_check} --labels ham,spam" in first.err
    assert (tmp_path / "run" / "manifest.json").exists(), "the results are there, whatever the verdict"
    while (result := weaklabel("run", project)).code:
        review = open_review(to_check, labels=["ham", "spam"])
        decide(review.log, rows_in(to_check))
    kept = json.loads((tmp_path / "run" / "quality.json").read_text(encoding="utf-8"))
    assert (kept["verdict"], result.code) == ("pass", 0)
    assert "check" in weaklabel("run", project, "--plan").out
