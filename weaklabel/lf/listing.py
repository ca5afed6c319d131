"""What packs there are and what is in them, the broken ones included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from weaklabel.errors import LFError
from weaklabel.lf.core import LF, ForeignLF
from weaklabel.lf.packs import load_lfs, plugin_packs, ready_packs


@dataclass(frozen=True)
class PackListing:
    """One pack: its labeling functions as (name, kind) pairs, or the error that keeps it from loading."""

    spec: str
    origin: str = ""
    doc: str = ""
    labels: tuple[str, ...] = ()
    lfs: tuple[tuple[str, str], ...] = ()
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {**asdict(self), "lfs": [{"name": name, "kind": kind} for name, kind in self.lfs]}


def list_packs(specs: Sequence[str] = ()) -> list[PackListing]:
    """List the named packs, or all ready packs and plugins where none is named.

    A pack that cannot be loaded is listed with its error and keeps none of the others from being listed.
    """
    return [_listing(spec) for spec in specs or {**ready_packs(), **plugin_packs()}]


def kind_of(lf: LF) -> str:
    """Name the kind of a labeling function: row, snorkel, or what the labeling function calls itself."""
    if isinstance(lf, ForeignLF):
        return "snorkel"
    return getattr(lf, "kind", "row")


def _listing(spec: str) -> PackListing:
    try:
        pack = load_lfs(spec)
    except LFError as error:
        return PackListing(spec, error=str(error))
    kinds = tuple((lf.name, kind_of(lf)) for lf in pack)
    return PackListing(spec, pack.origins[0], pack.doc, pack.labels, kinds)
