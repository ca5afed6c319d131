"""A pack with labeling functions that mark spans in every way: cutting words, overlapping, failing, reading one another."""

import os
import re

from weaklabel import span_lf
from weaklabel.lf.spans.core import SpanLF

TASK = "spans"
LABELS = {"ENT": ("PER", "LOC"), "DATE": ()}
NOT_ENTITY = -2


@span_lf(label="PER")
def names(text):
    """Names after Ada, of which one is cut."""
    yield from re.finditer(r"Ada (?:Love|Byron)", text)


@span_lf(label=["LOC", "ENT"])
def places(text):
    """Places that overlap."""
    for match in re.finditer("New York City", text):
        yield match.start(), match.end(), "LOC"
        yield match.start(), match.start() + len("New York"), "ENT"
    for match in re.finditer("Rome", text):
        yield match.start(), match.end(), "ENT"


@span_lf(label="DATE")
def dates(text):
    """Years; it fails on one row."""
    if "boom" in text:
        raise ValueError("no year here")
    yield from re.finditer(r"\b\d{4}\b", text)


@span_lf(reads=["names"], label="PER")
def surnames(text, spans):
    """What comes last in a name of the row, wherever it is in the row."""
    for name in spans["names"]:
        last = name.text.split()[-1]
        yield from re.finditer(rf"\b{last}\b", text)


@span_lf(negative=True)
def nobody(text):
    """Nobody is no name."""
    yield from re.finditer("Nobody", text)


class Repeated(SpanLF):
    """What another labeling function marks somewhere in the corpus, twice or more, is marked everywhere."""

    surveys = True

    def __init__(self):
        super().__init__("repeated", ["DATE"], reads=["dates"])

    def survey(self, batch):
        counts = {}
        for text, spans in zip(batch.texts, batch.spans["dates"], strict=True):
            for begin, end, label in spans:
                of_text = counts.setdefault(text[begin:end], {})
                of_text[label] = of_text.get(label, 0) + 1
        return counts

    def vote(self, batch):
        often = {text: label for text, of in batch.survey.items() for label, count in of.items() if count > 1}
        rows = []
        for text in batch.texts:
            marked = [(m.start(), m.end(), often[m[0]]) for m in re.finditer(r"\d{4}", text) if m[0] in often]
            rows.append(marked)
        return rows


repeated = Repeated()


@span_lf(label="PER")
def deadly(text):
    """Ends its process on one row, if that is wanted."""
    if "deadly" in text and os.environ.get("WEAKLABEL_TEST_DEADLY"):
        os._exit(3)
    return []
