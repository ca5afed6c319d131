"""What a labeling function does: where it is the only one to vote, and where the others speak against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from weaklabel.errors import VoteError, nearest, visible
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.lf.core import Reason
from weaklabel.support.html_table import html_table
from weaklabel.support.table import table
from weaklabel.votes import Votes
from weaklabel.votes.tally import has_vote


@dataclass(frozen=True)
class LFExample:
    """A row on which a labeling function votes.

    Attributes
    ----------
    row : int
        Row of the corpus, from 0.
    vote : str
        What the labeling function votes.
    consensus : str or None
        What the label model says without that vote; None where it gives no label.
    probability : float or None
        That of the consensus.
    reason : Reason or None
        Why it votes, where reasons were given.
    """

    row: int
    vote: str
    consensus: str | None
    probability: float | None
    reason: Reason | None


@dataclass(frozen=True)
class LFExplanation:
    """What a labeling function does.

    Attributes
    ----------
    lf : str
        Its name.
    rows : int
        Rows of the corpus.
    votes : dict
        Rows on which it votes, by the class that it votes for.
    est_accuracy : float or None
        Share of its votes that are right, as the label model estimates; None where it never votes.
    n_alone : int
        Rows on which nobody else votes.
    n_agrees, n_disagrees : int
        Rows on which it votes as the consensus does, and otherwise; on the rest there is no consensus.
    against : dict
        Rows on which it disagrees, by ``"vote, not consensus"``, the most frequent first.
    alone : tuple of LFExample
        The first rows on which it is alone.
    disagrees : tuple of LFExample
        Rows on which it disagrees, those of the surest consensus first.
    """

    lf: str
    rows: int
    votes: dict[str, int]
    est_accuracy: float | None
    n_alone: int
    n_agrees: int
    n_disagrees: int
    against: dict[str, int]
    alone: tuple[LFExample, ...]
    disagrees: tuple[LFExample, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    def _repr_html_(self) -> str:
        rows = [
            (example.row, example.vote, example.consensus, example.probability, example.reason and example.reason.text)
            for example in (*self.disagrees, *self.alone)
        ]
        lines = self.to_text().split("\n\n")[0]
        return html_table(rows, ["row", "vote", "others", "probability", "because"], title=lines, bars=["probability"])

    def to_text(self, texts: Callable[[int], str] = lambda _: "") -> str:
        """Return what it does for terminals; ``texts`` gives the text of a row, of which the beginning is shown."""
        n = sum(self.votes.values())
        if not n:
            return visible(f"{self.lf} votes on none of {_rows(self.rows)}.")
        given = ", ".join(f"{count:,} {label}" for label, count in self.votes.items())
        right = "" if self.est_accuracy is None else f"; by the label model {self.est_accuracy:.1%} of that is right"
        where = ", ".join(f"{count:,} x {what}" for what, count in self.against.items())
        lines = [
            f"{self.lf} votes on {n:,} of {_rows(self.rows)} ({given}){right}.",
            f"By the other votes {self.n_agrees:,} agree and {self.n_disagrees:,} do not{where and f' ({where})'}.",
            f"On {_rows(self.n_alone)} it is alone.",
        ]
        parts = ["\n".join(map(visible, lines))]
        if self.disagrees:
            parts.append(f"Where the others disagree, the surest first:\n\n{_table(self.disagrees, texts)}")
        if self.alone:
            parts.append(f"Where it is alone:\n\n{_table(self.alone, texts)}")
        return "\n\n".join(parts)


def explain_lf(
    model: BaseLabelModel,
    votes: Votes,
    lf: str,
    *,
    texts: Sequence[str] | None = None,
    why: Callable[[dict[int, int]], Mapping[int, Reason]] = lambda votes: {},
    n_examples: int = 5,
) -> LFExplanation:
    """Show where a labeling function is alone, and where it disagrees with the consensus of the others.

    The consensus is what the label model says of the row without that vote; the label model is not fitted anew.

    Parameters
    ----------
    model
        A fitted label model.
    votes
        The votes that it labels.
    lf
        Name of the labeling function.
    texts
        What the rows say, where the label model reads texts. Shape: [n].
    why
        Takes what it votes on the example rows, by row, and gives the reasons; see `weaklabel.lf.reasons.reason`. It is
        called once, since finding rows in a large corpus takes a pass over it.
    n_examples
        Most examples of each sort.

    Returns
    -------
    LFExplanation

    Raises
    ------
    VoteError
        There is no such labeling function.
    LabelModelError
        The label model is not fitted, or was fitted on other labeling functions.

    Examples
    --------
    >>> from weaklabel.label_model import MajorityVote
    >>> votes = Votes(np.array([[0, 1, 1], [1, 1, -1], [0, -1, -1]], dtype=np.int8), "abc", ("ham", "spam"))
    >>> found = explain_lf(MajorityVote().fit(votes), votes, "a")
    >>> [example.row for example in found.alone], [example.row for example in found.disagrees], found.against
    ([2], [0], {'ham, not spam': 1})
    """
    if lf not in votes.lf_names:
        raise VoteError(f"no labeling function is called '{lf}'{nearest(lf, votes.lf_names)}")
    place = votes.lf_names.index(lf)
    rows = np.flatnonzero(votes.L[:, place] != ABSTAIN)
    own = votes.L[rows, place].astype(np.int64)
    others = votes.L[rows]
    others[:, place] = ABSTAIN
    read = None if texts is None else [texts[row] for row in rows.tolist()]
    consensus, probs = model.predict(others, return_probs=True, texts=read)
    names = votes.labels or [str(number) for number in range(votes.cardinality)]
    lonely = np.flatnonzero(~has_vote(others))
    against = np.flatnonzero((consensus != own) & (consensus != ABSTAIN))
    surest = against[np.argsort(-probs[against, consensus[against]], kind="stable")]
    shown = np.concatenate([lonely[:n_examples], surest[:n_examples]])
    reasons = why(dict(zip(rows[shown].tolist(), own[shown].tolist(), strict=True)))

    def example(place: int) -> LFExample:
        row, others_say = int(rows[place]), int(consensus[place])
        known = others_say != ABSTAIN
        return LFExample(
            row=row,
            vote=names[int(own[place])],
            consensus=names[others_say] if known else None,
            probability=float(probs[place, others_say]) if known else None,
            reason=reasons.get(row),
        )

    return LFExplanation(
        lf=lf,
        rows=votes.n,
        votes={name: int((own == number).sum()) for number, name in enumerate(names) if (own == number).any()},
        est_accuracy=_number(model.lf_accuracies_[place]),
        n_alone=len(lonely),
        n_agrees=int((consensus == own).sum()),
        n_disagrees=len(against),
        against=_pairs(own[against], consensus[against], names),
        alone=tuple(map(example, lonely[:n_examples].tolist())),
        disagrees=tuple(map(example, surest[:n_examples].tolist())),
    )


def _pairs(own: Labels, consensus: Labels, names: Sequence[str]) -> dict[str, int]:
    pairs, counts = np.unique(np.stack([own, consensus], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{names[int(pairs[i, 0])]}, not {names[int(pairs[i, 1])]}": int(counts[i]) for i in order}


def _table(examples: Sequence[LFExample], texts: Callable[[int], str]) -> str:
    rows = [
        (
            example.row,
            example.vote,
            example.consensus,
            example.probability,
            example.reason.text if example.reason else "",
            _beginning(texts(example.row)),
        )
        for example in examples
    ]
    return table(rows, ["row", "vote", "others", "probability", "because", "text"])


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _beginning(text: str, longest: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
