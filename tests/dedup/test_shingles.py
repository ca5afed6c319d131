"""Shingles, their signatures, and similarities, against plain references."""

import numpy as np
from hypothesis import given, strategies as st

from tests.dedup import reference
from weaklabel.corpus.cleaning import normalise
from weaklabel.dedup.minhash import MISSED, band_keys, bands_for
from weaklabel.dedup.shingles import Shingles, Texts, character_shingles, distinct, word_shingles
from weaklabel.dedup.similarity import jaccard
from weaklabel.dedup.sketches import Sketches, sketch

CHARS = "abc 12.,_-é你好吗のแขक्षि😀𠀀\u0301"
TEXTS = st.lists(st.text(CHARS, max_size=60).map(normalise), max_size=6)


@given(TEXTS)
def test_shingles_are_those_of_the_reference(texts):
    laid = Texts.of(texts)
    assert laid.strings() == texts
    forms = ((character_shingles, reference.character_shingles), (word_shingles, reference.word_shingles))
    for hashed, plain in forms:
        made, wanted = hashed(laid), [plain(text) for text in texts]
        assert made.counts.tolist() == [len(of_text) for of_text in wanted]
        pieces = [piece for of_text in wanted for piece in of_text]
        hash_of = dict(zip(pieces, made.hashes.tolist(), strict=True))
        assert [hash_of[piece] for piece in pieces] == made.hashes.tolist()
        assert len(set(hash_of.values())) == len(hash_of)
        different = distinct(made)
        assert different.counts.tolist() == [len(set(of_text)) for of_text in wanted]
        ends = np.cumsum(different.counts)
        for end, count, of_text in zip(ends, different.counts, wanted, strict=True):
            assert different.hashes[end - count : end].tolist() == sorted({hash_of[piece] for piece in of_text})


def test_long_words_are_cut():
    texts = Texts.of(["x" * 50, "x" * 16 + " " + "x" * 16 + " " + "x" * 16 + " xx"])
    made = word_shingles(texts)
    assert made.counts.tolist() == [2, 2]
    assert made.hashes[:2].tolist() == made.hashes[2:].tolist()


@given(st.lists(st.text("ab 你", max_size=30), min_size=2, max_size=6))
def test_similarity_is_that_of_sets(texts):
    sketches = Sketches([sketch(texts[:1], bands_for(0.7), 0.7), sketch(texts[1:], bands_for(0.7), 0.7)])
    left, right = np.triu_indices(len(texts), 1)
    values = jaccard(sketches.texts, sketches.text_bytes(), "characters", left, right)
    for rows, value in zip(zip(left, right, strict=True), values, strict=True):
        first, second = (set(reference.character_shingles(normalise(texts[row]))) for row in rows)
        assert value == len(first & second) / max(1, len(first | second))


def test_bands_find_what_they_promise():
    for threshold in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        bands = bands_for(threshold)
        assert bands.probability(threshold) >= 1 - MISSED
        assert bands.count * bands.rows <= 256


def test_sets_share_a_band_as_often_as_computed():
    rng, bands = np.random.default_rng(0), bands_for(0.7)
    size, n = 90, 1500
    for similarity in (0.5, 0.7, 0.8):
        shared = round(2 * size * similarity / (1 + similarity))
        common = rng.integers(0, 1 << 63, (n, shared), dtype=np.uint64)
        sides = [
            np.concatenate([common, rng.integers(0, 1 << 63, (n, size - shared), dtype=np.uint64)], axis=1)
            for _ in range(2)
        ]
        keys = [band_keys(Shingles(side.ravel(), np.full(n, size)), bands) for side in sides]
        share = (keys[0] == keys[1]).any(axis=0).mean()
        expected = bands.probability(shared / (2 * size - shared))
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n) + 1e-3


def test_signatures_do_not_depend_on_the_texts_beside():
    texts = [normalise(f"text number {number} of many, {number * 7}") for number in range(1300)]
    bands = bands_for(0.7)
    whole = sketch(texts, bands, 0.7).character_keys
    alone = np.concatenate([sketch([text], bands, 0.7).character_keys for text in texts[::100]], axis=1)
    assert (whole[:, ::100] == alone).all()
