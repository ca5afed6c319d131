"""The proxy model: logistic regression on fixed vectors that is fitted again in milliseconds."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.encoder.inference import softmax
from weaklabel.labels import Labels, Probs

Floats = NDArray[np.float64]

COMPONENTS = 64
"""Principal components of the vectors: enough for the proxy to rank choices of rows as a full classifier does."""

STRENGTH = 3.0
"""Inverse strength of regularisation, as for `weaklabel.classifier.denoising.fit_probe`."""

STEPS = 40
"""Of gradient descent from nothing; a fit that starts at an earlier one needs about a third."""


class LinearHead:
    r"""Multinomial logistic regression on soft labels, on the principal components of the vectors of one corpus.

    The components are computed once; a fit is then accelerated gradient descent (Nesterov) that is preconditioned by the
    bound of the Hessian :math:`H \preceq \frac{1}{2} Z^T W Z + I / C`, so that it converges in a few steps of size 1. It
    draws nothing at random.

    Parameters
    ----------
    features
        Vectors of the rows. Shape: [n, d].
    n_components
        From 1; at most d are used.
    C
        Inverse strength of regularisation, above 0.

    Attributes
    ----------
    inputs : array
        The components of each row and a 1. Shape: [n, c + 1].

    References
    ----------
    The bound: Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of Statistical Mathematics 1992.

    Examples
    --------
    >>> head = LinearHead([[-1.0, 0.1], [-0.9, 0.0], [1.0, 0.1], [0.8, -0.2]])
    >>> weights = head.fit(np.eye(2)[[0, 0, 1, 1]])
    >>> head.predict_proba(weights).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, features: ArrayLike, n_components: int = COMPONENTS, C: float = STRENGTH) -> None:
        X = np.asarray(features, dtype=np.float64)
        self.C = C
        self._center = X.mean(axis=0)
        centered = X - self._center
        # As in fit_probe: encoders put all texts into one corner, so the differences are scaled to length 1 on average.
        scale = float(np.sqrt((centered**2).sum(axis=1).mean())) or 1.0
        _, vectors = np.linalg.eigh(centered.T @ centered)
        basis = vectors[:, ::-1][:, :n_components]
        # The sign of an eigenvector is arbitrary.
        signs = np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
        self._basis = basis * np.where(signs == 0, 1, signs) / scale
        self.inputs: Floats = self._with_one(centered @ self._basis)

    def transform(self, features: ArrayLike) -> Floats:
        """Return the inputs of other rows. Shape: [n, d] -> [n, c + 1]."""
        return self._with_one((np.asarray(features, dtype=np.float64) - self._center) @ self._basis)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return the head of some of the rows, with the same components."""
        part = object.__new__(type(self))
        part.__dict__.update(self.__dict__)
        part.inputs = self.inputs[rows]
        return part

    def fit(
        self,
        targets: Probs,
        weights: ArrayLike | None = None,
        *,
        start: Floats | None = None,
        steps: int = STEPS,
    ) -> Floats:
        """Return coefficients.

        Parameters
        ----------
        targets
            Class probabilities of each row, which sum to 1. Shape: [n, k].
        weights
            How much each row counts, from 0 up; with two dimensions, several models are fitted at once. Shape: [n] or
            [s, n].
        start
            Coefficients to begin with, of all models or of each. Shape: [c + 1, k] or [s, c + 1, k].
        steps
            Of gradient descent.

        Returns
        -------
        array
            Shape: [c + 1, k], or [s, c + 1, k] for several models.
        """
        Z, T = self.inputs.astype(np.float32), np.asarray(targets, dtype=np.float32)
        given = np.ones(len(Z)) if weights is None else np.asarray(weights)
        W = np.atleast_2d(given).astype(np.float32)
        (n, c), k, s = Z.shape, T.shape[1], len(W)
        penalty = np.full(c, 1 / self.C, dtype=np.float32)
        penalty[-1] = 1e-6  # the intercept
        # One bound for all models: that of the largest weight which a row has in any of them.
        bound = 0.5 * (Z.T * W.max(axis=0)) @ Z + np.diag(penalty)
        inverse = np.linalg.inv(bound.astype(np.float64)).astype(np.float32)
        # Rows are the last axis, over which nothing is reduced.
        across = np.ascontiguousarray(Z.T)
        counted = W[:, None, :] * T.T
        totals = counted.sum(axis=1, keepdims=True)
        coefs = np.zeros((s, c, k)) if start is None else np.broadcast_to(start, (s, c, k))
        coefs = np.ascontiguousarray(coefs.transpose(0, 2, 1).reshape(s * k, c), dtype=np.float32)
        ahead, momentum = coefs, 1.0
        for _ in range(steps):
            logits = (ahead @ across).reshape(s, k, n)
            logits -= logits.max(axis=1, keepdims=True)
            powers = np.exp(logits, out=logits)
            powers *= totals / powers.sum(axis=1, keepdims=True)
            powers -= counted
            gradient = powers.reshape(s * k, n) @ Z + penalty * ahead
            following = ahead - gradient @ inverse
            faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = following + np.float32((momentum - 1) / faster) * (following - coefs)
            coefs, momentum = following, faster
        fitted = coefs.reshape(s, k, c).transpose(0, 2, 1).astype(np.float64)
        return fitted if given.ndim == 2 else fitted[0]

    def predict_proba(self, coefs: Floats, inputs: Floats | None = None) -> Probs:
        """Return class probabilities. Shape: [c + 1, k], [n, c + 1] -> [n, k]."""
        return softmax((self.inputs if inputs is None else inputs) @ coefs)

    @staticmethod
    def _with_one(Z: Floats) -> Floats:
        return np.hstack([Z, np.ones((len(Z), 1))])


def log_losses(probs: Probs, labels: Labels) -> Floats:
    """Return the loss of each row. Shape: [n, k], [n] -> [n]."""
    return -np.log(probs[np.arange(len(labels)), labels].clip(1e-6))
