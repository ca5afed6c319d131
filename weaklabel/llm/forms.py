"""What a server accepts: found out once, by what it refuses, and remembered."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from weaklabel.llm.model import canonical
from weaklabel.llm.prompt import Prompt
from weaklabel.llm.wire import Constraint, Form, read_reply
from weaklabel.support import progress

_LADDERS: dict[bool, tuple[Constraint, ...]] = {
    True: ("structured_outputs", "guided_choice", "schema", "none"),
    False: ("schema", "logit_bias", "none"),
}
"""Ways to keep answers to the choices, the best first: for vLLM, and for others."""

_APART = "samples-apart"

_OF_THE_PROMPT = re.compile(
    r"context.?(length|window)|too (long|large|many tokens)|maximum.{0,40}(length|tokens)|content.?(filter|policy)|"
    r"invalid_prompt"
)
"""What servers say where the fault is in the prompt, not in a field."""

_OPTIONAL = ("top_logprobs", "logprobs", "seed", "temperature", "n")
"""Fields that a request may go without."""


class Forms:
    """The form of requests to one model of one server.

    Parameters
    ----------
    url
        Of the endpoint.
    model
        Its name there.
    has_bias
        Whether a bias for the tokens of choices can be given.

    Attributes
    ----------
    form : Form
        What is sent next.
    """

    def __init__(self, url: str, model: str, has_bias: Callable[[Prompt], bool]) -> None:
        self._has_bias = has_bias
        self._name = canonical(["form", url, model])
        self._server = url
        self._ladder = _LADDERS[False]
        self.form: Form = Form()
        self._first = Form()
        self._accepted: set[str] = set()
        self._memory: MutableMapping[str, str] | None = None
        self._lock = threading.RLock()

    def recall(self, memory: MutableMapping[str, str]) -> bool:
        """Take up what an earlier run found out; False if there is nothing."""
        self._memory = memory
        kept = memory.get(self._name)
        if kept is None:
            return False
        form, _, accepted = kept.partition("\n")
        self.form = self._first = Form.from_json(form)
        self._ladder = _LADDERS[self.form.constraint in ("structured_outputs", "guided_choice")]
        self._accepted = set(accepted.split())
        return True

    def expect(self, owners: Sequence[str]) -> None:
        """Choose what to try first by who a server says it is."""
        self._ladder = _LADDERS["vllm" in owners]
        self.form = self._first = Form(self._ladder[0])

    @contextmanager
    def chosen(self, prompt: Prompt) -> Iterator[Form]:
        """Give the form of a request; until one with the same fields was accepted, one at a time."""
        if not self._is_accepted(prompt):
            with self._lock:
                if not self._is_accepted(prompt):
                    yield self.form
                    return
        yield self.form

    @property
    def gives_samples_apart(self) -> bool:
        """Whether the server gives one answer only, however many are wanted."""
        return _APART in self._accepted or "n" in self.form.without

    def accepted(self, prompt: Prompt, form: Form, reply: str) -> None:
        """Remember that the server took a form, and what it made of it."""
        if self._is_accepted(prompt):
            return
        with self._lock:
            self._accepted |= _features(prompt)
            if prompt.samples > 1 and len(read_reply(prompt, reply).answers) == 1:
                self._accepted.add(_APART)
            self.form = self._first = form
            if self._memory is not None:
                self._memory[self._name] = f"{form.to_json()}\n{' '.join(sorted(self._accepted))}"

    def change(self, prompt: Prompt, form: Form, refusal: str) -> bool:
        """Choose another form after a refusal; False if the form is not the reason."""
        with self._lock:
            if _OF_THE_PROMPT.search(refusal.lower()) and "max_completion_tokens" not in refusal:
                return False
            if self._is_accepted(prompt):
                return form != self.form
            changed = self._next(prompt, form, refusal)
            if changed is None:
                self.form = self._first
                return False
            self.form = changed
            what = (
                "keep answers to the choices in another way"
                if changed.constraint != form.constraint
                else "leave a field out"
            )
            progress.say(f"{self._server} refuses a field of the request: trying to {what}")
            return True

    def _next(self, prompt: Prompt, form: Form, refusal: str) -> Form | None:
        named = refusal.lower()
        if form.limit == "max_tokens" and "max_completion_tokens" in named:
            return replace(form, limit="max_completion_tokens")
        if form.has_system and {"system", "role"} <= _words(named) and any(m.role == "system" for m in prompt.messages):
            return replace(form, has_system=False)
        for name in _OPTIONAL:
            if name not in form.without and f"{name}" in _words(named) and _has(prompt, name):
                return replace(form, without=(*form.without, "logprobs" if name == "top_logprobs" else name))
        if prompt.choices or prompt.schema:
            for constraint in self._ladder[self._ladder.index(form.constraint) + 1 :]:
                if constraint != "logit_bias" or (prompt.choices and self._has_bias(prompt)):
                    return replace(form, constraint=constraint)
        if prompt.logprobs and "logprobs" not in form.without:
            return replace(form, without=(*form.without, "logprobs"))
        return None

    def _is_accepted(self, prompt: Prompt) -> bool:
        return _features(prompt) <= self._accepted


def _difference(form: Form, changed: Form) -> str:
    """Return in words what is changed."""
    if form.constraint != changed.constraint:
        return (
            "no constraint of answers"
            if changed.constraint == "none"
            else f"constraint of answers by {changed.constraint}"
        )
    if form.limit != changed.limit:
        return f"{changed.limit} in place of {form.limit}"
    if form.has_system != changed.has_system:
        return "instructions in the user's message"
    return f"it without {changed.without[-1]}"


def _features(prompt: Prompt) -> set[str]:
    present = {
        "choices": bool(prompt.choices),
        "schema": bool(prompt.schema),
        "logprobs": prompt.logprobs,
        "n": prompt.samples > 1,
        "system": any(each.role == "system" for each in prompt.messages),
    }
    return {"messages", *(name for name, is_there in present.items() if is_there)}


def _has(prompt: Prompt, name: str) -> bool:
    return {"n": prompt.samples > 1, "logprobs": prompt.logprobs, "top_logprobs": prompt.logprobs}.get(name, True)


def _words(text: str) -> set[str]:
    return set("".join(char if char.isalnum() or char == "_" else " " for char in text).split())
