import numpy as np
import pytest

from tests.tiny_llama import save_llama

LABELS = ("ham", "spam")
TEXTS = [f"free prize win call now {i}" for i in range(16)] + [f"meet me later at home {i}" for i in range(16)]
PROBS = np.array([[0.1, 0.9]] * 16 + [[0.95, 0.05]] * 16)


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    return save_llama(tmp_path_factory.mktemp("llama") / "base")
