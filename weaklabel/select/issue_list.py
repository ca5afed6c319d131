"""Rows of a labeled file whose label is probably wrong: which they are, as a table, and as a file for review."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus import Corpus
from weaklabel.decisions import text_hash
from weaklabel.encoder.features import TextFeatures
from weaklabel.encoder.named import check_encoder
from weaklabel.errors import ConfigError, SelectionError
from weaklabel.export.opening import LabelColumns
from weaklabel.label_names import encode_labels, find_labels
from weaklabel.labels import ABSTAIN
from weaklabel.select.choice import MAX_ROWS
from weaklabel.select.issues import LabelIssue, find_label_issues
from weaklabel.support.files import atomic_path
from weaklabel.support.table import table

CSV, JSONL = ".csv", ".jsonl"
"""Endings of files with issues."""


@dataclass(frozen=True)
class IssueList:
    """The rows of a file whose label is probably wrong.

    Attributes
    ----------
    n, n_labeled
        Rows of the file, and those of them that have a label.
    issues
        The most probable first; rows count from 0.
    texts
        Of the issues.
    """

    n: int
    n_labeled: int
    issues: tuple[LabelIssue, ...]
    texts: tuple[str, ...]

    def changes(self) -> list[tuple[str, str, int]]:
        """Return labels, what is suggested in their place, and for how many rows; the most frequent first."""
        counts = Counter((issue.label, issue.suggested) for issue in self.issues)
        return [(*pair, count) for pair, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, without the texts; rows count from 1."""
        changes = [{"label": label, "suggested": other, "rows": count} for label, other, count in self.changes()]
        listed = [_entry(issue) for issue in self.issues]
        return {"rows": self.n, "labeled": self.n_labeled, "changes": changes, "issues": listed}

    def to_text(self) -> str:
        """Return how many there are of each kind, and why the first is listed."""
        n = len(self.issues)
        head = f"{n:,} of {self.n_labeled:,} labeled rows probably {'has' if n == 1 else 'have'} a wrong label"
        if not n:
            return head
        first = self.issues[0]
        reasons = "".join(f"\n  {reason}" for reason in first.reasons)
        kinds = table(self.changes(), ["label", "suggested", "rows"])
        return f"{head}\n\n{kinds}\n\nfirst: row {first.row + 1}, labeled '{first.label}'{reasons}"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the rows with the reasons, the most probable issue first, as CSV or JSONL by the ending.

        Raises
        ------
        ConfigError
            It has another ending.
        """
        check_ending(path)
        entries = [
            {"row": issue.row + 1, "text": text, **_entry(issue)}
            for issue, text in zip(self.issues, self.texts, strict=True)
        ]
        with atomic_path(path) as part:
            if Path(path).suffix == JSONL:
                lines = (json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
                part.write_text("".join(lines), encoding="utf-8", newline="")
            else:
                schema = {"row": pl.Int64(), "text": pl.String(), "label": pl.String(), "suggested": pl.String()}
                schema |= {"margin": pl.Float64(), "reasons": pl.String()}
                rows = [entry | {"reasons": "; ".join(entry["reasons"])} for entry in entries]
                pl.DataFrame(rows, schema=schema).write_csv(part)


def _entry(issue: LabelIssue) -> dict[str, Any]:
    return {
        "row": issue.row + 1,
        "label": issue.label,
        "suggested": issue.suggested,
        "margin": issue.margin,
        "reasons": list(issue.reasons),
    }


def check_ending(path: str | os.PathLike[str]) -> None:
    """Refuse a file with another ending than .csv or .jsonl, as a `ConfigError`."""
    if Path(path).suffix not in (CSV, JSONL):
        raise ConfigError(f"'{os.fspath(path)}' must end in {CSV} or {JSONL}: label issues are written in these forms")


def list_label_issues(
    corpus: Corpus,
    *,
    prefix: str | None = None,
    decided: Collection[str] = (),
    encoder: str | None = None,
    seed: int = 0,
) -> IssueList:
    """Find the rows of a labeled file whose label is probably wrong; see `find_label_issues`.

    Parameters
    ----------
    corpus
        A labeled file, as `weaklabel.label` writes it; with votes, reasons name labeling functions.
    prefix
        How the columns with labels begin; found if there is only one such prefix.
    decided
        Hashes of texts that people have decided on (`weaklabel.decisions.text_hash`): they are not listed.
    encoder
        Local folder or hub name of what embeds texts; by default the embedded encoder.
    seed
        Of the folds.

    Raises
    ------
    SelectionError
        No row has a label, or there are too many.
    ExportError
        There is no column with labels.
    VoteError
        A label or vote is not a class.

    Examples
    --------
    >>> from weaklabel import read_corpus
    >>> texts = [f"{'win a prize' if i % 2 else 'see you at lunch'} {i}" for i in range(40)]
    >>> labels = ["spam" if i % 2 and i != 7 else "ham" for i in range(40)]
    >>> found = list_label_issues(read_corpus({"text": texts, "label": labels}))
    >>> found.issues[0].row, found.issues[0].suggested
    (7, 'spam')
    """
    check_encoder(encoder)
    columns = LabelColumns.of(corpus, prefix)
    values = corpus.values(columns.label)
    if all(value in (None, "") for value in values):
        raise SelectionError(f"no row of {corpus.name} has a label in column '{columns.label}'")
    names = columns.classes if columns.probs else find_labels(values, (), corpus.name)
    Y = encode_labels(values, names, f"{corpus.name}, column '{columns.label}'")
    labeled = np.flatnonzero(Y != ABSTAIN)
    if len(labeled) > MAX_ROWS:
        raise SelectionError(
            f"label issues are found by comparing the vectors of all rows, at most {MAX_ROWS:,}, and {len(labeled):,} rows of "
            f"{corpus.name} have a label; look at a part of them"
        )
    all_texts = [text for batch in corpus.batches_with_progress() for text in batch.model_texts]
    texts = [all_texts[row] for row in labeled]
    votes = None
    if columns.votes:
        of_lfs = [
            encode_labels(corpus.values(name), names, f"{corpus.name}, column '{name}'") for name in columns.votes
        ]
        votes = np.stack(of_lfs, axis=1)[labeled]
    found = find_label_issues(
        TextFeatures(encoder).fit_transform(texts),
        Y[labeled],
        np.eye(len(names))[Y[labeled]],
        names,
        votes=votes,
        lf_names=[name.removeprefix(f"{columns.prefix}vote_") for name in columns.votes],
        seed=seed,
    )
    kept = [issue for issue in found if not decided or text_hash(texts[issue.row]) not in decided]
    issues = [
        LabelIssue(int(labeled[issue.row]), issue.label, issue.suggested, issue.margin, issue.reasons) for issue in kept
    ]
    return IssueList(len(Y), len(labeled), tuple(issues), tuple(texts[issue.row] for issue in kept))
