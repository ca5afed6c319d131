"""The one interface of all taggers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.folder import SPANS
from weaklabel.classifier.targets import check_texts
from weaklabel.classifier.trained import TrainedModel
from weaklabel.errors import ClassifierError
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.registries import TAGGERS
from weaklabel.tagger.targets import WordTargets, span_names, word_targets
from weaklabel.units import Spans, Units, find_words, in_code_points, on_words, tag_names
from weaklabel.units.chain import consistent_spans, marginals


class TaggerRows(NamedTuple):
    """Texts to train or to validate on, their words, and what is learned from them."""

    texts: list[str]
    words: Units
    targets: WordTargets


class Tagger(TrainedModel):
    """A model that marks spans in texts, trained on probabilistic labels, with the manners of scikit-learn.

    It gives each word a probability for each BIO tag. The spans are those of the best tags that fit together, so that no
    span begins in its middle.

    To add a tagger, write a subclass and name it in `weaklabel.registries.TAGGERS`, or in a plugin by an entry point of the
    group ``weaklabel.taggers``. Its constructor must have defaults for all arguments and take ``labels``.

    Attributes
    ----------
    labels_ : tuple of str
        Names of the labels; label ``i`` is ``labels_[i]``. Set by `fit`, as is everything else that ends in an underscore.
    training_ : dict
        Record of the training: texts, words, spans, and shares of the labels among the words.
    """

    registry = TAGGERS
    task = SPANS
    training_: dict[str, Any]

    def fit(
        self,
        texts: Sequence[str],
        y: SpanLabels | Spans | Sequence[Sequence[tuple[int, int, Any]]],
        *,
        words: Units | None = None,
        sample_weight: ArrayLike | None = None,
        word_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], Any] | None = None,
    ) -> Self:
        """Train on texts with spans.

        Parameters
        ----------
        texts
            Length: n.
        y
            `SpanLabels`, as label models return them: they count words. A word whose probabilities are NaN has no reliable
            label, and is not learned from. Or `Spans` in code points; or for each text a list of begin, end and label, by
            name or number. Spans that cut a word take all of it, with a warning.
        words
            The words of the texts; by default those of `weaklabel.units.find_words`.
        sample_weight, word_weight
            How much each text and each word counts, from 0 up; by default 1. Shape: [n] and [n_words].
        validation
            Texts with gold spans, in a form that ``y`` has, for taggers that stop early; others ignore it.

        Raises
        ------
        ClassifierError
            The input does not fit together, or there is no span to learn from.
        """
        self.check_params(validation is not None)
        given = check_texts(texts)
        labels = span_names(self._given_labels(), y)
        rows = _rows(given, y, words, labels, sample_weight, word_weight)
        rows.targets.need_spans(labels)
        held = None
        if validation is not None:
            held_texts = check_texts(validation[0])
            held = _rows(held_texts, validation[1], None, labels, None, None)
        self.training_ = {
            "texts": len(given),
            "words": len(rows.words),
            "trained_words": int((rows.targets.weights > 0).sum()),
            "spans": len(rows.targets.spans),
            "class_shares": rows.targets.shares().tolist(),
        }
        self._learn(rows, held, labels)
        self.labels_, self.provenance_, self.entities_, self.named_ = labels, "", (), True
        return self

    @abstractmethod
    def _learn(self, rows: TaggerRows, held: TaggerRows | None, labels: tuple[str, ...]) -> None:
        """Train on checked rows."""

    @abstractmethod
    def _scores(self, texts: list[str], words: Units) -> NDArray[np.float64]:
        """Return the log-probability of each tag of each word, or more generally its score. Shape: [n_words, 2k + 1]."""

    def _given_labels(self) -> Sequence[str] | None:
        labels: Sequence[str] | None = getattr(self, "labels", None)
        return labels

    def tag(self, texts: Sequence[str], words: Units | None = None) -> SpanLabels:
        """Return the spans of each text, counted in words, with the probabilities of spans and of words.

        Parameters
        ----------
        texts
            Length: n.
        words
            Their words; by default those of `weaklabel.units.find_words`.
        """
        self._fitted_labels()
        given = check_texts(texts)
        words = _words(given, words)
        scores = self._scores(given, words)
        spans = consistent_spans(scores, words.offsets)
        of = marginals(scores, words.offsets, spans)
        return SpanLabels(spans=spans, probs=of.spans, word_probs=of.words)

    def predict(self, texts: Sequence[str], words: Units | None = None) -> Spans:
        """Return the spans of each text, in code points; they do not overlap. For the arguments see `tag`."""
        self._fitted_labels()
        given = check_texts(texts)
        words = _words(given, words)
        return in_code_points(consistent_spans(self._scores(given, words), words.offsets), words)

    def predict_proba(self, texts: Sequence[str], words: Units | None = None) -> NDArray[np.float64]:
        """Return for each word the probability of no span, then of each label. Shape: [n_words, k + 1].

        For the arguments see `tag`.
        """
        probs = self.tag(texts, words).word_probs
        assert probs is not None
        return probs

    def score(self, texts: Sequence[str], y: Any, sample_weight: None = None) -> float:
        """Return F1 over all spans, by exact match; `weaklabel.scoring.score_spans` returns more scores.

        Parameters
        ----------
        texts
            Length: n.
        y
            Gold spans in code points, as `Spans` or a list for each text.
        """
        from weaklabel.scoring import score_spans

        if sample_weight is not None:
            raise ClassifierError("F1 of spans takes no sample_weight; score a part of the texts instead")
        labels = self._fitted_labels()
        given = check_texts(texts)
        words = _words(given, None)
        gold = word_targets(len(given), y, words, labels).spans
        predicted, _ = on_words(self.predict(given), words)
        return score_spans(gold, predicted, labels, intervals=0).f1

    @property
    def classes_(self) -> NDArray[Any]:
        """Names of the tags: O, then B- and I- of each label. Shape: [2k + 1]."""
        return np.array(tag_names(self._fitted_labels()))


def _words(texts: list[str], words: Units | None) -> Units:
    if words is None:
        return find_words(texts)
    if words.n_rows != len(texts):
        raise ClassifierError(
            f"there are words of {words.n_rows} texts, but {len(texts)} texts; give the words of the same texts"
        )
    return words


def _rows(
    texts: list[str],
    y: Any,
    words: Units | None,
    labels: tuple[str, ...],
    sample_weight: ArrayLike | None,
    word_weight: ArrayLike | None,
) -> TaggerRows:
    of = _words(texts, words)
    return TaggerRows(texts, of, word_targets(len(texts), y, of, labels, sample_weight, word_weight))
