"""The sections on spans, and texts with marks in notebooks."""

from types import SimpleNamespace

import numpy as np
import pytest

import weaklabel
from tests.report.markup import HOSTILE, Outline
from weaklabel.errors import VoteError, visible
from weaklabel.page.page import page
from weaklabel.report.show import show_spans
from weaklabel.report.spans import EXAMPLES, SpanInsight, span_sections
from weaklabel.scoring import score_spans
from weaklabel.scoring.span_counts import ERROR_KINDS, error_kinds
from weaklabel.units import SpanRows, Spans, find_words, on_words
from weaklabel.votes.spans import SpanVotes

LABELS = ("PER", f"LOC {HOSTILE}")
TEXTS = [
    "Ada Lovelace moved to London.",
    "👩‍🚀 Grace\r\nHopper",
    "",
    f"東京 is big {HOSTILE}",
    "Mary of York left Rome",
]
GOLD = Spans.of_rows([[(0, 12, 0), (22, 28, 1)], [(4, 17, 0)], [], [(0, 2, 1)], [(0, 12, 0)]])
PREDICTED = Spans.of_rows([[(0, 3, 0), (22, 28, 0)], [(4, 17, 0)], [], [], [(8, 12, 1), (18, 22, 1)]])


def insight(**more):
    words = find_words(TEXTS)
    votes = SpanVotes.of(
        [on_words(GOLD, words)[0], on_words(PREDICTED, words)[0]],
        words.offsets,
        ["names", f"places {HOSTILE}"],
        LABELS,
        words=words,
    )
    probs = np.array([0.9, 0.31, np.nan, 0.8, 0.2])
    scores = {"label model": score_spans(GOLD, PREDICTED, LABELS, intervals=20)}
    return SpanInsight(TEXTS, LABELS, PREDICTED, probs, votes, **({"gold": GOLD, "scores": scores} | more))


def test_every_error_has_an_example_and_nothing_breaks_out():
    html = page("Spans", span_sections(insight()))
    outline = Outline(html)
    assert "script" not in outline.tags
    titles = [text for text in outline.texts if ": " in text and "span" in text]
    assert {title.split(":")[0] for title in titles} >= {"Type", "Boundary", "Type and boundary", "Missed", "Spurious"}
    assert "Ada Lovelace" in outline.texts and "東京" in outline.texts
    assert visible(LABELS[1]) in html.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace(
        "&amp;", "&"
    )
    # Votes are told by name, with what was marked.
    assert any("“Ada Lovelace”" in text for text in outline.texts)


def test_the_least_sure_and_the_disputed_come_first():
    sections = {section.title: section for section in span_sections(insight())}
    groups = {group.title: group.parts[1].cards for group in sections["Texts to look at"].parts[1:]}
    assert [card.title for card in groups["Least sure"]] == ["Row 4", "Row 0"]
    assert [card.title for card in groups["Labeling functions disagree"]] == ["Row 0", "Row 4"]


def test_without_gold_votes_or_spans_there_is_less_to_show():
    words = find_words(["", "a"])
    nothing = SpanInsight(["", "a"], LABELS, Spans.of_rows([[], []]))
    assert [section.title for section in span_sections(nothing)] == ["Spans"]
    assert page("Spans", span_sections(nothing))
    no_votes = SpanVotes.of([Spans.of_rows([[], []])], words.offsets, ["never"], LABELS, words=words)
    assert page("Spans", span_sections(SpanInsight(["", "a"], LABELS, Spans.of_rows([[], []]), None, no_votes)))


def test_only_shown_texts_are_asked_for():
    class Texts(list):
        asked = 0

        def __getitem__(self, row):
            Texts.asked += 1
            return super().__getitem__(row)

    n = 2000
    texts = Texts(["Ada left"] * n)
    spans = Spans.of_rows([[(0, 3, 0)]] * n)
    wrong = Spans.of_rows([[(4, 8, 0)]] * n)
    scores = {"label model": score_spans(spans, wrong, ["PER"], intervals=0)}
    sections = span_sections(SpanInsight(texts, ["PER"], wrong, np.full(n, 0.5), gold=spans, scores=scores))
    assert len(sections) == 3 and Texts.asked < 12 * EXAMPLES


def test_rows_without_gold_are_not_judged():
    has_gold = np.array([True, False, False, False, False])
    titles = [
        part.title
        for section in span_sections(insight(has_gold=has_gold))
        for part in section.parts
        if hasattr(part, "title")
    ]
    assert "Boundary: 1 span" in titles and not any(title.startswith("Spurious") for title in titles)


def test_error_kinds_add_up_to_the_scores():
    kinds, is_spurious = error_kinds(GOLD, PREDICTED)
    counted = {kind: int((kinds == number).sum()) for number, kind in enumerate(ERROR_KINDS[:-1])}
    errors = score_spans(GOLD, PREDICTED, LABELS, intervals=0).errors
    assert counted | {"spurious": int(is_spurious.sum())} == errors
    assert counted == {"right": 1, "type": 1, "boundary": 1, "type and boundary": 1, "missed": 1}


def test_texts_with_marks_are_shown_as_text_and_in_notebooks():
    shown = show_spans(
        TEXTS, SpanRows(PREDICTED, np.array([0.9, 0.31, np.nan, 0.8, 0.2]), np.ones(5, bool), LABELS), gold=GOLD
    )
    assert "0  spans: [Ada](PER 0.90) Lovelace moved to [London](PER 0.31)." in str(shown)
    assert "1  gold: 👩‍🚀 [Grace↵ Hopper](PER)" in str(shown)
    outline = Outline(shown._repr_html_())
    assert set(outline.tags) == {"div", "span", "mark", "bdi"} and "script" not in outline.tags


def test_spans_in_words_are_put_in_their_places():
    words = find_words(TEXTS)
    in_words, _ = on_words(GOLD, words)
    labeled = SimpleNamespace(spans=in_words, probs=None)
    assert str(show_spans(TEXTS, labeled, LABELS)) == str(show_spans(TEXTS, GOLD, LABELS))
    assert str(show_spans(TEXTS, in_words, LABELS, words=words)) == str(show_spans(TEXTS, GOLD, LABELS))


def test_the_package_has_it_at_the_top():
    assert weaklabel.show_spans is show_spans


def test_a_wrong_use_is_told():
    with pytest.raises(VoteError, match="5 texts, but spans of 1"):
        show_spans(TEXTS, Spans.of_rows([[]]), LABELS)
    with pytest.raises(VoteError, match="name the labels"):
        show_spans(TEXTS, GOLD)
    with pytest.raises(VoteError, match="label 1, but there are 1"):
        show_spans(TEXTS, GOLD, ["PER"])
    with pytest.raises(VoteError, match="no row 9"):
        show_spans(TEXTS, GOLD, LABELS, rows=[9])


def test_many_texts_are_counted_and_not_shown():
    shown = show_spans(["Ada"] * 1000, Spans.of_rows([[(0, 3, 0)]] * 1000), ["PER"])
    assert len(shown.rows) == 20 and "and 980 more texts" in shown._repr_html_()
