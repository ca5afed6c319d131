"""The HTML report of ``weaklabel analyze``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from weaklabel.corpus import Corpus
    from weaklabel.job import LabeledCorpus
    from weaklabel.labels import Labels, Probs
    from weaklabel.lf.packs import LFCollection
    from weaklabel.scoring import Scores
    from weaklabel.votes import Votes


def write_page(
    path: Path,
    corpus: Corpus,
    lfs: LFCollection,
    labeled: LabeledCorpus,
    Y: Labels | None,
    *,
    settings: dict[str, Any],
    warnings: Sequence[str],
    with_text: bool,
    seed: int,
) -> None:
    """Write the analysis of a corpus as one HTML page.

    Parameters
    ----------
    path
        The file to write.
    corpus, lfs, labeled
        What was labeled by whom, and how.
    Y
        Gold of the corpus's rows, if any is known. Shape: [n].
    settings
        What was asked for, by name.
    warnings
        What users were warned of.
    with_text
        Whether the label model read the texts.
    seed
        Of everything random.

    Raises
    ------
    WeakLabelError
        The file cannot be written.
    """
    from weaklabel.report import RunSummary
    from weaklabel.report.html import html_report
    from weaklabel.report.insight import Gold, gather
    from weaklabel.scoring import score
    from weaklabel.support.files import write_text
    from weaklabel.support.versions import SHOWN, versions
    from weaklabel.votes import LFAnalysis

    votes, model = labeled.votes, labeled.model
    gold: Gold | None = None
    scores: dict[str, Scores] = {}
    if Y is not None and (Y >= 0).any():
        (judged,) = (Y >= 0).nonzero()
        stages = {
            "majority_vote": _majority_vote(votes, judged, len(lfs.labels)),
            "label_model": (labeled.preds[judged], labeled.probs[judged]),
        }
        gold = Gold(Y[judged], {stage: probs for stage, (_, probs) in stages.items()}, of_corpus=Y)
        scores = {
            stage: score(gold.Y, preds, probs=probs, labels=lfs.labels, seed=seed)
            for stage, (preds, probs) in stages.items()
        }
    run = RunSummary(
        title=f"Labeling functions on {Path(corpus.name).name}",
        corpus=corpus.name,
        n_rows=votes.n,
        n_rejects=labeled.voted.n_rejects,
        labels=lfs.labels,
        lf_summary=LFAnalysis(votes).lf_summary(None if gold is None else Y, model.lf_accuracies_),
        label_model={"name": type(model).__name__, "why": model.describe(votes.lf_names), **model.get_params()},
        scores=scores,
        problems=[f"LF '{name}': {problems}" for name, problems in votes.problems.items()],
        warnings=warnings,
        settings=settings,
        versions=versions(SHOWN),
    )
    insight = gather(
        run, corpus, lfs, votes, model, labeled.probs, labeled.preds, gold=gold, with_text=with_text, seed=seed
    )
    write_text(path, html_report(insight))


def _majority_vote(votes: Votes, rows: NDArray[np.int64], k: int) -> tuple[Labels, Probs]:
    """Return the classes and probabilities that majority vote gives to some rows. Shape: [g], [g, k]."""
    from weaklabel.label_model import MajorityVote
    from weaklabel.votes.patterns import take_rows

    return MajorityVote(k).predict(take_rows(votes.L, rows), return_probs=True)
