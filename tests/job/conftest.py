"""A corpus of many small parts, and a pack of labeling functions of several kinds."""

import pytest

from weaklabel.corpus import open as opening, parts

PACK = """
from weaklabel import keyword_lf, labeling_function, lexicon_lf, regex_lf

LABELS = ("ham", "spam")

prize = keyword_lf("prize", 1, ["prize", "win"])
link = regex_lf("link", 1, r"https?://")
lunch = keyword_lf("lunch", 0, ["lunch", "dinner"])
greeting = lexicon_lf("greeting", 0, ["hi", "hello"])


@labeling_function()
def shouting(x):
    if x.text == "trouble":
        raise ValueError("this text is trouble")
    return 1 if sum(word.isupper() for word in x.text.split()) >= 2 else -1
"""

WORDS = ["prize", "WIN", "NOW", "lunch", "hello", "see", "you", "http://a.example", "tomorrow", "größe"]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(opening, "CHUNK", 512)
    monkeypatch.setattr(parts, "PART_ROWS", 20)


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "pack.py"
    path.write_text(PACK)
    return path


@pytest.fixture
def messages(tmp_path):
    """300 good rows, some of them quoted over two lines, three that are none, and one that is trouble."""
    rows = []
    for row in range(300):
        words = [WORDS[(row * 7 + number * number) % len(WORDS)] for number in range(row % 5 + 1)]
        rows.append(f'{row},"{" ".join(words)}\nand more"' if row % 11 == 3 else f"{row},{' '.join(words)}")
    rows[150] = "150,trouble"
    for place in (40, 120, 250):
        rows.insert(place, "too,many,fields")
    path = tmp_path / "messages.csv"
    path.write_text("id,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path
