"""Check digits of numbers that name a person or an account; each takes digits (or capital letters) without separators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


def luhn(digits: str) -> bool:
    """Return whether digits pass the Luhn check (ISO/IEC 7812-1).

    Examples
    --------
    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = str.maketrans("0123456789", "0246813579")
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(map(int, even.translate(doubled)))) % 10 == 0


def mod_97(text: str) -> int:
    """Return the remainder by 97 of a text whose letters count from A = 10 (ISO 7064).

    Examples
    --------
    >>> mod_97("3214282912345698765432161182")  # an IBAN with its first four characters at the end
    1
    """
    return int("".join(str(int(char, 36)) for char in text)) % 97


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of digits, each times its weight.

    Examples
    --------
    >>> weighted("123", (3, 2, 1))
    10
    """
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


_VERHOEFF_PRODUCTS = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
"""The group of symmetries of a pentagon."""

_VERHOEFF_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
"""The permutation that is applied once more at each place."""


def verhoeff(digits: str) -> bool:
    """Return whether digits pass the check of Verhoeff, "Error Detecting Decimal Codes" (1969).

    Examples
    --------
    >>> verhoeff("2363"), verhoeff("2364")
    (True, False)
    """
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF_STEP[value]
        check = _VERHOEFF_PRODUCTS[check][value]
    return check == 0


def mod_11_10(digits: str) -> bool:
    """Return whether digits pass the check of ISO 7064, MOD 11,10.

    Examples
    --------
    >>> mod_11_10("36574261809"), mod_11_10("36574261808")
    (True, False)
    """
    check = 10
    for digit in digits[:-1]:
        check = (check + int(digit)) % 10 or 10
        check = check * 2 % 11
    return (check + int(digits[-1])) % 10 == 1


def icao(text: str) -> bool:
    """Return whether the last digit is the check digit of the text before it, by the rule of machine-readable passports.

    Weights 7, 3 and 1; letters count from A = 10 (ICAO Doc 9303, part 3).

    Examples
    --------
    >>> icao("T220001293"), icao("T220001294")
    (True, False)
    """
    body, check = text[:-1], text[-1]
    return sum(int(char, 36) * (7, 3, 1)[place % 3] for place, char in enumerate(body)) % 10 == int(check, 36)


def is_date(year: str, month: str, day: str) -> bool:
    """Return whether there is such a day.

    Examples
    --------
    >>> is_date("2024", "02", "29"), is_date("2023", "02", "29")
    (True, False)
    """
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
