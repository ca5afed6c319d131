"""Making labeling functions that ask a language model, variants of them, and calibrations."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import TEXT
from weaklabel.errors import CorpusError, LFError, VoteError, nearest
from weaklabel.label_names import encode_labels
from weaklabel.labels import check_label_names
from weaklabel.lf.core import ALL_ROWS, check_name, check_where
from weaklabel.lf.llm.answers import folded
from weaklabel.lf.llm.asked import Questions
from weaklabel.lf.llm.calibration import Calibration, read_calibration
from weaklabel.lf.llm.data import as_data, cut
from weaklabel.lf.llm.lf import LanguageModelLF
from weaklabel.lf.llm.prompts import Example, PromptWriter, one_line, row_template
from weaklabel.lf.llm.similar import ExamplePool
from weaklabel.lf.llm.source import ModelSource

if TYPE_CHECKING:
    from weaklabel.llm import LanguageModel

NONE = "none of these"
"""The answer that abstains, unless a text of one's own is given."""

TEXT_TOKENS = 1_500
MAX_ROWS_PER_PROMPT = 64
MAX_SAMPLES = 64

WARM = 0.7
"""Temperature of several samples, which would all be the same at 0."""

Examples = Sequence[tuple[str | Sequence[str] | Mapping[str, str], str | None]] | Literal["similar"]


def llm_lf(
    name: str,
    labels: Sequence[str] | Mapping[str, str],
    *,
    model: str | os.PathLike[str] | LanguageModel,
    endpoint: str | None = None,
    key: str | None = None,
    guidelines: str = "",
    examples: Examples = (),
    examples_from: str | os.PathLike[str] | None = None,
    examples_label: str = "label",
    shots: int = 4,
    columns: Sequence[str] = (TEXT,),
    template: str | Path | None = None,
    abstain: bool | str = True,
    threshold: float = 0.0,
    calibration: Calibration | str | os.PathLike[str] | None = None,
    samples: int = 1,
    temperature: float | None = None,
    seed: int = 0,
    rows_per_prompt: int = 1,
    text_tokens: int = TEXT_TOKENS,
    max_tokens: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    where: str = ALL_ROWS,
    below: float = 0.9,
    max_rows: int | None = None,
) -> LanguageModelLF:
    """Make a labeling function that asks a language model for the label of each row.

    Answers are kept to the labels where the model can do that, and read strictly everywhere: anything but one of the
    labels abstains, and is counted. Every reply is kept, so that no prompt is paid twice. Caps, prices and limits per
    minute are those of the section ``[llm]`` of a project.

    A text is data: it stands between marks that it cannot contain, without control characters, and whatever a model
    could take for a control token has a space in it. Blank rows are not asked about.

    Parameters
    ----------
    name
        Name of the labeling function.
    labels
        All class names in the order of ``LABELS``; or a mapping from each to what it means, which helps the model much.
    model
        Name of the model at the endpoint; without one, a folder or hub name of a causal transformers model, "smollm2"
        for the packaged SmolLM2-135M-Instruct, or a `weaklabel.llm.LanguageModel`.
    endpoint
        URL of an OpenAI-compatible server, such as ``http://localhost:8000/v1``.
    key
        Environment variable with the key of the endpoint; by default ``OPENAI_API_KEY`` where it is set.
    guidelines
        What else the model should know, such as what to do with borderline cases.
    examples
        Rows with their labels, shown in every prompt: ``(text, label)``, with several columns ``({column: text}, label)``;
        None as a label stands for the answer that abstains. Or "similar": those rows of ``examples_from`` that are most
        similar to the asked row, which itself, and near-duplicates of it, are left out.
    examples_from
        For "similar": a corpus with gold that is not scored, such as training rows.
    examples_label
        Its column with gold.
    shots
        How many of them each prompt shows.
    columns
        Columns to read.
    template
        Jinja template of the question, or a file of one, instead of our own wording; its variables are the columns (each
        as data between its marks), ``labels``, ``descriptions`` and ``guidelines``. Instructions and labels still come before
        it. It is rendered in a sandbox.
    abstain
        Whether "none of these" is among the answers, which abstains; a text is that answer in other words.
    threshold
        Probability, from 0 to 1, below which it abstains. The model must tell probabilities, or give several samples.
    calibration
        From `calibrate_lf`, or the file of one: how probabilities are corrected before they are compared.
    samples
        Answers to each prompt; their shares are the probabilities where the model tells none.
    temperature
        Of the answers; by default 0, and 0.7 for several samples.
    seed
        Random seed of the answers, where the model takes one.
    rows_per_prompt
        Rows that are asked about together, 1 to 64: cheaper, and often worse. Of an answer in which rows are missing or
        wrongly numbered nothing is guessed: those rows are asked about again alone, and counted.
    text_tokens
        Tokens, roughly, of each text that are shown; what is left out is counted.
    max_tokens
        Most tokens of an answer; by default as many as the longest label can take. Models that think before they
        answer need more.
    parameters
        Further fields of a request to the endpoint, such as ``{"top_p": 0.9}``.
    where, below, max_rows
        The rows that it is asked about; see `weaklabel.lf.core.LF`.

    Raises
    ------
    LFError
        A setting is wrong; and at the first vote, the model cannot be opened, or tells no probabilities although there is a
        threshold.
    MissingPackageError
        A package is missing; says what to install.

    Examples
    --------
    >>> from weaklabel import llm_lf
    >>> labels = {"ham": "a private message", "spam": "advertising or fraud"}
    >>> lf = llm_lf("topic", labels, endpoint="http://localhost:8000", model="qwen3")
    >>> lf.kind, lf.options()["labels"]["ham"]
    ('language model', 'a private message')
    """
    check_name(name)
    where_else = f"LF '{name}'"
    described = _labels(name, labels)
    none = abstain if isinstance(abstain, str) else NONE if abstain else ""
    _check_answers(name, described, one_line(none))
    read = _columns(name, columns)
    source = ModelSource(
        os.fspath(model) if isinstance(model, os.PathLike) else model, endpoint, key, dict(parameters or {})
    )
    source.check(name)
    for what, number, low, high in (
        ("samples", samples, 1, MAX_SAMPLES),
        ("rows_per_prompt", rows_per_prompt, 1, MAX_ROWS_PER_PROMPT),
        ("shots", shots, 1, 64),
        ("text_tokens", text_tokens, 1, 1_000_000),
        ("max_tokens", 1 if max_tokens is None else max_tokens, 1, 1_000_000),
    ):
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise LFError(f"{where_else}: {what} must be a whole number from {low} to {high:,}, not {number!r}")
    for what, value in (("guidelines", guidelines), ("examples_label", examples_label)):
        if not isinstance(value, str):
            raise LFError(f"{where_else}: {what} must be a text, not {value!r}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise LFError(f"{where_else}: seed must be a whole number, not {seed!r}")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise LFError(f"{where_else}: threshold must be a probability from 0 to 1, not {threshold!r}")
    if temperature is not None and not (isinstance(temperature, int | float) and 0 <= temperature <= 2):
        raise LFError(f"{where_else}: temperature must be a number from 0 to 2, not {temperature!r}")
    if samples > 1 and temperature == 0:
        raise LFError(f"{where_else}: several samples at temperature 0 are all the same; leave temperature out")
    if rows_per_prompt > 1 and samples == 1 and (threshold or calibration is not None):
        raise LFError(
            f"{where_else}: an answer about several rows has no probabilities, which threshold and calibration need: "
            "ask for several answers, samples=5, or leave them out"
        )
    check_where(name, where, below, max_rows)
    template_text = _template(name, template, read, rows_per_prompt)
    pool = _pool(name, examples, examples_from, examples_label, read, tuple(described), rows_per_prompt)
    corrected = calibration
    if calibration is not None and not isinstance(calibration, Calibration):
        corrected = read_calibration(name, calibration)
    writer = PromptWriter(
        name=name,
        labels=described,
        none=one_line(none),
        guidelines=guidelines,
        columns=read,
        template=template_text,
        max_tokens=max_tokens,
        temperature=float(temperature if temperature is not None else 0.0 if samples == 1 else WARM),
        samples=samples,
        seed=seed,
        logprobs=samples == 1 and (threshold > 0 or corrected is not None),
    )
    fixed = () if pool is not None else _examples(name, examples, read, described, one_line(none), text_tokens)
    questions = Questions(writer, fixed, pool, shots, text_tokens, rows_per_prompt)
    files = [examples_from, *([template] if isinstance(template, Path) else [])]
    if calibration is not None and not isinstance(calibration, Calibration):
        files.append(calibration)
    lf = LanguageModelLF(
        name,
        source,
        questions,
        [*range(len(described)), *([-1] if none else [])],
        threshold=float(threshold),
        calibration=corrected if isinstance(corrected, Calibration) else None,
        files=[os.fspath(file) for file in files if file is not None],
    )
    lf.where, lf.below, lf.max_rows = where, below, max_rows
    return lf


def llm_lfs(
    name: str, labels: Sequence[str] | Mapping[str, str], *, vary: Mapping[str, Any], **settings: Any
) -> list[LanguageModelLF]:
    """Make several labeling functions that ask language models: one for each combination of settings.

    Several models, or several ways to ask one, are different voters: where they disagree, a label model learns which to trust.

    Parameters
    ----------
    name
        How the names begin; the varied values follow.
    labels
        See `llm_lf`.
    vary
        Settings of `llm_lf` with their values: a list, or a mapping from short names to values.
    **settings
        Other settings of `llm_lf`, the same for all.

    Raises
    ------
    LFError
        A setting is unknown, or has no values.

    Examples
    --------
    >>> lfs = llm_lfs(
    ...     "spam",
    ...     ("ham", "spam"),
    ...     endpoint="http://localhost:8000",
    ...     vary={"model": ["qwen3", "llama4"], "guidelines": {"plain": "", "strict": "If in doubt, it is spam."}},
    ... )
    >>> [lf.name for lf in lfs]
    ['spam_qwen3_plain', 'spam_qwen3_strict', 'spam_llama4_plain', 'spam_llama4_strict']
    """
    allowed = [*(llm_lf.__kwdefaults__ or {}), "model"]
    for setting in (*vary, *settings):
        if setting not in allowed:
            raise LFError(f"LFs '{name}': llm_lf has no setting '{setting}'{nearest(setting, allowed)}")
    if both := sorted(set(vary) & set(settings)):
        raise LFError(f"LFs '{name}': '{both[0]}' is varied and given as well")
    options = []
    for setting, values in vary.items():
        is_list = isinstance(values, Sequence) and not isinstance(values, str)
        named = (
            dict(values) if isinstance(values, Mapping) else {_word(each): each for each in values} if is_list else {}
        )
        if not named or (is_list and len(named) != len(values)):
            raise LFError(
                f"LFs '{name}': give vary['{setting}'] a list of different values, or a mapping from short names to values"
            )
        options.append([(setting, short, value) for short, value in named.items()])
    return [
        llm_lf(
            "_".join([name, *(short for _, short, _ in choice)]),
            labels,
            **settings,
            **{setting: value for setting, _, value in choice},
        )
        for choice in itertools.product(*options)
    ]


def calibrate_lf(lf: LanguageModelLF, corpus: Any, *, gold: str) -> Calibration:
    """Fit how the probabilities of a labeling function are corrected, on rows with gold.

    It asks about these rows, within the caps that are in force. They must not be among the rows that are scored: take a
    validation set. The temperature is used only if it lowers the loss on rows that it was not fitted on.

    Parameters
    ----------
    lf
        From `llm_lf`.
    corpus
        Rows with gold: a corpus, or what `read_corpus` takes.
    gold
        Their column with gold.

    Returns
    -------
    Calibration
        For ``llm_lf(..., calibration=...)``, or to `Calibration.save`.

    Raises
    ------
    LFError
        The model tells no probabilities, or fewer than 20 rows have gold and an answer.
    CorpusError, VoteError
        The corpus cannot be read, or gold is not one of the classes.
    """
    rows = corpus if isinstance(corpus, Corpus) else read_corpus(corpus)
    if gold not in rows.columns:
        raise CorpusError(
            f"{rows.name} has no column '{gold}'{nearest(gold, rows.columns)}; gold is needed to calibrate"
        )
    labels = lf.label_names
    parts = [
        lf.calibration_rows(batch, encode_labels(batch.source[gold].to_list(), labels, f"column '{gold}'"))
        for batch in rows.batches()
    ]
    probs = np.concatenate([probs for probs, _ in parts]) if parts else np.empty((0, 1))
    right = np.concatenate([right for _, right in parts]) if parts else np.empty(0, dtype=np.int64)
    return lf.fit_calibration(probs, right)


def _labels(name: str, labels: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return the class names with what they mean."""
    try:
        names = check_label_names(tuple(labels), f"LF '{name}'")
    except (VoteError, TypeError) as error:
        raise LFError(str(error) if isinstance(error, VoteError) else f"LF '{name}': labels must be names") from None
    described = dict(labels) if isinstance(labels, Mapping) else dict.fromkeys(names, "")
    for label, text in described.items():
        if not isinstance(text, str):
            raise LFError(f"LF '{name}': the description of '{label}' must be a text, not {text!r}")
    return described


def _check_answers(name: str, labels: Mapping[str, str], none: str) -> None:
    """Refuse answers that would not be told apart."""
    seen: dict[str, str] = {}
    for text in (*map(one_line, labels), *([none] if none else [])):
        key = folded(text)
        if key in seen:
            raise LFError(
                f"LF '{name}': the answers '{seen[key]}' and '{text}' differ in nothing that a model can be asked to keep "
                "apart; rename a label, or set abstain to another text"
            )
        seen[key] = text


def _columns(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str) or not columns or not all(isinstance(column, str) for column in columns):
        raise LFError(f"LF '{name}': columns must be a list such as ['title', 'text'], not {columns!r}")
    if len(set(columns)) != len(columns):
        raise LFError(f"LF '{name}': a column is named twice among {', '.join(columns)}")
    return tuple(columns)


def _template(name: str, template: str | Path | None, columns: Sequence[str], rows_per_prompt: int) -> str:
    """Return the source of the template, once it was checked."""
    if template is None:
        return ""
    if rows_per_prompt > 1:
        raise LFError(f"LF '{name}': a template asks about one row; leave rows_per_prompt out")
    try:
        source = template.read_text(encoding="utf-8") if isinstance(template, Path) else template
    except (OSError, UnicodeDecodeError) as error:
        raise LFError(f"LF '{name}': cannot read the template {template}: {error}") from None
    if not isinstance(source, str) or not source.strip():
        raise LFError(f"LF '{name}': template must be a text, not {source!r}")
    row_template(name, source, columns)
    return source


def _pool(
    name: str,
    examples: Examples,
    file: str | os.PathLike[str] | None,
    label: str,
    columns: Sequence[str],
    labels: Sequence[str],
    rows_per_prompt: int,
) -> ExamplePool | None:
    if isinstance(examples, str) and examples != "similar":
        raise LFError(f"LF '{name}': examples must be a list of (text, label), or 'similar', not {examples!r}")
    if examples != "similar":
        if file is not None:
            raise LFError(f"LF '{name}': examples_from is for examples='similar'")
        return None
    if file is None:
        raise LFError(f"LF '{name}': similar examples come from labeled rows that are not scored: give examples_from")
    if rows_per_prompt > 1:
        raise LFError(f"LF '{name}': similar examples are chosen for each row; leave rows_per_prompt out")
    return ExamplePool(name, file, columns, label, labels)


def _examples(
    name: str, examples: Any, columns: Sequence[str], labels: Mapping[str, str], none: str, text_tokens: int
) -> tuple[Example, ...]:
    """Return fixed examples, once they were checked."""
    if not isinstance(examples, Sequence):
        raise LFError(f"LF '{name}': examples must be a list of (text, label), not {examples!r}")
    checked = []
    for number, example in enumerate(examples, 1):
        which = f"LF '{name}': example {number}"
        if not isinstance(example, Sequence) or isinstance(example, str) or len(example) != 2:
            raise LFError(f"{which} must be a pair of a text and a label, not {example!r}")
        row, label = example
        if label is None and not none:
            raise LFError(f"{which} has no label, but there is no answer that abstains")
        if label is not None and label not in (*labels, none):
            raise LFError(
                f"{which} has the label {label!r}{nearest(str(label), labels)}; labels are {', '.join(labels)}"
            )
        if isinstance(row, Mapping):
            lacking = [column for column in columns if column not in row]
            if lacking:
                raise LFError(f"{which} lacks the column '{lacking[0]}'")
            texts = [row[column] for column in columns]
        else:
            texts = [row] if isinstance(row, str) else list(row)
        if len(texts) != len(columns) or not all(isinstance(text, str) for text in texts):
            raise LFError(f"{which} needs a text for each of the columns {', '.join(columns)}")
        shown = tuple(cut(as_data(text), text_tokens)[0] for text in texts)
        checked.append(Example(shown, none if label is None else label))
    return tuple(checked)


def _word(value: Any) -> str:
    """Return a value as a part of a name."""
    text = value if isinstance(value, str) else str(getattr(value, "name", value))
    return re.sub(r"\W+", "_", Path(text).name).strip("_").lower() or "value"
