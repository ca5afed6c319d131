"""Caps: what a request may cost is reserved before it is sent, and settled by what it did cost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from weaklabel.config import LLMSettings
from weaklabel.errors import BudgetError, LanguageModelError
from weaklabel.llm.ledger import KeptReply, Ledger, bury, pack
from weaklabel.llm.money import Price, shown_money, units_of
from weaklabel.llm.prompt import Usage
from weaklabel.llm.reserved import InBatch, Later, Reserved, Seen
from weaklabel.support.naming import current_naming, setting, settings_named

MINUTE = 60.0


class Budget:
    """The caps of one budget, whose requests are in a ledger.

    Parameters
    ----------
    ledger
        Where they are counted.
    name
        Of the budget: all users of the ledger with this name share the caps.
    settings
        Caps, prices and limits per minute.
    clock
        Gives the seconds since 1970.
    """

    POLL = 0.05
    """Seconds after which a request that waits for others is tried again."""

    def __init__(
        self, ledger: Ledger, name: str, settings: LLMSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self.ledger = ledger
        self.name = name
        self.settings = settings
        self._clock = clock
        self._naming = current_naming()  # that of this thread, which senders do not inherit
        self._max_money = None if settings.max_money is None else units_of(settings.max_money)

    def price(self, model: str, is_local: bool = False, *, in_batch: bool = False) -> Price | None:
        """Return the price of a model; None if the price table does not have it.

        In a batch file, the price of ``MODEL (batch)`` counts, if the table has that.

        Raises
        ------
        LanguageModelError
            Money is capped, and the model has no price.
        """
        given = self.settings.prices.get(model)
        if in_batch:
            given = self.settings.prices.get(f"{model} (batch)", given)
        if given is not None:
            return Price(*(-(-units_of(each) // 10**6) for each in given))
        if is_local:
            return Price(0, 0)
        if self._max_money is not None:
            with settings_named(self._naming):
                cap = setting("llm.max_money")
            name, example = {
                "option": ("--price", f"--price '{model}=0.1,0.4'"),
                "key": ("llm.prices", f'prices = {{ "{model}" = [0.1, 0.4] }}'),
                "argument": ("prices", f"prices={{'{model}': [0.1, 0.4]}}"),
            }[self._naming]
            raise LanguageModelError(
                f"{cap} is set, but {name} does not have the model '{model}': say what a million tokens of prompts and of "
                f"answers cost, such as {example}"
            )
        return None

    def reserve(
        self, key: bytes, model: str, server: str, most: Usage, price: Price | None, *, again: bool = False
    ) -> Reserved | Later | KeptReply | InBatch:
        """Reserve what a request takes at most, unless its reply is in the ledger or it has to wait.

        Raises
        ------
        BudgetError
            It would exceed a cap.
        """
        kept = self.ledger.replies([key])
        if kept:
            return kept[key]
        with self.ledger.transaction() as database:
            if database.execute("SELECT 1 FROM replies WHERE final AND key = ?", (key,)).fetchone():
                return Later(0.0)
            if _in_batch(database, key) is not None:
                return InBatch()
            others = database.execute("SELECT owner FROM calls WHERE key = ? AND state = 'sent'", (key,)).fetchall()
            if others:
                if not all(self.ledger.is_alive(owner) for (owner,) in others):
                    bury(self.ledger, database)
                return Later(self.POLL)
            most = self._corrected(database, model, most)
            money = 0 if price is None else price.of(most)
            if not self._fits(database, most, money):
                return Later(self.POLL, for_all=True)
            now = self._clock()
            seconds = self._seconds_to_wait(database, server, most, now)
            if seconds > 0:
                return Later(seconds, for_all=True)
            return self._add(database, key, model, server, most, money, now, again)

    def _add(
        self, database: sqlite3.Connection, key: bytes, model: str, server: str, most: Usage, money: int, now: float,
        again: bool, state: str = "sent",
    ) -> Reserved:  # fmt: skip
        number = database.execute(
            "INSERT INTO calls (key, budget, model, server, owner, at, state, prompt_tokens, completion_tokens, money) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                self.name,
                model,
                server,
                self.ledger.owner,
                now,
                state,
                most.prompt_tokens,
                most.completion_tokens,
                money,
            ),
        ).lastrowid
        assert number is not None
        self._count(
            database, model, requests=1, prompt_tokens=most.prompt_tokens, completion_tokens=most.completion_tokens,
            money=money, retries=int(again),
        )  # fmt: skip
        (generation,) = database.execute("SELECT count(*) FROM replies WHERE key = ?", (key,)).fetchone()
        return Reserved(number, most, generation)

    def _corrected(self, database: sqlite3.Connection, model: str, most: Usage) -> Usage:
        """Raise the bound if the model was seen to bill more than its bound."""
        row = database.execute("SELECT value FROM notes WHERE name = ?", (_excess(model),)).fetchone()
        factor = Decimal(row[0]) if row else Decimal(1)
        return Usage(_ceiling(most.prompt_tokens * factor), _ceiling(most.completion_tokens * factor))

    def _fits(self, database: sqlite3.Connection, most: Usage, money: int) -> bool:
        """Return whether a request fits into the caps; False if it may fit when those under way are settled.

        Raises
        ------
        BudgetError
            It does not.
        """
        if self._exceeded(self._used(database), most, money) is None:
            return True
        under_way = database.execute(
            "SELECT count(*), total(prompt_tokens + completion_tokens), total(money) FROM calls "
            "WHERE budget = ? AND state = 'sent'",
            (self.name,),
        ).fetchone()
        used = self._used(database)
        if under_way[0]:
            settled = {
                "requests": used["requests"],
                "tokens": used["tokens"] - int(under_way[1]),
                "money": used["money"] - int(under_way[2]),
            }
            if self._exceeded(settled, most, money) is None:
                if bury(self.ledger, database):
                    return self._fits(database, most, money)
                return False
        sentence = self._exceeded(used, most, money)
        assert sentence is not None
        raise BudgetError(sentence)

    def _exceeded(self, used: Mapping[str, int], most: Usage, money: int) -> str | None:
        """Return a sentence on the first cap that a request would exceed."""
        caps: list[tuple[str, int | None, int, int, str]] = [
            ("requests", self.settings.max_requests, used["requests"], 1, "requests"),
            ("tokens", self.settings.max_tokens, used["tokens"], most.tokens, "tokens"),
            ("money", self._max_money, used["money"], money, self.settings.currency),
        ]
        for what, cap, spent, needed, unit in caps:
            if cap is not None and spent + needed > cap:
                with settings_named(self._naming):
                    name = setting(f"llm.max_{what}")
                show = (lambda units: f"{shown_money(units)}") if what == "money" else (lambda n: f"{n:,}")
                return (
                    f"the cap {name} of {show(cap)} {unit} is reached: {show(spent)} are spent, "
                    f"{show(max(cap - spent, 0))} are left, and the next request may take {show(needed)}; "
                    f"what was answered is kept: raise {name} and run again to go on"
                )
        return None

    def check_time(self) -> float | None:
        """Return the seconds that are left; None without a cap.

        Raises
        ------
        BudgetError
            None are left.
        """
        if self.settings.max_minutes is None:
            return None
        left = self.settings.max_minutes * MINUTE - self.seconds()
        if left <= 0:
            raise BudgetError(self.time_is_up())
        return left

    def time_is_up(self) -> str:
        """Return a sentence on the cap of minutes."""
        with settings_named(self._naming):
            name = setting("llm.max_minutes")
        return (
            f"the cap {name} of {self.settings.max_minutes:g} minutes is reached: {self.seconds() / MINUTE:.1f} are spent on "
            f"waiting for language models, and none are left; what was answered is kept: raise {name} and run again to go on"
        )

    def seconds(self) -> float:
        """Return the seconds that were spent on waiting."""
        with self.ledger.transaction() as database:
            row = database.execute("SELECT seconds FROM minutes WHERE budget = ?", (self.name,)).fetchone()
        return float(row[0]) if row else 0.0

    def add_seconds(self, seconds: float) -> None:
        """Count time that was spent on waiting."""
        with self.ledger.transaction() as database:
            database.execute(
                "INSERT INTO minutes VALUES (?, ?) ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds",
                (self.name, seconds),
            )

    def _seconds_to_wait(self, database: sqlite3.Connection, server: str, most: Usage, now: float) -> float:
        """Return how long to wait so that no 60 seconds exceed a limit."""
        limits = (self.settings.requests_per_minute, self.settings.tokens_per_minute)
        if not server or limits == (None, None):
            return 0.0
        rows = database.execute(
            "SELECT at, prompt_tokens + completion_tokens FROM calls WHERE server = ? AND at > ? ORDER BY at DESC",
            (server, now - MINUTE),
        )
        requests, tokens = 1, most.tokens
        for at, its_tokens in rows:
            requests, tokens = requests + 1, tokens + its_tokens
            if (limits[0] is not None and requests > limits[0]) or (limits[1] is not None and tokens > limits[1]):
                return float(max(at + MINUTE - now, 0.001))
        return 0.0

    def paid(
        self, reserved: Reserved, key: bytes, model: str, price: Price | None, text: str, usage: Usage | None, *,
        final: bool, billed_once: bool, seen: Seen, fit: tuple[str, int, int] | None = None,
    ) -> str | None:  # fmt: skip
        """Settle a request whose reply has come, and keep the reply.

        Parameters
        ----------
        usage
            What the server says that it took; None counts what was reserved.
        final
            Whether the request is never to be sent again.
        billed_once
            Whether the server bills all tries of a request as one; earlier ones then do not count any more.
        fit
            Shape of the request, size of its prompt, and answers, from which the next estimates are made.

        Returns
        -------
        str or None
            A sentence if more was billed than reserved.
        """
        used = usage or reserved.usage
        money = 0 if price is None else price.of(used)
        crc, data = pack(text)
        with self.ledger.transaction() as database:
            (before,) = database.execute("SELECT money FROM calls WHERE id = ?", (reserved.number,)).fetchone()
            database.execute(
                "UPDATE calls SET state = 'paid', prompt_tokens = ?, completion_tokens = ?, money = ? WHERE id = ?",
                (used.prompt_tokens, used.completion_tokens, money, reserved.number),
            )
            database.execute(
                "INSERT INTO replies SELECT ?, count(*), ?, ?, ?, ?, ?, ?, ? FROM replies WHERE key = ?",
                (key, final, model, self._clock(), used.prompt_tokens, used.completion_tokens, crc, data, key),
            )
            self._count(
                database, model, prompt_tokens=used.prompt_tokens - reserved.usage.prompt_tokens,
                completion_tokens=used.completion_tokens - reserved.usage.completion_tokens, money=money - before,
                off_list=seen.off_list, cut=seen.cut, failed=seen.failed,
            )  # fmt: skip
            if billed_once:
                self._take_back_unknown(database, key)
            if fit is not None and usage is not None:
                _learn(database, model, fit, usage)
            if usage is None or usage.tokens <= reserved.usage.tokens:
                return None
            factor = max(
                _ratio(usage.prompt_tokens, reserved.usage.prompt_tokens),
                _ratio(usage.completion_tokens, reserved.usage.completion_tokens),
            )
            row = database.execute("SELECT value FROM notes WHERE name = ?", (_excess(model),)).fetchone()
            factor *= Decimal(row[0]) if row else Decimal(1)
            database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_excess(model), str(factor)))
            return (
                f"'{model}' billed {usage.tokens:,} tokens for a request that was expected to take {reserved.usage.tokens:,} "
                f"at most; from now on {factor:.2f} times as much is reserved"
            )

    def reserve_batch(self, most: Mapping[bytes, Usage], model: str, price: Price | None) -> None:
        """Reserve what the requests of a batch file take at most, for all of them or none.

        Those that were reserved for an earlier file are not reserved again.

        Raises
        ------
        BudgetError
            They would exceed a cap.
        LanguageModelError
            One of them is under way.
        """
        with self.ledger.transaction() as database:
            bury(self.ledger, database)
            new = {key: usage for key, usage in most.items() if _in_batch(database, key) is None}
            for key, usage in new.items():
                if database.execute("SELECT 1 FROM calls WHERE key = ? AND state = 'sent'", (key,)).fetchone():
                    raise LanguageModelError("a request of the batch is under way in another process: wait for that")
                usage = self._corrected(database, model, usage)
                money = 0 if price is None else price.of(usage)
                sentence = self._exceeded(self._used(database), usage, money)
                if sentence is not None:
                    raise BudgetError(sentence)
                self._add(database, key, model, "", usage, money, self._clock(), False, "batch")

    def reserved_in_batch(self, key: bytes, model: str, most: Usage, price: Price | None) -> Reserved:
        """Return what is reserved for a request of a batch file; it is counted now if it was not, since it is paid."""
        with self.ledger.transaction() as database:
            row = _in_batch(database, key)
            if row is not None:
                return Reserved(row[0], Usage(row[1], row[2]), 0)
            money = 0 if price is None else price.of(most)
            return self._add(database, key, model, "", most, money, self._clock(), False, "batch")

    def drop_batch(self, keys: Sequence[bytes], *, was_sent: bool) -> int:
        """Take back what is reserved for requests of a batch file, and return how many there were.

        ``was_sent``: they count as requests that were refused.
        """
        dropped = 0
        with self.ledger.transaction() as database:
            for key in keys:
                row = _in_batch(database, key)
                if row is not None:
                    number, prompt_tokens, completion_tokens, money, budget, model = row
                    dropped += 1
                    database.execute(
                        "UPDATE calls SET state = 'refused', prompt_tokens = 0, completion_tokens = 0, money = 0 WHERE id = ?",
                        (number,),
                    )
                    _add_up(
                        database, budget, model, refused=int(was_sent), requests=int(was_sent) - 1,
                        prompt_tokens=-prompt_tokens, completion_tokens=-completion_tokens, money=-money,
                    )  # fmt: skip
        return dropped

    def unpaid(self, reserved: Reserved, model: str, price: Price | None, failure: str, *, may_be_billed: bool) -> None:
        """Settle a request without a reply: it counts as spent if it may have been billed."""
        with self.ledger.transaction() as database:
            if may_be_billed:
                database.execute(
                    "UPDATE calls SET state = 'unknown', failure = ? WHERE id = ?", (failure, reserved.number)
                )
                self._count(database, model, unknown=1, unknown_tokens=reserved.usage.tokens)
            else:
                database.execute(
                    "UPDATE calls SET state = 'refused', prompt_tokens = 0, completion_tokens = 0, money = 0, failure = ? "
                    "WHERE id = ?",
                    (failure, reserved.number),
                )
                self._count(
                    database, model, refused=1, prompt_tokens=-reserved.usage.prompt_tokens,
                    completion_tokens=-reserved.usage.completion_tokens,
                    money=0 if price is None else -price.of(reserved.usage),
                )  # fmt: skip

    def _take_back_unknown(self, database: sqlite3.Connection, key: bytes) -> None:
        """Uncount earlier tries of a request, which the server says that it billed only once."""
        rows = database.execute(
            "SELECT id, budget, model, prompt_tokens, completion_tokens, money FROM calls WHERE key = ? AND state = 'unknown'",
            (key,),
        ).fetchall()
        for number, budget, model, prompt_tokens, completion_tokens, money in rows:
            database.execute(
                "UPDATE calls SET state = 'billed once', prompt_tokens = 0, completion_tokens = 0, money = 0 WHERE id = ?",
                (number,),
            )
            _add_up(
                database, budget, model, unknown=-1, unknown_tokens=-(prompt_tokens + completion_tokens),
                prompt_tokens=-prompt_tokens, completion_tokens=-completion_tokens, money=-money,
            )  # fmt: skip

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the counts of the budget, by model; dead processes' requests are counted as unknown first."""
        with self.ledger.transaction() as database:
            bury(self.ledger, database)
            cursor = database.execute("SELECT * FROM totals WHERE budget = ? ORDER BY model", (self.name,))
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        return {row.pop("model"): {k: v for k, v in row.items() if k != "budget"} for row in rows}

    def lost(self) -> list[dict[str, Any]]:
        """Count what dead processes had under way as spent, and return it."""
        with self.ledger.transaction() as database:
            return [each for each in bury(self.ledger, database) if each["budget"] == self.name]

    def _used(self, database: sqlite3.Connection) -> dict[str, int]:
        row = database.execute(
            "SELECT total(requests), total(prompt_tokens) + total(completion_tokens), coalesce(sum(money), 0) "
            "FROM totals WHERE budget = ?",
            (self.name,),
        ).fetchone()
        return {"requests": int(row[0]), "tokens": int(row[1]), "money": int(row[2])}

    def _count(self, database: sqlite3.Connection, model: str, **counts: int) -> None:
        _add_up(database, self.name, model, **counts)


def _in_batch(database: sqlite3.Connection, key: bytes) -> tuple[Any, ...] | None:
    row = database.execute(
        "SELECT id, prompt_tokens, completion_tokens, money, budget, model FROM calls WHERE key = ? AND state = 'batch'",
        (key,),
    ).fetchone()
    return None if row is None else tuple(row)


def _add_up(database: sqlite3.Connection, budget: str, model: str, **counts: int) -> None:
    database.execute("INSERT OR IGNORE INTO totals (budget, model) VALUES (?, ?)", (budget, model))
    changes = ", ".join(f"{name} = {name} + ?" for name in counts)
    database.execute(f"UPDATE totals SET {changes} WHERE budget = ? AND model = ?", (*counts.values(), budget, model))


def _learn(database: sqlite3.Connection, model: str, fit: tuple[str, int, int], usage: Usage) -> None:
    """Add a reply to the sums from which the tokens of later requests are estimated."""
    shape, size, answers = fit
    database.execute(
        "INSERT INTO fits VALUES (?, ?, 1, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + 1, x = x + excluded.x, "
        "y = y + excluded.y, xx = xx + excluded.xx, xy = xy + excluded.xy, answers = answers + excluded.answers",
        (model, shape, size, usage.prompt_tokens, size * size, size * usage.prompt_tokens, usage.completion_tokens / answers),
    )  # fmt: skip


def _ceiling(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _ratio(billed: int, reserved: int) -> Decimal:
    return Decimal(max(billed, 1)) / Decimal(max(reserved, 1))


def _excess(model: str) -> str:
    return f"billed above the bound: {model}"
