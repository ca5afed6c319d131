"""The interval of a share."""

import pytest

from weaklabel.scoring.wilson import wilson


@pytest.mark.parametrize("hits, n, low, high", [(8, 10, 0.490, 0.943), (0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0)])
def test_wilson(hits, n, low, high):
    assert wilson(hits / n, n) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))
