"""BERT prediction on the CPU: plain fp32 transformers, weaklabel's default, and its ONNX export of 8-bit weights.

    OMP_NUM_THREADS=2 OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 python -m benchmarks.speed.bert_prediction

One model, trained on 500 of the demonstration's messages with their majority votes, predicts other messages: those with
gold first, by which F1 of spam is taken, then unlabeled ones, repeated with a number at the end where more are asked for.
Timed with a loaded model, and in a fresh process that imports and loads first. Agreement is with plain fp32.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

from benchmarks.common import arguments, in_turn, save

TRAINED_ON = 500
ARMS = ["plain fp32", "weaklabel", "weaklabel onnx"]


def predictor(arm, folder):
    """Return what turns texts into probabilities."""
    if arm != "plain fp32":
        from weaklabel import load_classifier

        return load_classifier(folder, backend="onnx" if arm == "weaklabel onnx" else "torch").predict_proba
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def plain(texts):
        """What one writes first: batches of 32 in the order of the input, each padded to its longest text."""
        probs = []
        with torch.inference_mode():
            for begin in range(0, len(texts), 32):
                batch = texts[begin : begin + 32]
                inputs = tokenizer(batch, padding=True, truncation=True, max_length=128, return_tensors="pt")
                probs.append(torch.softmax(model(**inputs).logits, dim=1))
        return torch.cat(probs).numpy()

    return plain


def train(folder, model_folder):
    """Save the model with its export; return messages to predict, those with gold first, and the gold: 1 for spam."""
    from weaklabel import BertClassifier, MajorityVote, apply_lfs, load_lfs, read_corpus
    from weaklabel.project.demo import prepare_demo

    prepare_demo(folder)
    unlabeled = read_corpus(folder / "data" / "unlabeled.csv").texts()
    lfs = load_lfs("spam")
    votes = apply_lfs(lfs, unlabeled[:TRAINED_ON])
    probs = MajorityVote(len(lfs.labels)).fit(votes).predict_proba(votes)
    model = BertClassifier(labels=lfs.labels).fit(unlabeled[:TRAINED_ON], probs)
    model.save(model_folder, onnx=unlabeled[:TRAINED_ON])
    tested = read_corpus(folder / "data" / "test.csv")
    gold = lfs.encode(tested.column("label")) == lfs.labels.index("spam")
    return tested.texts() + unlabeled[TRAINED_ON:], gold, lfs.labels.index("spam")


def enough(texts, n):
    """Return ``n`` different texts."""
    rounds = -(-n // len(texts))
    return [f"{text} {turn}" if turn else text for turn in range(rounds) for text in texts][:n]


def in_fresh_process(arm, model, texts_file):
    """Predict in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed.bert_prediction", arm, model, texts_file]
    subprocess.run(command, check=True)


def main():
    # Imported here, since a process that predicts is timed with its imports.
    import torch
    from sklearn.metrics import f1_score
    from transformers import AutoTokenizer

    from weaklabel.classifier import export_check
    from weaklabel.encoder.encoder import default_model

    options = arguments(__doc__, texts=3000, rounds=3)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        model, texts_file = Path(folder) / "model", Path(folder) / "texts.json"
        messages, gold, spam = train(Path(folder), model)
        texts = enough(messages, options.texts)
        texts_file.write_text(json.dumps(texts))
        loaded = {arm: predictor(arm, model) for arm in ARMS}
        probs = {arm: predict(texts) for arm, predict in loaded.items()}
        arms = in_turn({arm: partial(predict, texts) for arm, predict in loaded.items()}, options.rounds)
        alone = {arm: partial(in_fresh_process, arm, str(model), str(texts_file)) for arm in ARMS}
        fresh = in_turn(alone, options.rounds)
        check = export_check(model)
    plain, n_gold = probs["plain fp32"].argmax(axis=1), min(len(gold), len(texts))
    for arm, figures in arms.items():
        chosen = probs[arm].argmax(axis=1)
        figures |= {
            "texts_per_second": round(len(texts) / figures["median"], 1),
            "times_plain": round(arms["plain fp32"]["median"] / figures["median"], 2),
            "with_loading": fresh[arm],
            "times_plain_with_loading": round(fresh["plain fp32"]["median"] / fresh[arm]["median"], 2),
            "agreement": float((chosen == plain).mean()),
            "f1": round(float(f1_score(gold[:n_gold], chosen[:n_gold] == spam)), 4),
        }
    tokens = [len(ids) for ids in AutoTokenizer.from_pretrained(default_model())(texts)["input_ids"]]
    setting = {
        "texts": len(texts),
        "texts_with_gold": n_gold,
        "tokens_a_text": round(statistics.mean(tokens), 1),
        "threads": torch.get_num_threads(),
        "export_check": check,
    }
    save("speed_bert_prediction", ["torch", "transformers", "onnxruntime"], {"setting": setting, "arms": arms})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    lines = ["| prediction | texts/s | times plain | with loading | agreement | F1 |", "|---|---:|---:|---:|---:|---:|"]
    for name, arm in result["arms"].items():
        lines.append(
            f"| {name} | {arm['texts_per_second']:,.0f} | {arm['times_plain']:.1f} | "
            f"{arm['times_plain_with_loading']:.1f} | {arm['agreement']:.1%} | {arm['f1']:.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in ARMS:
        predictor(sys.argv[1], sys.argv[2])(json.loads(Path(sys.argv[3]).read_text()))
    else:
        main()
