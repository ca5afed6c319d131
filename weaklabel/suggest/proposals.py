"""Labeling functions that a language model proposes: read as data, strictly, and checked one by one.

Nothing of an answer is run: it holds keywords and regexes, which are evaluated in time linear in the text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from weaklabel.errors import LFError
from weaklabel.lf.regexes import check_pattern, flagged
from weaklabel.suggest.patterns import Pattern

MOST_LFS = 12
"""Labeling functions in one answer."""

MOST_KEYWORDS = 20
LONGEST_KEYWORD = 60
LONGEST_REGEX = 200
"""Characters."""

NOT_JSON = "the answer is not JSON of the form that was asked for"
NO_CLASS = "no such class"
NEITHER = "neither keywords nor a regex"
WRONG_KEYWORDS = "keywords that are blank, too long or too many"
WRONG_REGEX = "a regex that does not work"
LONG_REGEX = "a regex that is too long"
EMPTY_REGEX = "a regex that matches every text"
REPEATED = "proposed before"
NO_MATCH = "matches no text"
TOO_MANY = "matches too many texts"
VOTES_REPEATED = "votes as a labeling function does that there is"
WEAK = "too little evidence for the class, or evidence for another one"

REASONS = (
    NOT_JSON, NO_CLASS, NEITHER, WRONG_KEYWORDS, WRONG_REGEX, LONG_REGEX, EMPTY_REGEX, REPEATED, NO_MATCH, TOO_MANY,
    VOTES_REPEATED, WEAK,
)  # fmt: skip
"""Why something that was proposed is left out."""


@dataclass(frozen=True)
class Proposal:
    """A labeling function that was proposed.

    Attributes
    ----------
    label
        The class that it votes for.
    pattern
        What it looks for.
    """

    label: int
    pattern: Pattern


@dataclass(frozen=True)
class Proposed:
    """What a language model proposed.

    Attributes
    ----------
    model
        Its name.
    prompts
        How many prompts it answered.
    failures
        How many had no answer.
    lfs
        Proposals that can be used.
    left_out
        How many were left out, by `REASONS`.
    """

    model: str
    prompts: int
    failures: int
    lfs: tuple[Proposal, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def without(self, reasons: Mapping[str, int]) -> Proposed:
        """Return the same with further ones left out."""
        total = Counter(self.left_out) + Counter(reasons)
        ordered = {reason: total[reason] for reason in REASONS if total[reason]}
        return Proposed(self.model, self.prompts, self.failures, self.lfs, ordered)


def answer_schema(labels: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of an answer."""
    keywords = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_KEYWORDS}

    def entry(what: str, value: dict[str, Any]) -> dict[str, Any]:
        properties = {"label": {"type": "string", "enum": list(labels)}, what: value}
        return {"type": "object", "properties": properties, "required": ["label", what], "additionalProperties": False}

    kinds = [entry("keywords", keywords), entry("regex", {"type": "string"})]
    lfs = {"type": "array", "items": {"anyOf": kinds}, "maxItems": MOST_LFS}
    return {"type": "object", "properties": {"lfs": lfs}, "required": ["lfs"], "additionalProperties": False}


def read_answer(text: str, labels: Sequence[str]) -> tuple[list[Proposal], Counter[str]]:
    r"""Read the proposals in an answer, and count what is left out, by reason.

    Examples
    --------
    >>> answer = '{"lfs": [{"label": "spam", "keywords": ["prize"]}, {"label": "spam", "regex": "("}]}'
    >>> proposals, left_out = read_answer(answer, ["ham", "spam"])
    >>> proposals[0].label, proposals[0].pattern.patterns, left_out
    (1, ('prize',), Counter({'a regex that does not work': 1}))
    """
    left_out: Counter[str] = Counter()
    entries = _entries(text)
    if entries is None:
        return [], Counter({NOT_JSON: 1})
    proposals = []
    for entry in entries:
        read = _proposal(entry, labels)
        if isinstance(read, Proposal):
            proposals.append(read)
        else:
            left_out[read] += 1
    return proposals, left_out


def different(proposals: Sequence[Proposal]) -> tuple[tuple[Proposal, ...], Counter[str]]:
    """Return each proposal once, whatever the case and order of its keywords."""
    seen: dict[tuple[Any, ...], Proposal] = {}
    for proposal in proposals:
        pattern = proposal.pattern
        words = (pattern.regex,) if pattern.regex else tuple(sorted(word.casefold() for word in pattern.phrases))
        seen.setdefault((proposal.label, pattern.kind, words), proposal)
    repeated = len(proposals) - len(seen)
    return tuple(seen.values()), Counter({REPEATED: repeated} if repeated else {})


def _entries(text: str) -> list[Any] | None:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        stripped = stripped[3:-3].removeprefix("json").strip()
    try:
        value = json.loads(stripped, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    entries = value.get("lfs") if isinstance(value, dict) and list(value) == ["lfs"] else None
    return entries[:MOST_LFS] if isinstance(entries, list) else None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is there twice")
    return value


def _proposal(entry: Any, labels: Sequence[str]) -> Proposal | str:
    """Return a proposal, or why it is none."""
    if not isinstance(entry, dict) or not isinstance(entry.get("label"), str):
        return NEITHER
    if entry["label"] not in labels:
        return NO_CLASS
    label = list(labels).index(entry["label"])
    if set(entry) == {"label", "keywords"}:
        words = _keywords(entry["keywords"])
        return Proposal(label, Pattern(words, source="llm")) if words else WRONG_KEYWORDS
    if set(entry) == {"label", "regex"} and isinstance(entry["regex"], str):
        reason = _wrong_regex(entry["regex"])
        return reason or Proposal(label, Pattern((entry["regex"],), regex=entry["regex"], source="llm"))
    return NEITHER


def _keywords(words: Any) -> tuple[str, ...]:
    if not isinstance(words, list) or len(words) > MOST_KEYWORDS:
        return ()
    plain = [" ".join(word.split()) if isinstance(word, str) else "" for word in words]
    usable = all(word.isprintable() and 0 < len(word) <= LONGEST_KEYWORD for word in plain)
    return tuple(dict.fromkeys(plain)) if usable else ()


def _wrong_regex(regex: str) -> str:
    if len(regex) > LONGEST_REGEX or not regex.isprintable():
        return LONG_REGEX
    try:
        check_pattern("proposal", regex, True)
    except LFError:
        return WRONG_REGEX
    return EMPTY_REGEX if pl.Series([""]).str.contains(flagged(regex, True))[0] else ""
