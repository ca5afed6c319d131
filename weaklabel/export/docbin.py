"""spaCy documents with categories, or with entities or groups of spans, for ``spacy train``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from weaklabel.corpus.row_ids import row_ids
from weaklabel.errors import ExportError, MissingPackageError
from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Task
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.shards import ShardFile, Shards, check_max_mb
from weaklabel.export.spans import MarkedSpan, marked_spans
from weaklabel.job.output import DECIMALS


class DocBinExporter(CorpusExporter):
    """Writes ``SPLIT-00000-of-00002.spacy`` files of documents whose ``cats`` have 1 for the label and 0 for the others.

    Texts are tokenized by a blank pipeline. The attribute ``user_data`` of a document holds ``id``, and ``probs`` if there
    are probabilities. Spans are ``ents``, and tokens are cut where one begins or ends within them, so that all are exact;
    ``probs`` are those of the spans.

    Parameters
    ----------
    language
        Code of the language whose tokenizer is used, as for ``spacy.blank``.
    soft
        Put the probabilities into ``cats``: for training loops of your own, since ``spacy train`` refuses categories other
        than 0 and 1.
    max_mb
        Megabytes of text from which on another file is begun; a file is in memory as a whole.
    spans_key
        Write spans into ``doc.spans`` under this key, for ``spancat``, in place of ``ents``; there, spans may overlap.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("texts", "spans")
    title = "spaCy DocBin"
    writes_folder = True
    keeps_split = True
    consumer = "`spacy train` with `textcat`; of spans with `ner` or `spancat`"

    def __init__(self, language: str = "en", soft: bool = False, max_mb: float = 10, spans_key: str = "") -> None:
        self.language = language
        self.soft = soft
        self.max_mb = max_mb
        self.spans_key = spans_key

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        check_max_mb(self.max_mb)
        self._pipeline()

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        nlp, labels, has_probs = self._pipeline(), corpus.labels, corpus.has_probs
        soft = self.soft and has_probs
        if corpus.task == "spans":
            spans = Shards(target, ".spacy", lambda path: _SpansFile(path, nlp, corpus, self.spans_key), self.max_mb)
            return ExportRecord(spans.write_all(corpus, f"writing {self.title}"))
        shards = Shards(target, ".spacy", lambda path: _DocBinFile(path, nlp, labels, soft, has_probs), self.max_mb)
        return ExportRecord(shards.write_all(corpus, f"writing {self.title}"))

    def _pipeline(self) -> Any:
        import spacy

        try:
            nlp = spacy.blank(self.language)
        except ImportError as error:
            reason = str(error).strip().partition("\n")[0]
            if "E048" in reason:  # there is no such language
                raise ExportError(
                    f"language: spaCy has no language '{self.language}'; give a code such as en"
                ) from None
            raise MissingPackageError(f"the tokenizer of the language '{self.language}' is missing: {reason}") from None
        nlp.max_length = 1 << 40  # the limit is for parsers: a tokenizer takes little memory
        return nlp


class _DocBinFile(ShardFile):
    def __init__(self, path: Path, nlp: Any, labels: tuple[str, ...], soft: bool, has_probs: bool) -> None:
        from spacy.tokens import DocBin

        self.path = path
        self.nlp = nlp
        self.labels = labels
        self.soft = soft
        self.has_probs = has_probs
        self.docs = DocBin(attrs=["ORTH"], store_user_data=True)

    def write(self, part: LabeledPart) -> int:
        """See `ShardFile.write`."""
        hard = np.eye(len(self.labels))[part.preds]
        soft = np.where(np.isnan(part.probs), hard, np.round(part.probs, DECIMALS))
        ids = row_ids(part.frame, part.rows.tolist())
        rows = zip(part.texts, ids, (soft if self.soft else hard).tolist(), soft.tolist(), strict=True)
        with self.nlp.memory_zone():  # or the words of all texts would stay in memory
            for text, row_id, cats, probs in rows:
                doc = self.nlp.make_doc(text)
                doc.cats = dict(zip(self.labels, cats, strict=True))
                doc.user_data["id"] = row_id
                if self.has_probs:
                    doc.user_data["probs"] = probs
                self.docs.add(doc)
        return sum(len(text.encode()) for text in part.texts)

    def close(self) -> None:
        """See `ShardFile.close`."""
        self.docs.to_disk(self.path)


class _SpansFile(ShardFile):
    def __init__(self, path: Path, nlp: Any, corpus: LabeledCorpus, key: str) -> None:
        from spacy.tokens import DocBin

        self.path = path
        self.nlp = nlp
        self.corpus = corpus
        self.key = key
        self.docs = DocBin(attrs=["ORTH"] if key else ["ORTH", "ENT_IOB", "ENT_TYPE"], store_user_data=True)

    def write(self, part: LabeledPart) -> int:
        """See `ShardFile.write`."""
        ids = row_ids(part.frame, part.rows.tolist())
        rows = zip(part.rows.tolist(), part.texts, ids, marked_spans(part, self.corpus.labels), strict=True)
        with self.nlp.memory_zone():
            for row, text, row_id, spans in rows:
                doc = self._doc(text, spans)
                if self.key:
                    doc.spans[self.key] = self._placed(doc, spans)
                else:
                    try:
                        doc.set_ents(self._placed(doc, spans), default="outside")
                    except ValueError:
                        raise ExportError(
                            f"{self.corpus.name}, row {row}: spans overlap, which entities of spaCy cannot; write them as a "
                            "group of spans (spans_key=sc)"
                        ) from None
                doc.user_data["id"] = row_id
                if self.corpus.has_probs:
                    doc.user_data["probs"] = [span.prob for span in spans]
                self.docs.add(doc)
        return sum(len(text.encode()) for text in part.texts)

    def _placed(self, doc: Any, spans: Sequence[MarkedSpan]) -> list[Any]:
        placed = [doc.char_span(span.begin, span.end, label=span.label) for span in spans]
        assert None not in placed  # tokens are cut at the edges of spans
        return placed

    def _doc(self, text: str, spans: Sequence[MarkedSpan]) -> Any:
        """Return a text as tokens that no span cuts."""
        doc = self.nlp.make_doc(text)
        edges = {edge for span in spans for edge in (span.begin, span.end)}
        words: list[str] = []
        spaces: list[bool] = []
        for token in doc:
            begin, end = token.idx, token.idx + len(token)
            # The space behind a token is its own only where a span begins with it, or ends behind it.
            is_apart = bool(token.whitespace_) and any(s.begin == end or s.end == end + 1 for s in spans)
            cuts = [begin, *sorted(edge for edge in edges if begin < edge < end), end]
            pieces = [text[first:last] for first, last in pairwise(cuts)]
            words += [*pieces, " "] if is_apart else pieces
            spaces += [False] * (len(pieces) - 1) + [bool(token.whitespace_) and not is_apart] + [False] * is_apart
        return type(doc)(doc.vocab, words=words, spaces=spaces) if len(words) > len(doc) else doc

    def close(self) -> None:
        """See `ShardFile.close`."""
        self.docs.to_disk(self.path)
