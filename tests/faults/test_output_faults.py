"""Output that cannot be written, or not whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.case import EARLIER, Case, check, params

TITLE = "Output"

ROWS = b"id,text\n" + b"".join(b"%d,refund no %d\n" % (n, n * n) for n in range(20_000))
FEW = b"id,text\n1,refund\n2,thanks\n"


def _linked(folder: Path) -> None:
    (folder / "in.csv").write_bytes(FEW)
    (folder / "link.csv").symlink_to("in.csv")


def _out_is_folder(folder: Path) -> None:
    (folder / "in.csv").write_bytes(FEW)
    (folder / "out.csv").mkdir()


def _hard_link(folder: Path) -> None:
    (folder / "in.csv").write_bytes(FEW)
    (folder / "hard.csv").hardlink_to(folder / "in.csv")


def _pack_as_out(folder: Path) -> None:
    (folder / "in.csv").write_bytes(FEW)
    (folder / "pack.csv").symlink_to("pack.py")


def _out_is_link(folder: Path) -> None:
    (folder / "in.csv").write_bytes(FEW)
    (folder / "there").mkdir()
    (folder / "there" / "target.csv").write_bytes(EARLIER)


CASES = (
    Case("a folder as OUT", "refused", _out_is_folder, code=1, says=r"cannot write out\.csv: it is a folder; choose"),
    Case(
        "OUT in a folder that is not there",
        "refused",
        FEW,
        out="no/out.csv",
        code=1,
        says="cannot write no/out.csv: the folder no does not exist;",
    ),
    Case(
        "OUT in a folder that cannot be written to",
        "refused",
        FEW,
        out="/sys/out.csv",
        code=1,
        says="cannot write /sys/out.csv",
    ),
    Case(
        "OUT without an ending", "refused", FEW, out="out", code=1, says="cannot detect the format of out from its name"
    ),
    Case(
        "OUT with an unknown ending",
        "refused",
        FEW,
        out="out.xlsx",
        code=1,
        says=r"cannot detect the format of out\.xlsx",
    ),
    Case("a name that is too long", "refused", FEW, out="o" * 300 + ".csv", code=1, says="File name too long"),
    Case(
        "the corpus as OUT",
        "refused, and the corpus is as it was",
        FEW,
        out="in.csv",
        code=1,
        says="is the corpus itself",
    ),
    Case(
        "a link to the corpus as OUT",
        "refused in the same way",
        _linked,
        out="link.csv",
        code=1,
        says="is the corpus itself",
    ),
    Case(
        "a hard link to the corpus as OUT",
        "refused in the same way",
        _hard_link,
        out="hard.csv",
        code=1,
        says="the corpus itself",
    ),
    Case(
        "a pack as OUT, by another name",
        "refused, and the pack is as it was",
        _pack_as_out,
        out="pack.csv",
        code=1,
        says=r"pack\.csv is a pack or a file that a pack reads",
    ),
    Case(
        "a symbolic link as OUT",
        "its target is replaced, and the link stays",
        _out_is_link,
        shell="ln -s there/target.csv out.csv; weaklabel label in.csv --lfs pack.py -o out.csv && test -L out.csv",
        rows=2,
        keeps=(b"1,refund,complaint",),
    ),
    Case(
        "a pipe as OUT",
        "the bytes go into the pipe, which stays",
        FEW,
        shell="mkfifo $TMPDIR/p; cat $TMPDIR/p > out.csv & weaklabel label in.csv --lfs pack.py -o $TMPDIR/p; wait; "
        "test -p $TMPDIR/p && rm $TMPDIR/p",
        rows=2,
        keeps=(b"1,refund,complaint",),
    ),
    Case(
        "/dev/stdout as OUT",
        "as -: the summary goes to stderr",
        FEW,
        shell="weaklabel label in.csv --lfs pack.py -o /dev/stdout > out.csv",
        rows=2,
        keeps=(b"1,refund,complaint",),
    ),
    Case(
        "a limit on the size of files, or a full disk",
        "refused, and the older output stays",
        ROWS,
        shell="ulimit -f 64; weaklabel label in.csv --lfs pack.py -o out.csv",
        code=1,
        says=r"cannot write out\.csv.*: File too large",
        resumes=True,
    ),
    Case(
        "the same, Parquet",
        "refused in the same way",
        ROWS,
        out="out.parquet",
        shell="ulimit -f 64; weaklabel label in.csv --lfs pack.py -o out.parquet",
        code=1,
        says=r"cannot write out\.parquet.*: .*File too large",
        resumes=True,
    ),
    Case(
        "standard output on a full disk",
        "refused",
        FEW,
        out="-",
        shell="weaklabel label in.csv --lfs pack.py -o - > /dev/full",
        code=1,
        says="No space left on device",
    ),
    Case(
        "a reader of standard output that stops early",
        "stops silently, with the exit code of SIGPIPE",
        ROWS,
        out="-",
        shell="weaklabel label in.csv --lfs pack.py --label-model majority -q -o - | head -1",
        code=141,
        says=r"\A(weaklabel: warning: only labeling function [^\n]*\n?)?\Z",
    ),
    Case(
        "a console whose encoding lacks characters (ASCII, cp1252, POSIX locale)",
        "they are written as escapes; files, and data on standard output, are unchanged",
        "id,text\n1,refund 礼品\n2,thanks 谢谢\n".encode(),
        out="结果.csv",
        shell="PYTHONIOENCODING=ascii weaklabel label in.csv --lfs pack.py -o 结果.csv",
        says=r"written to \\u7ed3\\u679c\.csv",
        rows=2,
        keeps=("1,refund 礼品,complaint".encode(),),
    ),
    Case(
        "`python -W error`",
        "warnings are shown as warnings",
        FEW,
        shell="python -W error -m weaklabel label in.csv --lfs pack.py -o out.csv",
        says="weaklabel: warning: ",
        rows=2,
    ),
    Case(
        "standard input and output",
        "the summary goes to stderr",
        FEW,
        shell="cat in.csv | weaklabel label - --lfs pack.py -o - > out.csv",
        rows=2,
        keeps=(b"1,refund,complaint",),
    ),
    Case(
        "empty standard input, or a closed one",
        "refused",
        FEW,
        out="-",
        shell="weaklabel label - --lfs pack.py -o - <&-",
        code=1,
        says="standard input is empty",
    ),
)


@pytest.mark.parametrize("case", params(CASES))
def test_output(case, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("elsewhere")))
    check(case, tmp_path, monkeypatch)
