"""A run on a cluster of real worker processes writes the same bytes as one in this process."""

import pytest

from weaklabel.config import read_project
from weaklabel.corpus import open as opening, parts
from weaklabel.job.cluster import DaskEngine
from weaklabel.project.run import run_project

pytestmark = pytest.mark.filterwarnings("ignore")

SAME = ("labeled.csv", "votes.npz", "label_model.json", "models/linear/weights.npz", "scores.json", "lf_table.csv")


def test_the_same_bytes(place, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    monkeypatch.setattr(opening, "CHUNK", 256)
    monkeypatch.setattr(parts, "PART_ROWS", 5)
    # Gold in the corpus itself: workers must not see it, and its rows are not trained on.
    place.edit("project.toml", 'path = "gold.csv"\n', "")
    lines = (place.folder / "messages.csv").read_text().splitlines()
    with_gold = [
        f"{line},{'truth' if not row else ('praise', 'complaint')[row % 2] if row % 3 else ''}"
        for row, line in enumerate(lines)
    ]
    (place.folder / "messages.csv").write_text("\n".join(with_gold) + "\n")
    place.edit("pack.py", 'return 1 if "great"', 'assert not hasattr(x, "truth")\n    return 1 if "great"')
    project = read_project(place.project)
    run_project(project)
    with DaskEngine() as engine:
        workers = len(engine._client.scheduler_info(n_workers=-1)["workers"])
        run_project(project.overridden(out=tmp_path / "cluster"), engine=engine)
    assert workers >= 1
    for name in SAME:
        assert (tmp_path / "cluster" / name).read_bytes() == (project.out / name).read_bytes(), name
    votes = sorted(path.name for path in (project.out / "steps").rglob("votes-*.npz"))
    assert len(votes) >= 5
