"""A project whose pack labels spans: the same steps as of texts, with spans in the results."""

import csv
import json
import random

import pytest

from weaklabel import read_corpus
from weaklabel.config import read_project
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.project.run import ProjectRun
from weaklabel.support import cache
from weaklabel.tagger import load_tagger

pytestmark = pytest.mark.filterwarnings("ignore")

PACK = '''
"""Names."""
from weaklabel import gazetteer_lf, regex_spans_lf

TASK = "spans"
LABELS = ("PER", "LOC")
people = gazetteer_lf("people", 0, ["Ada Lovelace", "Grace Hopper", "Turing"])
places = gazetteer_lf("places", 1, ["London", "Paris", "Oslo"])
capitals = regex_spans_lf("capitals", 0, r"[A-Z][a-z]+ [A-Z][a-z]+")
'''

PROJECT = """
title = "Names"
out = "run"
[corpus]
path = "news.csv"
[lfs]
use = ["./pack.py"]
workers = 0
[label_model]
name = "span-vote"
[classifier]
name = "linear"
"""

FORMS = [
    "{p} moved to {l}.",
    "In {l}, {p} met a friend.",
    "Nobody saw {p} there.",
    "It rained.",
    "Then {p} left {l} 🌧️.",
]


class Place:
    def __init__(self, folder):
        self.folder, self.out = folder, folder / "run"
        chance = random.Random(0)
        self.rows = []
        for number in range(90):
            person = chance.choice(["Ada Lovelace", "Grace Hopper", "Alan Turing", "Mary Shelley"])
            town = chance.choice(["London", "Paris", "Oslo"])
            text = f"{chance.choice(FORMS).format(p=person, l=town)} {number}"
            spans = [(text.find(name), name, label) for name, label in ((person, "PER"), (town, "LOC")) if name in text]
            self.rows.append((text, [
                {"start": start, "end": start + len(name), "label": label} for start, name, label in sorted(spans)
            ]))  # fmt: skip
        (folder / "pack.py").write_text(PACK)
        self.write("news.csv", [(text, "") for text, _ in self.rows])

    def write(self, name, rows, columns=("text", "note")):
        with (self.folder / name).open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows([columns, *rows])

    def prepared(self, more="", again=None):
        (self.folder / "project.toml").write_text(PROJECT + more)
        return ProjectRun(read_project(self.folder / "project.toml"), again=again)

    def run(self, more="", again=None):
        return self.prepared(more, again).run()

    def gold(self, every=3):
        return [
            (text, json.dumps(spans) if number % every == 0 else "") for number, (text, spans) in enumerate(self.rows)
        ]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return Place(tmp_path)


def test_from_rows_to_spans_a_tagger_scores_and_reports(place):
    place.write("news.csv", place.gold(), ("text", "spans"))
    result = place.run('[gold]\n[export]\nto = ["conll", "jsonl"]\n')
    assert set(result.scores) == {"majority_vote", "label_model", "linear"}
    assert result.scores["label_model"].n == 30 and result.scores["label_model"].f1 > 0.7
    labeled = read_corpus(place.out / "labeled.csv").frame()
    assert labeled.columns == ["text", "spans", "weak_spans"] and len(labeled) == 90
    first = json.loads(labeled["weak_spans"].to_list()[0])
    text = place.rows[0][0]
    assert all(text[span["start"] : span["end"]] == span["text"] and 0 <= span["prob"] <= 1 for span in first)
    manifest = json.loads((place.out / "manifest.json").read_text())
    assert manifest["task"] == "spans" and manifest["lfs"] == ["people", "places", "capitals"]
    assert load_tagger(place.out / "models" / "linear").training_["texts"] == 60, "rows with gold are kept out"
    assert (place.out / "export").is_dir() and list(place.out.glob("export/*.conll*")) + list(
        place.out.glob("export/*/*.conll*")
    )
    markdown, page = (place.out / "report.md").read_text(), (place.out / "report.html").read_text()
    assert "| people |" in markdown and "95% interval of F1" in markdown and "| PER |" in markdown
    assert "<mark" in page and "Spans against gold" in page
    table = (place.out / "lf_table.csv").read_text().splitlines()
    assert table[0].startswith("LF,") and "Precision" in table[0] and table[1].startswith("people,")
    again = place.prepared('[gold]\n[export]\nto = ["conll", "jsonl"]\n')
    assert again.is_done(again.plan())


def test_only_what_changed_is_done_again(place):
    place.run()
    before = (place.out / "labeled.csv").read_bytes()
    (place.folder / "pack.py").write_text(PACK.replace('"Oslo"', '"Oslo", "Geneva"'))
    states = {step.name: step.state for step in place.prepared().plan()}
    assert states["read"] == "done" and states["vote"] == "stale"
    place.run()
    assert (place.out / "labeled.csv").read_bytes() == before, "no text has the new entry"
    (place.out / "labeled.csv").write_text("broken")
    place.run()
    assert (place.out / "labeled.csv").read_bytes() == before


def test_gold_in_a_file_of_its_own_and_in_decisions(place):
    place.write("gold.csv", [(text, json.dumps(spans)) for text, spans in place.rows[:20]], ("text", "spans"))
    scores = place.run('[gold]\npath = "gold.csv"\n').scores
    assert scores["linear"].n == 20
    assert load_tagger(place.out / "models" / "linear").training_["texts"] == 90
    log = DecisionLog(place.folder / "decisions.jsonl")
    for number, (text, spans) in enumerate(place.rows[:20]):
        named = tuple((span["start"], span["end"], span["label"]) for span in spans)
        log.append(Decision(number, text_hash(text), None, "me", now(), spans=named))
    decided = place.run('[gold]\npath = "decisions.jsonl"\n').scores
    assert decided["label_model"].f1 == scores["label_model"].f1
    assert load_tagger(place.out / "models" / "linear").training_["texts"] == 70


def test_gold_of_a_split(place):
    rows = [
        (text, json.dumps(spans), "test" if number % 3 == 0 else "train")
        for number, (text, spans) in enumerate(place.rows)
    ]
    place.write("news.csv", rows, ("text", "truth", "split"))
    result = place.run('[gold]\ncolumn = "truth"\nsplit = "test"\n')
    assert result.scores["label_model"].n == 30
    assert load_tagger(place.out / "models" / "linear").training_["texts"] == 60


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('[label_model]\nname = "snorkel"\n', "the label model 'snorkel' is for texts, and the pack is for spans"),
        ('[classifier]\nname = "robust"\n', "the classifier 'robust' is for texts"),
        ("[generator]\n", r"\[generator\] is for labels of whole texts"),
        ('[gold]\npath = "pack.py"\nceiling = "pack.py"\n', "gold.ceiling is for labels of whole texts"),
        ('[gold]\npositive = "PER"\n', "gold.positive is for labels of whole texts"),
        ('[gold]\ncolumn = "truht"\n', "has no column 'truht'"),
        ('[export]\nto = ["kto"]\n', "KTO is a form for labels of whole texts"),
    ],
)
def test_what_a_project_of_spans_cannot_have(place, more, fault):
    project = PROJECT + more
    for section in ("label_model", "classifier"):
        if f"[{section}]" in more:
            begin = PROJECT.index(f"[{section}]")
            lines = PROJECT[begin:].splitlines()[:2]
            project = PROJECT.replace("\n".join(lines) + "\n", "") + more
    (place.folder / "project.toml").write_text(project)
    with pytest.raises(WeakLabelError, match=fault):
        run = ProjectRun(read_project(place.folder / "project.toml"))
        run.check_models()


def test_gold_in_every_row_leaves_nothing_to_train_on(place):
    place.write("news.csv", place.gold(every=1), ("text", "spans"))
    with pytest.raises(ConfigError, match="every row has gold in column 'spans'"):
        place.run("[gold]\n")


def test_labels_of_texts_are_not_there(place):
    result = place.run()
    with pytest.raises(ConfigError, match="labeled spans; read them with read_corpus"):
        result.labeled  # noqa: B018
