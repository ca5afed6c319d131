"""Make weaklabel/clean/letters.npz: how probable each Latin letter is behind two others, over 31 languages.

    pip install langdetect==1.0.9; python -m benchmarks.quality.letters

Counted from the n-gram profiles that langdetect carries (Apache License 2.0), made from Wikipedia. Every language has the same
weight, English four times that. A triple of letters that no profile has gets its probability from pairs, and these from
single letters.
"""

import json
from pathlib import Path

import numpy as np

from weaklabel.clean import letters
from weaklabel.clean.letters import LETTERS, UNIT, folded

LANGUAGES = [
    *(
        "af",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "en",
        "es",
        "et",
        "fi",
        "fr",
        "hr",
        "hu",
        "id",
        "it",
        "lt",
        "lv",
        "nl",
        "no",
        "pl",
    ),
    *("pt", "ro", "sk", "sl", "so", "sq", "sv", "sw", "tl", "tr", "vi"),
]
WEIGHTS = {"en": 4.0}
TRIPLES, PAIRS = 0.003, 0.005
"""Weight of what pairs and single letters say, as a share of all counts."""

END = 0.17
"""Share of blanks where nothing is known of a pair."""


def counts(profile: Path) -> list[np.ndarray]:
    """Return how often each letter, pair and triple of letters is in a language; blanks are at the ends of words."""
    of = [np.zeros((len(LETTERS),) * n) for n in (1, 2, 3)]
    for gram, count in json.loads(profile.read_text(encoding="utf-8"))["freq"].items():
        plain = folded(gram)
        if len(plain) == len(gram) and all(letter in LETTERS for letter in plain):
            of[len(plain) - 1][tuple(LETTERS.index(letter) for letter in plain)] += count
    return of


def main() -> None:
    import langdetect

    folder = Path(langdetect.__file__).parent / "profiles"
    totals = [np.zeros((len(LETTERS),) * n) for n in (1, 2, 3)]
    for language in LANGUAGES:
        for total, of_language in zip(totals, counts(folder / language), strict=True):
            total += WEIGHTS.get(language, 1.0) * of_language / of_language.sum()
    ones, pairs, triples = totals
    single = np.concatenate([[END], (1 - END) * (ones[1:] / ones.sum() + 1e-4) / (ones[1:] / ones.sum() + 1e-4).sum()])
    behind_one = (pairs + PAIRS * single) / (pairs.sum(1, keepdims=True) + PAIRS)
    behind_two = (triples + TRIPLES * behind_one) / (triples.sum(2, keepdims=True) + TRIPLES)
    behind_two[0, 0] = behind_one[0]
    minus_log = np.minimum(np.round(-np.log(behind_two) * UNIT), 255).astype(np.uint8)
    np.savez_compressed(Path(letters.__file__).with_name("letters.npz"), minus_log=minus_log)


if __name__ == "__main__":
    main()
