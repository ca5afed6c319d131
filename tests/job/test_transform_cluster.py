"""Transforms on a Dask cluster write what one process writes."""

import random

import polars as pl
import pytest
from distributed import LocalCluster

from weaklabel import clean_corpus, dedup_corpus, protect_corpus, split_corpus
from weaklabel.corpus import open as opening
from weaklabel.job import transform_job as job
from weaklabel.job.cluster import DaskEngine

VERBS = {
    "clean": lambda *args, **options: clean_corpus(*args, rules={"boilerplate": 20, "min-words": 3}, **options),
    "dedup": dedup_corpus,
    "protect": lambda *args, **options: protect_corpus(*args, action="pseudonym", **options),
    "split": lambda *args, **options: split_corpus(*args, group_by=["author"], stratify="kind", **options),
}


@pytest.fixture(scope="module")
def engine():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        DaskEngine(cluster.scheduler_address) as engine,
    ):
        yield engine


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("verb", VERBS)
def test_the_bytes_are_the_same_on_dask(tmp_path, monkeypatch, engine, verb):
    monkeypatch.setenv("WEAKLABEL_PROTECT_KEY", "a key of at least sixteen characters")
    monkeypatch.setattr(job, "PART_ROWS", 40)
    monkeypatch.setattr(opening, "CHUNK", 4096)
    draw = random.Random(0)
    words = [f"word{number}" for number in range(200)]
    texts = [" ".join(draw.choices(words, k=10)) + f" mail{number}@example.org" for number in range(240)]
    texts += [text.replace("word1", "Word1") + "!" for text in texts[::5]] + ["two words", "", ""]
    authors, kinds = [f"a{draw.randrange(90)}" for _ in texts], [draw.choice("xyy") for _ in texts]
    corpus = tmp_path / "raw.csv"
    pl.DataFrame({"text": texts, "author": authors, "kind": kinds}).write_csv(corpus)
    here = VERBS[verb](corpus, tmp_path / "here.csv")
    there = VERBS[verb](corpus, tmp_path / "there.csv", engine=engine)
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()
    if here.rejects_file is not None:
        assert here.rejects_file.read_bytes() == there.rejects_file.read_bytes()
    assert (here.kept, here.dropped, here.counts, here.summary) == (
        there.kept,
        there.dropped,
        there.counts,
        there.summary,
    )
    assert here.dropped or here.changed or verb == "split"
