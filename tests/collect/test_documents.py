"""HTML, PDF and Word: their text, what they say of themselves, and those that cannot be read."""

import io
import zipfile

import pytest

from tests.collect.makers import PAGE, claiming, pdf, rules, run, write

MAIN = (
    "Rain fell on the old roof for most of the long night, and nobody in the house could sleep.",
    "In the morning the garden was green again, and the birds were back in the tall trees behind it.",
)


def read(tmp_path, name, data, **settings):
    write(tmp_path / "in/z.txt", "always there")
    write(tmp_path / "in" / name, data)
    _, rows, rejects = run(tmp_path / "in", tmp_path / "out.parquet", **settings)
    return [row for row in rows if row["file"] == name], rejects


def docx(*paragraphs, table=(), title=""):
    from docx import Document

    document = Document()
    document.core_properties.title = title
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        cells = document.add_table(len(table), len(table[0]))
        for number, row in enumerate(table):
            for cell, text in zip(cells.rows[number].cells, row, strict=True):
                cell.text = text
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def test_main_text_of_a_page(tmp_path):
    (row,), _ = read(tmp_path, "a.html", PAGE)
    assert all(paragraph in row["text"].split("\n\n") for paragraph in MAIN)
    assert "copyright" not in row["text"]
    assert (row["title"], row["meta_steps"]) == ("On rain", "html: main text (trafilatura)")


def test_all_text_of_a_page(tmp_path):
    (row,), _ = read(tmp_path, "a.html", PAGE, html_text="all")
    assert "copyright nobody" in row["text"]
    assert all(paragraph in row["text"] for paragraph in MAIN)
    assert (row["title"], row["meta_steps"]) == ("On rain", "html: all text (resiliparse)")


def test_paragraphs_of_a_page(tmp_path):
    rows, _ = read(tmp_path, "a.html", PAGE, unit="paragraph")
    assert [row["text"] for row in rows][-2:] == list(MAIN)


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        ('<meta charset="iso-8859-1">', "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=gb2312">', "gb18030"),
        ("<meta charset=utf-8>", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_a_page_names_its_encoding(tmp_path, head, codec):
    text = (
        "这是一个很长的句子，它说了一些关于雨和花园的事情。"
        if codec == "gb18030"
        else "Die Straße ist naß – und der Garten schön grün."
    )
    (row,), _ = read(tmp_path, "a.html", f"<html><head>{head}</head><body><p>{text}</p></body></html>".encode(codec))
    assert row["text"] == text


def test_a_page_that_is_not_in_its_encoding_is_rejected(tmp_path):
    page = "<html><head><meta charset=utf-8></head><body><p>Schöne Grüße aus Köln.</p></body></html>".encode("latin-1")
    rows, (reject,) = read(tmp_path, "a.html", page)
    assert not rows and reject["rule"] == "encoding" and "cp1252" in reject["reason"]


def test_pages_without_text(tmp_path):
    for content in ("<html><body></body></html>", "<html><head><script>x = 'text'</script></head></html>"):
        _, (reject,) = read(tmp_path, "a.html", content)
        assert reject["rule"] == "empty"


def test_pdf(tmp_path):
    (row,), _ = read(tmp_path, "a.pdf", pdf("Good day.", "", "It rains. Still.", title="Weather"))
    assert (row["text"], row["title"]) == ("Good day.\n\nIt rains. Still.", "Weather")
    rows, _ = read(tmp_path, "a.pdf", pdf("Good day.", "", "It rains. Still."), unit="sentence")
    assert [(row["text"], row["meta_place"]) for row in rows] == [
        ("Good day.", "page 1, characters 0-9"),
        ("It rains.", "page 3, characters 11-20"),
        ("Still.", "page 3, characters 21-27"),
    ]


def test_word_documents(tmp_path):
    data = docx("A first paragraph.", "", "And a second one.", table=[("a", "b"), ("c", "d")], title="Notes")
    (row,), _ = read(tmp_path, "a.docx", data)
    assert row["text"] == "A first paragraph.\n\nAnd a second one.\n\na\tb\nc\td"
    assert row["title"] == "Notes"


def test_damaged_and_locked_documents_are_rejected(tmp_path):
    folder = tmp_path / "in"
    good = docx("text")
    write(folder / "good.txt", "fine")
    write(folder / "locked.pdf", pdf("secret", encrypted=True))
    write(folder / "scan.pdf", pdf("", ""))
    write(folder / "cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type")
    write(folder / "none.pdf", b"")
    write(folder / "cut.docx", good[: len(good) // 2])
    write(folder / "old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    write(folder / "empty.docx", docx())
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("hello.txt", "not word")
    write(folder / "other.docx", other.getvalue())
    write(folder / "bomb.docx", claiming(good, size=600 << 20))
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    entities = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(entities, "w") as archive:
        for name in source.namelist():
            body = source.read(name)
            if name == "word/document.xml":
                body = f'<!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]>'.encode() + body.split(b"?>", 1)[1].replace(
                    b"text", b"&l8;"
                )
            archive.writestr(name, body)
    write(folder / "laughs.docx", entities.getvalue())
    _, rows, rejects = run(folder, tmp_path / "out.parquet")
    given = {name.rpartition("/")[2]: rule for name, rule in rules(rejects).items()}
    assert given.pop("laughs.docx") in ("broken", "empty")
    assert given == {
        "locked.pdf": "password", "scan.pdf": "empty", "cut.pdf": "broken", "none.pdf": "broken", "cut.docx": "broken",
        "old.docx": "password", "empty.docx": "empty", "other.docx": "broken", "bomb.docx": "size",
    }  # fmt: skip
    assert [row["text"] for row in rows] == ["fine"]


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    from weaklabel.collect import guard
    from weaklabel.errors import MissingPackageError

    monkeypatch.setattr(guard, "_guard", None)
    blocked = write(tmp_path / "blocked/trafilatura.py", "raise ModuleNotFoundError('no', name='trafilatura')")
    monkeypatch.syspath_prepend(blocked.parent)
    with pytest.raises(MissingPackageError, match=r"pip install 'weaklabel\[raw\]'"):
        read(tmp_path, "a.html", PAGE)
    guard._guard.close()
