"""``select_corpus`` and ``weaklabel select`` on files."""

import json

import numpy as np
import polars as pl
import pytest

from weaklabel import select_corpus
from weaklabel.cli import main
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
from weaklabel.errors import ConfigError, ExportError, SelectionError
from weaklabel.job.engine import LocalEngine

TOPICS = {
    "sport": ["the team won the match", "a late goal decided the game", "the coach praised her players"],
    "food": ["bake the bread until golden", "stir the soup and add salt", "the sauce needs more garlic"],
}


def labeled(n=60, wrong=6, seed=0):
    """A labeled file as `weaklabel label` writes it; the first rows have the label of the other topic."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        topic = ("sport", "food")[number % 2]
        text = f"{rng.choice(TOPICS[topic])} {rng.choice(TOPICS[topic])} on day {number}"
        label = {"sport": "food", "food": "sport"}[topic] if number < wrong else topic
        sure = round(float(rng.uniform(0.6, 0.99)), 3)
        probs = (
            {"food": sure, "sport": round(1 - sure, 3)}
            if label == "food"
            else {"food": round(1 - sure, 3), "sport": sure}
        )
        rows.append(
            {"id": f"r{number}", "text": text, "label": label, "confidence": sure}
            | {f"p_{name}": prob for name, prob in probs.items()}
        )
    return pl.DataFrame(rows)


def with_gold(n=60, wrong=15, n_gold=20):
    """The same with votes, of which one labeling function makes the wrong labels, and gold on some rows."""
    frame = labeled(n, wrong)
    is_wrong = np.arange(n) < wrong
    truth = ["sport" if number % 2 == 0 else "food" for number in range(n)]
    known = np.random.default_rng(0).permutation(n)[:n_gold]
    return frame.with_columns(
        pl.Series("vote_good", [None if bad else label for bad, label in zip(is_wrong, frame["label"], strict=True)]),
        pl.Series("vote_bad", [label if bad else None for bad, label in zip(is_wrong, frame["label"], strict=True)]),
        pl.Series("true", [topic if number in set(known.tolist()) else None for number, topic in enumerate(truth)]),
    )


def run(*arguments):
    with pytest.raises(SystemExit) as done:
        main(["select", *map(str, arguments)])
    return done.value.code


def test_rows_whose_label_contradicts_their_text_are_dropped_with_their_score(tmp_path, capsys):
    labeled().write_csv(tmp_path / "labeled.csv")
    out = tmp_path / "half.csv"
    assert run(tmp_path / "labeled.csv", "--budget", "50%", "-o", out, "--json", "-q", "--score-column", "worth") == 0
    summary = json.loads(capsys.readouterr().out)
    kept = pl.read_csv(out)
    assert len(kept) == 30
    assert not set(kept["id"]) & {f"r{number}" for number in range(6)}
    assert kept.columns == [*labeled().columns, "worth"]
    assert summary["summary"]["chosen"] == 30
    rejects = [json.loads(line) for line in (tmp_path / "half.csv.rejects.jsonl").read_text().splitlines()]
    assert len(rejects) == 30
    assert any("its score by 'agreement' is" in json.dumps(reject) for reject in rejects)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_forms_part_sizes_and_workers_give_the_same_rows(tmp_path, ending, monkeypatch):
    frame = labeled()
    source = tmp_path / f"labeled.{ending}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[ending](source)
    wanted = select_corpus(frame, method="cut", budget=20).frame["id"].to_list()
    out = tmp_path / f"out.{ending}"
    select_corpus(source, out, method="cut", budget=20)
    before = out.read_bytes()
    monkeypatch.setattr("weaklabel.job.transform_job.PART_ROWS", 7)
    select_corpus(source, out, method="cut", budget=20, engine=LocalEngine(2))
    assert out.read_bytes() == before
    read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[ending](out)
    assert read["id"].to_list() == wanted


def test_other_splits_stay_and_unlabeled_rows_are_dropped():
    frame = labeled().with_columns(
        pl.Series("split", ["test" if number % 3 == 0 else "train" for number in range(60)]),
        pl.when(pl.col("id") == "r7").then(None).otherwise("label").alias("label"),
    )
    frame = frame.with_columns(
        pl.when(pl.col("id") == "r7").then(pl.lit(None)).otherwise(labeled()["label"]).alias("label")
    )
    done = select_corpus(frame, method="confidence", budget=10)
    assert done.frame.filter(pl.col("split") == "test").height == 20
    assert done.frame.filter(pl.col("split") == "train").height == 10
    assert done.dropped["without a label"] == 1
    assert done.dropped["not chosen"] == 29
    best = frame.filter((pl.col("split") == "train") & (pl.col("id") != "r7")).sort("confidence", descending=True)
    assert set(done.frame.filter(pl.col("split") == "train")["id"]) == set(best["id"].head(10))


def test_class_balance_and_tokens():
    frame = labeled().filter((pl.col("label") == "sport") | (pl.int_range(pl.len()) % 5 == 0))
    done = select_corpus(frame, method="random", budget=8, class_balance="uniform")
    assert done.frame["label"].value_counts().sort("label")["count"].to_list() == [4, 4]
    done = select_corpus(frame, method="random", budget="60 tokens")
    assert 0 < done.summary["tokens chosen"] <= 60


def test_labels_without_probabilities():
    frame = labeled().select("id", "text", "label")
    assert len(select_corpus(frame, method="loss", budget=10).frame) == 10
    with pytest.raises(SelectionError, match=r"'confidence' compares probabilities, and .* has none"):
        select_corpus(frame, method="confidence")


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"method": "best"}, SelectionError, "best"),
        ({"budget": "lots"}, SelectionError, "is not a budget"),
        ({"class_balance": [1, 2, 3]}, ConfigError, "or 2 shares, one a class"),
        ({"params": {"neighbours": 3}, "method": "cut"}, ConfigError, "no parameter 'neighbours'"),
        ({"split": "part"}, SelectionError, "no column 'part' with a split"),
        ({"encoder": "./nowhere"}, ConfigError, "no folder with a model"),
        ({"score": "label"}, ConfigError, "has a column 'label' already"),
    ],
)
def test_wrong_options_are_refused_before_any_work(how, error, said):
    with pytest.raises(error, match=said):
        select_corpus(labeled(), **how)


def test_files_without_labels_are_refused(tmp_path):
    with pytest.raises(ExportError, match="no column 'label'"):
        select_corpus(pl.DataFrame({"text": ["a"]}))
    nothing = labeled(4).with_columns(pl.lit(None, dtype=pl.String).alias("label"))
    with pytest.raises(SelectionError, match="no row has a label"):
        select_corpus(nothing, method="confidence")
    with pytest.raises(SelectionError, match="row 2, column 'label': 'pets' is none of the classes"):
        select_corpus(
            labeled(4).with_columns(pl.Series("label", ["food", "sport", "pets", "food"])), method="confidence"
        )
    with pytest.raises(SelectionError, match="row 1, column 'p_food': 'x' is not a probability"):
        select_corpus(labeled(4).with_columns(pl.Series("p_food", ["0.5", "x", "", "0.5"])), method="confidence")


@pytest.mark.parametrize("method", ["counting", "verified", "shapley", "influence", "rl-lfs", "rl-groups", "rl-rows"])
def test_gold_of_a_column_and_of_decisions_choose_the_same_rows(tmp_path, method):
    frame = with_gold()
    done = select_corpus(frame, method=method, budget=20, gold="true", class_balance="gold")
    assert done.frame.height == 20
    assert done.summary["rows with gold"].startswith("20, ")
    known = frame.filter(pl.col("true").is_not_null())
    wrong = set(known.filter(pl.col("true") != pl.col("label"))["id"])
    assert wrong
    assert not wrong & set(done.frame["id"])
    decisions = [
        Decision(row, text_hash(text), label, "ann", now())
        for row, (text, label) in enumerate(known.select("text", "true").iter_rows())
    ]
    log = DecisionLog(tmp_path / "decisions.jsonl")
    for decision in decisions:
        log.append(decision)
    by_hand = frame.drop("true")
    again = select_corpus(
        by_hand, method=method, budget=20, decisions=tmp_path / "decisions.jsonl", class_balance="gold"
    )
    assert again.frame["id"].to_list() == done.frame["id"].to_list()


def test_the_command_with_gold_names_harmful_labeling_functions_and_writes_the_curve(tmp_path, capsys):
    source, out, curve = tmp_path / "voted.csv", tmp_path / "best.csv", tmp_path / "reward.json"
    with_gold().write_csv(source)
    arguments = (source, "--by", "rl-lfs", "--gold", "true", "--balance", "gold", "--budget", "20", "--json", "-q")
    assert run(*arguments, "-o", out, "--curve", curve) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary["labeling functions that do more harm than good"] == "bad"
    assert set(summary["loss on held-out gold"]) == {"all rows", "rows weighted by the policy"}
    kept = json.loads(curve.read_text())
    assert [len(policy["curve"]) for policy in kept["folds"]] == [40, 40, 40]
    before = out.read_bytes()
    assert run(*arguments, "-o", out, "--curve", curve) == 0
    assert out.read_bytes() == before
    assert run(*arguments, "-o", out, "--curve", out) == 1
    assert run(source, "--by", "counting", "--gold", "true", "-o", out, "--curve", curve) == 1
    assert "only reinforcement learning has one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("columns", "how", "said"),
    [
        ((), {"method": "counting"}, "'counting' needs labels by hand"),
        ((), {"class_balance": "gold"}, "the class balance of gold needs labels by hand"),
        ((), {"method": "shapley", "gold": "tru"}, "no column 'tru' with gold .did you mean 'true'"),
        (("vote_good", "vote_bad"), {"method": "rl-groups", "gold": "true"}, "no columns 'vote_...'"),
    ],
)
def test_missing_gold_and_votes_are_asked_for_before_any_work(columns, how, said):
    with pytest.raises(SelectionError, match=said):
        select_corpus(with_gold().drop(*columns), **how)


def test_gold_of_other_splits_is_not_used():
    frame = with_gold().with_columns(
        pl.Series("split", ["train" if number % 2 else "test" for number in range(60)]),
        pl.when(pl.int_range(pl.len()) % 2 == 0).then("true").otherwise(None).alias("true"),
    )
    with pytest.raises(SelectionError, match="of the split that is chosen from"):
        select_corpus(frame, method="shapley", gold="true", budget=10)


def test_the_command_says_what_it_did_and_refuses_in_one_sentence(tmp_path, capsys):
    source = tmp_path / "labeled.csv"
    labeled().write_csv(source)
    assert run(source, "--by", "cut", "--budget", "10", "--dry-run") == 0
    shown = capsys.readouterr()
    assert "chosen by class: food" in shown.out
    assert "nothing written (dry run)" in shown.out
    assert run(source, "--balance", "even", "-o", tmp_path / "o.csv") == 2
    assert run(source, "--budget", "0", "-o", tmp_path / "o.csv") == 1
    assert run(source, "-o", source) == 1
