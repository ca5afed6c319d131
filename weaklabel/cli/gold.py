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
    typer.Option("--decisions", metavar="FILE", help="What weaklabel review wrote: decided rows, found by their text."),
]


def decided_rows(rows: Corpus, decisions: Sequence[Decision], labels: Sequence[str]) -> Labels:
    """Return the class that reviewers gave each row, -1 where they gave none, and say how many are not there.

    Shape: [n].

    Raises
    ------
    WeakLabelError
        A decision names a class that is none, or no row was decided on.
    """
    import numpy as np

    from weaklabel.decisions import agreed_classes, text_hashes
    from weaklabel.errors import ConfigError
    from weaklabel.labels import ABSTAIN

    agreed = agreed_classes(decisions, labels)
    classes, seen = [np.empty(0, np.int64)], set[str]()
    for batch in rows.batches_with_progress():
        keys = text_hashes(batch.model_texts)
        classes.append(np.array([agreed.get(key, ABSTAIN) for key in keys], dtype=np.int64))
        seen |= agreed.keys() & keys
    Y = np.concatenate(classes)
    missing = len(agreed) - len(seen)
    if not (Y >= 0).any():
        raise ConfigError(
            f"{rows.name} has none of the {len(agreed)} texts that were decided; give the reviewed corpus"
        )
    if missing:
        progress.message(
            f"weaklabel: warning: {missing} of {len(agreed)} decided texts are not in {visible(rows.name)} and were left out"
        )
    return Y
