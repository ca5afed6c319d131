"""The identity of a job, to compare two runs, and the folder that keeps what an unfinished job has done."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self
from uuid import uuid4

from weaklabel import __version__
from weaklabel.corpus import Corpus
from weaklabel.corpus.open import CHUNK, byte_chunks, is_packed
from weaklabel.corpus.parts import PART_CHUNKS, PART_ROWS
from weaklabel.errors import CorpusError
from weaklabel.lf.core import ALL_ROWS
from weaklabel.lf.identity import Identity
from weaklabel.lf.packs import LFCollection
from weaklabel.support.cache import cache_folder
from weaklabel.support.files import atomic_path, is_stream, link_target, lock_file, remove_partial_files, write_json
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.versions import versions

log = logging.getLogger(__name__)

ONCE = "once-"
"""Prefix of the keys of labeling functions without a fingerprint, whose votes are not cached."""

READING = 2
"""Version of reading: to be raised when the same file would be read as other rows or parts than before."""


PACKAGES = ("numpy", "polars", "pyarrow")
"""Other packages that may change the last digit of the output."""

IDENTITY = "job.json"
LOCK = "lock"
TAG = "[0-9a-f]" * 12
OF_ONE_JOB = (
    f"labels-{TAG}*",
    f"out-{TAG}*",
    f"rejects-{TAG}*",
    f"parts-{TAG}*",
    f"survey-{TAG}*",
    f"decision-{TAG}",
    f"summary-{TAG}*",
    f"exact-{TAG}*",
    "unpacked-*",
    "source-*",
)
"""Names of the files and folders that belong to one job alone; votes may be useful to others."""

OURS = (
    IDENTITY,
    "votes-*.npz",
    "voted.json",
    "llm-budget.txt",
    *OF_ONE_JOB,
    "whole*",
    "rejects.jsonl",
    ".*.part",
    LOCK,
)
"""Names of all files and folders that a job may leave in its folder."""


class JobFolder:
    """A folder next to the output, ``OUT.job``, that holds the finished parts of a job; a context manager.

    It is removed once the output is complete, or if no part was finished. If the job ends before that, the folder stays, and
    the same job continues from it. A different job for the same output uses only its votes, which name their corpus and
    labeling functions.

    Parameters
    ----------
    out
        The output; for a stream such as ``-`` the folder is a temporary one.
    identity
        Everything that the output depends on, ready for JSON.
    is_private
        Whether nobody else may read what is in the folder, since it may hold what the output must not.

    Attributes
    ----------
    is_to_stay : bool
        Whether the folder is kept although no error ended the job, which is to go on in another call; False at first.

    Raises
    ------
    CorpusError
        Another process writes this output, or the folder holds other files or cannot be written to.
    """

    def __init__(self, out: str, identity: Mapping[str, Any], is_private: bool = False) -> None:
        self.out = out
        self.is_private = is_private
        self.is_to_stay = False
        self.identity: dict[str, Any] = dict(identity)
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        if is_stream(self.out):
            self.path: Path = Path(tempfile.mkdtemp(prefix="weaklabel-"))
            return self
        # For a link, next to its target: the finished file is moved there, which must be on the same disk.
        self.path = Path(f"{link_target(self.out) if Path(self.out).is_symlink() else self.out}.job")
        try:
            self.path.mkdir(exist_ok=True)
            self._check_ours()
            if self.is_private:
                self.path.chmod(0o700)
            self._take_lock()
            self._compare()
            for name in (self.path.name.removesuffix(".job"), f"{self.path.name.removesuffix('.job')}.rejects.jsonl"):
                remove_partial_files(self.path.parent, name)  # of a call that was killed while it wrote them
        except OSError as error:
            raise CorpusError(f"cannot write {self.path}: {error.strerror or error}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not is_stream(self.out) and self.has_parts():
            log.warning("what is done so far is kept in %s: run the same command again to continue", self.path)
        elif self.is_to_stay and not is_stream(self.out):
            pass
        elif is_stream(self.out):
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self._remove()
        if self._lock is not None:
            self._lock.close()

    @property
    def tag(self) -> str:
        """A hash in the names of all parts of the output: parts of another job are never used for this one."""
        return sha256_of_json(self.identity)[:12]

    def _remove(self) -> None:
        """Remove what a job leaves, and the folder if nothing else is in it."""
        for pattern in OURS:
            for path in self.path.glob(pattern):
                _remove_path(path)
        with suppress(OSError):
            self.path.rmdir()

    def has_parts(self) -> bool:
        """Return whether anything was finished that a later run can use."""
        return any(self.path.glob("*-*.*")) or any(self.path.glob("source-*/*"))

    def _check_ours(self) -> None:
        # It is removed at the end, so it must hold nothing but a job.
        names = {path.name for path in self.path.iterdir()}
        if names and not names & {IDENTITY, LOCK}:
            raise CorpusError(
                f"{self.path}, the working folder for {self.out}, holds other files ({min(names)} ...): move them away"
            )

    def _take_lock(self) -> None:
        self._lock = (self.path / LOCK).open("w")
        if not lock_file(self._lock.fileno(), wait=False):
            self._lock.close()
            raise self._in_use()
        here = self.path / LOCK
        if not here.exists() or os.fstat(self._lock.fileno()).st_ino != here.stat().st_ino:
            raise self._in_use()  # the other process has just ended, and removed the folder

    def _in_use(self) -> CorpusError:
        return CorpusError(f"another process is writing {self.out}: wait for it, or write to another file")

    def _compare(self) -> None:
        path = self.path / IDENTITY
        before = _read(path)
        if before == json.loads(json.dumps(self.identity)):
            return
        if before is not None:
            log.warning("%s", _difference(before, self.identity, self.out))
        for pattern in OF_ONE_JOB:
            for stale in self.path.glob(pattern):
                _remove_path(stale)
        write_json(path, self.identity)


def _remove_path(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def _difference(before: Mapping[str, Any], now: Mapping[str, Any], out: str) -> str:
    changed = [name for name in now if before.get(name) != now[name]]
    return f"an unfinished run for {out} differed in {', '.join(changed) or 'its form'}: its output is not used"


def sync_folder(path: Path) -> None:
    """Make sure that the names in a folder are written to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def corpus_identity(corpus: Corpus) -> str:
    """Return a digest of the input's content and of how it is read."""
    how = {
        "reading": [READING, PART_ROWS, PART_CHUNKS, CHUNK],
        "content": corpus.sha256(),
        "format": corpus.format,
        "dialect": repr(corpus.dialect),
        "encoding": [repr(corpus.source.encoding), (corpus.arguments or {}).get("encoding")],
        "columns": {name: str(kind) for name, kind in corpus.schema.items()},
        "text": corpus.text,
        "hide": corpus.hide,
        "limit": corpus.limit,
    }
    return sha256_of_json(how)


def cached_votes(corpus_id: str) -> Path | None:
    """Return the folder in which votes on a corpus stay for later runs; None if there is no cache."""
    root = cache_folder()
    return root / "votes" / corpus_id[:32] if root else None


def lf_keys(identity: Identity, lfs: LFCollection) -> tuple[str, ...]:
    """Return the key of each labeling function: its fingerprint, or a unique key if it has none.

    Those that are asked about some rows have others than those that are asked about all, and than one another: their
    votes are not the same, although they may differ in nothing else.
    """
    # The number of classes too: a vote beyond it is invalid.
    keys = [f"{key}-{len(lfs.labels)}" if key else f"{ONCE}{uuid4().hex}" for key in identity.keys.values()]
    earlier: Counter[str] = Counter()
    for place, lf in enumerate(lfs.lfs):
        if lf.where != ALL_ROWS:
            keys[place] += f"-{lf.where}"
            earlier[keys[place]] += 1
            if earlier[keys[place]] > 1:
                keys[place] += f"-{earlier[keys[place]]}"
    return tuple(keys)


def unpacked(corpus: Corpus, folder: Path) -> dict[str, Any]:
    """Return how other processes read a corpus; a compressed one is unpacked into a folder, since they begin in its middle.

    Raises
    ------
    CorpusError
        It is a data frame.
    """
    arguments = corpus.arguments
    if arguments is None:
        raise CorpusError("a data frame cannot be shared by the workers of a cluster: write it as Parquet")
    path = Path(arguments["source"])
    if path.is_dir() or arguments["format"] == "parquet" or not is_packed(path):
        return arguments
    plain = folder.absolute() / f"unpacked-{sha256_of_json({'stamp': corpus.stamp})[:12]}"
    if not plain.exists():
        with atomic_path(plain) as part:
            part.touch(mode=0o600)
            with part.open("wb") as handle:
                for piece in byte_chunks(path, str(path)):
                    handle.write(piece)
            part.chmod(path.stat().st_mode & 0o666)  # who may not read the one may not read the other
    return arguments | {"source": str(plain)}


def output_identity(corpus: str, out: str, **settings: Any) -> dict[str, Any]:
    """Return what an output depends on: the packages that write it, the corpus, and all settings."""
    return {"weaklabel": __version__, "packages": versions(PACKAGES), "corpus": corpus, "out": out, **settings}
