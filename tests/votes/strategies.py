"""Random label matrices."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def label_matrices(max_cardinality=4, max_rows=30, max_lfs=6, min_rows=0, min_lfs=1):
    shapes = st.tuples(st.integers(min_rows, max_rows), st.integers(min_lfs, max_lfs))
    tops = st.integers(0, max_cardinality - 1)
    return st.tuples(shapes, tops).flatmap(lambda drawn: arrays(np.int8, drawn[0], elements=st.integers(-1, drawn[1])))
