"""Servers and ledgers for labeling functions that ask language models."""

import re

import pytest

from tests.llm.server import LLMServer
from weaklabel.llm import Asking, asking_with, sending

LABELS = {"ham": "a private message", "spam": "advertising"}
MARK = re.compile(r"<text(?: \d+)? (\w+)>\n(.*?)\n</text(?: \d+)? \1>", re.DOTALL)


def asked_texts(body):
    """Return the texts between marks in the last message of a request."""
    return [text for _, text in MARK.findall(body["messages"][-1]["content"])]


def by_word(body):
    """Answer as a model does that knows one word: spam is what says prize, and "maybe" makes it chat."""
    (text,) = asked_texts(body)
    return "Well, it depends." if "maybe" in text else "spam" if "prize" in text else "ham"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending, "MOST_WAIT", 0.05)


@pytest.fixture
def server():
    with LLMServer(by_word) as server:
        yield server


@pytest.fixture
def current(tmp_path):
    with asking_with(Asking(ledger=tmp_path / "replies.sqlite")) as asking:
        yield asking
    asking.close()
