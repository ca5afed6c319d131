"""Serving the review on this machine, and opening it in a browser."""

from __future__ import annotations

import errno
import html
import os
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.errors import WeakLabelError
from weaklabel.review.libraries import FOR_AGREEMENT, FOR_EXPLANATIONS, load_libraries

if TYPE_CHECKING:
    from weaklabel.review import Review, SpanReview
    from weaklabel.review.web.security import Gate


@contextmanager
def opened_in_browser(address: str) -> Iterator[None]:
    """Open ``address`` in the default browser, within the context.

    Anybody on this machine can read the arguments of a process. So the browser is given the name of a file that only
    this user can read, which sends it on to the address. The file goes when the context ends.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    where = runtime if os.access(runtime, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="weaklabel-review-", dir=where) as folder:
        page = Path(folder) / "open.html"
        page.touch(mode=0o600, exist_ok=False)
        target = html.escape(address)
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><title>weaklabel review</title>'
            f'<meta http-equiv="refresh" content="0;url={target}"><a href="{target}">weaklabel review</a>\n',
            encoding="utf-8",
        )
        webbrowser.open(page.as_uri())
        yield


HOST = "127.0.0.1"
DEFAULT_PORT = 8642
TRIES = 20
THREADS = 8

CONNECTIONS = 400
"""At once; a browser has about six. Fewer than the files that a process may open, often 1,024."""

REQUEST_SECONDS = 10
"""Maximum idle time of a connection, and time for a request to arrive."""

CLEANUP_SECONDS = 2
"""Interval at which idle connections are closed."""


def serve(
    review: Review | SpanReview,
    *,
    port: int | None = None,
    open_browser: bool = True,
    reviewer: str | None = None,
    adjudicates: bool = False,
) -> None:
    """Serve the review app until Ctrl-C, on 127.0.0.1 alone.

    Parameters
    ----------
    review
        What is reviewed.
    port
        By default the first free one of 8642 and those after it; 0 takes any.
    open_browser
        Open the address in the default browser; it is printed in any case.
    reviewer
        Name of the reviewer, unless a browser has set another one.
    adjudicates
        Whether decisions on the pages settle what reviewers decided differently.

    Raises
    ------
    WeakLabelError
        The port is in use.
    """
    server, gate = make_server(review, port=port, reviewer=reviewer, adjudicates=adjudicates)
    # They take seconds, and the first page needs none of them.
    threading.Thread(target=load_libraries, args=(*FOR_EXPLANATIONS, *FOR_AGREEMENT), daemon=True).start()
    print(
        f"Reviewing {review.title}. Open this address in a browser; press Ctrl-C to stop:\n\n  {gate.address}\n",
        flush=True,
    )
    try:
        with opened_in_browser(gate.address) if open_browser else nullcontext():
            # Waitress answers Ctrl-C by returning, with the requests under way finished.
            server.run()
    finally:
        server.close()
    print("weaklabel: review stopped; all decisions are saved", file=sys.stderr)


def make_server(
    review: Review | SpanReview, *, port: int | None = None, reviewer: str | None = None, adjudicates: bool = False
) -> tuple[Any, Gate]:
    """Return a listening server, not yet running, and its gate; parameters as of `serve`."""
    from waitress import create_server

    from weaklabel.review.web.app import create_app
    from weaklabel.review.web.security import Gate

    listening = _listen(port)
    gate = Gate(listening.getsockname()[1])
    server = create_server(
        create_app(review, gate, reviewer, adjudicates=adjudicates),
        sockets=[listening],
        threads=THREADS,
        ident=None,
        connection_limit=CONNECTIONS,
        channel_timeout=REQUEST_SECONDS,
        cleanup_interval=CLEANUP_SECONDS,
        asyncore_use_poll=True,
    )
    server.channel_class = _impatient_channel()
    return server, gate


def _impatient_channel() -> type[Any]:
    """Return waitress's connection, which counts a request that is not whole as idle since it began.

    So a request that arrives byte by byte, however long, is given up after `REQUEST_SECONDS`, too.
    """
    from waitress.channel import HTTPChannel

    class Channel(HTTPChannel):
        last_activity: float

        def handle_read(self) -> None:
            began = self.last_activity
            is_begun = self.request is not None
            super().handle_read()
            if is_begun and self.request is not None:
                self.last_activity = began

    return Channel


def _listen(port: int | None) -> socket.socket:
    """Return a listening socket, bound before anything is shown: no other program can take the port in between."""
    candidates = range(DEFAULT_PORT, DEFAULT_PORT + TRIES) if port is None else [port]
    for candidate in candidates:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, candidate))
            listening.listen()
        except OSError as error:
            listening.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        return listening
    asked = f"port {port} is" if port is not None else f"ports {DEFAULT_PORT} to {DEFAULT_PORT + TRIES - 1} are"
    raise WeakLabelError(
        f"{asked} in use or not allowed on this machine; give another with --port, or --port 0 for any"
    )
