"""E-mail addresses, URLs with credentials, IP and MAC addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from weaklabel.protect.context import last_place, words_before
from weaklabel.protect.findings import Finding

_LETTER = "0-9A-Za-z\u00aa-\u1fff"  # scripts with spaces between words
_LOCAL = re.compile(rf"(?:\"[^\"\s@]{{1,62}}\"|[{_LETTER}!#$%&'*+?^_~.\-]{{1,64}})\Z")
_LOCAL_UNSPACED = re.compile(r"[\w.+\-]{1,64}\Z")
_DOMAIN = re.compile(
    rf"(?:[\w-]{{1,63}}\.){{1,8}}(?:xn--[0-9A-Za-z-]{{2,59}}|[A-Za-z]{{2,63}}|[^\W\d_]{{2,63}})(?![{_LETTER}_])"
)
_ADDRESS_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f:.]{7,45}\]")
_SPELLED_AT = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,64})\s?[\[({<]\s?at\s?[\])}>]\s?((?:[\w-]{1,63}\s?(?:\.|[\[({<]\s?dot\s?[\])}>])\s?){1,5}[A-Za-z]{2,24})(?![\w-])",
    re.IGNORECASE,
)
_FILE_ENDINGS = frozenset((
    "png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "css", "js", "mjs", "cjs", "ts", "tsx", "jsx",
    "json", "html", "htm", "pdf", "xml", "yml", "yaml", "toml", "txt", "md", "rst", "csv", "tsv", "lock",
    "py", "rb", "java", "class", "jar", "cpp", "hpp", "exe", "dll", "so", "whl", "gz", "zip", "tar", "tgz",
))  # fmt: skip

_URL = re.compile(
    r"(?<![0-9A-Za-z])[A-Za-z][A-Za-z0-9+.\-]{1,30}://[^\s/@:\"'<>\x00]{0,256}:[^\s/@\"'<>\x00]{1,256}@[^\s\"'<>\x00]{1,2048}"
)
_URL_TAIL = ".,;:!?)]}。，；：！？）」』】"

_IP4 = re.compile(r"(?<![0-9A-Za-z_.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![0-9A-Za-z_]|\.\d|-\d)")
_IP6 = re.compile(r"(?<![0-9A-Za-z_:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:])[0-9A-Fa-f:.]{3,45}(?:%[0-9A-Za-z_]{1,16})?")
_MAC = re.compile(
    r"(?<![0-9A-Za-z:\-])[0-9A-Fa-f]{2}([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z]|[:\-][0-9A-Fa-f])"
    r"|(?<![0-9A-Za-z.])(?=[0-9.]*[A-Fa-f])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Za-z]|\.[0-9A-Fa-f])"
)

_VERSION_WORDS = (
    "v version versions ver ver. release releases build firmware chapter section sections paragraph figure table clause "
    "appendix driver package upgrade upgraded update updated oid abschnitt kapitel versión versione versie versão "
    "rv 版本 章节 第"
)
_REACH = 24
_FILE_OR_PRODUCT = re.compile(r"[0-9A-Za-z]/\Z")
"""Before a version: Chrome/13.0.1.2."""


def find_network(text: str) -> Iterator[Finding]:
    """Yield the addresses of a text that `canonical` made."""
    if "@" in text:
        yield from _emails(text)
        if "://" in text:
            yield from _urls(text)
    lower = text.lower()
    if any(sign in lower for sign in ("at)", "at]", "at}", "at>", "at )", "at ]")):
        yield from _spelled_emails(text)
    colons, dots = text.count(":"), text.count(".")
    if colons >= 2:
        yield from _ip6(text)
    if dots >= 3:
        yield from _ip4(text)
    if colons >= 5 or dots >= 2 or text.count("-") >= 5:
        yield from _macs(text)


def _macs(text: str) -> Iterator[Finding]:
    for match in _MAC.finditer(text):
        digits = match.group().lower().translate({ord(char): None for char in ":-."})
        if digits not in ("0" * 12, "f" * 12):
            yield Finding(*match.span(), "mac", digits)


def _emails(text: str) -> Iterator[Finding]:
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - 65) : at]
        local = _LOCAL.search(before) or _LOCAL_UNSPACED.search(before)
        domain = _DOMAIN.match(text, at + 1) or _ADDRESS_LITERAL.match(text, at + 1)
        if local and domain:
            name = local.group().lstrip(".'*&?#!^~")
            host = _host(domain.group())
            end = at + 1 + len(host)
            if name and host and not name.endswith(".") and not _is_code(text, name, host, end):
                yield Finding(at - len(name), end, "email", f"{name}@{host}".casefold())
        at = text.find("@", at + 1)


_SCALE = re.compile(r"\d+(?:\.\d+)?x\.")


def _host(domain: str) -> str:
    """Return a domain without the ending of a file that is named by an address; nothing for that of a picture (icon@2x.png)."""
    ending = domain.rpartition(".")[2].lower()
    if ending not in _FILE_ENDINGS:
        return domain
    rest = domain.rpartition(".")[0]
    return "" if _SCALE.match(domain) or not _DOMAIN.fullmatch(rest) else rest


def _is_code(text: str, name: str, host: str, end: int) -> bool:
    """Return whether it is a product of matrices (a@b.sum()), or where Git clones from."""
    after = text[end : end + 1]
    is_short = len(name) <= 2 and len(host.partition(".")[0]) <= 2
    return (after in ("(", "[", "=") and is_short) or (name.lower() == "git" and after in (":", "/"))


def _spelled_emails(text: str) -> Iterator[Finding]:
    for match in _SPELLED_AT.finditer(text):
        domain = re.sub(r"\s?[\[({<]\s?dot\s?[\])}>]\s?", ".", match[2], flags=re.IGNORECASE).replace(" ", "")
        if _host(domain) == domain:
            yield Finding(*match.span(), "email", f"{match[1]}@{domain}".casefold())


def _urls(text: str) -> Iterator[Finding]:
    for match in _URL.finditer(text):
        url = match.group().rstrip(_URL_TAIL)
        yield Finding(match.start(), match.start() + len(url), "url_credentials", url)


def _ip4(text: str) -> Iterator[Finding]:
    for match in _IP4.finditer(text):
        try:
            address = IPv4Address(match.group())
        except ValueError:
            continue
        if _FILE_OR_PRODUCT.search(text[max(0, match.start() - 2) : match.start()]):
            continue
        if not _is_somebodys(address) or match.group().startswith("255."):
            continue
        if last_place(_VERSION_WORDS, words_before(text, match.start(), _REACH)) < 0:
            yield Finding(*match.span(), "ip", str(address))


def _ip6(text: str) -> Iterator[Finding]:
    for match in _IP6.finditer(text):
        written = match.group()
        end = match.end()
        while written and written[-1] in ".:" and not written.endswith("::"):
            written, end = written[:-1], end - 1
        if written.count(":") < 2 or _is_letter(text[end : end + 1]):
            continue
        try:
            address = IPv6Address(written)
        except ValueError:
            continue
        if _is_somebodys(address) and any(map(str.isdigit, written)):
            yield Finding(match.start(), end, "ip", str(address))


def _is_somebodys(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address can belong to somebody: it is not the own machine's, and not the empty one."""
    return not (address.is_loopback or address.is_unspecified)


def _is_letter(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())
