"""A run that labeled spans is exported: its rows with spans, gold held out, scored by decisions."""

import json

import pytest

from tests.export.test_spans import CARD
from weaklabel.config import Project
from weaklabel.corpus import read_corpus
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
from weaklabel.errors import ExportError
from weaklabel.project.export import export_corpus, open_labeled

PACK = """
from weaklabel import span_lf

TASK = "spans"
LABELS = ("LOC", "PER")


@span_lf(label="PER")
def ada(text):
    at = text.find("Ada")
    return [(at, at + 3)] if at >= 0 else []


LFS = [ada]
"""

ROWS = [("Ada\nwrote", '[[0, 3, "PER"]]'), ("Tom", ""), ("Ada", "[]")]


@pytest.fixture
def run(tmp_path):
    (tmp_path / "pack.py").write_text(PACK)
    corpus = tmp_path / "news.csv"
    corpus.write_text("text,truth\n" + "".join('"{}","{}"\n'.format(t, g.replace('"', '""')) for t, g in ROWS))
    settings = {
        "title": "Names",
        "out": str(tmp_path / "run"),
        "corpus": {"path": str(corpus)},
        "lfs": {"use": [str(tmp_path / "pack.py")]},
        "gold": {"column": "truth"},
    }
    folder = tmp_path / "run"
    (folder / "steps").mkdir(parents=True)
    spans = ['[{"start": 0, "end": 3, "label": "PER", "prob": 0.9, "text": "Ada"}]', "[]"]
    lines = [(*ROWS[0], spans[0], "[]"), (*ROWS[1], spans[1], "[]"), (*ROWS[2], spans[0], "[]")]
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    (folder / "labeled.csv").write_text("text,truth,spans,spans_ada\n" + "".join(line + "\n" for line in quoted))
    (folder / "steps" / "read.json").write_text('{"rejects": 0}')
    manifest = {
        "settings": Project.model_validate(settings).model_dump(mode="json"),
        "task": "spans",
        "inputs": {"corpus": {"sha256": read_corpus(corpus).sha256()}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_rows_with_gold_are_held_out_and_gold_is_not_exported(run, tmp_path):
    corpus = open_labeled(run)
    assert (corpus.task, corpus.labels, corpus.source.title) == ("spans", ("LOC", "PER"), "Names")
    assert list(corpus.schema) == ["text"]
    done = export_corpus(run, tmp_path / "out", "jsonl", card=CARD)
    assert dict(done.survey.left_out) == {"held out for scoring (has gold)": 2}
    done = export_corpus(run, tmp_path / "all", ["jsonl", "conll"], card=CARD, with_gold=True)
    assert (done.survey.n_taken, done.survey.span_gold) == (3, (1, 2, 1))
    assert "the gold spans of the project" in (tmp_path / "all" / "README.md").read_text()


def test_decisions_of_its_review_score_it(run, tmp_path):
    log = DecisionLog(run / "review" / "decisions.jsonl")
    log.append(Decision(1, text_hash("Tom"), None, "me", now(), spans=((0, 3, "PER"),)))
    done = export_corpus(run, tmp_path / "out", "jsonl", card=CARD)
    assert done.survey.span_gold == (0, 0, 1)
    assert "decisions of reviewers" in (tmp_path / "out" / "README.md").read_text()


def test_forms_for_labels_of_texts_are_refused(run, tmp_path):
    with pytest.raises(ExportError, match=r"news\.csv holds spans, and scikit-learn arrays is a form for"):
        export_corpus(run, tmp_path / "out", "sklearn", card=CARD)
