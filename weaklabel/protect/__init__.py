"""Personal data in texts: found, and flagged, masked, replaced by pseudonyms, or a reason to drop the row."""

from weaklabel.protect.corpus import protect_corpus, protect_settings, protecting
from weaklabel.protect.findings import Finding
from weaklabel.protect.protector import TYPES, Protector, make_protector
from weaklabel.protect.transform import Protect

__all__ = [
    "TYPES",
    "Finding",
    "Protect",
    "Protector",
    "make_protector",
    "protect_corpus",
    "protect_settings",
    "protecting",
]
