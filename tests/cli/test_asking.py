"""Which commands ask language models: label and run; all others take replies that are kept."""

import pytest

from tests.lf.llm.conftest import by_word
from tests.llm.server import LLMServer
from weaklabel import WeakLabelWarning, apply_lfs, load_lfs

PACK = """
from weaklabel import keyword_lf, llm_lf

LABELS = ("ham", "spam")
offer = keyword_lf("offer", 1, ["prize"])
topic = llm_lf("topic", LABELS, endpoint={url!r}, model="tiny")
"""


@pytest.fixture
def server():
    with LLMServer(by_word) as server:
        yield server


@pytest.fixture
def folder(tmp_path, server, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pack.py").write_text(PACK.format(url=server.url), encoding="utf-8")
    (tmp_path / "rows.csv").write_text('text\nwin a prize\nsee you\nmaybe\n""\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_label_asks(folder, server, weaklabel):
    how = ["rows.csv", "--lfs", "./pack.py", "--workers", "0", "--label-model", "majority"]
    before = weaklabel("analyze", *how, "--json")
    assert "LF 'topic': not asked on 3 rows, first row 0" in before.err
    assert (before.json["lf_errors"], before.json["lf_notes"]) == ({}, {"topic": {"not asked": 3}})
    assert server.requests == 0
    labeled = weaklabel(
        "label", "rows.csv", "--lfs", "./pack.py", "-o", "out.csv", "--label-model", "majority", "--workers", "0"
    )
    assert server.bill.requests == 3
    assert "answer off the list on 1 row, first row 2: 'Well, it depends.'" in labeled.out + labeled.err
    after = weaklabel("analyze", *how, "--json")
    assert "not asked" not in after.err
    by_name = {row["LF"]: row for row in after.json["lfs"]}
    assert by_name["topic"]["Coverage"] == 0.5
    explained = weaklabel(
        "explain", "rows.csv", "--lfs", "./pack.py", "--row", "0", "--label-model", "majority", "--workers", "0"
    )
    assert "tiny answers 'spam'" in explained.out
    assert server.bill.requests == 3


def test_lfs_shows_settings_and_opens_nothing(folder, server, weaklabel):
    listed = weaklabel("lfs", "./pack.py", "--json")
    (topic,) = [lf for lf in listed.json["packs"][0]["lfs"] if lf["name"] == "topic"]
    assert (topic["kind"], topic["options"]["model"], topic["options"]["endpoint"]) == (
        "language model",
        "tiny",
        server.url,
    )
    assert server.requests == 0


def test_a_starter_pack_with_a_language_model_loads_and_asks_nothing(folder, server, weaklabel):
    assert weaklabel("lfs", "--new", "first.py", "--llm").code == 0
    (pack,) = weaklabel("lfs", "./first.py", "--json").json["packs"]
    assert pack["lfs"][-1]["kind"] == "language model"
    assert pack["lfs"][-1]["options"]["where"] == "uncovered"
    assert weaklabel("lfs", "--llm").code == 2


ALIKE = """
from weaklabel import keyword_lf, llm_lf

LABELS = ("ham", "spam")
offer = keyword_lf("offer", 1, ["prize"])
first = llm_lf("first", LABELS, endpoint={url!r}, model="tiny", where="uncovered", max_rows=1)
second = llm_lf("second", LABELS, endpoint={url!r}, model="tiny", where="uncovered")
third = llm_lf("third", LABELS, endpoint={url!r}, model="tiny", where="conflict")
fourth = llm_lf("fourth", LABELS, endpoint={url!r}, model="tiny")
fifth = llm_lf("fifth", LABELS, endpoint={url!r}, model="tiny")
"""


def test_labeling_functions_that_differ_only_in_the_rows_they_are_asked_about_keep_their_own_votes(
    folder, server, weaklabel
):
    (folder / "alike.py").write_text(ALIKE.format(url=server.url), encoding="utf-8")
    (folder / "rows.csv").write_text("text\nwin a prize\nsee you\nhello\nmaybe\n", encoding="utf-8")
    how = ["rows.csv", "--lfs", "./alike.py", "--workers", "0", "--label-model", "majority"]
    assert weaklabel("label", *how, "-o", "out.csv").code == 0
    assert server.bill.requests == 4
    analyzed = weaklabel("analyze", *how, "--json").json
    coverage = {row["LF"]: row["Coverage"] for row in analyzed["lfs"]}
    with pytest.warns(WeakLabelWarning, match="LF 'second': answer off the list on 1 row"):
        votes = apply_lfs(load_lfs("./alike.py"), "rows.csv")
    assert coverage == dict(zip(votes.lf_names, (votes.L >= 0).mean(axis=0).tolist(), strict=True))
    assert coverage["fourth"] == coverage["fifth"] == 0.75
    assert {"fourth", "fifth"} <= set(analyzed["lf_notes"])
