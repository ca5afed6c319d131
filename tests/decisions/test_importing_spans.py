"""Spans of people, brought back: matched with rows, several people, gold and decisions."""

import json
from pathlib import Path

import pytest

from tests.decisions.test_gold_spans import ADA, TEXT, TOM, label_studio, region, write
from weaklabel.corpus import read_corpus, write_labeled
from weaklabel.decisions import DecisionLog, import_annotations, read_gold_spans
from weaklabel.errors import VoteError

LABELS = ("LOC", "PER")


def by_several(*answers):
    task = label_studio()
    task["annotations"] = [{"completed_by": who, "result": list(result)} for who, result in answers]
    return task


def test_spans_are_told_from_labels_of_texts(tmp_path):
    spans = import_annotations(
        [write(tmp_path / "a.json", label_studio(), label_studio(region(2, 5, "Ada"), text=TEXT))]
    )
    assert spans.task == "spans"
    choice = {"from_name": "label", "type": "choices", "value": {"choices": ["ham"]}}
    assert import_annotations([write(tmp_path / "b.json", label_studio(choice))]).task == "texts"
    table = write(tmp_path / "c.jsonl", {"text": "Ada", "spans": [[0, 3, "PER"]]})
    assert import_annotations([table]).task == "spans"
    listed = {"text": "Ada", "label": ["ham"], "Comments": []}
    assert import_annotations([write(tmp_path / "d.jsonl", listed)]).task == "texts"


def test_most_people_decide_and_disagreements_are_shown(tmp_path):
    ada, tom = region(2, 5, "Ada"), region(11, 14, "Tom", "LOC")
    file = write(tmp_path / "a.json", by_several((1, [ada]), (2, [ada]), (3, [tom]), (3, [ada, tom])))
    imported = import_annotations([file], labels=LABELS)
    assert (imported.annotations, imported.replaced, imported.disagreements) == (3, 1, 1)
    (row,) = imported.table().to_dicts()
    assert row["spans"] == [{"start": 2, "end": 5, "label": "PER", "text": "Ada"}]
    assert row["disagreement"] == "PER 2-5: 1, 2; PER 2-5, LOC 11-14: 3"
    assert imported.table("unanimous")["spans"].to_list() == [None]
    assert [len(spans) for spans in imported.table("all")["spans"].to_list()] == [1, 1, 2]
    tie = import_annotations([write(tmp_path / "b.json", by_several((1, [ada]), (2, [])))])
    assert tie.table()["spans"].to_list() == [None]


def test_words_of_conll_find_their_rows(tmp_path):
    corpus = read_corpus({"text": ["other", "Ada  Lovelace\twrote\r\n."]})
    (tmp_path / "x.conll").write_text("Ada\tB-PER\nLovelace\tI-PER\nwrote\tO\n.\tO\n\nNobody\tO\n\n")
    imported = import_annotations([tmp_path / "x.conll"], corpus=corpus)
    (row,) = imported.rows
    assert (row.number, list(row.spans.values())) == (1, [((0, 13, "PER"),)])
    assert imported.rejects[0].reason == "line 6: no row of data frame has this text"


def test_what_does_not_fit_is_a_reject(tmp_path):
    corpus = read_corpus({"text": ["short"]})
    task = {"data": {"weaklabel_id": "0"}, "annotations": [{"result": [region(0, 99, None)]}]}
    imported = import_annotations([write(tmp_path / "a.json", task)], corpus=corpus, task="spans")
    assert "is not in the text of the row, which has 5 characters" in imported.rejects[0].reason
    with pytest.raises(VoteError, match=r"a\.json, line 1, task 1: unknown label 'PER'"):
        import_annotations([write(tmp_path / "a.json", label_studio(region(2, 5, "Ada")))], labels=["LOC"])
    rejected = import_annotations(
        [write(tmp_path / "a.json", label_studio(region(2, 5, "Ada")))], labels=["LOC"], unknown="reject"
    )
    assert json.loads(rejected.rejects[0].raw) == [[2, 5, "PER"]]


def test_decisions_come_back_as_gold_and_are_added_once(tmp_path):
    file = write(tmp_path / "a.json", label_studio(region(2, 5, "Ada"), region(11, 14, "Tom")))
    imported = import_annotations([file])
    log = DecisionLog(tmp_path / "decisions.jsonl")
    assert (imported.append_to(log), imported.append_to(log)) == (1, 0)
    assert read_gold_spans(log.path).texts[0].spans == (ADA, TOM)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_the_table_of_gold_is_read_as_gold(suffix, tmp_path):
    imported = import_annotations([write(tmp_path / "a.json", label_studio(region(2, 5, "Ada")))], labels=LABELS)
    out: Path = tmp_path / f"gold.{suffix}"
    table = imported.table()
    write_labeled(read_corpus(table[:, :2], text=()), str(out), table[:, 2:])
    assert read_gold_spans(out, LABELS).texts[0].spans == (ADA,)
