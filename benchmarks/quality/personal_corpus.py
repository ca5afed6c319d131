"""Documents with planted personal data and hard negatives, for tests and for the comparison with other tools.

The planted values are not ours: they are published test numbers, the example numbers that Presidio's tests and
python-stdnum's documentation use, and what Faker makes in ten locales. The sentences around them are ours. A value that
no one could tell from any other number - digits alone, a passport number, a licence plate - stands beside a word that says
what it is; half of all others do, too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faker import Faker

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "zh_CN", "en_IN", "pt_BR")


@dataclass(frozen=True)
class Item:
    """A planted value."""

    type: str
    value: str
    locale: str
    needs_word: bool = False


@dataclass(frozen=True)
class Document:
    """A text and where values are planted in it."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


# Card networks' and payment providers' test numbers; Presidio's and stdnum's examples; examples in issuers' documentation.
# Tokens are put together, so that no scanner takes this file for a leak.
PUBLISHED: dict[str, tuple[str, ...]] = {
    "card": (
        "378282246310005", "371449635398431", "378734493671000", "30569309025904", "38520000023237", "3056930009020004",
        "36227206271667", "6011111111111117", "6011000990139424", "6011000400000000", "3530111333300000",
        "3566002020360505", "3528000700000000", "5555555555554444", "5105105105105100", "5200828282828210",
        "2223003122003222", "2223000048400011", "2221000000000009", "4111111111111111", "4012888888881881",
        "4012-8888-8888-1881", "4012 8888 8888 1881", "4222222222222", "4242424242424242", "4242 4242 4242 4242",
        "4000056655665556", "4917300800000000", "4484070000000000", "6200000000000005", "6205500000000000004",
        "6759649826438453", "5019717010103742", "3782 822463 10005", "3714-496353-98431", "4111-1111-1111-1111",
    ),
    "iban": (
        "AL47212110090000000235698741", "AL47 2121 1009 0000 0002 3569 8741", "AD1200012030200359100100",
        "AT611904300234573201", "AT61 1904 3002 3457 3201", "AZ21NABZ00000000137010001944", "BH67BMAG00001299123456",
        "BY13NBRB3600900000002Z00AB00", "BE68539007547034", "BE71 0961 2345 6769", "BA391290079401028494",
        "BR9700360305000010009795493P1", "BR97 0036 0305 0000 1000 9795 493P 1", "BG80 BNBG 9661 1020 3456 78",
        "CR05015202001026284066", "HR1210010051863000160", "CY17002001280000001200527600",
        "CZ65 0800 0000 1920 0014 5399", "DK5000400440116243", "DO28BAGR00000001212453611324",
        "TL380080012345678910157", "EE382200221020145685", "FO6264600001631634", "FI2112345600000785",
        "GR1601101050000010547023795", "GR16 0110 1050 0000 1054 7023 795", "BE31435411161155", "BE54310100270097",
        "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "FR14 2004 1010 0505 0001 3M02 606",
    ),
    "us_ssn": ("078-05-1123", "078 05 1123", "078.05.1123", "078051121", "536-90-4399", "111-22-3333"),
    "us_itin": ("911-70-1234", "911-53-1234", "911-64-1234", "911701234", "912-90-3456"),
    "uk_nhs": ("401-023-2137", "221 395 1837", "0032698674", "943-476-5870", "943 476 5870", "9434765919"),
    "uk_nino": ("AA 12 34 56 B", "hh 01 02 03 d", "tw987654a", "PR 123612C", "YZ 61 48 68 B", "AB123456C"),
    "de_tax_id": ("36574261809", "36 574 261 809", "11234567890", "11123456786"),
    "de_id_card": ("L01X00T44", "C01234565", "CZ6311T03", "T22000129", "T220001293"),
    "passport": ("T3569075", "J6932157", "A12803456", "C01X00T41", "912803456"),
    "fr_nir": ("2 95 10 99 126 111 93", "295109912611193", "253072B07300470", "253072A07300443"),
    "es_dni": ("54362315-K", "55555555K", "55555555-K", "01111111G", "12345678Z", "11111111H", "55555555k"),
    "es_nie": ("Z8078221M", "X9613851N", "Y8063915Z", "Y8063915-Z", "x-2482300w", "x9613851n", "X1111111G"),
    "it_fiscal_code": ("RCCMNL83S18D969H", "AAAAAA00B11C333Y"),
    "nl_bsn": ("1112.22.333", "111222333"),
    "cn_id": (
        "360426199101010071", "44011320141005001X", "44011320141005001x", "412723199010050012", "110102199101010078",
        "120110198012010073", "120110199212010072",
    ),
    "in_aadhaar": (
        "312345678909", "399876543211", "3123 4567 8909", "3998 7654 3211", "3123-4567-8909", "400123456787",
        "234123412346", "2341 2341 2346",
    ),
    "in_pan": ("ABCPD1234Z", "ABBPM4567S", "ACUPA7085R"),
    "br_cpf": ("390.533.447-05", "39053344705"),
    "br_cnpj": (
        "16.727.230/0001-97", "16727230000197", "07.195.358/0001-66", "11.015.248/0001-42", "14.847.283/0005-40",
        "16.727.230.0001-97", "61882613000194", "12.ABC.345/01DE-35",
    ),
    "email": ("info@presidio.site", "user@xn--80ak6aa92e.com", "a@xn--d1acufc.xn--p1ai", "anotherinfo@presidio.site"),
    "ip": (
        "192.168.0.1", "684D:1111:222:3333:4444:5555:6:77", "2345:0425:2CA1:0000:0000:0567:5673:23b5",
        "2345:0425:2CA1::0567:5673:23b5", "2400:c401::5054:ff:fe1b:b031", "fe80::1", "2001:db8::8a2e:370:7334",
        "2001:db8:85a3::8a2e:370", "2001:db8::1", "fe80::1%eth0", "A099::09C0:876A:130B", "::ffff:192.0.2.1",
    ),
    "mac": (
        "00:1A:2B:3C:4D:5E", "AA:BB:CC:DD:EE:FF", "01:23:45:67:89:AB", "0a:23:f5:67:89:ac", "00-1A-2B-3C-4D-5E",
        "01-b3-4a-67-d9-cf", "0d-B3-4a-6A-d9-cF", "0012.3456.789A", "aabb.ccdd.eeff",
    ),
    "phone": (
        "(415) 555-0132", "+1 415 555 0132", "(415)555-0132", "415-555-0132", "+55 11 98456 5666", "13812345678",
        "+91 4155550132", "+44 20 7946 0958", "020 7946 0958", "0161 496 0000", "+49 30 23125 000", "+1 (212) 555-0198",
    ),
    "secret": (
        "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
        "xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy", "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "AIza" + "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
        + ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ),
    "url_credentials": (
        "https://user:password@host.example.com/path", "postgresql://scott:tiger@localhost:5432/mydatabase",
        "mysql://root:secret@127.0.0.1/db", "ftp://anonymous:guest@ftp.example.com",
        "amqp://guest:guest@localhost:5672//",
    ),
}  # fmt: skip

_NEED_WORD = frozenset(("passport", "plate", "de_id_card", "password", "nl_bsn"))

_MAKERS: dict[str, Callable[[Faker], dict[str, Callable[[], str]]]] = {
    "en_US": lambda fake: {"us_ssn": fake.ssn, "us_itin": fake.itin, "passport": fake.passport_number},
    "fr_FR": lambda fake: {"fr_nir": fake.ssn},
    "es_ES": lambda fake: {"es_dni": fake.nif, "es_nie": fake.nie},
    "it_IT": lambda fake: {"it_fiscal_code": fake.ssn},
    "nl_NL": lambda fake: {"nl_bsn": fake.ssn},
    "zh_CN": lambda fake: {"cn_id": fake.ssn, "plate": fake.license_plate},
    "en_IN": lambda fake: {"in_pan": fake.pan},
    "pt_BR": lambda fake: {"br_cpf": fake.cpf, "br_cnpj": fake.cnpj},
    "en_GB": lambda fake: {"plate": fake.license_plate},
    "de_DE": lambda fake: {"plate": fake.license_plate},
}

_EVERYWHERE: dict[str, Callable[[Faker], str]] = {
    "email": lambda fake: fake.random.choice((fake.email, fake.company_email, fake.ascii_free_email))(),
    "phone": lambda fake: fake.phone_number(),
    "ip": lambda fake: fake.random.choice((fake.ipv4_public, fake.ipv4_private, fake.ipv6))(),
    "mac": lambda fake: fake.mac_address(),
    "card": lambda fake: fake.credit_card_number(),
    "iban": lambda fake: fake.iban(),
    "password": lambda fake: fake.password(length=12),
}


def items(seed: int, each: int) -> list[Item]:
    """Return all published values and what Faker makes: of each type in each locale so many."""
    chosen = [
        Item(kind, value, "en_US", _needs_word(kind, value)) for kind, values in PUBLISHED.items() for value in values
    ]
    for number, locale in enumerate(LOCALES):
        fake = Faker(locale)
        fake.seed_instance(seed * 1000 + number)
        makers: dict[str, Callable[[], str]] = {kind: _bound(make, fake) for kind, make in _EVERYWHERE.items()}
        if locale in ("zh_CN", "en_IN"):
            del makers["iban"]  # countries without; Faker makes British ones that are too short
        makers |= _MAKERS.get(locale, lambda _: {})(fake)
        for kind, make in makers.items():
            for _ in range(each):
                value = make()
                chosen.append(Item(kind, value, locale, _needs_word(kind, value)))
    return chosen


def _bound(make: Callable[[Faker], str], fake: Faker) -> Callable[[], str]:
    return lambda: make(fake)


def _needs_word(kind: str, value: str) -> bool:
    """Return whether nothing in a value itself tells what it is."""
    is_plain = value.isdigit() and kind not in ("card", "cn_id", "fr_nir")
    is_plain = is_plain or (kind == "uk_nhs" and "-" in value)  # written like an American phone number
    return kind in _NEED_WORD or is_plain or (kind in ("uk_nino", "es_dni", "es_nie") and value.lower() == value)


WITH_WORD: dict[str, tuple[str, ...]] = {
    "phone": (
        "Call me on {} after six.", "You can reach our office by phone: {}.", "Tel.: {}", "My mobile number is {}.",
        "Mein Telefon ist {}.", "Sie erreichen mich mobil unter {}.", "Mon numéro de téléphone est le {}.",
        "Mi teléfono es {}.", "Il mio cellulare: {}.", "Mijn telefoonnummer is {}.", "我的手机号是{}，请联系我。",
        "联系电话：{}", "Meu celular: {}.", "WhatsApp {} works best.",
    ),
    "email": ("My e-mail is {}.", "Schreib an {}.", "Écrivez à {} !", "Correo: {}", "邮箱：{}。", "Reply to <{}>, please."),
    "card": ("Charge the card {} today.", "Visa/Mastercard: {}", "Meine Kreditkarte {} ist gesperrt.", "信用卡号{}已过期。"),
    "iban": ("IBAN: {}", "Please transfer it to {}.", "Meine IBAN lautet {}.", "Mon IBAN : {}."),
    "ip": ("The request came from {}.", "Server address: {}", "Die IP-Adresse war {}."),
    "mac": ("MAC address {} was blocked.", "device={}"),
    "us_ssn": ("Her SSN is {}.", "Social Security Number: {}"),
    "us_itin": ("My ITIN is {}.", "Taxpayer identification (ITIN): {}"),
    "uk_nhs": ("NHS number: {}.", "The patient's NHS no. is {}."),
    "uk_nino": ("My National Insurance number is {}.", "NINO: {}"),
    "de_tax_id": ("Meine Steuer-ID: {}.", "IdNr. {} liegt vor."),
    "de_id_card": ("Personalausweis: {}.", "Ausweis Nr. {} ist abgelaufen.", "My German ID card is {}."),
    "passport": ("My passport number is {}.", "Reisepass {} ausgestellt in Bonn.", "Passport: {}", "护照号码：{}"),
    "fr_nir": ("Numéro de sécurité sociale : {}.", "NIR {}"),
    "es_dni": ("Mi DNI es {}.", "DNI/NIF: {}"),
    "es_nie": ("Mi NIE es {}.", "NIE: {}"),
    "it_fiscal_code": ("Codice fiscale: {}", "Il mio codice fiscale è {}."),
    "nl_bsn": ("Mijn BSN is {}.", "Burgerservicenummer: {}", "BSN {}"),
    "cn_id": ("身份证号：{}。", "我的身份证号码是{}。"),
    "in_aadhaar": ("My Aadhaar number is {} as printed.", "Aadhaar: {}"),
    "in_pan": ("My PAN is {}.", "PAN card: {}"),
    "br_cpf": ("Meu CPF é {}.", "CPF: {}"),
    "br_cnpj": ("CNPJ: {}", "O CNPJ da empresa é {}."),
    "plate": (
        "The licence plate is {}.", "License plate: {}", "Kennzeichen {} steht im Hof.", "车牌号{}违停。", "Plate number: {}",
    ),
    "secret": ("export API_KEY={}", "The token {} was committed by mistake."),
    "password": ("password: {}", "My password is {} for now.", "Passwort: {}", "pwd={}"),
    "url_credentials": ("Clone from {} first.", "DATABASE_URL={}"),
}  # fmt: skip

WITHOUT_WORD = (
    "We found {} in the attachment.", "She wrote {} on the back of the envelope.", "It says {} at the top.",
    "Anna ({}) will know more.", "{} is what he gave us.", "Bitte notieren: {}.", "Je note {} pour demain.",
    "Anota {} y guárdalo.", "- {}", "请记下{}。", "\"{}\" was all that the slip said.",
)  # fmt: skip

FILLERS = (
    "The meeting went on longer than anybody had planned, and nobody minded much.",
    "After lunch we walked along the river and talked about the new garden.",
    "He never finished the book, although he had praised its first chapters.",
    "The shop on the corner sells bread, honey and, in winter, chestnuts.",
    "Die Sitzung dauerte länger als geplant, doch am Ende waren alle zufrieden.",
    "Nach dem Regen roch der Wald nach Harz und feuchter Erde.",
    "Le train est arrivé en retard, mais le voyage fut agréable.",
    "Nous avons repeint la cuisine en jaune pendant les vacances.",
    "La reunión terminó tarde y todos volvieron a casa cansados.",
    "Il mercato del sabato è il cuore del nostro paese.",
    "De fiets stond nog in de schuur, met een lekke band.",
    "今天的会议比计划的时间长，但是大家都很满意。",
    "雨后的公园里，孩子们在草地上奔跑。",
    "A reunião de ontem foi curta e bastante produtiva.",
    "Nobody could say where the old map had come from.",
)  # fmt: skip


def negatives(fake: Faker, draw: random.Random) -> list[Callable[[], str]]:
    """Return makers of sentences with numbers and signs that are nobody's personal data."""
    digits = lambda count: "".join(draw.choice("0123456789") for _ in range(count))  # noqa: E731
    number = draw.randint
    return [
        lambda: f"Your order no. {digits(draw.choice((8, 9, 10, 12)))} has been shipped.",
        lambda: f"Invoice {number(2019, 2026)}-{digits(6)} is due on {fake.date()}.",
        lambda: f"Bestellnummer {digits(10)} wurde storniert.",
        lambda: f"订单号{digits(12)}已发货。",
        lambda: f"Tracking number 1Z{digits(3)}AA1{digits(10)} shows no movement.",
        lambda: f"It was released on {fake.date('%d.%m.%Y')} at {fake.time()}.",
        lambda: f"Am {fake.date('%d/%m/%Y')} um {number(0, 23)}:{number(10, 59)} Uhr.",
        lambda: f"Timestamp {fake.date('%Y%m%d')}{digits(6)} in the log, epoch {number(1_500_000_000, 1_799_999_999)}.",
        lambda: f"Update to version {number(0, 20)}.{number(0, 40)}.{number(0, 300)} of the tool.",
        lambda: f"Firmware v{number(1, 9)}.{number(0, 9)}.{number(0, 9)}.{number(0, 250)} is stable.",
        lambda: f"ISBN {fake.isbn13()} and ISBN-10 {fake.isbn10()} are out of print.",
        lambda: f"EAN {fake.ean13()} scans well.",
        lambda: f"The price fell from {fake.pricetag()} to ${number(1, 9)},{digits(3)},{digits(3)}.50.",
        lambda: f"Das kostet {number(1, 9)}.{digits(3)}.{digits(3)},{digits(2)} € im Jahr.",
        lambda: f"The hut is at {fake.latitude()}, {fake.longitude()}.",
        lambda: f"Session {fake.uuid4()} ended.",
        lambda: f"md5 {fake.md5()} and sha1 {fake.sha1()} differ.",
        lambda: f"Checksum: {fake.sha256()}",
        lambda: f"The first digits of pi are 3.{digits(30)}.",
        lambda: f"Serial {digits(24)} is printed below.",
        lambda: f"They won {number(0, 9)}-{number(0, 9)}, {number(0, 9)}:{number(0, 9)} and {number(60, 99)}-{number(60, 99)}.",
        lambda: f"for (i = 0; i < {number(10, 99999)}; i++) std::vector<int> x({number(1, 9)});",
        lambda: "a@b.T @ c; npm i lodash@4.17.21; see icon@2x.png and git@github.com:weak/label.git",
        lambda: f"pip install numpy=={number(1, 2)}.{number(0, 30)}.{number(0, 9)} # {fake.hex_color()}",
        lambda: f"See Section {number(1, 9)}.{number(1, 9)}.{number(1, 9)}.{number(1, 9)}.",
        lambda: f"It is on pages {number(100, 200)}-{number(201, 400)} of the report.",
        lambda: f"doi:10.{number(1000, 9999)}/s{digits(5)}-{digits(3)}-{digits(5)}-{number(1, 9)} was cited.",
        lambda: fake.user_agent(),
        lambda: f"Population {number(1, 99)} {digits(3)} {digits(3)}, up {number(1, 9)}.{number(0, 9)}%.",
        lambda: f"Scores: {' '.join(str(number(10, 999)) for _ in range(12))}.",
        lambda: f"Reference AB-{digits(4)}-{draw.choice('XYZ')}{digits(2)} in room {number(1, 400)}.",
        lambda: f"The password is {draw.choice(('required', 'wrong', 'incorrect', 'optional'))}; enter token: string.",
        lambda: f"{digits(20)}{digits(15)}",
        lambda: f"Zip {fake.postcode()}, building {fake.building_number()}, {fake.swift()}.",
        lambda: f"In {number(1800, 1999)}-{number(2000, 2026)} about {number(1000, 999999):,} copies were sold.",
        lambda: f"Model {draw.choice('ABCDEF')}{digits(4)}, part {digits(3)}-{digits(5)}-{digits(2)}.",
        lambda: "std::map<string, int>::iterator it; 12:30:45 PM; 00:00:00",
    ]  # fmt: skip


def documents(seed: int, each: int, length: int = 500) -> Iterator[Document]:
    """Yield documents of about so many characters, one with every planted value, each with several hard negatives."""
    draw = random.Random(seed)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    makers = negatives(fake, draw)
    planted = items(seed, each)
    draw.shuffle(planted)
    for item in planted:
        sentences: list[tuple[str, Item | None]] = [(_sentence(item, draw), item)]
        sentences += [(draw.choice(makers)(), None) for _ in range(draw.randint(1, 3))]
        while sum(len(sentence) for sentence, _ in sentences) < length - 40:
            sentences.append((draw.choice(FILLERS), None))
        draw.shuffle(sentences)
        yield _joined(sentences, draw)


def _sentence(item: Item, draw: random.Random) -> str:
    if item.needs_word or draw.random() < 0.5:
        return draw.choice(WITH_WORD[item.type])
    return draw.choice(WITHOUT_WORD)


def _joined(sentences: list[tuple[str, Item | None]], draw: random.Random) -> Document:
    text, spans = "", []
    for sentence, item in sentences:
        text += draw.choice((" ", " ", "\n")) if text else ""
        if item is not None:
            before, _, after = sentence.partition("{}")
            start = len(text) + len(before)
            spans.append((start, start + len(item.value), item.type))
            sentence = before + item.value + after
        text += sentence
    return Document(text, tuple(spans))


def scores(documents: list[Document], found: list[list[tuple[int, int, str]]]) -> dict[str, dict[str, float]]:
    """Return, by type and for "all": planted values, how many are covered by a find of the type, finds, and right ones."""
    counts: dict[str, dict[str, float]] = {}
    for document, spans in zip(documents, found, strict=True):
        for start, end, kind in document.spans:
            hit = any(a <= start and end <= b and of == kind for a, b, of in spans)
            _add(counts, kind, planted=1, hit=hit)
        for start, end, kind in spans:
            right = any(start < b and a < end and of == kind for a, b, of in document.spans)
            _add(counts, kind, finds=1, right=right)
    for of_kind in counts.values():
        of_kind["recall"] = round(of_kind["hit"] / of_kind["planted"], 4) if of_kind["planted"] else float("nan")
        of_kind["precision"] = round(of_kind["right"] / of_kind["finds"], 4) if of_kind["finds"] else float("nan")
    return counts


def _add(counts: dict[str, dict[str, float]], kind: str, **more: float) -> None:
    for key in (kind, "all"):
        of_kind = counts.setdefault(key, {"planted": 0, "hit": 0, "finds": 0, "right": 0})
        for name, number in more.items():
            of_kind[name] += int(number)
