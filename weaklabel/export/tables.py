"""Tables of labeled rows: CSV, TSV, JSON Lines, Parquet."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, ClassVar

from weaklabel.corpus.batch import Batch
from weaklabel.corpus.sinks import DelimitedForm, DelimitedSink, JsonlSink, NewColumns, ParquetSink, Sink
from weaklabel.export.columns import TableColumns
from weaklabel.export.corpus import LabeledCorpus, Task
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.rows import empty_part
from weaklabel.support.progress import stage


class TableExporter(CorpusExporter):
    """Writes the columns of the corpus, and then label, confidence and probabilities, as ``weaklabel label`` does.

    Of spans it is the column ``spans`` and, where these have probabilities, ``confidence``, the least of the row's.

    Values are read back as they were, except that CSV and TSV know no difference between an empty and a missing value.

    Parameters
    ----------
    columns
        Columns of the corpus that are written; all of them if not given.
    probs
        Probabilities as ``columns`` (``p_spam``), as a ``map`` from class to number, as a ``list``, or ``none``.
    prefix
        Before the name of each new column.
    row_id
        Name of a new column with an id of each row, by which it is found again; none if not given.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("texts", "spans")
    keeps_probs = True
    keeps_split = True
    default_probs: ClassVar[str] = "columns"

    def __init__(
        self, columns: list[str] | None = None, probs: str | None = None, prefix: str = "", row_id: str = ""
    ) -> None:
        self.columns = columns
        self.probs = probs
        self.prefix = prefix
        self.row_id = row_id

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        self._columns(corpus)

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        columns, rows = self._columns(corpus), 0
        with (
            target.open("wb") as handle,
            closing(self.sink(handle)) as sink,
            stage(f"writing {self.title}", unit="rows") as progress,
        ):
            for part in corpus.parts():
                batch, new = Batch(columns.kept(part.frame), ()), NewColumns(columns.new(part))
                if not rows:
                    sink.start(batch, new)
                sink.write(batch, new)
                rows += len(part)
                progress.advance(len(part))
            if not rows:
                empty = empty_part(corpus)
                sink.start(Batch(columns.kept(empty.frame), ()), NewColumns(columns.new(empty)))
        return ExportRecord(rows)

    @abstractmethod
    def sink(self, handle: BinaryIO) -> Sink:
        """Return what writes rows to an open file."""

    def _columns(self, corpus: LabeledCorpus) -> TableColumns:
        return TableColumns(corpus, self.probs or self.default_probs, self.prefix, self.columns, self.row_id)


class CsvExporter(TableExporter):
    """See `TableExporter`.

    Parameters
    ----------
    columns, probs, prefix, row_id
        See `TableExporter`.
    spreadsheet_safe
        Put an apostrophe before cells that a spreadsheet would take for formulas. They are not read back as they were.
    """

    title = "CSV"
    suffix = ".csv"
    consumer = "spreadsheets; pandas, R, and anything else that reads tables"
    delimiter: ClassVar[str] = ","

    def __init__(
        self,
        columns: list[str] | None = None,
        probs: str | None = None,
        prefix: str = "",
        row_id: str = "",
        spreadsheet_safe: bool = False,
    ) -> None:
        super().__init__(columns, probs, prefix, row_id)
        self.spreadsheet_safe = spreadsheet_safe

    def sink(self, handle: BinaryIO) -> Sink:
        """See `TableExporter.sink`."""
        return DelimitedSink(handle, DelimitedForm(self.delimiter), safe=self.spreadsheet_safe)


class TsvExporter(CsvExporter):
    """See `CsvExporter`."""

    title = "TSV"
    suffix = ".tsv"
    delimiter = "\t"


class JsonlExporter(TableExporter):
    """See `TableExporter`; probabilities are a map unless ``probs`` says otherwise."""

    title = "JSON Lines"
    suffix = ".jsonl"
    consumer = "`datasets.load_dataset('json')`, pandas, jq"
    default_probs = "map"

    def sink(self, handle: BinaryIO) -> Sink:
        """See `TableExporter.sink`."""
        return JsonlSink(handle)


class ParquetExporter(TableExporter):
    """See `TableExporter`; types of columns are kept."""

    title = "Parquet"
    suffix = ".parquet"
    consumer = "pandas, polars, DuckDB, Spark; `datasets.load_dataset('parquet')`"

    def sink(self, handle: BinaryIO) -> Sink:
        """See `TableExporter.sink`."""
        return ParquetSink(handle)
