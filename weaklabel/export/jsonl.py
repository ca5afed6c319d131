"""Lines of JSON: the columns of the corpus, the label, and the probability of each class."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.exporter import LinesExporter
from weaklabel.job.output import DECIMALS


class JsonlExporter(LinesExporter):
    """Writes each row as an object with its columns, ``label`` and ``probs``.

    Parameters
    ----------
    columns
        Columns of the corpus that are written; all of them if not given.
    """

    title = "JSONL"
    keeps_probs = True
    keeps_split = True
    consumer = "anything that reads lines of JSON; `datasets.load_dataset`"

    def __init__(self, columns: list[str] | None = None) -> None:
        self.columns = columns

    def records(self, part: LabeledPart, corpus: LabeledCorpus, counts: Counter[str]) -> Iterator[Mapping[str, Any]]:
        """See `LinesExporter.records`."""
        frame = part.frame if self.columns is None else part.frame.select(self.columns)
        for at, row in enumerate(frame.iter_rows(named=True)):
            pred = int(part.preds[at])
            record = row | {"label": corpus.labels[pred] if pred >= 0 else None}
            if corpus.has_probs:
                probs = zip(corpus.labels, part.probs[at].tolist(), strict=True)
                record["probs"] = {name: None if math.isnan(p) else round(p, DECIMALS) for name, p in probs}
            yield record
