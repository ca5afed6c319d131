"""Parsed texts: each text runs once through a pipeline for all labeling functions, and is kept for later runs."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.lf.components import components_for, is_costly, pipeline_identity
from weaklabel.support.cache import TextCache

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_BYTES_PER_TOKEN = 500
"""What a token of a parsed text takes in memory, its vector included, roughly."""

Parsed: TypeAlias = "Doc | Exception"

_VECTORS = frozenset({"DOC", "tok2vec", "transformer"})
"""Needs of those that look at a text's vectors."""

_caches: WeakKeyDictionary[Language, dict[tuple[tuple[str, ...], bool], TextCache[Parsed]]] = WeakKeyDictionary()


def docs_of(batch: Batch, nlp: Language, column: str, needs: frozenset[str]) -> list[Parsed | None]:
    """Return the parsed text of every row, None where it is missing, the error where parsing failed. Length: n.

    Each different text is parsed once, and once for all labeling functions that need the same.

    Parameters
    ----------
    batch
        The rows.
    nlp
        The pipeline; of its components only those run that ``needs`` ask for.
    column
        Column to read.
    needs
        See `components_for`.
    """
    components = components_for(nlp, needs)
    with_vectors = bool(needs & _VECTORS)
    key = ("docs", nlp, column, components, with_vectors)
    return batch.once(key, lambda: _parse(_Run(nlp, components, with_vectors), batch.frame[column]))


class _Run(NamedTuple):
    """What a text goes through: components of a pipeline, and whether its vectors are kept."""

    nlp: Language
    components: tuple[str, ...]
    with_vectors: bool

    def parse(self, texts: Sequence[str]) -> list[Parsed]:
        left_out = [name for name in self.nlp.pipe_names if name not in self.components]
        try:
            docs = [self._finish(doc) for doc in self.nlp.pipe(texts, disable=left_out)]
        except Exception:  # one text spoils the whole run, so each is tried by itself
            docs = [self._parse_one(text, left_out) for text in texts]
        return docs

    def _parse_one(self, text: str, left_out: list[str]) -> Parsed:
        try:
            return self._finish(self.nlp(text, disable=left_out))
        except Exception as error:
            return error

    def _finish(self, doc: Doc) -> Doc:
        if not self.with_vectors:  # most of a parsed text's size, and of use to those only that look at them
            doc.tensor = np.zeros((0,), dtype=np.float32)
        return doc


def _parse(run: _Run, column: pl.Series) -> list[Parsed | None]:
    texts = column.cast(pl.String).to_list()
    different = list(dict.fromkeys(text for text in texts if text is not None))
    # Splitting into tokens alone is faster than any cache.
    parsed = _cache(run).get(different, run.parse) if run.components else run.parse(different)
    doc_of: dict[str | None, Parsed | None] = dict(zip(different, parsed, strict=True))
    return [doc_of.get(text) for text in texts]


def _cache(run: _Run) -> TextCache[Parsed]:
    caches, key = _caches.setdefault(run.nlp, {}), (run.components, run.with_vectors)
    if key not in caches:
        identity = pipeline_identity(run.nlp) if is_costly(run.nlp, run.components) else None
        vocab = run.nlp.vocab  # not the pipeline itself, which would then keep itself alive as the key of its caches
        caches[key] = TextCache("docs", identity and f"{identity} {key}", _to_bytes, partial(_from_bytes, vocab), _cost)
    return caches[key]


def _to_bytes(doc: Parsed) -> bytes | None:
    if isinstance(doc, Exception):
        return None
    # Not Doc.to_bytes: its msgpack looks through all installed packages at each call, which takes longer than the rest.
    parts = doc.to_dict()
    arrays = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
    packed = {name: part for name, part in parts.items() if isinstance(part, bytes)}
    plain = {name: part for name, part in parts.items() if name not in {*arrays, *packed}}
    shapes = {name: (part.dtype.str, part.shape) for name, part in arrays.items()}
    sizes = {name: len(part) for name, part in packed.items()}
    head = json.dumps([plain, shapes, sizes]).encode()
    bodies = [np.ascontiguousarray(part).tobytes() for part in arrays.values()]
    return b"".join([struct.pack("<I", len(head)), head, *bodies, *packed.values()])


def _cost(text: str, doc: Parsed) -> int:
    return _BYTES_PER_TOKEN * (1 if isinstance(doc, Exception) else 1 + len(doc))


def _from_bytes(vocab: Any, data: bytes) -> Parsed | None:
    from spacy.tokens import Doc

    at = 4 + struct.unpack_from("<I", data)[0]
    parts, shapes, sizes = json.loads(data[4:at])
    for name, (kind, shape) in shapes.items():
        size = math.prod(shape)
        parts[name] = np.frombuffer(data, kind, size, at).reshape(shape).copy()
        at += parts[name].nbytes
    for name, size in sizes.items():
        parts[name] = data[at : at + size]
        at += size
    return Doc(vocab).from_dict(parts)
