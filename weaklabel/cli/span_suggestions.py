"""What ``weaklabel suggest`` does with packs whose labeling functions mark spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from weaklabel.cli.printing import Printing, stdout_for_results
from weaklabel.cli.span_analysis import vote
from weaklabel.cli.voting import Labeling, Voting

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.lf.packs import LFCollection
    from weaklabel.suggest.spans import SpanSuggestions


def suggest_for_spans(
    rows: Corpus,
    lfs: LFCollection,
    labeling: Labeling,
    voting: Voting,
    printing: Printing,
    *,
    number: int,
    gold: str | None,
) -> SpanSuggestions:
    """Vote on a corpus, fit the label model on a sample of its texts, and find candidates in them."""
    from weaklabel.errors import CorpusError
    from weaklabel.job.spans.label import unfitted_model
    from weaklabel.job.spans.training import texts_with_votes
    from weaklabel.job.spans.work import may_read_texts
    from weaklabel.job.training import lowest_rows
    from weaklabel.suggest.spans import MAX_TEXTS, suggest_spans
    from weaklabel.support.progress import showing, stage
    from weaklabel.units import read_spans

    voted = vote(rows, lfs, labeling, voting, quiet=printing.quiet)
    if not voted.n:
        raise CorpusError(f"{rows.name} has no rows; give texts in which labeling functions mark something")
    chosen = lowest_rows(np.arange(voted.n), MAX_TEXTS, labeling.seed)
    with showing(not printing.quiet), stdout_for_results():
        sample = texts_with_votes(voted, chosen)
        model = unfitted_model(voted.options)
        texts = list(sample.texts) if may_read_texts(model, voted.options) else None
        with stage("label model"):
            model.fit(sample.votes, texts, words=sample.words)
        predicted = model.predict(sample.votes, texts, words=sample.words).spans
        true = known = None
        if gold is not None:
            cells = np.array(list(rows.values(gold)), dtype=object)[chosen]
            given = read_spans(list(cells), sample.texts, lfs.labels, where=f"{rows.name}, column '{gold}'")
            true, known = given.spans, given.is_known
        return suggest_spans(
            sample.texts,
            sample.words,
            sample.votes,
            predicted,
            n=number,
            gold=true,
            has_gold=known,
            of_texts=voted.n,
        )
