"""The chain of tags agrees with a look at all taggings."""

import itertools

import numpy as np
import pytest

from weaklabel.units import Spans, spans_of_tags
from weaklabel.units.chain import best_tags, marginals


def every_tagging(scores):
    """Return the consistent taggings of one text with the exponential of their scores."""
    n, n_tags = scores.shape
    for tags in itertools.product(range(n_tags), repeat=n):
        opened = [0, *tags]
        if all(tag == 0 or tag % 2 or opened[at] in (tag, tag - 1) for at, tag in enumerate(tags)):
            yield tags, float(np.exp(sum(scores[at, tag] for at, tag in enumerate(tags))))


@pytest.mark.parametrize("seed", range(8))
def test_all_taggings(seed):
    rng = np.random.default_rng(seed)
    k, offsets = int(rng.integers(1, 3)), np.cumsum([0, *rng.integers(0, 5, size=4)])
    scores = np.log(rng.dirichlet(np.full(2 * k + 1, 0.5), size=int(offsets[-1])))
    tags = best_tags(scores, offsets)
    chances, rows = [], []
    words = np.zeros((len(scores), k + 1))
    for begin, end in itertools.pairwise(offsets.tolist()):
        taggings = list(every_tagging(scores[begin:end]))
        total = sum(mass for _, mass in taggings)
        best = max(mass for _, mass in taggings)
        assert dict(taggings)[tuple(tags[begin:end].tolist())] == pytest.approx(best)
        of_span = {}
        for each, mass in taggings:
            for at, tag in enumerate(each):
                words[begin + at, (tag + 1) // 2] += mass / total
            for span in spans_of_tags(each, [0, len(each)]).of_row(0) if each else ():
                of_span[span] = of_span.get(span, 0.0) + mass / total
        rows.append(list(of_span))
        chances += [of_span[span] for span in sorted(of_span)]
    found = marginals(scores, offsets, Spans.of_rows(rows))
    np.testing.assert_allclose(found.words, words)
    np.testing.assert_allclose(found.spans, chances)


def test_a_long_text_and_certain_words_do_not_underflow():
    scores = np.full((30_000, 3), -800.0)
    scores[:, 0] = 0
    scores[10:13] = [[-800, 0, -800], [-800, -800, 0], [-800, -800, 0]]
    offsets = np.array([0, 30_000])
    spans = spans_of_tags(best_tags(scores, offsets), offsets)
    assert spans.of_row(0) == [(10, 13, 0)]
    found = marginals(scores, offsets, spans)
    np.testing.assert_allclose(found.spans, [1.0])
    assert np.isfinite(found.words).all()


def test_no_words():
    assert len(best_tags(np.empty((0, 5)), np.array([0, 0, 0]))) == 0
    assert marginals(np.empty((0, 5)), np.array([0]), Spans.of_rows([])).words.shape == (0, 3)
