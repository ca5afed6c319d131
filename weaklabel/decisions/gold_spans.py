"""Spans that people marked as gold: read from any form, joined to a corpus by its texts."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from weaklabel.corpus.records import Reject
from weaklabel.decisions.log import Decision, DecisionLog, is_decision_log, standing_of, text_hash, text_hashes
from weaklabel.decisions.span_annotations import read_span_annotations, span_files
from weaklabel.decisions.tools import Annotation, Columns, NamedSpan
from weaklabel.errors import CorpusError, VoteError
from weaklabel.label_names import LabelMatcher, find_labels
from weaklabel.support.warn import warn
from weaklabel.units import SpanRows, Spans
from weaklabel.units.tokens import move_spans, without_spaces


@dataclass(frozen=True)
class GoldText:
    """A text whose spans are known.

    Attributes
    ----------
    spans
        All of them, sorted; () for none.
    text
        None where only its hash is known.
    text_sha256
        See `weaklabel.decisions.text_hash`.
    row_id
        Id of its row; None if unknown.
    where
        Where it is in its file, for messages.
    """

    spans: tuple[NamedSpan, ...]
    text: str | None
    text_sha256: str
    row_id: str | None = None
    where: str = ""


@dataclass(frozen=True, eq=False)
class GoldSpans:
    """Gold spans of texts; made by `read_gold_spans`.

    Attributes
    ----------
    texts
        The texts, each once, in the order of the file.
    labels
        Names of the labels. Length: k.
    name
        Of the file, for messages.
    n_disputed
        Texts of which people marked different spans equally often; they are not among ``texts``.
    """

    texts: tuple[GoldText, ...]
    labels: tuple[str, ...]
    name: str = ""
    n_disputed: int = 0
    _seen: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self) -> tuple[list[str], Spans]:
        """Return the texts that are known, and their spans in code points."""
        known = [(gold.text, gold.spans) for gold in self.texts if gold.text is not None]
        numbers = {name: number for number, name in enumerate(self.labels)}
        named = [[(begin, end, numbers[label]) for begin, end, label in spans] for _, spans in known]
        return [text for text, _ in known], Spans.of_rows(named)

    def on(self, texts: Sequence[str], first_row: int = 0) -> SpanRows:
        """Return the gold spans of rows, in code points of their texts; rows without gold are not known.

        A row has the spans of the same text, or of one that differs in white space alone, as texts do that were split into
        words and joined again.

        Parameters
        ----------
        texts
            Of the rows. Length: n.
        first_row
            Number of the first row, for messages.

        Raises
        ------
        CorpusError
            A span is not in its text.
        """
        by_hash, by_bare = self._index
        numbers = {name: number for number, name in enumerate(self.labels)}
        is_known = np.zeros(len(texts), dtype=bool)
        rows: list[list[tuple[int, int, int]]] = []
        for row, (text, key) in enumerate(zip(texts, text_hashes(texts), strict=True)):
            number = by_hash.get(key)
            if number is None:
                number = by_bare.get(without_spaces(text))
            rows.append([])
            if number is None:
                continue
            gold = self.texts[number]
            try:
                spans = gold.spans if gold.text is None else move_spans(gold.spans, gold.text, text)
            except ValueError as error:
                raise CorpusError(f"{self.name}, {gold.where}: {error}") from None
            assert spans is not None  # the texts are the same without white space
            if beyond := [span for span in spans if span[1] > len(text)]:
                raise CorpusError(
                    f"{self.name}, {gold.where}: the span {beyond[0][0]} to {beyond[0][1]} is not in the text of row "
                    f"{first_row + row}, which has {len(text)} characters"
                )
            self._seen.add(number)
            is_known[row] = True
            rows[-1] = [(begin, end, numbers[label]) for begin, end, label in spans]
        spans_of_rows = Spans.of_rows(rows)
        return SpanRows(spans_of_rows, np.full(len(spans_of_rows), np.nan), is_known, self.labels)

    @property
    def n_unseen(self) -> int:
        """Gold texts that no row had for which `on` was asked."""
        return len(self.texts) - len(self._seen)

    @cached_property
    def _index(self) -> tuple[dict[str, int], dict[str, int]]:
        by_hash = {gold.text_sha256: number for number, gold in enumerate(self.texts)}
        bare = Counter(without_spaces(gold.text) for gold in self.texts if gold.text is not None)
        by_bare = {
            key: number
            for number, gold in enumerate(self.texts)
            if gold.text is not None and bare[key := without_spaces(gold.text)] == 1
        }
        return by_hash, by_bare


def read_gold_spans(
    path: str | os.PathLike[str],
    labels: Sequence[str] | None = None,
    *,
    form: str | None = None,
    columns: Columns | None = None,
) -> GoldSpans:
    """Read gold spans of any form.

    Parameters
    ----------
    path
        A table with a column ``spans`` (see `weaklabel.units.read_spans`) and ``text``; decisions of ``weaklabel review``; an
        export of Label Studio, Argilla, doccano or Prodigy; CoNLL; a DocBin of spaCy; a folder of brat; or a folder of any
        of these files.
    labels
        Names of the labels; those that occur, sorted, if not given.
    form
        One of `weaklabel.decisions.span_annotations.SPAN_FORMS`; found if not given.
    columns
        Where it holds what.

    Returns
    -------
    GoldSpans
        Of a text that several people marked, the spans that most of them marked alike; none where that is a tie.

    Raises
    ------
    CorpusError
        A file cannot be read, or holds no spans, or something in it cannot be used; names the place.
    VoteError
        A label is none of ``labels``; names the place.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".conll") as file:
    ...     _ = file.write("Ada\\tB-PER\\nwrote\\tO\\n\\n")
    ...     file.flush()
    ...     gold = read_gold_spans(file.name)
    >>> gold.labels, gold.on(["Ada  wrote", "Tom"]).spans.of_row(0)
    (('PER',), [(0, 3, 0)])
    """
    files = span_files(Path(path))
    name = Path(path).name
    if form is None and len(files) == 1 and files[0].is_file() and is_decision_log(files[0]):
        return gold_spans_of(DecisionLog(files[0]).decisions(), labels, name)
    given: list[tuple[str, str, Annotation]] = []
    n_unlabeled = 0
    for file in files:
        for item in read_span_annotations(file, form, columns):
            if isinstance(item, Reject):
                raise CorpusError(
                    f"{file}: {item.reason}; correct it, or use weaklabel import, which lists what it leaves out"
                )
            if isinstance(item, Annotation):
                given.append((f"{file.name}, {item.where}" if len(files) > 1 else item.where, file.name, item))
            else:
                n_unlabeled += 1
    if not given:
        raise CorpusError(
            f"{path} holds no text whose spans are known{f' ({n_unlabeled:,} are not labeled)' * bool(n_unlabeled)}"
        )
    without = next((where for where, _, item in given if item.text is None), None)
    if without is not None:
        raise CorpusError(
            f"{path}, {without}: it has no text; use weaklabel import with --corpus, which finds rows by their ids"
        )
    names, matched = match_labels(((where, item.spans or ()) for where, _, item in given), labels, name)
    votes: defaultdict[str, list[GoldText]] = defaultdict(list)
    for (where, _, item), spans in zip(given, matched, strict=True):
        assert item.text is not None
        key = text_hash(item.text)
        votes[key].append(GoldText(spans, item.text, key, item.row_id, where))
    return _agreed(votes.values(), names, name)


def gold_spans_of(
    decisions: Iterable[Decision], labels: Sequence[str] | None = None, name: str = "decisions"
) -> GoldSpans:
    """Return the spans that an adjudication gave each text, or most reviewers, by what each said last; a tie is not known.

    Raises
    ------
    CorpusError
        There is no decision on spans.
    VoteError
        A label is none of ``labels``.
    """
    latest = [decision for decision in standing_of(decisions).values() if decision.spans is not None]
    if not latest:
        raise CorpusError(f"{name} holds no decision on spans; weaklabel review writes them")
    where = [f"decision of {decision.reviewer} on row {decision.row}" for decision in latest]
    named = ((place, decision.spans or ()) for place, decision in zip(where, latest, strict=True))
    names, matched = match_labels(named, labels, name)
    votes: defaultdict[str, list[GoldText]] = defaultdict(list)
    for place, decision, spans in zip(where, latest, matched, strict=True):
        votes[decision.text_sha256].append(GoldText(spans, None, decision.text_sha256, None, place))
    return _agreed(votes.values(), names, name)


def match_labels(
    given: Iterable[tuple[str, Sequence[NamedSpan]]], labels: Sequence[str] | None, name: str
) -> tuple[tuple[str, ...], list[tuple[NamedSpan, ...]]]:
    """Return the names of the labels, and the spans of each text with these names, sorted, each once.

    Parameters
    ----------
    given
        Of each text where it is, and its spans.
    labels
        Names of the labels; those that occur if None.
    name
        What holds the spans, for messages.

    Raises
    ------
    VoteError
        A label is none of them.
    """
    rows = [(where, list(spans)) for where, spans in given]
    occurring = [label for _, spans in rows for _, _, label in spans]
    names = tuple(labels) if labels is not None else find_labels(occurring, (), name) if occurring else ()
    matcher = LabelMatcher(names)
    matched = [tuple(sorted(set(_matched(spans, matcher, f"{name}, {where}")))) for where, spans in rows]
    matcher.warn(name, stacklevel=3)
    return names, matched


def _matched(spans: Iterable[NamedSpan], matcher: LabelMatcher, where: str) -> Iterator[NamedSpan]:
    for begin, end, label in spans:
        try:
            yield begin, end, matcher.names[matcher.match(label)]
        except VoteError as error:
            raise VoteError(f"{where}, span {begin} to {end}: {error}") from None


def _agreed(votes: Iterable[Sequence[GoldText]], labels: tuple[str, ...], name: str) -> GoldSpans:
    agreed, n_disputed = [], 0
    for of_text in votes:
        (spans, most), *others = Counter(gold.spans for gold in of_text).most_common(2)
        if others and others[0][1] == most:
            n_disputed += 1
        else:
            agreed.append(next(gold for gold in of_text if gold.spans == spans))
    if n_disputed:
        warn(
            f"{name}: {n_disputed:,} text{'s' * (n_disputed != 1)} of which people marked different spans equally often "
            f"{'are' if n_disputed != 1 else 'is'} left out",
            stacklevel=3,
        )
    return GoldSpans(tuple(agreed), labels, name, n_disputed)
