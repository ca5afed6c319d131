"""The order in which labeling functions are called that read the votes of others."""

from __future__ import annotations

from collections.abc import Sequence

from weaklabel.errors import LFError, nearest
from weaklabel.lf.core import LF


def in_order(lfs: Sequence[LF]) -> list[list[int]]:
    """Return the places of labeling functions in waves: each comes after all whose votes it reads.

    Raises
    ------
    LFError
        One reads the votes of another that is not there, or of itself, through others or not.

    Examples
    --------
    >>> from weaklabel.lf.spans.function import span_lf
    >>> first = span_lf("names")(lambda text: [])
    >>> second = span_lf("surnames", reads=["names"])(lambda text, spans: [])
    >>> in_order([second, first])
    [[1], [0]]
    """
    place_of = {lf.name: place for place, lf in enumerate(lfs)}
    for lf in lfs:
        for name in lf.reads:
            if name not in place_of:
                raise LFError(
                    f"LF '{lf.name}' reads the spans of LF '{name}', which is not there{nearest(name, place_of)}; "
                    "labeling functions are " + ", ".join(place_of)
                )
    waves: list[list[int]] = []
    done: set[str] = set()
    left = list(range(len(lfs)))
    while left:
        wave = [place for place in left if done.issuperset(lfs[place].reads)]
        if not wave:
            raise LFError(
                f"labeling functions read the spans of one another in a circle: {_circle(lfs, left)}; break it"
            )
        waves.append(wave)
        done |= {lfs[place].name for place in wave}
        left = [place for place in left if lfs[place].name not in done]
    return waves


def _circle(lfs: Sequence[LF], left: Sequence[int]) -> str:
    """Return one circle among labeling functions each of which reads another of them, as text."""
    reads = {lfs[place].name: lfs[place].reads for place in left}
    name = next(iter(reads))
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = next(each for each in reads[name] if each in reads)
    return " reads ".join([*path[path.index(name) :], name])
