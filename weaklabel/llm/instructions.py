"""Instructions: how a text becomes a question about its class, and a class the words of an answer.

The phrasing of a row, and which of several words stand for its classes, follow from a hash of its text and the seed: the
same row gets the same question in every run, in whatever order rows come.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from weaklabel.errors import ExportError, nearest
from weaklabel.llm.phrasings import BY_LANGUAGE, PHRASINGS, REASONS, SEPARATORS
from weaklabel.llm.template import SandboxedTemplate
from weaklabel.support.hashing import sha256_of_text

Language: TypeAlias = Literal["auto", "en", "zh"]
Rationale: TypeAlias = Literal["none", "before", "after"]
Verbalizers: TypeAlias = Mapping[str, str | Sequence[str]]

VARIABLES = ("text", "labels", "label_names", "descriptions", "language")
"""What a template may use besides the columns of a row."""

_CHINESE_SHARE = 0.3
"""Share of the letters of a text from which on it is taken for Chinese."""


@dataclass(frozen=True)
class Conversation:
    """A question and its answer; ``system`` is "" where there is no system prompt."""

    system: str
    prompt: str
    completion: str


@dataclass(frozen=True)
class Question:
    """A question about a text.

    Attributes
    ----------
    system
        System prompt; "" for none.
    prompt
        The question.
    words
        What stands for each class in it, in the order of the classes. Length: k.
    language
        Of the phrasing: en or zh.
    """

    system: str
    prompt: str
    words: tuple[str, ...]
    language: str = "en"

    def answered(self, label: int, reasons: Sequence[str] = (), rationale: Rationale = "none") -> Conversation:
        """Return the question with the answer ``label``, and with reasons before or after it where there are any."""
        word = self.words[label]
        if rationale == "none" or not reasons:
            return Conversation(self.system, self.prompt, word)
        why, answer, between = REASONS[self.language]
        because = why.format(between.join(reasons))
        lines = [because, answer.format(word)] if rationale == "before" else [word, because]
        return Conversation(self.system, self.prompt, "\n".join(lines))


class InstructionTemplates:
    """Questions about texts, in many phrasings.

    Parameters
    ----------
    labels
        Class names, in order. Length: k.
    templates
        Jinja templates of your own, in place of the built-in phrasings. Variables are ``text``, ``labels`` (a list as text),
        ``label_names`` (their words), ``descriptions`` (by word), ``language``, and ``columns`` by their names. They run in
        a sandbox.
    language
        Of the built-in phrasings: ``auto`` takes Chinese ones for texts that are Chinese.
    phrasings
        How many of the phrasings are used, from the first; all if not given.
    system
        System prompt, a template with the same variables; none if empty.
    verbalizers
        Words that stand for a class in questions and answers, one or several of each; its name where there are none.
    descriptions
        What a class means; shown with the list of labels.
    columns
        Columns of a row that templates may use.
    apart
        Leave the text out of built-in phrasings, for forms that have it in a field of its own.
    seed
        Another seed is another choice of phrasings and words.
    task
        Whether built-in phrasings ask which label a text has (``texts``), or for all of its ``spans``, as JSON.

    Raises
    ------
    ExportError
        A template is wrong or uses an unknown variable, or words do not tell the classes apart.

    Examples
    --------
    >>> templates = InstructionTemplates(["ham", "spam"], phrasings=1, verbalizers={"ham": "no", "spam": ["yes", "junk"]})
    >>> templates.question("WIN a prize").words
    ('no', 'junk')
    >>> print(templates.conversation("WIN a prize", "spam").prompt)
    Classify the text below. Answer with one of these labels and nothing else: no, junk.
    <BLANKLINE>
    Text:
    WIN a prize
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        templates: Sequence[str] = (),
        language: Language = "auto",
        phrasings: int | None = None,
        system: str = "",
        verbalizers: Verbalizers | None = None,
        descriptions: Mapping[str, str] | None = None,
        columns: Sequence[str] = (),
        apart: bool = False,
        seed: int = 0,
        task: Literal["texts", "spans"] = "texts",
    ) -> None:
        if language not in ("auto", *BY_LANGUAGE):
            raise ExportError(f"language is {language!r}: give auto, {' or '.join(BY_LANGUAGE)}")
        if phrasings is not None and phrasings < 1:
            raise ExportError(f"phrasings is {phrasings}: give 1 or more")
        self.labels: tuple[str, ...] = tuple(labels)
        self.language = language
        self.seed = seed
        self._words = _words(self.labels, verbalizers or {})
        self._descriptions = _descriptions(self.labels, descriptions or {})
        allowed = dict.fromkeys([*VARIABLES, *columns])
        own = [templates] if isinstance(templates, str) else list(templates)
        if own:
            compiled = [
                SandboxedTemplate(source, allowed, f"template {number}", ExportError)
                for number, source in enumerate(own, 1)
            ]
            for number, template in enumerate(compiled, 1):
                if not template.used & {"text", *columns}:
                    raise ExportError(
                        f"template {number} uses neither the text nor a column, so that all rows would get the same "
                        "question; write {{ text }} where it belongs"
                    )
            self._templates = dict.fromkeys(BY_LANGUAGE, compiled[:phrasings])
        else:
            self._templates = {
                name: [SandboxedTemplate(source, VARIABLES, f"phrasing {name}") for source in sources[:phrasings]]
                for name, sources in PHRASINGS[task, apart].items()
            }
        self._system = SandboxedTemplate(system, allowed, "the system prompt", ExportError)

    def words(self, text: str) -> tuple[str, ...]:
        """Return what stands for each class in the question about a text, in the order of the classes. Length: k."""
        at = _number(text, self.seed, "words")
        return tuple(of_class[at % len(of_class)] for of_class in self._words)

    def question(self, text: str, row: Mapping[str, Any] | None = None, *, shown: str | None = None) -> Question:
        """Return the question about a text.

        Parameters
        ----------
        text
            Of the row; it decides on phrasing and words.
        row
            Its columns, for templates that use them.
        shown
            What is shown of the text, where that is not all of it.
        """
        language = language_of(text) if self.language == "auto" else self.language
        templates = self._templates[language]
        words = self.words(text)
        described = {word: text for word, text in zip(words, self._descriptions, strict=True) if text}
        listed = [f"{word} ({described[word]})" if word in described else word for word in words]
        values = {
            **(row or {}),
            "text": text if shown is None else shown,
            "labels": SEPARATORS[language].join(listed),
            "label_names": list(words),
            "descriptions": described,
            "language": language,
        }
        template = templates[_number(text, self.seed, "phrasing") % len(templates)]
        return Question(self._system.render(values), template.render(values), words, language)

    def conversation(
        self,
        text: str,
        label: int | str,
        row: Mapping[str, Any] | None = None,
        *,
        reasons: Sequence[str] = (),
        rationale: Rationale = "none",
    ) -> Conversation:
        """Return the question about a text with its answer.

        Parameters
        ----------
        text, row
            As of `question`.
        label
            Number or name of the class.
        reasons
            Why, a phrase each; see `rationale`.
        rationale
            Whether reasons stand ``before`` or ``after`` the answer, or nowhere.
        """
        number = self.labels.index(label) if isinstance(label, str) else int(label)
        return self.question(text, row).answered(number, reasons, rationale)


def language_of(text: str) -> str:
    """Return ``zh`` for a text whose letters are Chinese in good part, else ``en``.

    Examples
    --------
    >>> language_of("房间很干净 nice"), language_of("WIN a prize")
    ('zh', 'en')
    """
    letters = [char for char in text if char.isalpha()]
    chinese = sum("CJK" in unicodedata.name(char, "") for char in letters)
    return "zh" if letters and chinese >= _CHINESE_SHARE * len(letters) else "en"


def _number(text: str, seed: int, purpose: str) -> int:
    return int(sha256_of_text(f"{purpose}\x1f{seed}\x1f{text}")[:12], 16)


def _words(labels: Sequence[str], verbalizers: Verbalizers) -> list[tuple[str, ...]]:
    for name in verbalizers:
        if name not in labels:
            raise ExportError(
                f"verbalizers: '{name}' is not a label{nearest(name, labels)}; labels are {', '.join(labels)}"
            )
    words = []
    meaning: dict[str, str] = {}
    for label in labels:
        given = verbalizers.get(label, label)
        of_class = (given,) if isinstance(given, str) else tuple(given)
        if not of_class or not all(isinstance(word, str) and word.strip() for word in of_class):
            raise ExportError(f"verbalizers: give a word, or a list of words, for '{label}', not {given!r}")
        for word in of_class:
            if meaning.setdefault(word.strip().casefold(), label) != label:
                other = meaning[word.strip().casefold()]
                raise ExportError(
                    f"verbalizers: '{word}' stands for '{other}' and for '{label}'; give each its own word"
                )
        words.append(of_class)
    return words


def _descriptions(labels: Sequence[str], descriptions: Mapping[str, str]) -> list[str]:
    for name in descriptions:
        if name not in labels:
            raise ExportError(
                f"descriptions: '{name}' is not a label{nearest(name, labels)}; labels are {', '.join(labels)}"
            )
    return [descriptions.get(label, "") for label in labels]
