"""Label models of other packages, each behind one function; each run in a process of its own, with a time limit.

They are installed apart, as benchmarks/README.md says. What is said of a peer in ``note`` holds for all its figures.
Labeling functions that never vote on train rows are left out for all of them: some fail on these.
"""

import importlib
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.quality.answers import Predictions
from weaklabel.labels import ABSTAIN, Probs, VoteArray
from weaklabel.votes.tally import has_vote

Run = Callable[[VoteArray, VoteArray, int, int], tuple[Probs, Probs]]
"""Votes of train rows and of the rows to score, number of classes, seed; gives the probabilities of both."""

TOGETHER = "cannot predict new rows: aggregates the votes of train and scored rows together"


class PeerFailedError(Exception):
    """A peer gave no probabilities; says why."""


@dataclass(frozen=True)
class Peer:
    """A label model of another package; ``random`` where another seed gives another answer."""

    run: Run
    package: str
    module: str
    random: bool = False
    note: str = "fitted on train votes"


def run_peer(
    name: str,
    L_train: VoteArray,
    L_scored: VoteArray,
    k: int,
    seed: int = 0,
    folder: Path | None = None,
    limit: float = 300,
) -> Predictions:
    """Run a peer in a process of its own.

    Parameters
    ----------
    name
        One of ``PEERS``.
    L_train, L_scored
        Shape: [n, m].
    k
        Number of classes.
    seed
        Of whatever the peer draws.
    folder
        Where peers are installed apart; looked through last.
    limit
        Seconds, imports included, after which the peer is ended.

    Raises
    ------
    PeerFailedError
        It is not installed, failed, ended, or took too long.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, name, L_train, L_scored, k, seed, folder), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(limit):
            raise PeerFailedError(f"not done within {limit:g} s")
        reply = ours.recv()
    except EOFError:
        process.join()
        raise PeerFailedError(f"its process ended with exit code {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    if isinstance(reply, str):
        raise PeerFailedError(reply)
    return reply


def _work(
    pipe: Connection, name: str, L_train: VoteArray, L_scored: VoteArray, k: int, seed: int, folder: Path | None
) -> None:
    warnings.simplefilter("ignore")
    try:
        if folder is not None:
            sys.path.append(str(folder))
        importlib.import_module(PEERS[name].module)
        pipe.send(ask(PEERS[name], L_train, L_scored, k, seed))
    except Exception as error:  # whatever goes wrong in a peer is one of the results
        pipe.send(f"{type(error).__name__}: {error}"[:200])


def ask(peer: Peer, L_train: VoteArray, L_scored: VoteArray, k: int, seed: int = 0) -> Predictions:
    """Run a peer in this process; `run_peer` guards against all that may go wrong in it."""
    voting = (L_train != ABSTAIN).any(axis=0)
    L_train, L_scored = L_train[:, voting], L_scored[:, voting]
    began = time.perf_counter()
    with np.errstate(all="ignore"):
        train, scored = peer.run(L_train, L_scored, k, seed)
    seconds = time.perf_counter() - began
    train, scored = _proper(train, L_train), _proper(scored, L_scored)
    if np.isnan(train).all():
        raise ValueError("no train row got probabilities")
    return Predictions(train, scored, seconds)


def _proper(probs: Probs, L: VoteArray) -> Probs:
    """Make rows sum to 1, and NaN where there is no vote or where they are no probabilities."""
    total = probs.sum(axis=1)
    fine = np.isfinite(total) & (total > 0) & (probs >= 0).all(axis=1) & has_vote(L)
    proper = np.full(probs.shape, np.nan)
    proper[fine] = probs[fine] / total[fine, None]
    return proper


def _long(L: VoteArray):
    """Return votes as crowd-kit takes them: a row a vote."""
    import pandas as pd

    rows, lfs = np.nonzero(L != ABSTAIN)
    return pd.DataFrame({"task": rows, "worker": lfs, "label": L[rows, lfs].astype(np.int64)})


def _wide(frame, n: int, k: int) -> Probs:
    """Return crowd-kit's probabilities, of rows with votes and classes with votes, as an array. Shape: [n, k]."""
    return frame.reindex(index=range(n), columns=range(k)).fillna(0).to_numpy(dtype=np.float64)


def _crowdkit_together(name: str, seeded: bool = False) -> Run:
    def run(L_train: VoteArray, L_scored: VoteArray, k: int, seed: int) -> tuple[Probs, Probs]:
        model = getattr(importlib.import_module("crowdkit.aggregation"), name)
        L = np.vstack([L_train, L_scored])
        fitted = model(**({"random_state": seed} if seeded else {})).fit_predict_proba(_long(L))
        return tuple(np.split(_wide(fitted, len(L), k), [len(L_train)]))

    return run


def _wawa(L_train: VoteArray, L_scored: VoteArray, k: int, seed: int) -> tuple[Probs, Probs]:
    from crowdkit.aggregation import MajorityVote, Wawa

    # Its own predict_proba, which comes to the same, fails with the scikit-learn of today.
    skills = Wawa().fit(_long(L_train)).skills_
    return tuple(_wide(MajorityVote().fit(_long(L), skills).probas_, len(L), k) for L in (L_train, L_scored))


def _mmsr(L_train: VoteArray, L_scored: VoteArray, k: int, seed: int) -> tuple[Probs, Probs]:
    from crowdkit.aggregation import MMSR

    skills = MMSR(random_state=seed).fit(_long(L_train)).skills_.reindex(range(L_train.shape[1])).to_numpy()

    def probs(L: VoteArray) -> Probs:
        scores = np.stack([np.where(label == L, skills, 0).sum(axis=1) for label in range(k)], axis=1)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    return probs(L_train), probs(L_scored)


def _hyperlm(L_train: VoteArray, L_scored: VoteArray, k: int, seed: int) -> tuple[Probs, Probs]:
    from hyperlm import HyperLabelModel

    # Its checkpoint is a pickle, which PyTorch no longer loads unasked; this process runs nothing else.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    L = np.vstack([L_train, L_scored])
    # Rows without votes break it; classes after the last with a vote are not in its answer.
    voted, probs = has_vote(L), np.zeros((len(L), k))
    answer = HyperLabelModel(device="cpu").infer(L[voted].astype(np.int64), return_probs=True)
    probs[voted, : answer.shape[1]] = answer
    return tuple(np.split(probs, [len(L_train)]))


def _flyingsquid(L_train: VoteArray, L_scored: VoteArray, k: int, seed: int) -> tuple[Probs, Probs]:
    from flyingsquid.label_model import LabelModel

    def signed(L: VoteArray, label: int):
        return np.where(L == ABSTAIN, 0, np.where(label == L, 1, -1))

    columns = []
    for label in [1] if k == 2 else range(k):
        model = LabelModel(L_train.shape[1])
        model.fit(signed(L_train, label), class_balance=np.array([1 - 1 / k, 1 / k]))
        columns.append([model.predict_proba(signed(L, label), verbose=False)[:, 1] for L in (L_train, L_scored)])
    both = [np.stack(parts, axis=1) for parts in zip(*columns, strict=True)]
    return tuple(np.hstack([1 - probs, probs]) if k == 2 else probs for probs in both)


def _snorkel(L_train: VoteArray, L_scored: VoteArray, k: int, seed: int) -> tuple[Probs, Probs]:
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=k, verbose=False)
    model.fit(L_train.astype(np.int64), seed=seed, progress_bar=False)
    return tuple(model.predict_proba(L.astype(np.int64)) for L in (L_train, L_scored))


def _crowdkit(run: Run, random: bool = False, note: str = Peer.note) -> Peer:
    return Peer(run, "crowd-kit", "crowdkit.aggregation", random, note)


PEERS = {
    "Snorkel LabelModel": Peer(_snorkel, "snorkel", "snorkel.labeling.model", random=True),
    "FlyingSquid": Peer(
        _flyingsquid, "flyingsquid", "flyingsquid.label_model", note="fitted on train votes, classes one against rest"
    ),
    "Hyper Label Model": Peer(_hyperlm, "hyperlm", "hyperlm", note=TOGETHER),
    "crowd-kit DawidSkene": _crowdkit(_crowdkit_together("DawidSkene"), note=TOGETHER),
    "crowd-kit OneCoinDawidSkene": _crowdkit(_crowdkit_together("OneCoinDawidSkene"), note=TOGETHER),
    "crowd-kit GLAD": _crowdkit(_crowdkit_together("GLAD"), note=TOGETHER),
    "crowd-kit MACE": _crowdkit(_crowdkit_together("MACE", seeded=True), random=True, note=TOGETHER),
    "crowd-kit MMSR": _crowdkit(_mmsr, random=True, note="fitted on train votes; its skills are taken as log odds"),
    "crowd-kit Wawa": _crowdkit(_wawa),
}
