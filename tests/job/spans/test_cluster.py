"""The same bytes from a cluster of worker processes, with votes in two passes and a survey between them."""

import pytest

from tests.job.spans.test_label import IN_PROCESS
from tests.job.test_cluster import cluster  # noqa: F401  # a fixture
from weaklabel import load_lfs, read_corpus
from weaklabel.job import label_file
from weaklabel.job.cluster import DaskEngine

pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_same_bytes(cluster, sentences, pack, tmp_path):  # noqa: F811
    address, add = cluster
    add()
    corpus, lfs = read_corpus(sentences, quoting=True), load_lfs(pack)
    here = label_file(corpus, lfs, str(tmp_path / "local.csv"), IN_PROCESS)
    with DaskEngine(address) as engine:
        engine._client.wait_for_workers(1, timeout=60)
        done = label_file(corpus, lfs, str(tmp_path / "cluster.csv"), IN_PROCESS, engine=engine)
    assert done.labels == here.labels and done.spans.counts == here.spans.counts
    assert (tmp_path / "cluster.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
