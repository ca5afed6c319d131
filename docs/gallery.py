"""The gallery of ready packs, from the packs themselves: what they say they label, and what they do on examples of our own."""

from __future__ import annotations

import ast
import re

from weaklabel.lf.packs import LFCollection

EXAMPLES = {
    "names": [
        "Dr. Helen Ward of Northgate Motors Inc. flew to Paris on 3 May 2021.",
        "The bank in Berlin paid $2.5 million.",
        "nothing to see here",
    ],
    "names_zh": ["王教授2021年5月3日从北京大学来到上海市。", "这家公司付了三百万元。", "没有什么可看的"],
    "question": [
        "Who painted the ceiling?",
        "How many legs does a spider have?",
        "What does NATO stand for?",
        "Where is the highest lake?",
    ],
    "sentiment": [
        "A masterpiece. Go and see it!",
        "Boring from the first minute, a waste of time.",
        "The film lasts two hours.",
    ],
    "sentiment_zh": ["菜很好吃，强烈推荐！", "服务太差，再也不会来了。", "我们三个人去的。"],
    "spam": [
        "You have won a £500 prize! Call 09061234567 now",
        "See you at lunch, love",
        "Claim your free ringtone, txt WIN to 80085",
    ],
    "topic": [
        "The striker scored twice before half-time and the coach praised his team.",
        "Shares fell after the bank cut its profit forecast.",
        "The minister told parliament that the election would be in May.",
        "The weather was fine.",
    ],
}


def packs() -> str:
    """Return a table of the ready packs, then a section for each with its labeling functions and examples."""
    from weaklabel.lf.packs import ready_packs

    lines = [
        "| pack | what it labels | language | labels | labeling functions | voting here |",
        "| --- |" + " --- |" * 5,
    ]
    sections = []
    for name in ready_packs():
        row, section = _described(name)
        lines.append(row)
        sections.append(section)
    return "\n".join(lines) + "\n\n" + "\n\n".join(sections)


def _described(name: str) -> tuple[str, str]:
    from weaklabel import load_lfs
    from weaklabel.registries import SPANS

    lfs = load_lfs(name)
    title, about = _docstring(name)
    language = re.search(r"Language: (\w+)", about)
    assert language, f"the pack {name} does not say its language"
    examples, voting = _span_examples(lfs, name) if lfs.task == SPANS else _text_examples(lfs, name)
    kinds = "\n".join(f"| `{lf.name}` | {lf.kind} | {_cell(lf.label_text(lfs.labels) or 'several')} |" for lf in lfs)
    labels = ", ".join(lfs.labels)
    row = f"| [`{name}`](#{name}) | {title} | {language[1]} | {labels} | {len(lfs)} | {voting} |"
    shown = "\n".join(f"| {_cell(text)} | {_cell(label)} |" for text, label in examples)
    section = f"""## {name}

{about}

| example | label |
| --- | --- |
{shown}

| labeling function | kind | votes for |
| --- | --- | --- |
{kinds}"""
    return row, section


def _docstring(name: str) -> tuple[str, str]:
    """Return the title of a pack's docstring, and its first paragraph."""
    from weaklabel.lf.packs import ready_packs

    text = ast.get_docstring(ast.parse(ready_packs()[name].read_text(encoding="utf-8"))) or ""
    title, paragraph = text.split("\n\n")[:2]
    return title.rstrip("."), " ".join(paragraph.split()).replace("``", "`")


def _text_examples(lfs: LFCollection, name: str) -> tuple[list[tuple[str, str]], int]:
    from weaklabel import MajorityVote, apply_lfs

    votes = apply_lfs(lfs, EXAMPLES[name])
    numbers = MajorityVote(len(lfs.labels)).fit(votes).predict(votes)
    labels = [lfs.labels[number] if number >= 0 else "—" for number in numbers]
    return list(zip(EXAMPLES[name], labels, strict=True)), int((votes.L != -1).any(axis=0).sum())


def _span_examples(lfs: LFCollection, name: str) -> tuple[list[tuple[str, str]], int]:
    from weaklabel import apply_lfs
    from weaklabel.label_model.sequence import SpanVote
    from weaklabel.units import in_code_points

    texts = EXAMPLES[name]
    votes = apply_lfs(lfs, texts)
    spans = in_code_points(SpanVote().fit(votes).predict(votes).spans, votes.words)
    shown = [
        ", ".join(f"{text[begin:end]} ({lfs.labels[label]})" for begin, end, label in spans.of_row(row)) or "—"
        for row, text in enumerate(texts)
    ]
    return list(zip(texts, shown, strict=True)), sum(bool(len(of_lf)) for of_lf in votes.spans)


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|")
