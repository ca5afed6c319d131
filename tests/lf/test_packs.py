import subprocess
import sys

import pytest

from weaklabel.errors import LFError
from weaklabel.lf import packs
from weaklabel.lf.packs import list_packs, load_lfs
from weaklabel.lf.starter import write_starter

PACK = '''
"""Greetings."""
from weaklabel import ABSTAIN, keyword_lf, labeling_function

LABELS = ("bye", "hello")
hi = keyword_lf("hi", 1, ["hi", "hello"])

@labeling_function()
def short(x):
    return 0 if len(x.text) < 4 else ABSTAIN
'''


@pytest.fixture
def pack(tmp_path):
    def write(text=PACK, name="mine.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_is_a_pack(pack):
    loaded = load_lfs(pack())
    assert loaded.names == ("hi", "short")
    assert loaded.labels == ("bye", "hello")
    assert loaded.doc == "Greetings."
    assert loaded.origins == (str(pack()),) * 2


def test_files_of_one_name_in_two_folders_do_not_replace_each_other(tmp_path):
    for folder, word in (("a", "x"), ("b", "y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(
            f'from weaklabel import keyword_lf\nLABELS=("n","y")\n{word} = keyword_lf("{word}", 1, ["{word}"])\n'
        )
    both = load_lfs(tmp_path / "a" / "mine.py", tmp_path / "b" / "mine.py")
    assert both.names == ("x", "y")


def test_lists_of_lfs_count_and_nothing_counts_twice(pack):
    text = PACK + '\nmore = [hi, keyword_lf("later", 0, ["later"])]\n_hidden = keyword_lf("hidden", 0, ["x"])\n'
    assert load_lfs(pack(text)).names == ("hi", "short", "later")


def test_a_pack_can_import_its_neighbour(pack):
    pack("WORDS = ['hi']\n", "neighbour_of_mine.py")
    text = 'from neighbour_of_mine import WORDS\nfrom weaklabel import keyword_lf\nLABELS=("a","b")\nk=keyword_lf("k",1,WORDS)'
    assert load_lfs(pack(text)).names == ("k",)


def test_neighbours_of_one_name_are_not_mixed_up(tmp_path):
    for folder, word in (("a", "apple"), ("b", "pear")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "helpers.py").write_text(f"WORD = '{word}'\n")
        (tmp_path / folder / "mine.py").write_text(
            f"from helpers import WORD\nfrom weaklabel import keyword_lf\nLABELS = ('n', 'y')\n"
            f"lf = keyword_lf('{folder}_' + WORD, 1, [WORD])\n"
        )
    before = list(sys.path)
    assert load_lfs(tmp_path / "a" / "mine.py", tmp_path / "b" / "mine.py").names == ("a_apple", "b_pear")
    assert sys.path == before


def test_an_attribute_of_a_module(pack, monkeypatch):
    path = pack(PACK + "\nchosen = [short]\n", "greetings_for_test.py")
    monkeypatch.syspath_prepend(str(path.parent))
    assert load_lfs("greetings_for_test:chosen").names == ("short",)
    assert load_lfs("greetings_for_test:").names == ("hi", "short")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nothing_of_that_name", r"mine.py cannot be loaded: ModuleNotFoundError.*\(line 1\)"),
        ("LABELS = ('a'", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("\n\n1 / 0", r"ZeroDivisionError: division by zero \(line 3\)"),
        (PACK.replace("LABELS", "labels"), "has no LABELS"),
        ("LABELS = ('a', 'b')", "has no labeling functions"),
        ("LABELS = ('a', 'a')", "names a class twice"),
        (PACK.replace('"hi", 1', '"hi", 5'), "LF 'hi' votes 5, but LABELS has 2 classes"),
        (
            PACK.replace("@labeling_function()", '@labeling_function(name="hi")'),
            "two labeling functions are called 'hi'",
        ),
        (PACK.replace("@labeling_function()", "@labeling_function"), "needs parentheses"),
    ],
)
def test_a_broken_pack_says_what_is_wrong(pack, text, message):
    with pytest.raises(LFError, match=message):
        load_lfs(pack(text))


def test_packs_with_other_labels_are_refused_together(pack):
    other = pack(PACK.replace("hello", "hallo").replace("hi", "hoi"), "other.py")
    with pytest.raises(LFError, match="declare the same LABELS"):
        load_lfs(pack(), other)


def test_duplicate_names_across_packs_name_both_origins(pack):
    other = pack(PACK, "other.py")
    with pytest.raises(LFError, match=r"'hi': in .*mine\.py and in .*other\.py"):
        load_lfs(pack(), other)


def test_unknown_names(pack, monkeypatch):
    with pytest.raises(LFError, match=r"no pack is called 'spma' \(did you mean 'spam'\?\); packs are"):
        load_lfs("spma")
    monkeypatch.chdir(pack().parent)
    with pytest.raises(LFError, match=r"give its path, \./mine\.py"):
        load_lfs("mine")
    with pytest.raises(LFError, match="does not exist"):
        load_lfs("./nothing.py")
    with pytest.raises(LFError, match="no labeling functions were named"):
        load_lfs()


def test_listing_shows_breakage_and_goes_on(pack):
    broken = pack("1 / 0", "broken.py")
    first, second = list_packs([str(broken), str(pack())])
    assert first.error is not None and "ZeroDivisionError" in first.error
    assert second.error is None and [(lf.name, lf.kind) for lf in second.lfs] == [("hi", "keyword"), ("short", "row")]


def test_the_starter_pack_loads_and_is_never_overwritten(tmp_path):
    path = tmp_path / "my_pack.py"
    write_starter(path)
    assert len(load_lfs(path)) == 5
    with pytest.raises(LFError, match="exists already"):
        write_starter(path)
    with pytest.raises(LFError, match=r"must end in \.py"):
        write_starter(tmp_path / "my_pack")


PLUGIN_PROBE = """
from weaklabel.lf.packs import load_lfs
from weaklabel.lf.packs import list_packs
print(load_lfs("greetings").names)
print([pack.spec for pack in list_packs() if pack.error])
"""


def install(folder, name, points):
    """Lay out an installed distribution: a module and its metadata with entry points."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"[{packs.ENTRY_POINT_GROUP}]", *(f"{point} = {target}" for point, target in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def probe(code, folder):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(folder), "PATH": ""}
    )


def test_installed_plugins(pack, tmp_path):
    pack(PACK, "greetings_plugin.py")
    pack("1 / 0", "broken_plugin.py")
    install(tmp_path, "greetings-dist", {"greetings": "greetings_plugin", "broken": "broken_plugin"})
    done = probe(PLUGIN_PROBE, tmp_path)
    assert done.stdout.splitlines() == ["('hi', 'short')", "['broken']"], done.stderr


def test_a_plugin_may_not_take_the_name_of_a_ready_pack(pack, tmp_path):
    pack(PACK, "greetings_plugin.py")
    install(tmp_path, "greetings-dist", {"spam": "greetings_plugin"})
    pack(PACK, "other_plugin.py")
    install(tmp_path, "other-dist", {"other": "other_plugin"})
    done = probe("from weaklabel.lf.packs import load_lfs; print(load_lfs('other').names); load_lfs('spam')", tmp_path)
    assert "two packs are called 'spam'" in done.stderr and "greetings-dist" in done.stderr
    assert done.stdout.startswith("('hi', 'short')")
    listed = probe(PLUGIN_PROBE.replace("greetings", "other"), tmp_path)
    assert listed.stdout.splitlines() == ["('hi', 'short')", "['spam']"], listed.stderr
