"""Applying labeling functions to a corpus, batch by batch, with nothing lost and every problem counted."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.corpus.corpus import can_be_text
from weaklabel.errors import LFError, VoteError, nearest
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes, check_label_names
from weaklabel.lf.core import LF, check_label_order
from weaklabel.lf.foreign import as_lfs
from weaklabel.lf.packs import SPANS, LFCollection
from weaklabel.lf.spans.annotators import joined_annotators
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.forest import LabelForest
from weaklabel.support.progress import showing, stage
from weaklabel.support.warn import warn
from weaklabel.votes.cascade import Answers, choose_rows, first_places, needs_answers, second_places, vote_shares
from weaklabel.votes.checking import ErrorBudget
from weaklabel.votes.form import LFVotes, numbered
from weaklabel.votes.matrix import Problems, Votes
from weaklabel.votes.patterns import VotePatterns, vote_patterns
from weaklabel.votes.spans.apply import apply_span_lfs, bound
from weaklabel.votes.spans.votes import SpanVotes
from weaklabel.votes.tally import has_vote
from weaklabel.votes.voter import Voter

ROWS_TO_CHOOSE_FROM = 50_000
"""Rows from which those are gathered that a labeling function is asked about several at once."""


@overload
def apply_lfs(
    lfs: Iterable[SpanLF],
    corpus: Any,
    *,
    labels: Sequence[str] | Mapping[str, Sequence[str]] | None = ...,
    error_budget: float | None = ...,
    workers: int = ...,
    time_limit: float | None = ...,
    memory_limit: int | None = ...,
    batch_size: int = ...,
    label_model: Any = ...,
    progress: bool = ...,
) -> SpanVotes: ...


@overload
def apply_lfs(
    lfs: Iterable[Any],
    corpus: Any,
    *,
    labels: Sequence[str] | Mapping[str, Sequence[str]] | None = ...,
    error_budget: float | None = ...,
    workers: int = ...,
    time_limit: float | None = ...,
    memory_limit: int | None = ...,
    batch_size: int = ...,
    label_model: Any = ...,
    progress: bool = ...,
) -> Votes: ...


def apply_lfs(
    lfs: Iterable[Any],
    corpus: Any,
    *,
    labels: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    error_budget: float | None = None,
    workers: int = 0,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    batch_size: int = 50_000,
    label_model: Any = None,
    progress: bool = False,
) -> Votes | SpanVotes:
    """Let labeling functions vote on every row of a corpus.

    Those with a ``where`` other than "all" are asked last, about the rows that it names; see `weaklabel.lf.LF`.

    Anything that is not a vote (an exception, ``None``, a bool, a float, a number outside the classes) counts as an
    abstain on that row, and as a problem of that labeling function, which a `WeakLabelWarning` reports and ``problems`` keeps.

    Parameters
    ----------
    lfs
        Labeling functions, or a collection of them as `load_lfs` gives it.
    corpus
        A corpus; a pandas or polars frame or Series, an Arrow table, a data set of the package ``datasets``; texts,
        dicts, dataclasses or other objects, in a list or as they come; or whatever else `read_corpus` reads. A column
        ``text`` is needed only where a labeling function reads it.
    labels
        Class names; by default those of the collection. Without any, a vote may be 0 to 32,766. For labeling functions
        that mark spans, a hierarchy of labels, too, as LABELS of a pack.
    error_budget
        Share of the rows, 0 to 1, on which one labeling function may fail before all is refused; 0 refuses the first
        problem. By default 5%, or 100 rows where that is more, but at most half of the rows. One that fails on each of
        the first 10,000 rows is refused at once.
    workers
        Processes for the labeling functions that run code of others: one that crashes or hangs loses its own votes on
        the rows concerned, and nothing else. The labeling functions must come from packs, because each process loads
        them by itself. 0: all run in this process, unguarded.
    time_limit
        Seconds that a labeling function may take over one row; by default 10 with ``workers``, and no limit without.
    memory_limit
        Bytes that one of the ``workers`` may hold; see `weaklabel.votes.voter.Voter`.
    batch_size
        Rows evaluated together; the votes do not depend on it.
    label_model
        What says how sure the label of a row is, for labeling functions with ``where="uncertain"``: a label model, of which
        a copy is fitted on the votes of the others. By default the share of a row's votes that are for its most frequent
        class; `weaklabel.job` takes the label model that the corpus is labeled with.
    progress
        Show progress on stderr, or in a notebook.

    Returns
    -------
    Votes or SpanVotes
        `SpanVotes` of labeling functions that mark spans (see `weaklabel.lf.spans`), with words and texts: a span that cuts
        a word takes all of it, and of overlapping spans of one labeling function the longest stays; both are counted.

    Raises
    ------
    LFError
        There are no labeling functions, two share a name, one is not a labeling function, or one reads a column that the
        corpus lacks.
    VoteError
        A labeling function failed on more rows than the budget allows, did not return a vote for each row, or took
        down more than 20 processes.

    Examples
    --------
    >>> from weaklabel.lf.core import labeling_function
    >>> @labeling_function()
    ... def check_out(x):
    ...     return 1 if "check out" in x.text.lower() else -1
    >>> apply_lfs([check_out], ["Check out my page", "nice song"]).L
    array([[ 1],
           [-1]], dtype=int8)
    """
    if batch_size < 1:
        raise VoteError(f"batch_size must be at least 1, not {batch_size}")
    functions = _as_lfs(lfs)
    how: dict[str, Any] = {
        "pack": lfs if isinstance(lfs, LFCollection) else None,
        "workers": workers,
        "time_limit": time_limit,
        "memory_limit": memory_limit,
    }
    if task_of(functions) == SPANS:
        with showing(progress):
            return _apply_span_lfs(lfs, functions, corpus, labels, error_budget, batch_size, how)
    class_names: Any = getattr(lfs, "labels", None) if labels is None else labels
    names = None if class_names is None else check_label_names(class_names, "apply_lfs")
    if names is not None:
        for lf in functions:
            check_label_order(lf, names, "labels")
    budget = ErrorBudget(error_budget)
    rows = _as_corpus(corpus)
    check_columns(functions, rows)
    top = MAX_CARDINALITY if names is None else len(names)
    how["top"] = top

    # Rows that are answered together stay together in whatever batches: so votes do not depend on these.
    together = math.lcm(*(lf.rows_together for lf in functions))
    batch_size = math.ceil(batch_size / together) * together
    first = first_places(functions)
    asked = [functions[place] for place in first]
    blocks = [np.empty((len(asked), 0), np.int8)]
    with showing(progress):
        with stage("voting", rows.known_length, "rows") as progress_stage, Voter(asked, **how) as voter:
            voter.stage = progress_stage
            for batch, votes in voter.vote(rows.batches(batch_size)):
                blocks.append(np.stack([part.votes for part in votes]))
                budget.note(_problems(asked, votes), len(batch))
                progress_stage.advance(len(batch))
            voter.say_slowest()
        budget.check()
        problems = budget.problems
        L: VoteArray = np.concatenate(blocks, axis=1).T
        if len(asked) < len(functions):
            table = vote_patterns(L)
            L = _spread(L, first, len(functions))
            for place in second_places(functions):
                answers = _answers(label_model, functions[place], table, top)
                choice = choose_rows(functions[place], table, lambda: [(0, table)], answers)
                budget = ErrorBudget(error_budget)
                # Chosen rows that are answered together are gathered from the same rows, whatever the batches.
                size = batch_size if functions[place].rows_together == 1 else ROWS_TO_CHOOSE_FROM
                votes_of_lf = _ask_about(functions[place], choice.rows(table, 0), rows, size, how, budget)
                L = L.astype(np.result_type(L, votes_of_lf), order="F", copy=False)
                L[:, place] = votes_of_lf
                problems = problems | budget.problems
    if problems:
        warn_of_problems(problems)
    return Votes(L, tuple(lf.name for lf in functions), names, problems)


def _apply_span_lfs(
    lfs: Any,
    functions: list[LF],
    corpus: Any,
    labels: Any,
    error_budget: float | None,
    batch_size: int,
    how: Mapping[str, Any],
) -> SpanVotes:
    if isinstance(lfs, LFCollection) and labels is None:
        forest = LabelForest(lfs.labels, lfs.inner)
    else:
        functions, forest = bound(functions, labels)
    rows = _as_corpus(corpus)
    check_columns(functions, rows)
    votes = apply_span_lfs(functions, rows, forest, error_budget=error_budget, batch_size=batch_size, how=how)
    if votes.problems:
        warn_of_problems(votes.problems)
    return votes


def task_of(lfs: Sequence[LF]) -> str:
    """Return what labeling functions vote on, "texts" or "spans".

    Raises
    ------
    LFError
        Some of them vote on the one, and some on the other.
    """
    first = lfs[0]
    other = next((lf for lf in lfs if lf.task != first.task), None)
    if other is not None:
        raise LFError(
            f"LF '{first.name}' votes on {first.task} and LF '{other.name}' on {other.task}; apply them separately"
        )
    return first.task


def _spread(L: VoteArray, places: Sequence[int], m: int) -> VoteArray:
    """Return L with its columns at ``places`` of ``m``, and abstains in the others."""
    spread = np.full((len(L), m), ABSTAIN, L.dtype, order="F")
    spread[:, list(places)] = L
    return spread


def _answers(label_model: Any, lf: LF, votes: VotePatterns, top: int) -> Answers | None:
    """Return the first label model, where the rows of a labeling function depend on it and there are votes."""
    if not needs_answers([lf]) or not has_vote(votes.patterns).any():
        return None
    if label_model is None:
        return vote_shares(min(top, int(votes.patterns.max()) + 1))
    answers: Answers = deepcopy(label_model).fit(votes).predict_proba
    return answers


def _ask_about(
    lf: LF, chosen: NDArray[np.bool_], rows: Corpus, batch_size: int, how: Mapping[str, Any], budget: ErrorBudget
) -> VoteArray:
    """Return the votes of a labeling function on all rows: abstains where it is not asked. Shape: [n]."""
    taken: list[NDArray[np.int64]] = []
    # Rows that are answered together are grouped alike for any size of batches.
    size = max(1, len(chosen)) if lf.rows_together > 1 else batch_size

    def batches() -> Iterator[Batch]:
        for batch in rows.batches(size):
            some = np.flatnonzero(chosen[batch.start : batch.start + len(batch)])
            if len(some):
                taken.append(batch.start + some)
                yield batch.take(some)

    n_asked = int(chosen.sum())
    votes = np.full(len(chosen), ABSTAIN, np.int16)
    with stage(f"asking {lf.name}", n_asked, "rows") as progress_stage, Voter([lf], **how) as voter:
        for number, (batch, (found,)) in enumerate(voter.vote(batches())):
            votes[taken[number]] = found.votes
            if found.problems is not None:
                budget.note({lf.name: numbered(found.problems, taken[number])}, len(batch))
            else:
                budget.note({}, len(batch))
            progress_stage.advance(len(batch))
    budget.check()
    return as_votes(votes)


def _problems(functions: Sequence[LF], votes: Sequence[LFVotes]) -> dict[str, Problems]:
    return {lf.name: part.problems for lf, part in zip(functions, votes, strict=True) if part.problems is not None}


def _as_lfs(lfs: Any) -> list[LF]:
    if isinstance(lfs, str) or not isinstance(lfs, Iterable):
        raise LFError(f"lfs must be a list of labeling functions, not {lfs!r}; packs are loaded by load_lfs")
    functions: list[LF] = []
    for position, thing in enumerate(lfs):
        of_thing = as_lfs(thing)
        if not of_thing:
            raise LFError(
                f"lfs[{position}] is {thing!r}, which is not a labeling function; decorate a function with @labeling_function()"
            )
        functions += of_thing
    joined_annotators(functions)
    if not functions:
        raise LFError("there are no labeling functions to apply; give at least one")
    name, uses = Counter(lf.name for lf in functions).most_common(1)[0]
    if uses > 1:
        raise LFError(f"{uses} labeling functions are called '{name}'; each needs its own name")
    return functions


def _as_corpus(corpus: Any) -> Corpus:
    if hasattr(corpus, "batches"):
        checked: Corpus = corpus
        return checked
    if isinstance(corpus, str | os.PathLike):
        return read_corpus(corpus)
    # Where no labeling function reads a text, there need be none.
    rows = read_corpus(corpus, text=())
    return Corpus(rows.source, (TEXT,)) if TEXT in rows.columns and can_be_text(rows.schema[TEXT]) else rows


def check_columns(functions: Sequence[LF], rows: Corpus) -> None:
    """Refuse, as an `LFError`, a labeling function that reads a column which the corpus lacks."""
    columns = {*rows.columns, TEXT} if rows.text else set(rows.columns)
    for lf in functions:
        for column in lf.columns:
            if column not in columns:
                raise LFError(
                    f"LF '{lf.name}' reads column '{column}', which the corpus lacks{nearest(column, columns)}; "
                    f"its columns are {', '.join(rows.columns)}"
                )


def warn_of_problems(problems: Mapping[str, Problems]) -> None:
    """Tell, by a `WeakLabelWarning`, on which rows labeling functions failed, or their votes carry notes."""
    for begin, some in (
        ("failed votes count as abstains: ", {name: each for name, each in problems.items() if each.count}),
        ("", {name: each for name, each in problems.items() if not each.count}),
    ):
        if some:
            warn(begin + "; ".join(f"LF '{name}': {each}" for name, each in some.items()), stacklevel=3)
