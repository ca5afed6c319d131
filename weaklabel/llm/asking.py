"""Asking language models: one place for all calls of a job, with its ledger, its caps and its limits."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from weaklabel.config import LLMSettings
from weaklabel.errors import BudgetError, LanguageModelError
from weaklabel.llm.account import Estimate, ModelSpent, Spent
from weaklabel.llm.batch import BatchRead, BatchWritten, check_batch, read_batch, write_batch
from weaklabel.llm.budget import Budget
from weaklabel.llm.estimates import Estimator
from weaklabel.llm.ledger import FILE, Ledger
from weaklabel.llm.model import LanguageModel, canonical
from weaklabel.llm.money import UNITS, Price
from weaklabel.llm.prompt import Prompt, Reply, Usage
from weaklabel.llm.sending import HEARTBEAT, Gate, Outcome, Sender
from weaklabel.support import cache, progress
from weaklabel.support.consent import may_ask
from weaklabel.support.files import StrPath
from weaklabel.support.warn import warn

NOT_ASKED = "the language model was not asked, and the ledger has no reply to this prompt"
"""The failure of a prompt where only kept replies are taken."""


class Asking:
    """All calls of language models of one job, from any number of threads.

    Parameters
    ----------
    settings
        Caps, prices, limits per minute: the section ``[llm]`` of a project file.
    ledger
        The file that keeps replies and counts what is spent; by default ``llm-replies.sqlite`` in the folder of the
        caches. Where the caches are off, replies are kept only as long as this object, and a warning says so.
    budget
        What the caps count for, such as the folder of a job: all that is spent under this name, by any process, counts.
    protect
        Hides personal data in a text.
    kept_only
        Take replies from the ledger alone and send nothing: other prompts have the failure `NOT_ASKED`.
    clock
        Gives the seconds since 1970.

    Attributes
    ----------
    on_reply : callable or None
        Is told, in any thread, how many more prompts are done.

    Raises
    ------
    LanguageModelError
        The ledger is damaged or cannot be written.
    """

    def __init__(
        self,
        settings: LLMSettings = LLMSettings(),  # noqa: B008 - it is frozen
        *,
        ledger: Path | None = None,
        budget: str = "",
        protect: Callable[[str], str] | None = None,
        kept_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.on_reply: Callable[[int], None] | None = None
        self.kept_only = kept_only
        self.settings = settings
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.ledger: Ledger = Ledger(ledger or self._default_ledger())
        self._budget = Budget(self.ledger, budget, settings, clock)
        self._gate = Gate(settings.at_once)
        self._protect = protect
        self._protected = 0
        self._kept: dict[str, int] = {}
        self._prepared: set[str] = set()
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._preparing = threading.Lock()
        self._active = 0
        self._ticked = 0.0
        self._tell_of_lost()

    def ask(self, model: LanguageModel, prompts: Sequence[Prompt]) -> list[Reply]:
        """Ask a model, and return a reply to each prompt, in order. Length: n.

        Prompts whose replies are in the ledger cost nothing, and equal ones are sent once. Several threads may call this.

        Raises
        ------
        BudgetError
            The next request would exceed a cap; it names the cap, what was spent and what is left.
        LanguageModelError
            The model cannot be asked at all, or no longer.

        In both cases, replies that have come are in the ledger, and asking again goes on from there.
        """
        replies = self._replies(model, prompts)
        further = {place: _further(prompt, replies[place]) for place, prompt in enumerate(prompts)}
        more = iter(self._replies(model, [prompt for part in further.values() for prompt in part]))
        for place, part in further.items():  # where the server gives one answer at a time
            for _ in part:
                replies[place] = _joined(replies[place], next(more))
        return replies

    def estimate(self, model: LanguageModel, prompts: Sequence[Prompt]) -> Estimate:
        """Return what asking would take; nothing is sent."""
        model.recall(self.ledger)
        by_key = {model.key(prompt): prompt for prompt in prompts}
        kept = self.ledger.replies(list(by_key))
        to_send = {key: prompt for key, prompt in by_key.items() if key not in kept}
        further = {
            model.key(part): part
            for key, reply in kept.items()
            for part in _further(by_key[key], _reply(model, by_key[key], Outcome(reply.text, reply.usage)))
        }
        if further:
            answered = self.ledger.replies(list(further))
            to_send |= {key: prompt for key, prompt in further.items() if key not in answered}
        estimator = Estimator(self.ledger, model)
        prompt_tokens = answer_tokens = 0.0
        most = Usage(0, 0)
        basis = "replies"
        requests = 0
        for prompt in to_send.values():
            times = prompt.samples if model.gives_samples_apart else 1
            in_prompt, in_answers, its_basis = estimator.tokens(prompt)
            requests += times
            prompt_tokens += in_prompt * times
            answer_tokens += in_answers
            at_most = model.tokens(prompt)
            most += Usage(at_most.prompt_tokens * times, at_most.completion_tokens)
            basis = max(basis, its_basis, key=("replies", "tokenizer", "length").index)
        price = self._budget.price(model.name, model.is_local)
        likely = Usage(round(prompt_tokens), round(answer_tokens))
        return Estimate(
            model=model.name,
            requests=requests,
            kept=len(kept),
            prompt_tokens=likely.prompt_tokens,
            completion_tokens=likely.completion_tokens,
            most_tokens=most.tokens,
            money=_money(price, likely),
            most_money=_money(price, most),
            currency=self.settings.currency,
            basis=basis,  # type: ignore[arg-type]
        )

    def write_batch(self, model: LanguageModel, prompts: Sequence[Prompt], path: StrPath) -> BatchWritten:
        """Write the requests whose replies are not in the ledger to a batch file, in the form of OpenAI's batch API.

        What they take at most is reserved until `read_batch` reads the replies, or `drop_batch` takes them back. Written
        again, they are not reserved again. The price table may have a price of its own for ``MODEL (batch)``.

        Raises
        ------
        BudgetError
            They would exceed a cap; nothing is written.
        LanguageModelError
            The model takes no batch files.
        """
        model.recall(self.ledger)
        price = self._budget.price(model.name, model.is_local, in_batch=True)
        return write_batch(model, {model.key(prompt): prompt for prompt in prompts}, self._budget, price, path)

    def read_batch(self, model: LanguageModel, prompts: Sequence[Prompt], *paths: StrPath) -> BatchRead:
        """Read the replies to a batch file, and its errors, into the ledger.

        Raises
        ------
        LanguageModelError
            No line belongs to a prompt, or a line is not JSON; lines before it are in the ledger.
        """
        read = self.read_batch_of_several(model, prompts, *paths)
        check_batch(read, paths)
        return read

    def read_batch_of_several(self, model: LanguageModel, prompts: Sequence[Prompt], *paths: StrPath) -> BatchRead:
        """Read the replies of one model in files that may have those of others alone; else as `read_batch`."""
        price = self._budget.price(model.name, model.is_local, in_batch=True)
        return read_batch(model, {model.key(prompt): prompt for prompt in prompts}, self._budget, price, paths)

    def drop_batch(self, model: LanguageModel, prompts: Sequence[Prompt]) -> int:
        """Take back what is reserved for prompts in a batch file that was never sent, and return how many there were."""
        return self._budget.drop_batch([model.key(prompt) for prompt in prompts], was_sent=False)

    def protected(self, text: str) -> str:
        """Return the text of a row as it may be sent: with personal data hidden, if this job hides it."""
        if self._protect is None:
            return text
        shown = self._protect(text)
        if shown != text:
            with self._lock:
                self._protected += 1
        return shown

    def spent(self) -> Spent:
        """Return what the budget has spent so far, over all runs and processes."""
        models = {}
        totals = self._budget.totals()
        for name in sorted({*totals, *self._kept}):
            counts = dict(totals.get(name, {}))
            money = Decimal(counts.pop("money", 0)) / UNITS
            has_price = money or name in self.settings.prices
            models[name] = ModelSpent(**counts, money=money if has_price else None, kept=self._kept.get(name, 0))
        return Spent(
            models, self._budget.seconds(), self.settings.currency, None if self._protect is None else self._protected
        )

    def stop(self) -> None:
        """Send nothing more: calls of `ask` in other threads end at once, with an error."""
        self._gate.stopped = True

    def close(self) -> None:
        """Close the ledger; requests that are under way count as spent."""
        self.stop()
        self.ledger.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _replies(self, model: LanguageModel, prompts: Sequence[Prompt]) -> list[Reply]:
        if not prompts:
            return []
        price = self._budget.price(model.name, model.is_local)
        keys = [model.key(prompt) for prompt in prompts]
        kept = self.ledger.replies(list(dict.fromkeys(keys)))
        outcomes = {key: Outcome(reply.text, reply.usage, kept=True) for key, reply in kept.items()}
        to_send = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in outcomes}
        self._advance(len(prompts) - len(to_send))
        if to_send and self.kept_only:
            outcomes |= dict.fromkeys(to_send, Outcome(failure=NOT_ASKED))
            self._advance(len(to_send))
        elif to_send:
            with self._timed():
                self._prepare(model)
                with self._shown(model, len(to_send)) as advance:
                    sender = Sender(model, self._budget, price, self._gate, self._say, advance)
                    outcomes |= sender.send(list(to_send.items()))
        with self._lock:
            self._kept[model.name] = self._kept.get(model.name, 0) + sum(outcomes[key].kept for key in keys)
        return [_reply(model, prompt, outcomes[key]) for key, prompt in zip(keys, prompts, strict=True)]

    def _prepare(self, model: LanguageModel) -> None:
        """Let a model get ready, once."""
        identity = canonical(model.identity())
        with self._preparing:
            if identity not in self._prepared:
                if model.server and not model.is_local:
                    masked = "as they are" if self._protect is None else "with personal data masked"
                    self._say(f"texts are sent {masked} to {model.server}")
                model.prepare(self.ledger)
                self._prepared.add(identity)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count the time in which at least one thread is asking."""
        with self._lock:
            self._active += 1
            if self._active == 1:
                self._ticked = time.monotonic()
                ended = threading.Event()
                threading.Thread(target=self._tick, args=(ended,), daemon=True).start()
                self._ended = ended
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1
                if not self._active:
                    self._ended.set()
                    self._add_seconds()

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(HEARTBEAT):
            with self._lock:
                if not ended.is_set():
                    with suppress(LanguageModelError):  # the next request meets it, too
                        self._add_seconds()

    def _add_seconds(self) -> None:
        now = time.monotonic()
        self._budget.add_seconds(now - self._ticked)
        self._ticked = now

    @contextmanager
    def _shown(self, model: LanguageModel, n: int) -> Iterator[Callable[[int], None]]:
        """Show how many requests are answered, unless the job does."""
        if self.on_reply is not None:
            yield self.on_reply
            return
        with progress.stage(f"asking {model.name}", total=n, unit="prompts") as stage:
            yield stage.advance

    def _advance(self, prompts: int) -> None:
        if self.on_reply is not None and prompts:
            self.on_reply(prompts)

    def _say(self, sentence: str) -> None:
        """Say something once."""
        with self._lock:
            if sentence in self._said:
                return
            self._said.add(sentence)
        progress.say(sentence)

    def _tell_of_lost(self) -> None:
        lost = self._budget.lost()
        if lost:
            tokens = sum(each["tokens"] for each in lost)
            names = ", ".join(sorted({each["model"] for each in lost}))
            warn(
                f"{len(lost)} request(s) to {names} were under way when an earlier process ended: they count as spent, "
                f"with at most {tokens:,} tokens"
            )

    def _default_ledger(self) -> Path:
        folder = cache.cache_folder()
        if folder is not None:
            return folder / FILE
        warn(
            f"the caches are off ({cache.VARIABLE}={cache.OFF}), so replies of language models are not kept: asking "
            "again pays again, and caps do not count what earlier runs spent"
        )
        self._temporary = tempfile.TemporaryDirectory(prefix="weaklabel-")
        return Path(self._temporary.name) / FILE


def _reply(model: LanguageModel, prompt: Prompt, outcome: Outcome) -> Reply:
    if outcome.failure:
        return Reply((), Usage(0, 0), kept=False, failure=outcome.failure)
    reading = model.read(prompt, outcome.text)
    return Reply(reading.answers, outcome.usage, outcome.kept, reading.failure)


def _further(prompt: Prompt, reply: Reply) -> list[Prompt]:
    """Return the prompts that give the samples which a reply lacks, one each."""
    if reply.failure:
        return []
    return [replace(prompt, samples=1, seed=prompt.seed + n) for n in range(len(reply.answers), prompt.samples)]


def _joined(first: Reply, second: Reply) -> Reply:
    return Reply(
        first.answers + second.answers, first.usage + second.usage, first.kept and second.kept,
        "" if first.answers or second.answers else first.failure,
    )  # fmt: skip


def _money(price: Price | None, usage: Usage) -> Decimal | None:
    return None if price is None else Decimal(price.of(usage)) / UNITS


_current: list[Asking] = []
_default: dict[tuple[Path | None, bool], Asking] = {}
_changing = threading.Lock()


def asking() -> Asking:
    """Return what the job that is running asks with; without one, a default without caps.

    Within `weaklabel.support.consent.nothing_asked`, the default takes kept replies alone.
    """
    with _changing:
        if _current:
            return _current[-1]
        chosen = cache.cache_folder(), may_ask()
        if chosen not in _default:
            _default[chosen] = Asking(kept_only=not may_ask())
        return _default[chosen]


def stop_asking() -> None:
    """Let calls of what `asking` returns end in all threads; where that is the default, a later one begins anew."""
    current = asking()
    current.stop()
    with _changing:
        for key in [key for key, default in _default.items() if default is current]:
            del _default[key]


@contextmanager
def asking_with(chosen: Asking) -> Iterator[Asking]:
    """Let `asking` return ``chosen`` in all threads of this process; after an error or Ctrl-C, their calls end, too."""
    with _changing:
        _current.append(chosen)
    try:
        yield chosen
    except BaseException:
        chosen.stop()
        raise
    finally:
        with _changing:
            _current.remove(chosen)


__all__ = ["Asking", "BudgetError", "asking", "asking_with", "stop_asking"]
