"""A corpus of many small parts, and a pack whose labeling functions mark spans, read one another and survey the corpus."""

import csv

import pytest

from weaklabel.corpus import open as opening, parts

PACK = """
import re
from weaklabel import span_lf
from weaklabel.lf.spans.core import SpanLF

TASK = "spans"
LABELS = {"ENT": ("PER", "LOC"), "DATE": ()}


@span_lf(label="PER")
def names(text):
    if text == "trouble":
        raise ValueError("this text is trouble")
    yield from re.finditer(r"Ada (?:Love|Byron)?", text)


@span_lf(label="LOC")
def places(text):
    yield from re.finditer("London|東京|New York(?: City)?", text)


@span_lf(label="ENT")
def capitals(text):
    yield from re.finditer(r"[A-Z]\\\\w+(?: [A-Z]\\\\w+)*", text)


@span_lf(label="DATE")
def years(text):
    yield from re.finditer(r"1[89]\\\\d\\\\d", text)


@span_lf(reads=["names"], label="PER")
def first_names(text, spans):
    for name in spans["names"]:
        yield name.start, name.start + 3


@span_lf(negative=True)
def nobody(text):
    yield from re.finditer("Nobody", text)


class Often(SpanLF):
    surveys = True

    def __init__(self):
        super().__init__("often", ["LOC"], reads=["places"])

    def survey(self, batch):
        counts = {}
        for text, spans in zip(batch.texts, batch.spans["places"], strict=True):
            for begin, end, label in spans:
                of_text = counts.setdefault(text[begin:end].lower(), {})
                of_text[label] = of_text.get(label, 0) + 1
        return counts

    def vote(self, batch):
        often = {text: max(of, key=of.get) for text, of in batch.survey.items() if sum(of.values()) > 30}
        return [[(m.start(), m.end(), often[m[0].lower()]) for m in re.finditer(r"\\\\w+", text) if m[0].lower() in often]
                for text in batch.texts]


often = Often()
""".replace("\\\\\\\\", "\\").replace("\\\\", "\\")

PIECES = [
    *("Ada Lovelace", "met", "Ada Byron", "in New York City", "london", "in London", "東京で", "1843", "Nobody"),
    *("\U0001f469\u200d\U0001f52c", "e\u0301tude", "x1843x", "and so on,", "\t", "(New Yorkers)"),
]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(opening, "CHUNK", 512)
    monkeypatch.setattr(parts, "PART_ROWS", 20)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "pack.py"
    path.write_text(PACK, encoding="utf-8")
    return path


@pytest.fixture
def sentences(tmp_path):
    """200 good rows, some over two lines, some empty, one that is trouble, and two records that are none."""
    path = tmp_path / "sentences.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "text"])
        for row in range(200):
            chosen = [PIECES[(row * 7 + number * number * 3) % len(PIECES)] for number in range(row % 6)]
            text = ("\r\n" if row % 11 == 3 else " ").join(chosen)
            writer.writerow([row, "trouble" if row == 150 else text])
            if row in (40, 120):
                handle.write("too,many,fields\n")
    return path
