"""Applying labeling functions to a corpus, batch by batch, with nothing lost and every problem counted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import TEXT
from weaklabel.corpus.corpus import can_be_text
from weaklabel.errors import LFError, VoteError, nearest
from weaklabel.labels import MAX_CARDINALITY, check_label_names
from weaklabel.lf.core import LF
from weaklabel.lf.foreign import as_lf
from weaklabel.lf.packs import LFCollection
from weaklabel.support.progress import showing, stage
from weaklabel.support.warn import warn
from weaklabel.votes.checking import ErrorBudget, LFVotes
from weaklabel.votes.matrix import Problems, Votes
from weaklabel.votes.voter import Voter


def apply_lfs(
    lfs: Iterable[Any],
    corpus: Any,
    *,
    labels: Sequence[str] | None = None,
    error_budget: float | None = None,
    workers: int = 0,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    batch_size: int = 50_000,
    progress: bool = False,
) -> Votes:
    """Let labeling functions vote on every row of a corpus.

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
        Class names; by default those of the collection. Without any, a vote may be 0 to 32,766.
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
    progress
        Show progress on stderr, or in a notebook.

    Returns
    -------
    Votes

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
    labels = getattr(lfs, "labels", None) if labels is None else labels
    names = None if labels is None else check_label_names(labels, "apply_lfs")
    budget = ErrorBudget(error_budget)
    rows = _as_corpus(corpus)
    check_columns(functions, rows)
    top = MAX_CARDINALITY if names is None else len(names)
    pack = lfs if isinstance(lfs, LFCollection) else None

    blocks = [np.empty((len(functions), 0), np.int8)]
    with (
        showing(progress),
        stage("voting", rows.known_length, "rows") as progress_stage,
        Voter(
            functions, top=top, pack=pack, workers=workers, time_limit=time_limit, memory_limit=memory_limit
        ) as voter,
    ):
        voter.stage = progress_stage
        for batch, votes in voter.vote(rows.batches(batch_size)):
            blocks.append(np.stack([part.votes for part in votes]))
            budget.note(_problems(functions, votes), len(batch))
            progress_stage.advance(len(batch))
        voter.say_slowest()
    budget.check()
    if budget.problems:
        warn_of_problems(budget.problems)
    return Votes(np.concatenate(blocks, axis=1).T, tuple(lf.name for lf in functions), names, budget.problems)


def _problems(functions: Sequence[LF], votes: Sequence[LFVotes]) -> dict[str, Problems]:
    return {lf.name: part.problems for lf, part in zip(functions, votes, strict=True) if part.problems is not None}


def _as_lfs(lfs: Any) -> list[LF]:
    if isinstance(lfs, str) or not isinstance(lfs, Iterable):
        raise LFError(f"lfs must be a list of labeling functions, not {lfs!r}; packs are loaded by load_lfs")
    functions = []
    for position, thing in enumerate(lfs):
        lf = as_lf(thing)
        if lf is None:
            raise LFError(
                f"lfs[{position}] is {thing!r}, which is not a labeling function; decorate a function with @labeling_function()"
            )
        functions.append(lf)
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
    """Tell, by a `WeakLabelWarning`, on which rows labeling functions failed."""
    what = "; ".join(f"LF '{name}': {each}" for name, each in problems.items())
    warn(f"failed votes count as abstains: {what}", stacklevel=3)
