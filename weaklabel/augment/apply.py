"""Applying transformation functions to rows by a policy, each row from a seed of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from types import TracebackType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.augment.core import CALL
from weaklabel.augment.loading import TFCollection
from weaklabel.augment.policies import Policy
from weaklabel.corpus.batch import Batch
from weaklabel.errors import AugmentError, VoteError
from weaklabel.support.progress import Stage
from weaklabel.support.warn import warn
from weaklabel.votes.checking import ErrorBudget
from weaklabel.votes.form import numbered
from weaklabel.votes.matrix import Problems
from weaklabel.votes.texts import NewText, TextForm
from weaklabel.votes.voter import Voter

ROWS_AT_ONCE = 2_000
"""Rows that a transformation function gets together."""


@dataclass
class NewRow:
    """A new row in the making.

    Attributes
    ----------
    source
        Place of its source among the rows that were given.
    texts
        A text for each text column.
    by
        Names of the transformation functions that changed it, in order.
    """

    source: int
    texts: tuple[str, ...]
    by: list[str] = field(default_factory=list)


class TFApplier:
    """Transformation functions with a policy; a context manager, which ends their guarded processes.

    Parameters
    ----------
    tfs, policy
        What is applied.
    columns
        The columns that hold the text.
    hide
        Columns that transformation functions must not see, such as gold.
    seed
        Another seed makes other rows.
    workers
        Guarded processes of each transformation function that was written in Python and comes from a file; 0: none.
    time_limit
        Seconds that one may take over a row; see `weaklabel.votes.voter.Voter`.
    error_budget
        Share of the rows on which one may fail; see `weaklabel.apply_lfs`.
    """

    def __init__(
        self,
        tfs: TFCollection,
        policy: Policy,
        columns: Sequence[str],
        *,
        hide: Sequence[str] = (),
        seed: int = 0,
        workers: int = 1,
        time_limit: float | None = None,
        error_budget: float | None = None,
    ) -> None:
        self.tfs = tfs
        self.policy = policy
        self.columns: tuple[str, ...] = tuple(columns)
        self.hide: tuple[str, ...] = tuple(hide)
        self.seed = seed
        self.stage: Stage | None = None
        self._workers = workers
        self._time_limit = time_limit
        self._budgets = {name: ErrorBudget(error_budget) for name in tfs.names}
        self._voters: dict[int, Voter] = {}
        self._open = ExitStack()

    def __enter__(self) -> TFApplier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, traceback)

    def prepare(self, texts: Sequence[str]) -> None:
        """Let transformation functions learn what they need of the texts of all training rows."""
        for tf in self.tfs.tfs:
            tf.prepare(texts)

    def sequences(self, texts: Sequence[tuple[str, ...]]) -> list[list[list[int]]]:
        """Return, of each row, the transformation functions that make each of its new rows."""
        return [self.policy.sequences(np.random.default_rng(self._seed(row, "policy"))) for row in texts]

    def new_rows(self, frame: pl.DataFrame, numbers: NDArray[np.int64]) -> list[NewRow]:
        """Return the new rows of some rows, in order; those to which nothing applied are left out.

        Parameters
        ----------
        frame
            The rows.
        numbers
            Their numbers in the corpus, for messages. Shape: [n].

        Raises
        ------
        AugmentError
            A transformation function failed on more rows than its budget allows.
        """
        texts = texts_of(frame, self.columns)
        plans = self.sequences(texts)
        steps = [steps for of_row in plans for steps in of_row]
        made = [NewRow(row, texts[row]) for row, of_row in enumerate(plans) for _ in of_row]
        ordinals = [number for of_row in plans for number in range(len(of_row))]
        for step in range(max(map(len, steps), default=0)):
            for place, name in enumerate(self.tfs.names):
                chosen = [at for at, each in enumerate(steps) if len(each) > step and each[step] == place]
                results = self._results(
                    place, frame, [made[at] for at in chosen], [ordinals[at] for at in chosen], step, numbers
                )
                for at, new in zip(chosen, results, strict=True):
                    if new is not None and new != made[at].texts:
                        made[at].texts = new
                        made[at].by.append(name)
        return [row for row in made if row.by]

    def batches(
        self, place: int, frame: pl.DataFrame, rows: Sequence[NewRow], ordinals: Sequence[int], step: int
    ) -> Iterator[tuple[Batch, list[int]]]:
        """Yield rows as transformation function number ``place`` gets them, with the places of their sources."""
        for begin in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[begin : begin + ROWS_AT_ONCE]
            sources = [row.source for row in some]
            name = self.tfs.names[place]
            calls = [
                json.dumps([self._seed(texts_of_row, f"{name} {ordinal} {step}"), *self.columns])
                for texts_of_row, ordinal in zip(
                    (row.texts for row in some), ordinals[begin : begin + ROWS_AT_ONCE], strict=True
                )
            ]
            new = {
                column: pl.Series(column, [row.texts[number] for row in some], dtype=pl.String)
                for number, column in enumerate(self.columns)
            }
            given = frame[sources].with_columns(**new, **{CALL: pl.Series(calls, dtype=pl.String)})
            yield Batch(given, self.columns, hide=self.hide), sources

    def tell(self) -> dict[str, Problems]:
        """Warn of rows on which transformation functions failed, and return the problems by name."""
        problems: dict[str, Problems] = {}
        for name, budget in self._budgets.items():
            with _about(name):
                budget.check()
            problems |= budget.problems
        if problems:
            warn(
                "rows on which a transformation function fails are left out: "
                + "; ".join(f"'{name}': {each}" for name, each in problems.items()),
                stacklevel=3,
            )
        return problems

    def _results(
        self,
        place: int,
        frame: pl.DataFrame,
        rows: Sequence[NewRow],
        ordinals: Sequence[int],
        step: int,
        numbers: NDArray[np.int64],
    ) -> list[NewText]:
        results: list[NewText] = []
        if not rows:
            return results
        name, sources = self.tfs.names[place], list[list[int]]()

        def batches() -> Iterator[Batch]:
            for batch, of_batch in self.batches(place, frame, rows, ordinals, step):
                sources.append(of_batch)
                yield batch

        with _about(name):
            for at, (batch, (votes,)) in enumerate(self._voter(place).vote(batches())):
                results += votes.votes
                problems = votes.problems
                if problems is not None:
                    problems = numbered(problems, numbers[sources[at]])
                self._budgets[name].note({} if problems is None else {name: problems}, len(batch))
                if self.stage is not None:
                    self.stage.note = f"'{name}'"
        return results

    def _voter(self, place: int) -> Voter:
        """Return what calls a transformation function, with its processes, made when it is first needed."""
        if place not in self._voters:
            caller, pack = self.tfs.caller(place)
            voter = Voter(
                [caller],
                form=TextForm(len(self.columns)),
                pack=pack,
                workers=0 if pack is None else self._workers,
                time_limit=self._time_limit if caller.tf.is_foreign else None,
            )
            self._voters[place] = self._open.enter_context(voter)
        return self._voters[place]

    def _seed(self, texts: tuple[str, ...], purpose: str) -> int:
        """Return a number that depends on the seed, the texts of a row and a purpose alone."""
        parts = "\x1f".join([str(self.seed), purpose, *texts]).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(parts, digest_size=6).digest(), "big")


def texts_of(frame: pl.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the texts of each row, one a text column; a missing one is "". Length: n."""
    return list(zip(*(frame[column].cast(pl.String).fill_null("").to_list() for column in columns), strict=True))


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Let errors name a transformation function by what it is."""
    try:
        yield
    except VoteError as error:
        raise AugmentError(str(error).replace(f"LF '{name}'", f"transformation function '{name}'")) from None
