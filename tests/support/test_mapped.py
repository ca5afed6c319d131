"""Arrays on the disk."""

import numpy as np
import pytest

from weaklabel.support.mapped import save_npy


@pytest.mark.parametrize(
    "array",
    [
        np.empty(0, np.int8),
        np.array(3.5),
        np.arange(6).reshape(2, 3),
        np.arange(6).reshape(2, 3).T,
        np.zeros((0, 4), np.uint64),
        np.array(["ab", "c"]),
        np.arange(10)[::3],
    ],
)
def test_what_is_saved_is_read(tmp_path, array):
    save_npy(tmp_path / "array.npy", array)
    loaded = np.load(tmp_path / "array.npy")
    assert loaded.dtype == array.dtype and loaded.shape == array.shape and (loaded == array).all()
