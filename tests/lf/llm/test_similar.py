"""Examples by similarity: from labeled rows of a file, never the asked row itself or one that is nearly it."""

import pytest

from tests.lf.llm.conftest import asked_texts
from tests.lf.llm.test_votes import batch_of, make
from weaklabel.errors import LFError
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.llm.similar import NEAR_DUPLICATE, jaccard, pieces_of

ROWS = [
    ("claim your free prize now", "spam"),
    ("claim your free prize now!!", "spam"),
    ("your invoice for the new kitchen is overdue", "ham"),
    ("your invoice for the garden is overdue", "ham"),
    ("shall we have lunch on friday", "ham"),
    ("a row without a label", ""),
    ("free prizes for all of you", "SPAM"),
]


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS), encoding="utf-8")
    return path


def examples_of(body):
    messages = body["messages"]
    texts = [asked_texts({"messages": [message]})[0] for message in messages if message["role"] == "user"]
    return list(zip(texts[:-1], [each["content"] for each in messages if each["role"] == "assistant"], strict=True))


@pytest.mark.filterwarnings("ignore:.*matched")
def test_the_most_similar_rows_are_shown_the_nearest_one_last(server, current, gold):
    make(server, examples="similar", examples_from=gold, shots=2).vote(batch_of(["the invoice of the garden shop"]))
    assert examples_of(server.bodies[0]) == [(ROWS[2][0], "ham"), (ROWS[3][0], "ham")]


@pytest.mark.filterwarnings("ignore:.*matched")
@pytest.mark.parametrize(
    "asked", ["claim your free prize now", "CLAIM your  free prize now...", "claim your free prize now!"]
)
def test_neither_the_row_itself_nor_a_near_duplicate_is_an_example(server, current, gold, asked):
    make(server, examples="similar", examples_from=gold, shots=6).vote(batch_of([asked]))
    shown = examples_of(server.bodies[0])
    assert len(shown) == 4
    assert ROWS[0] not in shown
    assert ROWS[1] not in shown
    assert shown[-1] == ("free prizes for all of you", "spam")
    assert all(jaccard(pieces_of(asked), pieces_of(text)) < NEAR_DUPLICATE for text, _ in shown)


@pytest.mark.filterwarnings("ignore:.*matched")
def test_the_labeled_rows_are_part_of_the_identity(server, current, gold):
    before = make(server, examples="similar", examples_from=gold)
    assert str(gold) in before.files()
    gold.write_text(gold.read_text(encoding="utf-8").replace("friday", "monday"), encoding="utf-8")
    after = make(server, examples="similar", examples_from=gold)
    assert fingerprint(before) != fingerprint(after) is not None


@pytest.mark.parametrize(("content", "message"), [
    ("text,gold\na,ham\n", "lacks the column 'label'"),
    ("text,label\na,ham\nb,\n", "has 1 labeled rows"),
    ("text,label\na,ham\nb,spma\n", "spma"),
    ("text_sha256,label\n0f,ham\n", "the gold that a review exports"),
    (None, "does not exist|cannot read"),
])  # fmt: skip
def test_unusable_labeled_rows_are_refused(server, tmp_path, content, message):
    path = tmp_path / "gold.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(LFError, match=message):
        make(server, examples="similar", examples_from=path)


def test_pieces_of_short_texts_and_other_scripts():
    assert jaccard(pieces_of("ab"), pieces_of("AB")) == 1
    assert (
        jaccard(
            pieces_of("\u4f60\u597d\u4e16\u754c\uff0c\u518d\u89c1"), pieces_of("\u4f60\u597d\u4e16\u754c,\u518d\u89c1")
        )
        == 1
    )
    assert jaccard(pieces_of("hello"), pieces_of("world")) == 0
