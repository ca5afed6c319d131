"""``weaklabel import``: what people labeled in other tools, whole texts or spans, as gold or as decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing, shown_output, shown_path
from weaklabel.cli.reading import Reading
from weaklabel.cli.writing import announce_replaced, check_outputs

if TYPE_CHECKING:
    from weaklabel.decisions import Imported

_PANEL = "The files"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True)
class AnnotationFiles:
    """Where the files hold what."""

    form: Annotated[
        Literal["label-studio", "argilla", "doccano", "prodigy", "conll", "brat", "docbin", "table"] | None,
        _option(
            "--from",
            metavar="FORM",
            help="label-studio, argilla, doccano or table; of spans prodigy, conll, brat or docbin, too. Default: detected.",
        ),
    ] = None
    task: Annotated[
        Literal["texts", "spans"] | None,
        _option("--task", help="Whether whole texts or spans were labeled. Default: by what the files hold."),
    ] = None
    text_field: Annotated[str, _option("--text-field", metavar="NAME", help="Field or column with the text.")] = "text"
    question: Annotated[
        str | None,
        _option(
            "--question",
            metavar="NAME",
            help="The question, choice or column with the label or spans. Default: the only one.",
        ),
    ] = None
    row_id_field: Annotated[
        str, _option("--id-field", metavar="NAME", help="Field or column with the id of the row.")
    ] = "weaklabel_id"
    annotator_field: Annotated[
        str, _option("--annotator-field", metavar="NAME", help="Field or column with who labeled the row.")
    ] = "annotator"


@expanded
def import_annotations(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Exports of Label Studio, Argilla, doccano (.zip too), Prodigy; CoNLL, DocBin, brat; tables.",
        ),
    ],
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "-o", "--out", metavar="OUT", help="Table of gold to write: .csv, .tsv, .jsonl, .json or .parquet."
        ),
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option("--decisions", metavar="FILE", help="File of decisions to add to, as weaklabel review writes it."),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            "--corpus", metavar="CORPUS", help="The rows that were labeled, to match what comes back with them."
        ),
    ] = None,
    id_column: Annotated[
        str | None, typer.Option("--id-column", metavar="COLUMN", help="Column of the corpus with ids that were sent.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="A,B", help="The classes. Default: those in the files.")
    ] = None,
    several: Annotated[
        Literal["majority", "unanimous", "all"],
        typer.Option(
            "--several",
            help="Rows that several people labeled get the class of most (none on a tie), the class that all gave (none if "
            "they disagree), or a line for each.",
        ),
    ] = "majority",
    unknown: Annotated[
        Literal["refuse", "reject"],
        typer.Option("--unknown", help="A label that is not a class is an error, or goes to the file of rejects."),
    ] = "refuse",
    annotations: AnnotationFiles,
    reading: Reading,
    printing: Printing,
) -> None:
    """Bring back what people labeled in other tools, as gold or as decisions.

    \b
    Examples:
      weaklabel import project-1.json -o gold.csv --labels ham,spam
      weaklabel import records.json --corpus messages.csv --decisions review/decisions.jsonl
      weaklabel import all.zip --from doccano -o gold.csv --several unanimous
      weaklabel import labeled-by-hand.csv --question verdict -o gold.csv
      weaklabel import tagged.conll --corpus news.csv -o gold.jsonl

    Rows are matched by the id that weaklabel export gave them, and by their text. What cannot be used goes to
    OUT.rejects.jsonl with its line, its task and the reason. Options for reading are those of the corpus.
    """
    from weaklabel.corpus import rejects_path, write_rejects
    from weaklabel.decisions import DecisionLog, import_annotations as read_back
    from weaklabel.decisions.tools import Columns
    from weaklabel.support.files import is_stream

    if out is None and decisions is None:
        raise typer.BadParameter("give -o or --decisions, or both", param_hint="-o")
    rows = None if corpus is None else reading.open(corpus)
    first = out if out is not None and not is_stream(out) else decisions
    rejects_file = None if first is None else rejects_path(first)
    inputs = {"a file of annotations": files}
    check_outputs(out, decisions, rejects_file, corpora=[rows] if rows is not None else [], others=inputs)
    announce_replaced(out, printing=printing)
    imported = read_back(
        [Path(file) for file in files],
        form=annotations.form,
        columns=Columns(
            annotations.text_field, annotations.question, annotations.row_id_field, annotations.annotator_field
        ),
        labels=labels.split(",") if labels else None,
        corpus=rows,
        id_column=id_column,
        unknown=unknown,
        task=annotations.task,
    )
    if out is not None:
        _write(imported, out, several)
    added = None if decisions is None else imported.append_to(DecisionLog(decisions))
    if rejects_file is not None:
        write_rejects(rejects_file, imported.rejects)
    result = _result(imported, several) | ({} if added is None else {"decisions_added": added})
    where = [shown_output(out)] if out is not None else []
    where += [f"{shown_path(decisions)} ({added:,} new decisions)"] if decisions is not None else []
    text = _told(imported, result, " and ".join(where), rejects_file)
    printing.summary(result, text, to_stderr=out is not None and is_stream(out))


def _write(imported: Imported, out: str, several: Any) -> None:
    from weaklabel.corpus import read_corpus, write_labeled

    table = imported.table(several)
    write_labeled(read_corpus(table[:, :2], text=()), out, table[:, 2:])


def _result(imported: Imported, several: Any) -> dict[str, Any]:
    from weaklabel.review.agreement import agreement

    ties = sum(row.label(several) is None for row in imported.rows) if several != "all" else 0
    counts = dict.fromkeys(imported.labels, 0)
    if imported.task == "spans":
        for row in imported.rows:
            answers = row.spans.values() if several == "all" else [row.agreed_spans(several) or ()]
            for name in (name for spans in answers for _, _, name in spans):
                counts[name] += 1
    for row in imported.rows if imported.task == "texts" else ():
        for label in row.labels.values() if several == "all" else [row.label(several)]:
            if label is not None:
                counts[label] += 1
    decisions = imported.decisions() if imported.task == "texts" else ()  # kappa is of classes
    return {
        **({"task": "spans"} if imported.task == "spans" else {}),
        "rows": len(imported.rows),
        "annotations": imported.annotations,
        "labels": counts,
        "by_several": imported.by_several,
        "disagreements": imported.disagreements,
        "kappa": agreement(decisions, imported.labels).kappa,
        "without_label": ties,
        "replaced": imported.replaced,
        "not_labeled": dict(imported.not_labeled),
        "rejects": len(imported.rejects),
    }


def _told(imported: Imported, result: dict[str, Any], where: str, rejects_file: Path | None) -> str:
    shares = ", ".join(f"{name} {count:,}" for name, count in result["labels"].items()) or "none"
    what = "; spans" if imported.task == "spans" else ""
    some = f"{_some(result['annotations'], 'annotation')} of {_some(result['rows'], 'row')}"
    lines = [f"{some} to {where}{what}: {shares}"]
    if result["by_several"]:
        ties = f"; {result['without_label']:,} without a label" if result["without_label"] else ""
        kappa = f" (kappa {result['kappa']:.2f})" if result["kappa"] is not None else ""
        lines.append(
            f"{_some(result['by_several'], 'row')} labeled by several people; they disagree on "
            f"{result['disagreements']:,}{kappa}{ties}"
        )
    if result["replaced"]:
        lines.append(f"{_some(result['replaced'], 'annotation')} replaced by a later one of the same person")
    if result["not_labeled"]:
        lines.append(
            "no label: " + ", ".join(f"{count:,} {why}" for why, count in sorted(result["not_labeled"].items()))
        )
    if imported.rejects:
        place = (
            f": {shown_path(rejects_file)}" if rejects_file is not None else f", such as: {imported.rejects[0].reason}"
        )
        lines.append(f"{len(imported.rejects):,} not usable{place}")
    return "\n".join(lines)


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


import_annotations.__name__ = "import"  # the name of the command, which is no name for a function
