"""Servers and ledgers of tests of language models."""

import pytest

from tests.llm.server import LLMServer
from weaklabel.llm import sending


@pytest.fixture
def server():
    with LLMServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending, "MOST_WAIT", 0.05)
