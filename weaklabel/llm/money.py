"""Money, in whole millionths of a millionth of the currency, so that sums are exact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from weaklabel.llm.prompt import Usage

UNITS = 10**12
"""Units of money in one of the currency."""


@dataclass(frozen=True)
class Price:
    """Units of money for a token of a prompt and of an answer."""

    prompt: int
    completion: int

    def of(self, usage: Usage) -> int:
        """Return the units of money for so many tokens."""
        return usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion


def shown_money(units: int) -> str:
    """Return units of money as a number in the currency, with as many digits as it has but two at least."""
    digits = f"{Decimal(units) / UNITS:f}"
    whole, _, rest = digits.partition(".")
    return f"{int(whole):,}.{rest.rstrip('0').ljust(2, '0')}"


def units_of(money: float) -> int:
    """Return the units of an amount in the currency."""
    return int((Decimal(str(money)) * UNITS).to_integral_value(ROUND_CEILING))
