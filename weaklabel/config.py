"""The project file: one schema for ``PROJECT.toml``, with unknown keys refused."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    field_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from weaklabel.errors import ConfigError, WeakLabelError, nearest
from weaklabel.registries import CHOOSABLE_CLASSIFIERS, CHOOSABLE_LABEL_MODELS, CLASSIFIERS, CORPUS, EXPORTERS, SPANS
from weaklabel.support.encodings import NotUtf8, utf8
from weaklabel.support.params import checked_params
from weaklabel.support.plugins import Registries, Registry
from weaklabel.support.urls import without_secrets


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


COLLECTED = Path("collected")
"""Stands for the path of the corpus until it is collected."""


class TableSettings(_Section):
    """How tables are read: those of ``[corpus]`` and those that ``[collect]`` reads; as in `weaklabel.read_corpus`."""

    text: str | list[str] = "text"
    """The text column, or several, which are joined; `data.text` is a field of an object."""
    delimiter: str | None = None
    """The character between fields; detected if not given."""
    quoting: bool | None = None
    """Whether fields may be quoted; detected if not given."""
    encoding: str | None = None
    """The encoding of text files; UTF-8, or what the file itself says, if not given."""
    header: bool = True
    """Whether the first line of a table names the columns."""
    columns: list[str] | None = None
    """Names for the columns of a table without a header."""
    skip_rows: Annotated[int, Field(ge=0)] = 0
    """How many lines of a table to leave out before the header."""
    comment: str | None = None
    """Lines of a table that begin with this are left out."""
    quote_char: str | None = None
    """The quote character, if it is not `"`."""

    def table_reading(self) -> dict[str, Any]:
        """Return the arguments of `weaklabel.read_corpus` for a CSV or TSV file."""
        return self.model_dump(include=set(TableSettings.model_fields))


class CorpusSettings(TableSettings):
    """``[corpus]``: the unlabeled rows; everything but the path is as in `weaklabel.read_corpus`."""

    path: Path = COLLECTED
    """The corpus: CSV, TSV, JSONL, a JSON array, Parquet, or a folder of `.txt` files; text formats also `.gz` and `.zst`."""
    format: str | None = None
    """The format, if the name of the file does not tell."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Use only the first rows, up to this number."""
    entities: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    """The two columns that hold the entities of a relation, as words or as spans such as `27-34`."""

    def reading(self) -> dict[str, Any]:
        """Return the arguments of `weaklabel.read_corpus`."""
        return self.model_dump(exclude={"path"})


class CollectSettings(TableSettings):
    """``[collect]``: where documents are collected from, and how they become rows; see `weaklabel.collect_corpus`."""

    sources: Annotated[list[str], Field(min_length=1)]
    """Files, folders, patterns such as `mail/**/*.eml`, archives of them, or `hf:NAME` for a data set of Hugging Face."""
    unit: Literal["document", "paragraph", "sentence"] | Annotated[int, Field(ge=1)] = "document"
    """What becomes a row: the whole document, a paragraph, a sentence, or a window of at most so many characters."""
    html_text: Literal["main", "all"] = "main"
    """What is taken of HTML pages: the main text, or all of the text that is shown."""
    query: str | None = None
    """The SQL query whose rows are collected, where a source is the URL of a database such as `sqlite:///shop.db`."""
    key: str | None = None
    """A column of the query with a different value in every row; with it, reading goes on where it broke off."""
    web_user_agent: str | None = None
    """The name by which servers of the web know who asks; it should say how to reach you."""
    web_delay: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between two requests to the same host; more where its `robots.txt` asks for more."""
    web_timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds to wait for a server; a whole page may take ten times as long."""
    web_tries: Annotated[int, Field(ge=1)] = 4
    """How often a page is asked for while its server fails or is busy."""
    web_at_once: Annotated[int, Field(ge=1)] = 16
    """How many hosts are asked at the same time."""
    web_max_mb: Annotated[float, Field(gt=0)] = 20.0
    """Pages of more megabytes are rejected."""
    web_max_age: Annotated[float, Field(ge=0)] = 24.0
    """Hours for which a page that an earlier run fetched is used without asking again; later, only whether it changed."""

    @field_serializer("sources", when_used="json")
    def _without_secrets(self, sources: list[str]) -> list[str]:
        """What is written down of the settings, such as in reports, must not hold the password of a database."""
        return [without_secrets(spec) for spec in sources]

    @classmethod
    def checked(cls, **keys: Any) -> Self:
        """Make it from keys; a wrong one is a `ConfigError`."""
        try:
            return cls(**keys)
        except ValidationError as error:
            raise ConfigError(f"collect: {_sentence(error, cls)}") from None


class CleanSettings(_Section):
    """``[clean]``: how texts are repaired, and which rows are dropped; see `weaklabel.clean_corpus`."""

    preset: Literal["light", "c4", "gopher", "fineweb"] = "light"
    """The rules that are on: repairs only (`light`), or filters for web pages as published."""
    rules: dict[str, bool | int | float | str | list[str]] = {}
    """Rules with values that replace those of the preset, such as `{ min-words = 3, html = false, language = ["en"] }`."""
    annotate: list[Literal["tokens", "pos", "lemmas", "entities"]] = []
    """Columns to add: words, their parts of speech, their lemmas, and named entities."""
    pipeline: str = "en_core_web_sm"
    """What finds them: a spaCy pipeline by its name or folder, or `jieba` for Chinese."""
    keep: list[Path] = []
    """Files with lines of an earlier file of rejects: the rows in them are not dropped."""

    def arguments(self) -> dict[str, Any]:
        """Return the settings as arguments of `weaklabel.clean_corpus`."""
        return self.model_dump()


class DedupSettings(_Section):
    """``[dedup]``: which rows are duplicates, and which of them stays; see `weaklabel.dedup_corpus`."""

    threshold: Annotated[float, Field(ge=0.4, le=1)] = 0.7
    """Jaccard similarity of shingles from which on two texts are near-duplicates."""
    keep_row: Literal["longest", "first", "votes"] = "longest"
    """Which of several rows stays."""
    votes: str | None = None
    """Column with the number of votes of a row, for `keep_row = "votes"`; those of the labeling functions if not given."""
    against: list[Path] = []
    """Files with rows, such as validation and test rows, of which no near-duplicate may stay; gold always is one of them."""
    semantic: Annotated[float, Field(ge=0.5, le=1)] | None = None
    """Cosine of embeddings from which on two texts are duplicates as well; no comparison by meaning if not given."""
    keep: list[Path] = []
    """Files with lines of an earlier file of rejects: the rows in them are not dropped."""


class SplitSettings(_Section):
    """``[split]``: how rows are divided into training, validation and test rows; see `weaklabel.split_corpus`."""

    shares: dict[str, Annotated[float, Field(gt=0, le=1)]] = {"train": 0.8, "valid": 0.1, "test": 0.1}
    """The splits and the share of the rows of each."""
    column: str = "split"
    """The column that is added; if the corpus has it already, it is only checked."""
    group_by: list[str] = []
    """Columns such as an author: rows that are equal in one of them are put on one side."""
    stratify: str | None = None
    """A column, such as a label, of whose values each split gets its share."""
    threshold: Annotated[float, Field(ge=0.4, le=1)] = 0.7
    """Jaccard similarity of shingles from which on two texts are near-duplicates, which are put on one side."""
    move_leaks: bool = False
    """Whether groups of rows that an existing column divides are moved to the first split."""


class LFSettings(_Section):
    """``[lfs]``: which labeling functions vote, and how many of their failures are tolerated."""

    use: Annotated[list[str], Field(min_length=1)]
    """Ready packs (`spam`), files (`./my_lfs.py`), `package:attribute`, or names of installed plugins."""
    error_budget: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of rows on which a labeling function may fail before the run stops; 0 stops at the first failure."""
    workers: Annotated[int, Field(ge=0)] = 1
    """Guarded processes for Python labeling functions; 0 runs them in this process."""
    skip_slow: bool = False
    """Leave out labeling functions that need a text encoder, a trained spaCy pipeline or a language model."""


@dataclass(frozen=True)
class NameIn:
    """Marks a field that is a name in a registry; no class of it is imported to check that."""

    registry: Registry[Any] | Registries

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.registry)}

    def _checked(self, name: str) -> str:
        try:
            return self.registry.check(name)
        except WeakLabelError as error:
            raise PydanticCustomError("name", "{sentence}", {"sentence": str(error)}) from None


class ChosenSettings(_Section):
    """What is chosen by name; besides the keys of the section, every other parameter of its class can be set."""

    model_config = ConfigDict(extra="allow", frozen=True)

    section: ClassVar[str]
    registry: ClassVar[Registry[Any] | Registries]
    not_of_class: ClassVar[tuple[str, ...]] = ("name",)
    """Keys that are no parameters of the class."""

    def options(self) -> dict[str, Any]:
        """Return the settings that were given, as arguments of the class."""
        return self.model_dump(exclude=set(self.not_of_class), exclude_none=True)

    @model_validator(mode="after")
    def _check_other_keys(self) -> Self:
        """Refuse keys that are not parameters of the chosen class, which is only imported if there are other keys."""
        others = self.model_extra or {}
        if not others:
            return self
        name = self.model_dump(include={"name"})["name"]
        tasks = self.registry.tasks(name) if isinstance(self.registry, Registries) else {"": self.registry}
        refusals = [_refusal_of(self, registry[name], others) for registry in tasks.values()]
        if all(refusals):
            raise PydanticCustomError("unknown_option", "{sentence}", {"sentence": refusals[0]})
        return self

    def for_task(self, task: str) -> Self:
        """Return the settings, once it is known whether labels are of ``"texts"`` or of ``"spans"``.

        Raises
        ------
        ConfigError
            The name is of the other task, or a key is no parameter of the class that this task has by that name.
        """
        if not isinstance(self.registry, Registries):
            return self
        name = self.model_dump(include={"name"})["name"]
        try:
            self.registry.check(name, task)
        except WeakLabelError as error:
            raise ConfigError(f"{self.section}.name: {error}") from None
        cls = self.registry.by_task[task][name]
        refusal = _refusal_of(self, cls, self.model_extra or {})
        if task == SPANS:
            refusal = refusal or _unused(self, cls)
        if refusal:
            raise ConfigError(refusal)
        return self


def _refusal_of(settings: ChosenSettings, cls: Any, others: Mapping[str, Any]) -> str:
    """Say why keys are no parameters of a class, or have wrong values; "" where they are right."""
    possible = [*settings.not_of_class, *cls.option_names()]
    unknown = next((key for key in others if key not in possible), None)
    if unknown is not None:
        return (
            f"unknown key '{settings.section}.{unknown}'{nearest(unknown, possible)}; known keys here are "
            f"{', '.join(possible)}"
        )
    try:
        checked_params(cls, dict(others))
    except ValueError as error:
        return f"[{settings.section}]: {error}"
    return ""


def _unused(settings: ChosenSettings, cls: Any) -> str:
    """Say which key of the section itself a class does not have; "" where it has all that were given."""
    given = settings.model_dump(exclude={*settings.not_of_class, *(settings.model_extra or {})}, exclude_none=True)
    unknown = next((key for key in given if key not in cls.option_names()), None)
    name = settings.model_dump(include={"name"})["name"]
    return f"{settings.section}.{unknown}: '{name}' for spans has no such setting" if unknown is not None else ""


class LabelModelSettings(ChosenSettings):
    """``[label_model]``: how votes become probabilities; empty values keep the label model's defaults.

    Besides the keys below, every other parameter of the label model's class can be set.
    """

    section = "label_model"
    registry = CHOOSABLE_LABEL_MODELS

    name: Annotated[str, NameIn(CHOOSABLE_LABEL_MODELS)] = "auto"
    """The label model; which there are depends on whether the pack labels texts or spans."""
    class_balance: Literal["majority", "uniform"] | list[float] | None = None
    """The share of each class, or where to take it from: `majority` (the majority vote) or `uniform`."""
    encoder: str | None = None
    """What turns texts into vectors: a folder, or a name on the Hugging Face hub; an English model if not given."""
    exact_texts: bool | None = None
    """Embed every text that is read (`auto`, `text`); by default, of a large corpus only those that a faster model is not
    sure of."""
    n_epochs: Annotated[int, Field(ge=1)] | None = None
    """Training steps (`snorkel`)."""
    lr: Annotated[float, Field(gt=0)] | None = None
    """Learning rate (`snorkel`)."""
    l2: Annotated[float, Field(ge=0)] | None = None
    """L2 penalty (`snorkel`)."""


class GeneratorSettings(ChosenSettings):
    """``[generator]``: a causal language model that is fine-tuned on the labels, beside the classifier.

    Besides the keys below, every other parameter of `weaklabel.generator.GeneratorClassifier` can be set, such as
    ``words``, ``system``, ``template``, ``soft``, ``method``, ``rank`` or ``patience``.
    """

    section = "generator"
    registry = CLASSIFIERS
    not_of_class = ("name", "max_rows")

    name: Annotated[str, NameIn(CLASSIFIERS)] = "generator"
    """What is trained."""
    model: str | None = None
    """The checkpoint to fine-tune: `smollm2`, a folder with a causal model, or a name of the Hugging Face hub."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Passes over the training texts."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Texts per training step."""
    lr: Annotated[float, Field(gt=0)] | list[Annotated[float, Field(gt=0)]] | None = None
    """Learning rate, or several, of which held-out rows with weak labels choose one."""
    max_length: Annotated[int, Field(ge=16)] | None = None
    """Tokens of question, text and answer together; the end of longer texts is cut off."""
    validation_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    """The share of the labeled rows that is held out, to choose the best weights and to calibrate."""
    max_rows: Annotated[int, Field(ge=10)] | None = None
    """Most rows to train on; of a larger corpus a sample. 2,000 if not given."""


class ClassifierSettings(ChosenSettings):
    """``[classifier]``: what is trained on the probabilistic labels; empty values keep the classifier's defaults.

    Besides the keys below, every other parameter of the classifier's class can be set.
    """

    section = "classifier"
    registry = CHOOSABLE_CLASSIFIERS
    not_of_class = ("name", "max_rows")

    name: Annotated[str, NameIn(CHOOSABLE_CLASSIFIERS)] = "bert"
    """The classifier; for a pack that labels spans, the tagger."""
    model: str | None = None
    """The checkpoint to fine-tune: a local folder, or a name of the Hugging Face hub; the embedded encoder if not given."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Passes over the training texts."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Texts per training step."""
    lr: Annotated[float, Field(gt=0)] | list[Annotated[float, Field(gt=0)]] | None = None
    """Learning rate, or several, of which validation chooses one."""
    max_length: Annotated[int, Field(ge=8)] | None = None
    """Tokens of a text that are read; the rest is cut off."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after so many epochs without improvement."""
    validation_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    """The share of the labeled rows that is held out to choose the best epoch."""
    metric: Literal["loss", "accuracy", "macro_f1", "f1"] | None = None
    """What the best epoch is chosen by."""
    pretrain_epochs: Annotated[int, Field(ge=0)] | None = None
    """Epochs of masked-language-model training on the corpus before fine-tuning."""
    loggers: list[Literal["tensorboard", "mlflow"]] | None = None
    """Where training curves are written."""
    max_rows: Annotated[int, Field(ge=10)] | None = None
    """Most rows to train on; of a larger corpus a sample. 1,000,000 (`bert`), 2,000 (`generator`) or 200,000 if not given."""


class GoldSettings(_Section):
    """``[gold]``: what the stages are scored against, opened only after the last of them has been trained.

    Without ``path``, ``column`` is a column of the corpus; its rows with gold are then kept out of training. So are
    the decided rows where ``path`` is a file of decisions, which ``weaklabel review`` writes.
    ``ceiling`` names a second file with gold for the corpus's own texts: the same classifier trained on that shows what
    perfect labels would give.
    """

    column: str = "label"
    """The column with the gold label."""
    path: Path | None = None
    """A file with gold labels (or decisions of `weaklabel review`); the corpus itself if not given."""
    ceiling: Path | None = None
    """A file with gold labels for the corpus's own texts, to train the same classifier on them."""
    positive: str | None = None
    """The class whose precision, recall and F1 are shown; needed for two classes only."""
    split: str | None = None
    """Gold is only that of the rows whose column `split` has this value, such as `test`; classifiers train on `train`."""


ProtectAction = Literal["flag", "mask", "pseudonym", "drop"]
"""What is done about personal data."""


class ProtectSettings(_Section):
    """``[protect]``: which personal data is found, and what is done about it."""

    action: ProtectAction = "mask"
    """`flag` notes where it is, `mask` writes its type instead (`[EMAIL]`), `pseudonym` a keyed hash, `drop` drops the row."""
    actions: dict[str, ProtectAction] = {}
    """What is done about single types, such as `{ email = "pseudonym", secret = "drop" }`."""
    find: list[str] | None = None
    """The types that are found; all but names if not given."""
    ignore: list[str] = []
    """Types that are not found."""
    columns: list[str] | None = None
    """The columns that are read; all with text in them if not given."""
    skip: list[str] = []
    """Columns that are left as they are."""
    regions: list[str] = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "CN", "IN", "BR"]
    """Countries whose phone numbers are found without a country code."""
    names: Literal["spacy", "presidio"] | None = None
    """What finds names of people, places and organizations; they are not found if not given."""
    pipeline: str = "en_core_web_sm"
    """The spaCy pipeline that finds names: a name or a folder."""
    patterns: dict[str, str] = {}
    """Types of your own, from a name to a regex such as `{ employee = 'E-\\d{6}' }`."""
    allow: list[str] = []
    """Values that are not hidden, such as your own address."""
    key_file: Path | None = None
    """A file with the key for pseudonyms, made if it is missing; by default the key is in `WEAKLABEL_PROTECT_KEY`."""
    keep: list[Path] = []
    """Files with lines of an earlier file of rejects: the rows in them are not dropped."""

    @property
    def makes_pseudonyms(self) -> bool:
        """Whether a key is needed."""
        return "pseudonym" in (self.action, *self.actions.values())


class LLMSettings(_Section):
    """``[llm]``: what language models may cost, and how fast they are asked."""

    max_money: Annotated[float, Field(ge=0)] | None = None
    """Most money that a run spends, in `currency`, over all models and however often it is resumed."""
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    """Most tokens, of prompts and answers together."""
    max_requests: Annotated[int, Field(ge=0)] | None = None
    """Most requests that are sent; those that a server refuses and that are sent again count as well."""
    max_minutes: Annotated[float, Field(ge=0)] | None = None
    """Most minutes of waiting for language models."""
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Most requests to a server in any 60 seconds."""
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Most tokens of a server in any 60 seconds."""
    at_once: Annotated[int, Field(ge=1, le=256)] = 8
    """How many requests are under way at the same time."""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for a reply."""
    tries: Annotated[int, Field(ge=1)] = 6
    """How often a request is sent while the server is busy, fails, or replies with something that cannot be read."""
    prices: dict[str, Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=2, max_length=2)]] = {}
    """Prices per million tokens, of prompts and of answers, by model, such as `{ "gpt-4.1-nano" = [0.1, 0.4] }`."""
    currency: str = "USD"
    """The currency of `prices` and `max_money`."""
    protect: bool | None = None
    """Whether personal data is hidden before it is sent; where the project has `[protect]` if not given."""


class ExportSettings(_Section):
    """``[export]``: the forms in which labeled rows are handed over to other tools.

    Besides the keys below, every option of a form can be set: for all forms that have it, or for one of them in
    ``[export.FORM]``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

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

    @classmethod
    def checked(cls, **keys: Any) -> Self:
        """Make it from keys; a wrong one is a `ConfigError`."""
        try:
            return cls(**keys)
        except ValidationError as error:
            raise ConfigError(_sentence(error, cls, within="export")) from None

    @staticmethod
    def _refused(sentence: str) -> PydanticCustomError:
        return PydanticCustomError("unknown_option", "{sentence}", {"sentence": sentence})


def _listed_options(possible: Mapping[str, tuple[str, ...]], name: str) -> str:
    return f"its options are {', '.join(possible[name]) or 'none'}"


class Project(_Section):
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
    classifier: ClassifierSettings = ClassifierSettings()
    generator: GeneratorSettings | None = None
    gold: GoldSettings | None = None
    export: ExportSettings | None = None

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
        raise ConfigError(f"{path}: {_sentence(error)}") from None
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
    return _anchored(project, path.absolute().parent)


_ChosenT = TypeVar("_ChosenT", bound=ChosenSettings)


def settings_of(kind: type[_ChosenT], given: Mapping[str, Any]) -> _ChosenT:
    """Return the settings of a label model or a classifier from the keys of its section in a project file.

    Raises
    ------
    ConfigError
        A key is unknown, or has a wrong value.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        raise ConfigError(_sentence(error, within=kind.section)) from None


def _anchored(project: Project, folder: Path) -> Project:
    """Make every path absolute, and give labeling functions by file as absolute paths too."""
    gold = project.gold and project.gold.model_copy(
        update={
            "path": project.gold.path and folder / project.gold.path,
            "ceiling": project.gold.ceiling and folder / project.gold.ceiling,
        }
    )
    collect = project.collect and project.collect.model_copy(
        update={"sources": [_anchored_source(spec, folder) for spec in project.collect.sources]}
    )
    cleaning = project.clean and project.clean.model_copy(
        update={
            "keep": [folder / path for path in project.clean.keep],
            "pipeline": _anchored_model(project.clean.pipeline, folder),
        }
    )
    deduplicating = project.dedup and project.dedup.model_copy(
        update={
            "against": [folder / path for path in project.dedup.against],
            "keep": [folder / path for path in project.dedup.keep],
        }
    )
    key_file = project.protect and project.protect.key_file
    protecting = project.protect and project.protect.model_copy(
        update={
            "keep": [folder / path for path in project.protect.keep],
            "key_file": key_file and folder / key_file,
            "pipeline": _anchored_model(project.protect.pipeline, folder),
        }
    )
    export = project.export and _anchored_export(project.export, folder)
    use = [str(folder / spec) if spec.endswith(".py") else spec for spec in project.lfs.use]
    model = project.classifier.model
    classifier = project.classifier.model_copy(update={"model": model and _anchored_model(model, folder)})
    encoder = project.label_model.encoder
    label_model = project.label_model.model_copy(update={"encoder": encoder and _anchored_model(encoder, folder)})
    causal = project.generator and project.generator.model
    generator = project.generator and project.generator.model_copy(
        update={"model": causal and _anchored_model(causal, folder)}
    )
    return project.model_copy(
        update={
            "out": Path(os.path.normpath(folder / project.out)),
            "collect": collect,
            "clean": cleaning,
            "dedup": deduplicating,
            "protect": protecting,
            "corpus": project.corpus.model_copy(update={"path": folder / project.corpus.path}),
            "lfs": project.lfs.model_copy(update={"use": use}),
            "label_model": label_model,
            "gold": gold,
            "classifier": classifier,
            "export": export,
            "generator": generator,
        }
    )


def _anchored_export(settings: ExportSettings, folder: Path) -> ExportSettings:
    """Make the tokenizers of forms that are folders absolute paths."""

    def anchored(options: Mapping[str, Any]) -> dict[str, Any]:
        tokenizer = options.get("tokenizer")
        is_folder = isinstance(tokenizer, str) and tokenizer and (folder / tokenizer).is_dir()
        return {**options, **({"tokenizer": str(folder / str(tokenizer))} if is_folder else {})}

    extra = anchored(settings.model_extra or {})
    return settings.model_copy(
        update={key: anchored(value) if isinstance(value, dict) else value for key, value in extra.items()}
    )


def _anchored_model(model: str, folder: Path) -> str:
    """Return a model that lies in a folder with an absolute path; others are known by name."""
    return str(folder / model) if (folder / model).is_dir() else model


def _anchored_source(spec: str, folder: Path) -> str:
    """Return a source of documents with an absolute path, unless its scheme, such as ``hf:``, is followed by something else."""
    scheme, path = _FILE_OF_SOURCE.fullmatch(spec).groups()  # type: ignore[union-attr]
    if not scheme and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path):
        return spec
    return scheme + os.path.normpath(folder / path)


_FILE_OF_SOURCE = re.compile(r"((?:urls:|sqlite(?:\+\w+)?:///)?)(.*)", re.DOTALL | re.IGNORECASE)
"""Schemes that a path follows."""


def _sentence(error: ValidationError, section: type[_Section] = Project, *, within: str | None = None) -> str:
    """Turn the first of pydantic's complaints about a section into one sentence, unknown keys before anything else.

    ``within``: the section's name, if keys are to be shown with it.
    """
    complaints = error.errors(include_url=False)
    complaint = next((c for c in complaints if c["type"] == "extra_forbidden"), complaints[0])
    # In pydantic's path, the choices of a union are names of types, not keys of the file.
    path = [part for part in complaint["loc"] if isinstance(part, int) or part in _ALL_KEYS]
    path = path if within is None else [within, *path]
    if complaint["type"] == "extra_forbidden":
        *parents, key = complaint["loc"]
        allowed = list((_SECTIONS[parents[0]] if parents else section).model_fields)
        name = ".".join(str(part) for part in complaint["loc"])
        return f"unknown key '{name}'{nearest(str(key), allowed)}; known keys here are {', '.join(allowed)}"
    where = ".".join(str(part) for part in path)
    if complaint["type"] == "unknown_option":
        return str(complaint["msg"])
    if complaint["type"] == "missing":
        return f"the key '{where}' is missing"
    given = complaint["input"]
    shown = without_secrets(given) if isinstance(given, str) else given
    return f"'{where}' is {shown!r}: {complaint['msg'][0].lower()}{complaint['msg'][1:]}"


_SECTIONS: dict[int | str, type[_Section]] = {
    "": Project,
    "corpus": CorpusSettings,
    "collect": CollectSettings,
    "clean": CleanSettings,
    "protect": ProtectSettings,
    "dedup": DedupSettings,
    "split": SplitSettings,
    "llm": LLMSettings,
    "lfs": LFSettings,
    "label_model": LabelModelSettings,
    "classifier": ClassifierSettings,
    "generator": GeneratorSettings,
    "gold": GoldSettings,
    "export": ExportSettings,
}
_ALL_KEYS = {key for section in _SECTIONS.values() for key in section.model_fields}
