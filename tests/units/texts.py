"""Texts with spans for property tests: emoji, combining marks, line ends, tabs, Chinese, empty texts."""

from hypothesis import strategies as st

from weaklabel.units import Spans, overlapping

PIECES = [
    "Ada",
    "Lovelace",
    "é",
    "e\u0301",
    "\U0001f469\u200d\U0001f52c",
    "北京",
    "\r\n",
    "\n",
    "\t",
    " ",
    "  ",
    ",",
    '"',
    "'s",
    ".",
    "<b>",
    "1,000.5",
    "\u3000",
    "\xa0",
]


@st.composite
def marked_texts(draw, k, overlaps=False, pieces=tuple(PIECES), min_rows=1):
    """Give texts and their spans in code points."""
    texts = [
        "".join(draw(st.lists(st.sampled_from(pieces), max_size=8))) for _ in range(draw(st.integers(min_rows, 4)))
    ]
    rows = []
    for text in texts:
        row = set()
        for _ in range(draw(st.integers(0, 3)) if text else 0):
            begin = draw(st.integers(0, len(text) - 1))
            row.add((begin, draw(st.integers(begin + 1, len(text))), draw(st.integers(0, k - 1))))
        rows.append(row)
    spans = Spans.of_rows(rows)
    while not overlaps and (over := overlapping(spans)).any():
        spans = spans.take(~over)
    return texts, spans
