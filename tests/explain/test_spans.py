"""Why a text has its spans, and what a labeling function of spans does."""

import json

import pytest

from weaklabel.errors import VoteError
from weaklabel.explain.span_lf import explain_span_lf
from weaklabel.explain.span_row import explain_span_row, votes_of_row
from weaklabel.label_model.sequence import SpanVote
from weaklabel.lf.core import Reason
from weaklabel.units import Spans, find_words, on_words
from weaklabel.votes import SpanVotes

TEXTS = ["Ada Lovelace saw\x1b New York in May.", "Nobody did.", "York is old, and so is Ada."]
LABELS = ("PER", "LOC")


def votes_on(marks, negatives=(), inner=(("ENT", (0, 1)),)):
    """Votes of labeling functions, each with its marks: row, string, label."""
    words = find_words(TEXTS)

    def spans_of(of_lf):
        rows = [[] for _ in TEXTS]
        for row, string, label in of_lf:
            begin = TEXTS[row].index(string)
            rows[row].append((begin, begin + len(string), label))
        return on_words(Spans.of_rows(rows), words)[0]

    names = list(marks)
    return SpanVotes.of(
        [spans_of(marks[name]) for name in names],
        words.offsets,
        names,
        LABELS,
        inner=inner,
        negatives=[spans_of(dict(negatives).get(name, [])) for name in names],
        words=words,
        texts=TEXTS,
    )


@pytest.fixture
def votes():
    return votes_on(
        {
            "names": [(0, "Ada Lovelace", 0), (2, "Ada", 0), (2, "York", 0)],
            "forenames": [(0, "Ada", 0)],
            "places": [(0, "New York", 1), (2, "York", 1)],
            "capitals": [(0, "New York", 2), (0, "Ada Lovelace", 1)],
            "atlas": [(2, "York", 1)],
            "writers": [(0, "Ada Lovelace", 0)],
            "months": [],
        },
        {"months": [(0, "May", 0), (0, "York", 0)]},
    )


def test_a_text_with_its_spans(votes):
    model = SpanVote().fit(votes)
    reasons = {("names", 0, 12): Reason("in the list of names")}
    explanation = explain_span_row(model, votes_of_row(votes, 0), TEXTS[0], reasons=reasons)
    ada, york = explanation.spans
    assert (ada.start, ada.end, ada.label, ada.text) == (0, 12, "PER", "Ada Lovelace")
    assert ada.exact == ("names", "writers") and [mark.lf for mark in ada.partial] == ["forenames"]
    assert [(mark.lf, mark.label) for mark in ada.against] == [("capitals", "LOC")]
    assert (
        set(ada.without) == {"names", "forenames", "capitals", "writers"}
        and 0 <= ada.without["names"] < ada.probability
    )
    assert york.text == TEXTS[0][york.start : york.end] == "New York"
    assert york.exact == ("places", "capitals")  # a vote for an inner label supports all below it
    assert [(mark.lf, mark.label, mark.text) for mark in york.against] == [("months", None, "York")]
    assert [(span.text, span.label, span.lfs) for span in explanation.dropped] == [
        ("Ada", "PER", ("forenames",)),
        ("Ada Lovelace", "LOC", ("capitals",)),
    ]
    assert explanation.dropped[0].overlaps == ("PER 'Ada Lovelace'",)
    assert explanation.silent == ("atlas",)
    assert [mark.reason for mark in explanation.marks if mark.reason] == [reasons["names", 0, 12]]
    text = explanation.to_text()
    assert "without names it" in text and "in the list of names" in text and "\x1b" not in text
    assert "Ada Lovelace" in explanation._repr_html_()
    json.dumps(explanation.to_dict(), allow_nan=False)


def test_a_text_without_spans(votes):
    explanation = explain_span_row(SpanVote().fit(votes), votes_of_row(votes, 1), TEXTS[1])
    assert explanation.spans == () and explanation.silent == votes.lf_names
    assert "no span" in explanation.to_text()
    with pytest.raises(VoteError, match="on one text"):
        explain_span_row(SpanVote().fit(votes), votes, TEXTS[0])


def test_a_labeling_function_against_the_others(votes):
    explanation = explain_span_lf(SpanVote().fit(votes), votes, "names", TEXTS)
    assert explanation.spans == {"PER": 3} and explanation.marked_rows == 2 and explanation.rows == 3
    assert explanation.consensus == {
        "same span": 1,  # writers, in row 0
        "other label": 1,  # places and atlas, in row 2
        "other places": 0,
        "other label and places": 0,
        "nothing": 1,
    }
    assert explanation.n_alone == 1 and [(each.row, each.text) for each in explanation.alone] == [(2, "Ada")]
    assert [(each.row, each.text, each.consensus) for each in explanation.disagrees] == [(2, "York", "LOC 'York'")]
    assert "names marks 3 spans (PER 3) in 2 of 3 texts." in explanation.to_text()
    assert explain_span_lf(SpanVote().fit(votes), votes, "months", TEXTS).spans == {}
    with pytest.raises(VoteError, match=r"'nams' .did you mean 'names'"):
        explain_span_lf(SpanVote().fit(votes), votes, "nams", TEXTS)


def test_a_vote_for_an_inner_label_alone_contradicts_none_of_its_leaves():
    votes = votes_on(
        {
            "places": [(0, "New York", 1), (2, "York", 1)],
            "capitals": [(0, "New York", 2)],
            "names": [(0, "Ada Lovelace", 0)],
        }
    )
    explanation = explain_span_lf(SpanVote().fit(votes), votes, "places", TEXTS)
    assert explanation.consensus["same span"] == 1 and not explanation.disagrees
    told = votes_on({"places": [(0, "New York", 1)], "capitals": [(0, "New York", 2)], "names": [(0, "New York", 0)]})
    explanation = explain_span_lf(SpanVote().fit(told), told, "places", TEXTS)
    assert explanation.consensus["other label"] == 1
    assert explanation.disagrees[0].consensus == "PER 'New York'"
    apart = votes_on({"places": [(0, "York", 1)], "capitals": [(0, "New York", 2)], "names": [(0, "Ada Lovelace", 0)]})
    explanation = explain_span_lf(SpanVote().fit(apart), apart, "places", TEXTS)
    assert explanation.consensus["other places"] == 1
    assert explanation.disagrees[0].consensus == "ENT 'New York'"
