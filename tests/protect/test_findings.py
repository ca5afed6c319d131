"""What is found, and what is not: published test numbers, unusual spellings, and numbers that are nobody's."""

import time

import pytest

from benchmarks.quality.personal_corpus import PUBLISHED, WITH_WORD, documents, scores
from weaklabel.config import ProtectSettings
from weaklabel.errors import ConfigError
from weaklabel.protect import TYPES, Protector, make_protector

PROTECTOR = Protector()


def finds(text, protector=PROTECTOR):
    return [(each.type, text[each.start : each.end]) for each in protector.find(text)]


@pytest.mark.parametrize("kind", sorted(PUBLISHED))
def test_published_numbers_are_found_beside_a_word_that_names_them(kind):
    for value in PUBLISHED[kind]:
        for sentence in WITH_WORD[kind]:
            text = f"Good morning. {sentence.format(value)} Thank you."
            assert (kind, value) in finds(text), text


STANDALONE = [
    "card", "iban", "email", "ip", "mac", "secret", "url_credentials", "cn_id", "fr_nir", "it_fiscal_code", "br_cnpj",
]  # fmt: skip


@pytest.mark.parametrize("kind", STANDALONE)
def test_what_a_number_itself_tells_needs_no_word(kind):
    for value in PUBLISHED[kind]:
        for text in (value, f"We found {value} there.", f"({value})", f"请记下{value}。"):
            assert finds(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "Card 4012-8888-8888-1882", "card 36168002586008",  # Presidio's: check digits are wrong
        "Steuer-ID 12345678901", "Steuer-ID 02345678901", "Steuer-ID 11112345678", "idnr 36574261890",
        "AL47 212A 1009 0000 0002 3569 8741", "AT61 1904 3002 3457 3202", "IBAN GB31NCKG4591208184687",
        "NHS 401 023 2138", "NINO AA 12 34 56 H", "NINO BG123612A", "nino: nt 99 88 77 a",
        "ITIN 911-89-1234", "SSN 666000000", "SSN 000-12-3456", "SSN 123-45-0000",
        "DNI 54362315Z", "DNI 12345678a", "NIE Y8063915Q", "NIE x9613851q", "RCCMNL83S18D969A",
        "BSN 1112.52.333", "Aadhaar 123456789012", "Aadhaar 234123412347", "Aadhaar 222222222222",
        "CPF 231.002.999-00", "CNPJ 16.727.230/0001-98", "NIR 295109912611199", "NIR 253072C07300443",
        "身份证号 360426199113010071", "身份证号 360426199101010072",
        "MAC 00:1A:2B:3C:4D", "MAC FF:FF:FF:FF:FF:FF", "00:00:00:00:00:00", "10:2F:33-AC-29-C3",
        "my ip: 192.168.0", "684D:1111:222:3333:4444:5555:77", "ip 256.1.1.1", "127.0.0.1 and ::1 and 0.0.0.0",
    ],
)  # fmt: skip
def test_wrong_check_digits_and_impossible_numbers_are_not_found(text):
    assert finds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "order no. 4155550132", "Bestellnummer 0301234567", "订单号13812345678901", "invoice 2024-001234",
        "2024-01-15 and 15.01.2024, 01/15/2024 10:30", "20240115123456", "in 1990-2000", "pp. 1234-1250",
        "version 10.0.19.41", "v1.2.3.4", "Chrome/13.0.86.0", "rv:1.9.5.20", "Section 1.2.3.4", "1.3.6.1.4.1.311",
        "0306406152 is a book", "Your order no. 0663715691", "ISBN 978-3-16-148410-0", "9783161484100", "EAN 0078362231608",
        "$1,234,567.89", "1.234.567,89 €", "population 948 812 415", "948.812.415 inhabitants",
        "52.520008, 13.404954", "at -44.507978", "3.14159265358979323846",
        "550e8400-e29b-41d4-a716-446655440000", "d41d8cd98f00b204e9800998ecf8427e",
        "They won 3-2, 104-98 and 21:17", "line calls, 6-7 (3-7) 6-3 6-3.", "Scores: 351 398 667 806 416 22 599 518",
        "12345678901234567890123456789012345",
        "lodash@4.17.21", "icon@2x.png", "git@github.com:weak/label.git", "@decorator", "a@b.T", "a@b.sum()", "x @ y.shape",
        "std::vector<int> a::b ::before 12:30:45", "http://host:80/a", "https://example.org/path?x=1",
        "password: required", "The password is incorrect.", "password = os.environ['X']", "password=getpass()",
        "token: string", "PASSWORD=${SECRET}", "password: {{ vault }}", "secret = None",
        "the plate was 12 cm wide", "a passport photo costs 1234567",
    ],
)  # fmt: skip
def test_numbers_of_nobody_are_not_found(text):
    assert [each for each in finds(text) if each[0] != "passport"] == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Karte ４１１１ １１１１ １１１１ １１１１.", "card", "４１１１ １１１１ １１１１ １１１１"),
        ("card 4111\u200b1111\u200b1111\u200b1111 ok", "card", "4111\u200b1111\u200b1111\u200b1111"),
        ("card 4111 1111\r\n1111 1111 ok", "card", "4111 1111\r\n1111 1111"),
        ("card 4111\u20111111\u20111111\u20111111", "card", "4111\u20111111\u20111111\u20111111"),
        ("رقم ٠٣٠ tel ٠٣٠ ١٢٣٤٥٦٧", "phone", "٠٣٠ ١٢٣٤٥٦٧"),
        ("IBAN DE89 3704 0044\n0532 0130 00", "iban", "DE89 3704 0044\n0532 0130 00"),
        ("iban de89370400440532013000", "iban", "de89370400440532013000"),
        ("NL91\u00a0ABNA\u00a00417\u00a01643\u00a000", "iban", "NL91\u00a0ABNA\u00a00417\u00a01643\u00a000"),
        ("mail ｊｏ＠ｅｘａｍｐｌｅ．ｏｒｇ now", "email", "ｊｏ＠ｅｘａｍｐｌｅ．ｏｒｇ"),
        ("mail jo\u200b@exam\u00adple.org now", "email", "jo\u200b@exam\u00adple.org"),
        ("mail jo [at] example [dot] org now", "email", "jo [at] example [dot] org"),
        ("mail jo(at)example.org now", "email", "jo(at)example.org"),
        ("link ?to=jo%40example.org&x", "email", "jo%40example.org"),
        ("mails/jo@example.org.txt", "email", "jo@example.org"),
        ("jo@example.org(work)", "email", "jo@example.org"),
        ("邮箱abc@qq.com，请", "email", "abc@qq.com"),
        ("用户@例子.广告 ", "email", "用户@例子.广告"),
        ("mail josé.muñoz@correo.es!", "email", "josé.muñoz@correo.es"),
        ("for 07946746291 show", "phone", "07946746291"),
        ("Voici 0612345678.", "phone", "0612345678"),
        ("call 030 / 901 82-0 now", "phone", "030 / 901 82-0"),
        ("Tel. +49 (0) 30\n901820", "phone", "+49 (0) 30\n901820"),
        ("Call (415) 555-0132 ext. 12.", "phone", "(415) 555-0132 ext. 12"),
        ("110101 19900307 7993 是我的身份证", "cn_id", "110101 19900307 7993"),
        ("BSN: 111 222 333", "nl_bsn", "111 222 333"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAA==", "secret", "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAA=="),
        ("Authorization: Bearer abcdef0123456789abcdef", "secret", "abcdef0123456789abcdef"),
        ("密码是hunter22。", "password", "hunter22"),
        ('{"password": "hunter2"}', "password", "hunter2"),
        ("https://x/?api_key=abc123def456&y=1", "secret", "abc123def456"),
        ("粤B12345 停在", "plate", "粤B12345"),
    ],
)  # fmt: skip
def test_unusual_spellings_are_found_at_their_place(text, kind, value):
    assert (kind, value) in finds(text)


# Of each issuer's form: the beginning, and how long what follows is.
TOKENS = {
    "AKIA": 16, "ASIA": 16, "ghp_": 36, "gho_": 36, "github_pat_": 60, "glpat-": 20, "xoxp-": 40, "xapp-": 40, "sk_live_": 24,
    "rk_live_": 24, "whsec_": 32, "AIza": 35, "ya29.": 60, "GOCSPX-": 28, "sk-": 48, "sk-proj-": 80, "sk-ant-api03-": 80,
    "hf_": 34, "npm_": 36, "pypi-": 90, "lin_api_": 40,
}  # fmt: skip


@pytest.mark.parametrize("start", sorted(TOKENS))
def test_tokens_are_found_by_the_form_of_their_issuer(start):
    token = start + ("A7K2M9Q4" * 12)[: TOKENS[start]]
    for text in (token, f"use {token}, please", f'key="{token}"', f"https://example.org/?k={token}"):
        assert ("secret", token) in finds(text)
    assert finds(start + "A7") == []


def test_words_that_begin_like_tokens_are_none():
    assert finds("sk-circle-fade-dot-animation-name ghosts_of_the_past risk-averse-people-everywhere eyJ") == []


def test_lists_are_taken_apart():
    assert finds("555-123-4567\n555-987-6543") == [("phone", "555-123-4567"), ("phone", "555-987-6543")]
    assert finds("jo@example.org,ab@example.org;cd@example.org") == [
        ("email", "jo@example.org"), ("email", "ab@example.org"), ("email", "cd@example.org"),
    ]  # fmt: skip
    assert finds("tel 0750704999 / 04 15 39 15 00") == [("phone", "0750704999"), ("phone", "04 15 39 15 00")]


def test_of_overlapping_finds_the_longest_counts():
    assert finds("see https://jo:pw1@example.org/x now") == [("url_credentials", "https://jo:pw1@example.org/x")]


def test_recall_and_precision_on_values_that_others_made():
    corpus = list(documents(seed=7, each=1))
    spans = [
        [(each.start, each.end, each.type) for each in every]
        for every in PROTECTOR.find_all([document.text for document in corpus])
    ]
    total = scores(corpus, spans)["all"]
    assert total["planted"] > 250
    assert total["recall"] >= 0.99
    assert total["precision"] >= 0.99


def test_every_type_has_published_values_or_is_made_by_faker():
    assert set(TYPES) - set(PUBLISHED) == {"password", "plate"}


def test_types_can_be_chosen():
    text = "jo@example.org 10.1.2.3"
    assert finds(text, make_protector(ProtectSettings(find=["ip"]))) == [("ip", "10.1.2.3")]
    assert finds(text, make_protector(ProtectSettings(ignore=["ip"]))) == [("email", "jo@example.org")]


def test_values_can_be_allowed():
    protector = make_protector(ProtectSettings(allow=["Info@Example.org"]))
    assert finds("info@example.org jo@example.org", protector) == [("email", "jo@example.org")]


def test_own_patterns_are_found():
    protector = make_protector(ProtectSettings(patterns={"employee": r"E-\d{6}"}))
    text = "👩‍👩‍👧 E-123456, é E-654321"
    assert finds(text, protector) == [("employee", "E-123456"), ("employee", "E-654321")]
    assert protector.protect_text(text) == "👩‍👩‍👧 [EMPLOYEE], é [EMPLOYEE]"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patterns": {"x": "(a"}}, r"patterns\.x: the regex does not work"),
        ({"patterns": {"x": "a(?=b)"}}, r"patterns\.x: the regex does not work: look-around"),
        ({"patterns": {"x": ""}}, "it is empty"),
        ({"patterns": {"x": "a*"}}, "matches the empty text"),
        ({"patterns": {"email": "a"}}, "cannot be the name"),
        ({"patterns": {"Big": "a"}}, "cannot be the name"),
        ({"find": ["emial"]}, "did you mean 'email'"),
        ({"ignore": ["person"]}, "found by names only"),
        ({"actions": {"ipp": "drop"}}, "did you mean 'ip'"),
        ({"regions": ["XX"]}, "'XX' is no country"),
        ({"find": ["ip"], "ignore": ["ip"]}, "no type is left"),
        ({"action": "pseudonym"}, "pseudonyms need a key"),
    ],
)
def test_wrong_settings_are_refused(given, message, monkeypatch):
    monkeypatch.delenv("WEAKLABEL_PROTECT_KEY", raising=False)
    with pytest.raises(ConfigError, match=message):
        make_protector(ProtectSettings(**given))


@pytest.mark.parametrize(
    "piece",
    [
        "a", "1", "1 ", "1.", "12 ", "@", "a@", "a.", "a@a.", ":", "a:", "-----BEGIN PRIVATE KEY-----", "eyJ", "password: ",
        "AB12 ", "(", "+1 (", "at) ", "://", "x://a:b", "P<<", "\u200b", "ab 12-", "[EMAIL", "DE89 ",
    ],
)  # fmt: skip
def test_hostile_texts_take_time_in_proportion_to_their_length(piece):
    def seconds(length):
        text = piece * (length // len(piece))
        began = time.process_time()
        PROTECTOR.find(text)
        return time.process_time() - began

    seconds(100)
    # Four times as long: a quadratic pattern takes sixteen times as long. What is too short to be timed counts as .1 seconds.
    assert seconds(12_000) < 10 * max(seconds(3_000), 0.1)


@pytest.mark.parametrize("record", ["+44 20 7946 0958,x,y", "(020 7946 0958,1,2)", "0664 123 45 67,3"])
def test_a_phone_number_before_the_next_field_of_a_record_is_hidden_whole(record):
    """A part of the number stayed in a CSV record that could not be read."""
    protector = make_protector(ProtectSettings())
    assert protector.protect_text(record).startswith(("[PHONE],", "([PHONE],"))
