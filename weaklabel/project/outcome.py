"""What a run writes once everything is computed: the table of labeling functions, the reports, the manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from weaklabel.config import Project
from weaklabel.corpus import Corpus
from weaklabel.job.asked import spent_as_json
from weaklabel.job.journal import JOURNAL, Record
from weaklabel.job.labeled import VotedCorpus
from weaklabel.label_model import load_label_model
from weaklabel.label_model.sequence import load_span_label_model
from weaklabel.labels import Labels, Probs
from weaklabel.lf.packs import LFCollection
from weaklabel.project.asked import asked_summary
from weaklabel.project.folder import read_counts
from weaklabel.project.gold import GoldPredictions, read_gold, with_gold
from weaklabel.project.names import (
    GOLD,
    LABEL_MODEL,
    LF_TABLE,
    MANIFEST,
    MODELS,
    PAGE,
    PREDS,
    PREPARED,
    PROBS,
    REPORT,
    SCORES,
    TRAINED,
    TRAINING,
    VOTES,
)
from weaklabel.project.prepare import what_was_done
from weaklabel.registries import SPANS
from weaklabel.report import RunSummary, run_report
from weaklabel.report.html import html_report
from weaklabel.report.insight import Gold, gather
from weaklabel.scoring import Scores
from weaklabel.scoring.spans import SpanScores
from weaklabel.support.files import write_json, write_text
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.mapped import map_npy
from weaklabel.support.versions import SHOWN, versions
from weaklabel.votes import LFAnalysis, Votes, load_votes

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel
    from weaklabel.llm import Spent


@dataclass(frozen=True, eq=False)
class Labeled:
    """Votes, the label model fitted on them, and its predictions for every row.

    Attributes
    ----------
    votes
        See `weaklabel.votes.Votes`.
    model
        The fitted label model.
    probs
        Shape: [n, k]; all NaN where no labeling function voted, unless the label model read the texts.
    preds
        Shape: [n]; -1 where probabilities are NaN or the most probable classes tie.
    """

    votes: Votes
    model: BaseLabelModel
    probs: Probs
    preds: Labels

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Open what the steps of a run wrote into a folder; votes, probabilities and classes stay on the disk."""
        votes, model = load_votes(folder / VOTES), load_label_model(folder / LABEL_MODEL)
        return cls(votes, model, map_npy(folder / PROBS), map_npy(folder / PREDS))


def write_reports(
    folder: Path,
    project: Project,
    corpus: Corpus,
    lfs: LFCollection,
    records: Mapping[str, Record],
    files: Mapping[str, str],
    voted: VotedCorpus,
    spent: Spent | None = None,
) -> None:
    """Write the table of labeling functions and both reports.

    Parameters
    ----------
    folder
        Of the run; the reports are about what is in it.
    project, corpus, lfs
        What was run.
    records
        What is kept of the steps before.
    files
        What each file of the folder holds.
    voted
        All votes.
    spent
        What language models took; None where none was to be asked.
    """
    votes, model = voted.votes, load_label_model(folder / LABEL_MODEL)
    preds, probs = map_npy(folder / PREDS), map_npy(folder / PROBS)
    predicted = GoldPredictions.load(folder / GOLD) if project.gold else None
    summary = LFAnalysis(votes).lf_summary(est_weights=model.lf_accuracies_)
    if predicted is not None:
        summary = with_gold(summary, LFAnalysis(predicted.L, lfs.lfs).lf_summary(predicted.Y))
    write_text(folder / LF_TABLE, summary.to_csv())
    counts = {name: int((preds == number).sum()) for number, name in enumerate(lfs.labels)}
    run = RunSummary(
        title=project.title,
        corpus=corpus.name,
        n_rows=len(preds),
        n_rejects=read_counts(folder)["rejects"],
        labels=lfs.labels,
        lf_summary=summary,
        label_counts=counts | {"(no label)": int((preds < 0).sum())},
        label_model={"name": project.label_model.name, "why": model.describe(votes.lf_names), **model.get_params()},
        scores=read_scores(folder),
        prepared=prepared_by(project),
        training=sampled(folder),
        answers=_answers(folder),
        problems=[f"LF '{name}': {problems}" for name, problems in votes.problems.items()],
        warnings=warnings_of(records),
        files=files,
        settings=project.model_dump(mode="json"),
        timings=timings_of(records),
        asked=asked_summary(project, voted, predicted, spent),
        versions=versions_of(records),
    )
    write_text(folder / REPORT, run_report(run))
    gold = None
    if predicted is not None:
        by_stage = {name: stage.probs for name, stage in predicted.stages.items()}
        gold = Gold(predicted.Y, by_stage, predicted.of_corpus(votes.n))
    insight = gather(
        run,
        corpus,
        lfs,
        votes,
        model,
        probs,
        preds,
        gold=gold,
        training=folder / TRAINING,
        with_text=model.uses_texts,
        seed=project.seed,
    )
    write_text(folder / PAGE, html_report(insight))


def write_manifest(
    folder: Path,
    project: Project,
    corpus: Corpus,
    lfs: LFCollection,
    records: Mapping[str, Record],
    files: Mapping[str, str],
    spent: Spent | None = None,
) -> None:
    """Write the manifest; see `write_reports`."""
    counts = read_counts(folder)
    packs = {origin for origin in lfs.origins if Path(origin).is_file()}
    manifest = {
        "title": project.title,
        "settings": project.model_dump(mode="json"),
        "task": lfs.task,
        "label_model": _label_model(folder, lfs),
        "classifiers": {path.name: _params(path) for path in sorted((folder / MODELS).iterdir())},
        "inputs": _inputs(project, corpus, records["read"].basis["files"][project.corpus.path.name]),
        "packs": {origin: sha256_of_file(origin) for origin in sorted(packs)},
        "rows": counts["rows"],
        "rejects": counts["rejects"],
        "labels": list(lfs.labels),
        "lfs": list(lfs.names),
        "versions": versions_of(records),
        "timings_seconds": timings_of(records),
        "warnings": warnings_of(records),
        "spent": spent_as_json(spent),
        "files": dict(files),
    }
    write_json(folder / MANIFEST, manifest)


def read_scores(folder: Path) -> dict[str, Scores]:
    """Return the scores of a run, by stage; none where nothing was scored."""
    path = folder / SCORES
    if not path.is_file():
        return {}
    return {name: Scores.from_dict(plain) for name, plain in json.loads(path.read_text(encoding="utf-8")).items()}


def read_span_scores(folder: Path) -> dict[str, SpanScores]:
    """Return the scores of a run that labeled spans, by stage; none where nothing was scored."""
    path = folder / SCORES
    if not path.is_file():
        return {}
    return {name: SpanScores.from_dict(plain) for name, plain in json.loads(path.read_text(encoding="utf-8")).items()}


def prepared_by(project: Project) -> dict[str, dict[str, Any]]:
    """Return what each step before labeling did, by its name, where the corpus was prepared in the run folder."""
    folder = project.out / PREPARED
    steps = what_was_done(folder, project)
    return steps if project.corpus.path.is_relative_to(folder) else {}


def files_of(folder: Path, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return what each file holds, of those that are there and are described."""
    there = {name: what for name, what in outputs.items() if what and (folder / name).exists()}
    return there | {
        JOURNAL: "the steps, and what decided their results",
        MANIFEST: "settings, versions, input hashes, timings",
    }


def timings_of(records: Mapping[str, Record]) -> dict[str, float]:
    """Return the seconds that each step took when it was done."""
    return {name: record.seconds for name, record in records.items() if record.is_done}


def versions_of(records: Mapping[str, Record]) -> dict[str, str]:
    """Return the versions of weaklabel, of what users ask for, and of the packages that the steps were done with."""
    of_packages = versions(SHOWN)
    for record in records.values():
        of_packages |= record.basis["packages"]
    return of_packages


def warnings_of(records: Mapping[str, Record]) -> list[str]:
    """Return what was warned of, each sentence once, in the order of the steps."""
    return list(dict.fromkeys(warning for record in records.values() for warning in record.warnings))


def sampled(folder: Path) -> dict[str, str]:
    """Return what classifiers were trained on, by name, of those that were trained on a sample."""
    pattern = TRAINED.format("*")
    noted = {path.stem.partition("-")[2]: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob(pattern)}
    return {name: rows["described"] for name, rows in sorted(noted.items()) if rows["described"]}


def _answers(folder: Path) -> dict[str, dict[str, Any]]:
    """Return how language models answered before and after they were trained, by name of the classifier."""
    states = {path.name: _manifest(path)["state"] for path in sorted((folder / MODELS).iterdir())}
    records = {name: state.get("training", {}).get("answers") for name, state in states.items()}
    return {name: record for name, record in records.items() if record is not None}


def _label_model(folder: Path, lfs: LFCollection) -> dict[str, Any]:
    """Return what the label model of a run is, and why."""
    if lfs.task == SPANS:
        of_spans = load_span_label_model(folder / LABEL_MODEL)
        name, why, params = type(of_spans).__name__, of_spans.describe(), of_spans.get_params()
    else:
        model = load_label_model(folder / LABEL_MODEL)
        name, why, params = type(model).__name__, model.describe(lfs.names), model.get_params()
    return {"class": name, "why": why, **{name: _plain(value) for name, value in params.items()}}


def _params(model: Path) -> dict[str, Any]:
    params: dict[str, Any] = _manifest(model)["params"]
    return params


def _manifest(model: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((model / "weaklabel.json").read_text(encoding="utf-8"))
    return manifest


def _inputs(project: Project, corpus: Corpus, corpus_sha256: str) -> dict[str, dict[str, str]]:
    inputs = {"corpus": {"name": corpus.name, "sha256": corpus_sha256}}
    decided = project.label_model.decisions
    if decided is not None:
        inputs["decisions"] = {"name": str(decided), "sha256": sha256_of_file(decided)}
    if project.gold is None:
        return inputs
    path = project.gold.path
    if path is None:
        return inputs | {"gold": inputs["corpus"]}
    content = sha256_of_file(path) if path.is_file() else read_gold(project, path).sha256()
    return inputs | {"gold": {"name": str(path), "sha256": content}}


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it."""
    if isinstance(value, list | tuple):
        return list(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
