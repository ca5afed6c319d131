"""The labeling functions of a review with the source files that they were loaded from, at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from weaklabel.lf.core import LF
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.patterns import PATTERN_MAKERS
from weaklabel.review.packs.lf_spec import EditableLF, LFSpec
from weaklabel.review.packs.places import PackPlace, places_of
from weaklabel.review.packs.source import PackSource
from weaklabel.support.warn import kept_warnings


@dataclass(frozen=True, eq=False)
class Packs:
    """Labeling functions and their sources; whatever changes a file makes another one.

    Attributes
    ----------
    lfs
        The labeling functions; None where there are none yet.
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
        """Return what the source says of a labeling function; a ValueError says why it cannot be edited."""
        if lf.kind not in PATTERN_MAKERS or lf.label is None:
            raise ValueError(f"only {', '.join(PATTERN_MAKERS)} labeling functions can be edited here")
        if place.file is None or place.file not in self.sources:
            raise ValueError("its source was not found")
        calls = self.sources[place.file].calls.get(lf.name, [])
        if len(calls) != 1 or calls[0].kind != lf.kind:
            raise ValueError("it is not made by one plain call at the top of its file")
        spec = LFSpec(lf.kind, lf.name, self.labels[lf.label], calls[0].options())
        with kept_warnings():  # told when the pack was loaded
            made = spec.make(self.labels)
        if fingerprint(made) != fingerprint(lf):
            raise ValueError("its file says something else than what was loaded")
        return spec, calls[0].node.lineno
