"""The page on architecture names what exists: every room, every path, every function."""

import ast
import re

from tests.docs.pages import ROOT
from tests.test_architecture import ORDER

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`\n]+)`", PAGE)


def defined_in(path):
    """Names of the classes, functions and methods of a file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def test_paths_exist():
    paths = [name for name in CODE if "/" in name and " " not in name]
    assert len(paths) > 30
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_functions_are_where_the_page_says():
    """In the text `function` of `file` stands for a function that the file defines."""
    output = re.findall(r"`([\w.]+)(?:\(\))?` \(`(weaklabel/[\w/]+\.py)`\)", PAGE)
    assert len(output) >= 8
    wrong = [f"{name} in {path}" for name, path in output if name not in defined_in(ROOT / path)]
    assert not wrong


def test_every_room_is_listed_in_the_order_of_imports():
    listed = re.findall(r"^\| `weaklabel/(\w+)(?:\.py|/)` \|", PAGE, re.M)
    assert listed == ORDER[: ORDER.index("__main__")]


def test_how_to_contribute_gives_the_order_of_imports():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    given = re.search(r"^    errors <.*?\n\n", text, re.M | re.S)
    assert given and re.findall(r"\w+", given[0]) == ORDER[: ORDER.index("__main__")]
