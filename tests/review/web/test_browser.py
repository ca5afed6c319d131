"""The review app as people use it: in a real browser, on real files."""

from __future__ import annotations

import csv
import json
import re

import pytest

pytest.importorskip("flask")
pytest.importorskip("playwright")

from tests.review.web.conftest import texts, write_corpus
from weaklabel.review import open_review

PAGES = (
    "/",
    "/spot/",
    "/lfs/",
    "/lfs/new",
    "/lfs/edit?name=prize",
    "/lfs/edit?name=walks",
    "/suggestions/",
    "/reviewers",
    "/name",
)
HOSTILE = [
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">",
    "\"></a><b onmouseover='document.title = 1'>{{ 7 * 7 }}",
    "\u202eevil\u202c שלום world",
    "a\x00b\x1bc",
    "",
    "wide " + "x" * 3_000,
    "large " * 175_000 + "prize",
]  # fmt: skip


def press(page, *keys):
    """Press keys as fast as the app takes them: what one says is awaited before the next."""
    for key in keys:
        before = page.inner_text("#progress")
        page.keyboard.press(key)
        page.wait_for_function("before => document.getElementById('progress').textContent !== before", arg=before)
        settle(page)


def settle(page):
    page.wait_for_selector("#pane:not([aria-busy=true])")


def row(page):
    return int(page.get_attribute("#detail [data-row]", "data-row"))


def decisions(folder):
    (path,) = folder.rglob("decisions.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_newcomer_corrects_ten_rows_and_edits_a_labeling_function(run, start, tab):
    app = start(run, "--port", "0")
    page = tab.open(app.address)

    # The name is asked for once.
    page.fill("[name=name]", "Ada")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail [data-row='0']")
    assert "token" not in page.url
    assert page.inner_text("#text mark") == "lunch"

    # Accept, correct, move, skip, undo.
    press(page, "Enter", "a", "2", "1")
    page.keyboard.press("ArrowUp")
    settle(page)
    assert row(page) == 3
    page.keyboard.press("s")
    settle(page)
    assert row(page) == 4
    press(page, "1", "2", "u")
    assert row(page) == 5
    assert [made["label"] for made in decisions(run)] == ["ham", "spam", "spam", "ham", "ham", "spam", None]
    press(page, "2", "1", "2", "1", "2")
    assert page.inner_text("#progress") == "you decided 10"
    assert row(page) == 10
    assert page.inner_text("#list [data-row='9'] [data-decided]") == "✓ spam"

    # What was decided counts for the labeling functions; one is edited.
    page.goto(f"{app.home}/lfs/edit?name=prize")
    page.wait_for_selector("text=Rows it gains 0")
    page.fill("[name=keywords]", "prize\nfree tickets")
    page.wait_for_selector("text=Rows it gains 10")
    assert page.inner_text(".examples mark >> nth=0") == "free tickets"
    assert re.search(r"Coverage\s+16\.67% \(10\)\s+33\.33% \(20\)", page.inner_text("#preview table"))
    assert (run / "data" / "my_lfs.py").read_text(encoding="utf-8").count("free tickets") == 0
    page.click("button:text('Save')")
    page.wait_for_selector("#saved:has-text('Saved in')")
    pack = (run / "data" / "my_lfs.py").read_text(encoding="utf-8")
    assert re.search(r'^prize = keyword_lf\("prize", 1, \[.prize., .free tickets.\]', pack, re.M)
    assert "# what they all promise" in pack and "Wants to go for a walk." in pack

    # The numbers have moved, and the labels move once they are asked to.
    page.goto(f"{app.home}/lfs/")
    assert page.inner_text("tr:has-text('prize') td >> nth=1") == "33.3%"
    assert page.is_visible("text=the labels shown are based on the earlier votes")
    page.click("text=Relabel all rows")
    page.wait_for_selector("text=the labels shown are based on the earlier votes", state="detached")

    # A new one.
    page.click("text=New labeling function")
    page.wait_for_selector("text=shown here as you type")
    page.select_option("[name=kind]", "regex")
    page.fill("[name=pattern]", "are you free")
    page.wait_for_selector("text=Rows it votes on 10")
    page.fill("[name=name]", "asks")
    page.click("button:text('Add')")
    page.wait_for_selector("#saved:has-text('Saved in')")
    assert any("are you free" in path.read_text(encoding="utf-8") for path in run.rglob("*.py"))

    with page.expect_download() as download:
        page.goto(f"{app.home}/reviewers")
        page.click("text=Download gold.csv")
    gold = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert len(gold) == 10 and {line["reviewers"] for line in gold} == {"Ada"}
    assert app.stop() == 0


def test_what_teaches_most_is_asked_next(run, serve, tab):
    review = open_review(run)
    page = tab.open(serve(review, "Ada").address)
    page.goto(f"{page.url.split('?')[0]}?order=teaching")
    for number in range(3):
        asked = row(page)
        assert asked == review.query(order="teaching").rows[0]
        press(page, str(1 + number % 2))
        assert review.gold()[asked] == number % 2
    assert "This is the last row" not in page.content()
    press(page, "u")
    assert row(page) == asked


def test_fast_keys_are_taken_in_turn(run, serve, tab):
    review = open_review(run)
    proposed = [review.labels[review.preds[number]] for number in (0, 2)]
    app = serve(review, "Ada")
    page = tab.open(app.address)
    for key in "a2a1":
        page.keyboard.press(key)
    page.wait_for_selector("#progress:has-text('you decided 4')")
    made = [(item["row"], item["label"]) for item in decisions(run)]
    assert made == [(0, proposed[0]), (1, "spam"), (2, proposed[1]), (3, "ham")]


def test_a_spot_check_has_a_live_estimate(run, serve, tab):
    app = serve(open_review(run / "project.toml"), "Ada")
    page = tab.open(app.address)
    page.goto(f"{app.home}/spot/")
    page.check("text=Stratified")
    page.fill("[name=n]", "12")
    page.click("text=Start")
    page.wait_for_selector("text=no estimate yet")
    press(page, "Enter", "Enter", "Enter")
    assert re.search(r"3 of 12 decided\s+100\.0% of labels are correct \(95% interval", page.inner_text("#tally"))
    press(page, "1" if "spam" in page.inner_text(".proposed") else "2")
    assert re.search(r"4 of 12 decided\s+(?!100)", page.inner_text("#tally"))
    assert {made["sample"] for made in decisions(run)} == {re.search("sample=([^&]+)", page.url)[1]}
    page.click("text=Spot check >> nth=0")
    assert page.is_visible("text=of 12 decided")


def test_decisions_survive_a_reload_and_a_kill(tmp_path, start, tab):
    corpus = write_corpus(tmp_path / "messages.jsonl", texts(30))
    arguments = (corpus, "--labels", "ham,spam", "--reviewer", "Ada")
    app = start(*arguments, "--port", "0")
    page = tab.open(app.address)
    assert not page.is_visible("text=Probabilities")
    press(page, "1", "2")
    page.reload()
    assert page.inner_text("#progress") == "you decided 2"
    assert row(page) == 2  # the address keeps the place

    page.keyboard.press("j")
    settle(page)
    press(page, "1")
    app.kill()
    page.keyboard.press("2")
    page.wait_for_selector("text=The app does not respond")
    settle(page)
    tab.errors.clear()  # the browser, too, says that there is no answer
    assert page.inner_text("#progress") == "you decided 3"

    again = start(*arguments, "--port", app.port)
    page.goto(again.address)
    assert page.inner_text("#progress") == "you decided 3"
    assert [made["row"] for made in decisions(tmp_path)] == [0, 1, 3]
    assert row(page) == 2


def test_two_reviewers_at_once(run, serve, tab):
    app = serve(open_review(run))
    ada, bo = (tab.open(f"{app.address}&reviewer={name}") for name in ("Ada", "Bo"))
    press(ada, "1", "2", "1")
    press(bo, "1", "1")
    assert bo.inner_text("#progress") == "you decided 2, others 3"
    bo.goto(f"{app.home}/?row=2")
    assert bo.is_visible("text=Another reviewer has decided this row")
    press(bo, "1")
    bo.goto(f"{app.home}/?row=1")
    assert bo.inner_text("#detail").count("Ada:") == 1
    press(ada, "u")  # one's own decision, not the last one of all
    assert [(made["reviewer"], made["row"]) for made in decisions(run)][-1] == ("Ada", 2)
    bo.goto(f"{app.home}/reviewers")
    assert bo.is_visible("text=Cohen's kappa")
    assert bo.inner_text("section:has-text('Rows in disagreement') li") == f"Row 1\n{texts()[1]}\nAda\nspam\nBo\nham"


def test_hostile_texts_stay_texts(tmp_path, serve, tab):
    corpus = write_corpus(tmp_path / "messages.jsonl", HOSTILE)
    labels = [f"<i>class</i> {number}" for number in range(12)]
    page = tab.open(serve(open_review(corpus, labels=labels), "<b>Ada").address)
    for number, text in enumerate(HOSTILE):
        assert row(page) == number
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shown = page.inner_text("#text")
        assert len(shown) < 6_000 and "49" not in shown
        if number == 0:
            assert shown == text
        if number == 3:
            assert shown == "a\\x00b\\x1bc"
        if len(text) > 10_000:
            page.click("text=Show all")
            page.wait_for_function("() => document.getElementById('text').textContent.trim().endsWith('prize')")
        if number < 9:
            press(page, str(number % 9 + 1)) if number < len(HOSTILE) - 1 else None
    # With more classes than digits one types a part of the name.
    page.keyboard.press("l")
    page.keyboard.type("class</i> 11")
    press(page, "Enter")
    assert decisions(tmp_path)[-1]["label"] == labels[11]
    assert "owned" not in page.title() and page.locator("main b, main i").count() == 0
    page.goto(f"{page.url.split('/?')[0]}/reviewers")
    assert page.is_visible("text=<b>Ada")


def test_pages_are_accessible_and_fit_a_phone(run, serve, tab):
    from axe_playwright_python.sync_playwright import Axe

    app = serve(open_review(run), "Ada")
    page = tab.open(app.address, bypass_csp=True)
    press(page, "1", "1")
    page.goto(f"{app.home}/suggestions/")
    page.click("text=Look for suggestions")
    page.wait_for_selector("text=Look again", timeout=60_000)
    for path in PAGES:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(app.home + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.set_viewport_size({"width": 1280, "height": 800})
        # In another theme only colours are other ones.
        for theme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=theme)
            options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
            done = Axe().run(page, options=options).response["violations"]
            bad = [part for part in done if part["impact"] in ("serious", "critical")]
            assert not bad, (path, theme, [(part["id"], [node["html"] for node in part["nodes"]]) for part in bad])


TOPICS = (
    "billing_question", "cancellation", "card_lost", "card_stolen", "change_of_address", "complaint_about_staff",
    "exchange_rate", "identity_verification", "lost_password", "refund_not_received", "transfer_pending", "wrong_amount",
)  # fmt: skip


@pytest.fixture
def dozen(tmp_path):
    """A review of twelve classes with long names."""
    lines = ["from weaklabel import keyword_lf", f"LABELS = {TOPICS!r}", "LFS = ["]
    lines += [f'    keyword_lf("asks_about_{name}", {number}, ["{name}"]),' for number, name in enumerate(TOPICS)]
    pack = tmp_path / "topics.py"
    pack.write_text("\n".join([*lines, "]"]), encoding="utf-8")
    asked = [f"Please help with {TOPICS[n % 12]}; my number is {n}." for n in range(24)]
    return open_review(write_corpus(tmp_path / "questions.jsonl", asked), lfs=[str(pack)])


def test_a_dozen_classes_are_decided_from_the_keyboard(dozen, serve, tab):
    page = tab.open(serve(dozen, "Ada").address)
    page.wait_for_selector("#detail [data-row='0']")
    # After a label from the find box the keys are keys again.
    page.keyboard.press("l")
    page.keyboard.type("stolen")
    assert page.inner_text("#classes button:not([hidden])").startswith("card_stolen")
    press(page, "Enter")
    assert row(page) == 1 and page.evaluate("document.activeElement.id") == "scroller"
    press(page, "a")
    assert row(page) == 2
    page.keyboard.press("l")
    page.keyboard.type("lost")
    page.keyboard.press("Escape")
    assert page.locator("#classes button:not([hidden])").count() == 12
    page.keyboard.press("k")
    settle(page)
    assert row(page) == 1

    # What was accepted is told from what was corrected, also after a reload.
    proposed = dozen.labels[dozen.preds[1]]
    for _ in range(2):
        assert page.inner_text("#list [data-row='0'] [data-decided]") == "corrected: card_stolen"
        assert page.inner_text("#list [data-row='1'] [data-decided]") == f"✓ {proposed}"
        assert page.inner_text("h2 .chip") == f"you accepted: {proposed}"
        page.reload()
        page.wait_for_selector("#detail [data-row='1']")

    # The most probable class comes first, whole, and is marked; the buttons leave room for it.
    probs = [float(text) for text in page.locator("#detail .probs >> nth=0").locator(".num").all_inner_texts()]
    assert probs == sorted(probs, reverse=True) and len(probs) == 8
    assert page.inner_text(".prob.winner span >> nth=0").startswith(proposed)
    assert page.evaluate("document.querySelector('.decide').offsetHeight < 0.2 * innerHeight")
    assert page.evaluate("[...document.querySelectorAll('.prob > span')].every(s => s.scrollWidth <= s.clientWidth)")
    page.set_viewport_size({"width": 390, "height": 844})
    boxes = [
        page.locator(f".votes tr >> nth=1 >> {part}").first.bounding_box()
        for part in ("th", "td >> nth=0", "td >> nth=1")
    ]
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"] and len({box["x"] for box in boxes}) == 1


def test_focus_is_seen_and_kept(run, serve, tab):
    app = serve(open_review(run), "Ada")
    page = tab.open(app.address)
    button = "#classes [data-label=spam]"
    page.focus(button)
    press(page, "Space")
    assert row(page) == 1
    assert page.evaluate("document.activeElement.dataset.label") == "spam"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("/")
    page.keyboard.type("walk")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=10 of 60 rows")
    page.wait_for_load_state()
    settle(page)
    page.keyboard.press("?")
    page.wait_for_selector("dialog >> text=undo your last decision")
