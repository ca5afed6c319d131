"""The Chinese README keeps step with the English one: headings, code, tables and links."""

import io
import re
import tokenize

from tests.docs.pages import FENCE, ROOT
from tests.docs.test_links import LINK

ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))


def levels(text):
    return [len(marks) for marks in re.findall(r"^(#+) ", FENCE.sub("", text), re.M)]


def without_comments(kind, code):
    """Return the code without its comments, which are translated, and without what is put before them to align them."""
    if kind.startswith("python"):
        tokens = tokenize.generate_tokens(io.StringIO(code).readline)
        return [(token.type, token.string) for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL)]
    return [re.sub(r"\s+#.*", "", line).strip() for line in code.splitlines()]


def blocks(text):
    return [(kind.strip(), without_comments(kind.strip(), code)) for _, kind, code in FENCE.findall(text)]


def test_the_headings_are_the_same():
    assert levels(CHINESE) == levels(ENGLISH)


def test_the_code_is_the_same():
    assert blocks(CHINESE) == blocks(ENGLISH)


def test_the_rows_of_tables_are_as_many():
    def rows(text):
        return [line.count("|") for line in FENCE.sub("", text).splitlines() if line.startswith("|")]

    assert rows(CHINESE) == rows(ENGLISH)


def test_the_generated_tables_are_the_same():
    def tables(text):
        return re.findall(r"<!-- (.+?) -->\n(.*?)<!-- end of \1 -->", text, re.S)

    assert tables(CHINESE) == tables(ENGLISH) and len(tables(CHINESE)) >= 3


def test_the_links_are_the_same():
    def links(text):
        prose = re.sub(r"<!-- (.+?) -->\n.*?<!-- end of \1 -->", "", FENCE.sub("", text), flags=re.S)
        return sorted(link for link in LINK.findall(prose) if not link.startswith(("#", "README")))

    assert links(CHINESE) == links(ENGLISH)


def test_each_names_the_other():
    assert "[简体中文](README.zh.md)" in ENGLISH and "[English](README.md)" in CHINESE
