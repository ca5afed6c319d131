"""Tags of words by name, such as B-PER, in the schemes in use: read as spans, as seqeval reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from weaklabel.errors import VoteError, nearest
from weaklabel.labels import check_label_names
from weaklabel.units.spans import Spans, TagScheme, spans_of_tags

OUTSIDE = "O"
NO_LABEL = "_"
"""The label of tags that have none, such as a mere B."""

_PREFIXES = {"B": "B", "I": "I", "E": "E", "S": "S", "L": "E", "U": "S"}
"""Of BILOU, the letters L and U mean what E and S mean in BIOES."""


def read_tags(
    texts: Sequence[Iterable[str]], labels: Sequence[str] | None = None, scheme: TagScheme = "default"
) -> tuple[Spans, tuple[str, ...]]:
    """Read tagged words as spans, which count words.

    Parameters
    ----------
    texts
        The tags of each text: O, or a letter and a label, in any of the schemes IOB1, IOB2, BIOES and BILOU, whether they
        follow its rules or not. A letter alone is of the label ``_``.
    labels
        Names of the labels; by default those that occur, sorted. Length: k.
    scheme
        In ``default`` a span begins at B, S and U, at any tag whose label is not that of the tag before it, and behind E, S, L,
        U and O: what seqeval and CoNLL's scorer do by default. In ``strict`` the scheme is IOB2, and only B begins a span:
        seqeval's strict mode.

    Returns
    -------
    tuple
        The spans, and the names of the labels.

    Raises
    ------
    VoteError
        A tag is not of a scheme, or its label is not among ``labels``; names the text and the word.

    Examples
    --------
    >>> spans, labels = read_tags([["B-PER", "I-PER", "O", "I-LOC"], ["S-PER", "B-PER", "E-PER"]])
    >>> labels, spans.of_row(0), spans.of_row(1)
    (('LOC', 'PER'), [(0, 2, 1), (3, 4, 0)], [(0, 1, 1), (1, 3, 1)])
    >>> read_tags([["B-PER", "I-PER", "O", "I-LOC"]], scheme="strict")[0].of_row(0)
    [(0, 2, 1)]
    """
    rows = [list(tags) for tags in texts]
    different = dict.fromkeys(tag for tags in rows for tag in tags)
    parts = {tag: _split(tag, scheme) for tag in different}
    for tag, part in parts.items():
        if part is None:
            raise _refused(rows, tag, _not_a_tag(tag, scheme))
    occurring = sorted({part[1] for part in parts.values() if part is not None and part[0] != OUTSIDE})
    names = tuple(occurring) if labels is None else check_label_names(labels, "labels of tags")
    numbers = {name: number for number, name in enumerate(names)}
    for tag, part in parts.items():
        if part is not None and part[0] != OUTSIDE and part[1] not in numbers:
            raise _refused(rows, tag, f"its label is none of {', '.join(names)}{nearest(part[1], names)}")
    of_tag = {tag: (part[0], numbers.get(part[1], -1)) for tag, part in parts.items() if part is not None}
    offsets = np.cumsum([0, *map(len, rows)])
    read = np.empty(int(offsets[-1]), dtype=np.int64)
    place = 0
    for tags in rows:
        before = (OUTSIDE, -1)
        for tag in tags:
            letter, label = now = of_tag[tag]
            begins = letter in "BS" or (scheme == "default" and (before[0] in "ESO" or before[1] != label))
            read[place] = 0 if letter == OUTSIDE else (1 if begins else 2) + 2 * label
            before, place = now, place + 1
    return spans_of_tags(read, offsets, scheme), names


def _split(tag: str, scheme: TagScheme) -> tuple[str, str] | None:
    """Return the letter, of those of BIOES and O, and the label; None for what is not a tag of the scheme."""
    if tag == OUTSIDE:
        return OUTSIDE, NO_LABEL
    letter = _PREFIXES.get(tag[:1]) if tag[1:2] in ("", "-") else None
    if letter is None or (scheme == "strict" and letter not in "BI"):
        return None
    return letter, tag[2:] or NO_LABEL


def _not_a_tag(tag: str, scheme: TagScheme) -> str:
    letters = "B- or I-" if scheme == "strict" else "B-, I-, E-, S-, L- or U-"
    return f"a tag is O, or {letters} and a label" + (
        "; read other schemes with scheme='default'" if scheme == "strict" and _split(tag, "default") else ""
    )


def _refused(rows: Sequence[Sequence[str]], tag: str, why: str) -> VoteError:
    text, word = next((text, tags.index(tag)) for text, tags in enumerate(rows) if tag in tags)
    return VoteError(f"text {text}, word {word}: tag {tag!r}: {why}")
