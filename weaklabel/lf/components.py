"""Which components of a spaCy pipeline a labeling function needs, and what tells one pipeline from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from weaklabel.errors import LFError, nearest

if TYPE_CHECKING:
    from spacy.language import Language

ANNOTATIONS = frozenset({"LEMMA", "POS", "TAG", "MORPH", "DEP", "SENT_START", "ENT_TYPE"})
"""Token attributes that only some pipelines give; patterns over others find nothing there, without a word."""

EVERYTHING = ANNOTATIONS | {"DOC"}
"""All that a component may give; "DOC" stands for what is no token attribute, such as vectors and categories."""

# What spaCy's own components look at of what those before them gave, and what they give. The recognizer of entities
# keeps to sentences, so leaving out what finds these would move its entities.
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
    known = {*nlp.pipe_names, *ANNOTATIONS}
    unknown = [need for need in needs if need not in known]
    if unknown:
        raise LFError(
            f"LF '{name}': it needs '{unknown[0]}'{nearest(str(unknown[0]), known)}, but the pipeline's components are "
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
    """Return the components that must run so that what is needed is as the whole pipeline gives it.

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
        heard = set(getattr(nlp.get_pipe(name), "listening_components", ())) & set(kept)
        if name in wanted or wanted & gives or heard:
            kept.append(name)
            wanted |= reads
    return tuple(reversed(kept))


def _reads_and_gives(nlp: Language, name: str, wanted: set[str]) -> tuple[set[str], set[str]]:
    """Return what a component looks at for the sake of what is wanted of it, and what it gives."""
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
    # Where a component's code is unknown, it is wanted whatever is wanted.
    return set(EVERYTHING), {*EVERYTHING, *wanted, name}


def _of_rules(rules: Iterable[Mapping[str, Any]], wanted: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return what an attribute ruler reads for the sake of what is wanted, and what it gives."""
    reads, gives = set[str](), set[str]()
    for rule in rules:  # all of them look at what the components before gave, not at what other rules set
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
    """Return a hash of all that a pipeline's results hang on, the same in every process.

    None where they hang on code that is not spaCy's own. It is taken once: a pipeline must not be changed once its
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
