"""From log-probabilities of tokens to probabilities of the choices."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LEAST_MASS = 1e-3
"""Probability that the choices must have together, for that of each to say anything."""


def choice_probs(choices: Sequence[str], content: str, logprobs: Any) -> dict[str, float] | None:
    """Return the probability of each choice; None where it cannot be told.

    The tokens of the answer are followed; at each, the alternatives that the server tells lead to other choices. An
    alternative that may still become several choices, but not all, is divided equally among them. A choice that is nowhere
    among the alternatives has 0. Letter case and spaces before the answer make no difference. The probabilities are
    divided by their sum, so that what is not a choice does not count.

    Parameters
    ----------
    choices
        All of them.
    content
        The answer, as it came: a choice, or JSON with it.
    logprobs
        The field ``logprobs`` of the reply.
    """
    tokens = list(_tokens(logprobs))
    if not tokens:
        return None
    heads = _heads(choices, content)
    if heads is None:
        return None
    head, tail, escape = heads
    targets = {choice: (head + escape(choice) + tail).encode("utf-8", "surrogatepass").lstrip() for choice in choices}
    fold = bytes.lower if len({target.lower() for target in targets.values()}) == len(targets) else bytes
    targets = {choice: fold(target) for choice, target in targets.items()}
    mass = dict.fromkeys(choices, 0.0)
    path, prefix, possible = 1.0, b"", list(choices)
    for token, logprob, alternatives in tokens:
        for other, its_logprob in alternatives.items():
            reached = _reached(targets, fold(prefix + other))
            if other != token and (reached != possible or len(possible) == 1):
                for choice in reached:
                    mass[choice] += path * math.exp(its_logprob) / len(reached)
        path *= math.exp(logprob)
        prefix += token
        possible = _reached(targets, fold(prefix))
        if len(possible) <= 1:
            for choice in possible:
                mass[choice] += path
            break
    else:  # the answer ends while it could still become several choices: it is the one that it equals
        for choice in choices:
            if targets[choice].rstrip() == fold(prefix).strip():
                mass[choice] += path
    total = sum(mass.values())
    if not total >= LEAST_MASS:
        return None
    return {choice: value / total for choice, value in mass.items()}


def _heads(choices: Sequence[str], content: str) -> Any:
    """Return what stands before and after the choice in an answer, and how the choice is written there."""
    if not content.lstrip().startswith("{"):
        blank = content[: len(content) - len(content.lstrip())]
        return blank, "", str
    for escape in (lambda text: json.dumps(text, ensure_ascii=False), json.dumps):
        for choice in sorted(choices, key=len, reverse=True):
            written = escape(choice)
            place = content.rfind(written)
            if place >= 0:
                return content[:place], '"', lambda text, escape=escape: escape(text)[:-1]
    return None


def _reached(targets: Mapping[str, bytes], written: bytes) -> list[str]:
    """Return the choices that an answer which begins so may be or become."""
    written = written.lstrip()
    if not written:
        return list(targets)
    exact = [choice for choice, target in targets.items() if target.startswith(written)]
    if exact:
        return exact
    over = [choice for choice, target in targets.items() if written.startswith(target)]
    longest = max((len(targets[choice]) for choice in over), default=0)
    return [choice for choice in over if len(targets[choice]) == longest]


def _tokens(logprobs: Any) -> Iterator[tuple[bytes, float, dict[bytes, float]]]:
    rows = logprobs.get("content") if isinstance(logprobs, dict) else None
    for row in rows if isinstance(rows, list) else []:
        token = _token(row)
        if token is None:
            return
        others = row.get("top_logprobs")
        told = [_token(other) for other in others] if isinstance(others, list) else []
        yield *token, dict(each for each in told if each is not None)


def _token(row: Any) -> tuple[bytes, float] | None:
    if not isinstance(row, dict) or not isinstance(row.get("token"), str):
        return None
    logprob, data = row.get("logprob"), row.get("bytes")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float) or math.isnan(logprob):
        return None
    if isinstance(data, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in data):
        return bytes(data), float(min(logprob, 0.0))
    return row["token"].encode("utf-8", "surrogatepass"), float(min(logprob, 0.0))
