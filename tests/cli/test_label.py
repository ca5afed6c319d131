import csv
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import polars as pl
import pytest


def read(path):
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_labels_every_row_and_keeps_the_rest(weaklabel, corpus, pack, tmp_path):
    done = weaklabel("label", corpus, "--lfs", pack, "-o", tmp_path / "out.csv")
    assert done.code == 0
    before, after = read(corpus), read(tmp_path / "out.csv")
    assert [{name: row[name] for name in ("id", "text", "truth")} for row in after] == before
    assert list(after[0]) == ["id", "text", "truth", "label", "confidence", "p_complaint", "p_praise"]
    for row in after:
        if row["truth"]:
            assert row["label"] == row["truth"]
            assert float(row["confidence"]) == max(float(row["p_complaint"]), float(row["p_praise"]))
        else:
            assert row["label"] == row["confidence"] == row["p_praise"] == ""
    assert "24 in = 24 out + 0 rejected" in done.out


@pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")
def test_texts_label_what_votes_do_not(weaklabel, corpus, pack, tmp_path):
    without = weaklabel("label", corpus, "--lfs", pack, "-o", tmp_path / "out.csv")
    assert "to label the rows without votes from their texts: --read-texts" in without.out
    done = weaklabel("label", corpus, "--lfs", pack, "--label-model", "text", "-o", tmp_path / "out.csv")
    assert done.code == 0 and ", 0 without a label" in done.out and "--read-texts" not in done.out
    assert {row["label"] for row in read(tmp_path / "out.csv")} == {"complaint", "praise"}
    refused = weaklabel("label", corpus, "--lfs", pack, "--label-model", "snorkel", "--read-texts", "-o", "out.csv")
    assert refused.code == 1 and "'snorkel' does not read texts" in refused.err


def test_hostile_csv_keeps_good_rows_byte_for_byte(weaklabel, pack, tmp_path):
    """Windows line ends, a BOM, quoted newlines, NA texts, a ragged row, an emoji column."""
    good = [
        b'"007","thanks, ""a lot""",ok',
        b"1,NA,null",
        b'2,"two\r\nlines are great","x"',
        "3,refund 🙂,".encode(),
    ]
    ragged = b"4,one,too,many"
    lines = [b"\xef\xbb\xbfid,text," + "🙂".encode(), good[0], good[1], good[2], ragged, good[3]]
    source = tmp_path / "hostile.csv"
    source.write_bytes(b"\r\n".join(lines) + b"\r\n")
    done = weaklabel("label", source, "--lfs", pack, "-o", tmp_path / "out.csv", "--json")
    assert done.code == 0
    assert (done.json["rows_in"], done.json["rows_out"], done.json["rejects"]) == (5, 4, 1)
    out = (tmp_path / "out.csv").read_bytes()
    assert out.startswith(lines[0] + b",label,confidence,p_complaint,p_praise\r\n")
    for row in good:
        assert b"\r\n" + row + b"," in out
    assert ragged not in out
    reject = json.loads((tmp_path / "out.csv.rejects.jsonl").read_text(encoding="utf-8"))
    assert (reject["line"], reject["raw"]) == (6, ragged.decode())


@pytest.mark.parametrize("extension", ["jsonl", "parquet", "tsv", "csv.gz"])
def test_other_formats(weaklabel, corpus, pack, tmp_path, extension):
    out = tmp_path / f"out.{extension}"
    assert weaklabel("label", corpus, "--lfs", pack, "-o", out).code == 0
    again = tmp_path / "again.csv"
    # What was written is a corpus like any other: labeled once more under a prefix, it says the same.
    assert weaklabel("label", out, "--lfs", pack, "--prefix", "new_", "-o", again).code == 0
    rows = read(again)
    assert len(rows) == 24
    assert all(row["label"] == row["new_label"] for row in rows)


def test_votes_columns(weaklabel, corpus, pack, tmp_path):
    weaklabel("label", corpus, "--lfs", pack, "--votes", "-o", tmp_path / "out.csv")
    row = read(tmp_path / "out.csv")[0]
    assert (row["vote_broken"], row["vote_thanks"], row["vote_short"]) == ("", "praise", "praise")


def test_text_column_limit_and_dry_run(weaklabel, corpus, pack, tmp_path):
    out = tmp_path / "out.csv"
    assert weaklabel("label", corpus, "--lfs", pack, "-o", out, "--dry-run", "--limit", 3).code == 0
    assert not out.exists()
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(corpus.read_text().replace("id,text", "id,body"))
    done = weaklabel("label", renamed, "--lfs", pack, "-o", out)
    assert done.code == 1 and "text" in done.err and "body" in done.err
    assert weaklabel("label", renamed, "--lfs", pack, "-o", out, "--text", "body", "--limit", 3).code == 0
    assert len(read(out)) == 3


def test_taken_column_name(weaklabel, corpus, pack, tmp_path):
    taken = tmp_path / "taken.csv"
    taken.write_text(corpus.read_text().replace("truth", "label"))
    done = weaklabel("label", taken, "--lfs", pack, "-o", tmp_path / "out.csv")
    assert done.code == 1 and "'label'" in done.err and "--prefix" in done.err
    assert weaklabel("label", taken, "--lfs", pack, "--prefix", "weak_", "-o", tmp_path / "out.csv").code == 0


def test_result_is_the_same_for_any_seeded_run_and_workers(weaklabel, corpus, pack, tmp_path):
    outs = [tmp_path / f"{number}.csv" for number in range(3)]
    for out, workers in zip(outs, (1, 1, 2), strict=True):
        weaklabel("label", corpus, "--lfs", pack, "-o", out, "--workers", workers)
    assert outs[0].read_bytes() == outs[1].read_bytes() == outs[2].read_bytes()


def test_failing_lf_is_named_and_the_budget_stops(weaklabel, corpus, tmp_path):
    pack = tmp_path / "failing.py"
    pack.write_text(
        "from weaklabel import *\nLABELS = ('a', 'b')\n"
        "a = keyword_lf('a', 0, ['broken'])\nb = keyword_lf('b', 1, ['thanks'])\n"
        "@labeling_function()\ndef bad(x):\n    return 1 / 0 if 'broken' in x.text else -1\n"
    )
    done = weaklabel("label", corpus, "--lfs", pack, "-o", tmp_path / "out.csv")
    assert done.code == 0 and "bad" in done.out
    strict = weaklabel("label", corpus, "--lfs", pack, "-o", tmp_path / "strict.csv", "--error-budget", 0)
    assert strict.code == 1 and "bad" in strict.err
    assert not (tmp_path / "strict.csv").exists()


def test_stdin_to_stdout(corpus, pack):
    command = [sys.executable, "-m", "weaklabel", "label", "-", "--lfs", str(pack), "-o", "-", "-q"]
    done = subprocess.run(command, input=corpus.read_bytes(), capture_output=True)
    assert done.returncode == 0, done.stderr
    frame = pl.read_csv(done.stdout, infer_schema=False)
    assert frame.height == 24 and frame["label"][0] == "praise"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"id,text\n1,caf\xe9\n", "--encoding"),
        (b"id,body\n1,x\n", "text"),
        (b"text,text\nx,y\n", "text"),
    ],
)
def test_bad_corpora_end_in_one_sentence(weaklabel, pack, tmp_path, content, message):
    source = tmp_path / "bad.csv"
    source.write_bytes(content)
    done = weaklabel("label", source, "--lfs", pack, "-o", tmp_path / "out.csv")
    assert done.code == 1
    assert done.err.startswith("weaklabel: error: ") and done.err.count("\n") == 1
    assert message in done.err
    assert not (tmp_path / "out.csv").exists()


def test_header_only_and_one_row(weaklabel, pack, tmp_path):
    source = tmp_path / "few.csv"
    for rows in ("", "great thanks\n"):
        source.write_text("text\n" + rows)
        assert weaklabel("label", source, "--lfs", pack, "-o", tmp_path / "out.csv").code == 0
        assert len(read(tmp_path / "out.csv")) == (1 if rows else 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["label"],
        ["label", "x.csv", "--lfs", "spam"],
        ["label", "x.csv", "--lfs", "spam", "-o", "y.csv", "--label-model", "magic"],
        ["nonsense"],
        ["label", "x.csv", "--lfs", "spam", "-o", "y.csv", "--seed", "-1"],
    ],
)
def test_wrong_usage_is_2(weaklabel, arguments):
    assert weaklabel(*arguments).code == 2


def test_input_mistakes_are_1(weaklabel, corpus, tmp_path):
    assert weaklabel("label", "nowhere.csv", "--lfs", "spam", "-o", "y.csv").code == 1
    assert weaklabel("label", corpus, "--lfs", "spma", "-o", "y.csv").code == 1
    assert weaklabel("label", corpus, "--lfs", "spam", "-o", tmp_path / "no" / "folder" / "y.csv").code == 1


def test_what_a_labeling_function_prints_or_exits_with_does_no_harm(weaklabel, corpus, tmp_path):
    pack = tmp_path / "noisy.py"
    pack.write_text(
        "import sys\nfrom weaklabel import *\nLABELS = ('a', 'b')\na = keyword_lf('a', 0, ['broken'])\n"
        "@labeling_function()\ndef noisy(x):\n    print('hello')\n    return sys.exit(3) if 'broken' in x.text else 1\n"
    )
    done = weaklabel("label", corpus, "--lfs", pack, "-o", tmp_path / "out.csv", "--json")
    assert done.code == 0 and done.json["lf_errors"] == {"noisy": 4}
    done = weaklabel(
        "label", corpus, "--lfs", pack, "-o", tmp_path / "out.csv", "--json", "--workers", "0", "--no-cache"
    )
    assert done.code == 0 and "hello" in done.err


def wait_until_full(pipe, process):
    """Wait until the pipe has taken all that it holds, or its writer has ended."""
    waiting, size = bytearray(4), fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) - 4096
    while process.poll() is None and int.from_bytes(waiting, sys.byteorder) < size:
        time.sleep(0.01)
        fcntl.ioctl(pipe, termios.FIONREAD, waiting)


def test_stdout_is_written_whole_or_the_command_fails(corpus, pack):
    big = corpus.with_name("big.csv")
    big.write_text("id,text,truth\n" + corpus.read_text().split("\n", 1)[1] * 300)
    command = [sys.executable, "-m", "weaklabel", "label", str(big), "--lfs", str(pack), "-o", "-", "-q"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    # A slow reader of a pipe makes a raw descriptor take less than it is given.
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        wait_until_full(process.stdout, process)
        out = process.stdout.read()
    assert process.returncode == 0
    assert out.count(b"\n") == 24 * 300 + 1
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 1
    assert b"No space left" in done.stderr and b"Traceback" not in done.stderr


def test_quotes_that_do_not_pair_up_are_said(weaklabel, pack, tmp_path):
    source = tmp_path / "quotes.csv"
    source.write_text('id,text\n1,"refund me\n2,great thing\n3,love it\n')
    done = weaklabel("label", source, "--lfs", pack, "-o", tmp_path / "out.csv")
    assert done.code == 0 and "quotes do not pair up" in done.err


def test_ctrl_c_stops_with_130_and_leaves_no_output(corpus, tmp_path):
    pack = tmp_path / "waits.py"
    pack.write_text(
        "import time\nfrom pathlib import Path\nfrom weaklabel import labeling_function\nLABELS = ('a', 'b')\n"
        "@labeling_function()\ndef waits(x):\n    Path(__file__).with_name('started').touch()\n    time.sleep(5)\n"
        "    return 1\n"
    )
    command = [
        sys.executable,
        "-m",
        "weaklabel",
        "label",
        str(corpus),
        "--lfs",
        str(pack),
        "-o",
        str(tmp_path / "out.csv"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while not (tmp_path / "started").exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in err and b"Traceback" not in err
    assert not [path for path in tmp_path.iterdir() if "out.csv" in path.name]


@pytest.mark.parametrize("verb", ["label", "predict"])
def test_only_a_dry_run_needs_no_output(weaklabel, tmp_path, corpus, pack, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    assert weaklabel("train", corpus, "--lfs", pack, "--classifier", "linear", "-o", "model").code == 0
    with_what = ("--lfs", pack) if verb == "label" else ("--model", "model")
    before = sorted(tmp_path.rglob("*"))
    done = weaklabel(verb, corpus, *with_what, "--dry-run")
    assert (
        done.code == 0 and "nothing written (dry run)" in done.out and "-" not in {p.name for p in tmp_path.iterdir()}
    )
    assert sorted(tmp_path.rglob("*")) == before
    refused = weaklabel(verb, corpus, *with_what)
    assert refused.code == 2 and "give a file to write to (-o OUT), or --dry-run" in refused.err
