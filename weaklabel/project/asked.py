"""Language models in a run: what hides personal data from them, and what they cost and brought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import LabelModelSettings, Project, ProtectSettings
from weaklabel.errors import LabelModelError
from weaklabel.job.asked import spent_as_json
from weaklabel.job.labeled import VotedCorpus
from weaklabel.label_model.named import make_label_model
from weaklabel.labels import ABSTAIN, Probs, VoteArray
from weaklabel.lf.core import ALL_ROWS
from weaklabel.project.gold import GoldPredictions
from weaklabel.report.asked import AskedLF, AskedSummary, CurvePoint
from weaklabel.scoring import Scores, score
from weaklabel.support.warn import kept_warnings
from weaklabel.votes import vote_patterns
from weaklabel.votes.cascade import row_hashes
from weaklabel.votes.tally import has_vote

if TYPE_CHECKING:
    from weaklabel.llm import Spent

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Of the rows asked about, the points of the curve of cost against quality."""


def hiding(project: Project) -> Callable[[str], str] | None:
    """Return what hides personal data in a text before a language model gets it.

    It is hidden where ``llm.protect`` says so; and where that says nothing, if the project has ``[protect]``.
    """
    wanted = project.protect is not None if project.llm.protect is None else project.llm.protect
    if not wanted:
        return None
    from weaklabel.protect.protector import make_protector

    settings = project.protect or ProtectSettings()
    # What is only to be flagged in the corpus is to be hidden here, and a row that is dropped there never comes.
    mask = {"flag": "mask", "drop": "mask"}
    changed = {
        "action": mask.get(settings.action, settings.action),
        "actions": {kind: mask.get(action, action) for kind, action in settings.actions.items()},
    }
    return make_protector(settings.model_copy(update=changed)).protect_text


def asked_summary(
    project: Project, voted: VotedCorpus, gold: GoldPredictions | None, spent: Spent | None
) -> AskedSummary | None:
    """Return what labeling functions cost and brought that ask language models, or that are asked about some rows only.

    Parameters
    ----------
    project, voted
        What was run, and the votes.
    gold
        Rows with gold, and the votes on them.
    spent
        What language models took.
    """
    places = [place for place, lf in enumerate(voted.lfs.lfs) if lf.asks or lf.where != ALL_ROWS]
    if not places:
        return None
    masks = {place: voted.asked(voted.lfs.names[place]) for place in places}
    L = voted.votes.L
    lfs = [
        AskedLF(
            voted.lfs.names[place],
            voted.lfs.lfs[place].where,
            int(mask.sum()),
            voted.n,
            int((L[:, place] != ABSTAIN).sum()),
        )
        for place, mask in masks.items()
    ]
    told = spent_as_json(spent) or {"models": {}, "currency": ""}
    curve = [] if gold is None else _curve(project, voted, gold, masks, None if spent is None else spent.tokens)
    return AskedSummary(told["models"], told["currency"], lfs, curve)


def _curve(
    project: Project, voted: VotedCorpus, gold: GoldPredictions, masks: dict[int, NDArray[np.bool_]], tokens: int | None
) -> Sequence[CurvePoint]:
    """Score the label model with the answers on more and more rows, the least sure first."""
    L, places = np.asarray(voted.votes.L), list(masks)
    others = [place for place in range(L.shape[1]) if place not in masks]
    is_asked = np.any(list(masks.values()), axis=0)
    n_asked = int(sum(int(mask.sum()) for mask in masks.values()))
    if not n_asked:
        return []
    sure, sure_of_gold = _sureness(project, L[:, others], gold.L[:, others], len(voted.lfs.labels))
    hashes = row_hashes(np.arange(len(L)))
    order = np.lexsort((hashes, sure))
    order = order[is_asked[order]]
    rank = np.full(len(L), len(order))
    rank[order] = np.arange(len(order))
    if gold.rows is not None:
        rank_of_gold = rank[gold.rows]
    else:  # where the rows with gold would stand among those of the corpus
        own = row_hashes(np.arange(len(gold.L)))
        keys = np.concatenate([sure[order], sure_of_gold]), np.concatenate([hashes[order], own])
        place_of = np.empty(len(keys[0]), np.int64)
        place_of[np.lexsort((keys[1], keys[0]))] = np.arange(len(keys[0]))
        rank_of_gold = np.searchsorted(np.sort(place_of[: len(order)]), place_of[len(order) :])
    points = []
    for share in SHARES:
        most = round(share * len(order))
        rows = int(sum(int((mask & (rank < most)).sum()) for mask in masks.values()))
        scores = _scored(
            project, voted, gold, _without(L, places, rank >= most), _without(gold.L, places, rank_of_gold >= most)
        )
        if scores is not None:
            spent = None if tokens is None else round(tokens * rows / n_asked)
            points.append(CurvePoint(rows, rows / n_asked, spent, scores))
    return points


def _sureness(
    project: Project, L: VoteArray, of_gold: VoteArray, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the highest probability of each row of the corpus and of gold, by the votes of the others; 0 without votes."""
    if not L.shape[1] or not has_vote(L).any():
        return np.zeros(len(L)), np.zeros(len(of_gold))
    with kept_warnings():  # of the label model of the run they were issued
        model = make_label_model(_of_votes(project), k, project.seed).fit(vote_patterns(L))

    def best(probs: Probs) -> NDArray[np.float64]:
        sure: NDArray[np.float64] = np.round(np.nan_to_num(probs, nan=0.0).max(axis=1), 6)
        return sure

    return best(model.predict_proba(L)), best(model.predict_proba(of_gold))


def _of_votes(project: Project) -> LabelModelSettings:
    """Return the label model that can do without texts."""
    return LabelModelSettings() if project.label_model.name == "text" else project.label_model


def _without(L: VoteArray, places: Sequence[int], rows: NDArray[np.bool_]) -> VoteArray:
    """Return votes without those at ``places`` on some rows."""
    left: VoteArray = np.array(L, order="F")
    for place in places:
        left[rows, place] = ABSTAIN
    return left


def _scored(
    project: Project, voted: VotedCorpus, gold: GoldPredictions, L: VoteArray, of_gold: VoteArray
) -> Scores | None:
    """Return the scores on gold of the label model fitted on votes; None where it cannot be fitted on so few."""
    model = make_label_model(_of_votes(project), len(voted.lfs.labels), project.seed)
    try:
        with kept_warnings():
            preds, probs = model.fit(vote_patterns(L)).predict(of_gold, return_probs=True)
    except LabelModelError:
        return None
    assert project.gold is not None
    return score(gold.Y, preds, probs=probs, labels=voted.lfs.labels, positive=project.gold.positive, seed=project.seed)
