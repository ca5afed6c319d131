"""Words as vectors: whatever the texts next to them, in texts of any length, and with the shape of their spelling."""

import numpy as np
import pytest

from weaklabel.encoder.words import SHAPES, WordEncoder, word_shapes
from weaklabel.support import cache
from weaklabel.units import find_words

TEXTS = [
    "The river bank was steep.",
    "She opened a bank account.",
    "",
    "caf\u00e9 \U0001f44d\U0001f3fd and \u6771\u4eac\r\n\tend",
    "The river bank was steep.",
    "word " * 700 + "last",
]


@pytest.fixture(scope="module")
def vectors():
    return WordEncoder(layers=(0, 6)).encode(TEXTS, find_words(TEXTS))


def of_row(vectors, row):
    offsets = find_words(TEXTS).offsets
    return vectors[offsets[row] : offsets[row + 1]]


def test_each_word_has_a_vector_that_depends_on_its_text(vectors):
    assert vectors.shape == (len(find_words(TEXTS)), 768) and np.isfinite(vectors).all()
    river, account = of_row(vectors, 0)[2], of_row(vectors, 1)[3]
    assert (river[:100] != 0).any()
    assert not np.allclose(river[384:], account[384:], atol=0.1)
    assert (of_row(vectors, 0) == of_row(vectors, 4)).all()


def test_the_texts_next_to_a_text_do_not_matter(vectors, tmp_path):
    cache.use(tmp_path)
    for row in (0, 3, 5):
        alone = WordEncoder(layers=(0, 6)).encode([TEXTS[row]], find_words([TEXTS[row]]))
        from_cache = WordEncoder(layers=(0, 6)).encode([TEXTS[row]], find_words([TEXTS[row]]))
        assert (alone == of_row(vectors, row)).all()
        assert (alone == from_cache).all()
    assert any(tmp_path.iterdir())


def test_a_long_text_is_read_to_its_end(vectors):
    assert (np.abs(of_row(vectors, 5)).sum(axis=1) > 0).all()


def test_no_words_have_no_vectors():
    assert WordEncoder(layers=(6,)).encode(["", " "], find_words(["", " "])).shape == (0, 384)
    assert WordEncoder(layers=(6,)).encode([], find_words([])).shape == (0, 384)


def test_shapes_of_words_and_their_neighbors():
    texts = ["Ada met IBM", "", "42 x-ray"]
    shapes = word_shapes(texts, find_words(texts))
    n = len(SHAPES)
    capital, capitals, lower, digits = (SHAPES.index(name) for name in (SHAPES[0], SHAPES[1], SHAPES[2], SHAPES[4]))
    assert shapes[:3, capital].tolist() == [1, 0, 1] and shapes[:3, capitals].tolist() == [0, 0, 1]
    assert shapes[1, n + capital] == 1 and shapes[1, 2 * n + capitals] == 1 and shapes[1, lower] == 1
    assert not shapes[0, n : 2 * n].any() and not shapes[2, 2 * n : 3 * n].any()  # no neighbors beyond the text
    assert shapes[3, digits] == 1 and not shapes[3, n : 2 * n].any()
    assert shapes[:, -2].tolist() == [1, 0, 0, 1, 0, 0, 0] and shapes[:, -1].tolist() == [0, 0, 1, 0, 0, 0, 1]
    assert word_shapes(["", ""], find_words(["", ""])).shape == (0, 3 * n + 2)
