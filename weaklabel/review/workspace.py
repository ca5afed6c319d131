"""The folder of a review: decisions, spot checks, edited packs, and saved votes and labels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.decisions import FILE_NAME, DecisionLog
from weaklabel.errors import ConfigError, LabelModelError
from weaklabel.label_model import BaseLabelModel, load_label_model
from weaklabel.labels import Labels, Probs
from weaklabel.lf.packs import LFCollection
from weaklabel.support.files import atomic_path, locked, write_json
from weaklabel.support.hashing import sha256_of_file
from weaklabel.votes import Votes, load_votes, save_votes

FORMAT = "weaklabel review 1"
STATE, VOTES, MODEL, LABELS_FILE = "review.json", "votes.npz", "label_model.json", "labels.npz"
LOCK = ".lock"


@dataclass(frozen=True)
class SavedState:
    """What ``review.json`` holds.

    Attributes
    ----------
    labels
        Class names given by the reviewer; () if labeling functions or a run define them.
    replaced
        For each pack that must not be changed, by its spec, the edited copy in the review's folder that replaces it.
    added
        Packs that were created in the review's folder.
    base
        Hash of the manifest of the run that votes and labels were kept for: a later run has its own.
    corpus
        Hash of the corpus that the votes are of.
    packs
        Hashes of the pack files whose votes are kept; () if none are.
    model_lfs
        Names of the labeling functions that the label model was fitted on.
    is_stale
        Whether labeling functions were changed since.
    """

    labels: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    base: str = ""
    corpus: str = ""
    packs: tuple[str, ...] = ()
    model_lfs: tuple[str, ...] = ()
    is_stale: bool = False


class Workspace:
    """The folder of a review.

    Parameters
    ----------
    path
        The folder; made when something is first written.

    Raises
    ------
    ConfigError
        Its ``review.json`` is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log: DecisionLog = DecisionLog(path / FILE_NAME)
        self.state: SavedState = self._read()

    def specs(self, given: Sequence[str]) -> list[str]:
        """Return the packs to load for those that a project names: edited copies in their place, and new packs."""
        files = {spec: str(self.path / file) for spec, file in self.state.replaced.items()}
        added = [str(self.path / file) for file in self.state.added]
        resolved = {Path(spec).resolve() for spec in given}
        return [files.get(spec, spec) for spec in given] + [
            file for file in added if Path(file).resolve() not in resolved
        ]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Lock the folder; refuse if another process has changed it since it was read.

        Decisions need no lock here: they are appended to one file.

        Raises
        ------
        ConfigError
            Another process has changed labeling functions or labels.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path / LOCK):
            if self._read() != self.state:
                raise ConfigError(
                    f"another review of {self.path} has changed its labeling functions or labels: nothing was saved; "
                    "close this review and open it again"
                )
            yield

    def write(self, state: SavedState) -> None:
        """Write ``review.json``."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / STATE, {"format": FORMAT, **asdict(state)})
        self.state = state

    def save_votes(self, votes: Votes) -> None:
        """Save votes."""
        self.path.mkdir(parents=True, exist_ok=True)
        save_votes(self.path / VOTES, votes)

    def votes(self) -> Votes | None:
        """Return the saved votes; None if there are none."""
        return load_votes(self.path / VOTES) if self.state.packs and (self.path / VOTES).exists() else None

    def save_labels(self, model: BaseLabelModel, preds: Labels, probs: Probs) -> None:
        """Save a label model and its labels."""
        self.path.mkdir(parents=True, exist_ok=True)
        model.save(self.path / MODEL)
        with atomic_path(self.path / LABELS_FILE) as part, part.open("wb") as handle:
            np.savez_compressed(handle, preds=preds, probs=probs)

    def labels(self) -> tuple[BaseLabelModel, Labels, Probs] | None:
        """Return the saved label model and labels; None if there are none."""
        if not (self.path / LABELS_FILE).exists():
            return None
        try:
            with np.load(self.path / LABELS_FILE, allow_pickle=False) as arrays:
                return load_label_model(self.path / MODEL), arrays["preds"], arrays["probs"]
        except LabelModelError:
            raise
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"{self.path / LABELS_FILE} is damaged ({error}): delete it to return to the earlier labels"
            ) from None

    def _read(self) -> SavedState:
        file = self.path / STATE
        if not file.exists():
            return SavedState()
        try:
            state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if state.pop("format") != FORMAT:
                raise ValueError("another format")
            plain: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in state.items()
            }
            return SavedState(**plain)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{file} is damaged ({error}): move it away; decisions are not affected, they are in {FILE_NAME}"
            ) from None


def pack_hashes(lfs: LFCollection) -> tuple[str, ...]:
    """Return the hashes of the files that labeling functions come from, sorted."""
    files = sorted({origin for origin in lfs.origins if Path(origin).is_file()})
    return tuple(sorted(sha256_of_file(file) for file in files))
