"""Sending requests from several threads: each is reserved, sent, tried again where that helps, and settled."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from weaklabel.errors import BudgetError, LanguageModelError
from weaklabel.llm.budget import Budget
from weaklabel.llm.estimates import shape_and_size
from weaklabel.llm.ledger import KeptReply
from weaklabel.llm.model import LanguageModel, PromptRefused, Reading, Received, Request, TryAgain
from weaklabel.llm.money import Price
from weaklabel.llm.prompt import Prompt, Usage
from weaklabel.llm.reserved import InBatch, Later, Reserved, Seen
from weaklabel.support.hashing import hash_parts

HEARTBEAT = 1.0
"""Seconds between two times that the time spent is written down."""

LONGEST_POLL = 1.0
"""Seconds after which it is looked again whether a limit per minute lets a request pass."""

LONGEST_WAIT = 600.0
"""Seconds that a server may ask to wait; if it is more, the run stops."""

FIRST_WAIT, MOST_WAIT = 0.5, 60.0
"""Seconds before the second try, and before any later one."""

LOST_IN_A_ROW = 3
"""Requests in a row that fail in all their tries, after which the server is taken for dead."""

REFUSED_AT_FIRST = 20
"""Prompts that a server refuses before it takes a single one, after which the fault is not in the prompts."""

NO_USAGE = Usage(0, 0)

MOST_USELESS = 3
"""Replies without an answer, each of which is paid, after which a prompt is not sent again."""

GRACE = 0.5
"""Seconds after Ctrl-C in which replies that arrive are still kept."""


@dataclass(frozen=True)
class Outcome:
    """What came of a request: its reply, or one sentence on why there is none."""

    text: str = ""
    usage: Usage = NO_USAGE
    kept: bool = False
    failure: str = ""


@dataclass
class _Work:
    """A request that is not answered yet."""

    prompt: Prompt
    key: bytes
    tries: int = 0
    sent: bool = False
    not_before: float = 0.0
    reserved: Reserved | None = None


@dataclass
class Gate:
    """What all senders of one `weaklabel.llm.Asking` share: how many send at once, and servers that ask to wait."""

    at_once: int
    slots: threading.Semaphore = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)
    paused_until: dict[str, float] = field(default_factory=dict)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.slots = threading.Semaphore(self.at_once)

    def pause(self, server: str, seconds: float, now: float) -> None:
        """Send nothing to a server for some seconds."""
        with self.lock:
            self.paused_until[server] = max(self.paused_until.get(server, 0.0), now + seconds)


class Sender:
    """Sends the requests of one call.

    Parameters
    ----------
    model
        Who is asked.
    budget
        What may be spent.
    price
        What the model costs.
    gate
        Shared with other senders.
    say
        Is told, in one sentence each, what users should know.
    advance
        Is told how many requests are done.
    """

    def __init__(
        self, model: LanguageModel, budget: Budget, price: Price | None, gate: Gate, say: Callable[[str], None],
        advance: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._model = model
        self._budget = budget
        self._price = price
        self._gate = gate
        self._say = say
        self._advance = advance
        self._settings = budget.settings
        self._changed = threading.Condition()
        self._waiting: deque[_Work] = deque()
        self._left = 0
        self._outcomes: dict[bytes, Outcome] = {}
        self._error: BaseException | None = None
        self._lost = self._refused = 0
        self._has_taken_one = False
        # What a new model bills is seen in one reply before more requests are reserved.
        self._is_new = not budget.ledger.has_seen(model.name)
        self._under_way = 0
        self._deadline = float("inf")

    def send(self, prompts: Sequence[tuple[bytes, Prompt]]) -> dict[bytes, Outcome]:
        """Return what came of each request, by its key.

        Raises
        ------
        BudgetError
            The next request would exceed a cap; replies that have come are kept.
        LanguageModelError
            The server cannot be asked any more; replies that have come are kept.
        """
        self._waiting.extend(_Work(prompt, key) for key, prompt in prompts)
        self._left = len(self._waiting)
        left = self._budget.check_time()
        if left is not None:
            self._deadline = time.monotonic() + left
        most = min(self._settings.at_once, self._model.at_once or self._settings.at_once)
        threads = [
            threading.Thread(target=self._work, name=f"weaklabel-llm-{number}", daemon=True)
            for number in range(min(most, -(-self._left // self._model.batch_size)))
        ]
        try:
            for thread in threads:
                thread.start()
            self._wait_for(threads)
        except BaseException:
            with self._changed:
                self._error = self._error or InterruptedError()
                self._changed.notify_all()
            end = time.monotonic() + GRACE
            for thread in threads:
                thread.join(max(0.0, end - time.monotonic()))
            raise
        if self._error is not None:
            raise self._error
        return self._outcomes

    def _wait_for(self, threads: Sequence[threading.Thread]) -> None:
        while any(thread.is_alive() for thread in threads):
            with self._changed:
                if self._left or self._error is not None:
                    self._changed.wait(0.1)
            if time.monotonic() > self._deadline:
                raise BudgetError(self._budget.time_is_up())
            if self._gate.stopped:
                raise LanguageModelError("asking language models was stopped; what was answered is kept")
            if not self._left or self._error is not None:
                for thread in threads:
                    thread.join(0.1)

    def _work(self) -> None:
        try:
            while (works := self._take()) is not None:
                if works:
                    try:
                        with self._gate.slots:
                            self._do(works)
                    finally:
                        with self._changed:
                            self._under_way -= 1
                            self._changed.notify_all()
        except BaseException as error:
            with self._changed:
                self._error = self._error or error
                self._changed.notify_all()

    def _take(self) -> list[_Work] | None:
        """Take requests that may be sent now; none if all have to wait; None at the end."""
        with self._changed:
            if not self._left or self._error is not None or self._gate.stopped:
                return None
            now = time.monotonic()
            if self._is_new and self._under_way:
                self._changed.wait(0.1)
                return []
            paused = self._gate.paused_until.get(self._model.server, 0.0)
            if paused > now:
                self._changed.wait(min(paused - now, 0.1))
                return []
            works: list[_Work] = []
            for _ in range(len(self._waiting)):
                work = self._waiting.popleft()
                if work.not_before <= now and len(works) < self._model.batch_size:
                    works.append(work)
                else:
                    self._waiting.append(work)
                if len(works) == self._model.batch_size:
                    break
            if not works:
                soonest = min((work.not_before for work in self._waiting), default=now + 0.1)
                self._changed.wait(min(max(soonest - now, 0.001), 0.1))
            self._under_way += bool(works)
            return works

    def _do(self, works: list[_Work]) -> None:
        ready = [work for work in works if self._reserve(work)]
        if not ready:
            return
        requests = [Request(work.prompt, self._request_key(work)) for work in ready]
        timeout = min(self._settings.timeout, max(self._deadline - time.monotonic(), 0.01))
        try:
            replies = self._model.send(requests, timeout)
        except TryAgain as error:
            for work in ready:
                self._try_again(work, error)
        except PromptRefused as error:
            for work in ready:
                self._refuse(work, error)
        except LanguageModelError as error:
            for work in ready:
                self._settle_unpaid(work, str(error), may_be_billed=False)
            raise
        except BaseException as error:
            for work in ready:
                self._settle_unpaid(work, type(error).__name__, may_be_billed=True)
            raise
        else:
            for work, received in zip(ready, replies, strict=True):
                if isinstance(received, PromptRefused):
                    self._refuse(work, received)
                else:
                    self._receive(work, received)

    def _reserve(self, work: _Work) -> bool:
        """Reserve what a request takes at most; False if it must wait or its reply is there already."""
        got = self._budget.reserve(
            work.key,
            self._model.name,
            self._model.server,
            self._model.tokens(work.prompt),
            self._price,
            again=work.sent,
        )
        if isinstance(got, KeptReply):
            self._done(work, Outcome(got.text, got.usage, kept=not work.sent))
            return False
        if isinstance(got, InBatch):
            raise LanguageModelError(
                "a prompt is in a batch file that was written, and asking it now would pay it twice: read the replies of the "
                "batch (--read-batch, in Python Asking.read_batch), or drop it if it was never sent (--drop-batch, "
                "Asking.drop_batch)"
            )
        if isinstance(got, Later):
            seconds = min(got.seconds, LONGEST_POLL)
            if got.for_all:
                self._gate.pause(self._model.server, seconds, time.monotonic())
            self._later(work, seconds)
            return False
        work.reserved, work.sent = got, True
        return True

    def _request_key(self, work: _Work) -> str:
        """Return the same key for every try of a request, in other processes too, until a whole reply has come."""
        assert work.reserved is not None
        return hash_parts([work.key, str(work.reserved.generation)]).hex()[:48]

    def _receive(self, work: _Work, received: Received) -> None:
        reading = self._model.read(work.prompt, received.text)
        work.tries += 1
        final = not (reading.failure and reading.may_succeed) or work.tries >= min(self._settings.tries, MOST_USELESS)
        assert work.reserved is not None
        fit = None
        if reading.answers and len(reading.answers) == work.prompt.samples:
            fit = (*shape_and_size(self._model, work.prompt), len(reading.answers))
        sentence = self._budget.paid(
            work.reserved, work.key, self._model.name, self._price, received.text, reading.usage, final=final,
            billed_once=received.billed_once, seen=seen_in(work.prompt, reading), fit=fit,
        )  # fmt: skip
        if sentence:
            self._say(sentence)
        if reading.usage is None:
            self._say(f"'{self._model.name}' does not tell how many tokens a request takes: the upper bound is counted")
        usage = reading.usage or work.reserved.usage
        work.reserved = None
        self._lost, self._has_taken_one, self._is_new = 0, True, False
        if final:
            self._done(work, Outcome(received.text, usage))
        else:
            self._later(work, self._back_off(work))

    def _try_again(self, work: _Work, error: TryAgain) -> None:
        self._settle_unpaid(work, str(error), may_be_billed=error.may_be_billed)
        if error.is_changed:
            self._later(work, 0.0)
            return
        work.tries += 1
        if error.seconds is not None:
            if error.seconds > LONGEST_WAIT:
                raise LanguageModelError(
                    f"{error}: it asks to wait {error.seconds / 60:.0f} minutes; what was answered is kept: run again then"
                )
            self._gate.pause(self._model.server, error.seconds, time.monotonic())
        if work.tries < self._settings.tries:
            self._later(work, max(error.seconds or 0.0, self._back_off(work)))
        else:
            self._lose(work, f"{error}, in {work.tries} tries" if work.tries > 1 else str(error))

    def _lose(self, work: _Work, failure: str) -> None:
        """Give a request up; after a few in a row, the server is taken for dead."""
        with self._changed:
            self._lost += 1
            dead = self._lost >= min(LOST_IN_A_ROW, max(len(self._outcomes) + self._left, 1))
        if dead:
            raise LanguageModelError(f"{failure}; what was answered is kept: run again to go on")
        self._done(work, Outcome(failure=failure))

    def _refuse(self, work: _Work, error: PromptRefused) -> None:
        """Do without an answer to a prompt; if the server takes none at all, stop."""
        self._settle_unpaid(work, str(error), may_be_billed=False)
        with self._changed:
            self._refused += 1
            takes_none = self._refused >= REFUSED_AT_FIRST and not self._has_taken_one
        if takes_none:
            raise LanguageModelError(
                f"{error}; so it was with the first {self._refused} prompts, so that no more are sent"
            )
        self._done(work, Outcome(failure=str(error)))

    def _settle_unpaid(self, work: _Work, failure: str, *, may_be_billed: bool) -> None:
        assert work.reserved is not None
        self._budget.unpaid(work.reserved, self._model.name, self._price, failure, may_be_billed=may_be_billed)
        work.reserved = None

    def _back_off(self, work: _Work) -> float:
        """Return seconds: twice as many after each try, less a random part that is the same in every run."""
        longest = min(FIRST_WAIT * 2 ** (work.tries - 1), MOST_WAIT)
        return longest * random.Random(work.key + bytes([work.tries % 256])).uniform(0.5, 1.0)

    def _later(self, work: _Work, seconds: float) -> None:
        with self._changed:
            work.not_before = time.monotonic() + seconds
            if seconds:
                self._waiting.append(work)
            else:
                self._waiting.appendleft(work)
            self._changed.notify()

    def _done(self, work: _Work, outcome: Outcome) -> None:
        with self._changed:
            self._outcomes[work.key] = outcome
            self._left -= 1
            self._changed.notify_all()
        self._advance(1)


def seen_in(prompt: Prompt, reading: Reading) -> Seen:
    """Return what is counted in a reply."""
    off_list = sum(each.text not in prompt.choices for each in reading.answers) if prompt.choices else 0
    return Seen(off_list, sum(not each.finished for each in reading.answers), int(bool(reading.failure)))
