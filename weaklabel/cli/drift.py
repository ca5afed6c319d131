"""``weaklabel drift``: what has changed in a corpus since another one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.explain import open_finished, refuse_settings
from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing, stdout_for_results
from weaklabel.cli.reading import Reading
from weaklabel.cli.voting import Caching, Labeling, LFsIfAny, Voting, vote_only, voting_options

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.job import LabelOptions
    from weaklabel.labels import Probs
    from weaklabel.lf.packs import LFCollection
    from weaklabel.votes import Votes

OF_A_RUN = ("old", "new", "alpha", "fail", "cache", "no_cache", "json", "quiet")
"""Options that make sense where the old corpus is that of a finished run."""


@expanded
def drift(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The earlier corpus, or the folder of a finished run.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later corpus, in the same form.")],
    *,
    lfs: LFsIfAny = None,
    alpha: Annotated[
        float,
        typer.Option(
            "--alpha",
            metavar="P",
            help="Largest probability, over all comparisons together, of an alarm where nothing has changed.",
        ),
    ] = 0.05,
    fail: Annotated[bool, typer.Option("--fail", help="End with exit code 1 if anything has changed.")] = False,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    caching: Caching,
    printing: Printing,
) -> None:
    """Say whether a later corpus has drifted from an earlier one, and which labeling functions broke.

    \b
    Examples:
      weaklabel drift january.csv may.csv --lfs spam
      weaklabel drift runs/demo may.csv --fail
      weaklabel drift runs/demo may.csv --json | jq .broken

    The same labeling functions vote on both corpora, and one label model labels them together. Compared are the texts, by
    how well a classifier tells old from new ones; coverage, conflicts and errors of every labeling function; labels; and
    confidence. With many rows small changes are certain, too: the table shows how large they are.

    For the folder of a finished run, its corpus, settings and labeling functions are used, and NEW is read in the same way.
    """
    from weaklabel.drift import find_drift
    from weaklabel.lf.packs import SPANS
    from weaklabel.support.folders import recover_folder
    from weaklabel.support.progress import stage

    if not 0 < alpha < 1:
        raise typer.BadParameter(f"{alpha:g} is not above 0 and below 1", param_hint="--alpha")
    caching.apply()
    recover_folder(Path(old), "manifest.json")
    if (Path(old) / "manifest.json").is_file():
        refuse_settings(context, OF_A_RUN)
        corpora, loaded, options = _of_run(Path(old), new)
    else:
        if not lfs:
            raise typer.BadParameter("corpora need labeling functions, such as --lfs spam", param_hint="--lfs")
        loaded = voting.load(lfs, quiet=printing.quiet)
        corpora = reading.open(old), reading.open(new)
        options = voting_options(labeling, voting, labeling.label_model == "text")
    if loaded.task == SPANS:
        raise typer.BadParameter(
            "its labeling functions mark spans; drift compares labels of whole texts", param_hint="--lfs"
        )
    votes = [vote_only(corpus, loaded, options, quiet=printing.quiet) for corpus in corpora]
    with stdout_for_results(), stage("comparing"):
        kept = _asked(votes)
        texts = corpora[0].batch(corpora[0].frame()).model_texts, corpora[1].batch(corpora[1].frame()).model_texts
        probs = _labeled_together(kept, texts, options)
        found = find_drift(*kept, texts, probs, alpha=alpha, seed=options.seed)
    printing.result(found.to_dict(), found.to_text())
    if fail and found.found:
        raise typer.Exit(1)


def _of_run(folder: Path, new: str) -> tuple[tuple[Corpus, Corpus], LFCollection, LabelOptions]:
    """Return the corpus of a run and the new one, the labeling functions, and how the run labeled."""
    from weaklabel.job import LabelOptions
    from weaklabel.project.gold import open_unlabeled

    run, corpus, lfs = open_finished(folder)
    project = run.project
    later = project.model_copy(update={"corpus": project.corpus.model_copy(update={"path": Path(new)})})
    budget, workers = project.lfs.error_budget, project.lfs.workers
    options = LabelOptions(project.label_model, project.seed, error_budget=budget, workers=workers)
    return (corpus, open_unlabeled(later)), lfs, options


def _asked(votes: list[Votes]) -> tuple[Votes, Votes]:
    """Leave out labeling functions that were not asked about every row: no answer is no abstain.

    A warning names them.
    """
    from dataclasses import replace

    from weaklabel.support.warn import warn

    notes = {name: note for each in votes for name, problems in each.problems.items() for note in problems.notes}
    missing = {name for name, note in notes.items() if not note.is_final}
    for name in sorted(missing):
        warn(
            f"labeling function '{name}' is not compared: it has not been asked about all rows; label both corpora with it "
            "first",
            stacklevel=2,
        )
    columns = [column for column, name in enumerate(votes[0].lf_names) if name not in missing]
    names = tuple(votes[0].lf_names[column] for column in columns)
    old, new = (replace(each, L=each.L[:, columns], lf_names=names, counted=None) for each in votes)
    return old, new


def _labeled_together(
    votes: tuple[Votes, Votes], texts: tuple[list[str], list[str]], options: LabelOptions
) -> tuple[Probs, Probs]:
    """Fit one label model on both corpora; return the probabilities of each. Shape of each: [n, k]."""
    import numpy as np

    from weaklabel.label_model.named import make_label_model
    from weaklabel.votes import vote_patterns

    old, new = votes
    model = make_label_model(options.label_model, len(old.labels or ()), options.seed)
    patterns = vote_patterns(np.concatenate([old.L, new.L]))
    both = [*texts[0], *texts[1]] if options.reads_texts else None
    model.fit(patterns, both)
    _, probs = model.predict(patterns, return_probs=True, texts=both)
    return probs[: old.n], probs[old.n :]
