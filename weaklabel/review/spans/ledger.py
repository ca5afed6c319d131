"""Decisions on the spans of texts: each is of all spans of a text."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from typing import TypeAlias

from weaklabel.decisions import Decision
from weaklabel.review.ledger import Ledger

NamedSpans: TypeAlias = tuple[tuple[int, int, str], ...]
"""Begin, end and label of each span of a text, sorted."""


class SpanLedger(Ledger):
    """Decisions on the spans of the rows of a corpus; see `Ledger`."""

    def stands(self, decision: Decision) -> bool:
        """Whether a decision says which spans a text has."""
        return decision.spans is not None

    def agreed(self) -> dict[str, NamedSpans | None]:
        """Return the spans of each decided text by an adjudication, or most reviewers; None on a tie: text_sha256 -> spans."""
        said: defaultdict[str, Counter[NamedSpans]] = defaultdict(Counter)
        for (key, _), decision in self.standing().items():
            said[key][decision.spans or ()] += 1
        return {key: _most(counts) for key, counts in said.items()}

    def gold_spans(self) -> dict[int, NamedSpans]:
        """Return the spans that most reviewers gave each row; rows without a decision, or with a tie, are left out."""
        return {
            row: spans
            for key, spans in self.agreed().items()
            if spans is not None
            for row in self.rows_with(key)
            if all(end <= len(self._texts[row]) for _, end, _ in spans)
        }

    def export(self) -> str:
        """Return decided texts as CSV: text, spans as JSON (empty where reviewers tie), and who decided; each text once."""
        reviewers: defaultdict[str, list[str]] = defaultdict(list)
        for key, reviewer in self.latest():
            reviewers[key].append(reviewer)
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(["text", "spans", "reviewers"])
        agreed = self.agreed()
        rows = sorted((self.rows_with(key)[0], key) for key in agreed if self.rows_with(key))
        for row, key in rows:
            text, spans = self._texts[row], agreed[key]
            cell = "" if spans is None else spans_as_json(spans, text)
            writer.writerow([text, cell, ", ".join(sorted(reviewers[key]))])
        return out.getvalue()


def spans_as_json(spans: NamedSpans, text: str) -> str:
    """Return spans as the column ``spans`` of a file has them.

    Examples
    --------
    >>> spans_as_json(((0, 3, "PER"),), "Ada left")
    '[{"start": 0, "end": 3, "label": "PER", "text": "Ada"}]'
    """
    objects = [{"start": begin, "end": end, "label": label, "text": text[begin:end]} for begin, end, label in spans]
    return json.dumps(objects, ensure_ascii=False)


def _most(counts: Counter[NamedSpans]) -> NamedSpans | None:
    (spans, most), *others = counts.most_common(2)
    return None if others and others[0][1] == most else spans
