"""``augment_corpus``: new training rows, made of those that are there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from weaklabel.augment.core import TransformationFunction
from weaklabel.augment.loading import TFCollection, load_tfs
from weaklabel.augment.policies import RANDOM, policy_of
from weaklabel.augment.transform import Augment
from weaklabel.clean.annotate import ANNOTATIONS
from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.errors import AugmentError, nearest
from weaklabel.export.opening import SPLIT, LabelColumns
from weaklabel.job.engine import Engine
from weaklabel.job.transform import check_text, transform_corpus
from weaklabel.job.transform_job import Transformation
from weaklabel.label_names import find_labels
from weaklabel.labels import VoteArray, check_label_names
from weaklabel.lf.fingerprint import NotFingerprintable, ValueHash
from weaklabel.lf.packs import LFCollection, load_lfs

LABEL = "label"
"""A column of this name that does not hold the labels is gold."""


def augment_corpus(
    source: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    tfs: Iterable[str | TransformationFunction | Any] | TFCollection,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    policy: Any = None,
    length: int = 1,
    per_row: int = 1,
    text: str | Sequence[str] = "text",
    prefix: str | None = None,
    split: str | None = None,
    all_train: bool = False,
    gold: str | None = None,
    not_in: Sequence[str | os.PathLike[str]] = (),
    lfs: LFCollection | Sequence[str] = (),
    label_model: LabelModelSettings | str = "auto",
    seed: int = 0,
    workers: int = 1,
    time_limit: float | None = None,
    error_budget: float | None = None,
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Make new training rows by transformation functions, and write each behind the row that it was made of.

    A new row has the label, the probabilities and all other columns of its source, and so its split and its group; the
    columns ``augmented_from`` and ``augmented_by`` say what it was made of, and by which transformation functions. Only
    labeled training rows are sources. No new row has a text that is in the corpus already.

    Parameters
    ----------
    source
        A labeled file, as `weaklabel.label` writes it, or a `Corpus` of one, or whatever else `read_corpus` takes.
    out
        Where to write. By default, the rows are returned.
    tfs, params
        Transformation functions, and parameters of those given by name; see `load_tfs`.
    policy
        ``"random"`` (the default): transformation functions drawn at random; ``"each"``: every one by itself; ``"all"``: all,
        one after the other; or a policy of ``snorkel.augmentation``. By default that of a file with one, if there is one.
    length, per_row
        Transformation functions that make a new row, with ``"random"``; new rows of a row, with ``"random"`` and ``"all"``.
    text
        Columns that hold the text, if ``source`` is not a `Corpus`.
    prefix
        How the columns with labels begin; found if there is only one such prefix.
    split
        Column of the split, of which only the rows of ``train`` are sources; ``split`` if there is such a column.
    all_train
        Say that there is no column with a split, because all rows are for training.
    gold
        Column with gold: rows that have it are no sources. Where labels have a prefix, a column ``label`` is taken for gold.
    not_in
        Files with rows for validation or tests: no new row has their texts.
    lfs
        Labeling functions, or names of packs: a new row whose votes speak against the label of its source is refused.
    label_model
        What weighs these votes; it is fitted on those of the training rows.
    seed
        Another seed makes other rows.
    workers
        Guarded processes of each function in Python that comes from a file; 0 for none.
    time_limit
        Seconds that one of these may take over a row; 10 with guarded processes.
    error_budget
        Share of the rows on which a transformation function may fail; see `weaklabel.apply_lfs`.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Returns
    -------
    Transformation
        ``added`` and ``refused`` count new rows; ``summary`` says by which transformation functions they were made.

    Raises
    ------
    AugmentError
        It is not said which rows are for training, no row can be a source, an option is wrong, or a transformation function
        fails.
    ExportError
        There is no column with labels.
    CorpusError
        The corpus cannot be read, or the output cannot be written.

    Examples
    --------
    >>> rows = {"text": ["claim your prize", "see you at lunch"], "label": ["spam", "ham"], "split": ["train", "test"]}
    >>> done = augment_corpus(rows, tfs=["swap-words"], seed=1)
    >>> done.frame["text"].to_list()
    ['claim your prize', 'your claim prize', 'see you at lunch']
    >>> done.frame["augmented_from"].to_list()
    [None, 1, None]

    References
    ----------
    Transformation functions and policies: Ratner et al., "Learning to compose domain-specific transformations for data
    augmentation", NeurIPS 2017.
    """
    corpus = source if isinstance(source, Corpus) else read_corpus(source, text=text)
    transform = augmenter_of(
        corpus,
        tfs=tfs,
        params=params,
        policy=policy,
        length=length,
        per_row=per_row,
        prefix=prefix,
        split=split,
        all_train=all_train,
        gold=gold,
        not_in=not_in,
        lfs=lfs,
        label_model=label_model,
        seed=seed,
        workers=workers,
        time_limit=time_limit,
        error_budget=error_budget,
    )
    return transform_corpus(corpus, transform, out, engine=engine, progress=progress)


def augmenter_of(
    corpus: Corpus,
    *,
    tfs: Iterable[Any] | TFCollection,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    policy: Any = None,
    length: int = 1,
    per_row: int = 1,
    prefix: str | None = None,
    split: str | None = None,
    all_train: bool = False,
    gold: str | None = None,
    not_in: Sequence[str | os.PathLike[str]] = (),
    lfs: LFCollection | Sequence[str] = (),
    label_model: LabelModelSettings | str = "auto",
    seed: int = 0,
    workers: int = 1,
    time_limit: float | None = None,
    error_budget: float | None = None,
    among: NDArray[np.bool_] | None = None,
    fitted: Any = None,
    known_votes: VoteArray | None = None,
) -> Augment:
    """Return the transform that adds rows, all of it checked before any work; see `augment_corpus` and `Augment`.

    Raises
    ------
    AugmentError, ExportError, CorpusError
        As for `augment_corpus`.
    """
    check_text(corpus, "augmented")
    if corpus.entities:
        raise AugmentError(
            f"{corpus.name} has entities marked in its texts, which new texts would move; leave them out"
        )
    columns = LabelColumns.of(corpus, prefix)
    labels = columns.classes
    if not labels:
        given = corpus.values(columns.label)
        if all(value is None or value == "" for value in given):
            raise AugmentError(f"{corpus.name} has no row with a label, so there is nothing to make new rows of")
        labels = tuple(find_labels(given, (), corpus.name))
    if gold is None:
        gold = corpus.hide[0] if corpus.hide else LABEL if columns.label != LABEL and LABEL in corpus.columns else None
    for name, what in ((split, "the split"), (gold, "gold")):
        if name is not None and name not in corpus.columns:
            raise AugmentError(f"{corpus.name} has no column '{name}' with {what}{nearest(name, corpus.columns)}")
    split = SPLIT if split is None and SPLIT in corpus.columns else split
    if split is None and not all_train:
        raise AugmentError(
            f"{corpus.name} has no column '{SPLIT}', so rows for training cannot be told from those for tests: divide it "
            "(weaklabel split), name the column, or say that all rows are for training (--all-train)"
        )
    if split is not None and all_train:
        raise AugmentError(
            f"{corpus.name} has a column '{split}' with a split; leave out that all rows are for training"
        )
    loaded = tfs if isinstance(tfs, TFCollection) else load_tfs(tfs, params)
    chosen = policy if policy is not None else loaded.policy if loaded.policy is not None else RANDOM
    pack = lfs if isinstance(lfs, LFCollection) else load_lfs(*lfs) if lfs else None
    if pack is not None and tuple(pack.labels) != tuple(labels) and columns.classes:
        raise AugmentError(
            f"the labeling functions vote for {', '.join(pack.labels)}, but {corpus.name} has the classes {', '.join(labels)}"
        )
    if pack is not None:
        labels = pack.labels
    settings = LabelModelSettings(name=label_model) if isinstance(label_model, str) else label_model
    return Augment(
        text=tuple(corpus.text),
        labels=tuple(check_label_names(labels, corpus.name)),
        label=columns.label,
        tfs=loaded,
        policy=policy_of(chosen, len(loaded.tfs), length, per_row),
        policy_settings=_shown_policy(chosen, length, per_row),
        split=split,
        gold=gold,
        hide=tuple(corpus.hide),
        votes=dict(zip(columns.names(columns.votes, "vote_"), columns.votes, strict=True)),
        empty=tuple(name for name, dtype in ANNOTATIONS.items() if corpus.schema.get(name) == dtype),
        not_in=tuple(os.fspath(path) for path in not_in),
        lfs=pack,
        label_model=settings if pack is not None else None,
        seed=seed,
        workers=workers,
        time_limit=time_limit,
        error_budget=error_budget,
        among=among,
        fitted=fitted,
        known_votes=known_votes,
    )


def _shown_policy(policy: Any, length: int, per_row: int) -> Any:
    """Return what a policy is, as JSON has it; of an object, its class and what it consists of."""
    if isinstance(policy, str):
        return [policy, length, per_row]
    try:
        return [type(policy).__qualname__, ValueHash().of([type(policy), vars(policy)]).hex()]
    except (NotFingerprintable, TypeError):
        return [type(policy).__qualname__, uuid4().hex]  # what is begun with it cannot be resumed
