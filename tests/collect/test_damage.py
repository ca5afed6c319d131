"""Good files of every kind, damaged at random: each is read or rejected, nothing crashes, and other files are not harmed."""

import gzip
import io
import random
import tarfile
import zipfile
from collections import Counter

import polars as pl
import pytest
import zstandard

from tests.collect.makers import PAGE, mbox, message, pdf, run, write

DAMAGES = 12
"""Damaged copies of each file."""


def good_files() -> dict[str, bytes]:
    from docx import Document

    word, table, packed, tar = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    document = Document()
    document.add_paragraph("A paragraph of a document.")
    document.save(word)
    pl.DataFrame({"text": ["one", "two"], "n": [1, 2]}).write_parquet(table)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "some text")
        archive.writestr("b/c.html", PAGE)
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 9
        archive.addfile(info, io.BytesIO(b"some text"))
    parts = "".join(
        f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in (("text/plain", "hi"), ("text/html", "<p>hi"))
    )
    return {
        "a.docx": word.getvalue(),
        "a.parquet": table.getvalue(),
        "a.zip": packed.getvalue(),
        "a.tar": tar.getvalue(),
        "a.tar.gz": gzip.compress(tar.getvalue()),
        "a.txt.zst": zstandard.compress(b"some text" * 9),
        "a.pdf": pdf("Good day.", "It rains."),
        "a.html": PAGE.encode(),
        "a.eml": f"From: a\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n".encode(),
        "a.mbox": mbox(message("one", "first"), message("two", "second")).encode(),
        "a.csv": b'text,n\n"one, and",1\ntwo,2\n',
        "a.jsonl": b'{"text": "one", "n": 1}\n{"text": "two"}\n',
        "a.json": b'[{"text": "one"}, {"text": "two"}]',
        "a.md": "# Schöner Titel\n\nText.".encode(),
    }


def damaged(data: bytes, rng: random.Random) -> bytes:
    how = rng.choice(["cut", "flip", "insert", "repeat", "swap"])
    place = rng.randrange(len(data))
    if how == "cut":
        return data[:place]
    if how == "flip":
        broken = bytearray(data)
        for _ in range(rng.choice([1, 5, 50])):
            broken[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(broken)
    if how == "insert":
        return data[:place] + rng.randbytes(rng.choice([1, 100])) + data[place:]
    if how == "repeat":
        return data[:place] + data[place // 2 :]
    other = rng.randrange(len(data))
    begin, end = sorted((place, other))
    return data[end:] + data[begin:end] + data[:begin]


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_or_rejected(tmp_path):
    rng = random.Random(0)
    names = []
    for name, data in good_files().items():
        for number in range(DAMAGES):
            names.append(f"{number:02}/{name}")
            write(tmp_path / "in" / names[-1], damaged(data, rng))
    write(tmp_path / "in/99/good.txt", "not harmed")
    done, rows, rejects = run(f"{tmp_path}/in", tmp_path / "out.parquet")
    sources = [entry.get("meta_source") or entry["source"] for entry in (*rows, *rejects)]
    of_file = Counter("/".join(source.removeprefix(f"{tmp_path}/in/").split("/")[:2]) for source in sources)
    assert set(names) <= set(of_file), "each file is a row or a reject"
    assert done.documents == len(rows) and done.rejects == len(rejects)
    assert rows[-1]["text"] == "not harmed"
    assert len(done.rejected) >= 5
