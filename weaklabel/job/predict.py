"""Predicting a corpus of any size with a trained classifier or tagger, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from weaklabel.corpus import THE_CORPUS, Corpus, Reject, check_new_columns, label_outputs
from weaklabel.corpus.batch import Batch
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.corpus.sinks import NewColumns
from weaklabel.errors import ClassifierError
from weaklabel.job.engine import Engine, LocalEngine, follow
from weaklabel.job.folder import JobFolder, corpus_identity, output_identity
from weaklabel.job.output import Output, label_columns, new_columns, write_all_rejects
from weaklabel.support.files import check_outputs
from weaklabel.support.naming import setting
from weaklabel.support.progress import finish, showing
from weaklabel.support.warn import warn
from weaklabel.units import SPANS, find_words, in_code_points, spans_column

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier
    from weaklabel.tagger import Tagger


@dataclass(frozen=True)
class PredictedFile:
    """The result of predicting a corpus: rows, rejects and their file, and the number of rows, or spans, of each label."""

    rows: int
    rejects: int
    labels: dict[str, int]
    rejects_file: Path | None = None


class Columns(NamedTuple):
    """The new columns of some rows, and how many rows, or spans, have each label. Shape of the counts: [k]."""

    new: NewColumns
    counts: list[int]


def predicted_columns(model: Classifier | Tagger, batch: Batch, prefix: str) -> Columns:
    """Return what a model says of some rows: labels and probabilities of a classifier, the spans of a tagger."""
    from weaklabel.tagger import Tagger

    if isinstance(model, Tagger):
        texts = batch.texts
        words = find_words(texts)
        tagged = model.tag(texts, words)
        column = spans_column(in_code_points(tagged.spans, words), texts, model.labels_, tagged.probs)
        counts = np.bincount(tagged.spans.label, minlength=len(model.labels_)).tolist()
        return Columns(NewColumns(pl.DataFrame([column.alias(prefix + SPANS)])), counts)
    probs = model.predict_proba(batch.model_texts)
    preds = probs.argmax(axis=1) if len(probs) else np.empty(0, np.int64)
    counts = np.bincount(preds, minlength=len(model.labels_)).tolist()
    return Columns(NewColumns(label_columns(preds, probs, model.labels_, prefix)), counts)


def column_names(model: Classifier | Tagger, prefix: str = "") -> list[str]:
    """Return the names of the columns that predicting adds."""
    from weaklabel.tagger import Tagger

    return [prefix + SPANS] if isinstance(model, Tagger) else new_columns(model.labels_, (), prefix)


def load_trained(folder: str | Path, backend: str | None = None) -> Classifier | Tagger:
    """Load a saved classifier or tagger, whichever is in the folder.

    Raises
    ------
    ClassifierError
        As for `load_classifier`.
    """
    from weaklabel.classifier import load_classifier
    from weaklabel.classifier.folder import SPANS as OF_SPANS, task_of
    from weaklabel.classifier.named import OWN_BACKEND
    from weaklabel.tagger import load_tagger

    backend = OWN_BACKEND if backend is None else backend
    is_tagger = task_of(Path(folder)) == OF_SPANS
    return load_tagger(folder, backend) if is_tagger else load_classifier(folder, backend)


class PredictJob:
    """What a process needs to predict parts of a corpus.

    Parameters
    ----------
    corpus, model
        The corpus, and the fitted classifier or tagger.
    out, prefix, safe
        The final output, a prefix for the names of new columns, and whether cells must not be formulas.
    folder, tag
        Where parts are kept, and a hash in their names.
    """

    def __init__(
        self, corpus: Corpus, model: Classifier | Tagger, out: str, prefix: str, safe: bool, folder: Path, tag: str
    ) -> None:
        self.corpus = corpus
        self.model = model
        self.prefix = prefix
        self.folder = folder
        self.output: Output = Output(corpus, out, folder, tag, safe)
        self.loading: dict[str, Any] | None = None

    def order(self) -> dict[str, Any]:
        """Return what a worker elsewhere needs to make this job, except for the corpus; as JSON has it."""
        if self.loading is None:
            raise ClassifierError(
                "workers of a cluster load the model from its folder: save it, and give loading={'folder': ...}"
            )
        return {
            "kind": "predict",
            "loading": self.loading,
            "out": self.output.out,
            "prefix": self.prefix,
            "safe": self.output.safe,
            "folder": str(self.folder.absolute()),
            "tag": self.output.tag,
        }

    def close(self) -> None:
        """Do nothing: prediction has no processes of its own."""

    def parts(self, after: Part | None = None) -> Iterator[PartRows]:
        """Read the corpus in small parts: a prediction takes much longer than a vote, and less is lost if the job is killed."""
        return self.corpus.parts(after, rows=1)

    def done(self, number: int) -> bool:
        """Return whether part ``number`` is predicted and written."""
        return self.output.has(number)

    def read(self, part: Part) -> PartRows:
        """Read a part."""
        return self.corpus.read_part(part)

    def write(self, rows: PartRows) -> None:
        """Predict a part and write it."""
        predicted = predicted_columns(self.model, rows.batch, self.prefix)
        rejects = [asdict(reject) for reject in rows.rejects]
        number = rows.part.number
        self.output.note(number, {"rows": len(rows.batch), "labels": predicted.counts, "rejects": rejects})
        self.output.write(number, rows.batch, predicted.new)

    def counts(self, parts: Sequence[Part]) -> PredictedFile:
        """Return how many rows and rejects there are in all parts, and how many rows, or spans, have each label."""
        labels = self.model.labels_
        total, n_rows, n_rejects = np.zeros(len(labels), dtype=np.int64), 0, 0
        for part in parts:
            counts = self.output.noted(part.number)
            total += np.array(counts["labels"], dtype=np.int64)
            n_rows += counts["rows"]
            n_rejects += len(counts["rejects"])
        return PredictedFile(n_rows, n_rejects, dict(zip(labels, total.tolist(), strict=True)))

    def rejects(self, parts: Sequence[Part]) -> Iterator[Reject]:
        """Give the rejects of all parts, in order."""
        for part in parts:
            yield from (Reject(**reject) for reject in self.output.noted(part.number)["rejects"])

    def empty_columns(self) -> NewColumns:
        """Return the new columns of no rows."""
        return predicted_columns(self.model, self.corpus.empty(), self.prefix).new


def mark_as_trained(corpus: Corpus, classifier: Classifier | Tagger) -> None:
    """Mark entities in a corpus as in the training of the classifier; in the same columns unless others are given.

    Raises
    ------
    ClassifierError
        No columns are given, and the corpus lacks those of the training.
    """
    from weaklabel.tagger import Tagger

    if corpus.entities:
        if isinstance(classifier, Tagger):
            raise ClassifierError(
                f"entities are marked in {corpus.name}, but a tagger reads texts as they are; leave the entities out"
            )
        if not classifier.entities_:
            warn(
                f"entities are marked in {corpus.name}, but the classifier was not saved with entity columns: leave entities "
                "out unless it was trained with marked entities",
                stacklevel=3,
            )
        return
    missing = [f"'{name}'" for name in classifier.entities_ if name not in corpus.columns]
    if missing:
        raise ClassifierError(
            f"the classifier was trained on texts with marked entities, and {corpus.name} has no column "
            f"{' and '.join(missing)} to find them by; name its own two columns ({setting('corpus.entities', ['E1', 'E2'])})"
        )
    if classifier.entities_:
        corpus.mark(classifier.entities_)


def predict_file(
    corpus: Corpus,
    classifier: Classifier | Tagger,
    out: str,
    *,
    model_id: str,
    loading: dict[str, Any] | None = None,
    prefix: str = "",
    safe: bool = False,
    engine: Engine | None = None,
    progress: bool = False,
) -> PredictedFile:
    """Predict a corpus of any size into a file; an interrupted call is resumed as in `label_file`.

    Parameters
    ----------
    corpus
        From `read_corpus`; its entities are marked as the classifier was trained, see `mark_as_trained`.
    classifier
        A fitted classifier, or a fitted tagger, which writes the column ``spans``.
    out
        As of `label_file`.
    model_id
        An identity of the classifier, so that predictions of two classifiers are never mixed.
    loading
        Arguments of `load_trained` for the workers of a cluster, ready for JSON; only they need them.
    prefix
        Put before the names of new columns.
    safe
        Write cells that a spreadsheet does not take for formulas.
    engine
        What does the work; by default this process.
    progress
        Show progress on stderr, or in a notebook.

    Raises
    ------
    CorpusError
        The corpus cannot be read, or the output cannot be written.
    ClassifierError
        The corpus lacks the columns of entities that the classifier was trained with.
    """
    mark_as_trained(corpus, classifier)
    engine = engine or LocalEngine()
    check_new_columns(corpus, column_names(classifier, prefix))
    model = [loading["folder"]] if loading else []
    check_outputs(label_outputs(corpus, out), {THE_CORPUS: corpus.files(), "the model": model})
    identity = output_identity(
        corpus_identity(corpus), out, model=model_id, columns=[prefix, safe], entities=corpus.entities
    )
    with showing(progress), JobFolder(out, identity) as folder:
        job = PredictJob(corpus, classifier, out, prefix, safe, folder.path, folder.tag)
        job.loading = loading
        parts = follow(engine.write(job), "predicting", corpus, corpus.known_length)
        if out == "-":
            finish()  # the output may go to the same terminal
        done = job.counts(parts)
        rejects_file = write_all_rejects(folder, corpus, done.rejects, job.rejects(parts))
        job.output.assemble(len(parts), job.empty_columns())
    return replace(done, rejects_file=rejects_file)
