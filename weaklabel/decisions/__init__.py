"""What people decided by hand: kept in an append-only file, or brought back from other tools, and used as gold."""

from weaklabel.decisions.gold import agreed_classes, decided_classes, export_gold, gold_of
from weaklabel.decisions.gold_spans import GoldSpans, GoldText, gold_spans_of, read_gold_spans
from weaklabel.decisions.importing import Imported, import_annotations
from weaklabel.decisions.log import (
    FILE_NAME,
    Decision,
    DecisionLog,
    independent_of,
    latest_of,
    now,
    standing_of,
    text_hash,
    text_hashes,
)
from weaklabel.decisions.reading import is_decision_file, read_decisions

__all__ = [
    "FILE_NAME",
    "Decision",
    "DecisionLog",
    "GoldSpans",
    "GoldText",
    "Imported",
    "agreed_classes",
    "decided_classes",
    "export_gold",
    "gold_of",
    "gold_spans_of",
    "import_annotations",
    "independent_of",
    "is_decision_file",
    "latest_of",
    "now",
    "read_decisions",
    "read_gold_spans",
    "standing_of",
    "text_hash",
    "text_hashes",
]
