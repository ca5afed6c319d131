"""Names of people, places and organizations, by a spaCy pipeline or by Presidio: neither sure nor complete."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from weaklabel.errors import ConfigError, LFError, require
from weaklabel.lf.pipelines import components_for, load_pipeline, needs_of, pipeline_identity
from weaklabel.protect.findings import Finding

if TYPE_CHECKING:
    from spacy.language import Language

Engine = Literal["spacy", "presidio"]

TYPES = ("person", "place", "organization")

_TYPE_OF = {
    "PERSON": "person", "PER": "person", "persName": "person",
    "GPE": "place", "LOC": "place", "FAC": "place", "LOCATION": "place", "placeName": "place", "geogName": "place",
    "ORG": "organization", "ORGANIZATION": "organization", "orgName": "organization",
}  # fmt: skip
"""From the labels of spaCy's pipelines and of Presidio."""


def find_names(texts: Sequence[str], engine: Engine, pipeline: str) -> list[list[Finding]]:
    """Return the names in each text that `canonical` made. Length: n.

    Raises
    ------
    ConfigError
        The pipeline cannot be loaded, or finds no names.
    MissingPackageError
        spaCy's model or Presidio is not installed; says what to install.
    """
    spans = _by_spacy(texts, pipeline) if engine == "spacy" else _by_presidio(texts, pipeline)
    return [list(_findings(text, of_text)) for text, of_text in zip(texts, spans, strict=True)]


def names_identity(engine: Engine, pipeline: str) -> list[str | None]:
    """Return what decides which names are found."""
    return [engine, pipeline, pipeline_identity(_loaded(pipeline))]


def _findings(text: str, spans: Iterable[tuple[int, int, str]]) -> Iterator[Finding]:
    for start, end, label in spans:
        kind = _TYPE_OF.get(label)
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        value = text[start:end]
        if kind is not None and any(map(str.isalpha, value)) and "\x00" not in value:
            yield Finding(start, end, kind, " ".join(value.casefold().split()))


def _loaded(pipeline: str) -> Language:
    try:
        nlp = load_pipeline("protect", pipeline)
    except LFError as error:
        raise ConfigError(str(error).replace("LF 'protect'", "[protect]")) from None
    if not {"ner", "entity_ruler", "span_ruler"} & set(nlp.pipe_names):
        raise ConfigError(
            f"[protect] the spaCy pipeline '{pipeline}' finds no names; use one that does, such as en_core_web_sm"
        )
    return nlp


def _by_spacy(texts: Sequence[str], pipeline: str) -> Iterator[list[tuple[int, int, str]]]:
    nlp = _loaded(pipeline)
    components = components_for(nlp, needs_of(["ENT_TYPE"]))
    left_out = [name for name in nlp.pipe_names if name not in components]
    for piece in range(0, len(texts), 256):
        for doc in nlp.pipe(texts[piece : piece + 256], disable=left_out):
            yield [(span.start_char, span.end_char, span.label_) for span in doc.ents]


def _by_presidio(texts: Sequence[str], pipeline: str) -> Iterator[list[tuple[int, int, str]]]:
    analyzer, language = _presidio(pipeline)
    entities = ["PERSON", "LOCATION", "ORGANIZATION"]
    for text in texts:
        results = analyzer.analyze(text=text, language=language, entities=entities) if text.strip() else []
        yield [(each.start, each.end, each.entity_type) for each in results]


@lru_cache
def _presidio(pipeline: str) -> tuple[Any, str]:
    """Return an analyzer with the recognizer of names alone: others of Presidio's look for lists on the network."""
    analyzer = require("presidio_analyzer", "weaklabel[presidio]", "finding names with Presidio")
    engine = require("presidio_analyzer.nlp_engine", "weaklabel[presidio]", "finding names with Presidio")
    nlp = _loaded(pipeline)  # first, since Presidio would download a model that is not installed
    language = nlp.lang
    path = os.fspath(Path(nlp.path)) if nlp.path else pipeline
    names = engine.NerModelConfiguration(model_to_presidio_entity_mapping=_PRESIDIO, labels_to_ignore=[])
    spacy_engine = engine.SpacyNlpEngine(
        models=[{"lang_code": language, "model_name": path}], ner_model_configuration=names
    )
    spacy_engine.nlp = {language: nlp}
    recognizers = analyzer.RecognizerRegistry(supported_languages=[language])
    module = require("presidio_analyzer.predefined_recognizers", "weaklabel[presidio]", "finding names with Presidio")
    recognizers.add_recognizer(
        module.SpacyRecognizer(supported_language=language, supported_entities=["PERSON", "LOCATION", "ORGANIZATION"])
    )
    return analyzer.AnalyzerEngine(
        registry=recognizers, nlp_engine=spacy_engine, supported_languages=[language]
    ), language


_PRESIDIO = {
    label: {"person": "PERSON", "place": "LOCATION", "organization": "ORGANIZATION"}[kind]
    for label, kind in _TYPE_OF.items()
}
