"""LF analysis for spans: equal to counting by hand over all pairs, additive, escaped."""

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import VoteError
from weaklabel.units import Spans, find_words, on_words
from weaklabel.votes import SpanVotes, analyze_spans

LABELS = ("PER", "LOC")
INNER = (("ENT", (0, 1)),)
N_WORDS = 6


@st.composite
def flat_rows(draw, n_rows, n_labels):
    """Spans of each row that do not overlap, as votes have them."""
    rows = []
    for _ in range(n_rows):
        edges = sorted(draw(st.sets(st.integers(0, N_WORDS), max_size=6)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        rows.append([(begin, end, draw(st.integers(0, n_labels - 1))) for begin, end in pairs])
    return rows


def votes_of(lfs, n_rows, inner=INNER):
    offsets = np.arange(n_rows + 1) * N_WORDS
    names = [f"lf{number}" for number in range(len(lfs))]
    return SpanVotes.of([Spans.of_rows(rows) for rows in lfs], offsets, names, LABELS, inner=inner)


def leaves(label):
    return {label} if label < 2 else {0, 1}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_a_search_over_all_pairs(data):
    n_rows = 3
    lfs = [data.draw(flat_rows(n_rows, 3)) for _ in range(3)]
    gold = data.draw(flat_rows(n_rows, 2))
    has_gold = np.array([True, False, True])
    analysis = analyze_spans(votes_of(lfs, n_rows), Spans.of_rows(gold), has_gold=has_gold)
    on_word = {}
    for lf, rows in enumerate(lfs):
        spans = [(row, *span) for row, of_row in enumerate(rows) for span in of_row]
        relations, alone, conflicts, outcomes = [0] * 4, 0, 0, [0] * 5
        for row, begin, end, label in spans:
            for word in range(begin, end):
                on_word.setdefault((row, word), []).append((lf, label))
            seen = set()
            for other in set(range(3)) - {lf}:
                for b, e, other_label in lfs[other][row]:
                    if b < end and begin < e:
                        seen.add(2 * ((b, e) != (begin, end)) + (not leaves(label) & leaves(other_label)))
            for relation in seen:
                relations[relation] += 1
            alone += not seen
            conflicts += bool(seen & {1, 3})
            if has_gold[row]:
                over = [span for span in gold[row] if span[0] < end and begin < span[1]]
                same = [span for span in over if span[:2] == (begin, end)]
                outcomes[
                    0
                    if any(span[2] in leaves(label) for span in same)
                    else 1
                    if same
                    else 2
                    if any(span[2] in leaves(label) for span in over)
                    else 3
                    if over
                    else 4
                ] += 1
        assert analysis.relations[lf].tolist() == relations
        assert (analysis.alone[lf], analysis.conflicts[lf], analysis.spans[lf]) == (alone, conflicts, len(spans))
        assert analysis.outcomes[lf].tolist() == outcomes
        assert analysis.rows[lf] == sum(map(bool, rows)) and analysis.words[lf] == sum(e - b for _, b, e, _ in spans)
        found = [
            label
            for row in (0, 2)
            for b, e, label in gold[row]
            if any(span[:2] == (b, e) and label in leaves(span[2]) for span in rows[row])
        ]
        assert analysis.gold_found[lf].tolist() == [found.count(0), found.count(1)]
    assert analysis.words_covered == len(on_word)
    assert analysis.words_overlapped == sum(len({lf for lf, _ in votes}) > 1 for votes in on_word.values())
    assert analysis.words_conflicted == sum(
        any(not leaves(a) & leaves(b) for _, a in votes for _, b in votes) for votes in on_word.values()
    )


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_analyses_of_parts_add_up(data):
    lfs = [data.draw(flat_rows(4, 2)) for _ in range(2)]
    gold = data.draw(flat_rows(4, 2))
    texts = ["a b c d e f", "a b a b a b", "f e d c b a", "c c c d d d"]

    def analyze(rows):
        some = range(4)[rows]
        return analyze_spans(
            votes_of([[lf[row] for row in some] for lf in lfs], len(some)),
            Spans.of_rows([gold[row] for row in some]),
            texts=texts[rows],
            words=find_words(texts[rows]),
        )

    whole, parts = analyze(slice(0, 4)), analyze(slice(0, 1)) + analyze(slice(1, 4))
    assert parts.to_dict() == whole.to_dict()
    assert str(parts) == str(whole)


def example():
    texts = ["Ada  Lovelace met <b>Ada</b>.", "London\tcalling", ""]
    words = find_words(texts)
    names, _ = on_words(Spans.of_rows([[(0, 13, 0), (21, 24, 0)], [], []]), words)
    places, _ = on_words(Spans.of_rows([[(0, 3, 1)], [(0, 6, 1)], []]), words)
    gold, _ = on_words(Spans.of_rows([[(0, 13, 0), (21, 24, 0)], [(0, 6, 1)], []]), words)
    votes = SpanVotes.of([names, places], words.offsets, ["<names>", "places"], LABELS)
    return votes, gold, texts, words


def test_an_example_by_hand():
    votes, gold, texts, words = example()
    analysis = analyze_spans(votes, gold, texts=texts, words=words)
    assert analysis.most_frequent("<names>") == [("Ada", "PER", 1), ("Ada Lovelace", "PER", 1)]
    assert analysis.precision().tolist() == [1.0, 0.5] and analysis.recall().tolist() == [1.0, 1.0]
    assert analysis.records()[1] == {
        "LF": "places",
        "Labels": "LOC",
        "Spans": 2,
        "Texts": pytest.approx(2 / 3),
        "Words": pytest.approx(2 / len(words)),
        "Exact": 0,
        "Partial": 0,
        "Other label": 1,
        "Alone": 1,
        "Right": 1,
        "Precision": 0.5,
        "Recall": 1.0,
    }
    result = json.loads(json.dumps(analysis.to_dict(), allow_nan=False))
    assert result["lfs"][1]["others"] == {"<names>": {"partial, other label": 1}}
    assert result["lfs"][1]["outcomes"]["type and boundary"] == 1
    assert "Ada Lovelace (1)" in str(analysis) and "50.0%" not in analysis.title
    page = analysis._repr_html_()
    assert "&lt;names&gt;" in page and "<names>" not in page


def test_nothing_at_all():
    nothing = Spans.of_rows([])
    analysis = analyze_spans(SpanVotes.of([nothing], [0], ["names"], LABELS), nothing, texts=[], words=find_words([]))
    assert np.isnan(analysis.conflict_share) and np.isnan(analysis.precision()[0])
    assert analysis.to_dict()["lfs"][0]["Texts"] is None
    assert "none of the texts" in analysis.title and analysis._repr_html_()
    no_lfs = analyze_spans(SpanVotes.of([], [0, 3], [], LABELS))
    assert no_lfs.records() == [] and no_lfs.n_words == 3


def test_what_does_not_fit_is_refused():
    votes, gold, texts, _ = example()
    with pytest.raises(VoteError, match="texts of 1 texts, but there are votes on 3"):
        analyze_spans(votes, texts=texts[:1])
    with pytest.raises(VoteError, match="gold has label 2"):
        analyze_spans(votes, Spans.of_rows([[(0, 1, 2)], [], []]))
    with pytest.raises(VoteError, match="words are others"):
        analyze_spans(votes, words=find_words(["a", "b", "c"]))
    analysis = analyze_spans(votes)
    with pytest.raises(VoteError, match="give analyze_spans the texts"):
        analysis.most_frequent("places")
    with pytest.raises(VoteError, match="no LF 'nobody'"):
        analysis.most_frequent("nobody")
    with pytest.raises(VoteError, match="only one of two analyses has gold"):
        analysis + analyze_spans(votes, gold)
