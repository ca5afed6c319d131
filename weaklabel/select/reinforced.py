"""Selection by reinforcement learning: the reward is the score of the proxy model on held-out gold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from weaklabel.errors import SelectionError
from weaklabel.labels import ABSTAIN
from weaklabel.select.base import Floats, LabeledRows, Selector, drawn
from weaklabel.select.evidence import Evidence, supporters
from weaklabel.select.head import LinearHead, log_losses
from weaklabel.select.policy import ALGORITHMS, Algorithm, CurveFile, Learning, Policy, Reward, learn
from weaklabel.support.hashing import sha256_of_bytes, sha256_of_json

REWARD_ROWS = 1500
"""Most rows that the proxy model is fitted on for a reward; they are drawn anew in each step."""

WARM_STEPS = 12
"""Of gradient descent for a reward, from the coefficients of all of the step's rows."""


class Reinforced(Selector):
    """Base class of selectors by a policy that is rewarded on gold.

    The reward is the loss of the proxy model, fitted on the rows that are kept, on rows with gold. The policy that chooses
    learns from all gold. What it gains is told by others: rows with gold are split into folds, and for each a policy learns
    from the other folds and is judged on this one, which never rewarded it.

    Parameters
    ----------
    algorithm
        "ppo" or "reinforce", see `Learning`.
    evaluations, samples, lr
        How often the reward is computed for a fold, in steps of how many choices, and the learning rate.
    folds
        From 2 up, to tell what is gained; 0 does not tell, which takes the least time.
    curve_file
        JSON file for the curve of the reward; with it, a killed run goes on where it was.
    seed
        Of folds, choices and the rows that the proxy model is fitted on; see `Selector`.

    Attributes
    ----------
    unit_probs_ : array
        Probability by which the policy keeps each unit. Shape: [u].
    keep_probs_ : array
        Probability by which the policy keeps each row. Shape: [n].
    curve_ : list
        Of each policy, a record a step; see `Progress`.
    """

    notes_: Mapping[str, Any]

    needs_gold = True
    unit_probs_: Floats
    keep_probs_: Floats
    curve_: list[list[dict[str, float]]]

    def __init__(
        self,
        algorithm: Algorithm = "ppo",
        evaluations: int = 320,
        samples: int = 8,
        lr: float = 0.1,
        folds: int = 2,
        curve_file: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        self.algorithm = algorithm
        self.evaluations = evaluations
        self.samples = samples
        self.lr = lr
        self.folds = folds
        self.curve_file = curve_file

    @abstractmethod
    def _units(self, rows: LabeledRows) -> tuple[Floats, sparse.csr_array]:
        """Return what describes each unit, and the share of each unit in each row. Shape: [u, f] and [n, u]."""

    def _score(self, rows: LabeledRows) -> Floats:
        assert rows.gold is not None
        self._check()
        known, pool = rows.known(), np.flatnonzero(rows.gold == ABSTAIN)
        units, shares = self._units(rows)
        head, targets = LinearHead(rows.features), np.eye(rows.k)[rows.labels]
        learning = Learning(self.algorithm, self.evaluations, self.samples, self.lr)
        file = CurveFile(self.curve_file, self._identity(rows))
        start = head.fit(targets, rows.gold == ABSTAIN)
        folds = min(self.folds, len(known))
        fold_of = np.random.default_rng(self.seed).permutation(len(known)) % max(1, folds)
        losses = []
        for fold in range(folds + 1 if folds > 1 else 1):
            # The first learns from all gold, and chooses; the others are judged.
            is_judge = (fold_of == fold - 1) & (fold > 0)
            policy = Policy(units, learning, self.seed * 1009 + fold)
            learn(policy, fold, file, self._reward_of(rows, head, targets, shares, pool, known[~is_judge], start))
            chances = np.asarray(shares @ policy.probs())
            if fold == 0:
                self.unit_probs_, self.keep_probs_ = policy.probs(), chances
            else:
                losses.append(self._losses(rows, head, targets, chances, pool, known[is_judge], start))
        self.curve_ = file.curves()
        self.notes_ = {"evaluations": sum(len(curve) for curve in self.curve_) * self.samples}
        if losses:
            all_rows, weighted = np.mean(losses, axis=0).round(4).tolist()
            self.notes_ |= {"loss on held-out gold": {"all rows": all_rows, "rows weighted by the policy": weighted}}
        file.finish(dict(self.notes_))
        # The reward was that of rows drawn by these probabilities, not of those with the highest.
        return drawn(self.keep_probs_, self.seed)

    def _check(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise SelectionError(f"the algorithm must be one of {', '.join(ALGORITHMS)}, not {self.algorithm!r}")
        if self.samples < 2 or self.evaluations < self.samples or self.folds < 0 or self.folds == 1 or not self.lr > 0:
            raise SelectionError(
                "reinforcement learning needs samples from 2 up, at least as many evaluations, no folds or 2 and more, and a "
                f"learning rate above 0, not samples = {self.samples}, evaluations = {self.evaluations}, folds = "
                f"{self.folds} and lr = {self.lr}"
            )

    def _reward_of(
        self,
        rows: LabeledRows,
        head: LinearHead,
        targets: Floats,
        shares: sparse.csr_array,
        pool: NDArray[np.int64],
        judges: NDArray[np.int64],
        start: Floats,
    ) -> Reward:
        assert rows.gold is not None
        inputs, gold = head.inputs[judges], rows.gold[judges]

        def reward(kept: NDArray[np.bool_], step: int) -> tuple[Floats, NDArray[np.bool_]]:
            drawn = pool
            if len(pool) > REWARD_ROWS:
                rng = np.random.default_rng([self.seed, 1, step])
                drawn = np.sort(rng.choice(pool, REWARD_ROWS, replace=False))
            of_drawn = shares[drawn]
            weights = np.asarray((of_drawn @ kept.T.astype(np.float64)).T)
            coefs = head.take(drawn).fit(targets[drawn], weights, start=start, steps=WARM_STEPS)
            rewards = np.array([-log_losses(head.predict_proba(each, inputs), gold).mean() for each in coefs])
            return rewards, np.asarray(of_drawn.sum(axis=0) > 0)

        return reward

    def _losses(
        self,
        rows: LabeledRows,
        head: LinearHead,
        targets: Floats,
        chances: Floats,
        pool: NDArray[np.int64],
        judges: NDArray[np.int64],
        start: Floats,
    ) -> list[float]:
        """Return the loss on gold that did not reward, of all rows and of rows weighted by the policy."""
        assert rows.gold is not None
        part = head.take(pool)
        coefs = part.fit(targets[pool], np.stack([np.ones(len(pool)), chances[pool]]), start=start)
        inputs, gold = head.inputs[judges], rows.gold[judges]
        return [float(log_losses(head.predict_proba(each, inputs), gold).mean()) for each in coefs]

    def _identity(self, rows: LabeledRows) -> str:
        arrays = (rows.features, rows.labels, rows.probs, rows.votes, rows.gold)
        content = [None if array is None else sha256_of_bytes(np.ascontiguousarray(array).data) for array in arrays]
        settings = {name: value for name, value in self.get_params().items() if name != "curve_file"}
        return sha256_of_json([type(self).__name__, settings, content])


class ReinforcedLFs(Reinforced):
    """Rows of labeling functions that a policy keeps; see `Reinforced`.

    A unit is a labeling function; a row counts by the share of those voting for its label that are kept. Rows that no
    labeling function supports are a unit of their own.
    """

    needs_votes = True

    def _score(self, rows: LabeledRows) -> Floats:
        scores = super()._score(rows)
        self.lf_scores_: Floats | None = self.unit_probs_[:-1]
        return scores

    def _units(self, rows: LabeledRows) -> tuple[Floats, sparse.csr_array]:
        parts = supporters(rows)
        return np.eye(parts.shape[1]), sparse.csr_array(parts)


class ReinforcedGroups(Reinforced):
    """Rows of groups that a policy keeps: by labeling function, class and cluster of texts; see `Reinforced`.

    A group is of the rows with one label in one cluster whose label the same labeling function supports; of several, the one
    with the fewest votes, as it says most about the row.

    Parameters
    ----------
    n_clusters
        Clusters of the texts (k-means), from 1.

    References
    ----------
    Clusters as units of a policy: "RL-guided data selection for language model finetuning", arXiv 2509.25850.
    """

    needs_votes = True

    def __init__(
        self,
        algorithm: Algorithm = "ppo",
        evaluations: int = 320,
        samples: int = 8,
        lr: float = 0.1,
        folds: int = 2,
        curve_file: str | None = None,
        n_clusters: int = 20,
        seed: int = 0,
    ) -> None:
        super().__init__(algorithm, evaluations, samples, lr, folds, curve_file, seed)
        self.n_clusters = n_clusters

    def _units(self, rows: LabeledRows) -> tuple[Floats, sparse.csr_array]:
        from sklearn.cluster import MiniBatchKMeans

        assert rows.votes is not None
        parts = supporters(rows) > 0
        n_votes = np.append((rows.votes != ABSTAIN).sum(axis=0), len(rows) + 1)
        rarest = np.where(parts, n_votes, len(rows) + 2).argmin(axis=1)
        n_clusters = min(self.n_clusters, len(np.unique(rows.features, axis=0)))
        model = MiniBatchKMeans(n_clusters, random_state=self.seed, n_init=3, batch_size=1024)
        clusters = model.fit_predict(np.asarray(rows.features, dtype=np.float64))
        names, group_of = np.unique(np.stack([rarest, rows.labels, clusters], axis=1), axis=0, return_inverse=True)
        described = [np.eye(int(column.max()) + 1)[column] for column in names.T]
        # The last describes the group itself; what its labeling function, class and cluster have in common is shared.
        units = np.hstack([*described, np.eye(len(names))])
        ones = np.ones(len(rows))
        return units, sparse.csr_array((ones, (np.arange(len(rows)), group_of.ravel())), (len(rows), len(names)))


class ReinforcedRows(Reinforced):
    """Rows that a policy keeps by what speaks for their labels; see `Reinforced`, and `Evidence` for what it sees.

    With ``algorithm="reinforce"``, this is data valuation by reinforcement learning with a linear value function.

    References
    ----------
    Yoon, Arik and Pfister, "Data valuation using reinforcement learning", ICML 2020.
    """

    def _units(self, rows: LabeledRows) -> tuple[Floats, sparse.csr_array]:
        return Evidence.of(rows, self.seed).columns(rows), sparse.csr_array(sparse.eye_array(len(rows)))
