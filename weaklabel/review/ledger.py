"""Decisions on the rows of one corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weaklabel.decisions import (
    Decision,
    DecisionLog,
    agreed_classes,
    independent_of,
    latest_of,
    standing_of,
    text_hashes,
)
from weaklabel.labels import ABSTAIN, Labels


class Ledger:
    """Decisions on the rows of one corpus, joined by text; rows with the same text share their decisions.

    Parameters
    ----------
    log
        The file of decisions; those of other processes are seen at once.
    texts
        The texts of the rows. Length: n.
    labels
        Class names. Length: k.
    """

    def __init__(self, log: DecisionLog, texts: Sequence[str], labels: Sequence[str]) -> None:
        self.log = log
        self._texts = texts
        self._labels = labels
        self._agreed: tuple[int, Labels] | None = None

    @cached_property
    def hashes(self) -> list[str]:
        """Hashes of the texts, by which decisions refer to them. Length: n."""
        return text_hashes(self._texts)

    def rows_with(self, key: str) -> list[int]:
        """Return the rows whose text has this hash."""
        return self._rows_of.get(key, [])

    def latest(self) -> dict[tuple[str, str], Decision]:
        """Return the last decision of each reviewer on each text, without withdrawn ones: (hash, reviewer) -> decision."""
        return self._said(latest_of(self.log.decisions()))

    def standing(self) -> dict[tuple[str, str], Decision]:
        """Return the decisions that count for gold; see `weaklabel.decisions.standing_of`."""
        return self._said(standing_of(self.log.decisions()))

    def independent(self) -> dict[tuple[str, str], Decision]:
        """Return the decisions that count for agreement; see `weaklabel.decisions.independent_of`."""
        return self._said(independent_of(self.log.decisions()))

    def stands(self, decision: Decision) -> bool:
        """Whether a decision says something of a row, rather than withdrawing what was said."""
        return decision.label is not None

    def of_row(self, row: int) -> dict[str, Decision]:
        """Return the last decision of each reviewer on a row, by name."""
        return {name: decision for (key, name), decision in self.latest().items() if key == self.hashes[row]}

    def gold(self) -> Labels:
        """Return the class of each row by `agreed_classes`, -1 if there is no decision, or a tie. Shape: [n]."""
        decisions = self.log.decisions()
        cached = self._agreed
        if cached is not None and cached[0] == len(decisions):
            return cached[1]
        gold = np.full(len(self._texts), ABSTAIN, dtype=np.int64)
        for key, label in agreed_classes(decisions, self._labels).items():
            gold[self.rows_with(key)] = label
        gold.setflags(write=False)  # it is shared
        self._agreed = (len(decisions), gold)
        return gold

    def decided(self, reviewer: str | None = None) -> NDArray[np.bool_]:
        """Return on which rows somebody, or one reviewer, decided. Shape: [n]."""
        keys = {key for key, name in self.latest() if reviewer in (None, name)}
        return self._mask(keys)

    def disagreement(self) -> NDArray[np.bool_]:
        """Return on which rows reviewers decided differently, and no adjudication has settled it. Shape: [n]."""
        said_of: defaultdict[str, set[object]] = defaultdict(set)
        for (key, _), decision in self.standing().items():
            said_of[key].add((decision.label, decision.spans))
        return self._mask({key for key, said in said_of.items() if len(said) > 1})

    def progress(self) -> dict[str, int]:
        """Return the number of different texts of this corpus that each reviewer decided on, by name."""
        counts: defaultdict[str, int] = defaultdict(int)
        for key, reviewer in self.latest():
            counts[reviewer] += key in self._rows_of
        return dict(sorted(counts.items()))

    @cached_property
    def _rows_of(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, key in enumerate(self.hashes):
            rows.setdefault(key, []).append(row)
        return rows

    def _said(self, decisions: dict[tuple[str, str], Decision]) -> dict[tuple[str, str], Decision]:
        return {pair: decision for pair, decision in decisions.items() if self.stands(decision)}

    def _mask(self, keys: set[str]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self._texts), dtype=bool)
        mask[[row for key in keys for row in self.rows_with(key)]] = True
        return mask
