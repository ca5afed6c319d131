"""Tasks for tools in which people label: their documented shape, their own packages where installed, and the way back."""

import json
import random
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from tests.decisions.test_importing import choice
from tests.export.rows import HARD, LABELS, TEXTS, corpus_of, frame_of, write
from weaklabel.corpus import read_corpus
from weaklabel.decisions import import_annotations
from weaklabel.errors import ExportError
from weaklabel.export.review_tools import ArgillaExporter, DoccanoExporter, LabelStudioExporter, labeling_config
from weaklabel.project.export import export_corpus


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def tasks_of(folder):
    return [task for path in sorted(folder.glob("tasks-*.json")) for task in load(path)]


def whole(**columns):
    return corpus_of(HARD, whole=True, **columns)


def test_label_studio(tmp_path):
    record = write(LabelStudioExporter(max_tasks=4, columns=["n"]), whole(n=list(range(9))), tmp_path / "out")
    assert record.counts == {"with a suggestion": 6, "without a label, sent to be labeled": 3}
    assert [len(load(path)) for path in sorted((tmp_path / "out").glob("tasks-*"))] == [4, 4, 1]
    tasks = tasks_of(tmp_path / "out")
    assert [task["data"] for task in tasks] == [
        {"text": text, "weaklabel_id": str(row), "n": row} for row, text in enumerate(HARD)
    ]
    assert "predictions" not in tasks[0]
    assert tasks[1]["predictions"] == [
        {
            "model_version": "weaklabel",
            "score": 0.63,
            "result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["ham"]}}],
        }
    ]
    config = ElementTree.fromstring((tmp_path / "out" / "config.xml").read_text())
    assert config.find("Text").attrib == {"name": "text", "value": "$text"}
    choices = config.find("Choices")
    assert (choices.get("name"), choices.get("toName"), choices.get("choice")) == ("label", "text", "single")
    assert [choice.get("value") for choice in choices] == list(LABELS)


def test_class_names_are_escaped_in_the_labeling_configuration():
    names = ("a <b> & \"c\" 'd'", "=x", "é😀")
    config = ElementTree.fromstring(labeling_config(names))
    assert tuple(choice.get("value") for choice in config.find("Choices")) == names


def test_argilla(tmp_path):
    write(ArgillaExporter(columns=["n"], agent="run 7"), whole(n=[None, *range(8)]), tmp_path / "out")
    records = load(tmp_path / "out" / "records.json")
    assert [record["fields"]["text"] for record in records] == HARD
    assert records[0] == {
        "id": "0",
        "fields": {"text": HARD[0]},
        "metadata": {},
        "suggestions": {},
        "responses": {},
        "vectors": {},
        "status": "pending",
    }
    assert records[1]["suggestions"] == {"label": {"value": "ham", "score": 0.63, "agent": "run 7"}}
    assert records[1]["metadata"] == {"n": 0, "confidence": 0.63}
    settings = load(tmp_path / "out" / ".argilla" / "settings.json")
    assert settings["questions"][0]["settings"]["options"] == [{"value": name, "text": name} for name in LABELS]
    assert load(tmp_path / "out" / ".argilla" / "dataset.json") == {"name": "weaklabel"}


def test_doccano(tmp_path):
    write(DoccanoExporter(columns=["n"]), whole(n=list(range(9))), tmp_path / "out")
    rows = lines(tmp_path / "out" / "rows.jsonl")
    assert rows[0] == {"text": HARD[0], "label": [], "weaklabel_id": "0", "n": 0}
    assert rows[1] == {
        "text": HARD[1],
        "label": [],
        "weaklabel_id": "1",
        "weak_label": "ham",
        "confidence": 0.63,
        "n": 1,
    }
    assert [label["text"] for label in load(tmp_path / "out" / "labels.json")] == list(LABELS)
    write(DoccanoExporter(prefill=True), whole(), tmp_path / "filled")
    assert [row["label"] for row in lines(tmp_path / "filled" / "rows.jsonl")] == [[], ["ham"], ["spam"]] * 3


@pytest.mark.parametrize("exporter", [LabelStudioExporter, ArgillaExporter, DoccanoExporter])
def test_rows_without_a_label_may_be_left_out_and_are_counted(tmp_path, exporter):
    record = write(exporter(unlabeled=False), whole(), tmp_path / "out")
    assert (record.rows, record.left_out, record.counts) == (6, {"without a label": 3}, {"with a suggestion": 6})


@pytest.mark.parametrize("exporter", [LabelStudioExporter, ArgillaExporter, DoccanoExporter])
def test_refused(tmp_path, exporter):
    with pytest.raises(ExportError, match=r"the text of row 1 has a zero byte, which .* cannot keep"):
        write(exporter(), corpus_of(["a", "b\0c"], [0, 1]), tmp_path / "out")
    with pytest.raises(ExportError, match=r"columns: .* has no column 'm'"):
        exporter(columns=["m"]).check_corpus(whole())
    with pytest.raises(ExportError, match="'weaklabel_id' is a name that"):
        exporter(columns=["weaklabel_id"]).check_corpus(whole(weaklabel_id=HARD))


def test_a_corpus_of_which_nothing_is_labeled_can_be_sent(tmp_path):
    done = export_corpus(frame_of(["a", "b"], [-1, -1]), tmp_path / "out", "label-studio", labels=LABELS)
    assert done.records["label-studio"].counts == {"without a label, sent to be labeled": 2}
    assert tasks_of(tmp_path / "out") == [
        {"data": {"text": "a", "weaklabel_id": "0"}},
        {"data": {"text": "b", "weaklabel_id": "1"}},
    ]


def annotated(folder, form, answers):
    """Write what a tool exports after people gave each row the labels in ``answers``: a list of (person, label)."""
    path = folder / f"annotated.{'jsonl' if form == 'doccano' else 'json'}"
    if form == "label-studio":
        tasks = tasks_of(folder)
        for number, (task, of_row) in enumerate(zip(tasks, answers, strict=True), 1):
            task |= {"id": number, "drafts": [], "meta": {}, "total_annotations": len(of_row)}
            task["annotations"] = [
                {"id": 10 * number + at, "completed_by": at, "result": [choice(label)], "was_cancelled": False}
                for at, label in of_row
            ]
        path.write_text(json.dumps(tasks), encoding="utf-8")  # with escapes, as Django has it
    elif form == "argilla":
        records = load(folder / "records.json")
        for record, of_row in zip(records, answers, strict=True):
            responses = [{"value": label, "user_id": str(person)} for person, label in of_row]
            record |= {
                "responses": {"label": responses} if of_row else {},
                "status": "completed" if of_row else "pending",
            }
        random.Random(0).shuffle(records)  # a server has an order of its own
        path.write_text(json.dumps(records), encoding="utf-8")
    else:
        rows = lines(folder / "rows.jsonl")
        for number, (row, of_row) in enumerate(zip(rows, answers, strict=True), 1):
            row |= {"id": number, "label": sorted(label for _, label in of_row[:1]), "Comments": []}
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


FORMS = {"label-studio": LabelStudioExporter, "argilla": ArgillaExporter, "doccano": DoccanoExporter}


@settings(max_examples=25)
@given(texts=TEXTS.map(lambda texts: [*texts, *(text for text in HARD if text not in texts)]), data=st.data())
@pytest.mark.parametrize("form", FORMS)
def test_there_and_back(tmp_path_factory, form, texts, data):
    people = st.dictionaries(st.integers(1, 3), st.sampled_from(LABELS), max_size=3)
    answers = [sorted(data.draw(people).items()) for _ in texts]
    folder = tmp_path_factory.mktemp("there") / "out"
    write(FORMS[form](), corpus_of(texts, whole=True), folder)
    if not any(answers):
        return
    path = annotated(folder, form, answers)
    corpus = read_corpus(pl.DataFrame({"text": texts}))
    imported = import_annotations([path], labels=LABELS, corpus=corpus)
    assert not imported.rejects
    given_labels = {row.number: list(row.labels.values()) for row in imported.rows}
    most = 1 if form == "doccano" else None
    assert given_labels == {row: [label for _, label in of_row[:most]] for row, of_row in enumerate(answers) if of_row}
    assert {row.number: row.text for row in imported.rows} == {row: texts[row] for row in given_labels}


def test_label_studio_takes_the_tasks(tmp_path):
    interface = pytest.importorskip("label_studio_sdk.label_interface")
    write(LabelStudioExporter(), whole(), tmp_path / "out")
    config = interface.LabelInterface((tmp_path / "out" / "config.xml").read_text())
    config.validate()
    for task in tasks_of(tmp_path / "out"):
        config.validate_task({"data": task["data"]})
        for prediction in task.get("predictions", []):
            assert not config.validate_prediction(prediction, return_errors=True)


def test_label_studio_converts_to_what_is_read(tmp_path):
    converter = pytest.importorskip("label_studio_sdk.converter")
    write(LabelStudioExporter(), whole(), tmp_path / "out")
    config = tmp_path / "out" / "config.xml"
    answers = [[(1, "spam")] for _ in HARD]
    source = annotated(tmp_path / "out", "label-studio", answers)
    for form, name in {"JSON_MIN": "result.json", "CSV": "result.csv", "TSV": "result.csv"}.items():
        folder = tmp_path / form
        convert = converter.Converter(config=str(config), project_dir=None)
        convert.convert(str(source), str(folder), form, is_dir=False)
        path = folder / name
        if form == "TSV":
            path = path.rename(folder / "result.tsv")
        imported = import_annotations([path], labels=LABELS)
        assert [row.labels for row in imported.rows] == [{"1": "spam"}] * len(HARD), form
        assert [row.row_id for row in imported.rows] == list(map(str, range(len(HARD)))), form


def test_argilla_takes_the_records(tmp_path):
    argilla = pytest.importorskip("argilla")
    from tests.export.argilla_server import user_server

    write(ArgillaExporter(), whole(), tmp_path / "out")
    with user_server() as url:
        argilla.Argilla(api_url=url, api_key="key")
        rules = argilla.Settings.from_json(tmp_path / "out" / ".argilla" / "settings.json")
        rules.validate()
        assert [label["value"] for label in rules.serialize()["questions"][0]["settings"]["options"]] == list(LABELS)
        records = [argilla.Record.from_dict(record) for record in load(tmp_path / "out" / "records.json")]
    assert [record.fields["text"] for record in records] == HARD
    assert [(one.question_name, one.value, one.score, one.agent) for one in records[1].suggestions] == [
        ("label", "ham", 0.63, "weaklabel")
    ]
