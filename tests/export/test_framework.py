"""What every form has in common: which rows, with which label, into which file or folder, and what is said of it."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from tests.export.conftest import COLUMNS, ROWS, lines, write_rows
from weaklabel.errors import ConfigError, ExportError, WeakLabelError, WeakLabelWarning
from weaklabel.export.selection import HELD_OUT, NO_LABEL, UNSURE
from weaklabel.project.export import export_corpus, open_labeled

NAMED = {"license": "cc0-1.0", "source_license": "cc0-1.0"}


def test_rows_without_a_label_are_counted_and_left_out(labeled, tmp_path):
    done = export_corpus(labeled, tmp_path / "out", "jsonl", card=NAMED)
    assert done.survey.rows == 6 and done.survey.n_taken == 4
    assert done.survey.left_out == {NO_LABEL: 2}
    assert done.rows == {"train": {"ham": 1, "spam": 1}, "test": {"ham": 1, "spam": 1}}
    train, test = lines(tmp_path / "out" / "train.jsonl"), lines(tmp_path / "out" / "test.jsonl")
    assert [row["text"] for row in train] == ["WIN a prize now", "see you at nine"]
    assert [row["text"] for row in test] == ["claim your money", "lunch?"]


def test_gold_is_exported_only_if_it_is_asked_for(labeled, tmp_path):
    export_corpus(labeled, tmp_path / "out", "jsonl", card=NAMED)
    assert "ham" not in {row.get("gold") for row in lines(tmp_path / "out" / "test.jsonl")}
    for name in ("who", "text"):
        assert all(name in row for row in lines(tmp_path / "out" / "test.jsonl"))
    corpus = open_labeled(labeled)
    assert "label" not in corpus.schema and "weak_label" not in corpus.schema
    assert "label" in open_labeled(labeled, with_gold=True).schema
    other = write_rows(tmp_path / "named.csv", columns=["truth" if name == "label" else name for name in COLUMNS])
    assert "truth" not in open_labeled(other, gold="truth").schema
    assert "truth" in open_labeled(other).schema, "nobody said that it is gold"


def test_a_column_that_may_be_gold_is_pointed_out(tmp_path, recwarn):
    columns = ["truth" if name == "label" else name for name in COLUMNS]
    source = write_rows(tmp_path / "labeled.csv", columns=columns)
    with pytest.warns(WeakLabelWarning, match="the column 'truth' holds names of classes only, and jsonl will have it"):
        export_corpus(source, tmp_path / "out", ["jsonl", "messages"], card=NAMED)
    recwarn.clear()
    for arguments in ({"gold": "truth"}, {"options": {"columns": ["who"]}}):
        export_corpus(source, tmp_path / "out", "jsonl", card=NAMED, **arguments)
    export_corpus(source, tmp_path / "out", "messages", card=NAMED)
    assert not [warning for warning in recwarn if issubclass(warning.category, WeakLabelWarning)]


def test_a_least_confidence_leaves_rows_out(labeled, tmp_path):
    done = export_corpus(labeled, tmp_path / "out", "jsonl", min_confidence=0.7, card=NAMED)
    assert done.survey.left_out == {NO_LABEL: 2, UNSURE: 1} and done.survey.n_taken == 3


def test_labels_are_drawn_by_their_probabilities(tmp_path):
    rows = [(f"text {n}", "", "", "spam", "0.7", "0.3", "0.7", "train") for n in range(2000)]
    source = write_rows(tmp_path / "many.csv", rows)
    drawn = {}
    for seed in (0, 0, 1):
        export_corpus(source, tmp_path / "out", "messages", sample=True, seed=seed, card=NAMED)
        labels = [row["messages"][-1]["content"] for row in lines(tmp_path / "out" / "train.jsonl")]
        assert drawn.setdefault(seed, labels) == labels
        share = Counter(labels)["ham"] / len(labels)
        assert abs(share - 0.3) < 4 * math.sqrt(0.21 / len(labels))
    assert drawn[0] != drawn[1]
    # The order of rows decides nothing.
    export_corpus(write_rows(tmp_path / "many.csv", rows[::-1]), tmp_path / "out", "messages", sample=True, card=NAMED)
    assert [row["messages"][-1]["content"] for row in lines(tmp_path / "out" / "train.jsonl")] == drawn[0][::-1]


def test_a_folder_is_replaced_as_a_whole(labeled, tmp_path):
    out = tmp_path / "out"
    export_corpus(labeled, out, ["messages", "alpaca"], card=NAMED)
    assert {path.name for path in out.iterdir()} == {
        "README.md",
        "export.json",
        "dataset_info.json",
        "messages",
        "alpaca",
    }
    before = (out / "messages" / "train.jsonl").read_bytes()
    with pytest.raises(ExportError, match="no row is left"):
        export_corpus(labeled, out, "jsonl", min_confidence=0.99, card=NAMED)
    assert (out / "messages" / "train.jsonl").read_bytes() == before
    export_corpus(labeled, out, "jsonl", card=NAMED)
    assert {path.name for path in out.iterdir()} == {"README.md", "export.json", "train.jsonl", "test.jsonl"}


def test_what_must_not_be_written_to_is_refused(labeled, tmp_path):
    content = labeled.read_bytes()
    for out, message in (
        (labeled, "is the corpus itself"),
        (tmp_path, "holds other files"),
        (tmp_path / "no" / "such.jsonl", "does not exist"),
        (tmp_path / "out.csv", r"writes \.jsonl files"),
    ):
        with pytest.raises(WeakLabelError, match=message):
            export_corpus(labeled, out, "jsonl")
    folder = tmp_path / "in"
    export_corpus(labeled, folder, "jsonl", card=NAMED)
    with pytest.raises(WeakLabelError, match="is an input"):
        export_corpus(folder / "train.jsonl", folder, "jsonl")
    assert labeled.read_bytes() == content


def test_splits_do_not_end_up_in_one_file(labeled, undivided, tmp_path):
    with pytest.raises(ExportError, match="give a folder"):
        export_corpus(labeled, tmp_path / "all.jsonl", "messages")
    assert export_corpus(undivided, tmp_path / "all.jsonl", "messages").records["messages"].rows == 4
    with pytest.raises(ExportError, match="give a folder"):
        export_corpus(undivided, tmp_path / "all.jsonl", ["messages", "alpaca"])


def test_new_splits_keep_near_duplicates_and_groups_together(tmp_path):
    rows = [(f"word{n} is said by nobody else{n}", f"author{n % 40}", "", "ham", "1", "1", "0") for n in range(200)]
    source = write_rows(tmp_path / "many.csv", rows, COLUMNS[:-1])
    out = tmp_path / "out"
    shares = {"train": 0.7, "test": 0.3}
    done = export_corpus(source, out, "jsonl", shares=shares, group_by=["who"], card=NAMED)
    sides = {name: {row["who"] for row in lines(out / f"{name}.jsonl")} for name in shares}
    assert not sides["train"] & sides["test"] and all(sides.values())
    assert sum(sum(of.values()) for of in done.rows.values()) == 200
    assert "split of weaklabel" not in lines(out / "train.jsonl")[0]
    with pytest.raises(ExportError, match="divided already"):
        export_corpus(write_rows(tmp_path / "labeled.csv"), out, "jsonl", shares=shares)


def test_options_are_checked_by_name_and_type(labeled, tmp_path):
    for options, to, message in (
        ({"sytem": "x"}, "messages", r"unknown key 'export.sytem' \(did you mean 'system'\?\)"),
        ({"messages": {"sytem": "x"}}, "messages", "is no option of the form messages"),
        ({"alpaca": {"system": "x"}}, "messages", "a form that is not in export.to"),
        ({"system": 3}, "messages", "the parameter 'system' is 3"),
        ({}, "mesages", r"did you mean 'messages'\?"),
        ({}, "onnx", "'onnx' does not export a corpus"),
    ):
        with pytest.raises(ConfigError, match=message):
            export_corpus(labeled, tmp_path / "out", to, options=options)
    export_corpus(
        labeled,
        tmp_path / "out",
        ["messages", "alpaca"],
        options={"system": "Both.", "alpaca": {"system": "Alpaca alone."}},
        card=NAMED,
    )
    assert lines(tmp_path / "out" / "messages" / "train.jsonl")[0]["messages"][0]["content"] == "Both."
    assert lines(tmp_path / "out" / "alpaca" / "train.jsonl")[0]["system"] == "Alpaca alone."


def test_a_file_that_is_not_labeled_is_refused(tmp_path):
    plain = write_rows(tmp_path / "plain.csv", [("a",)], ["text"])
    with pytest.raises(ExportError, match="no column 'label'"):
        open_labeled(plain)
    bad = write_rows(
        tmp_path / "bad.csv", [("a", "ham", "1", "one", "0")], ["text", "label", "confidence", "p_ham", "p_spam"]
    )
    with pytest.raises(ExportError, match="column 'p_ham', row 0: 'one' is not a probability"):
        list(open_labeled(bad).parts())
    twice = [*COLUMNS, "label2", "x_label", "x_confidence"]
    with pytest.raises(ExportError, match="labeled several times"):
        open_labeled(write_rows(tmp_path / "twice.csv", [("",) * len(twice)], twice))
    with pytest.raises(ExportError, match="without a finished run"):
        open_labeled(tmp_path)
    bare = write_rows(tmp_path / "bare.csv", [("a", "ham"), ("b", "spam"), ("c", "")], ["text", "label"])
    corpus = open_labeled(bare)
    assert corpus.labels == ("ham", "spam") and not corpus.has_probs
    with pytest.raises(ExportError, match="no probability columns"):
        export_corpus(bare, tmp_path / "out", "jsonl", min_confidence=0.5)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_other_formats_of_labeled_files_give_the_same(labeled, tmp_path, suffix):
    import polars as pl

    frame = pl.read_csv(labeled, infer_schema_length=0).with_columns(
        pl.col(f"weak_p_{n}").cast(pl.Float64) for n in ("ham", "spam")
    )
    other = tmp_path / f"labeled{suffix}"
    frame.write_ndjson(other) if suffix == ".jsonl" else frame.write_parquet(other)
    (part,), (same,) = open_labeled(labeled).parts(), open_labeled(other).parts()
    assert part.preds.tolist() == same.preds.tolist() == [1, 0, -1, -1, 1, 0]
    np.testing.assert_array_equal(part.probs, same.probs)
    assert part.split == same.split and part.gold.tolist() == same.gold.tolist()


def test_votes_in_a_file_are_read(tmp_path):
    columns = ["text", "label", "confidence", "p_ham", "p_spam", "vote_prize", "vote_short"]
    source = write_rows(
        tmp_path / "votes.csv",
        [("a", "spam", "1", "0", "1", "spam", ""), ("b", "ham", "1", "1", "0", "", "ham")],
        columns,
    )
    corpus = open_labeled(source)
    (part,) = corpus.parts()
    assert corpus.lf_names == ("prize", "short")
    assert part.votes.tolist() == [[1, -1], [-1, 0]]
    assert list(corpus.schema) == ["text"]


def test_a_run_gives_what_its_steps_wrote(run, tmp_path):
    corpus = open_labeled(run)
    (part,) = corpus.parts()
    assert corpus.labels == ("complaint", "praise") and corpus.lf_names[:2] == ("broken", "thanks")
    assert part.preds.tolist() == [1, 1, 1, 1, 0, 0, 0, 0] * 5
    assert part.votes.shape == (40, 4)
    done = export_corpus(run, tmp_path / "out", "messages", card=NAMED)
    assert done.survey.n_taken == 40
    with pytest.raises(ExportError, match="knows how its corpus is read"):
        open_labeled(run, text="body")


def test_rows_with_gold_are_held_out_of_training_rows(finished_once, tmp_path):
    from tests.project.conftest import Place

    place = Place(tmp_path)
    place.write(
        "messages.csv",
        [(f"thanks {n}", "praise" if n < 3 else "") for n in range(8)] + [("refund", "")] * 3,
        "text",
        "truth",
    )
    place.edit("project.toml", 'path = "gold.csv"\n', "")
    place.run()
    done = export_corpus(place.out, tmp_path / "out", "jsonl", card=NAMED)
    assert done.survey.left_out == {HELD_OUT: 3}
    assert all("truth" not in row for row in lines(tmp_path / "out" / "train.jsonl"))
    done = export_corpus(place.out, tmp_path / "out", "jsonl", with_gold=True, card=NAMED)
    assert done.survey.n_taken == 11
    assert lines(tmp_path / "out" / "train.jsonl")[0]["truth"] == "praise"


def test_the_manifest_says_what_was_written(labeled, tmp_path):
    done = export_corpus(labeled, tmp_path / "out", "jsonl", card=NAMED)
    manifest = json.loads((tmp_path / "out" / "export.json").read_text(encoding="utf-8"))
    assert manifest["taken"] == 4 and manifest["forms"]["jsonl"]["rows"] == 4
    assert manifest["forms"]["jsonl"]["files"] == {"train": "train.jsonl", "test": "test.jsonl"}
    assert done.to_dict()["left_out"] == {NO_LABEL: 2}
    assert str(tmp_path) not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert str(tmp_path) not in json.dumps(manifest)


def test_the_same_bytes_for_the_same_source(labeled, tmp_path):
    def content(out):
        export_corpus(labeled, out, ["messages", "preference", "kto"], sample=True, card=NAMED)
        return {
            path.relative_to(out): path.read_bytes()
            for path in out.rglob("*")
            if path.is_file() and path.name != "export.json"
        }

    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_rows_are_read_part_by_part(tmp_path, monkeypatch):
    import weaklabel.export.opening as opening

    rows = [(*row[:-1], "train") for row in ROWS] * 5
    source = write_rows(tmp_path / "labeled.csv", rows)
    export_corpus(source, tmp_path / "whole", "messages", card=NAMED)
    monkeypatch.setattr(opening, "ROWS_AT_ONCE", 7)
    assert len(list(open_labeled(source).parts())) == 5
    export_corpus(source, tmp_path / "parts", "messages", card=NAMED)
    assert (tmp_path / "whole" / "train.jsonl").read_bytes() == (tmp_path / "parts" / "train.jsonl").read_bytes()
