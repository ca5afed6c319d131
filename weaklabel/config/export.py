"""``[export]``: the forms in which labeled rows are handed over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from weaklabel.config.chosen import NameIn
from weaklabel.config.section import Section, anchored_model, sentence
from weaklabel.errors import ConfigError, nearest
from weaklabel.registries import CORPUS, EXPORTERS
from weaklabel.support.params import checked_params


class ExportSettings(Section):
    """``[export]``: the forms in which labeled rows are handed over to other tools.

    Besides the keys below, every option of a form can be set: for all forms that have it, or for one of them in
    ``[export.FORM]``.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True)

    to: Annotated[list[Annotated[str, NameIn(EXPORTERS)]], Field(min_length=1)]
    """The forms, such as `messages` or `parquet`."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Rows whose label, or one of whose spans, is less probable are left out."""
    min_prob: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Spans that are less probable are left out of their rows."""
    sample: bool = False
    """Whether the label of a row is drawn from its probabilities, in forms that do not keep them."""
    with_gold: bool = False
    """Whether the gold column is exported with the others, and rows with gold are not held out."""
    title: str = ""
    """The name of the data set in its card; that of the run if not given."""
    license: str = ""
    """The license of the data set, such as `cc-by-4.0`; the card says `unknown` if not given."""
    source_license: str = ""
    """The license of the texts."""
    languages: list[str] = []
    """Codes of the languages of the texts, such as `en`."""
    description: str = ""
    """What the texts are, and what the labels mean, for the card."""
    personal_data: str = ""
    """A statement on personal data for the card, in place of what is known of it."""

    def options(self) -> dict[str, dict[str, Any]]:
        """Return the options of each form, as arguments of its class."""
        others = self.model_extra or {}
        options: dict[str, dict[str, Any]] = {}
        for name in self.to:
            params = EXPORTERS[name].param_names()
            common = {key: value for key, value in others.items() if key in params and key not in self.to}
            options[name] = common | others.get(name, {})
        return options

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        """Refuse forms that are none of a corpus, and options that none of the forms has."""
        names = EXPORTERS.names(CORPUS)
        for name in self.to:
            if name not in names:
                raise self._refused(
                    f"'{name}' does not export a corpus{nearest(name, names)}; forms are {', '.join(names)}"
                )
        possible = {name: EXPORTERS[name].param_names() for name in self.to} if self.model_extra else {}
        for key, value in (self.model_extra or {}).items():
            if key in possible:
                for option in value if isinstance(value, dict) else [None]:
                    if option not in possible[key]:
                        given = f"'export.{key}.{option}'" if option else f"the value of 'export.{key}'"
                        raise self._refused(f"{given} is no option of the form {key}; {_listed_options(possible, key)}")
            elif key in names:
                raise self._refused(f"export.{key} has options of a form that is not in export.to; add it there")
            elif not any(key in params for params in possible.values()):
                known = [*type(self).model_fields, *(param for params in possible.values() for param in params)]
                listed = ", ".join(dict.fromkeys(known))
                raise self._refused(f"unknown key 'export.{key}'{nearest(key, known)}; known keys here are {listed}")
        for name, options in self.options().items() if self.model_extra else ():
            try:
                checked_params(EXPORTERS[name], options)
            except ValueError as error:
                raise self._refused(f"[export]: {error}") from None
        return self

    def anchored(self, folder: Path) -> Self:
        """Make the tokenizers of forms that are folders absolute paths."""

        def anchored(options: Mapping[str, Any]) -> dict[str, Any]:
            tokenizer = options.get("tokenizer")
            in_folder = isinstance(tokenizer, str) and tokenizer != anchored_model(tokenizer, folder)
            return {**options, **({"tokenizer": anchored_model(str(tokenizer), folder)} if in_folder else {})}

        extra = anchored(self.model_extra or {})
        return self.model_copy(
            update={key: anchored(value) if isinstance(value, dict) else value for key, value in extra.items()}
        )

    @classmethod
    def checked(cls, **keys: Any) -> Self:
        """Make it from keys; a wrong one is a `ConfigError`."""
        try:
            return cls(**keys)
        except ValidationError as error:
            raise ConfigError(sentence(error, cls, within="export")) from None

    @staticmethod
    def _refused(sentence: str) -> PydanticCustomError:
        return PydanticCustomError("unknown_option", "{sentence}", {"sentence": sentence})


def _listed_options(possible: Mapping[str, tuple[str, ...]], name: str) -> str:
    return f"its options are {', '.join(possible[name]) or 'none'}"
