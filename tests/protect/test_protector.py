"""Masking and pseudonyms: stable, consistent, at exact places, with a key that stays where it is."""

import os
import pickle
import re

import pytest
from hypothesis import given, strategies as st

from weaklabel.config import ProtectSettings
from weaklabel.errors import ConfigError
from weaklabel.protect import Protector, make_protector

KEY = "a key of more than sixteen bytes"

PIECES = (
    "jo@example.org", "415-555-0132", "+49 30 901820", "4111 1111 1111 1111", "DE89370400440532013000", "078-05-1123",
    "10.1.2.3", "password: Xy7$kk", "https://a:b1@example.org/", "11010119900307793X", "943 476 5919", "3123 4567 8909",
    "12345678Z", "E-1234", "tel", "order", "NHS", "SSN", "[EMAIL]", "[PHONE cprvqioq7ai2]", "[", "]", "@", "-", ".", " ",
    "\n", "\r\n", "👩‍👩‍👧", "e\u0301", "\u200b", "１２", "电话", "123", "45", "0", "(", ")", "+", "/", ":", "x",
)  # fmt: skip

texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=60)


@pytest.fixture(scope="module")
def masking():
    return make_protector(ProtectSettings(patterns={"employee": r"E-\d{4}"}))


@pytest.fixture(scope="module")
def pseudonyms():
    return Protector(ProtectSettings(action="pseudonym", patterns={"employee": r"E-\d{4}"}), KEY.encode())


@given(texts)
def test_masked_text_has_nothing_left_to_mask(masking, text):
    masked = masking.protect_text(text)
    assert masking.find(masked) == []
    assert masking.protect_text(masked) == masked


@given(texts)
def test_pseudonyms_are_not_replaced_again(pseudonyms, text):
    replaced = pseudonyms.protect_text(text)
    assert pseudonyms.protect_text(replaced) == replaced


@given(texts)
def test_finds_are_in_order_apart_and_not_empty(masking, text):
    end = 0
    for each in masking.find(text):
        assert end <= each.start < each.end <= len(text)
        end = each.end


@given(st.text(st.characters(exclude_categories=("L", "N", "Cs")), max_size=20))
def test_places_are_exact_among_any_signs(masking, signs):
    text = f"{signs} jo@example.org {signs} 4111 1111 1111 1111 \r\n👩‍👩‍👧 e\u0301"
    spans = {text[each.start : each.end] for each in masking.find(text)}
    assert {"jo@example.org", "4111 1111 1111 1111"} <= spans


def test_the_same_value_has_the_same_pseudonym_however_it_is_written(pseudonyms):
    def names(*values):
        return {pseudonyms.protect_text(f"x {value} x") for value in values}

    assert len(names("jo@example.org", "Jo@Example.ORG", "ｊｏ@example.org")) == 1
    assert len(names("+49 30 901820", "+4930901820", "+49 (0)30 90 18 20", "030 901820", "(030) 901820")) == 1
    assert len(names("4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111")) == 1
    assert len(names("DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "de89370400440532013000")) == 1
    assert len(names("jo@example.org", "ab@example.org")) == 2


def test_pseudonyms_depend_on_the_key():
    settings = ProtectSettings(action="pseudonym")
    one, other = (Protector(settings, key).protect_text("jo@example.org") for key in (b"k" * 16, b"l" * 16))
    assert one != other
    assert re.fullmatch(r"\[EMAIL [a-z2-7]{12}\]", one)


def test_each_type_has_its_action():
    settings = ProtectSettings(action="flag", actions={"email": "mask", "ip": "pseudonym", "phone": "drop"})
    protector = Protector(settings, KEY.encode())
    assert re.fullmatch(
        r"\[EMAIL\] \[IP [a-z2-7]{12}\] \[PHONE\] 078-05-1123",
        protector.protect_text("jo@example.org 10.1.2.3 +4930901820 078-05-1123"),
    )


def test_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY)
    protector = make_protector(ProtectSettings(action="pseudonym"))
    assert protector.protect_text("jo@example.org") == Protector(protector.settings, KEY.encode()).protect_text(
        "jo@example.org"
    )
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", "short")
    with pytest.raises(ConfigError, match="a key of 5 bytes") as refused:
        make_protector(ProtectSettings(action="pseudonym"))
    assert "short" not in str(refused.value)


def test_key_file_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    file = tmp_path / "protect.key"
    settings = ProtectSettings(action="pseudonym", key_file=file)
    first = make_protector(settings)
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert make_protector(settings).key == first.key == content.strip()
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["protect.key"]
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read the key file"):
        make_protector(settings)
    with pytest.raises(ConfigError, match="not a regular file"):
        make_protector(ProtectSettings(action="pseudonym", key_file=tmp_path))
    with pytest.raises(ConfigError, match="cannot read or make"):
        make_protector(ProtectSettings(action="pseudonym", key_file=tmp_path / "no" / "key"))


def test_neither_key_nor_values_are_shown(monkeypatch):
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", KEY)
    protector = make_protector(ProtectSettings(action="pseudonym"))
    shown = repr(protector) + str(protector.identity()) + repr(protector.find("jo@example.org"))
    assert KEY not in shown
    assert "jo@" not in shown
    copy = pickle.loads(pickle.dumps(protector))
    assert copy.protect_text("jo@example.org") == protector.protect_text("jo@example.org")


def test_identity_tells_keys_and_settings_apart():
    settings = ProtectSettings(action="pseudonym")
    identities = [
        str(Protector(settings, b"k" * 16).identity()),
        str(Protector(settings, b"l" * 16).identity()),
        str(Protector(ProtectSettings()).identity()),
        str(Protector(ProtectSettings(ignore=["ip"])).identity()),
    ]
    assert len(set(identities)) == len(identities)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_two_processes_that_make_a_key_have_the_same(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    settings = ProtectSettings(action="pseudonym", key_file=tmp_path / "key")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: make_protector(settings).key, range(16)))
    assert len(keys) == 1
