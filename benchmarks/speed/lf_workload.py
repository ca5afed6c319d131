"""What the benchmark of labeling functions works on: seeded texts, and the same labeling functions declared once and
made in each form."""

import re

import numpy as np
import polars as pl

from weaklabel import count_lf, keyword_lf, labeling_function, length_lf, regex_lf

COMMON = """the to you i a and it is in that of for my me have be on your this was so we do at but not what are
can will with if just all they get like when up out no go now one know there he see good time from or as how"""
SIGNALS = """free win prize claim cash offer winner urgent award mobile subscribe channel check click link follow
visit video share play song music love great best amazing awesome beautiful cool nice fun happy bad worst terrible boring
awful hate poor sad waste late work home dinner lunch tomorrow tonight morning meet movie film actor plot scene story
money price cheap sale order discount bonus credit loan bank account password verify login security"""
SYLLABLES = "ba be bo ca co da de di fa ga ha ka la le li lo ma me mi na ne no pa po ra re ri ro sa se si ta te ti to"


def vocabulary():
    """Words by how often they are used, the signal words among the first thousand."""
    rng = np.random.default_rng(0)
    made = ["".join(rng.choice(SYLLABLES.split(), size)) for size in rng.choice([2, 3, 4], 4000, p=[0.4, 0.4, 0.2])]
    words = [*dict.fromkeys(made)]
    signals = SIGNALS.split()
    for place, signal in zip(np.linspace(30, 900, len(signals)).astype(int), signals, strict=True):
        words.insert(place, signal)
    return [*COMMON.split(), *words]


def make_texts(n, seed=0):
    """``n`` texts, 95 bytes long in the mean, whose words follow Zipf's law."""
    rng = np.random.default_rng(seed)
    words = np.array(vocabulary(), dtype=object)
    chances = 1 / (np.arange(len(words)) + 3)
    lengths = np.clip(rng.lognormal(2.75, 0.5, n), 1, 200).astype(int)
    tokens = words[rng.choice(len(words), lengths.sum(), p=chances / chances.sum())]
    kind = rng.random(len(tokens))
    for low, high, change in (
        (0.00, 0.06, lambda word: word.title()),
        (0.06, 0.08, lambda word: word.upper()),
        (0.08, 0.13, lambda word: word + ","),
        (0.13, 0.17, lambda word: word + "."),
        (0.17, 0.185, lambda word: word + "!"),
        (0.185, 0.19, lambda word: word + "!!!"),
        (0.19, 0.20, lambda word: word + "?"),
        (0.20, 0.202, lambda word: f"http://{word}.example/{word}"),
        (0.202, 0.204, lambda word: f"www.{word}.example"),
        (0.204, 0.207, lambda word: f"£{len(word)}00"),
        (0.207, 0.212, lambda word: f"0800{len(word)}12345"),
        (0.212, 0.215, lambda word: f"{word}\N{GRINNING FACE}"),
        (0.215, 0.218, lambda word: f"caf\N{LATIN SMALL LETTER E WITH ACUTE} {word}"),
    ):
        for place in np.flatnonzero((low <= kind) & (kind < high)):
            tokens[place] = change(tokens[place])
    ends = np.cumsum(lengths)
    return [" ".join(tokens[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def declared():
    """The 20 labeling functions: kind, name, class and arguments."""
    return [
        ("word", "prizes", 1, ["win", "winner", "prize", "award", "claim"]),
        ("word", "offers", 1, ["offer", "discount", "sale", "cheap"]),
        ("word", "bank", 1, ["account", "password", "verify", "login", "security", "credit"]),
        ("word", "promotes", 1, ["subscribe", "channel", "follow", "share"]),
        ("word", "plans", 0, ["dinner", "lunch", "tomorrow", "tonight"]),
        ("word", "praises", 0, ["amazing", "awesome", "beautiful", "great", "best"]),
        ("part", "complains", 0, ["worst", "terrible", "boring", "awful", "waste"]),
        ("part", "film", 0, ["movie", "film", "actor", "scene"]),
        ("part", "cash", 1, ["cash", "money", "bonus", "loan"]),
        ("part", "song", 0, ["song", "music"]),
        ("regex", "link", 1, r"https?://|www\.", False),
        ("regex", "pounds", 1, r"£\d+", False),
        ("regex", "number", 1, r"\b\d{6,}\b", False),
        ("regex", "check_out", 1, r"check.{0,20}out", True),
        ("regex", "click", 1, r"\bclick\w*\s+\w+", True),
        ("regex", "asks", 0, r"\?\s*$", False),
        ("count", "exclaims", 1, "!", 3),
        ("count", "shouts", 1, r"\b[A-Z]{4,}\b", 2),
        ("words", "short", 0, 5),
        ("chars", "long", 1, 180),
    ]


def more(n):
    """``n`` further lists of whole words, of 4 to 8 words each."""
    rng = np.random.default_rng(1)
    words = vocabulary()[100:2500]
    return [("word", f"list_{k}", 0, [*rng.choice(words, rng.integers(4, 9), replace=False)]) for k in range(n)]


def pattern_lfs(specs):
    return [_pattern_lf(*spec) for spec in specs]


def _pattern_lf(kind, name, label, value, *more):
    match kind:
        case "word" | "part":
            return keyword_lf(name, label, value, whole_word=kind == "word")
        case "regex":
            return regex_lf(name, label, value, ignore_case=more[0])
        case "count":
            return count_lf(name, label, value, min=more[0])
        case "words":
            return length_lf(name, label, max=value)
        case "chars":
            return length_lf(name, label, min=value, unit="chars")


def row_functions(specs):
    """The same as plain Python functions of a row, by name; each as fast as one would write it."""
    return {spec[1]: _row_function(*spec) for spec in specs}


def _row_function(kind, name, label, value, *more):
    match kind:
        case "word" | "part":
            whole = re.compile(rf"\b(?:{'|'.join(value)})\b").search if kind == "word" else lambda text: True

            def has_word(x):
                text = x.text.lower()
                for word in value:
                    if word in text:  # far faster to tell than what the regex tells
                        return label if whole(text) else -1
                return -1

            return has_word
        case "regex":
            search = re.compile(value, re.IGNORECASE if more[0] else 0).search
            return lambda x: label if search(x.text) else -1
        case "count":
            if re.escape(value) == value:
                return lambda x: label if x.text.count(value) >= more[0] else -1
            pattern = re.compile(value)
            return lambda x: label if len(pattern.findall(x.text)) >= more[0] else -1
        case "words":
            return lambda x: label if len(x.text.split()) <= value else -1
        case "chars":
            return lambda x: label if len(x.text) >= value else -1


def row_lfs():
    """The functions as labeling functions; a pack imports them from here."""
    return [labeling_function(name)(function) for name, function in row_functions(declared()).items()]


def frame(texts):
    return pl.DataFrame({"text": texts})
