"""Libraries that only some requests need, loaded by one thread.

Two threads that import modules of one package at once may see one of them half done, where the modules import each
other.
"""

from __future__ import annotations

import importlib
import threading

FOR_AGREEMENT = ("sklearn.metrics",)
FOR_EXPLANATIONS = ("weaklabel.explain",)
FOR_TEXTS = ("torch", "transformers")
FOR_SUGGESTIONS = ("sklearn.cluster", "sklearn.decomposition", "sklearn.feature_extraction.text", "weaklabel.suggest")

_LOADING = threading.Lock()


def load_libraries(*modules: str) -> None:
    """Import modules while no other thread does so through here; from the second time on it takes no time."""
    with _LOADING:
        for module in modules:
            importlib.import_module(module)
