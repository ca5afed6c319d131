"""Labeling functions that ask a model: scikit-learn, transformers, zero-shot by entailment, similarity to examples.

Whatever the model, one rule turns its probabilities into votes; see `decide`.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.encoder.encoder import default_model, rows_cache, run_identity, shared_encoder
from weaklabel.encoder.inference import Pretrained, distinct, load_pretrained, run_texts, softmax
from weaklabel.errors import LFError, WeakLabelError, nearest
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes
from weaklabel.lf.core import LF, Reason, check_columns
from weaklabel.lf.fingerprint import NotFingerprintable
from weaklabel.lf.reasons import limits
from weaklabel.support.cache import TextCache

if TYPE_CHECKING:
    import torch


class ModelLF(LF):
    """A labeling function that gives every text class probabilities and votes where they are clear enough.

    A blank text is never voted on: there is nothing in it to judge.
    """

    def __init__(self, name: str, threshold: float, column: str) -> None:
        if not 0 <= threshold <= 1:
            raise LFError(f"LF '{name}': threshold must be a probability from 0 to 1, not {threshold!r}")
        self.name = name
        self.threshold = threshold
        self.column = column
        self.columns: tuple[str, ...] = (column,)

    @abstractmethod
    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return what `decide` needs: probabilities, and what each column stands for. Shapes: [n, j], [j]."""

    def vote(self, batch: Batch) -> VoteArray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        texts = self.texts(batch)
        if not texts:
            return np.empty(0, dtype=np.int8)
        blank = np.array([not text.strip() for text in texts])
        probs, answers = self.probabilities(batch)
        if not np.isfinite(probs[~blank]).all():
            # Not an LFError, which would stop the run: the caller finds the rows that are the cause.
            raise ValueError("the model gives probabilities that are not finite numbers")
        return np.where(blank, np.int8(ABSTAIN), decide(probs, answers, self.threshold))

    def texts(self, batch: Batch) -> list[str]:
        """Return the column that this labeling function reads, a missing value as "". Length: n."""
        if self.column == TEXT:
            return batch.texts
        check_columns(self.name, self.columns, batch)
        return batch.frame[self.column].cast(pl.String).fill_null("").to_list()

    def reason(self, row: Batch, vote: int) -> Reason:
        """See `LF.reason`."""
        probs, answers = self.probabilities(row)
        share = float(probs[0, answers == vote].sum())
        return Reason(f"{self.says}: probability {share:.2f}{limits(self.threshold, None)}")

    @property
    def says(self) -> str:
        """How a reason begins."""
        return f"the {self.kind} model says so"


class PretrainedLF(ModelLF):
    """A labeling function that asks a pretrained network: one in a local folder, or by its name on the hub."""

    model: str | None

    def identity(self) -> Any:
        """See `LF.identity`."""
        model = run_identity(*self.files(), None)
        if model is None:
            raise NotFingerprintable(self.model)
        return [model, {**super().identity(), "model": ""}]

    @property
    def slow(self) -> str | None:
        """See `LF.slow`."""
        return "a transformer"

    def files(self) -> tuple[str]:
        """See `LF.files`."""
        return (str(default_model() if self.model is None else self.model),)


LAST_DIGITS = 1e-9
"""Probabilities that differ by less count as equal."""


def decide(probs: NDArray[Any], answers: NDArray[np.int64], threshold: float) -> VoteArray:
    """Turn probabilities into votes.

    Probabilities of the same answer are added. The most probable answer is the vote where it reaches ``threshold``
    and no other is as probable; else, and where the answer is negative, the row abstains.

    Parameters
    ----------
    probs
        Shape: [n, j]; a row sums to 1.
    answers
        What each column stands for: a class number, or less than 0 for no class. Shape: [j].
    threshold
        From 0 to 1.

    Returns
    -------
    VoteArray
        Shape: [n].

    Examples
    --------
    >>> decide(np.array([[0.9, 0.1], [0.5, 0.5], [0.4, 0.6]]), np.array([0, 1]), threshold=0.6)
    array([ 0, -1,  1], dtype=int8)
    """
    classes = np.unique(answers)
    mass = np.stack([probs[:, answers == number].sum(axis=1) for number in classes], axis=1)
    top = mass.max(axis=1)
    best = classes[mass.argmax(axis=1)]
    # Sums of floats may part what ties, or miss a threshold, by a last digit.
    clear = (top >= threshold - LAST_DIGITS) & ((mass >= top[:, None] - LAST_DIGITS).sum(axis=1) == 1) & (best >= 0)
    return as_votes(np.where(clear, best, ABSTAIN), int(classes.max()) + 1)


def check_answers(name: str, answers: Iterable[Any], least: int = 1) -> None:
    """Refuse answers that are not class numbers or -1, that name no class, or that are fewer than ``least``."""
    answers = list(answers)
    wrong = [answer for answer in answers if not is_answer(answer)]
    if wrong:
        raise LFError(
            f"LF '{name}': {wrong[0]!r} is neither a class number from 0 to {MAX_CARDINALITY - 1} nor -1 (abstain)"
        )
    if len(answers) < least or not any(answer >= 0 for answer in answers):
        raise LFError(f"LF '{name}': it needs {least} or more answers, and a class among them, not {answers}")


def answers_of(name: str, labels: Sequence[Any], votes: Mapping[Any, int]) -> NDArray[np.int64]:
    """Return what each of a model's labels stands for, as `decide` wants it. Length: labels."""
    check_answers(name, votes.values())
    unknown = [label for label in votes if label not in labels]
    if unknown:
        hint = nearest(str(unknown[0]), map(str, labels))
        raise LFError(
            f"LF '{name}': the model has no label {unknown[0]!r}{hint}; its labels are {', '.join(map(str, labels))}"
        )
    # Labels without a vote stay apart from one another: each must win by itself to make the text abstain.
    return np.array([votes.get(label, -2 - place) for place, label in enumerate(labels)], dtype=np.int64)


def is_answer(value: Any) -> bool:
    """Say whether ``value`` is a class number, or -1."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and ABSTAIN <= value < MAX_CARDINALITY


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
        self.answers: NDArray[np.int64] = answers_of(name, classes, votes or {number: number for number in classes})

    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """See `ModelLF.probabilities`."""
        different, row_of = distinct(self.texts(batch))
        return np.asarray(self.model.predict_proba(different))[row_of], self.answers


class TransformersLF(PretrainedLF):
    """A labeling function that asks a text-classification transformer; see `transformers_lf`."""

    kind = "transformers"
    model: str

    def __init__(
        self, name: str, model: str, votes: Mapping[str, int], threshold: float, max_length: int, column: str = TEXT
    ) -> None:
        super().__init__(name, threshold, column)
        check_answers(name, votes.values())
        self.model = model
        self.votes: dict[str, int] = dict(votes)
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


class ZeroShotLF(PretrainedLF):
    """A labeling function that asks which hypothesis a text entails; see `zero_shot_lf`."""

    kind = "zero-shot"
    model: str

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
        self.hypotheses: dict[int, str] = dict(hypotheses)
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
        at least two, one of which may be that of -1: where it wins, the text abstains.
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


NEAREST = 3
"""Examples of a class, the most similar ones, that a text is compared with."""

TEMPERATURE = 0.05
"""Cosine by which one class must lead another to be e times as probable."""


class _Prototypes(NamedTuple):
    """The examples as vectors, a matrix a class, and the similarity at which each class begins."""

    vectors: list[NDArray[np.float32]]
    begin: NDArray[np.float64]


class PrototypeLF(PretrainedLF):
    """A labeling function that votes by similarity to examples; see `prototype_lf`."""

    kind = "prototype"

    def __init__(
        self,
        name: str,
        examples: Mapping[int, Sequence[str]],
        threshold: float,
        model: str | None,
        column: str = TEXT,
    ) -> None:
        super().__init__(name, threshold, column)
        check_answers(name, examples, least=2)
        self.examples: dict[int, list[str]] = {
            number: _checked(name, number, texts) for number, texts in examples.items()
        }
        self.model = model

    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """See `ModelLF.probabilities`."""
        prototypes = self._prototypes
        encoder = shared_encoder(self.model)
        vectors = batch.once(("embedding", encoder.model, self.column), lambda: encoder.encode(self.texts(batch)))
        likeness = np.stack([_likeness(vectors @ own.T) for own in prototypes.vectors], axis=1)
        return softmax((likeness - prototypes.begin) / TEMPERATURE), np.array(list(self.examples))

    @property
    def slow(self) -> str | None:
        """See `LF.slow`."""
        return "a text encoder"

    @property
    def says(self) -> str:
        """See `ModelLF.says`."""
        return "is similar to its examples"

    @cached_property
    def _prototypes(self) -> _Prototypes:
        try:
            encoder = shared_encoder(self.model)
            vectors = [encoder.encode(texts) for texts in self.examples.values()]
        except WeakLabelError as error:
            raise LFError(f"LF '{self.name}': {error}") from error
        return _Prototypes(vectors, np.array([_begin(number, vectors) for number in range(len(vectors))]))


def prototype_lf(
    name: str,
    examples: Mapping[int, Sequence[str]],
    *,
    threshold: float = 0.8,
    model: str | os.PathLike[str] | None = None,
    column: str = TEXT,
) -> PrototypeLF:
    """Make a labeling function of a few example texts for each class.

    A text's similarity to a class is its mean cosine similarity to the 3 most similar examples of that class. The
    texts of some classes are more similar to each other than those of others, so each class has its own
    threshold: the middle between how similar its examples are to each other, and how similar the other classes' examples
    are to them. What exceeds it, divided by 0.05, goes through a softmax over the classes; the most probable class is
    the vote. A text that is similar to no example is as close to one class as to another, and abstains.

    Parameters
    ----------
    name
        Name of the labeling function.
    examples
        Two or more different texts for each class number, of two or more classes; about eight a class, as varied as
        the corpus, do well. Examples under -1 show what not to vote on: where they win, the text abstains.
    threshold
        Probability, from 0 to 1, below which it abstains. With two classes 0.5 votes on everything, and the default
        asks for a lead of 0.07 in cosine, 0.9 one of 0.11.
    model
        Local folder or hub name of an encoder; by default the embedded English one, `default_model`.
    column
        The column to read; its vectors are computed once a batch for all labeling functions that share the model.

    Raises
    ------
    LFError
        Examples or threshold are wrong; and at the first vote, the model cannot be loaded.

    Examples
    --------
    >>> import polars as pl
    >>> lf = prototype_lf("tone", {0: ["what a dreadful film", "boring and bad"], 1: ["I loved it", "a great film"]})
    >>> lf.vote(Batch(pl.DataFrame({"text": ["a wonderful movie", "an awful movie", "seven"]})))
    array([ 1,  0, -1], dtype=int8)
    """
    return PrototypeLF(name, examples, threshold, None if model is None else str(model), column)


def _checked(name: str, number: int, texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise LFError(f"LF '{name}': the examples of class {number} must be a list of texts that are not blank")
    different, _ = distinct(texts)
    if len(different) < 2:
        raise LFError(
            f"LF '{name}': class {number} needs two or more different examples, because their similarity "
            f"sets the threshold; it has {len(different)}"
        )
    return different


def _likeness(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each row's highest similarities. Shape: [n, examples] -> [n]."""
    likeness: NDArray[np.float32] = np.sort(similarity, axis=1)[:, -NEAREST:].mean(axis=1)
    return likeness


def _begin(number: int, vectors: Sequence[NDArray[np.float32]]) -> float:
    """Return the similarity at which class ``number`` begins."""
    own = vectors[number]
    among = own @ own.T
    others = among[~np.eye(len(own), dtype=bool)].reshape(len(own), -1)
    strangers = np.concatenate([part for place, part in enumerate(vectors) if place != number])
    return float(_likeness(others).mean() + _likeness(strangers @ own.T).mean()) / 2
