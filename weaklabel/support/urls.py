"""URLs as they may be shown: without passwords and other secrets."""

from __future__ import annotations

import re

MASK = "***"
"""What stands for a secret."""

_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^:/@?#]*):([^@]*)@")
_WEB = ("http", "https")
_PARAMETER = re.compile(r"([?&][^=&#]*(?:pass|pwd|secret|token|key)[^=&#]*=)[^&#]*", re.IGNORECASE)


def without_secrets(url: str) -> str:
    """Return a URL with ``***`` for its password, and for parameters that are named like a secret; other texts as they are.

    Examples
    --------
    >>> without_secrets("postgresql://ann:secret@db/shop?sslmode=require&sslpassword=secret")
    'postgresql://ann:***@db/shop?sslmode=require&sslpassword=***'
    >>> without_secrets("https://example.org:80/a@b"), without_secrets("notes/a@b.txt")
    ('https://example.org:80/a@b', 'notes/a@b.txt')
    """
    login = _LOGIN.match(url)
    if login is None:
        return _PARAMETER.sub(rf"\1{MASK}", url) if "://" in url else url
    if login[1].lower() in _WEB and "/" in login[3]:
        return _PARAMETER.sub(rf"\1{MASK}", url)  # the @ is in the path, and what looked like a password was a port
    return f"{login[1]}://{login[2]}:{MASK}@" + _PARAMETER.sub(rf"\1{MASK}", url[login.end() :])
