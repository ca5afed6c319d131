"""Labeling a corpus of any size with spans: votes part by part, one label model for all, labels part by part.

As `weaklabel.job.label` does it with classes, and with the same parts, folders, engines and caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.corpus import Corpus, check_new_columns
from weaklabel.corpus.parts import Part
from weaklabel.encoder.named import check_encoder_of, model_files
from weaklabel.errors import ConfigError, LFError
from weaklabel.job.engine import Engine, LocalEngine, follow
from weaklabel.job.folder import cached_votes, corpus_identity, output_identity
from weaklabel.job.passes import Counted, counted, first_votes, keep_votes, kept_votes, stored
from weaklabel.job.spans.corpus import LabeledSpans, VotedSpans
from weaklabel.job.spans.work import SpanJob, SpanTally, SurveyJob, may_read_texts, new_span_columns, span_keys
from weaklabel.job.store import SPAN_TABLES
from weaklabel.job.voting import LabelOptions
from weaklabel.lf.identity import identity_of
from weaklabel.lf.packs import SPANS, LFCollection
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.progress import showing, stage
from weaklabel.votes import Problems
from weaklabel.votes.apply import check_columns, warn_of_problems
from weaklabel.votes.checking import ErrorBudget

if TYPE_CHECKING:
    from weaklabel.label_model.sequence import SpanLabelModel


def vote_spans(
    corpus: Corpus,
    lfs: LFCollection,
    options: LabelOptions | None = None,
    *,
    folder: Path | None = None,
    engine: Engine | None = None,
    progress: bool = False,
) -> VotedSpans:
    """Apply labeling functions that mark spans to a corpus, part by part; votes from earlier runs are used again.

    A vote that is none counts as silence on its row, and a `WeakLabelWarning` says so.

    Parameters
    ----------
    corpus, lfs, options, folder, engine, progress
        As for `weaklabel.job.label_corpus`.

    Raises
    ------
    WeakLabelError
        As `weaklabel.job.label_file`.
    """
    with showing(progress):
        job = span_job(corpus, lfs, options or LabelOptions())
        job.move_to(folder or job.scratch)
        voted = have_voted(job, engine or LocalEngine())
        for path in job.folder.glob("unpacked-*"):  # by an engine; the folder is to hold votes and nothing else
            path.unlink()
    if voted.problems:
        warn_of_problems(voted.problems)
    return voted


def read_voted_spans(corpus: Corpus, lfs: LFCollection, options: LabelOptions, folder: Path) -> VotedSpans:
    """Return the votes that `vote_spans` completed in a folder; no labeling function is applied.

    Raises
    ------
    CorpusError
        Votes are missing, or belong to another corpus or to other labeling functions.
    """
    job = span_job(corpus, lfs, options)
    return VotedSpans(job, kept_votes(job, folder))


def label_spans(
    corpus: Corpus,
    lfs: LFCollection,
    options: LabelOptions | None = None,
    *,
    folder: Path | None = None,
    out: Path | None = None,
    voted: VotedSpans | None = None,
    engine: Engine | None = None,
    progress: bool = False,
) -> LabeledSpans:
    """Vote on a corpus, fit a label model on the votes, and label all rows, in memory that does not grow with the corpus.

    Parameters
    ----------
    corpus, lfs, options, folder, out, engine, progress
        As for `weaklabel.job.label_corpus`.
    voted
        The votes, where `vote_spans` or `read_voted_spans` gave them.

    Raises
    ------
    WeakLabelError
        As `weaklabel.job.label_file`.
    """
    with showing(progress):
        if out is not None:
            check_span_columns(corpus, lfs, options or LabelOptions())
        if voted is None:
            voted = vote_spans(corpus, lfs, options, folder=folder, engine=engine)
        labeled = have_labeled(
            voted, None if out is None else str(out), engine or LocalEngine(), folder or voted.job.scratch
        )
        if out is not None:
            assemble(labeled)
    return labeled


def span_job(corpus: Corpus, lfs: LFCollection, options: LabelOptions) -> SpanJob:
    """Return the job, after all checks that need no work."""
    if lfs.task != SPANS:
        raise LFError("these labeling functions vote on whole texts; label_corpus and vote_corpus take them")
    if options.skim:
        raise ConfigError("skim is for label models of whole texts; leave it out for spans")
    if len(corpus.text) > 1:
        raise ConfigError(
            f"spans are places in one text, and {', '.join(corpus.text)} are {len(corpus.text)} columns of text: name one"
        )
    if corpus.entities:
        raise ConfigError("columns with entities are for packs that label whole texts; leave them out for spans")
    unfitted_model(options)
    check_columns(lfs.lfs, corpus)
    identity = identity_of(lfs)
    corpus_id, keys = corpus_identity(corpus), span_keys(identity, lfs)
    return SpanJob(corpus, lfs, options, identity, keys, corpus_id, Path(), cached_votes(corpus_id))


def have_voted(job: SpanJob, engine: Engine) -> VotedSpans:
    """Let all labeling functions vote on all parts, phase by phase."""
    problems: dict[str, Problems] = {}
    known: int | None = None
    votes: Counted[SpanTally] | None = None
    try:
        for number, phase in enumerate(job.phases):
            job.begin_phase(number)
            if phase.surveyors and not (votes is not None and _all_voted(job, votes.parts)):
                _survey(job, engine, None if votes is None else votes.parts)
                job.begin_phase(number)
            votes = first_votes(job, engine, phase.places)
            problems |= votes.problems
            known = votes.known_rows if known is None else min(known, votes.known_rows)
        assert votes is not None and known is not None
        if len(job.phases) > 1:
            job.begin_turn(range(len(job.lfs.lfs)))
            of_all = counted(stored(job, votes.parts), ErrorBudget(1.0), job)
            votes = replace(of_all, problems=problems, known_rows=known)
        job.say_slowest()
    except BaseException:
        job.stop_asking()
        raise
    finally:
        job.close()
    keep_votes(job, len(votes.parts))
    for path in job.store.folder.glob("survey-*.json"):
        path.unlink()
    return VotedSpans(job, votes)


def _all_voted(job: SpanJob, parts: Sequence[Part]) -> bool:
    return all(job.voted(part.number) is not None for part in parts)


def _survey(job: SpanJob, engine: Engine, parts: Sequence[Part] | None) -> None:
    """Let the labeling functions count over the corpus that do, unless that was done."""
    if not job.survey_path.exists():
        survey = SurveyJob(job)
        survey.assemble(follow(engine.write(survey, parts), "surveying", job.corpus))


def have_labeled(voted: VotedSpans, out: str | None, engine: Engine, folder: Path) -> LabeledSpans:
    """Fit the label model, unless that was done, and label all parts; write them where there is an output."""
    job = voted.job
    job.begin_labels(sha256_of_json(span_identity(job, out or ""))[:12], out, folder)
    model = job.load_model()
    if model is None:
        model = fitted(voted)
        job.save_model(model)
    follow(engine.write(job, voted.parts), "labeling" if out is None else "writing", job.corpus, voted.n)
    return LabeledSpans(voted, model)


def fitted(voted: VotedSpans) -> SpanLabelModel:
    """Fit the label model to the runs of all rows, and to a sample of the texts if it reads texts."""
    job, model = voted.job, unfitted_model(voted.options)
    if not may_read_texts(model, voted.options):
        with stage("label model"):
            return model.fit(voted.runs)
    sampler = model.sampler()
    follow(job.sample_texts(sampler), "reading texts", voted.corpus, voted.n)
    with stage("label model"):
        return model.fit_sample(voted.runs, sampler.sample())


def unfitted_model(options: LabelOptions) -> SpanLabelModel:
    """Return the label model that the options name, not fitted.

    Raises
    ------
    ConfigError
        There is none of that name for spans, it has no such parameter, or is to read texts and cannot.
    """
    from weaklabel.label_model.sequence import make_span_label_model

    settings = options.label_model.for_task(SPANS)
    model = make_span_label_model(settings.name, **settings.options())
    if "seed" in model.param_names():
        model.set_params(seed=options.seed)
    if options.read_texts and not model.uses_texts:
        raise ConfigError(
            f"the label model '{settings.name}' does not read texts; take auto or text, or leave the texts out"
        )
    check_encoder_of(settings.encoder, may_read_texts(model, options), of_words=True)
    return model


def assemble(labeled: LabeledSpans) -> None:
    """Put the parts of the output together."""
    job = labeled.voted.job
    assert job.output is not None
    job.output.assemble(len(labeled.voted.parts), job.empty_columns())


def check_span_columns(corpus: Corpus, lfs: LFCollection, options: LabelOptions) -> None:
    """Refuse new columns that the corpus has."""
    check_new_columns(corpus, new_span_columns(lfs.names if options.with_votes else (), options.prefix))


def span_identity(job: SpanJob, out: str) -> dict[str, Any]:
    """Return everything that the labels, and the output if there is one, depend on."""
    options = job.options
    return output_identity(
        job.corpus_id,
        out,
        votes=SPAN_TABLES.name,
        limits=[options.time_limit, options.memory_limit],
        keys=list(job.keys),
        lfs=job.lfs.names,
        labels=[job.lfs.labels, job.lfs.inner],
        label_model=options.label_model.model_dump(mode="json"),
        seed=options.seed,
        columns=[options.with_votes, options.prefix, options.safe],
        texts=options.read_texts,
        encoder=None if options.read_texts is False else model_files(options.label_model.encoder),
    )
