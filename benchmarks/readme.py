"""Write the README's tables from the committed results.

python -m benchmarks.readme
"""

import json
import re
from pathlib import Path

from benchmarks.common import RESULTS

README = Path(__file__).parents[1] / "README.md"

STAGES = {
    "majority_vote": "majority vote of the labeling functions",
    "label_model": "Snorkel's label model",
    "linear": "linear classifier, trained on its labels",
    "bert": "**BERT, trained on its labels**",
    "gold_ceiling": "the same BERT, trained on true labels",
}


def load(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def demo_table():
    stages = load("quality_demo")["stages"]
    lines = [
        "| spam among SMS messages | precision | recall | F1 (95% interval of the first seed) |",
        "| --- | ---: | ---: | ---: |",
    ]
    for stage, name in STAGES.items():
        figures = stages[stage]
        low, high = figures["f1_interval_of_seed_0"]
        means = f"{figures['mean_precision']:.3f} | {figures['mean_recall']:.3f} | {figures['mean_f1']:.3f}"
        lines.append(f"| {name} | {means} ({low:.3f} to {high:.3f}) |")
    return "\n".join(lines)


def training_table():
    result = load("speed_bert_training")
    setting, arms = result["setting"], result["arms"]
    lines = [
        f"| fine-tuning, {setting['tokens_a_text']} tokens a text, {setting['threads']} threads | texts/s | ratio |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {arm['texts_per_second']} | {arm['times_slower']:.1f} |" for name, arm in arms.items()]
    return "\n".join(lines)


def main():
    text = README.read_text(encoding="utf-8")
    for mark, table in {"demo table": demo_table(), "training table": training_table()}.items():
        block = f"<!-- {mark} -->\n{table}\n<!-- end of {mark} -->"
        text, found = re.subn(rf"<!-- {mark} -->.*?<!-- end of {mark} -->", lambda _, b=block: b, text, flags=re.S)
        assert found == 1, f"the README has no place for the {mark}"
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
