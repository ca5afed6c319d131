"""What a run wrote about spans, as a labeled corpus for exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from weaklabel.config import Project
from weaklabel.corpus import Batch, Corpus, read_corpus
from weaklabel.corpus.writing import reading_back
from weaklabel.decisions import Decision, GoldSpans, gold_spans_of, read_gold_spans
from weaklabel.export.corpus import ROWS_AT_ONCE, LabeledCorpus, LabeledPart, Source
from weaklabel.export.opening import open_spans, spans_column_of
from weaklabel.job.output import first_free_prefix
from weaklabel.lf.packs import LFCollection
from weaklabel.project.folder import read_counts
from weaklabel.project.gold import gold_column, split_column
from weaklabel.project.names import LABELED, MANIFEST
from weaklabel.project.outcome import prepared_by
from weaklabel.units import SPANS, SpanRows, read_spans


def is_run_of_spans(folder: Path) -> bool:
    """Say whether a finished run labeled spans, by its manifest."""
    task: str = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("task", "texts")
    return task == "spans"


def labeled_span_run(
    project: Project,
    corpus: Corpus,
    lfs: Callable[[], LFCollection],
    folder: Path,
    *,
    with_gold: bool = False,
    decisions: Sequence[Decision] = (),
) -> LabeledCorpus:
    """Return the rows and spans that the steps of a run wrote into a folder.

    Rows with gold in the corpus, and decided ones, are held out of training rows unless ``with_gold``; spans are scored
    against ``decisions``, else against gold.

    Parameters
    ----------
    project, corpus, lfs, folder, with_gold, decisions
        See `weaklabel.project.export.labeled_run`.

    Raises
    ------
    WeakLabelError
        A file is missing, or does not fit the corpus.
    """
    names = tuple(lfs().labels)
    labeled = read_corpus(
        folder / LABELED, text=corpus.text, hide=corpus.hide, **reading_back(corpus, "csv", [_new_column(corpus)])
    )
    split = split_column(project)
    opened = open_spans(
        labeled,
        spans_column_of(labeled),
        names,
        None,
        with_gold,
        split if labeled.has_column(split) else None,
    )
    gold = _gold(project, corpus, names)
    is_held_out = project.gold is not None and project.gold.split is None and not with_gold
    decided = gold_spans_of(decisions, names) if any(item.spans is not None for item in decisions) else None

    def parts() -> Iterator[LabeledPart]:
        for part, batch in zip(opened.read(), corpus.batches(ROWS_AT_ONCE), strict=True):
            true = None if gold is None else gold(batch)
            held = true.is_known if true is not None and is_held_out else None
            scored = true if decided is None else decided.on(batch.texts, batch.start)
            yield replace(part, gold_spans=scored, held_out=held)

    steps = prepared_by(project)
    source = Source(
        title=project.title,
        steps=steps,
        n_rejects=read_counts(folder)["rejects"],
        label_model={"name": project.label_model.name, **project.label_model.options()},
        gold=_of_whom(project, decided),
        inputs={Path(corpus.name).name: corpus.sha256()},
    )
    return replace(opened, name=Path(corpus.name).name, read=parts, corpus=corpus, lfs=lfs, source=source)


def _new_column(corpus: Corpus) -> str:
    """Return the name of the column with spans that labeling adds to a corpus."""
    return first_free_prefix(corpus, [SPANS]) + SPANS


def _gold(project: Project, corpus: Corpus, labels: tuple[str, ...]) -> Callable[[Batch], SpanRows] | None:
    """Return what gives the gold spans of rows; None where a project names none."""
    if project.gold is None:
        return None
    if project.gold.path is not None:
        of_texts = read_gold_spans(project.gold.path, labels)
        return lambda batch: of_texts.on(batch.texts, batch.start)
    column = gold_column(project, SPANS)
    where = f"{corpus.name}, column '{column}'"
    return lambda batch: read_spans(batch.source[column], batch.texts, labels, where=where, first_row=batch.start)


def _of_whom(project: Project, decided: GoldSpans | None) -> str:
    """Return what a card says of the gold spans; "" where there are none."""
    if decided is not None:
        return "decisions of reviewers"
    return "" if project.gold is None else "the gold spans of the project"
