"""What a labeling function does: where it is the only one to vote, and where others vote for another class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Corpus
from weaklabel.corpus.text_batches import TextBatches
from weaklabel.errors import VoteError, nearest, visible
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels, VoteArray, row_blocks
from weaklabel.lf.core import Reason
from weaklabel.support.table import html_table, table
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
        return with_examples(lines, _table(self.disagrees, texts), _table(self.alone, texts))


def explain_lf(
    model: BaseLabelModel,
    votes: Votes,
    lf: str,
    *,
    texts: Sequence[str] | Corpus | None = None,
    why: Callable[[dict[int, int]], Mapping[int, Reason]] = lambda votes: {},
    n_examples: int = 5,
) -> LFExplanation:
    """Show where a labeling function is alone, and where it disagrees with the consensus of the others.

    The consensus is what the label model predicts for the row without that vote; the label model is not fitted again.

    Parameters
    ----------
    model
        A fitted label model.
    votes
        The votes that it labels.
    lf
        Name of the labeling function.
    texts
        What the rows say, where the label model reads texts: in memory (shape: [n]), or the corpus, which is then read in
        batches.
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
        No labeling function has this name.
    LabelModelError
        The label model is not fitted, or was fitted on other labeling functions; or there are not as many texts as rows.
    CorpusError
        The corpus cannot be read, or has changed since it was opened.

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
    names = votes.labels or [str(number) for number in range(votes.cardinality)]
    blocks = _by_patterns(model, votes, place)
    if texts is not None:
        blocks = _by_texts(model, votes, place, TextBatches(texts, votes.n, for_models=True))
    counts, alone, disagree = _count(blocks, n_examples)
    reasons = why({row: own for row, own, *_ in (*alone, *disagree)})

    def example(row: int, own: int, consensus: int, probability: float) -> LFExample:
        has_consensus = consensus != ABSTAIN
        return LFExample(
            row=row,
            vote=names[own],
            consensus=names[consensus] if has_consensus else None,
            probability=probability if has_consensus else None,
            reason=reasons.get(row),
        )

    own_counts = Counter[int]()
    for (own, _), count in counts.pairs.items():
        own_counts[own] += count
    against = {pair: count for pair, count in counts.pairs.items() if pair[1] not in (ABSTAIN, pair[0])}
    return LFExplanation(
        lf=lf,
        rows=votes.n,
        votes={name: own_counts[number] for number, name in enumerate(names) if own_counts[number]},
        est_accuracy=_number(model.lf_accuracies_[place]),
        n_alone=counts.alone,
        n_agrees=sum(count for (own, consensus), count in counts.pairs.items() if own == consensus),
        n_disagrees=sum(against.values()),
        against={
            f"{names[own]}, not {names[consensus]}": count
            for (own, consensus), count in sorted(against.items(), key=lambda item: (-item[1], item[0]))
        },
        alone=tuple(example(*row) for row in alone),
        disagrees=tuple(example(*row) for row in disagree),
    )


class _Block(NamedTuple):
    """Rows on which a labeling function votes, and the predictions for them without that vote. Shape: [b] each."""

    rows: NDArray[np.int64]
    own: Labels
    consensus: Labels
    probability: NDArray[np.float64]
    is_alone: NDArray[np.bool_]

    def take(self, places: NDArray[np.int64]) -> list[tuple[int, int, int, float]]:
        """Return row, vote, consensus and its probability of some of the rows."""
        columns = (self.rows, self.own, self.consensus, self.probability)
        return list(zip(*(column[places].tolist() for column in columns), strict=True))


def _by_patterns(model: BaseLabelModel, votes: Votes, place: int) -> Iterator[_Block]:
    """Ask the label model once for each vote pattern."""
    table = votes.patterns()
    own = table.patterns[:, place].astype(np.int64)
    voting = np.flatnonzero(own != ABSTAIN)
    asked = _consensus(model, table.patterns[voting], place, None)
    consensus, probability = np.full(len(table), ABSTAIN), np.full(len(table), np.nan)
    is_alone = np.zeros(len(table), dtype=np.bool_)
    consensus[voting], probability[voting], is_alone[voting] = asked
    for rows in row_blocks(table.n):
        patterns = table.rows()[rows]
        voted = np.flatnonzero(own[patterns] != ABSTAIN)
        patterns = patterns[voted]
        yield _Block(rows.start + voted, own[patterns], consensus[patterns], probability[patterns], is_alone[patterns])


def _by_texts(model: BaseLabelModel, votes: Votes, place: int, batches: TextBatches) -> Iterator[_Block]:
    """Ask the label model for each row, with its text."""
    start = 0
    for texts in batches:
        L = votes.L[start : start + len(texts)]
        voted = np.flatnonzero(L[:, place] != ABSTAIN)
        if len(voted):
            answers = _consensus(model, L[voted], place, [texts[row] for row in voted.tolist()])
            yield _Block(start + voted, L[voted, place].astype(np.int64), *answers)
        start += len(texts)


def _consensus(
    model: BaseLabelModel, L: VoteArray, place: int, texts: list[str] | None
) -> tuple[Labels, NDArray[np.float64], NDArray[np.bool_]]:
    """Return what the label model says without a labeling function, how probable that is, and where nobody else votes."""
    others = L.copy()
    others[:, place] = ABSTAIN
    consensus, probs = model.predict(others, return_probs=True, texts=texts)
    return consensus, probs[np.arange(len(others)), consensus], ~has_vote(others)


@dataclass
class _VoteCounts:
    """Rows by vote and consensus, and rows on which nobody else votes."""

    pairs: Counter[tuple[int, int]]
    alone: int


_Row = tuple[int, int, int, float]


def _count(blocks: Iterable[_Block], n_examples: int) -> tuple[_VoteCounts, list[_Row], list[_Row]]:
    """Count all rows, and pick the first that are alone and those of the surest disagreement."""
    counts = _VoteCounts(Counter(), 0)
    alone: list[_Row] = []
    disagree: list[_Row] = []
    for block in blocks:
        pairs, of_pairs = np.unique(np.stack([block.own, block.consensus], axis=1), axis=0, return_counts=True)
        for (own, consensus), count in zip(pairs.tolist(), of_pairs.tolist(), strict=True):
            counts.pairs[own, consensus] += count
        lonely = np.flatnonzero(block.is_alone)
        counts.alone += len(lonely)
        alone += block.take(lonely[: n_examples - len(alone)])
        against = np.flatnonzero((block.consensus != block.own) & (block.consensus != ABSTAIN))
        surest = against[np.argsort(-block.probability[against], kind="stable")[:n_examples]]
        disagree = sorted(disagree + block.take(surest), key=lambda row: (-row[3], row[0]))[:n_examples]
    return counts, alone, disagree


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
    return table(rows, ["row", "vote", "others", "probability", "because", "text"]) if rows else ""


def with_examples(lines: Sequence[str], disagrees: str, alone: str) -> str:
    """Return lines about a labeling function, and tables of its examples where they are not empty, for a terminal."""
    parts = ["\n".join(map(visible, lines))]
    if disagrees:
        parts.append(f"Where the others disagree, the surest first:\n\n{disagrees}")
    if alone:
        parts.append(f"Where it is alone:\n\n{alone}")
    return "\n\n".join(parts)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _beginning(text: str, longest: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
