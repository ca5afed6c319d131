"""Which new rows may stay: none that is in the corpus already, and none whose votes speak against its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import read_corpus
from weaklabel.errors import AugmentError
from weaklabel.labels import ABSTAIN, Labels, VoteArray, as_votes
from weaklabel.lf.packs import SPANS, LFCollection
from weaklabel.votes import apply_lfs

DUPLICATE, HELD_OUT_TEXT, CONTRADICTED = "duplicate", "text of another split", "label contradicted"
"""Rules by which new rows are refused."""


class ExistingTexts:
    """The texts that a new row must not have: those of the corpus, and of what the model is tested on.

    Spaces do not count. Of rows that are not for training, neither does case.
    """

    def __init__(self) -> None:
        self._train: set[str] = set()
        self._held_out: set[str] = set()

    def add(self, texts: Iterable[tuple[str, ...]], is_train: bool) -> None:
        """Add the texts of rows."""
        keys = map(_key, texts)
        if is_train:
            self._train.update(keys)
        else:
            self._held_out.update(key.casefold() for key in keys)

    def refuses(self, texts: tuple[str, ...]) -> str | None:
        """Return the rule by which a new row is refused; None where it is new, and is then remembered."""
        key = _key(texts)
        if key.casefold() in self._held_out:
            return HELD_OUT_TEXT
        if key in self._train:
            return DUPLICATE
        self._train.add(key)
        return None


def _key(texts: tuple[str, ...]) -> str:
    return " ".join(" ".join(texts).split())


@dataclass(frozen=True)
class LabelCheck:
    """Checks whether new rows keep the label of their source: labeling functions vote on both.

    Attributes
    ----------
    lfs
        The labeling functions. Those that ask a language model are not asked.
    model
        A label model that was fitted on their votes.
    workers
        Guarded processes for those in Python.
    """

    lfs: LFCollection
    model: Any
    workers: int = 1

    def votes(self, frame: pl.DataFrame, columns: Sequence[str]) -> VoteArray:
        """Return the votes on rows. Shape: [n, m]."""
        return votes_on(self.lfs, frame, columns, self.workers)

    def contradicts(self, L: VoteArray, of_source: VoteArray, y: Labels) -> NDArray[np.bool_]:
        """Say of which new rows the votes speak against the label.

        These are rows whose votes are other than those of their source, and by which the label model gives another class. Where
        votes are those of the source, the new text says nothing that the label does not stand against already.

        Parameters
        ----------
        L, of_source
            Votes on new rows, and on the source of each. Shape: [n, m].
        y
            Label of each. Shape: [n].
        """
        wrong = np.zeros(len(L), np.bool_)
        changed = np.flatnonzero((of_source != L).any(axis=1) & (L != ABSTAIN).any(axis=1))
        if len(changed):
            preds = np.asarray(self.model.predict(L[changed]))
            wrong[changed] = (preds != ABSTAIN) & (preds != y[changed])
        return wrong


def votes_on(lfs: LFCollection, frame: pl.DataFrame, columns: Sequence[str], workers: int) -> VoteArray:
    """Return the votes on rows; those of labeling functions that ask language models are abstains. Shape: [n, m]."""
    if lfs.task == SPANS:
        raise AugmentError("labeling functions that mark spans cannot check the label of a text; give those for texts")
    asked = lfs.only(lf.name for lf in lfs if not lf.asks)
    L = np.full((frame.height, len(lfs)), ABSTAIN, np.int16)
    if len(asked) and frame.height:
        of_asked = apply_lfs(asked, read_corpus(frame, text=list(columns)), workers=workers if asked.specs else 0).L
        L[:, [number for number, lf in enumerate(lfs) if not lf.asks]] = of_asked
    return as_votes(L)


def summary_of(rules: Sequence[str]) -> dict[str, int]:
    """Count refused rows by rule, in the order of the rules."""
    counts = Counter(rules)
    return {rule: counts[rule] for rule in (DUPLICATE, HELD_OUT_TEXT, CONTRADICTED) if counts[rule]}
