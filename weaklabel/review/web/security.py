"""Who may talk to the review app: the browser that was given its address, and no web page that it also has open.

A page on the internet can make a browser send requests to 127.0.0.1. It cannot read the token from the address that
was printed, send the cookie (``SameSite=Strict``), set its own header on a foreign site, or keep its own name
out of ``Host`` and ``Origin``. Each of these is checked, so that a mistake in one check gives no access.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from flask import Flask, Request, Response, abort, g, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

MAX_BODY = 256 * 1024
"""Bytes of a request: an LF with 1,000 keywords has about 20,000."""

CSRF_HEADER = "X-CSRF-Token"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Gate:
    """What a request must show.

    Attributes
    ----------
    port
        The port that the app listens on; cookies of two apps on one machine differ by it.
    token
        In the address that is opened once; a cookie from then on.
    csrf
        In every page; a header of every request that changes something.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Accepted values of ``Host``; a foreign name that resolves to this machine (DNS rebinding) is refused."""
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost"))

    @property
    def cookie(self) -> str:
        """Name of the cookie with the token."""
        return f"weaklabel_{self.port}"

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def guard(self, app: Flask) -> None:
        """Check every request of ``app``, and set the headers of every answer."""
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
        app.before_request(self._check)
        app.after_request(_set_headers)

    def _check(self) -> AnyResponse | None:
        if request.host not in self.hosts:
            abort(403, "this app is available at 127.0.0.1 only")
        if request.method == "GET" and "token" in request.args:
            return self._welcome()
        if not _same(request.cookies.get(self.cookie), self.token):
            abort(403, "open the address that 'weaklabel review' printed; it contains the access token")
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            self._check_change(request)
        g.csrf = self.csrf
        return None

    def _welcome(self) -> AnyResponse:
        """Take the token out of the address, so that it is in no history and no screenshot."""
        if not _same(request.args["token"], self.token):
            abort(
                403, "the token in this address is not that of the running app; open the address that the app printed"
            )
        rest = address_without("token")
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            # A page of another origin, such as the file that `serve` opens, sent the browser here. What follows of its own
            # accord would not carry the cookie; what follows from a page of ours does.
            answer: AnyResponse = Response(f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(rest)}">')
        else:
            answer = redirect(rest, 303)
        answer.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict")
        return answer

    def _check_change(self, request: Request) -> None:
        if request.headers.get("Origin") != f"http://{request.host}":
            abort(403, "pages of other sites may not change anything here")
        if not _same(request.headers.get(CSRF_HEADER), self.csrf):
            abort(403, "this page belongs to an earlier run of the app; reload it")


def address_without(name: str) -> str:
    """Return the path and query of this request without one of its arguments."""
    # Two slashes at the front would be the name of another site.
    path = quote("/" + request.path.lstrip("/"))
    rest = [(key, value) for key, value in request.args.items(multi=True) if key != name]
    return f"{path}?{urlencode(rest)}" if rest else path


def _same(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())


def _set_headers(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    return answer
