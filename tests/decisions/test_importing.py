"""What people labeled in other tools comes back: matched, checked, and nothing is lost without a word."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus import Reject, read_corpus
from weaklabel.decisions import (
    DecisionLog,
    gold_of,
    import_annotations,
    is_decision_file,
    read_decisions,
    text_hash,
)
from weaklabel.decisions.annotations import form_of, read_annotations
from weaklabel.decisions.tools import Annotation, Columns, NotLabeled
from weaklabel.errors import CorpusError, VoteError, WeakLabelError, WeakLabelWarning

LABELS = ("ham", "spam")


def choice(label: str, name: str = "label") -> dict[str, Any]:
    """A region of a Label Studio annotation, as its JSON export has it."""
    return {
        "id": "Qx3a",
        "value": {"choices": [label]},
        "from_name": name,
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
    }


def studio(
    number: int, text: str, *answers: tuple[str, str | None], row_id: str | None = None, **more: Any
) -> dict[str, Any]:
    """A task as the JSON export of Label Studio has it; a label of None is a skipped task."""
    annotations = [
        {
            "id": 100 * number + at,
            "completed_by": {"id": at + 1, "email": person} if "@" in person else int(person),
            "result": [] if label is None else [choice(label)],
            "was_cancelled": label is None,
            "ground_truth": False,
            "created_at": "2026-01-02T10:00:00.000000Z",
            "updated_at": f"2026-01-02T10:00:0{at}.000000Z",
            "lead_time": 3.2,
        }
        for at, (person, label) in enumerate(answers)
    ]
    data = {"text": text} | ({} if row_id is None else {"weaklabel_id": row_id})
    task = {"id": number, "annotations": annotations, "drafts": [], "predictions": [], "data": data, "meta": {}}
    return task | more


def argilla(row_id: str, text: str, *answers: tuple[str, str | None], status: str = "completed") -> dict[str, Any]:
    """A record as `dataset.records.to_json` of Argilla 2 has it."""
    responses = [{"value": label, "user_id": person} for person, label in answers]
    return {
        "id": row_id,
        "fields": {"text": text},
        "metadata": {"confidence": 0.5},
        "suggestions": {"label": {"value": "ham", "score": 0.5, "agent": "weaklabel"}},
        "responses": {"label": responses} if responses else {},
        "vectors": {},
        "status": status,
        "_server_id": "5a1e",
    }


def written(path: Path, values: Sequence[Any], *, lines: bool = False) -> Path:
    """Write values as an array, or one a line."""
    text = (
        "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
        if lines
        else json.dumps(values, indent=2)
    )
    path.write_text(text, encoding="utf-8")
    return path


def labels_of(path: Path, **options: Any) -> dict[str, str | None]:
    """Import a file, and return the label of each text."""
    table = import_annotations([path], labels=LABELS, **options).table()
    return dict(zip(table["text"].to_list(), table["label"].to_list(), strict=True))


def test_label_studio(tmp_path: Path) -> None:
    tasks = [
        studio(1, "see you", ("ada@x.org", "ham"), row_id="0"),
        studio(2, "win", ("ada@x.org", "spam"), ("7", "spam"), row_id="5"),
        studio(3, "skipped", ("ada@x.org", None)),
        studio(4, "nobody"),
        studio(5, "begun", drafts=[{"result": [choice("ham")]}]),
        studio(6, "predicted", predictions=[{"result": [choice("spam")], "model_version": "weaklabel"}]),
    ]
    imported = import_annotations([written(tmp_path / "project.json", tasks)], labels=LABELS)
    assert [(row.row_id, row.text, dict(row.labels)) for row in imported.rows] == [
        ("0", "see you", {"ada@x.org": "ham"}),
        ("5", "win", {"ada@x.org": "spam", "7": "spam"}),
    ]
    assert imported.rows[1].answers["7"].time == "2026-01-02T10:00:01.000000Z"
    assert imported.not_labeled == {"not labeled": 2, "skipped": 1, "not submitted": 1}
    assert (imported.annotations, imported.by_several, imported.disagreements) == (3, 1, 0)


def test_label_studio_json_min(tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [
        {
            "id": 1,
            "text": "see you",
            "weaklabel_id": "3",
            "label": "ham",
            "annotator": 2,
            "annotation_id": 9,
            "created_at": "t",
        },
        {"id": 2, "text": "win", "label": {"choices": ["ham", "spam"]}, "annotator": 2, "annotation_id": 10},
        {"id": 3, "text": "none", "annotator": 2, "annotation_id": 11},
    ]
    path = written(tmp_path / "min.json", tasks)
    imported = import_annotations([path])
    assert [(row.row_id, row.labels) for row in imported.rows] == [("3", {"2": "ham"})]
    assert imported.not_labeled == {"not labeled": 1}
    assert [reject.line for reject in imported.rejects] == [11]
    assert "line 11, task 2: ['ham', 'spam'] are 2 labels" in imported.rejects[0].reason


def test_argilla_nested_responses_of_pending_records_were_not_submitted(tmp_path: Path) -> None:
    records = [
        argilla("0", "see you", ("u1", "ham")),
        argilla("1", "win", ("u1", "spam"), ("u2", "ham")),
        argilla("2", "begun", ("u1", "ham"), status="pending"),
        argilla("3", "untouched", status="pending"),
    ]
    imported = import_annotations([written(tmp_path / "records.json", records)], labels=LABELS)
    assert [row.labels for row in imported.rows] == [{"u1": "ham"}, {"u1": "spam", "u2": "ham"}]
    assert imported.not_labeled == {"not submitted": 1, "not labeled": 1}


def test_argilla_flat(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {
            "id": "4",
            "status": "completed",
            "text": "win",
            "label.responses": ["spam", "ham", None],
            "label.responses.users": ["u1", "u2", "u3"],
            "label.responses.status": ["submitted", "discarded", "draft"],
            "label.suggestion": "ham",
        },
        {"id": "5", "status": "pending", "text": "none", "label.suggestion": "ham", "label.responses": None},
    ]
    imported = import_annotations([written(tmp_path / "flat.json", records)], labels=LABELS)
    assert [(row.row_id, row.labels) for row in imported.rows] == [("4", {"u1": "spam"})]
    assert imported.not_labeled == {"skipped": 1, "not submitted": 1, "not labeled": 1}


def test_doccano(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 7, "text": "see you", "weaklabel_id": "0", "weak_label": "spam", "label": ["ham"], "Comments": []},
        {"id": 8, "text": "win", "weaklabel_id": "1", "weak_label": "spam", "label": [], "Comments": []},
        {"id": 9, "text": "both", "weaklabel_id": "2", "label": ["ham", "spam"], "Comments": ["hm"]},
    ]
    imported = import_annotations([written(tmp_path / "all.jsonl", rows, lines=True)], labels=LABELS)
    assert [(row.row_id, row.text, list(row.labels.values())) for row in imported.rows] == [("0", "see you", ["ham"])]
    assert imported.not_labeled == {"not labeled": 1}
    assert [reject.line for reject in imported.rejects] == [3]
    assert "task 9" in imported.rejects[0].reason


def test_doccano_zip_has_a_file_for_each_annotator(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for person, label in {"ada": "ham", "bob": "spam", "cy": "ham"}.items():
            row = {"id": 1, "text": "see you", "label": [label], "Comments": []}
            archive.writestr(f"media/{person}.jsonl", json.dumps(row) + "\n")
    imported = import_annotations([tmp_path / "all.zip"], labels=LABELS)
    assert imported.rows[0].labels == {"ada": "ham", "bob": "spam", "cy": "ham"}
    assert imported.table().rows() == [(None, "see you", "ham", "ada, bob, cy", "ham: ada, cy; spam: bob")]
    assert imported.table("unanimous")["label"].to_list() == [None]
    assert imported.table("all").select("label", "annotator").rows() == [("ham", "ada"), ("spam", "bob"), ("ham", "cy")]


def test_archives_lead_nowhere_and_are_no_bombs(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../outside.jsonl", json.dumps({"text": "a", "label": ["ham"], "Comments": []}))
    assert import_annotations([tmp_path / "evil.zip"]).annotations == 1
    assert not outside.exists()
    (tmp_path / "torn.zip").write_bytes((tmp_path / "evil.zip").read_bytes()[:60])
    with pytest.raises(CorpusError, match=r"cannot read .*torn\.zip"):
        import_annotations([tmp_path / "torn.zip"])


def test_a_tie_has_no_label_and_is_listed(tmp_path: Path) -> None:
    task = studio(1, "see you", ("1", "ham"), ("2", "spam"))
    imported = import_annotations([written(tmp_path / "p.json", [task])], labels=LABELS)
    assert imported.table().rows() == [(None, "see you", None, "1, 2", "ham: 1; spam: 2")]
    assert imported.disagreements == 1


def test_a_later_annotation_of_the_same_person_replaces_the_earlier(tmp_path: Path) -> None:
    task = studio(1, "see you", ("1", "ham"), ("1", "spam"))
    imported = import_annotations([written(tmp_path / "p.json", [task])], labels=LABELS)
    assert (imported.rows[0].labels, imported.annotations, imported.replaced) == ({"1": "spam"}, 1, 1)


def test_annotations_of_nobody_known_are_of_different_people(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label\nsee you,ham\nsee you,spam\nsee you,ham\n")
    imported = import_annotations([tmp_path / "t.csv"])
    assert imported.table().rows() == [(None, "see you", "ham", ", , ", "ham: , ; spam: ")]
    assert [decision.reviewer for decision in imported.decisions()] == ["imported 1", "imported 2", "imported 3"]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.parquet"])
def test_tables(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"text": ["a\nb", "c", "d"], "verdict": ["ham", "", "spam"], "who": ["ada", "ada", "bob"]})
    path = tmp_path / name
    writers = {"t.csv": frame.write_csv, "t.tsv": lambda p: frame.write_csv(p, separator="\t")}
    writers |= {"t.jsonl": frame.write_ndjson, "t.parquet": frame.write_parquet}
    writers[name](path)
    imported = import_annotations([path], columns=Columns(question="verdict", annotator="who"))
    assert [(row.text, row.labels) for row in imported.rows] == [("a\nb", {"ada": "ham"}), ("d", {"bob": "spam"})]
    assert imported.not_labeled == {"not labeled": 1}


def test_weak_labels_are_not_taken_for_those_of_people(tmp_path: Path) -> None:
    path = tmp_path / "labeled.csv"
    path.write_text("text,label,confidence,p_ham,p_spam,verdict\na,ham,0.9,0.9,0.1,spam\n")
    with pytest.raises(CorpusError, match="looks like a file of weak labels"):
        import_annotations([path])
    for question, label in {"verdict": "spam", "label": "ham"}.items():
        assert labels_of(path, columns=Columns(question=question)) == {"a": label}


def test_unknown_labels_are_refused_with_line_and_task_or_rejected(tmp_path: Path) -> None:
    tasks = [studio(31, "see you", ("1", "ham")), studio(32, "win", ("1", "spma"), ("2", "spam"))]
    path = written(tmp_path / "p.json", tasks)
    with pytest.raises(VoteError, match=r"line \d+, task 32: unknown label 'spma' \(did you mean 'spam'\?\).*reject"):
        import_annotations([path], labels=LABELS)
    imported = import_annotations([path], labels=LABELS, unknown="reject")
    assert [row.labels for row in imported.rows] == [{"1": "ham"}, {"2": "spam"}]
    assert len(imported.rejects) == 1
    assert "task 32" in imported.rejects[0].reason


def test_near_spellings_are_matched_with_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path / "p.json", [studio(1, "see you", ("1", "Ham "))])
    with pytest.warns(WeakLabelWarning, match="'Ham ' as class 'ham'"):
        assert labels_of(path) == {"see you": "ham"}


def test_rows_are_matched_by_id_and_where_rows_have_moved_by_text(tmp_path: Path) -> None:
    corpus = read_corpus(pl.DataFrame({"text": ["new", "see you", "win", "win"]}))
    tasks = [
        studio(1, "see you", ("1", "ham"), row_id="0"),  # another row is first now
        studio(2, "win", ("1", "spam"), row_id="3"),
        studio(3, "win", ("2", "spam")),
        studio(4, "gone", ("1", "ham"), row_id="1"),
    ]
    imported = import_annotations([written(tmp_path / "p.json", tasks)], corpus=corpus)
    assert [(row.number, row.row_id, row.labels) for row in imported.rows] == [
        (1, "1", {"1": "ham"}),
        (2, "2", {"2": "spam"}),
        (3, "3", {"1": "spam"}),
    ]
    assert len(imported.rejects) == 1
    assert "task 4: no row of data frame has this text" in imported.rejects[0].reason


def test_ids_of_a_column(tmp_path: Path) -> None:
    corpus = read_corpus(pl.DataFrame({"text": ["a", "b"], "key": ["x-1", "x-2"]}))
    (tmp_path / "t.csv").write_text("weaklabel_id,label\nx-2,ham\nx-9,ham\n")
    imported = import_annotations([tmp_path / "t.csv"], corpus=corpus, id_column="key")
    assert [(row.number, row.text) for row in imported.rows] == [(1, "b")]
    assert [reject.reason for reject in imported.rejects] == ["row 1: no row of data frame has this id"]
    double = read_corpus(pl.DataFrame({"text": ["a", "b"], "key": ["x-2", "x-2"]}))
    with pytest.raises(CorpusError, match="rows 0 and 1 have the id 'x-2'"):
        import_annotations([tmp_path / "t.csv"], corpus=double, id_column="key")


def test_ids_of_rows_with_provenance_stay_when_rows_are_dropped(tmp_path: Path) -> None:
    from weaklabel.corpus.row_ids import row_ids

    frame = pl.DataFrame({"text": ["a", "b"], "meta_source": ["f", "f"], "meta_place": ["1", "2"]})
    ids = row_ids(frame, [0, 1])
    assert len({*ids}) == 2
    assert row_ids(frame[1:], [0]) == ids[1:]
    path = written(tmp_path / "p.json", [studio(1, "b", ("1", "ham"), row_id=ids[1])])
    assert import_annotations([path], corpus=read_corpus(frame[1:])).rows[0].number == 0


def test_nothing_of_a_damaged_file_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    good = json.dumps({"id": 1, "text": "a", "label": ["ham"], "Comments": []})
    path.write_text(f'{good}\nnot json\n[1]\n{{"text": ["a"], "label": ["ham"], "Comments": []}}\n\ntorn {good}\n')
    items = list(read_annotations(path, "doccano"))
    assert [type(item) for item in items] == [Annotation, Reject, Reject, Reject, Reject]
    assert [item.line for item in items if isinstance(item, Reject)] == [2, 3, 4, 6]
    with pytest.raises(CorpusError, match="nobody has labeled anything"):
        import_annotations([written(tmp_path / "none.json", [studio(1, "a")])])
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps([studio(1, "a", ("1", "ham"))])[:-20])
    with pytest.raises(CorpusError, match=r"broken\.json: line 1"):
        import_annotations([broken])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "ham", "completed", "submitted"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "result", "value", "label", "text", "email", "id", "status"]), inner
        )
    ),
    max_leaves=8,
)
KEYS = ["id", "data", "annotations", "fields", "responses", "status", "label.responses", "label.responses.users"]
KEYS += ["label.responses.status", "label", "Comments", "text", "annotation_id", "metadata", "drafts", "weaklabel_id"]


@settings(max_examples=120)
@given(task=st.dictionaries(st.sampled_from(KEYS), JSON), form=st.sampled_from(["label-studio", "argilla", "doccano"]))
def test_what_no_tool_writes_is_a_reject_and_no_defect(tmp_path_factory: Any, task: dict[str, Any], form: str) -> None:
    path = written(tmp_path_factory.mktemp("odd") / "odd.jsonl", [task], lines=True)
    for item in read_annotations(path, form):
        assert isinstance(item, Reject | NotLabeled) or item.label


def test_an_answer_that_is_no_choice_is_a_reject(tmp_path: Path) -> None:
    task = studio(1, "see you", ("1", "ham"))
    task["annotations"][0]["result"] = [{"type": "labels", "from_name": "span", "value": {"labels": ["ham"]}}]
    imported = import_annotations([written(tmp_path / "p.json", [task])])
    assert "its answer is no choice of a class, but labels" in imported.rejects[0].reason


def test_texts_with_a_zero_byte_are_refused(tmp_path: Path) -> None:
    imported = import_annotations([written(tmp_path / "p.json", [studio(1, "a\0b", ("1", "ham"))])])
    assert not imported.rows
    assert "zero byte" in imported.rejects[0].reason


def test_several_questions_must_be_told_apart(tmp_path: Path) -> None:
    task = studio(1, "see you", ("1", "ham"))
    task["annotations"][0]["result"].append(choice("urgent", "priority"))
    path = written(tmp_path / "p.json", [task])
    assert "answers several questions (label, priority)" in import_annotations([path]).rejects[0].reason
    assert labels_of(path, columns=Columns(question="label")) == {"see you": "ham"}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (studio(1, "a"), "label-studio"),
        ({"data": {"text": "a"}, "predictions": []}, "label-studio"),
        (argilla("1", "a"), "argilla"),
        ({"id": "1", "text": "a", "label.suggestion": "ham"}, "argilla"),
        ({"id": 1, "text": "a", "label": ["ham"], "Comments": []}, "doccano"),
        ({"id": 1, "text": "a", "label": "ham"}, "table"),
        ({"id": 1, "text": "a", "label": ["ham"]}, "table"),
        ({"text": "a", "data": "b"}, "table"),
    ],
)
def test_forms_are_detected(tmp_path: Path, value: dict[str, Any], form: str) -> None:
    assert form_of(written(tmp_path / "f.json", [value])) == form
    assert form_of(written(tmp_path / "f.jsonl", [value], lines=True)) == form
    assert is_decision_file(tmp_path / "f.json") == (form != "table")


def test_exports_are_read_where_decisions_are(tmp_path: Path) -> None:
    tasks = [
        studio(1, "see you", ("a@x", "ham"), ("b@x", "ham"), ("c@x", "spam"), row_id="8"),
        studio(2, "odd", ("a@x", "ham")),
    ]
    tasks[1]["annotations"][0]["result"] *= 2
    path = written(tmp_path / "p.json", tasks)
    with pytest.warns(WeakLabelWarning, match="1 annotation cannot be used"):
        decisions = read_decisions(path)
    assert [(decision.row, decision.reviewer, decision.label) for decision in decisions] == [
        (8, "a@x", "ham"),
        (8, "b@x", "ham"),
        (8, "c@x", "spam"),
    ]
    assert gold_of(decisions, ["win", "see you"], LABELS).tolist() == [-1, 0]


def test_decisions_are_added_once(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl")
    path = written(tmp_path / "p.json", [studio(1, "see you", ("a@x", "ham")), studio(2, "win", ("a@x", "spam"))])
    assert import_annotations([path]).append_to(log) == 2
    assert import_annotations([path]).append_to(log) == 0
    written(path, [studio(1, "see you", ("a@x", "spam")), studio(2, "win", ("a@x", "spam"))])
    assert import_annotations([path]).append_to(log) == 1
    assert log.latest()[text_hash("see you"), "a@x"].label == "spam"


def test_unknown_forms_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "p.json", [studio(1, "a")])
    with pytest.raises(CorpusError, match=r"no form is called 'label_studio' \(did you mean 'label-studio'\?\)"):
        list(read_annotations(path, "label_studio"))
    with pytest.raises(CorpusError, match="no column 'label'"):
        list(read_annotations(path, "table"))
    assert list(read_annotations(path)) == [NotLabeled("not labeled", 2, "line 2, task 1")]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeakLabelError, match=r"does not exist|cannot read"):
        import_annotations([tmp_path / "none.json"])
