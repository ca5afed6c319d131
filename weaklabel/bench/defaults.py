"""What a benchmark compares unless it is told otherwise."""

from __future__ import annotations

from weaklabel.registries import SPAN_LABEL_MODELS

VOTES = "votes"
"""The name of `auto` on votes alone, texts left out, beside `auto` with texts."""

DEFAULT_LABEL_MODELS = ("majority", "snorkel", VOTES, "auto")
"""Label models that are compared on sets of texts."""

PEERS = {"skweak-majority": "skweak", "skweak-hmm": "skweak"}
"""Label models for spans of other packages, and the package of each."""

DEFAULT_SPAN_LABEL_MODELS = (
    *(name for name in ("word-vote", "span-vote", "hmm", "auto") if name in SPAN_LABEL_MODELS.built_in),
    *PEERS,
)
"""Label models that are compared on sets with spans."""
