"""What requests will cost and have cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True)
class Estimate:
    """What it takes to ask one model.

    Parameters
    ----------
    model
        Its name in the price table.
    requests
        Requests that are to be sent.
    kept
        Different prompts whose replies are in the ledger already, which cost nothing.
    prompt_tokens, completion_tokens
        What is expected to be used.
    most_tokens
        An upper bound of the tokens; so much is reserved before sending.
    money
        What the expected tokens cost; None if the price table does not have the model.
    most_money
        What the upper bound costs.
    currency
        The currency of the money.
    basis
        What the expectation is taken from: replies of the same model, its tokenizer, or only the length of texts.
    """

    model: str
    requests: int
    kept: int
    prompt_tokens: int
    completion_tokens: int
    most_tokens: int
    money: Decimal | None
    most_money: Decimal | None
    currency: str
    basis: Literal["replies", "tokenizer", "length"]

    @property
    def tokens(self) -> int:
        """Tokens that are expected, of prompts and answers."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class ModelSpent:
    """What one model took.

    Parameters
    ----------
    requests
        Requests that were sent.
    kept
        Prompts that were answered from the ledger, by this process.
    prompt_tokens, completion_tokens
        Tokens that count as spent; those of requests without a reply are among them with their upper bound.
    money
        What they cost; None if the price table does not have the model.
    retries
        Requests that were sent again.
    refused
        Requests that the server refused, which cost nothing.
    unknown
        Requests whose reply never arrived, such as those under way when the process was killed.
    unknown_tokens
        The tokens that are counted for those.
    off_list
        Answers that are not among the choices.
    cut
        Answers that were cut off.
    failed
        Replies without an answer.
    """

    requests: int = 0
    kept: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: Decimal | None = None
    retries: int = 0
    refused: int = 0
    unknown: int = 0
    unknown_tokens: int = 0
    off_list: int = 0
    cut: int = 0
    failed: int = 0

    @property
    def tokens(self) -> int:
        """Tokens that count as spent."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class Spent:
    """What a budget has spent, over all runs that share it.

    Parameters
    ----------
    models
        By the name of the model.
    seconds
        Time spent waiting for replies.
    currency
        The currency of the money.
    protected
        Texts in which personal data was hidden before they were sent, by this process; None if nothing looked for it.
    """

    models: Mapping[str, ModelSpent]
    seconds: float
    currency: str
    protected: int | None

    @property
    def requests(self) -> int:
        """Requests that were sent."""
        return sum(each.requests for each in self.models.values())

    @property
    def tokens(self) -> int:
        """Tokens that count as spent."""
        return sum(each.tokens for each in self.models.values())

    @property
    def money(self) -> Decimal:
        """Money that is spent on models that have a price."""
        return sum((each.money for each in self.models.values() if each.money is not None), Decimal(0))
