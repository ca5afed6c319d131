"""Numbers with letters in them: IBANs, national ids, passports and licence plates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from weaklabel.protect.checksums import icao, mod_97
from weaklabel.protect.context import has_context
from weaklabel.protect.digits import br_cnpj, cn_id, fr_nir
from weaklabel.protect.findings import Finding

_EDGE, _END = r"(?<![0-9A-Za-z_\u00c0-\u024f])", r"(?![0-9A-Za-z_\u00c0-\u024f])"
_GAP = r"[ .\-\t\r\n]{0,2}"

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

_FISCAL_ODD = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)) | dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
"""Values of the characters at odd places of a codice fiscale (decree of the Ministry of Finance of 23 December 1976)."""


def _nino(text: str) -> bool:
    return text[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def _dni(text: str) -> bool:
    return _DNI_LETTERS[int(text[:-1]) % 23] == text[-1]


def _nie(text: str) -> bool:
    return _DNI_LETTERS[int("XYZ".index(text[0]) * 10**7 + int(text[1:-1])) % 23] == text[-1]


def _fiscal_code(text: str) -> bool:
    """Return whether 16 characters are an Italian tax code, by its check letter."""
    even = sum(int(char) if char.isdigit() else ord(char) - ord("A") for char in text[1:15:2])
    return chr(ord("A") + (even + sum(_FISCAL_ODD[char] for char in text[0:15:2])) % 26) == text[15]


def _id_card(text: str) -> bool:
    return any(char.isdigit() for char in text[:9]) and icao(text)


@dataclass(frozen=True)
class Kind:
    """A kind of number with letters.

    Attributes
    ----------
    type : str
        The type of its finds.
    pattern : re.Pattern
        What it looks like; linear in the text.
    check : callable or None
        Whether its characters, without separators and as capital letters, can be such a number.
    context : bool
        Whether a word beside it has to say what it is.
    needles : tuple of str
        If it begins with a digit, or may: what a text must contain, in small letters, to have one.
    """

    type: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool] | None = None
    context: bool = False
    needles: tuple[str, ...] = ()

    @property
    def begins_with_digit(self) -> bool:
        """Whether it begins with a digit, or may."""
        return bool(self.needles)


def _regex(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(_EDGE + pattern.replace("~", _GAP) + _END, flags)


_DNI = tuple(_DNI_LETTERS.lower())

KINDS = (
    Kind("cn_id", _regex(r"\d{6} ?\d{8} ?\d{3} ?[Xx]"), cn_id, needles=("x",)),
    Kind("fr_nir", _regex(r"[123478]~\d{2}~\d{2}~2~[AB]~\d{3}~\d{3}~\d{2}"), fr_nir, needles=("a", "b")),
    Kind("br_cnpj", _regex(r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d\d"), br_cnpj, needles=("/",)),
    Kind("uk_nino", _regex(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]~\d\d~\d\d~\d\d~[A-D]"), _nino),
    Kind("uk_nino", _regex(r"[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z]~\d\d~\d\d~\d\d~[a-d]"), _nino, context=True),
    Kind("es_dni", _regex(r"\d{8}[ -]?[TRWAGMYFPDXBNJZSQVHLCKE]"), _dni, needles=_DNI),
    Kind("es_dni", _regex(r"\d{1,2}\.\d{3}\.\d{3}[ -]?[TRWAGMYFPDXBNJZSQVHLCKE]"), _dni, needles=_DNI),
    Kind(
        "es_dni",
        _regex(r"\d{7,8}~[trwagmyfpdxbnjzsqvhlcke]", re.IGNORECASE),
        _dni,
        context=True,
        needles=_DNI,
    ),
    Kind("es_nie", _regex(r"[XYZ][ -]?\d{7}[ -]?[TRWAGMYFPDXBNJZSQVHLCKE]"), _nie),
    Kind("es_nie", _regex(r"[xyz]~\d~\d{3}~\d{3}~[trwagmyfpdxbnjzsqvhlcke]", re.IGNORECASE), _nie, context=True),
    Kind(
        "it_fiscal_code",
        _regex(
            r"[A-Z]{3} ?[A-Z]{3} ?[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2} ?[A-Z][\dLMNP-V]{3} ?[A-Z]", re.IGNORECASE
        ),
        _fiscal_code,
    ),
    Kind("de_id_card", _regex(r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}[ ]?\d"), _id_card),
    Kind("de_id_card", _regex(r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}"), None, context=True),
    Kind("in_pan", _regex(r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]")),
    Kind("in_pan", _regex(r"[a-z]{3}[abcfghljpt][a-z]~\d{4}~[a-z]", re.IGNORECASE), None, context=True),
)

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR":
    29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20,
    "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR":
    27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30,
    "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD":
    24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD":
    18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26,
    "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by country (SWIFT's IBAN registry)."""

_IBAN_START = re.compile(_EDGE + r"[A-Za-z]{2}[ \-]?\d[ ]?\d")
_ALNUM = re.compile(r"[ \-\t\r\n]{0,2}[0-9A-Za-z]")

_PASSPORT = re.compile(
    _EDGE + r"(?:[A-Z]{1,3} ?\d{6,8}|\d{8,9}|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}|\d{2}[A-Z]{2}\d{5})" + _END
)
_MRZ = re.compile(r"(?<![A-Z0-9<])P[A-Z<][A-Z]{3}[A-Z<]{39}(?:\s{1,3}[A-Z0-9<]{44})?(?![A-Z0-9<])")

_CN_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][ ·•.-]?"
    r"(?=[A-Z0-9]{0,5}\d)[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]" + _END
)
_PLATE = re.compile(
    _EDGE + r"(?=[A-ZÄÖÜ0-9]{0,4}[ -]?[A-Z0-9]{0,4}[ -]?[A-Z0-9]{0,3}\d)"
    r"(?:[A-ZÄÖÜ]{1,3}[ -][A-Z]{1,2}[ -]\d{1,4}[EH]?|[A-Z0-9]{1,4}[ -]?[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{1,4})?(?:[ -]?\d{4})?)"
    + _END
)
_PLATE_WORD = re.compile(
    r"(?<![^\W_])(?:license plates?|licence plates?|number ?plates?|plates?|kennzeichen|nummernschild|immatriculation|"
    r"immatriculée?|plaque|matr[ií]cula|targat?a|kenteken|nummerplaat|placa|registration(?: number)?)(?![^\W_])"
    r"(?:[ ]?(?:is|ist|est|es|é|è|no\.?|nr\.?|n°|number|nummer|número|reads?|lautet|was|war|with|mit|von|de|da|do|del|della))?"
    r"[ :#=]{1,3}"
    r"|(?:车牌号?码?|牌照)[是为:： ]{0,3}",
    re.IGNORECASE,
)


_ANCHOR = re.compile(_EDGE + r"(?=(?:[A-Za-z]{3} )?[A-Za-z]{1,8}[ .\-\t\r\n]{0,2}\d)")
"""Where letters begin that a digit follows: most texts have few such places, and most kinds begin there."""

_OF_LETTERS = tuple(kind for kind in KINDS if not kind.begins_with_digit)
_OF_DIGITS = tuple(kind for kind in KINDS if kind.begins_with_digit)


def find_letters(text: str) -> Iterator[Finding]:
    """Yield the numbers with letters in them, of a text that `canonical` made and that has a digit."""
    for anchor in _ANCHOR.finditer(text):
        for kind in _OF_LETTERS:
            if match := kind.pattern.match(text, anchor.start()):
                yield from _checked(kind, match, text)
        if iban := _iban(text, anchor.start()):
            yield iban
    lower = text.lower()
    for kind in _OF_DIGITS:
        if any(needle in lower for needle in kind.needles):
            for match in kind.pattern.finditer(text):
                yield from _checked(kind, match, text)
    if "<<" in text or any(word in lower for word in _PASSPORT_WORDS):
        yield from _passports(text)
    if not text.isascii():
        for match in _CN_PLATE.finditer(text):
            yield Finding(*match.span(), "plate", bare(match.group()))
    if any(word in lower for word in _PLATE_WORDS):
        yield from _plates(text)


def _checked(kind: Kind, match: re.Match[str], text: str) -> Iterator[Finding]:
    value = bare(match.group())
    if kind.check is None or kind.check(value):
        is_named = has_context(kind.type, text, *match.span())
        if is_named or not kind.context:
            yield Finding(*match.span(), kind.type, value, is_named)


_PASSPORT_WORDS = ("pass", "pasap", "paspo", "护照", "पास")
_PLATE_WORDS = (
    "plate", "kennz", "nummerns", "nummerpl", "immatric", "plaque", "matr", "targ", "kentek", "placa", "regist", "车牌", "牌照",
)  # fmt: skip
"""What a text must contain, in small letters, to be searched for passports and for licence plates."""


def bare(text: str) -> str:
    """Return letters and digits alone, in capitals.

    Examples
    --------
    >>> bare("12.345-z")
    '12345Z'
    """
    return "".join(filter(str.isalnum, text)).upper()


def _iban(text: str, start: int) -> Finding | None:
    match = _IBAN_START.match(text, start)
    if match is None:
        return None
    value = bare(match.group())
    length = IBAN_LENGTHS.get(value[:2])
    if length is None:
        return None
    end = match.end()
    while len(value) < length and (char := _ALNUM.match(text, end)):
        value += char.group()[-1].upper()
        end = char.end()
    written = text[start:end]
    is_spaced = len(written) > length
    if len(value) != length or _continues(text, end) or (is_spaced and written != written.upper()):
        return None
    return Finding(start, end, "iban", value) if mod_97(value[4:] + value[:4]) == 1 else None


def _continues(text: str, end: int) -> bool:
    after = text[end : end + 1]
    return after.isascii() and (after.isalnum() or after == "_")


def _passports(text: str) -> Iterator[Finding]:
    if "<<" in text:
        for match in _MRZ.finditer(text):
            yield Finding(*match.span(), "passport", bare(match.group()))
    for match in _PASSPORT.finditer(text):
        if has_context("passport", text, *match.span()):
            yield Finding(*match.span(), "passport", bare(match.group()), is_named=True)


def _plates(text: str) -> Iterator[Finding]:
    for word in _PLATE_WORD.finditer(text):
        plate = _PLATE.match(text, word.end())
        if plate and (3 if "-" in plate.group() else 4) <= len(bare(plate.group())) <= 10:
            yield Finding(*plate.span(), "plate", bare(plate.group()), is_named=True)
