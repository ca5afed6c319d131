"""Taggers by name: made as a project file or a command line says, and loaded from the folders they were saved to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weaklabel.classifier.folder import SPANS
from weaklabel.classifier.named import OWN_BACKEND, load_model, make_model
from weaklabel.registries import TAGGERS
from weaklabel.tagger.base import Tagger


def make_tagger(
    name: str,
    options: Mapping[str, Any],
    labels: Sequence[str],
    seed: int = 0,
    *,
    log: Path | None = None,
    progress: bool = False,
    validated: bool = False,
) -> Tagger:
    """Make a tagger by its name in `weaklabel.registries.TAGGERS`; it is checked but not fitted.

    For the other arguments see `weaklabel.classifier.named.make_classifier`.
    """
    tagger: Tagger = make_model(TAGGERS, name, options, labels, seed, log, progress, validated)
    return tagger


def load_tagger(folder: str | Path, backend: str = OWN_BACKEND) -> Tagger:
    """Load a tagger that was saved by its ``save``.

    Parameters
    ----------
    backend
        What predicts: "torch" is the tagger itself, "onnx" the export of a BERT tagger with 8-bit weights.

    Raises
    ------
    ClassifierError
        The folder holds no tagger, or its files are damaged; or it has no such export. Names the folder.
    """
    tagger: Tagger = load_model(TAGGERS, SPANS, folder, backend)
    return tagger
