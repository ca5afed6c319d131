"""What to do next, from votes, probabilities and texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.corpus import Corpus
from weaklabel.corpus.text_batches import TextBatches
from weaklabel.explain.baseline import answering
from weaklabel.label_model import BaseLabelModel
from weaklabel.label_model.text.reader import MAX_ROWS
from weaklabel.labels import ABSTAIN, Labels, check_label_names, check_probs, check_Y, in_class_order
from weaklabel.llm import Prompt
from weaklabel.suggest.candidates import Choice, choose, find_patterns, on_all_rows, with_proposals
from weaklabel.suggest.code import IMPORTED, name_lf
from weaklabel.suggest.evidence import CorpusEvidence, RowProbs
from weaklabel.suggest.phrases import find_phrases
from weaklabel.suggest.proposer import LFProposer
from weaklabel.suggest.result import CandidateLF, Cluster, Suggestions
from weaklabel.suggest.rows import rows_to_label, text_space, uncovered_clusters
from weaklabel.suggest.sample import RowSample, draw_sample
from weaklabel.suggest.weak_lfs import weak_lfs
from weaklabel.support.progress import stage
from weaklabel.votes.matrix import Votes
from weaklabel.votes.patterns import take_rows

_ROWS_TO_LABEL = 20
_EXAMPLES = 5
_LEAST_SHARE, _LEAST_TEXTS = 0.001, 4
"""Texts that must contain a phrase for it to be considered: of all, and at least."""


def suggest_lfs(
    texts: Sequence[str] | Corpus,
    votes: Votes,
    model: BaseLabelModel | ArrayLike,
    labels: Sequence[str],
    *,
    n: int = 10,
    seed: int = 0,
    gold: ArrayLike | None = None,
    proposer: LFProposer | None = None,
) -> Suggestions:
    """Find what would improve labeling functions.

    Parameters
    ----------
    texts
        Of the rows: in memory (length: n), or a corpus, whose texts are read two or three times and never all kept.
    votes
        On the same rows.
    model
        The label model, fitted on these votes; or the probabilities that it gives, where these have been computed (shape:
        [n, k]). One that was fitted with texts, such as `AutoLabelModel`, knows something of rows without votes, too; where
        nothing is known of those, candidates can only repeat what labeling functions look for.
    labels
        Class names. Length: k.
    n
        Most candidates.
    seed
        Of the clusters.
    gold
        True classes where they are known. Shape: [n]; -1 elsewhere. They count in the ranking.
    proposer
        Asks a language model for further candidates, which are judged and chosen like those found in the texts. It sees no
        gold.

    Returns
    -------
    Suggestions
        Of a large corpus (more than 50,000 rows, or 15 million characters) phrases, clusters and rows are looked for in a
        sample, drawn by a hash of the texts; the figures of candidates and labeling functions are of all rows. A label
        model that reads texts reads only those of the sample, which then has at most 20,000 rows: precisions are
        estimated on these.

    Raises
    ------
    VoteError
        An array is not what it must be.
    CorpusError
        The corpus cannot be read, or has changed since it was opened.
    LabelModelError
        There are not as many texts as votes, or they are no strings; or the label model is not fitted, or was fitted on
        other labeling functions.
    LanguageModelError
        The language model cannot be asked; see `LFProposer.propose`.
    """
    names = check_label_names(labels, "suggest")
    if votes.labels != names:
        votes = Votes(votes.L, votes.lf_names, names)
    truth = np.full(votes.n, ABSTAIN) if gold is None else check_Y(gold, votes.n, len(names))
    all_texts = TextBatches(texts, votes.n)
    reads_texts = isinstance(model, BaseLabelModel) and _reads_texts(model)
    sample = draw_sample(all_texts, MAX_ROWS if reads_texts else None)
    everything = CorpusEvidence(votes.L, _probs(model, votes, sample, texts, names), truth)
    rows, evidence = sample.rows, everything.sample(sample.rows)
    phrases = find_phrases(sample.texts, max(_LEAST_TEXTS, round(_LEAST_SHARE * len(rows))))
    with stage("comparing words"):
        points = text_space(phrases, seed)
    with stage("trying phrases"):
        pool = find_patterns(sample.texts, phrases, evidence)
    proposed, L = None, take_rows(votes.L, rows)
    if proposer is not None:
        proposed = proposer.propose(proposer.plan(sample.texts, L, names), names)
        pool, left_out = with_proposals(pool, proposed.lfs, sample.texts, evidence, L)
        proposed = proposed.without(left_out)
    with stage("choosing candidates"):
        chosen = choose(pool, evidence, points, n)
        if len(rows) < votes.n:
            chosen = on_all_rows(chosen, all_texts, everything)
    with stage("grouping rows without votes"):
        clusters = uncovered_clusters(points, phrases, evidence, seed)
    with stage("judging labeling functions and rows"):
        return Suggestions(
            lfs=_candidates(chosen, everything, names, votes.lf_names),
            clusters=tuple(_moved(cluster, rows) for cluster in clusters),
            weak_lfs=tuple(weak_lfs(votes, everything)),
            rows=tuple(rows[rows_to_label(points, evidence, L, _ROWS_TO_LABEL)].tolist()),
            labels=names,
            n_rows=votes.n,
            n_read=len(rows),
            reads_texts=reads_texts,
            proposed=proposed,
        )


def planned_prompts(
    texts: Sequence[str] | Corpus,
    votes: Votes,
    model: BaseLabelModel | ArrayLike,
    labels: Sequence[str],
    proposer: LFProposer,
) -> list[Prompt]:
    """Return the prompts that `suggest_lfs` would ask with the same arguments; nothing is sent."""
    reads_texts = isinstance(model, BaseLabelModel) and _reads_texts(model)
    sample = draw_sample(TextBatches(texts, votes.n), MAX_ROWS if reads_texts else None)
    return proposer.plan(sample.texts, take_rows(votes.L, sample.rows), check_label_names(labels, "suggest"))


def _reads_texts(model: BaseLabelModel) -> bool:
    """Return whether a fitted label model answers by the texts, too."""
    return model.uses_texts and model.__sklearn_is_fitted__() and answering(model, with_text=True).uses_texts


def _probs(
    model: BaseLabelModel | ArrayLike,
    votes: Votes,
    sample: RowSample,
    texts: Sequence[str] | Corpus,
    names: tuple[str, ...],
) -> RowProbs:
    """Return the label model's probabilities: of the sample where it reads texts, otherwise of all rows."""
    if not isinstance(model, BaseLabelModel):
        return RowProbs(check_probs(in_class_order(model, names), votes.n, len(names)))
    if not _reads_texts(model):
        patterns = votes.patterns()
        return RowProbs(check_probs(model.predict_proba(patterns.patterns), None, len(names)), patterns.rows())
    rows, read = sample.rows, sample.texts
    if isinstance(texts, Corpus) and texts.entities:
        read = TextBatches(texts, votes.n, for_models=True).of_rows(rows)
    with stage("label model"):
        probs = check_probs(model.predict_proba(take_rows(votes.L, rows), read), None, len(names))
    places = np.full(votes.n, -1)
    places[rows] = np.arange(len(rows))
    return RowProbs(probs, places)


def _candidates(
    chosen: Sequence[Choice], evidence: CorpusEvidence, labels: Sequence[str], taken: Sequence[str]
) -> tuple[CandidateLF, ...]:
    names = [*taken, *IMPORTED]
    fresh = evidence.uncovered.copy()
    candidates = []
    for choice in chosen:
        pattern, label, hits = choice.pattern, choice.label, choice.rows
        names.append(name_lf(labels[label], pattern.phrases, names))
        new = hits[fresh[hits]]
        old = hits[~fresh[hits]]
        fresh[hits] = False
        right, judged = _on_gold(evidence.gold[hits], label)
        candidates.append(
            CandidateLF(
                name=names[-1],
                label=label,
                kind=pattern.kind,
                patterns=pattern.patterns,
                precision=choice.precision,
                coverage=len(hits) / len(fresh),
                new_coverage=len(new) / len(fresh),
                votes=len(hits),
                new_votes=len(new),
                gold_precision=right,
                gold_votes=judged,
                examples=tuple(np.concatenate([new, old])[:_EXAMPLES].tolist()),
                code=pattern.code(names[-1], label),
                source=pattern.source,
            )
        )
    return tuple(candidates)


def _on_gold(gold: Labels, label: int) -> tuple[float | None, int]:
    judged = gold[gold != ABSTAIN]
    return (float((judged == label).mean()), len(judged)) if len(judged) else (None, 0)


def _moved(cluster: Cluster, rows: NDArray[np.int64]) -> Cluster:
    """Turn numbers among the rows that were read into numbers of the corpus."""
    return Cluster(tuple(rows[list(cluster.rows)].tolist()), cluster.phrases, cluster.label, cluster.share)
