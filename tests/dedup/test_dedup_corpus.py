"""``dedup_corpus`` and ``weaklabel dedup``: files in, files out."""

import json
import random

import polars as pl
import pytest

from weaklabel import dedup_corpus, read_corpus, split_corpus
from weaklabel.cli import main
from weaklabel.errors import ConfigError, CorpusError, WeakLabelError
from weaklabel.job.engine import LocalEngine

TEXTS = [
    "Win a free prize today, call now",
    "WIN a free prize today,  call now",
    "Win a free prize today, call now!",
    "See you at the station at noon",
    "",
]


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "raw.csv"
    pl.DataFrame({"text": TEXTS, "votes": [3, 9, 1, None, 0]}).write_csv(path)
    return path


def rejects(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_are_dropped_with_reasons(raw, tmp_path):
    done = dedup_corpus(raw, tmp_path / "out.csv")
    assert (done.rows, done.kept, dict(done.dropped)) == (5, 3, {"exact": 1, "near": 1})
    assert read_corpus(tmp_path / "out.csv").texts() == TEXTS[2:]
    first, second = rejects(done.rejects_file)
    assert (first["row"], first["place"], first["step"]) == (1, "row 1", "dedup")
    assert {first["rule"], second["rule"]} == {"exact", "near"}
    assert "row 3: similarity 0.966" in first["reason"]
    assert first["record"]["text"] == TEXTS[0]
    assert done.summary == {"clusters": 1, "largest cluster": 3}


def test_which_row_stays(raw, tmp_path):
    def kept(**options):
        return dedup_corpus(raw, **options).frame["text"][0]

    assert kept(keep_row="first") == TEXTS[0]
    assert kept(keep_row="longest") == TEXTS[2]
    assert kept(keep_row="votes", votes="votes") == TEXTS[1]
    pack = tmp_path / "mine.py"
    pack.write_text(
        "from weaklabel import regex_lf\nLABELS = ['ham', 'spam']\n"
        "LFS = [regex_lf('capitals', 1, 'WIN'), regex_lf('win', 1, '(?i)win')]\n"
    )
    assert kept(keep_row="votes", lfs=[pack]) == TEXTS[1]


def test_test_rows_are_kept_out(raw, tmp_path):
    gold = tmp_path / "gold.csv"
    pl.DataFrame({"text": ["see you at the  Station at noon!", "nothing like it"]}).write_csv(gold)
    done = dedup_corpus(raw, tmp_path / "out.csv", against=[gold], clusters=tmp_path / "clusters.csv")
    assert dict(done.dropped) == {"exact": 1, "near": 1, "contamination": 1}
    assert done.summary["like a row of gold.csv"] == 1
    reason = next(reject["reason"] for reject in rejects(done.rejects_file) if reject["rule"] == "contamination")
    assert reason == "a near-duplicate of row 1 of gold.csv: similarity 0.963"
    clusters = pl.read_csv(tmp_path / "clusters.csv").to_dicts()
    assert [(row["cluster"], row["row"], row["kept"]) for row in clusters] == [
        (1, 3, True), (1, 1, False), (1, 2, False), (2, None, True), (2, 4, False),
    ]  # fmt: skip
    assert (clusters[0]["source"], clusters[0]["place"]) == (str(raw), "row 3")
    assert (clusters[3]["source"], clusters[3]["place"]) == ("gold.csv", "row 1")


@pytest.mark.parametrize("clusters", ["out.jsonl", "out.jsonl.rejects.jsonl"])
def test_clusters_are_a_file_of_their_own(tmp_path, clusters):
    raw = tmp_path / "raw.csv"
    raw.write_text("text\nthe same text\nthe same text\n")
    with pytest.raises(WeakLabelError, match="are the same file: give each output its own file"):
        dedup_corpus(raw, tmp_path / "out.jsonl", clusters=tmp_path / clusters)


def test_names_of_files_are_no_patterns(tmp_path):
    raw = tmp_path / "raw[1].csv"
    raw.write_text("text,meta_source,meta_place\nthe same text,a,1\nthe same text,a,2\n")
    out = tmp_path / "out[1]*.csv"
    assert dedup_corpus(raw, out, clusters=tmp_path / "clusters[1].csv").kept == 1
    assert split_corpus(raw, tmp_path / "split[1]?.csv", group_by=["meta_source"]).kept == 2


def test_clusters_name_the_places_of_collected_rows(tmp_path):
    frame = pl.DataFrame({"text": TEXTS[:2], "meta_source": ["a.txt", "b.txt"], "meta_place": ["line 7", "line 9"]})
    for suffix in ("csv", "jsonl", "parquet"):
        path = tmp_path / f"clusters.{suffix}"
        dedup_corpus(frame, clusters=path, keep_row="first")
        read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[suffix]
        assert read(path).select("source", "place", "kept").rows() == [
            ("a.txt", "line 7", True),
            ("b.txt", "line 9", False),
        ]


def many(tmp_path, n=20_000):
    rng = random.Random(3)
    words = [f"word{number}" for number in range(500)]
    texts = [" ".join(rng.choice(words) for _ in range(8)) for _ in range(n // 2)]
    texts += [text.replace("word1", "Word1").replace("word77", "term") for text in texts]
    rng.shuffle(texts)
    path = tmp_path / "many.csv"
    pl.DataFrame({"id": range(len(texts)), "text": texts}).write_csv(path)
    return path


def test_workers_make_no_difference(tmp_path):
    path = many(tmp_path)
    outputs = []
    for workers in (1, 3):
        out = tmp_path / f"out{workers}.csv"
        done = dedup_corpus(path, out, engine=LocalEngine(workers), clusters=tmp_path / f"clusters{workers}.csv")
        assert done.rows == 20_000 == done.kept + sum(done.dropped.values())
        outputs.append(
            [out.read_bytes(), done.rejects_file.read_bytes(), (tmp_path / f"clusters{workers}.csv").read_bytes()]
        )
    assert outputs[0] == outputs[1]
    assert done.kept <= 10_100


def test_rows_with_equal_texts_are_chosen_by_what_else_they_hold(tmp_path):
    rows = [{"text": "one and the same text", "label": label} for label in ("b", "a", "c")]
    kept = {dedup_corpus(pl.DataFrame(order)).frame["label"][0] for order in (rows, rows[::-1], rows[1:] + rows[:1])}
    assert len(kept) == 1


def test_taking_rows_back(raw, tmp_path):
    first = dedup_corpus(raw, tmp_path / "out.csv")
    back = tmp_path / "back.jsonl"
    back.write_text(first.rejects_file.read_text().splitlines()[0] + "\n")
    second = dedup_corpus(raw, tmp_path / "out.csv", keep=[back])
    assert (second.kept, second.taken_back) == (4, 1)


def test_duplicates_in_meaning():
    texts = ["A cat sat down on the sofa.", "The cat took a seat on the couch.", "Stock prices fell sharply on Monday."]
    done = dedup_corpus({"text": texts}, semantic=0.75, keep_row="first")
    assert done.frame["text"].to_list() == [texts[0], texts[2]]
    assert dict(done.dropped) == {"semantic": 1}
    assert done.examples["semantic"][0]["reason"].startswith("means the same as row 1: cosine 0.")


def test_an_empty_corpus(tmp_path):
    (tmp_path / "none.csv").write_text("text\n")
    done = dedup_corpus(tmp_path / "none.csv", tmp_path / "out.csv", clusters=tmp_path / "clusters.csv")
    assert (done.rows, done.kept) == (0, 0)
    assert pl.read_csv(tmp_path / "clusters.csv").height == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threshold": 0.2}, ConfigError, "from 0.4 to 1, not 0.2"),
        ({"semantic": 2}, ConfigError, "from 0.5 to 1, not 2"),
        ({"keep_row": "longst"}, ConfigError, "did you mean 'longest'"),
        ({"keep_row": "votes"}, ConfigError, "name a column with their number or labeling functions"),
        ({"votes": "votes"}, ConfigError, "decide only with keep_row"),
        ({"keep_row": "votes", "votes": "vote"}, CorpusError, "no column 'vote' .did you mean 'votes'"),
        ({"keep_row": "votes", "votes": "text"}, CorpusError, "column 'text' holds 'Win a free"),
        ({"text": "body"}, CorpusError, "no column 'body'"),
        ({"against": ["gone.csv"]}, CorpusError, "gone.csv"),
        ({"clusters": "clusters.txt"}, ConfigError, "csv, .jsonl or .parquet"),
    ],
)
def test_what_is_refused(raw, options, error, message):
    with pytest.raises(error, match=message):
        dedup_corpus(raw, **options)


def test_the_corpus_is_not_overwritten_by_clusters(raw):
    before = raw.read_bytes()
    with pytest.raises(CorpusError.__mro__[1]):
        dedup_corpus(raw, clusters=raw)
    assert raw.read_bytes() == before


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["dedup", *map(str, arguments)])
    return stopped.value.code or 0


def test_command(raw, tmp_path, capsys):
    gold = tmp_path / "gold.csv"
    gold.write_text(f"text\n{TEXTS[3]}\n")
    assert run(raw, "--against", gold, "--clusters", tmp_path / "clusters.csv", "-o", tmp_path / "out.csv") == 0
    shown = capsys.readouterr().out
    assert "rows: 5 in = 2 kept + 3 dropped" in shown
    assert (tmp_path / "clusters.csv").exists()
    assert run(raw, "--dry-run", "--clusters", tmp_path / "no.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == {"exact": 1, "near": 1}
    assert not (tmp_path / "no.csv").exists()
    assert run(raw, "--threshold", "0.1", "-o", tmp_path / "out.csv") == 2
    assert run(raw, "--keep-row", "votes", "-o", tmp_path / "out.csv") == 1
    assert "name a column with their number" in capsys.readouterr().err
