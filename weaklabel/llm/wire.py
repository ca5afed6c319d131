"""Requests and replies as the OpenAI chat protocol has them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from weaklabel.llm.logprobs import choice_probs
from weaklabel.llm.model import Reading, canonical
from weaklabel.llm.prompt import Answer, Message, Prompt, Usage

Constraint = Literal["structured_outputs", "guided_choice", "schema", "logit_bias", "none"]

ANSWER = "answer"
"""The key of the choice in an answer that is JSON."""

TOP_LOGPROBS = 20

WRAPPER = 16
"""Tokens that an answer takes in addition if it is JSON."""

OVERHEAD, OVERHEAD_OF_MESSAGE = 256, 16
"""Tokens that a server may add to a prompt, such as its own system message, and for each message."""


@dataclass(frozen=True)
class Form:
    """How a request is written for a server.

    Parameters
    ----------
    constraint
        How answers are kept to the choices.
    limit
        The name of the most tokens of an answer.
    without
        Fields that the server refuses.
    has_system
        Whether there may be system messages; otherwise they stand at the beginning of the user's first.
    """

    constraint: Constraint = "schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    without: tuple[str, ...] = ()
    has_system: bool = True

    def to_json(self) -> str:
        """Return it as text."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Form:
        """Return what `to_json` wrote."""
        value = json.loads(text)
        return cls(value["constraint"], value["limit"], tuple(value["without"]), value.get("has_system", True))


def request_body(
    model: str, parameters: Mapping[str, Any], prompt: Prompt, form: Form, bias: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return the body of a request.

    Parameters
    ----------
    model
        The name of the model.
    parameters
        Further fields, such as ``top_p``.
    form
        How the server takes it.
    bias
        A bias for the token of each choice, for servers that take nothing better; the answer is that one token.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": each.role, "content": each.content}
            for each in (prompt.messages if form.has_system else _without_system(prompt.messages))
        ],
        "temperature": prompt.temperature,
        "seed": prompt.seed,
        form.limit: most_tokens(prompt),
    }
    if prompt.samples > 1:
        body["n"] = prompt.samples
    if prompt.logprobs:
        body["logprobs"] = True
        body["top_logprobs"] = TOP_LOGPROBS
    if prompt.choices:
        if form.constraint == "structured_outputs":
            body["structured_outputs"] = {"choice": list(prompt.choices)}
        elif form.constraint == "guided_choice":
            body["guided_choice"] = list(prompt.choices)
        elif form.constraint == "schema":
            body["response_format"] = _json_answer(_schema_of(prompt.choices))
        elif form.constraint == "logit_bias" and bias:
            body["logit_bias"] = dict(bias)
            body[form.limit] = 1
    elif prompt.schema and form.constraint != "none":
        body["response_format"] = _json_answer(json.loads(prompt.schema))
    body |= parameters
    for name in form.without:
        body.pop(name, None)
        if name == "logprobs":
            body.pop("top_logprobs", None)
    return body


def _without_system(messages: Sequence[Message]) -> list[Message]:
    instructions = [each.content for each in messages if each.role == "system"]
    others = [each for each in messages if each.role != "system"]
    if others and others[0].role == "user":
        return [Message("user", "\n\n".join([*instructions, others[0].content])), *others[1:]]
    return [Message("user", "\n\n".join(instructions)), *others]


def _json_answer(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": ANSWER, "strict": True, "schema": schema}}


def _schema_of(choices: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {ANSWER: {"type": "string", "enum": list(choices)}},
        "required": [ANSWER],
        "additionalProperties": False,
    }


def most_tokens(prompt: Prompt) -> int:
    """Return the tokens after which a server cuts an answer off."""
    return prompt.max_tokens + (WRAPPER if prompt.choices else 0)


def upper_bound(prompt: Prompt) -> Usage:
    """Return what is billed at most: a token has a byte at least, and a server may add its own messages and the schema.

    Normal forms of Unicode, which some tokenizers apply, may be longer than the text.
    """
    texts = [each.content for each in prompt.messages]
    size = sum(max(_bytes(text), _bytes(unicodedata.normalize("NFKC", text))) for text in texts)
    extra = canonical(_schema_of(prompt.choices)) if prompt.choices else prompt.schema
    size += _bytes(extra) + OVERHEAD + OVERHEAD_OF_MESSAGE * len(texts)
    return Usage(size, most_tokens(prompt) * prompt.samples)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def read_reply(prompt: Prompt, text: str) -> Reading:
    """Read the body of a reply, whatever a server may have put there."""
    value = json.loads(text)
    usage = _usage(value.get("usage"))
    choices = value.get("choices")
    rows = [row for row in choices if isinstance(row, dict)] if isinstance(choices, list) else []
    if not rows:
        return Reading((), usage, "the reply has no answer in it", may_succeed=True)
    answers = [_answer(prompt, row) for row in sorted(rows, key=_index)[: prompt.samples]]
    told = tuple(answer for answer in answers if answer is not None)
    if not told:
        reason = rows[0].get("finish_reason")
        return Reading((), usage, _why_empty(reason), may_succeed=reason not in ("content_filter", "length"))
    return Reading(told, usage)


def _index(row: Mapping[str, Any]) -> int:
    index = row.get("index", 0)
    return index if isinstance(index, int) else 0


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    prompt_tokens, completion_tokens = _tokens(value.get("prompt_tokens")), _tokens(value.get("completion_tokens", 0))
    if prompt_tokens is None or completion_tokens is None:
        return None
    # Some servers count what a model thinks only in the total.
    return Usage(prompt_tokens, max(completion_tokens, (_tokens(value.get("total_tokens")) or 0) - prompt_tokens))


def _tokens(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _why_empty(reason: Any) -> str:
    if reason == "content_filter":
        return "the server's content filter withheld the answer"
    if reason == "length":
        return "the answer was cut off before it began: raise max_tokens"
    return "the reply has no text in it"


def _answer(prompt: Prompt, row: Mapping[str, Any]) -> Answer | None:
    message = row.get("message")
    message = message if isinstance(message, dict) else {}
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    if not isinstance(content, str) or not content.strip():
        content = message.get("refusal")
        if not isinstance(content, str) or not content.strip():
            return None
    text = the_choice(content, prompt.choices) if prompt.choices else content
    probs = choice_probs(prompt.choices, content, row.get("logprobs")) if prompt.logprobs and prompt.choices else None
    return Answer(text, probs, row.get("finish_reason") != "length" or text in prompt.choices)


def the_choice(content: str, choices: Sequence[str]) -> str:
    """Return the choice that an answer is, alone or as JSON; the answer as it is if it is none.

    Letter case, quotes around it, a full stop after it and thoughts before it make no difference; further words do.

    Examples
    --------
    >>> the_choice('{"answer": "spam"}', ("spam", "ham")), the_choice(" Spam.", ("spam", "ham"))
    ('spam', 'spam')
    >>> the_choice("It is spam", ("spam", "ham"))
    'It is spam'
    """
    bare = _from_json(content)
    for plain in (content, bare, bare.strip(), _without_marks(bare)):
        if plain in choices:
            return plain
        folded = [choice for choice in choices if choice.casefold() == plain.casefold()]
        if len(folded) == 1:
            return folded[0]
    return content


def _from_json(content: str) -> str:
    stripped = _after_thinking(content)
    if stripped.startswith("```") and stripped.endswith("```"):
        stripped = stripped[3:-3].removeprefix("json").strip()
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return stripped
    if isinstance(value, dict) and list(value) == [ANSWER]:
        value = value[ANSWER]
    return value if isinstance(value, str) else stripped


def _after_thinking(content: str) -> str:
    """Return what follows the thoughts of a model that writes them down."""
    stripped = content.strip()
    return stripped.rpartition("</think>")[2].strip() if stripped.startswith("<think>") else stripped


def _without_marks(text: str) -> str:
    return text.strip().strip("\"'`*“”‘’「」《》").rstrip(".。").strip("\"'`*“”‘’「」《》").strip()
