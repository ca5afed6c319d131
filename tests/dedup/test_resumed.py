"""A job that was stopped in the middle goes on and gives the same files."""

import pytest

from tests.dedup.test_dedup_corpus import many
from weaklabel import dedup_corpus
from weaklabel.dedup import Dedup


class Stopped(Exception):
    pass


@pytest.mark.parametrize("step", ["decide", "apply"])
def test_a_stopped_job_goes_on(tmp_path, monkeypatch, step):
    path = many(tmp_path)
    whole = dedup_corpus(path, tmp_path / "whole.csv", clusters=tmp_path / "clusters.csv")
    calls = dict.fromkeys(("survey", "decide", "apply"), 0)
    stop = [True]

    def watched(name):
        real = getattr(Dedup, name)

        def method(self, *arguments):
            calls[name] += 1
            if stop[0] and name == step and calls[name] == (1 if name == "decide" else 2):
                raise Stopped
            return real(self, *arguments)

        return method

    for name in calls:
        monkeypatch.setattr(Dedup, name, watched(name))
    with pytest.raises(Stopped):
        dedup_corpus(path, tmp_path / "out.csv", clusters=tmp_path / "again.csv")
    assert not (tmp_path / "out.csv").exists()
    stop[0] = False
    done = dedup_corpus(path, tmp_path / "out.csv", clusters=tmp_path / "again.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "clusters.csv").read_bytes()
    assert done.dropped == whole.dropped and sum(done.dropped.values()) > 100
    assert calls[step] == (2 if step == "decide" else 3)
    assert all(calls[name] == (1 if name == "decide" else 2) for name in calls if name != step)
