"""``select_corpus``: keep the labeled rows that are worth training on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.decisions import agreed_classes, read_decisions
from weaklabel.encoder.named import check_encoder
from weaklabel.errors import ConfigError, SelectionError, nearest
from weaklabel.export.opening import SPLIT, LabelColumns
from weaklabel.job.engine import Engine
from weaklabel.job.transform import check_text, transform_corpus
from weaklabel.job.transform_job import Transformation
from weaklabel.label_names import find_labels
from weaklabel.labels import check_label_names
from weaklabel.registries import SELECTORS
from weaklabel.select.budget import GOLD, LABELED, UNIFORM, Budget
from weaklabel.select.choice import Choice
from weaklabel.select.transform import Select
from weaklabel.support.params import checked_params

METHOD, BUDGET = "agreement", "50%"
"""What is chosen by, and how much, if nothing else is said."""


def select_corpus(
    source: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    method: str = METHOD,
    params: Mapping[str, Any] | None = None,
    budget: Budget | str | float = BUDGET,
    class_balance: str | Sequence[float] | None = None,
    text: str | Sequence[str] = "text",
    prefix: str | None = None,
    split: str | None = None,
    score: str | None = None,
    encoder: str | None = None,
    tokenizer: str | None = None,
    gold: str | None = None,
    decisions: str | os.PathLike[str] | None = None,
    curve: str | os.PathLike[str] | None = None,
    seed: int = 0,
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Keep the labeled rows that are worth training on, and drop the others.

    Rows without a label are dropped, too.

    Parameters
    ----------
    source
        A labeled file, as `weaklabel.label` writes it, or a `Corpus` of one, or whatever else `read_corpus` takes.
    out
        Where to write. By default, the rows are returned.
    method, params
        Name of a selector (``SELECTORS`` in `weaklabel.registries`), and its parameters.
    budget
        ``"50%"``, a number of rows, or ``"20000 tokens"``; see `Budget.parse`.
    class_balance
        Shares of the budget: ``"labels"``, ``"uniform"``, ``"gold"``, or a number a class. By default scores alone decide.
    text
        Columns that hold the text, if ``source`` is not a `Corpus`.
    prefix
        How the columns with labels begin; found if there is only one such prefix.
    split
        Column of the split, of which only the rows of ``train`` are chosen from; ``split`` if there is such a column.
    score
        Column to add with the score of each row.
    encoder
        Local folder or hub name of what embeds texts; by default the embedded encoder.
    tokenizer
        Checkpoint whose tokenizer counts tokens; by default that of the encoder.
    gold
        Column with labels by hand, empty where nobody looked: for selectors that learn from a little gold. Gold in rows of
        other splits is not used.
    decisions
        File of decisions that ``weaklabel review`` wrote, as gold.
    curve
        JSON file for the curve of the reward (reinforcement learning); with it, a killed run goes on where it was.
    seed
        Another seed draws other rows where something is drawn.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Returns
    -------
    Transformation
        ``summary`` says how many rows of each class were chosen.

    Raises
    ------
    ConfigError, SelectionError
        An option has a wrong value, or no row has a label.
    ExportError
        There is no column with labels.
    CorpusError
        The corpus cannot be read, or the output cannot be written.

    Examples
    --------
    >>> rows = {"text": ["a prize", "lunch", "a gift", "dinner"], "label": ["spam", "ham", "spam", "ham"]}
    >>> rows |= {"confidence": [0.9, 0.6, 0.7, 0.8], "p_ham": [0.1, 0.6, 0.3, 0.8], "p_spam": [0.9, 0.4, 0.7, 0.2]}
    >>> done = select_corpus(rows, method="confidence", budget=2, class_balance="uniform")
    >>> done.frame["text"].to_list()
    ['a prize', 'dinner']
    """
    corpus = source if isinstance(source, Corpus) else read_corpus(source, text=text)
    transform = selector_of(
        corpus,
        method=method,
        params=params,
        budget=budget,
        class_balance=class_balance,
        prefix=prefix,
        split=split,
        score=score,
        encoder=encoder,
        tokenizer=tokenizer,
        gold=gold,
        decisions=decisions,
        curve=curve,
        seed=seed,
    )
    return transform_corpus(corpus, transform, out, engine=engine, progress=progress)


def selector_of(
    corpus: Corpus,
    *,
    method: str = METHOD,
    params: Mapping[str, Any] | None = None,
    budget: Budget | str | float = BUDGET,
    class_balance: str | Sequence[float] | None = None,
    prefix: str | None = None,
    split: str | None = None,
    score: str | None = None,
    encoder: str | None = None,
    tokenizer: str | None = None,
    gold: str | None = None,
    decisions: str | os.PathLike[str] | None = None,
    curve: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> Select:
    """Return the transform that chooses rows, all of it checked before any work; see `select_corpus`.

    Raises
    ------
    ConfigError, SelectionError, ExportError, CorpusError
        As for `select_corpus`.
    """
    check_text(corpus, "select")
    check_encoder(encoder)
    selector = SELECTORS[method]
    columns = LabelColumns.of(corpus, prefix)
    if columns.probs:
        labels = columns.classes
    else:
        labels = tuple(find_labels(corpus.values(columns.label), (), corpus.name))
        if method in ("confidence", "margin", "combined"):
            raise SelectionError(
                f"'{method}' compares probabilities, and {corpus.name} has none: label it with probabilities, or choose "
                "another method, such as 'loss'"
            )
    if split is not None and split not in corpus.columns:
        raise SelectionError(
            f"{corpus.name} has no column '{split}' with a split; columns are {', '.join(corpus.columns)}"
        )
    if score is not None and score in corpus.columns:
        raise ConfigError(f"select: {corpus.name} has a column '{score}' already; name another one for scores")
    if gold is not None and gold not in corpus.columns:
        raise SelectionError(
            f"{corpus.name} has no column '{gold}' with gold{nearest(gold, corpus.columns)}; columns are "
            f"{', '.join(corpus.columns)}"
        )
    if gold is None and decisions is None and (selector.needs_gold or class_balance == GOLD):
        what = f"'{method}'" if selector.needs_gold else "the class balance of gold"
        raise SelectionError(f"{what} needs labels by hand: name their column (gold), or a file of decisions")
    if selector.needs_votes and not columns.votes:
        raise SelectionError(
            f"'{method}' needs the votes of the labeling functions, and {corpus.name} has no columns "
            f"'{columns.prefix}vote_...': label it with votes (weaklabel label --votes)"
        )
    if curve is not None and not selector.has_param("curve_file"):
        raise SelectionError(f"'{method}' has no curve of a reward: only reinforcement learning has one")
    given = dict(params or {})
    try:
        checked_params(selector, given)
    except ValueError as error:
        raise ConfigError(f"select: {error}") from None
    names = tuple(check_label_names(labels, corpus.name))
    return Select(
        text=tuple(corpus.text),
        labels=names,
        label=columns.label,
        probs=columns.probs,
        choice=Choice(
            method,
            Budget.parse(budget),
            given,
            checked_balance(class_balance, len(labels)),
            encoder,
            tokenizer,
            None if curve is None else os.fspath(curve),
            seed,
        ),
        split=SPLIT if split is None and SPLIT in corpus.columns else split,
        score=score,
        # Votes speak for and against labels wherever there is gold to learn from.
        votes=columns.votes if selector.needs_votes or selector.needs_gold else (),
        gold=gold,
        decided=None if decisions is None else agreed_classes(read_decisions(decisions), names),
        read=() if decisions is None else (os.fspath(decisions),),
    )


def checked_balance(balance: str | Sequence[float] | None, k: int) -> str | tuple[float, ...] | None:
    """Return a class balance of k classes, if it is one; else it is a `ConfigError`."""
    if balance is None or (isinstance(balance, str) and balance in (LABELED, UNIFORM, GOLD)):
        return balance
    if isinstance(balance, str) or len(balance) != k or min(balance) < 0 or not sum(balance) > 0:
        raise ConfigError(
            f"select: the class balance must be '{LABELED}', '{UNIFORM}', '{GOLD}' or {k} shares, one a class in their "
            f"order, not {balance!r}"
        )
    return tuple(float(share) for share in balance)
