"""weaklabel: labeling functions vote, a label model denoises the votes, a BERT classifier learns from the labels.

The public names are loaded when they are first used, so that importing weaklabel is fast and takes in neither torch
nor spaCy.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "weaklabel.labels": ("ABSTAIN",),
    "weaklabel.errors": ("WeakLabelError", "WeakLabelWarning"),
    "weaklabel.corpus": ("Corpus", "read_corpus"),
    "weaklabel.lf.core": ("LabelingFunction", "labeling_function"),
    "weaklabel.lf.preprocess": ("preprocessor",),
    "weaklabel.lf.patterns": ("count_lf", "keyword_lf", "length_lf", "lookup_lf", "regex_lf"),
    "weaklabel.lf.lexicon": ("lexicon_lf",),
    "weaklabel.lf.nlp": ("entity_lf", "matcher_lf", "phrase_lf", "spacy_lf"),
    "weaklabel.lf.models": ("sklearn_lf", "transformers_lf", "zero_shot_lf"),
    "weaklabel.lf.prototype": ("prototype_lf",),
    "weaklabel.lf.external": ("column_votes", "votes_from_csv"),
    "weaklabel.lf.packs": ("LFCollection", "load_lfs"),
    "weaklabel.votes": ("LFAnalysis", "Votes", "apply_lfs", "vote_patterns"),
    "weaklabel.label_model": (
        "AutoLabelModel",
        "DawidSkene",
        "MajorityVote",
        "LabelModel",
        "WeightedMajorityVote",
        "filter_unlabeled_dataframe",
        "find_dependencies",
        "preds_to_probs",
        "probs_to_preds",
        "validate_label_models",
    ),
    "weaklabel.classifier": ("BertClassifier", "LinearClassifier", "RobustClassifier", "load_classifier"),
    "weaklabel.job": ("LabelOptions", "label_file", "predict_file"),
    "weaklabel.scoring": ("Scores", "get_label_buckets", "get_label_instances", "score"),
    "weaklabel.explain": ("explain_lf", "explain_row"),
    "weaklabel.suggest": ("Suggestions", "suggest_lfs"),
    "weaklabel.decisions": ("DecisionLog",),
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
