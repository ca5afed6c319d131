"""The pages that the benchmark of main texts is made of, and how a text is scored."""

import pytest

from benchmarks.quality.extraction import score, weaklabel_arm
from benchmarks.quality.pages import LAYOUTS, SENTENCES, MadePage, made_pages


@pytest.fixture(scope="module")
def pages():
    return made_pages(1, seed=3)


def test_pages_are_the_same_for_the_same_seed(pages):
    assert made_pages(1, seed=3) == pages != made_pages(1, seed=4)
    assert {(page.layout, page.language) for page in pages} == {(one, two) for one in LAYOUTS for two in SENTENCES}


def test_the_main_text_scores_one_and_nothing_scores_zero(pages):
    for page in pages:
        assert score(page, "\n".join(page.blocks)) == (1, 1, 1)
        assert score(page, "") == (0, 0, 0)


def test_what_is_missing_costs_recall_and_what_is_too_much_costs_precision():
    page = MadePage("plain", "en", "", ["one two three four five six seven eight"])
    assert score(page, "one two three four five six") == pytest.approx((1, 3 / 5, 3 / 4))
    precision, recall, _ = score(page, "one two three four five six seven eight and more words here")
    assert recall == 1 and precision == 5 / 9
    assert score(MadePage("plain", "zh", "", ["一二三四五"]), "一二三四") == pytest.approx((1, 1 / 2, 2 / 3))


def test_weaklabel_takes_the_main_text(pages):
    extract = weaklabel_arm("main")
    f1 = {(page.layout, page.language): score(page, extract(page))[2] for page in pages}
    assert all(f1[layout, language] > 0.98 for layout in ("news", "blog", "short") for language in SENTENCES), f1
    assert sum(f1.values()) / len(f1) > 0.94
