"""Many requests at once: none fails, no decision and no save is lost, and what takes long keeps nobody waiting."""

from __future__ import annotations

import random
import shutil
import threading
import time
import warnings

import numpy as np
import pytest

pytest.importorskip("flask")

from tests.review.conftest import TEXTS
from weaklabel.lf.packs import load_lfs
from weaklabel.review import open_review
from weaklabel.review.web.app import create_app
from weaklabel.review.web.security import Gate
from weaklabel.votes import apply_lfs

THREADS, ROUNDS = 8, 30
HOME = "http://127.0.0.1:5000"
PAGES = (
    "/",
    "/?decided=no&order=confidence",
    "/?text=love",
    "/lfs/",
    "/lfs/edit?name=broken",
    "/reviewers",
    "/gold.csv",
)


class Client:
    """A browser of one reviewer; every answer must be a good one."""

    def __init__(self, app, gate, name):
        self.client, self.gate = app.test_client(), gate
        self.client.set_cookie(gate.cookie, gate.token, domain="127.0.0.1")
        self.client.set_cookie(f"weaklabel_reviewer_{gate.port}", name, domain="127.0.0.1")

    def get(self, path):
        return self._good(self.client.get(path, base_url=HOME))

    def post(self, path, asked):
        headers = {"Origin": HOME, "X-CSRF-Token": self.gate.csrf}
        return self._good(self.client.post(path, base_url=HOME, json=asked, headers=headers))

    @staticmethod
    def _good(answer):
        assert answer.status_code == 200, (answer.request.path, answer.get_data(as_text=True))
        return answer


@pytest.fixture
def review(finished_run, tmp_path):
    return open_review(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture
def browser(review):
    gate = Gate(5000)
    app = create_app(review, gate)
    app.testing = True  # what goes wrong in a request goes wrong in the test
    return lambda name: Client(app, gate, name)


def keyword(name, words):
    return {
        "kind": "keyword", "name": name, "saved_name": name, "label": "complaint" if name == "broken" else "praise",
        "keywords": "\n".join(words), "min_count": "1", "whole_word": "", "ignore_case": True,
    }  # fmt: skip


def at_once(work):
    failed = []

    def caught(number):
        try:
            work(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=caught, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]


def finish(client, job):
    while (state := client.get(f"/jobs/{job}").get_json())["running"]:
        time.sleep(0.02)
    assert state["error"] == ""


def test_nothing_is_lost_or_raised(review, browser):
    made = [0] * THREADS
    samples, shown = [], (warnings.showwarning, list(warnings.filters))

    def work(number):
        rng, client = random.Random(number), browser(f"reviewer {number}")
        for _ in range(ROUNDS):
            row, words = rng.randrange(len(TEXTS)), rng.sample(["broken", "refund", "thanks", "love", "late"], 2)
            match rng.randrange(8):
                case 0 | 1:
                    client.post("/decide", {"row": row, "label": rng.choice(review.labels)})
                    made[number] += 1
                case 2:
                    client.get(rng.choice(PAGES))
                case 3:
                    client.get(f"/rows/{row}")
                    client.get(f"/rows/{row}/why")
                case 4:
                    client.post("/lfs/preview", keyword(rng.choice(["broken", "thanks"]), words))
                case 5:
                    client.post("/lfs/save", keyword(rng.choice(["broken", "thanks"]), words))
                case 6:
                    samples.append(client.post("/spot/draw", {"kind": "random", "n": "4"}).get_json()["go"])
                case 7:
                    client.post("/lfs/relabel", {})
                    client.get("/spot/")

    at_once(work)
    finish(browser("last"), "relabel")
    decisions = review.log.decisions()
    assert [sum(item.reviewer == f"reviewer {number}" for item in decisions) for number in range(THREADS)] == made
    assert len(set(samples)) == len(samples) == len(review.samples())
    file = review.editor.get("broken").file
    assert np.array_equal(review.votes.L, apply_lfs(load_lfs(str(file)), review.batch.frame).L)
    assert [lf.name for lf in review.editor.lfs() if lf.editable] == ["broken", "thanks", "shout", "short", "many"]
    again = open_review(review.folder.parent)
    assert np.array_equal(again.votes.L, review.votes.L) and again.is_stale == review.is_stale
    assert np.array_equal(again.probs, review.probs, equal_nan=True)
    assert (warnings.showwarning, list(warnings.filters)) == shown


def test_a_save_while_the_label_model_is_fitted_is_kept(review, browser, monkeypatch):
    from weaklabel.review import review as module

    begun, go_on, refitted = threading.Event(), threading.Event(), module.refitted

    def slow(*given):
        begun.set()
        assert go_on.wait(30)
        return refitted(*given)

    monkeypatch.setattr(module, "refitted", slow)
    client = browser("ann")
    assert client.post("/lfs/relabel", {}).get_json()["job"] == "/jobs/relabel"
    assert begun.wait(30)
    client.post("/lfs/relabel", {})  # no second one
    assert client.get("/jobs/relabel").get_json()["running"]
    assert "data-running" in client.get("/lfs/").get_data(as_text=True)
    client.post("/lfs/save", keyword("broken", ["late"]))
    client.get("/rows/3/why")
    go_on.set()
    finish(client, "relabel")
    assert (review.votes.L[:, 0] >= 0).nonzero()[0].tolist() == [11]
    assert review.is_stale and review.row(3).label == "complaint"  # by the votes before the save
    client.post("/lfs/relabel", {})
    finish(client, "relabel")
    assert not review.is_stale and review.row(3).label is None and review.row(11).label == "complaint"


def test_what_goes_wrong_in_the_background_is_told(tmp_path):
    corpus = tmp_path / "messages.csv"
    corpus.write_text("text\nsee you\n", encoding="utf-8")
    gate = Gate(5000)
    client = Client(create_app(open_review(corpus, labels=["ham", "spam"]), gate), gate, "ann")
    client.post("/lfs/relabel", {})
    while (state := client.get("/jobs/relabel").get_json())["running"]:
        time.sleep(0.02)
    assert "there are no labeling functions; add one first" in state["error"]
    assert state["error"] in client.get("/lfs/").get_data(as_text=True)


def test_suggestions_go_by_new_decisions(review, browser):
    client = browser("ann")
    client.post("/suggestions/look", {})
    finish(client, "suggestions")
    first = review.last_suggestions
    assert review.suggestions() is first
    client.post("/decide", {"row": 0, "label": "praise"})
    assert review.suggestions() is not first
