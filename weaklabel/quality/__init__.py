"""How good labels are, found out by checking as few rows as possible by hand."""

from weaklabel.quality.check import Bounds, ClassQuality, QualityCheck, check_labels

__all__ = ["Bounds", "ClassQuality", "QualityCheck", "check_labels"]
