"""What an edited labeling function would do, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.lf.core import Reason
from weaklabel.lf.reasons import reason
from weaklabel.review import LFSpec, LFStats, Preview
from weaklabel.review.web.deciding import share_words
from weaklabel.review.web.desk import Desk
from weaklabel.review.web.texts import Segment, around
from weaklabel.support.warn import kept_warnings


@dataclass(frozen=True)
class Example:
    """A row on which the vote changes, with what it found there marked."""

    row: int
    segments: list[Segment]
    label: str | None


@dataclass(frozen=True)
class Change:
    """Rows on which the vote changes in one way."""

    title: str
    count: int
    rows: list[Example]
    none: str


class PreviewPage:
    """What the preview shows.

    Parameters
    ----------
    desk
        What is reviewed.
    spec
        The labeling function as written.
    found
        What it would do.
    """

    def __init__(self, desk: Desk, spec: LFSpec, found: Preview) -> None:
        self._desk = desk
        with kept_warnings():  # the preview has them
            self._lf = spec.make(desk.labels)
        self.notes = found.notes
        self.has_saved = found.before is not None
        before = [""] * 4 if found.before is None else _figures(found.before)
        words = ("Coverage", "Overlaps with others", "Conflicts with others", "Precision on decisions")
        self.figures = list(zip(words, before, _figures(found.stats), strict=True))
        self.changes = [
            self._change("Rows it gains" if self.has_saved else "Rows it votes on", found.n_gained, found.gained, True),
        ]
        if self.has_saved:
            self.changes.append(self._change("Rows it loses", found.n_lost, found.lost, False))
        if found.n_changed:
            title = "Rows on which its vote changes"
            self.changes.append(self._change(title, found.n_changed, found.changed, True))

    def _change(self, title: str, count: int, rows: tuple[int, ...], votes: bool) -> Change:
        return Change(title, count, [self._example(row, votes) for row in rows], "None.")

    def _example(self, row: int, votes: bool) -> Example:
        review = self._desk.review
        text = review.texts[row]
        spans = self._why(text).spans if votes and self._lf.reads_only_text else ()
        label = self._desk.name(int(review.preds[row])) if self._desk.has_labels else None
        return Example(row, around(text, spans), label)

    def _why(self, text: str) -> Reason:
        return reason(self._lf, Batch(pl.DataFrame({TEXT: [text]})), 0, self._lf.label or 0)


def _figures(stats: LFStats) -> list[str]:
    """Coverage, overlaps and conflicts as shares of all rows, with their counts, and precision."""
    counts = (stats.votes, stats.overlaps, stats.conflicts)
    shares = [f"{count / stats.n_rows:.2%} ({count:,})" if stats.n_rows else "–" for count in counts]
    return [*shares, share_words(stats.precision)]
