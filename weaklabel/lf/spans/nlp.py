"""spaCy labeling functions of spans: patterns over tokens, and entities of a pipeline; each text is parsed once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, nearest
from weaklabel.lf.core import Reason
from weaklabel.lf.fingerprint import NotFingerprintable
from weaklabel.lf.nlp import BAD_PATTERN, bad_pattern, entity_types, warn_of_impossible
from weaklabel.lf.pipelines import (
    ANNOTATIONS,
    EVERYTHING,
    Pipeline,
    check_annotations,
    components_for,
    docs_of,
    load_pipeline,
    needs_of,
    pipeline_identity,
    share_pipeline,
    shared_needs,
)
from weaklabel.lf.reasons import quoted
from weaklabel.lf.spans.answers import Span
from weaklabel.lf.spans.core import Label
from weaklabel.lf.spans.named import Labels, NamedSpansLF

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span as SpacySpan

Pattern: TypeAlias = "str | Sequence[Mapping[str, Any]]"
"""A phrase; or dicts, one a token, for spaCy's Matcher, or for its DependencyMatcher if they have RIGHT_ID."""


class SpacySpansLF(NamedSpansLF):
    """A labeling function that marks spans of parsed texts; made by `matcher_spans_lf` and `ner_lf`.

    Parameters
    ----------
    name
        Name of the labeling function.
    find
        Takes a `spacy.tokens.Doc` and returns spans of it, with the names of their labels. The Doc is shared between labeling
        functions: it must not be changed.
    nlp
        The pipeline that parses.
    needs
        What ``find`` needs of the pipeline; see `weaklabel.lf.nlp.SpacyLF`.
    definition
        Plain data that identifies ``find``.
    labels, complete
        See `weaklabel.lf.spans.named.NamedSpansLF`.
    """

    kind = "spacy spans"

    def __init__(
        self,
        name: str,
        find: Callable[[Doc], Iterable[SpacySpan]],
        nlp: Language,
        needs: frozenset[str],
        definition: object,
        labels: Labels = None,
        *,
        complete: bool = False,
    ) -> None:
        super().__init__(name, labels, complete=complete)
        self.find = find
        self.nlp = nlp
        self.needs = needs
        self.definition = definition
        share_pipeline(nlp, self)

    def bind(self, names: Sequence[str]) -> Self:
        """See `SpanLF.bind`."""
        bound = super().bind(names)
        share_pipeline(self.nlp, bound)
        return bound

    @property
    def slow(self) -> str | None:
        """See `LF.slow`."""
        return "a spaCy pipeline" if components_for(self.nlp, self.needs) else None

    def vote(self, batch: Batch) -> list[Any]:
        """See `SpanLF.vote`."""
        docs = docs_of(batch, self.nlp, TEXT, shared_needs(self.nlp, TEXT))
        return [doc if isinstance(doc, Exception) else [] if doc is None else self._mark(doc) for doc in docs]

    def _mark(self, doc: Doc) -> Any:
        try:
            return self.numbered((span.start_char, span.end_char, span.label_) for span in self.find(doc))
        except LFError:
            raise
        except Exception as error:
            return error

    def identity(self) -> Any:
        """See `LF.identity`."""
        pipeline = pipeline_identity(self.nlp)
        if pipeline is None:
            raise NotFingerprintable(type(self.nlp))
        return [
            pipeline,
            components_for(self.nlp, self.needs),
            self.definition,
            self.label_of,
            self.label_names,
            self.complete,
        ]

    def reason_of_span(self, row: Batch, span: Span) -> Reason:
        """See `SpanLF.reason_of_span`."""
        begin, end, number = span
        return Reason(f"{self.says} {quoted(row.texts[0][begin:end])} as {self.name_of(number)}")

    @property
    def says(self) -> str:
        """How a reason begins."""
        return "a pattern over tokens finds" if self.kind == "matcher" else "the pipeline finds"

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        meta = self.nlp.meta
        shown = {name: value for name, value in super().options().items() if name not in ("definition", "needs")}
        return {"pipeline": f"{meta.get('lang', '')}_{meta.get('name', '')}", **shown}

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self.find


class MatcherSpansLF(SpacySpansLF):
    """A labeling function of patterns over tokens; made by `matcher_spans_lf`."""

    kind = "matcher"


class NerLF(SpacySpansLF):
    """A labeling function of a pipeline's entities; made by `ner_lf`."""

    kind = "ner"


def matcher_spans_lf(
    name: str,
    label: Label | Mapping[str, Sequence[Pattern]],
    patterns: Sequence[Pattern] | None = None,
    *,
    pipeline: Pipeline = "blank:en",
    attr: str = "LOWER",
) -> MatcherSpansLF:
    """Mark what patterns over tokens match; of overlapping matches the longest, then the first.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Label of the matches, by name or number; or a mapping from names of labels to the patterns of each, instead of
        ``patterns``.
    patterns
        Alternatives, each: a list of dicts, one a token, as of spaCy's ``Matcher``, such as ``[{"LOWER": "new"}, {"IS_TITLE":
        True, "OP": "+"}]``; a list of dicts with ``RIGHT_ID``, as of its ``DependencyMatcher``, which marks from the first to
        the last of the tokens; or a phrase, as of its ``PhraseMatcher``.
    pipeline
        See `weaklabel.lf.nlp.spacy_lf`. LEMMA, POS, TAG, MORPH, DEP and dependency patterns need a model.
    attr
        Token attribute by which phrases are compared: "LOWER", "ORTH" (exactly), "LEMMA" ...

    Raises
    ------
    LFError
        A pattern is wrong, or asks for what the pipeline does not give; a wrong name or label.
    MissingPackageError
        The pipeline is not installed; says what to install.

    Examples
    --------
    >>> lf = matcher_spans_lf("towns", 1, [[{"LOWER": "new"}, {"IS_TITLE": True, "OP": "+"}], "the hague"])
    >>> lf("From New York City to The Hague")
    [(5, 18, 1), (22, 31, 1)]
    """
    nlp = load_pipeline(name, pipeline)
    from spacy.util import filter_spans

    names: dict[str, Label]
    if isinstance(label, Mapping):
        if patterns is not None:
            raise LFError(f"LF '{name}': give a mapping from labels to patterns, or a label and patterns, not both")
        by_label, names = {key: list(some) for key, some in label.items()}, {key: key for key in label}
    else:
        by_label, names = {str(label): list(patterns or [])}, {str(label): label}
    empty = next((key for key, some in by_label.items() if not some), None)
    if empty is not None or not by_label:
        raise LFError(f"LF '{name}': the list of patterns is empty; give at least one")
    finders, attributes = list[Callable[["Doc"], Iterable["SpacySpan"]]](), set[str]()
    for key, some in by_label.items():
        attributes |= _add_finders(name, nlp, key, some, attr, finders)
    check_annotations(name, nlp, attributes)

    def find(doc: Doc) -> list[SpacySpan]:
        return filter_spans(span for finder in finders for span in finder(doc))

    definition = ("matcher", attr, {key: [_plain(pattern) for pattern in some] for key, some in by_label.items()})
    return MatcherSpansLF(name, find, nlp, needs_of(attributes), definition, names)


def _plain(pattern: Pattern) -> Any:
    return pattern if isinstance(pattern, str) else [dict(token) for token in pattern]


def _add_finders(
    name: str,
    nlp: Language,
    key: str,
    patterns: Sequence[Pattern],
    attr: str,
    finders: list[Callable[[Doc], Iterable[SpacySpan]]],
) -> set[str]:
    """Add what finds the patterns of a label, and return the token attributes that this reads."""
    from spacy.matcher import DependencyMatcher, Matcher, PhraseMatcher
    from spacy.tokens import Span as Found

    phrases = [pattern for pattern in patterns if isinstance(pattern, str)]
    others = [pattern for pattern in patterns if not isinstance(pattern, str)]
    wrong = next((each for each in others if not isinstance(each, list | tuple) or not each), None)
    if wrong is not None or any(not phrase.strip() for phrase in phrases):
        raise LFError(f"LF '{name}': a pattern is a phrase, or a list of dicts, one a token, not {wrong!r:.60}")
    trees = [pattern for pattern in others if "RIGHT_ID" in pattern[0]]
    sequences = [pattern for pattern in others if "RIGHT_ID" not in pattern[0]]
    attributes = {str(each) for pattern in sequences for token in pattern for each in token}
    try:
        if sequences:
            matcher = Matcher(nlp.vocab, validate=True)
            matcher.add(key, [list(pattern) for pattern in sequences])
            finders.append(lambda doc: matcher(doc, as_spans=True))
            warn_of_impossible(name, nlp, (token for pattern in sequences for token in pattern))
        if phrases:
            check_annotations(name, nlp, [attr])
            attributes.add(attr)
            parse = nlp if attr.upper() in ANNOTATIONS else nlp.make_doc
            of_phrases = PhraseMatcher(nlp.vocab, attr=attr)
            of_phrases.add(key, [parse(phrase) for phrase in phrases])
            finders.append(lambda doc: of_phrases(doc, as_spans=True))
        if trees:
            tree_matcher = DependencyMatcher(nlp.vocab, validate=True)
            tree_matcher.add(key, [list(pattern) for pattern in trees])
            attributes |= {"DEP"} | {
                str(each) for pattern in trees for token in pattern for each in token.get("RIGHT_ATTRS", {})
            }
            finders.append(lambda doc: [Found(doc, min(ids), max(ids) + 1, label=key) for _, ids in tree_matcher(doc)])
    except BAD_PATTERN as error:
        raise bad_pattern(name, "patterns", error) from None
    return attributes


def ner_lf(
    name: str,
    labels: Labels = None,
    *,
    pipeline: Pipeline = "en_core_web_sm",
    spans_key: str | None = None,
    complete: bool = True,
) -> NerLF:
    """Mark the entities that a spaCy pipeline finds, whichever of its components does.

    Parameters
    ----------
    name
        Name of the labeling function.
    labels
        A mapping from the pipeline's types to labels, such as ``{"PERSON": "PER", "GPE": "LOC", "LOC": "LOC"}``, or a list of
        those that are labels themselves; others are left out. By default all; names that are not labels of the pack are
        left out and counted.
    pipeline
        See `weaklabel.lf.nlp.spacy_lf`.
    spans_key
        The key of ``doc.spans`` whose spans count, as of a span ruler or a span categorizer, instead of ``doc.ents``.
    complete
        Whether it marks all entities of its labels, so that where it marks nothing is evidence, too, as far as that turns out
        to be right; False for a pipeline of rules.

    Raises
    ------
    LFError
        ``labels`` has a type that the pipeline does not find; or it finds none at all; a wrong name or label.
    MissingPackageError
        The pipeline is not installed; says what to install.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> nlp.add_pipe("entity_ruler").add_patterns([{"label": "TEAM", "pattern": "Red Lions"}])
    >>> ner_lf("teams", {"TEAM": 0}, pipeline=nlp, complete=False)("The Red Lions won")
    [(4, 13, 0)]
    """
    nlp = load_pipeline(name, pipeline)
    if spans_key is None:
        _check_types(name, nlp, labels)

    def find(doc: Doc) -> Iterable[SpacySpan]:
        return doc.ents if spans_key is None else doc.spans.get(spans_key, ())

    needs = frozenset({"ENT_TYPE"}) if spans_key is None else EVERYTHING
    return NerLF(name, find, nlp, needs, ("ner", spans_key), labels, complete=complete)


def _check_types(name: str, nlp: Language, labels: Labels) -> None:
    """Refuse, as an `LFError`, types of entities that a pipeline does not find."""
    types = entity_types(nlp)
    if types is None:
        return
    unknown = [str(label) for label in labels or () if label not in types]
    if unknown or not types:
        what = (
            f"no entity type '{unknown[0]}'{nearest(unknown[0], types)}; the pipeline " if unknown else "the pipeline "
        )
        finds = (
            f"knows {', '.join(sorted(types))}"
            if types
            else "finds no entities; use 'en_core_web_sm', or add a ruler to it"
        )
        raise LFError(f"LF '{name}': {what}{finds}")
