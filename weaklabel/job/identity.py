"""What a job works on, in a form that tells whether two runs are the same job."""

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
"""What the key of a labeling function begins with whose votes must not be kept."""

READING = 2
"""Raised whenever the same file would be read as other rows, or cut into other parts, than before."""


PACKAGES = ("numpy", "polars", "pyarrow")
"""Other packages in whose hands the last digit of the output is."""


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
    """Return the key of each labeling function: its fingerprint; of one that has none, a key that never comes again."""
    # The number of classes too: a vote beyond it is none.
    return tuple(f"{key}-{n_classes}" if key else f"{ONCE}{uuid4().hex}" for key in identity.keys.values())


def output_identity(corpus: str, out: str, **settings: Any) -> dict[str, Any]:
    """Return what an output depends on: the packages that write it, the corpus, and all settings."""
    return {"weaklabel": __version__, "packages": versions(PACKAGES), "corpus": corpus, "out": out, **settings}
