"""The twins of real sets are of the kind that they are said to be, and how they are scored."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchmarks.quality import few_labels, training_labels, twin_kinds, twins
from benchmarks.quality.twin_kinds import Plan, make_twin
from weaklabel.label_model.doubts import dominant_lfs
from weaklabel.votes import vote_patterns
from weaklabel.votes.tally import has_vote

WORDS = {
    "garden": ["rose", "lawn", "spade", "hedge", "tulip"],
    "kitchen": ["pan", "oven", "spoon", "bread", "salt"],
    "harbor": ["ship", "crane", "rope", "tide", "gull"],
    "garage": ["tire", "oil", "wrench", "brake", "horn"],
}
FILLERS = ["the", "near", "old", "we", "saw", "today", "some", "quiet", "under", "again"]


def rows(n, rng):
    made = {}
    for number in range(n):
        label = int(rng.integers(4))
        own = rng.choice(list(WORDS.values())[label], size=2).tolist()
        other = rng.choice(list(WORDS.values())[int(rng.integers(4))], size=1).tolist()
        text = " ".join(rng.permutation([*own, *other, *rng.choice(FILLERS, size=5).tolist()]).tolist())
        votes = [c if word in text.split() else -1 for c, words in enumerate(WORDS.values()) for word in words[:3]]
        made[str(number)] = {"label": label, "weak_labels": votes, "data": {"text": text}}
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("sets"), np.random.default_rng(0)
    (folder / "places").mkdir()
    for name, n in (("train", 2000), ("valid", 200), ("test", 500)):
        (folder / "places" / f"{name}.json").write_text(json.dumps(rows(n, rng)))
    (folder / "places" / "label.json").write_text(json.dumps(dict(zip("0123", WORDS, strict=True))))
    return folder


def twin_of(folder, kind, make=twin_kinds.as_it_is, n=800, seed=0, **options):
    return make_twin(Plan(kind, "places", make, n, **options), folder, seed)


def gold_of(twin):
    return {
        "train": (twin.train, twin.train_gold),
        "valid": (twin.valid, twin.valid.Y),
        "test": (twin.test, twin.test.Y),
    }


def test_train_gold_is_hidden_and_no_row_is_in_two_splits(folder):
    twin = twin_of(folder, "real", n=1000)
    assert (twin.train.Y == -1).all()
    assert (twin.train_gold >= 0).all()
    source = twin_kinds.read_source(folder / "places")
    assert len(twin.train) == 1000
    assert len(twin.valid) == 500
    assert set(twin.test.texts) <= set(source.test.texts)


def test_a_rare_class_has_few_rows_and_few_have_votes_in_every_split(folder):
    twin = twin_of(folder, "rare", twin_kinds.one_against_rest)
    assert twin.k == 2
    assert twin.positive == twin.labels[1]
    for split, gold in gold_of(twin).values():
        assert 0.03 < gold.mean() < 0.13
        assert 0.15 < has_vote(split.L).mean() < 0.35


def test_one_labeling_function_a_class_and_five(folder):
    L = twin_of(folder, "one LF a class", twin_kinds.one_lf_a_class).train.L
    assert [set(column[column >= 0].tolist()) for column in L.T] == [{0}, {1}, {2}, {3}]
    assert twin_of(folder, "five LFs", partial(twin_kinds.few_lfs, n=5)).m == 5


@pytest.mark.parametrize("alone", [False, True])
def test_a_dominant_labeling_function_votes_on_most_rows_and_is_mostly_wrong(folder, alone):
    twin = twin_of(folder, "dominant", partial(twin_kinds.dominant, alone=alone))
    for split, gold in gold_of(twin).values():
        votes = split.L[:, -1]
        voted = votes >= 0
        (chosen,) = set(votes[voted].tolist())
        assert voted.mean() == pytest.approx(0.6, abs=0.05)
        assert (gold[voted] == chosen).mean() == pytest.approx(0.4, abs=0.05)
        assert (split.L[:, :-1] == chosen).any() != alone


def test_another_script_has_the_same_words_and_no_latin_letter(folder):
    source = twin_kinds.read_source(folder / "places")
    cyrillic = twin_kinds.in_cyrillic(source, np.random.default_rng(0)).test.texts
    assert not any(letter.isascii() and letter.isalpha() for text in cyrillic for letter in text)
    words = {word for text in source.test.texts for word in text.split()}
    assert len({word for text in cyrillic for word in text.split()}) == len(words)
    han = twin_kinds.in_han(source, np.random.default_rng(0)).test.texts
    assert all("一" <= letter <= "鿿" for text in han for letter in text)


def test_many_classes_are_numbered_anew(folder):
    twin = twin_of(folder, "many classes", partial(twin_kinds.many_classes, k=3))
    assert twin.k == 3
    for split, gold in gold_of(twin).values():
        assert set(np.unique(gold)) == {0, 1, 2}
        voted = split.L >= 0
        assert (split.L[voted] == np.repeat(gold, voted.sum(axis=1))).mean() > 0.5


def test_unrelated_texts_are_the_same_texts(folder):
    source = twin_kinds.read_source(folder / "places")
    mixed = twin_kinds.unrelated_texts(source, np.random.default_rng(0))
    assert sorted(mixed.train.texts) == sorted(source.train.texts)
    assert mixed.train.texts != source.train.texts


def test_functions_like_those_of_a_language_model_err_along_the_text(folder):
    twin = twin_of(few_rows(folder), "LLM LFs", twin_kinds.llm_lfs, n=200)
    added = twin.train.L[:, -3:]
    assert (added >= 0).mean() == pytest.approx(0.8, abs=0.05)
    assert twin.m == 15


def few_rows(folder):
    """Return a folder with few rows of the set, for what must be embedded."""
    small = folder / "small" / "places"
    if not small.exists():
        small.mkdir(parents=True)
        for name, n in (("train", 300), ("valid", 50), ("test", 50)):
            kept = list(json.loads((folder / "places" / f"{name}.json").read_text()).items())[:n]
            (small / f"{name}.json").write_text(json.dumps(dict(kept)))
        (small / "label.json").write_text((folder / "places" / "label.json").read_text())
    return small.parent


def test_a_seed_gives_the_same_twin_again_and_another_seed_another(folder):
    first, again, other = (twin_of(folder, "300 rows", n=300, seed=seed) for seed in (0, 0, 1))
    assert first.content == again.content != other.content
    np.testing.assert_array_equal(first.train.L, again.train.L)
    assert first.train.texts != other.train.texts


def test_models_are_scored_and_compared_with_their_peers(folder):
    result = twins.run_twin(twin_of(folder, "rare", twin_kinds.one_against_rest), ["majority", "dawid-skene", "votes"])
    assert result["metric"] == "f1"
    assert result["uniform_log_loss"] == pytest.approx(np.log(2), abs=1e-3)
    assert 0 < result["balance_log_loss"] < result["uniform_log_loss"]
    point, low, high = result["models"]["votes"]["differences"]["majority"]
    assert low <= point <= high
    assert "differences" in result["models"]["majority"]
    assert "majority" in twins.table([result])


def test_a_twin_on_which_a_model_is_below_a_peer_beyond_its_interval_is_counted():
    def result(high):
        figures = {"metric": 0.5, "log_loss": 1.0, "calibration_error": 0.2, "cpu_seconds": 0.0}
        differences = {"differences": {"majority": [-0.1, -0.2, high]}}
        return {
            "kind": "real", "uniform_log_loss": 0.7, "balance_log_loss": 0.6, "failed": {},
            "models": {"auto": figures | differences},
        }  # fmt: skip

    summary = twins.summarise([result(-0.01), result(0.01)], "auto")
    assert summary["below_any"] == summary["to_peers"]["majority"]["below"] == 1
    assert summary["above_uniform"] == summary["badly_calibrated"] == 2


def test_results_are_shown_by_kind_and_by_set(folder):
    models = ["auto", "votes", *twins.PEERS]
    twin = twin_kinds.whole_set(few_rows(folder) / "places", 0)
    assert (twin.kind, len(twin.test), twin.positive) == (twin_kinds.WHOLE, 50, None)
    result = twins.run_twin(twin, models, "test")
    shown = twins.whole_table({"twins": [result]}).splitlines()
    assert len(shown) == 3
    assert shown[2].startswith(f"| places (accuracy; seeds: 1) | {100 * result['models']['auto']['metric']:.1f} |")
    by_kind = twins.markdown({"twins": [result], "summary": twins.summaries([result])}).splitlines()
    assert [line.split("|")[1].strip() for line in by_kind[2:]] == ["whole set (1)", "**all** (1)"]
    assert len({line.count("|") for line in by_kind}) == 1
    assert len({line.count("|") for line in shown}) == 1


def test_classifiers_on_labels_of_label_models_are_compared_by_rows(folder):
    result = training_labels.run_twin(twin_of(folder, "300 rows", n=300), "valid", classifiers=["linear", "majority"])
    assert not result["failed"]
    figures = result["label_models"]
    assert {name: set(ways) for name, ways in figures.items()} == {
        name: {"itself", "linear", "majority"} for name in ("majority", "auto")
    }
    point, low, high = figures["auto"]["linear"]["difference"]
    assert low <= point <= high
    assert point == pytest.approx(
        figures["auto"]["linear"]["metric"] - figures["majority"]["linear"]["metric"], abs=2e-4
    )
    assert "difference" not in figures["majority"]["linear"]
    # The constant classifier knows no texts, so its scores say that a classifier's own answers are scored.
    assert figures["auto"]["majority"]["metric"] < figures["auto"]["linear"]["metric"] - 0.2
    summary = training_labels.summaries([result, result])
    assert summary["all"]["auto"]["linear"]["twins"] == 2
    assert summary["all"]["auto"]["linear"]["worst"] == point
    shown = training_labels.table({"summary": summary}).splitlines()
    assert shown[0] == (
        "| kind of twin | twins | linear on majority vote | on `auto` | majority on majority vote | on `auto` |"
    )
    assert [line.split("|")[1].strip() for line in shown[2:]] == ["300 rows", "**all**"]
    assert len({line.count("|") for line in shown}) == 1


def test_what_fails_on_a_twin_is_told_and_the_others_are_scored(folder):
    twin = twin_of(folder, "real", n=300)
    L = np.where(twin.train.L == 0, 0, -1).astype(twin.train.L.dtype)  # one class has votes: nothing to learn
    one_class = replace(twin, train=replace(twin.train, L=L))
    result = training_labels.run_twin(one_class, "valid", ["majority"], ["linear", "majority"])
    assert "only one class to train on" in result["failed"]["majority + linear"]
    assert set(result["label_models"]["majority"]) == {"itself", "majority"}
    table = training_labels.table({"summary": training_labels.summaries([result])})
    assert "| real | 1 |" in table


def test_an_interrupted_comparison_continues(folder, tmp_path, monkeypatch, capsys):
    plans = (
        Plan("300 rows", "places", twin_kinds.as_it_is, 300),
        Plan("five LFs", "places", partial(twin_kinds.few_lfs, n=5), 300),
    )
    monkeypatch.setattr(twin_kinds, "PLANS", plans)
    kept = tmp_path / "kept.json"
    command = ["training_labels", "--data", str(folder), "--split", "valid", "--seeds", "1", "--classifiers", "linear"]
    whole = [*command, "--out", str(tmp_path / "whole.json")]
    monkeypatch.setattr("sys.argv", [*whole, "--kept", str(kept)])
    training_labels.main()
    done = json.loads(kept.read_text())
    kept.write_text(json.dumps(done | {"twins": done["twins"][:1]}))
    monkeypatch.setattr("sys.argv", [*command, "--kept", str(kept), "--out", str(tmp_path / "continued.json")])
    capsys.readouterr()
    training_labels.main()
    assert capsys.readouterr().err.count("seed 0") == 1
    assert (tmp_path / "continued.json").read_text() == (tmp_path / "whole.json").read_text()


def test_a_dominant_labeling_function_of_a_twin_is_warned_of_and_the_set_as_it_is_warns_of_none(folder):
    of_all = twin_of(folder, "real", n=1000)
    assert dominant_lfs(vote_patterns(of_all.train.L), of_all.k) == []
    for alone in (False, True):
        twin = twin_of(folder, "dominant", partial(twin_kinds.dominant, alone=alone), n=1000)
        (suspect,) = dominant_lfs(vote_patterns(twin.train.L), twin.k)
        assert suspect.lf == twin.m - 1 and (suspect.agreed is None) == alone


def test_few_labels_beside_the_same_rows_alone_are_a_row_for_each_kind():
    def scores(auto, alone=None):
        return {"auto": auto, "log_loss": 1 - auto} | ({} if alone is None else {"alone": alone})

    decided = {"0": scores(0.5), "20": scores(0.6, 0.4), "50": scores(0.7, 0.5), "100": scores(0.4, 0.6)}
    better = {number: {name: value + 0.1 for name, value in score.items()} for number, score in decided.items()}
    results = [{"kind": kind, "decided": of_kind} for kind, of_kind in (("real", decided), ("rare", better))]
    lines = few_labels.markdown({"twins": results}).splitlines()
    assert (
        lines[2]
        == "| real (1) | 50.0 | 60.0 | 40.0 | +10.0 | 70.0 | 50.0 | +20.0 | 40.0 | 60.0 | -10.0 | 0.50 | 0.60 |"
    )
    assert lines[4].startswith("| **all** (2) | 55.0 | 65.0 |")
    assert len({line.count("|") for line in lines}) == 1
    X, gold = np.eye(4)[[0, 1, 0, 1]], np.array([0, 1, 0, 1])
    assert few_labels._alone(X, X, np.array([0, 1]), gold).tolist() == [0, 1, 0, 1]
    assert few_labels._alone(X, X, np.array([1, 3]), gold).tolist() == [1] * 4, "of one class, nothing can be learned"
