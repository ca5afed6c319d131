"""``weaklabel score``: labels or spans in a file against gold in the same file or another, or reviewers' decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from weaklabel.cli.gold import DecisionsOpt, GoldOpt, decided_rows
from weaklabel.cli.label_columns import (
    LABEL,
    LabelsOpt,
    PredOpt,
    decided_column,
    find_classes,
    label_columns,
    probs_columns,
    read_decided,
    warn_of_left_out,
)
from weaklabel.cli.options import SeedOpt, expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading, warn_of_rejects
from weaklabel.cli.span_columns import GoldFileOpt, holds_spans, read_span_columns

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from weaklabel.corpus import Corpus
    from weaklabel.labels import Labels


@expanded
def score(
    corpus: CorpusArg,
    *,
    gold: GoldOpt = None,
    decisions: DecisionsOpt = None,
    gold_file: GoldFileOpt = None,
    pred: PredOpt = None,
    labels: LabelsOpt = None,
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

    Rows without gold are not scored; --decisions finds its rows by --text and --entities. Nor are rows that weaklabel label
    --decisions was given, by its column decided. If the file has a probability column for every class (p_spam ...), log loss,
    Brier score and calibration error are reported, too.

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
    fitted = decided_column(rows, pred)
    columns = label_columns(rows, [name for name in (pred, gold, fitted) if name is not None])
    predicted = columns[0]
    truth = [decision.label for decision in made] if gold is None else columns[1]
    names = labels.split(",") if labels else find_classes(rows, pred, predicted, truth)
    warn_of_rejects(rows, len(rows.rejects), next(iter(rows.rejects), None))
    if gold is None:
        Y = decided_rows(rows, made, names)
    else:
        Y = encode_labels(truth, names, f"{rows.name}, column '{gold}'")
    preds = encode_labels(predicted, names, f"{rows.name}, column '{pred}'")
    Y, n_left_out = _without_fitted(Y, read_decided(columns[-1])) if fitted else (Y, 0)
    warn_of_left_out(n_left_out, fitted, "scored")
    result = score_labels(
        Y, preds, probs=probs_columns(rows, pred, names), labels=names, positive=positive, abstain=abstain, seed=seed
    )
    printing.result(result.to_dict() | {"left_out": n_left_out}, str(result))


def _without_fitted(Y: Labels, fitted: NDArray[np.bool_]) -> tuple[Labels, int]:
    """Return the gold of the rows that the predictions were not fitted to, -1 for the others, and how many these are.

    Raises
    ------
    ScoreError
        They are all the rows with gold.
    """
    import numpy as np

    from weaklabel.errors import ScoreError
    from weaklabel.labels import ABSTAIN

    kept = np.where(fitted, ABSTAIN, Y)
    n_left_out = int(((Y != ABSTAIN) & fitted).sum())
    if n_left_out and (kept == ABSTAIN).all():
        raise ScoreError(
            f"the label model was fitted with decisions on all {n_left_out:,} rows with gold, so that none can score it: give "
            "gold of other rows, or leave some decisions out when you label"
        )
    return kept, n_left_out


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
