"""``weaklabel label``: a corpus in, the same rows with labels out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli.batches import BatchFiles
from weaklabel.cli.gold import DecisionsOpt
from weaklabel.cli.options import DryRunOpt, expanded
from weaklabel.cli.printing import Printing, log_to_stderr, shown_output, shown_path, stdout_for_results
from weaklabel.cli.reading import CorpusArg, Reading, not_written
from weaklabel.cli.voting import AskingOptions, Caching, EngineOptions, Labeling, LFs, Voting, problem_counts
from weaklabel.cli.writing import Writing, announce_replaced, check_outputs
from weaklabel.errors import ConfigError, visible

if TYPE_CHECKING:
    from weaklabel import job
    from weaklabel.config import LLMSettings
    from weaklabel.corpus import Corpus
    from weaklabel.job import LabelOptions
    from weaklabel.lf.packs import LFCollection

_LABELS_SHOWN = 12
"""Maximum number of classes whose counts are all listed."""


@expanded
def label(
    corpus: CorpusArg,
    lfs: LFs,
    writing: Writing,
    *,
    votes: Annotated[
        bool, typer.Option("--votes", help="Add a column with the votes of each labeling function.")
    ] = False,
    read_texts: Annotated[
        bool,
        typer.Option(
            "--read-texts",
            help="Let the label model use the texts, too: better labels, also for rows without votes.",
        ),
    ] = False,
    decisions: DecisionsOpt = None,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    asking: AskingOptions,
    batches: BatchFiles,
    engine: EngineOptions,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Label every row of a corpus.

    \b
    Examples:
      weaklabel label messages.csv --lfs spam -o labeled.csv
      weaklabel label messages.csv --lfs ./mine.py --text body --votes -o labeled.parquet
      weaklabel label messages.csv --lfs spam --read-texts -o labeled.csv
      weaklabel label messages.csv --lfs spam --read-texts --decisions review/decisions.jsonl -o labeled.csv
      weaklabel label messages.tsv.gz --lfs spam --columns label,text --prefix weak_ -o - | head

    The output has all columns and rows of the input, in order, then label, confidence and one probability per class;
    these are empty if no labeling function voted. With --read-texts the label model (auto or text) also uses the texts,
    and labels rows without votes, too. Of a large corpus most texts are then read by a fast model that learned from the
    full one, and only those that it is not sure of are embedded (all of them with --exact-texts). Rows that cannot be
    read are written to OUT.rejects.jsonl. To resume after an interruption, give the same command again.

    With --decisions the label model learns from rows that people decided, which keep the decided labels: 20 to 100 decisions
    correct labeling functions that are often wrong, the class balance and the probabilities. The column decided, which comes
    last, has the decided label of each of these rows: score and check leave them out.

    Of labeling functions that mark spans (TASK = "spans"), the output has one new column, spans: a JSON array of objects
    with start, end, label, prob and text; --votes adds spans_NAME for each labeling function.
    """
    from weaklabel.corpus import check_target, label_outputs
    from weaklabel.decisions import agreed_classes, read_decisions
    from weaklabel.job import LabelOptions, label_file
    from weaklabel.lf.packs import SPANS
    from weaklabel.support.files import is_stdout

    log_to_stderr(quiet=True)
    caching.apply()
    is_batch = batches.given(dry_run)
    out, loaded = writing.target(dry_run), voting.load(lfs, quiet=printing.quiet)
    rows = reading.open(corpus)
    check_target(rows, out, safe=writing.spreadsheet_safe)
    if decisions and loaded.task == SPANS:
        raise ConfigError("--decisions are for labels of whole texts; weaklabel train takes decided spans")
    options = LabelOptions(
        label_model=labeling.settings(),
        seed=labeling.seed,
        read_texts=read_texts,
        with_votes=votes,
        decided=agreed_classes(read_decisions(decisions), loaded.labels) if decisions else None,
        prefix=writing.prefix,
        safe=writing.spreadsheet_safe,
        **voting.arguments(),
    )
    check_outputs(*label_outputs(rows, out), corpora=[rows], lfs=loaded, decisions=decisions, others=labeling.inputs())
    llm = asking.settings()
    if is_batch:
        from weaklabel.job.batches import asking_for_output

        batches.check(rows, loaded, printing, out)
        with asking_for_output(rows, loaded, out, options, llm, asking.protect()):
            batches.run(rows, loaded, options, printing)
        return
    announce_replaced(out, printing=printing, dry_run=dry_run)
    if dry_run and any(lf.asks for lf in loaded):
        show_costs(rows, loaded, options, llm, asking.protect(), printing)
        return
    with engine.open() as opened, nullcontext() if out == "-" else stdout_for_results():
        done = label_file(
            rows,
            loaded,
            out,
            options,
            engine=opened,
            llm=llm,
            protect=asking.protect(),
            dry_run=dry_run,
            progress=not printing.quiet,
        )
    if done.spans is None:
        result = _summary(done, None if dry_run else out) | _of_classes(done)
        lines = _class_lines(result)
    else:
        result = _summary(done, None if dry_run else out) | _of_spans(done.spans, done.labels)
        lines = _span_lines(result)
    if labeling.label_model == "auto" and not read_texts and result.get("unlabeled", 1) > 0:
        lines.append(_READ_SPANS if done.spans else _READ_TEXTS)
    text = _text(result, done, lines)
    printing.summary(result, "\n".join([text, *not_written(rows)]), to_stderr=is_stdout(out) and not dry_run)


def show_costs(
    rows: Corpus,
    lfs: LFCollection,
    options: LabelOptions,
    llm: LLMSettings,
    protect: Callable[[str], str] | None,
    printing: Printing,
) -> None:
    """Print what asking language models about a corpus will cost; nothing is sent."""
    from weaklabel.job.asked import asking_in_job
    from weaklabel.job.costs import asking_costs, costs_as_json, costs_as_text
    from weaklabel.support.progress import showing

    with showing(not printing.quiet), stdout_for_results(), asking_in_job(lfs, llm, lambda: "", protect):
        costs = asking_costs(rows, lfs, options, vote=True)
    text = [costs_as_text(costs, llm), "nothing sent, nothing written (dry run)"]
    printing.result({"costs": costs_as_json(costs)}, "\n".join(text))


def _summary(done: job.LabeledFile, out: str | None) -> dict[str, Any]:
    from weaklabel.job.asked import spent_as_json

    return {
        "rows_in": done.rows + done.rejects,
        "rows_out": done.rows,
        "rejects": done.rejects,
        "label_model": done.model.describe(),
        **problem_counts(done.problems),
        "rows_voted_before": done.known_rows,
        "spent": spent_as_json(done.spent),
        "out": out,
        "rejects_file": str(done.rejects_file) if done.rejects_file else None,
    }


def _of_classes(done: job.LabeledFile) -> dict[str, Any]:
    return {
        "labels": dict(done.labels),
        "unlabeled": done.rows - sum(done.labels.values()),
        "texts_read": asdict(done.texts_read),
    }


def _class_lines(result: dict[str, Any]) -> list[str]:
    from weaklabel.label_model.text.fast import TextsRead

    model, read = result["label_model"], result["texts_read"]
    return [
        f"labels: {_frequent(result['labels'])}, {result['unlabeled']:,} without a label",
        *([f"label model: {visible(model)}"] if model else []),
        *([f"texts: {TextsRead(**read).describe()}"] if read["fast"] else []),
    ]


def _of_spans(voted: job.VotedSpans, labels: Mapping[str, int]) -> dict[str, Any]:
    changed = {name: asdict(counts) for name, counts in voted.counts.items()}
    return {"task": "spans", "spans": dict(labels), "rows_with_votes": voted.covered, "votes": voted.n_spans} | {
        what: {name: counts[what] for name, counts in changed.items() if counts[what]}
        for what in ("snapped", "overlapped", "blank")
    }


def _span_lines(result: dict[str, Any]) -> list[str]:
    model = result["label_model"]
    lines = [
        f"spans: {_frequent(result['spans'])}; labeling functions mark spans in {result['rows_with_votes']:,} rows"
    ]
    for what, text in _CHANGED.items():
        if result[what]:
            of_lfs = ", ".join(f"{count:,} of LF '{visible(name)}'" for name, count in result[what].items())
            lines.append(f"{text}: {of_lfs}")
    return [*lines, *([f"label model: {visible(model)}"] if model else [])]


_CHANGED = {
    "snapped": "spans that cut a word, and were made to take all of it",
    "overlapped": "spans left out, since a longer one of the same labeling function overlaps them",
    "blank": "spans left out, since there is nothing but white space in them",
}

_READ_TEXTS = "to label the rows without votes from their texts: --read-texts"
_READ_SPANS = "to find spans that no labeling function marks from their texts: --read-texts"


def _frequent(labels: dict[str, int]) -> str:
    """Return the count of each class, or of the most frequent ones if there are many."""
    most = sorted(labels, key=lambda name: -labels[name])[:_LABELS_SHOWN] if len(labels) > _LABELS_SHOWN else labels
    listed = ", ".join(f"{labels[name]:,} {visible(name)}" for name in most)
    rest = [count for name, count in labels.items() if name not in most]
    return f"{listed}, {sum(rest):,} of {len(rest)} other classes" if rest else listed


def _text(result: dict[str, Any], done: job.LabeledFile, labeled: list[str]) -> str:
    from weaklabel.job.asked import spent_as_text

    lines = [
        f"rows: {result['rows_in']:,} in = {result['rows_out']:,} out + {result['rejects']:,} rejected",
        *labeled,
        *(visible(f"LF '{name}': {problems}") for name, problems in done.problems.items()),
        *spent_as_text(result["spent"]),
        f"written to {shown_output(result['out'])}" if result["out"] else "nothing written (dry run)",
    ]
    if done.known_rows:
        lines.insert(1, f"votes on {done.known_rows:,} rows were cached by an earlier run")
    if result["rejects_file"]:
        lines.append(f"rejected rows in {shown_path(result['rejects_file'])}")
    return "\n".join(lines)
