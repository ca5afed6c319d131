"""Where labeling functions come from, and whether that file is the user's own to change."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weaklabel.lf.packs import LFCollection, load_lfs, plugin_packs, ready_packs


@dataclass(frozen=True)
class PackPlace:
    """Where a pack comes from.

    Attributes
    ----------
    spec
        What loads it.
    file
        Its source; None where it has none.
    is_own
        Whether it is a file that the user named, and not a ready pack or an installed package.
    """

    spec: str
    file: Path | None
    is_own: bool


def places_of(lfs: LFCollection) -> dict[str, PackPlace]:
    """Return where each labeling function comes from, by its name."""
    by_origin = dict(_place(spec) for spec in lfs.specs)
    return {name: by_origin[origin] for name, origin in zip(lfs.names, lfs.origins, strict=True)}


def advice_for(
    use: Sequence[str], replaced: Mapping[str, str], added: Sequence[str], folder: Path, home: Path | None
) -> str:
    """Say which line of a project file makes it use the packs of a review.

    Parameters
    ----------
    use
        What the project names now.
    replaced, added
        As in `weaklabel.review.workspace.State`.
    folder
        The review's folder.
    home
        The project file's folder, from which its paths count; None where that is not known, and paths are absolute.
    """

    def written(spec: str) -> str:
        inside = home is not None and spec.endswith(".py") and Path(spec).is_relative_to(home)
        return os.path.relpath(spec, home) if inside else spec

    files = [written(str(folder / replaced[spec]) if spec in replaced else spec) for spec in use]
    files += [written(str(folder / file)) for file in added]
    return f"use = {json.dumps(list(dict.fromkeys(files)), ensure_ascii=False)}"


def _place(spec: str) -> tuple[str, PackPlace]:
    """Return where a pack's labeling functions say that they come from, and the place."""
    if spec.endswith(".py"):
        return spec, PackPlace(spec, Path(spec), True)
    if spec in (ready := ready_packs()):
        return str(ready[spec].absolute()), PackPlace(spec, ready[spec].absolute(), False)
    target = spec if ":" in spec else plugin_packs()[spec][0].value
    file = getattr(sys.modules.get(target.partition(":")[0]), "__file__", None)
    origin = spec if ":" in spec else load_lfs(spec).origins[0]
    return origin, PackPlace(spec, Path(file) if file else None, False)
