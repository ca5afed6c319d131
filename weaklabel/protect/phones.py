"""Phone numbers: phonenumbers says what is one, after cheap tests have left few candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from weaklabel.errors import ConfigError, nearest, require
from weaklabel.protect.context import has_context, is_something_else
from weaklabel.protect.findings import Finding

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "CN", "IN", "BR")
"""Countries whose numbers are found without a country code, unless others are named."""

_PREFIX = re.compile(r"(?:\+|\(\+?|\+\()\Z")
_EXTENSION = re.compile(
    r"[ ,]{0,2}(?:x|ext\.?|extension|durchwahl|poste|int\.?|转)[ .:]{0,2}\d{1,6}(?!\d)", re.IGNORECASE
)
_NANP = re.compile(r"(?:\+?0{0,2}1[-. ])?(?:\([2-9]\d\d\)[-. ]?|[2-9]\d\d[-.])\d{3}[-. ]\d{4}")
_NANP_MARKED = re.compile(r"(?:\+?0{0,2}1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d-)[2-9]\d\d-\d{4}")
_AREA = re.compile(r"\(0?\d{1,5}\)[ \-/.]{0,3}\d[\d \-/.]{4,12}")
_TRUNK = re.compile(r"\(?0[1-9]\d{0,4}\)?[ \-/.]{1,3}\d[\d \-/.]{3,14}")
_BR = re.compile(r"\d\d (?!(?:19|20)\d\d-(?:19|20)\d\d)\d{4,5}-\d{4}")
_YEARS = re.compile(r"(?:1[89]|20)\d\d[ -]{1,3}(?:1[89]|20)\d\d")
_DECIMAL = re.compile(r"\d+\.\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([ .])\d{3})(?:\1\d{3})*")
_MONEY_BEFORE = "$€£¥₹#"
_UNIT_AFTER = re.compile(
    r" ?(?:[%€$£¥₹°]|(?:km|kg|m|cm|mm|ms|s|mb|gb|kb|bytes|people|inhabitants|habitants|einwohner|rows|times|x ?\d)"
    r"(?![A-Za-z]))",
    re.IGNORECASE,
)
_TWO_DIGITS = re.compile(r"\d\d")
_LEAST, _MOST = 7, 15
_WITHOUT_TRUNK = frozenset(("CN", "IN", "BR"))
"""Countries whose national prefix is 0 and whose mobile numbers are written without it."""


@dataclass(frozen=True)
class _Region:
    name: str
    prefix: str
    lengths: frozenset[int]
    pattern: re.Pattern[str]

    def may_have(self, digits: str) -> bool:
        """Return whether digits can be a national number, with or without the national prefix."""
        if self.prefix and digits.startswith(self.prefix):
            return self._has(digits[len(self.prefix) :])
        if self.name == "IT" and digits[0] not in "03":  # where the 0 is part of the number, and only mobiles have none
            return False
        return (self.prefix != "0" or self.name in _WITHOUT_TRUNK) and self._has(digits)

    def _has(self, number: str) -> bool:
        return len(number) in self.lengths and self.pattern.fullmatch(number) is not None


def check_regions(regions: Sequence[str]) -> None:
    """Refuse countries that phonenumbers does not know.

    Raises
    ------
    ConfigError
        A country is unknown; names the nearest.
    MissingPackageError
        phonenumbers is not installed.
    """
    possible = _phonenumbers().SUPPORTED_REGIONS
    for region in regions:
        if region not in possible:
            raise ConfigError(
                f"protect: '{region}' is no country that phone numbers are known of{nearest(region, possible)}; "
                "give two capital letters such as US or DE"
            )


def find_phones(text: str, runs: Sequence[tuple[int, int]], regions: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the phone numbers of a text that `canonical` made.

    Parameters
    ----------
    text
        The text.
    runs
        Its `runs_of` digits.
    regions
        Countries whose numbers may be written without a country code.
    """
    for start, end in runs:
        prefix = _PREFIX.search(text, max(0, start - 2), start)
        yield from _in_piece(text, prefix.start() if prefix else start, end, regions)


_TOKEN = re.compile(r"\S+")
_MOST_TOKENS = 8
_AREA_DIGITS = 5


def _in_piece(text: str, start: int, end: int, regions: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the numbers in a run: the longest sequences of what its spaces separate, valid ones before possible ones."""
    tokens = [match.span() for match in _TOKEN.finditer(text, start, end)]
    at = 0
    while at < len(tokens):
        stops = list(_stops(text, tokens, at))
        for last, surely in [(last, surely) for surely in (True, False) for last in reversed(stops)]:
            if finding := _phone(text, tokens[at][0], tokens[last][1], regions, surely):
                yield finding
                at = last
                break
        at += 1


def _stops(text: str, tokens: list[tuple[int, int]], first: int) -> Iterator[int]:
    """Yield the tokens with which a number that begins with the first one can end."""
    digits = 0
    for number in range(first, min(len(tokens), first + _MOST_TOKENS)):
        token = text[slice(*tokens[number])]
        count = sum(map(str.isdigit, token))
        if count:
            digits += count
            if digits > _MOST:
                return
            yield number
        elif digits > _AREA_DIGITS:  # a slash or a hyphen behind an area code is part of a number, else between two
            return


def _phone(text: str, start: int, end: int, regions: tuple[str, ...], surely: bool) -> Finding | None:
    """Return the phone number that a span is, with its extension; None if it is none, or not a valid one if it must be."""
    while end > start and not text[end - 1].isdigit():
        end -= 1
    while start < end and text[start] in ").-/ ·\t\r\n":
        start += 1
    written = text[start:end]
    if written.startswith("(") and ")" not in written:
        written, start = written[1:], start + 1
    elif ")" in written and "(" not in written:
        return None
    digits = "".join(filter(str.isdigit, written))
    if not _LEAST <= len(digits) <= _MOST or len(set(digits)) == 1 or not _TWO_DIGITS.search(written):
        return None
    extension = _EXTENSION.match(text, end)
    stop = extension.end() if extension else end
    if _continues(text, start, stop, is_grouped=not written.isdigit()):
        return None
    if not _is_phone(text, start, stop, written, digits, regions, surely):
        return None
    return Finding(start, stop, "phone", _value(written, digits, regions))


def _continues(text: str, start: int, end: int, is_grouped: bool) -> bool:
    """Return whether a span is the piece of something longer: a word, a decimal number, an amount.

    ``is_grouped``: it is written in groups. What follows such a number behind a comma is the next field of a record.
    """
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (
        _is_word(before[-1]) or before[-1] in _MONEY_BEFORE or (before[-1] in ".,:" and before[:-1].isdigit())
    ):
        return True
    if before[-1:] in ("-", "/", "=", "\\") and before[:-1] and _is_word(before[0]):
        return True
    if is_grouped and after[:1] == ",":
        return False
    if after and (_is_word(after[0]) or (after[0] in ",.:-/" and after[1:].isalnum() and after.isascii())):
        return True
    return bool(_UNIT_AFTER.match(text, end))


def _is_word(char: str) -> bool:
    return char == "_" or (char.isalnum() and char < "\u2e80")


def _is_phone(
    text: str, start: int, end: int, written: str, digits: str, regions: tuple[str, ...], surely: bool
) -> bool:
    """Return whether digits are a phone number, by their form and by the words beside them."""
    if _YEARS.fullmatch(written):
        return False
    is_named = has_context("phone", text, start, end)
    international = _international(written, digits)
    if international and (is_named or "+" in written or not written.isdigit()):
        number = _parsed(international, None)
        if number is not None and (
            _is_valid(number)
            or (not surely and (is_named or "+" in written) and _phonenumbers().is_possible_number(number))
        ):
            return True
    if is_named:
        return bool(_in_region(digits, regions)) if surely else _is_possible(digits, regions)
    if _NANP_MARKED.fullmatch(written) and "US" in regions:
        return True
    if "\n" in written or "\t" in written or is_something_else(text, start):
        return False
    if written.isdigit():
        return bool(_in_region(digits, tuple(name for name in regions if _is_told_by_digits(digits, name))))
    if _NANP.fullmatch(written) and "US" in regions:
        return True
    if _AREA.fullmatch(written) or (_TRUNK.fullmatch(written) and not _is_in_a_row(text, start, end)):
        return bool(_in_region(digits, regions)) if surely else _is_possible(digits, regions)
    if _BR.fullmatch(written) and "BR" in regions:
        return True
    if _THOUSANDS.fullmatch(written) or _DECIMAL.fullmatch(written) or _is_in_a_row(text, start, end):
        return False
    return bool(_in_region(digits, regions, re.findall(r"\d+", written)))


def _is_told_by_digits(digits: str, region: str) -> bool:
    """Return whether digits alone, if they are valid, can hardly be anything but a phone number of a country."""
    if region == "CN":
        return len(digits) == 11 and digits[0] == "1"
    is_book = len(digits) == 10 and sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 11 == 0
    return region in ("GB", "FR", "NL") and digits[0] == "0" and len(digits) in (10, 11) and not is_book


def _is_in_a_row(text: str, start: int, end: int) -> bool:
    """Return whether a number stands among others, as in a table."""
    return bool(re.search(r"\d[ \t]\Z", text[max(0, start - 2) : start]) or re.match(r"[ \t]\d", text[end : end + 2]))


def _value(written: str, digits: str, regions: tuple[str, ...]) -> str:
    """Return a phone number in one spelling, whatever is beside it: E.164 where its country is clear."""
    if international := _international(written, digits):
        number = _parsed(international, None)
        if number is not None and _phonenumbers().is_possible_number(number):
            return _e164(number)
    return _in_region(digits, regions) or digits


def _international(written: str, digits: str) -> str | None:
    """Return a number with its country code, written with a plus sign; None if it has none."""
    if "+" in written:
        return written
    return f"+{digits[2:]}" if digits.startswith("00") else None


def _is_possible(digits: str, regions: tuple[str, ...]) -> bool:
    """Return whether digits have the length of a number of a country."""
    numbers = (_parsed(digits, region) for region in regions)
    return any(number is not None and _phonenumbers().is_possible_number(number) for number in numbers)


def _in_region(digits: str, regions: tuple[str, ...], groups: list[str] | None = None) -> str | None:
    """Return a valid number of one of the countries as E.164; where groups are given, they must be those of its format."""
    for name in regions:
        if not _region(name).may_have(digits):
            continue
        number = _parsed(digits, name)
        if number is None or not _phonenumbers().is_valid_number_for_region(number, name):
            continue
        if groups is None or _is_format(number, groups):
            return _e164(number)
    return None


def _is_valid(number: PhoneNumber) -> bool:
    return bool(_phonenumbers().is_valid_number(number))


def _is_format(number: PhoneNumber, groups: list[str]) -> bool:
    module = _phonenumbers()
    for form in (module.PhoneNumberFormat.NATIONAL, module.PhoneNumberFormat.INTERNATIONAL):
        expected = re.findall(r"\d+", module.format_number(number, form))
        if form == module.PhoneNumberFormat.INTERNATIONAL:
            expected = expected[1:]
        if groups == expected:
            return True
    return False


@lru_cache(maxsize=10_000)
def _parsed(written: str, region: str | None) -> PhoneNumber | None:
    module = _phonenumbers()
    try:
        number: PhoneNumber = module.parse(written, region, _check_region=False)
    except module.NumberParseException:
        return None
    return number


def _e164(number: PhoneNumber) -> str:
    module = _phonenumbers()
    return str(module.format_number(number, module.PhoneNumberFormat.E164))


def phones_identity() -> str:
    """Return what decides which phone numbers are valid: the version of phonenumbers."""
    return str(_phonenumbers().__version__)


@cache
def _region(name: str) -> _Region:
    general: Any
    metadata = _phonenumbers().PhoneMetadata.metadata_for_region(name)
    general = metadata.general_desc
    lengths = frozenset((*general.possible_length, *general.possible_length_local_only))
    return _Region(name, metadata.national_prefix or "", lengths, re.compile(general.national_number_pattern))


@cache
def _phonenumbers() -> Any:
    return require("phonenumbers", "weaklabel[raw]", "finding phone numbers")
