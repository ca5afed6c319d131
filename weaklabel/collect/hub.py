"""Data sets of Hugging Face as a source of documents: by name, or from a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from weaklabel.collect.blobs import TABLE, Blob
from weaklabel.collect.decoding import Unreadable
from weaklabel.collect.prepared import keep_if_same
from weaklabel.collect.reading import rejected
from weaklabel.collect.source import Document, DocumentSource, Item, Rejected
from weaklabel.collect.tables import open_table, read_table
from weaklabel.config import CollectSettings
from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError, require
from weaklabel.support.files import atomic_path, write_json
from weaklabel.support.progress import stage
from weaklabel.support.warn import warn

_DONE = "splits.json"
_MEDIA = ("Audio", "Image", "Nifti", "Pdf", "Video")
_SPEC = re.compile(r"hf:(?P<name>[^:@]+)(?::(?P<config>[^@]+))?(?:@(?P<revision>.+))?", re.IGNORECASE)


@dataclass(frozen=True)
class HubSource(DocumentSource):
    """A data set of the Hugging Face hub, ``hf:NAME``, ``hf:NAME:CONFIG`` or ``hf:NAME@REVISION``, or of a folder.

    All splits are read, one after the other; column ``split`` says which. Classes are given by their names. Columns of
    pictures, sound and the like are left out. The data set is loaded once, and copied to the folder of the job, so that every
    worker reads the same.

    Parameters
    ----------
    data
        Name of the data set, or path of a folder.
    config, revision
        Which of its configurations, and of its versions.
    collecting
        How rows are read.
    """

    data: str
    config: str | None
    revision: str | None
    collecting: CollectSettings

    schemes: ClassVar[tuple[str, ...]] = ("hf",)

    @classmethod
    def open(cls, spec: str, settings: CollectSettings) -> Self:
        """Make the source; see `DocumentSource`.

        Raises
        ------
        CorpusError
            It names no data set.
        """
        if is_saved_dataset(Path(spec)):
            return cls(spec, None, None, settings)
        named = _SPEC.fullmatch(spec)
        if named is None:
            raise CorpusError(f"{spec} names no data set: give hf:NAME, hf:NAME:CONFIG, hf:NAME@REVISION or hf:FOLDER")
        return cls(named["name"], named["config"], named["revision"], settings)

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name as it was given."""
        if self._folder is not None and is_saved_dataset(self._folder):
            return self.data
        config = "" if self.config is None else f":{self.config}"
        return f"hf:{self.data}{config}" + ("" if self.revision is None else f"@{self.revision}")

    @property
    def _folder(self) -> Path | None:
        return Path(self.data) if Path(self.data).is_dir() else None

    def settings(self) -> dict[str, Any]:
        """Return what decides which documents there are: for a folder, its files."""
        if self._folder is None:
            return {}
        files = sorted(path for path in self._folder.rglob("*") if path.is_file())
        return {"files": [[path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns] for path in files]}

    def files(self) -> Iterable[Path]:
        """Return the folder, if it is one."""
        return [] if self._folder is None else [self._folder]

    def prepare(self, folder: Path) -> None:
        """Load the data set, and copy its splits.

        Raises
        ------
        CorpusError
            It cannot be loaded.
        """
        keep_if_same(folder, [self.name, self.settings()])
        if (folder / _DONE).exists():
            return
        with stage(f"loading {self.name}"):
            splits = self._load()
            described = []
            for number, (split, data) in enumerate(splits.items()):
                media = [name for name, feature in data.features.items() if type(feature).__name__ in _MEDIA]
                if media:
                    warn(f"{self.name}: {', '.join(media)} hold no text and are left out")
                with atomic_path(_copy(folder, number)) as path:
                    data.remove_columns(media).to_parquet(str(path))
                classes = {
                    name: feature.names for name, feature in data.features.items() if hasattr(feature, "int2str")
                }
                described.append({"split": split, "classes": classes})
        write_json(folder / _DONE, described)

    def _load(self) -> Mapping[str, Any]:
        datasets = require("datasets", "weaklabel[datasets]", "reading data sets of Hugging Face")
        datasets.disable_progress_bars()
        try:
            if self._folder is not None and is_saved_dataset(self._folder):
                loaded = datasets.load_from_disk(self.data)
            else:
                loaded = datasets.load_dataset(self.data, self.config, revision=self.revision)
        except Exception as error:  # its own, of the hub's client, of pyarrow, of the network
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise CorpusError(f"cannot load the data set {self.name}: {reason}") from None
        return loaded if isinstance(loaded, dict) else {"": loaded}

    def items(self, folder: Path) -> Iterator[Item | Rejected]:
        """Give the splits in pieces; before `prepare`, one item for all."""
        if not (folder / _DONE).exists():
            yield Item(self.data, kind="row")
            return
        for number, split in enumerate(self._splits(folder)):
            path = _copy(folder, number)
            try:
                parts = [part.part for part in open_table(path, self.name, self.collecting, "parquet").parts()]
            except Unreadable as unreadable:
                raise CorpusError(f"{self.name}: {unreadable.reason}") from None
            size = path.stat().st_size
            rows = max(1, sum(part.n_rows for part in parts))
            for part in parts:
                where = {"split": number, "part": part.to_dict()}
                yield Item(f"{split['split']}#{part.number}", "", "row", size * part.n_rows // rows, where)

    def read(self, item: Item, folder: Path) -> Iterator[Document | Rejected]:
        """Read a piece of a split."""
        number = item.where["split"]
        split = self._splits(folder)[number]
        of_split = {"split": split["split"]} if split["split"] else {}
        source = self.name + (f"/{split['split']}" if split["split"] else "")
        blob = Blob(source, TABLE, None, _copy(folder, number), None, of_split)
        try:
            for document in read_table(blob, self.collecting, [Part.from_dict(item.where["part"])], "parquet"):
                yield document if isinstance(document, Rejected) else _with_names(document, split["classes"])
        except Unreadable as unreadable:
            yield rejected(blob, unreadable)

    def _splits(self, folder: Path) -> list[dict[str, Any]]:
        splits: list[dict[str, Any]] = json.loads((folder / _DONE).read_text(encoding="utf-8"))
        return splits


def is_saved_dataset(folder: Path) -> bool:
    """Return whether a folder is what ``save_to_disk`` of the package datasets writes."""
    if (folder / "dataset_dict.json").is_file():
        return True
    return (folder / "dataset_info.json").is_file() and (folder / "state.json").is_file()


def _copy(folder: Path, number: int) -> Path:
    return folder / f"split-{number}.parquet"


def _with_names(document: Document, classes: Mapping[str, list[str]]) -> Document:
    """Return a row with the names of classes in the place of their numbers; -1 is none."""
    named = {
        name: classes[name][value] if 0 <= value < len(classes[name]) else None
        for name, value in document.columns.items()
        if name in classes and isinstance(value, int)
    }
    return replace(document, columns={**document.columns, **named}) if named else document
