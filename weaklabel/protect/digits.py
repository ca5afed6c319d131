"""Numbers with check digits, however they are spaced: cards and national ids that are digits alone.

A text's runs of digits are cut into groups, and every sequence of neighbouring groups of the right length is a candidate.
A candidate counts if its check digits are right and it is written as people write such a number; where check digits alone
are weak, a word beside it has to say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from weaklabel.protect.checksums import is_date, luhn, mod_11_10, verhoeff, weighted
from weaklabel.protect.context import has_context, is_something_else
from weaklabel.protect.findings import Finding

RUN = re.compile(r"\d(?:[ \t\r\n().\-/\u00b7]{0,4}\d){6,}")
"""Digits with little between them: 7 at least."""

_SEPARATOR = re.compile(r"[ \t\r\n.\-/]{1,3}")

NOT_PERSONAL = re.compile(
    r"""(?<![0-9A-Za-z])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![0-9A-Za-z])
    |(?<![\d.])(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])
      (?:[T\ ]{1,2}\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?!\d|[-/.]\d)
    |(?<![\d.])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d(?!\d|[-/.]\d)
    |\b97[89](?:[- ]?\d){9}[- ]?\d(?!\d)
    """,
    re.VERBOSE,
)
"""UUIDs, dates, and book numbers, whose digits are no part of anything personal."""

MOST_DIGITS = 19
_MOST_GROUPS = 8


@dataclass(frozen=True)
class Candidate:
    """Neighbouring groups of digits.

    Attributes
    ----------
    digits : str
        The digits alone.
    shape : str
        How many digits each group has, such as "3-2-4".
    separators : frozenset of str
        What stands between the groups; line breaks and tabs count as spaces.
    start, end : int
        Its place in the text.
    before, after : int
        Digits of the group next to it on either side if that is separated in the same way; 0 if there is none.
    """

    digits: str
    shape: str
    separators: frozenset[str]
    start: int
    end: int
    before: int
    after: int


def _luhn_card(digits: str) -> bool:
    """Return whether digits are a card number: a known issuer's prefix and length, and the Luhn check."""
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    issued = (
        (digits[0] == "4" and length in (13, 16, 19))
        or (length == 16 and (51 <= two <= 55 or 2221 <= four <= 2720 or two == 35))
        or (length == 15 and (two in (34, 37) or four in (1800, 2131)))
        or (length in (14, 16) and (two in (36, 38, 39) or 300 <= int(digits[:3]) <= 305 or four == 3095))
        or (16 <= length <= 19 and (two in (62, 65, 81) or four == 6011 or 644 <= int(digits[:3]) <= 649))
        or (16 <= length <= 19 and (3528 <= four <= 3589 or 2200 <= four <= 2204))
        or (two in (50, 56, 57, 58) or four in (6304, 6390, 6759, 6761, 6762, 6763))
    )
    return issued and len(set(digits)) > 1 and luhn(digits)


def _us_ssn(digits: str) -> bool:
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _us_itin(digits: str) -> bool:
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99)


def _uk_nhs(digits: str) -> bool:
    return len(set(digits)) > 1 and weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _de_tax_id(digits: str) -> bool:
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    repeats = counts[-1] in (2, 3) and counts[:-1] == [1] * (len(counts) - 1)
    return digits[0] != "0" and repeats and mod_11_10(digits)


def fr_nir(text: str) -> bool:
    """Return whether 15 characters are a French social security number; Corsica's departments are 2A and 2B."""
    body = text[:13].replace("2A", "19").replace("2B", "18") if text[5:7] in ("2A", "2B") else text[:13]
    month = int(text[3:5])
    plausible = text[0] in "123478" and (1 <= month <= 12 or month == 20 or 30 <= month <= 42 or month >= 50)
    return plausible and body.isdigit() and text[5:7] != "00" and 97 - int(body) % 97 == int(text[13:])


def _nl_bsn(digits: str) -> bool:
    padded = digits.zfill(9)
    return padded != "0" * 9 and weighted(padded, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def cn_id(text: str) -> bool:
    """Return whether 18 characters are a Chinese identity number: its date and its check digit (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(text[:17]))
    check = "10X98765432"[total % 11]
    return (
        text[0] in "12345678"
        and text[6:8] in ("18", "19", "20")
        and is_date(text[6:10], text[10:12], text[12:14])
        and check == text[17].upper()
    )


def _in_aadhaar(digits: str) -> bool:
    return digits[0] in "23456789" and digits != digits[::-1] and verhoeff(digits)


def _br_check(digits: str, weights: tuple[int, ...]) -> int:
    remainder = weighted(digits, weights) % 11
    return 0 if remainder < 2 else 11 - remainder


def _br_cpf(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    first = _br_check(digits[:9], (10, 9, 8, 7, 6, 5, 4, 3, 2))
    return digits[9:] == f"{first}{_br_check(digits[:10], (11, 10, 9, 8, 7, 6, 5, 4, 3, 2))}"


def br_cnpj(text: str) -> bool:
    """Return whether 14 characters are a Brazilian company's number, of digits or, since 2026, with capital letters."""
    values = [ord(char) - 48 for char in text]
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    checks = ""
    for length in (12, 13):
        remainder = sum(a * b for a, b in zip(values[:length], weights[-length:], strict=True)) % 11
        checks += str(0 if remainder < 2 else 11 - remainder)
    return len(set(text)) > 1 and checks == text[12:]


def _is_timestamp(digits: str) -> bool:
    return digits[:2] in ("19", "20") and is_date(digits[:4], digits[4:6], digits[6:8])


@dataclass(frozen=True)
class Kind:
    """A kind of number.

    Attributes
    ----------
    type : str
        The type of its finds.
    lengths : tuple of int
        How many digits it can have.
    check : callable
        Whether digits can be such a number.
    shapes : dict
        How it is written in groups: from the shape to the separators that it may have without a word beside it.
    bare : bool
        Whether digits without separators need no word beside them.
    is_weak : bool
        Whether a word that says that it is something else, such as a phone number, is believed.
    neighbours : str
        Which groups next to it say that it is part of something else: "any", or "alike" for those of the same length.
    """

    type: str
    lengths: tuple[int, ...]
    check: Callable[[str], bool]
    shapes: dict[str, str]
    bare: bool
    is_weak: bool = False
    neighbours: str = "any"


KINDS = (
    Kind("cn_id", (18,), cn_id, {"6-8-4": " -", "6-4-4-4": " -", "3-3-4-4-4": " -"}, bare=True),
    Kind("fr_nir", (15,), fr_nir, {"1-2-2-2-3-3-2": " .-", "13-2": " -/.", "1-2-2-5-3-2": " "}, bare=True),
    Kind("card", (12, 13), _luhn_card, {"4-4-4": " -", "4-3-3-3": " -"}, bare=True, is_weak=True, neighbours="alike"),
    Kind(
        "card",
        (14, 15, 16, 17, 18, 19),
        _luhn_card,
        {
            "4-4-4-4": " -.", "4-6-5": " -.", "4-6-4": " -.", "4-4-4-4-3": " -", "4-4-4-3": " -", "4-4-4-1": " -",
            "4-3-3-3": " -", "8-8": " ", "6-13": " ", "4-12": " ", "6-10": " ",
        },
        bare=True,
        neighbours="alike",
    ),
    Kind("card", (15,), lambda digits: digits[0] == "1" and luhn(digits), {}, bare=False),
    Kind("br_cnpj", (14,), lambda digits: br_cnpj(digits) and not _is_timestamp(digits), {"2-3-3-4-2": "./-"}, bare=True),
    Kind("in_aadhaar", (12,), _in_aadhaar, {"4-4-4": " -"}, bare=False, is_weak=True),
    Kind("de_tax_id", (11,), _de_tax_id, {"2-3-3-3": " -/."}, bare=True),
    Kind("br_cpf", (11,), _br_cpf, {"3-3-3-2": ".-", "9-2": "-"}, bare=True, is_weak=True),
    Kind("uk_nhs", (10,), _uk_nhs, {"3-3-4": " "}, bare=False, is_weak=True),
    Kind("us_ssn", (9,), _us_ssn, {"3-2-4": " -."}, bare=False, is_weak=True),
    Kind("us_itin", (9,), _us_itin, {"3-2-4": " -."}, bare=False, is_weak=True),
    Kind("nl_bsn", (8, 9), _nl_bsn, {"4-2-3": "."}, bare=False, is_weak=True),
)  # fmt: skip
"""The kinds of numbers, the most specific first."""

_BY_LENGTH = {length: [kind for kind in KINDS if length in kind.lengths] for length in range(8, MOST_DIGITS + 1)}


def find_digits(text: str, runs: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Yield the numbers with check digits in `runs_of` a text that `canonical` made."""
    for run in runs:
        for candidate in _candidates(text, *run):
            for kind in _BY_LENGTH[len(candidate.digits)]:
                if not kind.check(candidate.digits):
                    continue
                is_named = _may_be_named(kind, candidate) and has_context(
                    kind.type, text, candidate.start, candidate.end
                )
                if is_named or _is_written_so(kind, candidate, text):
                    digits = candidate.digits.zfill(9) if kind.type == "nl_bsn" else candidate.digits
                    yield Finding(candidate.start, candidate.end, kind.type, digits, is_named)


def _may_be_named(kind: Kind, candidate: Candidate) -> bool:
    """Return whether a word beside a number is enough: not in a row of numbers or a decimal, where check digits are weak."""
    is_decimal = candidate.separators == {"."} and candidate.shape.count("-") == 1
    return kind.bare or not (candidate.before or candidate.after or is_decimal)


_SURROUNDINGS = 28
"""Characters beside a run to which a UUID or a date that is partly in it can extend."""


def runs_of(text: str) -> list[tuple[int, int]]:
    """Return the places of digits with little between them, without UUIDs, dates and book numbers."""
    return [piece for run in RUN.finditer(text) for piece in _without_others(text, *run.span())]


def _without_others(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for other in NOT_PERSONAL.finditer(text, max(0, start - _SURROUNDINGS), min(len(text), end + _SURROUNDINGS)):
        if start < other.end() and other.start() < end:
            if other.start() - start >= 7:
                yield start, other.start()
            start = other.end()
    if end - start >= 7:
        yield start, end


_GROUP = re.compile(r"\d+")


def _candidates(text: str, start: int, end: int) -> Iterator[Candidate]:
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    lengths = [group_end - group_start for group_start, group_end in groups]
    between = [_plain(text[a[1] : b[0]]) for a, b in pairwise(groups)]
    last = len(groups) - 1
    for first in range(len(groups)):
        if _touches_word(text, groups[first][0] - 1):
            continue
        total = 0
        for number in range(first, min(len(groups), first + _MOST_GROUPS)):
            if number > first and between[number - 1] == "":
                break
            total += lengths[number]
            if total > MOST_DIGITS:
                break
            if total < 8 or _touches_word(text, groups[number][1]):
                continue
            separators = frozenset(between[first:number])
            yield Candidate(
                "".join(text[a:b] for a, b in groups[first : number + 1]),
                "-".join(map(str, lengths[first : number + 1])),
                separators,
                groups[first][0],
                groups[number][1],
                lengths[first - 1] if first and (not separators or between[first - 1] in separators) else 0,
                lengths[number + 1] if number < last and (not separators or between[number] in separators) else 0,
            )


def _plain(separator: str) -> str:
    """Return what a separator is, whatever its white space; an empty text if nothing continues behind it."""
    if not _SEPARATOR.fullmatch(separator):
        return ""
    bare = separator.strip()
    return f"{bare} " if bare and bare != separator else bare or " "


def _touches_word(text: str, place: int) -> bool:
    """Return whether there is a letter or a digit that belongs to what is beside it; Chinese and Japanese do not."""
    if not 0 <= place < len(text):
        return False
    char = text[place]
    return char == "_" or (char.isalnum() and char < "\u2e80")


_GLUED, _TAIL = re.compile(r"\d[./\-]\Z"), re.compile(r"[./\-]\d")
"""Signs between digits that make them one number."""


def _is_written_so(kind: Kind, candidate: Candidate, text: str) -> bool:
    """Return whether a number is written as its kind is, so that no word beside it has to say that it is one."""
    if (
        kind.is_weak
        and candidate.separators != {"-"}
        and (has_context("phone", text, candidate.start, candidate.end) or is_something_else(text, candidate.start))
    ):
        return False
    if not candidate.separators:
        return (
            kind.bare
            and not _GLUED.search(text, max(0, candidate.start - 2), candidate.start)
            and not _TAIL.match(text, candidate.end)
        )
    allowed = kind.shapes.get(candidate.shape)
    if allowed is None or not all(separator in allowed for separator in candidate.separators):
        return False
    if kind.neighbours == "alike":
        sizes = set(map(int, candidate.shape.split("-")))
        return candidate.before not in sizes and candidate.after not in sizes
    return not (candidate.before or candidate.after)
