"""``weaklabel train``: label a corpus, then fine-tune a classifier on the labels."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.cli.gold import DecisionsOpt, decided_rows
from weaklabel.cli.options import DryRunOpt, described, expanded, name_option
from weaklabel.cli.printing import Printing, shown_path
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.voting import Caching, Labeling, LFs, Voting, vote_and_label
from weaklabel.cli.writing import announce_replaced, check_outputs
from weaklabel.errors import ConfigError, visible
from weaklabel.registries import CLASSIFIERS, EXPORTERS

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier
    from weaklabel.corpus import Corpus
    from weaklabel.labels import Labels, Probs
    from weaklabel.lf.packs import LFCollection


class _Log(Enum):
    """What ``--log`` takes; typer has no list of literals."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


@expanded
def train(
    corpus: CorpusArg,
    lfs: LFs,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="Folder to write the classifier to.")],
    *,
    classifier: Annotated[
        str,
        name_option(CLASSIFIERS, "--classifier", help=f"Classifier to train: {described(CLASSIFIERS)}."),
    ] = "bert",
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="MODEL", help="Checkpoint to fine-tune: a folder or a name on the Hugging Face hub."
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the training rows.")
    ] = None,
    lr: Annotated[
        str | None,
        typer.Option("--lr", metavar="RATE,...", help="Learning rate; of several, the best on --validation is used."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, metavar="N", help="Texts per training step.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", min=8, help="Maximum number of tokens per text.")
    ] = None,
    max_rows: Annotated[
        int | None,
        typer.Option(
            "--max-rows",
            min=10,
            metavar="N",
            help="Train on a sample of N rows if there are more. Default: 1,000,000 for bert, 200,000 for the others.",
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(
            "--validation",
            metavar="FILE",
            help="Rows with gold, to choose the best epoch; without --epochs, training stops after 2 epochs without "
            "improvement, at most 5.",
        ),
    ] = None,
    metric: Annotated[
        Literal["loss", "accuracy", "macro_f1", "f1"],
        typer.Option("--metric", help="Metric on --validation by which epoch and learning rate are chosen."),
    ] = "loss",
    pretrain_epochs: Annotated[
        int,
        typer.Option(
            "--pretrain-epochs", min=0, help="Epochs of masked-language modelling on the corpus before training."
        ),
    ] = 0,
    run_folder: Annotated[
        Path | None,
        typer.Option(
            "--run-folder",
            metavar="FOLDER",
            help="Folder for logs and checkpoints, from which an interrupted training resumes.",
        ),
    ] = None,
    log: Annotated[list[_Log] | None, typer.Option("--log", help="Also log epochs to this tool; repeatable.")] = None,
    onnx: Annotated[
        bool,
        typer.Option("--onnx", help="Also write an 8-bit ONNX export, for weaklabel predict --backend onnx."),
    ] = False,
    gold: Annotated[str, typer.Option("--gold", metavar="COLUMN", help="Gold column of --validation.")] = "label",
    decisions: DecisionsOpt = None,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Label a corpus and train a classifier on the labels.

    \b
    Examples:
      weaklabel train messages.csv --lfs spam -o model
      weaklabel train messages.csv --lfs spam --base bert-base-uncased --epochs 2 -o model
      weaklabel train messages.csv --lfs spam --validation gold.csv --lr 5e-5,1e-4,2e-4 -o model
      weaklabel train messages.csv --lfs spam --classifier linear -o model
      weaklabel train messages.csv --lfs spam --decisions review/decisions.jsonl -o model
      weaklabel predict new.csv --model model -o predicted.csv

    With --decisions the classifier is trained on the weak labels, then on the decided rows with the decided labels.
    """
    import numpy as np

    from weaklabel.classifier import check_model_folder
    from weaklabel.classifier.named import make_classifier
    from weaklabel.config import ClassifierSettings
    from weaklabel.decisions import read_decisions
    from weaklabel.job.training import check_trainable, training_rows
    from weaklabel.label_names import encode_labels
    from weaklabel.lf.packs import load_lfs

    caching.apply()
    check_model_folder(out)
    _check_options(classifier, run_folder, validation, onnx)
    loaded = load_lfs(*lfs)
    rows = reading.open(corpus)
    settings = ClassifierSettings(
        name=classifier,
        model=base,
        epochs=epochs,
        lr=_learning_rates(lr),
        batch_size=batch_size,
        max_length=max_length,
        max_rows=max_rows,
        metric=None if metric == "loss" else metric,
        pretrain_epochs=pretrain_epochs or None,
        loggers=[name.value for name in log] if log else None,
    )
    held = None
    if validation is not None:
        held = reading.open(validation, hide=[gold], limited=False)
    _check_outputs(out, run_folder, [rows, held] if held else [rows], loaded, decisions, base)
    announce_replaced(out, printing=printing, dry_run=dry_run)
    model = make_classifier(
        settings.name,
        settings.options(),
        loaded.labels,
        labeling.seed,
        log=run_folder,
        progress=not printing.quiet,
        validated=validation is not None,
    )
    check: tuple[list[str], Labels] | None = None
    if held is not None:
        check = (held.model_texts(), encode_labels(held.column(gold), loaded.labels, f"{held.name}, column '{gold}'"))
    made = read_decisions(decisions) if decisions else None
    Y = None if made is None else decided_rows(rows, made, loaded.labels)
    labeled = vote_and_label(rows, loaded, labeling, voting, quiet=printing.quiet)
    if Y is None:
        check_trainable(labeled.voted.covered, rows)
    result: dict[str, Any] = {
        "rows": labeled.n,
        "rejects": labeled.voted.n_rejects,
        "covered": labeled.voted.covered,
        "label_model": labeled.model.describe(loaded.names) or labeling.label_model,
        "decided": None if Y is None else int((Y >= 0).sum()),
        "classifier": classifier,
        "model": str(out),
    }
    if not dry_run:
        clean = None if Y is None else np.flatnonzero(Y >= 0)
        sample = training_rows(rows, labeled.probs, model, max_rows, seed=labeling.seed, always=clean)
        result |= {"training_rows": len(sample.rows), "trainable_rows": sample.n_trainable}
        _fit(model, sample.texts, sample.probs, None if Y is None else Y[sample.rows], check)
        texts = f"{labeled.n:,} texts of {Path(rows.name).name}"
        provenance = _provenance(len(loaded), lfs, texts, labeling.label_model, result["decided"])
        if sample.is_sample:
            provenance = f"{provenance} {sample.describe()}"
        result |= _save(model, out, provenance, rows.entities, sample.texts if onnx else None)
    written = "nothing written (dry run)" if dry_run else f"{classifier} classifier written to {shown_path(out)}"
    printing.summary(result, _as_text(result, written))


def _check_options(classifier: str, run_folder: Path | None, validation: str | None, onnx: bool) -> None:
    """Refuse options that the classifier does not use, before anything is read."""
    cls = CLASSIFIERS[classifier]
    if run_folder is not None and not cls.has_param("run_folder"):
        raise ConfigError(f"the {classifier} classifier writes neither a log nor checkpoints; leave --run-folder out")
    if validation is not None and not cls.uses_validation:
        raise ConfigError(f"the {classifier} classifier does not use validation rows; leave --validation out")
    if onnx:
        EXPORTERS["onnx"]().check(cls)


def _check_outputs(
    out: Path,
    run_folder: Path | None,
    corpora: list[Corpus],
    lfs: LFCollection,
    decisions: Path | None,
    base: str | None,
) -> None:
    """Refuse to write a model or the files of a training over an input, before anything is trained."""
    from weaklabel.classifier import written_by_model, written_by_training

    written = [*written_by_model(out), *(written_by_training(run_folder) if run_folder else ())]
    if run_folder is not None and run_folder.exists() and not run_folder.is_dir():
        raise ConfigError(f"{run_folder} is a file; choose a folder for --run-folder")
    bases = {"the checkpoint to fine-tune (--base)": [base]} if base and Path(base).exists() else None
    check_outputs(out, *written, corpora=corpora, lfs=lfs, decisions=decisions, others=bases)


def _fit(
    model: Classifier,
    texts: list[str],
    probs: Probs,
    decided: Labels | None,
    validation: tuple[list[str], Labels] | None,
) -> None:
    """Train on weak labels, then on the decided rows if there are any."""
    import numpy as np

    from weaklabel.classifier.continued import fit_weak_then_clean

    if decided is None:
        model.fit(texts, probs, validation=validation)
    else:
        clean = np.flatnonzero(decided >= 0)
        fit_weak_then_clean(model, texts, probs, clean, decided[clean], validation=validation)


def _provenance(n_lfs: int, lfs: list[str], texts: str, label_model: str, decided: int | None) -> str:
    """Return the sentence in the model card on the training data."""
    sentence = (
        f"{n_lfs} labeling functions ({', '.join(lfs)}) voted on {texts}; the label model '{label_model}' turned the "
        "votes into probabilities."
    )
    return (
        sentence
        if decided is None
        else f"{sentence} Training continued with {decided:,} rows that were labeled by hand."
    )


def _save(
    model: Classifier, out: Path, provenance: str, entities: Sequence[str], onnx: list[str] | None
) -> dict[str, Any]:
    """Write the model, and its export if there are texts to check it on; return what to print of the training."""
    from weaklabel.classifier import export_check

    model.save(out, provenance=provenance, entities=entities, onnx=onnx)
    summary = model.training_summary()
    return summary if onnx is None else summary | {"onnx": export_check(out)}


def _as_text(result: dict[str, Any], written: str) -> str:
    text = f"{result['rows']:,} rows, {result['covered']:,} with votes; labels: {visible(result['label_model'])}; {written}"
    if result.get("training_rows", 0) < result.get("trainable_rows", 0):
        text += f"\ntrained on {result['training_rows']:,} of {result['trainable_rows']:,} rows, a sample (--max-rows)"
    if result.get("onnx"):
        text += "\nONNX export: {agreement:.1%} of {texts:,} texts get the same class".format(**result["onnx"])
    return text


def _learning_rates(option: str | None) -> float | list[float] | None:
    """Read ``--lr``: one learning rate, or several with commas between."""
    if option is None:
        return None
    try:
        rates = [float(part) for part in option.split(",")]
    except ValueError:
        rates = []
    if not rates or not all(0 < rate < 1 for rate in rates):
        raise ConfigError(f"--lr must be numbers between 0 and 1, such as 1e-4 or 5e-5,1e-4, not '{option}'")
    return rates[0] if len(rates) == 1 else rates
