"""Transforms of a corpus: parts, processes, rejects, rows taken back, resumed jobs."""

import codecs
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from weaklabel.corpus import read_corpus
from weaklabel.corpus.transform import PLACE, SOURCE, STEPS, Drop, Transform, Transformed
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.job import transform_job as job
from weaklabel.job.engine import LocalEngine
from weaklabel.job.transform import transform_file, transform_into, transform_rows
from weaklabel.support.mapped import save_npy


@dataclass(frozen=True)
class Shout(Transform):
    """Changes texts to upper case, adds their length, and drops those that hold a word."""

    name: ClassVar[str] = "shout"
    word: str = "drop"
    text: tuple[str, ...] = ("text",)

    def settings(self):
        return {"word": self.word}

    def new_columns(self, schema):
        return {"length": pl.Int64()}

    def apply(self, frame, first_row, folder):
        texts = frame["text"].fill_null("")
        loud = texts.str.to_uppercase()
        drops = [Drop(row, "word", f"it holds '{self.word}'") for row in np.flatnonzero(texts.str.contains(self.word))]
        return Transformed(
            frame.with_columns(text=loud, length=texts.str.len_chars().cast(pl.Int64)),
            drops,
            {"case": (texts != loud).to_numpy()},
            {"characters": int(texts.str.len_chars().sum())},
        )


@dataclass(frozen=True)
class AboveMean(Transform):
    """Keeps the rows whose number is above the mean of all."""

    name: ClassVar[str] = "above"
    surveys: ClassVar[bool] = True
    text: tuple[str, ...] = ("text",)

    def settings(self):
        return {}

    def survey(self, frame, first_row, folder):
        save_npy(folder / "numbers.npy", frame["number"].cast(pl.Int64).to_numpy())

    def decide(self, folders, read, folder):
        numbers = np.concatenate([np.load(part / "numbers.npy") for part in folders])
        assert numbers.tolist() == [
            int(number) for part in range(len(folders)) for number in read(part)["number"].to_list()
        ]
        save_npy(folder / "mean.npy", np.array(numbers.mean()))
        return {"mean": float(numbers.mean())}

    def apply(self, frame, first_row, folder):
        mean = float(np.load(folder / "mean.npy"))
        rows = np.flatnonzero(frame["number"].cast(pl.Int64).to_numpy() <= mean)
        return Transformed(frame, [Drop(int(row), "low", "not above the mean") for row in rows])


@dataclass(frozen=True)
class Stars(Transform):
    """Masks digits."""

    name: ClassVar[str] = "stars"
    masks: ClassVar[bool] = True
    text: tuple[str, ...] = ("text",)

    def settings(self):
        return {}

    def apply(self, frame, first_row, folder):
        masked = frame["text"].str.replace_all(r"\d", "*")
        drops = [Drop(row, "gone", "asked for") for row in np.flatnonzero(frame["text"].str.contains("gone"))]
        return Transformed(frame.with_columns(text=masked), drops, {"digits": (masked != frame["text"]).to_numpy()})

    def mask(self, text):
        return "".join("*" if letter.isdigit() else letter for letter in text)


@dataclass(frozen=True)
class StarsEverywhere(Stars):
    """Masks digits in all columns."""

    def apply(self, frame, first_row, folder):
        return Transformed(frame.with_columns(pl.all().str.replace_all(r"\d", "*")))


def corpus_of(path: Path, n: int = 35_000) -> Path:
    words = ["please drop this", "hello there", "a third text of more words"]
    rows = "".join(f"{words[row % 3]} {row},{row}\n" for row in range(n))
    path.write_text("text,number\n" + rows, encoding="utf-8")
    return path


def test_rows_are_changed_dropped_and_counted(tmp_path):
    path = corpus_of(tmp_path / "in.csv", 9)
    done = transform_file(read_corpus(path), Shout(), tmp_path / "out.csv")
    assert (done.rows, done.kept, done.dropped, done.changed) == (9, 6, {"word": 3}, {"case": 6})
    out = pl.read_csv(tmp_path / "out.csv")
    assert out.columns == ["text", "number", "length"]
    assert out["text"].to_list()[0] == "HELLO THERE 1" and out["number"].to_list() == [1, 2, 4, 5, 7, 8]
    rejects = [json.loads(line) for line in Path(done.rejects_file).read_text().splitlines()]
    assert rejects[1] == {
        "row": 4,
        "source": str(path),
        "place": "row 4",
        "step": "shout",
        "rule": "word",
        "reason": "it holds 'drop'",
        "record": {"text": "please drop this 3", "number": "3"},
    }
    assert len(done.examples["word"]) == 3
    assert done.examples["case"][0] == {"before": "hello there 1", "after": "HELLO THERE 1"}
    assert not (tmp_path / "out.csv.job").exists()


@pytest.mark.parametrize("transform", [Shout(), AboveMean()])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet"])
def test_the_number_of_processes_and_the_size_of_parts_make_no_difference(tmp_path, monkeypatch, transform, suffix):
    path = corpus_of(tmp_path / "in.csv")
    results = []
    for name, workers, rows in (("a", 1, 10_000), ("b", 2, 10_000), ("c", 1, 100_000)):
        monkeypatch.setattr(job, "PART_ROWS", rows)
        out = tmp_path / name / f"out.{suffix}"
        out.parent.mkdir()
        done = transform_file(read_corpus(path), transform, out, engine=LocalEngine(workers))
        content = pl.read_parquet(out).to_dicts() if suffix == "parquet" else out.read_bytes()
        counts = {name: value for name, value in done.to_dict().items() if name not in ("out", "rejects_file")}
        results.append((content, counts, done.rejects_file.read_bytes()))
    assert results[0] == results[1] == results[2]
    assert results[0][1]["rows"] == 35_000


def test_a_compressed_input_is_unpacked_for_processes(tmp_path):
    import gzip

    path = corpus_of(tmp_path / "in.csv")
    packed = tmp_path / "in.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    done = transform_file(read_corpus(packed), Shout(), tmp_path / "out.csv", engine=LocalEngine(2))
    assert done.kept == transform_rows(read_corpus(path), Shout()).kept
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.csv",
        "in.csv.gz",
        "out.csv",
        "out.csv.rejects.jsonl",
    ]


def test_rows_are_taken_back(tmp_path):
    path = corpus_of(tmp_path / "in.csv", 9)
    first = transform_file(read_corpus(path), Shout(), tmp_path / "out.csv")
    wanted = tmp_path / "wanted.jsonl"
    wanted.write_text(first.rejects_file.read_text().splitlines()[1] + "\n")
    second = transform_file(read_corpus(path), Shout(), tmp_path / "out.csv", keep=[wanted])
    assert (second.kept, second.taken_back, second.dropped) == (7, 1, {"word": 2})
    assert "PLEASE DROP THIS 3" in (tmp_path / "out.csv").read_text()


def test_rejects_with_line_breaks_of_unicode_are_taken_back(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"text": "drop \u2028 \x85 \x1c"}) + "\n" + json.dumps({"text": "good"}) + "\n")
    out = tmp_path / "out.jsonl"
    assert transform_file(read_corpus(source), Shout(), out).kept == 1
    rows = Path(f"{out}.rejects.jsonl").rename(tmp_path / "rows.jsonl")
    done = transform_file(read_corpus(source), Shout(), out, keep=[rows])
    assert (done.kept, done.taken_back, done.not_taken_back) == (2, 1, 0)


def test_rows_to_keep_that_are_not_dropped_are_counted(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"source": "in.csv", "place": "row 900"}\n')
    done = transform_rows(read_corpus(corpus_of(tmp_path / "in.csv", 10)), Shout(), keep=[rows])
    assert (done.taken_back, done.not_taken_back) == (0, 1)


def alike(path, n, rows):
    """Write a corpus of which several rows have the same source and place; return its path."""
    texts = [f"drop it {row}" if row in rows else f"good {row}" for row in range(n)]
    pl.DataFrame({"text": texts, SOURCE: ["a.txt"] * n, PLACE: ["page 1"] * n}).write_parquet(path)
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_of_rows_from_one_place_only_the_one_that_is_asked_for_is_taken_back(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(job, "PART_ROWS", 10)
    corpus = read_corpus(alike(tmp_path / "in.parquet", 40, {3, 4, 15, 39}))
    out = tmp_path / "out.parquet"
    assert transform_file(corpus, Shout(), out).dropped == {"word": 4}
    lines = Path(f"{out}.rejects.jsonl").read_text().splitlines()
    (tmp_path / "one.jsonl").write_text(lines[2] + "\n")
    (tmp_path / "two.jsonl").write_text("\n".join([lines[1], lines[3], lines[1]]) + "\n")
    engine = LocalEngine(workers)
    done = transform_file(corpus, Shout(), out, keep=[tmp_path / "one.jsonl"], engine=engine)
    assert (done.kept, done.taken_back, done.not_taken_back) == (37, 1, 0)
    assert pl.read_parquet(out)["text"].str.starts_with("DROP").arg_true().to_list() == [13]
    assert len(done.rejects_file.read_text().splitlines()) == 3 == sum(done.dropped.values())
    done = transform_file(corpus, Shout(), out, keep=[tmp_path / "two.jsonl"], engine=engine)
    assert (done.kept, done.taken_back) == (38, 2)
    assert pl.read_parquet(out).filter(pl.col("text").str.starts_with("DROP"))["text"].to_list() == [
        "DROP IT 4",
        "DROP IT 39",
    ]


def test_rows_that_moved_are_taken_back_where_their_place_tells_them(tmp_path):
    line = json.dumps({"row": 9, "source": "a.txt", "place": "page 1", "record": {}})
    (tmp_path / "keep.jsonl").write_text(line + "\n")
    done = transform_rows(read_corpus(alike(tmp_path / "one.parquet", 9, {2})), Shout(), keep=[tmp_path / "keep.jsonl"])
    assert (done.kept, done.taken_back) == (9, 1)
    several = read_corpus(alike(tmp_path / "two.parquet", 8, {2, 5}))
    with pytest.raises(
        CorpusError, match=r"cannot be told from others: 2 rows that are dropped are from a\.txt, page 1"
    ):
        transform_rows(several, Shout(), keep=[tmp_path / "keep.jsonl"])


def test_which_rows_are_taken_back_is_the_same_after_an_interruption(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "PART_ROWS", 10)
    corpus = read_corpus(alike(tmp_path / "in.parquet", 50, {3, 4, 15, 26, 39}))
    expected, out = tmp_path / "expected.parquet", tmp_path / "out.parquet"
    transform_file(corpus, Shout(), expected)
    lines = Path(f"{expected}.rejects.jsonl").read_text().splitlines()
    keep = tmp_path / "keep.jsonl"
    keep.write_text("\n".join([lines[1], lines[3], lines[1]]) + "\n")
    transform_file(corpus, Shout(), expected, keep=[keep])
    apply = job.TransformJob._apply
    for at in range(1, 9):
        count = 0

        def stopping(self, part, rows, at=at):
            nonlocal count
            count += 1
            if count == at:
                raise KeyboardInterrupt
            return apply(self, part, rows)

        monkeypatch.setattr(job.TransformJob, "_apply", stopping)
        try:
            transform_file(corpus, Shout(), out, keep=[keep])
        except KeyboardInterrupt:
            monkeypatch.setattr(job.TransformJob, "_apply", apply)
            transform_file(corpus, Shout(), out, keep=[keep])
        assert out.read_bytes() == expected.read_bytes()


def test_a_file_that_holds_no_rejects_is_refused(tmp_path):
    path = corpus_of(tmp_path / "in.csv", 9)
    (tmp_path / "wanted.jsonl").write_text('{"text": "hello"}\n')
    with pytest.raises(CorpusError, match=r"wanted\.jsonl, line 1: not a line of a file of rejects"):
        transform_file(read_corpus(path), Shout(), tmp_path / "out.csv", keep=[tmp_path / "wanted.jsonl"])
    with pytest.raises(CorpusError, match="cannot read the rows to keep"):
        transform_file(read_corpus(path), Shout(), tmp_path / "out.csv", keep=[tmp_path / "missing.jsonl"])


def test_provenance_names_the_rules_that_changed_a_row():
    rows = {"text": ["hello", "LOUD"], SOURCE: ["a.txt", "b.txt"], PLACE: ["", ""], STEPS: ["collect", None]}
    done = transform_rows(read_corpus(pl.DataFrame(rows)), Shout())
    assert done.frame[STEPS].to_list() == ["collect; shout: case", ""]


def test_provenance_names_rejects(tmp_path):
    rows = {"text": ["drop it", "x"], SOURCE: ["a.txt", "b.txt"], PLACE: ["page 2", ""]}
    done = transform_file(read_corpus(pl.DataFrame(rows)), Shout(), tmp_path / "out.parquet")
    reject = json.loads(done.rejects_file.read_text())
    assert (reject["source"], reject["place"]) == ("a.txt", "page 2")


def test_records_that_cannot_be_read_are_rejects(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('text,number\nhello,1\n"a" b,2,3,4\nbye,3\n')
    done = transform_file(read_corpus(path), Shout(), tmp_path / "out.csv")
    assert (done.rows, done.kept, done.unreadable) == (2, 2, 1)
    reject = json.loads(done.rejects_file.read_text())
    assert (reject["rule"], reject["place"], reject["raw"]) == ("unreadable", "line 3", '"a" b,2,3,4')


def test_rows_that_are_masked_are_never_shown_as_they_were(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,number\nroom 4711,1\ngone 4712,2\nroom 4713,1,2,3\n")
    done = transform_file(read_corpus(path), Stars(), tmp_path / "out.csv")
    shown = json.dumps(done.to_dict()) + done.rejects_file.read_text() + (tmp_path / "out.csv").read_text()
    assert "471" not in shown and "gone ****" in shown


def test_an_earlier_step_shows_rows_as_a_later_one_masks_them(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,number\ndrop room 4711,1\nhello 4712,2\nroom 4713,1,2,3\n")
    done = transform_into(
        read_corpus(path), Shout(), tmp_path / "out.parquet", tmp_path / "r.jsonl", tmp_path, protect=Stars()
    )
    shown = json.dumps(done.to_dict()) + (tmp_path / "r.jsonl").read_text()
    assert "471" not in shown and "drop room ****" in shown
    assert pl.read_parquet(tmp_path / "out.parquet")["text"].to_list() == ["HELLO 4712"]


def test_a_column_that_is_there_already_is_an_error_before_any_work(tmp_path):
    corpus = read_corpus(pl.DataFrame({"text": ["a"], "length": [1]}))
    with pytest.raises(CorpusError, match="already has a column 'length', which 'shout' adds"):
        transform_file(corpus, Shout(), tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Failing(Shout):
    """Fails on one row, as long as a file is there."""

    trap: str = ""

    def apply(self, frame, first_row, folder):
        with Path(f"{self.trap}.calls").open("a") as calls:
            calls.write(f"{first_row}\n")
        if Path(self.trap).exists() and first_row:
            raise CorpusError("caught")
        return super().apply(frame, first_row, folder)


def test_an_interrupted_job_resumes_with_the_same_bytes(tmp_path):
    path = corpus_of(tmp_path / "in.csv")
    trap = tmp_path / "trap"
    trap.touch()
    transform, out = Failing(trap=str(trap)), tmp_path / "out.csv"
    with pytest.raises(CorpusError, match="caught"):
        transform_file(read_corpus(path), transform, out)
    assert not out.exists()
    trap.unlink()
    transform_file(read_corpus(path), transform, out)
    calls = Path(f"{trap}.calls").read_text().split()
    assert calls.count("0") == 1 and len(calls) == len(set(calls)) + 1
    transform_file(read_corpus(path), Shout(), tmp_path / "other.csv")
    assert out.read_bytes() == (tmp_path / "other.csv").read_bytes()
    assert not (tmp_path / "out.csv.job").exists()


RECORDS = (
    '{"text":"one","n":1.50,"big":12345678901234567890123,"yes":true,"of":{"k":[1,"x"]},"none":null}',
    '{"text": "TWO", "more": ["\\u00e9"]}',
    '{"text":7,"n":"12"}',
    '{"text":"drop"}',
)
"""Records of JSON with values that are no text."""


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_no_text_in_json_stays_so(tmp_path, workers):
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(RECORDS) + "\n")
    out = tmp_path / "out.jsonl"
    transform_file(read_corpus(source), Shout(), out, engine=LocalEngine(workers))
    assert out.read_text() == (
        '{"text": "ONE", "n": 1.50, "big": 12345678901234567890123, "yes": true, "of": {"k":[1,"x"]}, "none": null, '
        '"length": 3}\n'
        '{"text": "TWO", "more": ["\\u00e9"], "length": 3}\n'
        '{"text":7,"n":"12", "length": 1}\n'
    )
    array = tmp_path / "out.json"
    transform_file(read_corpus(source), Shout(), array)
    assert json.loads(array.read_text()) == [json.loads(line) for line in out.read_text().splitlines()]


def test_values_that_are_masked_within_json_are_json(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text":"a 1","n":5,"of":{"k":"a 1"}}\n')
    transform_file(read_corpus(source), StarsEverywhere(), tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {"text": "a *", "n": "*", "of": {"k": "a *"}}


def test_rows_on_standard_output_are_in_the_format_of_the_corpus(tmp_path, capfd):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text":"a","n":1}\n')
    transform_file(read_corpus(source), Shout(), "-")
    assert capfd.readouterr().out == '{"text": "A", "n": 1, "length": 1}\n'


def test_csv_keeps_its_delimiter(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("text;n\na, b;1\nc;2\n")
    transform_file(read_corpus(source), Shout(), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "text;n;length\nA, B;1;4\nC;2;1\n"
    transform_file(read_corpus(source), Shout(), tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text().startswith("text\tn\tlength\n")


@pytest.mark.parametrize(
    ("content", "how", "expected"),
    [
        (b"text,n\r\na,1\r\n", {}, b"text,n,length\r\nA,1,1\r\n"),
        (b'text,n\r\n"a\r\nb",1\r\n', {}, b'text,n,length\r\n"A\r\nB",1,4\r\n'),
        (b"\xef\xbb\xbftext,n\na,1\n", {}, b"\xef\xbb\xbftext,n,length\nA,1,1\n"),
        (
            codecs.BOM_UTF16_LE + "text,n\r\né,1\r\n".encode("utf-16-le"),
            {},
            "\ufefftext,n,length\r\nÉ,1,1\r\n".encode(),
        ),
        (b"text;n\r'a;b';1\r", {"quote_char": "'"}, b"text;n;length\r'A;B';1;3\r"),
        (b"a,1\n", {"header": False, "columns": ["text", "n"]}, b"A,1,1\n"),
        (b"sep=;\r\ntext;n\r\na;1\r\n", {}, b"sep=;\r\ntext;n;length\r\nA;1;1\r\n"),
    ],
)
def test_csv_is_written_as_it_was_read(tmp_path, content, how, expected):
    """Line ends, byte order mark, quotes, and whether there is a header; the encoding becomes UTF-8."""
    (tmp_path / "in.csv").write_bytes(content)
    transform_file(read_corpus(tmp_path / "in.csv", **how), Shout(), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == expected
    again = {name: value for name, value in how.items() if name != "columns"}
    read_corpus(tmp_path / "out.csv", text=(), **again)


def test_a_full_disk_is_an_error_in_words(tmp_path):
    resource = pytest.importorskip("resource")
    corpus = read_corpus(corpus_of(tmp_path / "in.csv", 2_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))  # larger files cannot be written, as on a full disk
    try:
        with pytest.raises(WeakLabelError, match=r"^cannot write .*: File too large"):
            transform_file(corpus, Shout(), tmp_path / "out.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_while_rows_are_surveyed(tmp_path):
    resource = pytest.importorskip("resource")
    corpus = read_corpus(corpus_of(tmp_path / "in.csv", 2_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(WeakLabelError, match=r"^cannot write .*: File too large"):
            transform_file(corpus, AboveMean(), tmp_path / "out.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("transform", [Shout(), AboveMean()])
def test_names_of_files_are_no_patterns(tmp_path, transform):
    folder = tmp_path / "copy [1] of *?"
    folder.mkdir()
    out = folder / "out\x1b[31m.csv"
    transform_file(read_corpus(corpus_of(folder / "in[2].csv", 50)), transform, out)
    assert out.read_text().startswith("text,number")


def test_no_rows(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,number\n")
    for transform in (Shout(), Stars()):
        done = transform_file(read_corpus(path), transform, tmp_path / "out.csv")
        assert (done.rows, done.kept, done.rejects_file) == (0, 0, None)
        assert (tmp_path / "out.csv").read_text().startswith("text,number")


def test_the_input_is_no_output(tmp_path):
    path = corpus_of(tmp_path / "in.csv", 9)
    with pytest.raises(CorpusError):
        transform_file(read_corpus(path), Shout(), path)
