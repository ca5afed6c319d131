"""Benchmark sets with spans, in WRENCH's format for sequences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.bench.split import LIMIT_SEED, limited_rows
from weaklabel.errors import CorpusError
from weaklabel.support.hashing import hash_path
from weaklabel.units import Units
from weaklabel.units.spans import Numbers, Spans, spans_of_tags, tag_names
from weaklabel.votes.spans import SpanVotes


@dataclass(frozen=True, eq=False)
class SpanSplit:
    """A split of a set.

    Attributes
    ----------
    texts
        Its words, joined by one space. Length: n.
    words
        Where they are in the texts.
    votes
        What labeling functions marked.
    gold
        Gold spans, in words; None where gold is hidden.
    """

    texts: tuple[str, ...]
    words: Units
    votes: SpanVotes
    gold: Spans | None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Numbers) -> SpanSplit:
        """Return the texts with these numbers, in ascending order."""
        counts = np.diff(self.words.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        places = np.repeat(self.words.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        words = Units(offsets, self.words.begins[places], self.words.ends[places])
        spans = [_of_rows(lf, rows) for lf in self.votes.spans]
        texts = tuple(self.texts[row] for row in rows.tolist())
        return SpanSplit(
            texts,
            words,
            SpanVotes.of(spans, offsets, self.votes.lf_names, self.votes.labels, words=words, texts=texts),
            None if self.gold is None else _of_rows(self.gold, rows),
        )


@dataclass(frozen=True, eq=False)
class SpanSet:
    """A benchmark set with spans.

    Attributes
    ----------
    name
        Name of its folder.
    labels
        Names of the labels. Length: k.
    recommended
        The labeling functions that published figures use.
    train, valid, test
        Its splits; None where a set lacks one. Gold of train is hidden.
    path
        Where it was read from.
    content
        Hash of its files.
    limit, limit_test
        How many train and test texts were drawn; None where all are there.
    notes
        What was left out or drawn, a sentence each.
    """

    name: str
    labels: tuple[str, ...]
    recommended: tuple[str, ...]
    train: SpanSplit | None
    valid: SpanSplit | None
    test: SpanSplit
    path: Path
    content: str
    limit: int | None = None
    notes: tuple[str, ...] = ()
    limit_test: int | None = None

    @property
    def m(self) -> int:
        """Number of labeling functions that published figures use."""
        return len(self.recommended)

    @property
    def k(self) -> int:
        """Number of labels."""
        return len(self.labels)

    @property
    def fitted_on(self) -> SpanSplit:
        """The split on whose votes label models are fitted: train, or test where a set has no train split."""
        return self.test if self.train is None else self.train

    @property
    def coverage(self) -> float:
        """Share of the texts with at least one vote, of the split on which label models are fitted, 0 to 1."""
        votes = self.fitted_on.votes.only(self.recommended)
        rows = np.unique(np.concatenate([np.empty(0, np.int64), *(lf.row for lf in votes.spans)]))
        return len(rows) / max(votes.n_rows, 1)

    def limited(self, limit: int | None, limit_test: int | None = None) -> SpanSet:
        """Return the set with at most ``limit`` train and ``limit_test`` test texts, and a note that says so."""
        limited = self
        rows = None if self.train is None else limited_rows(len(self.train), limit)
        if self.train is not None and rows is not None:
            note = f"{limit:,} of {len(self.train):,} train texts, drawn with seed {LIMIT_SEED}"
            limited = replace(limited, train=self.train.take(rows), limit=limit, notes=(*limited.notes, note))
        rows = limited_rows(len(self.test), limit_test)
        if rows is not None:
            note = f"{limit_test:,} of {len(self.test):,} test texts, drawn with seed {LIMIT_SEED}"
            limited = replace(limited, test=self.test.take(rows), limit_test=limit_test, notes=(*limited.notes, note))
        return limited


_FILES = ("meta.json", "train.json", "valid.json", "test.json")


def is_span_set(path: str | Path) -> bool:
    """Whether a folder holds a set in WRENCH's format for sequences."""
    path = Path(path)
    return (path / "meta.json").is_file() and not (path / "label.json").exists()


def span_set_files(path: Path) -> list[Path]:
    """Return the files that a set may be read from."""
    return [path / name for name in _FILES]


def span_train_gold(bench_set: SpanSet) -> Spans:
    """Read the gold spans of the train texts, for ceilings only.

    Raises
    ------
    CorpusError
        There is no train split, or it is damaged.
    """
    if bench_set.train is None:
        raise CorpusError(f"{bench_set.path} has no train split, so there is no gold to train on")
    meta_names = _meta(bench_set.path)[1]
    gold = _split(bench_set.path / "train.json", bench_set.labels, meta_names, hide=False).gold
    assert gold is not None
    rows = limited_rows(gold.n_rows, bench_set.limit)
    return gold if rows is None else _of_rows(gold, rows)


def _of_rows(spans: Spans, rows: Numbers) -> Spans:
    """Return the spans of some rows, in ascending order, numbered from 0."""
    chosen = np.isin(spans.row, rows)
    part = spans.take(chosen)
    return Spans(np.searchsorted(rows, part.row), part.begin, part.end, part.label, len(rows))


def read_span_set(folder: str | Path) -> SpanSet:
    """Read a set in WRENCH's format for sequences.

    The folder holds ``meta.json`` (``entity_types``, ``lf``, ``lf_rec``) and ``train.json``, ``valid.json`` and ``test.json``,
    of which only the last must be there. Each maps an id to ``label``, one BIO tag a word; ``weak_labels``, for each word the
    tags of all labeling functions, by name or by number (0 is O, then B- and I- of each type); and ``data`` with the words,
    a list called ``text`` or ``tokens``.

    Raises
    ------
    CorpusError
        A file is missing or has another form; names the file and the example.
    """
    folder = Path(folder)
    labels, names, recommended = _meta(folder)
    splits = {
        name: _split(folder / f"{name}.json", labels, names, hide=name == "train")
        for name in ("train", "valid", "test")
        if name == "test" or (folder / f"{name}.json").exists()
    }
    # A file without examples stands for a split that a set lacks.
    train, valid = (
        split if (split := splits.get(name)) is not None and len(split) else None for name in ("train", "valid")
    )
    test = splits["test"]
    files = [path for path in span_set_files(folder) if path.exists()]
    content = "-".join(hash_path(path)[:16] for path in files)
    notes = () if train is not None else ("no train split, so label models are fitted on the votes of test",)
    name = folder.resolve().name
    return SpanSet(name, labels, recommended, train, valid, test, folder, content, notes=notes)


def _meta(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return labels, all labeling functions and those that published figures use."""
    path = folder / "meta.json"
    meta = _json(path)
    try:
        labels, names = tuple(meta["entity_types"]), tuple(meta["lf"])
        recommended = tuple(meta.get("lf_rec") or names)
    except (KeyError, TypeError):
        raise CorpusError(f"{path} must be an object with the keys 'entity_types' and 'lf'") from None
    if unknown := [name for name in recommended if name not in names]:
        raise CorpusError(f"{path}: 'lf_rec' has '{unknown[0]}', which is not in 'lf'")
    return labels, names, recommended


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}; a set with spans needs this file") from None
    except ValueError as error:
        raise CorpusError(f"{path} is not valid JSON: {error}") from None


def _split(path: Path, labels: Sequence[str], lf_names: Sequence[str], hide: bool) -> SpanSplit:
    tree, numbers = _json(path), {name: number for number, name in enumerate(tag_names(labels))}
    words: list[list[str]] = []
    gold: list[int] = []
    votes: list[list[Any]] = []
    for name, example in tree.items():
        try:
            tokens = _words_of(example["data"])
            tags, of_words = example["label"], example["weak_labels"]
            if len(tags) != len(tokens) or len(of_words) != len(tokens):
                raise CorpusError(
                    f"{path}, example '{name}': {len(tokens)} words, {len(tags)} gold tags and votes on {len(of_words)} "
                    "words; there must be as many of each"
                )
            gold += [] if hide else [numbers[tag] for tag in tags]
            votes += of_words
        except (KeyError, TypeError) as error:
            raise CorpusError(f"{path}, example '{name}': {error} is missing or unknown") from None
        words.append(tokens)
    offsets = np.cumsum([0, *map(len, words)])
    L = _tags(votes, len(lf_names), numbers, path)
    spans = [spans_of_tags(column, offsets) for column in L.T]
    texts, places = tuple(" ".join(tokens) for tokens in words), _places(words, offsets)
    return SpanSplit(
        texts,
        places,
        SpanVotes.of(spans, offsets, lf_names, labels, words=places, texts=texts),
        None if hide else spans_of_tags(gold, offsets),
    )


def _words_of(data: Any) -> list[str]:
    """Return the words of an example: WRENCH's own files have them as ``text``."""
    words = data["tokens"] if "tokens" in data else data["text"]
    if not isinstance(words, list):
        raise TypeError("a list of words")
    return [str(word) for word in words]


def _tags(votes: list[list[Any]], m: int, numbers: dict[str, int], path: Path) -> Numbers:
    try:
        rows = [[numbers[vote] if isinstance(vote, str) else vote for vote in row] for row in votes]
        tags = np.array(rows, dtype=np.int64).reshape(len(votes), m)
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path}: votes must be tags of {m} labeling functions for each word: {error}") from None
    if len(tags) and (tags.min() < 0 or tags.max() >= len(numbers)):
        raise CorpusError(f"{path}: a vote is {tags.min() if tags.min() < 0 else tags.max()}, not one of the tags")
    return tags


def _places(words: list[list[str]], offsets: Numbers) -> Units:
    lengths = np.array([len(word) for row in words for word in row], dtype=np.int64)
    ends = np.cumsum(lengths + 1) - 1
    row = np.repeat(np.arange(len(words)), np.diff(offsets))
    before = np.concatenate([[0], np.cumsum(lengths + 1)])[offsets[:-1]]
    ends = ends - before[row]
    return Units(offsets, ends - lengths, ends)
