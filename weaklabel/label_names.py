"""Labels by name, as people and tools write them: matched with the class names, or refused, in one way everywhere."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from weaklabel.errors import VoteError, nearest
from weaklabel.labels import ABSTAIN, Labels, check_label_names
from weaklabel.support.warn import warn

_WHOLE = re.compile(r"[+-]?\d+\.0*")
_LONGEST_LIST = 1000
"""Characters up to which text in brackets may be a list of labels."""

_MISSING = {"nan", "none", "null", "na", "n/a", "<na>"}
"""What other tools write, case-folded, if there is no value. It may be a class, so it is never taken for no label."""

_SHOWN = 5


def label_text(value: Any) -> str | None:
    """Return a cell's label as text, None where it holds none: None, NaN, empty, -1 or an empty list.

    A list of one element, or text that spells one in JSON or Python, is its element.

    Raises
    ------
    VoteError
        The cell holds several labels, or a mapping.

    Examples
    --------
    >>> [label_text(value) for value in ("spam", 1.0, ["spam"], '["spam"]', -1, float("nan"), " ")]
    ['spam', '1', 'spam', 'spam', None, None, None]
    """
    if not isinstance(value, str):
        if hasattr(value, "tolist") or hasattr(value, "to_list"):  # numpy's arrays and scalars; Series of frames
            value = value.tolist() if hasattr(value, "tolist") else value.to_list()
        if isinstance(value, list | tuple | set | frozenset):
            return _only(list(value))
        if isinstance(value, dict):
            raise VoteError(f"{value!r:.80} is not a label; give the name of one class")
        if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
    text = str(value)
    bare = text.strip()
    if not bare or _number_text(bare) == str(ABSTAIN):
        return None
    if bare[0] == "[" and bare[-1] == "]" and len(bare) <= _LONGEST_LIST:
        spelled = _parsed_list(bare)
        return text if spelled is None else _only(spelled)
    return text


def has_label(value: Any) -> bool:
    """Whether a cell of a gold column holds anything but "no label"."""
    try:
        return label_text(value) is not None
    except VoteError:
        return True


def fold(name: str) -> str:
    """Return what near-equal spellings have in common: no case, outer or double spaces, Unicode forms, or ``.0``.

    Examples
    --------
    >>> fold(" Not  SPAM"), fold("1.0"), fold("True") == fold("true")
    ('not spam', '1', True)
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return _number_text(" ".join(seen.split()))


class LabelMatcher:
    """Matches labels with class names, and collects what is to be warned of.

    A label is a class by its exact name; or by a near-equal spelling (see `fold`) of one class name; or by its number,
    where no class name is a number itself. The last two are warned of.

    Parameters
    ----------
    names
        Class names. Length: k.
    numbers_expected
        Class numbers are as usual as names here, and not warned of.
    """

    def __init__(self, names: Sequence[str], numbers_expected: bool = False) -> None:
        self.names: tuple[str, ...] = tuple(names)
        self._numbers_expected = numbers_expected
        self._exact = {name: number for number, name in enumerate(self.names)}
        self._near: defaultdict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(self.names):
            self._near[fold(name)].append(number)
        self._by_number = not any(key.isdecimal() for key in self._near)
        self._inexact: Counter[tuple[str, int]] = Counter()
        self._cells: dict[tuple[type, Any], int] = {}

    def match(self, value: Any) -> int:
        """Return the class number of a label, -1 if there is none (see `label_text`).

        Raises
        ------
        VoteError
            It is not a class, near to several, or several labels.
        """
        key = (type(value), value) if isinstance(value, str | int | float) and value == value else None
        if key is not None and key in self._cells:
            number = self._cells[key]
            text = str(value)
        else:
            number, text = self._find(value)
            if key is not None:
                self._cells[key] = number
        if number != ABSTAIN and text != self.names[number]:
            self._note(label_text(value) or text, number)
        return number

    def warn(self, where: str, stacklevel: int = 1) -> None:
        """Warn, once, of all labels that were matched though they do not spell a class exactly."""
        if not self._inexact:
            return
        pairs = [
            f"'{text}' as {self._kind(text)} '{self.names[number]}' ({count:,})"
            for (text, number), count in self._inexact.most_common()
        ]
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        total = self._inexact.total()
        warn(
            f"{where}: {total:,} label{'' if total == 1 else 's'} not spelled like a class {'was' if total == 1 else 'were'} "
            f"matched: {', '.join(pairs[:_SHOWN])}{more}",
            stacklevel=stacklevel + 1,
        )

    def _note(self, text: str, number: int) -> None:
        """Keep what is to be warned of: text that is not the name of its class."""
        by_number = fold(text) not in self._near
        if text != self.names[number] and not (by_number and self._numbers_expected):
            self._inexact[text, number] += 1

    def _kind(self, text: str) -> str:
        return "class" if fold(text) in self._near else f"class number {int(fold(text))},"

    def _find(self, value: Any) -> tuple[int, str]:
        if isinstance(value, str) and value in self._exact:
            return self._exact[value], value
        text = label_text(value)
        if text is None:
            return ABSTAIN, ""
        if text in self._exact:
            return self._exact[text], text
        near = self._near.get(fold(text), [])
        if len(near) > 1:
            classes = " and ".join(f"'{self.names[number]}'" for number in near)
            raise VoteError(f"label '{text}' is near to the classes {classes}; spell it like one of them")
        if near:
            return near[0], text
        number = fold(text)
        if self._by_number and number.isdecimal() and len(number) < 6 and int(number) < len(self.names):
            return int(number), text
        hint = "; leave the cell empty for no label" if fold(text) in _MISSING else ""
        raise VoteError(f"unknown label '{text}'{nearest(text, self.names)}; labels are {', '.join(self.names)}{hint}")


def encode_labels(values: Any, names: Sequence[str], where: str, stacklevel: int = 1) -> Labels:
    """Turn class names into class numbers, -1 for no label; see `LabelMatcher` for what matches.

    One `WeakLabelWarning` says which labels do not spell a class exactly, and how many rows that concerns.

    Parameters
    ----------
    values
        One label a row, see `label_text`: a sequence, or anything else that can be iterated over again. Length: n.
    names
        Class names. Length: k.
    where
        What holds the labels, for messages.
    stacklevel
        Whose line the warning names: 1 for the caller's.

    Returns
    -------
    Labels
        Shape: [n].

    Raises
    ------
    VoteError
        A label is not a class, near to several classes, or several labels: says the row (from 0). Where no label at all is a
        class, both sets are named.

    Examples
    --------
    >>> encode_labels(["spam", "", "-1", None, "ham"], ("ham", "spam"), "gold")
    array([ 1, -1, -1, -1,  0])
    """
    matcher = LabelMatcher(names)

    def matched() -> Iterator[int]:
        for row, value in enumerate(values):
            try:
                yield matcher.match(value)
            except VoteError as error:
                _refuse_disjoint(values, matcher, where)
                raise VoteError(f"{where}: row {row}: {error}") from None

    numbers = np.fromiter(matched(), dtype=np.int64)
    matcher.warn(where, stacklevel + 1)
    return numbers


def find_labels(predicted: Any, gold: Any = (), where: str = "labels", known: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the class names that predictions and gold show, sorted; numbers by size.

    Near-equal spellings (see `fold`) are one class, spelled as in ``known``, else as most predictions, else as most gold
    labels do. `encode_labels` with these names warns of the other spellings.

    Parameters
    ----------
    predicted, gold
        Iterables with one label a row, see `label_text`.
    where
        What holds them, for messages.
    known
        Class names in their order, where something says them. They are returned as they are if no other class occurs.

    Raises
    ------
    VoteError
        Predictions and gold share no class: both sets are named. Or a cell holds several labels.

    Examples
    --------
    >>> find_labels(["spam", "ham", "ham "], ["Spam", "eggs", ""])
    ('eggs', 'ham', 'spam')
    """
    spelled_predicted = _spellings(predicted, f"{where}: predictions")
    spelled_gold = _spellings(gold, f"{where}: gold")
    if known:
        matcher = LabelMatcher(known)
        if not any(_strange(text, matcher) for text in (*spelled_predicted, *spelled_gold)):
            return check_label_names(list(known), where)
    name_of: dict[str, str] = {fold(name): name for name in known}
    used = set()
    for spellings in (spelled_predicted, spelled_gold):
        for text, _ in sorted(spellings.items(), key=lambda item: (-item[1], item[0])):
            used.add(name_of.setdefault(fold(text), text))
    sides = [{fold(text) for text in spellings} for spellings in (spelled_predicted, spelled_gold)]
    if all(sides) and not sides[0] & sides[1]:
        shown = [_listed(sorted({name_of[key] for key in side})) for side in sides]
        raise VoteError(
            f"{where}: predictions and gold share no class: predictions are {shown[0]}, gold is {shown[1]}; write both "
            "alike, or name the classes in order (labels=..., --labels), and class numbers are matched too"
        )
    names = sorted(used, key=lambda name: (not fold(name).isdecimal(), int(name) if name.isdecimal() else 0, name))
    strange = [name for name in names if fold(name) in _MISSING and fold(name) not in sides[0] & sides[1]]
    if strange and all(sides):
        raise VoteError(
            f"{where}: '{strange[0]}' is in one column alone, and may stand for no label; leave such cells empty, or name "
            "the classes (labels=..., --labels)"
        )
    return check_label_names(names, where)


def are_names(values: Any) -> bool:
    """Whether labels are given by name rather than as class numbers: whether any of them is text, or a list with text."""
    cells = values if isinstance(values, list | tuple) else np.asarray(values)
    if isinstance(cells, np.ndarray) and (cells.ndim != 1 or cells.dtype.kind not in "OUT"):
        return False
    return any(
        isinstance(cell, str) or (isinstance(cell, list | tuple) and any(isinstance(part, str) for part in cell))
        for cell in cells
    )


def _spellings(values: Iterable[Any], where: str) -> Counter[str]:
    spellings: Counter[str] = Counter()
    for row, value in enumerate(values):
        try:
            text = label_text(value)
        except VoteError as error:
            raise VoteError(f"{where}: row {row}: {error}") from None
        if text is not None:
            spellings[text] += 1
    return spellings


def _strange(value: Any, matcher: LabelMatcher) -> bool:
    try:
        matcher.match(value)
    except VoteError:
        return True
    return False


def _refuse_disjoint(values: Iterable[Any], matcher: LabelMatcher, where: str) -> None:
    """Refuse labels of which not one is a class, by naming both sets; one label that is none is left to its row."""
    texts = {text for value in values if (text := _text_or_none(value)) is not None}
    if len(texts) > 1 and all(_strange(text, matcher) for text in texts):
        raise VoteError(
            f"{where}: none of its labels is a class: it has {_listed(sorted(texts))}, the classes are "
            f"{_listed(matcher.names)}; write them alike"
        )


def _text_or_none(value: Any) -> str | None:
    try:
        return label_text(value)
    except VoteError:
        return None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 2 * _SHOWN} more" if len(names) > 2 * _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[: 2 * _SHOWN]) + more


def _only(values: list[Any]) -> str | None:
    if len(values) > 1:
        raise VoteError(f"{values!r:.80} are {len(values)} labels; give one label a row, several are not supported")
    return label_text(values[0]) if values else None


def _number_text(text: str) -> str:
    """Return text without ``.0`` at the end of a whole number."""
    return text.rstrip("0").rstrip(".") if _WHOLE.fullmatch(text) else text


def _parsed_list(text: str) -> list[Any] | None:
    """Return the list that text spells in JSON or Python; None where it spells none."""
    for parse in (json.loads, ast.literal_eval):
        try:
            parsed = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(parsed, list):
            return parsed
    return None
