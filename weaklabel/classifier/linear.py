"""TF-IDF and logistic regression: the fast baseline that BERT is always compared with."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.targets import Targets, Uncovered, check_texts, class_names, soft_targets
from weaklabel.encoder.lsa import new_tfidf, ngrams_of, restored_tfidf
from weaklabel.errors import ClassifierError
from weaklabel.labels import Probs
from weaklabel.support.files import write_json
from weaklabel.support.progress import stage
from weaklabel.support.warn import warn

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 1000


class LinearClassifier(Classifier):
    """TF-IDF of word n-grams and logistic regression, trained by soft cross-entropy.

    Chinese and Japanese need no segmentation: each character is a token, so n-grams are of characters.

    Parameters
    ----------
    labels
        Class names; by default ``class_0``, ``class_1``, ...
    C
        Inverse strength of regularisation, as in scikit-learn, above 0.
    ngrams
        Smallest and largest number of tokens of an n-gram.
    max_features
        Largest number of n-grams; the most frequent are kept.
    uncovered
        Rows with no vote: "drop" leaves them out, "uniform" gives them the same probability for every class.
    seed
        Passed to scikit-learn; its default solver draws no random numbers.

    Attributes
    ----------
    coef_ : array
        Weight of each n-gram for each class. Shape: [k, features].
    intercept_ : array
        Shape: [k]; minus infinity for a class that no training row had.

    Examples
    --------
    >>> texts = ["win cash now", "free cash prize", "see you at lunch", "lunch at home"]
    >>> probs = [[0.1, 0.9], [0.2, 0.8], [0.9, 0.1], [0.7, 0.3]]
    >>> LinearClassifier(labels=("ham", "spam")).fit(texts, probs).predict(["cash prize", "home for lunch"])
    array([1, 0])
    """

    modules: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.feature_extraction.text")
    vectorizer_: TfidfVectorizer
    coef_: NDArray[np.float64]
    intercept_: NDArray[np.float64]

    def __init__(
        self,
        labels: Sequence[str] | None = None,
        *,
        C: float = 10.0,
        ngrams: tuple[int, int] = (1, 2),
        max_features: int = 200_000,
        uncovered: Uncovered = "drop",
        seed: int = 0,
    ) -> None:
        self.labels = labels
        self.C = C
        self.ngrams = ngrams
        self.max_features = max_features
        self.uncovered = uncovered
        self.seed = seed

    @property
    def uses_unlabeled(self) -> bool:
        """See `Classifier.uses_unlabeled`."""
        return self.uncovered != "drop"

    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Train on texts with probabilistic labels; see `Classifier.fit`. ``validation`` is not used."""
        given = check_texts(texts)
        names = class_names(self.labels, y)
        targets = soft_targets(len(given), y, names, sample_weight, self.uncovered)
        targets.need_two_classes(names)
        features = self._fit_features([given[row] for row in targets.rows])
        self.coef_, self.intercept_ = self._regress(features, targets)
        return self._set_fitted(names, y)

    def _fit_features(self, texts: list[str]) -> Any:
        """Learn features from the texts to train on, and return those of the texts, sparse. Shape: [r] -> [r, features]."""
        vectorizer = new_tfidf(self.ngrams, max_features=self.max_features)
        try:
            features = vectorizer.fit_transform(texts)
        except ValueError as error:
            raise ClassifierError(f"cannot make TF-IDF features of the {len(texts)} texts: {error}") from error
        self.vectorizer_ = vectorizer
        return features

    def _features(self, texts: Sequence[str]) -> Any:
        """Return the features of texts, sparse. Shape: [n] -> [n, features]."""
        return self.vectorizer_.transform(texts)

    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities; a class that no training row had gets 0. Shape: [n] -> [n, k]."""
        names = self._fitted_labels()
        given = check_texts(texts)
        if not given:
            return np.empty((0, len(names)))
        return self._probs(given)

    def _probs(self, texts: Sequence[str]) -> Probs:
        scores = self._features(texts) @ self.coef_.T + self.intercept_
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)

    def _regress(self, features: Any, targets: Targets) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        # scikit-learn takes hard labels only. A row repeated for each class, weighted by that class's probability, has
        # the same loss: soft cross-entropy. Classes with almost no probability are left out, for speed.
        kept = np.where(targets.present(), targets.probs, 0)
        kept *= (targets.weights / kept.sum(axis=1))[:, None]
        row, label = np.nonzero(kept)
        model = LogisticRegression(C=self.C, max_iter=MAX_ITERATIONS, random_state=self.seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                with stage("fitting the linear classifier"):
                    model.fit(features[row], label, sample_weight=kept[row, label])
            except ValueError as error:
                raise ClassifierError(f"cannot train the linear classifier: {error}") from error
        if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
            message = f"the linear classifier did not converge in {MAX_ITERATIONS} steps; a smaller C helps"
            warn(message, stacklevel=3)
        return _softmax_weights(model, targets.probs.shape[1])

    def _write(self, folder: Path) -> dict[str, Any]:
        write_json(folder / "vocabulary.json", ngrams_of(self.vectorizer_))
        np.savez(folder / "weights.npz", idf=self.vectorizer_.idf_, coef=self.coef_, intercept=self.intercept_)
        return {}

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        k, d = len(self.labels_), self._read_features(folder, state)
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            self.coef_, self.intercept_ = arrays["coef"], arrays["intercept"]
        if self.coef_.shape != (k, d) or self.intercept_.shape != (k,):
            raise ValueError(f"weights.npz has shape {self.coef_.shape}, which does not fit vocabulary and labels")
        # The intercept of a class that no row had is minus infinity.
        finite = np.isfinite(self.coef_).all() and (self.intercept_ < np.inf).all() and self.intercept_.max() > -np.inf
        if not (finite and np.isfinite(self.vectorizer_.idf_).all()):
            raise ValueError("weights.npz has numbers that are not finite")
        # Anything else that is wrong, such as ngrams that are not two numbers, shows in a prediction.
        if not np.isfinite(self._probs(["a text of a few words"])).all():
            raise ValueError("its predictions are not probabilities")

    def _read_features(self, folder: Path, state: dict[str, Any]) -> int:
        """Restore what `_fit_features` learned, and return the number of features."""
        vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        if not isinstance(vocabulary, list) or not all(isinstance(ngram, str) for ngram in vocabulary):
            raise ValueError("vocabulary.json is not a list of n-grams")
        if len(set(vocabulary)) < len(vocabulary):
            raise ValueError("vocabulary.json names an n-gram twice")
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            self.vectorizer_ = restored_tfidf(partial(new_tfidf, self.ngrams), vocabulary, arrays["idf"])
        return len(vocabulary)


def _softmax_weights(model: LogisticRegression, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients [k, features] and intercepts [k] for a softmax over all classes.

    scikit-learn has one row for two classes (the log-odds of the second) and none for a class without rows.
    """
    two = len(model.classes_) == 2
    coef = np.zeros((k, model.coef_.shape[1]))
    intercept = np.full(k, -np.inf)
    present = model.classes_[1:] if two else model.classes_
    intercept[model.classes_] = 0
    coef[present], intercept[present] = model.coef_, model.intercept_
    return coef, intercept
