"""Whether the texts of two corpora differ: a classifier two-sample test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.lsa import new_tfidf, ngrams_of

MAX_ROWS = 20_000
"""Rows of each corpus that are compared; of more, so many are drawn."""

N_TERMS = 10


@dataclass(frozen=True)
class TextShift:
    """How well a classifier tells the texts of two corpora apart.

    Attributes
    ----------
    auc
        Probability that a text of the new corpus looks newer to the classifier than one of the old corpus: 0.5 if they do not
        differ. None where there are too few texts to train and test a classifier.
    p
        Probability of so high a value, or a higher one, where texts do not differ; 1 where there are too few.
    more, less
        Terms by which the classifier tells new texts, and old ones; most telling first.
    """

    auc: float | None
    p: float
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()


def compare_texts(old: Sequence[str], new: Sequence[str], *, seed: int = 0) -> TextShift:
    """Test whether the texts of two corpora differ.

    A linear classifier on TF-IDF of words and pairs of words learns on one half of the texts which corpus they are from, and
    is tested on the other half by the test of Mann and Whitney: the two-sample test of Lopez-Paz and Oquab ("Revisiting
    Classifier Two-Sample Tests", ICLR 2017). All copies of a text are in the same half, so that a text that is often repeated
    is no evidence of drift by itself. A false alarm is as rare as ``p`` says where rows are drawn independently.

    Parameters
    ----------
    old, new
        Texts.
    seed
        Of the halves, and of the rows that are drawn of a large corpus.
    """
    texts, is_new = _drawn(old, new, seed)
    in_test = np.array([_half(text, seed) for text in texts], dtype=bool)
    if any(len(np.unique(is_new[half])) < 2 for half in (in_test, ~in_test)):
        return TextShift(None, 1.0)
    from scipy.stats import mannwhitneyu
    from sklearn.linear_model import LogisticRegression

    vectorizer = new_tfidf((1, 2), max_features=100_000)
    train, test = (np.flatnonzero(half) for half in (~in_test, in_test))
    try:
        X = vectorizer.fit_transform([texts[row] for row in train])
    except ValueError:  # no text has a word
        return TextShift(None, 1.0)
    model = LogisticRegression(solver="liblinear", class_weight="balanced").fit(X, is_new[train])
    # Rounded, since equal texts must be equal to the test whatever the order of additions.
    scores = model.decision_function(vectorizer.transform([texts[row] for row in test])).round(9)
    of_new, of_old = scores[is_new[test]], scores[~is_new[test]]
    result = mannwhitneyu(of_new, of_old, alternative="greater")
    auc = float(result.statistic) / (len(of_new) * len(of_old))
    return TextShift(auc, float(result.pvalue), *_telling(model.coef_[0], ngrams_of(vectorizer)))


def _drawn(old: Sequence[str], new: Sequence[str], seed: int) -> tuple[list[str], NDArray[np.bool_]]:
    """Return at most `MAX_ROWS` texts of each corpus, and which are new."""
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    sizes = []
    for corpus in (old, new):
        rows = list(range(len(corpus)))
        if len(rows) > MAX_ROWS:
            rows = np.sort(rng.choice(len(rows), MAX_ROWS, replace=False)).tolist()
        texts += [corpus[row] for row in rows]
        sizes.append(len(rows))
    return texts, np.repeat([False, True], sizes)


def _half(text: str, seed: int) -> bool:
    salt = seed.to_bytes(8, "little", signed=True)
    return bool(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=1, salt=salt).digest()[0] & 1)


def _telling(weights: NDArray[np.float64], terms: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the terms with the largest weights for new texts, and for old ones."""
    order = np.argsort(-weights, kind="stable")
    more = tuple(terms[column] for column in order[:N_TERMS] if weights[column] > 0)
    return more, tuple(terms[column] for column in order[::-1][:N_TERMS] if weights[column] < 0)
