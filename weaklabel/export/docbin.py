"""spaCy documents with categories, for ``spacy train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.corpus.row_ids import row_ids
from weaklabel.errors import ExportError, MissingPackageError
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.shards import ShardFile, Shards, check_max_mb
from weaklabel.job.output import DECIMALS


class DocBinExporter(CorpusExporter):
    """Writes ``SPLIT-00000-of-00002.spacy`` files of documents whose ``cats`` have 1 for the label and 0 for the others.

    Texts are tokenized by a blank pipeline. The attribute ``user_data`` of a document holds ``id``, and ``probs`` if there
    are probabilities.

    Parameters
    ----------
    language
        Code of the language whose tokenizer is used, as for ``spacy.blank``.
    soft
        Put the probabilities into ``cats``: for training loops of your own, since ``spacy train`` refuses categories other
        than 0 and 1.
    max_mb
        Megabytes of text from which on another file is begun; a file is in memory as a whole.
    """

    title = "spaCy DocBin"
    writes_folder = True
    keeps_split = True
    consumer = "`spacy train` with `textcat`"

    def __init__(self, language: str = "en", soft: bool = False, max_mb: float = 10) -> None:
        self.language = language
        self.soft = soft
        self.max_mb = max_mb

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        check_max_mb(self.max_mb)
        self._pipeline()

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        nlp, labels, has_probs = self._pipeline(), corpus.labels, corpus.has_probs
        soft = self.soft and has_probs
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
