"""What a source prepared in its folder, and for which settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from weaklabel.support.files import write_json

_SETTINGS = "settings.json"


def keep_if_same(folder: Path, settings: Any) -> None:
    """Keep what is in a folder if it was prepared for the same settings, else empty it.

    Parameters
    ----------
    folder
        A source's own.
    settings
        All that decides what is prepared, as JSON has it.
    """
    path = folder / _SETTINGS
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = None
    if before != json.loads(json.dumps(settings)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, settings)
