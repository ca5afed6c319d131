import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.sets import change, voted, wrench
from weaklabel.bench import launch, work
from weaklabel.bench.cells import Cell, cell_key
from weaklabel.bench.data import read_bench_set
from weaklabel.bench.launch import compute_apart
from weaklabel.bench.outcome import read_outcome, read_predictions
from weaklabel.bench.plan import BenchSettings
from weaklabel.bench.run import run_bench
from weaklabel.errors import ConfigError
from weaklabel.label_model import AutoLabelModel, MajorityVote


@pytest.fixture(autouse=True)
def here(request, monkeypatch):
    """Compute cells in this process, for speed, but for the tests that are about processes."""
    if "apart" not in request.fixturenames:
        monkeypatch.setattr(launch, "run_process", lambda folder, timeout: work.main([str(folder)]))


@pytest.fixture
def apart():
    """Compute every cell in a process of its own, as it is done outside tests."""


@pytest.fixture
def settings(tmp_path):
    return BenchSettings(work=tmp_path / "work", label_models=("majority", "snorkel"))


def log_lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "weaklabel.bench.run"]


def without_times(results):
    """Everything but what a clock or a meter says, or where an outcome lies."""
    plain = json.loads(json.dumps(results))
    del plain["seconds"], plain["cell_seconds"]
    for cell in plain["cells"]:
        for name in ("fit_seconds", "predict_seconds", "peak_mib"):
            cell.pop(name)
    return plain


def test_a_second_run_computes_nothing_and_says_the_same(tmp_path, settings, caplog, apart):
    caplog.set_level(logging.INFO)
    path = wrench(tmp_path)
    first = run_bench([path], settings)
    assert not any("(kept)" in line for line in log_lines(caplog))
    caplog.clear()
    second = run_bench([path], settings)
    assert len(log_lines(caplog)) == 2 and all("(kept)" in line for line in log_lines(caplog))
    assert without_times(first) == without_times(second)
    assert first["cells"] == second["cells"]
    json.dumps(first, allow_nan=False)


def test_computed_anew_it_is_the_same_too(tmp_path, settings, caplog):
    caplog.set_level(logging.INFO)
    path = wrench(tmp_path)
    first = run_bench([path], settings)
    caplog.clear()
    again = run_bench([path], replace(settings, fresh=True))
    assert not any("(kept)" in line for line in log_lines(caplog))
    assert without_times(first) == without_times(again)


def test_rows_without_a_vote_get_the_commonest_class_of_train(tmp_path, settings):
    path = wrench(tmp_path)
    cell = run_bench([path], replace(settings, label_models=["majority"]))["cells"][0]
    bench_set = read_bench_set(path)
    model = MajorityVote(2, tie_break_policy="random").fit(bench_set.train.L)
    preds, probs = model.predict(bench_set.test.L, return_probs=True)
    train_preds, train_probs = model.predict(bench_set.train.L, return_probs=True)
    common = int((train_preds == 1).sum() > (train_preds == 0).sum())
    silent = preds == -1
    assert silent.any() and (train_preds == -1).any()
    predictions = read_predictions((settings.work / cell["predictions_file"]).parent)
    assert (predictions["preds"] == np.where(silent, common, preds)).all()
    assert np.allclose(predictions["probs"][silent], train_probs[train_preds >= 0].mean(axis=0))
    assert np.array_equal(predictions["probs"][~silent], probs[~silent])
    assert cell["scores"]["coverage"] == np.mean(~silent)
    right = np.where(silent, common, preds) == bench_set.test.Y
    assert cell["scores"]["metric"] == cell["scores"]["accuracy"] == pytest.approx(right.mean())
    assert cell["fit_seconds"] > 0 and cell["peak_mib"] > 1


def test_train_gold_changes_nothing(tmp_path, settings):
    path = wrench(tmp_path)
    options = replace(settings, classifiers=["linear"])
    before = run_bench([path], options)
    change(path / "train.json", lambda rows: [row.update(label=1 - row["label"]) for row in rows.values()])
    after = run_bench([path], options)
    assert [cell["scores"] for cell in before["cells"]] == [cell["scores"] for cell in after["cells"]]
    assert [cell["classifier"] for cell in after["cells"]] == [None, "linear", None, "linear"]


def test_a_curve_with_its_ceiling(tmp_path, settings, caplog):
    caplog.set_level(logging.INFO)
    options = replace(
        settings, label_models=["majority", "gold"], classifiers=["linear"], clean_labels=[2, "all"], seeds=2
    )
    results = run_bench([wrench(tmp_path)], options)
    curve = [cell for cell in results["cells"] if cell["track"] == "clean_labels"]
    assert [(cell["label_model"], cell["start"], cell["clean_per_class"]) for cell in curve if cell["seed"] == 0] == [
        ("majority", "weak", None),
        (None, "clean", 2),
        ("majority", "weak+clean", 2),
        (None, "clean", "all"),
        ("majority", "weak+clean", "all"),
        ("gold", "clean", "all"),
    ]
    by = {(cell["label_model"], cell["start"], cell["clean_per_class"], cell["seed"]): cell for cell in curve}
    plain = [cell for cell in results["cells"] if cell["track"] == "no_gold" and cell["classifier"]]
    assert by["majority", "weak", None, 1]["scores"] == plain[1]["scores"]
    assert by["gold", "clean", "all", 0]["scores"] == by[None, "clean", "all", 0]["scores"]
    assert by[None, "clean", 2, 0]["scores"]["metric"] < by[None, "clean", "all", 0]["scores"]["metric"]
    assert any("clean labels are drawn from train gold" in note for note in results["sets"]["guests"]["notes"])
    (crossing,) = results["crossings"]
    assert crossing["label_model"] == "majority" and "clean labels alone" in crossing["sentence"]
    # The weak ends, and the ceiling, have been computed already.
    assert sum("(kept)" in line for line in log_lines(caplog)) == 4


def test_gold_needs_no_denoising(tmp_path, settings, monkeypatch):
    """The ceiling of the robust classifier is bert's, as in a run."""
    asked = []

    def tell(folder, timeout):
        asked.append(json.loads((folder / work.JOB).read_text())["cell"]["classifier"])
        return 1 + (folder / work.ERROR).write_text("not computed")

    monkeypatch.setattr(launch, "run_process", tell)
    options = replace(settings, label_models=["gold"], classifiers=["bert", "robust"])
    results = run_bench([wrench(tmp_path)], options)
    assert [cell["classifier"] for cell in results["cells"]] == ["bert", "robust"] and asked == ["bert"]
    assert results["sets"]["guests"]["notes"] == ["on clean labels alone, bert replaces robust"]


def test_bert_goes_on_from_weak_labels(tmp_path, settings):
    path = wrench(tmp_path)
    options = replace(settings, label_models=["majority"], classifiers=["bert"], clean_labels=[3], limit_train=12)
    results = run_bench([path], options)
    assert [cell["error"] for cell in results["cells"]] == [None] * 5
    preds = {
        cell["start"]: read_predictions((settings.work / cell["predictions_file"]).parent)["probs"]
        for cell in results["cells"]
        if cell["track"] == "clean_labels"
    }
    assert not np.allclose(preds["weak+clean"], preds["clean"]) and not np.allclose(preds["weak+clean"], preds["weak"])
    assert results["sets"]["guests"]["n"]["train"] == 12


def test_validation_gold_selects_in_a_track_of_its_own(tmp_path, settings):
    results = run_bench([wrench(tmp_path)], replace(settings, validation=True, seeds=2))
    cells = [cell for cell in results["cells"] if cell["track"] == "validation_gold"]
    assert [cell["label_model"] for cell in cells] == ["majority"] * 2 + ["snorkel"] * 2 + ["selected"] * 2
    means = {name: np.mean([cell["valid_score"] for cell in cells if cell["label_model"] == name]) for name in
             ("majority", "snorkel")}  # fmt: skip
    best = max(means, key=means.get)
    assert cells[-1]["scores"] == next(cell for cell in cells[1::2] if cell["label_model"] == best)["scores"]
    assert cells[-1]["why"].startswith(f"{best}, best of 2 with ") and "20 valid rows" in cells[-1]["why"]
    assert {row["track"] for row in results["summary"] if row["label_model"] == "selected"} == {"validation_gold"}


def test_the_class_balance_is_that_of_valid(tmp_path, settings):
    path = wrench(tmp_path)
    options = replace(settings, label_models=["snorkel"], validation=True)
    before = run_bench([path], options)["cells"]
    change(path / "valid.json", lambda rows: [row.update(label=1) for row in rows.values()])
    after = run_bench([path], options)["cells"]
    assert before[0]["scores"] == after[0]["scores"]
    assert before[1]["scores"] != after[1]["scores"]


def test_gold_of_valid_chooses_how_texts_are_read(tmp_path, settings):
    options = replace(settings, label_models=["auto", "text"], classifiers=[], validation=True)
    cells = {(cell["label_model"], cell["track"]): cell for cell in run_bench([wrench(tmp_path)], options)["cells"]}
    for name, among in (("auto", 6), ("text", 5)):
        chosen, plain = cells[name, "validation_gold"], cells[name, "no_gold"]
        assert re.search(rf"the gold of valid chose \w+LabelModel(, n_rounds=\d)? among {among}$", chosen["why"])
        assert chosen["valid_score"] >= plain["valid_score"]
        assert "gold" not in plain["why"]


def test_no_valid_split_no_validation_track(tmp_path, settings):
    path = wrench(tmp_path, splits=("train", "test"))
    assert run_bench([path], settings)["cells"][0]["valid_score"] is None
    with pytest.raises(ConfigError, match="no valid split with gold"):
        run_bench([path], replace(settings, validation=True))


def test_a_set_without_texts_has_no_classifier_and_says_so(tmp_path, settings):
    results = run_bench([wrench(tmp_path, texts=False)], replace(settings, classifiers=["linear"]))
    assert [cell["classifier"] for cell in results["cells"]] == [None, None]
    assert results["sets"]["guests"]["notes"] == ["no texts, so no classifier is trained"]


def test_two_sets_of_one_name_are_refused(tmp_path, settings):
    with pytest.raises(ConfigError, match="two benchmark sets are called 'guests'"):
        run_bench([wrench(tmp_path), voted(tmp_path / "guests.csv")], settings)


def test_what_fails_costs_its_own_cells_alone(tmp_path, settings):
    path = wrench(tmp_path)
    change(path / "train.json", lambda rows: [row.update(weak_labels=[0, -1, -1, -1]) for row in rows.values()])
    results = run_bench([path], replace(settings, label_models=["majority"], classifiers=["linear"], seeds=2))
    assert [cell["error"] is None for cell in results["cells"]] == [True, True, False, False]
    failed = results["cells"][2]
    assert "are of 'weather'; a classifier needs two classes" in failed["error"]
    assert failed["scores"] is None and failed["predictions_file"] is None
    assert [(item["n_seeds"], item["n_failed"], item["mean"] is None) for item in results["summary"]] == [
        (2, 0, False),
        (0, 2, True),
    ]


def test_a_classifier_is_not_tried_where_its_label_model_failed(tmp_path, settings):
    path = wrench(tmp_path)
    change(path / "train.json", lambda rows: [row.update(weak_labels=[-1] * 4) for row in rows.values()])
    cells = run_bench([path], replace(settings, label_models=["majority"], classifiers=["linear"]))["cells"]
    assert cells[0]["error"] == "MajorityVote labels no train row"
    assert cells[1]["error"] == "its label model failed: MajorityVote labels no train row"


def test_failures_are_tried_again_by_the_next_run(tmp_path, settings, apart):
    path = wrench(tmp_path)
    first = run_bench([path], replace(settings, timeout=0.001))
    assert {cell["error"] for cell in first["cells"]} == {"it took longer than 0.001 s and was stopped"}
    assert [cell["error"] for cell in run_bench([path], settings)["cells"]] == [None, None]


def launched(tmp_path, monkeypatch, script):
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    bench_set = read_bench_set(wrench(tmp_path))
    cell = Cell("guests", "no_gold", "majority", None, 0)
    return compute_apart(cell, bench_set, tmp_path / "cell", tmp_path / "cell", None)


def test_a_cell_that_is_killed_is_an_error_in_words(tmp_path, monkeypatch, apart):
    why = launched(tmp_path, monkeypatch, "kill -9 $$")
    assert why == "its process was killed by SIGKILL, for lack of memory perhaps"


def test_a_cell_that_crashes_shows_its_last_words(tmp_path, monkeypatch, apart):
    why = launched(tmp_path, monkeypatch, "echo one >&2; echo 'MemoryError: too much' >&2; exit 3")
    assert why == "its process ended with code 3: MemoryError: too much"


@pytest.mark.parametrize("keep", [0, 40, -20])
def test_damaged_predictions_are_computed_anew(tmp_path, settings, keep):
    path, only = wrench(tmp_path), replace(settings, label_models=["majority"])
    first = run_bench([path], only)
    file = settings.work / first["cells"][0]["predictions_file"]
    file.write_bytes(file.read_bytes()[:keep])
    assert read_outcome(file.parent) is None
    assert without_times(run_bench([path], only)) == without_times(first)


def test_predictions_of_other_arrays_are_damaged(tmp_path, settings):
    cell = run_bench([wrench(tmp_path)], replace(settings, label_models=["majority"]))["cells"][0]
    file = settings.work / cell["predictions_file"]
    np.savez(file, preds=np.zeros(40, dtype=np.int64))
    assert read_outcome(file.parent) is None
    np.savez(file, **dict.fromkeys(("preds", "probs", "valid_preds"), np.zeros(40)))
    assert read_outcome(file.parent) is not None
    content = bytearray(file.read_bytes())
    content[content.index(b"preds.npy") + 200] ^= 1
    file.write_bytes(content)
    assert read_outcome(file.parent) is None


def test_the_work_folder_may_have_any_name(tmp_path, settings):
    anywhere = replace(settings, work=Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff")), classifiers=["linear"])
    cells = run_bench([wrench(tmp_path)], anywhere)["cells"]
    assert [cell["error"] for cell in cells] == [None] * 4


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_where_it_was(tmp_path, settings, caplog, how):
    path = wrench(tmp_path)
    code = (
        "from weaklabel.bench.plan import BenchSettings; from weaklabel.bench.run import run_bench; from pathlib import Path\n"
        f"run_bench([{str(path)!r}], BenchSettings(work=Path({str(settings.work)!r}), label_models=['snorkel'], seeds=20))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while not list(settings.work.glob("*/outcome.json")):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, how)
    assert process.wait() != 0
    caplog.set_level(logging.INFO)
    results = run_bench([path], replace(settings, seeds=3))
    assert [cell["error"] for cell in results["cells"]] == [None] * 6
    assert 1 <= sum("(kept)" in line for line in log_lines(caplog)) < 6
    fresh = run_bench([path], replace(settings, seeds=3, work=tmp_path / "other"))
    assert without_times(fresh) == without_times(results)


def test_each_set_has_its_metric(tmp_path, settings):
    only = replace(settings, label_models=["majority"])
    named = wrench(tmp_path, "named")
    (named / "meta.json").write_text('{"metric": "f1", "positive": "food"}')
    rare = wrench(tmp_path, "rare")
    change(rare / "test.json", lambda rows: [rows.pop(key) for key in list(rows)[5:] if rows[key]["label"] == 0])
    results = run_bench([wrench(tmp_path), named, rare], only)
    assert {name: (entry["metric"], entry["positive"]) for name, entry in results["sets"].items()} == {
        "guests": ("accuracy", "food"),
        "named": ("f1", "food"),
        "rare": ("f1", "weather"),
    }
    assert "F1, as one of its two classes is rare" in results["sets"]["rare"]["notes"][0]
    for cell in results["cells"]:
        assert cell["scores"]["metric"] == cell["scores"][results["sets"][cell["set"]]["metric"]]
    asked = run_bench([tmp_path / "guests"], replace(only, metric="f1", positive="weather"))
    assert asked["cells"][0]["scores"]["metric"] != results["cells"][0]["scores"]["f1"]
    with pytest.raises(ConfigError, match="no class 'spam'; its classes are weather, food"):
        run_bench([tmp_path / "guests"], replace(only, metric="f1", positive="spam"))


def test_fewer_test_rows_and_refused_rows_are_said(tmp_path, settings):
    path = wrench(tmp_path)
    change(path / "test.json", lambda rows: rows["3"].update(weak_labels=[0]))
    results = run_bench([path], replace(settings, limit_test=20))
    about = results["sets"]["guests"]
    assert about["n"]["test"] == 20
    assert about["refused"] == {"test": ["row '3' has 1 votes, most rows have 4"]}
    assert [cell["error"] for cell in results["cells"]] == [None, None]
    whole = run_bench([path], settings)
    assert whole["sets"]["guests"]["n"]["test"] == 39
    assert [cell["predictions_file"] for cell in whole["cells"]] != [
        cell["predictions_file"] for cell in results["cells"]
    ]


def test_votes_alone_is_auto_without_texts_and_trains_classifiers_on_texts(tmp_path, settings):
    path = wrench(tmp_path)
    results = run_bench([path], replace(settings, label_models=["votes"], classifiers=["linear"]))
    assert [(cell["label_model"], cell["classifier"]) for cell in results["cells"]] == [
        ("votes", None),
        ("votes", "linear"),
    ]
    data = read_bench_set(path)
    model = AutoLabelModel(2, tie_break_policy="random").fit(data.train.L)
    predictions = read_predictions((settings.work / results["cells"][0]["predictions_file"]).parent)
    voted = (data.test.L >= 0).any(axis=1)
    assert (predictions["preds"][voted] == model.predict(data.test.L)[voted]).all()


def test_another_encoder_is_another_cell_of_what_reads_texts_alone(tmp_path):
    data = read_bench_set(wrench(tmp_path))
    keys = {
        (name, encoder): cell_key(Cell("guests", "no_gold", name, None, 0, encoder=encoder), data)
        for name in ("majority", "auto")
        for encoder in (None, "elsewhere")
    }
    assert keys["majority", None] == keys["majority", "elsewhere"]
    assert keys["auto", None] != keys["auto", "elsewhere"]
    with pytest.raises(ConfigError, match="encoder: there is no model in the folder"):
        BenchSettings(work=tmp_path / "work", encoder=str(tmp_path))
