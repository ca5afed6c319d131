import pytest

from weaklabel.config import read_project
from weaklabel.errors import ConfigError
from weaklabel.label_model.named import make_label_model

GOOD = """
[corpus]
path = "messages.csv"
[lfs]
use = ["spam", "./mine.py"]
"""


@pytest.fixture
def project(tmp_path):
    def write(text):
        path = tmp_path / "project.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_paths_count_from_the_project_file(project, tmp_path):
    read = read_project(project(GOOD + '[gold]\npath = "test.csv"\n'))
    assert read.corpus.path == tmp_path / "messages.csv"
    assert read.gold is not None and read.gold.path == tmp_path / "test.csv"
    assert read.lfs.use == ["spam", str(tmp_path / "mine.py")]
    assert read.out == tmp_path / "run"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (GOOD + "[classifier]\nepoch = 3\n", ["unknown key 'classifier.epoch'", "did you mean 'epochs'?"]),
        ("sed = 1\n" + GOOD, ["unknown key 'sed'", "did you mean 'seed'?"]),
        (GOOD + "[clasifier]\nepochs = 3\n", ["unknown key 'clasifier'", "did you mean 'classifier'?"]),
        ("seed = -1\n" + GOOD, ["'seed' is -1"]),
        (GOOD + "[classifier]\nlr = 'fast'\n", ["'classifier.lr' is 'fast'"]),
        (GOOD + '[label_model]\nclass_balance = "even"\n', ["'label_model.class_balance' is 'even'"]),
        (GOOD + "[label_model]\nmax_row = 5\n", ["unknown key 'label_model.max_row'"]),
        (GOOD + '[label_model]\nname = "text"\nn_rounds = "two"\n', ["[label_model]", "'n_rounds' is 'two', not int"]),
        (GOOD + "[label_model]\ncardinality = 5\n", ["unknown key 'label_model.cardinality'"]),
        ('[lfs]\nuse = ["spam"]\n', ["the key 'corpus.path' is missing"]),
        ('[corpus]\npath = "a.csv"\n[lfs]\nuse = []\n', ["'lfs.use' is []"]),
        ("[corpus\n", ["not valid TOML"]),
    ],
)
def test_mistakes_are_named_in_one_sentence(project, text, parts):
    with pytest.raises(ConfigError) as caught:
        read_project(project(text))
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_any_parameter_of_the_label_model_is_a_key(project):
    read = read_project(project(GOOD + '[label_model]\nname = "text"\nn_rounds = 2\nvote_weight = 1\n'))
    model = make_label_model(read.label_model, 3, seed=4)
    assert (model.n_rounds, model.vote_weight, model.cardinality, model.seed) == (2, 1, 3, 4)


def test_missing_file():
    with pytest.raises(ConfigError, match="cannot read the project file"):
        read_project("nowhere.toml")


def test_override_keeps_what_is_not_given(project):
    read = read_project(project("seed = 7\n" + GOOD))
    assert read.overridden().seed == 7
    changed = read.overridden(seed=0, limit=5, workers=2)
    assert (changed.seed, changed.corpus.limit, changed.lfs.workers) == (0, 5, 2)
