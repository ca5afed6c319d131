"""Labeling with spans in parts gives what labeling at once gives; runs resume, votes are used again, offsets are exact."""

import gzip
import json

import polars as pl
import pytest

from tests.job.test_label import StoppingEngine, Stops
from weaklabel import apply_lfs, load_lfs, read_corpus
from weaklabel.config import LabelModelSettings
from weaklabel.errors import ConfigError, CorpusError, LFError, WeakLabelWarning
from weaklabel.job import LabelOptions, label_corpus, label_file, label_spans, read_voted_spans, vote_spans
from weaklabel.label_model.sequence import SpanVote
from weaklabel.units import in_code_points, read_spans
from weaklabel.votes.spans import voting

pytestmark = pytest.mark.filterwarnings("ignore")

VOTE = LabelModelSettings(name="span-vote")
IN_PROCESS = LabelOptions(workers=0, with_votes=True, label_model=VOTE)


def run(sentences, pack, out, options=IN_PROCESS, **more):
    corpus = read_corpus(sentences, quoting=True if sentences.name.endswith((".csv", ".csv.gz")) else None)
    return label_file(corpus, load_lfs(pack), str(out), options, **more)


def at_once(sentences, pack):
    """All spans of each row with their texts, found in memory, as (start, end, label)."""
    votes = apply_lfs(load_lfs(pack), read_corpus(sentences, quoting=True))
    spans = in_code_points(SpanVote().fit(votes).predict(votes).spans, votes.words)
    rows = map(spans.of_row, range(votes.n_rows))
    return votes, [[(begin, end, votes.labels[label]) for begin, end, label in row] for row in rows]


def test_parts_give_what_the_whole_gives(sentences, pack, tmp_path):
    votes, rows = at_once(sentences, pack)
    done = run(sentences, pack, tmp_path / "out.jsonl")
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (done.rows, done.rejects, len(written)) == (200, 2, 200)
    assert [[(span["start"], span["end"], span["label"]) for span in row["spans"]] for row in written] == rows
    for row in written:
        for column in ("spans", *(f"spans_{name}" for name in votes.lf_names)):
            assert all(row["text"][span["start"] : span["end"]] == span["text"] for span in row[column])
    assert done.labels == {
        label: sum(span[2] == label for row in rows for span in row) for label in ("PER", "LOC", "DATE")
    }
    assert min(done.labels.values()) > 0
    assert done.problems["names"].first[0].row == 150
    assert done.spans.counts == dict(zip(votes.lf_names, votes.counts, strict=True))
    assert done.spans.n_spans == {name: len(spans) for name, spans in zip(votes.lf_names, votes.spans, strict=True)}
    assert done.spans.runs.counts.tolist() == votes.runs().counts.tolist()
    assert done.spans.runs.tags.tolist() == votes.runs().tags.tolist()
    assert {span["label"] for row in written for span in row["spans_nobody"]} == {"not an entity"}
    assert {span["label"] for row in written for span in row["spans_capitals"]} == {"ENT"}
    assert not (tmp_path / "out.jsonl.job").exists()


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "json", "csv.gz"])
def test_every_format_gives_the_same_spans_back(sentences, pack, tmp_path, kind):
    _, rows = at_once(sentences, pack)
    out = tmp_path / f"out.{kind}"
    run(sentences, pack, out, LabelOptions(workers=0, label_model=VOTE, prefix="weak_"))
    corpus = (
        read_corpus(out, text="text", quoting=True) if "csv" in kind or kind == "tsv" else read_corpus(out, text="text")
    )
    texts, column = list(corpus.values("text")), corpus.values("weak_spans")
    back = read_spans(column, texts, ["PER", "LOC", "DATE"])
    assert back.is_known.all()
    labels = back.labels
    assert [[(b, e, labels[n]) for b, e, n in back.spans.of_row(row)] for row in range(200)] == rows


@pytest.mark.parametrize(("votes", "writes"), [(0, 10**9), (3, 10**9), (10**9, 0), (10**9, 2)])
def test_a_job_continues_where_it_stopped(sentences, pack, tmp_path, votes, writes):
    run(sentences, pack, tmp_path / "whole.csv")
    with pytest.raises(Stops):
        run(sentences, pack, tmp_path / "out.csv", engine=StoppingEngine(votes, writes))
    run(sentences, pack, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    rejects = [(tmp_path / f"{name}.csv.rejects.jsonl").read_bytes() for name in ("out", "whole")]
    assert rejects[0] == rejects[1]


def test_only_what_changed_votes_again(sentences, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    sentences.write_text(sentences.read_text(encoding="utf-8").replace("trouble", "no trouble"), encoding="utf-8")
    run(sentences, pack, tmp_path / "first.csv")
    assert run(sentences, pack, tmp_path / "second.csv").known_rows == 200
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()
    pack.write_text(pack.read_text(encoding="utf-8").replace("London|", "Paris|"), encoding="utf-8")
    asked = []
    real = voting.Voter
    monkeypatch.setattr(voting, "Voter", lambda lfs, **how: asked.append([lf.name for lf in lfs]) or real(lfs, **how))
    assert run(sentences, pack, tmp_path / "third.csv").known_rows == 0
    assert asked == [["places"], ["often"]]  # the one that reads the changed one, too
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    run(sentences, pack, tmp_path / "fresh.csv")
    assert (tmp_path / "third.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def test_guarded_processes_give_the_same_bytes(sentences, pack, tmp_path):
    run(sentences, pack, tmp_path / "here.csv")
    run(sentences, pack, tmp_path / "guarded.csv", LabelOptions(workers=2, with_votes=True, label_model=VOTE))
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "guarded.csv").read_bytes()


def test_a_compressed_corpus_is_read_from_its_start(sentences, pack, tmp_path):
    run(sentences, pack, tmp_path / "plain.csv")
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(sentences.read_bytes()))
    with pytest.raises(Stops):
        run(packed, pack, tmp_path / "out.csv", engine=StoppingEngine(2))
    run(packed, pack, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_an_empty_corpus(pack, tmp_path, kind):
    (tmp_path / "none.csv").write_text("id,text\n")
    done = run(tmp_path / "none.csv", pack, tmp_path / f"out.{kind}")
    assert done.rows == 0 and done.labels == {"PER": 0, "LOC": 0, "DATE": 0}
    if kind == "parquet":
        schema = pl.read_parquet(tmp_path / "out.parquet").schema
        assert {field.name for field in schema["spans"].inner.fields} == {"start", "end", "label", "prob", "text"}


def test_texts_without_votes_and_a_long_one(pack, tmp_path):
    frame = pl.DataFrame({"text": ["", None, "nothing here", "London " * 150_000]})
    frame.write_parquet(tmp_path / "texts.parquet")
    done = run(tmp_path / "texts.parquet", pack, tmp_path / "out.parquet", LabelOptions(workers=0, label_model=VOTE))
    spans = pl.read_parquet(tmp_path / "out.parquet")["spans"].to_list()
    assert spans[:3] == [[], [], []] and done.rows == 4
    assert spans[3][-1]["end"] == len("London " * 150_000) - 1


def test_labels_are_read_part_by_part(sentences, pack, tmp_path):
    labeled = label_spans(read_corpus(sentences, quoting=True), load_lfs(pack), IN_PROCESS)
    assert labeled.n == 200 and sum(labeled.label_counts.values()) > 100
    parts = list(labeled.read())
    assert len(parts) > 5 and sum(part.spans.spans.n_rows for part in parts) == 200
    assert parts[0].votes.texts == parts[0].batch.texts
    assert sum(len(part.labels.spans) for part in parts) == sum(labeled.label_counts.values())


def test_votes_are_read_from_their_folder(sentences, pack, tmp_path):
    corpus, lfs = read_corpus(sentences, quoting=True), load_lfs(pack)
    with pytest.warns(WeakLabelWarning, match="LF 'names': 1 row failed"):
        voted = vote_spans(corpus, lfs, IN_PROCESS, folder=tmp_path)
    back = read_voted_spans(corpus, lfs, IN_PROCESS, tmp_path)
    assert back.n == voted.n == 200 and back.counts == voted.counts and back.covered == voted.covered
    assert back.votes.runs().counts.tolist() == voted.runs.counts.tolist()
    with pytest.raises(CorpusError, match="apply the labeling functions again"):
        read_voted_spans(corpus, lfs.only(["places"]), IN_PROCESS, tmp_path)
    assert {path.name.split("-")[0] for path in tmp_path.glob("*-*")} == {"votes"}


def test_what_makes_no_sense_is_refused(sentences, pack, tmp_path):
    corpus, lfs = read_corpus(sentences, quoting=True), load_lfs(pack)
    with pytest.raises(LFError, match="label_spans and vote_spans take them"):
        label_corpus(corpus, lfs)
    with pytest.raises(LFError, match="label_corpus and vote_corpus take them"):
        vote_spans(corpus, load_lfs("spam"))
    with pytest.raises(ConfigError, match="for texts"):
        run(sentences, pack, tmp_path / "out.csv", LabelOptions(label_model=LabelModelSettings(name="dawid-skene")))
    with pytest.raises(ConfigError, match="does not read texts"):
        run(sentences, pack, tmp_path / "out.csv", LabelOptions(label_model=VOTE, read_texts=True))
    (tmp_path / "spans.csv").write_text("text,spans\nLondon,\n")
    with pytest.raises(CorpusError, match="spans"):
        run(tmp_path / "spans.csv", pack, tmp_path / "out.csv")
