"""The pages of a review of spans as people use them: in a real browser, from the keyboard, and with a mouse."""

from __future__ import annotations

import csv
import io
import json

import pytest

pytest.importorskip("flask")
pytest.importorskip("playwright")

from tests.review.spans.conftest import MARKED, TEXTS, folder, marked, marked_file, review, span_vote  # noqa: F401
from tests.review.spans.test_span_editor import PACK as EDITED_PACK
from tests.review.web.conftest import write_corpus
from tests.review.web.test_browser import HOSTILE, row, settle
from weaklabel.review import open_review
from weaklabel.units import read_spans

PAGES = ("/", "/?row=3", "/lfs/", "/reviewers", "/name")


def spans_shown(page):
    """The spans of the page: text, label."""
    return [
        (pick.locator(".what").inner_text(), pick.locator(".chip").inner_text())
        for pick in page.locator("#spans .pick").all()
    ]


def decided(review):  # noqa: F811
    return [(made.row, made.spans) for made in review.log.decisions()]


def complete(page):
    before = page.inner_text("#progress")
    page.keyboard.press("Enter")
    page.wait_for_function("before => document.getElementById('progress').textContent !== before", arg=before)
    settle(page)


def test_a_text_is_corrected_from_the_keyboard_alone(review, serve, tab):  # noqa: F811
    page = tab.open(serve(review, "Ada").address)
    page.wait_for_selector("#spans .pick")
    assert spans_shown(page) == [("Ada Lovelace", "PER"), ("London", "LOC")]
    assert "Voted for by names" in page.inner_text("#said")
    page.keyboard.press("ArrowRight")
    assert "Voted for by places" in page.inner_text("#said")
    # Relabel, and back.
    page.keyboard.press("1")
    assert spans_shown(page)[1] == ("London", "PER")
    page.keyboard.press("u")
    settle(page)
    assert spans_shown(page)[1] == ("London", "LOC")
    # Edges move by words.
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert spans_shown(page)[1] == ("London in May", "LOC")
    page.keyboard.press("}")
    assert spans_shown(page)[1] == ("London in", "LOC")
    page.keyboard.press("[")
    assert spans_shown(page)[1] == ("to London in", "LOC")
    page.keyboard.press("{")
    page.keyboard.press("}")
    assert spans_shown(page)[1] == ("London", "LOC")
    page.keyboard.press("}")
    assert spans_shown(page)[1] == ("London", "LOC") and "at least one word" in page.inner_text("#status")
    # Drop one, and add one by selecting words.
    page.keyboard.press("p")
    page.keyboard.press("x")
    assert spans_shown(page) == [("London", "LOC")]
    page.keyboard.press("w")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#said").startswith("Selected: May")
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    page.keyboard.press("Shift+ArrowRight")
    assert page.inner_text("#said").startswith("Selected: in May")
    page.keyboard.press("2")
    assert spans_shown(page) == [("London", "LOC"), ("in May", "LOC")]
    assert page.inner_text("#standing") == "changed, not completed"
    complete(page)
    assert row(page) == 1
    assert decided(review) == [(0, ((22, 28, "LOC"), (29, 35, "LOC")))]
    assert page.inner_text("#list [data-row='0'] [data-decided]") == "✓ 2 spans"
    assert page.inner_text("#progress") == "you completed 1"
    # The last completed text is taken back.
    page.keyboard.press("u")
    page.wait_for_selector("#progress:has-text('you completed 0')")
    settle(page)
    assert row(page) == 0 and review.log.decisions()[-1].is_withdrawn
    assert spans_shown(page) == [("Ada Lovelace", "PER"), ("London", "LOC")]


def test_spans_are_accepted_one_by_one_and_a_text_may_have_none(review, serve, tab):  # noqa: F811
    page = tab.open(serve(review, "Ada").address)
    page.wait_for_selector("#spans .pick")
    page.keyboard.press("a")
    assert page.get_attribute("#spans li:nth-child(2) .pick", "aria-current") == "true"
    page.keyboard.press("a")
    assert "Enter completes the text" in page.inner_text("#status")
    assert page.locator("#text .tag").all_inner_texts() == ["PER ✓", "LOC ✓"]
    complete(page)
    complete(page)
    complete(page)
    assert decided(review) == [
        (0, ((0, 12, "PER"), (22, 28, "LOC"))),
        (1, ((4, 9, "PER"),)),
        (2, ()),
    ]
    assert page.inner_text("#list [data-row='2'] [data-decided]") == "✓ no span"


def test_a_mouse_is_enough(marked, serve, tab):  # noqa: F811
    page = tab.open(serve(marked, "Ada").address)
    page.wait_for_selector("#spans .pick")
    assert spans_shown(page) == [("Ada", "PER"), ("London", "LOC")]
    assert "0.40" in page.inner_text("#spans li:nth-child(1)")
    # An edge is dragged over the next word.
    handle, word = (
        page.locator("#text .handle[data-edge=end]").bounding_box(),
        page.locator("#text [data-token='2']").bounding_box(),
    )
    page.mouse.move(handle["x"] + 2, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(word["x"] + word["width"] - 3, word["y"] + 5, steps=4)
    page.mouse.up()
    assert spans_shown(page)[0] == ("Ada Lovelace", "PER")
    # Words are selected as in any text, and get a label by a button.
    first, last = (page.locator(f"#text .w:text-is('{words}')").bounding_box() for words in ("in", "May"))
    page.mouse.move(first["x"] + 1, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] - 1, last["y"] + 8, steps=4)
    page.mouse.up()
    assert page.inner_text("#said").startswith("Selected: in May")
    page.click("#classes [data-label=LOC]")
    assert spans_shown(page)[-1] == ("in May", "LOC")
    # A mark is chosen and dropped; a button moves an edge.
    page.click("#text mark:has-text('London')")
    page.click("[data-do=drop]")
    page.click("#spans .pick >> nth=1")
    page.click("[data-do=beginIn]")
    assert spans_shown(page) == [("Ada Lovelace", "PER"), ("May", "LOC")]
    page.click("[data-do=complete]")
    page.wait_for_selector("#progress:has-text('you completed 1')")
    assert decided(marked) == [(0, ((0, 12, "PER"), (32, 35, "LOC")))]


def test_votes_are_seen_by_pointing_and_by_keyboard_and_can_be_used(marked, serve, tab):  # noqa: F811
    page = tab.open(serve(marked, "Ada").address + "&row=3")
    page.wait_for_selector("#detail [data-row='3']")
    assert page.get_attribute("#text mark", "title") == "Voted for by places"
    assert "marks '東京' as LOC" in page.inner_text("#votes")
    page.hover("#votes tr:has-text('titles')")
    assert "".join(page.locator("#text .voted").all_inner_texts()) == "Mary of York"
    page.mouse.move(0, 0)
    assert page.locator("#text .voted").count() == 0
    page.focus("#votes tr:has-text('titles') button")
    assert "".join(page.locator("#text .voted").all_inner_texts()) == "Mary of York"
    page.keyboard.press("Enter")
    assert spans_shown(page) == [("東京", "LOC"), ("Mary of York", "PER")]
    assert "places says LOC of “York”" in page.inner_text("#said") and "names says PER of “Mary”" in page.inner_text(
        "#said"
    )
    # What overlaps takes its place.
    page.click("#votes tr:has-text('York') >> nth=-1 >> button")
    assert [text for text, _ in spans_shown(page)][1] in ("York", "Mary of York")


def test_an_unfinished_text_survives_moving_and_a_reload(review, serve, tab):  # noqa: F811
    page = tab.open(serve(review, "Ada").address)
    page.wait_for_selector("#spans .pick")
    page.keyboard.press("x")
    page.keyboard.press("j")
    settle(page)
    assert row(page) == 1
    page.keyboard.press("k")
    settle(page)
    assert spans_shown(page) == [("London", "LOC")] and page.inner_text("#standing") == "changed, not completed"
    page.reload()
    page.wait_for_selector("#spans .pick")
    assert spans_shown(page) == [("London", "LOC")]
    assert decided(review) == []


def test_reviewers_agree_and_gold_is_downloaded(review, serve, tab):  # noqa: F811
    app = serve(review, "Ada")
    review.decide(0, [(0, 12, "PER")], "Bob")
    page = tab.open(app.address)
    page.wait_for_selector("text=Another reviewer has decided this row")
    assert "Bob" not in page.inner_text("#detail")
    complete(page)
    page.keyboard.press("k")
    settle(page)
    assert "Bob: Ada Lovelace" in page.inner_text("#detail").replace("\n", " ")
    page.goto(f"{app.home}/reviewers")
    assert "0.67" in page.inner_text(".stats") and page.is_visible("text=Texts in disagreement 2")
    review.decide(1, [(4, 17, "PER")], "Ada")
    with page.expect_download() as download:
        page.click("text=Download gold.csv")
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_bytes().decode(), newline="")))
    read = read_spans([line["spans"] for line in lines], [line["text"] for line in lines], review.labels)
    assert len(lines) == 2 and read.is_known.tolist() == [False, True] and read.spans.of_row(1) == [(4, 17, 0)]
    page.goto(f"{app.home}/lfs/")
    assert "names" in page.inner_text("table") and "0 of 1" in page.inner_text("tr:has-text('names')")
    page.click("text=texts of titles")
    page.wait_for_selector("text=1 of 6 rows")


def test_hostile_texts_stay_texts(tmp_path, serve, tab):
    labels = ["<b>PER", "LOC"]
    texts = [*HOSTILE, "👩‍🚀e\u0301\r\n\tאבג"]
    opened = open_review(write_corpus(tmp_path / "texts.jsonl", texts), labels=labels, task="spans")
    app = serve(opened, "<i>Ada")
    page = tab.open(app.address)
    for number, text in enumerate(texts):
        settle(page)
        page.wait_for_selector(f"#detail [data-row='{number}']")
        if text.strip():
            page.keyboard.press("w")
            page.keyboard.press("Shift+ArrowRight")
            page.keyboard.press("1")
            assert page.locator("#text mark .tag").first.inner_text().startswith("<b>PER")
        complete(page)
    assert "owned" not in page.title() and page.locator("main b, main i, main script").count() == 0
    for number, spans in decided(opened):
        for begin, end, label in spans:
            assert texts[number][begin:end].strip() and label == "<b>PER"
    # What was marked is what the page showed, to the code point.
    assert decided(opened)[-1] == (len(texts) - 1, ((0, 5, "<b>PER"),))


def test_a_long_text_is_shown_in_parts(tmp_path, serve, tab):
    text = "word " * 3_000 + "Ada"
    spans = [{"start": 15_000, "end": 15_003, "label": "PER"}, {"start": 0, "end": 4, "label": "LOC"}]
    path = tmp_path / "long.jsonl"
    path.write_text(json.dumps({"text": text, "spans": spans}), "utf-8")
    page = tab.open(serve(open_review(path), "Ada").address)
    page.wait_for_selector("#spans .pick")
    assert page.inner_text("#part-words") == "part 1 of 4" and page.locator("#text mark").count() == 1
    assert spans_shown(page) == [("word", "LOC"), ("Ada", "PER")]
    page.keyboard.press("n")
    page.wait_for_selector("#part-words:has-text('part 4 of 4')")
    assert page.locator("#text mark").inner_text().startswith("Ada")
    page.click("text=Part before")
    page.wait_for_selector("#part-words:has-text('part 3 of 4')")
    assert page.locator("#text [data-token]").count() < 2_000


def test_overlapping_spans_are_nested(folder, serve, tab):  # noqa: F811
    both = [{"start": 11, "end": 23, "label": "PER"}, {"start": 19, "end": 23, "label": "LOC"}]
    both = [{**span, "start": span["start"] + 3, "end": span["end"] + 3} for span in both]
    nested = open_review(marked_file(folder, [*MARKED[:3], both, *MARKED[4:]]))
    page = tab.open(serve(nested, "Ada").address + "&row=3")
    page.wait_for_selector("#detail [data-row='3'] mark mark")
    assert TEXTS[3][14:26] == "Mary of York" and spans_shown(page) == [("Mary of York", "PER"), ("York", "LOC")]
    page.keyboard.press("n")
    page.keyboard.press("[")
    assert spans_shown(page) == [("Mary of York", "PER"), ("of York", "LOC")]
    complete(page)
    assert decided(nested) == [(3, ((14, 26, "PER"), (19, 26, "LOC")))]


def test_pages_are_accessible_and_fit_a_phone(marked, serve, tab):  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    app = serve(marked, "Ada")
    marked.decide(0, [(0, 12, "PER")], "Bob")
    marked.decide(0, [(0, 12, "PER")], "Ada")
    page = tab.open(app.address, bypass_csp=True)
    for path in PAGES:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(app.home + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.set_viewport_size({"width": 1280, "height": 800})
        for theme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=theme)
            options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
            done = Axe().run(page, options=options).response["violations"]
            bad = [part for part in done if part["impact"] in ("serious", "critical")]
            assert not bad, (path, theme, [(part["id"], [node["html"] for node in part["nodes"]]) for part in bad])


def test_the_focus_is_seen_and_help_tells_the_keys(review, serve, tab):  # noqa: F811
    page = tab.open(serve(review, "Ada").address)
    page.wait_for_selector("#spans .pick")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.dataset.pick") == "1"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("?")
    page.wait_for_selector("dialog >> text=complete the text")
    page.keyboard.press("Escape")
    page.focus("#text")
    assert page.get_attribute("#text", "role") == "region"


@pytest.mark.parametrize(
    "asked",
    [
        {"row": 0},
        {"row": 0, "spans": [[0, 3]]},
        {"row": 0, "spans": [[0, 3.5, "PER"]]},
        {"row": 0, "spans": [[True, 3, "PER"]]},
        {"row": 0, "spans": [[0, 3, "ORG"]]},
        {"row": 0, "spans": [[0, 9999, "PER"]]},
        {"row": 99, "spans": []},
        {"row": "0", "spans": []},
    ],
)
def test_requests_that_make_no_sense_are_refused(review, asked):  # noqa: F811
    from weaklabel.review.web.app import create_app
    from weaklabel.review.web.security import CSRF_HEADER, Gate

    gate = Gate(5000)
    client = create_app(review, gate, "Ada").test_client()
    client.set_cookie(gate.cookie, gate.token, domain="127.0.0.1")
    headers = {"Host": "127.0.0.1:5000", "Origin": "http://127.0.0.1:5000", CSRF_HEADER: gate.csrf}
    answer = client.post("/decide", json=asked, headers=headers)
    assert answer.status_code in (400, 404) and answer.json["error"]
    assert review.log.decisions() == []


def test_a_gazetteer_is_edited_with_a_preview(folder, serve, tab):  # noqa: F811
    path = folder / "names_lfs.py"
    path.write_text(EDITED_PACK, "utf-8")
    app = serve(open_review(folder / "texts.jsonl", lfs=[str(path)]), "Ada")
    page = tab.open(app.address)
    page.click("text=Labeling functions")
    page.click("th >> text=people")
    page.wait_for_selector("text=Spans it gains 0")
    page.fill("[name=entries]", "Ada Lovelace\nMary of York")
    page.wait_for_selector("text=Spans it gains 1")
    assert page.inner_text(".examples mark >> nth=0") == "Mary of York"
    assert "Mary of York" not in path.read_text("utf-8")
    page.click("button:text('Save')")
    page.wait_for_selector("#saved:has-text('Saved in')")
    assert '["Ada Lovelace", "Mary of York"]' in path.read_text("utf-8")
    page.goto(f"{app.home}/lfs/edit?name=places")
    page.fill("[name=pattern]", "(")
    page.wait_for_selector("#preview .error")
    assert ["400" in error for error in tab.errors] == [True]
    tab.errors.clear()
    page.fill("[name=pattern]", "London|York")
    page.wait_for_selector("text=Spans it gains 1")
    page.goto(f"{app.home}/lfs/edit?name=titles")
    assert page.is_visible("text=For a preview only") and page.locator("button:text('Save')").count() == 0
    page.fill("[name=pattern]", "Hopper\nGrace")
    page.wait_for_selector("text=Spans it gains 1")
    page.goto(f"{app.home}/lfs/edit?name=code")
    assert page.is_visible("text=Only gazetteers and regexes can be edited here")
    page.goto(f"{app.home}/lfs/")
    assert page.is_visible("text=Labeling functions have changed since spans were proposed")
    page.click("text=Relabel all texts")
    page.wait_for_selector("text=have changed since spans were proposed", state="detached")
    page.goto(f"{app.home}/?row=3")
    page.wait_for_selector("#spans .pick")
    assert ("Mary of York", "PER") in spans_shown(page)
