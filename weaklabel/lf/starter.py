"""The commented pack that ``weaklabel lfs --new`` writes for someone to begin with."""

from __future__ import annotations

from pathlib import Path

from weaklabel.errors import LFError
from weaklabel.support.files import write_text

STARTER = '''\
"""Complaints or praise in short English messages; reads the column 'text'."""

from weaklabel import ABSTAIN, count_lf, keyword_lf, labeling_function, regex_lf

# The classes, by number: class 0 is "complaint", class 1 is "praise". Labeling functions vote with these numbers.
LABELS = ("complaint", "praise")
COMPLAINT, PRAISE = 0, 1

# Pattern labeling functions say what to look for. They are the fastest: all of them run in one pass over the texts.
broken = keyword_lf("broken", COMPLAINT, ["broken", "refund", "does not work", "waste of money"])
thanks = keyword_lf("thanks", PRAISE, ["thank you", "thanks", "love it", "well done"])
late = regex_lf("late", COMPLAINT, r"(still waiting|\\d+ (days|weeks) late)", ignore_case=True)
shouting = count_lf("shouting", COMPLAINT, r"\\b[A-Z]{3,}\\b", min=3)


# Row labeling functions are any Python. x.text and x["text"] are the text; every other column is there as well.
@labeling_function()
def short_and_happy(x):
    if len(x.text.split()) < 8 and x.text.endswith("!"):
        return PRAISE
    return ABSTAIN  # nothing to say about this row: the other labeling functions decide


# Next steps, with messages.csv as your corpus:
#   weaklabel lfs ./PACK                                    does it load?
#   weaklabel analyze messages.csv --lfs ./PACK             what does each function do?
#   weaklabel label messages.csv --lfs ./PACK -o labeled.csv
'''


WITH_LLM = """\

# A language model is asked where all others are silent. Its key is in the environment (OPENAI_API_KEY), if it needs one.
MEANING = {
    "complaint": "something is broken, late, or wanted back",
    "praise": "thanks, or something that works well",
}
topic = llm_lf(
    "topic",
    MEANING,
    endpoint="http://localhost:8000",  # vLLM, Ollama, llama.cpp, or a hosted one; leave it out for a local model
    model="Qwen/Qwen3-8B",  # without an endpoint, a folder, a hub name, or "smollm2"
    where="uncovered",
)

"""
"""What is added for a language model."""


SPANS_STARTER = '''\
"""People and places in English news; reads the column 'text'."""

import re

from weaklabel import consistent_lf, gazetteer_lf, negative_lf, regex_spans_lf, span_lf

# What is labeled are spans of the texts, such as names.
TASK = "spans"
LABELS = ("PER", "LOC")

# Lists of names: whole words, the longest first. A list may have a million entries; Path("cities.txt") reads a file.
cities = gazetteer_lf("cities", "LOC", ["Berlin", "New York", "New York City", "Paris", "The Hague"])

# Regexes: the group "span" is marked; what is around it must be there, too.
titled = regex_spans_lf("titled", "PER", r"\\b(?:Dr|Mr|Mrs|Ms|Prof)\\.? (?P<span>[A-Z]\\w+(?: [A-Z]\\w+)*)")
located = regex_spans_lf("located", "LOC", r"\\b(?:lives|arrived|born|held) in (?P<span>[A-Z]\\w+(?: [A-Z]\\w+)*)")


# Any Python: the function gets the text, and yields begin, end and label, or matches of a regex.
@span_lf(label="PER")
def said(text):
    yield from re.finditer(r"(?P<span>[A-Z]\\w+ [A-Z]\\w+),? (?:said|told|added)", text)


# What is no entity, although it looks like one.
months = negative_lf("months", regex_spans_lf("dates", "PER", r"\\b(?:April|August|May|June) \\d+"))

# A name that was marked once is marked wherever else it stands in the text.
again = consistent_lf("again", ["titled", "said"])

# Next steps, with news.csv as your corpus:
#   weaklabel lfs ./PACK                                does it load?
#   weaklabel analyze news.csv --lfs ./PACK             what does each function mark?
#   weaklabel label news.csv --lfs ./PACK -o labeled.csv
'''


def write_starter(path: Path, llm: bool = False, *, spans: bool = False) -> None:
    """Write the starter pack to ``path``.

    Parameters
    ----------
    path
        A new file.
    llm
        Whether one of its labeling functions asks a language model.
    spans
        Whether its labeling functions mark spans, rather than vote on whole texts.

    Raises
    ------
    LFError
        The file exists, or its name does not end in ``.py``; or there is no such pack.
    WeakLabelError
        The file cannot be written.
    """
    if path.suffix != ".py":
        raise LFError(f"a pack is a Python file: {path} must end in .py")
    if path.exists():
        raise LFError(f"{path} exists already; choose another name")
    if llm and spans:
        raise LFError("language models label whole texts: there is no pack of both, so leave --llm or --spans out")
    text = (SPANS_STARTER if spans else STARTER).replace("PACK", path.name)
    if llm:
        before, begin, steps = text.partition("\n# Next steps")
        costs = f"#   weaklabel label messages.csv --lfs ./{path.name} --dry-run     what will asking cost?\n"
        text = before.replace("function, regex_lf", "function, llm_lf, regex_lf") + WITH_LLM + begin[1:] + steps
        text = text.replace("#   weaklabel label", f"{costs}#   weaklabel label", 1)
    write_text(path, text)
