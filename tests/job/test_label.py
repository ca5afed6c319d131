"""Labeling in parts gives what labeling at once gives; runs resume, and never mix."""

import csv
import gzip
import json
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from weaklabel import apply_lfs, load_lfs, read_corpus
from weaklabel.config import LabelModelSettings
from weaklabel.corpus import write_labeled
from weaklabel.errors import ConfigError, CorpusError, VoteError
from weaklabel.job import LabelOptions, label_file
from weaklabel.job.engine import LocalEngine
from weaklabel.job.folder import corpus_identity
from weaklabel.job.output import label_columns, vote_columns
from weaklabel.label_model import BaseLabelModel
from weaklabel.label_model.named import make_label_model
from weaklabel.votes import Votes
from weaklabel.votes.voter import Voter

REAL_VOTER = Voter
IN_PROCESS = LabelOptions(workers=0, with_votes=True)


class AtOnce(NamedTuple):
    votes: Votes
    model: BaseLabelModel
    preds: np.ndarray
    probs: np.ndarray


def write_at_once(out, corpus, once, labels):
    """Write all rows with labels and votes."""

    def columns(batch):
        rows = slice(batch.start, batch.start + len(batch))
        of_votes = vote_columns(once.votes.L[rows], labels, once.votes.lf_names)
        return label_columns(once.preds[rows], once.probs[rows], labels).hstack(of_votes)

    write_labeled(corpus, out, columns)


def at_once(corpus, lfs, settings=None, read_texts=False):
    """All rows in memory: what labeling in parts must equal."""
    votes = apply_lfs(lfs, corpus)
    texts = corpus.model_texts() if read_texts else None
    model = make_label_model(settings or LabelModelSettings(), len(lfs.labels)).fit(votes, texts=texts)
    return AtOnce(votes, model, *model.predict(votes, return_probs=True, texts=texts))


class Stops(Exception):
    pass


class StoppingEngine(LocalEngine):
    """Fails after so many parts, as a machine might."""

    def __init__(self, votes=10**9, writes=10**9):
        self.votes, self.writes = votes, writes

    def vote(self, job):
        for number, part in enumerate(super().vote(job)):
            if number == self.votes:
                raise Stops
            yield part

    def write(self, job, parts=None):
        for number, part in enumerate(super().write(job, parts)):
            if number == self.writes:
                raise Stops
            yield part


@pytest.fixture(autouse=True)
def no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")


def run(messages, pack, out, options=IN_PROCESS, **more):
    return label_file(read_corpus(messages, quoting=True), load_lfs(pack), str(out), options, **more)


@pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")
@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl", "out.parquet", "out.csv.gz", "out.jsonl.zst"])
def test_the_same_rows_as_labeling_at_once(messages, pack, tmp_path, name):
    done = run(messages, pack, tmp_path / name)
    corpus = read_corpus(messages, quoting=True)
    once = at_once(corpus, load_lfs(pack))
    labels = load_lfs(pack).labels
    write_at_once(tmp_path / f"once-{name}", corpus, once, labels)
    if name.endswith("parquet"):
        assert pl.read_parquet(tmp_path / name).equals(pl.read_parquet(tmp_path / f"once-{name}"))
    else:
        assert (tmp_path / name).read_bytes() == (tmp_path / f"once-{name}").read_bytes()
    assert done.rows == 300 and done.rejects == 3
    assert sum(done.labels.values()) == (once.preds >= 0).sum()
    assert done.problems["shouting"].first[0].row == 150
    rejects = [json.loads(line) for line in (tmp_path / f"{name}.rejects.jsonl").open()]
    assert [reject["raw"] for reject in rejects] == ["too,many,fields"] * 3
    assert not (tmp_path / f"{name}.job").exists()


@pytest.mark.parametrize("stop", [{"votes": 0}, {"votes": 4}, {"writes": 0}, {"writes": 7}])
@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.csv.gz"])
def test_an_interrupted_run_goes_on(messages, pack, tmp_path, stop, name):
    run(messages, pack, tmp_path / f"whole-{name}")
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / name, engine=StoppingEngine(**stop))
    assert not (tmp_path / name).exists()
    done = run(messages, pack, tmp_path / name)
    assert done.known_rows > 0
    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole-{name}").read_bytes()


def test_another_corpus_or_option_is_never_mixed(messages, pack, tmp_path, caplog):
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / "out.csv", engine=StoppingEngine(writes=7))
    messages.write_text(messages.read_text().replace("tomorrow", "prize"))
    assert run(messages, pack, tmp_path / "out.csv").known_rows == 0
    assert "differed in corpus" in caplog.text
    run(messages, pack, tmp_path / "fresh.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def test_other_options_use_the_votes_but_not_the_output(messages, pack, tmp_path, caplog):
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / "out.csv", engine=StoppingEngine(writes=7))
    other = LabelOptions(workers=0, prefix="weak_")
    assert 250 < run(messages, pack, tmp_path / "out.csv", other).known_rows < 300  # but for the part with trouble
    run(messages, pack, tmp_path / "fresh.csv", other)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()
    assert "differed in" in caplog.text


def test_only_a_changed_labeling_function_votes_again(messages, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    messages.write_text(messages.read_text().replace("trouble", "no trouble"))
    run(messages, pack, tmp_path / "first.csv")
    assert run(messages, pack, tmp_path / "second.csv").known_rows == 300
    pack.write_text(pack.read_text().replace('"dinner"', '"tomorrow"'))
    asked = []
    monkeypatch.setattr(
        "weaklabel.job.work.Voter",
        lambda lfs, **options: asked.append([lf.name for lf in lfs]) or REAL_VOTER(lfs, **options),
    )
    assert run(messages, pack, tmp_path / "third.csv").known_rows == 0
    assert asked == [["lunch"]]
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    run(messages, pack, tmp_path / "fresh.csv")
    assert (tmp_path / "third.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_votes_that_went_wrong_are_asked_for_again(messages, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    remedy = tmp_path / "remedy"
    pack.write_text(
        pack.read_text().replace(
            'if x.text == "trouble":', f'if x.text == "trouble" and not __import__("os").path.exists({str(remedy)!r}):'
        )
    )
    assert run(messages, pack, tmp_path / "first.csv").problems["shouting"].count == 1
    with pytest.raises(VoteError):
        run(messages, pack, tmp_path / "second.csv", LabelOptions(workers=0, error_budget=0))
    remedy.touch()  # what was in its way is gone, though the labeling function is the same
    assert not run(messages, pack, tmp_path / "second.csv", LabelOptions(workers=0, error_budget=0)).problems


def test_more_classes_are_other_votes(messages, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    run(messages, pack, tmp_path / "first.csv")
    pack.write_text(pack.read_text().replace('("ham", "spam")', '("ham", "spam", "other")'))
    assert run(messages, pack, tmp_path / "second.csv").known_rows == 0


def test_a_damaged_part_is_made_again(messages, pack, tmp_path):
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / "out.csv", engine=StoppingEngine(votes=4))
    (tmp_path / "out.csv.job" / "votes-000001.npz").write_bytes(b"damaged")
    run(messages, pack, tmp_path / "out.csv")
    run(messages, pack, tmp_path / "fresh.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()


@pytest.mark.parametrize("options", [LabelOptions(workers=1), LabelOptions(workers=2)])
def test_workers_change_nothing(messages, pack, tmp_path, options):
    run(messages, pack, tmp_path / "here.csv", LabelOptions(workers=0))
    run(messages, pack, tmp_path / "there.csv", options)
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()


def test_the_error_budget_holds_over_parts(messages, pack, tmp_path):
    with pytest.raises(VoteError, match=r"shouting.*row 150"):
        run(messages, pack, tmp_path / "out.csv", LabelOptions(workers=0, error_budget=0))
    assert not (tmp_path / "out.csv").exists()


def test_no_rows(pack, tmp_path):
    (tmp_path / "empty.csv").write_text("id,text\n")
    with pytest.warns(UserWarning, match="no labeling function votes"):
        done = run(tmp_path / "empty.csv", pack, tmp_path / "out.csv")
    assert done.rows == 0
    assert (tmp_path / "out.csv").read_text().startswith("id,text,label,confidence,p_ham,p_spam,vote_prize")


def test_a_dry_run_writes_nothing(messages, pack, tmp_path):
    before = sorted(tmp_path.iterdir())
    assert run(messages, pack, tmp_path / "out.csv", dry_run=True).rows == 300
    assert sorted(path for path in tmp_path.iterdir() if path.name != "__pycache__") == before


def test_packed_input(messages, pack, tmp_path):
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(messages.read_bytes()))
    run(messages, pack, tmp_path / "plain.csv")
    run(packed, pack, tmp_path / "packed.csv")
    assert (tmp_path / "plain.csv").read_bytes() == (tmp_path / "packed.csv").read_bytes()


def test_two_runs_at_once_are_refused(messages, pack, tmp_path):
    class Meanwhile(LocalEngine):
        def vote(self, job):
            with pytest.raises(CorpusError, match="another process is writing"):
                run(messages, pack, tmp_path / "out.csv")
            return super().vote(job)

    run(messages, pack, tmp_path / "out.csv", engine=Meanwhile())


def test_a_folder_of_the_user_is_left_alone(messages, pack, tmp_path):
    (tmp_path / "out.csv.job").mkdir()
    (tmp_path / "out.csv.job" / "mine.txt").write_text("precious")
    with pytest.raises(CorpusError, match=r"holds other files \(mine.txt"):
        run(messages, pack, tmp_path / "out.csv")
    assert (tmp_path / "out.csv.job" / "mine.txt").read_text() == "precious"


def test_a_folder_of_texts_read_in_another_encoding_is_another_corpus(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\x80 win")
    ids = {corpus_identity(read_corpus(tmp_path, encoding=encoding)) for encoding in ("latin-1", "cp1252")}
    assert len(ids) == 2


def test_parts_of_another_job_are_never_taken(messages, pack, tmp_path):
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / "out.csv", engine=StoppingEngine(writes=7))
    job = tmp_path / "out.csv.job"
    written = {path.name: path.read_bytes() for path in job.glob("out-*.part")}
    other = LabelOptions(workers=0, prefix="weak_")

    class Straggler(LocalEngine):
        """Somebody still finishes a part of the job before."""

        def write(self, chosen, parts=None):
            for name, content in written.items():
                (job / name).write_bytes(content)
            return super().write(chosen, parts)

    run(messages, pack, tmp_path / "out.csv", other, engine=Straggler())
    run(messages, pack, tmp_path / "fresh.csv", other)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()
    assert not job.exists()


def test_spreadsheet_safe(pack, tmp_path):
    (tmp_path / "in.csv").write_text('id,text\n=1+2,hello prize\n-5,"@win, now"\n')
    run(tmp_path / "in.csv", pack, tmp_path / "out.csv", LabelOptions(workers=0, safe=True))
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["'=1+2", "-5"]
    assert rows[1]["text"] == "'@win, now"
    with pytest.raises(CorpusError, match="not a spreadsheet"):
        run(tmp_path / "in.csv", pack, tmp_path / "out.jsonl", LabelOptions(workers=0, safe=True))


READING = LabelOptions(workers=0, read_texts=True, with_votes=True)


@pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")
@pytest.mark.parametrize("name", ["auto", "text"])
def test_texts_are_read_as_at_once(messages, pack, tmp_path, name):
    settings = LabelModelSettings(name=name)
    done = run(messages, pack, tmp_path / "out.csv", replace(READING, label_model=settings))
    corpus = read_corpus(messages, quoting=True)
    once = at_once(corpus, load_lfs(pack), settings, read_texts=True)
    labels = load_lfs(pack).labels
    write_at_once(tmp_path / "once.csv", corpus, once, labels)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()
    assert done.labels == dict(zip(labels, np.bincount(once.preds), strict=True)) and sum(done.labels.values()) == 300
    assert done.model.describe() == once.model.describe()
    assert run(messages, pack, tmp_path / "none.csv", READING, dry_run=True).labels == done.labels
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")
@pytest.mark.parametrize("stop", [{"votes": 4}, {"writes": 0}, {"writes": 7}])
def test_reading_texts_goes_on_where_it_stopped(messages, pack, tmp_path, stop):
    whole = run(messages, pack, tmp_path / "whole.csv", READING)
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / "out.csv", READING, engine=StoppingEngine(**stop))
    assert run(messages, pack, tmp_path / "out.csv", READING).labels == whole.labels
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_votes_alone_and_texts_are_never_mixed(messages, pack, tmp_path):
    with pytest.raises(Stops):
        run(messages, pack, tmp_path / "out.csv", READING, engine=StoppingEngine(writes=7))
    run(messages, pack, tmp_path / "out.csv")
    run(messages, pack, tmp_path / "fresh.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def test_a_label_model_that_reads_no_texts_says_so(messages, pack, tmp_path):
    options = LabelOptions(workers=0, read_texts=True, label_model=LabelModelSettings(name="majority"))
    with pytest.raises(ConfigError, match="'majority' does not read texts"):
        run(messages, pack, tmp_path / "out.csv", options)


@pytest.mark.parametrize("content", ["id,text\n", "id,text\n1,win a prize\n"])
@pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")
def test_texts_of_hardly_any_rows(pack, tmp_path, content):
    (tmp_path / "few.csv").write_text(content)
    done = run(tmp_path / "few.csv", pack, tmp_path / "out.csv", READING)
    assert sum(done.labels.values()) == done.rows == len(content.splitlines()) - 1
