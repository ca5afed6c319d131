"""Installed plugins add to registries by entry points, and are used by name like what is built in."""

import json

import pytest

from tests.plugins import PACK, install, python
from weaklabel.errors import LabelModelError
from weaklabel.label_model import DawidSkene, LabelModel, MajorityVote
from weaklabel.registries import LABEL_MODELS

MODEL = '''
"""A label model of another package: the last labeling function that votes is right."""

import numpy as np

from weaklabel.label_model import BaseLabelModel


class LastVote(BaseLabelModel):
    """The last labeling function that votes is right, or the first one."""

    def __init__(self, cardinality=2, first=False, tie_break_policy="abstain", seed=0):
        super().__init__(cardinality, tie_break_policy, seed)
        self.first = first

    def _fit(self, patterns):
        self.lf_accuracies_ = np.full(patterns.m, 0.5)

    def _predict_patterns(self, patterns):
        place = 0 if self.first else -1
        last = [row[row >= 0][place] if (row >= 0).any() else 0 for row in patterns]
        return np.eye(self.cardinality)[last]
'''
PROJECT = """
out = "run"
[corpus]
path = "corpus.csv"
[lfs]
use = ["./lfs.py"]
[label_model]
name = "last"
[classifier]
name = "linear"
"""


@pytest.fixture
def place(tmp_path):
    """A folder with a corpus, a pack and a project; and in ``site`` a plugin with a label model."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "last_vote.py").write_text(MODEL)
    install(site, "last-dist", {"weaklabel.label_models": {"last": "last_vote:LastVote"}})
    rows = [
        "text",
        *(f"{word} number {row}" for row in range(20) for word in ("a prize", "thanks", "thanks for the prize")),
    ]
    (tmp_path / "corpus.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "lfs.py").write_text(PACK)
    (tmp_path / "project.toml").write_text(PROJECT)
    return tmp_path


def weaklabel(place, *words):
    return python(place, "-m", "weaklabel", *words)


API = """
import json
from weaklabel.label_model import LABEL_MODELS, load_label_model
L = [[1, 0], [1, -1], [-1, -1]]
model = LABEL_MODELS["last"](2).fit(L)
model.save("saved.json")
print(json.dumps([list(LABEL_MODELS), model.predict(L).tolist(), load_label_model("saved.json").predict(L).tolist()]))
print(json.load(open("saved.json"))["model"])
"""


def test_a_plugins_label_model_is_used_by_name_in_python_and_saved(place):
    done = python(place, "-c", API)
    names, preds, again = json.loads(done.stdout.splitlines()[0])
    assert names[0] == "auto" and names[-1] == "last"
    assert preds == again == [0, 1, -1] and done.stdout.splitlines()[1] == "last"


def test_a_plugins_label_model_is_used_by_name_on_the_command_line_and_in_a_project(place):
    done = weaklabel(place, "label", "corpus.csv", "--lfs", "./lfs.py", "--label-model", "last", "-o", "out.csv")
    assert done.returncode == 0, done.stderr
    labels = [line.split(",")[1] for line in (place / "out.csv").read_text().splitlines()[1:4]]
    assert labels == ["spam", "ham", "ham"]
    assert "text|last|span-vote|" in weaklabel(place, "label", "--help").stdout.replace("\n", "").replace(" ", "")
    done = weaklabel(place, "run", "project.toml", "--quiet")
    assert done.returncode == 0, done.stderr
    assert json.loads((place / "run" / "label_model.json").read_text())["model"] == "last"


def test_a_parameter_of_a_plugins_label_model_is_set_on_the_command_line_and_in_a_project(place):
    """On "thanks for the prize" the first labeling function says spam, the last one ham."""
    command = ["label", "corpus.csv", "--lfs", "./lfs.py", "--label-model", "last", "-o", "out.csv"]

    def third():
        return (place / "out.csv").read_text().splitlines()[3].split(",")[1]

    for param, label in (("first=true", "spam"), ("first=false", "ham"), ("first=true", "spam")):
        done = weaklabel(place, *command, "--set", f"label_model.{param}")
        assert done.returncode == 0, done.stderr
        assert third() == label
    for param, code, sentence in (
        ("label_model.frist=true", 1, "unknown key 'label_model.frist' (did you mean 'first'?)"),
        ("label_model.first=maybe", 1, "[label_model]: the parameter 'first' is 'maybe', not bool"),
        ("label_model.name=auto", 2, "label_model.name is given twice, by --set or by an option of its own"),
        ("classifier.first=true", 2, "'classifier.first=true' is not label_model.KEY=VALUE"),
        ("first", 2, "'first' is not label_model.KEY=VALUE"),
    ):
        done = weaklabel(place, *command, "--set", param)
        assert done.returncode == code and sentence in " ".join(done.stderr.split()), done.stderr
    project = place / "project.toml"
    project.write_text(PROJECT.replace('name = "last"', 'name = "last"\nfirst = true'))
    assert weaklabel(place, "run", "project.toml", "--quiet").returncode == 0
    assert json.loads((place / "run" / "label_model.json").read_text())["params"]["first"] is True
    project.write_text(PROJECT)
    plan = weaklabel(place, "run", "project.toml", "--plan").stdout
    assert "label_model.first true -> not given" in plan or "label_model.first true ->" in plan, plan


@pytest.mark.parametrize(
    ("points", "name", "sentence"),
    [
        (
            {"gone": "no_such_module:Model"},
            "gone",
            "the label model 'gone' cannot be imported from no_such_module:Model",
        ),
        ({"odd": "json:JSONDecoder"}, "odd", "the label model 'odd' from json:JSONDecoder"),
        ({"odd": "json:loads"}, "odd", "is not a subclass of weaklabel.label_model.base.BaseLabelModel"),
        ({"auto": "last_vote:LastVote"}, "auto", "two label models are called 'auto': the built-in one and last_vote"),
        ({"last": "json:loads"}, "last", "two label models are called 'last': "),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named_in_one_sentence(place, points, name, sentence):
    install(place / "site", "other-dist", {"weaklabel.label_models": points})
    command = ["label", "corpus.csv", "--lfs", "./lfs.py", "-o", "out.csv", "--label-model"]
    done = weaklabel(place, *command, name)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert sentence in " ".join(done.stderr.split()) and "other-dist" in done.stderr, done.stderr
    assert (
        weaklabel(
            place, "label", "corpus.csv", "--lfs", "./lfs.py", "--label-model", "majority", "-o", "out.csv"
        ).returncode
        == 0
    )


def test_a_saved_model_of_a_plugin_that_is_gone_is_refused(place):
    assert python(place, "-c", API).returncode == 0
    (place / "site" / "last_vote.py").unlink()
    done = python(place, "-c", "from weaklabel.label_model import load_label_model; load_label_model('saved.json')")
    assert "PluginError: the label model 'last' cannot be imported" in done.stderr


def test_registered_classes_are_found_by_name_and_names_by_class():
    for name in LABEL_MODELS:
        assert LABEL_MODELS.name_of(LABEL_MODELS[name]) == name and LABEL_MODELS.help(name)
    assert LABEL_MODELS["snorkel"] is LabelModel and LABEL_MODELS.name_of(MajorityVote) == "majority"
    assert "snorkle" not in LABEL_MODELS and "majority" in LABEL_MODELS
    with pytest.raises(
        LabelModelError, match=r"no label model is called 'snorkle' \(did you mean 'snorkel'\?\); label"
    ):
        LABEL_MODELS["snorkle"]


def test_a_class_without_a_name_cannot_be_saved(tmp_path):
    class Own(DawidSkene):
        """Another one."""

    with pytest.raises(LabelModelError, match="Own is not a registered label model"):
        Own().fit([[0, 1], [1, 1]]).save(tmp_path)
