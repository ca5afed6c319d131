"""One label for one string: labeling functions that mark all occurrences of what others mark somewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import Reason, check_columns
from weaklabel.lf.reasons import quoted
from weaklabel.lf.spans.answers import Span
from weaklabel.lf.spans.core import MarkedSpan
from weaklabel.lf.spans.derived import DerivedLF, Source
from weaklabel.units import Units, spell_words

IN_TEXT, IN_CORPUS = "text", "corpus"

_SEPARATOR = "\x1f"
"""Between a document and a string, in the names of what is counted."""

Counts = Mapping[str, Mapping[int, int]]
"""From a string to how often it is marked with each label."""


class ConsistentLF(DerivedLF):
    """A labeling function that marks all occurrences of strings that others mark; made by `consistent_lf`."""

    kind = "consistent"

    def __init__(
        self, name: str, of: Source | Sequence[Source], within: str, min_share: float, min_count: int, ignore_case: bool
    ) -> None:
        super().__init__(name, of)
        if isinstance(min_share, bool) or not isinstance(min_share, int | float) or not 0 < min_share <= 1:
            raise LFError(f"LF '{name}': min_share must be a share above 0, up to 1, not {min_share!r}")
        if isinstance(min_count, bool) or not isinstance(min_count, int) or min_count < 1:
            raise LFError(f"LF '{name}': min_count must be a number of marks, 1 or more, not {min_count!r}")
        if not isinstance(within, str) or not within:
            raise LFError(f"LF '{name}': within must be 'text', 'corpus' or the name of a column, not {within!r}")
        self.within = within
        self.min_share = min_share
        self.min_count = min_count
        self.ignore_case = ignore_case
        self.surveys: bool = within != IN_TEXT
        if within not in (IN_TEXT, IN_CORPUS):
            self.columns: tuple[str, ...] = tuple(dict.fromkeys([*self.columns, within]))

    def survey(self, batch: Batch) -> dict[str, dict[int, int]]:
        """See `SpanLF.survey`: how often each string is marked with each label, in the corpus or in each document."""
        counts: dict[str, dict[int, int]] = {}
        for spans, document in zip(self.marked(batch), self._documents(batch), strict=True):
            if not isinstance(spans, BaseException):
                self._count(spans, counts, document)
        return counts

    def vote(self, batch: Batch) -> list[list[Span] | BaseException]:
        """See `SpanLF.vote`."""
        texts = batch.texts
        words = batch.once(("words", TEXT), lambda: spell_words(batch.frame[TEXT])).units
        answers: list[list[Span] | BaseException] = []
        if self.surveys:
            labels_of = self._labels_by_document(batch.survey)
            for row, document in enumerate(self._documents(batch)):
                answers.append(self._occurrences(texts[row], words, row, labels_of.get(document, {})))
            return answers
        for row, spans in enumerate(self.marked(batch)):
            if isinstance(spans, BaseException):
                answers.append(spans)
                continue
            counts: dict[str, dict[int, int]] = {}
            self._count(spans, counts, "")
            answers.append(self._occurrences(texts[row], words, row, self._labels_by_document(counts).get("", {})))
        return answers

    def reason_of_span(self, row: Batch, span: Span) -> Reason:
        """See `SpanLF.reason_of_span`."""
        begin, end, label = span
        key = self._key(row.texts[0][begin:end])
        counts: Counts
        if self.surveys:
            counts = row.survey
        else:
            (spans,) = self.marked(row)
            of_text: dict[str, dict[int, int]] = {}
            self._count([] if isinstance(spans, BaseException) else spans, of_text, "")
            counts = of_text
        of_string = counts.get(f"{self._documents(row)[0]}{_SEPARATOR}{key}", {})
        where = {IN_TEXT: "this text", IN_CORPUS: "the corpus"}.get(self.within, f"its {self.within}")
        if self.surveys and not row.survey:  # the counts of the corpus are not at hand
            return Reason(f"in {where}, most marks of {quoted(row.texts[0][begin:end])} are {self.name_of(label)}")
        share = f"{of_string.get(label, 0)} of {sum(of_string.values())}"
        return Reason(f"in {where}, {share} marks of {quoted(row.texts[0][begin:end])} are {self.name_of(label)}")

    def _documents(self, batch: Batch) -> list[str]:
        """Return the name of the document of each row, "" where it does not matter. Length: n."""
        if self.within in (IN_TEXT, IN_CORPUS):
            return [""] * len(batch)
        check_columns(self.name, (self.within,), batch)
        return batch.frame[self.within].cast(pl.String).fill_null("").to_list()

    def _key(self, text: str) -> str:
        words = " ".join(text.split())
        return words.casefold() if self.ignore_case else words

    def _count(self, spans: Sequence[MarkedSpan], counts: dict[str, dict[int, int]], document: str) -> None:
        for _, _, label, text in spans:
            if label != NOT_ENTITY:
                of_string = counts.setdefault(f"{document}{_SEPARATOR}{self._key(text)}", {})
                number = self.number_of(label)
                of_string[number] = of_string.get(number, 0) + 1

    def _labels_by_document(self, counts: Counts) -> dict[str, dict[str, int]]:
        """Return, by document, the label of each string that has a clear one."""
        labels: dict[str, dict[str, int]] = {}
        for name, of_string in counts.items():
            document, _, key = name.rpartition(_SEPARATOR)
            (label, most), *others = sorted(of_string.items(), key=lambda item: (-item[1], item[0]))
            total = sum(of_string.values())
            is_tie = bool(others) and others[0][1] == most
            if total >= self.min_count and most >= self.min_share * total and not is_tie:
                labels.setdefault(document, {})[key] = label
        return labels

    def _occurrences(self, text: str, words: Units, row: int, labels: Mapping[str, int]) -> list[Span]:
        """Return the longest occurrences of strings, whole words, from left to right."""
        if not labels:
            return []
        longest = max(map(len, labels))
        spans: list[Span] = []
        places = words.of_row(row)
        at = 0
        while at < len(places):
            begin = places[at][0]
            match = self._longest_match(text, places, at, labels, longest)
            if match is None:
                at += 1
                continue
            n_words, end, label = match
            spans.append((begin, end, label))
            at += n_words
        return spans

    def _longest_match(
        self, text: str, places: Sequence[tuple[int, int]], first: int, labels: Mapping[str, int], longest: int
    ) -> tuple[int, int, int] | None:
        """Return number of words, end and label of the longest string that begins at a word; None where there is none."""
        begin, match = places[first][0], None
        for last in range(first, len(places)):
            end = places[last][1]
            key = self._key(text[begin:end])
            if len(key) > longest:
                break
            if key in labels:
                match = last + 1 - first, end, labels[key]
        return match


def consistent_lf(
    name: str,
    of: Source | Sequence[Source],
    *,
    within: str = IN_TEXT,
    min_share: float = 0.5,
    min_count: int = 1,
    ignore_case: bool = False,
) -> ConsistentLF:
    r"""Make a labeling function that marks all occurrences of strings that others mark, with the label most of them give.

    It is called after those whose spans it reads. Occurrences are whole words, the longest first.

    Parameters
    ----------
    name
        Name of the labeling function.
    of
        The labeling functions that it reads: names of others in the pack, or labeling functions written right here, which
        then vote through this one alone.
    within
        "text": what is marked in a text counts for that text; "corpus": for all texts, which takes two passes; or the name of a
        column, such as "document": for all rows with the same value.
    min_share
        Share of the marks of a string that its most frequent label must have; with a tie, nothing is marked.
    min_count
        Marks of a string that it takes.
    ignore_case
        Whether strings that differ in case are one.

    Raises
    ------
    LFError
        A number is out of range.

    Examples
    --------
    >>> import re
    >>> from weaklabel.lf.spans.function import span_lf
    >>> titled = span_lf("titled", 0)(lambda text: re.finditer(r"Dr\.? (?P<span>[A-Z]\w+)", text))
    >>> consistent_lf("again", titled)("Dr. Noether left. Noether was late.")
    [(4, 11, 0), (18, 25, 0)]
    """
    return ConsistentLF(name, of, within, min_share, min_count, ignore_case)
