"""What the best epoch and the best learning rate are chosen by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from weaklabel.errors import ClassifierError

if TYPE_CHECKING:
    import torch

    from weaklabel.classifier.training import Examples

Metric = Literal["loss", "accuracy", "macro_f1", "f1"]
"""On the validation rows: soft cross-entropy, accuracy, macro F1, or F1 of class 1 of two classes."""


def check_metric(metric: str, k: int) -> None:
    """Refuse a metric that is unknown, or has no meaning for ``k`` classes."""
    if metric not in get_args(Metric):
        raise ClassifierError(f"metric must be one of {', '.join(get_args(Metric))}, not '{metric}'")
    if metric == "f1" and k != 2:
        raise ClassifierError(f"the metric 'f1' is of class 1 of two classes, and here are {k}; use 'macro_f1'")


def validate(model: torch.nn.Module, rows: Examples, metric: Metric, device: torch.device) -> dict[str, float]:
    """Return ``validation_loss`` and, for another metric than the loss, ``validation_<metric>``.

    For a score, the class of a row with a soft target is its most probable one, the lowest on a tie.
    """
    from weaklabel.classifier.forward import predict_logits, soft_cross_entropy

    logits = predict_logits(model, rows.ids, device)
    found = {"validation_loss": float((rows.weights * soft_cross_entropy(logits, rows.targets)).mean())}
    if metric != "loss":
        Y, preds = rows.targets.argmax(dim=1).numpy(), logits.argmax(dim=1).numpy()
        found[f"validation_{metric}"] = _score(metric, Y, preds, rows.weights.numpy())
    return found


def _score(metric: Metric, Y: Any, preds: Any, weights: Any) -> float:
    from sklearn.metrics import accuracy_score, f1_score

    if metric == "accuracy":
        return float(accuracy_score(Y, preds, sample_weight=weights))
    average = "macro" if metric == "macro_f1" else "binary"
    return float(f1_score(Y, preds, average=average, sample_weight=weights, zero_division=0.0))


def goodness(entry: dict[str, Any], metric: Metric) -> tuple[float, float]:
    """Return what the best epoch has most of: the metric, and where that ties, a low loss."""
    loss = -entry["validation_loss"]
    return (loss if metric == "loss" else entry[f"validation_{metric}"]), loss
