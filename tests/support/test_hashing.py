"""Hashes that files on disk and caches depend on: their values stay as they are."""

from hashlib import blake2b, sha256
from zlib import crc32

import pytest

from weaklabel.support.hashing import (
    blake_of_bytes,
    hash_parts,
    hash_path,
    hash_texts,
    sampling_numbers,
    sha256_of_bytes,
    sha256_of_file,
    sha256_of_json,
    sha256_of_parts,
    sha256_of_text,
)


def test_sha256_is_that_of_the_standard_library(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc" * 1000)
    expected = sha256(b"abc" * 1000).hexdigest()
    assert sha256_of_file(file) == sha256_of_bytes(b"abc" * 1000) == sha256_of_text("abc" * 1000) == expected
    assert sha256_of_parts([b"abc"] * 1000) == expected
    assert sha256_of_json({"b": 1, "a": [2]}) == sha256(b'{"a": [2], "b": 1}').hexdigest()
    assert sha256_of_text("\ud800") == sha256("\ud800".encode("utf-8", "surrogatepass")).hexdigest()


def test_where_a_part_ends_counts():
    assert hash_parts(["ab", "c"]) != hash_parts(["a", "bc"])
    assert hash_parts(["ab"]) == hash_parts([b"ab"])
    assert len(hash_parts([])) == 32
    assert blake_of_bytes(b"ab") == blake2b(b"ab", digest_size=32).hexdigest()


def test_hashes_of_texts_differ_by_key():
    assert hash_texts(["a", "b"], b"one") != hash_texts(["a", "b"], b"two")
    assert hash_texts(["a"], b"one") == [blake2b(b"a", digest_size=16, key=b"one").digest()]


def test_sampling_numbers_are_the_crc_of_each_text():
    assert sampling_numbers(["a", "b", "a"]).tolist() == [crc32(b"a"), crc32(b"b"), crc32(b"a")]
    assert sampling_numbers([]).shape == (0,)


def test_a_path_is_hashed_by_names_and_content(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "a").write_text("x")
        (folder / "b").write_text("y")
    assert hash_path(first) == hash_path(second)
    (second / "b").rename(second / "c")
    assert hash_path(first) != hash_path(second)
    before = hash_path(first / "b")
    (first / "b").write_text("longer")
    assert hash_path(first / "b") != before
    with pytest.raises(OSError):
        hash_path(tmp_path / "absent")
