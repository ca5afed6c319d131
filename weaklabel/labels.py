"""Labels and the arrays that carry them: ``ABSTAIN``, class names, and checks of L, Y, probabilities and texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError, WeakLabelError, nearest

ABSTAIN = -1
"""The vote of a labeling function that does not decide, and the label of a row without one."""

NOT_ENTITY = -2
"""In the place of a span's label: a labeling function says that there is no entity. Silence is not that."""

MAX_CARDINALITY = 32_767
"""Classes are numbered 0 to 32,766, so that int16 holds a vote."""

INT8_CLASSES = 127
"""Classes up to which votes are int8, and int16 beyond. Most problems have few, for which half the memory is enough."""

VoteArray: TypeAlias = NDArray[np.int8 | np.int16]
"""Label matrix L, or a column of it; int8 or int16, see `vote_dtype`. Shape: [n, m] or [n]; values -1..k-1."""

Labels: TypeAlias = NDArray[np.int64]
"""Gold or predicted classes. Shape: [n]; values -1..k-1."""

Probs: TypeAlias = NDArray[np.float64]
"""Class probabilities. Shape: [n, k]; a row sums to 1, or is all NaN where it has no label."""


def row_blocks(n: int, at_once: int = 1 << 16) -> Iterator[slice]:
    """Yield the rows of a large array block by block, to bound the memory of what is computed from them.

    Examples
    --------
    >>> list(row_blocks(5, at_once=2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, n, at_once):
        yield slice(start, min(start + at_once, n))


def check_label_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Check class names and return them as a tuple; class ``i`` is ``names[i]``.

    Parameters
    ----------
    names
        At least one, at most 32,767, non-empty and distinct.
    where
        Where they are declared, for the message.

    Raises
    ------
    VoteError
        The names are not such a sequence.
    """
    # A set is refused too: its order, and with it the classes' numbers, change from one process to the next.
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise VoteError(f"{where}: LABELS must be a sequence of non-empty names such as ('ham', 'spam'), not {names!r}")
    if not 1 <= len(names) <= MAX_CARDINALITY:
        raise VoteError(f"{where}: LABELS must have 1 to {MAX_CARDINALITY} names, not {len(names)}")
    if str(ABSTAIN) in names:
        raise VoteError(f"{where}: a class cannot be called '-1', which stands for no label; rename it, to 'minus' say")
    if len(set(names)) < len(names):
        raise VoteError(f"{where}: LABELS names a class twice: {list(names)}")
    return tuple(names)


def label_index(name: str, names: Sequence[str], where: str) -> int:
    """Return the class number of ``name``; an unknown name is a `VoteError` that lists the classes."""
    try:
        return list(names).index(name)
    except ValueError:
        raise VoteError(
            f"{where}: unknown label '{name}'{nearest(name, names)}; labels are {', '.join(names)}"
        ) from None


def label_table(names: Sequence[str]) -> dict[str, int]:
    """Return the class number of every spelling: names, numbers, and empty or -1 for no label.

    Numbers are taken only if no class has a number as its name: "1" would be ambiguous.

    Examples
    --------
    >>> label_table(("ham", "spam"))
    {'0': 0, '1': 1, 'ham': 0, 'spam': 1, '': -1, '-1': -1}
    >>> label_table(("2", "1"))
    {'2': 0, '1': 1, '': -1, '-1': -1}
    """
    named = {name: number for number, name in enumerate(names)}
    numbered = {} if any(name.isdecimal() for name in names) else {str(number): number for number in range(len(names))}
    return numbered | named | {"": ABSTAIN, str(ABSTAIN): ABSTAIN}


def vote_dtype(k: int) -> type[np.int8] | type[np.int16]:
    """Return the type of votes for ``k`` classes.

    Examples
    --------
    >>> vote_dtype(127), vote_dtype(128)
    (<class 'numpy.int8'>, <class 'numpy.int16'>)
    """
    return np.int8 if k <= INT8_CLASSES else np.int16


def as_votes(numbers: NDArray[Any], k: int | None = None) -> VoteArray:
    """Return class numbers as votes, of the type for ``k`` classes; for as many as occur if k is None."""
    if k is None:
        k = int(numbers.max()) + 1 if numbers.size else 0
    return numbers.astype(vote_dtype(k), copy=False)


def check_L(L: ArrayLike, cardinality: int | None = None) -> VoteArray:
    """Check a label matrix and return it as int8, or as int16 where there are more than 127 classes.

    Parameters
    ----------
    L
        Shape: [n, m]; whole numbers -1..k-1. Floats may hold whole numbers; NaN, None and pandas's NA are abstains.
    cardinality
        Number of classes k; None takes as many as occur.

    Raises
    ------
    VoteError
        Not two-dimensional, not whole numbers, or a vote outside the label set; says row, column and value.
    """
    refuse_sparse("L", L)
    array = np.asarray(L)
    if array.ndim != 2:
        raise VoteError(f"L must have two dimensions [rows, labeling functions], not shape {array.shape}")
    if array.dtype.kind in "fO":
        array = _without_missing(array)
    if array.dtype.kind == "f":
        row, column = np.argwhere(~np.isnan(array) & ~(array == np.round(array)) | (np.abs(array) >= 2**53))[0]
        raise VoteError(f"L[{row}, {column}] is {array[row, column]}, which is not a whole number; use -1 for abstain")
    if array.dtype.kind not in "iu":
        raise VoteError(f"L must hold whole numbers, not {array.dtype}; use -1 for abstain")
    top = MAX_CARDINALITY if cardinality is None else cardinality
    if array.size and (int(array.min()) < ABSTAIN or int(array.max()) >= top):
        row, column = np.argwhere((array < ABSTAIN) | (array >= top))[0]
        raise VoteError(
            f"L[{row}, {column}] is {array[row, column]}, outside -1..{top - 1}"
            + ("" if cardinality is None else f" (cardinality={cardinality})")
        )
    return as_votes(array, cardinality)


def check_Y(Y: ArrayLike, n: int | None = None, cardinality: int | None = None) -> Labels:
    """Check gold or predicted classes and return them as int64.

    Parameters
    ----------
    Y
        Shape: [n]; whole numbers -1..k-1, -1 if there is none, as are NaN and None. Floats may hold whole numbers.
    n, cardinality
        The length and the number of classes to check for, if given.

    Raises
    ------
    VoteError
        Wrong shape, kind or value; says the row.
    """
    refuse_sparse("labels", Y)
    array = _without_missing(np.asarray(Y))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        kind = "continuous values" if array.dtype.kind == "f" else array.dtype
        raise VoteError(f"labels must be one whole number a row, not {kind} of shape {array.shape}")
    if n is not None and len(array) != n:
        raise VoteError(f"{len(array)} labels for {n} rows")
    top = np.iinfo(np.int64).max if cardinality is None else cardinality
    if array.size and (array.min() < ABSTAIN or array.max() >= top):
        row = int(np.argmax((array < ABSTAIN) | (array >= top)))
        raise VoteError(f"label {array[row]} in row {row} is outside -1..{top - 1}")
    return array.astype(np.int64, copy=False)


def refuse_sparse(what: str, given: Any) -> None:
    """Refuse a scipy matrix: its absent entries are 0, which is a class, though abstain was most likely meant."""
    if hasattr(given, "tocoo") and not isinstance(given, np.ndarray):
        raise VoteError(
            f"{what} is a sparse matrix, whose absent entries would all be class 0; give an array: {what}.toarray() where "
            f"absent means class 0, or an array of -1 into which the entries are put where it means abstain"
        )


def _without_missing(array: NDArray[Any]) -> NDArray[Any]:
    """Return numbers with -1 for NaN and None, as whole numbers where they all are; True is 1; anything else as it is."""
    if array.dtype.kind == "O":
        # pandas' NA is recognised by the name of its type, without importing pandas.
        absent = np.array([value is None or type(value).__name__ in ("NAType", "NaTType") for value in array.flat])
        if not all(isinstance(value, int | float | np.number) for value in array[~absent.reshape(array.shape)]):
            return array
        array = np.where(absent.reshape(array.shape), np.nan, array).astype(np.float64)
    if array.dtype.kind == "b":
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        filled = np.where(np.isnan(array), ABSTAIN, array)
        if (filled == np.round(filled)).all() and (np.abs(filled) < 2**53).all():
            return filled.astype(np.int64)
    return array


def frame_columns(given: Any) -> list[Any] | None:
    """Return the column names of a data frame of pandas or polars; None for anything else."""
    if not (hasattr(given, "columns") and hasattr(given, "to_numpy")):
        return None
    return list(given.columns)


def class_columns(columns: Sequence[Any]) -> list[str] | None:
    """Return the classes that the columns of a frame of probabilities name; None where they are numbered 0, 1, ...

    Examples
    --------
    >>> class_columns(["p_ham", "p_spam"]), class_columns([0, 1])
    (['ham', 'spam'], None)
    """
    if list(columns) == list(range(len(columns))):
        return None
    names = [str(name) for name in columns]
    return [name.removeprefix("p_") for name in names] if all(name.startswith("p_") for name in names) else names


def in_class_order(probs: Any, names: Sequence[str]) -> Any:
    """Return a data frame of probabilities as an array, its columns in the order of the classes; an array as it is.

    Columns are found by the name of their class, with or without ``p_`` before it; those numbered 0, 1, ... stay.

    Raises
    ------
    VoteError
        The columns are not the classes.

    Examples
    --------
    >>> import polars as pl
    >>> in_class_order(pl.DataFrame({"p_spam": [0.9], "p_ham": [0.1]}), ("ham", "spam"))
    array([[0.1, 0.9]])
    """
    columns = frame_columns(probs)
    if columns is None:
        return probs
    array = probs.to_numpy()
    if not any(isinstance(column, str) for column in columns) and class_columns(columns) is None:
        return array
    written = [str(column) for column in columns]
    for named in (list(names), [f"p_{name}" for name in names]):
        if sorted(named) == sorted(written):
            return array[:, [written.index(name) for name in named]]
    raise VoteError(
        f"the columns of the data frame of probabilities are {', '.join(written)}, the classes {', '.join(names)}; give "
        f"the columns {', '.join(f'p_{name}' for name in names)} alone"
    )


def check_probs(probs: ArrayLike, n: int | None = None, cardinality: int | None = None) -> Probs:
    """Check class probabilities and return them as float64.

    Parameters
    ----------
    probs
        Shape: [n, k]; each row sums to 1 (within 1e-4), or is all NaN.
    n, cardinality
        The shape to check for, if given.

    Raises
    ------
    VoteError
        Wrong shape, negative, or a row that does not sum to 1; says the row.
    """
    refuse_sparse("probs", probs)
    columns = frame_columns(probs)
    if columns is not None and class_columns(columns) is not None:
        raise VoteError("probabilities are a data frame whose columns are named, while the classes are not; name them")
    try:
        array = np.asarray(probs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise VoteError(f"probabilities must be numbers: {error}") from None
    if array.ndim != 2:
        raise VoteError(f"probabilities must have shape [rows, classes], not {array.shape}")
    if (n is not None and len(array) != n) or (cardinality is not None and array.shape[1] != cardinality):
        raise VoteError(f"probabilities have shape {array.shape}, expected [{n or 'n'}, {cardinality or 'k'}]")
    for rows in row_blocks(len(array)):
        block = array[rows]
        undefined = np.isnan(block).all(axis=1)
        wrong = ~undefined & ~((np.abs(block.sum(axis=1) - 1) < 1e-4) & (block >= 0).all(axis=1))
        if wrong.any():
            row = rows.start + int(np.argmax(wrong))
            raise VoteError(f"probabilities of row {row} are negative or do not sum to 1: {array[row].tolist()}")
    return array


def as_texts(texts: Sequence[str], error: type[WeakLabelError], n: int | None = None) -> list[str]:
    """Return texts as a list.

    Parameters
    ----------
    texts
        Strings. Length: n.
    error
        What to raise.
    n
        Rows of votes that the texts are of, where there are votes.

    Raises
    ------
    WeakLabelError
        An ``error``: texts are one string, hold something else (says the row, from 0), or are not as many as the rows.
    """
    if isinstance(texts, str):
        raise error("texts must be a sequence of strings, not one string; give [text]")
    if frame_columns(texts) is not None or isinstance(texts, Mapping):
        raise error(
            f"texts must be a sequence of strings, not a {type(texts).__name__}; give the column with the texts"
        )
    if getattr(texts, "ndim", 1) != 1 or not hasattr(texts, "__iter__"):
        shape = f" of shape {texts.shape}" if hasattr(texts, "shape") else ""
        raise error(f"texts must be a sequence of strings, not {type(texts).__name__}{shape}")
    given = list(texts)
    for row, text in enumerate(given):
        if not isinstance(text, str):
            raise error(f"text of row {row} is {text!r}, not a string; give '' for a missing text")
    if n is not None and len(given) != n:
        raise error(f"{len(given)} texts were given for {n} rows of votes; give one text a row, in their order")
    return given


def labels_of(probs: Probs) -> Labels:
    """Most probable class of each row, the lowest on a tie, -1 where the row is all NaN.

    Shape: [n, k] -> [n].
    """
    undefined = np.isnan(probs).all(axis=1)
    best = np.nan_to_num(probs, nan=-1.0).argmax(axis=1) if probs.size else np.zeros(len(probs), np.int64)
    return np.where(undefined, ABSTAIN, best).astype(np.int64)
