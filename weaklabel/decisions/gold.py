"""Decisions as gold: joined to a corpus by what its rows say, and written out as a table."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from weaklabel.decisions.log import Decision, latest_of, standing_of, text_hashes
from weaklabel.errors import VoteError
from weaklabel.label_names import LabelMatcher
from weaklabel.labels import ABSTAIN, Labels


def gold_of(decisions: Iterable[Decision], texts: Sequence[str], labels: Sequence[str]) -> Labels:
    """Return the class that reviewers gave each text: that of an adjudication, or of most of them, by what each said last.

    Parameters
    ----------
    decisions
        In the order in which they were made.
    texts
        Of a corpus, in whatever order; rows with the same text get the same class. Length: n.
    labels
        Class names. Length: k.

    Returns
    -------
    Labels
        Shape: [n]; -1 if there is no decision, or a tie.

    Raises
    ------
    VoteError
        A decision names an unknown class.

    Examples
    --------
    >>> from weaklabel.decisions import now, text_hash
    >>> mine = Decision(0, text_hash("see you"), "ham", "me", now())
    >>> gold_of([mine], ["win cash", "see you"], ("ham", "spam"))
    array([-1,  0])
    """
    agreed = agreed_classes(decisions, labels)
    if not agreed:
        return np.full(len(texts), ABSTAIN, dtype=np.int64)
    return np.array([agreed.get(key, ABSTAIN) for key in text_hashes(texts)], dtype=np.int64)


def agreed_classes(decisions: Iterable[Decision], labels: Sequence[str]) -> dict[str, int]:
    """Return the class of each text: text_sha256 -> class number; ties are left out.

    That is the class of an adjudication if there is one, and otherwise the class that most reviewers gave; so a third decision
    settles what two reviewers see differently, if it repeats one of theirs. See `weaklabel.decisions.standing_of`.
    """
    votes: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for (key, _), label in decided_classes(standing_of(decisions).values(), labels).items():
        votes[key][label] += 1
    return {key: label for key, counts in votes.items() if (label := _most(counts)) != ABSTAIN}


def decided_classes(decisions: Iterable[Decision], labels: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return each reviewer's last decision on each text: (text_sha256, reviewer) -> class number; no decision is left out.

    Raises
    ------
    VoteError
        A decision names an unknown class; the message has reviewer and row.
    """
    matcher = LabelMatcher(labels)
    numbers = {}
    for pair, decision in latest_of(decisions).items():
        try:
            number = matcher.match(decision.label)
        except VoteError as error:
            raise VoteError(f"decision of {decision.reviewer} on row {decision.row}: {error}") from None
        if number != ABSTAIN:
            numbers[pair] = number
    matcher.warn("decisions")
    return numbers


def export_gold(decisions: Iterable[Decision], texts: Sequence[str], labels: Sequence[str]) -> str:
    """Return decided texts as CSV: text, label (empty where reviewers tie), and who decided; each text once.

    Parameters
    ----------
    decisions, texts, labels
        As for `gold_of`.
    """
    made = list(decisions)
    latest = {pair: decision for pair, decision in latest_of(made).items() if decision.label is not None}
    reviewers: defaultdict[str, list[str]] = defaultdict(list)
    for key, reviewer in latest:
        reviewers[key].append(reviewer)
    agreed = agreed_classes(made, labels)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["text", "label", "reviewers"])
    first_of = dict(zip(reversed(text_hashes(texts)), reversed(range(len(texts))), strict=True))
    for key, row in sorted(_present(first_of, reviewers).items(), key=lambda item: item[1]):
        label = labels[agreed[key]] if key in agreed else ""
        writer.writerow([texts[row], label, ", ".join(sorted(reviewers[key]))])
    return out.getvalue()


def _present(first_of: Mapping[str, int], decided: Iterable[str]) -> dict[str, int]:
    return {key: first_of[key] for key in decided if key in first_of}


def _most(counts: Counter[int]) -> int:
    """Return the most frequent class, -1 on a tie."""
    (label, most), *others = counts.most_common(2)
    return ABSTAIN if others and others[0][1] == most else label
