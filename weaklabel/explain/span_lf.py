"""What a labeling function of spans does: where it is alone, and where it disagrees with what the others say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import VoteError, nearest
from weaklabel.explain.lf import with_examples
from weaklabel.explain.span_row import LONGEST, number_or_none, shown, without_lf
from weaklabel.label_model.sequence import SpanLabelModel
from weaklabel.support.table import table
from weaklabel.units.spans import Numbers, Spans, in_code_points, overlap_pairs
from weaklabel.votes.spans import SpanVotes

N_EXAMPLES = 5
"""Examples of each sort that are kept of a labeling function."""

CONSENSUS = ("same span", "other label", "other places", "other label and places", "nothing")
"""What the others say where a labeling function marks a span."""


@dataclass(frozen=True)
class SpanLFExample:
    """A span that a labeling function marks.

    Attributes
    ----------
    row : int
        Row of the corpus, from 0.
    start, end : int
        Where it is, in code points.
    label, text : str
        Its label, and its text.
    consensus : str or None
        What the label model gives in its place by the other votes, as label and text; None for nothing. The label is an
        inner one where no other vote says which of its leaves.
    probability : float or None
        That of the consensus.
    context : str
        The text around it.
    """

    row: int
    start: int
    end: int
    label: str
    text: str
    consensus: str | None
    probability: float | None
    context: str


@dataclass(frozen=True)
class SpanLFExplanation:
    """What a labeling function that marks spans does.

    Attributes
    ----------
    lf : str
        Its name.
    rows, marked_rows : int
        Rows of the corpus, and those that it marks something in.
    spans : dict
        How many spans it marks, by label.
    consensus : dict
        How many of them the label model gives by the other votes alone: see `CONSENSUS`.
    n_alone : int
        Spans that overlap none of another labeling function.
    alone, disagrees : tuple of SpanLFExample
        The first that are alone, and those that the others contradict with the highest probability.
    """

    lf: str
    rows: int
    marked_rows: int
    spans: Mapping[str, int]
    consensus: Mapping[str, int]
    n_alone: int
    alone: tuple[SpanLFExample, ...]
    disagrees: tuple[SpanLFExample, ...]

    def __add__(self, later: SpanLFExplanation) -> SpanLFExplanation:
        """Return the explanation of these rows and of later ones."""
        n = max(len(self.alone), len(later.alone), len(self.disagrees), len(later.disagrees), N_EXAMPLES)
        spans = Counter(self.spans) + Counter(later.spans)
        surest = sorted([*self.disagrees, *later.disagrees], key=lambda each: -(each.probability or 0.0))
        return SpanLFExplanation(
            lf=self.lf,
            rows=self.rows + later.rows,
            marked_rows=self.marked_rows + later.marked_rows,
            spans=dict(spans),
            consensus={kind: count + later.consensus[kind] for kind, count in self.consensus.items()},
            n_alone=self.n_alone + later.n_alone,
            alone=(*self.alone, *later.alone)[:n],
            disagrees=tuple(surest[:n]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dicts, numbers and strings."""
        return asdict(self)

    def to_text(self) -> str:
        """Return it as text for a terminal."""
        given = ", ".join(f"{label} {count:,}" for label, count in self.spans.items()) or "none"
        said = ", ".join(f"{kind} {count:,}" for kind, count in self.consensus.items() if count)
        lines = [
            f"{self.lf} marks {sum(self.spans.values()):,} spans ({given}) in {self.marked_rows:,} of {self.rows:,} texts.",
            f"By the other votes there is in their places: {said or 'nothing'}.",
            f"{self.n_alone:,} overlap no span of another labeling function.",
        ]
        return with_examples(lines, _examples(self.disagrees), _examples(self.alone))


def explain_span_lf(
    model: SpanLabelModel,
    votes: SpanVotes,
    lf: str,
    texts: Sequence[str],
    *,
    reads_texts: bool = False,
    n_examples: int = N_EXAMPLES,
    first_row: int = 0,
) -> SpanLFExplanation:
    """Show where a labeling function is alone, and where it disagrees with what the others say.

    What the others say is what the label model gives without its votes; the label model is not fitted again.

    Parameters
    ----------
    model
        A fitted label model.
    votes
        The votes that it labels, with the words.
    lf
        Name of the labeling function.
    texts
        The texts of the rows. Length: n_rows.
    reads_texts
        Whether the label model reads the texts, too.
    n_examples
        Most examples of each sort.
    first_row
        Number of the first row in the corpus.

    Raises
    ------
    VoteError
        No labeling function has this name, or the votes lack their words.
    LabelModelError
        The label model is not fitted, or was fitted to other labeling functions.
    """
    if lf not in votes.lf_names:
        raise VoteError(f"no labeling function is called '{lf}'{nearest(lf, votes.lf_names)}")
    if votes.words is None:
        raise VoteError("votes must come with the words that they count")
    place = votes.lf_names.index(lf)
    own = votes.spans[place]
    remaining = without_lf(votes, place)
    others = model.predict(remaining, texts if reads_texts else None)
    told = _told_labels(remaining, others.spans)
    kinds, closest = _consensus(votes, own, others.spans, told)
    is_alone = np.ones(len(own), dtype=bool)
    for number, other in enumerate(votes.spans):
        if number != place:
            is_alone[overlap_pairs(own, other)[0]] = False
    probs = np.where(closest >= 0, others.probs[closest] if len(others.probs) else np.nan, np.nan)
    contradicted = np.flatnonzero((kinds > 0) & (kinds < len(CONSENSUS) - 1))
    surest = contradicted[np.lexsort((contradicted, -np.nan_to_num(probs[contradicted])))][:n_examples]
    counts = np.bincount(kinds, minlength=len(CONSENSUS)).tolist()
    by_label = np.bincount(own.label, minlength=len(votes.all_labels)).tolist()
    in_text, others_in_text = (in_code_points(spans, votes.words) for spans in (own, others.spans))

    def example(number: int) -> SpanLFExample:
        row, start, end = (int(column[number]) for column in (in_text.row, in_text.begin, in_text.end))
        other, consensus = int(closest[number]), None
        if other >= 0:
            begin, stop = int(others_in_text.begin[other]), int(others_in_text.end[other])
            consensus = f"{votes.all_labels[told[other]]} {shown(texts[row][begin:stop])}"
        return SpanLFExample(
            row=first_row + row,
            start=start,
            end=end,
            label=votes.all_labels[int(own.label[number])],
            text=texts[row][start:end],
            consensus=consensus,
            probability=number_or_none(float(probs[number])) if other >= 0 else None,
            context=texts[row][max(0, start - LONGEST // 2) : end + LONGEST // 2],
        )

    return SpanLFExplanation(
        lf=lf,
        rows=votes.n_rows,
        marked_rows=len(np.unique(own.row)),
        spans={name: count for name, count in zip(votes.all_labels, by_label, strict=True) if count},
        consensus=dict(zip(CONSENSUS, counts, strict=True)),
        n_alone=int(is_alone.sum()),
        alone=tuple(map(example, np.flatnonzero(is_alone)[:n_examples].tolist())),
        disagrees=tuple(map(example, surest.tolist())),
    )


def _consensus(votes: SpanVotes, own: Spans, others: Spans, told: Numbers) -> tuple[Numbers, Numbers]:
    """Return of each span what the others say in its place, as in `CONSENSUS`, and their closest span, -1 for none.

    Shape: [n], [n].
    """
    left, right = overlap_pairs(own, others)
    same_places = (own.begin[left] == others.begin[right]) & (own.end[left] == others.end[right])
    same_label = _share_a_leaf(votes)[own.label[left], told[right]]
    kinds, closest = np.full(len(own), len(CONSENSUS) - 1), np.full(len(own), -1)
    everything = np.ones(len(left), dtype=bool)
    # From the furthest to the closest, so that the closest remains.
    for kind, chosen in ((3, everything), (2, same_label), (1, same_places), (0, same_places & same_label)):
        kinds[left[chosen]], closest[left[chosen]] = kind, right[chosen]
    return kinds, closest


def _share_a_leaf(votes: SpanVotes) -> NDArray[np.bool_]:
    """Return which labels, the inner ones last, can both be right. Shape: [k + inner, k + inner]."""
    k = len(votes.labels)
    leaves = np.zeros((len(votes.all_labels), k), dtype=bool)
    leaves[:k] = np.eye(k, dtype=bool)
    for number, (_, some) in enumerate(votes.inner, k):
        leaves[number, list(some)] = True
    return np.asarray(leaves @ leaves.T, dtype=bool)


def _told_labels(votes: SpanVotes, spans: Spans) -> Numbers:
    """Return the label of each span as far as votes tell it: an inner one where none says which leaf. Shape: [n]."""
    k = len(votes.labels)
    shares = _share_a_leaf(votes)
    told = np.full(len(spans), len(votes.all_labels), dtype=np.int64)
    for of_lf in votes.spans:
        left, right = overlap_pairs(spans, of_lf)
        fits = shares[spans.label[left], of_lf.label[right]]
        np.minimum.at(told, left[fits], of_lf.label[right[fits]])
    return np.where(told < k, spans.label, np.where(told < len(votes.all_labels), told, spans.label))


def _examples(examples: Sequence[SpanLFExample]) -> str:
    rows = [
        (
            each.row,
            each.label,
            shown(each.text),
            each.consensus or "nothing",
            each.probability,
            " ".join(each.context.split()),
        )
        for each in examples
    ]
    return table(rows, ["row", "label", "span", "others", "probability", "text"]) if rows else ""
