"""What asking will cost: rows, requests, tokens and money by labeling function, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import LLMSettings
from weaklabel.corpus import Corpus
from weaklabel.corpus.batch import Batch
from weaklabel.errors import visible
from weaklabel.job.asked import shown_money
from weaklabel.job.engine import LocalEngine
from weaklabel.job.label import first_answers, label_job
from weaklabel.job.passes import first_votes
from weaklabel.job.voting import LabelOptions
from weaklabel.job.work import LabelJob
from weaklabel.lf.core import ALL_ROWS, LF
from weaklabel.lf.packs import LFCollection
from weaklabel.support.progress import stage
from weaklabel.support.table import table
from weaklabel.votes import VotePatterns
from weaklabel.votes.cascade import RowChoice, choose_rows, first_places
from weaklabel.votes.patterns import merge_patterns

if TYPE_CHECKING:
    from weaklabel.llm import Estimate, Prompt

SAMPLE = 2
"""Prompts of a labeling function that are shown."""


@dataclass(frozen=True)
class LFCost:
    """What asking one labeling function takes.

    Attributes
    ----------
    name, where
        See `weaklabel.lf.LF`.
    rows, of_rows
        Rows that it is yet to be asked about, and rows of the corpus.
    is_bound
        Whether there are at most so many rows, and the estimate is of as many: which they are depends on votes that are
        not there.
    estimate
        Requests, tokens and money; None where no row is left to ask about.
    prompts
        The first prompts.
    """

    name: str
    where: str
    rows: int
    of_rows: int
    is_bound: bool
    estimate: Estimate | None
    prompts: Sequence[Prompt] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        estimate = self.estimate
        told = {} if estimate is None else {name: _plain(value) for name, value in vars(estimate).items()}
        prompts = [[vars(message) for message in prompt.messages] for prompt in self.prompts]
        return {
            "lf": self.name,
            "where": self.where,
            "rows": self.rows,
            "of_rows": self.of_rows,
            "is_upper_bound": self.is_bound,
            **told,
            "sample": prompts,
        }


def asking_costs(corpus: Corpus, lfs: LFCollection, options: LabelOptions, *, vote: bool) -> list[LFCost]:
    """Return what it takes to ask the labeling functions that ask language models about a corpus; nothing is sent.

    Votes and replies that are kept are not counted. Where a labeling function waits for the votes of others, its rows are
    exact if these are there.

    Parameters
    ----------
    corpus, lfs, options
        As for `weaklabel.job.label_corpus`.
    vote
        Whether those labeling functions that cost nothing may vote for it.

    Raises
    ------
    WeakLabelError
        The corpus cannot be read, or a labeling function is at fault.
    """
    asking = [place for place, lf in enumerate(lfs.lfs) if lf.asks]
    if not asking:
        return []
    job = label_job(corpus, lfs, options)
    job.move_to(job.scratch)
    try:
        turns = turns_of(job, asking, vote)
        sums = {place: _Sum(lfs.lfs[place]) for place in asking}
        for turn, batch in parts_to_ask(job, turns, "counting tokens"):
            sums[turn.place].add(batch)
        return [sums[turn.place].cost(len(corpus), turn.is_bound) for turn in turns]
    finally:
        job.close()


@dataclass(frozen=True)
class Turn:
    """A labeling function, the choice of its rows (None: all) by the votes of others, and whether that is only a bound."""

    place: int
    choice: RowChoice | None = None
    chosen_by: Sequence[int] | None = None
    is_bound: bool = False

    def asked(self, job: LabelJob, number: int, n: int) -> NDArray[np.bool_]:
        """Say about which rows of a part it is yet to be asked. Shape: [n]."""
        job.begin_turn([self.place], self.choice, self.chosen_by)
        if self.choice is not None:
            return job.left_to_ask(number)
        is_done = job.lfs.lfs[self.place].where == ALL_ROWS and job.voted(number) is not None
        return np.full(n, not is_done)


def parts_to_ask(job: LabelJob, turns: Sequence[Turn], what: str) -> Iterator[tuple[Turn, Batch]]:
    """Give the rows of each part that each labeling function is yet to be asked about; ``what`` is shown as progress."""
    left = {turn.place: job.lfs.lfs[turn.place].max_rows for turn in turns}
    with stage(what, unit="rows") as shown:
        for rows in job.parts():
            for turn in turns:
                some = np.flatnonzero(turn.asked(job, rows.part.number, len(rows.batch)))[: left[turn.place]]
                if len(some):
                    yield turn, rows.batch.take(some)
                most = left[turn.place]
                left[turn.place] = None if most is None else most - len(some)
            shown.advance(len(rows.batch))


def turns_of(job: LabelJob, asking: Sequence[int], vote: bool) -> list[Turn]:
    """Return the labeling functions at these places, with what is known about the rows that they are asked about.

    Parameters
    ----------
    job
        Its labeling functions and their votes.
    asking
        Places of labeling functions that ask language models.
    vote
        Whether those may vote that cost nothing, or whose replies are all kept, if others wait for their votes.
    """
    lfs = job.lfs.lfs
    first = first_places(lfs)
    free = [place for place in first if not lfs[place].asks]
    if all(lfs[place].where == ALL_ROWS for place in asking):
        return [Turn(place) for place in asking]
    if vote:
        answered = [place for place in first if lfs[place].asks and _is_answered(job, place)]
        if free or answered:
            first_votes(job, LocalEngine(), sorted([*free, *answered]))
    votes_of_all, votes_of_free = _votes_of(job, first), _votes_of(job, free)
    turns = []
    for place in asking:
        lf = lfs[place]
        if lf.where == ALL_ROWS:
            turns.append(Turn(place))
        elif votes_of_all is not None:
            job.begin_turn(first)
            choice = choose_rows(lf, votes_of_all, lambda: _parts(job), first_answers(job, votes_of_all))
            turns.append(Turn(place, choice, first))
        elif votes_of_free is not None and lf.where == "uncovered" and lf.max_rows is None:
            # The votes that are not there can only cover more rows.
            turns.append(Turn(place, choose_rows(lf, votes_of_free, tuple, None), free, is_bound=True))
        else:
            turns.append(Turn(place, is_bound=True))
    return turns


def _is_answered(job: LabelJob, place: int) -> bool:
    """Return whether all replies are kept that a labeling function needs for its votes on all rows."""
    estimates = (
        job.lfs.lfs[place].estimate(batch) for _, batch in parts_to_ask(job, [Turn(place)], "looking for replies")
    )
    return not any(estimate is not None and estimate.requests for estimate in estimates)


def _votes_of(job: LabelJob, places: Sequence[int]) -> VotePatterns | None:
    """Return the vote patterns of some labeling functions; None where not all of their votes are there."""
    if not places:
        return None
    job.begin_turn(places)
    tables = []
    for rows in job.parts():
        votes = job.voted(rows.part.number)
        if votes is None or votes.part != rows.part:
            return None
        tables.append(job.summary(votes, is_new=False).table)
    return merge_patterns(tables) if tables else None


def _parts(job: LabelJob) -> Iterator[tuple[int, VotePatterns]]:
    """Give the first row of each part, and the votes in turn on it."""
    return ((rows.part.first_row, job.votes_in_turn(rows.part)) for rows in job.parts())


class _Sum:
    """What one labeling function takes, added up part by part."""

    def __init__(self, lf: LF) -> None:
        self.lf = lf
        self.rows = 0
        self.estimate: Estimate | None = None
        self.prompts: list[Prompt] = []

    def add(self, batch: Batch) -> None:
        self.rows += len(batch)
        if len(self.prompts) < SAMPLE:
            self.prompts += self.lf.prompts(batch.part(0, SAMPLE * self.lf.rows_together))[: SAMPLE - len(self.prompts)]
        estimate = self.lf.estimate(batch)
        self.estimate = _added(self.estimate, estimate) if estimate is not None else self.estimate

    def cost(self, n: int, is_bound: bool) -> LFCost:
        return LFCost(self.lf.name, self.lf.where, self.rows, n, is_bound, self.estimate, tuple(self.prompts))


def _added(left: Estimate | None, right: Estimate) -> Estimate:
    if left is None:
        return right
    order = ("replies", "tokenizer", "length")
    names = ("requests", "kept", "prompt_tokens", "completion_tokens", "most_tokens")
    return replace(
        left,
        **{name: getattr(left, name) + getattr(right, name) for name in names},
        money=_plus(left.money, right.money),
        most_money=_plus(left.most_money, right.most_money),
        basis=max(left.basis, right.basis, key=order.index),
    )


def _plus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left + right


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def costs_as_json(costs: Sequence[LFCost]) -> list[dict[str, Any]]:
    """Return costs as JSON has them."""
    return [cost.to_dict() for cost in costs]


def costs_as_text(costs: Sequence[LFCost], settings: LLMSettings) -> str:
    """Return costs as a table for a terminal, with the caps that they would exceed and a sample of prompts."""
    rows, lines = list[list[str]](), list[str]()
    for cost in costs:
        estimate = cost.estimate
        told = [""] * 7
        if estimate is not None:
            counts = [estimate.requests, estimate.kept, estimate.prompt_tokens, estimate.completion_tokens]
            money = "" if estimate.money is None else f"{shown_money(estimate.money)} {estimate.currency}"
            told = [visible(estimate.model), *(f"{count:,}" for count in (*counts, estimate.most_tokens)), money]
        of_rows = f"{'at most ' if cost.is_bound else ''}{cost.rows:,} of {cost.of_rows:,}"
        rows.append([visible(cost.name), of_rows, *told])
    heads = ["LF", "rows to ask", "model", "requests", "kept", "tokens in", "tokens out", "at most", "money"]
    lines.append(table(rows, heads))
    lines += [f"would stop at a cap: {sentence}" for sentence in beyond_caps(costs, settings)]
    for cost in costs:
        for number, prompt in enumerate(cost.prompts, 1):
            lines.append(visible(f"LF '{cost.name}', prompt {number} of a sample:"))
            for message in prompt.messages:
                content = "\n".join(visible(line) for line in message.content.split("\n"))
                lines.append("  " + f"{message.role}: {content}".replace("\n", "\n  "))
    return "\n".join(lines)


def beyond_caps(costs: Sequence[LFCost], settings: LLMSettings) -> list[str]:
    """Return a sentence for each cap that what is expected would exceed, without what was spent before."""
    estimates = [cost.estimate for cost in costs if cost.estimate is not None]
    expected: dict[str, Any] = {
        "max_requests": sum(each.requests for each in estimates),
        "max_tokens": sum(each.tokens for each in estimates),
        "max_money": sum((each.money or Decimal(0) for each in estimates), Decimal(0)),
    }
    sentences = []
    for name, amount in expected.items():
        cap = getattr(settings, name)
        if cap is not None and amount > cap:
            shown = shown_money(amount) if name == "max_money" else f"{amount:,}"
            sentences.append(f"{shown} expected, and {name} is {cap:,}")
    return sentences
