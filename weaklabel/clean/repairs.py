"""Repairs of texts: each takes a column of texts and returns it repaired; what needs no repair is not touched.

A repair that has nothing to do costs one scan by a regex; Python code sees only the texts that the scan finds.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import polars as pl

from weaklabel.errors import require
from weaklabel.units.words import UNSPACED

Value: TypeAlias = "bool | int | float | str | tuple[str, ...]"
Repair: TypeAlias = Callable[[pl.Series, Value], pl.Series]

MAX_PASSES = 8
"""How often repairs are repeated on a text that still changes, such as one that was escaped as HTML several times."""


def _replaced(texts: pl.Series, suspect: str, repair: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Repair the texts in which the regex ``suspect`` matches, each different one once; the others stay."""
    is_suspect = texts.str.contains(suspect).fill_null(False)
    if not is_suspect.any():
        return texts
    before = texts.filter(is_suspect).unique(maintain_order=True)
    after = repair(before)
    differs = before != after
    return texts.replace(before.filter(differs), after.filter(differs)) if differs.any() else texts


def rewritten(texts: pl.Series, suspect: str, repair: Callable[[str], str]) -> pl.Series:
    """Repair texts as `_replaced` does, by a function of one text."""
    return _replaced(texts, suspect, lambda some: pl.Series([repair(text) for text in some.to_list()], dtype=pl.String))


# ---------------------------------------------------------------------- HTML


_ELEMENTS = [
    "a",
    "abbr",
    "acronym",
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bdi",
    "bdo",
    "big",
    "blink",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "command",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "marquee",
    "menu",
    "meta",
    "meter",
    "nav",
    "nobr",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
]
_BLOCKS = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "select",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
]
_INSIDE_TAG = r"""(?:[\s/](?:"[^"<]*"|'[^'<]*'|[^<>"'])*)?"""


def _tags(names: list[str]) -> str:
    return rf"(?i)</?(?:{'|'.join(sorted(names, key=len, reverse=True))}){_INSIDE_TAG}>"


_UNSEEN = r"(?is)<!--.*?-->|<script\b[^<>]*>.*?</script\s*>|<style\b[^<>]*>.*?</style\s*>|<!doctype\b[^<>]*>"
_BLOCK_TAG, _TAG = _tags(_BLOCKS), _tags(_ELEMENTS)
_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_HTML = f"{_ENTITY}|<[!/A-Za-z]"
_AMPERSANDS = r"&(?:amp;)+"


def html_remains(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove tags, comments, scripts and styles of HTML, and resolve entities; tags of blocks become line breaks.

    Only the names of HTML's elements count as tags, so that ``a < b``, ``<3`` and ``<ann@example.org>`` stay; only
    entities with a semicolon count, so that ``?a=1&copy=2`` stays.
    """
    return _replaced(texts, _HTML, _without_html)


def _without_html(texts: pl.Series) -> pl.Series:
    texts = texts.str.replace_all(_UNSEEN, "").str.replace_all(_BLOCK_TAG, "\n").str.replace_all(_TAG, "")
    texts = texts.str.replace_all(_AMPERSANDS, "&amp;")
    entities = texts.str.extract_all(_ENTITY).explode().drop_nulls().unique().sort().to_list()
    return texts.str.replace_many(entities, [html.unescape(entity) for entity in entities]) if entities else texts


# ------------------------------------------------------------------ mojibake


@cache
def _mojibake_characters() -> str:
    """Return a regex of the characters that single bytes above 127 become in the encodings that ftfy tries."""
    chardata = require("ftfy.chardata", "weaklabel[raw]", "the repair 'mojibake'")
    characters = {
        bytes([byte]).decode(encoding, "ignore") for encoding in chardata.CHARMAP_ENCODINGS for byte in range(128, 256)
    }
    codes = sorted(ord(character) for character in characters if character and not character.isascii())
    return "[" + "".join(rf"\x{{{code:x}}}" for code in codes) + "]"


_C1 = re.compile("[\x80-\x9f]")


def mojibake(texts: pl.Series, value: Value = True) -> pl.Series:
    """Undo wrong decoding, such as ``schÃ¶n`` for ``schön``, by ftfy (Speer, "ftfy", Zenodo, 2019).

    Quotes, ligatures, character widths and everything else that ftfy can change besides stay as they are.
    """
    ftfy = require("ftfy", "weaklabel[raw]", "the repair 'mojibake'")
    config = ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
    looks_bad = require("ftfy.badness", "weaklabel[raw]", "the repair 'mojibake'").is_bad

    def fixed(text: str) -> str:
        # Of other texts ftfy changes nothing, but takes five times as long to say so.
        return ftfy.fix_text(text, config) if looks_bad(text) or _C1.search(text) else text

    return rewritten(texts, _mojibake_characters(), fixed)


# ------------------------------------------------- control and invisible ones


_ANSI = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
# Tabs, line ends and separators are left to the repair of white space; unassigned non-characters and interlinear
# annotations go as well.
_CONTROL = (
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\x{FFF9}-\x{FFFB}\x{FDD0}-\x{FDEF}"
    + "".join(rf"\x{{{plane:x}FFFE}}\x{{{plane:x}FFFF}}" for plane in range(17))
    + "]"
)


def control_characters(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove control characters, escape sequences of terminals, and code points that are no characters."""
    return texts.str.replace_all(_ANSI, "").str.replace_all(_CONTROL, "")


_INVISIBLE = (
    "\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff"
)
_INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}]+")
_JOINING = re.compile(  # Arabic, Syriac, N'Ko, Indic scripts, Tibetan, Myanmar, Khmer, Mongolian and their extensions
    "[\u0620-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1700-\u180d\u180f-\u18af\u1900-\u1aaf\u1b00-\u1bff\u1c00-\u1c7f"
    "\u1cd0-\u1cff\ua800-\ua82f\ua840-\ua87f\ua880-\ua8ff\ua980-\ua9ff\uaa60-\uaa7f\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010fff\U00011000-\U00011fff]"
)
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u1a20-\u1aaf\uaa60-\uaa7f]")
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_VARIED = re.compile(r"[0-9#*]|[^\x00-\xa8\s]")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_HANGUL_LETTER = re.compile("[\u1100-\u115e\u1161-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_FLAG, _FLAG_TAGS = "\U0001f3f4", re.compile("[\U000e0020-\U000e007e]+\U000e007f")


def invisible_characters(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove what is not seen: zero-width characters, direction marks, soft hyphens, byte order marks, hidden tags.

    What scripts and emoji need stays: the joiners behind letters of Arabic, Persian, Indic and related scripts and between
    the parts of an emoji, one variation selector behind a character that can have one, the tags of flags, and the
    zero-width space where it parts words of Thai, Lao, Khmer and Burmese.
    """
    return rewritten(texts, f"[{_INVISIBLE}]", lambda text: _INVISIBLE_RUN.sub(_needed, text))


def _needed(run: re.Match[str]) -> str:
    """Return what must stay of a run of invisible characters; it depends on the characters around the run only."""
    text, (begin, end) = run.string, run.span()
    before, after = text[max(begin - 1, 0) : begin], text[end : end + 1]
    if before == _FLAG and (tags := _FLAG_TAGS.match(run[0])):
        return tags[0]
    kept = ""
    for character in dict.fromkeys(run[0]):
        if "\ufe00" <= character <= "\ufe0f":
            is_needed = not kept and bool(_VARIED.match(before))
        elif "\U000e0100" <= character <= "\U000e01ef":
            is_needed = not kept and bool(_IDEOGRAPH.match(before))
        elif character in "\u200c\u180e":
            is_needed = bool(_JOINING.match(before))
        elif character == "\u200d":
            is_needed = bool(_JOINING.match(before)) or bool(_EMOJI.match(before) and _EMOJI.match(after))
        elif character == "\u200b":
            is_needed = bool(_SPACELESS.match(before) or _SPACELESS.match(after))
        else:
            is_needed = character in "\u115f\u1160" and bool(_HANGUL_LETTER.match(before + after))
        kept += character if is_needed else ""
    return kept


# -------------------------------------------------- normal form, white space

FORMS = ("NFC", "NFKC", "NFD", "NFKD")
_NOT_ASCII = r"[^\x00-\x7f]"


def normal_form(texts: pl.Series, value: Value = "NFC") -> pl.Series:
    """Bring texts into a normal form of Unicode (Unicode Standard Annex 15), by default NFC."""
    return _replaced(texts, _NOT_ASCII, lambda suspects: suspects.str.normalize(value))  # type: ignore[arg-type]


_LINE_END = r"\r\n?|[\x0b\x0c\x1c-\x1e\x{85}\x{2028}\x{2029}]"
_ODD_SPACE = r"[^\S\n ]|  |^\s|\s$| \n|\n |\n\n\n|[\x1c-\x1f]"


def white_space(texts: pl.Series, value: Value = True) -> pl.Series:
    r"""Make a run of blanks one space and any line end ``\n``, leave one line blank at most, and strip both ends."""
    return _replaced(
        texts,
        _ODD_SPACE,
        lambda suspects: (
            suspects.str.replace_all(_LINE_END, "\n")
            .str.replace_all(r"(?:[^\S\n]|\x1f)+", " ")
            .str.replace_all(r" ?\n ?", "\n")
            .str.replace_all(r"\n{3,}", "\n\n")
            .str.strip_chars()
        ),
    )


# ------------------------------------------------------------- lines as of C4

_CITATION = r"\[\d*\]|\[edit\]|\[citation needed\]"
_WORD_OF_LINE = rf"{UNSPACED}|[^\s--{UNSPACED}]+"
POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def citations(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove marks such as ``[3]``, ``[edit]`` and ``[citation needed]``."""
    return texts.str.replace_all(_CITATION, "")


def punctuated_lines(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove lines that do not end in a terminal punctuation mark, or end in an ellipsis."""
    ends = r"(?:[.?!。？！]['\"”’」』）)]*|[\"”])$"
    return kept_lines(texts, pl.col("line").str.contains(ends) & ~pl.col("line").str.ends_with("..."))


def long_lines(texts: pl.Series, value: Value = 5) -> pl.Series:
    """Remove lines of fewer words; in scripts without spaces every character counts as one."""
    return kept_lines(texts, pl.col("line").str.count_matches(_WORD_OF_LINE) >= pl.lit(value))


def lines_of_short_words(texts: pl.Series, value: Value = 1000) -> pl.Series:
    """Remove lines with a word of more characters."""
    return kept_lines(texts, ~pl.col("line").str.contains(rf"[^\s--{UNSPACED}]{{{int(value) + 1}}}"))  # type: ignore[arg-type]


def lines_without_javascript(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove lines with the word JavaScript, which ask for it to be enabled."""
    return kept_lines(texts, ~pl.col("line").str.contains("(?i)javascript"))


def lines_without_policies(texts: pl.Series, value: Value = True) -> pl.Series:
    """Remove lines about cookies, terms of use and privacy policies."""
    return kept_lines(texts, ~pl.col("line").str.contains(f"(?i){'|'.join(POLICIES)}"))


def kept_lines(texts: pl.Series, keep: pl.Expr) -> pl.Series:
    """Return the texts with those lines only for which an expression of the column ``line`` is true, and blank ones."""
    lines = lines_of(texts).with_columns(keep=keep | (pl.col("line") == ""))
    return joined_lines(texts, lines)


def lines_of(texts: pl.Series) -> pl.DataFrame:
    """Return a row for each line: the ``row`` of its text, and the ``line`` without blanks at its ends."""
    return (
        pl.DataFrame({"line": texts.fill_null("").str.split("\n")})
        .with_row_index("row")
        .explode("line")
        .with_columns(pl.col("line").str.strip_chars())
    )


def joined_lines(texts: pl.Series, lines: pl.DataFrame) -> pl.Series:
    """Return the texts without the lines of which ``keep`` is false; those that lose none are as they were.

    Parameters
    ----------
    texts
        Length: n.
    lines
        As of `lines_of`, with a column ``keep``.
    """
    cut = lines.filter(~pl.col("keep"))["row"].unique()
    if not len(cut):
        return texts
    rest = (
        lines.filter(pl.col("keep") & pl.col("row").is_in(cut.implode()))
        .group_by("row", maintain_order=True)
        .agg(pl.col("line").str.join("\n"))
    )
    joined = rest.with_columns(pl.col("line").str.replace_all(r"\n{3,}", "\n\n").str.strip_chars("\n"))
    shortened = pl.DataFrame({"row": cut}).join(joined, on="row", how="left").sort("row")
    return texts.clone().scatter(shortened["row"].to_numpy(), shortened["line"].fill_null(""))
