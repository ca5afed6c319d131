"""The identity of a job: what it works on and with which settings, to compare two runs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from weaklabel import __version__
from weaklabel.corpus import Corpus
from weaklabel.corpus.open import CHUNK
from weaklabel.corpus.parts import PART_CHUNKS, PART_ROWS
from weaklabel.lf.identity import Identity
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.versions import versions

ONCE = "once-"
"""Prefix of the keys of labeling functions without a fingerprint, whose votes are not cached."""

READING = 2
"""Version of reading: to be raised when the same file would be read as other rows or parts than before."""


PACKAGES = ("numpy", "polars", "pyarrow")
"""Other packages that may change the last digit of the output."""


def corpus_identity(corpus: Corpus) -> str:
    """Return a digest of the input's content and of how it is read."""
    how = {
        "reading": [READING, PART_ROWS, PART_CHUNKS, CHUNK],
        "content": corpus.sha256(),
        "format": corpus.format,
        "dialect": repr(corpus.dialect),
        "encoding": [repr(corpus.source.encoding), (corpus.arguments or {}).get("encoding")],
        "columns": {name: str(kind) for name, kind in corpus.schema.items()},
        "text": corpus.text,
        "hide": corpus.hide,
        "limit": corpus.limit,
    }
    return sha256_of_json(how)


def lf_keys(identity: Identity, n_classes: int) -> tuple[str, ...]:
    """Return the key of each labeling function: its fingerprint, or a unique key if it has none."""
    # The number of classes too: a vote beyond it is invalid.
    return tuple(f"{key}-{n_classes}" if key else f"{ONCE}{uuid4().hex}" for key in identity.keys.values())


def output_identity(corpus: str, out: str, **settings: Any) -> dict[str, Any]:
    """Return what an output depends on: the packages that write it, the corpus, and all settings."""
    return {"weaklabel": __version__, "packages": versions(PACKAGES), "corpus": corpus, "out": out, **settings}
