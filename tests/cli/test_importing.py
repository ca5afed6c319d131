"""weaklabel import: labels of people come back as gold and as decisions, and are used as such."""

import json

import pytest

from tests.decisions.test_importing import studio, written


@pytest.fixture
def project_json(tmp_path):
    """An export of Label Studio about the rows of messages.csv."""
    tasks = [
        studio(1, "thanks a lot", ("ada@x.org", "praise"), row_id="0"),
        studio(2, "it is broken again", ("ada@x.org", "complaint"), ("bob@x.org", "praise"), row_id="5"),
        studio(3, "not in the corpus", ("ada@x.org", "praise")),
        studio(4, "the parcel is late", ("ada@x.org", None), row_id="7"),
    ]
    return written(tmp_path / "project.json", tasks)


def test_gold(weaklabel, tmp_path, corpus, project_json):
    out = tmp_path / "gold.csv"
    done = weaklabel("import", project_json, "--corpus", corpus, "-o", out, "--labels", "complaint,praise")
    assert done.code == 0, done.err
    assert out.read_text(encoding="utf-8") == (
        "weaklabel_id,text,label,annotators,disagreement\n"
        "0,thanks a lot,praise,ada@x.org,\n"
        '5,it is broken again,,"ada@x.org, bob@x.org",complaint: ada@x.org; praise: bob@x.org\n'
    )
    rejects = [json.loads(line) for line in (tmp_path / "gold.csv.rejects.jsonl").read_text().splitlines()]
    assert len(rejects) == 1 and "task 3: no row of" in rejects[0]["reason"]
    for told in (
        "3 annotations of 2 rows",
        "1 row labeled by several people; they disagree on 1 (kappa 0.00); 1 without a label",
        "no label: 1 skipped",
        "1 not usable",
    ):
        assert told in done.out


def test_json_and_all_annotations_to_stdout(weaklabel, project_json):
    done = weaklabel("import", project_json, "-o", "-", "--several", "all", "--json")
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "weaklabel_id,text,label,annotator,time"
    assert len(done.out.splitlines()) == 5
    result = json.loads(done.err.splitlines()[-1])
    assert result["labels"] == {"complaint": 1, "praise": 3}
    assert (result["annotations"], result["rows"], result["disagreements"]) == (4, 3, 1)


def test_decisions_score_a_file(weaklabel, tmp_path, corpus, pack, project_json):
    decisions = tmp_path / "decisions.jsonl"
    for added in (3, 0):
        done = weaklabel("import", project_json, "--corpus", corpus, "--decisions", decisions, "--json")
        assert done.code == 0, done.err
        assert done.json["decisions_added"] == added
    rows = corpus.read_text(encoding="utf-8").count("thanks a lot")  # the other row is a tie
    labeled = tmp_path / "labeled.csv"
    assert weaklabel("label", corpus, "--lfs", pack, "-o", labeled).code == 0
    for made in (decisions, project_json):
        done = weaklabel("score", labeled, "--decisions", made, "--json")
        assert done.code == 0, done.err
        assert done.json["n"] == rows


def test_an_unknown_label_names_file_line_and_task(weaklabel, tmp_path, project_json):
    done = weaklabel("import", project_json, "-o", tmp_path / "gold.csv", "--labels", "praise,blame")
    assert done.code == 1
    assert "project.json, line " in done.err and "task 2: unknown label 'complaint'" in done.err
    assert not (tmp_path / "gold.csv").exists()
    done = weaklabel(
        "import", project_json, "-o", tmp_path / "gold.csv", "--labels", "praise,blame", "--unknown", "reject"
    )
    assert done.code == 0 and "1 not usable" in done.out


def test_somewhere_must_be_written_to(weaklabel, project_json):
    done = weaklabel("import", project_json)
    assert done.code == 2 and "give -o or --decisions" in done.err


def test_spans_go_out_and_come_back(weaklabel, tmp_path):
    labeled = tmp_path / "labeled.jsonl"
    span = {"start": 0, "end": 3, "label": "PER", "prob": 0.9}
    labeled.write_text(json.dumps({"text": "Ada wrote.", "spans": [span]}) + "\n")
    assert weaklabel("export", labeled, "--to", "conll", "-o", tmp_path / "o.conll").code == 0
    done = weaklabel("import", tmp_path / "o.conll", "-o", tmp_path / "gold.jsonl")
    assert done.code == 0, done.err
    assert "1 annotation of 1 row to " in done.out and "; spans: PER 1" in done.out
    gold = json.loads((tmp_path / "gold.jsonl").read_text())
    assert gold["spans"] == [{"start": 0, "end": 3, "label": "PER", "text": "Ada"}]
    wrong = weaklabel("export", labeled, "--to", "kto", "-o", tmp_path / "kto")
    assert wrong.code != 0 and "holds spans, and KTO is a form for labels of whole texts" in wrong.err


def test_nobody_marked_a_span(weaklabel, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "nobody came", "label": []}\n{"text": "", "label": []}\n', encoding="utf-8")
    done = weaklabel("import", rows, "--from", "doccano", "--task", "spans", "-o", tmp_path / "gold.jsonl")
    assert done.code == 0, done.err
    assert "; spans: none" in done.out
    gold = (tmp_path / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["spans"] for line in gold] == [[], []]
