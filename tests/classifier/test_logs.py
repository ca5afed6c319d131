import importlib
import json

import pytest

from weaklabel.classifier import BertClassifier
from weaklabel.errors import ClassifierError, MissingPackageError

FAST = {"epochs": 3, "lr": 5e-3, "batch_size": 8, "device": "cpu"}


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    return {name: [(event.step, event.value) for event in read.Scalars(name)] for name in read.Tags()["scalars"]}


def test_tensorboard_has_every_epoch(tiny_bert, reviews, tmp_path):
    pytest.importorskip("tensorboard")
    for _ in range(2):  # a second training replaces the first
        model = BertClassifier(tiny_bert, run_folder=tmp_path, loggers=("tensorboard",), **FAST)
        model.fit(*reviews, validation=reviews)
    result = scalars(tmp_path / "tensorboard")
    assert {"loss", "validation_loss", "lr", "texts_per_second"} <= set(result)
    for name in ("loss", "validation_loss"):
        expected = [(entry["epoch"], pytest.approx(entry[name])) for entry in model.training_["history"]]
        assert result[name] == expected


def test_each_learning_rate_has_a_log_of_its_own(tiny_bert, reviews, tmp_path):
    pytest.importorskip("tensorboard")
    model = BertClassifier(tiny_bert, run_folder=tmp_path, loggers=["tensorboard"], **FAST | {"lr": (1e-3, 5e-3)})
    model.fit(*reviews, validation=reviews)
    peaks = [
        max(value for _, value in scalars(tmp_path / f"lr-{rate}" / "tensorboard")["lr"]) for rate in (0.001, 0.005)
    ]
    assert peaks[0] < 1e-3 < peaks[1]


def test_mlflow_has_every_epoch(tiny_bert, reviews, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "store").as_uri())
    try:
        model = BertClassifier(tiny_bert, loggers=("mlflow",), **FAST).fit(*reviews)
        (run,) = mlflow.search_runs(output_format="list")
        history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    finally:
        mlflow.set_tracking_uri(before)
    assert run.info.status == "FINISHED"
    assert run.data.params["lr"] == "0.005" and run.data.params["epochs"] == "3"
    expected = [(entry["epoch"], entry["loss"]) for entry in model.training_["history"]]
    assert sorted((metric.step, metric.value) for metric in history) == expected


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_package_is_said_before_any_work(tiny_bert, reviews, tmp_path, monkeypatch, name):
    real = importlib.import_module

    def absent(module, *rest):
        if module == name:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(module, *rest)

    monkeypatch.setattr("weaklabel.errors.importlib.import_module", absent)
    with pytest.raises(MissingPackageError, match=rf"pip install 'weaklabel\[{name}\]'"):
        BertClassifier(tiny_bert, loggers=(name,), run_folder=tmp_path / "run").fit(*reviews)
    assert not (tmp_path / "run").exists()


def test_wrong_loggers_are_said(tiny_bert, reviews):
    with pytest.raises(ClassifierError, match="unknown logger 'wandb'; loggers are tensorboard, mlflow"):
        BertClassifier(tiny_bert, loggers=("wandb",)).fit(*reviews)
    with pytest.raises(ClassifierError, match=r"not one string; give \('mlflow',\)"):
        BertClassifier(tiny_bert, loggers="mlflow").fit(*reviews)


def test_tensorboard_needs_a_folder(tiny_bert, reviews):
    pytest.importorskip("tensorboard")
    with pytest.raises(ClassifierError, match="give a run_folder"):
        BertClassifier(tiny_bert, loggers=("tensorboard",)).fit(*reviews)


def test_what_is_logged_is_no_part_of_the_model(tiny_bert, reviews, tmp_path):
    pytest.importorskip("tensorboard")
    model = BertClassifier(tiny_bert, run_folder=tmp_path / "run", loggers=("tensorboard",), **FAST).fit(*reviews)
    model.save(tmp_path / "model")
    params = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))["params"]
    assert not {"loggers", "run_folder", "checkpoint_seconds"} & set(params)
