"""The pages that a reader sees: README.md, CONTRIBUTING.md, benchmarks/README.md, and those in docs/."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks" / "README.md",
]
PAGES += sorted((ROOT / "docs").glob("*.md"))

FENCE = re.compile(r"^(```+|~~~+)(.*?)\n(.*?)^\1[ ]*$", re.M | re.S)
"""A block of code: fence, what is said of it, the code."""


def name_of(page: Path) -> str:
    """The page's path in the repository, to name a test by."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """A page without its blocks of code, comments and code within lines."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text, flags=re.S)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    text, seen, result = FENCE.sub("", page.read_text(encoding="utf-8")), {}, set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#* *$", text, re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        result.add(f"{slug}-{count}" if count else slug)
    return result
