"""Where an endpoint is, and the key that it takes, which is never shown."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit, urlunsplit

from weaklabel.errors import LanguageModelError
from weaklabel.support.urls import MASK, without_secrets

CHAT = "/chat/completions"
DEFAULT_VARIABLE = "OPENAI_API_KEY"
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1|.*\.localhost")


def chat_url(given: str) -> str:
    """Return the URL that takes chats, from it or from the address of a server.

    Raises
    ------
    LanguageModelError
        It is no URL of the web, or has a password or key in it.

    Examples
    --------
    >>> chat_url("http://localhost:8000")
    'http://localhost:8000/v1/chat/completions'
    >>> chat_url("https://example.org/api/v1/")
    'https://example.org/api/v1/chat/completions'
    """
    shown = without_secrets(given)
    try:
        parts = urlsplit(given.strip())
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web:
        raise LanguageModelError(
            f"'{shown}' is not the URL of an endpoint: give one such as http://localhost:8000 or https://api.openai.com/v1"
        )
    if shown != given or "@" in parts.netloc:
        raise LanguageModelError(
            f"the URL of the endpoint {parts.hostname} has a password or key in it: put the key into an environment "
            "variable, and name that"
        )
    path = parts.path.rstrip("/")
    if not path.endswith(CHAT):
        path = (path or "/v1") + CHAT
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def models_url(chat: str) -> str:
    """Return the URL that lists the models of a server."""
    parts = urlsplit(chat)
    return urlunsplit(parts._replace(path=parts.path.removesuffix(CHAT) + "/models"))


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    return bool(_LOOPBACK.fullmatch(urlsplit(url).hostname or ""))


class Key:
    """A key, from an environment variable, which is read when a request is sent.

    Parameters
    ----------
    variable
        Its name. None: ``OPENAI_API_KEY``, where it is set and the endpoint is on this machine or encrypted, so that the
        key of one service does not go to another in the clear.
    url
        Of the endpoint.
    """

    def __init__(self, variable: str | None, url: str) -> None:
        self.variable: str = variable or DEFAULT_VARIABLE
        self._is_wanted = variable is not None
        self._may_go = self._is_wanted or url.startswith("https:") or is_loopback(url)
        self._server = urlsplit(url).netloc

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"<key of {self.variable}>"

    @property
    def _value(self) -> str:
        """The key itself.

        Raises
        ------
        LanguageModelError
            The variable is not set, or is no key.
        """
        value = os.environ.get(self.variable, "").strip() if self._may_go else ""
        if self._is_wanted and not value:
            raise LanguageModelError(
                f"the environment variable {self.variable}, which has the key of {self._server}, is not set"
            )
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise LanguageModelError(
                f"the environment variable {self.variable} is not a key: it has spaces or signs in it that no key has"
            )
        return value

    def header(self, name: str) -> dict[str, str]:
        """Return the header that carries it."""
        value = self._value
        if not value:
            return {}
        return {name: f"Bearer {value}" if name.lower() == "authorization" else value}

    def without(self, text: str) -> str:
        """Return a text of the server with ``***`` for the key, in case the server repeats it."""
        value = self._value
        return text.replace(value, MASK) if value else text
