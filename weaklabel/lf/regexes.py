r"""Regexes of labeling functions: checked when they are given, and the literals that every match must contain.

Literals are searched in *folded* text (`fold`): ASCII letters in lower case, digits and underscores as they are, every
other byte a space, and a space on both ends. So ``\bwin\b`` needs ``" win "``, whatever is next to the word. One scan
for the literals of all labeling functions spares most regexes.
"""

from __future__ import annotations

import re
import string
import threading
import warnings
from collections.abc import Iterable, Sequence
from itertools import product
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import polars as pl

from weaklabel.errors import LFError
from weaklabel.lf.spelling import keyword_pattern
from weaklabel.support.threads import check_fork

# Python's warning filters belong to all threads: two that change them at once would leave them changed for good.
FILTERS = threading.Lock()

_CLASS_MEMBER = r"(?:[\w ]-[\w ]|[\w .,!?'/:;@#%=]|\\[dsw.\-])"
_EVERYWHERE = re.compile(
    r"(?:[^\\\[\](){}*+?|^$.]|\\[bBdDsSwW.?*+()|^$\[\]{}/\\\-]|\((?:\?:|(?!\?))|[)|^$.]|[*+?]\??|\[\^?"
    + _CLASS_MEMBER
    + r"+\])*"
)
"""What regexes of Rust and Python have in common, so that what the one compiles, the other does, too."""

_UNICODE_CLASS = re.compile(r"\\[dDsSwW]|\.|\[")
_MOST_CLASSES = 50
"""Character classes, which are large in Unicode, of a regex that is surely not too large."""

ALWAYS_COMPILES = 20_000
"""Characters of a regex of keywords that is never too large; the first that were too large had 125,000."""


def check_words(name: str, words: Iterable[str]) -> list[str]:
    """Return the different words in their order; an empty list, a word that is blank or not a text is an `LFError`."""
    check_fork()
    if isinstance(words, str | bytes) or not isinstance(words, Iterable):
        raise LFError(f"LF '{name}': give a list of words such as ['free', 'winner'], not {words!r}")
    different = list(dict.fromkeys(words))
    if not different:
        raise LFError(f"LF '{name}': the list of words is empty; give at least one")
    for word in different:
        if not isinstance(word, str) or not word.strip():
            raise LFError(f"LF '{name}': {word!r} is not a word; a word must be a text that is not blank")
    return different


def check_keywords_pattern(name: str, pattern: str, ignore_case: bool) -> str:
    """Return the regex of keywords, which is valid by the way it is made, with its flag; too large a one is an `LFError`.

    What is short is not compiled here: that would start the threads of polars, and a pack that is loaded before a process
    forks would be of no use in its children.
    """
    return (
        check_pattern(name, pattern, ignore_case) if len(pattern) > ALWAYS_COMPILES else flagged(pattern, ignore_case)
    )


def flagged(pattern: str, ignore_case: bool) -> str:
    """Return the regex with its flag."""
    return f"(?i){pattern}" if ignore_case else pattern


def check_pattern(name: str, pattern: str, ignore_case: bool) -> str:
    """Return the regex with its flag; one that does not compile is an `LFError`."""
    check_fork()
    if not isinstance(pattern, str) or not pattern:
        raise LFError(f"LF '{name}': the pattern must be a regex such as r'https?://', not {pattern!r}")
    whole = flagged(pattern, ignore_case)
    if is_plain_regex(pattern):
        return whole
    try:
        pl.Series([""]).str.contains(whole)
    except pl.exceptions.ComputeError as error:
        raise LFError(
            f"LF '{name}': the regex {_shortened(pattern)} does not work: {_reason(error)}; write it in Rust's syntax, or "
            "use `re` in a @labeling_function() where it needs lookaround or backreferences"
        ) from None
    return whole


def is_plain_regex(pattern: str) -> bool:
    r"""Return whether a regex is surely valid for polars, which need not be asked then: asking starts its threads.

    Examples
    --------
    >>> is_plain_regex(r"https?://"), is_plain_regex(r"\bwin(ner|s)?\b"), is_plain_regex(r"a(?=b)"), is_plain_regex("(")
    (True, True, False, False)
    """
    if (
        len(pattern) > 1000
        or len(_UNICODE_CLASS.findall(pattern)) > _MOST_CLASSES
        or not _EVERYWHERE.fullmatch(pattern)
    ):
        return False
    try:
        with FILTERS, warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError):
        return False
    return True


def check_bounds(name: str, least: int, most: int | None) -> None:
    """Refuse, as an `LFError`, bounds that are not whole numbers, are empty, or hold for every text."""
    for bound in (least, most):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
            raise LFError(f"LF '{name}': a bound must be a whole number, 0 or more, not {bound!r}")
    if most is None and least == 0:
        raise LFError(f"LF '{name}': it would vote on every text; give a min of at least 1, or a max")
    if most is not None and most < least:
        raise LFError(f"LF '{name}': no text has at least {least} and at most {most}; give a max of at least the min")


def _reason(error: Exception) -> str:
    """Return the one line of a regex error that says why."""
    text = str(error).partition("\n\nThis error occurred")[0]
    return text.rpartition("error: ")[2].strip()


def _shortened(pattern: str) -> str:
    return repr(pattern) if len(pattern) <= 200 else f"{pattern[:200]!r}..."


WORD = (string.ascii_lowercase + string.digits + "_").encode()

FOLDED = bytes(code if code in WORD else ord(" ") for code in bytes(range(256)).lower())
"""Table for `bytes.translate`: from each byte to what it is in folded text."""

ASCII_TWINS = ("\u017f", "\u212a")
"""The long s and the Kelvin sign, which equal an ASCII letter where case is ignored; folding does not know of them."""

MAX_LITERALS = 64
"""Most literals that a group of alternatives is multiplied out to."""

MIN_LITERAL = 2
"""Word characters in a literal; one alone occurs in nearly every text."""

BOUNDARY = b"\b"
r"""Stands for ``\b`` while literals are combined; no literal contains it, since folding makes it a space."""

# Read differently by Rust, or only by Rust: word edges, classes in classes and their algebra, spaces between the
# numbers of a repetition, and the flag that makes white space meaningless.
_RUST_ONLY = re.compile(r"\\[<>]|\\b\{|\[\^?\]|&&|--|~~|\(\?[a-zA-Z-]*[xX]|\{(?!\d+(?:,\d*)?\})")
_CLASS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)


def fold(data: bytes) -> bytes:
    """Return UTF-8 text as folded text of the same length."""
    return data.translate(FOLDED)


def required_literals(pattern: str) -> frozenset[bytes]:
    r"""Return literals of which every text that the regex matches contains one, once folded.

    Parameters
    ----------
    pattern
        A valid Rust regex, its flags included.

    Returns
    -------
    frozenset of bytes
        Literals of folded text, each with two letters, digits or underscores at least; empty if there are none.
        Ignoring case, texts with one of `ASCII_TWINS` may match without any.

    Examples
    --------
    >>> sorted(required_literals(r"(?i)\b(?:win|prize)\b|https?://"))
    [b' prize ', b' win ', b'http   ', b'https   ']
    >>> required_literals(r"\d+|win")
    frozenset()
    """
    if _is_rust_only(pattern):
        return frozenset()
    try:
        with FILTERS, warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = _parser.parse(pattern)
    except (re.error, Warning, OverflowError, RecursionError):
        return frozenset()
    return _Needed(bool(parsed.state.flags & re.IGNORECASE)).of_sequence(parsed).best() or frozenset()


def keyword_literals(words: Iterable[str], whole_word: bool | None) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the literals of those keywords that are a plain ASCII word, and of all keywords.

    The first are the keywords themselves: to find one is to find its keyword, unless there is a character beyond ASCII
    next to it. The second are empty if there are none.
    """
    edge = b"" if whole_word is False else b" "
    plain, others = set(), []
    for word in words:
        folded = word.encode().lower()
        if folded.strip(WORD):
            others.append(word)
        else:
            plain.add(edge + folded + edge)
    needed = required_literals(keyword_pattern(others, whole_word)) if others else frozenset[bytes]()
    return frozenset(plain), frozenset(plain | needed) if needed or not others else frozenset()


class _Literals:
    """What a part of a regex needs.

    Attributes
    ----------
    whole : set of bytes or None
        All texts that the part can match, where they are few.
    needed : frozenset of bytes or None
        Literals, one of which is in every text that it matches.
    """

    def __init__(self, whole: Iterable[bytes] | None = None, needed: frozenset[bytes] | None = None) -> None:
        self.whole = None if whole is None else set(whole)
        self.needed = needed

    def best(self) -> frozenset[bytes] | None:
        return _better(self.needed, self.whole)


class _Needed:
    """Walks through a parsed regex."""

    def __init__(self, ignore_case: bool) -> None:
        self.ignore_case = ignore_case

    def of_sequence(self, items: Iterable[tuple[Any, Any]]) -> _Literals:
        run, whole, needed = {b""}, True, None
        for part in (self.of_item(str(code), value) for code, value in items):
            needed = _better(needed, part.needed)
            joined = None if part.whole is None else _join(run, part.whole)
            if joined is None:
                needed, whole = _better(needed, run), False
                run = part.whole or {b""}
            else:
                run = joined
        return _Literals(run if whole else None, _better(needed, run))

    def of_item(self, code: str, value: Any) -> _Literals:
        match code:
            case "LITERAL":
                return self.of_characters([value])
            case "IN":
                return self.of_class(value)
            case "AT":
                return _Literals({BOUNDARY if str(value) == "AT_BOUNDARY" else b""})
            case "SUBPATTERN":
                _, added, removed, items = value
                ignore_case = (self.ignore_case or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE
                return _Needed(ignore_case).of_sequence(items)
            case "BRANCH":
                return _any_of([self.of_sequence(items) for items in value[1]])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.of_repeat(*value)
        return _Literals()

    def of_characters(self, codes: Sequence[int]) -> _Literals:
        if len(codes) > MAX_LITERALS or (
            self.ignore_case and any(code > 127 and _has_case(chr(code)) for code in codes)
        ):
            return _Literals()  # another case may be of another length
        return _Literals({fold(chr(code).encode("utf-8", "surrogatepass")) for code in codes})

    def of_class(self, members: Sequence[tuple[Any, Any]]) -> _Literals:
        codes: list[int] = []
        for kind, value in members:
            match str(kind):
                case "LITERAL":
                    codes.append(value)
                case "RANGE" if value[1] - value[0] < MAX_LITERALS:
                    codes += range(value[0], value[1] + 1)
                case _:
                    return _Literals()
        return self.of_characters(codes)

    def of_repeat(self, least: int, most: Any, items: Any) -> _Literals:
        once = self.of_sequence(items)
        if least == 0:
            return _Literals(once.whole | {b""}) if most == 1 and once.whole is not None else _Literals()
        if least == most and least <= 8 and once.whole is not None:
            return self.of_sequence(list(items) * least)
        return _Literals(needed=once.best())


def _has_case(character: str) -> bool:
    return not character == character.lower() == character.upper() == character.casefold()


def _any_of(parts: Sequence[_Literals]) -> _Literals:
    wholes = [part.whole for part in parts if part.whole is not None]
    whole = set().union(*wholes) if len(wholes) == len(parts) else None
    bests = [part.best() for part in parts]
    given = [best for best in bests if best is not None]
    return _Literals(
        whole if whole is not None and len(whole) <= MAX_LITERALS else None,
        frozenset().union(*given) if len(given) == len(parts) else None,
    )


def _join(run: set[bytes], part: set[bytes]) -> set[bytes] | None:
    """Return every text of ``run`` followed by every one of ``part``; None where these are too many."""
    return None if len(run) * len(part) > MAX_LITERALS else {a + b for a, b in product(run, part)}


def _better(needed: frozenset[bytes] | None, texts: Iterable[bytes] | None) -> frozenset[bytes] | None:
    """Return the set that fewer texts are likely to contain: ``needed``, or the literals in ``texts``."""
    if texts is None:
        return needed
    literals = frozenset(_bounded(text) for text in texts)
    return max((needed, literals), key=_worth) if _worth(literals)[0] >= MIN_LITERAL else needed


def _worth(literals: frozenset[bytes] | None) -> tuple[int, int, int]:
    """How rare the literals are: word characters in the shortest one, then boundaries, then how few there are."""
    if not literals:
        return (0, 0, 0)
    return (*min((len(literal.strip()), len(literal)) for literal in literals), -len(literals))


def _bounded(text: bytes) -> bytes:
    """Replace a boundary next to a word character by the space that must be there; drop any other."""
    plain = text.replace(BOUNDARY, b"")
    before = b" " if text[:1] == BOUNDARY and plain[:1].strip() else b""
    after = b" " if text[-1:] == BOUNDARY and plain[-1:].strip() else b""
    return before + plain + after


def relaxed(pattern: str) -> str | None:
    r"""Return the regex without its word boundaries, which matches wherever ``pattern`` does; None if it has none.

    Texts beyond ASCII make Rust's ``\b`` ten times slower than all else.
    """
    if "\\b{" in pattern or any("\\b" in each for each in _CLASS.findall(pattern) if each[0] == "["):
        return None
    loose = re.sub(r"(\\[^b])|\\b", lambda match: match[1] or "(?:)", pattern, flags=re.DOTALL)
    return loose if loose != pattern else None


def _is_rust_only(pattern: str) -> bool:
    bare = re.sub(r"\\([^<>b])", "\\\\e", pattern, flags=re.DOTALL)
    return bool(_RUST_ONLY.search(bare)) or any("[" in each[1:] for each in _CLASS.findall(pattern))
