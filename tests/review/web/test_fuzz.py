"""Whatever is sent to any route of the app: an answer, in a sentence where it is refused, and never a traceback."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("flask")

from hypothesis import HealthCheck, given, settings, strategies as st

from weaklabel.review import open_review
from weaklabel.review.web.app import create_app
from weaklabel.review.web.security import Gate

PORT = 5000
HOME = f"http://127.0.0.1:{PORT}"
DIGITS = "9" * 5000
DEEP = "[" * 50_000 + "]" * 50_000

words = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1", DIGITS, DIGITS[:4000], "1e999", "nan", "inf", "spam", "ham", "keyword", "regex", "count", "length",
         "prize", "random", "\x00", "\x1b[2J", "\u202e", "a" * 3000, "(", "a|" * 2000, "(?=a)", "../../etc/passwd", "é", "١",
         "ｐrize", "class", "None"]
    ),
    st.text(max_size=12),
)  # fmt: skip
names = st.one_of(
    st.sampled_from(
        ["text", "lf", "vote", "label", "min_conf", "max_conf", "show", "decided", "by", "cluster", "sample", "order", "page",
         "row", "name", "kind", "keywords", "pattern", "column", "min", "max", "min_count", "unit", "whole_word", "ignore_case",
         "saved_name", "saved", "n", "go", "reviewer", "token", "endpoint", "values", "_external", "_scheme", "_anchor",
         "_method", "self", "filename"]
    ),
    st.text(max_size=6),
)  # fmt: skip
values = st.recursive(
    st.one_of(words, st.integers(), st.booleans(), st.none(), st.floats()), lambda inner: st.lists(inner, max_size=3)
)
bodies = st.one_of(
    st.dictionaries(names, values, max_size=8).map(json.dumps),
    st.sampled_from([DEEP, f'{{"row": {DIGITS}}}', f'{{"row": {DIGITS[:4000]}, "label": "spam"}}', '{"row": 0, "row": 1}',
                     '{"name": "\\ud800", "go": "/"}', '{"row": 0, "label": "spam", "sample": "\\ud800"}', "", "null", "{",
                     '{"kind": "keyword", "name": "x", "label": "spam", "keywords": "\\ud800"}', '{"row": NaN}',
                     f'{{"kind": "random", "n": "{DIGITS}"}}', "a" * 300_000]),
    st.binary(max_size=30),
)  # fmt: skip


@pytest.fixture(scope="module")
def app(finished, tmp_path_factory):
    run = shutil.copytree(finished, tmp_path_factory.mktemp("fuzz") / "run")
    gate = Gate(PORT)
    app = create_app(open_review(run), gate, "ada")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app, gate


def addresses(app):
    """Every rule of the app with what may fill it."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    assert len(rules) > 15
    return [(rule, sorted(rule.methods & {"GET", "POST"})[0]) for rule in rules]


def send(app, gate, method, path, query=(), body=b"", kind="application/json", cookie=None):
    client = app.test_client()
    client.set_cookie(gate.cookie, gate.token, domain="127.0.0.1")
    if cookie is not None:
        client.set_cookie(f"weaklabel_reviewer_{PORT}", cookie, domain="127.0.0.1")
    headers = {"Origin": HOME, "X-CSRF-Token": gate.csrf}
    answer = client.open(
        path, method=method, base_url=HOME, query_string=query, data=body, content_type=kind, headers=headers
    )
    assert answer.status_code < 500
    if answer.status_code >= 400:
        output = answer.get_json()["error"] if method == "POST" else answer.get_data(as_text=True)
        assert output and "Traceback" not in output
    return answer


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_route_answers_anything(app, data):
    app, gate = app
    rule, method = data.draw(st.sampled_from(addresses(app)))
    fills = {
        name: data.draw(words.map(lambda word: word.replace("/", "").replace("?", "%3F") or "0"))
        for name in rule.arguments
    }
    path = rule.rule
    for part, converter in rule._converters.items():
        shown = f"int:{part}" if type(converter).__name__.lower().startswith(("int", "row")) else part
        path = path.replace(f"<{shown}>", fills[part]).replace(f"<{part}>", fills[part])
    query = data.draw(st.lists(st.tuples(names, words), max_size=4))
    query = [(key, value) for key, value in query if key != "token"]
    send(app, gate, method, path, query, data.draw(bodies) if method == "POST" else b"")


@pytest.mark.parametrize("body", [DEEP, f'{{"row": {DIGITS}}}', '{"row": 0,', b"\xff\xfe", "[" * 100_000])
def test_every_change_refuses_a_body_that_is_none(app, body):
    app, gate = app
    for rule, method in addresses(app):
        if method == "POST" and rule.rule not in ("/lfs/relabel", "/suggestions/look"):
            assert send(app, gate, "POST", rule.rule, body=body).status_code == 400


@pytest.mark.parametrize(
    "key", ["endpoint", "values", "_external", "_scheme", "_anchor", "_method", "row", "self", "\x00"]
)
def test_a_reviewer_in_the_address_takes_any_other_argument_along(app, key):
    app, gate = app
    for path in ("/", "/rows/0", "/lfs/"):
        answer = send(app, gate, "GET", path, [("reviewer", "bo"), (key, "x y"), (key, "z")])
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith(path + "?") and "reviewer" not in answer.headers["Location"]


@pytest.mark.parametrize("row", [DIGITS, DIGITS[:4000], "-1", "99999999", "x"])
def test_a_row_that_is_none_is_not_found(app, row):
    app, gate = app
    for path in (f"/rows/{row}", f"/rows/{row}/text", f"/rows/{row}/why"):
        assert send(app, gate, "GET", path).status_code == 404


@pytest.mark.parametrize(("kind", "field"), [("length", "min"), ("count", "max"), ("keyword", "min_count")])
def test_a_number_that_is_too_long_is_refused(app, kind, field):
    app, gate = app
    for number in (DIGITS, DIGITS[:4000], "9" * 12):
        asked = {"kind": kind, "name": "x", "label": "spam", "pattern": "a", "keywords": "a", field: number}
        answer = send(app, gate, "POST", "/lfs/preview", body=json.dumps(asked))
        assert answer.status_code == 400 and "must be a whole number up to 1,000,000,000" in answer.get_json()["error"]


def test_a_pattern_of_thousands_of_alternatives_is_refused_at_once(app):
    app, gate = app
    pattern = "|".join(f"word{number}" for number in range(20_000))
    asked = {"kind": "regex", "name": "x", "label": "spam", "pattern": pattern}
    for path in ("/lfs/preview", "/lfs/save"):
        answer = send(app, gate, "POST", path, body=json.dumps(asked))
        assert answer.status_code == 400 and "10,000 at most" in answer.get_json()["error"]
