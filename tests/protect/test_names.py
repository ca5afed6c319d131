"""Names by spaCy and Presidio: found, hidden, the same person the same; no socket is opened."""

import socket

import pytest

from weaklabel.config import ProtectSettings
from weaklabel.errors import ConfigError, MissingPackageError
from weaklabel.protect import Protector, make_protector

TEXT = "John Smith wrote to mary@example.org from Paris. Later John Smith joined Microsoft."


@pytest.fixture(autouse=True)
def no_socket(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("engine", ["spacy", "presidio"])
def test_names_are_found(engine):
    protector = make_protector(ProtectSettings(names=engine))
    assert protector.protect_text(TEXT) == (
        "[PERSON] wrote to [EMAIL] from [PLACE]. Later [PERSON] joined [ORGANIZATION]."
    )
    assert {each.type for each in protector.find(TEXT)} == {"person", "email", "place", "organization"}


def test_types_of_names_can_be_chosen():
    protector = make_protector(ProtectSettings(names="spacy", find=["place"]))
    assert protector.protect_text(TEXT) == TEXT.replace("Paris", "[PLACE]")


def test_the_same_person_has_the_same_pseudonym():
    protector = Protector(ProtectSettings(names="spacy", action="pseudonym"), b"k" * 16)
    persons = [each for each in protector.find(TEXT) if each.type == "person"]
    assert len(persons) == 2
    assert len({protector.instead_of(each) for each in persons}) == 1


def test_places_are_exact_behind_hidden_signs():
    text = "é\u200b👩‍👩‍👧 " + TEXT
    protector = make_protector(ProtectSettings(names="spacy"))
    assert "John Smith" in {text[each.start : each.end] for each in protector.find(text)}


def test_pipelines_without_names_or_not_installed_are_refused():
    with pytest.raises(ConfigError, match="finds no names"):
        make_protector(ProtectSettings(names="spacy", pipeline="blank:en"))
    with pytest.raises(MissingPackageError, match="not installed"):
        make_protector(ProtectSettings(names="spacy", pipeline="xx_no_such_model"))
