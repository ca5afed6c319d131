"""Nobody but the browser that was given the address gets anything from the app, or changes anything in it."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("flask")

from weaklabel.review import open_review
from weaklabel.review.web.app import create_app
from weaklabel.review.web.security import MAX_BODY, Gate

PORT = 5000
HOME = f"http://127.0.0.1:{PORT}"
PAGES = (
    "/",
    "/rows/0",
    "/spot/",
    "/lfs/",
    "/lfs/new",
    "/suggestions/",
    "/reviewers",
    "/gold.csv",
    "/name",
    "/static/app.js",
)
CHANGES = ("/decide", "/undo", "/spot/draw", "/lfs/preview", "/lfs/save", "/lfs/relabel", "/suggestions/look", "/name")
DECISION = {"row": 0, "label": "spam"}


@pytest.fixture
def gate():
    return Gate(PORT)


@pytest.fixture
def review(tmp_path):
    corpus = tmp_path / "messages.csv"
    corpus.write_text("text\nsee you\nwin cash\n", encoding="utf-8")
    return open_review(corpus, labels=["ham", "spam"])


@pytest.fixture
def stranger(review, gate):
    app = create_app(review, gate, "ada")
    return app.test_client()


@pytest.fixture
def friend(stranger, gate):
    stranger.set_cookie(gate.cookie, gate.token, domain="127.0.0.1")
    return stranger


def headers(gate, **changed):
    kept = {"Origin": HOME, "X-CSRF-Token": gate.csrf} | changed
    return {name: value for name, value in kept.items() if value is not None}


def test_the_address_lets_in_once_and_leaves_no_token_in_it(stranger, gate):
    answer = stranger.get("/", query_string={"token": gate.token, "text": "a b"}, base_url=HOME)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/?text=a+b"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert stranger.get("/", base_url=HOME).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_without_the_token_there_is_nothing(stranger, gate, path):
    assert stranger.get(path, base_url=HOME).status_code == 403
    assert stranger.get(path, base_url=HOME, query_string={"token": "guess"}).status_code == 403
    stranger.set_cookie(gate.cookie, gate.token[:-1] + "ä", domain="127.0.0.1")
    assert stranger.get(path, base_url=HOME).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_with_it_every_page_comes(friend, path):
    answer = friend.get(path, base_url=HOME)
    assert answer.status_code == 200
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES[:-1])
def test_no_page_has_script_or_style_within(friend, path):
    page = friend.get(path, base_url=HOME).get_data(as_text=True)
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "127.0.0.1:80", "127.0.0.1.evil.example:5000"])
@pytest.mark.parametrize("path", PAGES)
def test_a_foreign_name_that_points_here_gets_nothing(friend, gate, path, host):
    friend.set_cookie(gate.cookie, gate.token, domain=host.split(":")[0])
    assert friend.get(path, base_url=f"http://{host}").status_code == 403
    assert friend.get(path, base_url=f"http://{host}", query_string={"token": gate.token}).status_code == 403


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "changed",
    [
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": "guess"},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
    ],
)
def test_another_site_changes_nothing(friend, review, gate, path, changed):
    answer = friend.post(path, base_url=HOME, json=DECISION, headers=headers(gate, **changed))
    assert answer.status_code == 403
    assert not review.log.path.exists()


def test_what_is_asked_properly_is_done(friend, review, gate):
    answer = friend.post("/decide", base_url=HOME, json=DECISION, headers=headers(gate))
    assert answer.status_code == 200
    (decision,) = review.log.decisions()
    assert (decision.row, decision.label, decision.reviewer) == (0, "spam", "ada")


def test_a_form_of_another_site_cannot_pass_for_json(friend, review, gate):
    answer = friend.post("/decide", base_url=HOME, data='{"row": 0, "label": "spam"}', headers=headers(gate))
    assert answer.status_code == 400
    assert not review.log.path.exists()


@pytest.mark.parametrize(
    "asked",
    [{}, {"row": 2, "label": "spam"}, {"row": -1, "label": "spam"}, {"row": 0, "label": "no such"}, {"row": 0, "label": None},
     {"row": True, "label": "spam"}, {"row": "0", "label": "spam"}, {"row": 0, "label": ["spam"]},
     {"row": 0, "label": "spam", "sample": 7}, [], "x", 7, None],
)  # fmt: skip
def test_a_wrong_decision_is_refused_in_a_sentence(friend, review, gate, asked):
    answer = friend.post("/decide", base_url=HOME, json=asked, headers=headers(gate))
    assert answer.status_code in (400, 404)
    assert answer.get_json()["error"]
    assert not review.log.path.exists()


def test_a_request_has_a_largest_size(friend, gate):
    answer = friend.post("/decide", base_url=HOME, json={"row": 0, "label": "x" * MAX_BODY}, headers=headers(gate))
    assert answer.status_code == 413


def test_only_the_address_of_this_app_is_gone_to(friend, gate):
    for go in ("//evil.example", "/\\evil.example", "http://evil.example", "javascript:alert(1)"):
        answer = friend.post("/name", base_url=HOME, json={"name": "bo", "go": go}, headers=headers(gate))
        assert answer.get_json()["go"] == "/"
    answer = friend.get("//evil.example/", base_url=HOME, query_string={"token": gate.token})
    assert not answer.headers.get("Location", "/").startswith("//")


def test_a_name_is_asked_for_once(review, gate):
    client = create_app(review, gate).test_client()
    client.set_cookie(gate.cookie, gate.token, domain="127.0.0.1")
    assert client.get("/lfs/?x=1", base_url=HOME).headers["Location"] == "/name?go=/lfs/?x%3D1"
    answer = client.post("/name", base_url=HOME, json={"name": " Zoë ", "go": "/lfs/?x=1"}, headers=headers(gate))
    assert answer.get_json()["go"] == "/lfs/?x=1"
    assert "Zoë" in client.get("/lfs/", base_url=HOME).get_data(as_text=True)


def test_what_is_not_there_is_said(friend, gate):
    for path in ("/rows/99", "/nothing", "/lfs/edit?name=none", "/?row=x", "/?min_conf=x", "/?sample=none"):
        answer = friend.get(path, base_url=HOME)
        assert answer.status_code in (400, 404), path
        assert "Traceback" not in answer.get_data(as_text=True)
