"""``weaklabel train``: label a corpus, then fine-tune a classifier on the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.cli.gold import DecisionsOpt, decided_rows
from weaklabel.cli.options import DryRunOpt, chosen_settings, described, expanded, name_option
from weaklabel.cli.printing import Printing, shown_path
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.train_spans import check_tagger, train_spans
from weaklabel.cli.voting import Caching, Labeling, LFs, Voting, vote_and_label, voting_options
from weaklabel.cli.writing import announce_replaced, check_outputs
from weaklabel.errors import ConfigError, visible
from weaklabel.registries import CHOOSABLE_CLASSIFIERS, CLASSIFIERS, EXPORTERS

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier
    from weaklabel.config import ClassifierSettings
    from weaklabel.corpus import Corpus
    from weaklabel.job import LabeledCorpus
    from weaklabel.labels import Labels, Probs
    from weaklabel.lf.packs import LFCollection


class _Log(Enum):
    """What ``--log`` takes; typer has no list of literals."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


_PANEL = "Training"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True)
class Training:
    """What is trained, and how."""

    classifier: Annotated[
        str,
        name_option(
            CHOOSABLE_CLASSIFIERS,
            "--classifier",
            help=f"Classifier to train: {described(CLASSIFIERS)}. For a pack that labels spans, a tagger.",
            panel=_PANEL,
        ),
    ] = "bert"
    base: Annotated[
        str | None,
        _option(
            "--base",
            metavar="MODEL",
            help="Checkpoint to fine-tune, or for hybrid to read texts with: a folder or a name on the Hugging Face hub.",
        ),
    ] = None
    epochs: Annotated[int | None, _option("--epochs", min=1, metavar="N", help="Passes over the training rows.")] = None
    lr: Annotated[
        str | None,
        _option("--lr", metavar="RATE,...", help="Learning rate; of several, the best on --validation is used."),
    ] = None
    batch_size: Annotated[int | None, _option("--batch-size", min=1, metavar="N", help="Texts per training step.")] = (
        None
    )
    max_length: Annotated[int | None, _option("--max-length", min=8, help="Maximum number of tokens per text.")] = None
    max_rows: Annotated[
        int | None,
        _option(
            "--max-rows",
            min=10,
            metavar="N",
            help="Train on a sample of N rows if there are more. Default: 1,000,000 for bert, 2,000 for generator, 200,000 for "
            "the others.",
        ),
    ] = None
    pretrain_epochs: Annotated[
        int,
        _option("--pretrain-epochs", min=0, help="Epochs of masked-language modelling on the corpus before training."),
    ] = 0
    validation: Annotated[
        str | None,
        _option(
            "--validation",
            metavar="FILE",
            help="Rows with gold, to choose the best epoch; without --epochs, training stops after 2 epochs without "
            "improvement, at most 5.",
        ),
    ] = None
    gold: Annotated[str, _option("--gold", metavar="COLUMN", help="Gold column of --validation.")] = "label"
    metric: Annotated[
        Literal["loss", "accuracy", "macro_f1", "f1"],
        _option("--metric", help="Metric on --validation by which epoch and learning rate are chosen."),
    ] = "loss"
    run_folder: Annotated[
        Path | None,
        _option(
            "--run-folder",
            metavar="FOLDER",
            help="Folder for logs and checkpoints, from which an interrupted training resumes.",
        ),
    ] = None
    log: Annotated[list[_Log] | None, _option("--log", help="Also log epochs to this tool; repeatable.")] = None
    onnx: Annotated[
        bool, _option("--onnx", help="Also write an 8-bit ONNX export, for weaklabel predict --backend onnx.")
    ] = False

    def check(self, task: str) -> None:
        """Refuse options that the classifier, or tagger, does not use, before anything is read."""
        if task == "spans":
            check_tagger(
                CHOOSABLE_CLASSIFIERS.check(self.classifier, task),
                run_folder=self.run_folder is not None,
                validation=self.validation is not None,
                gold=self.gold != "label",
                onnx=self.onnx,
            )
            return
        name, cls = self.classifier, CLASSIFIERS[CHOOSABLE_CLASSIFIERS.check(self.classifier, task)]
        if self.run_folder is not None and not cls.has_param("run_folder"):
            raise ConfigError(f"the {name} classifier writes neither a log nor checkpoints; leave --run-folder out")
        if self.validation is not None and not cls.uses_validation:
            raise ConfigError(f"the {name} classifier does not use validation rows; leave --validation out")
        if self.onnx:
            EXPORTERS["onnx"]().check(cls)

    def settings(self, params: Sequence[str]) -> ClassifierSettings:
        """Return the classifier's settings; ``params`` are what ``--set`` says of it."""
        from weaklabel.config import ClassifierSettings

        own = {
            "name": self.classifier,
            "model": self.base,
            "epochs": self.epochs,
            "lr": learning_rates(self.lr),
            "batch_size": self.batch_size,
            "max_length": self.max_length,
            "max_rows": self.max_rows,
            "metric": None if self.metric == "loss" else self.metric,
            "pretrain_epochs": self.pretrain_epochs or None,
            "loggers": [name.value for name in self.log] if self.log else None,
        }
        return chosen_settings(ClassifierSettings, own, params)

    def held_out(self, reading: Reading) -> Corpus | None:
        """Open the rows of ``--validation``."""
        return None if self.validation is None else reading.open(self.validation, hide=[self.gold], limited=False)


@expanded
def train(
    corpus: CorpusArg,
    lfs: LFs,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="Folder to write the classifier to.")],
    *,
    decisions: DecisionsOpt = None,
    training: Training,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Label a corpus and train a classifier, or a tagger of spans, on the labels.

    \b
    Examples:
      weaklabel train messages.csv --lfs spam -o model
      weaklabel train messages.csv --lfs spam --base bert-base-uncased --epochs 2 -o model
      weaklabel train messages.csv --lfs spam --validation gold.csv --lr 5e-5,1e-4,2e-4 -o model
      weaklabel train messages.csv --lfs spam --classifier linear --set classifier.C=2 -o model
      weaklabel train messages.csv --lfs spam --decisions review/decisions.jsonl -o model
      weaklabel predict new.csv --model model -o predicted.csv

    With --decisions the label model is fitted with the decided labels, too, and the classifier is trained on all labels, then
    on the decided rows. Of labeling functions that mark spans (TASK = "spans"), a tagger is trained, with the decided spans
    in place of the others.
    """
    from weaklabel.classifier import check_model_folder
    from weaklabel.classifier.named import make_classifier
    from weaklabel.decisions import agreed_classes, read_decisions
    from weaklabel.job.training import check_trainable

    caching.apply()
    check_model_folder(out)
    loaded = voting.load(lfs, quiet=printing.quiet)
    training.check(loaded.task)
    labeling, params = labeling.for_classifier()
    settings = training.settings(params)
    if loaded.task == "spans":
        rows = reading.open(corpus)
        _check_outputs(out, training, labeling, [rows], loaded, decisions)
        announce_replaced(out, printing=printing, dry_run=dry_run)
        trained, text = train_spans(
            rows,
            loaded,
            voting_options(labeling, voting),
            settings,
            out,
            validation=training.validation,
            decisions=decisions,
            run_folder=training.run_folder,
            onnx=training.onnx,
            dry_run=dry_run,
            progress=not printing.quiet,
        )
        written = "nothing written (dry run)" if dry_run else f"{settings.name} tagger written to {shown_path(out)}"
        printing.summary(trained, f"{text}\n{written}")
        return
    rows, held = reading.open(corpus), training.held_out(reading)
    _check_outputs(out, training, labeling, [rows, held] if held else [rows], loaded, decisions)
    announce_replaced(out, printing=printing, dry_run=dry_run)
    model = make_classifier(
        settings.name,
        settings.options(),
        loaded.labels,
        labeling.seed,
        log=training.run_folder,
        progress=not printing.quiet,
        validated=held is not None,
    )
    check = None if held is None else _with_gold(held, training.gold, loaded.labels)
    made = read_decisions(decisions) if decisions else None
    Y = None if made is None else decided_rows(rows, made, loaded.labels)
    decided = None if made is None else agreed_classes(made, loaded.labels)
    labeled = vote_and_label(rows, loaded, labeling, voting, quiet=printing.quiet, decided=decided)
    if Y is None:
        check_trainable(labeled.voted.covered, rows)
    result: dict[str, Any] = {
        "rows": labeled.n,
        "rejects": labeled.voted.n_rejects,
        "covered": labeled.voted.covered,
        "label_model": labeled.model.describe(loaded.names) or labeling.label_model,
        "decided": None if Y is None else int((Y >= 0).sum()),
        "classifier": settings.name,
        "model": str(out),
    }
    if not dry_run:
        result |= _train(model, labeled, Y, check, settings.max_rows, labeling, out, training.onnx)
    written = "nothing written (dry run)" if dry_run else f"{settings.name} classifier written to {shown_path(out)}"
    printing.summary(result, _as_text(result, written))


def _with_gold(held: Corpus, gold: str, labels: tuple[str, ...]) -> tuple[list[str], Labels]:
    """Return texts and classes of the rows of ``--validation``."""
    from weaklabel.label_names import encode_labels

    return held.model_texts(), encode_labels(held.column(gold), labels, f"{held.name}, column '{gold}'")


def _train(
    model: Classifier,
    labeled: LabeledCorpus,
    Y: Labels | None,
    check: tuple[list[str], Labels] | None,
    max_rows: int | None,
    labeling: Labeling,
    out: Path,
    onnx: bool,
) -> dict[str, Any]:
    """Train on a labeled corpus, then on its decided rows if there are any, and save; return what to print of that."""
    import numpy as np

    from weaklabel.job.training import training_rows

    corpus, lfs = labeled.corpus, labeled.voted.lfs
    clean = None if Y is None else np.flatnonzero(Y >= 0)
    sample = training_rows(corpus, labeled.probs, model, max_rows, seed=labeling.seed, always=clean)
    _fit(model, sample.texts, sample.probs, None if Y is None else Y[sample.rows], check)
    texts = f"{labeled.n:,} texts of {Path(corpus.name).name}"
    provenance = _provenance(lfs, texts, labeling.label_model, None if clean is None else len(clean))
    if sample.is_sample:
        provenance = f"{provenance} {sample.describe()}"
    saved = _save(model, out, provenance, corpus.entities, sample.texts if onnx else None)
    return {"training_rows": len(sample.rows), "trainable_rows": sample.n_trainable} | saved


def _check_outputs(
    out: Path,
    training: Training,
    labeling: Labeling,
    corpora: list[Corpus],
    lfs: LFCollection,
    decisions: Path | None,
) -> None:
    """Refuse to write a model or the files of a training over an input, before anything is trained."""
    from weaklabel.classifier import written_by_model, written_by_training

    run_folder, base = training.run_folder, training.base
    written = [*written_by_model(out), *(written_by_training(run_folder) if run_folder else ())]
    if run_folder is not None and run_folder.exists() and not run_folder.is_dir():
        raise ConfigError(f"{run_folder} is a file; choose a folder for --run-folder")
    bases: dict[str, list[Any]] = (
        {"the checkpoint to fine-tune (--base)": [base]} if base and Path(base).exists() else {}
    )
    if training.validation is not None:
        bases["the validation rows (--validation)"] = [training.validation]
    check_outputs(out, *written, corpora=corpora, lfs=lfs, decisions=decisions, others=bases | labeling.inputs())


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


def _provenance(lfs: LFCollection, texts: str, label_model: str, decided: int | None) -> str:
    """Return the sentence in the model card on the training data."""
    sentence = (
        f"{len(lfs)} labeling functions ({', '.join(lfs.specs)}) voted on {texts}; the label model '{label_model}' turned the "
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


def learning_rates(option: str | None) -> float | list[float] | None:
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
