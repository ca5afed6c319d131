"""The house rules that can be read off the source: import direction, and what stays unloaded."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import weaklabel

PACKAGE = Path(weaklabel.__file__).parent

# An import points only to the left.
ORDER = [
    "errors", "support", "labels", "label_names", "registries", "config", "corpus", "units", "encoder", "llm", "lf", "votes",
    "scoring", "label_model", "classifier", "tagger", "generator", "explain", "suggest", "drift", "page", "report", "job",
    "collect", "clean", "protect", "dedup", "split", "decisions", "export", "select", "quality", "augment",
    "project", "review", "bench", "cli", "__main__",
]  # fmt: skip


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("weaklabel.")}
    return rooms


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


def test_imports_point_left():
    for path in SOURCES:
        here = ORDER.index(room_of(path))
        wrong = {room for room in imported_rooms(path) if ORDER.index(room) > here}
        assert not wrong, f"{path.relative_to(PACKAGE)} imports {wrong}, which stands to its right"


def test_only_lf_asks_which_kind_a_labeling_function_is():
    from weaklabel.lf import LF

    kinds, left = {"LF"}, [LF]
    while left:
        subclasses = left.pop().__subclasses__()
        kinds |= {each.__name__ for each in subclasses}
        left += subclasses
    assert {"LabelingFunction", "PatternLF", "LexiconLF", "SpacyLF", "PrototypeLF"} <= kinds
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
                names = {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.args[1])}
                assert room_of(path) == "lf" or not names & kinds, (
                    f"{path}, line {node.lineno}: ask the labeling function"
                )


def imported_modules(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of the package that a file imports, for types only and in functions, too."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("weaklabel."):
            module = (node.module or "").removeprefix("weaklabel.")
            names = [f"{module}.{alias.name}" for alias in node.names]
            imported |= {name if name in modules else module for name in names}
    return imported


def circles(imports: dict[str, set[str]]) -> set[frozenset[str]]:
    """Return the sets of modules that import one another, directly or not."""
    reached = {module: set(targets) for module, targets in imports.items()}
    for middle in imports:
        for targets in reached.values():
            if middle in targets:
                targets |= reached[middle]
    return {
        frozenset(other for other in targets if module in reached.get(other, ()))
        for module, targets in reached.items()
        if module in targets
    }


def test_no_modules_import_one_another():
    names = {path: ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in SOURCES}
    modules = {name.removesuffix(".__init__"): path for path, name in names.items()}
    cycles = circles({name: imported_modules(path, modules) for name, path in modules.items()})
    assert not cycles, f"circles of imports: {[sorted(circle) for circle in cycles]}"


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {frozenset("abc")}
    assert not circles({"a": {"b"}, "b": {"c"}, "c": set()})


def loaded_after(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_the_stub_names_what_the_package_has():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert {node.module: tuple(sorted(alias.name for alias in node.names)) for node in imports} == {
        home: tuple(sorted(names)) for home, names in weaklabel._HOMES.items()
    }


HEAVY = {"torch", "spacy", "transformers", "snorkel", "sklearn", "pandas", "polars", "numpy", "matplotlib", "jinja2"}


def test_import_loads_nothing_heavy():
    assert not loaded_after("import weaklabel; weaklabel.ABSTAIN") & (HEAVY - {"numpy"})


def test_help_loads_nothing_heavy():
    code = "import weaklabel.cli\ntry:\n    weaklabel.cli.main(['label', '--help'])\nexcept SystemExit:\n    pass"
    assert not loaded_after(code) & HEAVY


@pytest.mark.parametrize("name", weaklabel.__all__)
def test_public_names_exist_and_are_documented(name):
    value = getattr(weaklabel, name)
    assert isinstance(value, str | int) or (value.__doc__ or "").strip()
