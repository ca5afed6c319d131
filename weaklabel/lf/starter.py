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


def write_starter(path: Path, llm: bool = False) -> None:
    """Write the starter pack to ``path``, with a labeling function that asks a language model if ``llm``.

    Raises
    ------
    LFError
        The file exists, or its name does not end in ``.py``.
    WeakLabelError
        The file cannot be written.
    """
    if path.suffix != ".py":
        raise LFError(f"a pack is a Python file: {path} must end in .py")
    if path.exists():
        raise LFError(f"{path} exists already; choose another name")
    text = STARTER.replace("PACK", path.name)
    if llm:
        before, begin, steps = text.partition("\n# Next steps")
        costs = f"#   weaklabel label messages.csv --lfs ./{path.name} --dry-run     what will asking cost?\n"
        text = before.replace("function, regex_lf", "function, llm_lf, regex_lf") + WITH_LLM + begin[1:] + steps
        text = text.replace("#   weaklabel label", f"{costs}#   weaklabel label", 1)
    write_text(path, text)
