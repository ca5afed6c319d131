"""What a review was opened from, and how it keeps where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Corpus
from weaklabel.review.standing import Standing
from weaklabel.review.workspace import Workspace, pack_hashes


@dataclass(frozen=True, eq=False)
class Source:
    """What a review was opened from.

    Attributes
    ----------
    title
        What to call it.
    workspace
        Where it keeps its files.
    corpus, labels
        What is reviewed, and the class names.
    settings, seed
        Of the label model.
    use
        Packs that the project names.
    base
        Hash of the run's manifest; "" where it is no run.
    home
        Folder of the project file, or of the corpus where there is none; None where it is not known.
    """

    title: str
    workspace: Workspace
    corpus: Corpus
    labels: tuple[str, ...]
    settings: LabelModelSettings
    seed: int
    use: tuple[str, ...]
    base: str
    home: Path | None

    def keep(self, now: Standing, labels: bool = False) -> None:
        """Write votes, and labels where they are new, into the review's folder, so that the next opening has them."""
        workspace = self.workspace
        workspace.save_votes(now.votes)
        # Labels that were kept for an earlier run must not be taken for those of this one.
        if now.model is not None and (labels or workspace.state.base != self.base):
            workspace.save_labels(now.model, now.preds, now.probs)
        workspace.write(
            replace(
                workspace.state,
                base=self.base,
                corpus=self.corpus.sha256(),
                packs=() if now.lfs is None else pack_hashes(now.lfs),
                model_lfs=now.model_lfs,
                is_stale=now.is_stale,
            )
        )
