"""Secrets: keys and tokens by the forms that their issuers give them, private keys, and passwords beside their name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from weaklabel.protect.findings import Finding

_TOKENS = (
    # what the text must contain, and the token
    (("AKIA", "ASIA", "ABIA", "ACCA"), r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"),
    (("gh",), r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    (("github_pat_",), r"github_pat_[A-Za-z0-9_]{22,255}"),
    (("glpat-", "gldt-", "glrt-"), r"gl(?:pat|dt|rt)-[A-Za-z0-9_\-]{20,64}"),
    (("xox", "xapp-"), r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9\-]{10,255}"),
    (("hooks.slack.com",), r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_]{20,128}"),
    (("_live_", "_test_"), r"[rsp]k_(?:live|test)_[A-Za-z0-9]{10,255}"),
    (("whsec_",), r"whsec_[A-Za-z0-9+/=]{24,128}"),
    (("AIza",), r"AIza[A-Za-z0-9_\-]{35}(?![A-Za-z0-9_\-])"),
    (("ya29.",), r"ya29\.[A-Za-z0-9_\-]{20,512}"),
    (("GOCSPX-",), r"GOCSPX-[A-Za-z0-9_\-]{28}"),
    (("sk-",), r"sk-(?=[A-Za-z0-9_\-]{0,64}[0-9A-Z])[A-Za-z0-9_\-]{20,255}"),
    (("hf_",), r"hf_[A-Za-z0-9]{30,64}"),
    (("npm_",), r"npm_[A-Za-z0-9]{36}"),
    (("pypi-",), r"pypi-[A-Za-z0-9_\-]{50,512}"),
    (("SG.",), r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{16,64}"),
    (("dop_v1_", "doo_v1_"), r"do[op]_v1_[a-f0-9]{64}"),
    (("shpat_", "shpss_"), r"shp(?:at|ss)_[a-fA-F0-9]{32}"),
    (("lin_api_",), r"lin_api_[A-Za-z0-9]{40}"),
    ((":AA",), r"\d{8,10}:AA[A-Za-z0-9_\-]{32,33}(?![A-Za-z0-9_\-])"),
    (("eyJ",), r"eyJ[A-Za-z0-9_\-]{6,4096}\.eyJ[A-Za-z0-9_\-]{6,8192}(?:\.[A-Za-z0-9_\-]{0,2048})?"),
)
_PATTERNS = [(needle, re.compile(rf"(?<![A-Za-z0-9_]){pattern}")) for needles, pattern in _TOKENS for needle in needles]

_AUTHORIZATION = re.compile(
    r"\bbearer[ \t]+(?=[A-Za-z_.~+/\-]{0,64}[0-9])([A-Za-z0-9_.~+/\-]{16,4096}={0,2})"
    r"|\bauthorization[\"']?[ \t]*[:=][ \t]*[\"']?(?:basic|token|apikey|digest)[ \t]+([A-Za-z0-9_.~+/\-]{8,4096}={0,2})",
    re.IGNORECASE,
)

_BEGIN, _END = "-----BEGIN ", "-----END "
_KEY_HEAD = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_TAIL = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"(?:\s|\\n|[A-Za-z0-9+/=:,.\-]){0,20000}")

_PASSWORD_NAMES = (
    r"pass[ _\-]?word|passwd|passphrase|pass[ _\-]?code|pwd|pass|passwort|kennwort|mot[ _]de[ _]passe|"
    r"contraseña|contrasena|clave|senha|"
    r"wachtwoord|parola[ _]d'ordine|parola[ _]chiave"
)
_SECRET_NAMES = (
    r"secret(?:[ _\-]?(?:access[ _\-]?)?key)?|api[ _\-]?key|api[ _\-]?token|api[ _\-]?secret|access[ _\-]?key(?:[ _\-]?id)?|"
    r"access[ _\-]?token|auth[ _\-]?token|refresh[ _\-]?token|session[ _\-]?token|client[ _\-]?secret|private[ _\-]?key|"
    r"account[ _\-]?key|shared[ _\-]?access[ _\-]?key|encryption[ _\-]?key|signing[ _\-]?key|token"
)
_ASSIGNMENT = re.compile(
    rf"(?:(?<![A-Za-z])|(?<=_))(?:(?P<password>{_PASSWORD_NAMES})|(?P<secret>{_SECRET_NAMES}))[\"'`]?"
    r"(?P<sign>[ \t]{0,4}(?::=|=>|==|[:=])[ \t]{0,4}|[ \t]+(?:is|ist|lautet|est|es|è|é|this|to)[ \t]*:?[ \t]+)"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\"'`\r\n\x00]{3,256})(?P=quote)|(?P<plain>[^\s\"'`<>\x00]{4,256}))"
    r"|(?:密码|口令|密碼)(?:是|为|為)?[ :=]{0,3}(?P<chinese>[!-~]{4,128})",
    re.IGNORECASE,
)
_NAME_START = (
    "pass",
    "pwd",
    "kennwort",
    "contrase",
    "clave",
    "senha",
    "wachtwoord",
    "parola",
    "secret",
    "key",
    "token",
    "密",
)

_NOT_A_VALUE = re.compile(
    r"(?:required|optional|none|null|nil|true|false|undefined|string|str|text|varchar.*|char|bytes|int|password|passwd|pwd|secret|token|"
    r"changed|reset|forgotten|incorrect|wrong|invalid|missing|expired|protected|unknown|empty|hidden|redacted|removed|example|"
    r"[x*.•\-_#]+|\d{1,3})\W*",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\$\{.*|\$\([a-z].*|\$[A-Za-z_]+\W*|\{\{.*|<.*>|%\(.*|%[A-Z_]+%|&\w+;.*"  # variables of shells, PHP and templates
    r"|[A-Za-z_.]+\([;,)]*|[A-Za-z_][\w.]*\([^()]*\)[;,)]*"
    r"|[A-Za-z_][\w.]*\[.*|[a-z_]+(?:\.[a-z_]+)+"  # calls, indices, attributes
)


def find_secrets(text: str) -> Iterator[Finding]:
    """Yield the secrets of a text that `canonical` made."""
    for pattern in {pattern for needle, pattern in _PATTERNS if needle in text}:
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "secret", match.group())
    lower = text.lower()
    if "bearer" in lower or "authorization" in lower:
        for match in _AUTHORIZATION.finditer(text):
            group = match.lastindex or 0
            yield Finding(*match.span(group), "secret", match.group(group))
    if _BEGIN in text:
        yield from _private_keys(text)
    if any(start in lower for start in _NAME_START):
        yield from _assignments(text)


def _private_keys(text: str) -> Iterator[Finding]:
    at = 0
    while head := _KEY_HEAD.search(text, at):
        tail = _KEY_TAIL.search(text, head.end())
        other = text.find(_BEGIN, head.end())
        if tail and not 0 <= other < tail.start():
            at = tail.end()
        else:  # cut off: what looks like its content goes with it
            body = _KEY_BODY.match(text, head.end(), other if other >= 0 else len(text))
            at = head.end() + len(body.group().rstrip()) if body else head.end()
        yield Finding(head.start(), at, "secret", text[head.start() : at])


def _assignments(text: str) -> Iterator[Finding]:
    for match in _ASSIGNMENT.finditer(text):
        group = "quoted" if match["quoted"] else "plain" if match["plain"] else "chinese"
        value = match[group]
        if group != "quoted":
            value = value.rstrip(".,;:?")
        if group == "plain" and "=" in match["sign"]:
            value = re.split(r"[&;,](?=[\w.\-]+=)", value, maxsplit=1)[0]
        if _is_secret(value, group == "quoted", match["sign"] or ""):
            start = match.start(group)
            yield Finding(start, start + len(value), "password" if not match["secret"] else "secret", value)


def _is_secret(value: str, is_quoted: bool, sign: str) -> bool:
    """Return whether what stands beside the name of a password is one, and not a word of a sentence or code."""
    if len(value) < 4 or _NOT_A_VALUE.fullmatch(value) or (not is_quoted and _CODE.fullmatch(value)):
        return False
    if is_quoted:
        return " " not in value and not re.match(r"[${<%]", value)
    core = value[1:]
    mixed = any(char.isdigit() for char in value) or any(not char.isalnum() and char not in "'’-" for char in core)
    mixed = mixed or (any(char.isupper() for char in core) and not value.isupper())
    return mixed or ("=" in sign and not sign.strip(":=>") and sign == sign.strip())
