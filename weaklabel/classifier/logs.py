"""Logs of the epochs of a training: a file of lines, TensorBoard, MLflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

from weaklabel.errors import ClassifierError, require

Logger = Literal["tensorboard", "mlflow"]
Report = Callable[[dict[str, Any]], None]
"""Takes the entry of one epoch."""


def check_loggers(loggers: Sequence[str], run_folder: str | Path | None) -> None:
    """Refuse a logger that is unknown or lacks its package or its folder, before any work is done.

    Raises
    ------
    ClassifierError
        Unknown logger, or TensorBoard without a run folder.
    MissingPackageError
        Names the pip line.
    """
    if isinstance(loggers, str):
        raise ClassifierError(f"loggers must be a sequence of names, not one string; give ('{loggers}',)")
    for name in loggers:
        if name not in get_args(Logger):
            raise ClassifierError(f"unknown logger '{name}'; loggers are {', '.join(get_args(Logger))}")
        _package(name)
    if "tensorboard" in loggers and run_folder is None:
        raise ClassifierError("the logger 'tensorboard' writes into the run folder; give a run_folder")


def _package(name: str) -> ModuleType:
    return require(name, f"weaklabel[{name}]", f"the logger '{name}'")


def written_by_training(run_folder: Path) -> list[Path]:
    """Return the files in a run folder that another training with it may replace or remove."""
    patterns = ("training.jsonl", "*.safetensors", "*.checkpoint", "events.out.tfevents.*", "pretrained/**/*")
    return [path for pattern in patterns for path in sorted(run_folder.rglob(pattern)) if path.is_file()]


@contextmanager
def training_log(folder: Path | None, loggers: Sequence[str], settings: dict[str, Any]) -> Iterator[Report]:
    """Give a function that logs an epoch everywhere; logs of an earlier training are replaced.

    Parameters
    ----------
    folder
        Folder of ``training.jsonl``, with a line per epoch, and of TensorBoard's files; None writes neither.
    loggers
        See `Logger`; MLflow's server, experiment and enclosing run are as MLflow is configured.
    settings
        Settings of the training, logged with its epochs.
    """
    reports: list[Report] = []
    with ExitStack() as open_logs:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            reports.append(_lines(folder / "training.jsonl"))
            if "tensorboard" in loggers:
                reports.append(open_logs.enter_context(_tensorboard(folder / "tensorboard", settings)))
        if "mlflow" in loggers:
            reports.append(open_logs.enter_context(_mlflow(settings)))

        def report(entry: dict[str, Any]) -> None:
            for write in reports:
                write(entry)

        yield report


def _lines(path: Path) -> Report:
    path.unlink(missing_ok=True)

    def append(entry: dict[str, Any]) -> None:
        with path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(entry, allow_nan=False) + "\n")

    return append


def _scalars(entry: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in entry.items() if name != "epoch"}


@contextmanager
def _tensorboard(folder: Path, settings: dict[str, Any]) -> Iterator[Report]:
    from torch.utils.tensorboard import SummaryWriter

    for earlier in folder.glob("events.out.tfevents.*"):
        earlier.unlink()
    writer = SummaryWriter(folder)
    writer.add_text("settings", "    " + json.dumps(settings, indent=4).replace("\n", "\n    "))

    def report(entry: dict[str, Any]) -> None:
        for name, value in _scalars(entry).items():
            writer.add_scalar(name, value, entry["epoch"])
        writer.flush()

    try:
        yield report
    finally:
        writer.close()


@contextmanager
def _mlflow(settings: dict[str, Any]) -> Iterator[Report]:
    mlflow = _package("mlflow")
    with mlflow.start_run(nested=mlflow.active_run() is not None):
        mlflow.log_params(settings)
        yield lambda entry: mlflow.log_metrics(_scalars(entry), step=entry["epoch"])
