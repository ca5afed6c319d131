"""What paraphrases will cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from weaklabel.augment.apply import NewRow, TFApplier, texts_of
from weaklabel.augment.core import calls_of
from weaklabel.augment.paraphrase import Paraphrase
from weaklabel.augment.transform import Augment
from weaklabel.corpus import Corpus
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from weaklabel.llm import Estimate, Prompt


def asking_costs(corpus: Corpus, transform: Augment) -> list[Estimate]:
    """Return what asking language models for new rows will take, an estimate for each model; nothing is sent.

    Where a paraphrase is made of what other transformation functions changed, the text before them is counted.
    """
    from weaklabel.llm import asking

    estimates = []
    for place, tf in enumerate(transform.tfs.tfs):
        if not isinstance(tf, Paraphrase):
            continue
        prompts: list[Prompt] = []
        with transform.applier() as applier, stage("counting tokens", corpus.known_length, "rows") as shown:
            for batch in corpus.batches():
                frame = batch.stored
                prompts += _prompts(tf, place, applier, frame[transform.sources(frame, batch.start)])
                shown.advance(len(batch))
        estimates.append(asking().estimate(tf.language_model(), prompts))
    return estimates


def _prompts(tf: Paraphrase, place: int, applier: TFApplier, frame: pl.DataFrame) -> Iterator[Prompt]:
    texts = texts_of(frame, applier.columns)
    plans = applier.sequences(texts)
    steps: dict[int, tuple[list[NewRow], list[int]]] = {}
    for row, plan in enumerate(plans):
        for ordinal, places in enumerate(plan):
            if place in places:
                rows, ordinals = steps.setdefault(places.index(place), ([], []))
                rows.append(NewRow(row, texts[row]))
                ordinals.append(ordinal)
    for step, (rows, ordinals) in sorted(steps.items()):
        for batch, _ in applier.batches(place, frame, rows, ordinals, step):
            prompts = tf.prompts(batch, applier.columns, calls_of(batch)[1])
            yield from (prompt for prompt in prompts if prompt is not None)
