"""Label models and taggers for spans by the names that a benchmark gives them, and those of other packages."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from weaklabel.bench.defaults import PEERS
from weaklabel.bench.models import GOLD
from weaklabel.errors import ConfigError, nearest, require
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.registries import SPAN_LABEL_MODELS, TAGGERS
from weaklabel.units import Spans
from weaklabel.votes.spans import SpanVotes


def check_span_names(label_models: Sequence[str], taggers: Sequence[str]) -> None:
    """Raise a `ConfigError` where a name is unknown or given twice."""
    for what, names, known in (
        ("label model for spans", label_models, (*SPAN_LABEL_MODELS, *PEERS, GOLD)),
        ("tagger", taggers, tuple(TAGGERS)),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(f"unknown {what} '{name}'{nearest(name, known)}; there are {', '.join(known)}")
        if len(set(names)) < len(names):
            raise ConfigError(f"a {what} is given twice: {', '.join(names)}")


def missing_package(name: str) -> str | None:
    """Return the package that a label model needs and that is not installed."""
    try:
        if name in PEERS:
            version(PEERS[name])
    except PackageNotFoundError:
        return PEERS[name]
    return None


def new_span_label_model(name: str, seed: int) -> Any:
    """Make a label model for spans with its defaults; the seed goes to one that has one."""
    if name in PEERS:
        return SkweakModel(name)
    cls = SPAN_LABEL_MODELS[name]
    return cls(seed=seed) if cls.has_param("seed") else cls()


def new_tagger(name: str, labels: Sequence[str], seed: int) -> Any:
    """Make a tagger with its defaults."""
    cls = TAGGERS[name]
    given = {"labels": list(labels), "seed": seed}
    return cls(**{key: value for key, value in given.items() if cls.has_param(key)})


class SkweakModel:
    """A label model of skweak, in the interface of ours.

    Documents without votes are left out: skweak's HMM raises an error on them.

    Parameters
    ----------
    name
        ``skweak-majority`` or ``skweak-hmm``.
    """

    uses_texts = False

    def __init__(self, name: str) -> None:
        require("skweak", "skweak", "to compare with it")
        self.name = name

    def __repr__(self) -> str:
        return f"SkweakModel({self.name!r}, version={version('skweak')!r})"

    def describe(self) -> str:
        """Say what it is."""
        what = "HMM" if self.name == "skweak-hmm" else "sequential majority voter"
        return f"{what} of skweak {version('skweak')}, with its defaults"

    def fit(self, votes: SpanVotes, texts: Sequence[str] | None = None) -> SkweakModel:
        """Fit it on the documents that have votes; the texts are not read."""
        from skweak.generative import HMM  # type: ignore[import-not-found]
        from skweak.voting import SequentialMajorityVoter  # type: ignore[import-not-found]

        labels = list(votes.labels)
        if self.name == "skweak-majority":
            self.model = SequentialMajorityVoter("aggregated", labels=labels)
            return self
        self.model = HMM("aggregated", labels)
        self.model.fit([document for _, document in _documents(votes)])
        return self

    def predict(self, votes: SpanVotes, texts: Sequence[str] | None = None) -> SpanLabels:
        """Return the spans of each text, in words."""
        numbers = {label: number for number, label in enumerate(votes.labels)}
        rows: list[list[tuple[int, int, int]]] = [[] for _ in range(votes.n_rows)]
        for row, document in _documents(votes):
            spans = self.model(document).spans["aggregated"]
            rows[row] = [(span.start, span.end, numbers[span.label_]) for span in spans]
        marked = Spans.of_rows(rows)
        return SpanLabels(spans=marked, probs=np.full(len(marked), np.nan), word_probs=None)


def _documents(votes: SpanVotes) -> list[tuple[int, Any]]:
    """Return the rows with votes as spaCy's documents, whose words have no text of their own."""
    from spacy.tokens import Doc, Span
    from spacy.vocab import Vocab

    vocab = Vocab()
    documents: dict[int, Any] = {}
    for row in np.unique(np.concatenate([np.empty(0, np.int64), *(lf.row for lf in votes.spans)])).tolist():
        n_words = int(votes.offsets[row + 1] - votes.offsets[row])
        documents[row] = Doc(vocab, words=["word"] * n_words)
        for name in votes.lf_names:
            documents[row].spans[name] = []
    for name, lf in zip(votes.lf_names, votes.spans, strict=True):
        for row in np.unique(lf.row).tolist():
            document = documents[row]
            document.spans[name] = [
                Span(document, begin, end, label=votes.labels[label]) for begin, end, label in lf.of_row(row)
            ]
    return list(documents.items())
