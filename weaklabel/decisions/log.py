"""What reviewers decided, in an append-only file: one JSON line a decision, on the disk before it is acknowledged."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weaklabel.errors import WeakLabelError
from weaklabel.support.encodings import wrong_bytes
from weaklabel.support.files import lock_file
from weaklabel.support.hashing import sha256_of_text
from weaklabel.support.warn import warn

FILE_NAME = "decisions.jsonl"


@dataclass(frozen=True)
class Decision:
    """The decision of one reviewer on one text.

    Attributes
    ----------
    row
        Row of the corpus in which the reviewer saw the text, from 0.
    text_sha256
        `text_hash` of the text, by which decisions are joined to a corpus: rows may have moved since.
    label
        Class name; None withdraws what the reviewer decided before, unless ``spans`` are given.
    reviewer
        Who decided.
    time
        When, in UTC, as ISO 8601.
    sample
        Spot check that the row was drawn for, or None.
    note
        Whatever the reviewer wants to say.
    spans
        Of a text whose spans are decided, all of them: begin and end in code points, and label; () for none. None where a
        label is decided.
    adjudicates
        Whether the decision settles the text, whatever others decided: see `standing_of`.
    """

    row: int
    text_sha256: str
    label: str | None
    reviewer: str
    time: str
    sample: str | None = None
    note: str = ""
    spans: tuple[tuple[int, int, str], ...] | None = None
    adjudicates: bool = False

    @property
    def is_withdrawn(self) -> bool:
        """Whether it takes back what the reviewer decided before."""
        return self.label is None and self.spans is None


class DecisionLog:
    """Decisions in a file; several threads and processes may append to it at once.

    A decision is on the disk when `append` returns, so that whatever was acknowledged survives a kill. A line that a
    crash left unfinished is skipped with a `WeakLabelWarning`; nothing before it is lost, and later decisions are on
    lines of their own.

    Parameters
    ----------
    path
        The file; made, with its folder, when the first decision comes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = DecisionLog(Path(folder) / "decisions.jsonl")
    ...     log.append(Decision(0, text_hash("see you"), "ham", "me", now()))
    ...     [decision.label for decision in log.decisions()]
    ['ham']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self._lock = threading.Lock()
        self._found: list[Decision] = []
        self._offset = 0
        self._lines = 0
        self._warned_line = 0

    def append(self, decision: Decision) -> None:
        """Write a decision to the end of the file, and wait until it is on the disk.

        Raises
        ------
        WeakLabelError
            The file cannot be written; nothing of the decision is left in it.
        """
        members = asdict(decision)
        if decision.spans is None:
            del members["spans"]
        if not decision.adjudicates:
            del members["adjudicates"]
        line = json.dumps(members, ensure_ascii=False, allow_nan=False) + "\n"
        data = line.encode("utf-8", "backslashreplace")  # which JSON reads as the lone surrogate that it was
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            with self._lock, _opened(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
                _write_whole(file, data)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise WeakLabelError(f"cannot write the decision to {self.path}: {error.strerror or error}") from error

    def decisions(self) -> list[Decision]:
        """Return all decisions in the order in which they were made, including withdrawn ones; [] if the file does not exist.

        Only what was appended since the last call is read.

        Raises
        ------
        WeakLabelError
            The file cannot be read, or is shorter than it was.
        """
        with self._lock:
            try:
                with _opened(self.path, os.O_RDONLY) as file:
                    self._read_on(file)
            except FileNotFoundError:
                self._found, self._offset, self._lines = [], 0, 0
            except OSError as error:
                raise WeakLabelError(f"cannot read decisions from {self.path}: {error.strerror or error}") from error
            return list(self._found)

    def latest(self) -> dict[tuple[str, str], Decision]:
        """Return each reviewer's last decision on each text: (text_sha256, reviewer) -> decision, withdrawn ones too."""
        return latest_of(self.decisions())

    def _read_on(self, file: int) -> None:
        if os.fstat(file).st_size < self._offset:
            raise WeakLabelError(f"{self.path} became shorter, though decisions are only ever added; open it again")
        data = b""
        os.lseek(file, self._offset, os.SEEK_SET)
        while block := os.read(file, 2**20):
            data += block
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._lines += 1
            self._take(line)
        self._offset += len(data) - len(rest)
        if rest:
            self._tell(self._lines + 1, "it is not finished, as a crash leaves it")

    def _take(self, line: bytes) -> None:
        try:
            self._found.append(_decision(json.loads(line.decode())))
        except UnicodeDecodeError as error:
            self._tell(self._lines, f"it is not UTF-8; {wrong_bytes(error, then='save it as UTF-8')}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._tell(self._lines, f"it holds no decision ({error})")

    def _tell(self, line: int, why: str) -> None:
        if line > self._warned_line:
            self._warned_line = line
            message = f"{self.path}, line {line} is skipped: {why}; check it in an editor"
            warn(message, stacklevel=5)


def latest_of(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """Return each reviewer's last decision on each text: (text_sha256, reviewer) -> decision, withdrawn ones too."""
    return {(decision.text_sha256, decision.reviewer): decision for decision in decisions}


def standing_of(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """Return the decisions that count for gold: (text_sha256, reviewer) -> decision.

    They are each reviewer's last decision on each text, without withdrawn ones. If one of these adjudicates, it stands alone
    for its text; if several do, the one that was made last. No decision leaves the log, and a withdrawn adjudication gives way
    to what the others decided.

    Parameters
    ----------
    decisions
        In the order in which they were made.

    Examples
    --------
    >>> made = [Decision(0, "1f", label, who, "", adjudicates=who == "cem") for who, label in [("ann", "ham"), ("cem", "spam")]]
    >>> [decision.reviewer for decision in standing_of(made).values()]
    ['cem']
    """
    made = list(decisions)
    latest = {pair: decision for pair, decision in latest_of(made).items() if not decision.is_withdrawn}
    settling = {
        decision.text_sha256: decision
        for decision in made
        if decision.adjudicates and latest.get((decision.text_sha256, decision.reviewer)) is decision
    }
    return {pair: decision for pair, decision in latest.items() if settling.get(pair[0], decision) is decision}


def independent_of(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """Return each reviewer's last decision on each text that adjudicates nothing: (text_sha256, reviewer) -> decision.

    Who adjudicates has seen what others decided, so agreement counts only these. Withdrawn ones are left out; a withdrawal
    takes back all that a reviewer decided on a text.
    """
    latest = latest_of(decision for decision in decisions if not decision.adjudicates)
    return {pair: decision for pair, decision in latest.items() if not decision.is_withdrawn}


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text, in hex, by which decisions identify it."""
    return sha256_of_text(text)


def text_hashes(texts: Sequence[str]) -> list[str]:
    """Return the `text_hash` of every text. Length: n."""
    return list(map(text_hash, texts))


def now() -> str:
    """Return the time, in UTC, as `Decision.time` has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def is_decision_log(path: Path) -> bool:
    """Say whether a file is what `DecisionLog` writes, by its first line."""
    try:
        with path.open("rb") as handle:
            _decision(json.loads(handle.readline(2**20).decode()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _decision(members: dict[str, Any]) -> Decision:
    """Make a decision of what a line holds, leaving out what a later version may have added."""
    given = {field.name: members[field.name] for field in fields(Decision) if field.name in members}
    if given.get("spans") is not None:
        given["spans"] = tuple((begin, end, label) for begin, end, label in given["spans"])
        if not all(
            type(b) is int and type(e) is int and 0 <= b < e and isinstance(n, str) for b, e, n in given["spans"]
        ):
            raise TypeError("a span is not a begin, an end and a label")
    decision = Decision(**given)
    texts = (
        decision.text_sha256,
        decision.reviewer,
        decision.time,
        decision.note,
        decision.label or "",
        decision.sample or "",
    )
    is_typed = isinstance(decision.row, int) and isinstance(decision.adjudicates, bool)
    if not is_typed or not all(isinstance(text, str) for text in texts):
        raise TypeError("a field has the wrong type")
    return decision


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Open the file while no other process writes to it."""
    file = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        lock_file(file, shared=flags == os.O_RDONLY)
        yield file
    finally:
        os.close(file)


def _write_whole(file: int, data: bytes) -> None:
    """Append all of ``data``, on a line of its own, or nothing."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        data = b"\n" + data
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
