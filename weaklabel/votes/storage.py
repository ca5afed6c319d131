"""Votes in a file: an uncompressed .npz archive of L and a JSON header, without pickle; L is mapped into memory."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import VoteArray, vote_dtype
from weaklabel.support.files import atomic_path
from weaklabel.support.mapped import columns_file, copy_bytes, map_array, read_npy_header, release, write_npy_header
from weaklabel.votes.matrix import Problems, Votes

FORMAT = "weaklabel votes 3"

_HEADER, _L, _OFFSETS = "header.npy", "L.npy", "offsets.npy"

_LOCAL_HEADER = 30
"""Bytes before the name of a member of a ZIP archive."""


def save_votes(path: str | os.PathLike[str], votes: Votes) -> None:
    """Write votes to an ``.npz`` file, atomically.

    Raises
    ------
    WeakLabelError
        The file cannot be written.
    """
    with atomic_path(path) as part:
        columns = (np.ascontiguousarray(column).data for column in (votes.L.T if votes.n else ()))
        _write(part, votes.L.dtype, votes.L.shape, columns, _header(votes.lf_names, votes.labels, votes.problems))
        if votes.offsets is not None:
            with ZipFile(part, "a", ZIP_STORED) as archive, archive.open(ZipInfo(_OFFSETS), "w") as member:
                np.save(member, votes.offsets, allow_pickle=False)


def write_votes(
    path: Path,
    blocks: Iterable[VoteArray],
    n: int,
    lf_names: Sequence[str],
    labels: Sequence[str],
    problems: Mapping[str, Problems],
) -> None:
    """Write votes as `save_votes` does, from consecutive blocks of rows, one of which is in memory at a time.

    Parameters
    ----------
    blocks
        Together ``n`` rows. Shape: [rows, m].
    lf_names, labels, problems
        As in `Votes`.
    """
    dtype, shape = vote_dtype(len(labels)), (n, len(lf_names))
    with (
        atomic_path(path) as part,
        columns_file(Path(f"{part}.columns"), dtype, shape, blocks) as columns,
        columns.open("rb") as handle,
    ):
        _write(part, dtype, shape, handle, _header(lf_names, labels, problems))


def load_votes(path: str | os.PathLike[str]) -> Votes:
    """Read what `save_votes` wrote. L stays in the file until it is used, and cannot be written to.

    Raises
    ------
    VoteError
        The file is missing, damaged, or no file of votes.
    """
    try:
        with ZipFile(path) as archive:
            header = json.loads(np.load(io.BytesIO(archive.read(_HEADER)), allow_pickle=False).tobytes())
            if header["format"] != FORMAT:
                raise VoteError(f"{path} has the format {header['format']!r}, not {FORMAT!r}")
            L = _mapped(Path(path), archive, archive.getinfo(_L))
            offsets = None
            if _OFFSETS in archive.namelist():
                offsets = np.load(io.BytesIO(archive.read(_OFFSETS)), allow_pickle=False)
        problems = {name: Problems.from_dict(each) for name, each in header["problems"].items()}
        votes = Votes(L, header["lf_names"], header["labels"], problems, offsets=offsets)
    except VoteError:
        raise
    except OSError as error:
        raise VoteError(f"cannot read votes from {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, BadZipFile, zlib.error) as error:
        raise VoteError(f"{path} is damaged, or was not written by save_votes: {error}") from error
    release(L)
    return votes


def _header(lf_names: Sequence[str], labels: Sequence[str] | None, problems: Mapping[str, Problems]) -> NDArray[Any]:
    header = {
        "format": FORMAT,
        "lf_names": lf_names,
        "labels": labels,
        "problems": {name: each.to_dict() for name, each in problems.items()},
    }
    return np.frombuffer(json.dumps(header).encode("utf-8"), dtype=np.uint8)


def _write(path: Path, dtype: Any, shape: tuple[int, ...], columns: Any, header: NDArray[Any]) -> None:
    """Write the archive; ``columns`` are bytes of L by column, in pieces, or a file of them."""
    with ZipFile(path, "w", ZIP_STORED) as archive:
        with archive.open(ZipInfo(_HEADER), "w") as member:
            np.save(member, header, allow_pickle=False)
        with archive.open(ZipInfo(_L), "w", force_zip64=True) as member:
            write_npy_header(member, dtype, shape, "F")
            if hasattr(columns, "read"):
                copy_bytes(columns, member)
            else:
                for piece in columns:
                    member.write(piece)


def _mapped(path: Path, archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    """Return the array of a member, once its checksum was compared."""
    if member.compress_type != ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    with archive.open(member) as stream:
        shape, is_by_column, dtype = read_npy_header(stream)
        before = stream.tell()
        while stream.read(1 << 20):  # at the end it is compared with the checksum
            pass
    with path.open("rb") as handle:
        offset = _begin(handle, member) + before
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if before + size != member.file_size:
        raise ValueError(f"{member.filename} has {member.file_size - before} bytes of values, not {size}")
    return map_array(path, dtype, shape, offset, "F" if is_by_column else "C")


def _begin(handle: BinaryIO, member: ZipInfo) -> int:
    """Return where the bytes of a member begin in the archive."""
    handle.seek(member.header_offset)
    local = handle.read(_LOCAL_HEADER)
    name, extra = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:30], "little")
    return member.header_offset + _LOCAL_HEADER + name + extra
