"""From the bytes of one document to its text, for formats whose readers may hang, crash or eat memory.

These functions run in a process of their own; see `weaklabel.collect.guard`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weaklabel.collect.decoding import Unreadable, decode, html_charset
from weaklabel.errors import require
from weaklabel.support.naming import setting

MAX_UNPACKED = 1 << 29
"""Bytes to which a .docx file may unpack."""


@dataclass(frozen=True)
class Extracted:
    """The text of a document, and what else the document says of itself; see `weaklabel.collect.source.Document`."""

    text: str
    steps: tuple[str, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[tuple[int, str], ...] = ()
    time: str | None = None


def html(data: bytes, options: Mapping[str, Any]) -> Extracted:
    """Return the main text of an HTML page, or all of the text that is shown."""
    page, title = decode_html(data, options), None
    if options["html_text"] == "all":
        text, step = shown_text(page), "html: all text (resiliparse)"
        tree = None
    else:
        tree, text = _main_text(page)
        step = "html: main text (trafilatura)"
    title = _title(page, tree)
    if not text.strip():
        raise Unreadable(
            "empty",
            f"no main text in it: for all of the text that it shows, give {setting('collect.html_text', 'all')}",
        )
    return Extracted(text, (step,), {} if title is None else {"title": title})


def decode_html(data: bytes, options: Mapping[str, Any]) -> str:
    """Decode a page as asked, as its server said, as it says itself, or as UTF-8."""
    return decode(data, options["encoding"], options.get("charset") or html_charset(data))


def shown_text(page: str) -> str:
    """Return all of the text that a page shows."""
    extract = require("resiliparse.extract.html2text", "weaklabel[raw]", "reading HTML").extract_plain_text
    text: str = extract(page, main_content=False, alt_texts=False, links=False, comments=True)
    return text


def _main_text(page: str) -> tuple[Any, str]:
    trafilatura = require("trafilatura", "weaklabel[raw]", "reading HTML")
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    # Parsed here, since libxml2 leaves out what is nested too deeply, and trafilatura does not say so.
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        tree = document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        raise Unreadable("empty", "no text in it") from None
    for error in parser.error_log:
        if "xcessive depth" in error.message:
            how = setting("collect.html_text", "all")
            raise Unreadable("broken", f"its elements are nested too deeply: give {how}, or repair it")
    # Without favor_precision, a page with less than 250 characters of main text gives all of its text instead: menus,
    # teasers and the footer of every short notice, and of many Chinese pages (benchmarks/quality/extraction.py).
    options = {"include_comments": False, "fast": True, "favor_precision": True}
    text = trafilatura.extract(tree, output_format="txt", **options) or ""
    # One block a line becomes one block a paragraph.
    return tree, "\n\n".join(line for line in text.splitlines() if line.strip())


def _title(page: str, tree: Any) -> str | None:
    if tree is None:
        from resiliparse.parse.html import HTMLTree

        title = HTMLTree.parse(page).title
    else:
        title = tree.findtext(".//title")
    return " ".join(title.split()) if title and title.strip() else None


def pdf(data: bytes, options: Mapping[str, Any]) -> Extracted:
    """Return the text of a PDF, with a mark at each page."""
    pdfium = require("pypdfium2", "weaklabel[pdf]", "reading PDF")
    try:
        document = pdfium.PdfDocument(data)
        pages = []
        for number in range(len(document)):
            page = document[number]
            pages.append(page.get_textpage().get_text_bounded())
            page.close()
        title = document.get_metadata_dict().get("Title", "").strip()
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("password", "needs a password: remove it, for example with qpdf --decrypt") from None
        raise Unreadable("broken", f"is not a readable PDF ({error}): get it whole") from None
    text, marks = "", []
    for number, page in enumerate(pages, 1):
        # The end of a line inside of a hyphenated word, then all other ends of lines.
        plain = page.replace("\ufffe\r\n", "").replace("\ufffe", "").replace("\r\n", "\n").strip()
        if plain:
            text += "\n\n" if text else ""
            marks.append((len(text), f"page {number}"))
            text += plain
    if not text:
        raise Unreadable("empty", "no text in it: if its pages are images, run text recognition (OCR) first")
    return Extracted(text, ("pdf: text (pdfium)",), {"title": title} if title else {}, tuple(marks))


def docx(data: bytes, options: Mapping[str, Any]) -> Extracted:
    """Return the text of a Word document: its paragraphs, and its tables with tabs between cells."""
    import zipfile
    import zlib

    library = require("docx", "weaklabel[docx]", "reading Word documents")
    from docx.table import Table
    from lxml import etree

    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "password", "has a password, or is in the old .doc format: save it as .docx without a password"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > MAX_UNPACKED:
            raise Unreadable("size", f"{len(data):,} bytes unpack to {size:,}, which looks like a bomb")
        document = library.Document(io.BytesIO(data))
        blocks = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                blocks.append("\n".join("\t".join(cell.text for cell in row.cells) for row in block.rows))
            else:
                blocks.append(block.text)
        title = (document.core_properties.title or "").strip()
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, etree.LxmlError, AttributeError) as error:
        raise Unreadable("broken", f"is not a readable Word document ({error}): get it whole") from None
    text = "\n\n".join(block for block in blocks if block.strip())
    if not text:
        raise Unreadable("empty", "no text in it")
    return Extracted(text, ("docx: text (python-docx)",), {"title": title} if title else {})
