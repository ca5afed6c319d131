"""``weaklabel score``: labels or spans in a file against gold in the same file or another, or reviewers' decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.cli.gold import DecisionsOpt, GoldOpt, decided_rows
from weaklabel.cli.options import SeedOpt, expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading, warn_of_rejects
from weaklabel.cli.span_columns import GoldFileOpt, holds_spans, read_span_columns

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from weaklabel.corpus import Corpus
    from weaklabel.labels import Probs

LABEL = "label"
"""The column of predictions unless another is named."""


@expanded
def score(
    corpus: CorpusArg,
    *,
    gold: GoldOpt = None,
    decisions: DecisionsOpt = None,
    gold_file: GoldFileOpt = None,
    pred: Annotated[
        str | None,
        typer.Option("--pred", metavar="COLUMN", help="Column with predictions. Default: label, or spans."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="A,B", help="The labels, in order. Default: those in the file.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option("--positive", metavar="LABEL", help="Score precision, recall and F1 of this class.")
    ] = None,
    abstain: Annotated[
        Literal["miss", "drop"],
        typer.Option("--abstain", help="Rows without a prediction count as errors (miss) or are ignored (drop)."),
    ] = "miss",
    reading: Reading,
    seed: SeedOpt = 0,
    printing: Printing,
) -> None:
    """Score predicted labels, or spans, against gold.

    \b
    Examples:
      weaklabel score predicted.csv --gold truth
      weaklabel score predicted.csv --gold truth --pred weak_label --positive spam
      weaklabel score predicted.csv --gold truth --json | jq .f1
      weaklabel score labeled.csv --decisions review/decisions.jsonl
      weaklabel score spans.jsonl --gold gold_spans
      weaklabel score spans.csv --gold-file gold.conll --json | jq .errors

    Rows without gold are not scored; --decisions finds its rows by --text and --entities. If the file has a probability
    column for every class (p_spam ...), log loss, Brier score and calibration error are reported, too.

    Spans, in a column as weaklabel label writes it, are right if begin, end and label are. Scores are over all spans and
    by label, and wrong spans are counted by what is wrong.
    """
    from weaklabel.decisions import read_decisions
    from weaklabel.label_names import encode_labels
    from weaklabel.scoring import score as score_labels
    from weaklabel.units import SPANS

    if sum(given is not None for given in (gold if gold_file is None else None, decisions, gold_file)) != 1:
        raise typer.BadParameter("give one of --gold, --decisions and --gold-file", param_hint="--gold")
    # Standard input can be read once, so that options alone say what is in it.
    is_of_spans = gold_file is not None or pred == SPANS
    if is_of_spans or (corpus != "-" and _is_of_spans(reading.open(corpus, has_text=False), pred, gold)):
        if positive is not None or abstain != "miss":
            raise typer.BadParameter("it is for labels, and these are spans", param_hint="--positive, --abstain")
        _score_spans(reading.open(corpus), pred, gold, gold_file or decisions, labels, seed, printing)
        return
    pred = pred or LABEL
    made = read_decisions(decisions) if decisions else []
    rows = reading.open(corpus, has_text=decisions is not None)
    predicted, *gold_values = _columns(rows, [pred, *([gold] if gold else [])])
    truth = [decision.label for decision in made] if gold is None else gold_values[0]
    names = labels.split(",") if labels else _found(rows, pred, predicted, truth)
    warn_of_rejects(rows, len(rows.rejects), next(iter(rows.rejects), None))
    if gold is None:
        Y = decided_rows(rows, made, names)
    else:
        Y = encode_labels(truth, names, f"{rows.name}, column '{gold}'")
    preds = encode_labels(predicted, names, f"{rows.name}, column '{pred}'")
    result = score_labels(
        Y, preds, probs=_probs(rows, pred, names), labels=names, positive=positive, abstain=abstain, seed=seed
    )
    printing.result(result.to_dict(), str(result))


def _is_of_spans(rows: Corpus, pred: str | None, gold: str | None) -> bool:
    """Whether the predictions to score are spans: by the column that holds them or, if none is named, by that of gold."""
    from weaklabel.units import SPANS

    if pred is not None:
        return pred in rows.columns and holds_spans(rows, pred)
    if SPANS not in rows.columns:
        return False
    return LABEL not in rows.columns or (gold in rows.columns and holds_spans(rows, str(gold)))


def _score_spans(
    rows: Corpus,
    pred: str | None,
    gold: str | None,
    gold_file: Path | None,
    labels: str | None,
    seed: int,
    printing: Printing,
) -> None:
    from weaklabel.scoring import score_spans
    from weaklabel.units import SPANS

    names = labels.split(",") if labels else None
    columns = read_span_columns(rows, pred or SPANS, gold, gold_file, names)
    warn_of_rejects(rows, len(rows.rejects), next(iter(rows.rejects), None))
    has_gold = columns.gold.is_known
    truth, predicted = (side.of_rows_chosen(has_gold) for side in (columns.gold, columns.predicted))
    scores = score_spans(truth.spans, predicted.spans, columns.labels, probs=predicted.probs, seed=seed)
    without = {"unlabeled": int((~has_gold).sum()), "without_predictions": int((~predicted.is_known).sum())}
    shown = [str(scores)]
    if without["unlabeled"]:
        shown.append(f"  note: {without['unlabeled']:,} rows without gold spans are not scored")
    if without["without_predictions"]:
        shown.append(
            f"  note: {without['without_predictions']:,} rows with gold have an empty cell for predictions; they count as "
            "texts without spans"
        )
    printing.result({**scores.to_dict(), **without}, "\n".join(shown))


class _PredictionColumn:
    """The values of a column, of which each different one is kept once: labels are few, and rows may be millions."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._values: list[Any] = []
        self._parts: list[NDArray[np.int32]] = []

    def add(self, values: Iterable[Any]) -> None:
        """Add the values of the next rows."""
        import numpy as np

        self._parts.append(np.fromiter(map(self._number, values), dtype=np.int32))

    def __iter__(self) -> Iterator[Any]:
        for part in self._parts:
            yield from map(self._values.__getitem__, part.tolist())

    def _number(self, value: Any) -> int:
        key = value if isinstance(value, str) else (type(value), repr(value))
        number = self._numbers.setdefault(key, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number


def _columns(rows: Corpus, names: Sequence[str]) -> list[_PredictionColumn]:
    """Read columns in one pass."""
    columns = {name: _PredictionColumn() for name in names}
    for name in names:
        rows.values(name)  # refuses a column that is not there
    for batch in rows.batches_with_progress():
        for name, column in columns.items():
            column.add(batch.source[name].to_list())
    return [columns[name] for name in names]


def _found(rows: Corpus, pred: str, predicted: Iterable[Any], truth: Iterable[Any]) -> tuple[str, ...]:
    """Classes in the order of the probability columns that weaklabel wrote, or else sorted.

    Weaklabel writes these columns right after the confidence: label, confidence, p_ham, p_spam.
    """
    from weaklabel.label_names import find_labels

    prefix = pred.removesuffix("label")
    behind = (
        rows.columns[rows.columns.index(prefix + "confidence") + 1 :] if prefix + "confidence" in rows.columns else ()
    )
    written = takewhile(lambda name: name.startswith(prefix + "p_"), behind)
    ordered = [name.removeprefix(prefix + "p_") for name in written]
    return find_labels(predicted, truth, rows.name, ordered)


def _probs(rows: Corpus, pred: str, names: Sequence[str]) -> Probs | None:
    """Return the probabilities, NaN where cells are empty; None if the file has none. Shape: [n, k]."""
    import numpy as np

    columns = [pred.removesuffix("label") + "p_" + name for name in names]
    if not set(columns) <= set(rows.columns):
        return None
    blocks, n = [np.empty((0, len(columns)))], 0
    for batch in rows.batches_with_progress():
        cells = {name: enumerate(batch.source[name].to_list(), n) for name in columns}
        blocks.append(np.array([[_number(cell, name, row) for row, cell in cells[name]] for name in columns]).T)
        n += len(batch)
    return np.concatenate(blocks)


def _number(cell: Any, column: str, row: int) -> float:
    from weaklabel.errors import ScoreError

    try:
        return float("nan") if cell in (None, "") else float(cell)
    except ValueError:
        raise ScoreError(
            f"column '{column}', row {row}: {cell!r} is not a number; correct it, or drop the column"
        ) from None
