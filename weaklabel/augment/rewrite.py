"""A transformation function of templates, tried from the special to the general one, as a back-off does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from weaklabel.augment.core import TransformationFunction
from weaklabel.corpus.batch import Batch
from weaklabel.errors import AugmentError, LFError
from weaklabel.lf.regexes import check_pattern
from weaklabel.votes.texts import NewText

Rules = Sequence[Sequence[str]]


class Rewrite(TransformationFunction):
    """Texts rewritten by templates: the first rule whose pattern matches is used, with one of its templates at random.

    Parameters
    ----------
    rules
        Lists of a pattern, in the syntax of `weaklabel.lf.regex_lf`, and one or more templates that replace every match of it:
        ``$1`` or ``${1}`` is the first group, ``$0`` the whole match. ``(?s)^.*$`` with ``"FYI: $0"`` matches every text.

    Examples
    --------
    >>> tf = Rewrite([["(?i)how (many|much) (.*)\\\\?", "Tell me how $1 $2."], ["(?s)^.+$", "Please: $0"]])
    >>> batch = Batch(pl.DataFrame({"text": ["How many moons has Mars?", "Name a moon"]}))
    >>> tf.transform(batch, ["text"], [0, 1])
    [('Tell me how many moons has Mars.',), ('Please: Name a moon',)]
    """

    name = "rewrite"

    def __init__(self, rules: Rules = ()) -> None:
        self.rules: list[list[str]] = [list(rule) for rule in rules]
        for rule in self.rules:
            if len(rule) < 2 or not all(isinstance(part, str) for part in rule):
                raise AugmentError(f"transformation function 'rewrite': {rule!r} is no pattern followed by templates")
            try:
                check_pattern("rewrite", rule[0], False)
            except LFError as error:
                raise AugmentError(str(error).replace("LF 'rewrite'", "transformation function 'rewrite'")) from None

    def prepare(self, texts: Sequence[str]) -> None:
        """See `TransformationFunction.prepare`; without rules there is nothing to do."""
        if not self.rules:
            raise AugmentError(
                "transformation function 'rewrite' has no rules: give lists of a pattern and its templates, such as "
                '[["(?s)^.+$", "FYI: $0"]]'
            )

    def transform(self, batch: Batch, columns: Sequence[str], seeds: Sequence[int]) -> list[NewText | Exception]:
        """See `TransformationFunction.transform`."""
        draws = np.array([np.random.default_rng(seed).random() for seed in seeds])
        old = [batch.frame[column].cast(pl.String).fill_null("") for column in columns]
        new = [self._rewritten(texts, draws) for texts in old]
        is_changed = np.zeros(len(batch), np.bool_)
        for before, after in zip(old, new, strict=True):
            is_changed |= (before != after).to_numpy()
        rows = zip(*(texts.to_list() for texts in new), strict=True)
        return [row if changed else None for row, changed in zip(rows, is_changed.tolist(), strict=True)]

    def _rewritten(self, texts: pl.Series, draws: np.ndarray) -> pl.Series:
        new = texts.clone()
        left = (texts.str.strip_chars() != "").to_numpy()
        for pattern, *templates in self.rules:
            matches = left & texts.str.contains(pattern).to_numpy()
            choice = (draws * len(templates)).astype(int)
            for number, template in enumerate(templates):
                rows = pl.Series(matches & (choice == number))
                new = texts.str.replace_all(pattern, template).zip_with(rows, new) if rows.any() else new
            left &= ~matches
        return new
