"""The section of a report on training: learning curves from the logs."""

from __future__ import annotations

from weaklabel.page.charts import Line, lines
from weaklabel.page.page import Chart, Charts, Part, Section, Table
from weaklabel.report.insight import Epochs, Insight

_LOSSES = {"loss": "training", "validation_loss": "validation"}
_SCORES = "validation_"


def training(insight: Insight) -> Section | None:
    """Show how training went, an epoch a point; None where no classifier kept a log."""
    logs = {name: log for name, log in insight.training.items() if log}
    if not logs:
        return None
    charts = [chart for name, log in logs.items() if len(log) > 1 for chart in _curves(name, log)]
    rows = [
        [name, len(log), log[0]["loss"], log[-1]["loss"], log[-1].get("validation_loss"),
         sum(entry["seconds"] for entry in log), log[-1]["texts_per_second"]]
        for name, log in logs.items()
    ]  # fmt: skip
    columns = ["classifier", "epochs", "first loss", "last loss", "validation loss", "seconds", "texts a second"]
    table = Table(columns, rows, "The loss is the mean over an epoch.")
    parts: list[Part] = [Charts(charts), table] if charts else [table]
    return Section("Training", parts)


def _curves(name: str, log: Epochs) -> list[Chart]:
    epochs = [float(entry["epoch"]) for entry in log]
    losses = {said: _line(epochs, log, key) for key, said in _LOSSES.items() if key in log[0]}
    words = f"{name}: loss should fall and level off; where validation loss rises again, it learns by heart."
    charts = [Chart(lines(losses, "epoch", "loss", alt=f"Loss of {name} by epoch"), words)]
    scores = [key for key in log[0] if key.startswith(_SCORES) and key not in _LOSSES]
    if scores:
        series = {key.removeprefix(_SCORES): _line(epochs, log, key) for key in scores}
        svg = lines(series, "epoch", "score", alt=f"Validation scores of {name} by epoch")
        charts.append(Chart(svg, f"{name}: scores on rows held out of training; the best epoch is kept."))
    return charts


def _line(epochs: list[float], log: Epochs, key: str) -> Line:
    return Line(epochs, [entry.get(key) for entry in log])
