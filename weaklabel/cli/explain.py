"""``weaklabel explain``: why a row has its label, or what a labeling function does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing, stdout_for_results
from weaklabel.cli.reading import Reading
from weaklabel.cli.voting import Caching, Labeling, LFsIfAny, Voting, vote_and_fit

if TYPE_CHECKING:
    from weaklabel.corpus import Batch, Corpus
    from weaklabel.label_model import BaseLabelModel
    from weaklabel.lf.core import Reason
    from weaklabel.lf.packs import LFCollection
    from weaklabel.project.reader import FinishedRun
    from weaklabel.votes import Votes

LONGEST_TEXT = 1000
"""Characters of a text that are shown."""

OF_A_RUN = ("corpus", "row", "lf", "cache", "no_cache", "json", "quiet")
"""Options that make sense for a finished run."""


@expanded
def explain(
    context: typer.Context,
    corpus: Annotated[
        str, typer.Argument(metavar="CORPUS", help="A corpus, as for analyze, or the folder of a finished run.")
    ],
    *,
    lfs: LFsIfAny = None,
    row: Annotated[
        int | None,
        typer.Option("--row", min=0, metavar="N", help="Explain the label of this row; rows are counted from 0."),
    ] = None,
    lf: Annotated[
        str | None,
        typer.Option(
            "--lf",
            metavar="NAME",
            help="Show rows where only this labeling function votes, and rows where the others disagree.",
        ),
    ] = None,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    caching: Caching,
    printing: Printing,
) -> None:
    """Explain why a row has its label or its spans, or what a labeling function does.

    \b
    Examples:
      weaklabel explain messages.csv --lfs spam --row 17
      weaklabel explain messages.csv --lfs spam --lf claim
      weaklabel explain runs/demo --row 17 --json | jq .parts

    --row shows the vote of each labeling function, the reason for it, and how much it adds to the log-odds of the label;
    votes and class balance together give the probability. --lf shows rows on which no other labeling function votes, and
    rows on which the label model, using the others, predicts another class.

    For the folder of a finished run, its own votes and label model are used. A corpus is labeled first; only
    --label-model text uses the texts.

    Of a pack whose labeling functions mark spans, --row shows for each span of the text which ones mark it, exactly or in
    part, what is against it, its probability, also without each of them, and what else is marked; --lf shows spans that
    nobody else marks, and where the label model, using the others, gives other spans.
    """
    if (row is None) == (lf is None):
        raise typer.BadParameter("give one of --row N and --lf NAME", param_hint="--row")
    from weaklabel.cli.span_analysis import explain_spans_of, explain_spans_of_run
    from weaklabel.lf.packs import SPANS
    from weaklabel.support.folders import recover_folder

    caching.apply()
    recover_folder(Path(corpus), "manifest.json")
    if (Path(corpus) / "manifest.json").is_file():
        refuse_settings(context, OF_A_RUN)
        run, run_corpus, run_lfs = open_finished(Path(corpus))
        if run_lfs.task == SPANS:
            explain_spans_of_run(run, run_corpus, run_lfs, row, lf, printing)
            return
        voted = _of_run(run, run_corpus, run_lfs)
    else:
        if not lfs:
            raise typer.BadParameter("a corpus needs labeling functions, such as --lfs spam", param_hint="--lfs")
        loaded = voting.load(lfs, quiet=printing.quiet)
        rows = reading.open(corpus)
        if loaded.task == SPANS:
            explain_spans_of(rows, loaded, labeling, voting, row, lf, printing)
            return
        with_text = labeling.label_model == "text"
        fitted = vote_and_fit(rows, loaded, labeling, voting, quiet=printing.quiet, read_texts=with_text)
        voted = Voted(rows, loaded, fitted.votes, fitted.model, with_text)
    with stdout_for_results():
        result, shown = _row(voted, row) if row is not None else _lf(voted, str(lf))
    printing.result(result, shown)


@dataclass(frozen=True)
class Voted:
    """A corpus, its votes, and the label model that labeled it, with or without its texts."""

    corpus: Corpus
    lfs: LFCollection
    votes: Votes
    model: BaseLabelModel
    reads_texts: bool

    @property
    def why(self) -> str:
        """What the label model is, in a line."""
        return self.model.describe(self.votes.lf_names) or type(self.model).__name__


def refuse_settings(context: typer.Context, of_a_run: Sequence[str]) -> None:
    """Refuse, for a run, options that say how to read, vote on and label a corpus."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in of_a_run:
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter("a finished run has its own settings: omit this option", param_hint=option)


def open_finished(folder: Path) -> tuple[FinishedRun, Corpus, LFCollection]:
    """Open the corpus and the packs of a finished run; a corpus that has changed since is a `ConfigError`."""
    from weaklabel.errors import ConfigError
    from weaklabel.lf.packs import load_lfs
    from weaklabel.project.gold import open_unlabeled
    from weaklabel.project.reader import read_run
    from weaklabel.review.workspace import pack_hashes
    from weaklabel.support.warn import warn

    run = read_run(folder)
    corpus, lfs = open_unlabeled(run.project), load_lfs(*run.project.lfs.use, skip_slow=run.project.lfs.skip_slow)
    if corpus.sha256() != run.corpus_sha256:
        raise ConfigError(
            f"{corpus.name} has changed since this run, so the votes do not belong to these rows; run the "
            "project again, or explain the corpus with --lfs"
        )
    if run.packs is not None and pack_hashes(lfs) != run.packs:
        warn(
            f"a pack ({', '.join(lfs.specs)}) has changed since this run was labeled: votes are those of the run, "
            "reasons are from the pack as it is now",
            stacklevel=2,
        )
    return run, corpus, lfs


def _of_run(run: FinishedRun, corpus: Corpus, lfs: LFCollection) -> Voted:
    """Read the votes and the label model of a finished run."""
    from weaklabel.label_model import load_label_model
    from weaklabel.votes import load_votes

    model = load_label_model(run.path)
    return Voted(corpus, lfs, load_votes(run.path / "votes.npz"), model, model.uses_texts)


def _row(voted: Voted, row: int) -> tuple[dict[str, Any], str]:
    from weaklabel.errors import CorpusError, visible
    from weaklabel.explain import explain_row

    votes = voted.votes
    if row >= votes.n:
        raise CorpusError(f"{voted.corpus.name} has no row {row}: it has {votes.n:,} rows, counted from 0")
    ((_, batch),) = voted.corpus.read_rows([row])
    reasons = [_reason(voted, name, batch, int(vote)) for name, vote in zip(votes.lf_names, votes.L[row], strict=True)]
    (text,) = batch.texts if batch.text else [""]
    explanation = explain_row(
        voted.model,
        votes.L[row],
        batch.model_texts[0] if voted.reads_texts else None,
        votes.lf_names,
        voted.lfs.labels,
        reasons,
    )
    result = {"row": row, "text": text, "label_model": voted.why, **explanation.to_dict()}
    beginning = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
    shown = [
        f"Row {row} of {voted.corpus.name}",
        *(f"  {line}" for line in beginning.splitlines()),
        "",
        f"Label model: {voted.why}",
    ]
    return result, "\n".join([*map(visible, shown), "", explanation.to_text()])


def _lf(voted: Voted, name: str) -> tuple[dict[str, Any], str]:
    from weaklabel.explain import explain_lf

    batches: dict[int, Batch] = {}

    def why(votes: Mapping[int, int]) -> dict[int, Reason]:
        batches.update(voted.corpus.read_rows(votes))
        reasons = {row: _reason(voted, name, batches[row], vote) for row, vote in votes.items()}
        return {row: reason for row, reason in reasons.items() if reason}

    texts = voted.corpus if voted.reads_texts else None
    explanation = explain_lf(voted.model, voted.votes, name, texts=texts, why=why)
    result = explanation.to_dict()
    for example in (*result["alone"], *result["disagrees"]):
        (example["text"],) = batches[example["row"]].texts
    return {**result, "label_model": voted.why}, explanation.to_text(lambda row: batches[row].texts[0])


def _reason(voted: Voted, name: str, batch: Batch, vote: int) -> Reason | None:
    """Why a labeling function cast its vote on the only row of a batch; None where it abstains, or is there no more."""
    from weaklabel.labels import ABSTAIN
    from weaklabel.lf.reasons import reason

    if vote == ABSTAIN or name not in voted.lfs.names:
        return None
    return reason(voted.lfs.lfs[voted.lfs.names.index(name)], batch, 0, vote)
