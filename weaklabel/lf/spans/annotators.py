"""Annotators of skweak, anything like them, and components of spaCy, unchanged as labeling functions of spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import LF, check_name
from weaklabel.lf.fingerprint import NotFingerprintable, version_of
from weaklabel.lf.pipelines import EVERYTHING, Pipeline, docs_of, load_pipeline, pipeline_identity
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.named import Labels, NamedSpansLF
from weaklabel.lf.spans.order import in_order

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

READS_ONE, READS_SOME = ("other_name",), ("sources", "incompatible_sources")
"""Attributes in which skweak's annotators name those whose spans they read."""


@dataclass(frozen=True)
class _Node:
    name: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class _Annotated:
    """A text with the spans of all annotators of a family, and the errors of those that failed, by name."""

    doc: Doc
    errors: Mapping[str, Exception]


class AnnotatorFamily:
    """Annotators that run one after the other on the same parsed text, each after those whose spans it reads.

    Parameters
    ----------
    nlp
        The pipeline that parses.
    annotators
        They have a name, and a call that adds spans to a Doc, or ``find_spans``. Those that do not read one another keep their
        order.

    Attributes
    ----------
    reads : tuple of str
        Names of labeling functions outside of the family whose spans they read.

    Raises
    ------
    LFError
        They read one another in a circle.
    """

    def __init__(self, nlp: Language, annotators: Sequence[Any]) -> None:
        names = {each.name for each in annotators}
        read = {each.name: tuple(dict.fromkeys(_names_read(each))) for each in annotators}
        in_order([_Node(name, tuple(each for each in reads if each in names)) for name, reads in read.items()])  # type: ignore[misc]
        self.nlp = nlp
        self.annotators: list[Any] = []
        left, done = list(annotators), set[str]()
        while left:
            ready = next(each for each in left if done.issuperset(names.intersection(read[each.name])))
            self.annotators.append(ready)
            left.remove(ready)
            done.add(ready.name)
        self.reads: tuple[str, ...] = tuple(
            dict.fromkeys(each for reads in read.values() for each in reads if each not in names)
        )

    def docs(self, batch: Batch, lf: SpanLF) -> list[_Annotated | Exception | None]:
        """Return the texts of a batch with the spans of all annotators. Length: n."""
        return batch.once(("annotators", id(self)), lambda: list(self._annotated(batch, lf)))

    def _annotated(self, batch: Batch, lf: SpanLF) -> Iterator[_Annotated | Exception | None]:
        lf.check_read(batch)
        for row, parsed in enumerate(docs_of(batch, self.nlp, TEXT, EVERYTHING)):
            if parsed is None or isinstance(parsed, Exception):
                yield parsed
                continue
            doc = parsed.copy()  # labeling functions share parsed texts
            for name in self.reads:
                doc.spans[name] = _as_spacy_spans(doc, name, batch, row, lf)
            errors: dict[str, Exception] = {}
            for annotator in self.annotators:
                try:
                    _annotate(annotator, doc)
                except Exception as error:
                    errors[annotator.name] = error
            yield _Annotated(doc, errors)

    def identity(self) -> Any:
        """Return values that determine the spans; see `LF.identity`."""
        pipeline = pipeline_identity(self.nlp)
        if pipeline is None:
            raise NotFingerprintable(type(self.nlp))
        packages = {type(each).__module__.partition(".")[0] for each in self.annotators}
        versions = [version_of(package) for package in sorted(packages & {"skweak"})]
        return [pipeline, versions, [[type(each), vars(each)] for each in self.annotators]]


def _names_read(annotator: Any) -> Iterator[str]:
    """Yield the names of those whose spans an annotator reads, as far as it says so."""
    for attribute in READS_ONE:
        name = getattr(annotator, attribute, None)
        if isinstance(name, str) and name:
            yield name
    for attribute in READS_SOME:
        names = getattr(annotator, attribute, None)
        if isinstance(names, list | tuple | set | frozenset):
            yield from sorted(name for name in names if isinstance(name, str))


def _as_spacy_spans(doc: Doc, name: str, batch: Batch, row: int, lf: SpanLF) -> list[Any]:
    spans = [
        doc.char_span(begin, end, label=str(lf.name_of(label)), alignment_mode="expand")
        for begin, end, label in batch.spans[name][row]
        if label != NOT_ENTITY
    ]
    return [span for span in spans if span is not None]


def _annotate(annotator: Any, doc: Doc) -> None:
    """Let an annotator add its spans to a Doc."""
    from spacy.tokens import Span as SpacySpan

    if callable(annotator):
        annotator(doc)
        return
    doc.spans[annotator.name] = [
        SpacySpan(doc, start, end, label) for start, end, label in annotator.find_spans(doc) if start < end
    ]


class AnnotatorLF(NamedSpansLF):
    """An annotator of skweak, or anything with a name and ``find_spans(doc)``; made by `annotator_lfs`."""

    kind = "annotator"

    def __init__(self, annotator: Any, family: AnnotatorFamily, labels: Labels = None) -> None:
        super().__init__(check_name(annotator.name), labels)
        self.annotator = annotator
        self.join(family)

    def join(self, family: AnnotatorFamily) -> None:
        """Run together with the annotators of a family, of which it is one."""
        self._family = family
        self.reads: tuple[str, ...] = family.reads

    @property
    def family(self) -> AnnotatorFamily:
        """The annotators that it runs with."""
        return self._family

    def vote(self, batch: Batch) -> list[Any]:
        """See `SpanLF.vote`."""
        return [self._spans_of(each) for each in self._family.docs(batch, self)]

    def _spans_of(self, annotated: _Annotated | Exception | None) -> Any:
        if annotated is None:
            return []
        if isinstance(annotated, Exception):
            return annotated
        if self.name in annotated.errors:
            return annotated.errors[self.name]
        spans = annotated.doc.spans.get(self.name, ())
        return self.numbered((span.start_char, span.end_char, span.label_) for span in spans if len(span))

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [self.name, self._family.identity(), self.label_of, self.label_names]

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        return {"annotator": type(self.annotator).__name__, **super().options()}

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self.annotator


class ComponentLF(NamedSpansLF):
    """A component of spaCy that fills ``doc.ents`` or ``doc.spans`` by rules, used by itself."""

    kind = "spacy component"

    def __init__(self, component: Any) -> None:
        super().__init__(check_name(component.name))
        self.component = component

    def vote(self, batch: Batch) -> list[Any]:
        """See `SpanLF.vote`."""
        return [self._spans_of(text) for text in batch.texts]

    def _spans_of(self, text: str) -> Any:
        try:
            doc = self.component(self.component.nlp.make_doc(text))
            groups = [doc.ents, *doc.spans.values()]
            return self.numbered({(span.start_char, span.end_char, span.label_) for group in groups for span in group})
        except LFError:
            raise
        except Exception as error:
            return error

    def identity(self) -> Any:
        """See `LF.identity`."""
        nlp = self.component.nlp
        return [
            version_of("spacy"),
            type(self.component),
            nlp.lang,
            nlp.tokenizer.to_bytes(),
            self.component.to_bytes(),
        ] + [self.label_names]

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        return {"component": type(self.component).__name__}

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self.component


def annotator_lfs(annotators: Any, *, pipeline: Pipeline = "blank:en", labels: Labels = None) -> list[AnnotatorLF]:
    """Make labeling functions of annotators of skweak, each of its own spans.

    They run unchanged, one after the other on the same parsed text, each after those whose spans it reads (``other_name``, and
    sources that take precedence). In a pack, annotators are labeling functions as they stand; this function is for those that
    need a pipeline, or other names of labels. An annotator may read the spans of a labeling function of the pack by its name.

    Parameters
    ----------
    annotators
        A list, or a `CombinedAnnotator`; anything with a name and ``find_spans(doc)``, which yields first token, token after
        the last and label, is an annotator. Aggregators among them run, too, but give no spans of their own.
    pipeline
        See `weaklabel.lf.nlp.spacy_lf`.
    labels
        See `weaklabel.lf.spans.nlp.ner_lf`.

    Raises
    ------
    LFError
        Something is no annotator, or they read one another in a circle.
    MissingPackageError
        The pipeline is not installed; says what to install.

    Examples
    --------
    >>> class Capitals:
    ...     name = "capitals"
    ...     def find_spans(self, doc):
    ...         return [(token.i, token.i + 1, "PER") for token in doc if token.is_title]
    >>> (lf,) = annotator_lfs([Capitals()])
    >>> lf.bind(["PER"])("Ada met Grace")
    [(0, 3, 0), (8, 13, 0)]
    """
    members = list(_members(annotators))
    wrong = next(
        (each for each in members if not isinstance(getattr(each, "name", None), str) or not _can_run(each)), None
    )
    if wrong is not None:
        raise LFError(f"{wrong!r:.60} is no annotator; an annotator has a name and find_spans(doc)")
    if not members:
        raise LFError("there are no annotators; give at least one")
    family = AnnotatorFamily(load_pipeline(members[0].name, pipeline), members)
    return [
        AnnotatorLF(each, family, labels) for each in family.annotators if callable(getattr(each, "find_spans", None))
    ]


def _members(annotators: Any) -> Iterator[Any]:
    """Yield the annotators of a list, of one that combines several, or the one itself."""
    inner = getattr(annotators, "annotators", None)
    if isinstance(annotators, list | tuple) or isinstance(inner, list | tuple):
        for each in annotators if isinstance(annotators, list | tuple) else inner or ():
            yield from _members(each)
    else:
        yield annotators


def _can_run(thing: Any) -> bool:
    return callable(getattr(thing, "find_spans", None)) or callable(thing)


def is_annotator(thing: Any) -> bool:
    """Say whether an object is an annotator, or combines several."""
    if isinstance(thing, type):
        return False
    members = getattr(thing, "annotators", None)
    if isinstance(members, list | tuple) and callable(getattr(thing, "add_annotator", None)):
        return any(is_annotator(each) for each in members)
    return isinstance(getattr(thing, "name", None), str) and callable(getattr(thing, "find_spans", None))


def is_ruler(thing: Any) -> bool:
    """Say whether an object is a component of spaCy that marks spans by rules, without other components."""
    is_spacys = type(thing).__module__.startswith("spacy.pipeline.")
    return is_spacys and callable(thing) and hasattr(thing, "nlp") and hasattr(thing, "patterns")


def joined_annotators(lfs: Sequence[LF]) -> None:
    """Let the annotators of a pack that share a pipeline run as one family, so that they may read one another."""
    families: dict[int, list[AnnotatorLF]] = {}
    for lf in lfs:
        if isinstance(lf, AnnotatorLF):
            families.setdefault(id(lf.family.nlp), []).append(lf)
    for members in families.values():
        annotators = {id(each): each for lf in members for each in lf.family.annotators}
        if len({id(lf.family) for lf in members}) > 1:
            family = AnnotatorFamily(members[0].family.nlp, list(annotators.values()))
            for lf in members:
                lf.join(family)


def without_parts(lfs: Iterable[LF]) -> list[LF]:
    """Return labeling functions without components of pipelines that others of them run."""
    given = list(lfs)
    pipelines = [nlp for lf in given if (nlp := getattr(lf, "nlp", None)) is not None]
    parts = {id(pipe) for nlp in pipelines for _, pipe in nlp.pipeline}
    return [lf for lf in given if not (isinstance(lf, ComponentLF) and id(lf.component) in parts)]
