"""--skip-slow leaves out labeling functions that need an encoder, and says which."""

import pytest

SLOW = """
from weaklabel import prototype_lf

like = prototype_lf("like", {0: ["lovely food", "a nice place"], 1: ["bad food", "an awful place"]})
"""


@pytest.fixture
def slow_pack(pack):
    pack.write_text(pack.read_text(encoding="utf-8") + SLOW, encoding="utf-8")
    return pack


@pytest.mark.parametrize("verb", ["label", "analyze"])
def test_it_says_what_it_leaves_out(verb, weaklabel, corpus, slow_pack, tmp_path):
    options = ["-o", tmp_path / "out.csv"] if verb == "label" else []
    command = (verb, corpus, "--lfs", slow_pack, "--skip-slow", "--workers", 0, *options)
    done = weaklabel(*command)
    assert done.code == 0, done.err
    assert "labeling function 'like' is left out: it needs a text encoder" in done.err
    assert "like" not in done.out
    assert "left out: it needs" not in weaklabel(*command, "--quiet").err


def test_a_run_leaves_them_out_by_flag_or_key(weaklabel, corpus, slow_pack, tmp_path):
    project = tmp_path / "project.toml"
    text = f'title = "t"\nout = "run"\n[corpus]\npath = "{corpus}"\n[lfs]\nuse = ["{slow_pack}"]\n'
    project.write_text(text, encoding="utf-8")
    with_it = weaklabel("run", project, "--dry-run")
    without = weaklabel("run", project, "--dry-run", "--skip-slow")
    project.write_text(text + "skip_slow = true\n", encoding="utf-8")
    by_key = weaklabel("run", project, "--dry-run")
    assert with_it.code == without.code == by_key.code == 0, without.err
    assert "'like' is left out" not in with_it.err
    assert "'like' is left out" in without.err and "'like' is left out" in by_key.err
    assert without.out == by_key.out != with_it.out
