"""Conversations as tokens of a local model, such that no text in a message becomes a control token.

A chat template joins messages by control tokens such as ``<|im_start|>``. A text that holds the same characters would end
its message and begin another one, as another speaker. Here such characters are tokenized as the letters that they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

from weaklabel.llm.model import PromptRefused
from weaklabel.llm.prompt import Message

_MARK = "qzcontent{}zq"
_MARKS = re.compile(r"qzcontent(\d+)zq")

_PLAIN_ANSWER = "Answer:"
"""What an answer follows where a model has no chat template."""

FORM = 1
"""Version of what this module makes of messages, for the ledger."""


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """Return what a chat template joins messages by, such as ``<|im_end|>``: texts must not hold it. The longest first."""
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    return tuple(sorted({*tokenizer.all_special_tokens, *added}, key=lambda token: (-len(token), token)))


class Chat:
    """Turns conversations into tokens.

    A model without a chat template gets the messages one after the other, and "Answer:" before each answer. Where a
    template has no place for a system message, that stands at the beginning of the user's first one.

    Parameters
    ----------
    tokenizer
        Of transformers.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.is_plain: bool = tokenizer.chat_template is None
        # Runs of spaces are tokens that are added in some vocabularies, and no control tokens.
        self._added = {text: number for text, number in tokenizer.get_added_vocab().items() if text.strip()}
        longest_first = sorted(self._added, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of a conversation, up to where the answer begins.

        Raises
        ------
        PromptRefused
            The template rewrites its messages, and one of them holds a control token of the model.
        """
        fitted = self._fitted(messages)
        contents = [message.content for message in fitted]
        rendered = self._rendered(fitted, answer_follows=True)
        template = self._rendered(_marked(fitted), answer_follows=True)
        if self._control.findall(rendered) == self._control.findall(template):
            return [*self._beginning, *self._encoded(rendered)]
        for texts in (contents, [text.strip() for text in contents]):
            if _MARKS.sub(lambda mark, texts=texts: texts[int(mark[1])], template) == rendered:  # type: ignore[misc]
                return [*self._beginning, *self._piecewise(template, texts)]
        token = next(match[0] for text in contents for match in [self._control.search(text)] if match)
        raise PromptRefused(
            f"a text holds '{token}', which is a control token of the model, and its chat template rewrites texts: remove it "
            "from the text"
        )

    def prefix(self, messages: Sequence[Message], tokens: Sequence[int]) -> int:
        """Return how many of the tokens of a conversation are those of all its messages but the last."""
        if len(messages) < 2:
            return 0
        from jinja2 import TemplateError

        fitted = self._fitted(messages)[:-1]
        try:
            shared = self._rendered(fitted, answer_follows=False)
            template = self._rendered(_marked(fitted), answer_follows=False)
        except TemplateError:  # it has no form for a conversation that ends there
            return 0
        if self._control.findall(shared) != self._control.findall(template):
            return 0
        first = [*self._beginning, *self._encoded(shared)]
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, tokens, strict=False)))
        return same if same < len(tokens) else 0

    def answer(self, text: str) -> list[int]:
        """Return the tokens of an answer, with that of its end."""
        lead, text = self._lead, f" {text}" if self.is_plain else text
        before, whole = self._text_tokens(lead), self._text_tokens(lead + text)
        tokens = whole[len(before) :] if whole[: len(before)] == before else self._text_tokens(text)
        return [*tokens, *self.end]

    @cached_property
    def end(self) -> list[int]:
        """The tokens that end an answer."""
        if self.is_plain:
            return self._text_tokens("\n")
        template = self._rendered(_marked([Message("user", "text"), Message("assistant", "text")]), False)
        behind = template[template.rindex(_MARK.format(1)) + len(_MARK.format(1)) :]
        control = self._control.search(behind)
        if control is None:
            return [self.tokenizer.eos_token_id]
        return [*self._text_tokens(behind[: control.start()]), self._added[control[0]]]

    @cached_property
    def stops(self) -> list[int]:
        """The tokens after which nothing is generated."""
        ends = {self.tokenizer.eos_token_id, *(() if self.is_plain else self.end[-1:])}
        return sorted(number for number in ends if number is not None)

    def read(self, tokens: Sequence[int]) -> str:
        """Return the text of an answer that was generated."""
        text = str(self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        return text.partition("\n\n")[0].strip() if self.is_plain else text

    @cached_property
    def _takes_system(self) -> bool:
        from jinja2 import TemplateError

        if self.is_plain:
            return True
        try:
            shown = self._rendered(_marked([Message("system", "text"), Message("user", "text")]), True)
        except TemplateError:
            return False
        return all(_MARK.format(number) in shown for number in (0, 1))

    @cached_property
    def _beginning(self) -> list[int]:
        """The token that begins a text; chat templates have it themselves."""
        first = self.tokenizer.bos_token_id
        is_added = self.is_plain and first is not None and self.tokenizer("a")["input_ids"][:1] == [first]
        return [first] if is_added else []

    @cached_property
    def _lead(self) -> str:
        """What stands right before an answer."""
        template = self._rendered(_marked([Message("user", "text")]), True)
        places = [match.end() for pattern in (self._control, _MARKS) for match in pattern.finditer(template)]
        return template[max(places) :]

    def _fitted(self, messages: Sequence[Message]) -> list[Message]:
        fitted = list(messages)
        if fitted and fitted[0].role == "system" and not self._takes_system:
            system = fitted.pop(0).content
            if fitted and fitted[0].role == "user":
                fitted[0] = Message("user", f"{system}\n\n{fitted[0].content}")
            else:
                fitted.insert(0, Message("user", system))
        return fitted

    def _rendered(self, messages: Sequence[Message], answer_follows: bool) -> str:
        if self.is_plain:
            forms = {"system": "{}\n\n", "user": "{}\n", "assistant": _PLAIN_ANSWER + " {}\n\n"}
            parts = [forms[message.role].replace("{}", message.content) for message in messages]
            return "".join(parts) + _PLAIN_ANSWER * answer_follows
        rows = [{"role": message.role, "content": message.content} for message in messages]
        return str(self.tokenizer.apply_chat_template(rows, tokenize=False, add_generation_prompt=answer_follows))

    def _piecewise(self, template: str, contents: Sequence[str]) -> list[int]:
        """Tokenize a rendered template whose control tokens count, with contents whose control tokens do not."""
        tokens: list[int] = []
        plain, place = "", 0
        for match in self._control.finditer(template):
            plain = _filled(template[place : match.start()], contents)
            tokens += [*self._text_tokens(plain), self._added[match[0]]]
            place = match.end()
        return tokens + self._text_tokens(_filled(template[place:], contents))

    def _text_tokens(self, text: str) -> list[int]:
        """Return tokens of a text, none of which is a control token."""
        tokens = self._encoded(text, split_special_tokens=True)
        if not self._added.keys() & set(self.tokenizer.convert_ids_to_tokens(tokens)):
            return tokens
        match = self._control.search(text)
        if match is None:
            return tokens
        middle = match.start() + max(1, len(match[0]) // 2)
        return self._text_tokens(text[:middle]) + self._text_tokens(text[middle:])

    def _encoded(self, text: str, **options: Any) -> list[int]:
        tokens: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False, **options)["input_ids"]
        return tokens


def _marked(messages: Sequence[Message]) -> list[Message]:
    """Return messages with a mark in place of each content."""
    return [Message(message.role, _MARK.format(number)) for number, message in enumerate(messages)]


def _filled(template: str, contents: Sequence[str]) -> str:
    return _MARKS.sub(lambda mark: contents[int(mark[1])], template)
