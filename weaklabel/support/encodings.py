"""Files that are not UTF-8: guessing their encoding, and recognizing those that are not text at all."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from weaklabel.support.naming import setting

MAX_CANDIDATES = 3
"""Most encodings that a message names."""

JUDGED_BYTES = 16 << 10
"""Bytes around the first wrong byte by which encodings are judged."""

_AROUND = 18
"""Characters shown on each side of the first wrong byte."""

_MARGIN = 0.7
"""Nats per byte by which a candidate may be less likely than the best one."""

_FLOOR = -7.0
"""Nats per byte below which no encoding is likely: random bytes have -5.5 at best in one-byte encodings."""

_AS_CSV = "save it as CSV (UTF-8) in the program that wrote it"
_FILES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office file (.xls, .doc)", _AS_CSV),
    (b"%PDF-", "a PDF document", "extract its text first, for example with pdftotext"),
    (b"{\\rtf", "an RTF document", "save it as plain text (UTF-8)"),
    (b"PAR1", "a Parquet file", "name it .parquet, or give {format}"),
    (b"ARROW1", "an Arrow IPC (Feather) file", "write it as Parquet, for example with pandas"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"\x89HDF\r\n", "an HDF5 file", "write it as Parquet, for example with pandas"),
    (b"\x93NUMPY", "a NumPy array file", "write its rows as CSV or Parquet"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first, or pack it with gzip or zstd"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first, or pack it with gzip or zstd"),
)
_IN_ZIP = (
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)", _AS_CSV),
    (b"opendocument.text", "an OpenDocument text (.odt)", "save it as plain text (UTF-8)"),
    (b"xl/", "an Excel workbook (.xlsx)", _AS_CSV),
    (b"word/", "a Word document (.docx)", "save it as plain text (UTF-8)"),
    (b"data.pkl", "a PyTorch file, which holds pickled objects", "write its rows as CSV or Parquet"),
    (b"[Content_Types].xml", "an Office file (.xlsx, .docx)", _AS_CSV),
)


def not_text(head: bytes) -> str | None:
    """Return what a file that begins with ``head`` is and what to do with it, None where it may be text.

    Examples
    --------
    >>> not_text(b"%PDF-1.7")
    'is a PDF document, not text: extract its text first, for example with pdftotext'
    """
    kinds: Iterable[tuple[bytes, str, str]] = (kind for kind in _FILES if head.startswith(kind[0]))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kinds = [*(kind for kind in _IN_ZIP if kind[0] in head), (b"", "a ZIP archive", "unpack it first")]
    elif head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        kinds = [(b"", "a Python pickle, which is never opened here", "write its rows as CSV or Parquet")]
    for _, what, then in kinds:
        return f"is {what}, not text: {then.format(format=setting('corpus.format', 'parquet'))}"
    return None


@dataclass(frozen=True)
class EncodingCandidate:
    """An encoding under which some bytes may have been written, and the text around the first wrong byte in it."""

    codec: str
    sample: str


def utf8(data: bytes, name: str) -> str:
    """Return UTF-8 as text, without its byte order mark.

    Raises
    ------
    NotUtf8
        It is not UTF-8; says in one sentence where, the most likely encoding, and what to do.

    Examples
    --------
    >>> utf8("schön".encode("latin-1"), "words.txt")
    Traceback (most recent call last):
    weaklabel.support.encodings.NotUtf8: words.txt, line 1: not UTF-8; most likely it is cp1252 ("schön"): save it as UTF-8
    """
    what = not_text(data[:4096])
    if what is not None:
        raise NotUtf8(f"{name} {what}")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotUtf8(f'{name} is UTF-16 ("Unicode" in Notepad), not UTF-8: save it as UTF-8')
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise NotUtf8(f"{name}, line {line}: not UTF-8; {wrong_bytes(error, then='save it as UTF-8')}") from None


class NotUtf8(ValueError):
    """Bytes are not the UTF-8 that they must be; its text is a sentence for users."""


def wrong_bytes(error: UnicodeDecodeError, codec: str = "utf-8", then: str | None = None) -> str:
    """Return, as part of a sentence, why bytes are not in ``codec``, and which encodings are likely.

    Parameters
    ----------
    error
        As the codec raised it, with all the bytes that are at hand.
    codec
        The codec that failed, which is not suggested.
    then
        What to do, if there is a candidate; by default, to name it as the encoding.

    Examples
    --------
    >>> try:
    ...     "win €500 – it’s yours".encode("cp1252").decode()
    ... except UnicodeDecodeError as error:
    ...     print(wrong_bytes(error))
    most likely it is cp1252 ("win €500 – it’s yours"): give encoding="cp1252"
    """
    data = error.object
    cut = ""
    if codec == "utf-8":
        broken = data.decode(errors="replace").count("�")
        sound = sum(1 for character in data.decode(errors="ignore") if character > "\x7f")
        if error.end >= len(data) and error.reason == "unexpected end of data":
            if sound:
                return "the file ends within a character, so it was cut short: get it whole"
            cut = "either it was cut short within a character, or "
        elif sound > 3 * broken:
            wrong = f"{broken:,} wrong byte{'s' * (broken != 1)}, {sound:,} good characters beyond ASCII"
            return f"the rest is UTF-8 ({wrong}): repair it"
    if len(data.translate(None, _CONTROLS)) < 0.98 * len(data):
        return "it holds binary data, which no encoding makes text: export the rows as CSV"
    likely = [candidate for candidate in candidates(data, error.start) if candidate.codec != codec]
    if not likely:
        return "no common encoding fits either: convert the file to UTF-8 in the program that wrote it"
    first, *others = likely
    rest = ", ".join(f'{other.codec} ("{other.sample}")' for other in others)
    which = f'{cut}most likely it is {first.codec} ("{first.sample}"){f", else {rest}" if rest else ""}'
    return f"{which}: {then or 'give ' + setting('corpus.encoding', first.codec)}"


def candidates(data: bytes, place: int) -> list[EncodingCandidate]:
    """Return the encodings in which ``data`` is most plausible text, best first; at most `MAX_CANDIDATES`, maybe none.

    Parameters
    ----------
    data
        Bytes that are not UTF-8.
    place
        Of the first byte that is not.

    Examples
    --------
    >>> [candidate.codec for candidate in candidates("text\\n恭喜获得奖品\\n谢谢您\\n".encode("gb18030"), 5)]
    ['gb18030']
    """
    seen, line, within = _lines_around(data, place)
    scored: list[tuple[float, int, str]] = []
    for number, model in enumerate(_models()):
        try:
            text = seen.decode(model.codec)
        except UnicodeDecodeError:
            continue
        size = sum(1 for byte in seen if byte > 0x7F)
        scored.append((model.log_likelihood(text) / max(1, size), -number, model.codec))
    likely: list[EncodingCandidate] = []
    scored.sort(reverse=True)
    for score, _, codec in scored:
        if score < max(_FLOOR, scored[0][0] - _MARGIN) or len(likely) == MAX_CANDIDATES:
            break
        sample = _sample(line, within, codec)
        if sample is not None and all(sample != other.sample for other in likely):
            likely.append(EncodingCandidate(codec, sample))
    return likely


def has_c1_controls(text: str) -> bool:
    """Whether ``text`` has U+0080 to U+009F but NEL: nobody writes them, and cp1252 read as latin-1 is full of them."""
    return not text.isascii() and any(character in text for character in _C1)


_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r\f\x1a\x1b"})
_ASCII = bytes(range(0x80))
_C1 = tuple(map(chr, {*range(0x80, 0xA0)} - {0x85}))


def _lines_around(data: bytes, place: int) -> tuple[bytes, bytes, int]:
    """Return lines with bytes that are not ASCII, the line of ``place``, and the place within that.

    A line feed is never part of a longer character in the encodings here, so that lines can be cut there.
    """
    begin = data.rfind(b"\n", 0, place) + 1
    if place - begin > JUDGED_BYTES:
        # The only safe place to begin is ASCII: what comes before the first wrong byte nearly always is.
        near = data[place - _AROUND : place]
        begin = place - (len(near) - len(near.rstrip(_ASCII)))
    end = data.find(b"\n", place)
    end = len(data) if end < 0 else end
    first = data[begin : min(end, begin + 2 * JUDGED_BYTES)]
    lines, size = [first], len(first)
    for line in data[end + 1 : end + 64 * JUDGED_BYTES].split(b"\n")[:-1]:
        if not line.isascii():
            lines.append(line)
            size += len(line)
        if size > JUDGED_BYTES:
            break
    whole = b"\n".join(lines)
    if end == len(data) or end - begin > 2 * JUDGED_BYTES:
        # What is cut at its end may be cut within a character: leave that out.
        whole = whole[: len(whole) - _cut(whole)]
    return whole, first, place - begin


def _cut(data: bytes) -> int:
    """Return how many bytes at the end may belong to a character that is cut in two."""
    return 0 if data.isascii() or data[-1:] < b"\x80" else _odd_tail(data)


def _odd_tail(data: bytes) -> int:
    run = len(data) - len(data.rstrip(bytes(range(0x80, 0x100))))
    return run % 2 if run > 1 else 0


def _sample(line: bytes, within: int, codec: str) -> str | None:
    """Return the line decoded around a byte of it; None if that is not printable."""
    before = line[:within].decode(codec, errors="ignore")
    after = line[within:].decode(codec, errors="replace").replace("�", "")
    shown = (before[-_AROUND:] + after[:_AROUND]).translate(_WHITE).strip()
    return shown if shown.isprintable() else None


_WHITE = dict.fromkeys((*range(0x20), 0x7F, 0xA0, 0x3000), " ")


# What is frequent in texts of an encoding, in the order of the languages that use it. These decide between encodings of
# the same bytes, so they need not be exact: half of a text's letters are enough.
_HANS = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点"
    "正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿"
    "原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德"
    "资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交"
    "规万取拉格望觉术领共确传师观清今切院让识候带导争运请谢喜欢奖送钱买店服质差快慢早晚吃饭"
)
_HANT = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去"
    "法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點"
    "正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西月話合回特代內信表化老給世位次度門任常先海通教兒原"
    "東聲提立及比員解水名真論處走義各入幾口認條平系氣題活更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直資命山"
    "金指許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊請謝喜歡獎送錢買"
)
_HANGUL = (
    "이다는의에가을를하고은로지한기도사리자서인나어대시으들라해만있그보일수아것정니스제게부여안주전과장구원상오요습합감너거면내우마적성동"
    "조무선생문모세신유공말때없되더재교소국와연경심개물방음야드트르레까분님축당첨품입했된많좋잘못집밥영화맛별로최"
)
_KANJI = "日一人年大本会国中出上生時分行者事自子社手前間地方見場長後部目今何思言気家話学新同下小入東京電話様高買品届早遅悪良使"


@dataclass(frozen=True)
class _Model:
    """How likely a character is in texts that are written in an encoding.

    Attributes
    ----------
    codec
        Python's name.
    tiers
        Sets of characters, each with the share of a text's characters beyond ASCII that are in it.
    latin
        Whether its letters are mixed with ASCII letters in one word, rather than in separate words.
    prior
        Log-odds against it before anything is seen, where hardly anybody uses it any more.
    """

    codec: str
    tiers: tuple[tuple[frozenset[str], float], ...]
    latin: bool = False
    prior: float = 0.0

    def log_likelihood(self, text: str) -> float:
        """Return the log-likelihood of the characters of ``text`` that are not ASCII, given those that are."""
        logs = _log_probs(self)
        total, before = self.prior, " "
        letters = sum(1 for character in text if character < "\x80" and character.isalpha())
        if not self.latin and letters > _MOSTLY_LATIN * (len(text) - len(text.encode("ascii", "ignore"))):
            total += _RARE
        for character in text:
            if character < "\x80":
                if before > "\x7f" and before.isalpha():
                    total += self._followed(before, character)
            else:
                total += logs.get(character, _NEVER)
                if character.isalpha():
                    total += self._joined(before, character)
            before = character
        return total

    def _followed(self, letter: str, character: str) -> float:
        """Return the logarithm of the probability of an ASCII character after a letter."""
        if character.isdigit():
            # A digit follows a currency sign, and a Chinese character, but no letter of an alphabet.
            return _RARE if letter.upper() != letter.lower() else 0.0
        return _RARE if character.isalpha() and not self.latin else 0.0

    def _joined(self, before: str, character: str) -> float:
        """Return the logarithm of the probability of a letter after another character."""
        if not before.isalpha():
            return 0.0
        flips = 2 * _RARE if character.isupper() and before.islower() else 0.0
        if self.latin:
            return flips + (_SELDOM if before > "\x7f" else 0.0)
        return flips + (_RARE if before < "\x80" else 0.0)


_MOSTLY_LATIN = 10
"""ASCII letters for each other character from which on a text is in a language that is written with them."""

_RARE = math.log(0.03)
_SELDOM = math.log(0.1)
_NEVER = math.log(1e-5)


@cache
def _log_probs(model: _Model) -> dict[str, float]:
    logs: dict[str, float] = {}
    for characters, share in model.tiers:
        for character in characters:
            logs.setdefault(character, math.log(share / len(characters)))
    return logs


@cache
def _decodable(codec: str, leads: range, trails: tuple[range, ...]) -> frozenset[str]:
    """Return the characters of two bytes that an encoding has in some rows."""
    characters = set()
    for lead in leads:
        for trail in (byte for part in trails for byte in part):
            text = bytes((lead, trail)).decode(codec, errors="ignore")
            if len(text) == 1:
                characters.add(text)
    return frozenset(characters)


def _letters(characters: str) -> frozenset[str]:
    return frozenset(characters + characters.upper())


_UPPER_HALF = (range(0xA1, 0xFF),)
_PUNCTUATION = frozenset("、。，！？：；（）「」『』“”‘’…—～·　《》【】￥ー")
_KANA = frozenset(map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC]))
_TYPOGRAPHY = frozenset("‘’“”–—…€•™„‚")
_SIGNS = frozenset("£§°«»©®´·¿¡ªº½¼¾²³±×¢¥¶¨¸¬\xa0")
_WESTERN = frozenset("äöüßéèêàâçñóíúáîôûåæø")
_WESTERN_MORE = frozenset("ÄÖÜÉÈÊÀÂÇÑÓÍÚÁÎÔÛÅÆØëïãõœùýÿìòðþŒÝÐÞËÏÃÕÙÌÒ")
_CYRILLIC = frozenset("оеаинтсрвлкмдпуяыьгзб")
_CYRILLIC_ALL = frozenset(map(chr, [*range(0x410, 0x450), 0x401, 0x451])) | frozenset("ієїґІЄЇҐўЎјљњћђ№")


def _cyrillic(codec: str) -> _Model:
    return _Model(codec, ((_CYRILLIC, 0.75), (_CYRILLIC_ALL, 0.2), (_TYPOGRAPHY | _SIGNS, 0.05)))


def _western(codec: str, also: str = "", prior: float = 0.0) -> _Model:
    tiers = (
        (_WESTERN | _letters(also), 0.6),
        (frozenset("’“”–€…"), 0.25),
        (_WESTERN_MORE | _TYPOGRAPHY, 0.1),
        (_SIGNS, 0.05),
    )
    return _Model(codec, tiers, latin=True, prior=prior)


@cache
def _models() -> tuple[_Model, ...]:
    hans, hant, hangul, kanji = map(frozenset, (_HANS, _HANT, _HANGUL, _KANJI))
    gb1 = _decodable("gb2312", range(0xB0, 0xD8), _UPPER_HALF)
    gb2 = _decodable("gb2312", range(0xD8, 0xF8), _UPPER_HALF)
    big1 = _decodable("big5", range(0xA4, 0xC7), (range(0x40, 0x7F), range(0xA1, 0xFF)))
    big2 = _decodable("big5", range(0xC9, 0xFA), (range(0x40, 0x7F), range(0xA1, 0xFF)))
    jis1 = _decodable("euc_jp", range(0xB0, 0xD0), _UPPER_HALF)
    jis2 = _decodable("euc_jp", range(0xD0, 0xF5), _UPPER_HALF)
    korean = _decodable("euc_kr", range(0xB0, 0xC9), _UPPER_HALF)
    japanese = ((_KANA, 0.6), (kanji, 0.1), (jis1, 0.2), (_PUNCTUATION, 0.08), (jis2, 0.02))
    greek, thai = "αβγδεζηθικλμνξοπρστυφχψω", range(0xE01, 0xE5C)
    accents = "άέήίόύώς"
    return (
        # Where two fit alike, the first is named first: what Windows wrote before what it resembles.
        _western("cp1252"),
        _western("latin-1"),
        _Model("gb18030", ((hans, 0.55), (gb1, 0.32), (_PUNCTUATION, 0.1), (gb2, 0.03))),
        _Model("big5", ((hant, 0.55), (big1, 0.32), (_PUNCTUATION, 0.1), (big2, 0.03))),
        _Model("shift_jis", japanese),
        _Model("cp932", japanese),
        _Model("euc_jp", japanese),
        _Model("euc_kr", ((hangul, 0.7), (korean, 0.28), (_PUNCTUATION, 0.02))),
        _Model("cp949", ((hangul, 0.7), (korean, 0.26), (_PUNCTUATION, 0.02), (_syllables(), 0.02))),
        _cyrillic("cp1251"),
        _cyrillic("koi8-r"),
        _cyrillic("cp866"),
        _western("cp1250", "ąćęłńśźżčřšžěůőűťďľĺ"),
        _western("cp1254", "ğışİçö"),
        _western("cp1257", "āčēģīķļņšūžąęėįų"),
        _Model("cp1253", ((frozenset(greek + accents), 0.9), (_letters(greek + "άέήίόύώ"), 0.07), (_SIGNS, 0.03))),
        _Model("cp1255", ((frozenset(map(chr, range(0x5D0, 0x5EB))), 0.95), (_TYPOGRAPHY | _SIGNS, 0.05))),
        _Model("cp1256", ((frozenset(map(chr, range(0x621, 0x64B))), 0.9), (frozenset("،؛؟پچژگک") | _SIGNS, 0.1))),
        _Model("cp874", ((frozenset(map(chr, thai)), 0.98), (_TYPOGRAPHY, 0.02))),
        _western("mac-roman", prior=-8.0),
        _western("cp850", prior=-6.0),
    )


def _syllables() -> frozenset[str]:
    return frozenset(map(chr, range(0xAC00, 0xD7A4)))
