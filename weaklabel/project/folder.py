"""The folder of a run: what was made, with which settings, from which input, and how long it took."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from weaklabel.config import Project
from weaklabel.corpus import Corpus, write_rejects
from weaklabel.errors import ConfigError
from weaklabel.labelled import free_prefix, write_labelled_corpus
from weaklabel.labels import Labels, Probs
from weaklabel.lf.identity import pack_inputs
from weaklabel.lf.packs import LFCollection
from weaklabel.report import RunSummary, run_report
from weaklabel.report.html import html_report
from weaklabel.report.insight import Gold, gather
from weaklabel.scoring import Scores
from weaklabel.support.files import write_json, write_text
from weaklabel.support.folders import other_files, recover_folder, replaced_folder, written_files
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.progress import say, stage
from weaklabel.support.versions import versions
from weaklabel.votes import Votes, save_votes

if TYPE_CHECKING:
    import pandas as pd

    from weaklabel.classifier import Classifier
    from weaklabel.label_model import BaseLabelModel

MANIFEST = "manifest.json"
RESULTS = frozenset(
    {
        "labelled.csv",
        "votes.npz",
        "label_model.json",
        "rejects.jsonl",
        "models",
        "training",
        "lf_table.csv",
        "scores.json",
    }
    | {"report.md", "report.html", MANIFEST}
)
"""What a run may write."""

PACKAGES = ("numpy", "pandas", "polars", "scikit-learn", "snorkel", "spacy", "torch", "transformers")


class RunFolder:
    """Writes what a run makes, within a ``with``, into a hidden folder beside the final one.

    At the end that takes the place of the final folder, in one step where the system can do that. Until then, and after
    any failure, the results of an earlier run are there as they were. Files that are not of a run are kept.

    Parameters
    ----------
    project
        Its ``out`` is the final folder.
    corpus, lfs
        What is labelled, and by whom.
    project_file
        Where the project was read from, if it was.

    Attributes
    ----------
    path
        Where to write; after the ``with``, the final folder.

    Raises
    ------
    ConfigError
        The folder holds other files than those of a run, or an input lies where a run writes its results.
    WeakLabelError
        The folder cannot be written to, or another run is writing it.
    """

    def __init__(self, project: Project, corpus: Corpus, lfs: LFCollection, project_file: Path | None = None) -> None:
        self.project = project
        self.corpus = corpus
        self.lfs = lfs
        self.path = project.out
        self.timings: dict[str, float] = {}
        self.files: dict[str, str] = {}
        self.warnings: list[str] = []
        self.inputs: dict[str, dict[str, str]] = {}
        check_run_folder(self.path)
        check_run_inputs(project, corpus, lfs, project_file)

    def __enter__(self) -> Self:
        busy = f"another run is writing {self.project.out}: wait for it, or choose another folder (--out)"
        with ExitStack() as stack:
            self.path = stack.enter_context(replaced_folder(self.project.out, MANIFEST, busy=busy))
            stack.enter_context(recorded_warnings(self.warnings))
            self.note_input("corpus", self.corpus)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._closing.__exit__(*error)
        self.path = self.project.out

    def note_input(self, what: str, corpus: Corpus) -> None:
        """Record which file was read, and its hash."""
        self.inputs[what] = {"name": corpus.name, "sha256": corpus.sha256()}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Record the seconds that a step takes."""
        started = time.perf_counter()
        with stage(step):
            yield
        self.timings[step] = round(time.perf_counter() - started, 3)
        say(f"{step}: {self.timings[step]:.1f} s")

    def save_labels(self, votes: Votes, model: BaseLabelModel, preds: Labels, probs: Probs) -> None:
        """Write the labelled corpus, the votes, the label model, and what could not be read."""
        prefix = free_prefix(self.corpus, self.lfs.labels)
        labelled = self._file("labelled.csv", f"the corpus with its labels, in the column {prefix}label")
        write_labelled_corpus(labelled, self.corpus, votes, preds, probs, self.lfs.labels, prefix=prefix)
        save_votes(self._file("votes.npz", "L, the votes"), votes)
        model.save(self._file("label_model.json", "the fitted label model"))
        if self.corpus.rejects:
            write_rejects(self._file("rejects.jsonl", "rows that could not be read"), self.corpus.rejects)

    def save_classifier(self, name: str, classifier: Classifier, votes: Votes) -> None:
        """Write a trained classifier, with a word on where its labels came from."""
        provenance = (
            f"{votes.m} labeling functions ({', '.join(self.project.lfs.use)}) voted on {votes.n:,} texts of "
            f"{self.project.corpus.path.name}; the label model '{self.project.label_model.name}' turned the votes into "
            "probabilities."
        )
        path = self._file(f"models/{name}", f"the {name} classifier")
        classifier.save(path, provenance=provenance, entities=self.corpus.entities)

    def finish(
        self,
        votes: Votes,
        model: BaseLabelModel,
        classifiers: dict[str, Classifier],
        summary: pd.DataFrame,
        preds: Labels,
        probs: Probs,
        scores: dict[str, Scores],
        gold: Gold | None = None,
    ) -> None:
        """Write the LF table, the scores and the reports, and last of all the manifest."""
        if (self.path / "training").exists():
            self.files["training"] = "loss and speed, epoch by epoch"
        write_text(self._file("lf_table.csv", "what each labeling function did"), summary.to_csv())
        if scores:
            stages = {stage: result.to_dict() for stage, result in scores.items()}
            write_json(self._file("scores.json", "scores of every stage"), stages)
        report, page = self._file("report.md", "this run, to read"), self._file("report.html", "this run, to look at")
        manifest = self._file(MANIFEST, "settings, versions, input hashes, timings")
        run = self._summary(votes, model, summary, preds, scores)
        write_text(report, run_report(run))
        with self.timed("report"):
            insight = gather(
                run,
                self.corpus,
                self.lfs,
                votes,
                model,
                probs,
                preds,
                gold=gold,
                training=self.path / "training",
                with_text=model.uses_texts,
                seed=self.project.seed,
            )
            write_text(page, html_report(insight))
        write_json(manifest, self._manifest(votes, model, classifiers))

    def _file(self, name: str, what: str) -> Path:
        assert name.split("/")[0] in RESULTS
        self.files[name] = what
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _summary(
        self, votes: Votes, model: BaseLabelModel, summary: pd.DataFrame, preds: Labels, scores: dict[str, Scores]
    ) -> RunSummary:
        counts = {name: int((preds == number).sum()) for number, name in enumerate(self.lfs.labels)}
        return RunSummary(
            title=self.project.title,
            corpus=self.corpus.name,
            n_rows=len(preds),
            n_rejects=len(self.corpus.rejects),
            labels=self.lfs.labels,
            lf_summary=summary,
            label_counts=counts | {"(no label)": int((preds < 0).sum())},
            label_model={
                "name": self.project.label_model.name,
                "why": model.describe(votes.lf_names),
                **model.get_params(),
            },
            scores=scores,
            problems=[f"LF '{name}': {problems}" for name, problems in votes.problems.items()],
            warnings=self.warnings,
            files=self.files,
            settings=self.project.model_dump(mode="json"),
            timings=self.timings,
            versions=versions(PACKAGES),
        )

    def _manifest(self, votes: Votes, model: BaseLabelModel, classifiers: dict[str, Classifier]) -> dict[str, Any]:
        packs = {origin for origin in self.lfs.origins if Path(origin).is_file()}
        return {
            "title": self.project.title,
            "settings": self.project.model_dump(mode="json"),
            "label_model": {
                "class": type(model).__name__,
                "why": model.describe(votes.lf_names),
                **_plain(model.get_params()),
            },
            "classifiers": {name: _plain(classifier.get_params()) for name, classifier in classifiers.items()},
            "inputs": self.inputs,
            "packs": {origin: sha256_of_file(origin) for origin in sorted(packs)},
            "rows": votes.n,
            "rejects": len(self.corpus.rejects),
            "labels": list(self.lfs.labels),
            "lfs": list(votes.lf_names),
            "versions": versions(PACKAGES),
            "timings_seconds": self.timings,
            "warnings": self.warnings,
            "files": self.files,
        }


@contextmanager
def recorded_warnings(into: list[str]) -> Iterator[None]:
    """Keep what users are warned of, which is shown as well."""
    show = warnings.showwarning

    def record(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, UserWarning):
            into.append(str(message))
        show(message, category, *rest, **named)

    warnings.showwarning = record
    try:
        yield
    finally:
        warnings.showwarning = show


def holds_run(path: Path) -> bool:
    """Return whether a finished run lies in a folder."""
    recover_folder(path, MANIFEST)
    return (path / MANIFEST).is_file()


def check_run_folder(path: Path) -> None:
    """Refuse a folder that holds files but no run; a project file, its data and a review may be there.

    Raises
    ------
    ConfigError
        Names the folder.
    """
    recover_folder(path, MANIFEST)
    if not path.exists():
        return
    if not path.is_dir():
        raise ConfigError(f"{path} is a file; choose a folder for 'out'")
    names = {*other_files(path)} - {"project.toml", "data", "review"}
    if names and MANIFEST not in names:
        raise ConfigError(f"{path} holds other files ({min(names)} ...); choose an empty folder for 'out'")


def check_run_inputs(project: Project, corpus: Corpus, lfs: LFCollection, project_file: Path | None = None) -> None:
    """Refuse, before any work, inputs that lie where a run writes its results.

    Raises
    ------
    ConfigError
        Names the file and the folder.
    """
    gold = project.gold
    base = project.classifier.model
    read = [*corpus.files(), *pack_inputs(lfs.origins), project_file, gold and gold.path, gold and gold.ceiling]
    read += [Path(base)] if base and Path(base).exists() else []
    out = Path(os.path.realpath(project.out))
    written = written_files(out, MANIFEST) or set()
    for path in read:
        real = path and Path(os.path.realpath(path))
        if real and real.is_relative_to(out):
            name = real.relative_to(out).as_posix()
            if name in written or name.split("/")[0] in RESULTS:
                raise ConfigError(
                    f"{path} is an input, and lies where the run writes its results, in {project.out}: move it, or "
                    "choose another folder (--out)"
                )


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON has them."""
    return {
        name: value
        if isinstance(value, str | int | float | bool | None)
        else list(value)
        if isinstance(value, list | tuple)
        else str(value)
        for name, value in params.items()
    }
