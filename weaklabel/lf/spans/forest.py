"""Labels of spans as a forest: leaves are what spans are labeled with, inner nodes stand for all leaves below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from weaklabel.errors import LFError, VoteError, nearest
from weaklabel.labels import check_label_names

Inner: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
"""Name of each inner node, and the numbers of the leaves below it; node ``i`` has the number k + i, after k leaves."""


@dataclass(frozen=True)
class LabelForest:
    """The labels of a pack for spans.

    Attributes
    ----------
    leaves : tuple of str
        What spans are labeled with; leaf ``i`` has the number i.
    inner : tuple
        See `Inner`; () if there is no hierarchy.
    """

    leaves: tuple[str, ...]
    inner: Inner = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names by number, leaves first."""
        return (*self.leaves, *(name for name, _ in self.inner))


def label_forest(labels: Any, where: str) -> LabelForest:
    """Read LABELS of a pack for spans: a sequence of names, or a mapping from a name to the names below it.

    Parameters
    ----------
    labels
        A name with none below it, or that is no key of the mapping, is a leaf. Leaves are numbered as they come up, from
        the names at the top down.
    where
        Where they are declared, for messages.

    Raises
    ------
    LFError
        A name is below two others or below itself, or is no name.

    Examples
    --------
    >>> forest = label_forest({"ENT": ("PER", "ORG"), "DATE": ()}, "names.py")
    >>> forest.leaves, forest.inner
    (('PER', 'ORG', 'DATE'), (('ENT', (0, 1)),))
    """
    try:
        if not isinstance(labels, Mapping):
            return LabelForest(check_label_names(labels, where))
        children = {name: _names_below(name, below, where) for name, below in labels.items()}
        check_label_names(
            list(dict.fromkeys([*children, *(each for below in children.values() for each in below)])), where
        )
    except VoteError as error:
        raise LFError(str(error)) from None
    _check_parents(children, where)
    below_others = {each for below in children.values() for each in below}
    leaves: list[str] = []
    leaves_of: dict[str, list[str]] = {}
    for top in children:
        if top not in below_others:
            _walk(top, children, leaves, leaves_of)
    circle = next((name for name in children if name not in leaves_of and name not in leaves), None)
    if circle is not None:
        raise LFError(f"{where}: in LABELS, '{circle}' is below itself; a label has one name above it, or none")
    numbers = {name: number for number, name in enumerate(leaves)}
    inner = tuple((name, tuple(numbers[leaf] for leaf in leaves_of[name])) for name in children if name in leaves_of)
    return LabelForest(tuple(leaves), inner)


def _names_below(name: Any, below: Any, where: str) -> tuple[str, ...]:
    if not isinstance(below, Sequence) or isinstance(below, str):
        raise LFError(
            f"{where}: LABELS maps '{name}' to {below!r}; it must be a sequence of the names below it, such as ('PER', 'ORG')"
        )
    return check_label_names(below, f"{where}, below '{name}'") if below else ()


def _check_parents(children: Mapping[str, Sequence[str]], where: str) -> None:
    above: dict[str, str] = {}
    for name, below in children.items():
        for each in below:
            if each in above:
                raise LFError(
                    f"{where}: in LABELS, '{each}' is below '{above[each]}' and below '{name}'; a label has one name above it"
                )
            above[each] = name


def _walk(
    name: str, children: Mapping[str, Sequence[str]], leaves: list[str], leaves_of: dict[str, list[str]]
) -> list[str]:
    """Number the leaves below a name, note them for each inner node on the way, and return them."""
    if not children.get(name):
        leaves.append(name)
        return [name]
    leaves_of[name] = []  # so that inner nodes that have been visited are known
    below = [leaf for each in children[name] for leaf in _walk(each, children, leaves, leaves_of)]
    leaves_of[name] = below
    return below


def nearest_label(label: str, names: Sequence[str]) -> str:
    """Say that a label is none of those that there are."""
    return f"there is no label '{label}'{nearest(label, names)}; labels are {', '.join(names)}"
