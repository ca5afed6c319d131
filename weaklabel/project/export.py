"""Handing over what was labeled: a finished run, or a file that ``weaklabel label`` wrote, in the forms of other tools."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.config import ExportSettings, Project
from weaklabel.corpus import Batch, Corpus, read_corpus
from weaklabel.decisions import FILE_NAME, Decision, gold_of, read_decisions
from weaklabel.errors import ConfigError, ExportError
from weaklabel.export.card import CardFields
from weaklabel.export.corpus import ROWS_AT_ONCE, LabeledCorpus, LabeledPart, Source
from weaklabel.export.exporter import CorpusExporter
from weaklabel.export.opening import SPLIT, open_labeled_file, split_names, split_values
from weaklabel.export.selection import Selection
from weaklabel.export.writing import Export, Exported
from weaklabel.job.transform import transform_file
from weaklabel.label_model import load_label_model
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.project.augment import new_rows
from weaklabel.project.folder import holds_run, read_counts
from weaklabel.project.gold import (
    GoldPredictions,
    held_out,
    open_unlabeled,
    split_column,
    with_gold as joined_with_gold,
)
from weaklabel.project.names import AUGMENT_COUNTS, GOLD, LABEL_MODEL, PREDS, PROBS, SCORES, VOTES
from weaklabel.project.outcome import prepared_by, read_scores
from weaklabel.project.reader import read_run
from weaklabel.project.select import dropped_rows
from weaklabel.project.span_export import is_run_of_spans, labeled_span_run
from weaklabel.registries import EXPORTERS
from weaklabel.report.text import lf_columns, lf_rows
from weaklabel.split import splitter
from weaklabel.support.mapped import map_npy
from weaklabel.support.progress import showing
from weaklabel.votes import LFAnalysis, load_votes

PROTECT = "protect"
"""Name of the step that hides personal data."""

REVIEW = "review"
"""Folder in that of a run, with the decisions of its review."""

LABEL_STAGES = ("majority_vote", "label_model")
"""Stages whose scores are those of the labels themselves, not of a classifier."""


def open_labeled(source: Any, **reading: Any) -> LabeledCorpus:
    """Open a labeled corpus.

    Parameters
    ----------
    source
        The folder of a finished run, or a file that ``weaklabel label`` or ``run`` wrote.
    **reading
        See `weaklabel.export.open_labeled_file`; of a run, ``with_gold`` alone.

    Raises
    ------
    WeakLabelError
        It cannot be read, or holds no labels.

    Examples
    --------
    >>> corpus = open_labeled({"text": ["WIN", "see you"], "label": ["spam", None]}, labels=["ham", "spam"])
    >>> [part.preds.tolist() for part in corpus.parts()]
    [[1, -1]]
    """
    if not isinstance(source, str | os.PathLike) or not Path(source).is_dir():
        return open_labeled_file(source, **reading)
    folder = Path(source)
    if not holds_run(folder):
        raise ExportError(f"{folder} is a folder without a finished run; give one that weaklabel run wrote, or a file")
    with_gold = bool(reading.pop("with_gold", False))
    if reading:
        raise ExportError(
            f"{folder} is a run, which knows how its corpus is read; leave out {', '.join(sorted(reading))}"
        )
    run = read_run(folder)
    if not run.project.corpus.path.exists():
        raise ExportError(
            f"the corpus of this run, {run.project.corpus.path}, does not exist; restore it, or run the project again"
        )
    corpus = open_unlabeled(run.project)
    if corpus.sha256() != run.corpus_sha256:
        raise ExportError(f"{corpus.name} is not as it was when it was labeled; run the project again")
    decisions = folder / REVIEW / FILE_NAME
    opened = labeled_span_run if is_run_of_spans(folder) else labeled_run
    return opened(
        run.project,
        corpus,
        partial(load_lfs, *run.project.lfs.use),
        folder,
        with_gold=with_gold,
        decisions=_telling(read_decisions(decisions)) if decisions.is_file() else (),
    )


def labeled_run(
    project: Project,
    corpus: Corpus,
    lfs: Callable[[], LFCollection],
    folder: Path,
    *,
    with_gold: bool = False,
    decisions: Sequence[Decision] = (),
) -> LabeledCorpus:
    """Return the rows and labels that the steps of a run wrote into a folder.

    Parameters
    ----------
    project, corpus, lfs
        What was run.
    folder
        Of the run, or of its unfinished build.
    with_gold
        Keep the gold column, and rows with gold.
    decisions
        Of reviewers, against which labels are scored.

    Raises
    ------
    WeakLabelError
        A file is missing or does not fit the corpus.
    """
    votes, model = load_votes(folder / VOTES), load_label_model(folder / LABEL_MODEL)
    if not (folder / PREDS).is_file():
        raise ConfigError(f"{folder} holds no labels that can be read back; run the project again")
    preds, probs = map_npy(folder / PREDS), map_npy(folder / PROBS)
    labels = tuple(votes.labels or ())
    column = split_column(project)
    is_divided = corpus.has_column(column)
    held = None if with_gold else held_out(project, corpus)
    new = new_rows(folder, corpus.text) if project.augment is not None else None
    dropped = dropped_rows(project, folder)

    def frame(batch: Batch) -> Any:
        return batch.stored if with_gold else batch.stored.drop(batch.hide, strict=False)

    def parts() -> Iterator[LabeledPart]:
        for batch in corpus.batches(ROWS_AT_ONCE):
            rows = slice(batch.start, batch.start + len(batch))
            part = LabeledPart(
                np.arange(rows.start, rows.stop),
                frame(batch),
                batch.model_texts,
                np.asarray(preds[rows]),
                np.asarray(probs[rows]),
                split_values(batch.source, column) if is_divided else None,
                np.asarray(votes.L[rows]),
                gold_of(decisions, batch.model_texts, labels) if decisions else None,
                None if held is None else held[rows],
                not_chosen=None if dropped is None else dropped[rows],
            )
            yield part
            if new is not None and len(more := new.of(part, len(preds))):
                yield more

    scores = read_scores(folder) if (folder / SCORES).is_file() else {}
    summary = LFAnalysis(votes).lf_summary(est_weights=model.lf_accuracies_)
    if (folder / GOLD).is_file():
        predicted = GoldPredictions.load(folder / GOLD)
        summary = joined_with_gold(summary, LFAnalysis(predicted.L, lfs().lfs).lf_summary(predicted.Y))
    columns = lf_columns(summary)
    table = dict(zip(columns, zip(*lf_rows(summary), strict=True), strict=True)) if len(summary) else {}
    if table:
        table["Polarity"] = tuple(", ".join(labels[number] for number in classes) for classes in table["Polarity"])
    steps = prepared_by(project)
    if new is not None:
        steps |= {"augment": json.loads((folder / AUGMENT_COUNTS).read_text(encoding="utf-8"))}
    source = Source(
        title=project.title,
        steps=steps,
        n_rejects=read_counts(folder)["rejects"],
        label_model={"name": project.label_model.name, "why": model.describe(votes.lf_names), **model.get_params()},
        lf_table={name: table[name] for name in columns if name in table and name != "j"},
        scores={stage: scores[stage] for stage in LABEL_STAGES if stage in scores},
        personal_data=_personal_data(project, steps),
        gold=_of_whom(decisions),
        inputs={Path(corpus.name).name: corpus.sha256()},
    )
    return LabeledCorpus(
        name=Path(corpus.name).name,
        labels=labels,
        lf_names=tuple(votes.lf_names),
        text=corpus.text,
        schema=frame(corpus.empty()).schema,
        read=parts,
        corpus=corpus,
        splits=split_names(corpus, column) if is_divided else (),
        lfs=lfs,
        source=source,
        files=(*corpus.files(), folder),
    )


def _personal_data(project: Project, steps: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what a run did about personal data; "" if nothing."""
    if project.protect is None or PROTECT not in steps:
        return ""
    done = steps[PROTECT]
    what = {
        "flag": "was looked for and noted in columns; the texts still hold it",
        "mask": "that was found in the texts has been replaced by its type, such as [EMAIL]",
        "pseudonym": "that was found in the texts has been replaced by keyed hashes",
        "drop": f"was looked for, and {done['rows'] - done['kept']:,} rows in which it was found have been left out",
    }[project.protect.action]
    found = ", ".join(f"{kind} in {count:,} rows" for kind, count in done["changed"].items() if count)
    names = "" if project.protect.names else " Names of people were not looked for."
    return f"Personal data {what}{f' ({found})' if found else ''}. What was not found is still there.{names}"


RANDOM = "random-"
"""Beginning of the names of spot checks whose rows are a random sample."""


def _telling(decisions: Sequence[Decision]) -> Sequence[Decision]:
    """Return the decisions on random spot checks, if there are any; else all of them."""
    drawn = [decision for decision in decisions if (decision.sample or "").startswith(RANDOM)]
    return drawn or decisions


def _of_whom(decisions: Sequence[Decision]) -> str:
    """Return what a card says of decisions; "" where there are none."""
    if not decisions:
        return ""
    is_random = all((decision.sample or "").startswith(RANDOM) for decision in decisions)
    return "decisions of reviewers on a random sample" if is_random else "decisions of reviewers, who chose the rows"


def export_labeled(project: Project, corpus: Corpus, lfs: LFCollection, folder: Path, out: Path) -> Exported:
    """Write the export that a project asks for.

    Parameters
    ----------
    project, corpus, lfs
        What is run.
    folder
        With what the steps before have written.
    out
        A folder, which is there and is empty.
    """
    settings = project.export
    assert settings is not None
    opened = labeled_span_run if lfs.task == "spans" else labeled_run
    labeled = opened(project, corpus, lambda: lfs, folder, with_gold=settings.with_gold)
    labeled = replace(labeled, source=replace(labeled.source, command="weaklabel run PROJECT.toml"))
    return export_of(labeled, settings, project.seed).write_into(out)


def check_forms(settings: ExportSettings, corpus: Corpus, lfs: LFCollection) -> None:
    """Find out, before any work, whether the forms of a project can be written.

    Raises
    ------
    WeakLabelError
        An option is wrong, or a package is missing.
    """
    empty = corpus.empty()
    labeled = LabeledCorpus(
        name=Path(corpus.name).name,
        labels=lfs.labels,
        lf_names=tuple(lfs.names),
        text=corpus.text,
        schema=(empty.stored if settings.with_gold else empty.stored.drop(empty.hide, strict=False)).schema,
        read=lambda: iter(()),
        corpus=corpus,
        lfs=lambda: lfs,
        task="spans" if lfs.task == "spans" else "texts",
    )
    for form in forms_of(settings).values():
        form.check_corpus(labeled)


def forms_of(settings: ExportSettings, seed: int = 0) -> dict[str, CorpusExporter]:
    """Return the exporters of the forms, with their options; a form that draws anything takes the seed if it has no other."""

    def seeded(name: str) -> dict[str, int]:
        return {"seed": seed} if EXPORTERS[name].has_param("seed") else {}

    return {name: EXPORTERS[name](**seeded(name) | options) for name, options in settings.options().items()}


def export_of(corpus: LabeledCorpus, settings: ExportSettings, seed: int = 0) -> Export:
    """Return the export of a corpus that settings ask for."""
    return Export(
        corpus,
        forms_of(settings, seed),
        Selection(settings.min_confidence, settings.sample, seed, settings.min_prob),
        CardFields(
            settings.title,
            settings.license,
            settings.source_license,
            tuple(settings.languages),
            settings.description,
            settings.personal_data,
        ),
    )


def export_corpus(
    source: Any,
    out: str | os.PathLike[str],
    to: str | Sequence[str] = "jsonl",
    *,
    options: Mapping[str, Any] | None = None,
    min_confidence: float = 0.0,
    min_prob: float = 0.0,
    sample: bool = False,
    shares: Mapping[str, float] | None = None,
    group_by: Sequence[str] = (),
    seed: int = 0,
    card: Mapping[str, Any] | None = None,
    progress: bool = False,
    **reading: Any,
) -> Exported:
    """Hand a labeled corpus over to other tools: to train language models and classifiers, or to label on.

    Rows without a label are left out, and so are gold columns.

    Parameters
    ----------
    source
        The folder of a finished run, or a file that ``weaklabel label`` or ``run`` wrote; see `open_labeled`.
    out
        A folder, which gets a dataset card, too; or one file, where ``to`` is one form that writes files. It has its earlier
        content until the new one is whole.
    to
        Names of forms; see `weaklabel.registries.EXPORTERS`.
    options
        Options of the forms, for all that have it; a mapping under the name of a form has options of that form.
    min_confidence
        Rows whose label, or one of whose spans, is less probable are left out.
    min_prob
        Spans that are less probable are left out of their rows.
    sample
        Draw the label of a row from its probabilities, in forms that do not keep them.
    shares
        Divide the rows into splits by these shares, as `weaklabel.split_corpus` does. A column ``split`` is kept.
    group_by
        With ``shares``: columns whose equal values put rows on one side.
    seed
        Of what is drawn, and of the split.
    card
        Entries of the dataset card: title, license, source_license, languages, description, personal_data.
    progress
        Show progress on stderr.
    **reading
        See `weaklabel.export.open_labeled_file`.

    Returns
    -------
    Exported
        What was written and what was left out, with counts.

    Raises
    ------
    WeakLabelError
        The source cannot be read, an option is wrong, no row is left, or the place cannot be written to.
    """
    prepared = prepared_export(
        source,
        to,
        options=options,
        min_confidence=min_confidence,
        min_prob=min_prob,
        sample=sample,
        shares=shares,
        group_by=group_by,
        seed=seed,
        card=card,
        **reading,
    )
    with showing(progress), prepared as export:
        return export.write_to(out)


@contextmanager
def prepared_export(
    source: Any,
    to: str | Sequence[str],
    *,
    options: Mapping[str, Any] | None = None,
    min_confidence: float = 0.0,
    min_prob: float = 0.0,
    sample: bool = False,
    shares: Mapping[str, float] | None = None,
    group_by: Sequence[str] = (),
    seed: int = 0,
    card: Mapping[str, Any] | None = None,
    **reading: Any,
) -> Iterator[Export]:
    """Give what `export_corpus` writes, before it is written; arguments are as there."""
    names = [to] if isinstance(to, str) else list(to)
    settings = ExportSettings.checked(
        to=names,
        min_confidence=min_confidence,
        min_prob=min_prob,
        sample=sample,
        **(card or {}),
        **(options or {}),
    )
    with tempfile.TemporaryDirectory() as work:
        corpus = open_labeled(source, **reading)
        if shares is not None:
            corpus = divided(corpus, shares, group_by, seed, Path(work))
        command = command_of(source, settings, shares, group_by, seed, reading)
        corpus = replace(corpus, source=replace(corpus.source, command=command))
        yield export_of(corpus, settings, seed)


def divided(
    corpus: LabeledCorpus, shares: Mapping[str, float], group_by: Sequence[str], seed: int, work: Path
) -> LabeledCorpus:
    """Divide a corpus into splits, with near-duplicates and rows of a group on one side.

    Parameters
    ----------
    corpus
        Must not be divided yet.
    shares, group_by, seed
        See `weaklabel.split_corpus`.
    work
        A folder that is there as long as the corpus is read.

    Raises
    ------
    WeakLabelError
        The corpus is divided already, or it cannot be.
    """
    if corpus.splits:
        raise ExportError(f"{corpus.name} is divided already, into {', '.join(corpus.splits)}; leave the shares out")
    column = f"{SPLIT} of weaklabel"  # a name that no column of the corpus has
    while column in corpus.corpus.columns:
        column += "_"
    file = work / "split.parquet"
    transform_file(
        corpus.corpus, splitter(corpus.corpus, shares=shares, column=column, group_by=group_by, seed=seed), file
    )
    sides = read_corpus(file, text=())

    def parts() -> Iterator[LabeledPart]:
        for part, batch in zip(corpus.read(), sides.batches(ROWS_AT_ONCE), strict=True):
            yield replace(part, split=split_values(batch.source, column))

    return replace(corpus, read=parts, splits=tuple(shares))


def command_of(
    source: Any,
    settings: ExportSettings,
    shares: Mapping[str, float] | None,
    group_by: Sequence[str],
    seed: int,
    reading: Mapping[str, Any],
) -> str:
    """Return the command that makes an export again, with names of files but without their folders."""
    name = Path(source).name if isinstance(source, str | os.PathLike) else "CORPUS"
    words = ["weaklabel", "export", name, "--to", ",".join(settings.to), "-o", "OUT"]
    words += ["--min-confidence", f"{settings.min_confidence:g}"] if settings.min_confidence else []
    words += ["--min-prob", f"{settings.min_prob:g}"] if settings.min_prob else []
    words += ["--sample"] if settings.sample else []
    if shares is not None:
        words += ["--split", ",".join(f"{split}={share:g}" for split, share in shares.items())]
        words += ["--group-by", ",".join(group_by)] if group_by else []
    words += ["--seed", str(seed)] if seed else []
    for key, value in reading.items():
        if value in (None, False, ()) or (key, value) == ("text", "text"):
            continue
        given = (
            value if isinstance(value, str) else ",".join(map(str, value)) if isinstance(value, list | tuple) else value
        )
        flag = {"prefix": "label-prefix", "split": "split-column"}.get(key, key.replace("_", "-"))
        words += [f"--{flag}"] + ([] if value is True else [str(given)])
    for key, value in (settings.model_extra or {}).items():
        for option, of in value.items() if isinstance(value, dict) else [("", value)]:
            words += ["--set", f"{key}.{option}={_shown(of)}" if option else f"{key}={_shown(of)}"]
    return " ".join(shlex.quote(word) for word in words)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value.rstrip("/").rpartition("/")[2] if value.startswith("/") else value
    return json.dumps(value, ensure_ascii=False)
