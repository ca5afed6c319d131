"""How often a labeling function may go wrong before the votes are refused."""

from __future__ import annotations

from collections.abc import Mapping

from weaklabel.errors import VoteError
from weaklabel.votes.evaluate import add_problems
from weaklabel.votes.matrix import Problems

DEFAULT_SHARE = 0.05
"""Share of the rows on which a labeling function may go wrong, unless the caller sets it."""

ALWAYS_BORNE = 100
"""Rows on which a labeling function may go wrong by default, whatever share of a small corpus that is."""

HOPELESS = 10_000
"""Rows at the beginning, all of which went wrong, after which a labeling function is given up."""


class ErrorBudget:
    """The problems of labeling functions, added up and compared with what is allowed.

    Parameters
    ----------
    share
        Share of the rows, 0 to 1, on which one labeling function may go wrong; None is 5%, or 100 rows where that is
        more.
    n_rows
        Rows that there are in all, where that is known: a labeling function beyond the budget is then refused at once,
        and not only at the end.

    Attributes
    ----------
    problems : dict
        By name, those labeling functions with which something went wrong.

    Raises
    ------
    VoteError
        The share is no share.

    Examples
    --------
    >>> from weaklabel.votes.matrix import Problem
    >>> budget = ErrorBudget(0.5)
    >>> budget.note({"late": Problems(2, (Problem(0, "ValueError: no date"),))}, 3)
    >>> budget.check()
    Traceback (most recent call last):
        ...
    weaklabel.errors.VoteError: LF 'late': 2 rows went wrong, first row 0: ValueError: no date; error_budget=0.5 \
allows 1 of 3; mend it, leave it out, or raise error_budget
    """

    def __init__(self, share: float | None = None, n_rows: int | None = None) -> None:
        if share is not None and not 0 <= share <= 1:
            raise VoteError(f"error_budget must be 0 to 1, not {share}")
        self.share = DEFAULT_SHARE if share is None else share
        self.problems: dict[str, Problems] = {}
        self._least = ALWAYS_BORNE if share is None else 0
        self._n_rows = n_rows
        self._seen = 0

    def note(self, problems: Mapping[str, Problems], rows: int) -> None:
        """Add what went wrong on the next ``rows`` rows.

        Raises
        ------
        VoteError
            A labeling function can no longer stay within the budget: it went wrong on more rows than are allowed,
            where that is known; or, where it is not, on every one of the first 10,000 rows or more.
        """
        self._seen += rows
        for name, found in problems.items():
            total = add_problems([self.problems.get(name), found])
            assert total is not None
            self.problems[name] = total
        if self._n_rows is not None or self.share == 0:
            self.check(self._n_rows)
        elif self._seen >= HOPELESS and self.share < 1:
            self._give_up_the_hopeless()

    def check(self, n_rows: int | None = None) -> None:
        """Refuse a labeling function that went wrong on more rows than are allowed of all that there are.

        Parameters
        ----------
        n_rows
            Rows in all; by default those that were noted.

        Raises
        ------
        VoteError
            Names the labeling function, its first problem, and the budget.
        """
        n_rows = self._seen if n_rows is None else n_rows
        borne = max(self._least, int(self.share * n_rows))
        allows = f"allows {borne} of {n_rows}" if self.share else "allows none"
        for name, found in self.problems.items():
            if found.count > borne:
                raise VoteError(
                    f"LF '{name}': {found}; error_budget={self.share:g} {allows}; "
                    "mend it, leave it out, or raise error_budget"
                )

    def _give_up_the_hopeless(self) -> None:
        for name, found in self.problems.items():
            if found.count == self._seen:
                raise VoteError(
                    f"LF '{name}': all of the first {found}; mend it, leave it out, or set error_budget=1 to go on"
                )
