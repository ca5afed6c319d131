"""Suggestions on long texts: what the label model and the search take, with texts skimmed or embedded as far as ever.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.suggest

The articles are made of words of our own: each topic has some that others lack. Seconds are of the processor, so that
what else the machine does counts little. Nothing is cached.
"""

import random
import time

import polars as pl

from benchmarks.common import arguments
from weaklabel import keyword_lf, read_corpus
from weaklabel.job import LabelOptions, label_corpus
from weaklabel.lf.packs import LFCollection
from weaklabel.suggest import suggest_lfs
from weaklabel.support import cache

TOPICS = ("business", "culture", "politics", "sport", "science")
LETTERS = "abcdefghijklmnoprstuvw"


def articles(number: int, characters: int) -> tuple[list[str], list[list[str]]]:
    """Return texts, and the words of each topic."""
    draw = random.Random(0)

    def words(count: int) -> list[str]:
        return ["".join(draw.choices(LETTERS, k=draw.randint(3, 10))) for _ in range(count)]

    def frequent_first(count: int) -> list[float]:
        return [1 / (rank + 1) for rank in range(count)]

    shared, own = words(6000), [words(400) for _ in TOPICS]
    texts = []
    for _ in range(number):
        topic = draw.randrange(len(TOPICS))
        n = characters // 6
        common = draw.choices(shared, frequent_first(len(shared)), k=n)
        special = draw.choices(own[topic], frequent_first(len(own[topic])), k=n)
        text = " ".join(new if draw.random() < 0.12 else old for new, old in zip(special, common, strict=True))
        texts.append(text[:characters])
    return texts, own


def main() -> None:
    options = arguments(__doc__, texts=1780, characters=2000)
    texts, own = articles(options.texts, options.characters)
    lfs = [
        keyword_lf(f"{name}_{rank}", topic, own[topic][rank : rank + 2])
        for topic, name in enumerate(TOPICS)
        for rank in (20, 30, 40)
    ]
    names = tuple(lf.name for lf in lfs)
    pack = LFCollection(
        lfs=tuple(lfs), labels=TOPICS, specs=("benchmark",), origins=("benchmark",) * len(names), doc=""
    )
    cache.use(None)
    for skim in (True, False):
        began = time.process_time()
        labeled = label_corpus(
            read_corpus(pl.DataFrame({"text": texts})), pack, LabelOptions(read_texts=True, skim=skim, workers=0)
        )
        voted = time.process_time()
        suggestions = suggest_lfs(texts, labeled.votes, labeled.probs, TOPICS)
        ended = time.process_time()
        print(f"skim={skim}: label model {voted - began:.1f} s, search {ended - voted:.1f} s of the processor")
        print("  " + "; ".join(" | ".join(lf.patterns) for lf in suggestions.lfs[:3]))


if __name__ == "__main__":
    main()
