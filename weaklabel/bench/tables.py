"""The results of a benchmark as text for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from weaklabel.bench.sections import sections
from weaklabel.bench.views import Results
from weaklabel.errors import visible
from weaklabel.page.page import Block, DataTable, Fold, Text
from weaklabel.report.markdown import escape, markdown_table
from weaklabel.support.table import display_width, table

_Show: TypeAlias = Callable[[DataTable | str], str]


def text_table(results: Results) -> str:
    """Render the results for a terminal."""

    def show(part: DataTable | str) -> str:
        if isinstance(part, str):
            return visible(part)
        shown = _aligned(part)
        return f"{visible(part.caption)}\n\n{shown}" if part.caption else shown

    return _joined(results, show, lambda title, level: f"{visible(title)}\n{'=-'[level] * len(visible(title))}")


def markdown(results: Results) -> str:
    """Render the results as Markdown (GitHub's kind, for the tables); whatever a user named is escaped."""

    def show(part: DataTable | str) -> str:
        if isinstance(part, str):
            return escape(part)
        shown = markdown_table(part.rows, part.columns)
        return f"{escape(part.caption)}\n\n{shown}" if part.caption else shown

    return _joined(results, show, lambda title, level: f"{'#' * (level + 2)} {escape(title)}")


def _aligned(part: DataTable) -> str:
    """Render a table with its numbers to the right, also those that are texts of one number."""
    lines = [list(map(visible, part.columns)), *part.texts]
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        for number, style in enumerate(part.styles):
            if style == "right":
                line[number] = " " * (widths[number] - display_width(line[number])) + line[number]
    return table(lines[1:], lines[0])


def _joined(results: Results, show: _Show, heading: Callable[[str, int], str]) -> str:
    blocks: list[str] = []
    for section in sections(results):
        blocks += [heading(section.title, 0), *_blocks(section.parts, show, heading)]
    return "\n\n".join(blocks) + "\n"


def _blocks(parts: Sequence[Block], show: _Show, heading: Callable[[str, int], str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Text):
            yield show(part.text)
        elif isinstance(part, DataTable):
            yield show(part)
        elif isinstance(part, Fold):
            yield heading(part.title, 1)
            yield from _blocks(part.parts, show, heading)
