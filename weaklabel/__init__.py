"""weaklabel: labeling functions vote, a label model denoises the votes, a BERT classifier learns from the labels.

Here are the names of everyday use; each is loaded when it is first used, so importing weaklabel is fast. Everything else
is imported from the package that it belongs to: `weaklabel.lf`, `weaklabel.votes`, `weaklabel.label_model`,
`weaklabel.classifier`, `weaklabel.scoring`, `weaklabel.suggest`, `weaklabel.decisions`, `weaklabel.job`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "weaklabel.labels": ("ABSTAIN",),
    "weaklabel.errors": ("WeakLabelError", "WeakLabelWarning"),
    "weaklabel.corpus": ("Corpus", "read_corpus"),
    "weaklabel.lf": (
        "LabelingFunction",
        "column_spans",
        "column_votes",
        "consistent_lf",
        "count_lf",
        "edit_spans_lf",
        "entity_lf",
        "gazetteer_lf",
        "keyword_lf",
        "labeling_function",
        "length_lf",
        "lexicon_lf",
        "llm_lf",
        "llm_lfs",
        "load_lfs",
        "lookup_lf",
        "matcher_lf",
        "matcher_spans_lf",
        "negative_lf",
        "ner_lf",
        "phrase_lf",
        "preprocessor",
        "prototype_lf",
        "regex_lf",
        "regex_spans_lf",
        "sentiment_lf",
        "sklearn_lf",
        "spacy_lf",
        "span_lf",
        "spans_from_jsonl",
        "stem_lf",
        "transformers_lf",
        "transformers_ner_lf",
        "vader_lexicon",
        "votes_from_csv",
        "zero_shot_lf",
    ),
    "weaklabel.votes": ("LFAnalysis", "Votes", "apply_lfs"),
    "weaklabel.label_model": ("AutoLabelModel", "LabelModel", "MajorityVote"),
    "weaklabel.classifier": ("BertClassifier", "LinearClassifier", "load_classifier"),
    "weaklabel.tagger": ("LinearTagger", "TokenClassifier", "load_tagger"),
    "weaklabel.generator": ("CausalFineTuner", "GeneratorClassifier"),
    "weaklabel.job": ("label_file", "predict_file"),
    "weaklabel.collect.collect": ("collect_corpus",),
    "weaklabel.clean": ("clean_corpus",),
    "weaklabel.protect": ("protect_corpus",),
    "weaklabel.dedup": ("dedup_corpus",),
    "weaklabel.select": ("select_corpus",),
    "weaklabel.augment": ("augment_corpus", "transformation_function"),
    "weaklabel.split": ("split_corpus",),
    "weaklabel.scoring": ("score",),
    "weaklabel.explain": ("explain_lf", "explain_row"),
    "weaklabel.suggest": ("suggest_lfs",),
    "weaklabel.report.show": ("show_spans",),
    "weaklabel.project.export": ("export_corpus", "open_labeled"),
    "weaklabel.project.run": ("run_project",),
    "weaklabel.review": ("open_review",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'weaklabel' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
