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


class Key:
    """A key, from an environment variable.

    Parameters
    ----------
    variable
        Its name. None: ``OPENAI_API_KEY``, where it is set and the endpoint is on this machine or encrypted, so that the
        key of one service does not go to another in the clear.
    url
        Of the endpoint.

    Raises
    ------
    LanguageModelError
        The variable is not set, or is no key.
    """

    def __init__(self, variable: str | None, url: str) -> None:
        parts = urlsplit(url)
        is_safe = parts.scheme == "https" or bool(_LOOPBACK.fullmatch(parts.hostname or ""))
        if variable is not None and not os.environ.get(variable, "").strip():
            raise LanguageModelError(
                f"the environment variable {variable}, which has the key of {parts.netloc}, is not set"
            )
        value = os.environ.get(variable or DEFAULT_VARIABLE, "").strip() if variable or is_safe else ""
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise LanguageModelError(
                f"the environment variable {variable or DEFAULT_VARIABLE} is not a key: it has spaces or signs in it that "
                "no key has"
            )
        self.variable = variable or DEFAULT_VARIABLE
        self._value = value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"<key of {self.variable}>"

    def __reduce__(self) -> str:
        raise TypeError("a key is not written down")

    def header(self, name: str) -> dict[str, str]:
        """Return the header that carries it."""
        if not self._value:
            return {}
        return {name: f"Bearer {self._value}" if name.lower() == "authorization" else self._value}

    def without(self, text: str) -> str:
        """Return a text of the server with ``***`` for the key, in case the server repeats it."""
        return text.replace(self._value, MASK) if self._value else text
