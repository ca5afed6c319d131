"""``weaklabel tune``: fine-tune a language model on conversations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from weaklabel.cli.options import DryRunOpt, SeedOpt, expanded
from weaklabel.cli.printing import Printing, shown_path
from weaklabel.cli.train import learning_rates
from weaklabel.cli.writing import check_outputs
from weaklabel.errors import ConfigError, visible

_PANEL = "Training"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True)
class Tuning:
    """What is fine-tuned, and how."""

    model: Annotated[
        str,
        _option("--model", metavar="MODEL", help="smollm2, a folder with a causal model, or a Hugging Face hub name."),
    ] = "smollm2"
    method: Annotated[Literal["lora", "full"], _option("--method", help="Train low-rank adapters, or all weights.")] = (
        "lora"
    )
    rank: Annotated[int, _option("--rank", min=1, help="Rank of the adapters.")] = 8
    epochs: Annotated[int, _option("--epochs", min=1, metavar="N", help="Passes over the rows.")] = 1
    lr: Annotated[
        str,
        _option("--lr", metavar="RATE,...", help="Learning rate; of several, the best on validation rows is used."),
    ] = "5e-4"
    batch_size: Annotated[int, _option("--batch-size", min=1, metavar="N", help="Rows per training step.")] = 8
    max_length: Annotated[int, _option("--max-length", min=16, help="Longer rows, in tokens, are left out.")] = 512
    max_rows: Annotated[
        int | None, _option("--max-rows", min=1, metavar="N", help="Train on a random sample of N rows.")
    ] = None
    validation: Annotated[
        Path | None, _option("--validation", metavar="FILE", help="JSONL file with rows to choose the best evaluation.")
    ] = None
    validation_share: Annotated[
        float,
        _option("--validation-share", min=0, max=0.9, help="Share of the rows held out, without --validation."),
    ] = 0.1
    patience: Annotated[
        int | None, _option("--patience", min=1, help="Stop after so many evaluations without improvement.")
    ] = None
    evaluations: Annotated[int, _option("--evaluations", min=1, help="How often validation rows are looked at.")] = 4
    rl_steps: Annotated[
        int,
        _option(
            "--rl-steps",
            min=0,
            metavar="N",
            help="Then N steps of reinforcement learning (GRPO): drawn answers are rewarded if they are the row's.",
        ),
    ] = 0
    run_folder: Annotated[
        Path | None,
        _option(
            "--run-folder", metavar="FOLDER", help="Logs and checkpoints, from which an interrupted training resumes."
        ),
    ] = None
    log: Annotated[
        str | None, _option("--log", metavar="NAME,...", help="Also log the curve to tensorboard or mlflow.")
    ] = None


@expanded
def tune(
    data: Annotated[str, typer.Argument(metavar="DATA.jsonl", help="Conversations, as weaklabel export writes them.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="Folder to write the model to.")],
    *,
    tuning: Tuning,
    seed: SeedOpt = 0,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Fine-tune a language model on prompts and answers; the loss is that of the answers only.

    \b
    Examples:
      weaklabel tune chat.jsonl -o model
      weaklabel tune chat.jsonl --model ./Qwen2.5-0.5B --epochs 2 --lr 1e-4,5e-4 -o model
      weaklabel tune chat.jsonl --run-folder run --log tensorboard -o model

    MODEL gets the adapters (or with --method full all weights) and a model card. To train a language model as a classifier,
    with scores, give --classifier generator to weaklabel train, or [generator] in a project file.
    """
    from weaklabel.generator import CausalFineTuner, read_examples
    from weaklabel.generator.saving import check_tuned_folder

    _check_outputs(data, out, tuning)
    check_tuned_folder(out)
    if tuning.run_folder is not None and tuning.run_folder.exists() and not tuning.run_folder.is_dir():
        raise ConfigError(f"{tuning.run_folder} is a file; choose a folder for --run-folder")
    rows = read_examples(data)
    held = None if tuning.validation is None else read_examples(tuning.validation)
    sample = _sampled(rows, tuning.max_rows, seed)
    tuner = CausalFineTuner(
        tuning.model,
        method=tuning.method,
        rank=tuning.rank,
        epochs=tuning.epochs,
        evaluations=tuning.evaluations,
        batch_size=tuning.batch_size,
        lr=learning_rates(tuning.lr) or 5e-4,
        max_length=tuning.max_length,
        patience=tuning.patience,
        validation_share=0.0 if held is not None else tuning.validation_share,
        seed=seed,
        run_folder=tuning.run_folder,
        loggers=tuple(tuning.log.split(",")) if tuning.log else (),  # type: ignore[arg-type]
        progress=not printing.quiet,
    )
    tuner.check_params(held is not None)
    result: dict[str, Any] = {"data": data, "rows": len(rows), "model": tuning.model, "out": str(out)}
    if dry_run:
        printing.summary(result, f"{len(rows):,} rows; nothing written (dry run)")
        return
    tuner.fit(sample, held)
    if tuning.rl_steps:
        tuner.reinforce(sample, tuning.rl_steps)
    tuner.save(out, f"{len(sample):,} conversations of {Path(data).name}.")
    record = tuner.training_
    result |= {name: record[name] for name in ("train_rows", "validation_rows", "left_out", "tokens", "steps", "lr")}
    result["history"] = record["history"]
    printing.summary(result, _as_text(result, out))


def _sampled(rows: list[Any], most: int | None, seed: int) -> list[Any]:
    if most is None or len(rows) <= most:
        return rows
    import numpy as np

    return [rows[row] for row in np.sort(np.random.default_rng(seed).permutation(len(rows))[:most]).tolist()]


def _as_text(result: dict[str, Any], out: Path) -> str:
    last = result["history"][-1]
    losses = " to ".join(f"{entry['loss']:.3f}" for entry in (result["history"][0], last))
    checked = f", {last['validation_loss']:.3f} on {result['validation_rows']:,} held-out rows" * (
        "validation_loss" in last
    )
    return (
        f"{result['train_rows']:,} rows, {result['tokens']:,} tokens; loss {losses}{checked}; {visible(result['model'])} "
        f"fine-tuned, written to {shown_path(out)}"
    )


def _check_outputs(data: str, out: Path, tuning: Tuning) -> None:
    """Refuse to write the model or the files of the training over an input, before anything is trained."""
    from weaklabel.classifier import written_by_training

    inputs: dict[str, list[str | Path]] = {"the conversations": [data]}
    if tuning.validation is not None:
        inputs["the validation rows (--validation)"] = [tuning.validation]
    if Path(tuning.model).exists():
        inputs["the model to fine-tune (--model)"] = [tuning.model]
    check_outputs(out, *(written_by_training(tuning.run_folder) if tuning.run_folder else ()), others=inputs)
