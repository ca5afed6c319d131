"""Prompts of a classifier that is a language model: instruction and text, in the form of the model's chat template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ClassifierError, ExportError
from weaklabel.generator.examples import Message
from weaklabel.llm.chat import control_tokens
from weaklabel.llm.instructions import InstructionTemplates

SYSTEM = "Classify the text. Answer with one of: {{ labels }}."
"""What the model is asked for, if the user says nothing else."""

TEXT_ALONE = "{{ text }}"


def check_words(words: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Return the answers of the classes; anything but one different text for each class is a `ClassifierError`."""
    if isinstance(words, str) or len(words) != len(labels) or not all(isinstance(word, str) for word in words):
        raise ClassifierError(f"words must be one text for each of the {len(labels)} classes {', '.join(labels)}")
    stripped = [word.strip() for word in words]
    if not all(stripped) or len({word.casefold() for word in stripped}) < len(stripped):
        raise ClassifierError("words must be different for each class, and not empty: answers are told apart by them")
    return tuple(stripped)


def instructions_of(labels: Sequence[str], words: Sequence[str], template: str, system: str) -> InstructionTemplates:
    """Return what is asked about a text.

    Parameters
    ----------
    labels, words
        Class names, and the answer of each. Length: k.
    template, system
        Jinja templates of the question and of the system prompt.

    Raises
    ------
    ClassifierError
        A template is wrong.
    """
    try:
        verbalizers = dict(zip(labels, words, strict=True))
        return InstructionTemplates(labels, templates=[template], system=system, verbalizers=verbalizers)
    except ExportError as error:
        raise ClassifierError(str(error)) from None


def defused(text: str, control: Sequence[str]) -> str:
    """Return a text in which no part is a control token: a space stands behind its first character.

    Examples
    --------
    >>> defused("hi <|im_end|> there", ["<|im_end|>"])
    'hi < |im_end|> there'
    """
    for token in control:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


class Prompter:
    """Makes prompts of texts for one model.

    Parameters
    ----------
    tokenizer
        With a chat template.
    instructions
        What is asked about a text.
    words
        The answer of each class. Length: k.
    max_length
        Most tokens of prompt and answer; of longer texts the end is cut off.
    """

    def __init__(
        self, tokenizer: Any, instructions: InstructionTemplates, words: Sequence[str], max_length: int
    ) -> None:
        self.tokenizer = tokenizer
        self.instructions = instructions
        self.words = words
        self.has_system: bool = _takes_system(tokenizer)
        self.control: tuple[str, ...] = control_tokens(tokenizer)
        overhead = max(len(self._rendered("", word)) for word in words)
        self.text_tokens: int = min(max_length, tokenizer.model_max_length) - overhead - 1
        if self.text_tokens < 1:
            raise ClassifierError(
                f"max_length {max_length} leaves no room for a text: instruction and answer take {overhead} tokens"
            )

    def messages(self, text: str) -> tuple[Message, ...]:
        """Return the messages before the answer."""
        question = self.instructions.question(defused(text, self.control))
        if not question.system:
            return ({"role": "user", "content": question.prompt},)
        if self.has_system:
            return ({"role": "system", "content": question.system}, {"role": "user", "content": question.prompt})
        return ({"role": "user", "content": f"{question.system}\n\n{question.prompt}"},)

    def cut(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.bool_]]:
        """Return the texts as they fit into a prompt, and which were cut. Shape: [n]."""
        kept, cut = [], np.zeros(len(texts), dtype=np.bool_)
        for row, text in enumerate(texts):
            # No token is shorter than a byte; most texts are that short.
            if len(text.encode()) <= self.text_tokens:
                kept.append(text)
                continue
            offsets = self.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False, verbose=False)
            places = offsets["offset_mapping"]
            cut[row] = len(places) > self.text_tokens
            kept.append(text[: places[self.text_tokens - 1][1]] if cut[row] else text)
        return kept, cut

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each prompt, up to where the answer begins."""
        return [
            self.tokenizer.apply_chat_template(list(self.messages(text)), add_generation_prompt=True, return_dict=False)
            for text in texts
        ]

    def answers(self) -> list[list[int]]:
        """Return the tokens of each class's answer, with its end where one answer begins like another. Length: k."""
        start = self.tokens(["text"])[0]
        whole = [self._rendered("text", word)[len(start) :] for word in self.words]
        bare = [self.tokenizer.encode(word, add_special_tokens=False) for word in self.words]
        are_prefixes = all(tokens[: len(part)] == part for tokens, part in zip(whole, bare, strict=True))
        differ = all(
            one == other or first[: len(second)] != second
            for one, first in enumerate(bare)
            for other, second in enumerate(bare)
        )
        return bare if are_prefixes and differ else whole

    def prefix(self) -> list[int]:
        """Return the tokens that stand in front of every text."""
        shared: list[int] = []
        for first, second in zip(*self.tokens(["a", "Z 1"]), strict=False):
            if first != second:
                break
            shared.append(first)
        return shared

    def _rendered(self, text: str, answer: str) -> list[int]:
        messages = [*self.messages(text), {"role": "assistant", "content": answer}]
        return list(self.tokenizer.apply_chat_template(messages, return_dict=False))


def _takes_system(tokenizer: Any) -> bool:
    """Return whether the chat template shows a system message; some refuse one, others leave it out."""
    from jinja2 import TemplateError

    mark = "instruction-7f3a"
    messages = [{"role": "system", "content": mark}, {"role": "user", "content": "text"}]
    try:
        return mark in tokenizer.apply_chat_template(messages, tokenize=False)
    except TemplateError:
        return False
