"""Labeling a corpus of any size: votes part by part, one label model for all, labels part by part.

`vote_corpus` has labeling functions vote, `fit_corpus` fits the label model on the votes, `label_corpus` labels all rows,
and `label_file` writes them, next to the corpus, to a file. All of it is done in parts (see `weaklabel.job.work`), by an
engine (see `weaklabel.job.engine`), in a folder from which an interrupted job resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from weaklabel.config import LabelModelSettings, LLMSettings
from weaklabel.corpus import THE_CORPUS, Corpus, check_new_columns, label_outputs
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.encoder.named import check_encoder_of, model_files
from weaklabel.errors import ConfigError, LabelModelError, LFError
from weaklabel.job.asked import asking_in_job, budget_in
from weaklabel.job.engine import Engine, LocalEngine, follow
from weaklabel.job.folder import JobFolder, cached_votes, corpus_identity, lf_keys, output_identity
from weaklabel.job.labeled import FittedCorpus, LabeledCorpus, VotedCorpus
from weaklabel.job.output import new_columns, write_all_rejects
from weaklabel.job.passes import Counted, counted, first_votes, keep_votes, kept_votes, stored
from weaklabel.job.spans.corpus import LabeledSpans, VotedSpans
from weaklabel.job.spans.label import assemble, check_span_columns, have_labeled, have_voted, span_identity, span_job
from weaklabel.job.voting import LabelOptions
from weaklabel.job.work import LabelJob
from weaklabel.label_model.doubts import naming
from weaklabel.label_model.gold import GoldVotes
from weaklabel.label_model.named import make_label_model
from weaklabel.label_model.text.fast import NO_TEXTS, TextsRead
from weaklabel.lf.identity import PACK_FILES, identity_of, pack_inputs
from weaklabel.lf.packs import SPANS, TEXTS, LFCollection
from weaklabel.support.files import check_outputs
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.progress import finish, showing, stage
from weaklabel.support.warn import kept_warnings
from weaklabel.votes import Problems, VotePatterns
from weaklabel.votes.apply import check_columns, warn_of_problems
from weaklabel.votes.cascade import (
    Answers,
    RowChoice,
    choose_rows,
    first_places,
    needs_answers,
    rows_to_ask,
    second_places,
)
from weaklabel.votes.checking import ErrorBudget
from weaklabel.votes.patterns import merge_patterns
from weaklabel.votes.tally import has_vote

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel
    from weaklabel.label_model.sequence import SpanLabelModel
    from weaklabel.llm import Spent


@dataclass(frozen=True)
class LabeledFile:
    """The result of labeling a corpus into a file.

    Attributes
    ----------
    rows, rejects
        Rows labeled, and records that could not be read; together, the records of the input.
    known_rows
        Rows whose votes were already there, from an interrupted or an earlier run.
    labels
        How many rows each class has; of spans, how many there are of each label.
    problems
        Failures, by labeling function.
    patterns
        The vote patterns of the corpus, with counts and without rows; None for spans.
    model
        The fitted label model.
    rejects_file
        File of the rejects; None if there are none.
    spent
        What language models took; None where none was to be asked, or not within the caps of this job.
    spans
        Where spans are labeled, the votes, with what is counted of them; else None.
    texts_read
        How many texts the label model read, and how.
    """

    rows: int
    rejects: int
    known_rows: int
    labels: Mapping[str, int]
    problems: Mapping[str, Problems]
    patterns: VotePatterns | None
    model: BaseLabelModel | SpanLabelModel
    rejects_file: Path | None = None
    spent: Spent | None = None
    spans: VotedSpans | None = None
    texts_read: TextsRead = NO_TEXTS


def label_file(
    corpus: Corpus,
    lfs: LFCollection,
    out: str,
    options: LabelOptions | None = None,
    *,
    engine: Engine | None = None,
    llm: LLMSettings | None = None,
    protect: Callable[[str], str] | None = None,
    dry_run: bool = False,
    progress: bool = False,
) -> LabeledFile:
    """Label a corpus of any size into a file, in memory that does not grow with it.

    The work is done in parts, kept in the folder ``OUT.job`` until the output is complete. If it ends before that, by a
    signal, a full disk or a power failure, the same call continues where it stopped, and its output is the same, byte for
    byte, as that of an undisturbed call. Votes stay in the cache (see `weaklabel.support.cache`), so that a later run applies
    only labeling functions that are new or changed.

    Records that cannot be read go to ``OUT.rejects.jsonl``.

    Parameters
    ----------
    corpus
        From `read_corpus`.
    lfs
        From `load_lfs`.
    out
        Path ending in .csv, .tsv, .jsonl or .parquet, text also in .gz or .zst; or ``-`` for standard output, a pipe or
        a device, in the format of the corpus if that is text, else CSV.
    options
        How to label.
    engine
        What does the work; by default this process.
    llm
        Caps, prices and limits of language models, where labeling functions ask them: the caps count from the first call to
        the one that completes the output. By default, what `weaklabel.llm.asking` returns is asked.
    protect
        With ``llm``: hides personal data in a text before it is sent.
    dry_run
        Vote, fit the label model and label, write nothing.
    progress
        Show progress on stderr, or in a notebook.

    Raises
    ------
    CorpusError
        The corpus cannot be read, or the output cannot be written.
    LFError, VoteError
        A labeling function is unusable, or fails on more rows than the error budget allows.
    LabelModelError
        The label model cannot be fitted on the votes.
    ConfigError
        The label model has no such option, or is to read texts and cannot.
    BudgetError, LanguageModelError
        A cap would be exceeded, or a language model cannot be asked; replies that came are kept.
    """
    options = options or LabelOptions()
    with showing(progress):
        check_outputs(label_outputs(corpus, out), {THE_CORPUS: corpus.files(), PACK_FILES: pack_inputs(lfs.origins)})
        steps = _STEPS[lfs.task]
        steps.check_columns(corpus, lfs, options)
        job = steps.new_job(corpus, lfs, options)
        place = "-" if dry_run else out
        with JobFolder(place, steps.identity(job, out)) as folder:
            job.move_to(folder.path)
            with asking_in_job(lfs, llm, partial(budget_in, folder.path), protect) as asked:
                voted = steps.have_voted(job, engine or LocalEngine())
                spent = None if asked is None else asked.spent()
            labeled = steps.have_labeled(voted, None if dry_run else out, engine or LocalEngine(), folder.path)
            rejects_file = None
            if not dry_run:
                if out == "-":
                    finish()  # the output may go to the same terminal
                rejects_file = write_all_rejects(folder, corpus, voted.n_rejects, voted.rejects())
                steps.put_together(labeled)
            return LabeledFile(
                rows=voted.n,
                rejects=voted.n_rejects,
                known_rows=voted.known_rows,
                labels=labeled.label_counts,
                problems=voted.problems,
                patterns=voted.patterns if isinstance(voted, VotedCorpus) else None,
                model=labeled.model,
                rejects_file=rejects_file,
                spent=spent,
                spans=voted if isinstance(voted, VotedSpans) else None,
                texts_read=labeled.texts_read if isinstance(labeled, LabeledCorpus) else NO_TEXTS,
            )


def label_corpus(
    corpus: Corpus,
    lfs: LFCollection,
    options: LabelOptions | None = None,
    *,
    folder: Path | None = None,
    out: Path | None = None,
    voted: VotedCorpus | None = None,
    engine: Engine | None = None,
    progress: bool = False,
) -> LabeledCorpus:
    """Vote on a corpus, fit a label model on the votes, and label all rows, in memory that does not grow with the corpus.

    Parameters
    ----------
    corpus, lfs, options, engine, progress
        As for `label_file`.
    folder
        Where votes and labels are kept, part by part: the same call continues with what is there. By default a temporary
        folder, which is removed with the result. Workers of a cluster must see it under the same path.
    out
        Where the corpus is written with its labels, as by `label_file`, if anywhere.
    voted
        The votes, where `vote_corpus` or `read_voted` gave them.

    Raises
    ------
    WeakLabelError
        As `label_file`.
    """
    with showing(progress):
        if out is not None:
            _check_columns(corpus, lfs, options or LabelOptions())
        if voted is None:
            voted = vote_corpus(corpus, lfs, options, folder=folder, engine=engine)
        labeled = _label(voted, None if out is None else str(out), engine or LocalEngine(), folder or voted.job.scratch)
        if out is not None:
            _assemble(labeled)
    return labeled


def fit_corpus(
    corpus: Corpus, lfs: LFCollection, options: LabelOptions | None = None, *, progress: bool = False
) -> FittedCorpus:
    """Vote on a corpus and fit a label model on the votes, without labels of the rows.

    A label model that reads texts reads only those of a sample, which is drawn by a hash of the texts.

    Parameters
    ----------
    corpus, lfs, options, progress
        As for `label_corpus`.

    Raises
    ------
    WeakLabelError
        As `label_file`.
    """
    with showing(progress):
        voted = vote_corpus(corpus, lfs, options)
        return FittedCorpus(voted, _fitted(voted))


def vote_corpus(
    corpus: Corpus,
    lfs: LFCollection,
    options: LabelOptions | None = None,
    *,
    folder: Path | None = None,
    engine: Engine | None = None,
    choices: Mapping[int, RowChoice] | None = None,
    progress: bool = False,
) -> VotedCorpus:
    """Apply labeling functions to a corpus, part by part; votes from earlier runs are used again.

    An invalid vote counts as an abstain, and a `WeakLabelWarning` says so.

    Parameters
    ----------
    corpus, lfs, options, folder, engine, progress
        As for `label_corpus`.
    choices
        Which rows labeling functions are asked about that wait for the votes of others, by their places, as `row_choices`
        gives it for another corpus, of which this one is to be a sample. By default, the votes on this corpus choose.

    Raises
    ------
    WeakLabelError
        As `label_file`.
    """
    with showing(progress):
        job = label_job(corpus, lfs, options or LabelOptions())
        job.move_to(folder or job.scratch)
        voted = _vote(job, engine or LocalEngine(), choices)
        for path in job.folder.glob("unpacked-*"):  # by an engine; the folder is to hold votes and nothing else
            path.unlink()
    if voted.problems:
        warn_of_problems(voted.problems)
    return voted


def read_voted(corpus: Corpus, lfs: LFCollection, options: LabelOptions, folder: Path) -> VotedCorpus:
    """Return the votes that `vote_corpus` completed in a folder; no labeling function is applied.

    Raises
    ------
    CorpusError
        Votes are missing, or belong to another corpus or to other labeling functions.
    """
    job = label_job(corpus, lfs, options)
    return voted_corpus(job, kept_votes(job, folder))


def row_choices(voted: VotedCorpus) -> dict[int, RowChoice]:
    """Return which rows labeling functions were asked about that wait for the votes of others, by their places."""
    job = voted.job
    lfs, second = job.lfs.lfs, second_places(job.lfs.lfs)
    if not second:
        return {}
    job.begin_turn(first_places(lfs))
    tables = [VotePatterns(votes.patterns, votes.counts) for votes in map(job.votes_in_turn, voted.parts)]
    choices = {}
    if tables:
        table = merge_patterns(tables)
        answers = first_answers(job, table)
        choices = {place: choose_rows(lfs[place], table, partial(_votes_by_part, voted), answers) for place in second}
    job.begin_turn(range(len(lfs)))
    return choices


def _votes_by_part(voted: VotedCorpus) -> Iterator[tuple[int, VotePatterns]]:
    """Give the first row of each part, and the votes in turn on it."""
    return ((part.first_row, voted.job.votes_in_turn(part)) for part in voted.parts)


def _vote(job: LabelJob, engine: Engine, choices: Mapping[int, RowChoice] | None = None) -> VotedCorpus:
    """Apply all labeling functions to all parts; those that wait for the votes of others last."""
    lfs = job.lfs.lfs
    second = second_places(lfs)
    try:
        voted = voted_corpus(job, first_votes(job, engine, first_places(lfs)))
        if second:
            problems = dict(voted.problems)
            answers = first_answers(job, voted.patterns) if choices is None else None
            for place in second:
                job.begin_turn(first_places(lfs))
                choice = (
                    choices[place]
                    if choices is not None
                    else choose_rows(lfs[place], voted.patterns, partial(_votes_by_part, voted), answers)
                )
                problems |= _second_votes(job, place, voted, choice)
            job.begin_turn(range(len(lfs)))
            of_all = voted_corpus(job, counted(stored(job, voted.parts), ErrorBudget(1.0), job))
            voted = replace(of_all, problems=problems, known_rows=voted.known_rows)
        job.say_slowest()
    except BaseException:
        job.stop_asking()
        raise
    finally:
        job.close()
    keep_votes(job, len(voted.parts))
    return voted


def voted_corpus(job: LabelJob, votes: Counted[VotePatterns]) -> VotedCorpus:
    """Return the corpus of a job with the votes on it."""
    return VotedCorpus(job, votes.parts, votes.table, votes.problems, votes.n_rejects, votes.known_rows)


def first_answers(job: LabelJob, votes: VotePatterns) -> Answers | None:
    """Fit the first label model, to votes alone, where the rows of a labeling function depend on it and there are votes."""
    if not needs_answers(job.lfs.lfs) or not has_vote(votes.patterns).any():
        return None
    settings = job.options.label_model
    if settings.name == "text":  # which cannot do without texts
        settings = LabelModelSettings()
    with stage("first label model"), kept_warnings():  # they would be taken for those of the label model
        try:
            answers: Answers = (
                make_label_model(settings, len(job.lfs.labels), job.options.seed).fit(votes).predict_proba
            )
        except LabelModelError as error:
            raise LabelModelError(f"first label model, on the votes that choose rows for the others: {error}") from None
    return answers


def _second_votes(job: LabelJob, place: int, first: VotedCorpus, choice: RowChoice) -> Mapping[str, Problems]:
    """Ask a labeling function about the rows that the votes of others choose, in this process, and return its failures."""
    job.begin_turn([place], choice)
    budget = ErrorBudget(job.options.error_budget)
    missing = {part.number for part in first.parts if job.voted(part.number) is None}
    new = job.vote(_read_some(job, [part for part in first.parts if part.number in missing]))
    with stage(f"asking {job.lfs.names[place]}", choice.count, "rows") as job.stage:
        for part in first.parts:
            done = next(new) if part.number in missing else next(stored(job, [part]))
            budget.note(done.problems, done.n_asked)
            (job.stage.advance if done.is_new else job.stage.skip)(done.n_asked)
    budget.check()
    return budget.problems


def _read_some(job: LabelJob, parts: Sequence[Part]) -> Iterator[PartRows]:
    """Read some parts of the corpus; one that can only be read from its start is read once."""
    if job.corpus.source.extent() is not None:
        yield from (job.corpus.read_part(part) for part in parts)
        return
    left = {part.number for part in parts}
    for rows in job.parts() if left else ():
        if rows.part.number in left:
            left.remove(rows.part.number)
            yield rows
        if not left:
            break


def _label(voted: VotedCorpus, out: str | None, engine: Engine, folder: Path) -> LabeledCorpus:
    """Fit the label model, unless that was done, and label all parts; write them where there is an output."""
    job = voted.job
    job.begin_labels(sha256_of_json(label_identity(job, out or ""))[:12], out, folder)
    model = job.load_model()
    if model is None:
        model = _fitted(voted)
        job.save_model(model)
    labeled = LabeledCorpus(voted, model)
    if out is not None or job.options.by_row:
        follow(engine.write(job, voted.parts), "labeling" if out is None else "writing", job.corpus, voted.n)
    return labeled


def _fitted(voted: VotedCorpus) -> BaseLabelModel:
    """Fit the label model to all votes, and to a sample of the texts if it reads texts."""
    options, patterns = voted.options, voted.patterns
    unfitted = make_label_model(options.label_model, len(voted.lfs.labels), options.seed)
    if not options.reads_texts:
        gold = _decided_rows(voted)
        with stage("label model"), naming(voted.lfs.names, voted.lfs.labels):
            return unfitted.fit(patterns, gold=gold)
    from weaklabel.encoder.features import SKIMMED_TOKENS, are_long
    from weaklabel.label_model.text.reader import TextReader

    assert isinstance(unfitted, TextReader)
    sampler = unfitted.sampler()
    follow(voted.job.sample_texts(sampler), "reading texts", voted.corpus, patterns.n)
    sample = sampler.sample()
    if options.decided is not None and sample.gold is None:
        raise _nothing_decided(voted)
    if options.skim and unfitted.can_skim and are_long(sample.texts, unfitted.max_length):
        unfitted.set_params(max_length=min(unfitted.max_length, SKIMMED_TOKENS))
    with stage("label model"), naming(voted.lfs.names, voted.lfs.labels):
        return unfitted.fit_sample(patterns, sample)


def _decided_rows(voted: VotedCorpus) -> GoldVotes | None:
    """Return the rows that people decided, with their votes; None where nothing is decided."""
    if voted.options.decided is None:
        return None
    decided: list[GoldVotes] = []
    follow(voted.job.find_decided(decided), "reading decided rows", voted.corpus, voted.patterns.n)
    if not decided:
        raise _nothing_decided(voted)
    return GoldVotes(np.concatenate([rows.L for rows in decided]), np.concatenate([rows.Y for rows in decided]))


def _nothing_decided(voted: VotedCorpus) -> ConfigError:
    n_decided = len(voted.options.decided or ())
    return ConfigError(
        f"{voted.corpus.name} has none of the {n_decided:,} decided texts; give the corpus that was reviewed"
    )


def _assemble(labeled: LabeledCorpus) -> None:
    """Put the parts of the output together."""
    job = labeled.voted.job
    assert job.output is not None
    job.output.assemble(len(labeled.voted.parts), job.empty_columns())


def label_job(corpus: Corpus, lfs: LFCollection, options: LabelOptions) -> LabelJob:
    """Return the job, after all checks that need no work."""
    if lfs.task != TEXTS:
        raise LFError("these labeling functions mark spans; label_spans and vote_spans take them")
    unfitted = make_label_model(options.label_model.for_task(TEXTS), len(lfs.labels), options.seed)
    if options.reads_texts and not unfitted.uses_texts:
        raise ConfigError(
            f"the label model '{options.label_model.name}' does not read texts; take auto or text, or leave the texts out"
        )
    check_encoder_of(options.label_model.encoder, options.reads_texts)
    check_columns(lfs.lfs, corpus)
    first_places(lfs.lfs)
    identity = identity_of(lfs)
    corpus_id, keys = corpus_identity(corpus), lf_keys(identity, lfs)
    return LabelJob(corpus, lfs, options, identity, keys, corpus_id, Path(), cached_votes(corpus_id))


def _check_columns(corpus: Corpus, lfs: LFCollection, options: LabelOptions) -> None:
    lf_names = lfs.names if options.with_votes else ()
    check_new_columns(corpus, new_columns(lfs.labels, lf_names, options.prefix, options.decided is not None))


def label_identity(job: LabelJob, out: str) -> dict[str, Any]:
    """Return everything that the labels, and the output if there is one, depend on."""
    options = job.options
    return output_identity(
        job.corpus_id,
        out,
        limits=[options.time_limit, options.memory_limit],
        keys=list(job.keys),
        lfs=job.lfs.names,
        where=rows_to_ask(job.lfs.lfs),
        labels=job.lfs.labels,
        label_model=options.label_model.model_dump(mode="json"),
        seed=options.seed,
        columns=[options.with_votes, options.prefix, options.safe],
        texts=[options.skim, *job.corpus.entities] if options.reads_texts else None,
        encoder=model_files(options.label_model.encoder) if options.reads_texts else None,
        **({} if options.decided is None else {"decided": sorted(options.decided.items())}),
    )


class _Steps(NamedTuple):
    """The steps of labeling a file, which differ by what is labeled."""

    check_columns: Callable[[Corpus, LFCollection, LabelOptions], None]
    new_job: Callable[[Corpus, LFCollection, LabelOptions], Any]
    identity: Callable[[Any, str], dict[str, Any]]
    have_voted: Callable[[Any, Engine], VotedCorpus | VotedSpans]
    have_labeled: Callable[[Any, str | None, Engine, Path], LabeledCorpus | LabeledSpans]
    put_together: Callable[[Any], None]


_STEPS = {
    TEXTS: _Steps(_check_columns, label_job, label_identity, _vote, _label, _assemble),
    SPANS: _Steps(check_span_columns, span_job, span_identity, have_voted, have_labeled, assemble),
}
