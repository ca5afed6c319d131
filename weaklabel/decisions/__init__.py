"""What reviewers decided by hand: kept in an append-only file, and used as gold."""

from weaklabel.decisions.gold import agreed_classes, decided_classes, export_gold, gold_of
from weaklabel.decisions.log import (
    FILE_NAME,
    Decision,
    DecisionLog,
    is_decision_file,
    latest_of,
    now,
    read_decisions,
    text_hash,
    text_hashes,
)

__all__ = [
    "FILE_NAME",
    "Decision",
    "DecisionLog",
    "agreed_classes",
    "decided_classes",
    "export_gold",
    "gold_of",
    "is_decision_file",
    "latest_of",
    "now",
    "read_decisions",
    "text_hash",
    "text_hashes",
]
