"""Gazetteers: labeling functions that mark every entry of a list of names, of which there may be millions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from threading import Lock
from typing import Any, get_args

import numpy as np
import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, nearest
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import Place, Reason, check_columns, column_text
from weaklabel.lf.reasons import cell_text, quoted
from weaklabel.lf.spans.answers import Span
from weaklabel.lf.spans.core import Label, SpanLF
from weaklabel.lf.spans.entries import Entries, Entry, RejectedEntry, labels_of, read_entries, summary_of, why_rejected
from weaklabel.lf.spans.trie import STOP, Case, WordTrie, fold_words
from weaklabel.support.warn import warn
from weaklabel.units import Spans, SpelledWords, spell_words

_BUILDING = Lock()
"""One gazetteer is built at a time, and only once, however many threads ask for it."""


def words_of_batch(batch: Batch) -> SpelledWords:
    """Return the words of the texts of a batch, found once for all that ask."""
    return batch.once(("words", TEXT), lambda: spell_words(batch.frame.select(column_text(TEXT)).to_series()))


class GazetteerLF(SpanLF):
    """A labeling function that marks the entries of a gazetteer; see `gazetteer_lf`.

    Attributes
    ----------
    digest : str
        Hash of the entries and their labels.
    n_given : int
        Number of entries given, without those that were rejected.
    rejects : list of RejectedEntry
        Entries that were left out, and why. Those that are under two labels are added when the first text is searched.
    case, overlaps, min_length
        See `gazetteer_lf`.
    """

    kind = "gazetteer"
    place = Place.IN_PROCESS

    def __init__(
        self,
        name: str,
        labels: Sequence[Label],
        entries: Iterable[tuple[Label | None, Iterable[Entry]]],
        *,
        stop: Iterable[Entry],
        case: Case,
        overlaps: bool,
        min_length: int,
        negative: bool,
    ) -> None:
        super().__init__(name, labels, negative=negative)
        self.case = case
        self.overlaps = overlaps
        self.min_length = min_length
        self.rejects: list[RejectedEntry] = []
        self._trie: WordTrie | None = None
        self._phrases: list[str] = []
        self._values: list[int] = []
        places = {label: place for place, label in enumerate(self.labels)}
        for label, some in entries:
            for entry in some:
                self._add(entry, 0 if negative else self._place(entry, label, places))
        self.n_given: int = len(self._phrases)
        if not self.n_given:
            rejected = f": {summary_of(self.rejects)}" if self.rejects else ""
            raise LFError(f"LF '{name}': the gazetteer has no entries{rejected}; give at least one")
        for entry in stop:
            self._add(entry, STOP)
        self.digest: str = _digest(self._phrases, self._values)
        if self.rejects:
            warn(
                f"LF '{name}': {len(self.rejects):,} entries of its gazetteer are left out: {summary_of(self.rejects)}"
            )

    def _place(self, entry: Entry, label: Label | None, places: dict[Label, int]) -> int | str:
        """Return the place of an entry's label among the labels, or why it has none."""
        if label is not None:
            return places[label]
        if entry.label is None or entry.label == "":
            return "without a label"
        place = places.get(entry.label) if isinstance(entry.label, str | int) else None
        return f"with another label than {labels_of(self.labels)}" if place is None else place

    def _add(self, entry: Entry, value: int | str) -> None:
        reason = why_rejected(entry.text, 1 if value == STOP else self.min_length) or (
            value if isinstance(value, str) else None
        )
        if reason is None:
            self._phrases.append(entry.text)
            self._values.append(int(value))
        else:
            self.rejects.append(RejectedEntry(entry.where, str(entry.text), reason))

    @property
    def trie(self) -> WordTrie:
        """The entries as they are searched, built when they are first needed."""
        if self._trie is None:
            with _BUILDING:
                if self._trie is None:
                    self._trie = self._build()
        return self._trie

    def _build(self) -> WordTrie:
        trie = WordTrie(pl.Series(self._phrases, dtype=pl.String), np.array(self._values, dtype=np.int64), self.case)
        # An entry without words is white space to Unicode, though not to Python.
        left_out = [(place, "without a word") for place in trie.wordless.tolist()]
        left_out += [(place, "under two labels") for place in trie.ambiguous.tolist()]
        rejects = [RejectedEntry(f"entry {place + 1}", self._phrases[place], reason) for place, reason in left_out]
        if rejects:
            self.rejects.extend(rejects)
            warn(
                f"LF '{self.name}': {len(rejects):,} entries of its gazetteer are left out: {summary_of(rejects)}; "
                "a name of two kinds is no evidence for either"
            )
        self._phrases, self._values = [], []
        return trie

    def vote(self, batch: Batch) -> Spans:  # type: ignore[override]  # as SpanLF
        """Mark the entries in every row of ``batch``; see `SpanLF.vote`."""
        check_columns(self.name, self.columns, batch)
        trie = self.trie
        words = words_of_batch(batch)
        folded = batch.once(("folded words", TEXT, self.case), lambda: fold_words(words.vocabulary, self.case))
        search = trie.all if self.overlaps else trie.longest
        first, after, value = search(trie.numbers_of(folded)[words.codes], words.units.offsets)
        numbers = np.array([NOT_ENTITY] if self.negative else self.numbers, dtype=np.int64)
        row = np.searchsorted(words.units.offsets, first, side="right") - 1
        return Spans(row, words.units.begins[first], words.units.ends[after - 1], numbers[value], len(batch))

    def reason_of_span(self, row: Batch, span: Span) -> Reason:
        """See `SpanLF.reason_of_span`."""
        begin, end, _ = span
        return Reason(f"has the entry {quoted(cell_text(row, TEXT)[begin:end])}", TEXT, ((begin, end),))

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        shown = {"entries": self.n_given, "case": self.case}
        changed = {"overlaps": self.overlaps or None, "min_length": None if self.min_length == 1 else self.min_length}
        return shown | {name: value for name, value in changed.items() if value is not None}

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [pl.__version__, super().identity()]

    def __repr__(self) -> str:
        return f"gazetteer_lf({self.name!r})"


def gazetteer_lf(
    name: str,
    label: Label | Sequence[Label] | Mapping[Any, Entries] | None = None,
    entries: Entries | None = None,
    *,
    case: Case = "exact",
    overlaps: bool = False,
    min_length: int = 1,
    stop: Entries = (),
    negative: bool = False,
) -> GazetteerLF:
    """Mark every entry of a gazetteer, a list of names, that stands in a text as whole words.

    Words are those of `weaklabel.units.find_words`: runs of letters and digits, single signs, and in scripts without
    spaces (Chinese, Japanese, Thai) single characters, so that entries in these match anywhere. What white space is between
    words does not matter, nor do straight and curly apostrophes or composed and decomposed accents. A gazetteer of a million
    entries is built in seconds, once in a process, when the first text is searched.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        The label of all entries, by name or number; or a mapping from each label to its entries, or to the path of a file;
        or a list of labels, where each entry of the file has its own. An entry under two labels marks nothing, with a
        warning.
    entries
        Entries, or the path of a UTF-8 file: ``.csv`` or ``.tsv`` with a column ``entry`` and, if wanted, ``label``;
        ``.jsonl`` of strings, or of objects with such keys; or text with an entry a line, and a TAB and its label behind it
        if wanted, where empty lines and those that begin with # are skipped. An entry that is there twice counts once; those
        that cannot be used are left out with a warning, and are in ``rejects``.
    case
        "exact": upper and lower case differ. "ignore": they do not, by Unicode's rules, so that STRASSE is Straße. "fold":
        nor do accents and full-width forms, so that Sao Paulo is São Paulo.
    overlaps
        False: from left to right, at each word the longest entry, and then on behind it. True: all entries that are there.
    min_length
        Fewest characters of an entry; shorter ones are left out.
    stop
        Entries, or the path of a file, that are never marked, nor is what is inside of them: with "New York" an entry and
        "New York Giants" a stop entry, the team is no place.
    negative
        Whether entries are no entities, instead of having a label.

    Raises
    ------
    LFError
        The file cannot be read; no entry can be used; labels and entries do not fit together; a wrong name or option.

    Examples
    --------
    >>> lf = gazetteer_lf("places", {0: ["New York", "Paris"], 1: ["New York Times"]}, stop=["Paris Hilton"])
    >>> lf("The New York Times sent Paris Hilton to New York, not to New Yorkers in Paris.")
    [(4, 18, 1), (40, 48, 0), (72, 77, 0)]
    """
    check_options(name, case, min_length)
    if isinstance(label, Mapping):
        if entries is not None:
            raise LFError(f"LF '{name}': entries are in the mapping from labels; leave the other ones out")
        if negative:
            raise LFError(
                f"LF '{name}': what is no entity has no label; give entries= instead of a mapping from labels"
            )
        labels: tuple[Label, ...] = tuple(label)
        lists = [(each, read_entries(name, some)) for each, some in label.items()]
    else:
        if entries is None:
            raise LFError(f"LF '{name}': give entries: a list of names, or the path of a file")
        labels = _labels(name, label, negative)
        only = labels[0] if len(labels) == 1 and not isinstance(label, list | tuple) else None
        lists = [(only, read_entries(name, entries))]
    return GazetteerLF(
        name,
        labels,
        lists,
        stop=read_entries(name, stop),
        case=case,
        overlaps=overlaps,
        min_length=min_length,
        negative=negative,
    )


def _labels(name: str, label: Any, negative: bool) -> tuple[Label, ...]:
    """Return the labels of a gazetteer that is no mapping."""
    if negative:
        if label is not None:
            raise LFError(f"LF '{name}': what is no entity has no label; leave it out, or negative")
        return ()
    labels = tuple(label) if isinstance(label, list | tuple) else (label,)
    if label is None or not labels:
        raise LFError(f"LF '{name}': give a label, by name or number, or a list of those in the file")
    return labels


def check_options(name: str, case: Any, min_length: Any) -> None:
    """Refuse, as an `LFError`, options that a gazetteer cannot have."""
    if case not in get_args(Case):
        raise LFError(
            f"LF '{name}': case must be {', '.join(get_args(Case))}, not {case!r}{nearest(str(case), get_args(Case))}"
        )
    if isinstance(min_length, bool) or not isinstance(min_length, int) or min_length < 1:
        raise LFError(f"LF '{name}': min_length must be a number of characters, 1 or more, not {min_length!r}")


def _digest(phrases: Sequence[str], values: Sequence[int]) -> str:
    """Return a hash of entries with their labels, in their order."""
    hashed = blake2b(digest_size=16)
    for begin in range(0, len(phrases), 10_000):
        some = phrases[begin : begin + 10_000]
        hashed.update("".join(f"{len(phrase)}:{phrase}" for phrase in some).encode("utf-8", "surrogatepass"))
    hashed.update(np.array(values, dtype=np.int64).tobytes())
    return hashed.hexdigest()
