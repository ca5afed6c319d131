"""Reading benchmark sets, in WRENCH's format or as tables with votes.

WRENCH's format is ``{train,valid,test}.json`` and ``label.json``. Each split maps an id to ``{"label", "weak_labels": [one
vote per labeling function, -1 = abstain], "data": {"text", ..}}``. Source: Zhang et al., WRENCH: A Comprehensive Benchmark
for Weak Supervision. NeurIPS Datasets and Benchmarks 2021. Tables with votes are what ``weaklabel label --votes`` writes,
with gold next to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.bench.span_data import SpanSet, is_span_set, read_span_set, span_set_files
from weaklabel.bench.split import BenchSet, Split, hidden, limited_rows, texts_or_none
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.entities import MOST_WORDS, mark_entities
from weaklabel.errors import CorpusError, ScoreError, VoteError
from weaklabel.label_names import encode_labels, find_labels, has_label
from weaklabel.labels import ABSTAIN, Labels, VoteArray, as_votes, check_label_names
from weaklabel.support.encodings import NotUtf8, utf8
from weaklabel.support.hashing import hash_path


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
        # Checked in C: a Python loop over millions of votes would take longer than everything else.
        if given and (set(map(type, given)) != {int} or min(given) < ABSTAIN or max(given) >= k):
            wrong = next(vote for vote in given if type(vote) is not int or not ABSTAIN <= vote < k)
            raise VoteError(f"{path}: row '{key}' has the vote {wrong!r}, which is not an integer from -1 to {k - 1}")
        votes.append(given)
    return as_votes(np.array(votes, dtype=np.int16, order="F").reshape(len(votes), wide or 0), k)


def _gold(rows: Mapping[str, Any], k: int, path: Path) -> Labels:
    gold = np.empty(len(rows), dtype=np.int64)
    for number, (key, row) in enumerate(rows.items()):
        label = row.get("label")
        if label is not None and (type(label) is not int or not ABSTAIN <= label < k):
            raise VoteError(
                f"{path}: row '{key}' has the label {label!r}, outside -1..{k - 1}, the classes of label.json"
            )
        gold[number] = ABSTAIN if label is None else label
    return gold


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


GOLD, TEXT, SPLIT = "label", "text", "split"
_VOTE = re.compile(r"(weak\d*_)?vote_.")


@dataclass(frozen=True)
class SplitTable:
    """Rows of one split as in a file.

    Attributes
    ----------
    where
        The file and the split, for messages.
    votes
        Cells by column, in the file's order.
    gold, texts
        Cells; None if there is no such column, or gold is hidden.
    """

    where: str
    votes: dict[str, list[Any]]
    gold: list[Any] | None
    texts: list[Any] | None

    def with_votes(self, names: Sequence[str]) -> SplitTable:
        """Return the table with its vote columns in this order."""
        return replace(self, votes={name: self.votes[name] for name in names})


def read_tables(path: Path, train_gold: bool = False) -> dict[str, SplitTable]:
    """Read the splits that a folder with train.csv, test.csv (and valid.csv), or one file with a column split has.

    The train split's gold is read only where ``train_gold`` asks for it.

    Raises
    ------
    CorpusError
        A file cannot be read in full, or lacks a column, or a split.
    """
    if path.is_dir():
        files = {name: path / f"{name}.csv" for name in ("train", "valid", "test")}
        tables = {name: _table(_open(file), name, train_gold) for name, file in files.items() if file.exists()}
    else:
        tables = _divided(_open(path), train_gold)
    for name in ("train", "test"):
        if name not in tables:
            raise CorpusError(f"{path} has no {name} split; it needs train and test, and may have valid")
    return tables


def table_labels(path: Path, tables: dict[str, SplitTable]) -> tuple[str, ...]:
    """Return the classes: whatever is voted, or is gold that is not hidden, sorted; numbers by size."""
    cells = [cell for table in tables.values() for column in table.votes.values() for cell in column]
    cells += [cell for table in tables.values() for cell in table.gold or ()]
    if not any(has_label(cell) for cell in cells):
        raise VoteError(f"{path}: no labeling function votes on any row, so there are no classes")
    return find_labels(cells, where=str(path))


def table_split(table: SplitTable, labels: Sequence[str], gold: bool) -> Split:
    """Turn cells into votes and classes; without ``gold`` the labels are not looked at."""
    columns = [encode_labels(cells, labels, f"{table.where}, column '{name}'") for name, cells in table.votes.items()]
    L = as_votes(np.array(columns, dtype=np.int16), len(labels)).T
    texts = None if table.texts is None else texts_or_none(["" if cell is None else str(cell) for cell in table.texts])
    return Split(L, table_gold(table, labels) if gold else hidden(len(L)), texts)


def table_gold(table: SplitTable, labels: Sequence[str]) -> Labels:
    """Return the gold of a split. Shape: [n]."""
    if table.gold is None:
        raise CorpusError(f"{table.where} has no column '{GOLD}' with gold; add it")
    return encode_labels(table.gold, labels, f"{table.where}, column '{GOLD}'")


def _open(file: Path) -> Corpus:
    rows = read_corpus(file, text=())
    n = len(rows)
    if rows.rejects:
        first = rows.rejects[0]
        raise CorpusError(f"{file}, line {first.line}: {first.reason}; a benchmark needs every row, so correct it")
    if not n:
        raise CorpusError(f"{file} has no rows")
    return rows


def _table(rows: Corpus, split: str, train_gold: bool, chosen: Sequence[int] | None = None) -> SplitTable:
    votes = [name for name in rows.columns if _VOTE.match(name)]
    if not votes:
        raise CorpusError(f"{rows.name} has no votes; write columns vote_<name>, as weaklabel label --votes does")
    with_gold = split != "train" or train_gold
    if with_gold:
        _check_gold(rows)

    def column(name: str) -> list[Any]:
        cells = rows.column(name)
        return cells if chosen is None else [cells[row] for row in chosen]

    gold = column(GOLD) if with_gold and GOLD in rows.columns else None
    texts = column(TEXT) if TEXT in rows.columns else None
    return SplitTable(f"{rows.name}, {split}", {name: column(name) for name in votes}, gold, texts)


def _divided(rows: Corpus, train_gold: bool) -> dict[str, SplitTable]:
    if SPLIT not in rows.columns:
        raise CorpusError(f"{rows.name} has no column '{SPLIT}' that says train, valid or test; add it")
    of: dict[str, list[int]] = {}
    for row, cell in enumerate(rows.column(SPLIT)):
        if cell not in ("train", "valid", "test"):
            raise CorpusError(f"{rows.name}, row {row}: split is {cell!r}, not train, valid or test")
        of.setdefault(cell, []).append(row)
    return {name: _table(rows, name, train_gold, chosen) for name, chosen in of.items()}


def _check_gold(rows: Corpus) -> None:
    """Refuse labels that weaklabel gave for gold: it writes label, confidence, p_..., in this order."""
    if GOLD in rows.columns and rows.columns[rows.columns.index(GOLD) + 1 :][:1] == ("confidence",):
        raise CorpusError(
            f"{rows.name}: column '{GOLD}' holds labels by the label model, not gold; rename it, and put gold into '{GOLD}'"
        )


def read_set(path: str | Path) -> BenchSet | SpanSet:
    """Read a benchmark set of texts or, where its folder has meta.json in WRENCH's format for sequences, of spans."""
    checked = _checked_path(path)
    return read_span_set(checked) if is_span_set(checked) else read_bench_set(checked)


def read_bench_set(path: str | Path) -> BenchSet:
    """Read a benchmark set of texts; train gold stays hidden.

    Parameters
    ----------
    path
        A folder in WRENCH's format (train.json, test.json, label.json, maybe valid.json); a folder with train.csv,
        test.csv and maybe valid.csv; or one table with a column ``split``. Tables have the columns ``text`` (may be
        missing), ``label`` (gold; may be missing in train, and empty) and ``vote_<name>`` for each labeling function,
        empty if it abstains.

    Raises
    ------
    CorpusError, VoteError, ScoreError
        A file is missing or damaged, votes or labels are none, splits do not fit, or test has no gold.
    """
    path = _checked_path(path)
    labels, splits = _wrench(path) if _is_wrench(path) else _voted(path)
    _check(path, splits)
    valid = splits.get("valid", splits["test"].take(np.arange(0)))
    name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
    return BenchSet(name, path, labels, splits["train"], valid, splits["test"], _content(path))


def _checked_path(path: str | Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise CorpusError(
            f"the benchmark set {path} does not exist; give a folder in WRENCH's format, or a table with votes"
        )
    for place in (path.absolute(), path.resolve()):
        if any("\ud800" <= letter <= "\udfff" for letter in str(place)):
            raise CorpusError(f"the path of a benchmark set must be UTF-8, which {str(place)!r} is not; rename it")
    return path


def set_files(path: str | Path) -> list[Path]:
    """Return the files that a benchmark set may be read from: a table, or those in a folder."""
    path = Path(path)
    if is_span_set(path):
        return span_set_files(path)
    names = [f"{split}.{ending}" for split in ("train", "valid", "test", "label") for ending in ("json", "csv")]
    return [path / name for name in names] if path.is_dir() else [path]


def train_gold(bench_set: BenchSet) -> Labels:
    """Read the gold of the train rows, for clean-label curves and ceilings only. Shape: [n].

    Raises
    ------
    CorpusError, VoteError
        There is no benchmark set, or it is damaged.
    """
    if _is_wrench(bench_set.path):
        gold = read_wrench_split(bench_set.path / "train.json", bench_set.labels, gold=True).Y
    else:
        gold = table_gold(read_tables(bench_set.path, train_gold=True)["train"], bench_set.labels)
    rows = limited_rows(len(gold), bench_set.limit)
    return gold if rows is None else gold[rows]


def _is_wrench(path: Path) -> bool:
    if not path.is_dir():
        return False
    if (path / "train.json").exists():
        return True
    if (path / "train.csv").exists():
        return False
    raise CorpusError(f"{path} is not a benchmark set: it has neither train.json (WRENCH's format) nor train.csv")


def _wrench(path: Path) -> tuple[tuple[str, ...], dict[str, Split]]:
    labels = read_wrench_labels(path)
    names = ["train", "test", *(["valid"] if (path / "valid.json").exists() else [])]
    return labels, {name: read_wrench_split(path / f"{name}.json", labels, gold=name != "train") for name in names}


def _voted(path: Path) -> tuple[tuple[str, ...], dict[str, Split]]:
    tables = read_tables(path)
    labels = table_labels(path, tables)
    votes = list(tables["train"].votes)
    for name, table in tables.items():
        if set(table.votes) != set(votes):
            lone = sorted(set(table.votes) ^ set(votes))[0]
            raise CorpusError(
                f"{path}: column '{lone}' is not in both train and {name}; all splits need the same votes"
            )
    ordered = {name: table.with_votes(votes) for name, table in tables.items()}
    return labels, {name: table_split(table, labels, gold=name != "train") for name, table in ordered.items()}


def _check(path: Path, splits: Mapping[str, Split]) -> None:
    m = splits["train"].L.shape[1]
    for name, split in splits.items():
        if not len(split) and name != "valid":
            raise CorpusError(f"{path}: the {name} split has no rows")
        if len(split) and split.L.shape[1] != m:
            raise VoteError(f"{path}: {name} has {split.L.shape[1]} votes a row, train {m}; all splits need the same")
    if not (splits["test"].Y != ABSTAIN).any():
        raise ScoreError(f"{path}: no row of test has a label, so there is nothing to score")


def _content(path: Path) -> str:
    """Return the hash of the files of the set; other files in the folder do not count."""
    files = [path]
    if path.is_dir():
        named = [path / f"{name}.{kind}" for name in ("train", "valid", "test", "label") for kind in ("json", "csv")]
        files = [file for file in named if file.exists()]
    return "-".join(hash_path(file)[:16] for file in files)
