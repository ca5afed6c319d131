"""Main text of web pages: what `weaklabel collect` takes, beside other packages, and how fast.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.extraction --peers-folder PEERS [--pages N] [--rounds R]

Pages are made from a seed (`benchmarks.quality.pages`): every layout in three languages. A text is compared with the main
text of its page by the counts of their runs of four words (of four characters in Chinese): precision, recall and F1 of a page,
and their means, as in "Article Extraction Benchmark" (Scrapinghub, 2020). The options of weaklabel were chosen on pages of
seed 1. Speed is CPU time of one process; the arms are timed in turn, and the fastest round counts. Peers are installed in a
folder of their own: ``pip install --no-deps --target PEERS -r benchmarks/quality/extraction_peers.txt``.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.metadata import version
from statistics import fmean

from benchmarks.common import save
from benchmarks.quality.pages import LAYOUTS, SENTENCES, MadePage, made_pages

N_GRAM = 4
LANGUAGES = {"en": "English", "de": "German"}


def weaklabel_arm(which: str) -> Callable[[MadePage], str]:
    from weaklabel.collect.decoding import Unreadable
    from weaklabel.collect.extract import html

    def extract(page: MadePage) -> str:
        try:
            return html(page.source.encode(), {"html_text": which, "encoding": None}).text
        except Unreadable:
            return ""

    return extract


def trafilatura_arm(**options: bool) -> Callable[[MadePage], str]:
    import trafilatura

    return lambda page: trafilatura.extract(page.source, **options) or ""


def resiliparse_arm(page: MadePage) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(page.source, main_content=True, alt_texts=False, links=False, comments=False)


def justext_arm(page: MadePage) -> str:
    import justext

    words = justext.get_stoplist(LANGUAGES[page.language]) if page.language in LANGUAGES else frozenset()
    # For a language without a list of stop words its documentation says to set both bounds to zero.
    bounds = {} if words else {"stopwords_low": 0, "stopwords_high": 0}
    paragraphs = justext.justext(page.source.encode(), words, encoding="utf-8", **bounds)
    return "\n\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


def readability_arm(page: MadePage) -> str:
    from lxml.html import fromstring
    from readability import Document

    return fromstring(Document(page.source).summary()).text_content()


def boilerpy_arm() -> Callable[[MadePage], str]:
    from boilerpy3.extractors import ArticleExtractor

    extractor = ArticleExtractor(raise_on_failure=False)
    return lambda page: extractor.get_content(page.source)


def inscriptis_arm(page: MadePage) -> str:
    from inscriptis import get_text

    return get_text(page.source)


def html2text_arm() -> Callable[[MadePage], str]:
    import html2text

    def extract(page: MadePage) -> str:
        converter = html2text.HTML2Text(bodywidth=0)
        converter.ignore_links = converter.ignore_images = converter.ignore_emphasis = True
        return converter.handle(page.source)

    return extract


def selectolax_arm(page: MadePage) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(page.source)
    tree.strip_tags(["script", "style", "noscript", "nav", "header", "footer", "aside"])
    return tree.body.text(separator="\n") if tree.body is not None else ""


ARMS: dict[str, tuple[str, Callable[[], Callable[[MadePage], str]]]] = {
    "weaklabel, main text": ("trafilatura", lambda: weaklabel_arm("main")),
    "weaklabel, all text": ("resiliparse", lambda: weaklabel_arm("all")),
    "trafilatura": ("trafilatura", trafilatura_arm),
    "trafilatura, fast, no comments": ("trafilatura", lambda: trafilatura_arm(fast=True, include_comments=False)),
    "trafilatura, fast, no comments, precision": (
        "trafilatura",
        lambda: trafilatura_arm(fast=True, include_comments=False, favor_precision=True),
    ),
    "resiliparse, main content": ("resiliparse", lambda: resiliparse_arm),
    "justext": ("justext", lambda: justext_arm),
    "readability-lxml": ("readability-lxml", lambda: readability_arm),
    "boilerpy3, articles": ("boilerpy3", boilerpy_arm),
    "selectolax, parts taken out by name": ("selectolax", lambda: selectolax_arm),
    "inscriptis": ("inscriptis", lambda: inscriptis_arm),
    "html2text": ("html2text", html2text_arm),
}


def grams(text: str) -> Counter[tuple[str, ...]]:
    """Count the runs of four words, where a Chinese character is a word; a shorter text is one run."""
    words = re.findall(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", text.lower())
    return Counter(tuple(words[start : start + N_GRAM]) for start in range(max(1, len(words) - N_GRAM + 1)) if words)


def score(page: MadePage, text: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of a text."""
    wanted, got = grams("\n".join(page.blocks)), grams(text)
    common = (wanted & got).total()
    precision = common / got.total() if got else 0.0
    recall = common / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=12, help="of each layout in each language")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers-folder", help="where peers are installed")
    options = parser.parse_args()
    if options.peers_folder:
        sys.path.append(options.peers_folder)
    pages = made_pages(options.pages, options.seed)
    arms = {name: make() for name, (_, make) in ARMS.items()}
    seconds: dict[str, list[float]] = defaultdict(list)
    figures = {}
    for number in range(options.rounds):
        for name, extract in arms.items():
            began = time.process_time()
            texts = [extract(page) for page in pages]
            seconds[name].append(time.process_time() - began)
            print(f"round {number + 1}/{options.rounds}: {name}: {seconds[name][-1]:.2f} CPU s", file=sys.stderr)
            if number == 0:
                figures[name] = scored(pages, texts)
    for name, times in seconds.items():
        figures[name]["pages_per_cpu_second"] = round(len(pages) / min(times), 1)
        figures[name]["version"] = version(ARMS[name][0])
    setting = {
        "pages": len(pages),
        "layouts": list(LAYOUTS),
        "languages": list(SENTENCES),
        "seed": options.seed,
        "mean_bytes": round(fmean(len(page.source.encode()) for page in pages)),
        "rounds": options.rounds,
    }
    result = {"setting": setting, "arms": figures}
    print(table(result))
    save("quality_extraction", sorted({package for package, _ in ARMS.values()} | {"lxml"}), result)


def scored(pages: list[MadePage], texts: list[str]) -> dict:
    """Return the mean scores of all pages, and the mean F1 by layout and by language."""
    scores = [score(page, text) for page, text in zip(pages, texts, strict=True)]
    means = {name: round(fmean(each[n] for each in scores), 4) for n, name in enumerate(("precision", "recall", "f1"))}
    groups: dict[str, dict[str, list[float]]] = {"layout": defaultdict(list), "language": defaultdict(list)}
    for page, (*_, f1) in zip(pages, scores, strict=True):
        groups["layout"][page.layout].append(f1)
        groups["language"][page.language].append(f1)
    return means | {
        f"f1_by_{kind}": {name: round(fmean(values), 4) for name, values in of.items()} for kind, of in groups.items()
    }


def table(result: dict) -> str:
    """Return the figures as a Markdown table."""
    layouts = result["setting"]["layouts"]
    lines = [
        f"| main text of pages | precision | recall | F1 | {' | '.join(layouts)} | Chinese | pages / CPU s |",
        f"| --- | {' | '.join(['---:'] * (len(layouts) + 5))} |",
    ]
    for name, figures in sorted(result["arms"].items(), key=lambda arm: -arm[1]["f1"]):
        by = [figures["f1_by_layout"][layout] for layout in layouts] + [figures["f1_by_language"]["zh"]]
        cells = [f"{value:.3f}" for value in (figures["precision"], figures["recall"], figures["f1"], *by)]
        shown = f"**{name}**" if name.startswith("weaklabel") else name
        lines.append(f"| {shown} | {' | '.join(cells)} | {figures['pages_per_cpu_second']:,.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
