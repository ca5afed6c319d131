"""Whether reinforcement learning helps a language model of 135M weights after fine-tuning, on the messages of the demo.

    python examples/sft/messages.py runs/sft/data
    weaklabel run examples/sft/project.toml
    python -m benchmarks.quality.reinforcement --seed 0 --labeled runs/sft/run/labeled.csv --test runs/sft/data/test.csv

The same model is scored on gold after fine-tuning on the label model's probabilities (SFT), and again after steps of GRPO with
a reward for answers that the label model agrees with. Each seed draws other rows to train on; the test rows stay the same.
"""

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import RESULTS, machine
from weaklabel import score
from weaklabel.generator import GeneratorClassifier

LABELS = ("ham", "spam")
NAME = "quality_reinforcement.json"


def main() -> None:
    """Run one seed, and put its figures beside those of the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in {"seed": 0, "rows": 160, "steps": 12, "prompts": 4, "answers": 4, "test-rows": 300}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--labeled", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=RESULTS / NAME)
    given = parser.parse_args()
    labeled = pl.read_csv(given.labeled, infer_schema_length=None)
    probs = labeled.select("p_ham", "p_spam").to_numpy()
    labels, order = probs.argmax(axis=1), np.random.default_rng(given.seed).permutation(len(probs))
    rows = np.sort(np.concatenate([order[labels[order] == label][: given.rows // 2] for label in (0, 1)]))
    gold = pl.read_csv(given.test)
    some = np.sort(np.random.default_rng(0).permutation(len(gold))[: given.test_rows])
    gold = gold[some]
    scores: dict[str, Any] = {}

    class Watched(GeneratorClassifier):
        """Scored before it is reinforced, too."""

        def _reinforce(self, rows: Any) -> None:
            logs, _ = self._logs(self._loaded(), gold["text"].to_list())
            scores["sft"] = scored(self.calibration_.probs(logs))
            scores["sft"]["cpu_seconds"] = round(time.process_time() - began)
            super()._reinforce(rows)

    def scored(predicted: np.ndarray) -> dict[str, float]:
        result = score(gold["label"].to_list(), predicted, labels=LABELS, positive="spam")
        return {
            "f1": result.f1,
            "accuracy": result.accuracy,
            "roc_auc": result.roc_auc,
            "f1_interval": result.intervals["f1"],
        }

    model = Watched(
        labels=LABELS,
        system="Is the message ham or spam?",
        lr=5e-4,
        batch_size=2,
        validation_share=0.1,
        samples=0,
        evaluations=2,
        seed=given.seed,
        rl_steps=given.steps,
        rl_prompts=given.prompts,
        rl_answers=given.answers,
        progress=True,
    )
    began = time.process_time()
    model.fit(labeled["text"].gather(rows).to_list(), probs[rows])
    scores["sft and grpo"] = scored(model.predict_proba(gold["text"].to_list()))
    scores["sft and grpo"]["cpu_seconds"] = round(time.process_time() - began)
    scores["reinforcement"] = model.training_["reinforcement"]
    settings = {name: getattr(given, name) for name in ("rows", "steps", "prompts", "answers", "test_rows")}
    earlier = json.loads(given.out.read_text()) if given.out.exists() else {"machine": machine(), "seeds": {}}
    earlier["command"] = "python -m benchmarks.quality.reinforcement"
    earlier["versions"] = {name: version(name) for name in ("torch", "transformers", "trl", "peft")}
    earlier["settings"] = settings
    earlier["seeds"][str(given.seed)] = scores
    given.out.write_text(json.dumps(earlier, indent=1) + "\n")
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
