"""The dataset card: what it says, and what it admits not to know."""

import json
import re
from datetime import UTC, datetime

import pytest
import yaml

from tests.export.conftest import write_rows
from weaklabel.decisions import Decision, text_hash
from weaklabel.errors import WeakLabelWarning
from weaklabel.project.export import export_corpus, open_labeled

NAMED = {"license": "cc0-1.0", "source_license": "odc-by"}


def card_of(source, out, to="messages", card=NAMED, **arguments):
    export_corpus(source, out, to, card=card, **arguments)
    text = (out / "README.md").read_text(encoding="utf-8")
    header, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL).groups()
    return yaml.safe_load(header), body


def test_the_header_is_what_the_hub_reads(labeled, tmp_path):
    card = NAMED | {"title": 'Mail: "sorted"', "languages": ["en", "zh"]}
    header, body = card_of(labeled, tmp_path / "out", ["messages", "jsonl"], card)
    assert header["pretty_name"] == 'Mail: "sorted"' and header["license"] == "cc0-1.0"
    assert header["language"] == ["en", "zh"] and header["size_categories"] == ["n<1K"]
    assert header["task_categories"] == ["text-classification", "text-generation"]
    assert [config["config_name"] for config in header["configs"]] == ["messages", "jsonl"]
    assert header["configs"][0]["data_files"][0] == {"split": "train", "path": "messages/train.jsonl"}
    assert "odc-by" in body and '# Mail: "sorted"' in body


def test_what_is_not_known_is_said(labeled, tmp_path):
    with pytest.warns(WeakLabelWarning, match="'unknown' for license and source_license"):
        header, body = card_of(labeled, tmp_path / "out", card={})
    assert header["license"] == "unknown" and "| the texts | unknown |" in body
    assert "Nothing was done about personal data" in body
    bare = write_rows(tmp_path / "bare.csv", [("a", "ham"), ("b", "spam")], ["text", "label"])
    _, body = card_of(bare, tmp_path / "bare")
    assert "the quality of the labels has not been measured" in body


def test_rows_that_are_left_out_are_counted_with_their_reasons(labeled, tmp_path):
    _, body = card_of(
        labeled, tmp_path / "out", ["messages", "preference"], min_confidence=0.65, options={"min_margin": 0.5}
    )
    assert "The corpus has 6 rows, and 3 of them are exported." in body
    assert "| all | without a label | 2 |" in body
    assert "| all | label less probable than the least confidence | 1 |" in body
    assert "| preference | label hardly more probable than the wrong one | 1 |" in body


def test_gold_of_a_file_is_compared_with(labeled, tmp_path):
    _, body = card_of(labeled, tmp_path / "out")
    # Of the four exported rows three have gold, and one of those another label.
    assert "gold (column 'label'): 66.7% (2 of 3; 95% interval" in body


def test_a_run_shows_labeling_functions_scores_and_inputs(run, tmp_path):
    _, body = card_of(run, tmp_path / "out", card=NAMED | {"description": "Mail.\nOf *shops*."})
    assert "| broken | complaint | 0.500 |" in body and "Emp. Acc." in body
    assert "label\\_model | 1.000 \\[" in body, "with its interval"
    assert "bert" not in body and "linear" not in body, "scores of classifiers are not those of labels"
    assert re.search(r"\| messages.csv \| [0-9a-f]{64} \|", body)
    assert "Mail.\nOf \\*shops\\*." in body
    assert "weaklabel export run --to messages -o OUT" in body
    assert str(tmp_path) not in body


def test_decisions_of_reviewers_are_compared_with(run, tmp_path):
    (part,) = open_labeled(run).parts()
    log = run / "review" / "decisions.jsonl"
    log.parent.mkdir()

    def decide(rows, sample):
        now = datetime.now(UTC).isoformat()
        made = [Decision(row, text_hash(part.texts[row]), "praise", "ann", now, sample) for row in rows]
        with log.open("a", encoding="utf-8") as handle:
            handle.writelines(json.dumps(vars(decision)) + "\n" for decision in made)

    decide([3, 4, 5], None)
    _, body = card_of(run, tmp_path / "out")
    assert "decisions of reviewers, who chose the rows: 33.3% (1 of 3;" in body
    decide([0, 1, 6, 8], "random-4-0")
    _, body = card_of(run, tmp_path / "out")
    assert "decisions of reviewers on a random sample: 75.0% (3 of 4; 95% interval 30.1% to 95.4%)" in body


def test_names_cannot_forge_lines_of_the_card(tmp_path):
    columns = ["text", "label", "confidence", "p_a|b", "p_# c"]
    source = write_rows(tmp_path / "labeled.csv", [("x", "a|b", "1", "1", "0")], columns)
    header, body = card_of(source, tmp_path / "out", card=NAMED | {"title": "x\n---\nlicense: mit"})
    assert header["license"] == "cc0-1.0" and header["pretty_name"] == "x\n---\nlicense: mit"
    assert "a\\|b" in body and "\\# c" in body


def test_personal_data_of_a_prepared_run(tmp_path):
    from tests.project.conftest import Place
    from weaklabel.config import read_project
    from weaklabel.project.run import run_project

    place = Place(tmp_path)
    place.edit("messages.csv", "thanks a lot for it 0", "thanks a lot to ann@example.org")
    place.edit("project.toml", "[label_model]", "[protect]\n[label_model]")
    run_project(read_project(place.project), file=place.project)
    out = tmp_path / "out"
    _, body = card_of(place.out, out, "jsonl")
    assert "has been replaced by its type" in body and "Names of people were not looked for" in body
    assert "| protect | 40 | 40 | 0 |" in body
    assert "ann@example.org" not in "".join(
        path.read_text(encoding="utf-8") for path in out.rglob("*") if path.is_file()
    )
    assert "[EMAIL]" in (out / "train.jsonl").read_text(encoding="utf-8")
