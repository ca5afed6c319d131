"""A web server on this machine whose pages may be faulty in every way that a test asks for."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any

Answer = Callable[["Handler"], None]


def html(text: str) -> bytes:
    return f"<html><head><title>T</title></head><body><article><p>{text}</p></article></body></html>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body go in one packet, which needs no acknowledgement in between
    site: Site

    def do_GET(self) -> None:
        site = self.site
        with site.lock:
            site.hits.append((self.path, monotonic(), dict(self.headers.items())))
            site.reached.append((self.connection.getsockname()[0], self.path, self.headers["Host"]))
            queue = site.pages.get(self.path, [page(404, b"", reason="Not Found")])
            answer = queue[0] if len(queue) == 1 else queue.pop(0)
        answer(self)

    def send(self, status: int, body: bytes, headers: Mapping[str, str], reason: str | None = None) -> None:
        self.send_response(status, reason)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """What a server answers, by path: one answer, or one after the other, the last of them for good."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, list[Answer]] = {}
        self.hits: list[tuple[str, float, dict[str, str]]] = []
        self.reached: list[tuple[str, str, str]] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()

    def __setitem__(self, path: str, answers: Answer | list[Answer]) -> None:
        self.pages[path] = answers if isinstance(answers, list) else [answers]

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def asked(self, path: str) -> int:
        return sum(hit[0] == path for hit in self.hits)


@contextmanager
def serving(address: str = "127.0.0.1", certificate: Path | None = None) -> Iterator[Site]:
    """Give a running site; with a certificate and its key in one file, by HTTPS."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 200

        def handle_error(self, *_: Any) -> None:  # a client that gives up is no error
            pass

    class Here(Handler):
        pass

    with Server((address, 0), Here) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        site = Here.site = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            site.closing.set()
            server.shutdown()
            thread.join()


def page(status: int, body: bytes = b"", kind: str = "text/html", reason: str | None = None, **headers: str) -> Answer:
    """Return an answer; ``retry_after="1"`` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(status, body, {"Content-Type": kind, **named}, reason)


def redirect(to: str, status: int = 302) -> Answer:
    return page(status, location=to)


def unless_changed(body: bytes, etag: str) -> Answer:
    def answer(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            handler.send(304, b"", {"ETag": etag, "Content-Length": ""})
        else:
            handler.send(200, body, {"Content-Type": "text/html", "ETag": etag})

    return answer


def cut(body: bytes) -> Answer:
    """Return an answer whose connection closes in the middle."""

    def answer(handler: Handler) -> None:
        handler.send(200, body[: len(body) // 2], {"Content-Type": "text/html", "Content-Length": str(len(body))})
        handler.close_connection = True

    return answer


def cut_gzip(body: bytes) -> Answer:
    packed = gzip.compress(body)
    return page(200, packed[: len(packed) - 12], content_encoding="gzip")


def bomb(size: int) -> Answer:
    """Return a small answer that unpacks to ``size`` zeros."""
    return page(200, gzip.compress(b"\0" * size), content_encoding="gzip")


def endless(handler: Handler) -> None:
    """Answer without a length and without an end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.site.closing.is_set():
        handler.wfile.write(b"<p>and so on</p>" * 4096)


def silent(handler: Handler) -> None:
    """Take the request, and never answer."""
    handler.site.closing.wait(60)


def dripping(handler: Handler) -> None:
    """Answer a byte at a time, each before the client loses its patience with the connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.flush()
    while not handler.site.closing.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def nonsense(handler: Handler) -> None:
    handler.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
    handler.close_connection = True
