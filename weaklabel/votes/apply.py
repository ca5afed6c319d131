"""Applying labeling functions to a corpus, batch by batch, with nothing lost and every problem counted."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import CorpusError, LFError, VoteError, WeakLabelWarning, nearest
from weaklabel.labels import MAX_CARDINALITY, check_label_names
from weaklabel.lf.core import LF, ExpressionLF, as_lf
from weaklabel.votes.evaluate import LFVotes, add_problems, vote_by_batch, vote_with_expressions
from weaklabel.votes.matrix import Problems, Votes
from weaklabel.votes.parallel import vote_in_processes

DEFAULT_BUDGET = 0.05
"""Share of the rows on which a labeling function may go wrong, unless the caller sets it."""

ALWAYS_BORNE = 100
"""Rows on which a labeling function may go wrong by default, whatever share of a small corpus that is."""

WORTH_WORKERS = 20_000
"""Rows from which on it pays to start processes."""


def apply_lfs(
    lfs: Iterable[Any],
    corpus: Any,
    *,
    labels: Sequence[str] | None = None,
    error_budget: float | None = None,
    workers: int = 1,
    batch_size: int = 10_000,
    progress: bool = False,
) -> Votes:
    """Let labeling functions vote on every row of a corpus.

    What is no vote (an exception, ``None``, a bool, a float, a number outside the classes) counts as an abstain on that
    row, and as a problem of that labeling function, which a `WeakLabelWarning` tells and ``problems`` keeps.

    Parameters
    ----------
    lfs
        Labeling functions, or a collection of them as `load_lfs` gives it.
    corpus
        A corpus, a pandas or polars frame, a list of texts, or whatever else `read_corpus` reads.
    labels
        Class names; by default those of the collection. Without any, a vote may be 0 to 126.
    error_budget
        Share of the rows, 0 to 1, on which one labeling function may go wrong before all is refused; 0 refuses the
        first problem. By default 5%, or 100 rows where that is more.
    workers
        Processes for the labeling functions that are no column expressions. More than one needs labeling functions
        from packs, since each process loads them by itself; a corpus below 20,000 rows stays in this process.
    batch_size
        Rows evaluated together; the votes do not depend on it.
    progress
        Show a progress bar on stderr.

    Returns
    -------
    Votes

    Raises
    ------
    LFError
        There are no labeling functions, two share a name, one is none, or one reads a column that the corpus lacks.
    VoteError
        A labeling function went wrong on more rows than the budget allows, or did not return a vote for each row.

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
    if not 0 <= (error_budget or 0) <= 1:
        raise VoteError(f"error_budget must be 0 to 1, not {error_budget}")
    if workers < 1 or batch_size < 1:
        raise VoteError(f"workers and batch_size must be at least 1, not {workers} and {batch_size}")
    functions = _as_lfs(lfs)
    labels = getattr(lfs, "labels", None) if labels is None else labels
    names = None if labels is None else check_label_names(labels, "apply_lfs")
    rows = _as_corpus(corpus)
    _check_columns(functions, rows.columns)

    top = MAX_CARDINALITY if names is None else len(names)
    specs = _specs(lfs, functions) if workers > 1 else ()
    blocks, problems = [np.empty((len(functions), 0), np.int8)], dict[str, Problems]()
    with _bar(progress) as bar:
        for found in _evaluate(functions, rows.batches(batch_size), top, specs, workers):
            blocks.append(np.stack([part.votes for part in found]))
            _note(problems, functions, found)
            if problems and error_budget == 0:
                _refuse_beyond(0, problems, "error_budget=0 allows none")
            bar.update(blocks[-1].shape[1])
    L = np.concatenate(blocks, axis=1).T
    # Only now: how many problems are too many hangs on how many rows there are.
    share = DEFAULT_BUDGET if error_budget is None else error_budget
    borne = max(ALWAYS_BORNE if error_budget is None else 0, int(share * len(L)))
    _refuse_beyond(borne, problems, f"error_budget={share:g} allows {borne} of {len(L)}")
    if problems:
        _warn(problems)
    return Votes(L, tuple(lf.name for lf in functions), names, problems)


def _as_lfs(lfs: Any) -> list[LF]:
    if isinstance(lfs, str) or not isinstance(lfs, Iterable):
        raise LFError(f"lfs must be a list of labeling functions, not {lfs!r}; packs are loaded by load_lfs")
    functions = []
    for position, thing in enumerate(lfs):
        lf = as_lf(thing)
        if lf is None:
            raise LFError(
                f"lfs[{position}] is {thing!r}, no labeling function; decorate a function with @labeling_function()"
            )
        functions.append(lf)
    if not functions:
        raise LFError("there are no labeling functions to apply; give at least one")
    name, uses = Counter(lf.name for lf in functions).most_common(1)[0]
    if uses > 1:
        raise LFError(f"{uses} labeling functions are called '{name}'; each needs a name of its own")
    return functions


def _as_corpus(corpus: Any) -> Corpus:
    if hasattr(corpus, "batches"):
        whole: Corpus = corpus
        return whole
    if isinstance(corpus, list | tuple):
        for row, text in enumerate(corpus):
            if not isinstance(text, str):
                raise CorpusError(f"row {row} of the list of texts is {text!r}, which is no text")
        corpus = pl.DataFrame({TEXT: corpus}, schema={TEXT: pl.String})
    return read_corpus(corpus)


def _check_columns(functions: Sequence[LF], columns: Sequence[str]) -> None:
    known = {*columns, TEXT}
    for lf in functions:
        for column in getattr(lf, "columns", ()):
            if column not in known:
                raise LFError(
                    f"LF '{lf.name}' reads column '{column}', which the corpus lacks{nearest(column, known)}; "
                    f"its columns are {', '.join(columns)}"
                )


def _specs(lfs: Any, functions: Sequence[LF]) -> tuple[str, ...]:
    """Return by what the processes load the labeling functions; empty where none of them is needed there."""
    others = [lf.name for lf in functions if not isinstance(lf, ExpressionLF)]
    specs = tuple(getattr(lfs, "specs", ()))
    if others and not specs:
        raise LFError(
            f"workers need labeling functions from a pack, and LF '{others[0]}' comes from none: "
            "put it into a .py file and load that with load_lfs, or use workers=1"
        )
    return specs if others else ()


def _evaluate(
    functions: Sequence[LF], batches: Iterator[Batch], top: int, specs: tuple[str, ...], workers: int
) -> Iterator[list[LFVotes]]:
    """Yield, batch by batch and in the order of ``functions``, what each of them votes."""
    expressions = [lf for lf in functions if isinstance(lf, ExpressionLF)]
    others = [lf for lf in functions if not isinstance(lf, ExpressionLF)]
    is_large, batches = _look_ahead(batches) if specs else (False, batches)
    if is_large:
        voted = vote_in_processes(specs, [lf.name for lf in others], batches, top, workers)
    else:
        voted = ((batch, vote_by_batch(others, batch, top)) for batch in batches)
    for batch, found in voted:
        by_name = dict(zip((lf.name for lf in others), found, strict=True))
        if expressions:
            by_name.update(
                zip((lf.name for lf in expressions), vote_with_expressions(expressions, batch, top), strict=True)
            )
        yield [by_name[lf.name] for lf in functions]


def _look_ahead(batches: Iterator[Batch]) -> tuple[bool, Iterator[Batch]]:
    """Say whether there are rows enough for several processes, and give the batches back whole."""
    seen, n_rows = [], 0
    for batch in batches:
        seen.append(batch)
        n_rows += len(batch)
        if n_rows >= WORTH_WORKERS:
            break
    return n_rows >= WORTH_WORKERS, chain(seen, batches)


def _note(problems: dict[str, Problems], functions: Sequence[LF], found: Sequence[LFVotes]) -> None:
    for lf, part in zip(functions, found, strict=True):
        total = add_problems([problems.get(lf.name), part.problems])
        if total is not None:
            problems[lf.name] = total


def _refuse_beyond(borne: int, problems: dict[str, Problems], budget: str) -> None:
    for name, found in problems.items():
        if found.count > borne:
            raise VoteError(f"LF '{name}': {found}; {budget}")


def _warn(problems: dict[str, Problems]) -> None:
    each = "; ".join(f"LF '{name}': {found}" for name, found in problems.items())
    warnings.warn(f"votes that went wrong count as abstains: {each}", WeakLabelWarning, stacklevel=3)


def _bar(progress: bool) -> Any:
    from tqdm import tqdm

    return tqdm(desc="labeling functions", unit=" rows", unit_scale=True, disable=not progress)
