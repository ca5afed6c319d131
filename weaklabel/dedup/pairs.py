"""Near-duplicate pairs: candidates that share a band, checked exactly.

Nodes are different texts, numbered by preference: of two near-duplicates the lower number stays. Texts that share a band are
compared each with each, unless they are many (a template with a number in it), which would take quadratic time. Those are
taken in the order of preference, in portions that double: texts are compared with those that stay so far, and only what is
not like one of them with each other; in the end those that stay are compared. So a million copies cost a million
comparisons. Where too many stay, since a template is shared by many that are all different, they are compared only with
some, and with their neighbors in the order of the texts, read forwards and backwards; these texts are counted as crowded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.shingles import Numbers
from weaklabel.dedup.similarity import jaccard
from weaklabel.dedup.sketches import FORMS, Sketches
from weaklabel.support.progress import stage

SMALL_GROUP = 32
"""Most texts with one band that are compared each with each."""

MOST_TRIES, FEWER_TRIES = 256, 32
"""Comparisons in vain of a text with those that stay after which it is not compared with more of them.

Fewer where in the portion before they told less than `MIN_FOUND` of the texts to be duplicates."""

MIN_FOUND = 0.25

FIRST = 4
"""Texts of a portion with which the others of a large group are compared, if none of them is like one that stays."""

MOST_PAIRS = 128
"""Comparisons with each other of those that stay, for each of them, by which the size of their groups is limited."""

FEW = 2_000
"""So many that stay are compared each with each."""

ROUNDS = 30
"""How often those that stay are compared with each other."""

NEIGHBORS = 8
"""Texts that follow in sorted order with which a crowded text is compared."""

_PAIRS_AT_ONCE = 1 << 23
_LOW = np.uint64(0xFFFFFFFF)

Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class Nodes:
    """Different texts, by preference.

    Attributes
    ----------
    rows
        The row in ``sketches`` that has each text. Shape: [v].
    sketches
        Where texts and keys are.
    fixed
        The first so many texts always stay, and are not compared with each other.
    """

    rows: Numbers
    sketches: Sketches
    fixed: int = 0

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Pairs:
    """Pairs of similar nodes; ``left`` is the preferred one, and no pair is there twice.

    Attributes
    ----------
    left, right, similarity
        Shape: [pairs].
    """

    left: Numbers
    right: Numbers
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def none(cls) -> Pairs:
        """Return no pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    @classmethod
    def joined(cls, several: Iterable[Pairs]) -> Pairs:
        """Return all pairs, each once."""
        parts = [pairs for pairs in several if len(pairs)]
        if len(parts) < 2:
            return parts[0] if parts else cls.none()
        left = np.concatenate([pairs.left for pairs in parts])
        right = np.concatenate([pairs.right for pairs in parts])
        similarity = np.concatenate([pairs.similarity for pairs in parts])
        _, first = np.unique(_codes(left, right), return_index=True)
        return Pairs(left[first], right[first], similarity[first])


@dataclass
class _Form:
    """Which nodes have keys of a form, by preference, where in its keys they are, and the keys of large groups by band."""

    name: str
    nodes: Numbers
    places: Numbers
    large: dict[int, Codes] = field(default_factory=dict)


class PairFinder:
    """Finds pairs; see the module.

    Parameters
    ----------
    nodes
        The texts.
    bands
        How many bands they have.
    threshold
        The similarity from which on two texts are near-duplicates.

    Attributes
    ----------
    crowded : int
        Texts that were compared with some of those only that share a band with them.
    """

    def __init__(self, nodes: Nodes, bands: int, threshold: float) -> None:
        self.nodes = nodes
        self.bands = bands
        self.threshold = threshold
        self.crowded: int = 0
        sketches = nodes.sketches
        self._is_long = sketches.column("is_long")[nodes.rows]
        self._sizes = sketches.text_bytes()
        node_of = np.full(len(sketches), -1, np.int64)
        node_of[nodes.rows] = np.arange(len(nodes))
        self._forms: list[_Form] = []
        for name in FORMS:
            of_rows = node_of[sketches.form_rows(name)]
            places = np.flatnonzero(of_rows >= 0)
            order = np.argsort(of_rows[places], kind="stable")
            self._forms.append(_Form(name, of_rows[places][order], places[order]))

    def pairs(self) -> Pairs:
        """Return near-duplicates: all in small groups, and for each dropped node of a large group one that stays."""
        if not len(self.nodes):
            return Pairs.none()
        pairs = self._of_small_groups()
        is_hot = np.zeros(len(self.nodes), bool)
        for form in self._forms:
            for band, large in form.large.items():
                keys, nodes = self._sorted(form, band, np.arange(len(form.nodes)))
                is_hot[nodes[_is_among(keys, large)]] = True
        hot = np.flatnonzero(is_hot)
        begin, size, tries = 0, SMALL_GROUP, MOST_TRIES
        with stage("comparing texts of large groups", len(hot), "texts") as progress:
            while begin < len(hot):
                portion = hot[begin : begin + size]
                pairs, share = self._of_portion(portion, is_hot, pairs, tries)
                tries = MOST_TRIES if share >= MIN_FOUND else FEWER_TRIES
                progress.advance(len(portion))
                begin, size = begin + size, size * 2
        for _ in range(ROUNDS if len(hot) else 0):
            left = np.flatnonzero(is_hot & surviving(len(self.nodes), pairs))
            n_before, pairs = len(pairs), Pairs.joined([pairs, self._of_survivors(left)])
            if len(pairs) == n_before:
                break
        return pairs

    def _of_small_groups(self) -> Pairs:
        """Compare each with each in small groups; note which are large."""
        pairs = list[Pairs]()
        with stage("looking for near-duplicates", self.bands * len(FORMS), "bands") as progress:
            for form in self._forms:
                candidates = _Candidates(partial(self._exact, form))
                everything = np.arange(len(form.nodes))
                for band in range(self.bands):
                    keys, nodes, sizes = _shared(*self._sorted(form, band, everything))
                    is_large = sizes > SMALL_GROUP
                    candidates.add(_each_with_each(keys[~is_large], nodes[~is_large]))
                    if is_large.any():
                        form.large[band] = np.unique(keys[is_large])
                    progress.advance()
                pairs.append(candidates.near())
        return Pairs.joined(pairs)

    def _of_portion(
        self, portion: Numbers, is_hot: NDArray[np.bool_], pairs: Pairs, most_tries: int
    ) -> tuple[Pairs, float]:
        """Compare the texts of a portion with those before it that stay, then what is left with each other.

        Return all pairs, and the share of the texts that are like one before.
        """
        n = len(self.nodes)
        stays = surviving(n, pairs)
        is_open = np.zeros(n, bool)
        is_open[portion] = True
        is_open[pairs.right[stays[pairs.left] & (pairs.left < portion[0])]] = False
        is_leader = stays & is_hot
        is_leader[portion[0] :] = False
        tries = np.zeros(n, np.int64)
        n_open, n_left = int(is_open.sum()), 0
        found, seen = [pairs], np.empty(0, np.uint64)
        for by_leaders in (True, False):
            n_left = int(is_open.sum())
            for form in self._forms:
                for band, large in form.large.items():
                    chosen = np.flatnonzero((is_open | is_leader)[form.nodes] if by_leaders else is_open[form.nodes])
                    keys, nodes = self._sorted(form, band, chosen)
                    inside = _is_among(keys, large)
                    keys, nodes, _ = _shared(keys[inside], nodes[inside])
                    if by_leaders:
                        is_open_now = is_open & (tries < most_tries)
                        codes = np.sort(_with_leaders(keys, nodes, is_leader, is_open_now, most_tries))
                        codes = codes[~_is_among(codes, seen)]
                        tries += np.bincount((codes & _LOW).astype(np.int64), minlength=n)
                        seen = np.sort(np.concatenate([seen, codes]), kind="stable")  # merges two sorted runs
                    else:
                        codes = _each_with_each(keys, nodes) if n_left <= FEW else _with_first(keys, nodes)
                    new = self._exact(form, np.unique(codes))
                    found.append(new)
                    if by_leaders:
                        is_open[new.right] = False
        return Pairs.joined(found), 1 - n_left / n_open if n_open else 1.0

    def _of_survivors(self, left: Numbers) -> Pairs:
        """Compare those that stay: in groups as large as the budget allows, else with neighbors."""
        pairs = list[Pairs]()
        crowd = np.zeros(len(self.nodes), bool)
        is_left = np.zeros(len(self.nodes), bool)
        is_left[left] = True
        for form in self._forms:
            chosen = np.flatnonzero(is_left[form.nodes])
            groups = []
            for band, large in form.large.items():
                keys, nodes = self._sorted(form, band, chosen)
                inside = _is_among(keys, large)
                groups.append(_shared(keys[inside], nodes[inside]))
            most = len(left) if len(left) <= FEW else 8 * SMALL_GROUP
            while len(left) > FEW and most > SMALL_GROUP:
                if sum(int(sizes[sizes <= most].sum()) for *_, sizes in groups) <= MOST_PAIRS * len(left):
                    break
                most //= 2
            candidates = _Candidates(partial(self._exact, form))
            for keys, nodes, sizes in groups:
                crowd[nodes[sizes > most]] = True
                candidates.add(_each_with_each(keys[sizes <= most], nodes[sizes <= most]))
            pairs.append(candidates.near())
        crowded = np.flatnonzero(crowd)
        self.crowded = len(crowded)
        return Pairs.joined([*pairs, self._of_neighbors(crowded)])

    def _of_neighbors(self, crowd: Numbers) -> Pairs:
        """Compare texts with those that follow in the order of the texts, read forwards and backwards."""
        pairs = list[Pairs]()
        crowd = crowd[np.argsort(self.nodes.rows[crowd])]
        words = self.nodes.sketches.texts(self.nodes.rows[crowd]).strings()
        for read in (words, [word[::-1] for word in words]):
            order = np.array(sorted(range(len(read)), key=read.__getitem__), dtype=np.int64)
            for form in self._forms:
                nodes = crowd[order]
                if form.name == "words":
                    nodes = nodes[self._is_long[nodes]]
                for step in range(1, min(NEIGHBORS, len(nodes) - 1) + 1):
                    pairs.append(self._exact(form, np.sort(_codes(nodes[:-step], nodes[step:]))))
        return Pairs.joined(pairs)

    def _sorted(self, form: _Form, band: int, chosen: Numbers) -> tuple[Codes, Numbers]:
        """Return keys of a band, sorted, and their nodes, by preference where keys are equal."""
        keys = self.nodes.sketches.form_keys(form.name, band)[form.places[chosen]]
        numbered = (keys.astype(np.uint64) << np.uint64(32)) | np.arange(len(keys), dtype=np.uint64)
        numbered.sort()  # faster than argsort
        return numbered >> np.uint64(32), form.nodes[chosen[(numbered & _LOW).astype(np.int64)]]

    def _exact(self, form: _Form, codes: Codes) -> Pairs:
        """Return those of the candidates that are near-duplicates."""
        left, right = (codes >> np.uint64(32)).astype(np.int64), (codes & _LOW).astype(np.int64)
        is_wanted = right >= self.nodes.fixed
        if form.name == "characters":
            is_wanted &= ~(self._is_long[left] & self._is_long[right])
        left, right = left[is_wanted], right[is_wanted]
        rows = self.nodes.rows
        similarity = jaccard(self.nodes.sketches.texts, self._sizes, form.name, rows[left], rows[right])
        near = similarity >= self.threshold - 1e-12
        return Pairs(left[near], right[near], similarity[near])


def surviving(n: int, pairs: Pairs) -> NDArray[np.bool_]:
    """Say of each of ``n`` nodes whether it stays: none that is preferred to it, and similar, does."""
    stays = np.ones(n, bool)
    for begin, end in _runs(pairs.left):
        if stays[pairs.left[begin]]:  # all pairs in which it is the less preferred one came before
            stays[pairs.right[begin:end]] = False
    return stays


class _Candidates:
    """Gathers candidates of several bands, so that each pair is compared once; compares when there are many."""

    def __init__(self, exact: Callable[[Codes], Pairs]) -> None:
        self._exact = exact
        self._waiting: list[Codes] = []
        self._pairs: list[Pairs] = []

    def add(self, codes: Codes) -> None:
        """Add candidates."""
        self._waiting.append(codes)
        if sum(map(len, self._waiting)) > _PAIRS_AT_ONCE:
            self._waiting = [np.unique(np.concatenate(self._waiting))]
            if len(self._waiting[0]) > _PAIRS_AT_ONCE // 2:
                self._pairs.append(self._exact(self._waiting.pop()))

    def near(self) -> Pairs:
        """Compare all candidates that are left; return all near-duplicates so far."""
        codes = np.unique(np.concatenate([np.empty(0, np.uint64), *self._waiting]))
        self._waiting = []
        self._pairs.append(self._exact(codes))
        return Pairs.joined(self._pairs)


def connected(n: int, pairs: Pairs, first: int | None = None) -> Numbers:
    """Return the components of the ``first`` of ``n`` nodes that ``pairs`` connect, numbered from 0. Shape: [first]."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), bool), (pairs.left, pairs.right)), shape=(n, n))
    components = connected_components(graph, directed=False)[1][:first]
    numbers: Numbers = np.unique(components, return_inverse=True)[1].astype(np.int64)
    return numbers


def _is_among(keys: Codes, ascending: Codes) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(keys), bool)
    is_among: NDArray[np.bool_] = ascending[np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)] == keys
    return is_among


def _firsts(values: NDArray[Any]) -> Numbers:
    """Return where runs of equal values begin."""
    is_first = np.ones(len(values), bool)
    is_first[1:] = values[1:] != values[:-1]
    return np.flatnonzero(is_first)


def _codes(left: Numbers, right: Numbers) -> Codes:
    """Return pairs as numbers: the preferred node of each in the upper half."""
    low, high = np.minimum(left, right).astype(np.uint64), np.maximum(left, right).astype(np.uint64)
    return (low << np.uint64(32)) | high


def _runs(values: NDArray[Any]) -> list[tuple[int, int]]:
    """Return where runs of equal values begin and end."""
    return list(pairwise([*_firsts(values).tolist(), len(values)]))


def _shared(keys: Codes, nodes: Numbers) -> tuple[Codes, Numbers, Numbers]:
    """Leave out keys that only one node has; return how many have each of the others, too."""
    sizes = np.diff(np.concatenate([_firsts(keys), [len(keys)]]))
    sizes = np.repeat(sizes, sizes)
    several = sizes > 1
    return keys[several], nodes[several], sizes[several]


def _each_with_each(keys: NDArray[np.uint64], nodes: Numbers) -> Codes:
    """Return the pairs of nodes with equal keys, which are sorted."""
    codes = [np.empty(0, np.uint64)]
    for step in range(1, len(keys)):
        same = keys[step:] == keys[:-step] if step < len(keys) else np.empty(0, bool)
        if not same.any():
            break
        codes.append(_codes(nodes[:-step][same], nodes[step:][same]))
    return np.concatenate(codes)


def _with_leaders(
    keys: Codes,
    nodes: Numbers,
    is_leader: NDArray[np.bool_],
    is_open: NDArray[np.bool_],
    most: int,
) -> Codes:
    """Return pairs of the most preferred leaders of each key with its open nodes."""
    codes = [np.empty(0, np.uint64)]
    for begin, end in _runs(keys):
        members = nodes[begin:end]
        leaders, others = members[is_leader[members]], members[is_open[members]]
        leaders = leaders[:most]
        codes.append(_codes(np.repeat(leaders, len(others)), np.tile(others, len(leaders))))
    return np.concatenate(codes)


def _with_first(keys: Codes, nodes: Numbers) -> Codes:
    """Return pairs of nodes with equal keys: of large groups only those with the most preferred few."""
    _, _, sizes = _shared(keys, nodes)
    is_large = sizes > SMALL_GROUP
    large, first = nodes[is_large], _firsts(keys[is_large])
    sizes = np.diff(np.concatenate([first, [len(large)]]))
    codes = [_each_with_each(keys[~is_large], nodes[~is_large])]
    for step in range(FIRST):
        leaders = np.repeat(large[first + step], sizes)
        codes.append(_codes(leaders, large)[leaders != large])
    return np.concatenate(codes)
