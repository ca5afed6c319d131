"""Words beside a number that tell what it is, in the languages of the ids that are found."""

from __future__ import annotations

import re
from functools import cache, lru_cache

BEFORE, AFTER = 48, 16
"""Characters before and after a value in which its words are looked for."""

_SAME_CLAUSE = re.compile(r"[^,.;:!?\r\n\d，。；：！？]*")

WORDS = {
    "phone": (
        "phone phones telephone tel tel. telefon telefono teléfono telefone téléphone telefoon telefoonnummer "
        "telefonnummer rufnummer call calls called calling caller dial ring mobile mobil mobiel móvil celular cellulare "
        "portable cell cellphone handy handynummer whatsapp wechat signal telegram sms text fax hotline contact "
        "reach numéro appeler appelez llamar llame llámame chiamare chiama chiamami anrufen anruf bellen bel ligue ligar "
        "fone fono ph ph. mob mob. m.: t.: cel cel. hp. landline voicemail custcare "
        "customer_services helpline freephone 电话 手机 手机号 联系电话 致电 拨打 微信 फोन मोबाइल"
    ),
    "card": (
        "card cards credit debit visa mastercard amex maestro discover cc carte karte kreditkarte kartennummer tarjeta "
        "carta creditcard kaart cartão 卡号 信用卡 银行卡 कार्ड"
    ),
    "us_ssn": "ssn ssns ssn# social_security soc._sec. social_sec",
    "us_itin": "itin taxpayer tin tax_id individual_taxpayer",
    "uk_nhs": "nhs chi_number health_number",
    "uk_nino": "nino national_insurance ni_number ni_no ni_no.",
    "de_tax_id": "steuer-id steueridentifikationsnummer steuer-identifikationsnummer steuerid idnr tin tax_id",
    "de_id_card": (
        "personalausweis ausweis ausweisnummer personalausweisnummer ausweisnr perso id_card identity_card "
        "seriennummer_des_ausweises"
    ),
    "fr_nir": "nir sécu sécurité_sociale securite_sociale insee numéro_de_sécu carte_vitale",
    "es_dni": "dni nif documento_nacional identidad",
    "es_nie": "nie extranjero extranjeros identidad",
    "it_fiscal_code": "codice_fiscale cf c.f.",
    "nl_bsn": "bsn burgerservicenummer burger_service_nummer sofi sofinummer sofi-nummer persoonsnummer",
    "cn_id": "身份证 身份证号 身份证号码 证件 证件号 居民身份证 公民身份号码 identity_card resident_id chinese_id",
    "in_aadhaar": "aadhaar aadhar adhaar uidai आधार",
    "in_pan": "pan permanent_account_number पैन",
    "br_cpf": "cpf cadastro_de_pessoas pessoa_física",
    "br_cnpj": "cnpj pessoa_jurídica",
    "passport": (
        "passport passports reisepass reisepassnummer passnummer pass-nr passeport pasaporte passaporto paspoort "
        "paspoortnummer passaporte 护照 护照号 护照号码 पासपोर्ट"
    ),
}
"""Words that make a find of a type likely; those of a phrase have _ between them."""

OTHER = (
    "order orders invoice ref ref. reference ticket case tracking parcel shipment isbn issn ean upc gtin version build page "
    "pages item items sku article model serial lot batch part doi pmid patent catalog catalogue catno chapter section bug "
    "issue pr commit revision rev bestellnummer bestellung auftrag auftragsnummer rechnung rechnungsnummer artikelnummer "
    "artikel sendung commande facture réf référence pedido factura ordine fattura bestelling factuur nota rastreio colis "
    "订单 订单号 编号 快递 发票 单号 物流 型号 transaction txn timestamp unix epoch population inhabitants euros dollars "
    "euro dollar total sum price amount count rows records bytes size sensor reading seed checksum crc"
)
"""Words that say that a number is something else."""


@cache
def _pattern(words: str) -> re.Pattern[str]:
    spaced = [word for word in words.split() if _is_spaced(word)]
    unspaced = [word for word in words.split() if not _is_spaced(word)]
    longest_first = sorted(spaced, key=len, reverse=True)
    alternatives = [rf"(?<![^\W_])(?:{'|'.join(map(_phrase, longest_first))})(?![^\W_]|/\d)"] if spaced else []
    return re.compile("|".join([*alternatives, *map(re.escape, sorted(unspaced, key=len, reverse=True))]))


def _phrase(word: str) -> str:
    return re.escape(word).replace("_", "[ \\-]?")


def _is_spaced(word: str) -> bool:
    return not ("\u4e00" <= word[0] <= "\u9fff")


_SENTENCE_END = re.compile(
    r"(?<![Nn]o)(?<![Nn]r)(?<![Rr]ef)[.!?]\s+(?=[^\Wa-z\d_]|[\W_]|\Z)(?!(?:No|Nr|Num)\b)|[\r\n。！？]+"
)
_WORD = re.compile(r"[^\W_]")


def words_before(text: str, start: int, reach: int = BEFORE, is_strict: bool = True) -> str:
    """Return what stands before a span in its sentence and line, casefolded.

    If that is not ``is_strict``, an end just before the span, as after "Tel." or in the line above, is none.
    """
    is_cut = start > reach and _WORD.match(text, start - reach - 1) is not None
    return _last_sentence(text[max(0, start - reach) : start], is_cut, is_strict)


@lru_cache(maxsize=4096)
def _last_sentence(before: str, is_cut: bool, is_strict: bool) -> str:
    begin = 0
    if is_cut:  # the half of a word may be another word
        begin = _first_break(before)
    for end in _SENTENCE_END.finditer(before):
        if is_strict or _WORD.search(before, end.end()):
            begin = end.end()
    return before[begin:].casefold()


def _first_break(text: str) -> int:
    return next((place for place, char in enumerate(text) if not char.isalnum()), len(text))


@lru_cache(maxsize=4096)
def last_place(words: str, before: str) -> int:
    """Return where the last of some words begins in a casefolded text; -1 if none is in it."""
    place = -1
    for match in _pattern(words).finditer(before):
        place = match.start()
    return place


def has_context(kind: str, text: str, start: int, end: int) -> bool:
    """Return whether a word beside a span says that it is of a type, and none nearer before it that it is not.

    Examples
    --------
    >>> has_context("phone", "Tel: 12345", 5, 10), has_context("phone", "Tel. of order 12345", 14, 19)
    (True, False)
    """
    before = words_before(text, start, is_strict=False)
    place = last_place(WORDS[kind], before)
    if place >= 0:
        return place > last_place(OTHER, before)
    if is_something_else(text, start):
        return False
    after = _SAME_CLAUSE.match(text, end, end + AFTER)
    return after is not None and bool(_pattern(WORDS[kind]).search(after.group().casefold()))


def is_something_else(text: str, start: int) -> bool:
    """Return whether a word before a span says that it is an order number, a version or the like."""
    return last_place(OTHER, words_before(text, start)) >= 0
