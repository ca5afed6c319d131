"""Editing pattern labeling functions: which can be edited, what a change would do, and saving it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from weaklabel.corpus import Batch
from weaklabel.errors import LFError, nearest
from weaklabel.labels import VoteArray
from weaklabel.lf.core import LF
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.modules import normalised
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.patterns import PATTERN_MAKERS, PatternLF
from weaklabel.review.packs.files import PackPlace, advice_for, copy_neighbours, load_uncached, places_of, replace_pack
from weaklabel.review.packs.lf_spec import EditableLF, LFSpec
from weaklabel.review.packs.preview import LFPreview, compare
from weaklabel.review.packs.source import PackSource, class_source, new_pack, with_new_lf
from weaklabel.review.state import ReviewState
from weaklabel.review.workspace import SavedState
from weaklabel.support.warn import kept_warnings
from weaklabel.votes import Votes, apply_lfs


@dataclass(frozen=True, eq=False)
class Packs:
    """Labeling functions and their sources; a change of a file makes another object.

    Attributes
    ----------
    lfs
        The labeling functions; None if there are none yet.
    labels
        Class names. Length: k.
    places
        Where each labeling function comes from, by its name.
    sources
        What the pack files hold.
    """

    lfs: LFCollection | None
    labels: Sequence[str]
    places: Mapping[str, PackPlace]
    sources: Mapping[Path, PackSource]

    @classmethod
    def read(cls, lfs: LFCollection | None, labels: Sequence[str]) -> Packs:
        """Read the files that labeling functions were loaded from."""
        places = {} if lfs is None else places_of(lfs)
        files = {place.file for place in places.values() if place.file is not None}
        return cls(lfs, labels, places, {file: PackSource.read(file) for file in files})

    @cached_property
    def editable(self) -> dict[str, EditableLF]:
        """Every labeling function, and whether it can be edited, by its name."""
        return {lf.name: self._editable(lf, self.places[lf.name]) for lf in self.lfs or ()}

    @property
    def classes(self) -> dict[str, int]:
        """The class that each labeling function votes for, of those that vote for one."""
        return {lf.name: lf.label for lf in self.lfs or () if lf.label is not None}

    def _editable(self, lf: LF, place: PackPlace) -> EditableLF:
        try:
            spec, line = self._spec(lf, place)
        except ValueError as error:
            return EditableLF(lf.name, lf.kind, None, place.file, why=f"{error}; edit its file")
        return EditableLF(lf.name, lf.kind, spec, place.file, line)

    def _spec(self, lf: LF, place: PackPlace) -> tuple[LFSpec, int]:
        """Return spec and line of a labeling function; a ValueError says why it cannot be edited."""
        if lf.kind not in PATTERN_MAKERS or lf.label is None:
            raise ValueError(f"only {', '.join(PATTERN_MAKERS)} labeling functions can be edited here")
        if place.file is None or place.file not in self.sources:
            raise ValueError("its source was not found")
        calls = self.sources[place.file].calls.get(lf.name, [])
        if len(calls) != 1 or calls[0].kind != lf.kind:
            raise ValueError("it is not made by one simple call at the top level of its file")
        spec = LFSpec(lf.kind, lf.name, self.labels[lf.label], calls[0].options())
        with kept_warnings():  # shown when the pack was loaded
            made = spec.make(self.labels)
        if fingerprint(made) != fingerprint(lf):
            raise ValueError("its file differs from what was loaded")
        return spec, calls[0].node.lineno


T = TypeVar("T")

PACKS = "packs"
NEW_PACK = "mine.py"

PREVIEW_SECONDS = 10
"""Maximum time of a preview: others wait for the same cores."""

PREVIEW_ROWS = 10_000
"""Rows voted on between two looks at the clock."""

TRIED = 50
"""Rows on which a copied pack must vote as the original does."""


@dataclass(frozen=True)
class Saved:
    """The result of a save.

    Attributes
    ----------
    file
        The pack file that was written.
    is_new
        Whether the pack was copied or created by this save.
    advice
        `Editor.advice`, for under ``[lfs]`` of the project file.
    """

    file: Path
    is_new: bool
    advice: str


class Editor:
    """Edits the pattern labeling functions of a review; see `Review.editor`.

    Packs are read when the review is opened; a file that was changed by others since is not written to.
    """

    def __init__(self, state: ReviewState) -> None:
        self._state = state
        self._packs = Packs.read(state.snapshot.lfs, state.labels)

    @property
    def advice(self) -> str:
        """The line for the project file that uses the packs of the review; "" if the review has no packs of its own."""
        source, saved = self._state.source, self._state.source.workspace.state
        if not saved.replaced and not saved.added:
            return ""
        return advice_for(source.use, saved.replaced, saved.added, self._state.folder, source.home)

    def lfs(self) -> list[EditableLF]:
        """Return every labeling function, and whether it can be edited. Length: m."""
        return list(self._packs.editable.values())

    def get(self, name: str) -> EditableLF:
        """Return one of them; an unknown name is an `LFError`."""
        return _named(self._packs.editable, name)

    def preview(self, spec: LFSpec, replaces: str | None = None) -> LFPreview:
        """Return what a labeling function would do on the corpus.

        Parameters
        ----------
        spec
            The labeling function.
        replaces
            Name of the labeling function that it replaces; None for a new one.

        Raises
        ------
        LFError
            ``spec`` is invalid, the corpus lacks a column that it reads, or ``replaces`` is unknown.
        """
        state, votes = self._state, self._state.snapshot.votes
        with kept_warnings() as notes:
            made = spec.make(state.labels)
        L, column = votes.L, {name: number for number, name in enumerate(votes.lf_names)}
        old = None if replaces is None else _named(column, replaces)
        new, gold = _votes_in_time(made, state.batch), state.ledger.gold()
        if old is None:
            return compare(new, None, L, gold, notes)
        return compare(new, L[:, old], np.delete(L, old, axis=1), gold, notes)

    def save(self, spec: LFSpec, replaces: str | None = None) -> Saved:
        """Write a labeling function to its pack and compute its votes; labels change with `Review.relabel`.

        A built-in or installed pack is copied to the review's folder first. A new labeling function is appended to the
        user's last own pack, or else to a new pack in the review's folder.

        Parameters
        ----------
        spec, replaces
            As for `preview`. Name and kind of a labeling function cannot be changed.

        Raises
        ------
        LFError
            As for `preview`; it cannot be edited; its file has changed on the disk, or cannot be loaded after the change.
        WeakLabelError
            The file cannot be written, or another process has changed labeling functions of this review.
        """
        state = self._state
        with kept_warnings():  # a preview shows them
            made = spec.make(state.labels)
        made_votes = made.vote(state.batch)
        with state.lock, state.source.workspace.changing():
            saved = self._add(spec, made) if replaces is None else self._change(spec, made, self.get(replaces))
            self._take(spec.name, made_votes)
            return saved

    def _change(self, spec: LFSpec, made: PatternLF, old: EditableLF) -> Saved:
        if old.spec is None or old.file is None:
            raise LFError(f"LF '{old.name}' cannot be edited: {old.why}")
        if (spec.name, spec.kind) != (old.name, old.kind):
            raise LFError(f"LF '{old.name}': name and kind cannot be changed; add a new labeling function instead")
        packs, source = self._packs, self._packs.sources[old.file]
        assert made.label is not None
        place, call = packs.places[old.name], source.calls[old.name][0]
        label = None if spec.label == old.spec.label else class_source(source, made.label, spec.label, packs.classes)
        options = {name: value for name, value in spec.options.items() if value != old.spec.options[name]}
        if not place.is_own:
            source = self._copy(place, source)
        try:
            self._write(source.with_options(call, label, options), source.data, made, None)
        except BaseException:
            if not place.is_own:
                source.path.unlink()
            raise
        if place.is_own:
            return Saved(source.path, False, self.advice)
        saved = self._state.source.workspace.state
        replaced = {**saved.replaced, place.spec: f"{PACKS}/{source.path.name}"}
        return self._stand_in(replace(saved, replaced=replaced), source.path)

    def _add(self, spec: LFSpec, made: PatternLF) -> Saved:
        state, packs = self._state, self._packs
        for name in packs.places:
            if normalised(name) == normalised(spec.name):
                raise LFError(f"there is a labeling function '{name}' already; choose another name")
        assert made.label is not None
        own = [place.file for place in packs.places.values() if place.is_own and place.file is not None]
        if own:
            source = packs.sources[own[-1]]
            self._write(with_new_lf(source, spec, made.label, packs.classes), source.data, made, spec.name)
            return Saved(source.path, False, self.advice)
        source = new_pack(_free(state.folder / PACKS / NEW_PACK), state.labels)
        self._write(with_new_lf(source, spec, made.label, {}), None, made, spec.name)
        saved = state.source.workspace.state
        return self._stand_in(replace(saved, added=(*saved.added, f"{PACKS}/{source.path.name}")), source.path)

    def _copy(self, place: PackPlace, source: PackSource) -> PackSource:
        """Copy a pack, with the files that it reads, to the review's folder, and check that it votes like the original."""
        copy = replace(source, path=_free(self._state.folder / PACKS / source.path.name))
        copy.path.parent.mkdir(parents=True, exist_ok=True)
        copy_neighbours(source.path, copy.path.parent)
        original = load_uncached(place.spec)
        few = self._state.batch.part(0, TRIED).frame

        def votes_like_original(loaded: LFCollection) -> None:
            is_same = (loaded.names, loaded.labels) == (original.names, original.labels)
            with kept_warnings():
                is_same = is_same and np.array_equal(apply_lfs(loaded, few).L, apply_lfs(original, few).L)
            if not is_same:
                raise LFError(
                    f"a copy of the pack {place.spec} does not vote like the original; write a pack of your own"
                )

        replace_pack(copy, None, votes_like_original)
        return copy

    def _write(self, source: PackSource, expected: bytes | None, made: PatternLF, added: str | None) -> None:
        """Write a changed pack after checking that it has its labeling functions, and the edited one as intended."""
        replace_pack(source, expected, self._expected(source, made, added))

    def _expected(self, source: PackSource, made: PatternLF, added: str | None) -> Callable[[LFCollection], None]:
        state = self._state

        def check(loaded: LFCollection) -> None:
            loaded_lf = {lf.name: lf for lf in loaded}.get(made.name)
            is_as_made = loaded_lf is not None and fingerprint(loaded_lf) == fingerprint(made)
            has_all = set(loaded.names) - {added} <= set(state.snapshot.votes.lf_names)
            if loaded.labels != state.labels or not is_as_made or not has_all:
                raise LFError(f"{source.path} would not contain LF '{made.name}' as edited; edit the file instead")

        return check

    def _stand_in(self, state: SavedState, file: Path) -> Saved:
        """Record that a file in the review's folder is used from now on."""
        self._state.source.workspace.write(state)
        return Saved(file, True, self.advice)

    def _take(self, name: str, votes: VoteArray) -> None:
        """Take over the packs from the disk, and the new votes of one labeling function."""
        state, snapshot = self._state, self._state.snapshot
        lfs = load_uncached(*state.source.workspace.specs(state.source.use))
        columns = {old: snapshot.votes.L[:, column] for column, old in enumerate(snapshot.votes.lf_names)}
        columns[name] = votes
        L = np.stack([columns[lf_name] for lf_name in lfs.names], axis=1)
        problems = {lf_name: of_lf for lf_name, of_lf in snapshot.votes.problems.items() if lf_name != name}
        state.snapshot = replace(snapshot, lfs=lfs, votes=Votes(L, lfs.names, state.labels, problems), is_stale=True)
        self._packs = Packs.read(lfs, state.labels)
        state.source.keep(state.snapshot)


def _votes_in_time(made: PatternLF, batch: Batch) -> VoteArray:
    """Vote on the corpus, some rows at a time, and give up after `PREVIEW_SECONDS`."""
    until = time.monotonic() + PREVIEW_SECONDS
    votes = []
    for start in range(0, len(batch), PREVIEW_ROWS) or [0]:
        votes.append(made.vote(batch.part(start, min(start + PREVIEW_ROWS, len(batch)))))
        if time.monotonic() > until and start + PREVIEW_ROWS < len(batch):
            raise LFError(
                f"LF '{made.name}' voted on {start + PREVIEW_ROWS:,} of {len(batch):,} rows in {PREVIEW_SECONDS} seconds, and "
                "this is too slow for a preview: simplify its pattern, or save it and let a run apply it"
            )
    return np.concatenate(votes)


def _named(by_name: Mapping[str, T], name: str) -> T:
    if name not in by_name:
        raise LFError(f"no labeling function is called '{name}'{nearest(name, by_name)}")
    return by_name[name]


def _free(path: Path) -> Path:
    """Return the path, with a number if such a file exists."""
    number = 1
    while (free := path if number == 1 else path.with_stem(f"{path.stem}_{number}")).exists():
        number += 1
    return free
