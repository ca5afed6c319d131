"""Arrays that stay on the disk: mapped into memory page by page as they are read, and written piece by piece."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from weaklabel.support.files import atomic_path


def map_array(path: Path, dtype: DTypeLike, shape: tuple[int, ...], offset: int = 0, order: Any = "C") -> NDArray[Any]:
    """Return an array whose values are read from a file when they are used; it cannot be written to.

    Parameters
    ----------
    path
        The file; it must hold the whole array.
    dtype, shape, order
        Of the array; order "F" is by column.
    offset
        Bytes before the array.
    """
    if 0 in shape:  # nothing can be mapped
        return np.empty(shape, dtype, order)
    return np.memmap(path, dtype, "r", offset, shape, order)


def map_npy(path: Path) -> NDArray[Any]:
    """Return the array in an ``.npy`` file, mapped."""
    with path.open("rb") as handle:
        shape, is_by_column, dtype = read_npy_header(handle)
        offset = handle.tell()
    return map_array(path, dtype, shape, offset, "F" if is_by_column else "C")


def read_npy_header(handle: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, whether the array is stored by column, and type, as ``.npy`` files begin.

    Raises
    ------
    ValueError
        It is no ``.npy`` file, or holds Python objects.
    """
    version = np.lib.format.read_magic(handle)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_by_column, dtype = read(handle)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    return shape, is_by_column, dtype


def write_npy_header(handle: Any, dtype: DTypeLike, shape: tuple[int, ...], order: Any = "C") -> None:
    """Write how an ``.npy`` file begins; the values follow."""
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": order == "F", "shape": shape}
    np.lib.format.write_array_header_1_0(handle, described)


def write_npy(path: Path, dtype: DTypeLike, shape: tuple[int, ...], blocks: Iterable[NDArray[Any]]) -> None:
    """Write an ``.npy`` file of consecutive blocks of rows, atomically.

    Parameters
    ----------
    dtype, shape
        Of the whole array.
    blocks
        Together as many rows as ``shape`` says.
    """
    with atomic_path(path) as part, part.open("wb") as handle:
        write_npy_header(handle, dtype, shape)
        for block in blocks:
            handle.write(np.ascontiguousarray(block, dtype).data if block.size else b"")


@contextmanager
def columns_file(
    path: Path, dtype: DTypeLike, shape: tuple[int, int], blocks: Iterable[NDArray[Any]]
) -> Iterator[Path]:
    """Give a temporary file with a matrix by column, bare, that is written from blocks of rows.

    The file is removed at the end of the ``with``. No more than one block is in memory.
    """
    n, m = shape
    size = np.dtype(dtype).itemsize
    try:
        with path.open("wb") as handle:
            begin = 0
            for block in blocks:
                for number in range(m):
                    handle.seek((number * n + begin) * size)
                    handle.write(np.ascontiguousarray(block[:, number], dtype).data if len(block) else b"")
                begin += len(block)
        yield path
    finally:
        path.unlink(missing_ok=True)


def copy_bytes(source: BinaryIO, target: Any, piece: int = 1 << 20) -> None:
    """Copy a file to the end, piece by piece."""
    while data := source.read(piece):
        target.write(data)


def release(*arrays: NDArray[Any]) -> None:
    """Let the system take back the memory of mapped arrays; what is used again is read again from the disk.

    It does nothing to other arrays, and nothing on systems that cannot.
    """
    for array in arrays:
        base: Any = array
        while base is not None and not isinstance(base, mmap.mmap):
            base = getattr(base, "base", None)
        if base is not None and hasattr(base, "madvise"):
            base.madvise(mmap.MADV_DONTNEED)


def save_npy(path: Path, array: NDArray[Any]) -> None:
    """Write an array as ``numpy.save`` does; a full disk is an `OSError` (numpy may leave a short file, and say nothing)."""
    whole = np.asarray(array, order="C")
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, np.lib.format.header_data_from_array_1_0(whole))
        handle.write(whole.reshape(-1).view(np.uint8).data)
