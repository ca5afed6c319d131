"""Benchmark sets in WRENCH's format: ``{train,valid,test}.json`` and ``label.json``.

Each split maps an id to ``{"label", "weak_labels": [one vote a labeling function, -1 = abstain], "data": {"text", ..}}``.
Source: Zhang et al., WRENCH: A Comprehensive Benchmark for Weak Supervision. NeurIPS Datasets and Benchmarks 2021.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.bench.split import Split, hidden, texts_or_none
from weaklabel.corpus.entities import MOST_WORDS, mark_entities
from weaklabel.errors import CorpusError, VoteError
from weaklabel.labels import ABSTAIN, Labels, VoteArray, as_votes, check_label_names
from weaklabel.support.encodings import NotUtf8, utf8


def read_wrench_labels(folder: Path) -> tuple[str, ...]:
    """Return the class names that ``label.json`` gives to 0, 1, ..."""
    path = folder / "label.json"
    names = _read_json(path)
    if not isinstance(names, dict) or sorted(names) != sorted(map(str, range(len(names)))):
        raise CorpusError(f'{path}: must map "0", "1", ... to class names, as in {{"0": "ham", "1": "spam"}}')
    return check_label_names([names[str(number)] for number in range(len(names))], str(path))


def read_wrench_split(path: Path, labels: Sequence[str], gold: bool) -> Split:
    """Read one split; without ``gold`` its labels are not looked at.

    Raises
    ------
    CorpusError, VoteError
        The file is missing, no such JSON, or a row lacks something; says the row's id.
    """
    rows = _read_json(path)
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise CorpusError(f"{path}: must map each id to a row {{label, weak_labels, data}}, as WRENCH's files do")
    Y = _gold(rows, len(labels), path) if gold else hidden(len(rows))
    return Split(_votes(rows, len(labels), path), Y, _texts(rows, path))


def _votes(rows: Mapping[str, Any], k: int, path: Path) -> VoteArray:
    votes, wide = [], None
    for key, row in rows.items():
        given = row.get("weak_labels")
        if not isinstance(given, list):
            raise VoteError(f"{path}: row '{key}': weak_labels must be a list of votes, -1 for an abstain")
        wide = len(given) if wide is None else wide
        if len(given) != wide:
            raise VoteError(f"{path}: row '{key}' has {len(given)} votes, the rows before it {wide}")
        # The faults are looked for in C: a loop over millions of votes would take longer than the rest together.
        if given and (set(map(type, given)) != {int} or min(given) < ABSTAIN or max(given) >= k):
            wrong = next(vote for vote in given if type(vote) is not int or not ABSTAIN <= vote < k)
            raise VoteError(f"{path}: row '{key}' has the vote {wrong!r}, which is no whole number from -1 to {k - 1}")
        votes.append(given)
    return as_votes(np.array(votes, dtype=np.int16, order="F").reshape(len(votes), wide or 0), k)


def _gold(rows: Mapping[str, Any], k: int, path: Path) -> Labels:
    found = np.empty(len(rows), dtype=np.int64)
    for number, (key, row) in enumerate(rows.items()):
        label = row.get("label")
        if label is not None and (type(label) is not int or not ABSTAIN <= label < k):
            raise VoteError(
                f"{path}: row '{key}' has the label {label!r}, outside -1..{k - 1}, the classes of label.json"
            )
        found[number] = ABSTAIN if label is None else label
    return found


def _texts(rows: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    return texts_or_none([_text(row.get("data"), f"{path}: row '{key}'") for key, row in rows.items()])


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


def _read_json(path: Path) -> Any:
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
            raise CorpusError(f"{path}: {key!r} has half of a surrogate pair, which is no character; mend it") from None


def _unique(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    """Make an object of its pairs; of a name given twice JSON readers keep the last one only, without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise CorpusError(f"{path}: {twice!r} is there twice in one object; keep one")
    return found
