"""Tagged words in columns, as CoNLL's shared tasks have them: for taggers, seqeval and other scorers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from weaklabel.corpus.row_ids import row_ids
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Task
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.spans import (
    TaggedWords,
    check_labels_have_no_spaces,
    check_tokens_column,
    marked_spans,
    tagged_words,
)
from weaklabel.support.progress import stage
from weaklabel.units import tag_names

SCHEMES = ("iob2", "bioes")
"""In IOB2 a span begins with B and goes on with I; in BIOES its last word has E, and its only word S."""

INEXACT = "rows with a span whose places only the comment has"


class ConllExporter(CorpusExporter):
    """Writes a word, a tab and its tag a line, and an empty line behind each row.

    Words are those of `weaklabel.units.find_words`, cut where a span begins or ends within one. Before them, comments say
    what tags cannot, so that ``weaklabel import`` gives back the same rows: ``# id =`` and ``# text =``, as JSON; and
    ``# spans =`` where white space belongs to a span.

    Parameters
    ----------
    scheme
        ``iob2`` or ``bioes``.
    tokens
        Column with the tokens of each row, in place of found words: lists, or JSON text of lists.
    comments
        Write the comments. Leave them out for programs that know none; then texts come back as words with single spaces.
    """

    title = "CoNLL"
    suffix = ".conll"
    tasks: ClassVar[tuple[Task, ...]] = ("spans",)
    takes_drawn = False
    task: ClassVar[str] = "token-classification"
    consumer = "taggers; seqeval, conlleval"

    def __init__(self, scheme: str = "iob2", tokens: str = "", comments: bool = True) -> None:
        self.scheme = scheme
        self.tokens = tokens
        self.comments = comments

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        if self.scheme not in SCHEMES:
            raise ExportError(f"scheme: '{self.scheme}' is none of {', '.join(SCHEMES)}{nearest(self.scheme, SCHEMES)}")
        check_labels_have_no_spaces(corpus, self.title)
        check_tokens_column(corpus, self.tokens)

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        rows = words = inexact = 0
        with (
            target.open("w", encoding="utf-8", newline="\n") as handle,
            stage(f"writing {self.title}", unit="rows") as progress,
        ):
            for part in corpus.parts():
                tagged = tagged_words(part, corpus, self.tokens)
                names = self._tags(tagged.tags, tagged.words.offsets, corpus.labels)
                for sentence in self._sentences(part, corpus, tagged.words.texts(part.texts), names, tagged):
                    handle.write(sentence)
                rows += len(part)
                words += len(names)
                inexact += int((~tagged.is_exact).sum())
                progress.advance(len(part))
        return ExportRecord(rows, {}, {"words": words} | ({INEXACT: inexact} if inexact else {}))

    def _sentences(
        self, part: LabeledPart, corpus: LabeledCorpus, words: Sequence[str], tags: Sequence[str], tagged: TaggedWords
    ) -> Iterator[str]:
        spans = marked_spans(part, corpus.labels)
        ids = row_ids(part.frame, part.rows.tolist()) if self.comments else [""] * len(part)
        offsets = tagged.words.offsets.tolist()
        for row, (row_id, text, is_exact) in enumerate(zip(ids, part.texts, tagged.is_exact.tolist(), strict=True)):
            lines = []
            if self.comments:
                lines += [f"# id = {_quoted(row_id)}", f"# text = {_quoted(text)}"]
                if not is_exact:
                    exact = [[span.begin, span.end, span.label] for span in spans[row]]
                    lines.append(f"# spans = {json.dumps(exact, ensure_ascii=False)}")
            of_row = slice(offsets[row], offsets[row + 1])
            lines += [f"{word}\t{tag}" for word, tag in zip(words[of_row], tags[of_row], strict=True)]
            yield "\n".join([*lines, "", ""])

    def _tags(self, tags: np.ndarray, offsets: np.ndarray, labels: Sequence[str]) -> list[str]:
        """Return the names of tags in the scheme."""
        names = tag_names(labels)
        written = [names[tag] for tag in tags.tolist()]
        if self.scheme == "iob2" or not written:
            return written
        # A word is the last of its span unless the next one of its row goes on with it.
        goes_on = np.append((tags[1:] > 0) & (tags[1:] % 2 == 0), False)
        goes_on[offsets[1:][offsets[1:] > 0] - 1] = False
        last = {"B": "S", "I": "E"}
        return [
            name if name == "O" or more else last[name[0]] + name[1:]
            for name, more in zip(written, goes_on.tolist(), strict=True)
        ]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
