"""Archives: members of all kinds, nested ones, and those that are broken, locked or made to do harm."""

import gzip
import io
import tarfile
import zipfile

import pytest
import zstandard

from tests.collect.makers import PAGE, claiming, mbox, message, rules, run, write
from weaklabel.collect import archive, blobs


def zipped(members: dict[str, bytes | str], **options) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as handle:
        for name, data in members.items():
            handle.writestr(zipfile.ZipInfo(name, (2021, 5, 4, 3, 2, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(members: dict[str, bytes | str], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as handle:
        for name, data in members.items():
            content = data.encode() if isinstance(data, str) else data
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_600_000_000
            handle.addfile(info, io.BytesIO(content))
    return out.getvalue()


def read(tmp_path, name, data, **settings):
    write(tmp_path / "in/zz.txt", "always there")
    write(tmp_path / "in" / name, data)
    done, rows, rejects = run(f"{tmp_path}/in", tmp_path / "out.parquet", **settings)
    assert done.documents + done.rejects == len(rows) + len(rejects)
    return rows[:-1], {key.removeprefix(f"{tmp_path}/in/"): rule for key, rule in rules(rejects).items()}


MEMBERS = {
    "tech/1.txt": "about chips",
    "a.csv": "text,id\none,1\ntwo,2\n",
    "b.mbox": mbox(message("x", "mail")),
    "c.html": PAGE,
    "d.txt.gz": gzip.compress(b"packed"),
    "e.jsonl.zst": zstandard.compress(b'{"text": "line", "n": 1}\n'),
    "inner.zip": zipped({"deep/2.txt": "inside"}),
}


PACKING = {
    "all.zip": zipped,
    "all.tar": tarred,
    "all.tgz": lambda members: tarred(members, "w:gz"),
    "all.tar.zst": lambda members: zstandard.compress(tarred(members)),
}


@pytest.mark.parametrize("name", PACKING)
def test_members_of_all_kinds(tmp_path, name):
    rows, rejects = read(tmp_path, name, PACKING[name](MEMBERS))
    assert not rejects
    assert [row["text"].strip().partition("\n")[0] for row in rows][:3] == ["about chips", "one", "two"]
    assert [row["text"] for row in rows][-3:] == ["packed", "line", "inside"]
    first, last = rows[0], rows[-1]
    assert (first["folder"], first["file"]) == (f"{name}/tech", f"{name}/tech/1.txt")
    assert last["meta_source"] == f"{tmp_path}/in/{name}/inner.zip/deep/2.txt"
    assert (last["folder"], last["file"]) == (f"{name}/inner.zip/deep", f"{name}/inner.zip/deep/2.txt")
    assert first["meta_time"] == ("2021-05-04T03:02:00Z" if name == "all.zip" else "2020-09-13T12:26:40Z")


def test_single_packed_files(tmp_path):
    rows, _ = read(tmp_path, "a.txt.gz", gzip.compress("schön".encode()))
    assert (rows[0]["text"], rows[0]["file"]) == ("schön", "a.txt.gz")
    rows, _ = read(tmp_path, "a.mbox.zst", zstandard.compress(mbox(message("x", "one"), message("y", "two")).encode()))
    assert [row["meta_place"] for row in rows[:2]] == ["message 1", "message 2"]


def test_members_that_are_refused(tmp_path):
    link = zipfile.ZipInfo("link.txt")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as handle:
        for name in (
            "../up.txt",
            "/abs.txt",
            "a/../../b.txt",
            "C:\\x.txt",
            "..\\y.txt",
            ".hid/x.txt",
            "__MACOSX/x.txt",
            "good.txt",
        ):
            handle.writestr(name, "text")
        handle.writestr(link, "/etc/passwd")
        handle.writestr("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" * 9)
    rows, rejects = read(tmp_path, "a.zip", out.getvalue())
    assert [row["text"] for row in rows] == ["text"]
    assert rejects == {
        "a.zip/../up.txt": "name", "a.zip//abs.txt": "name", "a.zip/a/../../b.txt": "name", "a.zip/C:\\x.txt": "name",
        "a.zip/..\\y.txt": "name", "a.zip/.hid/x.txt": "hidden", "a.zip/__MACOSX/x.txt": "hidden",
        "a.zip/link.txt": "link", "a.zip/photo.jpg": "binary",
    }  # fmt: skip
    assert not list(tmp_path.glob("*.txt"))


def test_links_and_devices_of_a_tar_archive(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as handle:
        for name, kind in (
            ("s", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("c", tarfile.CHRTYPE),
            ("d", tarfile.DIRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            handle.addfile(info)
    rows, rejects = read(tmp_path, "a.tar", out.getvalue())
    assert not rows and rejects == {"a.tar/s": "link", "a.tar/h": "link", "a.tar/c": "unreadable"}


BROKEN = {
    "end.zip": lambda: zipped(MEMBERS)[:-30],
    "head.zip": lambda: b"PK\x03\x04 nothing more",
    "empty.zip": lambda: b"",
    "noise.tar": lambda: b"x" * 2000,
    "cut.tar.gz": lambda: tarred(MEMBERS, "w:gz")[:200],
    "cut.txt.gz": lambda: gzip.compress(b"text" * 1000)[:-12],
    "cut.txt.zst": lambda: zstandard.compress(b"text" * 1000)[:-5],
    "not.txt.gz": lambda: b"not gzip",
    "not.csv.zst": lambda: b"not zstd",
}


def test_broken_archives(tmp_path):
    for name, made in BROKEN.items():
        write(tmp_path / "in" / name, made())
    rows, rejects = read(tmp_path, "cut.tar", tarred({"x.txt": "y" * 1000})[:700])
    assert not rows
    assert rejects == dict.fromkeys([*BROKEN, "cut.tar"], "archive")


def test_a_cut_tar_archive_gives_the_members_before(tmp_path):
    rows, rejects = read(tmp_path, "a.tar", tarred({"1.txt": "whole", "2.txt": "x" * 5000})[:3000])
    assert [row["text"] for row in rows] == ["whole"]
    assert rejects == {"a.tar": "archive"}


def test_a_member_with_a_wrong_checksum(tmp_path):
    data = zipped({"1.txt": "first one", "2.txt": "second one"})
    broken = data.replace(data[data.index(b"1.txt") + 5 :][:6], b"\xff" * 6, 1)
    rows, rejects = read(tmp_path, "a.zip", broken)
    assert [row["text"] for row in rows] == ["second one"]
    assert rejects == {"a.zip/1.txt": "archive"}


def test_a_locked_archive(tmp_path):
    data = bytearray(zipped({"1.txt": "secret"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    rows, rejects = read(tmp_path, "a.zip", bytes(data))
    assert not rows and rejects == {"a.zip/1.txt": "password"}


def test_archives_in_archives_to_a_depth(tmp_path):
    data = b"text"
    names = []
    for level in range(archive.MAX_DEPTH + 1):
        data = zipped({names[-1] if names else "x.txt": data})
        names.append(f"{level}.zip")
    rows, rejects = read(tmp_path, names[-1], data)
    assert not rows and list(rejects.values()) == ["archive"]
    inner = zipfile.ZipFile(io.BytesIO(data)).read(names[-2])
    rows, rejects = read(tmp_path, names[-1], inner)
    assert [row["text"] for row in rows] == ["text"] and not rejects


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(blobs, "MAX_UNPACKED", 1 << 20)
    monkeypatch.setattr(blobs, "MAX_RATIO", 10)


def test_bombs(tmp_path, small_limits, monkeypatch):
    zeros = bytes(3 << 20)
    for name, data in {
        "a.zip": zipped({"1.txt": "small", "z.csv": zeros}),
        "a.tar.gz": tarred({"z.txt": zeros}, "w:gz"),
        "a.csv.gz": gzip.compress(zeros),
        "a.txt.zst": zstandard.compress(zeros),
        "a.tar": tarred({"b.gz": gzip.compress(bytes(30 << 20))}),
    }.items():
        (tmp_path / "in").mkdir(exist_ok=True)
        for old in (tmp_path / "in").iterdir():
            old.unlink()
        rows, rejects = read(tmp_path, name, data)
        assert not rows, name
        assert list(rejects.values()) == ["size"], name


def test_a_bomb_of_many_layers_counts_as_a_whole(tmp_path, small_limits):
    layer = zipped({f"{n}.txt": bytes(200_000) for n in range(4)})
    _, rejects = read(tmp_path, "a.zip", zipped({f"{n}.zip": layer for n in range(4)}))
    assert set(rejects.values()) <= {"size", "empty", "binary"} and "size" in rejects.values()


def test_a_member_that_lies_about_its_size(tmp_path):
    rows, rejects = read(tmp_path, "a.zip", claiming(zipped({"1.txt": "x" * 100, "2.txt": "fine"}), 5))
    assert [row["text"] for row in rows] == ["fine"] and rejects == {"a.zip/1.txt": "archive"}
    rows, rejects = read(tmp_path, "a.zip", claiming(zipped({"1.txt": "x" * 100}), 200_000_000))
    assert not rows and rejects == {"a.zip/1.txt": "size"}


def test_names_of_members_that_are_not_unicode(tmp_path):
    rows, rejects = read(tmp_path, "a.tar", tarred({"caf\udce9.txt": "coffee", "\udce9.bin": b"\0" * 20}))
    assert [(row["text"], row["file"]) for row in rows] == [("coffee", "a.tar/caf\\udce9.txt")]
    assert rejects == {"a.tar/\\udce9.bin": "binary"}


def test_a_tar_archive_that_is_cut_between_two_members(tmp_path):
    whole = tarred({"1.txt": "first", "2.txt": "second"})
    rows, rejects = read(tmp_path, "a.tar", whole[:1024])
    assert [row["text"] for row in rows] == ["first"] and rejects == {"a.tar": "cut"}
    rows, rejects = read(tmp_path, "a.tar", whole)
    assert len(rows) == 2 and not rejects


def test_archives_and_tables_without_anything_in_them(tmp_path):
    write(tmp_path / "in/none.zip", zipped({}))
    write(tmp_path / "in/none.tar", tarred({}))
    write(tmp_path / "in/none.csv", "text,n\n")
    rows, rejects = read(tmp_path, "none.zip.gz", gzip.compress(zipped({})))
    assert not rows and rejects == dict.fromkeys(["none.csv", "none.tar", "none.zip", "none.zip.gz"], "empty")
