"""Which language model a labeling function asks, opened when it is first needed and shared by all that ask the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.errors import LFError, MissingPackageError, WeakLabelError

if TYPE_CHECKING:
    from weaklabel.llm import LanguageModel


@dataclass(frozen=True)
class ModelSource:
    """Where a language model is.

    Attributes
    ----------
    model
        Its name at the endpoint; or a folder, a hub name or "smollm2"; or the model itself.
    endpoint
        URL of the endpoint; None for a local model.
    key
        Environment variable with the key of the endpoint; None for the usual one.
    parameters
        Further fields of a request to the endpoint.
    """

    model: str | LanguageModel
    endpoint: str | None = None
    key: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def check(self, name: str) -> None:
        """Refuse, as an `LFError`, what cannot be a model of LF ``name``; nothing is opened."""
        from weaklabel.llm import LanguageModel
        from weaklabel.llm.address import chat_url

        if isinstance(self.model, str) and not self.model.strip():
            raise LFError(f"LF '{name}': model must be the name of a language model")
        if not isinstance(self.model, str | LanguageModel):
            raise LFError(f"LF '{name}': model must be a name, a folder or a LanguageModel, not {self.model!r}")
        if self.endpoint is not None:
            if not isinstance(self.model, str):
                raise LFError(f"LF '{name}': with an endpoint, model must be its name there, not {self.model!r}")
            try:
                chat_url(self.endpoint)
                json.dumps(dict(self.parameters))
            except (WeakLabelError, TypeError, ValueError) as error:
                raise LFError(f"LF '{name}': {error}") from None
        elif self.key is not None or self.parameters:
            raise LFError(f"LF '{name}': key and parameters are for an endpoint; give endpoint=, too")

    def open(self, name: str) -> LanguageModel:
        """Return the model.

        Raises
        ------
        LFError
            It cannot be opened.
        MissingPackageError
            A package for it is not installed; says what to install.
        """
        if not isinstance(self.model, str):
            return self.model
        try:
            if self.endpoint is None:
                return _local(self.model)
            return _remote(self.endpoint, self.model, self.key, json.dumps(dict(self.parameters), sort_keys=True))
        except MissingPackageError as error:
            raise MissingPackageError(f"LF '{name}': {error}") from None
        except WeakLabelError as error:
            raise LFError(f"LF '{name}': {error}") from None

    @property
    def shown(self) -> str:
        """The name of the model."""
        if not isinstance(self.model, str):
            return self.model.name
        return Path(self.model).name if self.endpoint is None and Path(self.model).is_dir() else self.model

    def files(self) -> tuple[str, ...]:
        """Return the folder of a local model."""
        is_folder = isinstance(self.model, str) and self.endpoint is None and Path(self.model).is_dir()
        return (str(self.model),) if is_folder else ()


@cache
def _local(model: str) -> LanguageModel:
    from weaklabel.llm.local import LocalModel

    return LocalModel(model)


@cache
def _remote(endpoint: str, model: str, key: str | None, parameters: str) -> LanguageModel:
    from weaklabel.llm import Endpoint

    return Endpoint(endpoint, model, key_variable=key, parameters=json.loads(parameters))
