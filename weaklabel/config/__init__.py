"""The project file: one schema for ``PROJECT.toml``, a module for each group of its sections, with unknown keys refused."""

from weaklabel.config.chosen import ChosenSettings, settings_of
from weaklabel.config.data import AugmentSettings, QualitySettings, SelectSettings
from weaklabel.config.export import ExportSettings
from weaklabel.config.labeling import LabelModelSettings, LFSettings, LLMSettings
from weaklabel.config.preparing import CleanSettings, DedupSettings, ProtectAction, ProtectSettings, SplitSettings
from weaklabel.config.project import Project, read_project
from weaklabel.config.tables import COLLECTED, CollectSettings, CorpusSettings, TableSettings
from weaklabel.config.training import ClassifierSettings, GeneratorSettings, GoldSettings

__all__ = [
    "COLLECTED",
    "AugmentSettings",
    "ChosenSettings",
    "ClassifierSettings",
    "CleanSettings",
    "CollectSettings",
    "CorpusSettings",
    "DedupSettings",
    "ExportSettings",
    "GeneratorSettings",
    "GoldSettings",
    "LFSettings",
    "LLMSettings",
    "LabelModelSettings",
    "Project",
    "ProtectAction",
    "ProtectSettings",
    "QualitySettings",
    "SelectSettings",
    "SplitSettings",
    "TableSettings",
    "read_project",
    "settings_of",
]
