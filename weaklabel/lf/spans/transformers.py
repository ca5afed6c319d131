"""Labeling functions of spans that ask a transformer trained to tag words, such as one for named entities."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.encoder.encoder import run_identity
from weaklabel.encoder.inference import (
    BATCH_TOKENS,
    GPU_BATCH_TOKENS,
    Pretrained,
    load_pretrained,
    padded_lengths,
    run_each,
    softmax,
)
from weaklabel.encoder.windows import Windows, token_windows
from weaklabel.errors import LFError, WeakLabelError, nearest
from weaklabel.lf.core import Reason
from weaklabel.lf.fingerprint import NotFingerprintable
from weaklabel.lf.reasons import quoted
from weaklabel.lf.spans.answers import Span
from weaklabel.lf.spans.named import Labels, NamedSpansLF
from weaklabel.units import Spans, Units, read_tags, spell_words

POOLING = "mean of a word's tokens, version 1"
"""How a word's probabilities are computed of its tokens'; to be changed together with `_probabilities`."""

_TAG = re.compile(r"[BIESLU]-(?P<type>.+)")


class TransformersNerLF(NamedSpansLF):
    """A labeling function that asks a transformer for the tag of each word; made by `transformers_ner_lf`."""

    kind = "transformers ner"

    def __init__(
        self, name: str, model: str, labels: Labels, threshold: float, max_length: int, complete: bool
    ) -> None:
        super().__init__(name, labels, complete=complete)
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
            raise LFError(f"LF '{name}': threshold must be a probability from 0 to 1, not {threshold!r}")
        if isinstance(max_length, bool) or not isinstance(max_length, int) or max_length < 4:
            raise LFError(f"LF '{name}': max_length must be a number of tokens, 4 or more, not {max_length!r}")
        self.model = model
        self.threshold = threshold
        self.max_length = max_length

    @property
    def slow(self) -> str | None:
        """See `LF.slow`."""
        return "a transformer"

    def vote(self, batch: Batch) -> list[list[Span]]:
        """See `SpanLF.vote`."""
        spans, labels, _ = self._marked(batch)
        return [
            self.numbered((begin, end, labels[label]) for begin, end, label in spans.of_row(row))
            for row in range(len(batch))
        ]

    def reason_of_span(self, row: Batch, span: Span) -> Reason:
        """See `SpanLF.reason_of_span`."""
        begin, end, number = span
        spans, labels, probs = self._marked(row)
        of_span = [
            f" with probability {prob:.2f}"
            for b, e, label, prob in zip(spans.begin, spans.end, spans.label, probs, strict=True)
            if b < end and begin < e and [each[2] for each in self.numbered([(0, 1, labels[label])])] == [number]
        ]
        return Reason(
            f"the model tags {quoted(row.texts[0][begin:end])} as {self.name_of(number)}{''.join(of_span[:1])}"
        )

    def identity(self) -> Any:
        """See `LF.identity`."""
        model = run_identity(self.model, None, POOLING)
        if model is None:
            raise NotFingerprintable(self.model)
        return [model, {**super().identity(), "model": ""}]

    def files(self) -> tuple[str, ...]:
        """See `LF.files`."""
        return (self.model,)

    def _marked(self, batch: Batch) -> tuple[Spans, tuple[str, ...], NDArray[np.float64]]:
        """Return spans in code points, the model's names of their labels, and the probability of each span."""
        loaded = _load(self.name, self.model)
        tags = _tags_of(self.name, self.model, loaded, self.label_of)
        words: Units = batch.once(("words", TEXT), lambda: spell_words(batch.frame[TEXT])).units
        # Labeling functions that ask the same model, say with other labels, share its answers.
        key = (self.kind, self.model, self.max_length)
        probs = batch.once(key, lambda: _probabilities(loaded, batch.texts, words, self.max_length, len(tags)))
        best = probs.argmax(axis=1)
        rows = [[tags[tag] for tag in best[a:b]] for a, b in zip(words.offsets[:-1], words.offsets[1:], strict=True)]
        spans, labels = read_tags(rows)
        types = np.array([_type_of(tag) for tag in tags], dtype=object)
        of_label = np.stack([probs[:, types == label].sum(axis=1) for label in labels], axis=1) if labels else probs
        sums = np.concatenate([np.zeros((1, of_label.shape[1])), np.cumsum(of_label, axis=0)])
        first, last = words.offsets[spans.row] + spans.begin, words.offsets[spans.row] + spans.end
        of_span = (sums[last, spans.label] - sums[first, spans.label]) / (last - first) if len(spans) else np.empty(0)
        kept = of_span >= self.threshold - 1e-9
        spans, first, last = spans.take(kept), first[kept], last[kept]
        places = Spans(spans.row, words.begins[first], words.ends[last - 1], spans.label, spans.n_rows)
        return places, tuple(labels), of_span[kept]


def transformers_ner_lf(
    name: str,
    model: str | os.PathLike[str],
    labels: Labels = None,
    *,
    threshold: float = 0.5,
    max_length: int = 256,
    complete: bool = True,
) -> TransformersNerLF:
    """Mark what a transformer for token classification tags, such as one for named entities.

    A word has the mean of its tokens' probabilities, and the tag that is most probable by it. The model is loaded at the first
    vote, once in a process; long texts are read in overlapping windows.

    Parameters
    ----------
    name
        Name of the labeling function.
    model
        Local folder or hub name of an ``AutoModelForTokenClassification`` with a fast tokenizer and tags such as ``O``,
        ``B-PER`` and ``I-PER``. No code of a model is run.
    labels
        A mapping from the model's types (``PER``) to labels, or a list of those that are labels themselves; others are left
        out. By default all; names that are not labels of the pack are left out and counted.
    threshold
        Probability, from 0 to 1, that a span needs: the mean of those of its words.
    max_length
        Tokens that are read at once.
    complete
        See `weaklabel.lf.spans.nlp.ner_lf`.

    Raises
    ------
    LFError
        A number is out of range; and at the first vote, the model cannot be loaded, has no such tags, or lacks a type of
        ``labels``.
    """
    return TransformersNerLF(name, str(model), labels, threshold, max_length, complete)


def _load(name: str, model: str) -> Pretrained:
    try:
        return _tagger(model)
    except WeakLabelError as error:
        raise LFError(f"LF '{name}': {error}") from error


@cache
def _tagger(model: str) -> Pretrained:
    return load_pretrained("AutoModelForTokenClassification", model)


def _tags_of(name: str, model: str, loaded: Pretrained, labels: dict[str, Any] | None) -> list[str]:
    """Return the model's tags by number; refuse, as an `LFError`, a model or types of entities that do not fit."""
    names = loaded.network.config.id2label
    tags = [names[number] for number in sorted(names)]
    types = {_type_of(tag) for tag in tags} - {""}
    other = next((tag for tag in tags if tag != "O" and not _TAG.fullmatch(tag)), None)
    if other is not None or not types:
        what = f"'{other}'" if other is not None else "O alone"
        raise LFError(
            f"LF '{name}': model '{model}' has tags such as {what}; it needs O and tags such as B-PER and I-PER"
        )
    unknown = next((each for each in labels or () if each not in types), None)
    if unknown is not None:
        raise LFError(
            f"LF '{name}': the model has no type '{unknown}'{nearest(unknown, types)}; its types are {', '.join(sorted(types))}"
        )
    return tags


def _type_of(tag: str) -> str:
    match = _TAG.fullmatch(tag)
    return "" if match is None else match["type"]


def _probabilities(
    loaded: Pretrained, texts: Sequence[str], words: Units, max_length: int, width: int
) -> NDArray[np.float64]:
    """Return the probability of each tag for each word. Shape: [n_words, width]."""
    network, tokenizer, device = loaded
    most = getattr(network.config, "max_position_embeddings", max_length)
    limit = int(min(max_length, tokenizer.model_max_length, most))
    windows: Windows = token_windows(tokenizer, texts, words, limit)
    order, starts = windows.words_of_windows()
    probs = np.zeros((len(words), width))
    padded = padded_lengths(np.array([len(ids) for ids in windows.ids], dtype=np.int64), limit)
    budget = BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
    batches = []
    # Always the same size for a length, so that no text's result depends on the others.
    for length in np.unique(padded)[::-1].tolist():
        group, size = np.flatnonzero(padded == length), max(1, budget // length)
        batches += [(length, size, group[begin : begin + size]) for begin in range(0, len(group), size)]

    def run(part: tuple[int, int, NDArray[np.int64]]) -> None:
        length, size, some = part
        ids = [windows.ids[window] for window in np.resize(some, size)]
        inputs = tokenizer.pad({"input_ids": ids}, padding="max_length", max_length=length, return_tensors="pt")
        logits = network(**inputs.to(device)).logits.float().cpu().numpy()
        for place, window in enumerate(some.tolist()):
            of_window = order[starts[window] : starts[window + 1]]
            sums = np.concatenate([np.zeros((1, width)), np.cumsum(softmax(logits[place]), axis=0)])
            first, last = windows.first[of_window], windows.last[of_window]
            probs[of_window] = (sums[last] - sums[first]) / (last - first)[:, None]

    run_each(batches, run, device)
    return probs
