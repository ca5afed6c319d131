"""Files of decisions: what ``weaklabel review`` writes, and what other tools export in which people label."""

from __future__ import annotations

import os
from pathlib import Path

from weaklabel.decisions.annotations import is_annotation_file
from weaklabel.decisions.importing import import_annotations
from weaklabel.decisions.log import Decision, DecisionLog, is_decision_log
from weaklabel.errors import WeakLabelError
from weaklabel.support.warn import warn


def is_decision_file(path: Path) -> bool:
    """Say whether a file holds decisions: of ``weaklabel review``, Label Studio, Argilla or doccano."""
    return is_decision_log(path) or is_annotation_file(path)


def read_decisions(path: str | os.PathLike[str]) -> list[Decision]:
    """Read a file of decisions.

    Parameters
    ----------
    path
        What ``weaklabel review`` wrote; or an export of Label Studio, Argilla or doccano, of which each annotation is a
        decision. Those that cannot be used are left out with a `WeakLabelWarning`; `import_annotations` lists them.

    Raises
    ------
    WeakLabelError
        The file does not exist, it cannot be read, or it has no decisions.
    """
    if not Path(path).is_file():
        raise WeakLabelError(f"the decision file {path} does not exist; weaklabel review writes one")
    if not is_decision_log(Path(path)) and is_annotation_file(Path(path)):
        imported = import_annotations([Path(path)])
        if imported.rejects:
            n, first = len(imported.rejects), imported.rejects[0].reason
            warn(
                f"{path}: {n} annotation{'' if n == 1 else 's'} cannot be used ({first}); weaklabel import lists them",
                stacklevel=2,
            )
        decisions = list(imported.decisions())
    else:
        decisions = DecisionLog(path).decisions()
    if not decisions:
        raise WeakLabelError(f"{path} holds no decision; weaklabel review writes them")
    return decisions
