"""A run that is killed, however often and wherever, ends with the same bytes as one that was not."""

import json
import os
import random
import re
import shutil

import pytest

from tests.killing import Runner
from tests.tiny_bert import save_encoder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")

FIRST = """
import pandas, scipy.sparse, sklearn.feature_extraction.text, sklearn.linear_model
import weaklabel.project.run, weaklabel.suggest
from weaklabel.classifier import BertClassifier
"""

WITH_BERT = """
import torch, transformers
torch.set_num_threads(1)
BertClassifier.__init__.__kwdefaults__["checkpoint_seconds"] = 0.0  # with every epoch and every few steps
"""

TIMES = {"seconds", "texts_per_second", "timings_seconds", "time"}
"""Keys of JSON whose values are how long something took."""

TOLD = {"report.md", "report.html"}
"""Files that show how long the steps took."""


class ProjectRunner(Runner):
    """Starts runs of a project that may be killed."""

    def __init__(self, place, tmp_path, with_bert=False):
        self.place = place
        super().__init__(place.folder, tmp_path / "log.txt", FIRST + (WITH_BERT if with_bert else ""))

    def start(self, at=0):
        """Run the project; return whether it ended, and the number of events on files."""
        return super().start("run", str(self.place.project), at=at)


@pytest.fixture
def start_runner(place, tmp_path):
    runners = []
    (tmp_path / "place").mkdir()
    place = type(place)(tmp_path / "place")

    def start(with_bert=False):
        if with_bert:
            model = save_encoder(tmp_path / "tiny")
            place.edit("project.toml", '"linear"', f'"bert"\nmodel = "{model}"\nepochs = 3\nmax_length = 16')
        runners.append(ProjectRunner(place, tmp_path, with_bert))
        return runners[0]

    yield start
    for runner in runners:
        runner.close()


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def comparable(folder):
    """Return what must be the same, byte for byte but for times, in the folder of a run."""
    result = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name == "steps.json":
            records = json.loads(path.read_text())["steps"]
            result[name] = {step: (record["identity"], record["is_done"]) for step, record in records.items()}
        elif name.endswith(".jsonl"):
            result[name] = [without_times(json.loads(line)) for line in path.read_text().splitlines()]
        elif name.endswith(".json"):
            result[name] = without_times(json.loads(path.read_text()))
        elif path.name == "README.md":
            result[name] = re.sub(r"[\d.,]+ s\b", "", path.read_text())
        else:
            result[name] = None if name in TOLD else path.read_bytes()
    return result


def killed(runner, kills, seed):
    """Kill runs at so many moments; each that ends must have ended as an undisturbed one. Returns the undisturbed one."""
    out = runner.place.out
    ended, total = runner.start()
    assert ended and total > 100
    undisturbed = comparable(out)
    chance, n_killed = random.Random(seed), 0
    shutil.rmtree(out)
    while n_killed < kills:
        ended, _ = runner.start(at=chance.randrange(1, total // 2))
        n_killed += not ended
        names = {path.name for path in out.parent.iterdir()} - {"run", "__pycache__"}
        if (out / "manifest.json").exists():
            assert comparable(out) == undisturbed
        elif out.exists():  # only the corpus is prepared, or not even that
            there = {name: content for name, content in comparable(out).items() if not name.startswith(".corpus.")}
            assert there == {name: undisturbed[name] for name in there}
        if ended:
            assert not [name for name in names if "weaklabel" in name]
            shutil.rmtree(out)
    ended, _ = runner.start()
    assert ended and comparable(out) == undisturbed
    return undisturbed


def test_a_killed_run_ends_as_an_undisturbed_one(start_runner):
    result = killed(start_runner(), kills=4, seed=1)
    assert {"labeled.csv", "votes.npz", "models/linear/weights.npz", "steps/probs.npy", "scores.json"} <= set(result)


RAW = """
[collect]
sources = ["raw"]
[clean]
rules = { min-words = 3 }
[dedup]
[protect]
[split]
shares = { train = 0.7, test = 0.3 }
[lfs]"""


def prepare_raw(place):
    """Let the project collect its corpus from files, and prepare it by all steps there are."""
    texts = (place.folder / "messages.csv").read_text(encoding="utf-8").splitlines()[1:]
    (place.folder / "raw").mkdir()
    for number, text in enumerate(texts):
        content = f"{text}, said visitor number {number * 37} <b>on day {number}</b>; write to v{number}@example.org"
        (place.folder / "raw" / f"{number}.txt").write_text(content, encoding="utf-8")
        if number < 3:
            (place.folder / "raw" / f"{number}-copy.txt").write_text(content, encoding="utf-8")
    (place.folder / "raw" / "bad.txt").write_bytes(b"caf\xe9")
    place.edit("project.toml", '[corpus]\npath = "messages.csv"\n[lfs]', RAW)


def test_a_run_that_prepares_its_corpus_ends_as_an_undisturbed_one(start_runner):
    runner = start_runner()
    prepare_raw(runner.place)
    result = killed(runner, kills=6, seed=2)
    assert {"corpus/private/dedup.parquet", "corpus/split.parquet", "corpus/collect.rejects.jsonl"} <= set(result)
    assert result["corpus/dedup.json"]["dropped"] == {"exact": 3}


SPANS = """
from weaklabel import gazetteer_lf, regex_spans_lf

TASK = "spans"
LABELS = ("WHO", "WHAT")
people = gazetteer_lf("people", 0, ["visitor", "clerk"])
numbers = regex_spans_lf("numbers", 1, r"\\d+")
nouns = regex_spans_lf("nouns", 0, r"visitor|guide")
"""


def prepare_spans(place):
    """Let the project mark spans, with gold for some rows, by a model that is fitted and a tagger."""
    place.pack.write_text(SPANS, encoding="utf-8")
    rows = [(f"the {('visitor', 'clerk', 'guide')[n % 3]} had {n} cups, thanks", "") for n in range(60)]
    gold = [[{"start": 4, "end": text.index(" had"), "label": "WHO"}] for text, _ in rows]
    place.write("messages.csv", [(text, json.dumps(gold[n]) if n % 4 == 0 else "") for n, (text, _) in enumerate(rows)],
                "text", "spans")  # fmt: skip
    place.project.write_text(
        'out = "run"\n[corpus]\npath = "messages.csv"\n[lfs]\nuse = ["./pack.py"]\nworkers = 0\n'
        '[label_model]\nname = "hmm"\n[classifier]\nname = "linear"\n[gold]\n[export]\nto = ["conll"]\n',
        encoding="utf-8",
    )


def test_a_killed_run_with_spans_ends_as_an_undisturbed_one(start_runner):
    runner = start_runner()
    prepare_spans(runner.place)
    result = killed(runner, kills=4, seed=3)
    assert {"labeled.csv", "scores.json"} <= set(result)
    assert any(name.endswith(".conll") for name in result)


@pytest.mark.long
def test_a_run_that_prepares_its_corpus_is_killed_40_times(start_runner):
    runner = start_runner()
    prepare_raw(runner.place)
    killed(runner, kills=40, seed=41)


@pytest.mark.long
def test_a_run_with_bert_that_is_killed_40_times_ends_as_an_undisturbed_one(start_runner):
    result = killed(start_runner(with_bert=True), kills=40, seed=40)
    assert {"models/bert/model.safetensors", "training/bert/training.jsonl"} <= set(result)
    assert len(result["training/bert/training.jsonl"]) == 3
