"""A folder that the package ``datasets`` loads: classes as ClassLabel, probabilities as lists, files by split."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from weaklabel.errors import ExportError, require
from weaklabel.export.columns import TableColumns
from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Task
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.shards import ShardFile, Shards, check_max_mb
from weaklabel.export.spans import check_tokens_column, tagged_words
from weaklabel.units import tag_names

LAYOUTS = ("parquet", "arrow")
"""Files that ``load_dataset(FOLDER)`` reads, as the hub has them, or those that ``load_from_disk(FOLDER)`` reads."""

DATA = "data"
"""The folder in which ``load_dataset`` looks for files that are named after splits."""


class DatasetExporter(CorpusExporter):
    """Writes a data set of the package ``datasets``: ``label`` is a ClassLabel, ``probs`` a list of k numbers.

    Of spans it has ``tokens`` and ``ner_tags``, a list of ClassLabel with the tags O, B- and I-; ``spans`` with their exact
    places; and ``confidence``, the least probability of a row's spans. Tokens are the words that weaklabel finds, cut where a
    span begins or ends within one.

    Parameters
    ----------
    columns
        Columns of the corpus that are written; all of them if not given.
    layout
        ``parquet``, for ``load_dataset(FOLDER)`` and the hub; or ``arrow``, for ``load_from_disk(FOLDER)``, as
        ``save_to_disk`` writes it.
    probs
        Probabilities as a ``list``, as ``columns`` (``p_spam``), as a ``map`` from class to number, or ``none``.
    prefix
        Before the name of each new column.
    row_id
        Name of a new column with an id of each row; none if not given.
    max_mb
        Megabytes of data from which on another file is begun.
    tokens
        Of spans: column with the tokens of each row, in place of found words: lists, or JSON text of lists.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("texts", "spans")
    title = "Hugging Face data set"
    writes_folder = True
    keeps_probs = True
    keeps_split = True
    consumer = "`datasets.load_dataset` or `load_from_disk`, the Hugging Face hub"
    install: ClassVar[str] = "weaklabel[datasets]"

    def __init__(
        self,
        columns: list[str] | None = None,
        layout: str = "parquet",
        probs: str = "list",
        prefix: str = "",
        row_id: str = "",
        max_mb: float = 400,
        tokens: str = "",
    ) -> None:
        self.columns = columns
        self.layout = layout
        self.probs = probs
        self.prefix = prefix
        self.row_id = row_id
        self.max_mb = max_mb
        self.tokens = tokens

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        check_max_mb(self.max_mb)
        columns = self._columns(corpus)
        if corpus.task == "spans":
            check_tokens_column(corpus, self.tokens)
            kept = corpus.schema if self.columns is None else self.columns
            if clash := [name for name in _tag_columns(columns) if name in kept]:
                raise ExportError(
                    f"{corpus.name} has a column '{clash[0]}' already, which the export adds: give the new columns a prefix "
                    "(prefix=weak_), or say which columns are written (columns)"
                )
        if self.layout not in LAYOUTS:
            raise ExportError(f"layout: '{self.layout}' is none of {', '.join(LAYOUTS)}")
        if self.layout == "arrow":
            require("datasets", self.install, "the layout 'arrow'")

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        columns, data = self._columns(corpus), target / DATA
        data.mkdir()
        kind = _ArrowFile if self.layout == "arrow" else _ParquetFile
        shards = Shards(data, f".{self.layout}", lambda path: kind(path, columns, self.tokens), self.max_mb)
        rows = shards.write_all(corpus, f"writing {self.title}")
        if self.layout == "arrow":
            _save_to_disk(shards.files, target, self.max_mb)
            shutil.rmtree(data)
        return ExportRecord(rows)

    def data_files(self, files: Mapping[str, str]) -> Mapping[str, str]:
        """See `CorpusExporter.data_files`; ``load_dataset`` finds the splits by the names of files."""
        return {}

    def _columns(self, corpus: LabeledCorpus) -> TableColumns:
        return TableColumns(corpus, self.probs, self.prefix, self.columns, self.row_id)


def _tag_columns(columns: TableColumns) -> tuple[str, str]:
    return columns.prefix + "tokens", columns.prefix + "ner_tags"


def _tags_of_spans(part: LabeledPart, columns: TableColumns, tokens: str) -> list[pl.Series]:
    """Return the tokens of rows, and their tags by number."""
    tagged = tagged_words(part, columns.corpus, tokens)
    bounds = tagged.words.offsets.tolist()
    words, tags = tagged.words.texts(part.texts), tagged.tags.tolist()
    lists: list[tuple[Any, pl.DataType]] = [(words, pl.List(pl.String)), (tags, pl.List(pl.Int64))]
    return [
        pl.Series(name, [values[begin:end] for begin, end in pairwise(bounds)], dtype=dtype)
        for name, (values, dtype) in zip(_tag_columns(columns), lists, strict=True)
    ]


def dataset_table(part: LabeledPart, columns: TableColumns, tokens: str = "") -> Any:
    """Return rows as an Arrow table, whose metadata tells ``datasets`` what its types do not: the class names."""
    import pyarrow as pa

    label, k = columns.label, len(columns.corpus.labels)
    described: dict[str, Any] = {label: {"names": list(columns.corpus.labels), "_type": "ClassLabel"}}
    if part.spans is not None:
        new = columns.new(part).with_columns(_tags_of_spans(part, columns, tokens))
        tag_type = {"names": tag_names(columns.corpus.labels), "_type": "ClassLabel"}
        described = {_tag_columns(columns)[1]: {"feature": tag_type, "_type": "Sequence"}}
    else:
        new = columns.new(part).with_columns(pl.Series(label, part.preds.astype(np.int64)))
    frame = pl.concat([columns.kept(part.frame), new], how="horizontal")
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    fields = []
    for field in table.schema:
        # As data sets usually have them: those of another type could not be joined with others.
        kind = pa.string() if field.type == pa.large_string() else field.type
        kind = kind if part.spans is None else _usual(kind)
        fields.append(field.with_type(pa.list_(pa.float64(), k) if pa.types.is_fixed_size_list(kind) else kind))
    table = table.cast(pa.schema(fields))
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": described}})})


def _usual(kind: Any) -> Any:
    """Return a type of Arrow with short strings and lists in place of large ones, within lists and structs, too."""
    import pyarrow as pa

    if kind == pa.large_string():
        return pa.string()
    if pa.types.is_large_list(kind):
        return pa.list_(_usual(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_usual(field.type)) for field in kind])
    return kind


class _ParquetFile(ShardFile):
    def __init__(self, path: Path, columns: TableColumns, tokens: str) -> None:
        self.path = path
        self.columns = columns
        self.tokens = tokens
        self.writer: Any = None

    def write(self, part: LabeledPart) -> int:
        """See `ShardFile.write`."""
        import pyarrow.parquet as pq

        table = dataset_table(part, self.columns, self.tokens)
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self.writer.write_table(table)
        return int(table.nbytes)

    def close(self) -> None:
        """See `ShardFile.close`."""
        if self.writer is not None:
            self.writer.close()


class _ArrowFile(ShardFile):
    def __init__(self, path: Path, columns: TableColumns, tokens: str) -> None:
        self.handle = path.open("wb")
        self.columns = columns
        self.tokens = tokens
        self.writer: Any = None

    def write(self, part: LabeledPart) -> int:
        """See `ShardFile.write`."""
        import pyarrow as pa

        table = dataset_table(part, self.columns, self.tokens)
        if self.writer is None:
            self.writer = pa.ipc.new_stream(self.handle, table.schema)
        self.writer.write_table(table)
        return int(table.nbytes)

    def close(self) -> None:
        """See `ShardFile.close`."""
        if self.writer is not None:
            self.writer.close()
        self.handle.close()


def _save_to_disk(files: Mapping[str, Sequence[Path]], folder: Path, max_mb: float) -> None:
    """Let ``datasets`` write the layout of its own from Arrow files, which it maps into memory."""
    import datasets

    datasets.disable_progress_bars()
    splits = {
        split: datasets.concatenate_datasets([datasets.Dataset.from_file(str(path)) for path in paths])
        for split, paths in files.items()
    }
    datasets.DatasetDict(splits).save_to_disk(str(folder), max_shard_size=max(1, int(max_mb * 1_000_000)))
