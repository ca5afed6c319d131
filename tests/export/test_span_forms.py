"""Each form of labeled spans gives back the same rows and spans; the programs that it is for read it."""

import json
import warnings
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.export.test_spans import CARD, LABELS, ROWS, jsonl, span_file
from tests.units.texts import PIECES, marked_texts
from weaklabel.decisions import read_gold_spans
from weaklabel.decisions.span_annotations import read_span_annotations
from weaklabel.errors import CorpusError, ExportError
from weaklabel.project.export import export_corpus
from weaklabel.units import find_words, in_code_points, spans_of_tags

NO_OVERLAPS = ("conll", "docbin", "datasets")


def accept_label_studio(folder: Path) -> Iterable[Path]:
    """Label Studio's own export of tasks whose predictions somebody accepted."""
    for file in sorted(folder.glob("tasks-*.json")):
        tasks = json.loads(file.read_text(encoding="utf-8"))
        for task in tasks:
            task["annotations"] = [
                {"completed_by": 1, "result": prediction["result"]} for prediction in task.pop("predictions", [])
            ]
        file.write_text(json.dumps(tasks), encoding="utf-8")
        yield file


def accept_argilla(folder: Path) -> Iterable[Path]:
    file = folder / "records.json"
    records = json.loads(file.read_text(encoding="utf-8"))
    for record in records:
        record["responses"] = {
            name: [{"value": s["value"], "user_id": "me"}] for name, s in record["suggestions"].items()
        }
        record["status"] = "completed"
    file.write_text(json.dumps(records), encoding="utf-8")
    return [file]


def accept_prodigy(folder: Path) -> Iterable[Path]:
    file = folder / "tasks.jsonl"
    tasks = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    return [jsonl(file, [{**task, "answer": "accept"} for task in tasks])]


FORMS = {
    "conll": ({}, lambda folder: [folder / "train.conll"]),
    "docbin": ({}, lambda folder: sorted(folder.glob("*.spacy"))),
    "docbin of groups": ({"spans_key": "sc"}, lambda folder: sorted(folder.glob("*.spacy"))),
    "label-studio": ({}, accept_label_studio),
    "argilla": ({}, accept_argilla),
    "doccano": ({"prefill": True}, lambda folder: [folder / "rows.jsonl"]),
    "prodigy": ({}, accept_prodigy),
    "brat": ({}, lambda folder: [folder]),
    "jsonl": ({}, lambda folder: [folder / "train.jsonl"]),
    "parquet": ({}, lambda folder: [folder / "train.parquet"]),
    "datasets": ({}, lambda folder: sorted(folder.glob("data/*.parquet"))),
}


def exported(file, out, form, options, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return export_corpus(file, out, to=form, options=options, card=CARD, labels=LABELS, **arguments)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gives_back_the_same_spans(name, tmp_path_factory):
    form = name.partition(" ")[0]
    if form == "docbin":
        pytest.importorskip("spacy")
    options, files = FORMS[name]
    overlaps = name not in NO_OVERLAPS

    @given(marked=marked_texts(len(LABELS), overlaps=overlaps))
    @settings(max_examples=4 if form == "docbin" else 12, deadline=None)
    def check(marked):
        texts, spans = marked
        folder = tmp_path_factory.mktemp("form")
        exported(span_file(folder / "labeled.jsonl", marked), folder / "out", form, options)
        back = [item for file in files(folder / "out") for item in read_span_annotations(file)]
        back.sort(key=lambda item: int(item.row_id or item.line))
        assert [item.text for item in back] == texts
        expected = [tuple(sorted((b, e, LABELS[k]) for b, e, k in spans.of_row(row))) for row in range(len(texts))]
        assert [item.spans for item in back] == expected
        if len(set(texts)) == len(texts) and form not in ("label-studio", "argilla", "prodigy", "doccano"):
            gold = read_gold_spans(folder / "out", LABELS)
            rows = gold.on(texts)
            assert rows.is_known.all() and (rows.spans.keys() == spans.keys()).all()

    check()


@given(marked=marked_texts(len(LABELS), pieces=tuple(piece for piece in PIECES if piece.strip())))
@settings(max_examples=25, deadline=None)
def test_conll_without_comments_keeps_words_and_their_tags(marked, tmp_path_factory):
    texts, spans = marked
    folder = tmp_path_factory.mktemp("conll")
    exported(
        span_file(folder / "labeled.jsonl", marked), folder / "o.conll", "conll", {"comments": False, "scheme": "bioes"}
    )
    if not any(texts):
        return
    kept = [row for row, text in enumerate(texts) if text]
    back = list(read_span_annotations(folder / "o.conll"))
    assert [item.text.replace(" ", "") for item in back] == [texts[row] for row in kept]
    assert [len(item.spans) for item in back] == [len(spans.of_row(row)) for row in kept]
    gold = read_gold_spans(folder / "o.conll", LABELS)
    rows = gold.on(texts)
    for row in range(len(texts)):
        if texts.count(texts[row]) == 1 and texts[row]:
            assert rows.spans.of_row(row) == spans.of_row(row)


@pytest.fixture
def labeled(tmp_path):
    return jsonl(tmp_path / "labeled.jsonl", ROWS)


def test_conll_is_as_programs_expect_it(labeled, tmp_path):
    done = exported(labeled, tmp_path / "out", "conll", {}, gold="gold")
    assert done.records["conll"].counts["words"] == 14
    assert (tmp_path / "out" / "train.conll").read_text(encoding="utf-8") == (
        '# id = "0"\n# text = "Ada Lovelace moved to London.\\r\\n\U0001f600 Tom"\n'
        "Ada\tB-PER\nLovelace\tI-PER\nmoved\tO\nto\tO\nLondon\tB-LOC\n.\tO\n\U0001f600\tO\nTom\tB-PER\n\n"
        '# id = "1"\n# text = "Nobody"\nNobody\tO\n\n'
    )
    exported(labeled, tmp_path / "plain", "conll", {"comments": False, "scheme": "bioes"}, gold="gold")
    assert (tmp_path / "plain" / "test.conll").read_text(encoding="utf-8").split() == [
        "北",
        "B-LOC",
        "京",
        "E-LOC",
        "欢",
        "O",
        "迎",
        "O",
        "你",
        "O",
    ]


def test_seqeval_reads_the_tags(labeled, tmp_path):
    seqeval = pytest.importorskip("seqeval.metrics")
    exported(labeled, tmp_path / "out", "conll", {"comments": False}, gold="gold")
    sentences = (tmp_path / "out" / "train.conll").read_text(encoding="utf-8").strip().split("\n\n")
    tags = [[line.split("\t")[1] for line in sentence.split("\n")] for sentence in sentences]
    assert seqeval.f1_score(tags, tags) == 1.0


def test_given_tokens_stay_whole_and_the_comment_has_the_places(tmp_path):
    row = {"text": "New Yorkers left", "tokens": ["New", "Yorkers", "left"], "spans": [[0, 8, "LOC"]]}
    file = jsonl(tmp_path / "labeled.jsonl", [row])
    done = exported(file, tmp_path / "o.conll", "conll", {"tokens": "tokens"})
    assert done.records["conll"].counts["rows with a span whose places only the comment has"] == 1
    assert "Yorkers\tI-LOC" in (tmp_path / "o.conll").read_text()
    (back,) = read_span_annotations(tmp_path / "o.conll")
    assert back.spans == ((0, 8, "LOC"),)
    changed = (tmp_path / "o.conll").read_text().replace("left\tO", "left\tI-LOC")  # corrected by somebody
    (tmp_path / "o.conll").write_text(changed)
    (back,) = read_span_annotations(tmp_path / "o.conll")
    assert back.spans == ((0, 16, "LOC"),)
    wrong = jsonl(tmp_path / "wrong.jsonl", [{**row, "tokens": ["New", "York", "left"]}])
    with pytest.raises(ExportError, match="row 0: its tokens are not those of the text"):
        exported(wrong, tmp_path / "x.conll", "conll", {"tokens": "tokens"})


@pytest.mark.parametrize("form", NO_OVERLAPS)
def test_overlapping_spans_are_refused_where_they_cannot_be_kept(form, tmp_path):
    rows = [{"text": "x", "spans": []}, {"text": "Ada Lovelace", "spans": [[0, 12, "PER"], [4, 12, "LOC"]]}]
    file = jsonl(tmp_path / "labeled.jsonl", rows)
    with pytest.raises((ExportError, CorpusError), match=r"row 1: .*overlap"):
        exported(file, tmp_path / "out", form, {})


def test_labels_that_break_a_form_are_refused(tmp_path):
    file = jsonl(tmp_path / "labeled.jsonl", [{"text": "Ada", "spans": [[0, 3, "a person"]]}])
    for form in ("conll", "brat"):
        with pytest.raises(ExportError, match="separates fields by white space, which the label 'a person' has"):
            export_corpus(file, tmp_path / "out", to=form, card=CARD)


def test_spacy_trains_on_the_entities(labeled, tmp_path):
    spacy = pytest.importorskip("spacy")
    from spacy.training import Corpus

    exported(labeled, tmp_path / "out", "docbin", {}, gold="gold")
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = list(Corpus(tmp_path / "out")(nlp))
    nlp.initialize(lambda: examples)
    nlp.update(examples)
    first = next(example.reference for example in examples if "Ada" in example.text)
    assert [(ent.text, ent.label_) for ent in first.ents] == [
        ("Ada Lovelace", "PER"),
        ("London", "LOC"),
        ("Tom", "PER"),
    ]
    assert set(nlp.get_pipe("ner").labels) == set(LABELS)


@pytest.mark.parametrize("layout", ["parquet", "arrow"])
def test_datasets_knows_the_tags(layout, labeled, tmp_path):
    datasets = pytest.importorskip("datasets")
    exported(labeled, tmp_path / "out", "datasets", {"layout": layout}, gold="gold")
    if layout == "arrow":
        loaded = datasets.load_from_disk(str(tmp_path / "out"))
    else:
        loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    row = loaded["train"][0]
    names = loaded["train"].features["ner_tags"].feature.names
    assert names == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert [names[tag] for tag in row["ner_tags"]] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O", "O", "B-PER"]
    assert row["tokens"][:2] == ["Ada", "Lovelace"]
    words = find_words([row["text"]])
    spans = in_code_points(spans_of_tags(row["ner_tags"], words.offsets), words)
    assert spans.texts([row["text"]]) == [span["text"] for span in row["spans"]]
    assert len(loaded["test"]) == 1


def test_people_get_tasks_with_what_labels_them(labeled, tmp_path):
    for form in ("label-studio", "argilla", "doccano", "prodigy", "brat"):
        done = exported(labeled, tmp_path / form, form, {}, gold="gold", min_prob=0.7)
        assert done.records[form].counts == {"with a suggestion": 3, "without a label, sent to be labeled": 1}
    (first, second, third, _) = json.loads((tmp_path / "label-studio" / "tasks-00000.json").read_text())
    assert [region["value"]["text"] for region in first["predictions"][0]["result"]] == ["Ada Lovelace", "Tom"]
    assert second["predictions"][0]["result"] == [] and "predictions" not in third
    config = (tmp_path / "label-studio" / "config.xml").read_text()
    assert '<Labels name="label" toName="text">' in config and '<Label value="PER"' in config
    records = json.loads((tmp_path / "argilla" / "records.json").read_text())
    assert records[0]["suggestions"]["spans"]["value"][0] == {"start": 0, "end": 12, "label": "PER"}
    question = json.loads((tmp_path / "argilla" / ".argilla" / "settings.json").read_text())["questions"][0]
    assert (question["type"], [option["value"] for option in question["settings"]["options"]]) == ("span", list(LABELS))
    task = json.loads((tmp_path / "prodigy" / "tasks.jsonl").read_text().split("\n")[0])
    assert task["spans"][0] == {"start": 0, "end": 12, "label": "PER", "token_start": 0, "token_end": 1}
    assert (tmp_path / "brat" / "0.ann").read_text() == "T1\tPER 0 12\tAda Lovelace\nT2\tPER 33 36\tTom\n"
    assert (tmp_path / "brat" / "0.txt").read_bytes().decode() == ROWS[0]["text"]


def test_brat_parts_a_span_at_line_ends(tmp_path):
    file = jsonl(tmp_path / "labeled.jsonl", [{"text": "Ada\r\nLovelace", "spans": [[0, 13, "PER"]]}])
    exported(file, tmp_path / "out", "brat", {})
    assert (tmp_path / "out" / "0.ann").read_text() == "T1\tPER 0 3;5 13\tAda Lovelace\n"


def test_argilla_takes_spans_as_suggestions(labeled, tmp_path):
    argilla = pytest.importorskip("argilla")
    from tests.export.argilla_server import user_server

    exported(labeled, tmp_path / "out", "argilla", {}, gold="gold")
    with user_server() as url:
        argilla.Argilla(api_url=url, api_key="key")
        rules = argilla.Settings.from_json(tmp_path / "out" / ".argilla" / "settings.json")
        rules.validate()
        question = rules.serialize()["questions"][0]
        assert (question["name"], question["settings"]["type"], question["settings"]["field"]) == (
            "spans",
            "span",
            "text",
        )
        file = tmp_path / "out" / "records.json"
        records = [argilla.Record.from_dict(record) for record in json.loads(file.read_text())]
    (suggestion,) = records[3].suggestions
    assert (suggestion.value, suggestion.score) == ([{"start": 0, "end": 2, "label": "LOC"}], [0.99])
    assert not list(records[2].suggestions)


def test_label_studio_takes_regions_as_predictions(labeled, tmp_path):
    interface = pytest.importorskip("label_studio_sdk.label_interface")
    exported(labeled, tmp_path / "out", "label-studio", {}, gold="gold")
    config = interface.LabelInterface((tmp_path / "out" / "config.xml").read_text())
    config.validate()
    tasks = json.loads((tmp_path / "out" / "tasks-00000.json").read_text())
    for task in tasks:
        assert config.validate_task({"data": task["data"]})
        for prediction in task.get("predictions", []):
            assert config.validate_prediction(prediction)
    assert not config.validate_prediction(
        {"result": [{"from_name": "none", "to_name": "text", "type": "labels", "value": {}}]}
    )


@pytest.mark.parametrize("form", ["messages", "prompt-completion", "alpaca", "sharegpt"])
def test_language_models_are_asked_for_the_spans(form, labeled, tmp_path):
    options = {"verbalizers": {"PER": "person", "LOC": "place"}}
    exported(labeled, tmp_path / "out", form, options, gold="gold")
    rows = [
        json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").split("\n") if line
    ]
    texts = [json.dumps(row, ensure_ascii=False) for row in rows]
    asked = {
        "messages": lambda row: (row["messages"][0]["content"], row["messages"][1]["content"]),
        "prompt-completion": lambda row: (row["prompt"][0]["content"], row["completion"][0]["content"]),
        "alpaca": lambda row: (f"{row['instruction']}\n{row['input']}", row["output"]),
        "sharegpt": lambda row: (row["conversations"][0]["value"], row["conversations"][1]["value"]),
    }[form]
    question, answer = asked(rows[0])
    assert "place, person" in question and ROWS[0]["text"] in question and len(texts) == 2
    assert json.loads(answer) == [
        {"text": "Ada Lovelace", "label": "person"},
        {"text": "London", "label": "place"},
        {"text": "Tom", "label": "person"},
    ]
    assert asked(rows[1])[1] == "[]"
    chinese = json.loads((tmp_path / "out" / "test.jsonl").read_text(encoding="utf-8"))
    assert "place、person" in asked(chinese)[0]
    assert json.loads(asked(chinese)[1]) == [{"text": "北京", "label": "place"}]


def test_what_an_answer_of_spans_cannot_have_is_refused(labeled, tmp_path):
    with pytest.raises(ExportError, match="rationale is after, which is of labels of whole texts"):
        exported(labeled, tmp_path / "out", "messages", {"rationale": "after"}, gold="gold")
    with pytest.raises(ExportError, match="a text that is cut loses spans"):
        exported(labeled, tmp_path / "out", "messages", {"tokenizer": "smollm2", "max_tokens": 50}, gold="gold")
