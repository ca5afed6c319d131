"""Classifiers and exporters of installed plugins are used by name, like the built-in ones."""

import json
import subprocess
import sys
from functools import partial

import pytest

from tests import plugins

PLUGIN = '''
"""A classifier of another package: class 1 is the class of long texts."""

import json

import numpy as np

from weaklabel.classifier import Classifier, ClassifierExporter
from weaklabel.classifier.targets import check_texts, class_names, soft_targets


class LengthClassifier(Classifier):
    """Class 1 is the class of long texts."""

    exports = ("rule",)

    def __init__(self, labels=None, *, factor=1.0, max_length=100):
        self.labels, self.factor, self.max_length = labels, factor, max_length

    def fit(self, texts, y, *, sample_weight=None, validation=None):
        given, names = check_texts(texts), class_names(self.labels, y)
        targets = soft_targets(len(given), y, names, sample_weight)
        self.limit_ = self.factor * float(np.mean([len(given[row]) for row in targets.rows]))
        return self._set_fitted(names, y)

    def predict_proba(self, texts):
        is_long = np.array([len(text) > self.limit_ for text in check_texts(texts)], dtype=np.int64)
        return np.eye(len(self._fitted_labels()))[is_long]

    def _write(self, folder):
        return {"limit": self.limit_}

    def _read(self, folder, state):
        self.limit_ = state["limit"]


class RuleExporter(ClassifierExporter):
    """Writes the rule as JSON."""

    title = "rule"

    def export(self, source, target, texts):
        (target / "rule.json").write_text(json.dumps(source.limit_))
        return {"check": {"texts": len(texts)}}

    def load(self, folder, manifest):
        classifier = LengthClassifier()
        classifier.restore(folder, manifest)
        classifier.limit_ = json.loads((folder / "rule.json").read_text())
        return classifier
'''
PROJECT = """
out = "run"
[corpus]
path = "corpus.csv"
[lfs]
use = ["./lfs.py"]
[label_model]
name = "majority"
[classifier]
name = "length"
factor = 1.5
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a corpus, a pack and a project; its subfolder ``site`` holds the installed plugin."""
    folder = tmp_path_factory.mktemp("plugin")
    points = {
        "weaklabel.classifiers": {"length": "length_rule:LengthClassifier"},
        "weaklabel.exporters": {"rule": "length_rule:RuleExporter"},
    }
    plugins.install(folder / "site", "length-dist", points)
    (folder / "site" / "length_rule.py").write_text(PLUGIN)
    texts = [f"{text} {row}" for row in range(20) for text in ("thanks", "claim the prize that you have won")]
    (folder / "corpus.csv").write_text("\n".join(["text", *texts]) + "\n")
    (folder / "lfs.py").write_text(plugins.PACK)
    (folder / "project.toml").write_text(PROJECT)
    return folder


@pytest.fixture
def python(place):
    return partial(plugins.python, place)


def test_from_python(python):
    code = """
from weaklabel.classifier import export_check, load_classifier
from weaklabel.classifier.named import make_classifier
model = make_classifier("length", {"factor": 1.0}, ("ham", "spam"), seed=1)
model.fit(["a", "a long text", "b", "another long text"], [0, 1, 0, 1])
model.save("api", rule=["a", "b"])
print(load_classifier("api").predict(["short", "a text that is long"]).tolist())
print(load_classifier("api", backend="rule").predict(["short", "a text that is long"]).tolist(), export_check("api", "rule"))
model.save("api")
try:
    load_classifier("api", backend="rule")
except Exception as error:
    print(type(error).__name__, error)
try:
    model.save("api", onnx=["a"])
except Exception as error:
    print(type(error).__name__, error)
"""
    done = python("-c", code)
    assert not done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["[0, 1]", "[0, 1] {'texts': 2}"]
    assert lines[2].startswith("ClassifierError cannot load the length classifier in api")
    assert lines[3].startswith("ClassifierError a length classifier has no ONNX export")


def test_from_a_project_file(python, place):
    done = python("-m", "weaklabel", "run", "project.toml", "--quiet")
    assert done.returncode == 0, done.stderr
    saved = json.loads((place / "run" / "models" / "length" / "weaklabel.json").read_text())
    assert (saved["kind"], saved["params"]["factor"]) == ("length", 1.5)
    metadata = place / "site" / "length_dist-1.0.dist-info" / "METADATA"
    assert "length-dist" not in python("-m", "weaklabel", "run", "project.toml", "--plan").stdout
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    plan = python("-m", "weaklabel", "run", "project.toml", "--plan").stdout
    assert any("train length" in line and "length-dist" in line for line in plan.splitlines()), plan
    (place / "wrong.toml").write_text(PROJECT.replace("factor", "facter"))
    done = python("-m", "weaklabel", "run", "wrong.toml")
    assert done.returncode == 1
    assert "unknown key 'classifier.facter' (did you mean 'factor'?)" in done.stderr
    (place / "wrong.toml").write_text(PROJECT.replace("factor = 1.5", "epochs = 2"))
    done = python("-m", "weaklabel", "run", "wrong.toml")
    assert done.returncode == 1 and "length classifier has no epochs" in done.stderr
    (place / "wrong.toml").write_text(PROJECT.replace("1.5", '"much"'))
    done = python("-m", "weaklabel", "run", "wrong.toml")
    assert done.returncode == 1 and "'factor' is 'much'" in done.stderr


def test_from_the_command_line(python, place):
    assert "length" in python("-m", "weaklabel", "train", "--help").stdout
    train = ("-m", "weaklabel", "train", "corpus.csv", "--lfs", "./lfs.py", "--classifier", "length", "-o", "model")
    done = python(*train, "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["classifier"] == "length"
    done = python("-m", "weaklabel", "predict", "corpus.csv", "--model", "model", "-o", "out.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"] == {"ham": 20, "spam": 20}
    for option, message in (
        (("--run-folder", "log"), "writes neither a log nor checkpoints"),
        (("--onnx",), "has no ONNX export"),
        (("--validation", "corpus.csv"), "does not use validation rows"),
        (("--epochs", "2"), "has no epochs"),
    ):
        done = python(*train, *option)
        assert done.returncode == 1 and message in done.stderr, done.stderr
    done = python(*train, "--set", "classifier.factor=1.5", "--set", "label_model.tie_break_policy=random")
    assert done.returncode == 0, done.stderr
    assert json.loads((place / "model" / "weaklabel.json").read_text())["params"]["factor"] == 1.5
    for param, code, message in (
        ("classifier.facter=2", 1, "unknown key 'classifier.facter' (did you mean 'factor'?)"),
        ("classifier.factor=much", 1, "'factor' is 'much'"),
        ("classifier.max_rows=5", 1, "'classifier.max_rows' is 5: input should be greater than or equal to 10"),
        ("classifier.name=linear", 2, "classifier.name is given twice"),
        ("factor=2", 2, "'factor=2' is not label_model.KEY=VALUE"),
        ("classifier.factor", 2, "'classifier.factor' is not classifier.KEY=VALUE"),
    ):
        done = python(*train, "--set", param)
        assert done.returncode == code and message in " ".join(done.stderr.split()), done.stderr
    done = python(*train[:7], "lenght", "-o", "model")
    assert done.returncode == 2 and "did you mean 'length'?" in " ".join(done.stderr.split())


def test_an_unknown_backend_is_wrong_usage(python):
    done = python("-m", "weaklabel", "predict", "corpus.csv", "--model", "model", "--backend", "tpu", "-o", "out.csv")
    assert done.returncode == 2 and "no exporter is called 'tpu'" in " ".join(done.stderr.split())


def test_a_model_of_a_plugin_that_is_gone(python, place):
    assert python("-c", PYTHON_SAVE).returncode == 0
    code = "from weaklabel.classifier import load_classifier; load_classifier('gone')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=place)
    assert "unknown kind of classifier 'length'" in done.stderr and "install the plugin" in done.stderr


PYTHON_SAVE = """
from weaklabel.registries import CLASSIFIERS
CLASSIFIERS["length"](("a", "b")).fit(["x", "yyyy"], [0, 1]).save("gone")
"""
