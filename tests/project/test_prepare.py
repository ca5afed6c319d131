"""A project that prepares its corpus: the steps before labeling, what they do again, and what is shown of them."""

import json

import polars as pl
import pytest

from tests.project.conftest import BAD, GOOD
from weaklabel.config import read_project
from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.job.steps import UnknownStepError
from weaklabel.project.prepare import Preparation
from weaklabel.project.reader import read_run
from weaklabel.project.run import ProjectRun, preparation_of, run_project, step_names, steps_of, steps_to_come

AFTER = ["read", "vote", "label", "train majority_class", "train linear", "predict", "score", "report"]


@pytest.fixture
def raw(place):
    """The project with a folder of files in the place of its corpus: two of them cannot be used."""
    folder = place.folder / "raw"
    folder.mkdir()
    for number in range(5):
        for text in GOOD + BAD:
            (folder / f"{text[:9]} {number}.txt").write_text(f"{text}  {number}\u200b", encoding="utf-8")
    (folder / "empty.txt").write_text(" \u200b ", encoding="utf-8")
    (folder / "latin.txt").write_bytes("caf\xe9 au lait".encode("latin-1"))
    place.edit("project.toml", '[corpus]\npath = "messages.csv"\n', '[collect]\nsources = ["raw"]\n\n[clean]\n')
    return place


def plan(place, again=None):
    """Return the state of all steps, before and after."""
    project = read_project(place.project)
    preparation, after = preparation_of(project, again)
    if not preparation.is_done:
        steps = [*preparation.plan, *steps_to_come(project, preparation)]
    else:
        steps = [*preparation.plan, *ProjectRun(preparation.prepared, place.project, after).plan()]
    return {step.name: (step.state, *step.why) for step in steps}


def not_done(place):
    return [name for name, (state, *_) in plan(place).items() if state != "done"]


def run(place, again=None):
    return run_project(read_project(place.project), file=place.project, again=again)


def test_the_whole_way_from_files_to_scores(raw):
    assert list(plan(raw)) == ["collect", "clean", *AFTER]
    assert plan(raw)["read"] == ("to do", "collect is to be done first")
    result = run(raw)
    corpus = pl.read_parquet(raw.out / "corpus" / "clean.parquet")
    assert corpus.height == 40 and not corpus["text"].str.contains("\u200b|  ").any()
    assert set(result.scores) >= {"majority_vote", "label_model", "linear"}
    assert not_done(raw) == []
    counts = {name: json.loads((raw.out / "corpus" / f"{name}.json").read_text()) for name in ("collect", "clean")}
    assert all(done["rows"] == done["kept"] + sum(done["dropped"].values()) for done in counts.values())
    assert counts["collect"]["rows"] == 42 and counts["clean"]["kept"] == 40
    rejects = (raw.out / "corpus" / "collect.rejects.jsonl").read_text()
    assert "latin.txt" in rejects
    page = (raw.out / "report.html").read_text()
    assert "Preparing the corpus" in page and "Preparing the corpus" in (raw.out / "report.md").read_text()
    # The run is read back with the corpus that it prepared.
    assert read_run(raw.out).project.corpus.path == raw.out / "corpus" / "clean.parquet"


def test_a_run_that_prepared_its_corpus_is_not_done_again(raw):
    run(raw)
    raw.asked()
    assert run(raw).done_before and raw.asked() == 0


def test_a_lock_that_a_killed_run_left_is_removed(raw):
    run(raw)
    lock = raw.out / ".corpus.weaklabel-lock"
    lock.touch()
    assert run(raw).done_before and not lock.exists()


def test_a_file_more_is_collected_and_the_rest_follows(raw):
    run(raw)
    (raw.folder / "raw" / "new.txt").write_text("great, thanks again", encoding="utf-8")
    assert not_done(raw) == ["collect", "clean", *AFTER]
    assert plan(raw)["collect"][0] == "stale" and "changed" in plan(raw)["collect"][1]
    run(raw)
    assert pl.read_parquet(raw.out / "corpus" / "clean.parquet").height == 41


def test_a_rule_that_changes_cleans_again_and_collects_nothing(raw):
    run(raw)
    raw.edit("project.toml", "[clean]\n", "[clean]\nrules = { min-characters = 22 }\n")
    assert not_done(raw)[0] == "clean" and "clean.rules" in plan(raw)["clean"][1]
    run(raw)
    assert pl.read_parquet(raw.out / "corpus" / "clean.parquet").height < 40


def test_rows_that_were_dropped_are_taken_back(raw):
    raw.edit("project.toml", "[clean]\n", "[clean]\nrules = { min-characters = 22 }\n")
    run(raw)
    kept = pl.read_parquet(raw.out / "corpus" / "clean.parquet").height
    lines = (raw.out / "corpus" / "clean.rejects.jsonl").read_text().splitlines()
    (raw.folder / "wanted.jsonl").write_text("\n".join(lines[:3]) + "\n")
    raw.edit("project.toml", "[clean]\n", '[clean]\nkeep = ["wanted.jsonl"]\n')
    run(raw)
    assert pl.read_parquet(raw.out / "corpus" / "clean.parquet").height == kept + 3


def test_a_step_is_done_again_when_asked_for(raw):
    run(raw)
    assert plan(raw, "clean")["clean"] == ("stale", "it was asked for")
    assert plan(raw, "clean")["collect"] == ("done",)
    assert plan(raw, "train")["clean"] == ("done",) and plan(raw, "train")["train linear"][0] == "stale"
    with pytest.raises(UnknownStepError, match="no step 'cleen'"):
        plan(raw, "cleen")


def test_a_corpus_file_is_prepared_in_the_same_way(place):
    place.edit("project.toml", "[lfs]", "[clean]\n[lfs]")
    run(place)
    assert pl.read_parquet(place.out / "corpus" / "clean.parquet").height == 40
    place.edit("messages.csv", "no refund yet for me 4", "no refund yet for me 44")
    assert plan(place)["clean"] == ("stale", "messages.csv changed")


def test_names_of_steps_are_those_of_the_steps(place):
    for settings in ("", 'ceiling = "gold.csv"\n'):
        place.edit("project.toml", "[gold]\n", f"[gold]\n{settings}")
        project = read_project(place.project)
        prepared = ProjectRun(project, place.project)
        assert step_names(project) == [step.name for step in steps_of(project, prepared.corpus, prepared.lfs)]


def test_a_failed_step_says_so_and_the_run_goes_on_there(raw):
    raw.edit("project.toml", "[clean]\n", "[clean]\nrules = { min-characters = 2000 }\n")
    with pytest.raises(WeakLabelError):
        run(raw)
    assert plan(raw)["collect"] == ("done",)
    raw.edit("project.toml", "2000", "2")
    run(raw)
    assert not_done(raw) == []


def test_two_places_for_rows_are_refused(place):
    place.edit("project.toml", "[lfs]", '[collect]\nsources = ["raw"]\n[lfs]')
    with pytest.raises(ConfigError, match=r"\[collect\] and corpus\.path both say where rows come from"):
        read_project(place.project)
    place.edit("project.toml", '[corpus]\npath = "messages.csv"\n', "")
    place.edit("project.toml", '[collect]\nsources = ["raw"]\n', "")
    with pytest.raises(ConfigError, match=r"the key 'corpus\.path' is missing"):
        read_project(place.project)


def test_tables_are_read_as_the_project_says(raw):
    table = raw.folder / "raw" / "old.csv"
    table.write_text("exported 2020\n'great; thanks';1\nbroken again;2\n")
    raw.edit(
        "project.toml",
        'sources = ["raw"]\n',
        'sources = ["raw"]\ndelimiter = ";"\nquote_char = "\'"\nskip_rows = 1\nheader = false\ncolumns = ["text", "n"]\n',
    )
    Preparation(read_project(raw.project)).run()
    rows = pl.read_parquet(raw.out / "corpus" / "clean.parquet").filter(pl.col("file") == "old.csv")
    assert rows["text"].to_list() == ["great; thanks", "broken again"]
    assert rows["n"].to_list() == ["1", "2"]
    raw.edit("project.toml", "skip_rows = 1", "skip_rows = 2")
    assert plan(raw)["collect"] == ("stale", "collect.skip_rows 1 -> 2")


def test_how_files_are_read_is_said_where_they_are_collected(raw):
    raw.edit("project.toml", "[lfs]", '[corpus]\ndelimiter = ";"\n[lfs]')
    with pytest.raises(ConfigError, match=r"'corpus\.delimiter' has no effect .* say it in \[collect\] \(delimiter\)"):
        read_project(raw.project)


PLANTED = ["jo.miller@example.org", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+44 20 7946 0958"]


def test_no_planted_value_is_anywhere_but_in_the_private_folder(raw, tmp_path, monkeypatch, capsys):
    """Reports, rejects, examples, caches, votes, manifests, journals, logs: none of them has what was protected."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("WEAKLABEL_CACHE", str(cache))
    for number, value in enumerate(PLANTED * 5):
        text = f"<b>great</b>  thanks {number}, write to {value} " + "again " * (number % 3)
        (raw.folder / "raw" / f"planted {number}.txt").write_text(text, encoding="utf-8")
    short = "no {} "  # dropped by a rule of the step before protection
    for number, value in enumerate(PLANTED):
        (raw.folder / "raw" / f"short {number}.txt").write_text(short.format(value), encoding="utf-8")
    for number, value in enumerate(PLANTED):  # what cannot be read: in the reason, in the record, in the name
        (raw.folder / "raw" / f"latin {number}.txt").write_bytes(f"Grüße: {value}".encode("latin-1"))
        (raw.folder / "raw" / f"empty {value} x.txt").write_text("")
    good = "great and thanks again my friend,1\n" * 9
    broken = "".join(f"{value},x,y\n" for value in PLANTED)
    (raw.folder / "raw" / "broken.csv").write_text(f"text,n\n{good}{broken}")
    numbers = {"text": " ", "card": 4111111111111111, "mobilePhone": "2079460958", "n": 7}
    (raw.folder / "raw" / "blank.jsonl").write_text(
        json.dumps(numbers) + '\n{"text": "great and thanks to you again"}\n'
    )
    raw.edit("project.toml", "[clean]\n", "[clean]\nrules = { min-words = 5 }\n[protect]\n")
    run_project(read_project(raw.project), file=raw.project, progress=True)
    text = pl.read_parquet(raw.out / "corpus" / "protect.parquet")["text"]
    assert text.str.contains(r"\[EMAIL\]").sum() == 5
    private = raw.out / "corpus" / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    searched = 0
    for path in [*raw.out.rglob("*"), *cache.rglob("*")]:
        if path.is_file() and private not in path.parents:
            searched += 1
            rows = pl.read_parquet(path).write_json() if path.suffix == ".parquet" else ""
            content = path.read_bytes() + rows.encode()
            for value in PLANTED:
                assert value.encode() not in content, path
    assert searched > 20
    assert (raw.out / "corpus" / "clean.rejects.jsonl").read_text().count("[EMAIL]") >= 1
    assert (raw.out / "corpus" / "collect.rejects.jsonl").read_text().count("[EMAIL]") == 3
    rejects = map(json.loads, (raw.out / "corpus" / "collect.rejects.jsonl").read_text().splitlines())
    (record,) = (reject["record"] for reject in rejects if "card" in reject.get("record", {}))
    assert {name: record[name] for name in ("card", "mobilePhone", "n")} == {
        "card": None,
        "mobilePhone": "[PHONE]",
        "n": 7,
    }
    shown = "".join(capsys.readouterr())
    assert not any(value in shown for value in PLANTED)
    assert any("jo.miller" in path.read_text(errors="replace") for path in (raw.folder / "raw").iterdir())


def test_protecting_later_makes_earlier_rows_private(raw):
    run(raw)
    raw.edit("project.toml", "[clean]\n", "[clean]\n[protect]\n")
    state, *why = plan(raw)["collect"]
    assert (state, why[0]) == ("stale", "private false -> true") and not any("protect." in reason for reason in why)
    run(raw)
    assert sorted(path.name for path in (raw.out / "corpus").glob("*.parquet")) == ["protect.parquet"]


def test_duplicates_and_rows_like_gold_are_dropped(raw):
    (raw.folder / "raw" / "copy.txt").write_text("great service and great people 0", encoding="utf-8")
    (raw.folder / "raw" / "like gold.txt").write_text(
        "The quick brown fox thanks the lazy dog again!", encoding="utf-8"
    )
    raw.write(
        "gold.csv",
        [("the quick brown fox thanks the lazy dog again", "praise"), ("refund", "complaint")],
        "text",
        "truth",
    )
    raw.edit("project.toml", "[clean]\n", "[clean]\n[dedup]\nthreshold = 0.95\n")
    run(raw)
    done = json.loads((raw.out / "corpus" / "dedup.json").read_text())
    assert done["dropped"]["exact"] == 1 and done["dropped"]["contamination"] == 1
    assert done["rows"] == done["kept"] + sum(done["dropped"].values())
    clusters = pl.read_parquet(raw.out / "corpus" / "dedup.clusters.parquet")
    assert clusters.height >= 2
    raw.write("gold.csv", [("thanks a lot", "praise"), ("refund", "complaint")], "text", "truth")
    assert plan(raw)["dedup"] == ("stale", "gold.csv changed") and plan(raw)["clean"] == ("done",)


def test_of_several_rows_the_one_with_most_votes_stays(raw):
    raw.edit("project.toml", "[clean]\n", '[clean]\n[dedup]\nthreshold = 0.95\nkeep_row = "votes"\n')
    run(raw)
    assert not_done(raw) == []
    raw.edit("pack.py", '"thanks", "love"', '"thanks", "love", "help"')
    assert plan(raw)["dedup"] == ("stale", "labeling function thanks changed")
