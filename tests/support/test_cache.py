"""The cache on disk: what it keeps, for whom, and that it never stands in a run's way."""

import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import WeakLabelError, WeakLabelWarning
from weaklabel.support import cache
from weaklabel.support.cache import Store, TextCache, cache_folder, text_keys, use


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def texts_cache(identity="a", **options):
    return TextCache("upper", identity, str.encode, bytes.decode, lambda text, value: len(value), **options)


class Upper:
    """Counts the texts it is asked for."""

    def __init__(self):
        self.seen = []

    def __call__(self, texts):
        self.seen += texts
        return [text.upper() for text in texts]


def test_the_folder_is_the_variable_s_or_the_user_s(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv(cache.VARIABLE, "OFF")
    assert cache_folder() is None
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/weaklabel")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "weaklabel"


def test_use_is_inherited_by_the_environment(folder, tmp_path):
    use(None)
    assert (cache_folder(), os.environ[cache.VARIABLE]) == (None, "off")
    use(tmp_path / "other")
    assert cache_folder() == tmp_path / "other"


@pytest.mark.parametrize("given", ["x", "0", "-1", "nan", "inf"])
def test_a_size_that_is_none_is_told(given, monkeypatch):
    monkeypatch.setenv(cache.SIZE_VARIABLE, given)
    with pytest.raises(WeakLabelError, match="WEAKLABEL_CACHE_GIB must be a size in GiB"):
        cache.size_limit()
    monkeypatch.setenv(cache.SIZE_VARIABLE, "0.5")
    assert cache.size_limit() == 2**29


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=3000), max_size=20))
def test_what_is_kept_is_found(values):
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place) / "s.sqlite")
        store.put_many(values)
        assert Store(store.path).get_many([*values, b"no such key at all here"]) == values


def test_a_later_value_replaces_and_many_keys_are_found(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    keys = [str(number).encode() for number in range(2000)]
    store.put_many(dict.fromkeys(keys, b"old"))
    store.put_many({keys[7]: b"new"})
    result = store.get_many(keys)
    assert (len(result), result[keys[7]], result[keys[8]]) == (2000, b"new", b"old")


def test_only_the_user_can_read_it(tmp_path):
    store = Store(tmp_path / "made" / "s.sqlite")
    store.put_many({b"k": b"v"})
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_the_oldest_leave_first_and_the_file_stays_small(tmp_path):
    store = Store(tmp_path / "s.sqlite", limit=300_000)
    random = np.random.default_rng(0)
    for number in range(100):
        store.put_many({f"{number}-{part}".encode(): random.bytes(1000) for part in range(10)})
        assert store.path.stat().st_size < 500_000
    result = store.get_many([f"{number}-0".encode() for number in range(100)])
    kept = sorted(int(key.split(b"-")[0]) for key in result)
    assert 10 < len(kept) < 40
    assert kept == list(range(100 - len(kept), 100))


def test_a_limit_below_the_smallest_file_keeps_nothing_and_works(tmp_path):
    store = Store(tmp_path / "s.sqlite", limit=1)
    store.put_many({b"k": b"v"})
    assert store.get_many([b"k"]) == {}
    store.put_many({})
    store.put_many({b"k": b"v"})


@pytest.mark.parametrize("content", [b"no database" * 1000, b"SQLite format 3\0" + b"\7" * 5000])
def test_a_damaged_file_is_told_once_and_left_alone(tmp_path, content):
    store = Store(tmp_path / "s.sqlite")
    store.path.write_bytes(content)
    with pytest.warns(
        WeakLabelWarning, match=r"s.sqlite cannot be used .* so it is not used in this run; delete the file"
    ):
        assert store.get_many([b"k"]) == {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.put_many({b"k": b"v"})
        assert store.get_many([b"k"]) == {}
    assert store.path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told_once(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "s.sqlite")
    with pytest.warns(WeakLabelWarning, match="cannot be used"):
        store.put_many({b"k": b"v"})
    assert store.get_many([b"k"]) == {}


def test_a_damaged_value_is_not_found(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    store.put_many({b"a": b"x" * 1000, b"b": bytes(range(100)), b"c": b"1"})
    with sqlite3.connect(store.path) as database:
        for key, value in database.execute("SELECT key, value FROM entries").fetchall():
            broken = value[:-1] + bytes([value[-1] ^ 1]) if key != b"c" else b"no"
            database.execute("UPDATE entries SET value = ? WHERE key = ?", (broken, key))
    database.close()
    assert store.get_many([b"a", b"b", b"c"]) == {}
    store.put_many({b"a": b"mended"})
    assert store.get_many([b"a"]) == {b"a": b"mended"}


def write(path, who):
    store = Store(path)
    for number in range(20):
        store.put_many({f"{who}-{number}".encode(): f"value {who}".encode()})
        assert store.get_many([f"{who}-{number}".encode()])


def test_several_processes_and_threads_write_at_once(tmp_path):
    path = tmp_path / "s.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write, args=(path, who)) for who in range(2)]
    threads = [threading.Thread(target=write, args=(path, who)) for who in range(2, 5)]
    for worker in [*processes, *threads]:
        worker.start()
    for worker in [*processes, *threads]:
        worker.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(Store(path).get_many([f"{who}-{number}".encode() for who in range(5) for number in range(20)])) == 100


def test_other_connections_of_the_process_keep_their_locks(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    store.put_many({b"a": b"1"})
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("SELECT count(*) FROM entries").fetchone()
        assert store.get_many([b"a"])
        # Without the lock of `other`, this process would take itself for the last and delete the log.
        code = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('SELECT 1 FROM entries').fetchall(); d.close()"
        subprocess.run([sys.executable, "-c", code, store.path], check=True)
        assert Path(f"{store.path}-wal").exists()


def test_a_text_is_computed_once_however_often_it_comes(folder):
    upper, listed = Upper(), texts_cache()
    assert listed.get(["b", "a", "b"], upper) == ["B", "A", "B"]
    assert listed.get(["a", "c"], upper) == ["A", "C"]
    assert listed.get([], upper) == []
    assert upper.seen == ["b", "a", "c"]


def test_another_process_finds_it_on_disk_and_another_identity_does_not(folder):
    upper = Upper()
    texts_cache().get(["a", "b"], upper)
    assert texts_cache().get(["b", "a"], upper) == ["B", "A"]
    assert upper.seen == ["a", "b"]
    texts_cache("other").get(["a"], upper)
    assert upper.seen == ["a", "b", "a"]


def test_a_new_version_of_weaklabel_finds_nothing_of_the_old(monkeypatch):
    before = text_keys("kind", "model", ["a"])
    assert text_keys("kind", "model", ["a"]) == before
    monkeypatch.setattr("weaklabel.__version__", "0.0.0")
    assert text_keys("kind", "model", ["a"]) != before


def test_keys_tell_kind_identity_and_text_apart():
    keys = [
        text_keys(*parts)[0] for parts in (("a", "b", ["c"]), ("ab", "", ["c"]), ("a", "bc", [""]), ("a", "", ["bc"]))
    ]
    assert len(set(keys)) == 4
    assert len(set(text_keys("a", "b", ["x", "y", "\ud800"]))) == 3


@pytest.mark.parametrize("identity", [None, "a"])
def test_off_means_nothing_on_disk_but_memory_serves(folder, identity, monkeypatch):
    if identity:
        monkeypatch.setenv(cache.VARIABLE, "off")
    upper, listed = Upper(), texts_cache(identity)
    listed.get(["a"], upper)
    listed.get(["a"], upper)
    assert upper.seen == ["a"]
    assert not folder.exists()
    texts_cache(identity).get(["a"], upper)
    assert upper.seen == ["a", "a"]


def test_memory_is_bounded_and_keeps_the_newest(monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, "off")
    upper, listed = Upper(), texts_cache(memory=30)
    for number in range(10):
        listed.get(["often", f"text-{number:05}"], upper)
    assert upper.seen.count("often") == 1
    assert len(listed._recent) == 3
    listed.get(["x" * 100], upper)
    assert len(listed._recent) == 0


def test_what_cannot_be_kept_or_read_back_is_computed_again(folder):
    upper = Upper()
    never = TextCache("never", "a", lambda value: None, bytes.decode, lambda text, value: 1)
    unread = TextCache("unread", "a", str.encode, lambda data: None, lambda text, value: 1)
    for listed in (never, unread):
        listed.get(["a"], upper)
        listed._recent.clear()
        assert listed.get(["a"], upper) == ["A"]
    assert upper.seen == ["a"] * 4
