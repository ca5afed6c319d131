"""The folder of a run: what was made, with which settings, from which input, and how long it took."""

from __future__ import annotations

import logging
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import weaklabel
from weaklabel.config import Project
from weaklabel.corpus import Corpus, write_rejects
from weaklabel.errors import ConfigError
from weaklabel.files import write_json, write_text
from weaklabel.labelled import new_columns, write_labelled_corpus
from weaklabel.labels import Labels, Probs
from weaklabel.report import RunSummary, run_report
from weaklabel.scoring import Scores
from weaklabel.votes import Votes, save_votes

if TYPE_CHECKING:
    import pandas as pd

    from weaklabel.classifier import Classifier
    from weaklabel.label_model import LabelModel

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
PACKAGES = ("numpy", "pandas", "polars", "scikit-learn", "snorkel", "spacy", "torch", "transformers")


class RunFolder:
    """Writes what a run makes; ``manifest.json`` comes last, so a folder with one is complete.

    Parameters
    ----------
    project
        Its ``out`` is the folder.

    Raises
    ------
    ConfigError
        The folder holds files but no manifest and no project file, so it is no run folder of ours.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.path = project.out
        self.timings: dict[str, float] = {}
        self.files: dict[str, str] = {}
        self.warnings: list[str] = []
        self.inputs: dict[str, dict[str, Any]] = {}
        self._begin()

    def _begin(self) -> None:
        known = (MANIFEST, "project.toml")
        if self.path.is_dir() and any(self.path.iterdir()) and not any((self.path / name).exists() for name in known):
            raise ConfigError(f"{self.path} holds other files; choose an empty folder for 'out'")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / MANIFEST).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot write to {self.path}: {error.strerror}") from error

    def note_input(self, what: str, corpus: Corpus) -> None:
        """Record which file was read, and its hash."""
        self.inputs[what] = {"name": corpus.name, "sha256": corpus.sha256()}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Record the seconds that a step takes, and the warnings that it gives (they are still shown)."""
        log.info("%s ...", step)
        started = time.perf_counter()
        show = warnings.showwarning

        def record(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
            if issubclass(category, UserWarning):
                self.warnings.append(str(message))
            show(message, category, *rest, **named)

        warnings.showwarning = record
        try:
            yield
        finally:
            warnings.showwarning = show
        self.timings[step] = round(time.perf_counter() - started, 3)
        log.info("%s: %.1f s", step, self.timings[step])

    def save_labels(self, corpus: Corpus, votes: Votes, model: LabelModel, preds: Labels, probs: Probs) -> None:
        """Write the labelled corpus, the votes and the label model."""
        labels = votes.labels or ()
        # A corpus that carries gold often has a column called label already.
        prefix = "weak_" if set(new_columns(labels)) & set(corpus.columns) else ""
        labelled = self._file("labelled.csv", f"the corpus with its labels, in the column {prefix}label")
        write_labelled_corpus(labelled, corpus, votes, preds, probs, labels, prefix=prefix)
        save_votes(self._file("votes.npz", "L, the votes"), votes)
        model.save(self._file("label_model.json", "the fitted label model"))
        if corpus.rejects:
            write_rejects(self._file("rejects.jsonl", "rows that could not be read"), corpus.rejects)

    def save_classifier(self, name: str, classifier: Classifier, votes: Votes) -> None:
        """Write a trained classifier, with a word on where its labels came from."""
        provenance = (
            f"{votes.m} labeling functions ({', '.join(self.project.lfs.use)}) voted on {votes.n:,} texts of "
            f"{self.project.corpus.path.name}; the label model '{self.project.label_model.name}' turned the votes into "
            "probabilities."
        )
        classifier.save(self._file(f"models/{name}", f"the {name} classifier"), provenance=provenance)

    def finish(
        self,
        corpus: Corpus,
        votes: Votes,
        model: LabelModel,
        summary: pd.DataFrame,
        preds: Labels,
        scores: dict[str, Scores],
    ) -> None:
        """Write the LF table, the scores and the report, and last of all the manifest."""
        write_text(self._file("lf_table.csv", "what each labeling function did"), summary.to_csv())
        if scores:
            stages = {stage: result.to_dict() for stage, result in scores.items()}
            write_json(self._file("scores.json", "scores of every stage"), stages)
        report = run_report(self._summary(corpus, votes, model, summary, preds, scores))
        write_text(self._file("report.md", "this run, to read"), report)
        write_json(self._file(MANIFEST, "settings, versions, input hashes, timings"), self._manifest(corpus, votes))

    def _file(self, name: str, what: str) -> Path:
        self.files[name] = what
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _summary(
        self,
        corpus: Corpus,
        votes: Votes,
        model: LabelModel,
        summary: pd.DataFrame,
        preds: Labels,
        scores: dict[str, Scores],
    ) -> RunSummary:
        counts = {name: int((preds == number).sum()) for number, name in enumerate(votes.labels or ())}
        return RunSummary(
            title=self.project.title,
            corpus=corpus.name,
            n_rows=len(preds),
            n_rejects=len(corpus.rejects),
            labels=votes.labels or (),
            lf_summary=summary,
            label_counts=counts | {"(no label)": int((preds < 0).sum())},
            label_model={"name": self.project.label_model.name, **model.get_params()},
            scores=scores,
            problems=[f"LF '{name}': {problems}" for name, problems in votes.problems.items()],
            warnings=self.warnings,
            files=self.files,
            settings=self.project.model_dump(mode="json"),
            timings=self.timings,
            versions=_versions(),
        )

    def _manifest(self, corpus: Corpus, votes: Votes) -> dict[str, Any]:
        return {
            "title": self.project.title,
            "settings": self.project.model_dump(mode="json"),
            "inputs": self.inputs,
            "rows": len(votes.L),
            "rejects": len(corpus.rejects),
            "labels": list(votes.labels or ()),
            "lfs": list(votes.lf_names),
            "versions": _versions(),
            "timings_seconds": self.timings,
            "warnings": self.warnings,
            "files": self.files,
        }


def _versions() -> dict[str, str]:
    found = {"weaklabel": weaklabel.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
