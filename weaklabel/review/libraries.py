"""Libraries that only some requests need, loaded by one thread.

If modules of a package import each other, two threads that import them at the same time may see one half initialized.
"""

from __future__ import annotations

import importlib
import threading

FOR_AGREEMENT = ("sklearn.metrics",)
FOR_EXPLANATIONS = ("weaklabel.explain",)
FOR_TEACHING = ("sklearn.linear_model", "sklearn.feature_extraction.text")
FOR_TEXTS = ("torch", "transformers")
FOR_SUGGESTIONS = ("sklearn.cluster", "sklearn.decomposition", "sklearn.feature_extraction.text", "weaklabel.suggest")

_LOADING = threading.Lock()


def load_libraries(*modules: str) -> None:
    """Import modules, one thread at a time; free from the second call on."""
    with _LOADING:
        for module in modules:
            importlib.import_module(module)
