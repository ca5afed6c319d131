"""No option of any verb writes over what the verb reads, whatever name it is given by."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from weaklabel import cli
from weaklabel.decisions import Decision, DecisionLog, now, text_hash

# Every option and argument that is given as text or as a path. A new one fails the test below until it stands here,
# and each output needs a line in COMMANDS.
OUTPUTS = {
    "label": {"out", "write_batch"},
    "calibrate": {"out"},
    "predict": {"out"},
    "analyze": {"html"},
    "suggest": {"out"},
    "train": {"out", "run_folder"},
    "run": {"out", "write_batch"},
    "bench": {"out", "html", "markdown"},
    "demo": {"out"},
    "lfs": {"new"},
    "collect": {"out"},
    "clean": {"out"},
    "dedup": {"out", "clusters"},
    "protect": {"out"},
    "augment": {"out"},
    "select": {"out", "curve"},
    "check": {"out"},
    "issues": {"out"},
    "split": {"out"},
    "import": {"out", "decisions"},
    "export": {"out"},
    "tune": {"out", "run_folder"},
}
INPUTS = {
    "label": {"corpus", "encoder", "lfs", "decisions", "read_batch"},
    "calibrate": {"corpus", "lfs"},
    "predict": {"corpus", "model"},
    "analyze": {"corpus", "encoder", "lfs", "decisions", "gold_file"},
    "suggest": {"corpus", "encoder", "lfs"},
    "train": {"corpus", "encoder", "lfs", "decisions", "validation", "base"},
    "run": {"project", "read_batch", "encoder"},
    "bench": {"sets", "datasculpt", "encoder"},
    "explain": {"corpus", "encoder", "lfs"},
    "drift": {"old", "new", "encoder", "lfs"},
    "score": {"corpus", "decisions", "gold_file"},
    "check": {"corpus", "decisions"},
    "issues": {"corpus", "decisions", "encoder"},
    "review": {"project", "lfs", "encoder"},
    "lfs": {"specs"},
    "collect": {"sources"},
    "clean": {"corpus", "keep"},
    "dedup": {"corpus", "keep", "against", "lfs"},
    "protect": {"corpus", "keep", "key_file"},
    "augment": {"corpus", "lfs", "not_in", "tfs"},
    "select": {"corpus", "decisions", "encoder", "keep", "tokenizer"},
    "split": {"corpus", "keep"},
    "import": {"files", "corpus"},
    "export": {"source"},
    "tune": {"data", "validation", "model"},
}
# Folders in which weaklabel keeps files under names that are hashes, and names of columns, classes, models and others.
STORES = {
    **{
        verb: {"cache"}
        for verb in ("label", "predict", "train", "analyze", "suggest", "explain", "drift", "run", "demo", "calibrate")
    },
    "bench": {"work", "cache"},
}
NAMES = {
    "text", "entities", "delimiter", "comment", "quote_char", "encoding", "columns", "class_balance", "prefix", "address",
    "gold", "pred", "labels", "params",
    "positive", "lf", "lr", "label_model", "label_models", "classifier", "classifiers", "backend", "clean_labels", "reviewer",
    "from_step", "preset", "rule", "annotate", "pipeline", "names_pipeline", "action", "action_of", "find", "ignore", "only",
    "skip", "regions", "names", "pattern", "allow", "unit", "user_agent", "query", "key", "keep_row", "votes",
    "group_by", "split_column", "shares", "stratify", "id_column", "question", "text_field", "row_id_field", "annotator_field",
    "price", "describe", "llm", "llm_key", "endpoint", "personal_data", "to", "license", "title", "source_license", "languages",
    "description", "set_", "split", "log", "taggers", "span_label_models",
    "method", "budget", "balance", "score_column", "policy",
}  # fmt: skip


def parts_of(kind):
    return {part for inner in get_args(kind) for part in (inner, *parts_of(inner))}


def test_every_option_with_a_path_is_known():
    for command in cli.app.registered_commands:
        verb, params = command.callback.__name__, get_type_hints(command.callback)
        given = {name for name, kind in params.items() if {str, Path} & {kind, *parts_of(kind)}}
        listed = [OUTPUTS.get(verb, set()), INPUTS.get(verb, set()), STORES.get(verb, set()), NAMES]
        assert given <= set().union(*listed), f"{verb}: say of each whether it is an output"
        assert set().union(*listed[:3]) <= given
        for option in listed[0]:
            assert any((command, name) == (verb, option) for command, name, *_ in COMMANDS), (verb, option)


HELPER = """
from weaklabel import keyword_lf, lexicon_lf
from pathlib import Path

slow = lexicon_lf("slow", 0, Path(__file__).parent / "words" / "slow.txt")
"""


TFS = """
from weaklabel import transformation_function


@transformation_function()
def louder(x):
    return x.text.upper()
"""


@pytest.fixture
def place(tmp_path, corpus, pack, monkeypatch):
    """A folder with one input of each kind."""
    monkeypatch.chdir(tmp_path)
    pack.write_text(pack.read_text(encoding="utf-8") + "\nfrom helper import slow\n", encoding="utf-8")
    (tmp_path / "helper.py").write_text(HELPER, encoding="utf-8")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "slow.txt").write_text("slow\nsluggish\n", encoding="utf-8")
    log = DecisionLog(tmp_path / "decisions.jsonl")
    for text, label in (("thanks a lot", "praise"), ("it is broken again", "complaint")):
        log.append(Decision(0, text_hash(text), label, "me", now()))
    shutil.copy(corpus, tmp_path / "validation.csv")
    (tmp_path / "wanted.jsonl").write_text('{"source": "messages.csv", "place": "row 1"}\n', encoding="utf-8")
    (tmp_path / "secret.jsonl").write_text("0123456789abcdef" * 4, encoding="utf-8")
    (tmp_path / "secret.jsonl").chmod(0o600)
    for name in ("chat.jsonl", "held.jsonl"):
        (tmp_path / name).write_text('{"prompt": "slow", "completion": "complaint"}\n', encoding="utf-8")
    (tmp_path / "table.csv").write_text("split,text,label,vote_a\ntrain,x,1,1\ntest,y,0,0\n", encoding="utf-8")
    labeled = (
        "text,label,confidence,p_complaint,p_praise\nit is slow,complaint,0.8,0.8,0.2\nthanks,praise,0.9,0.1,0.9\n"
    )
    (tmp_path / "voted.csv").write_text(labeled, encoding="utf-8")
    (tmp_path / "tfs.py").write_text(TFS, encoding="utf-8")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.csv").write_text("text,label,vote_a\nx,1,1\n", encoding="utf-8")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("it is broken", encoding="utf-8")
    (tmp_path / "model").mkdir()
    manifest = {"kind": "majority", "labels": ["complaint", "praise"], "params": {}, "state": {"shares": [0.5, 0.5]}}
    manifest |= {"provenance": "", "written": ["weaklabel.json"]}
    (tmp_path / "model" / "weaklabel.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "log").mkdir()
    shutil.copy(corpus, tmp_path / "log" / "training.jsonl")
    return tmp_path


@dataclass(frozen=True)
class Output:
    verb: str
    option: str
    command: str
    ending: str
    inputs: tuple[str, ...]

    def __iter__(self):
        return iter((self.verb, self.option))


PACK = ("mine.py", "helper.py", "words/slow.txt")
LABEL = "label messages.csv --lfs mine.py -o OUT"
ANALYZE = "analyze messages.csv --lfs mine.py --decisions decisions.jsonl --html OUT"
TRAIN = "train messages.csv --lfs mine.py --decisions decisions.jsonl --validation validation.csv --gold truth"
BENCH = "bench table.csv set --label-models majority"
IMPORT = "import validation.csv --question truth --corpus messages.csv"
PROTECT = "protect messages.csv --key-file secret.jsonl --action pseudonym -o OUT"
COMMANDS = [
    Output("label", "out", LABEL, ".csv", ("messages.csv", *PACK)),
    Output("label", "out", "label messages.csv --lfs mine.py --decisions decisions.jsonl -o OUT", ".jsonl",
           ("decisions.jsonl",)),
    Output("label", "out", "label texts --lfs mine.py -o OUT", ".csv", ("texts/a.txt",)),
    Output("label", "write_batch", "label messages.csv --lfs mine.py -o new.csv --write-batch OUT", ".jsonl",
           ("messages.csv", *PACK)),
    Output("label", "out", "label messages.csv --lfs mine.py --read-texts --encoder model -o OUT", ".jsonl",
           ("model/weaklabel.json",)),
    Output("run", "write_batch", "run project.toml --write-batch OUT", "file", ("messages.csv",)),
    Output("calibrate", "out", "calibrate messages.csv --lfs mine.py --gold truth -o OUT", ".json",
           ("messages.csv", *PACK)),
    Output("predict", "out", "predict messages.csv --model model -o OUT", ".csv", ("messages.csv", "model/weaklabel.json")),
    Output("analyze", "html", ANALYZE, "", ("messages.csv", "decisions.jsonl", *PACK)),
    Output("analyze", "html", "analyze texts --lfs mine.py --html OUT", "", ("texts/a.txt",)),
    Output("suggest", "out", "suggest messages.csv --lfs mine.py --force -o OUT", ".py", ("messages.csv", *PACK)),
    Output("bench", "out", f"{BENCH} -o OUT", "", ("table.csv", "set/train.csv")),
    Output("bench", "html", f"{BENCH} --html OUT", "", ("table.csv", "set/train.csv")),
    Output("bench", "markdown", f"{BENCH} --markdown OUT", "", ("table.csv", "set/train.csv")),
    Output("train", "out", f"{TRAIN} --base model -o OUT", "folder", ("model",)),
    Output("train", "out", f"{TRAIN} -o OUT", "file", ("messages.csv", "validation.csv", "decisions.jsonl", *PACK)),
    Output("train", "run_folder", f"{TRAIN} -o new --run-folder OUT", "file", ("messages.csv", "validation.csv", *PACK)),
    Output("collect", "out", "collect texts -o OUT", ".csv", ("texts/a.txt",)),
    Output("collect", "out", "collect messages.csv --text text -o OUT", ".csv", ("messages.csv",)),
    Output("clean", "out", "clean messages.csv --keep wanted.jsonl -o OUT", ".csv", ("messages.csv",)),
    Output("clean", "out", "clean messages.csv --keep wanted.jsonl -o OUT", ".jsonl", ("wanted.jsonl",)),
    Output("dedup", "out", "dedup messages.csv --against validation.csv -o OUT", ".csv", ("messages.csv", "validation.csv")),
    Output("dedup", "clusters", "dedup messages.csv --against validation.csv -o new.csv --clusters OUT", ".csv",
           ("messages.csv", "validation.csv")),
    Output("protect", "out", PROTECT, ".csv", ("messages.csv",)),
    Output("protect", "out", PROTECT, ".jsonl", ("secret.jsonl",)),
    Output("select", "out", "select voted.csv --by confidence -o OUT", ".csv", ("voted.csv",)),
    Output("augment", "out", "augment voted.csv --tf tfs.py --all-train --not-in validation.csv -o OUT", ".csv",
           ("voted.csv", "validation.csv", "tfs.py")),
    Output("select", "out", "select voted.csv --by shapley --decisions decisions.jsonl -o OUT", ".jsonl", ("decisions.jsonl",)),
    Output("select", "curve", "select voted.csv --by rl-rows --decisions decisions.jsonl -o new.csv --curve OUT", "",
           ("voted.csv", "decisions.jsonl")),
    Output("check", "out", "check voted.csv --decisions decisions.jsonl -o OUT", ".csv", ("voted.csv",)),
    Output("issues", "out", "issues voted.csv --encoder model --decisions decisions.jsonl -o OUT", ".csv",
           ("voted.csv", "model/weaklabel.json")),
    Output("issues", "out", "issues voted.csv --decisions decisions.jsonl -o OUT", ".jsonl", ("decisions.jsonl",)),
    Output("split", "out", "split messages.csv -o OUT", ".csv", ("messages.csv",)),
    Output("import", "out", f"{IMPORT} -o OUT", ".csv", ("validation.csv", "messages.csv")),
    Output("import", "decisions", f"{IMPORT} --decisions OUT", "", ("validation.csv", "messages.csv")),
    Output("export", "out", "export table.csv --to csv -o OUT", ".csv", ("table.csv",)),
    Output("tune", "out", "tune chat.jsonl --model model -o OUT", "folder", ("model",)),
    Output("tune", "out", "tune chat.jsonl --validation held.jsonl -o OUT", "file", ("chat.jsonl", "held.jsonl")),
    Output("tune", "run_folder", "tune chat.jsonl -o new --run-folder OUT", "file", ("chat.jsonl",)),
    Output("lfs", "new", "lfs mine.py --new OUT", "file", ("mine.py",)),
    # What a run and a demonstration must leave alone in their folder is in test_run_folder.py and test_demo.py.
    Output("run", "out", "run project.toml -o OUT", "file", ("messages.csv",)),
    Output("demo", "out", "demo -o OUT", "file", ("messages.csv",)),
]  # fmt: skip


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


@pytest.mark.parametrize(
    ("output", "read"),
    [
        pytest.param(output, read, id=f"{output.verb} {output.option} {read}")
        for output in COMMANDS
        for read in output.inputs
    ],
)
def test_no_output_is_an_input(weaklabel, place, output, read):
    file = place / read
    if output.verb == "run":
        text = '[corpus]\npath = "messages.csv"\n[lfs]\nuse = ["./mine.py"]\n[classifier]\nname = "linear"\n'
        (place / "project.toml").write_text(text, encoding="utf-8")
    ways = [read, file]
    if output.ending == "folder":
        (place / "link").symlink_to(file)
        ways.append("link")
    elif output.ending != "file":
        ways = [f"symbolic{output.ending}", f"hard{output.ending}"] + ways * (
            file.suffix == output.ending or not output.ending
        )
        (place / ways[0]).symlink_to(read)
        (place / ways[1]).hardlink_to(file)
    before = contents(place)
    for way in ways:
        done = weaklabel(*(str(way) if word == "OUT" else word for word in output.command.split()))
        assert done.code == 1, done.out
        assert contents(place) == before
        if output.ending != "file":
            assert f"{way} is " in done.err or f"{place / read} is " in done.err, done.err
            assert "write to another" in done.err


def test_rejects_do_not_replace_an_input(weaklabel, place):
    (place / "out.csv.rejects.jsonl").write_bytes((place / "messages.csv").read_bytes())
    before = contents(place)
    done = weaklabel("label", "out.csv.rejects.jsonl", "--lfs", "mine.py", "--format", "csv", "-o", "out.csv")
    assert done.code == 1 and "out.csv.rejects.jsonl is the corpus itself" in done.err
    assert contents(place) == before


def test_a_log_of_training_does_not_replace_an_input(weaklabel, place):
    before = contents(place)
    done = weaklabel(
        "train", "log/training.jsonl", "--format", "csv", "--lfs", "mine.py", "-o", "new", "--run-folder", "log"
    )
    assert done.code == 1 and "training.jsonl is the corpus itself" in done.err
    assert contents(place) == before


def test_two_outputs_are_two_files(weaklabel, place):
    done = weaklabel("bench", "table.csv", "--html", "page", "--markdown", "../" + place.name + "/page")
    assert done.code == 1 and "are the same file" in done.err and not (place / "page").exists()


def test_what_standard_input_is_redirected_from_is_an_input(place):
    import subprocess

    before = contents(place)
    with (place / "messages.csv").open("rb") as stdin:
        command = [sys.executable, "-m", "weaklabel", "label", "-", "--lfs", "mine.py", "-o", "messages.csv"]
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, cwd=place)
    assert done.returncode == 1 and "messages.csv is the corpus itself" in done.stderr
    assert contents(place) == before


def test_a_link_is_written_through(weaklabel, place):
    (place / "results").mkdir()
    for name in ("labeled.csv", "page.html", "suggested.py"):
        (place / name).symlink_to(f"results/{name}")
    for _ in range(2):
        assert weaklabel("label", "messages.csv", "--lfs", "mine.py", "-o", "labeled.csv").code == 0
        assert weaklabel("analyze", "messages.csv", "--lfs", "mine.py", "--html", "page.html").code == 0
        assert sorted(path.name for path in (place / "results").iterdir()) == ["labeled.csv", "page.html"]
        assert all((place / name).is_symlink() for name in ("labeled.csv", "page.html", "suggested.py"))


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs /dev/fd")
def test_pipes_and_devices_get_the_bytes(place):
    import subprocess

    line = """
    set -e; weaklabel() { "$0" -m weaklabel "$@"; }
    weaklabel label messages.csv --lfs mine.py -q -o plain.csv
    weaklabel label messages.csv --lfs mine.py -q -o /dev/stdout > stdout.csv
    weaklabel label messages.csv --lfs mine.py -q -o /dev/fd/5 5> five.csv
    weaklabel label messages.csv --lfs mine.py -o /dev/null > summary.txt
    mkfifo pipe; cat pipe > piped.csv & weaklabel label messages.csv --lfs mine.py -q -o pipe; wait
    weaklabel analyze messages.csv --lfs mine.py --html pipe > /dev/null & cat pipe > page.html; wait
    """
    done = subprocess.run(["bash", "-c", line, sys.executable], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    plain = (place / "plain.csv").read_bytes()
    for name in ("stdout.csv", "five.csv", "piped.csv"):
        assert (place / name).read_bytes() == plain, name
    assert "written to /dev/null" in (place / "summary.txt").read_text()
    assert (place / "page.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert (place / "pipe").is_fifo() and Path("/dev/null").is_char_device()
