"""Batch files: requests that a provider answers later and cheaper, in the JSONL form of OpenAI's batch API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from weaklabel.errors import LanguageModelError
from weaklabel.llm.budget import Budget
from weaklabel.llm.model import LanguageModel, canonical
from weaklabel.llm.money import Price
from weaklabel.llm.prompt import Prompt, Usage
from weaklabel.llm.sending import seen_in
from weaklabel.support.files import StrPath, atomic_path

MOST_REQUESTS = 50_000
"""Requests that OpenAI takes in one file."""


@dataclass(frozen=True)
class BatchWritten:
    """What was written.

    Parameters
    ----------
    files
        More than one if there are more requests than a file may have.
    requests
        Requests in the files.
    kept
        Prompts that are left out since the ledger has their replies.
    most
        Tokens that the requests take at most; they are reserved.
    """

    files: tuple[Path, ...]
    requests: int
    kept: int
    most: Usage


@dataclass(frozen=True)
class BatchRead:
    """What was read.

    Parameters
    ----------
    lines
        Lines of the files.
    replies
        Replies that are now in the ledger.
    usage
        What they took.
    kept
        Lines whose reply was in the ledger already.
    failures
        Requests that were not answered, by what the provider says; nothing is billed for them.
    unmatched
        Numbers of the lines that belong to none of the prompts; they are not read.
    missing
        Prompts without a reply.
    """

    lines: int
    replies: int
    usage: Usage
    kept: int
    failures: Mapping[str, int]
    unmatched: tuple[int, ...]
    missing: int


def write_batch(
    model: LanguageModel, prompts: Mapping[bytes, Prompt], budget: Budget, price: Price | None, path: StrPath
) -> BatchWritten:
    """Write the requests without a reply, and reserve what they take; see `weaklabel.llm.Asking.write_batch`."""
    kept = budget.ledger.replies(list(prompts))
    to_write = {key: prompt for key, prompt in prompts.items() if key not in kept}
    lines = {key: model.batch_request(prompt) for key, prompt in to_write.items()}
    most = {key: model.tokens(prompt) for key, prompt in to_write.items()}
    budget.reserve_batch(most, model.name, price)
    files = []
    rest = iter(lines.items())
    n_files = -(-len(lines) // MOST_REQUESTS)
    for number in range(1, n_files + 1):
        file = Path(path) if n_files == 1 else Path(path).with_name(f"{Path(path).stem}-{number}{Path(path).suffix}")
        with atomic_path(file) as part, part.open("w", encoding="utf-8", newline="\n") as handle:
            for key, line in islice(rest, MOST_REQUESTS):
                handle.write(canonical({"custom_id": key.hex(), "method": "POST", **line}) + "\n")
        files.append(file)
    return BatchWritten(tuple(files), len(lines), len(kept), sum(most.values(), Usage(0, 0)))


def read_batch(
    model: LanguageModel, prompts: Mapping[bytes, Prompt], budget: Budget, price: Price | None, paths: Sequence[StrPath]
) -> BatchRead:
    """Read files of replies into the ledger; see `weaklabel.llm.Asking.read_batch`."""
    replies, kept, usage = 0, 0, Usage(0, 0)
    failures: dict[str, int] = {}
    unmatched = []
    n_lines = 0
    for number, line in _lines(paths):
        n_lines += 1
        key = _key(line)
        prompt = prompts.get(key)
        if prompt is None:
            unmatched.append(number)
            continue
        if budget.ledger.replies([key]):
            kept += 1
            continue
        text, failure = _reply_in(line)
        if failure:
            failures[failure] = failures.get(failure, 0) + 1
            budget.drop_batch([key], was_sent=True)
            continue
        reading = model.read(prompt, text)
        reserved = budget.reserved_in_batch(key, model.name, model.tokens(prompt), price)
        budget.paid(
            reserved, key, model.name, price, text, reading.usage, final=True, billed_once=False,
            seen=seen_in(prompt, reading),
        )  # fmt: skip
        replies += 1
        usage += reading.usage or reserved.usage
    missing = len(prompts) - len(budget.ledger.replies(list(prompts)))
    return BatchRead(n_lines, replies, usage, kept, failures, tuple(unmatched), missing)


def check_batch(read: BatchRead, paths: Sequence[StrPath]) -> None:
    """Refuse, as a `LanguageModelError`, files of which no line belonged to a prompt."""
    if read.lines and len(read.unmatched) == read.lines:
        raise LanguageModelError(
            f"none of the {read.lines:,} lines of {', '.join(map(str, paths))} is the reply to one of these prompts: it is "
            "the file of another batch, or the prompts, the model or its URL have changed since"
        )


def _lines(paths: Sequence[StrPath]) -> Iterator[tuple[int, Any]]:
    """Give the lines of files, numbered through."""
    number = 0
    for path in paths:
        try:
            with Path(path).open(encoding="utf-8") as handle:
                for place, line in enumerate(handle, 1):
                    number += 1
                    if line.strip():
                        yield number, _value(line, path, place)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise LanguageModelError(f"cannot read the replies {path}: {reason}; download the file again") from None


def _value(line: str, path: StrPath, place: int) -> Any:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise LanguageModelError(
            f"line {place} of {path} is not a JSON object: the file is cut off or is none of a batch; lines before it are in "
            "the ledger, so download the file and read it again"
        )
    return value


def _key(line: Mapping[str, Any]) -> bytes:
    given = line.get("custom_id")
    try:
        return bytes.fromhex(given) if isinstance(given, str) else b""
    except ValueError:
        return b""


def _reply_in(line: Mapping[str, Any]) -> tuple[str, str]:
    """Return the body of a reply, or why there is none."""
    response, error = line.get("response"), line.get("error")
    body = response.get("body") if isinstance(response, dict) else None
    status = response.get("status_code") if isinstance(response, dict) else None
    if status == 200 and isinstance(body, dict) and "choices" in body:
        return canonical(body), ""
    if not isinstance(error, dict):
        error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return "", str(message or f"status {status}")[:200]
