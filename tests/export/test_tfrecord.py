"""TFRecord files: framing and checksums by a reader of other people, examples by a protocol buffer, and TensorFlow itself."""

import struct

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, strategies as st

from tests.export.rows import HARD, LABELS, corpus_of, rows_of, write
from weaklabel.errors import ExportError
from weaklabel.export import open_labeled_file
from weaklabel.export.tfrecord import TfRecordExporter, example, record

crc32c = pytest.importorskip("crc32c")


def message_class():
    """Return tf.train.Example, as its protocol declares it."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tf_train", syntax="proto3")

    def message(parent, name, *fields):
        added = parent.add(name=name)
        for number, (field, label, kind, of) in enumerate(fields, 1):
            made = added.field.add(name=field, number=number, label=label, type=kind)
            if of:
                made.type_name = of
        return added

    one, many = kinds.LABEL_OPTIONAL, kinds.LABEL_REPEATED
    message(file.message_type, "BytesList", ("value", many, kinds.TYPE_BYTES, ""))
    message(file.message_type, "FloatList", ("value", many, kinds.TYPE_FLOAT, ""))
    message(file.message_type, "Int64List", ("value", many, kinds.TYPE_INT64, ""))
    feature = message(
        file.message_type,
        "Feature",
        ("bytes_list", one, kinds.TYPE_MESSAGE, ".tf_train.BytesList"),
        ("float_list", one, kinds.TYPE_MESSAGE, ".tf_train.FloatList"),
        ("int64_list", one, kinds.TYPE_MESSAGE, ".tf_train.Int64List"),
    )
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    features = message(
        file.message_type, "Features", ("feature", many, kinds.TYPE_MESSAGE, ".tf_train.Features.FeatureEntry")
    )
    entry = message(
        features.nested_type,
        "FeatureEntry",
        ("key", one, kinds.TYPE_STRING, ""),
        ("value", one, kinds.TYPE_MESSAGE, ".tf_train.Feature"),
    )
    entry.options.map_entry = True
    message(file.message_type, "Example", ("features", one, kinds.TYPE_MESSAGE, ".tf_train.Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tf_train.Example"))


EXAMPLE = message_class()


def table():
    """The table of CRC-32C, by the polynomial of Castagnoli."""
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 * (byte & 1)
        rows.append(byte)
    return rows


TABLE = table()


def masked(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8 & 0xFFFFFFFF


def records(path):
    """Read the records of a file, and check both checksums of each."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length, of_length) = struct.unpack_from("<QI", data, at)
        assert masked(data[at : at + 8]) == of_length
        body = data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length) == (masked(body),)
        at += length + 16
        yield body


def decoded(data):
    features = EXAMPLE.FromString(data).features.feature
    return {name: list(getattr(value, value.WhichOneof("kind")).value) for name, value in features.items()}


def test_examples(tmp_path):
    splits = ["train", "test", "train", "train", "train", "test", "train", "train", "train"]
    corpus = corpus_of(HARD, splits=splits)
    assert write(TfRecordExporter(), corpus, tmp_path / "out").rows == 6
    files = sorted((tmp_path / "out").glob("*.tfrecord"))
    assert [file.name for file in files] == ["test-00000-of-00001.tfrecord", "train-00000-of-00001.tfrecord"]
    rows = sorted((decoded(data) for file in files for data in records(file)), key=lambda row: row["id"])
    texts, preds, probs = rows_of(corpus)
    assert [row["text"][0].decode() for row in rows] == texts
    assert [row["label"] for row in rows] == [[pred] for pred in preds]
    assert np.allclose([row["probs"] for row in rows], probs)
    assert np.allclose([row["weight"][0] for row in rows], probs.max(axis=1))
    assert [row["id"] for row in rows] == [[str(row).encode()] for row in (1, 2, 4, 5, 7, 8)]
    assert (tmp_path / "out" / "classes.txt").read_text() == "ham\nspam\n"


def test_tensorboard_reads_the_records(tmp_path):
    stub = pytest.importorskip("tensorboard.compat.tensorflow_stub.pywrap_tensorflow")
    write(TfRecordExporter(), corpus_of(["a" * 300, "b"], [0, 1]), tmp_path / "out")
    reader = stub.PyRecordReader_New(str(tmp_path / "out" / "train-00000-of-00001.tfrecord"))
    reader.GetNext()
    assert decoded(reader.record())["text"] == [b"a" * 300]
    reader.GetNext()
    assert decoded(reader.record())["text"] == [b"b"]


@given(
    st.dictionaries(
        st.text(max_size=20),
        st.binary(max_size=200)
        | st.integers(-(2**63), 2**63 - 1)
        | st.lists(st.floats(width=32, allow_nan=False), max_size=5),
        max_size=5,
    )
)
def test_every_example_is_a_protocol_buffer(features):
    expected = {name: value if isinstance(value, list) else [value] for name, value in features.items()}
    assert decoded(example(features)) == expected
    framed = record(example(features))
    assert struct.unpack_from("<I", framed, len(framed) - 4) == (masked(example(features)),)


def test_without_probabilities(tmp_path):
    corpus = open_labeled_file({"text": ["a"], "label": ["spam"]}, labels=LABELS)
    write(TfRecordExporter(), corpus, tmp_path / "out")
    (data,) = records(tmp_path / "out" / "train-00000-of-00001.tfrecord")
    assert decoded(data) == {"text": [b"a"], "label": [1], "id": [b"0"]}


def test_refused():
    corpus = open_labeled_file({"text": ["a"], "label": ["two\nlines"]}, labels=["one", "two\nlines"])
    with pytest.raises(ExportError, match="has a line break"):
        TfRecordExporter().check_corpus(corpus)
    with pytest.raises(ExportError, match="max_mb must be more than 0"):
        TfRecordExporter(max_mb=0).check_corpus(corpus_of(["a"], [0]))


def test_tensorflow_reads_the_files(tmp_path):
    tf = pytest.importorskip("tensorflow")
    corpus = corpus_of(HARD)
    write(TfRecordExporter(), corpus, tmp_path / "out")
    spec = {
        "text": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "probs": tf.io.FixedLenFeature([2], tf.float32),
    }
    data = tf.data.TFRecordDataset([str(path) for path in sorted((tmp_path / "out").glob("train-*"))])
    rows = list(data.map(lambda row: tf.io.parse_single_example(row, spec)).as_numpy_iterator())
    texts, preds, probs = rows_of(corpus)
    assert [row["text"].decode() for row in rows] == texts
    assert [row["label"] for row in rows] == preds.tolist()
    assert np.allclose([row["probs"] for row in rows], probs)
