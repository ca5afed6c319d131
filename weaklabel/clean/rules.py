"""The rules of cleaning: each has a name, a value that can be set or switched off, and one thing that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from weaklabel.clean import repairs
from weaklabel.clean.measures import Measures, Numbers
from weaklabel.clean.repairs import FORMS, Repair, Value
from weaklabel.errors import ConfigError, nearest

Measure: TypeAlias = Callable[[Measures], Numbers]


@dataclass(frozen=True)
class Rule:
    """What a rule of cleaning does.

    Attributes
    ----------
    name
        Its name; that of a filter says whether its value is the smallest (``min-``) or largest (``max-``) number allowed.
    kind
        A ``repair`` changes the text, a ``filter`` drops the row.
    about
        What it does, in one line.
    usual
        Its value where it is switched on without one; True for a rule that has no value.
    repair
        What a repair does with a column of texts.
    measure
        What a filter measures.
    least, most
        The range of its value, where that is a number.
    choices
        The values that it can have, where they are names.
    """

    name: str
    kind: Literal["repair", "filter"]
    about: str
    usual: Value = True
    repair: Repair | None = None
    measure: Measure | None = None
    least: float = 0
    most: float = float("inf")
    choices: tuple[str, ...] = ()

    @property
    def is_least(self) -> bool:
        """Whether a filter drops what is below its value, rather than above."""
        return self.name.startswith("min-")

    def checked(self, value: object) -> Value | None:
        """Return a value for the rule, from a project file, the command line or Python; None if it switches the rule off.

        Raises
        ------
        ConfigError
            The rule has no such value; says which it has.
        """
        text = str(value).strip() if isinstance(value, str) else None
        if value is None or value is False or text in ("off", "false"):
            return None
        if value is True or text in ("on", "true"):
            return self.usual
        if isinstance(self.usual, bool):
            raise ConfigError(f"rule '{self.name}' is switched on or off, and has no value such as {value!r}")
        if isinstance(self.usual, tuple):
            return self._names(value)
        if isinstance(self.usual, str):
            if text not in self.choices:
                raise ConfigError(
                    f"rule '{self.name}' can be {', '.join(self.choices)} or off, not {value!r}"
                    f"{nearest(text or '', self.choices)}"
                )
            return text
        return self._number(value)

    def _names(self, value: object) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        names = tuple(str(part).strip() for part in parts) if isinstance(parts, Iterable) else ()
        if not names or not all(2 <= len(name) <= 3 and name.isalpha() and name.islower() for name in names):
            raise ConfigError(f"rule '{self.name}' needs codes such as en or en,zh, or 'any', not {value!r}")
        return names

    def _number(self, value: object) -> int | float:
        whole = isinstance(self.usual, int)
        try:
            number = int(str(value)) if whole else float(str(value))
        except ValueError:
            number = float("nan")
        if not self.least <= number <= self.most:
            kind = "a whole number" if whole else "a number"
            span = f"from {self.least:g} to {self.most:g}" if self.most < float("inf") else f"from {self.least:g} on"
            raise ConfigError(f"rule '{self.name}' needs {kind} {span}, or off, not {value!r}")
        return number


def _repair(name: str, about: str, repair: Repair | None, usual: Value = True, **limits: object) -> Rule:
    return Rule(name, "repair", about, usual, repair=repair, **limits)  # type: ignore[arg-type]


def _filter(
    name: str, about: str, usual: Value, measure: Measure | None, least: float = 0, most: float = float("inf")
) -> Rule:
    return Rule(name, "filter", about, usual, measure=measure, least=least, most=most)


def _share(name: str, about: str, usual: float, measure: Measure) -> Rule:
    return _filter(name, about, usual, measure, 0, 1)


def _top(n: int, usual: float) -> Rule:
    return _share(
        f"max-top-{n}-gram",
        f"share of characters in the run of {n} tokens that takes most, if repeated",
        usual,
        lambda measures: measures.grams.top(n),
    )


def _duplicate(n: int, usual: float) -> Rule:
    return _share(
        f"max-duplicate-{n}-grams",
        f"share of characters in runs of {n} tokens that stood before",
        usual,
        lambda measures: measures.grams.duplicate(n),
    )


_ALL = (
    _repair("html", "remove tags, comments and scripts of HTML, resolve entities", repairs.html_remains),
    _repair("mojibake", "undo wrong decoding, such as schÃ¶n", repairs.mojibake),
    _repair("control-characters", "remove control characters and terminal escapes", repairs.control_characters),
    _repair(
        "invisible-characters",
        "remove zero-width characters, direction marks and the like",
        repairs.invisible_characters,
    ),
    _repair("normal-form", "bring into a normal form of Unicode", repairs.normal_form, "NFC", choices=FORMS),
    _repair("white-space", "one space, one line end, at most one blank line, bare ends", repairs.white_space),
    _repair(
        "line-max-word", "remove lines with a word of more characters", repairs.lines_of_short_words, 1000, least=1
    ),
    _repair("citations", "remove [1], [edit] and [citation needed]", repairs.citations),
    _repair("line-end", "remove lines that do not end in terminal punctuation", repairs.punctuated_lines),
    _repair("line-min-words", "remove lines of fewer words", repairs.long_lines, 5, least=1),
    _repair("line-javascript", "remove lines that mention JavaScript", repairs.lines_without_javascript),
    _repair("line-policies", "remove lines on cookies, terms of use, privacy policies", repairs.lines_without_policies),
    _repair("boilerplate", "remove lines that occur in so many documents or more", None, 20, least=2),
    Rule("empty", "filter", "drop texts in which nothing is left"),
    Rule("language", "filter", "drop texts that are surely in another language", ("any",)),
    _share("min-language-confidence", "confidence that the text is in its language", 0.65, lambda m: m.confidence),
    _filter("min-characters", "number of characters", 10, lambda m: m.characters),
    _filter("max-characters", "number of characters", 100_000, lambda m: m.characters),
    _filter("min-words", "number of words", 3, lambda m: m.words),
    _filter("max-words", "number of words", 100_000, lambda m: m.words),
    _filter("min-sentences", "number of sentences", 3, lambda m: m.sentences),
    _filter("min-mean-word-length", "characters of a word on average", 3.0, lambda m: m.mean_word_length),
    _filter("max-mean-word-length", "characters of a word on average", 10.0, lambda m: m.mean_word_length),
    _filter("max-symbols-per-word", "hash signs, or ellipses, per word", 0.1, lambda m: m.symbols_per_word),
    _share("max-bullet-lines", "share of lines that begin with a bullet", 0.9, lambda m: m.bullet_lines),
    _share("max-ellipsis-lines", "share of lines that end in an ellipsis", 0.3, lambda m: m.ellipsis_lines),
    _share("min-alphabetic-words", "share of tokens with a letter", 0.8, lambda m: m.alphabetic_words),
    _filter("min-stop-words", "number of the, be, to, of, and, that, have, with", 2, lambda m: m.stop_words),
    _share("max-duplicate-lines", "share of lines that stood before", 0.3, lambda m: m.duplicate_lines),
    _share("max-duplicate-paragraphs", "share of paragraphs that stood before", 0.3, lambda m: m.duplicate_paragraphs),
    _share(
        "max-duplicate-line-characters",
        "share of characters in lines that stood before",
        0.2,
        lambda m: m.duplicate_line_characters,
    ),
    _share(
        "max-duplicate-paragraph-characters",
        "share of characters in paragraphs that stood before",
        0.2,
        lambda m: m.duplicate_paragraph_characters,
    ),
    *(_top(n, usual) for n, usual in ((2, 0.2), (3, 0.18), (4, 0.16))),
    *(_duplicate(n, usual) for n, usual in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1))),
    _share("min-punctuated-lines", "share of lines that end in punctuation", 0.12, lambda m: m.punctuated_lines),
    _share("max-short-lines", "share of lines of at most 30 characters", 0.67, lambda m: m.short_lines),
    _filter("max-line-breaks-per-word", "line breaks per word", 0.3, lambda m: m.line_breaks_per_word),
    Rule("curly-brackets", "filter", "drop texts with a curly bracket", measure=lambda m: m.count(r"\{")),
    Rule("lorem-ipsum", "filter", "drop texts with 'lorem ipsum'", measure=lambda m: m.count("(?i)lorem ipsum")),
    _share("max-symbols", "share of characters that are no letter, mark or digit", 0.4, lambda m: m.symbol_share),
    _share("max-digits", "share of characters that are digits", 0.5, lambda m: m.digit_share),
    _share("max-uppercase", "share of letters that are capitals", 0.7, lambda m: m.uppercase_share),
    _share("max-replacements", "share of characters that stand for lost ones", 0.01, lambda m: m.replacement_share),
    _share("max-gibberish", "share of characters in tokens that look random", 0.3, lambda m: m.gibberish),
)

RULES: Mapping[str, Rule] = {rule.name: rule for rule in _ALL}
"""Every rule by its name, in the order in which they are applied: repairs, then filters."""

_LIGHT: dict[str, Value] = {
    "html": True,
    "mojibake": True,
    "control-characters": True,
    "invisible-characters": True,
    "normal-form": "NFC",
    "white-space": True,
    "empty": True,
}

_C4_LINES: dict[str, Value] = {
    "line-max-word": 1000,
    "citations": True,
    "line-min-words": 5,
    "line-javascript": True,
    "line-policies": True,
    "min-sentences": 3,
    "curly-brackets": True,
    "lorem-ipsum": True,
}

_GOPHER: dict[str, Value] = {
    "min-words": 50,
    "max-words": 100_000,
    "min-mean-word-length": 3.0,
    "max-mean-word-length": 10.0,
    "max-symbols-per-word": 0.1,
    "max-bullet-lines": 0.9,
    "max-ellipsis-lines": 0.3,
    "min-alphabetic-words": 0.8,
    "min-stop-words": 2,
    "max-duplicate-lines": 0.3,
    "max-duplicate-paragraphs": 0.3,
    "max-duplicate-line-characters": 0.2,
    "max-duplicate-paragraph-characters": 0.2,
    "max-top-2-gram": 0.2,
    "max-top-3-gram": 0.18,
    "max-top-4-gram": 0.16,
    "max-duplicate-5-grams": 0.15,
    "max-duplicate-6-grams": 0.14,
    "max-duplicate-7-grams": 0.13,
    "max-duplicate-8-grams": 0.12,
    "max-duplicate-9-grams": 0.11,
    "max-duplicate-10-grams": 0.1,
}

PRESETS: Mapping[str, Mapping[str, Value]] = {
    "light": _LIGHT,
    "c4": _LIGHT | {"language": ("en",), "min-language-confidence": 0.65, "line-end": True} | _C4_LINES,
    "gopher": _LIGHT | _GOPHER,
    "fineweb": _LIGHT
    | {"language": ("en",), "min-language-confidence": 0.65}
    | _GOPHER
    | _C4_LINES
    | {
        "line-min-words": 3,
        "min-sentences": 5,
        "min-punctuated-lines": 0.12,
        "max-short-lines": 0.67,
        "max-duplicate-line-characters": 0.01,
        "max-line-breaks-per-word": 0.3,
    },
}
"""The rules that are on in each preset, with their values."""


def check_name(name: str, names: Iterable[str], what: str) -> None:
    """Refuse, as a `ConfigError`, a name that is not among those that there are."""
    choices = list(names)
    if name not in choices:
        listed = (
            f"; there are {', '.join(choices)}" if len(choices) < 10 else "; weaklabel clean --list-rules names them"
        )
        raise ConfigError(f"there is no {what} '{name}'{nearest(name, choices)}{listed}")


def active_rules(preset: str = "light", rules: Mapping[str, object] | None = None) -> dict[str, Value]:
    """Return the rules that are on, with their values, in the order in which they are applied.

    Parameters
    ----------
    preset
        One of `PRESETS`.
    rules
        Rules with values that replace those of the preset: ``False`` or ``"off"`` switches a rule off, ``True`` or ``"on"``
        gives it its usual value.

    Raises
    ------
    ConfigError
        There is no such preset, rule or value; names the nearest.

    Examples
    --------
    >>> active_rules("light", {"html": "off", "min-words": 3})["min-words"]
    3
    """
    check_name(preset, PRESETS, "preset")
    values = dict(PRESETS[preset])
    for name, given in (rules or {}).items():
        check_name(name, RULES, "rule")
        value = RULES[name].checked(given)
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    if "min-language-confidence" in values and "language" not in values:
        values["language"] = ("any",)
    return {name: values[name] for name in RULES if name in values}


def shown_value(value: Value | None) -> str:
    """Return a value of a rule as it is written on the command line."""
    if value is None:
        return "off"
    if isinstance(value, tuple):
        return ",".join(value)
    return "on" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
