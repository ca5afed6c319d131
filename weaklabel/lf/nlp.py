"""spaCy labeling functions: conditions over parsed texts, each text parsed once for all that share the pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, nearest
from weaklabel.labels import ABSTAIN
from weaklabel.lf.core import LF, Reason, check_columns, check_label, check_name
from weaklabel.lf.fingerprint import NotFingerprintable
from weaklabel.lf.pipelines import (
    ANNOTATIONS,
    Pipeline,
    check_annotations,
    check_needs,
    components_for,
    docs_of,
    load_pipeline,
    needs_of,
    one_line,
    pipeline_identity,
    share_pipeline,
    shared_needs,
)
from weaklabel.lf.reasons import enumerated, joined, quoted
from weaklabel.lf.regexes import check_words
from weaklabel.lf.spelling import PhraseFinder
from weaklabel.support.warn import warn

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span


class SpacyLF(LF):
    """A labeling function that judges parsed texts; made by the functions of `weaklabel.lf.nlp`.

    Parameters
    ----------
    name
        Name of the labeling function.
    f
        Takes a `spacy.tokens.Doc` and returns a class number, or -1 to abstain. The Doc is shared between labeling
        functions and between rows with the same text: ``f`` must not change it.
    pipeline
        The pipeline that parses.
    column
        Column to read; a missing value abstains.
    label
        The class that ``f`` votes for, where that is one.
    needs
        What ``f`` needs of the pipeline: names of components, or token attributes such as "LEMMA"; by default all.
        These run, and what they build on, and what other labeling functions with the same pipeline need.
    definition
        The settings of ``f`` where its code does not show them: plain data that identifies it.
    find
        Where ``f`` counts spans of the text: takes the Doc and returns them, to be shown.

    Raises
    ------
    LFError
        The pipeline cannot be made, or the name is wrong.
    MissingPackageError
        The pipeline is not installed; says what to install.
    """

    kind = "spacy"

    def __init__(
        self,
        name: str,
        f: Callable[[Doc], int],
        pipeline: Pipeline = "blank:en",
        column: str = TEXT,
        label: int | None = None,
        needs: Iterable[str] | None = None,
        definition: object = None,
        find: Callable[[Doc], Sequence[Span]] | None = None,
    ) -> None:
        self.name: str = check_name(name)
        self.label = label
        self.columns: tuple[str, ...] = (column,)
        self.definition = definition
        self.find = find
        self.f = f
        self.nlp: Any = load_pipeline(name, pipeline)
        self.needs: frozenset[str] = check_needs(name, self.nlp, needs)
        share_pipeline(self.nlp, self)

    def __call__(self, x: Any) -> int:
        """Vote on one row, or on one parsed text."""
        return self.f(x) if type(x).__module__.startswith("spacy.") else super().__call__(x)

    @property
    def slow(self) -> str | None:
        """See `LF.slow`."""
        return "a spaCy pipeline" if components_for(self.nlp, self.needs) else None

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        return [self._judge(doc) for doc in self.docs(batch)]

    def docs(self, batch: Batch) -> list[Doc | Exception | None]:
        """Return the parsed text of every row, None where it is missing, the error where parsing failed. Length: n."""
        return docs_of(batch, self.nlp, self.columns[0], shared_needs(self.nlp, self.columns[0]))

    def _judge(self, doc: Doc | Exception | None) -> Any:
        if doc is None:
            return ABSTAIN
        if isinstance(doc, Exception):
            return doc
        try:
            return self.f(doc)
        except Exception as error:
            return error

    def identity(self) -> Any:
        """See `LF.identity`."""
        pipeline = pipeline_identity(self.nlp)
        if pipeline is None:
            raise NotFingerprintable(type(self.nlp))
        definition = self.f if self.definition is None else self.definition
        return [pipeline, components_for(self.nlp, self.needs), self.columns, self.label, definition]

    def reason(self, row: Batch, vote: int) -> Reason | None:
        """See `LF.reason`."""
        if self.find is None:
            return None
        (column,) = self.columns
        doc = self.docs(row)[0]
        spans = [] if doc is None or isinstance(doc, Exception) else self.find(doc)
        # spaCy's matchers label their spans with the labeling function's name.
        types = ["" if span.label_ == self.name else f" ({span.label_})" for span in spans]
        named = enumerated(quoted(span.text) + kind for span, kind in zip(spans, types, strict=True)) or "nothing"
        return Reason(f"finds {named}", column, joined((span.start_char, span.end_char) for span in spans))

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        return {"pipeline": f"{self.nlp.meta.get('lang', '')}_{self.nlp.meta.get('name', '')}"}

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self.f


BAD_PATTERN = (ValueError, KeyError, TypeError, AttributeError, re.error)
"""Exceptions that spaCy raises for wrong patterns."""


class spacy_lf:
    """Decorator that makes a labeling function of a Python function over a parsed text.

    Parameters
    ----------
    name
        Name of the labeling function; by default the function's own.
    pipeline
        An installed model ("en_core_web_sm"), a folder of one, "blank:" and any language that spaCy tokenizes
        ("blank:en", "blank:zh"), or an nlp object, say one with fewer components. Labeling functions with the same
        pipeline share one run of it.
    column
        Column to read.
    needs
        What the function reads of a parsed text beyond its tokens: names of the pipeline's components such as
        ``("ner",)``, or token attributes such as ``("LEMMA", "POS")``; ``()`` for tokens alone, by default all. Only
        these run, with what they build on, so that what was not named may be missing.

    Raises
    ------
    LFError, MissingPackageError
        As of `SpacyLF`.

    Examples
    --------
    >>> import polars as pl
    >>> from weaklabel.corpus.batch import Batch
    >>> @spacy_lf()
    ... def shouting(doc):
    ...     return 1 if sum(token.is_upper for token in doc) >= 3 else -1
    >>> shouting.vote(Batch(pl.DataFrame({"text": ["BUY THIS NOW", "Have a look"]})))
    [1, -1]
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        pipeline: Pipeline = "blank:en",
        column: str = TEXT,
        needs: Iterable[str] | None = None,
    ) -> None:
        if callable(name):
            raise LFError(f"@spacy_lf on '{name.__name__}' needs parentheses: @spacy_lf()")
        self.name = name
        self.pipeline = pipeline
        self.column = column
        self.needs = needs

    def __call__(self, f: Callable[[Doc], int]) -> SpacyLF:
        """Wrap ``f``."""
        return SpacyLF(self.name or f.__name__, f, self.pipeline, self.column, needs=self.needs)


def matcher_lf(
    name: str,
    label: int,
    patterns: Sequence[Sequence[Mapping[str, Any]]],
    *,
    pipeline: Pipeline = "blank:en",
    min_count: int = 1,
    column: str = TEXT,
) -> SpacyLF:
    """Vote where token patterns of spaCy's `Matcher` match.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    patterns
        Alternatives; each a list of dicts, one a token, such as ``[{"LOWER": "my"}, {"LOWER": "channel"}]``.
    pipeline, column
        See `spacy_lf`. LEMMA, POS, TAG, MORPH and DEP need a model.
    min_count
        Number of matches, not overlapping, that it takes.

    Raises
    ------
    LFError
        A pattern is wrong, or asks for what the pipeline does not give; a wrong name, label or count.
    MissingPackageError
        The pipeline is not installed; says what to install.

    Examples
    --------
    >>> import polars as pl
    >>> from weaklabel.corpus.batch import Batch
    >>> lf = matcher_lf("my_thing", 1, [[{"LOWER": "my"}, {"LOWER": {"IN": ["channel", "page"]}}]])
    >>> lf.vote(Batch(pl.DataFrame({"text": ["Visit my page!", "a page"]})))
    [1, -1]
    """
    nlp = load_pipeline(check_name(name), pipeline)
    from spacy.matcher import Matcher

    if not patterns:
        raise LFError(f"LF '{name}': the list of patterns is empty; give at least one")
    try:
        matcher = Matcher(nlp.vocab, validate=True)
        matcher.add(name, patterns)
    except BAD_PATTERN as error:
        raise bad_pattern(name, "Matcher patterns", error) from None
    attributes = {attribute for pattern in patterns for token in pattern for attribute in token}
    check_annotations(name, nlp, attributes)
    warn_of_impossible(name, nlp, (token for pattern in patterns for token in pattern))
    definition = ("matcher", [[dict(token) for token in pattern] for pattern in patterns])
    return _counting(
        name, label, lambda doc: matcher(doc, as_spans=True), min_count, nlp, column, needs_of(attributes), definition
    )


def phrase_lf(
    name: str,
    label: int,
    phrases: Iterable[str],
    *,
    attr: str = "LOWER",
    pipeline: Pipeline = "blank:en",
    min_count: int = 1,
    column: str = TEXT,
) -> SpacyLF:
    """Vote where one of many phrases occurs, compared token by token with spaCy's `PhraseMatcher`.

    Compared by LOWER or ORTH, a phrase is also found wherever `keyword_lf` would find its words in the text: the
    tokenizer splits "don't" but not "DON'T", and takes a line break for a token.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    phrases
        The phrases; the pipeline's tokenizer splits them as it splits the texts.
    attr
        Token attribute to compare: "LOWER", "ORTH" (exactly), "LEMMA" (needs a model) ...
    pipeline, column
        See `spacy_lf`.
    min_count
        Number of phrases found, not overlapping, that it takes.

    Raises
    ------
    LFError
        No phrases, a blank one, an attribute that spaCy or the pipeline lacks; a wrong name, label or count.
    MissingPackageError
        The pipeline is not installed; says what to install.

    Examples
    --------
    >>> import polars as pl
    >>> from weaklabel.corpus.batch import Batch
    >>> lf = phrase_lf("offer", 1, ["free trial", "limited offer"])
    >>> lf.vote(Batch(pl.DataFrame({"text": ["Your FREE trial!", "a trial"]})))
    [1, -1]
    """
    nlp = load_pipeline(check_name(name), pipeline)
    from spacy.matcher import PhraseMatcher

    words = check_words(name, phrases)
    check_annotations(name, nlp, [attr])
    parse = nlp if str(attr).upper() in ANNOTATIONS else nlp.make_doc
    try:
        matcher = PhraseMatcher(nlp.vocab, attr=attr)
        matcher.add(name, [parse(word) for word in words])
    except BAD_PATTERN as error:
        raise bad_pattern(name, f"phrases compared by {attr!r}", error) from None
    definition = ("phrases", attr, words)
    if str(attr).upper() not in ("LOWER", "ORTH", "TEXT"):
        return _counting(
            name, label, lambda doc: matcher(doc, as_spans=True), min_count, nlp, column, needs_of([attr]), definition
        )
    in_text = PhraseFinder(words, ignore_case=str(attr).upper() == "LOWER")

    def find(doc: Doc) -> list[Span]:
        places = [
            doc.char_span(begin, end, label=name, alignment_mode="expand") for begin, end in in_text.places(doc.text)
        ]
        return [*matcher(doc, as_spans=True), *places]

    return _counting(name, label, find, min_count, nlp, column, needs_of([attr]), definition)


def entity_lf(
    name: str,
    label: int,
    types: Iterable[str],
    *,
    pipeline: Pipeline = "en_core_web_sm",
    rules: Sequence[Mapping[str, Any]] | None = None,
    min_count: int = 1,
    column: str = TEXT,
) -> SpacyLF:
    """Vote where entities of certain types occur.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    types
        Entity types, such as "PERSON" or "MONEY".
    pipeline, column
        See `spacy_lf`.
    rules
        Patterns of an `EntityRuler`, such as ``{"label": "TEAM", "pattern": "Red Lions"}``. With them, their entities
        count instead of the model's, and a blank pipeline does; the texts are not parsed a second time.
    min_count
        Number of entities that it takes.

    Raises
    ------
    LFError
        A type that neither the model nor the rules have; a wrong rule, name, label or count.
    MissingPackageError
        The pipeline is not installed; says what to install.

    Examples
    --------
    >>> import polars as pl
    >>> from weaklabel.corpus.batch import Batch
    >>> rules = [{"label": "TEAM", "pattern": [{"LOWER": "red"}, {"LOWER": "lions"}]}]
    >>> lf = entity_lf("teams", 2, ["TEAM"], pipeline="blank:en", rules=rules)
    >>> lf.vote(Batch(pl.DataFrame({"text": ["The red lions won", "Lions are cats"]})))
    [2, -1]
    """
    nlp = load_pipeline(check_name(name), pipeline)
    wanted = set(check_words(name, types))
    if rules is None:
        available, find, needs = entity_types(nlp), lambda doc: doc.ents, frozenset({"ENT_TYPE"})
    else:
        available, find, needs = _ruled(name, nlp, rules)
    if available is not None and wanted - available:
        unknown = min(wanted - available)
        has = "finds no entities; use 'en_core_web_sm', or give rules"
        if available:
            has = f"knows {', '.join(sorted(available))}"
        raise LFError(f"LF '{name}': no entity type '{unknown}'{nearest(unknown, available)}; the pipeline {has}")

    def entities(doc: Doc) -> list[Any]:
        return [entity for entity in find(doc) if entity.label_ in wanted]

    definition = ("entities", sorted(wanted), None if rules is None else [dict(rule) for rule in rules])
    return _counting(name, label, entities, min_count, nlp, column, needs, definition)


def _counting(
    name: str,
    label: int,
    find: Callable[[Doc], Sequence[Any]],
    min_count: int,
    nlp: Language,
    column: str,
    needs: frozenset[str],
    definition: tuple[Any, ...],
) -> SpacyLF:
    from spacy.util import filter_spans

    number = check_label(name, label)
    if isinstance(min_count, bool) or not isinstance(min_count, int) or min_count < 1:
        raise LFError(f"LF '{name}': min_count must be a whole number, 1 or more, not {min_count!r}")

    def places(doc: Doc) -> list[Span]:
        return filter_spans(find(doc))

    def count(doc: Doc) -> int:
        return number if len(places(doc)) >= min_count else ABSTAIN

    return SpacyLF(name, count, nlp, column, number, needs, (*definition, min_count), places)


def entity_types(nlp: Language) -> set[str] | None:
    """Return the entity types that the pipeline finds, None where a component does not say."""
    finders = [nlp.get_pipe(name) for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns]
    if not all(hasattr(finder, "labels") for finder in finders):
        return None
    return {label for finder in finders for label in finder.labels}


def _ruled(
    name: str, nlp: Language, rules: Sequence[Mapping[str, Any]]
) -> tuple[set[str], Callable[[Doc], Sequence[Any]], frozenset[str]]:
    """Return the entity types of the rules, what finds their entities in a parsed text, and what that needs."""
    from spacy.pipeline import SpanRuler
    from spacy.util import filter_spans

    if not rules:
        raise LFError(f"LF '{name}': the list of rules is empty; give at least one")
    try:
        ruler = SpanRuler(nlp, validate=True)
        ruler.add_patterns(rules)
    except BAD_PATTERN as error:
        raise bad_pattern(name, "entity rules", error) from None
    tokens = [token for rule in rules if not isinstance(rule["pattern"], str) for token in rule["pattern"]]
    attributes = {attribute for token in tokens for attribute in token}
    check_annotations(name, nlp, attributes)
    warn_of_impossible(name, nlp, tokens)
    # As an EntityRuler does, the longest of overlapping entities wins, whatever its type.
    return set(ruler.labels), lambda doc: filter_spans(ruler.match(doc)), needs_of(attributes)


def warn_of_impossible(name: str, nlp: Language, tokens: Iterable[Mapping[str, Any]]) -> None:
    """Warn of a token pattern that no token can match: a capital in LOWER, or text that is more than one token."""
    for token in tokens:
        for attribute, condition in token.items():
            attribute = str(attribute).upper()
            if attribute not in ("LOWER", "ORTH", "TEXT"):
                continue
            given = condition.get("IN", ()) if isinstance(condition, Mapping) else [condition]
            for text in (each for each in given if isinstance(each, str)):
                if attribute == "LOWER" and text != text.lower():
                    warn(
                        f"LF '{name}': no token matches {{'LOWER': '{text}'}}, since LOWER compares text in lower case; "
                        f"write '{text.lower()}', or use ORTH",
                        stacklevel=3,
                    )
                elif len(split := [part.text for part in nlp.make_doc(text)]) != 1:
                    warn(
                        f"LF '{name}': {{'{attribute}': '{text}'}} describes one token, but the tokenizer makes {len(split)} "
                        f"of it: {split}; give a dict for each, or use phrase_lf",
                        stacklevel=3,
                    )


def bad_pattern(name: str, what: str, error: Exception) -> LFError:
    """Return the error that spaCy refuses a pattern of a labeling function."""
    return LFError(f"LF '{name}': spaCy refuses the {what}: {one_line(error)}")
