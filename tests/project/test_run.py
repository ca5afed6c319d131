"""The run of a project: what it does again after which change, and what it says."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import weaklabel
from tests.project.conftest import BAD, GOOD
from tests.tiny_bert import save_encoder
from weaklabel import load_lfs, read_corpus
from weaklabel.classifier import load_classifier
from weaklabel.config import LabelModelSettings, read_project
from weaklabel.errors import ConfigError, LFError, VoteError, WeakLabelError
from weaklabel.job import LabelOptions, label_file
from weaklabel.job.steps import UnknownStepError
from weaklabel.project.run import run_project
from weaklabel.support.code import code_files_of
from weaklabel.support.folders import unfinished_build

STEPS = ["read", "vote", "label", "train majority_class", "train linear", "predict", "score", "report"]
ROWS = 40
GOLD_ROWS = 8


@pytest.fixture
def done(place):
    """A project that was run."""
    assert place.not_done() == STEPS
    result = place.run()
    assert not result.done_before and list(result.timings) == STEPS
    assert place.asked() == ROWS + GOLD_ROWS
    return place


def test_a_second_run_does_nothing(done):
    before = {path: path.stat().st_mtime_ns for path in done.out.rglob("*")}
    result = done.run()
    assert result.done_before and done.not_done() == [] and done.asked() == 0
    assert {path: path.stat().st_mtime_ns for path in done.out.rglob("*")} == before
    assert result.labeled.preds.tolist() == [1, 1, 1, 1, 0, 0, 0, 0] * 5
    assert set(result.scores) == {"majority_vote", "label_model", "majority_class", "linear"}
    assert {"labeled.csv", "votes.npz", "models/linear", "report.html", "manifest.json"} <= set(result.files)


def test_a_regex_that_changes_is_asked_alone(done):
    done.edit("pack.py", '"!!!"', '"!!"')
    plan = done.plan()
    assert plan["read"] == ("done",)
    assert plan["vote"] == ("stale", "labeling function shout changed")
    assert all(plan[name] == ("stale", "vote is stale") for name in STEPS[2:])
    done.run()
    assert done.asked() == 0, "the votes of the others are there, also those on gold rows"
    assert done.not_done() == []


AFTER_LABEL = STEPS[3:]
CHANGES = {
    "title": ("project.toml", '"Messages"', '"Mail"', ["report"], 'title "Messages" -> "Mail"'),
    "label model": ("project.toml", '"majority"', '"weighted"', STEPS[2:], 'label_model.name "majority" -> "weighted"'),
    "seed": ("project.toml", "out =", "seed = 1\nout =", STEPS[2:], "seed 0 -> 1"),
    "gold": ("gold.csv", "now!!!,complaint", "now!!!,praise", STEPS[5:], "gold.csv changed"),
    "positive": ("project.toml", "column =", 'positive = "praise"\ncolumn =', STEPS[6:], 'gold.positive (default) -> "praise"'),
    "corpus": ("messages.csv", "quick", "slow", STEPS, "messages.csv changed"),
    "budget": ("project.toml", "workers", "error_budget = 0.0\nworkers", STEPS[1:], "lfs.error_budget (default) -> 0.0"),
    "workers": ("project.toml", "workers = 0", "workers = 1", ["report"], "lfs.workers 0 -> 1"),
    "max_rows": ("project.toml", '"linear"', '"linear"\nmax_rows = 20', AFTER_LABEL, "classifier.max_rows (default) -> 20"),
    "new lf": ("pack.py", "shout =", 'more = regex_lf("more", 1, "so")\nshout =', STEPS[1:], "labeling function more is new"),
    "lf gone": ("pack.py", "shout =", "shouts =", STEPS[1:], None),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reaches_what_depends_on_it(done, change):
    file, old, new, again, why = CHANGES[change]
    if change == "lf gone":
        old, new, why = 'shout = regex_lf("shout", 0, "!!!")', "", "labeling function shout is gone"
    done.edit(file, old, new)
    plan = done.plan()
    assert [name for name, (state, *_) in plan.items() if state != "done"] == again
    assert any(why in reason for reason in plan[again[0]][1:]), plan[again[0]]


def test_the_code_of_a_step_is_that_of_the_chosen_models(place, tmp_path, monkeypatch):
    """A change of another label model or classifier is no reason to do a step again."""
    place.edit("project.toml", '"majority"', '"weighted"')
    package = Path(weaklabel.__file__).parent
    copy = shutil.copytree(package, tmp_path / "weaklabel", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(weaklabel, "__file__", str(copy / "__init__.py"))

    def codes():
        return {step.name: step.code.rooms for step in place.prepared().pipeline.steps}

    def changed_by(*files):
        before = codes()
        for file in files:
            with (copy / file).open("ab") as handle:
                handle.write(b"\n")
        now = codes()
        return {name for name in before if before[name] != now[name]} - {"report"}

    others = ("label_model/snorkel.py", "label_model/hyper/hyper.npz", "classifier/bert.py")
    assert changed_by(*others) == set()
    assert changed_by("label_model/weighted.py", "classifier/linear.py") == {"label", "train linear"}
    assert changed_by("lf/patterns.py") == {"vote", "predict"}


def test_a_step_runs_no_code_that_it_does_not_depend_on(place):
    package = Path(weaklabel.__file__).parent
    prepared = place.prepared()
    foreign, before = set(), set()

    def traced(step):
        before.update(
            str(file) for file in [*code_files_of(step.do, step.modules), sys.modules[step.do.__module__].__file__]
        )
        mine = set(before)

        def note(frame, event, _):
            file = frame.f_code.co_filename
            if event == "call" and file.startswith(str(package)) and file not in mine:
                foreign.add((step.name, file, frame.f_code.co_name))

        def do(*arguments):
            sys.setprofile(note)
            try:
                step.do(*arguments)
            finally:
                sys.setprofile(None)

        return replace(step, do=do)

    prepared.pipeline.steps = [traced(step) for step in prepared.pipeline.steps]
    prepared.run()
    assert not foreign


def test_settings_of_bert_train_bert_alone_again(place, tmp_path):
    model = save_encoder(tmp_path / "tiny")
    place.edit("project.toml", '"linear"', f'"bert"\nmodel = "{model}"\nepochs = 1\nmax_length = 16')
    place.run()
    assert (place.out / "training" / "bert" / "training.jsonl").exists()
    linear = (place.out / "models" / "linear" / "weights.npz").stat().st_mtime_ns
    place.edit("project.toml", "epochs = 1", "epochs = 2")
    plan = place.plan()
    assert [name for name, (state, *_) in plan.items() if state != "done"] == ["train bert", *STEPS[5:]]
    assert plan["train bert"] == ("stale", "classifier.epochs 1 -> 2")
    place.run()
    assert (place.out / "models" / "linear" / "weights.npz").stat().st_mtime_ns == linear
    assert len((place.out / "training" / "bert" / "training.jsonl").read_text().splitlines()) == 2
    (tmp_path / "tiny" / "vocab.txt").write_text("other")
    assert place.plan()["train bert"] == ("stale", "tiny changed")


def test_a_base_model_counts_by_its_content(place, tmp_path):
    save_encoder(place.folder / "tiny")
    place.edit("project.toml", '"linear"', '"bert"\nmodel = "tiny"\nepochs = 1\nmax_length = 16')
    place.run()
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("messages.csv", "gold.csv", "pack.py", "project.toml", "tiny", "run"):
        (place.folder / name).rename(moved / name)
    place.folder, place.project, place.out = moved, moved / "project.toml", moved / "run"
    assert place.not_done() == ["report"]
    (moved / "tiny" / "vocab.txt").write_text("other")
    assert place.plan()["train bert"] == ("stale", "tiny changed")


def test_held_out_rows_are_those_that_were_decided_on(place):
    """Which rows have gold matters to training; what gold they have does not."""
    from weaklabel.decisions import DecisionLog
    from weaklabel.decisions.log import Decision, now, text_hash

    def decide(text, label):
        decision = Decision(0, text_hash(text), label, "me", now())
        DecisionLog(place.folder / "decisions.jsonl").append(decision)

    texts = (place.folder / "messages.csv").read_text().splitlines()[1:]
    for text in texts[:8]:
        decide(text, "praise" if texts.index(text) < 4 else "complaint")
    place.edit("project.toml", 'path = "gold.csv"', 'path = "decisions.jsonl"')
    place.run()
    decide(texts[0], "complaint")
    assert place.not_done() == STEPS[5:]
    decide(texts[9], "praise")
    assert place.not_done() == STEPS[3:]
    assert "the choice of rows in decisions.jsonl changed" in place.plan()["train linear"]


def test_gold_may_be_the_export_of_a_labeling_tool(place):
    from tests.decisions.test_importing import studio, written

    texts = (place.folder / "messages.csv").read_text().splitlines()[1:9]
    tasks = [studio(row, text, ("a@x.org", "praise" if row < 4 else "complaint")) for row, text in enumerate(texts)]
    written(place.folder / "project-1.json", tasks)
    place.edit("project.toml", 'path = "gold.csv"', 'path = "project-1.json"')
    place.run()
    scores = json.loads((place.out / "scores.json").read_text())
    assert scores["label_model"]["n"] == len(set(texts))


def test_a_failed_run_says_which_step_failed_and_goes_on(place):
    good = place.pack.read_text()
    breaks = '\n@labeling_function()\ndef breaks(x):\n    raise ValueError("no")\n'
    place.pack.write_text(good + breaks)
    place.edit("project.toml", "workers = 0", "workers = 0\nerror_budget = 0.0")
    with pytest.raises((LFError, VoteError), match=r"^step 'vote' failed: .*breaks.*resumes there$"):
        place.run()
    assert place.plan()["read"] == ("done",) and not place.out.exists()
    place.pack.write_text(good)
    place.run()
    assert place.not_done() == [] and not unfinished_build(place.out).exists()


def test_gold_is_opened_last(place):
    """A file with gold that cannot be used fails the step that opens it, when all others are done."""
    place.write("gold.csv", [("thanks", "neither")], "text", "truth")
    with pytest.raises(Exception, match="step 'predict' failed"):
        place.run()
    assert place.not_done() == STEPS[5:]


def test_a_step_is_done_again_when_asked_for(done):
    assert [name for name, (state, *_) in done.plan("train").items() if state != "done"] == STEPS[3:]
    first = done.records()
    done.run("train linear")
    assert done.records()["train majority_class"] == first["train majority_class"]
    assert {name for name, record in done.records().items() if record != first[name]} >= {"report"}
    with pytest.raises(UnknownStepError, match=r"no step 'trai' \(did you mean 'train'\?\)"):
        done.plan("trai")
    assert [state for state, *_ in done.plan("").values()] == ["stale"] * len(STEPS)


@pytest.mark.parametrize(
    "file", ["labeled.csv", "votes.npz", "models/linear/weights.npz", "scores.json", "steps/probs.npy"]
)
def test_a_result_that_was_changed_by_hand_is_made_again(done, file):
    before, records = (done.out / file).read_bytes(), done.records()
    (done.out / file).write_bytes(b"mine")
    [again] = [name for name, (_, *why) in done.plan().items() if why == [f"{file} was changed"]]
    done.run()
    assert (done.out / file).read_bytes() == before and done.not_done() == []
    others = {name: record for name, record in records.items() if name != again}
    assert others.items() <= done.records().items(), "the step that wrote it is done again, and no other"


def test_a_project_that_was_moved_is_reported_again_and_nothing_else(done, tmp_path):
    for name in ("messages.csv", "gold.csv", "pack.py", "project.toml", "run"):
        (tmp_path / "moved").mkdir(exist_ok=True)
        (tmp_path / name).rename(tmp_path / "moved" / name)
    done.folder, done.project, done.out = (tmp_path / "moved" / name for name in ("", "project.toml", "run"))
    assert done.not_done() == ["report"]
    assert any("corpus.path" in reason for reason in done.plan()["report"])
    done.run()
    assert done.not_done() == []


def test_the_provenance_of_a_model_names_the_pack_without_its_folder(done, tmp_path):
    provenance = load_classifier(done.out / "models" / "linear").provenance_
    assert "(pack.py)" in provenance and str(tmp_path) not in provenance


def test_a_damaged_manifest_is_written_again(done):
    (done.out / "manifest.json").write_text("{")
    assert done.not_done() == []
    result = done.run()
    assert not result.done_before
    assert json.loads((done.out / "manifest.json").read_text())["title"] == "Messages"


def test_a_run_folder_without_its_manifest_is_recognized(done):
    (done.out / "manifest.json").unlink()
    (done.out / "notes.txt").write_text("mine")
    before = done.records()
    assert done.not_done() == []
    assert not done.run().done_before
    assert (done.out / "manifest.json").exists() and done.records() == before
    assert (done.out / "notes.txt").read_text() == "mine" and not list(done.out.glob("*.kept*"))


@pytest.mark.parametrize("journal", ["{}", '{"format": "mine", "steps": {}}'])
def test_a_folder_with_other_files_is_refused(place, journal):
    place.out.mkdir()
    (place.out / "steps.json").write_text(journal)
    with pytest.raises(ConfigError, match="holds other files"):
        place.run()
    assert (place.out / "steps.json").read_text() == journal


def test_the_manifest_says_what_was_done_when(done):
    manifest = json.loads((done.out / "manifest.json").read_text())
    assert list(manifest["timings_seconds"]) == STEPS
    assert manifest["rows"] == ROWS and manifest["lfs"] == ["broken", "thanks", "shout", "asked"]
    done.edit("project.toml", '"Messages"', '"Mail"')
    done.run()
    again = json.loads((done.out / "manifest.json").read_text())
    assert again["title"] == "Mail"
    same = {name: seconds for name, seconds in manifest["timings_seconds"].items() if name != "report"}
    assert same.items() <= again["timings_seconds"].items(), "times are those of when a step was done"


def test_a_project_without_gold_has_no_steps_for_it(place):
    text = place.project.read_text()
    place.project.write_text(text[: text.index("[gold]")])
    assert list(place.plan()) == [name for name in STEPS if name not in ("predict", "score")]
    result = place.run()
    assert result.scores == {} and not (place.out / "scores.json").exists()


def test_what_is_wrong_with_models_is_found_before_any_work(place):
    place.edit("project.toml", '"majority"', '"majority"\nlr = 0.1')
    with pytest.raises(ConfigError, match="has no lr"):
        run_project(read_project(place.project))
    assert not unfinished_build(place.out).exists() and place.asked() == 0


def test_the_plan_and_a_run_that_has_nothing_to_do_load_nothing_heavy(done):
    code = (
        "import sys, weaklabel.cli\ntry:\n    weaklabel.cli.main(sys.argv[1:])\nexcept SystemExit as stopped:\n"
        "    print(stopped.code, *({'torch', 'sklearn', 'transformers', 'spacy'} & set(sys.modules)), file=sys.stderr)"
    )
    for more in ([], ["--plan", "--json"]):
        command = [sys.executable, "-c", code, "run", str(done.project), "-q", *more]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert result.stderr.splitlines()[-1] == "0", result.stderr
    plan = json.loads(result.stdout)
    assert plan["folder"] == str(done.out)
    assert [step["name"] for step in plan["steps"]] == STEPS
    assert all(step["state"] == "done" and step["size"] and step["why"] == [] for step in plan["steps"])


def test_votes_of_label_and_run_are_the_same_votes(place, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    options = LabelOptions(LabelModelSettings(name="majority"), workers=0)
    corpus = place.folder / "messages.csv"
    label_file(read_corpus(corpus), load_lfs(str(place.pack)), str(tmp_path / "labeled.csv"), options)
    assert place.asked() == ROWS
    place.run()
    assert place.asked() == GOLD_ROWS
    assert (place.out / "labeled.csv").read_bytes() == (tmp_path / "labeled.csv").read_bytes()
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "other"))
    place.run(again="")
    assert place.asked() == ROWS + GOLD_ROWS
    result = label_file(read_corpus(corpus), load_lfs(str(place.pack)), str(tmp_path / "again.csv"), options)
    assert result.known_rows == ROWS and place.asked() == 0


def test_gold_of_one_split_scores_and_the_rest_of_the_corpus_trains(place):
    """Gold outside of the split is not read, and no row outside of "train" is trained on."""
    rows = []
    for number in range(5):
        for texts, truth in ((GOOD, "praise"), (BAD, "complaint")):
            for text in texts:
                split = ("train", "train", "train", "valid", "test")[number]
                rows.append((f"{text} {number}", truth if split == "test" else "nonsense", split))
    place.write("messages.csv", rows, "text", "truth", "split")
    place.edit("project.toml", 'path = "gold.csv"\n', "")
    place.edit("project.toml", 'column = "truth"', 'column = "truth"\nsplit = "test"')
    result = place.run()
    assert {scores.n for scores in result.scores.values()} == {8}
    trained = json.loads((place.out / "steps" / "trained-linear.json").read_text())
    assert trained["rows"] == 24
    place.edit("project.toml", 'split = "test"', 'split = "train"')
    with pytest.raises(ConfigError, match=r"gold\.split: classifiers train on the rows of 'train'"):
        place.run()
    place.edit("project.toml", 'split = "train"', 'split = "valid"')
    assert {"train linear", "predict"} <= set(place.not_done()) and "label" not in place.not_done()
    with pytest.raises(WeakLabelError, match="nonsense"):
        place.run()


def test_a_project_may_be_given_as_its_file(place):
    result = run_project(str(place.project))
    assert result.folder == place.out and (place.out / "labeled.csv").is_file()
