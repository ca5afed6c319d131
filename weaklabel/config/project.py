"""The project file: ``PROJECT.toml``, read and checked."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    Field,
    ValidationError,
)

from weaklabel.config.data import AugmentSettings, QualitySettings, SelectSettings
from weaklabel.config.export import ExportSettings
from weaklabel.config.labeling import LabelModelSettings, LFSettings, LLMSettings
from weaklabel.config.preparing import CleanSettings, DedupSettings, ProtectSettings, SplitSettings
from weaklabel.config.section import Section, sentence
from weaklabel.config.tables import COLLECTED, CollectSettings, CorpusSettings
from weaklabel.config.training import ClassifierSettings, GeneratorSettings, GoldSettings
from weaklabel.errors import ConfigError
from weaklabel.support.encodings import NotUtf8, utf8


class Project(Section):
    """A project file, read and checked; paths are absolute."""

    title: str = "weaklabel run"
    """The title of the report."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Every random choice of the run follows from it."""
    out: Path = Path("run")
    """The folder for the results."""
    collect: CollectSettings | None = None
    clean: CleanSettings | None = None
    dedup: DedupSettings | None = None
    protect: ProtectSettings | None = None
    split: SplitSettings | None = None
    llm: LLMSettings = LLMSettings()
    corpus: CorpusSettings = CorpusSettings(path=COLLECTED)
    lfs: LFSettings
    label_model: LabelModelSettings = LabelModelSettings()
    select: SelectSettings | None = None
    augment: AugmentSettings | None = None
    classifier: ClassifierSettings = ClassifierSettings()
    generator: GeneratorSettings | None = None
    quality: QualitySettings | None = None
    gold: GoldSettings | None = None
    export: ExportSettings | None = None

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        sections = {name: getattr(self, name) for name in self.sections()}
        anchored = {name: section and section.anchored(folder) for name, section in sections.items()}
        return self.model_copy(update={"out": Path(os.path.normpath(folder / self.out)), **anchored})

    def overridden(
        self,
        out: Path | None = None,
        seed: int | None = None,
        limit: int | None = None,
        workers: int | None = None,
        encoder: str | None = None,
        skip_slow: bool = False,
    ) -> Project:
        """Return the project with the given settings instead of its own; None and False keep them."""
        lfs = {
            "workers": self.lfs.workers if workers is None else workers,
            "skip_slow": skip_slow or self.lfs.skip_slow,
        }
        return self.model_copy(
            update={
                "out": out or self.out,
                "seed": self.seed if seed is None else seed,
                "corpus": self.corpus.model_copy(update={"limit": limit or self.corpus.limit}),
                "lfs": self.lfs.model_copy(update=lfs),
                "label_model": self.label_model.model_copy(update={"encoder": encoder or self.label_model.encoder}),
            }
        )


def read_project(path: str | Path) -> Project:
    """Read ``PROJECT.toml``; its relative paths count from the file's own folder.

    Raises
    ------
    ConfigError
        The file is missing, is not TOML, has an unknown key (names the nearest known one), a wrong value, or lacks a
        key that it must have.
    """
    path = Path(path)
    try:
        tree = tomllib.loads(utf8(path.read_bytes(), str(path)))
    except OSError as error:
        raise ConfigError(f"cannot read the project file {path}: {error.strerror}") from error
    except NotUtf8 as error:
        raise ConfigError(str(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    try:
        project = Project.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(f"{path}: {sentence(error, Project)}") from None
    if project.generator is not None and project.generator.name == project.classifier.name:
        raise ConfigError(
            f"{path}: [classifier] and [generator] both train '{project.generator.name}': leave one of them out"
        )
    if (project.collect is None) == (project.corpus.path == COLLECTED):
        raise ConfigError(
            f"{path}: the key 'corpus.path' is missing; name the corpus, or say what to collect ([collect])"
            if project.collect is None
            else f"{path}: [collect] and corpus.path both say where rows come from: leave one of them out"
        )
    unused = project.corpus.model_fields_set - {"path", "text", "limit", "entities"} if project.collect else ()
    for key in sorted(unused):
        where = f"say it in [collect] ({key})" if key in CollectSettings.model_fields else "leave it out"
        raise ConfigError(f"{path}: 'corpus.{key}' has no effect where the corpus is collected: {where}")
    return project.anchored(path.absolute().parent)
