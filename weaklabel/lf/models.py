"""Labeling functions that ask a trained model: scikit-learn, transformers, and zero-shot by entailment.

Whatever the model, one rule turns its probabilities into votes; see `weaklabel.lf.probability.decide`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.encoder.device import Pretrained, load_pretrained
from weaklabel.encoder.encoder import rows_cache, run_identity
from weaklabel.encoder.inference import distinct, run_texts
from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.probability import ModelLF, answers_of, check_answers, is_answer, softmax
from weaklabel.support.cache import TextCache

if TYPE_CHECKING:
    import torch

BATCH_SIZE = 16
"""Texts that run through a transformer at once."""


class SklearnLF(ModelLF):
    """A labeling function that asks a scikit-learn classifier; see `sklearn_lf`."""

    kind = "sklearn"

    def __init__(
        self, name: str, model: Any, votes: Mapping[Any, int] | None, threshold: float, column: str = TEXT
    ) -> None:
        super().__init__(name, threshold, column)
        if not hasattr(model, "predict_proba"):
            raise LFError(f"LF '{name}': {type(model).__name__} has no predict_proba; give a probabilistic classifier")
        if getattr(model, "classes_", None) is None:
            raise LFError(f"LF '{name}': {type(model).__name__} is not fitted; fit it before it votes")
        classes = list(model.classes_)
        if votes is None and not all(is_answer(number) for number in classes):
            raise LFError(f"LF '{name}': the model's classes are {classes}; say with votes= which class number each is")
        self.model = model
        self.answers = answers_of(name, classes, votes or {number: number for number in classes})

    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """See `ModelLF.probabilities`."""
        different, row_of = distinct(self.texts(batch))
        return np.asarray(self.model.predict_proba(different))[row_of], self.answers


class TransformersLF(ModelLF):
    """A labeling function that asks a text-classification transformer; see `transformers_lf`."""

    kind = "transformers"

    def __init__(
        self, name: str, model: str, votes: Mapping[str, int], threshold: float, max_length: int, column: str = TEXT
    ) -> None:
        super().__init__(name, threshold, column)
        check_answers(name, votes.values())
        self.model = model
        self.votes = dict(votes)
        self.max_length = max_length

    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """See `ModelLF.probabilities`."""
        loaded = _load(self.name, self.model)
        labels = _labels_of(loaded)
        if len(labels) < 2 or loaded.network.config.problem_type in ("regression", "multi_label_classification"):
            raise LFError(f"LF '{self.name}': model '{self.model}' does not choose one label of several for a text")
        answers = answers_of(self.name, labels, self.votes)
        # Labeling functions that ask the same model, say at different thresholds, share its answers.
        key = (self.kind, self.model, self.max_length, self.column)
        return batch.once(key, lambda: self._run(loaded, self.texts(batch), len(labels))), answers

    def _run(self, loaded: Pretrained, texts: Sequence[str], width: int) -> NDArray[np.float64]:
        different, row_of = distinct(texts)

        def run(missing: list[str]) -> NDArray[np.float32]:
            return run_texts(
                loaded, missing, read=_logits, width=width, max_length=self.max_length, batch_size=BATCH_SIZE
            )

        return softmax(np.stack(_known(self.model, self.max_length).get(different, run)))[row_of]


class ZeroShotLF(ModelLF):
    """A labeling function that asks which hypothesis a text entails; see `zero_shot_lf`."""

    kind = "zero-shot"

    def __init__(
        self,
        name: str,
        model: str,
        hypotheses: Mapping[int, str],
        threshold: float,
        max_length: int,
        column: str = TEXT,
    ) -> None:
        super().__init__(name, threshold, column)
        check_answers(name, hypotheses, least=2)
        self.model = model
        self.hypotheses = dict(hypotheses)
        self.max_length = max_length

    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """See `ModelLF.probabilities`."""
        loaded = _load(self.name, self.model)
        labels = _labels_of(loaded)
        column = next((i for i, label in enumerate(labels) if label.lower().startswith("entail")), None)
        if column is None:
            raise LFError(
                f"LF '{self.name}': model '{self.model}' has no label 'entailment', its labels are "
                f"{', '.join(labels)}; give a model trained for natural language inference"
            )
        different, row_of = distinct(self.texts(batch))
        entailment = [self._run(loaded, different, hypothesis)[:, column] for hypothesis in self.hypotheses.values()]
        return softmax(np.stack(entailment, axis=1))[row_of], np.array(list(self.hypotheses))

    def _run(self, loaded: Pretrained, texts: list[str], hypothesis: str) -> NDArray[np.float32]:
        """Return the logits of every text with the hypothesis. Shape: [n, labels]."""

        def run(missing: list[str]) -> NDArray[np.float32]:
            return run_texts(
                loaded,
                missing,
                [hypothesis] * len(missing),
                read=_logits,
                width=loaded.network.config.num_labels,
                max_length=self.max_length,
                batch_size=BATCH_SIZE,
            )

        return np.stack(_known(self.model, self.max_length, hypothesis).get(texts, run))


def sklearn_lf(
    name: str, model: Any, *, votes: Mapping[Any, int] | None = None, threshold: float = 0.5, column: str = TEXT
) -> SklearnLF:
    """Make a labeling function of a fitted scikit-learn classifier, or pipeline, that takes texts.

    Parameters
    ----------
    name
        Name of the labeling function.
    model
        Has ``predict_proba`` for a list of texts, and ``classes_``.
    votes
        Class number, or -1 for abstain, for entries of ``model.classes_``; where another entry wins, it abstains.
        By default the entries themselves are the class numbers.
    threshold
        Probability, from 0 to 1, below which it abstains.
    column
        The column to read.

    Raises
    ------
    LFError
        Not such a model, or ``votes`` does not fit its classes.

    Examples
    --------
    >>> import polars as pl
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(CountVectorizer(), MultinomialNB())
    >>> lf = sklearn_lf("bayes", model.fit(["win a prize", "see you later"], ["spam", "ham"]), votes={"spam": 1})
    >>> lf.vote(Batch(pl.DataFrame({"text": ["a prize", "later"]})))
    array([ 1, -1], dtype=int8)
    """
    return SklearnLF(name, model, votes, threshold, column)


def transformers_lf(
    name: str,
    model: str | os.PathLike[str],
    votes: Mapping[str, int],
    *,
    threshold: float = 0.5,
    max_length: int = 256,
    column: str = TEXT,
) -> TransformersLF:
    """Make a labeling function of a transformer trained for text classification.

    The model is loaded at the first vote, and once in a process.

    Parameters
    ----------
    name
        Name of the labeling function.
    model
        Local folder or hub name of an ``AutoModelForSequenceClassification``.
    votes
        Class number, or -1 for abstain, for the model's own label names (``config.id2label``). Several labels of one
        class add up; where a label that is not named here wins, it abstains.
    threshold
        Probability, from 0 to 1, below which it abstains.
    max_length
        Tokens of a text that are read.
    column
        The column to read.

    Raises
    ------
    LFError
        A class number or the threshold is out of range; and at the first vote, the model cannot be loaded, does not
        choose one label of several, or has no label of such a name.
    """
    return TransformersLF(name, str(model), votes, threshold, max_length, column)


def zero_shot_lf(
    name: str,
    model: str | os.PathLike[str],
    hypotheses: Mapping[int, str],
    *,
    threshold: float = 0.5,
    max_length: int = 256,
    column: str = TEXT,
) -> ZeroShotLF:
    """Make a labeling function of a transformer trained for natural language inference.

    A text votes for the class whose hypothesis it entails most: the probabilities are the softmax over the entailment
    logits (Yin, Hay and Roth, "Benchmarking Zero-shot Text Classification", EMNLP 2019). The model is loaded at the
    first vote, and once in a process; it runs once a text and hypothesis.

    Parameters
    ----------
    name
        Name of the labeling function.
    model
        Local folder or hub name of an ``AutoModelForSequenceClassification`` that has a label "entailment".
    hypotheses
        A sentence for each class number, such as ``{0: "This is a private message.", 1: "This is advertising."}``;
        at least two, of which one may stand under -1: where it wins, the text abstains.
    threshold
        Probability, from 0 to 1, below which it abstains.
    max_length
        Tokens of text and hypothesis that are read; only the text is ever cut.
    column
        The column to read.

    Raises
    ------
    LFError
        A class number or the threshold is out of range; and at the first vote, the model cannot be loaded, or has no
        label "entailment".
    """
    return ZeroShotLF(name, str(model), hypotheses, threshold, max_length, column)


def _labels_of(loaded: Pretrained) -> list[str]:
    names = loaded.network.config.id2label
    return [names[number] for number in sorted(names)]


def _logits(output: Any, mask: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = output.logits
    return logits


def _load(name: str, model: str) -> Pretrained:
    try:
        return _classifier(model)
    except WeakLabelError as error:
        raise LFError(f"LF '{name}': {error}") from error


@cache
def _known(model: str, max_length: int, hypothesis: str | None = None) -> TextCache[NDArray[np.float32]]:
    """Return this process's cache of a model's logits, of the texts alone or each with a hypothesis."""
    return rows_cache("logits", run_identity(model, None, max_length, BATCH_SIZE, hypothesis))


@cache
def _classifier(model: str) -> Pretrained:
    return load_pretrained("AutoModelForSequenceClassification", model)
