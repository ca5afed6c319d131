"""Reading benchmark sets in WRENCH's format, which BoxWRENCH and DataSculpt use, too.

The format is ``{train,valid,test}.json`` and ``label.json``. Each split maps an id to ``{"label", "weak_labels": [one vote
per labeling function, -1 = abstain], "data": {"text", ..}}``. Source: Zhang et al., WRENCH: A Comprehensive Benchmark for
Weak Supervision. NeurIPS Datasets and Benchmarks 2021. A row that breaks the format is left out, and said to be.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from weaklabel.bench.split import Split, hidden, texts_or_none
from weaklabel.corpus.entities import MOST_WORDS, mark_entities
from weaklabel.errors import CorpusError, VoteError
from weaklabel.labels import ABSTAIN, Labels, as_votes, check_label_names
from weaklabel.support.encodings import NotUtf8, utf8

Voter: TypeAlias = Callable[[Any], list[int]]
"""Votes of all labeling functions on a row's data."""


def read_wrench_labels(folder: Path) -> tuple[str, ...]:
    """Return the class names that ``label.json`` gives to 0, 1, ..."""
    path = folder / "label.json"
    names = read_json(path)
    if not isinstance(names, dict) or sorted(names) != sorted(map(str, range(len(names)))):
        raise CorpusError(f'{path}: must map "0", "1", ... to class names, as in {{"0": "ham", "1": "spam"}}')
    return check_label_names([names[str(number)] for number in range(len(names))], str(path))


def read_wrench_split(path: Path, labels: Sequence[str], gold: bool, vote: Voter | None = None) -> Split:
    """Read one split; without ``gold`` its labels are not looked at.

    ``vote`` gives the votes of a row from its data, in place of those in the file. A row with wrong votes, label or text is
    left out; `Split.refused` says which, and why.

    Raises
    ------
    CorpusError, VoteError
        The file is missing or no such JSON, or no row of it can be read; says why the first cannot.
    """
    rows = _rows(path)
    if vote is not None:
        rows = {key: row | {"weak_labels": vote(row.get("data"))} for key, row in rows.items()}
    width = _width(rows)
    votes, texts, kept, refused = [], [], [], list[str]()
    for key, row in rows.items():
        try:
            read = _read_row(key, row, width, len(labels))
            if gold:
                _check_gold(key, row, len(labels))
        except (VoteError, CorpusError) as error:
            refused.append(str(error))
            if len(refused) == len(rows):
                raise type(error)(f"{path}: no row can be read; the first: {refused[0]}") from None
            continue
        votes.append(read[0])
        texts.append(read[1])
        kept.append(row)
    L = as_votes(np.array(votes, dtype=np.int16, order="F").reshape(len(votes), width), len(labels))
    return Split(L, _gold(kept) if gold else hidden(len(kept)), texts_or_none(texts), tuple(refused))


def read_wrench_train_gold(path: Path, labels: Sequence[str]) -> Labels:
    """Return the gold of the rows that `read_wrench_split` reads without it. Shape: [n].

    Raises
    ------
    CorpusError, VoteError
        As there; or the label of a row is not one of the classes.
    """
    rows = _rows(path)
    width, kept = _width(rows), []
    for key, row in rows.items():
        with suppress(VoteError, CorpusError):
            _read_row(key, row, width, len(labels))
            kept.append((key, row))
    for key, row in kept:
        try:
            _check_gold(key, row, len(labels))
        except VoteError as error:
            raise VoteError(f"{path}: {error}") from None
    return _gold([row for _, row in kept])


def _rows(path: Path) -> dict[str, Any]:
    rows = read_json(path)
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise CorpusError(f"{path}: must map each id to a row {{label, weak_labels, data}}, as WRENCH's files do")
    return rows


def _width(rows: Mapping[str, Any]) -> int:
    """Return how many votes most rows have."""
    widths = Counter(len(row["weak_labels"]) for row in rows.values() if isinstance(row.get("weak_labels"), list))
    return widths.most_common(1)[0][0] if widths else 0


def _read_row(key: str, row: Mapping[str, Any], width: int, k: int) -> tuple[list[int], str]:
    """Return the votes and the text of a row."""
    where, given = f"row '{key}'", row.get("weak_labels")
    if not isinstance(given, list):
        raise VoteError(f"{where}: weak_labels must be a list of votes, -1 for an abstain")
    if len(given) != width:
        raise VoteError(f"{where} has {len(given)} votes, most rows have {width}")
    # Checked in C: a Python loop over millions of votes would take longer than everything else.
    if given and (set(map(type, given)) != {int} or min(given) < ABSTAIN or max(given) >= k):
        wrong = next(vote for vote in given if type(vote) is not int or not ABSTAIN <= vote < k)
        raise VoteError(f"{where} has the vote {wrong!r}, which is not an integer from -1 to {k - 1}")
    return given, _text(row.get("data"), where)


def _check_gold(key: str, row: Mapping[str, Any], k: int) -> None:
    label = row.get("label")
    if label is not None and (type(label) is not int or not ABSTAIN <= label < k):
        raise VoteError(f"row '{key}' has the label {label!r}, outside -1..{k - 1}, the classes of label.json")


def _gold(rows: Sequence[Mapping[str, Any]]) -> Labels:
    given = (row.get("label") for row in rows)
    return np.array([ABSTAIN if label is None else label for label in given], dtype=np.int64)


def _text(data: Any, where: str) -> str:
    """Return the text of a row; of a relation `MOST_WORDS` around its two entities, which are marked."""
    text = data.get("text", "") if isinstance(data, dict) else None
    if not isinstance(text, str):
        raise CorpusError(f'{where}: data must be an object with a text, as in {{"text": "..."}}')
    if "span1" not in data:
        return text
    try:
        return mark_entities(text, data["span1"], data["span2"], words=MOST_WORDS)
    except (KeyError, TypeError):
        raise CorpusError(f"{where}: span1 and span2 must each be [begin, end], characters of the text") from None
    except CorpusError as error:
        raise CorpusError(f"{where}: {error}") from None


def read_json(path: Path) -> Any:
    """Read a JSON file; a damaged one, a name twice in an object and half a character are a `CorpusError`."""
    try:
        text = utf8(path.read_bytes(), str(path))
        value = json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, path))
    except NotUtf8 as error:
        raise CorpusError(str(error)) from None
    except json.JSONDecodeError as error:
        raise CorpusError(f"{path}, line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from None
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from None
    if isinstance(value, dict) and r"\ud" in text.lower():
        _check_characters(value, path)
    return value


def _check_characters(entries: Mapping[str, Any], path: Path) -> None:
    """Refuse half of a surrogate pair: JSON can spell it, but no file that is written of it can hold it."""
    for key, entry in entries.items():
        try:
            json.dumps([key, entry], ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise CorpusError(
                f"{path}: {key!r} has half of a surrogate pair, which is not a character; correct it"
            ) from None


def _unique(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    """Return an object from its pairs; JSON readers would silently keep the last of two members with the same name."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise CorpusError(f"{path}: {twice!r} occurs twice in one object; keep one")
    return members
