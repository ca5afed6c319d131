"""Benchmark sets with spans, in WRENCH's format for sequences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.errors import CorpusError
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
    """

    name: str
    labels: tuple[str, ...]
    recommended: tuple[str, ...]
    train: SpanSplit | None
    valid: SpanSplit | None
    test: SpanSplit


def read_span_set(folder: str | Path) -> SpanSet:
    """Read a set in WRENCH's format for sequences.

    The folder holds ``meta.json`` (``entity_types``, ``lf``, ``lf_rec``) and ``train.json``, ``valid.json`` and ``test.json``,
    of which only the last must be there. Each maps an id to ``label``, one BIO tag a word; ``weak_labels``, for each word the
    tags of all labeling functions, by name or by number (0 is O, then B- and I- of each type); and ``data`` with ``tokens``.

    Raises
    ------
    CorpusError
        A file is missing or has another form; names the file and the example.
    """
    folder = Path(folder)
    meta = _json(folder / "meta.json")
    try:
        labels, names = tuple(meta["entity_types"]), tuple(meta["lf"])
        recommended = tuple(meta.get("lf_rec") or names)
    except (KeyError, TypeError):
        raise CorpusError(f"{folder / 'meta.json'} must be an object with the keys 'entity_types' and 'lf'") from None
    splits = {
        name: _split(folder / f"{name}.json", labels, names, hide=name == "train")
        for name in ("train", "valid", "test")
        if name == "test" or (folder / f"{name}.json").exists()
    }
    return SpanSet(folder.name, labels, recommended, splits.get("train"), splits.get("valid"), splits["test"])


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
            tokens = [str(token) for token in example["data"]["tokens"]]
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
    return SpanSplit(
        tuple(" ".join(tokens) for tokens in words),
        _places(words, offsets),
        SpanVotes.of(spans, offsets, lf_names, labels),
        None if hide else spans_of_tags(gold, offsets),
    )


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
