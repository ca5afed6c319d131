import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from weaklabel.votes import vote_patterns
from weaklabel.votes.tally import count_votes

L = arrays(np.int8, st.tuples(st.integers(0, 30), st.integers(1, 6)), elements=st.integers(-1, 3))


@given(L)
@settings(max_examples=60, deadline=None)
def test_votes_are_counted_as_row_by_row(votes):
    table = vote_patterns(votes)
    figures = count_votes(table, 4)
    m = votes.shape[1]
    for first in range(m):
        for second in range(m):
            both = (votes[:, first] >= 0) & (votes[:, second] >= 0)
            assert figures.together[first, second] == both.sum()
            assert figures.differ[first, second] == (both & (votes[:, first] != votes[:, second])).sum()
    assert figures.votes_a_row.tolist() == np.bincount((votes >= 0).sum(axis=1), minlength=m + 1).tolist()
    assert figures.votes.T.tolist() == [(votes == label).sum(axis=0).tolist() for label in range(4)]
    for pattern, voting, against in zip(table.patterns, figures.voting, figures.against, strict=True):
        cast = pattern[pattern >= 0]
        assert voting == len(cast)
        assert against == len(cast) - np.bincount(cast, minlength=1).max(initial=0)
