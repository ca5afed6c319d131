"""What is done about personal data in texts: found, and flagged, masked, replaced, or a reason to drop the row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import polars as pl

from weaklabel.config import ProtectAction, ProtectSettings
from weaklabel.errors import ConfigError, LFError, nearest
from weaklabel.lf.reasons import matches
from weaklabel.lf.regexes import check_pattern
from weaklabel.protect import names as of_names
from weaklabel.protect.canonical import HIDDEN, Canonical, canonical
from weaklabel.protect.credentials import find_secrets
from weaklabel.protect.digits import find_digits, runs_of
from weaklabel.protect.findings import Finding, resolved
from weaklabel.protect.letters import find_letters
from weaklabel.protect.network import find_network
from weaklabel.protect.phones import check_regions, find_phones, phones_identity
from weaklabel.protect.pseudonyms import LENGTH, key_identity, load_key, pseudonym

TYPES = (
    "secret",
    "password",
    "url_credentials",
    "iban",
    "card",
    "cn_id",
    "fr_nir",
    "it_fiscal_code",
    "br_cnpj",
    "br_cpf",
    "de_tax_id",
    "in_aadhaar",
    "in_pan",
    "es_dni",
    "es_nie",
    "uk_nhs",
    "uk_nino",
    "us_ssn",
    "us_itin",
    "nl_bsn",
    "email",
    "mac",
    "ip",
    "passport",
    "de_id_card",
    "plate",
    "phone",
)
"""What is found by pattern and check digits, the most specific first."""

_OF_LETTERS = frozenset(
    ("iban", "cn_id", "fr_nir", "it_fiscal_code", "br_cnpj", "in_pan", "es_dni", "es_nie", "uk_nino", "passport")
    + ("de_id_card", "plate")
)
_OF_DIGITS = frozenset(
    ("card", "cn_id", "fr_nir", "br_cnpj", "br_cpf", "de_tax_id", "in_aadhaar", "uk_nhs", "us_ssn", "us_itin", "nl_bsn")
)
_OF_NETWORK = frozenset(("url_credentials", "email", "mac", "ip"))
_SECRETS = frozenset(("secret", "password"))

_DIGIT = re.compile(r"\d")
_OWN_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Protector:
    """Finds personal data in texts, and hides it.

    Attributes
    ----------
    settings : ProtectSettings
        What is found, and what is done about it.
    key : bytes or None
        The key for pseudonyms; never shown.
    """

    settings: ProtectSettings = field(default_factory=ProtectSettings)
    key: bytes | None = field(default=None, repr=False, compare=False)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types that are looked for, the most specific first."""
        return tuple(kind for kind in self._known if self._is_wanted(kind))

    @property
    def _known(self) -> tuple[str, ...]:
        own = tuple(self.settings.patterns)
        return own + TYPES + (of_names.TYPES if self.settings.names else ())

    def _is_wanted(self, kind: str) -> bool:
        find = self.settings.find
        return (find is None or kind in find) and kind not in self.settings.ignore

    @cached_property
    def _rank(self) -> dict[str, int]:
        return {kind: place for place, kind in enumerate(self.types)}

    @cached_property
    def _placeholder(self) -> re.Pattern[str]:
        kinds = (*self.settings.patterns, *TYPES, *of_names.TYPES)
        return re.compile(rf"\[(?:{'|'.join(kind.upper() for kind in kinds)})(?: [a-z2-7]{{{LENGTH}}})?\]")

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(" ".join(value.casefold().split()) for value in self.settings.allow)

    def action(self, kind: str) -> ProtectAction:
        """Return what is done about finds of a type."""
        return self.settings.actions.get(kind, self.settings.action)

    def find(self, text: str) -> list[Finding]:
        """Return what is found in a text, in order; none overlap.

        Examples
        --------
        >>> [(each.type, each.start, each.end) for each in Protector().find("Mail jo@example.org")]
        [('email', 5, 19)]
        """
        return self.find_all([text])[0]

    def find_all(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return what is found in each of many texts; faster than one by one. Length: n."""
        readings = [canonical(text, self._placeholder) for text in texts]
        extra: list[list[Finding]] = [[] for _ in texts]
        if self.settings.names and any(map(self._is_wanted, of_names.TYPES)):
            plain = [reading.text for reading in readings]
            extra = of_names.find_names(plain, self.settings.names, self.settings.pipeline)
        return [self._find(*each) for each in zip(texts, readings, extra, strict=True)]

    def _find(self, text: str, reading: Canonical, extra: Iterable[Finding]) -> list[Finding]:
        """Find until nothing is left: what a find hid, such as the end of a longer number, is found as in the masked text."""
        every: list[Finding] = []
        while True:
            scanned = (
                piece for each in (*self._scan(reading.text), *extra) for piece in _around_hidden(each, reading.text)
            )
            wanted = [each for each in scanned if self._counts(each, reading.text)]
            if not wanted:
                break
            some = resolved(wanted, self._rank)
            for each in some:
                start, end = reading.original(each.start, each.end)
                every.append(replace(each, start=start, end=end))
            reading, extra = reading.without((each.start, each.end) for each in some), ()
        return sorted(every, key=lambda each: each.start)

    def _counts(self, finding: Finding, text: str) -> bool:
        if finding.type not in self._rank:
            return False
        written = " ".join(text[finding.start : finding.end].casefold().split())
        return not self._allowed or not ({written, finding.value.casefold()} & self._allowed)

    def _scan(self, text: str) -> list[Finding]:
        wanted = self._rank.keys()
        scanned: list[Finding] = []
        for kind, pattern in self.settings.patterns.items():
            if kind in wanted:
                spans = [(start, end) for start, end in matches(pattern, text) if start < end]
                scanned += [Finding(start, end, kind, text[start:end]) for start, end in spans]
        if wanted & _SECRETS:
            scanned += find_secrets(text)
        if wanted & _OF_NETWORK:
            scanned += find_network(text)
        if _DIGIT.search(text):
            if wanted & _OF_LETTERS:
                scanned += find_letters(text)
            runs = runs_of(text)
            if wanted & _OF_DIGITS:
                scanned += find_digits(text, runs)
            if "phone" in wanted:
                scanned += find_phones(text, runs, tuple(self.settings.regions))
        return scanned

    def protect_text(self, text: str) -> str:
        """Return a text in which what is found is hidden, unless it is only to be flagged.

        Examples
        --------
        >>> Protector().protect_text("Mail jo@example.org, or 030 901820")
        'Mail [EMAIL], or [PHONE]'
        """
        return self.hidden(text, self.find(text))

    def hidden(self, text: str, findings: Sequence[Finding]) -> str:
        """Return a text in which the given finds are hidden."""
        pieces, at = list[str](), 0
        for each in findings:
            if self.action(each.type) == "flag":
                continue
            pieces += [text[at : each.start], self.instead_of(each)]
            at = each.end
        return "".join([*pieces, text[at:]])

    def instead_of(self, finding: Finding) -> str:
        """Return what is written instead of a find."""
        kind = finding.type.upper()
        if self.action(finding.type) != "pseudonym":
            return f"[{kind}]"
        assert self.key is not None
        return f"[{kind} {pseudonym(self.key, finding.type, finding.value)}]"

    def identity(self) -> dict[str, Any]:
        """Return all that decides what is hidden and how, as JSON has it; of the key only a keyed hash."""
        names = self.settings.names
        return {
            "settings": self.settings.model_dump(mode="json", exclude={"key_file"}),
            "phones": phones_identity() if "phone" in self._rank else None,
            "names": of_names.names_identity(names, self.settings.pipeline) if names else None,
            "key": key_identity(self.key) if self.key else None,
        }


def _around_hidden(finding: Finding, text: str) -> Iterator[Finding]:
    """Yield a find, or where something in it is hidden already, such as in a private key, what is left of it."""
    written = text[finding.start : finding.end]
    if HIDDEN not in written:
        yield finding
        return
    for piece in re.finditer(f"[^{HIDDEN}]+", written):
        start = finding.start + piece.start()
        yield replace(finding, start=start, end=finding.start + piece.end(), value=piece.group())


def make_protector(settings: ProtectSettings | None = None) -> Protector:
    """Return a protector, with its settings checked and its key loaded.

    Parameters
    ----------
    settings
        What is found, and what is done about it; by default all types that patterns find are masked.

    Raises
    ------
    ConfigError
        A type or a country is unknown, a pattern of one's own does not work, or pseudonyms have no key.
    MissingPackageError
        A package is not installed; says what to install.
    """
    settings = settings or ProtectSettings()
    for name, pattern in settings.patterns.items():
        _check_own(name, pattern)
    known = (*settings.patterns, *TYPES, *(of_names.TYPES if settings.names else ()))
    for key, kinds in (("find", settings.find or ()), ("ignore", settings.ignore), ("actions", settings.actions)):
        _check_types(key, kinds, known)
    protector = Protector(settings, load_key(settings.key_file) if settings.makes_pseudonyms else None)
    if not protector.types:
        raise ConfigError("[protect] no type is left to be found: name some in find, or fewer in ignore")
    if "phone" in protector.types:
        check_regions(settings.regions)
    if settings.names:
        of_names.find_names([], settings.names, settings.pipeline)
    return protector


def _check_types(key: str, kinds: Iterable[str] | Mapping[str, Any], known: Sequence[str]) -> None:
    for kind in kinds:
        if kind in known:
            continue
        if kind in of_names.TYPES:
            raise ConfigError(f'[protect] {key}: \'{kind}\' is found by names only: set names to "spacy" or "presidio"')
        raise ConfigError(
            f"[protect] {key}: there is no type '{kind}'{nearest(kind, known)}; the types are {', '.join(known)}"
        )


def _check_own(name: str, pattern: str) -> None:
    if not _OWN_NAME.fullmatch(name) or name in TYPES or name in of_names.TYPES:
        raise ConfigError(
            f"[protect] patterns: '{name}' cannot be the name of a pattern: use small letters, digits and _, beginning "
            "with a letter, and no name of a type that there is"
        )
    try:
        check_pattern(name, pattern, ignore_case=False)
    except LFError as error:
        why = str(error).partition("does not work: ")[2].partition("; write it in")[0] or "it is empty"
        raise ConfigError(
            f"[protect] patterns.{name}: the regex does not work: {why}; write it in Rust's syntax, without lookaround "
            "or backreferences"
        ) from None
    if pl.Series([""]).str.contains(pattern)[0]:
        raise ConfigError(
            f"[protect] patterns.{name}: the regex matches the empty text, and so everywhere; make it longer"
        )
