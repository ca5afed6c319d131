"""The dataset card: what is in an export, where it comes from, how good its labels are, and what is not known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weaklabel import __version__
from weaklabel.export.corpus import LabeledCorpus
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.selection import FEW_PROBS, Selection, Survey
from weaklabel.export.trainers import VALIDATION
from weaklabel.report.markdown import escape, flat, markdown_table, value_text
from weaklabel.report.text import STEP_COLUMNS, stage_caption, stage_columns, stage_rows, step_rows
from weaklabel.scoring.intervals import share
from weaklabel.support.warn import warn

UNKNOWN = "unknown"
"""What a card says of a license that nobody named."""

_SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M", 10_000_000: "1M<n<10M"}


@dataclass(frozen=True)
class CardFields:
    """What only the user can say of a data set.

    Attributes
    ----------
    title
        Its name; by default that of the run or of the file.
    license
        Under which it is given away, as an identifier such as ``cc-by-4.0``.
    source_license
        Under which the texts are.
    languages
        Codes of the languages of the texts, such as ``en``.
    description
        What the texts are, and what the labels mean.
    personal_data
        A statement on personal data, in place of what is known of it.
    """

    title: str = ""
    license: str = ""
    source_license: str = ""
    languages: Sequence[str] = field(default_factory=tuple)
    description: str = ""
    personal_data: str = ""

    def warn_of_unknown(self) -> None:
        """Warn of a license that is not named."""
        missing = [name for name in ("license", "source_license") if not getattr(self, name)]
        if missing:
            warn(
                f"the dataset card says '{UNKNOWN}' for {' and '.join(missing)}: name them before the data is given away",
                stacklevel=3,
            )


def dataset_card(
    corpus: LabeledCorpus,
    survey: Survey,
    fields: CardFields,
    selection: Selection,
    forms: Mapping[str, CorpusExporter],
    records: Mapping[str, ExportRecord],
    files: Mapping[str, Mapping[str, str]],
) -> str:
    """Return the card in the form of Hugging Face: a header that programs read, and text in Markdown."""
    fields.warn_of_unknown()
    title = fields.title or corpus.source.title or corpus.name
    sections = {
        "Rows": _rows(corpus, survey),
        "Left out": _left_out(corpus, survey, records),
        "Forms": _forms(forms, records, files),
        "Where labels come from": _provenance(corpus, selection),
        "Labeling functions": _labeling_functions(corpus),
        "How good the labels are": _quality(corpus, survey),
        "Personal data": escape(fields.personal_data or _personal_data(corpus)),
        "License": _license(fields),
        "Making it again": _reproduction(corpus),
    }
    parts = [_header(corpus, title, survey, fields, forms, files), f"# {escape(title)}"]
    parts += ["\n".join(map(escape, fields.description.splitlines()))] if fields.description else []
    parts.append(
        "The labels of this data set were not written by people: labeling functions voted, and a label model turned their "
        "votes into probabilities. Some of them are wrong."
    )
    parts += [f"## {name}\n\n{body}" for name, body in sections.items() if body]
    return "\n\n".join(parts) + "\n"


def hub_task(form: CorpusExporter, corpus: LabeledCorpus) -> str:
    """Return what models are trained for with a form, in the words of the Hugging Face hub."""
    is_spans = corpus.task == "spans" and form.task == "text-classification"
    return "token-classification" if is_spans else form.task


def _header(
    corpus: LabeledCorpus,
    title: str,
    survey: Survey,
    fields: CardFields,
    forms: Mapping[str, CorpusExporter],
    files: Mapping[str, Mapping[str, str]],
) -> str:
    limit = next((size for size in _SIZES if survey.n_taken < size), None)
    lines = [f"pretty_name: {json.dumps(title, ensure_ascii=False)}"]
    lines.append(f"license: {json.dumps(fields.license.lower() or UNKNOWN)}")
    if fields.languages:
        lines += ["language:", *(f"- {json.dumps(code)}" for code in fields.languages)]
    lines += [
        "task_categories:",
        *(f"- {task}" for task in sorted({hub_task(form, corpus) for form in forms.values()})),
    ]
    lines += ["tags:", "- weak-supervision", "- weaklabel"]
    lines += ["size_categories:", f"- {json.dumps(_SIZES[limit] if limit else 'n>10M')}"]
    configs: list[str] = []
    for name, form in forms.items():
        by_split = form.data_files(files[name])
        if not by_split:
            continue
        configs += [f"- config_name: {json.dumps(name)}"]
        configs += ["  default: true"] if not configs[1:] else []
        configs += ["  data_files:"]
        for split, path in by_split.items():
            called = "validation" if split in VALIDATION else split.replace("-", "_")
            configs += [f"  - split: {json.dumps(called)}", f"    path: {json.dumps(path, ensure_ascii=False)}"]
    lines += ["configs:", *configs] if configs else []
    return "\n".join(["---", *lines, "---"])


def _rows(corpus: LabeledCorpus, survey: Survey) -> str:
    splits = dict.fromkeys(split for split, _ in survey.taken)
    if corpus.task == "spans":
        numbers = range(len(corpus.labels))
        counts = [[survey.spans[split, number] for number in numbers] for split in splits]
        of_spans = [
            [split, survey.of_split(split), *some, sum(some)] for split, some in zip(splits, counts, strict=True)
        ]
        return markdown_table(of_spans, ["split", "rows", *corpus.labels, "all spans"])
    rows = [
        [split, *(survey.taken[split, number] for number in range(len(corpus.labels))), survey.of_split(split)]
        for split in splits
    ]
    return markdown_table(rows, ["split", *corpus.labels, "all"])


def _left_out(corpus: LabeledCorpus, survey: Survey, records: Mapping[str, ExportRecord]) -> str:
    rows: list[list[Any]] = [["all", reason, count] for reason, count in survey.left_out.items()]
    rows += [[name, reason, count] for name, record in records.items() for reason, count in record.left_out.items()]
    rows += [["all", f"{FEW_PROBS} (of rows that are exported)", survey.dropped_spans]] if survey.dropped_spans else []
    rows += [["the input", "could not be read", corpus.source.n_rejects]] if corpus.source.n_rejects else []
    said = f"The corpus has {survey.rows:,} rows, and {survey.n_taken:,} of them are exported."
    return "\n\n".join([said, markdown_table(rows, ["form", "reason", "rows"])]).strip()


def _forms(
    forms: Mapping[str, CorpusExporter],
    records: Mapping[str, ExportRecord],
    files: Mapping[str, Mapping[str, str]],
) -> str:
    parts = [
        markdown_table(
            [
                [name, form.title, ", ".join(sorted(files[name].values())), records[name].rows]
                for name, form in forms.items()
            ],
            ["name", "form", "files", "records"],
        )
    ]
    for name, form in forms.items():
        options = {key: value for key, value in form.get_params().items() if value != type(form)().get_params()[key]}
        shown = [[key, value_text(_without_folder(value))] for key, value in flat(options)]
        shown += [[key, f"{count:,}"] for key, count in records[name].counts.items()]
        if shown:
            parts.append(f"Form {escape(name)}:\n\n{markdown_table(shown, ['what', 'value'])}")
        for caption, table in records[name].tables.items():
            parts.append(
                f"{escape(caption)} ({escape(name)}):\n\n{markdown_table([list(table.values())], list(table))}"
            )
    return "\n\n".join(parts)


def _without_folder(value: Any) -> Any:
    """Return a value without the folder of a path, which is nobody's business."""
    return value.rstrip("/").rpartition("/")[2] if isinstance(value, str) and value.startswith("/") else value


def _provenance(corpus: LabeledCorpus, selection: Selection) -> str:
    source = corpus.source
    parts = [f"Corpus: {escape(corpus.name)}. Labels: {', '.join(map(escape, corpus.labels))}."]
    if source.inputs:
        parts.append(markdown_table(source.inputs.items(), ["input", "SHA-256"]))
    if source.steps:
        parts.append(markdown_table(step_rows(source.steps), STEP_COLUMNS))
    if source.label_model:
        described = [
            [name, value_text(_without_folder(value))]
            for name, value in flat(source.label_model)
            if value not in (None, "")
        ]
        parts.append(f"The label model:\n\n{markdown_table(described, ['what', 'value'])}")
    if corpus.task == "spans":
        parts.append(_of_spans(selection))
        return "\n\n".join(parts)
    how = "drawn from its probabilities" if selection.sample else "the most probable one"
    parts.append(
        f"The label of a row is {how}"
        + (
            f"; rows whose label is less probable than {selection.min_confidence:g} are left out."
            if selection.min_confidence
            else "."
        )
    )
    return "\n\n".join(parts)


def _of_spans(selection: Selection) -> str:
    """Say what a span is, and which are left out."""
    parts = ["Labels are of spans of the texts, whose places count code points: `text[start:end]` is the span."]
    if selection.min_prob:
        parts.append(f"Spans that are less probable than {selection.min_prob:g} are left out.")
    if selection.min_confidence:
        parts.append(f"Rows with a span that is less probable than {selection.min_confidence:g} are left out.")
    return " ".join(parts)


def _labeling_functions(corpus: LabeledCorpus) -> str:
    table = corpus.source.lf_table
    if table:
        return markdown_table(zip(*table.values(), strict=True), list(table))
    return ", ".join(map(escape, corpus.lf_names))


def _quality(corpus: LabeledCorpus, survey: Survey) -> str:
    parts = []
    total, n = survey.confidence
    if n:
        what = "spans" if corpus.task == "spans" else "labels"
        parts.append(
            f"The label model expects {total / n:.1%} of these {what} to be right. That is its own estimate, not a measurement."
        )
    if corpus.source.scores:
        scores = corpus.source.scores
        parts.append(f"{escape(stage_caption(scores))}\n\n{markdown_table(stage_rows(scores), stage_columns(scores))}")
    if survey.gold:
        right = sum(count for (true, label), count in survey.gold.items() if true == label)
        parts.append(
            f"Compared with {escape(corpus.source.gold)}: {_shown_share(right, sum(survey.gold.values()))} of the exported "
            "rows that have it have that label."
        )
    right, given, gold = survey.span_gold
    if gold or given:
        parts.append(
            f"Compared with {escape(corpus.source.gold)}, by exact match of begin, end and label: "
            f"{_shown_share(right, given)} of the exported spans of rows that have it are right, and "
            f"{_shown_share(right, gold)} of the true spans are found."
        )
    if len(parts) == (1 if n else 0):
        parts.append("No gold and no checked rows were at hand: the quality of the labels has not been measured.")
    return "\n\n".join(parts)


def _shown_share(hits: int, n: int) -> str:
    if not n:
        return "none (of 0)"
    part = share(hits, n)
    return f"{part.value:.1%} ({hits:,} of {n:,}; 95% interval {part.low:.1%} to {part.high:.1%})"


def _personal_data(corpus: LabeledCorpus) -> str:
    return corpus.source.personal_data or (
        "Nothing was done about personal data: names, addresses and numbers that the texts hold are in this data set."
    )


def _license(fields: CardFields) -> str:
    rows = [["this data set", fields.license or UNKNOWN], ["the texts", fields.source_license or UNKNOWN]]
    return markdown_table(rows, ["of", "license"])


def _reproduction(corpus: LabeledCorpus) -> str:
    command = corpus.source.command
    code = f"    {command}\n\n" if command else ""
    return f"{code}weaklabel {__version__}"
