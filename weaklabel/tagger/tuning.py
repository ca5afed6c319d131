"""Fine-tuning a BERT tagger.

This file imports torch, so only code that needs torch anyway imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weaklabel.classifier.options import TrainingOptions
from weaklabel.classifier.transformer import token_limit
from weaklabel.classifier.tuning import Sets, Tuned, Tuner, tune_at_rates
from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.tagger.base import TaggerRows
from weaklabel.tagger.network import TagNetwork, WindowExamples, new_network


def tune_tagger(options: TrainingOptions, rows: TaggerRows, held: TaggerRows | None, n_tags: int) -> Tuned:
    """Train once for each learning rate in ``options``, and return the best.

    Parameters
    ----------
    options
        Their number of epochs must be set.
    rows, held
        The texts to train on, and those by which the best epoch and learning rate are chosen.
    n_tags
        Number of tags.

    Raises
    ------
    ClassifierError
        Training diverged at every learning rate, or the tokenizer does not say where its tokens are.
    """
    try:
        return tune_at_rates(options, rows.texts, lambda base: _TaggerTuner(options, base, rows, held, n_tags))
    except ClassifierError:
        raise
    except WeakLabelError as error:
        raise ClassifierError(str(error)) from error


class _TaggerTuner(Tuner):
    def __init__(
        self, options: TrainingOptions, base: str | Path, rows: TaggerRows, held: TaggerRows | None, n_tags: int
    ) -> None:
        super().__init__(options, base)
        self.rows = rows
        self.held = held
        self.n_tags = n_tags

    def load(self) -> tuple[TagNetwork, Any]:
        """See `Tuner.load`."""
        return new_network(self.base, self.n_tags)

    def sets(self, model: TagNetwork, tokenizer: Any) -> Sets:
        """See `Tuner.sets`."""
        limit = token_limit(model.base_model, tokenizer, self.options.max_length)
        train = WindowExamples.of(self.rows, tokenizer, limit)
        held = None if self.held is None else WindowExamples.of(self.held, tokenizer, limit)
        smoothing = self.options.label_smoothing
        return Sets(
            train.lengths,
            lambda model, device: train.loss(model, smoothing, device),
            None if held is None else held.validation,
            train.data() | ({} if held is None else held.data("validation ")),
            {"max_tokens": limit, "windows": len(train.lengths)},
        )
