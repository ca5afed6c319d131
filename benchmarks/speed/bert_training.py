"""BERT fine-tuning on the CPU: ours against a plain fp32 loop, and against one that pads to 128 tokens.

    python -m benchmarks.speed.bert_training

Same checkpoint, texts, batch size and number of steps; no validation. The texts are the demonstration's messages.
"""

import statistics
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.common import arguments, in_turn, save
from weaklabel import BertClassifier, read_corpus
from weaklabel.encoder.encoder import default_model
from weaklabel.project.demo import prepare_demo


def plain_loop(texts, targets, padding):
    """What one writes first: fp32, batches in random order, AdamW as it comes."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(default_model())
    model = AutoModelForSequenceClassification.from_pretrained(default_model(), num_labels=2).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    for rows in np.array_split(np.random.default_rng(0).permutation(len(texts)), max(1, len(texts) // 32)):
        batch = tokenizer(
            [texts[r] for r in rows], padding=padding, truncation=True, max_length=128, return_tensors="pt"
        )
        loss = torch.nn.functional.cross_entropy(model(**batch).logits, torch.tensor(targets[rows]))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def main():
    options = arguments(__doc__, texts=640, rounds=3)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        prepare_demo(Path(folder))
        texts = read_corpus(Path(folder) / "data" / "unlabeled.csv").texts()[: options.texts]
    share = np.random.default_rng(0).random(len(texts))
    targets = np.column_stack([share, 1 - share])
    tokens = [len(ids) for ids in AutoTokenizer.from_pretrained(default_model())(texts)["input_ids"]]
    arms = {
        "weaklabel": lambda: BertClassifier(epochs=1).fit(texts, targets),
        "plain fp32": lambda: plain_loop(texts, targets, padding=True),
        "plain fp32, padded to 128": lambda: plain_loop(texts, targets, padding="max_length"),
    }
    times = in_turn(arms, options.rounds)
    for figures in times.values():
        figures["texts_per_second"] = round(len(texts) / figures["median"], 1)
        figures["times_slower"] = round(figures["median"] / times["weaklabel"]["median"], 2)
    setting = {
        "texts": len(texts),
        "tokens_a_text": round(statistics.mean(tokens), 1),
        "threads": torch.get_num_threads(),
    }
    save("speed_bert_training", ["torch", "transformers"], {"setting": setting, "arms": times})


if __name__ == "__main__":
    main()
