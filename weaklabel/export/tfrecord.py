"""TFRecord files of ``tf.train.Example``, written without TensorFlow.

A record is its length (8 bytes, little-endian), a masked CRC-32C of these, the data, and a masked CRC-32C of the data. An
``Example`` is a protocol buffer: a map from names to lists of bytes, floats or integers.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np

from weaklabel.corpus.row_ids import row_ids
from weaklabel.errors import ExportError
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.selection import confidence
from weaklabel.export.shards import ShardFile, Shards, check_max_mb
from weaklabel.support.files import write_text

Feature: TypeAlias = bytes | int | list[float]

_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
"""Fields of the message ``Feature``."""


class TfRecordExporter(CorpusExporter):
    """Writes ``SPLIT-00000-of-00002.tfrecord`` files with ``text``, ``label``, ``probs``, ``weight`` and ``id``.

    ``text`` and ``id`` are bytes in UTF-8, ``label`` is an integer, ``probs`` are k floats, ``weight`` is the probability of
    the label. ``classes.txt`` has the class names, one a line, by number.

    Parameters
    ----------
    max_mb
        Megabytes from which on another file is begun.
    """

    title = "TFRecord"
    writes_folder = True
    keeps_probs = True
    keeps_split = True
    packages: ClassVar[tuple[str, ...]] = ("crc32c",)
    install = "weaklabel[tfrecord]"
    consumer = "`tf.data.TFRecordDataset`"

    def __init__(self, max_mb: float = 100) -> None:
        self.max_mb = max_mb

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        check_max_mb(self.max_mb)
        broken = [name for name in corpus.labels if "\n" in name or "\r" in name]
        if broken:
            raise ExportError(f"the class {broken[0]!r} has a line break, which classes.txt cannot hold; rename it")

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        shards = Shards(target, ".tfrecord", lambda path: _RecordFile(path, corpus.has_probs), self.max_mb)
        rows = shards.write_all(corpus, f"writing {self.title}")
        write_text(target / "classes.txt", "".join(f"{name}\n" for name in corpus.labels))
        return ExportRecord(rows)


class _RecordFile(ShardFile):
    def __init__(self, path: Path, has_probs: bool) -> None:
        self.handle = path.open("wb")
        self.has_probs = has_probs

    def write(self, part: LabeledPart) -> int:
        """See `ShardFile.write`."""
        start = self.handle.tell()
        weights = np.nan_to_num(confidence(part), nan=1.0).tolist()
        rows = zip(
            part.texts,
            part.preds.tolist(),
            part.probs.tolist(),
            weights,
            row_ids(part.frame, part.rows.tolist()),
            strict=True,
        )
        for text, label, probs, weight, row_id in rows:
            features: dict[str, Feature] = {"text": text.encode(), "label": label, "id": row_id.encode()}
            if self.has_probs:
                features |= {"probs": probs, "weight": [weight]}
            self.handle.write(record(example(features)))
        return self.handle.tell() - start

    def close(self) -> None:
        """See `ShardFile.close`."""
        self.handle.close()


def record(data: bytes) -> bytes:
    """Frame the data of one record."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _masked_crc(length), data, _masked_crc(data)))


def _masked_crc(data: bytes) -> bytes:
    import crc32c

    crc = crc32c.crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def example(features: Mapping[str, Feature]) -> bytes:
    """Return a ``tf.train.Example``; equal features give equal bytes."""
    entries = (
        _field(1, _field(1, name.encode()) + _field(2, _feature(value))) for name, value in sorted(features.items())
    )
    return _field(1, b"".join(entries))


def _feature(value: Feature) -> bytes:
    if isinstance(value, bytes):
        return _field(_BYTES_LIST, _field(1, value))
    if isinstance(value, int):
        return _field(_INT64_LIST, _field(1, _varint(value)))
    return _field(_FLOAT_LIST, _field(1, struct.pack(f"<{len(value)}f", *value)))


def _field(number: int, data: bytes) -> bytes:
    """Return a field of the wire type 2: data after its length."""
    return b"".join((_varint(number << 3 | 2), _varint(len(data)), data))


def _varint(value: int) -> bytes:
    """Return a number in groups of 7 bits, the lowest first; a negative one in two's complement of 64 bits."""
    value &= (1 << 64) - 1
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
