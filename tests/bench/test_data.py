import csv
import os
from pathlib import Path

import numpy as np
import pytest

from tests.bench.sets import LABELS, change, rows_of, voted, wrench, write
from weaklabel.bench.data import find_sets, read_bench_set, train_gold
from weaklabel.corpus.entities import MOST_WORDS
from weaklabel.errors import WeakLabelError


def test_a_wrench_folder(tmp_path):
    bench_set = read_bench_set(wrench(tmp_path))
    assert (bench_set.name, bench_set.labels, bench_set.m, bench_set.k) == ("guests", LABELS, 4, 2)
    assert [len(split) for split in (bench_set.train, bench_set.valid, bench_set.test)] == [60, 20, 40]
    texts, gold, votes = zip(*rows_of("test"), strict=True)
    assert bench_set.test.texts == texts
    assert bench_set.test.Y.tolist() == list(gold)
    assert bench_set.test.L.tolist() == list(votes) and bench_set.test.L.dtype == np.int8
    assert bench_set.coverage == np.mean([max(votes) >= 0 for _, _, votes in rows_of("train")])


def test_train_gold_is_hidden_until_it_is_asked_for(tmp_path):
    folder = wrench(tmp_path)
    bench_set = read_bench_set(folder)
    assert (bench_set.train.Y == -1).all()
    assert train_gold(bench_set).tolist() == [label for _, label, _ in rows_of("train")]
    change(folder / "train.json", lambda rows: [row.pop("label") for row in rows.values()])
    assert len(read_bench_set(folder).train) == 60


def test_train_gold_of_a_table_is_not_even_read(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("split,label,vote_a\ntrain,neither,x\ntrain,y,y\ntest,x,x\n")
    bench_set = read_bench_set(path)
    assert (bench_set.train.Y == -1).all()
    with pytest.raises(WeakLabelError, match="unknown label 'neither'"):
        train_gold(bench_set)
    path.write_text(path.read_text().replace("neither", "x"))
    assert train_gold(read_bench_set(path)).tolist() == [0, 1]


def test_a_table_is_the_same_set(tmp_path):
    table, folder = read_bench_set(voted(tmp_path / "table.csv")), read_bench_set(wrench(tmp_path))
    assert table.name == "table"
    # Classes of a table have no order of their own, so they are sorted.
    assert table.labels == ("food", "weather")
    swap = np.array([1, 0, -1])
    for mine, other in ((table.train, folder.train), (table.valid, folder.valid), (table.test, folder.test)):
        assert mine.texts == other.texts
        assert np.array_equal(mine.L, swap[other.L]) and np.array_equal(mine.Y, swap[other.Y])


def test_a_folder_of_tables_may_order_its_votes_differently(tmp_path):
    with voted(tmp_path / "table.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    folder = tmp_path / "tables"
    folder.mkdir()
    for split in ("train", "test"):
        names = [name for name in rows[0] if name != "split"]
        with (folder / f"{split}.csv").open("w", newline="") as handle:
            writer = csv.DictWriter(handle, names if split == "train" else names[::-1], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row for row in rows if row["split"] == split)
    result, table = read_bench_set(folder), read_bench_set(tmp_path / "table.csv")
    assert (result.test.L == table.test.L).all() and (result.train.L == table.train.L).all()
    assert len(result.valid) == 0


def test_what_weaklabel_label_writes_can_be_read(tmp_path):
    """Beside a gold column called label, its own columns are called weak_label, weak_vote_..."""
    path = voted(tmp_path / "table.csv")
    plain = read_bench_set(path)
    text = path.read_text()
    head, body = text.split("\n", 1)
    path.write_text(head.replace("vote_", "weak_vote_") + "\n" + body)
    assert (read_bench_set(path).train.L == plain.train.L).all()


def test_a_label_that_weaklabel_gave_is_not_taken_for_gold(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("split,text,label,confidence,vote_a\ntrain,one,x,0.9,x\ntest,two,x,0.9,x\n")
    with pytest.raises(WeakLabelError, match="labels by the label model, not gold"):
        read_bench_set(path)


def test_relations_have_their_entities_marked(tmp_path):
    folder = wrench(tmp_path)
    for split in ("train", "valid", "test"):
        change(
            folder / f"{split}.json",
            lambda rows: [
                row["data"].update(text="rain met roof", span1=[0, 4], span2=[9, 13]) for row in rows.values()
            ],
        )
    assert read_bench_set(folder).train.texts[0] == "@ rain @ met # roof #"
    change(folder / "test.json", lambda rows: rows["3"]["data"].update(span2=[9, 99]))
    assert "row '3': span2 9-99" in read_bench_set(folder).test.refused[0]
    change(folder / "test.json", lambda rows: rows["3"]["data"].pop("span2"))
    assert "row '3': span1 and span2 must" in read_bench_set(folder).test.refused[0]


def test_a_long_text_of_a_relation_is_cut_around_its_entities(tmp_path):
    folder = wrench(tmp_path)
    text = "rain " + "fell and " * 200 + "met roof"
    data = {"text": text, "span1": [len(text) - 8, len(text) - 5], "span2": [len(text) - 4, len(text)]}
    change(folder / "train.json", lambda rows: rows["0"]["data"].update(data))
    (result,) = [text for text in read_bench_set(folder).train.texts if "@ met @" in text]
    assert result.endswith("fell and @ met @ # roof #")
    assert len(result.split()) == MOST_WORDS + 4


def test_a_set_without_texts(tmp_path):
    bench_set = read_bench_set(wrench(tmp_path, texts=False))
    assert not bench_set.has_texts and bench_set.test.texts is None


def test_fewer_train_rows_are_the_same_ones_everywhere(tmp_path):
    whole = read_bench_set(wrench(tmp_path))
    some = whole.limited(10)
    assert len(some.train) == 10 and "10 of 60 train rows" in some.notes[0]
    texts = [text for text, _, _ in rows_of("train")]
    gold = {text: label for text, label, _ in rows_of("train")}
    assert set(some.train.texts) < set(texts)
    assert train_gold(some).tolist() == [gold[text] for text in some.train.texts]
    assert whole.limited(60) is whole
    tested = whole.limited(None, 15)
    assert (len(tested.train), len(tested.test), tested.notes) == (60, 15, ("15 of 40 test rows, drawn with seed 0",))
    assert tested.limited(10).limit_test == 15


def test_what_a_set_is_scored_by_is_a_key_of_its_file(tmp_path):
    folder = wrench(tmp_path)
    assert (read_bench_set(folder).metric, read_bench_set(folder).positive) == (None, None)
    content = read_bench_set(folder).content
    write(folder / "meta.json", '{"metric": "f1", "positive": "food", "task": "anything"}')
    bench_set = read_bench_set(folder)
    assert (bench_set.metric, bench_set.positive, bench_set.content) == ("f1", "food", content)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('{"metric": "auc"}', "metric must be accuracy or f1, not 'auc'"),
        ('{"metric": "f1"}', 'the metric f1 needs "positive"'),
        ('{"metric": "f1", "positive": "snow"}', "positive is 'snow', which is not a class"),
        ("[1]", "must be an object"),
    ],
)
def test_what_no_set_can_be_scored_by_is_refused(tmp_path, written, message):
    folder = wrench(tmp_path)
    write(folder / "meta.json", written)
    with pytest.raises(WeakLabelError, match=message):
        read_bench_set(folder)


def test_a_folder_of_sets_stands_for_them(tmp_path):
    sets = [wrench(tmp_path / "all", name) for name in ("a", "b")]
    (tmp_path / "all" / "notes").mkdir()
    table = voted(tmp_path / "table.csv")
    assert find_sets([tmp_path / "all", table]) == [*sets, table]
    assert find_sets([sets[0]]) == sets[:1]


def test_other_content_has_another_hash(tmp_path):
    folder = wrench(tmp_path)
    before = read_bench_set(folder).content
    write(folder / "README.md", "about this set")
    assert read_bench_set(folder).content == before
    change(folder / "test.json", lambda rows: rows["0"].update(label=1 - rows["0"]["label"]))
    assert read_bench_set(folder).content != before


FAULTS = {
    "no_folder": (lambda folder: None, "the benchmark set .* does not exist"),
    "empty_folder": (lambda folder: [path.unlink() for path in folder.iterdir()], "neither train.json"),
    "no_test": (lambda folder: (folder / "test.json").unlink(), "cannot read .*test.json: No such file"),
    "no_labels": (lambda folder: (folder / "label.json").unlink(), "cannot read .*label.json: No such file"),
    "bad_json": (lambda folder: write(folder / "test.json", '{"0":\n {"label": }}'), "line 2, column 12: not valid JSON"),
    "not_utf8": (lambda folder: (folder / "test.json").write_bytes(b'{"\xff": {}}'), "line 1: not UTF-8"),
    "a_list": (lambda folder: write(folder / "test.json", "[1]"), "must map each id to a row"),
    "an_id_twice": (lambda folder: write(folder / "test.json", '{"7": {}, "7": {}}'), "'7' occurs twice"),
    "no_rows": (lambda folder: write(folder / "test.json", "{}"), "the test split has no rows"),
    "odd_labels": (lambda folder: write(folder / "label.json", '{"1": "a", "2": "b"}'), 'must map "0", "1"'),
    "same_labels": (lambda folder: write(folder / "label.json", '{"0": "a", "1": "a"}'), "a class twice"),
    "half_a_label": (lambda folder: write(folder / "label.json", r'{"0": "a", "1": "\ud83d"}'), "json: '1' has half"),
    "half_a_letter": (lambda folder: _row(folder, lambda row: row.update(data={"text": "\ud83d"})), "json: '2' has half"),
    "half_an_id": (lambda folder: write(folder / "test.json", r'{"\uDE00": {}}'), r"json: '\\ude00' has half"),
    "no_gold": (lambda folder: _all(folder, lambda row: row.update(label=-1)), "no row of test has a label"),
    "fewer_votes": (lambda folder: _all(folder, lambda row: row["weak_labels"].pop()), "test has 3 votes a row, train 4"),
}  # fmt: skip


def _row(folder, edit):
    change(folder / "test.json", lambda rows: edit(rows["2"]))


def _all(folder, edit):
    change(folder / "test.json", lambda rows: [edit(row) for row in rows.values()])


ROW_FAULTS = {
    "no_votes": (lambda row: row.pop("weak_labels"), "row '2': weak_labels must be"),
    "ragged": (lambda row: row["weak_labels"].pop(), "row '2' has 3 votes, most rows have 4"),
    "vote_too_high": (lambda row: row.update(weak_labels=[0, 2, 0, 0]), "row '2' has the vote 2"),
    "vote_too_low": (lambda row: row.update(weak_labels=[0, -2, 0, 0]), "has the vote -2"),
    "vote_half": (lambda row: row.update(weak_labels=[0, 0.5, 0, 0]), "has the vote 0.5"),
    "vote_true": (lambda row: row.update(weak_labels=[0, True, 0, 0]), "has the vote True"),
    "label_outside": (lambda row: row.update(label=2), "row '2' has the label 2, outside -1..1"),
    "no_data": (lambda row: row.pop("data"), "row '2': data must be an object"),
    "text_a_number": (lambda row: row.update(data={"text": 3}), "row '2': data must be"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROW_FAULTS)
def test_a_row_that_cannot_be_read_is_left_out_and_named(tmp_path, name):
    edit, message = ROW_FAULTS[name]
    folder = wrench(tmp_path)
    whole = read_bench_set(folder).test
    change(folder / "test.json", lambda rows: edit(rows["2"]))
    bench_set = read_bench_set(folder)
    assert bench_set.test.texts == (*whole.texts[:2], *whole.texts[3:])
    assert bench_set.test.Y.tolist() == [*whole.Y[:2], *whole.Y[3:]]
    (reason,) = bench_set.test.refused
    assert message in reason
    assert bench_set.notes == (f"1 row of test left out, as it cannot be read; the first: {reason}",)


def test_a_split_of_which_no_row_can_be_read_is_refused(tmp_path):
    folder = wrench(tmp_path)
    _all(folder, lambda row: row.pop("weak_labels"))
    with pytest.raises(WeakLabelError, match=r"test\.json: no row can be read; the first: row '0': weak_labels must"):
        read_bench_set(folder)


def test_train_gold_is_that_of_the_rows_that_could_be_read(tmp_path):
    folder = wrench(tmp_path)
    whole = train_gold(read_bench_set(folder)).tolist()
    change(folder / "train.json", lambda rows: rows["4"]["weak_labels"].pop())
    assert train_gold(read_bench_set(folder)).tolist() == whole[:4] + whole[5:]


def test_lines_of_a_table_that_cannot_be_read_are_counted(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("split,text,label,vote_a\ntrain,one,,x\ntest,two,x,y,z,w\ntest,two,x,x\n")
    bench_set = read_bench_set(path)
    assert len(bench_set.test) == 1
    assert "1 row of train left out, as it cannot be read; the first: line 3: " in bench_set.notes[0]


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_wrench_folders_are_one_sentence(tmp_path, name):
    edit, message = FAULTS[name]
    folder = wrench(tmp_path)
    edit(folder)
    with pytest.raises(WeakLabelError, match=message) as raised:
        read_bench_set(tmp_path / "elsewhere" if name == "no_folder" else folder)
    assert "\n" not in str(raised.value)


TABLE_FAULTS = {
    "no_split": ("text,label,vote_a\none,x,x\n", "no column 'split'"),
    "odd_split": ("split,text,label,vote_a\ndev,one,x,x\n", "row 0: split is 'dev'"),
    "no_test": ("split,text,label,vote_a\ntrain,one,x,x\n", "has no test split"),
    "no_votes": ("split,text,label\ntrain,one,x\ntest,two,x\n", "has no votes"),
    "nobody_votes": ("split,text,label,vote_a\ntrain,one,,\ntest,two,,\n", "there are no classes"),
    "no_gold": ("split,text,vote_a\ntrain,one,x\ntest,two,y\n", "no column 'label' with gold"),
    "empty_gold": ("split,text,label,vote_a\ntrain,one,,x\ntest,two,,y\n", "no row of test has a label"),
    "a_row_too_long": ("split,text,label,vote_a\ntrain,one,,x\ntest,two,x,y,z,w\n", "line 3: "),
}


@pytest.mark.parametrize("name", TABLE_FAULTS)
def test_faults_of_tables_are_one_sentence(tmp_path, name):
    text, message = TABLE_FAULTS[name]
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(WeakLabelError, match=message) as raised:
        read_bench_set(path)
    assert "\n" not in str(raised.value)


def test_splits_need_the_same_votes(tmp_path):
    for split, vote in (("train", "a"), ("test", "b")):
        (tmp_path / f"{split}.csv").write_text(f"text,label,vote_{vote}\none,x,x\n")
    with pytest.raises(WeakLabelError, match="column 'vote_a' is not in both train and test"):
        read_bench_set(tmp_path)


def test_numbers_as_classes_are_ordered_by_size(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("split,label,vote_a\n" + "".join(f"train,,{n}\ntest,{n},{n}\n" for n in (10, 2, 1)))
    bench_set = read_bench_set(path)
    assert bench_set.labels == ("1", "2", "10")
    assert bench_set.test.Y.tolist() == [2, 1, 0]


def test_numbers_of_one_size_are_in_order_too(tmp_path):
    """A set of names comes in another order in each process."""
    path, names = tmp_path / "table.csv", [f"{'0' * zeros}{n}" for n in (2, 1) for zeros in range(8)]
    path.write_text("split,label,vote_a\n" + "".join(f"train,,{n}\ntest,{n},{n}\n" for n in names))
    assert read_bench_set(path).labels == tuple(sorted(names, key=lambda name: (int(name), name)))


def test_whole_pairs_are_characters(tmp_path):
    folder = wrench(tmp_path)
    _row(folder, lambda row: row["data"].update(text=r"a 😀 \ud83d"))
    assert r"\ud83d" in (folder / "test.json").read_text()
    assert read_bench_set(folder).test.texts[2] == r"a 😀 \ud83d"


@pytest.mark.parametrize("outer", [b"", b"o\xff/"])
def test_a_path_that_is_not_utf8_is_refused(tmp_path, outer):
    parent = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + outer))
    folder = wrench(parent, "guests" if outer else os.fsdecode(b"g\xff"))
    with pytest.raises(WeakLabelError, match=r"must be UTF-8, which .*\\udcff.* is not; rename it"):
        read_bench_set(folder)
