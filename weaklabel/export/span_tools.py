"""Documents with weak spans for tools in which people correct them: Prodigy, brat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from weaklabel.corpus.row_ids import ROW_ID
from weaklabel.errors import ExportError
from weaklabel.export.corpus import LabeledCorpus
from weaklabel.export.exporter import write_lines
from weaklabel.export.review_tools import CONFIDENCE, ReviewExporter, Task
from weaklabel.export.spans import MarkedSpan, check_labels_have_no_spaces
from weaklabel.support.files import write_text
from weaklabel.units import Spans, find_words
from weaklabel.units.tokens import cut_words


class ProdigyExporter(ReviewExporter):
    """Writes ``tasks.jsonl`` for Prodigy, with tokens and spans, which people correct in ``ner.manual`` or ``spans.manual``.

    Parameters
    ----------
    unlabeled, columns, id_column
        See `ReviewExporter`; columns are ``meta``, shown below the text.
    tokens
        Write tokens, which are cut where a span begins or ends within a word. Prodigy selects whole tokens.
    """

    title = "Prodigy"
    tasks = ("spans",)
    consumer = "Prodigy: `ner.manual`, `spans.manual`"
    task: ClassVar[str] = "token-classification"
    names_taken: ClassVar[tuple[str, ...]] = (CONFIDENCE,)

    def __init__(
        self, unlabeled: bool = True, columns: list[str] | None = None, id_column: str = "", tokens: bool = True
    ) -> None:
        super().__init__(unlabeled, columns, id_column)
        self.tokens = tokens

    def write_tasks(self, tasks: Iterable[Task], corpus: LabeledCorpus, target: Path) -> None:
        """See `ReviewExporter.write_tasks`."""
        write_lines(target / "tasks.jsonl", map(self._task, tasks), self.title)

    def _task(self, task: Task) -> dict[str, Any]:
        sure = {} if task.confidence is None else {CONFIDENCE: task.confidence}
        meta = {ROW_ID: task.row_id, **sure, **task.columns}
        spans: list[dict[str, Any]] = [
            {"start": span.begin, "end": span.end, "label": span.label} for span in task.spans or ()
        ]
        written: dict[str, Any] = {"text": task.text}
        if self.tokens:
            written["tokens"] = _tokens(task.text, task.spans or ())
            _place_on_tokens(spans, written["tokens"])
        return {**written, "spans": spans, "meta": meta}


def _tokens(text: str, spans: Sequence[MarkedSpan]) -> list[dict[str, Any]]:
    marked = Spans.of_rows([[(span.begin, span.end, 0) for span in spans]])
    places = cut_words(find_words([text]), marked).of_row(0)
    return [
        {"text": text[begin:end], "start": begin, "end": end, "id": number, "ws": text[end : end + 1].isspace()}
        for number, (begin, end) in enumerate(places)
    ]


def _place_on_tokens(spans: Iterable[dict[str, Any]], tokens: Sequence[dict[str, Any]]) -> None:
    """Add to each span its first and its last token."""
    for span in spans:
        over = [token["id"] for token in tokens if token["start"] < span["end"] and span["start"] < token["end"]]
        if over:
            span |= {"token_start": over[0], "token_end": over[-1]}


_LINE_END = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""Where Python, in which brat is written, ends a line."""

_FILE_NAME = re.compile(r"[\w-][\w.-]{0,150}")


class BratExporter(ReviewExporter):
    """Writes ``ID.txt`` and ``ID.ann`` for each row, and ``annotation.conf``.

    brat knows no suggestions: weak spans are annotations that people correct, and what comes back does not tell which of
    them somebody looked at. ``.txt`` is the text as it is, with its line ends; a span over a line end has a part for each line.

    Parameters
    ----------
    unlabeled, id_column
        See `ReviewExporter`; ids are the names of files.
    """

    title = "brat"
    tasks = ("spans",)
    consumer = "brat: a folder in its ``data``"
    task: ClassVar[str] = "token-classification"

    def __init__(self, unlabeled: bool = True, id_column: str = "") -> None:
        super().__init__(unlabeled, None, id_column)

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        check_labels_have_no_spaces(corpus, self.title)
        for label in corpus.labels:
            if not re.fullmatch(r"[\w-]+", label):
                raise ExportError(
                    f"the label {label!r} is no name of brat, which has letters, digits, - and _; rename it"
                )

    def write_tasks(self, tasks: Iterable[Task], corpus: LabeledCorpus, target: Path) -> None:
        """See `ReviewExporter.write_tasks`."""
        conf = "\n".join(["[entities]", *corpus.labels, "", "[relations]", "", "[events]", "", "[attributes]", ""])
        write_text(target / "annotation.conf", conf)
        seen: set[str] = set()
        for task in tasks:
            name = task.row_id
            if not _FILE_NAME.fullmatch(name) or name.casefold() in seen:
                why = "was there before" if name.casefold() in seen else "cannot name a file"
                raise ExportError(
                    f"the id {name!r:.60} of a row {why}; brat has a file for each: give other ids (id_column)"
                )
            seen.add(name.casefold())
            (target / f"{name}.txt").write_bytes(task.text.encode())
            write_text(target / f"{name}.ann", "".join(_brat_lines(task)))


def _brat_lines(task: Task) -> Iterator[str]:
    for number, span in enumerate(task.spans or (), 1):
        pieces = _pieces(task.text, span)
        places = ";".join(f"{begin} {end}" for begin, end in pieces)
        said = " ".join(_LINE_END.sub(" ", task.text[begin:end]) for begin, end in pieces)
        yield f"T{number}\t{span.label} {places}\t{said}\n"


def _pieces(text: str, span: MarkedSpan) -> list[tuple[int, int]]:
    """Return the places of a span: a pair for each of its lines, or one where it begins or ends with a line end."""
    parts = [part.span() for part in re.compile(r"[^\r\n]+").finditer(text, span.begin, span.end)]
    is_whole = parts and parts[0][0] == span.begin and parts[-1][1] == span.end
    return parts if is_whole else [(span.begin, span.end)]
