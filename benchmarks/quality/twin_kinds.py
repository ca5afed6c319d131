"""Twins of real sets: sets of kinds that label models fail on, made of the rows, votes and texts of real ones.

``for kind, twin in twins(folder, seed)`` gives `Twin`\\ s, which are benchmark sets. A twin's train and valid rows are drawn
from the train and valid rows of its real set, its test rows from the test rows. Gold serves to make what a kind is
defined by (a labeling function that is right on 40% of its rows, a class with 8% of all rows), in each split alike.
Everything else is drawn with the seed. The kinds:

- real: the set as it is, at most 3,000 train rows.
- rare: one class against the rest, 5 to 10% of the rows are of it, and 25% of the rows have a vote.
- one LF a class: of each class, one labeling function.
- dominant, dominant alone: a labeling function that looks for words votes for one class on 60% of the rows and is right
  on 40% of them (less where the class has fewer rows); "alone": no other one knows this class.
- 300 rows, 1000 rows, 3000 rows: fewer train rows.
- five LFs: five labeling functions.
- relations: which relation two marked entities have; fewer labeling functions or rows.
- Cyrillic, Han: texts in another script, which the encoder cannot read though words repeat as they did.
- many classes: 60 or 150 classes with few rows each.
- LLM LFs: few keyword functions, and three that vote on 80% of the rows as prompts with four examples a class would:
  their errors follow the text.
- unrelated texts: the texts of other rows, which tell nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from weaklabel.bench.data import read_bench_set, train_gold
from weaklabel.bench.plan import usual_metric
from weaklabel.bench.split import BenchSet, Split, hidden
from weaklabel.labels import ABSTAIN, Labels, VoteArray, as_votes
from weaklabel.support.hashing import sha256_of_json
from weaklabel.votes.tally import has_vote

VALID_ROWS, TEST_ROWS, SOURCE_ROWS = 500, 1000, 6000
RARE_COVERAGE, RARE_SHARE = 0.25, (0.05, 0.10)
DOMINANT_COVERAGE, DOMINANT_ACCURACY = 0.60, 0.40

Generator = np.random.Generator


@dataclass(frozen=True)
class Twin(BenchSet):
    """A benchmark set made of another.

    Attributes
    ----------
    kind, source, seed
        What it is, of which set it was made, and with which seed.
    train_gold
        Gold of its train rows, for decisions by hand that are simulated. Shape: [n].
    positive
        The class that F1 is of, which is then its metric; None where it is scored by accuracy.
    """

    kind: str = ""
    source: str = ""
    seed: int = 0
    train_gold: Labels = field(default_factory=lambda: hidden(0))


@dataclass(frozen=True)
class Source:
    """Rows to make a twin of; the splits have their gold. ``positive``: as in `Twin`."""

    name: str
    labels: tuple[str, ...]
    train: Split
    test: Split
    positive: str | None

    @property
    def splits(self) -> tuple[Split, Split]:
        return self.train, self.test

    def with_votes(self, change: Callable[[Split], VoteArray]) -> Source:
        """Return it with other votes, those of each split made by ``change``."""
        train, test = (replace(split, L=change(split)) for split in self.splits)
        return replace(self, train=train, test=test)

    def with_texts(self, change: Callable[[str], str]) -> Source:
        """Return it with each text changed."""
        train, test = (replace(split, texts=tuple(map(change, split.texts or ()))) for split in self.splits)
        return replace(self, train=train, test=test)

    def with_lfs(self, lfs: list[int]) -> Source:
        """Return it with these labeling functions."""
        return self.with_votes(lambda split: np.asfortranarray(split.L[:, sorted(lfs)]))


Maker = Callable[[Source, Generator], Source]


@cache
def read_source(path: Path) -> Source:
    """Read a real set; its valid rows join its train rows."""
    data = read_bench_set(path)
    gold = np.concatenate([train_gold(data), data.valid.Y])
    texts = (data.train.texts + (data.valid.texts or ())) if data.train.texts is not None else None
    L = np.asfortranarray(np.concatenate([data.train.L, data.valid.L]))
    train = Split(L, gold, texts)
    metric, positive = usual_metric(data)
    drawn = [_draw(split, SOURCE_ROWS, np.random.default_rng(0)) for split in (train, data.test)]
    return Source(data.name, data.labels, drawn[0], drawn[1], positive if metric == "f1" else None)


def _draw(split: Split, n: int, rng: Generator) -> Split:
    """Return ``n`` rows at random, in their order; all where there are fewer."""
    rows = np.flatnonzero(split.Y >= 0)
    return split.take(np.sort(rng.permutation(rows)[:n]))


def as_it_is(source: Source, rng: Generator) -> Source:
    """Change nothing."""
    return source


def one_against_rest(source: Source, rng: Generator, together: int = 1) -> Source:
    """Make a binary set of one class, or ``together`` classes in one, with few positives and few votes."""
    k, L, Y = len(source.labels), source.train.L, source.train.Y
    known = [c for c in range(k) if ((c == L).sum(axis=0) > 2).any() and (c == Y).sum() >= (60 if together == 1 else 1)]
    chosen = rng.choice(known, size=together, replace=False)

    def binary(split: Split) -> Split:
        votes = np.where(split.L == ABSTAIN, ABSTAIN, np.isin(split.L, chosen)).astype(np.int8)
        return replace(split, L=np.asfortranarray(votes), Y=np.isin(split.Y, chosen).astype(np.int64))

    train, test = map(binary, source.splits)
    votes_yes, votes_no = (train.L == 1).sum(axis=0), (train.L == 0).sum(axis=0)
    binary_source = replace(source, train=train, test=test)
    say_yes = _by_votes(binary_source, 8 * together, rng, votes_yes > 2)
    lfs, covered = list(say_yes), has_vote(train.L[:, say_yes])
    for lf in _by_votes(binary_source, len(votes_no), rng, (votes_no > 2) & (votes_yes <= 2)):
        if covered.mean() >= RARE_COVERAGE and len(lfs) > len(say_yes):
            break
        lfs, covered = [*lfs, lf], covered | (train.L[:, lf] != ABSTAIN)
    name = source.labels[int(chosen[0])] if together == 1 else f"{together} classes"
    binary_source = replace(binary_source, labels=("rest", name), positive=name).with_lfs(lfs)
    share = rng.uniform(*RARE_SHARE)
    train, test = (_thinned(split, share, rng) for split in binary_source.splits)
    return replace(binary_source, train=train, test=test)


def _thinned(split: Split, share: float, rng: Generator) -> Split:
    """Leave rows out at random, so that ``share`` are positive and 25% have a vote; their odds ratio stays."""
    groups = [(y == split.Y) & (has_vote(split.L) == voted) for y in (0, 1) for voted in (False, True)]
    n = np.array([group.sum() for group in groups], dtype=float).reshape(2, 2)
    kept = n.copy()
    for _ in range(100):  # iterative proportional fitting
        kept *= (np.array([1 - share, share]) / kept.sum(axis=1))[:, None]
        kept *= np.array([1 - RARE_COVERAGE, RARE_COVERAGE]) / kept.sum(axis=0)
    kept *= np.min(n[kept > 0] / kept[kept > 0])
    drawn = [
        rng.permutation(np.flatnonzero(group))[: round(size)] for group, size in zip(groups, kept.ravel(), strict=True)
    ]
    return split.take(np.sort(np.concatenate(drawn)))


def _by_votes(source: Source, n: int, rng: Generator, among: np.ndarray | None = None) -> list[int]:
    """Draw labeling functions, more likely those with more votes."""
    weights = (source.train.L != ABSTAIN).sum(axis=0).astype(float)
    if among is not None:
        weights *= among
    n = min(n, int((weights > 0).sum()))
    if not n:
        return []
    return [int(lf) for lf in rng.choice(len(weights), size=n, replace=False, p=weights / weights.sum())]


def one_lf_a_class(source: Source, rng: Generator) -> Source:
    """Keep one labeling function of each class that has any."""
    k, L = len(source.labels), source.train.L
    votes = np.stack([(c == L).sum(axis=0) for c in range(k)])
    of_class = np.where(votes.sum(axis=0) > 9, votes.argmax(axis=0), ABSTAIN)
    lfs = [lf for c in range(k) if (of_class == c).any() for lf in _by_votes(source, 1, rng, of_class == c)]
    return source.with_lfs(lfs)


def few_lfs(source: Source, rng: Generator, n: int) -> Source:
    """Keep ``n`` labeling functions, which vote for two classes at least."""
    for _ in range(100):
        kept = source.with_lfs(_by_votes(source, n, rng))
        if len(np.unique(kept.train.L[kept.train.L != ABSTAIN])) > 1:
            return kept
    raise ValueError(f"no {n} labeling functions of {source.name} vote for two classes")


def dominant(source: Source, rng: Generator, alone: bool) -> Source:
    """Add a labeling function that votes for one class on most rows, mostly wrongly; its errors follow words."""
    shares = np.bincount(source.train.Y, minlength=len(source.labels)) / len(source.train)
    chosen = int(rng.choice(np.flatnonzero(shares > 0.15)))
    bags = [[set(re.findall(r"\w+", text.lower())) for text in split.texts or ()] for split in source.splits]
    fired = np.zeros(len(bags[0]), dtype=bool)
    words: set[str] = set()
    for word in rng.permutation(sorted(set().union(*bags[0]))).tolist():
        has_word = np.array([word in bag for bag in bags[0]])
        if has_word.mean() > 0.02 and (fired | has_word).mean() < DOMINANT_COVERAGE + 0.05:
            fired, words = fired | has_word, words | {word}
        if fired.mean() > DOMINANT_COVERAGE - 0.1:
            break

    def with_dominant(split: Split, of_split: list[set[str]]) -> Split:
        hit = np.array([bool(words & bag) for bag in of_split])
        of_class, n = chosen == split.Y, len(split)
        votes = np.full(n, ABSTAIN)
        for group, wanted in (
            (of_class, min(DOMINANT_ACCURACY * DOMINANT_COVERAGE * n, 0.95 * of_class.sum())),
            (~of_class, (1 - DOMINANT_ACCURACY) * DOMINANT_COVERAGE * n),
        ):
            # Rows with the words first, then others.
            order = rng.permutation(np.flatnonzero(group))
            order = order[np.argsort(~hit[order], kind="stable")]
            votes[order[: int(wanted)]] = chosen
        others = np.where(chosen == split.L, ABSTAIN, split.L) if alone else split.L
        return replace(split, L=as_votes(np.column_stack([others, votes]), len(source.labels)))

    train, test = (with_dominant(split, of_split) for split, of_split in zip(source.splits, bags, strict=True))
    return replace(source, train=train, test=test)


CYRILLIC = dict(zip("abcdefghijklmnopqrstuvwxyz", "фисвуапршолдьтщзйкыегмцчня", strict=True))


def in_cyrillic(source: Source, rng: Generator) -> Source:
    """Replace each Latin letter by a Cyrillic one."""
    letters = str.maketrans(CYRILLIC | {low.upper(): high.upper() for low, high in CYRILLIC.items()})
    return source.with_texts(lambda text: text.translate(letters))


def in_han(source: Source, rng: Generator) -> Source:
    """Replace each pair of letters of a word by a Han character, and leave out the spaces."""
    return source.with_texts(lambda text: re.sub(r"\s+", "", re.sub(r"[^\W\d_]+", _han, text.lower())))


def _han(word: re.Match[str]) -> str:
    letters = [ord(letter) for letter in word[0]]
    pairs = [letters[i : i + 2] for i in range(0, len(letters), 2)]
    return "".join(chr(0x4E00 + sum(code * 31**place for place, code in enumerate(pair)) % 3000) for pair in pairs)


def many_classes(source: Source, rng: Generator, k: int) -> Source:
    """Keep ``k`` classes, drawn at random, their rows, and the labeling functions that vote for them alone."""
    chosen = np.sort(rng.choice(len(source.labels), size=k, replace=False))
    new = np.full(len(source.labels), ABSTAIN)
    new[chosen] = np.arange(k)
    voted = source.train.L
    lfs = [lf for lf in range(voted.shape[1]) if (np.isin(voted[:, lf], [ABSTAIN, *chosen])).all()]

    def of_chosen(split: Split) -> Split:
        split = split.take(np.flatnonzero(new[split.Y] != ABSTAIN))
        L = np.where(np.isin(split.L[:, lfs], chosen), new[split.L[:, lfs]], ABSTAIN)
        return replace(split, L=as_votes(L, k), Y=new[split.Y])

    train, test = map(of_chosen, source.splits)
    return replace(source, labels=tuple(source.labels[c] for c in chosen), train=train, test=test)


def llm_lfs(source: Source, rng: Generator) -> Source:
    """Keep twelve labeling functions, and add three that vote for the class whose four example texts are nearest."""
    from weaklabel.encoder.encoder import Encoder

    encoder = Encoder(None, max_length=128)
    vectors = [encoder.encode(split.texts or ()).astype(np.float64) for split in source.splits]
    k, Y = len(source.labels), source.train.Y
    present = [c for c in range(k) if (c == Y).any()]
    added: list[list[np.ndarray]] = [[], []]
    for _ in range(3):
        prompts = [rng.choice(np.flatnonzero(c == Y), size=min(4, int((c == Y).sum())), replace=False) for c in present]
        centers = np.stack([vectors[0][rows].mean(axis=0) for rows in prompts])
        centers /= np.linalg.norm(centers, axis=1, keepdims=True)
        for number, of_split in enumerate(vectors):
            near = np.sort(of_split @ centers.T, axis=1)
            margin = near[:, -1] - near[:, -2]
            votes = np.array(present)[(of_split @ centers.T).argmax(axis=1)]
            added[number].append(np.where(margin >= np.quantile(margin, 0.2), votes, ABSTAIN))
    kept = source.with_lfs(_by_votes(source, 12, rng))
    train, test = (
        replace(split, L=as_votes(np.column_stack([split.L, *columns]), k))
        for split, columns in zip(kept.splits, added, strict=True)
    )
    return replace(kept, train=train, test=test)


def unrelated_texts(source: Source, rng: Generator) -> Source:
    """Give each row the text of another."""
    train, test = (
        replace(split, texts=tuple((split.texts or ())[row] for row in rng.permutation(len(split))))
        for split in source.splits
    )
    return replace(source, train=train, test=test)


@dataclass(frozen=True)
class Plan:
    """Of which set a twin of a kind is made, how, and with how many train rows; ``lfs``: fewer of them beforehand."""

    kind: str
    source: str
    make: Maker
    n: int = 1500
    lfs: int | None = None


PLANS = (
    *(Plan("real", name, as_it_is, 3000) for name in ("youtube", "sms", "trec", "semeval", "yoruba", "census")),
    *(Plan("rare", name, one_against_rest) for name in ("trec", "semeval", "chemprot", "agnews-llm")),
    Plan("rare", "clinc150", partial(one_against_rest, together=10)),
    *(Plan("one LF a class", name, one_lf_a_class) for name in ("trec", "agnews-llm", "semeval", "youtube")),
    *(Plan("dominant", name, partial(dominant, alone=False), lfs=40) for name in ("trec", "agnews-llm", "youtube")),
    *(Plan("dominant alone", name, partial(dominant, alone=True), lfs=40) for name in ("trec", "agnews-llm", "yoruba")),
    *(Plan("300 rows", name, as_it_is, 300, lfs=40) for name in ("trec", "sms", "agnews-llm", "youtube", "imdb")),
    *(Plan("1000 rows", name, as_it_is, 1000, lfs=40) for name in ("trec", "sms", "agnews-llm", "semeval", "imdb")),
    *(Plan("3000 rows", name, as_it_is, 3000, lfs=40) for name in ("trec", "agnews-llm")),
    *(Plan("five LFs", name, partial(few_lfs, n=5)) for name in ("youtube", "trec", "agnews-llm", "sms")),
    Plan("relations", "chemprot", as_it_is),
    Plan("relations", "semeval", partial(few_lfs, n=25)),
    *(Plan("Cyrillic", name, in_cyrillic, 1000, lfs=40) for name in ("trec", "youtube")),
    *(Plan("Han", name, in_han, 1000, lfs=40) for name in ("trec", "youtube")),
    Plan("many classes", "clinc150", partial(many_classes, k=60), 1200),
    Plan("many classes", "clinc150", partial(many_classes, k=150), 1800),
    *(Plan("LLM LFs", name, llm_lfs) for name in ("trec", "agnews-llm", "youtube")),
    *(Plan("unrelated texts", name, unrelated_texts, lfs=40) for name in ("trec", "youtube")),
)
"""All twins."""

KINDS = tuple(dict.fromkeys(plan.kind for plan in PLANS))


def twins(
    folder: str | Path, seed: int, kinds: tuple[str, ...] = KINDS, sources: tuple[str, ...] | None = None
) -> Iterator[tuple[str, Twin]]:
    """Make the twins of a seed, one after the other, from the real sets in a folder; of all kinds and sets by default."""
    for number, plan in enumerate(PLANS):
        if plan.kind in kinds and (sources is None or plan.source in sources):
            yield plan.kind, make_twin(plan, Path(folder), seed, number)


WHOLE = "whole set"
"""The kind of a real set with all its rows and its own splits."""


def whole_set(path: Path, seed: int) -> Twin:
    """Return a real set as if it were a twin, so that it is scored alike."""
    data = read_bench_set(path)
    metric, positive = usual_metric(data)
    return Twin(
        data.name, path, data.labels, data.train, data.valid, data.test, data.content,
        kind=WHOLE, source=data.name, seed=seed, positive=positive if metric == "f1" else None,
    )  # fmt: skip


def make_twin(plan: Plan, folder: Path, seed: int, number: int = 0) -> Twin:
    """Make one twin."""
    rng = np.random.default_rng([seed, number])
    source = read_source(folder / plan.source)
    if plan.kind in ("Cyrillic", "Han"):  # the same texts for every seed, as all must be embedded anew
        fixed = np.random.default_rng(0)
        train, test = (_draw(source.train, plan.n + VALID_ROWS, fixed), _draw(source.test, VALID_ROWS, fixed))
        source = replace(source, train=train, test=test)
    if plan.lfs is not None:
        source = few_lfs(source, rng, plan.lfs)
    made = plan.make(source, rng)
    order = rng.permutation(len(made.train))
    n_valid = min(VALID_ROWS, len(order) // 3)
    valid = made.train.take(np.sort(order[:n_valid]))
    train = made.train.take(np.sort(order[n_valid : n_valid + plan.n]))
    test = _draw(made.test, TEST_ROWS, rng)
    content = sha256_of_json([plan.kind, plan.source, seed, number, len(train), train.L.shape[1]])
    name = f"{plan.kind}, {plan.source}"
    return Twin(
        name, folder / plan.source, made.labels, replace(train, Y=hidden(len(train))), valid, test, content,
        kind=plan.kind, source=plan.source, seed=seed, train_gold=train.Y, positive=made.positive,
    )  # fmt: skip
