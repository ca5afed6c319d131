"""``weaklabel train`` with labeling functions that mark spans: label a corpus, then train a tagger on the spans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.cli.printing import stdout_for_results
from weaklabel.errors import ConfigError, visible
from weaklabel.registries import EXPORTERS, TAGGERS
from weaklabel.support.warn import warn

if TYPE_CHECKING:
    from weaklabel.config import ClassifierSettings
    from weaklabel.corpus import Corpus
    from weaklabel.job import LabelOptions
    from weaklabel.lf.packs import LFCollection


def check_tagger(name: str, *, run_folder: bool, validation: bool, gold: bool, onnx: bool) -> None:
    """Refuse options that a tagger does not use, before anything is read."""
    cls = TAGGERS[name]
    if run_folder and not cls.has_param("run_folder"):
        raise ConfigError(f"the {name} tagger writes neither a log nor checkpoints; leave --run-folder out")
    if validation and not cls.uses_validation:
        raise ConfigError(f"the {name} tagger does not use validation rows; leave --validation out")
    if gold:
        raise ConfigError("--gold names a column of classes; gold spans of --validation are in the column spans")
    if onnx:
        EXPORTERS["onnx"]().check(cls)


def train_spans(
    rows: Corpus,
    lfs: LFCollection,
    options: LabelOptions,
    settings: ClassifierSettings,
    out: Path,
    *,
    validation: str | None,
    decisions: Path | None,
    run_folder: Path | None,
    onnx: bool,
    dry_run: bool,
    progress: bool,
) -> tuple[dict[str, Any], str]:
    """Label a corpus, train a tagger on it, and save that; return the result as JSON and as text.

    Parameters
    ----------
    rows, lfs, options
        The corpus, the labeling functions, and how to label.
    settings
        Of the tagger.
    out
        Folder to write it to.
    validation
        File with gold spans, to choose the best epoch.
    decisions
        File with spans that people decided: they replace those of the label model, and all together weigh as much as these.
    run_folder
        For logs and checkpoints.
    onnx
        Whether to export it.
    dry_run
        Write and train nothing.
    """
    from weaklabel.decisions import read_gold_spans
    from weaklabel.job.spans import vote_spans
    from weaklabel.job.spans.label import fitted
    from weaklabel.job.spans.training import training_texts
    from weaklabel.support.progress import showing
    from weaklabel.tagger import make_tagger

    settings = settings.for_task("spans")
    tagger = make_tagger(
        settings.name,
        settings.options(),
        lfs.labels,
        options.seed,
        log=run_folder,
        progress=progress,
        validated=validation is not None,
    )
    held = None if validation is None else read_gold_spans(validation, lfs.labels).rows()
    decided = None if decisions is None else read_gold_spans(decisions, lfs.labels)
    with stdout_for_results(), showing(progress):
        voted = vote_spans(rows, lfs, options)
        model = fitted(voted)
        sample = training_texts(voted, model, tagger, settings.max_rows, seed=options.seed)
    result: dict[str, Any] = {
        "task": "spans",
        "rows": voted.n,
        "rejects": voted.n_rejects,
        "covered": voted.covered,
        "label_model": model.describe() or options.label_model.name,
        "spans": len(sample.labels.spans),
        "classifier": settings.name,
        "model": str(out),
        "training_rows": len(sample.rows),
        "trainable_rows": sample.n_trainable,
    }
    if not dry_run:
        texts = list(sample.texts)
        labels, weights, n_decided = _with_decided(sample.labels, sample.words, texts, decided)
        with stdout_for_results(), showing(progress):
            tagger.fit(texts, labels, words=sample.words, sample_weight=weights, validation=held)
        about = [
            f"{len(lfs)} labeling functions ({', '.join(lfs.specs)}) marked spans in {voted.n:,} texts of "
            f"{Path(rows.name).name}; the label model '{options.label_model.name}' turned them into spans with probabilities.",
            f"The spans of {n_decided:,} texts were marked by hand." if n_decided else "",
            sample.describe(),
        ]
        tagger.save(out, provenance=" ".join(part for part in about if part), onnx=texts if onnx else None)
        result |= {"decided": n_decided if decided is not None else None} | tagger.training_summary()
        if onnx:
            from weaklabel.classifier import export_check

            result["onnx"] = export_check(out)
    return result, _as_text(result)


def _with_decided(labels: Any, words: Any, texts: list[str], decided: Any) -> tuple[Any, Any, int]:
    """Return the labels with the spans that people decided in place of the label model's, and the weights of texts."""
    import numpy as np

    from weaklabel.label_model.sequence import SpanLabels
    from weaklabel.units import Spans, on_words

    if decided is None:
        return labels, None, 0
    gold = decided.on(texts)
    n_decided = int(gold.is_known.sum())
    if decided.n_unseen:
        warn(f"{decided.n_unseen:,} decided texts are not among the training texts, and are not used", stacklevel=3)
    if not n_decided:
        return labels, None, 0
    marked, _ = on_words(gold.spans, words)
    weak = labels.spans.take(~gold.is_known[labels.spans.row])
    probs = labels.probs[~gold.is_known[labels.spans.row]]
    pairs = ((getattr(weak, name), getattr(marked, name)) for name in ("row", "begin", "end", "label"))
    row, begin, end, label = (np.concatenate(pair) for pair in pairs)
    order = np.lexsort((label, end, begin, row))
    spans = Spans(row[order], begin[order], end[order], label[order], weak.n_rows)
    word_probs = labels.word_probs
    if word_probs is not None:
        word_probs = word_probs.copy()
        tags = (marked.tags(words.offsets) + 1) // 2
        known = gold.is_known[words.row_of]
        word_probs[known] = np.eye(word_probs.shape[1])[tags[known]]
    weights = np.where(gold.is_known, max(1.0, (len(texts) - n_decided) / n_decided), 1.0)
    return SpanLabels(spans, np.concatenate([probs, np.ones(len(marked))])[order], word_probs), weights, n_decided


def _as_text(result: dict[str, Any]) -> str:
    text = (
        f"{result['rows']:,} rows, {result['covered']:,} with votes; spans: {visible(result['label_model'])}, "
        f"{result['spans']:,} in the training texts"
    )
    if result["training_rows"] < result["trainable_rows"]:
        text += f"\ntrained on {result['training_rows']:,} of {result['trainable_rows']:,} rows, a sample (--max-rows)"
    if result.get("decided"):
        text += f"\nspans of {result['decided']:,} rows were decided by people"
    if result.get("onnx"):
        text += "\nONNX export: {agreement:.1%} of the words of {texts:,} texts get the same label".format(
            **result["onnx"]
        )
    return text
