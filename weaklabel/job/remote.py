"""What a worker of a cluster does: make the job anew from its order, once, and work on parts of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError
from weaklabel.job.predict import PredictJob
from weaklabel.job.work import LabelJob, LabelOptions, PartSummary
from weaklabel.lf.identity import Identity, check_same
from weaklabel.lf.packs import load_lfs

_jobs: dict[str, LabelJob | PredictJob] = {}


def vote_part(order: str, part: Part) -> PartSummary:
    """Vote on a part of the job that ``order`` describes, and keep the votes in its folder."""
    job = _job(order)
    assert isinstance(job, LabelJob)
    votes = job.voted(part.number)
    if votes is not None and votes.part == part:
        return job.summary(votes, is_new=False)
    return next(job.vote([job.corpus.read_part(part)]))


def write_part(order: str, part: Part) -> Part:
    """Label or predict a part, and write it, unless that is done."""
    job = _job(order)
    if not job.done(part.number):
        job.write(job.read(part))
    return part


def _job(order: str) -> LabelJob | PredictJob:
    if order not in _jobs:
        for earlier in _jobs.values():
            earlier.close()
        _jobs.clear()
        _jobs[order] = _made(json.loads(order))
    return _jobs[order]


def _made(order: dict[str, Any]) -> LabelJob | PredictJob:
    if order["cache"] is not None:
        os.environ["WEAKLABEL_CACHE"] = order["cache"]
    corpus = read_corpus(**order["corpus"])
    if json.loads(json.dumps(corpus.stamp)) != order["stamp"]:
        raise CorpusError(f"{corpus.name} has changed since the job began: give the same command again")
    return _label_job(order, corpus) if order["kind"] == "label" else _predict_job(order, corpus)


def _label_job(order: dict[str, Any], corpus: Corpus) -> LabelJob:
    settings = LabelModelSettings.model_validate(order["options"].pop("label_model"))
    lfs = load_lfs(*order["lfs"])
    check_same(
        Identity(**order["identity"]),
        lfs.names,
        lfs,
        "give all machines the same pack, the same packages and the same Python, do not change them meanwhile, and "
        "give the same command again",
    )
    job = LabelJob(
        corpus,
        lfs,
        LabelOptions(label_model=settings, **order["options"]),
        Identity(**order["identity"]),
        order["keys"],
        order["corpus_id"],
        Path(order["votes"]),
        order["cache_of_votes"] and Path(order["cache_of_votes"]),
    )
    if order["tag"]:
        job.begin_labels(order["tag"], order["out"], Path(order["folder"]))
        job.load_model()
    return job


def _predict_job(order: dict[str, Any], corpus: Corpus) -> PredictJob:
    from weaklabel.classifier import load_classifier

    classifier = load_classifier(**order["loading"])
    return PredictJob(
        corpus, classifier, order["out"], order["prefix"], order["safe"], Path(order["folder"]), order["tag"]
    )
