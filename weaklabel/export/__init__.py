"""Handing a labeled corpus over to other tools: forms for training language models and classifiers, and a dataset card.

A form is a subclass of `CorpusExporter`, chosen by its name in `weaklabel.registries.EXPORTERS`. `weaklabel.project.export`
opens runs and files, and calls what is here.
"""

from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Source
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.opening import open_labeled_file
from weaklabel.export.selection import Selection, Survey
from weaklabel.export.writing import Export, Exported, check_export

__all__ = [
    "CorpusExporter",
    "Export",
    "ExportRecord",
    "Exported",
    "LabeledCorpus",
    "LabeledPart",
    "Selection",
    "Source",
    "Survey",
    "check_export",
    "open_labeled_file",
]
