"""What `suggest_lfs` finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from weaklabel.errors import visible
from weaklabel.suggest.code import pack_additions
from weaklabel.suggest.proposals import Proposed
from weaklabel.support.table import html_table, table

_TYPICAL_ROWS = 2
"""Rows of a cluster whose texts are shown."""


@dataclass(frozen=True)
class CandidateLF:
    """A labeling function that might be worth having.

    Attributes
    ----------
    name
        A Python name that no labeling function has yet.
    label
        The class it votes for, 0..k-1.
    kind
        "keyword" or "regex".
    patterns
        The keywords, or one regex; upper and lower case alike.
    precision
        Estimated share of its votes that are right, 0..1; gold rows count five times.
    coverage
        Share of rows on which it votes.
    new_coverage
        Share of rows on which it votes, and neither a labeling function nor a candidate before it.
    votes, new_votes
        The same as numbers of rows.
    gold_precision, gold_votes
        Share of its votes on rows with gold that are right, and how many they are; None and 0 without any.
    examples
        A few of its rows, those without other votes first.
    code
        The labeling function in Python.
    source
        "texts" if it was found in them, "llm" if a language model proposed it.
    """

    name: str
    label: int
    kind: Literal["keyword", "regex"]
    patterns: tuple[str, ...]
    precision: float
    coverage: float
    new_coverage: float
    votes: int
    new_votes: int
    gold_precision: float | None
    gold_votes: int
    examples: tuple[int, ...]
    code: str
    source: Literal["texts", "llm"] = "texts"


@dataclass(frozen=True)
class Cluster:
    """Rows without votes that are alike.

    Attributes
    ----------
    rows
        All of its rows, the most typical first.
    phrases
        What sets it apart from all other rows, the most telling first.
    label, share
        The class that the label model gives to most of its rows, and to what share of them; None where it says nothing.
    """

    rows: tuple[int, ...]
    phrases: tuple[str, ...]
    label: int | None
    share: float | None


@dataclass(frozen=True)
class LFProblem:
    """A labeling function that should be looked at.

    Attributes
    ----------
    lf
        Its name.
    kind
        "redundant", "contradictory", "near chance" or "never votes".
    other
        The other labeling function, of the first two kinds.
    text
        What is wrong and what to do, with figures, in one sentence.
    """

    lf: str
    kind: Literal["redundant", "contradictory", "near chance", "never votes"]
    other: str | None
    text: str


@dataclass(frozen=True)
class Suggestions:
    """What could be done next, best first.

    Attributes
    ----------
    lfs
        Candidates for labeling functions, each counted after those before it.
    clusters
        Groups of rows without votes, the largest first.
    weak_lfs
        Labeling functions that should be looked at.
    rows
        Rows to label by hand first.
    labels
        Class names. Length: k.
    n_rows, n_read
        Rows of the corpus, and how many of them candidates, clusters and rows were looked for in.
    reads_texts
        Whether a label model read the texts of these rows, and only of these.
    proposed
        What a language model proposed, where one was asked.
    """

    lfs: tuple[CandidateLF, ...]
    clusters: tuple[Cluster, ...]
    weak_lfs: tuple[LFProblem, ...]
    rows: tuple[int, ...]
    labels: tuple[str, ...]
    n_rows: int
    n_read: int
    reads_texts: bool = False
    proposed: Proposed | None = None

    def _repr_html_(self) -> str:
        candidates = [
            (
                self.labels[lf.label],
                " | ".join(lf.patterns),
                lf.precision,
                lf.gold_precision,
                lf.coverage,
                lf.new_coverage,
            )
            for lf in self.lfs
        ]
        clusters = [
            (
                len(cluster.rows),
                None if cluster.label is None else self.labels[cluster.label],
                ", ".join(cluster.phrases),
            )
            for cluster in self.clusters
        ]
        columns = ["label", "what", "precision", "on gold", "coverage", "new"]
        title = " ".join(["Candidates for labeling functions (precision is estimated).", *self.read()])
        parts = [html_table(candidates, columns, title=title, bars=["precision"])]
        if clusters:
            parts.append(html_table(clusters, ["rows", "label?", "in common"], title="Rows without votes"))
        if self.weak_lfs:
            weak = [(problem.lf, problem.kind, problem.text) for problem in self.weak_lfs]
            parts.append(
                html_table(weak, ["labeling function", "problem", "what to do"], title="Labeling functions to look at")
            )
        return "".join(parts)

    def code(self) -> str:
        """Return the candidates as Python that can be pasted into a pack."""
        return pack_additions([(lf.code, self._figures(lf)) for lf in self.lfs])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as lists, names and numbers; labels by name."""
        plain = asdict(self)
        for entry in (*plain["lfs"], *plain["clusters"]):
            entry["label"] = None if entry["label"] is None else self.labels[entry["label"]]
        if self.proposed is None:
            del plain["proposed"]
        else:
            plain["proposed"]["lfs"] = [
                {"label": self.labels[each.label], "kind": each.pattern.kind, "patterns": each.pattern.patterns}
                for each in self.proposed.lfs
            ]
        return plain

    def rows_shown(self, shown: int = 10) -> list[int]:
        """Return the rows whose texts `to_text` shows."""
        typical = [row for cluster in self.clusters[:shown] for row in cluster.rows[:_TYPICAL_ROWS]]
        return [*typical, *self.rows[:shown]]

    def to_text(self, texts: Sequence[str] | Mapping[int, str] = (), shown: int = 10) -> str:
        """Return everything to read; ``shown`` of each list.

        Parameters
        ----------
        texts
            Of all rows, or by row number of those that `rows_shown` names: they are shown next to the numbers.
        shown
            Most entries of each list.
        """
        parts = [
            self._lfs_text(),
            self._proposed_text(),
            self._clusters_text(texts, shown),
            self._weak_text(shown),
            self._rows_text(texts, shown),
        ]
        return "\n\n".join(part for part in (*self.read(), *parts) if part)

    def read(self) -> list[str]:
        """Return a sentence on the sample that was read; nothing where all rows were."""
        if self.n_read == self.n_rows:
            return []
        drawn = f"Looked for in {self.n_read:,} of {self.n_rows:,} rows, drawn by a hash of their texts"
        if self.reads_texts:
            return [
                f"{drawn}; the label model read the texts of these only: precisions are estimated on them, coverage is that "
                "of all rows."
            ]
        return [f"{drawn}; candidates and labeling functions are judged by all rows."]

    def _figures(self, lf: CandidateLF) -> str:
        gold = "" if lf.gold_precision is None else f"; on gold {lf.gold_precision:.2f} of {lf.gold_votes}"
        by = f"; proposed by {visible(self.proposed.model)}" if lf.source == "llm" and self.proposed else ""
        return (
            f"{visible(self.labels[lf.label])}: precision about {lf.precision:.2f}{gold}; {lf.votes:,} rows, "
            f"{lf.new_votes:,} of them new{by}"
        )

    def _lfs_text(self) -> str:
        if not self.lfs:
            return "No candidate for a labeling function: no phrase indicates a class where votes are missing."
        gold = any(lf.gold_precision is not None for lf in self.lfs)
        head = ["#", "label", "what", "precision", *(["on gold", "of"] if gold else []), "coverage", "new"]
        head += ["from"] if self.proposed else []
        rows = [
            [
                number,
                self.labels[lf.label],
                " | ".join(lf.patterns),
                lf.precision,
                *([lf.gold_precision, lf.gold_votes] if gold else []),
                lf.coverage,
                lf.new_coverage,
                *([lf.source] if self.proposed else []),
            ]
            for number, lf in enumerate(self.lfs, 1)
        ]
        return f"Candidates (precision is estimated):\n{table(rows, head)}"

    def _proposed_text(self) -> str:
        if self.proposed is None:
            return ""
        chosen = sum(lf.source == "llm" for lf in self.lfs)
        prompts = "1 prompt" if self.proposed.prompts == 1 else f"{self.proposed.prompts} prompts"
        lines = [f"{visible(self.proposed.model)} was asked {prompts}; {chosen} of the candidates are its proposals."]
        if self.proposed.failures:
            lines.append(f"  without an answer: {self.proposed.failures}")
        lines += [f"  left out, {reason}: {number}" for reason, number in self.proposed.left_out.items()]
        return "\n".join(lines)

    def _clusters_text(self, texts: Sequence[str] | Mapping[int, str], shown: int) -> str:
        lines = []
        for cluster in self.clusters[:shown]:
            guess = "" if cluster.label is None else f", {cluster.share:.0%} {visible(self.labels[cluster.label])}?"
            lines.append(f"  {len(cluster.rows):,} rows{guess}: {', '.join(map(visible, cluster.phrases))}")
            lines += [_row_line(row, texts, "      ") for row in cluster.rows[:_TYPICAL_ROWS] if texts]
        return "\n".join(["Rows without votes, by what they have in common:", *lines]) if lines else ""

    def _weak_text(self, shown: int) -> str:
        if not self.weak_lfs:
            return ""
        lines = [f"  {visible(problem.text)}" for problem in self.weak_lfs[:shown]]
        more = len(self.weak_lfs) - shown
        return "\n".join(["Labeling functions to look at:", *lines, *([f"  and {more} more"] if more > 0 else [])])

    def _rows_text(self, texts: Sequence[str] | Mapping[int, str], shown: int) -> str:
        if not self.rows:
            return ""
        head = "Rows to label by hand first:"
        if texts:
            return "\n".join([head, *(_row_line(row, texts, "  ") for row in self.rows[:shown])])
        return f"{head} {', '.join(map(str, self.rows[:shown]))}"


def _row_line(row: int, texts: Sequence[str] | Mapping[int, str], indent: str) -> str:
    text = visible(" ".join(texts[row].split()))
    return f"{indent}row {row}: {text if len(text) <= 100 else text[:97] + '...'}"
