"""Where true labels come from: a column, or the decisions of reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.errors import visible
from weaklabel.support import progress

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.decisions import Decision
    from weaklabel.labels import Labels

GoldOpt = Annotated[
    str | None, typer.Option("--gold", metavar="COLUMN", help="Column with true labels, empty where unknown.")
]
DecisionsOpt = Annotated[
    Path | None,
    typer.Option(
        "--decisions", metavar="FILE", help="Decisions that weaklabel review wrote; rows are matched by text."
    ),
]


def decided_rows(rows: Corpus, decisions: Sequence[Decision], labels: Sequence[str]) -> Labels:
    """Return the class that reviewers gave each row, -1 for none; warn of decided texts that are missing.

    Shape: [n].

    Raises
    ------
    WeakLabelError
        A decision names an unknown class, or none of the rows was decided.
    """
    import numpy as np

    from weaklabel.decisions import agreed_classes, text_hashes
    from weaklabel.errors import ConfigError
    from weaklabel.labels import ABSTAIN

    agreed = agreed_classes(decisions, labels)
    classes, present = [np.empty(0, dtype=np.int64)], set[str]()
    for batch in rows.batches_with_progress():
        hashes = text_hashes(batch.model_texts)
        classes.append(np.array([agreed.get(key, ABSTAIN) for key in hashes], dtype=np.int64))
        present.update(agreed.keys() & set(hashes))
    if not present:
        raise ConfigError(f"{rows.name} has none of the {len(agreed)} decided texts; give the corpus that was reviewed")
    if missing := len(agreed) - len(present):
        progress.message(
            f"weaklabel: warning: {missing} of {len(agreed)} decided texts are not in {visible(rows.name)} and were left out"
        )
    return np.concatenate(classes)


def gold_column(rows: Corpus, column: str, labels: Sequence[str]) -> Labels:
    """Return the true class of each row as a column says it, -1 where it is empty. Shape: [n].

    Raises
    ------
    WeakLabelError
        The column does not exist, or a label in it is not a class.
    """
    from weaklabel.label_names import encode_labels

    return encode_labels(rows.values(column), labels, f"{rows.name}, column '{column}'")
