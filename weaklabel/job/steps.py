"""Steps of a run: each is done once for the same inputs and settings, and a killed one resumes.

What decides a result is its basis: settings, files, labeling functions, code, packages, and the steps before. The hash of
the basis is the identity of a step. The journal of a folder keeps both for every step, so that a later run knows which
steps are done, and can say why one is not.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from weaklabel.errors import WeakLabelError, nearest
from weaklabel.job.journal import JOURNAL, Basis, Journal, OutputFile, Record
from weaklabel.job.plan import PlannedStep, differences
from weaklabel.support.code import Code, code_of
from weaklabel.support.files import remove_partial_files
from weaklabel.support.folders import MARK, replaced_folder, unfinished_build
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.progress import say, stage
from weaklabel.support.warn import recorded_warnings

T = TypeVar("T")

WORK = ".work"
"""Folder in a build for what a step keeps until it is done, one folder a step."""


@dataclass(frozen=True)
class Step(Generic[T]):
    """A piece of a run.

    Attributes
    ----------
    name
        What users call it.
    do
        Does it: takes what all steps of the run share, and the ``arguments``, and writes the outputs.
    outputs
        Files and folders that it may write, relative to the folder of the run, and what each of them is.
    after
        Names of the steps whose outputs it reads.
    arguments
        Further arguments of ``do``.
    settings
        Settings that the result depends on, by their names for users; values as in JSON.
    files
        Hash of every file that it reads besides the outputs of other steps, by its name for users.
    lfs
        Key of every labeling function that it asks, by name, in order.
    packages
        Version of every package that it uses besides those that its code imports, such as a plugin.
    modules
        Modules that it uses besides those that its code imports, such as that of a label model which is chosen by its name;
        see `weaklabel.support.plugins.Registry.modules`.
    """

    name: str
    do: Callable[..., None]
    outputs: Mapping[str, str]
    after: tuple[str, ...] = ()
    arguments: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    lfs: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()

    @cached_property
    def code(self) -> Code:
        """What runs when the step is done."""
        return code_of(self.do, self.modules)

    def basis(self, identities: Mapping[str, str]) -> Basis:
        """Return all that decides the result, as JSON has it; ``identities`` are those of the steps before."""
        basis = {
            "settings": {name: value for name, value in self.settings.items() if value is not None},
            "files": dict(self.files),
            "lfs": [[name, key] for name, key in self.lfs.items()],
            "code": dict(self.code.rooms),
            "packages": {**self.code.packages, **self.packages},
            "steps": {name: identities[name] for name in self.after},
        }
        plain: Basis = json.loads(json.dumps(basis))
        return plain


class Pipeline(Generic[T]):
    """The steps of a run, in order, and the folder that holds what they write.

    They are done in an unfinished build of the folder, which takes its place when all of them are. A build that was
    interrupted is kept, and the next run continues with it.

    Parameters
    ----------
    steps
        In an order in which every step comes after those that it reads from.
    folder
        The final folder.
    manifest
        Name of the file that is written last.
    again
        Name of a step that is done again with all that depends on it; "train" means all steps whose names begin with
        that word. "" does everything again.

    Raises
    ------
    UnknownStepError
        The step does not exist.
    """

    def __init__(self, steps: Sequence[Step[T]], folder: Path, manifest: str, again: str | None = None) -> None:
        self.steps = steps
        self.folder = folder
        self.manifest = manifest
        self.bases: dict[str, Basis] = {}
        self.identities: dict[str, str] = {}
        for step in steps:
            self.bases[step.name] = step.basis(self.identities)
            self.identities[step.name] = sha256_of_json(self.bases[step.name])
        self.asked: set[str] = self._asked(again)

    def _asked(self, again: str | None) -> set[str]:
        """Return the names of the steps to do again, and of those that depend on them."""
        names = [step.name for step in self.steps]
        chosen = {name for name in names if again in (name, name.partition(" ")[0], "")}
        if again is not None and not chosen:
            hint = nearest(str(again), [*names, *(name.partition(" ")[0] for name in names)])
            raise UnknownStepError(f"no step '{again}'{hint}; the steps are {', '.join(names)}")
        for step in self.steps:
            if chosen & set(step.after):
                chosen.add(step.name)
        return chosen

    def plan(self) -> list[PlannedStep]:
        """Say of every step whether it is done, from what the journals say; computes nothing."""
        journals = (Journal(unfinished_build(self.folder)), Journal(self.folder))
        done: dict[str, Record] = {}
        planned: dict[str, PlannedStep] = {}
        for step in self.steps:
            planned[step.name] = planned_step = self._planned(step, *journals, done, planned)
            for journal in journals:
                if planned_step.where == journal.folder:
                    done[step.name] = journal.records[step.name]
        return list(planned.values())

    def _planned(
        self,
        step: Step[T],
        build: Journal,
        finished: Journal,
        done: Mapping[str, Record],
        before: Mapping[str, PlannedStep],
    ) -> PlannedStep:
        name = step.name
        last = next((journal for journal in (finished, build) if name in journal.records), None)
        if last is None:
            places = [journal for journal in (build, finished) if journal.unreadable]
            unread = [f"{journal.folder / JOURNAL} {journal.unreadable}" for journal in places]
            return PlannedStep(name, "to do", tuple(unread[:1]), causes=(name,))
        record = last.records[name]
        size, seconds = (record.size, record.seconds) if record.is_done else (None, None)
        if name in self.asked:
            return PlannedStep(name, "stale", ("it was asked for",), size, seconds, causes=(name,))
        for journal in (build, finished):
            if self._is_done(step, journal, done):
                found = journal.records[name]
                return PlannedStep(name, "done", (), found.size, found.seconds, journal.folder)
        if self._is_begun(step, build, done):
            return PlannedStep(name, "to do", ("begun before: it resumes there",), size, seconds, causes=(name,))
        if not record.is_done:
            return PlannedStep(name, "to do", causes=(name,))
        own = tuple(self._reasons(step, last, done))
        causes = tuple(dict.fromkeys(cause for earlier in step.after for cause in before[earlier].causes))
        why = own or tuple(f"{cause} is {before[cause].state}" for cause in causes)
        return PlannedStep(name, "stale", why, size, seconds, causes=(name,) if own else causes)

    def _is_done(self, step: Step[T], journal: Journal, done: Mapping[str, Record]) -> bool:
        """Return whether the journal has the step as it is to be, whole, and computed from what the earlier steps have now."""
        record = journal.records.get(step.name)
        if record is None or not record.is_done or record.identity != self.identities[step.name]:
            return False
        return record.read == _results(step, done) and journal.problem(step.name) is None

    def _is_begun(self, step: Step[T], build: Journal, done: Mapping[str, Record]) -> bool:
        """Return whether what there is of an interrupted step is good for what it is to be."""
        record = build.records.get(step.name)
        if record is None or record.is_done or record.identity != self.identities[step.name]:
            return False
        return record.read == _results(step, done)

    def _reasons(self, step: Step[T], last: Journal, done: Mapping[str, Record]) -> Iterator[str]:
        """Give a step's own reasons for being stale."""
        record = last.records[step.name]
        yield from differences(record.basis, self.bases[step.name])
        if record.identity == self.identities[step.name] and (problem := last.problem(step.name)):
            yield problem
        for name in step.after:
            if name in done and record.read.get(name) != done[name].result:
                yield f"{name} has another result"

    def run(
        self,
        shared: Callable[[Path, Path, Mapping[str, Record]], T],
        finish: Callable[[T], None],
        busy: str,
    ) -> None:
        """Do the steps that are not done, and let the new content take the place of the old one.

        Parameters
        ----------
        shared
            Makes what a step gets: from the folder of the build, the folder where the step may keep what it needs to go
            on after an interruption, and the records so far.
        finish
            Writes the manifest, when all steps are done.
        busy
            What to say where another process works on the folder.

        Raises
        ------
        WeakLabelError
            A step failed: says which, why, and what to do. What was done until then is kept.
        """
        with replaced_folder(self.folder, self.manifest, busy=busy, resumable=True) as build:
            remove_partial_files(build)
            journal, finished = self._resumed(build), Journal(self.folder)
            redone: set[str] = set()
            try:
                for step in self.steps:
                    if not self._take_over(step, journal, finished):
                        self._do(step, journal, shared)
                        redone.add(step.name)
                    elif redone & set(step.after):
                        say(f"{step.name}: not run again, since what it reads came out the same")
            except BaseException:
                if not any(record.is_done for record in journal.records.values()):
                    _remove_others(build, set())  # nothing to resume
                raise
            _remove_others(build, {JOURNAL, *(name for record in journal.records.values() for name in record.outputs)})
            finish(shared(build, build / WORK, journal.records))

    def _resumed(self, build: Path) -> Journal:
        """Keep of an interrupted run what may be of use, remove the rest, and return the journal of what is kept."""
        journal = Journal(build)
        records: dict[str, Record] = {}
        for step in self.steps:
            record = journal.records.get(step.name)
            if record is None or record.identity != self.identities[step.name] or step.name in self.asked:
                _remove_outputs(build, step)
            else:
                records[step.name] = record
        journal.records = records
        journal.save()
        return journal

    def _take_over(self, step: Step[T], journal: Journal, finished: Journal) -> bool:
        """Return whether a step is done, here or in the finished run, whose outputs are then linked.

        The steps before it have their results by now. If one of them was done again and wrote the same bytes, this one
        need not be done.
        """
        if step.name in self.asked:
            return False
        if self._is_done(step, journal, journal.records):
            return True
        if not self._is_done(step, finished, journal.records):
            return False
        _remove_outputs(journal.folder, step)
        record = finished.records[step.name]
        for output in record.outputs:
            _link(finished.folder / output, journal.folder / output)
        journal.write(step.name, record)
        return True

    def _do(self, step: Step[T], journal: Journal, shared: Callable[[Path, Path, Mapping[str, Record]], T]) -> None:
        build, name = journal.folder, step.name
        if not self._is_begun(step, journal, journal.records):
            _remove_outputs(build, step)
        read = _results(step, journal.records)
        journal.write(name, Record(self.identities[name], self.bases[name], read))
        work = _work(build, step)
        for path in (work / "x", *(build / output for output in step.outputs)):
            path.parent.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        warned: list[str] = []
        with _failing(step), stage(name), recorded_warnings(warned):
            step.do(shared(build, work, journal.records), *step.arguments)
        seconds = round(time.perf_counter() - started, 3)
        shutil.rmtree(work, ignore_errors=True)
        outputs = {path.relative_to(build).as_posix(): OutputFile.of(path) for path in _written(build, step)}
        journal.write(name, Record(self.identities[name], self.bases[name], read, True, seconds, warned, outputs))
        say(f"{name}: {seconds:.1f} s")


class UnknownStepError(WeakLabelError):
    """A run has no step of this name."""


def _results(step: Step[Any], done: Mapping[str, Record]) -> dict[str, str]:
    """Return the digests of what the steps before have written."""
    return {name: done[name].result for name in step.after if name in done and done[name].is_done}


@contextmanager
def _failing(step: Step[Any]) -> Iterator[None]:
    """Say of an error which step failed, and what to do."""
    then = "; what is done so far is kept: the same command resumes there"
    try:
        yield
    except WeakLabelError as error:
        raise type(error)(f"step '{step.name}' failed: {error}{then}") from error
    except KeyboardInterrupt:
        say(f"interrupted in step '{step.name}'{then}")
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise WeakLabelError(f"step '{step.name}' failed: {where}{error.strerror or error}{then}") from error


def _work(build: Path, step: Step[Any]) -> Path:
    return build / WORK / step.name.replace(" ", "-")


def _written(folder: Path, step: Step[Any]) -> Iterator[Path]:
    """Give all files that a step wrote."""
    for name in step.outputs:
        path = folder / name
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file())
        elif path.is_file():
            yield path


def _remove_outputs(build: Path, step: Step[Any]) -> None:
    """Remove whatever there is of a step."""
    for path in [*(build / name for name in step.outputs), _work(build, step)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _remove_others(build: Path, names: set[str]) -> None:
    """Remove what is not the output of a step that is done: what a kill left, and what an earlier project wrote."""
    shutil.rmtree(build / WORK, ignore_errors=True)
    for root, folders, files in os.walk(build, topdown=False):
        for file in files:
            path = Path(root) / file
            if path.relative_to(build).as_posix() not in names | {MARK}:
                path.unlink()
        for folder in folders:
            path = Path(root) / folder
            if path.is_symlink():
                path.unlink()
            else:
                with suppress(OSError):
                    path.rmdir()


def _link(source: Path, target: Path) -> None:
    """Give a file a second name: without a copy, where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
