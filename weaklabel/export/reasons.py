"""Why rows have their labels: what the labeling functions say that voted for them, as training signal."""

from __future__ import annotations

from collections.abc import Sequence

from weaklabel.corpus import Batch
from weaklabel.errors import ExportError
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.lf.core import LF
from weaklabel.lf.reasons import reason

MOST = 3
"""Reasons that a rationale gives."""

_NOT_SAID = ("votes differently now", "its code says so", "does not vote")
"""Beginnings of reasons that say nothing about the text."""


def explaining_lfs(corpus: LabeledCorpus) -> Sequence[LF]:
    """Return the labeling functions whose votes a corpus has, in their order.

    Raises
    ------
    ExportError
        They, or their votes, are not at hand.
    """
    if corpus.lfs is None:
        raise ExportError(
            f"{corpus.name}: a rationale needs the votes and the labeling functions themselves; give the folder of a run"
        )
    lfs = {lf.name: lf for lf in corpus.lfs().lfs}
    if missing := [name for name in corpus.lf_names if name not in lfs]:
        raise ExportError(
            f"{corpus.name}: the labeling function '{missing[0]}' is gone, which a rationale needs; run again"
        )
    return [lfs[name] for name in corpus.lf_names]


def reasons_for(part: LabeledPart, row: int, batch: Batch, lfs: Sequence[LF]) -> list[str]:
    """Return what the labeling functions that voted for a row's label say, each reason once, at most `MOST`.

    Labeling functions that cost something to ask are not asked.
    """
    assert part.votes is not None
    label = int(part.preds[row])
    said: dict[str, None] = {}
    for number, lf in enumerate(lfs):
        if part.votes[row, number] != label or lf.asks:
            continue
        text = reason(lf, batch, row, label).text
        if text and not text.startswith(_NOT_SAID):
            said[text.rstrip(".")] = None
        if len(said) == MOST:
            break
    return list(said)
