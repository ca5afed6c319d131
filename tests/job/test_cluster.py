"""The same bytes from a cluster of real worker processes, whatever happens to them."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest

from weaklabel import LinearClassifier, load_lfs, read_corpus
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.job import LabelOptions, label_corpus, label_file, predict_file, vote_corpus
from weaklabel.job.cluster import DaskEngine

pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = """
from weaklabel.corpus import open as opening, parts
opening.CHUNK, parts.PART_ROWS = 512, 20
"""


def start(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        **more,
    )


def end(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and a function that adds a worker; all processes of their own, with addresses of their own."""
    (tmp_path / "small.py").write_text(SMALL)
    where = tmp_path / "scheduler.json"
    environment = {**os.environ, "WEAKLABEL_CACHE": "off", "PYTHONWARNINGS": "ignore"}
    processes = [start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", where, env=environment)]

    def add():
        processes.append(
            start(
                *("worker", "--scheduler-file", where, "--nthreads", "1", "--nworkers", "1", "--no-dashboard"),
                *("--preload", str(tmp_path / "small.py"), "--local-directory", str(tmp_path)),
                env=environment,
            )
        )
        return processes[-1]

    while not where.exists():
        assert processes[0].poll() is None
        time.sleep(0.05)
    yield json.loads(where.read_text())["address"], add
    for process in reversed(processes):
        end(process)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")


def label(messages, pack, out, engine=None, **options):
    corpus = read_corpus(messages, quoting=True)
    options = LabelOptions(workers=0, with_votes=True, **options)
    return label_file(corpus, load_lfs(pack), str(out), options, engine=engine)


def test_the_same_bytes_though_one_dies_and_one_comes_late(cluster, messages, pack, tmp_path):
    address, add = cluster
    slow = (
        pack.read_text() + "\nimport time\n\n@labeling_function()\ndef slow(x):\n    time.sleep(0.01)\n    return -1\n"
    )
    pack.write_text(slow)
    label(messages, pack, tmp_path / "local.csv")
    first, _ = add(), add()
    workers = set()

    class Eventful(DaskEngine):
        """Loses a worker in the middle, and gets another one."""

        def vote(self, job):
            for number, part in enumerate(super().vote(job)):
                workers.update(self._client.scheduler_info(n_workers=-1)["workers"])
                if number == 2:
                    end(first)
                    add()
                yield part

    with Eventful(address) as engine:
        engine._client.wait_for_workers(2, timeout=60)
        done = label(messages, pack, tmp_path / "cluster.csv", engine)
    assert len(workers) >= 2
    assert done.rows == 300 and done.rejects == 3 and done.problems["shouting"].first[0].row == 150
    assert (tmp_path / "cluster.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()


def test_the_same_bytes_where_texts_are_read(cluster, messages, pack, tmp_path):
    address, add = cluster
    add()
    alone = label(messages, pack, tmp_path / "local.csv", read_texts=True)
    with DaskEngine(address) as engine:
        engine._client.wait_for_workers(1, timeout=60)
        done = label(messages, pack, tmp_path / "cluster.csv", engine, read_texts=True)
    assert done.labels == alone.labels and sum(done.labels.values()) == 300
    assert (tmp_path / "cluster.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
    rejects = [(tmp_path / f"{name}.csv.rejects.jsonl").read_bytes() for name in ("cluster", "local")]
    assert rejects[0] == rejects[1]


@pytest.mark.parametrize("read_texts", [False, True])
def test_votes_and_labels_in_folders(cluster, messages, pack, tmp_path, read_texts):
    address, add = cluster
    add()
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(messages.read_bytes()))
    options = LabelOptions(workers=0, read_texts=read_texts)
    votes, work = tmp_path / "votes", tmp_path / "work"
    votes.mkdir(), work.mkdir()
    alone = label_corpus(read_corpus(packed, quoting=True), load_lfs(pack), options, out=tmp_path / "local.csv")
    with DaskEngine(address) as engine:
        corpus, lfs = read_corpus(packed, quoting=True), load_lfs(pack)
        voted = vote_corpus(corpus, lfs, options, folder=votes, engine=engine)
        assert {path.name.partition("-")[0] for path in votes.iterdir()} == {"votes", "voted.json"}
        labels = label_corpus(
            corpus, lfs, options, voted=voted, folder=work, out=tmp_path / "cluster.csv", engine=engine
        )
        again = label_corpus(corpus, lfs, options, voted=voted, engine=engine)  # no output: labels alone
    assert (tmp_path / "cluster.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
    for labeled in (labels, again):
        assert (labeled.votes.L == alone.votes.L).all() and (labeled.preds == alone.preds).all()
        assert np.array_equal(labeled.probs, alone.probs, equal_nan=True)


def test_prediction_and_packed_input(cluster, messages, tmp_path):
    address, add = cluster
    for _ in range(2):
        add()
    texts = read_corpus(messages, quoting=True).texts()
    classifier = LinearClassifier(labels=("ham", "spam")).fit(texts, [row % 2 for row in range(len(texts))])
    classifier.save(tmp_path / "model")
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(messages.read_bytes()))
    with DaskEngine(address) as engine:
        for name, chosen in {"local": None, "cluster": engine}.items():
            predict_file(
                read_corpus(packed, quoting=True),
                classifier,
                str(tmp_path / f"{name}.jsonl"),
                model_id="1",
                loading={"folder": str(tmp_path / "model")},
                engine=chosen,
            )
    assert (tmp_path / "cluster.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()


def test_a_data_frame_cannot_be_shared(cluster, pack, tmp_path):
    frame = pl.DataFrame({"text": ["prize"]})
    with DaskEngine(cluster[0]) as engine, pytest.raises(CorpusError, match="write it as Parquet"):
        label_file(read_corpus(frame), load_lfs(pack), str(tmp_path / "out.csv"), engine=engine)


def test_no_scheduler_there():
    with (
        pytest.raises(WeakLabelError, match="no Dask scheduler answers"),
        DaskEngine("tcp://127.0.0.1:1", timeout=1),
    ):
        pass


def test_a_cascade_is_asked_by_the_process_that_was_started(cluster, messages, pack, tmp_path):
    address, add = cluster
    add()
    asked = tmp_path / "asked.txt"
    oracle = f"""

@labeling_function(where="uncertain", max_rows=40)
def oracle(x):
    import os
    with open({str(asked)!r}, "a") as file:
        print(os.getpid(), file=file)
    return int(x.id) % 2
"""
    pack.write_text(pack.read_text() + oracle)
    label(messages, pack, tmp_path / "local.csv")
    asked.unlink()
    with DaskEngine(address) as engine:
        engine._client.wait_for_workers(1, timeout=60)
        label(messages, pack, tmp_path / "cluster.csv", engine)
    assert asked.read_text().split() == [str(os.getpid())] * 40
    assert (tmp_path / "cluster.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
