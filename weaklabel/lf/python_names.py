"""Names of labeling functions and classes as names of Python."""

from __future__ import annotations

import unicodedata
from keyword import iskeyword


def python_name(text: str, otherwise: str = "lf") -> str:
    """Return a name for ``text`` as Python reads it: two that Python takes for one name are one here, too.

    Python normalises names (NFKC), so that ``ｐrize = ...`` replaces ``prize``.

    Parameters
    ----------
    text
        What the name is to say; what cannot be in a name becomes an underscore.
    otherwise
        The name where nothing is left of ``text``, and what stands before one that is a keyword or begins with a digit.

    Examples
    --------
    >>> [python_name(text) for text in ("ｐrize", "free entry", "class", "№ 1", "!")]
    ['prize', 'free_entry', 'lf_class', 'No_1', 'lf']
    """
    # What re takes for a word has numerals that no name may hold.
    fitting = "".join(char if f"_{char}".isidentifier() else "_" for char in normalised(text))
    name = fitting.strip("_") or otherwise
    return name if name.isidentifier() and not iskeyword(name) else f"{otherwise}_{name}"


def normalised(name: str) -> str:
    """Return a name as Python compares it."""
    return unicodedata.normalize("NFKC", name)
