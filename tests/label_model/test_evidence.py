"""Adding up evidence: the same to the last bit with tables and without."""

import numpy as np
import pytest

from weaklabel.label_model.evidence import probs_by_evidence


@pytest.mark.parametrize("k", [1, 2, 3, 9, 40])
@pytest.mark.parametrize("m", [1, 5, 11, 43])
def test_few_rows_get_what_they_get_among_many(k, m):
    draw = np.random.default_rng(m * k)
    of_votes, prior = draw.normal(0, 3, (m, k + 1, k)), np.log(draw.dirichlet(np.ones(k)))
    L = draw.integers(-1, k, (5000, m)).astype(np.int8)
    few = [probs_by_evidence(np.asfortranarray(L[start : start + 7]), of_votes, prior) for start in (0, 700, 4990)]
    many = probs_by_evidence(L, of_votes, prior)
    assert all(np.array_equal(many[start : start + 7], some) for start, some in zip((0, 700, 4990), few, strict=True))
    assert np.array_equal(many[:4000], probs_by_evidence(L[:4000], of_votes, prior))
