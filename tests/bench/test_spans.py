"""A benchmark of sets with spans: planned, computed, summed up, shown."""

import json

import pytest

from tests.bench.sets import sequences, wrench
from weaklabel.bench import launch, plan, work
from weaklabel.bench.data import read_set, set_files
from weaklabel.bench.page import html
from weaklabel.bench.plan import BenchSettings, plan_cells
from weaklabel.bench.published import published_for
from weaklabel.bench.run import run_bench
from weaklabel.bench.span_data import read_span_set, span_train_gold
from weaklabel.bench.span_models import SkweakModel, missing_package
from weaklabel.bench.tables import markdown, text_table
from weaklabel.errors import ConfigError, CorpusError
from weaklabel.label_model.sequence import SpanVote, WordVote
from weaklabel.scoring import paired_span_difference, score_spans

OURS = ("word-vote", "span-vote")


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Compute cells in this process, for speed."""
    monkeypatch.setattr(launch, "run_process", lambda folder, timeout: work.main([str(folder)]))


def test_results_are_the_scores_of_the_label_models(tmp_path):
    path = sequences(tmp_path)
    results = run_bench([path], BenchSettings(work=tmp_path / "work", span_label_models=OURS))
    data = read_span_set(path)
    train, votes = (split.votes.only(data.recommended) for split in (data.train, data.test))
    by_span, by_word = (model.fit(train).predict(votes).spans for model in (SpanVote(), WordVote()))
    expected = score_spans(data.test.gold, by_span, data.labels)
    by_name = {cell["label_model"]: cell for cell in results["cells"]}
    assert by_name["span-vote"]["scores"]["f1"] == by_name["span-vote"]["scores"]["metric"] == expected.f1
    assert 0 < expected.f1 < 1 and by_name["word-vote"]["scores"]["f1"] != expected.f1
    summary = {each["label_model"]: each for each in results["summary"]}
    assert (summary["span-vote"]["low"], summary["span-vote"]["high"]) == pytest.approx(
        expected.intervals["f1"], abs=0.03
    )
    assert summary["word-vote"]["difference"] is None
    paired = paired_span_difference(data.test.gold, by_span, by_word, data.labels)
    assert summary["span-vote"]["difference"] == pytest.approx(paired.difference)
    entry = results["sets"]["visits"]
    assert entry["metric"] == "span f1" and entry["m"] == 4 and entry["k"] == 2
    assert "4 of 5 labeling functions" in entry["notes"][0]
    json.dumps(results, allow_nan=False)


def test_sets_of_texts_and_of_spans_share_tables_and_a_second_run_computes_nothing(tmp_path):
    paths = [wrench(tmp_path), sequences(tmp_path)]
    settings = BenchSettings(work=tmp_path / "work", label_models=("majority",), span_label_models=OURS)
    results = run_bench(paths, settings)
    assert [cell["error"] for cell in results["cells"]] == [None] * 3
    for shown in (text_table(results), markdown(results), html(results)):
        assert "F1 of exact spans" in shown and "minus word-vote" in shown and "minus majority" in shown
    stamps = {file: file.stat().st_mtime_ns for file in (tmp_path / "work").rglob("outcome.json")}
    again = run_bench(paths, settings)
    assert again["cells"] == results["cells"]
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "work").rglob("outcome.json")} == stamps


def test_taggers_learn_from_label_models_and_from_gold(tmp_path):
    settings = BenchSettings(work=tmp_path / "work", span_label_models=("word-vote", "gold"), taggers=("linear",))
    results = run_bench([sequences(tmp_path)], settings)
    cells = {(cell["label_model"], cell["classifier"]): cell for cell in results["cells"]}
    assert list(cells) == [("word-vote", None), ("word-vote", "linear"), ("gold", "linear")]
    f1 = {key: cell["scores"]["f1"] for key, cell in cells.items()}
    assert f1["gold", "linear"] > 0.9 > f1["word-vote", "linear"] > 0
    assert cells["gold", "linear"]["track"] == "clean_labels"
    assert "Trained on gold" in text_table(results)


def test_a_set_without_train_is_fitted_on_test_and_says_so(tmp_path):
    path = sequences(tmp_path, splits=("test",), words_key="tokens")
    results = run_bench([path], BenchSettings(work=tmp_path / "work", span_label_models=("span-vote",)))
    assert results["cells"][0]["scores"]["f1"] > 0
    assert "fitted on the votes of test" in results["sets"]["visits"]["notes"][0]
    with pytest.raises(CorpusError, match="no train split"):
        span_train_gold(read_span_set(path))


def test_a_file_without_examples_is_no_split(tmp_path):
    path = sequences(tmp_path)
    for name in ("train", "valid"):
        (path / f"{name}.json").write_text("{}")
    data = read_span_set(path)
    assert data.train is None and data.valid is None and data.fitted_on is data.test


def test_fewer_train_texts(tmp_path):
    path = sequences(tmp_path)
    data, limited = read_span_set(path), read_span_set(path).limited(10)
    assert len(limited.train) == 10 and len(limited.test) == len(data.test)
    rows = [data.train.texts.index(text) for text in limited.train.texts]
    assert rows == sorted(rows)
    for new, old in enumerate(rows):
        for lf in range(5):
            assert limited.train.votes.spans[lf].of_row(new) == data.train.votes.spans[lf].of_row(old)
        assert limited.train.words.of_row(new) == data.train.words.of_row(old)
    gold = span_train_gold(limited)
    assert limited.train.gold is None and gold.n_rows == 10
    assert gold.of_row(3) == span_train_gold(data).of_row(rows[3])


def test_peers_that_are_not_installed_are_left_out_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "missing_package", lambda name: "skweak" if name.startswith("skweak") else None)
    settings = BenchSettings(work=tmp_path / "work", span_label_models=("word-vote", "skweak-majority", "skweak-hmm"))
    data = read_set(sequences(tmp_path))
    assert [cell.label_model for cell in plan_cells(data, settings)] == ["word-vote"]
    (note,) = [note for note in plan.notes_on(data, settings) if "skweak" in note]
    assert note == "without skweak-majority, skweak-hmm: skweak is not installed; pip install skweak"
    settings = BenchSettings(work=tmp_path / "work", span_label_models=("skweak-hmm",))
    with pytest.raises(ConfigError, match="nothing to compare"):
        plan_cells(data, settings)


@pytest.mark.parametrize("name", ["skweak-majority", "skweak-hmm"])
def test_models_of_skweak_label_the_same_votes(tmp_path, name):
    if missing_package(name):
        pytest.skip("skweak is not installed")
    data = read_span_set(sequences(tmp_path))
    votes, test = (split.votes.only(data.recommended) for split in (data.train, data.test))
    labels = SkweakModel(name).fit(votes).predict(test)
    assert score_spans(data.test.gold, labels.spans, data.labels, intervals=0).f1 > 0.5


def test_wrong_names(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown label model for spans .skweak-hm. .did you mean 'skweak-hmm'"):
        BenchSettings(work=tmp_path, span_label_models=("skweak-hm",))
    with pytest.raises(ConfigError, match="unknown tagger 'lineer'"):
        BenchSettings(work=tmp_path, taggers=("lineer",))


def test_the_files_of_a_set_are_known(tmp_path):
    assert {path.name for path in set_files(sequences(tmp_path))} == {
        "meta.json",
        "train.json",
        "valid.json",
        "test.json",
    }


def test_published_figures_of_sets_with_spans():
    figures = {(each.model, each.classifier): each for each in published_for("wikigold")}
    assert figures["majority vote", False].value == 0.5224 and figures["conditional HMM", False].sd == 0.0097
    assert figures["Neural-Hidden-CRF", True].value == 0.6687
    assert all(each.metric == "span f1" for each in figures.values())
