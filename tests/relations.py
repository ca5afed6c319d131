"""A small relation corpus: sentences with two entities, and a pack of labeling functions for it."""

import csv

PACK = """
from weaklabel import ABSTAIN, keyword_lf, labeling_function

LABELS = ("cause", "part")
causes = keyword_lf("causes", 0, ["causes", "brings", "leads to"])
because = keyword_lf("because", 0, ["because", "from"])
inside = keyword_lf("inside", 1, ["inside", "of the", "belongs"])


@labeling_function()
def raw(x):
    assert "@" not in x.text and "#" not in x.text and x.e1 and x.e2
    return 1 if x.text.startswith("the") else ABSTAIN
"""

PAIRS = [("rain", "mud"), ("smoke", "cough"), ("frost", "cracks"), ("heat", "thirst"), ("noise", "stress")]
CAUSES = ["{0} causes {1}", "we know that {0} often brings {1} with it", "{1} comes from {0}, because of summer"]
PARTS = [("wheel", "car"), ("page", "book"), ("roof", "house"), ("string", "violin"), ("branch", "tree")]
INSIDE = ["the {0} of the {1} is old", "a {0} belongs inside a {1}", "the {0} is hidden inside the {1}"]
ROWS = [(form.format(*pair), *pair, "cause") for form in CAUSES for pair in PAIRS]
ROWS += [(form.format(*pair), *pair, "part") for form in INSIDE for pair in PARTS]
# Of the same sentence another pair, which is related otherwise.
ROWS += [
    ("the wheel of the car brings mud", "wheel", "car", "part"),
    ("the wheel of the car brings mud", "car", "mud", "cause"),
]


def write_relations(folder):
    """Write ``relations.csv``, with the second entity as a span, ``gold.csv``, and ``pack.py``; return the first."""
    (folder / "pack.py").write_text(PACK, encoding="utf-8")
    for name, rows in (("relations.csv", ROWS), ("gold.csv", ROWS[::2] + ROWS[-1:])):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "e1", "e2", "truth"])
            for text, first, other, truth in rows:
                begin = text.index(other)
                writer.writerow([text, first, f"{begin}-{begin + len(other)}", truth])
    return folder / "relations.csv"
