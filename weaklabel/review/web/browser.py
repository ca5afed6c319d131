"""Opening the app in a browser without showing its token to others on this machine."""

from __future__ import annotations

import html
import os
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
