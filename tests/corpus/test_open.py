"""Bytes to text: encodings, archives, and what is wrong with them."""

from __future__ import annotations

import codecs
import gzip

import pytest
import zstandard

import weaklabel.corpus.open as opening
from weaklabel.corpus import read_corpus
from weaklabel.errors import CorpusError

CSV = "text,who\ngrüß dich 👋,a\n你好,b\n"


@pytest.mark.parametrize(
    ("bom", "codec"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_encoding_is_found_by_byte_order_mark(tmp_path, bom, codec):
    path = tmp_path / "a.csv"
    path.write_bytes(bom + CSV.encode(codec))
    corpus = read_corpus(path)
    assert corpus.columns == ("text", "who")
    assert corpus.texts() == ["grüß dich 👋", "你好"]
    assert corpus.dialect is not None
    assert (corpus.dialect.encoding.codec, corpus.dialect.encoding.bom) == (codec, bom)


@pytest.mark.parametrize("asked", ["utf-8", "utf-8-sig", "utf8"])
def test_a_mark_is_no_text_where_the_encoding_is_named(tmp_path, asked):
    path = tmp_path / "a.csv"
    path.write_bytes(codecs.BOM_UTF8 + CSV.encode())
    assert read_corpus(path, encoding=asked).columns == ("text", "who")


@pytest.mark.parametrize("codec", ["latin-1", "gbk", "utf-16", "utf-16-le"])
def test_named_encoding(tmp_path, codec):
    path = tmp_path / "a.csv"
    text = "text\ngrüß dich\n" if codec == "latin-1" else "text\n你好\n"
    path.write_bytes(text.encode(codec))
    assert read_corpus(path, encoding=codec).texts() == [text.split("\n")[1]]


@pytest.mark.parametrize("before", [0, 5, opening.CHUNK - 8, opening.CHUNK - 7, 2 * opening.CHUNK + 3])
def test_wrong_byte_is_named_by_its_place_in_the_file(tmp_path, before):
    path = tmp_path / "a.csv"
    start = codecs.BOM_UTF8 + b"text\n" + b"x" * before
    path.write_bytes(start + b"caf\xe9 fin\n")
    with pytest.raises(CorpusError, match=rf"byte {len(start) + 3} is not utf-8 .*encoding=.cp1252."):
        read_corpus(path).texts()


def test_a_character_cut_by_the_end_of_a_chunk(tmp_path):
    path = tmp_path / "a.csv"
    text = "x" * (opening.CHUNK - 7) + "👋" * 3
    path.write_text(f"text\n{text}\n", encoding="utf-8")
    assert read_corpus(path).texts() == [text]


def test_a_character_cut_by_the_end_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text\nab👋".encode()[:-1])
    with pytest.raises(CorpusError, match="byte 7 is not utf-8"):
        read_corpus(path).texts()


@pytest.mark.parametrize("name", ["no-such-codec", "base64"])
def test_unknown_encoding(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(CSV, encoding="utf-8")
    with pytest.raises(CorpusError, match=f"unknown encoding '{name}'"):
        read_corpus(path, encoding=name)


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", _zstd)])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_archives_of_several_members(tmp_path, suffix, pack, kind):
    lines = [f"row {i}" for i in range(50_000)]
    parts = ["text\n", *(f"{line}\n" for line in lines)]
    if kind == "jsonl":
        parts = [f'{{"text": "{line}"}}\n' for line in lines]
    path = tmp_path / f"a.{kind}{suffix}"
    path.write_bytes(pack("".join(parts[:700]).encode()) + pack("".join(parts[700:]).encode()))
    assert read_corpus(path).texts() == lines


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", _zstd)])
def test_truncated_archive(tmp_path, suffix, pack):
    path = tmp_path / f"a.csv{suffix}"
    packed = pack(("text\n" + "".join(f"row {i}\n" for i in range(50_000))).encode())
    path.write_bytes(packed[:-12])
    with pytest.raises(CorpusError, match="corrupt or truncated"):
        read_corpus(path).texts()


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_that_only_claims_to_be_an_archive(tmp_path, suffix):
    path = tmp_path / f"a.csv{suffix}"
    path.write_text(CSV, encoding="utf-8")
    with pytest.raises(CorpusError, match="corrupt or truncated"):
        read_corpus(path)


def test_a_corrupt_archive(tmp_path):
    path = tmp_path / "a.csv.gz"
    packed = bytearray(gzip.compress(("text\n" + "".join(f"row {i}\n" for i in range(50_000))).encode()))
    packed[-6] ^= 255
    path.write_bytes(packed)
    with pytest.raises(CorpusError, match="corrupt or truncated"):
        read_corpus(path).texts()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", _zstd)])
def test_a_bomb_is_refused(tmp_path, monkeypatch, suffix, pack):
    monkeypatch.setattr(opening, "MAX_UNPACKED", 4 << 20)
    monkeypatch.setattr(opening, "MAX_RATIO", 100)
    path = tmp_path / f"a.csv{suffix}"
    line = b"a" * 1023 + b"\n"
    path.write_bytes(pack(b"text\n" + line * (5 << 10)))
    with pytest.raises(CorpusError, match="looks like a bomb"):
        read_corpus(path).texts()
    path.write_bytes(pack(b"text\n" + line * (3 << 10)))
    assert len(read_corpus(path)) == 3 << 10


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_an_empty_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match="is empty"):
        read_corpus(tmp_path / name)
