"""The benchmarks of label models: the truth of synthetic votes is exact, peers are called as they want to be."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.quality import label_models, synthetic
from benchmarks.quality.answers import Predictions, complete
from benchmarks.quality.oracle import oracles
from benchmarks.quality.peers import PEERS, PeerFailedError, ask, run_peer
from benchmarks.quality.settings import KINDS, LEVELS, Setting, design, votes_model
from benchmarks.quality.votes_model import VotesModel
from weaklabel.bench.data import read_bench_set
from weaklabel.label_model import LabelModel, MajorityVote
from weaklabel.votes.tally import has_vote

OURS = {"majority": MajorityVote, "snorkel": LabelModel}


def all_rows(m, k):
    return np.array(list(itertools.product(range(-1, k), repeat=m)), dtype=np.int8)


def tiny(kind, k=2, seed=3):
    """Return the first labeling functions of a setting, the last two of them copiers where the kind has copies."""
    model = votes_model(Setting(kind, k, 10, 0.5, 0.8, 2_000, seed))
    leaders, copying = np.full(4, -1), np.zeros(4)
    if model.copying.any():
        leaders[2:], copying[2:] = [0, 2], [0.7, 0.9]
    return VotesModel(model.balance, model.hardness, model.tables[:, :4], leaders, copying)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [2, 3])
def test_the_probabilities_of_all_rows_sum_to_one(kind, k):
    model = tiny(kind, k)
    joint = np.exp(model.joint(all_rows(4, k)))
    np.testing.assert_allclose(joint.sum(), 1)
    np.testing.assert_allclose(joint.sum(axis=0), model.balance)


@pytest.mark.parametrize("kind", ["wide", "correlated", "mixed"])
def test_draws_come_as_often_as_the_joint_says(kind):
    model, n = tiny(kind), 400_000
    L, Y = model.sample(n, np.random.default_rng(0))
    rows = all_rows(4, 2)
    place = (L.astype(np.int64) + 1) @ 3 ** np.arange(3, -1, -1)
    drawn = np.bincount(place * 2 + Y, minlength=2 * len(rows)).reshape(-1, 2) / n
    expected = np.exp(model.joint(rows))
    np.testing.assert_array_less(np.abs(drawn - expected), 5 * np.sqrt(expected / n) + 1e-12)


def test_the_posterior_is_bayes_rule_by_hand():
    """A copier that nearly always repeats its leader adds nearly nothing; an independent vote does add."""
    table = np.array([[0.0, 0.8, 0.2], [0.0, 0.4, 0.6]])
    tables = np.broadcast_to(table, (2, 2, 2, 3))
    balance, easy = np.array([0.5, 0.5]), np.array([1.0, 0.0])
    L = np.array([[0, 0]], dtype=np.int8)
    alone = VotesModel(balance, easy, tables, np.array([-1, -1]), np.zeros(2)).posterior(L)
    np.testing.assert_allclose(alone, [[0.64 / 0.8, 0.16 / 0.8]])
    copied = VotesModel(balance, easy, tables, np.array([-1, 0]), np.array([0, 0.5])).posterior(L)
    np.testing.assert_allclose(copied[0, 0] / copied[0, 1], (0.8 * (0.5 + 0.4)) / (0.4 * (0.5 + 0.2)))


def test_hardness_ties_the_votes_together():
    model = tiny("hard rows")
    joint = model.joint(all_rows(4, 2))
    by_hand = np.zeros_like(joint)
    for hard, share in enumerate(model.hardness):
        for number, row in enumerate(all_rows(4, 2)):
            votes = [model.tables[hard, lf, :, vote + 1] for lf, vote in enumerate(row)]
            by_hand[number] += share * model.balance * np.prod(votes, axis=0)
    np.testing.assert_allclose(np.exp(joint), by_hand)


def test_the_design_gives_every_level_its_turn_and_is_the_same_again():
    settings = design()
    assert settings == design()
    assert len(settings) == 56
    for kind in KINDS:
        members = [setting for setting in settings if setting.kind == kind]
        for factor, levels in LEVELS.items():
            times = [sum(getattr(item, factor) == level for item in members) for level in levels]
            assert max(times) - min(times) <= 1, (kind, factor)


@pytest.mark.parametrize("setting", design(), ids=lambda setting: f"{setting.kind}-{setting.seed}")
def test_tables_are_probabilities(setting):
    model = votes_model(setting)
    assert (model.tables >= 0).all()
    np.testing.assert_allclose(model.tables.sum(axis=-1), 1)
    np.testing.assert_allclose(model.balance.sum(), 1)
    assert (model.leaders < np.arange(setting.m)).all()


def test_one_sided_labeling_functions_vote_for_one_class():
    L, _ = votes_model(Setting("one-sided", 3, 25, 0.4, 0.0, 2_000, 0)).sample(2_000, np.random.default_rng(0))
    assert all(len(set(votes.tolist()) - {-1}) == 1 for votes in L.T)


def test_no_model_beats_bayes_and_the_summary_says_how_far_they_are():
    rows = []
    for setting in (Setting("wide", 2, 10, 0.4, 0.8, 2_000, 1), Setting("mixed", 3, 25, 0.2, 0.0, 2_000, 2)):
        result = synthetic.run_setting(setting, OURS)
        bayes = result[synthetic.BAYES]
        for name in OURS:
            assert result[name]["accuracy"] <= bayes["accuracy"]
            assert result[name]["log_loss"] >= bayes["log_loss"]
        rows.append({"setting": setting.__dict__ | {"balance": setting.balance}, "draw": 0, "scores": result})
    summary = synthetic.summarise(rows)
    below = [row["scores"][synthetic.BAYES]["accuracy"] - row["scores"]["majority"]["accuracy"] for row in rows]
    assert summary["all"]["majority"]["below_bayes"] == pytest.approx(np.mean(below), abs=1e-4)
    assert summary["kind mixed"]["majority"]["settings"] == 1
    lines = synthetic.table({"settings": rows, "summary": summary}).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith(f"| {synthetic.BAYES} |")


def test_a_failed_setting_is_counted_and_not_averaged():
    row = {"setting": dict.fromkeys(synthetic.FACTORS, 1), "scores": {synthetic.BAYES: {}, "x": {"failed": "why"}}}
    row["scores"][synthetic.BAYES] = {"accuracy": 1.0, "log_loss": 0.0, "calibration_error": 0.0}
    assert synthetic.summarise([row])["all"]["x"] == {"settings": 0, "failed": 1}


def test_a_row_without_an_answer_gets_the_models_most_frequent_class():
    L = np.array([[1], [1], [0], [-1]], dtype=np.int8)
    train = np.array([[0.1, 0.9], [0.3, 0.7], [0.8, 0.2], [np.nan, np.nan]])
    answers = complete(Predictions(train, train, 0.0), L, L, seed=0)
    assert answers.preds.tolist() == [1, 1, 0, 1]
    np.testing.assert_allclose(answers.probs[3], [0.4, 0.6])
    assert answers.coverage == 0.75
    with pytest.raises(ValueError, match="labels no train row"):
        complete(Predictions(train[3:], train, 0.0), L[3:], L, seed=0)


def test_the_oracle_knows_what_majority_vote_cannot():
    """Two labeling functions that are always wrong together outvote one that is right."""
    Y = np.arange(200) % 2
    L = np.stack([Y, 1 - Y, 1 - Y], axis=1).astype(np.int8)
    L[0] = -1
    family = oracles(L, Y, 2)
    assert (family["majority vote"][1:].argmax(axis=1) != Y[1:]).all()
    for name in family.keys() - {"majority vote"}:
        assert (family[name][1:].argmax(axis=1) == Y[1:]).all(), name
    assert all(probs[0].tolist() == pytest.approx([2 / 3, 1 / 3]) for probs in family.values())


def test_naive_bayes_of_the_oracle_is_counted():
    L, Y = np.array([[0], [0], [1], [-1]], dtype=np.int8), np.array([0, 0, 1, 1])
    rates = np.array([2, 3, 2]) / 7  # of abstain, 0, 1, each with one more
    likelihood = np.array([(2 + rates[1]) / 3, rates[1] / 3])
    expected = likelihood * 3 / 6  # two rows of each class, one more of each
    np.testing.assert_allclose(oracles(L, Y, 2)["naive Bayes"][0], expected / expected.sum())


@pytest.fixture(scope="module")
def easy_votes():
    """Votes of six good labeling functions, one that never votes, and some rows without any vote."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 3, 300)
    wrong = (Y[:, None] + rng.integers(1, 3, (300, 7))) % 3
    L = np.where(rng.random((300, 7)) < 0.85, Y[:, None], wrong)
    L = np.where(rng.random((300, 7)) < 0.7, L, -1).astype(np.int8)
    L[:, 6], L[:3] = -1, -1
    return L, Y


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name == "crowd-kit MACE" else []) for name in PEERS]
)
@pytest.mark.filterwarnings("ignore")
def test_peers_label_easy_votes_well(name, easy_votes):
    pytest.importorskip(PEERS[name].module)
    L, Y = easy_votes
    output = ask(PEERS[name], L[:60], L[60:120], 3)
    answered = ~np.isnan(output.scored).any(axis=1)
    assert (answered == has_vote(L[60:120])).all()
    np.testing.assert_allclose(output.scored[answered].sum(axis=1), 1)
    assert (output.scored.argmax(axis=1) == Y[60:120])[answered].mean() > 0.85
    assert np.isnan(output.train[:3]).all()


def test_a_peer_runs_in_a_process_of_its_own(easy_votes):
    pytest.importorskip("crowdkit")
    L, _ = easy_votes
    output, here = run_peer("crowd-kit Wawa", L[:60], L[60:120], 3), ask(PEERS["crowd-kit Wawa"], L[:60], L[60:120], 3)
    np.testing.assert_array_equal(output.scored, here.scored)


def test_a_peer_that_takes_too_long_is_ended(easy_votes):
    with pytest.raises(PeerFailedError, match="not done within"):
        run_peer("Snorkel LabelModel", easy_votes[0], easy_votes[0], 3, limit=0.01)


def test_a_peer_that_fails_says_why(easy_votes):
    """There are no votes at all; or it is not installed."""
    with pytest.raises(PeerFailedError, match="Error: "):
        run_peer("crowd-kit Wawa", easy_votes[0][:3], easy_votes[0][:3], 3)


@pytest.fixture
def bench_set(tmp_path, easy_votes):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "label.json").write_text(json.dumps({"0": "a", "1": "b", "2": "c"}))
    L, Y = easy_votes
    for split, rows in (("train", range(200)), ("valid", range(200, 250)), ("test", range(250, 300))):
        written = {
            str(row): {"label": int(Y[row]), "weak_labels": L[row, :6].tolist(), "data": {"text": f"row {row}"}}
            for row in rows
        }
        (folder / f"{split}.json").write_text(json.dumps(written))
    return read_bench_set(folder)


def test_real_sets_are_scored_on_the_split_asked_for(bench_set):
    how = {"seeds": 2, "folder": None, "limit": 0.01}
    result = label_models.run_set(bench_set, bench_set.valid, OURS, ["Snorkel LabelModel"], **how)
    assert (result["scored_rows"], result["train_rows"], result["metric"]) == (50, 200, "accuracy")
    majority = result["cells"]["majority"]
    assert majority["mean_metric"] == np.mean(majority["metric"]) > 0.9
    assert majority["coverage"] == [1.0, 1.0]
    assert "not done" in result["cells"]["Snorkel LabelModel"]["failed"]
    assert result["oracle"]["mean_metric"] >= majority["mean_metric"]

    sets = {"tiny": result}
    averaged = label_models.means(sets)
    assert averaged["Snorkel LabelModel"] == {"failed_on": ["tiny"]}
    lines = label_models.table({"sets": sets, "mean": averaged}).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| *oracle")
    assert "failed" in lines[-1]


def test_a_set_scored_by_f1(bench_set):
    bench_set = replace(bench_set, metric="f1", positive="b")
    result = label_models.run_set(bench_set, bench_set.test, {"majority": MajorityVote}, [], seeds=1)
    preds = MajorityVote(3).predict(bench_set.test.L, tie_break_policy="random")
    right = ((preds == 1) & (bench_set.test.Y == 1)).sum()
    f1 = 2 * right / ((preds == 1).sum() + (bench_set.test.Y == 1).sum())
    assert result["metric"] == "f1"
    assert result["cells"]["majority"]["metric"] == [pytest.approx(f1, abs=1e-5)]
