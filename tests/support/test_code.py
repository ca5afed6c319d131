"""The code that decides a result is read off imports: what a function uses, and no more of its module."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

import weaklabel
from weaklabel.registries import LABEL_MODELS
from weaklabel.support import code
from weaklabel.support.code import code_files, code_files_of, code_of, package_versions

MODULE = """
from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from weaklabel.errors import nearest

if TYPE_CHECKING:
    from weaklabel.review.review import Review

LIMIT = 3


class Kept:
    pass


def helper(x: Review) -> int:
    return LIMIT + nearest(x, [])


def first(x: Kept):
    from weaklabel.scoring.intervals import wilson

    return helper(x)


def second(x):
    return np.sum(x) + len(json.dumps("weaklabel.label_model.hyper.model:HyperLabelModel"))


def third(x):
    from weaklabel.label_model import load_label_model

    return load_label_model(x)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return what loads a module of the given source."""
    path = tmp_path / "steps_of_a_test.py"

    def load(source):
        path.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("steps_of_a_test", path)
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "steps_of_a_test", loaded)
        spec.loader.exec_module(loaded)
        return loaded

    return load


def test_the_code_of_a_function_is_its_own_and_that_of_what_it_uses(module):
    loaded = module(MODULE)
    first, second = code_of(loaded.first), code_of(loaded.second)
    assert {"first", "errors"} <= set(first.rooms) and "label_model" not in first.rooms
    assert {"second", "label_model"} <= set(second.rooms), "a string that names a module counts"
    assert "review" not in {**first.rooms, **second.rooms}, "imports for type checkers do not count"


def names_of(files):
    root = Path(weaklabel.__file__).parent
    return {file.relative_to(root).as_posix() for file in files}


def test_of_a_room_and_of_a_registry_only_what_is_used_counts(module):
    third = module(MODULE).third
    alone, chosen = (names_of(code_files_of(third, LABEL_MODELS.modules(*names))) for names in ((), ("dawid-skene",)))
    assert {"label_model/base.py", "registries.py"} <= alone and "label_model/__init__.py" not in alone
    assert not alone & {"label_model/dawid_skene.py", "label_model/snorkel.py"}
    assert "label_model/dawid_skene.py" in chosen and "label_model/snorkel.py" not in chosen
    assert "label_model/hyper/hyper.npz" in names_of(code_files_of(third, LABEL_MODELS.modules("a plugin's")))
    assert "label_model/snorkel.py" in names_of(code_files(LABEL_MODELS.modules("auto"))), "it may choose that"
    assert "label_model/snorkel.py" in names_of(code_files(["weaklabel.label_model"]))
    assert "cli/__init__.py" in names_of(code_files(["weaklabel.cli.run"])), "it does more than to say where names are"


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("LIMIT = 3", "LIMIT = 4", {"first"}),
        ("return LIMIT", "return 2 * LIMIT", {"first"}),
        ("np.sum", "np.max", {"second"}),
        ("x: Review", "x: int", set()),
        ("class Kept", "# a comment\nclass Kept", set()),
        ("    pass", "    x = 1", set()),
    ],
)
def test_only_what_a_function_uses_changes_its_code(module, old, new, changed):
    before = {name: code_of(getattr(module(MODULE), name)) for name in ("first", "second")}
    after = {name: code_of(getattr(module(MODULE.replace(old, new)), name)) for name in ("first", "second")}
    assert {name for name in before if before[name] != after[name]} == changed


def test_files_are_those_that_are_imported_and_the_data_beside_them(tmp_path):
    root = Path(weaklabel.__file__).parent
    names = {file.relative_to(root).as_posix() for file in code_files(["weaklabel.label_model.hyper.model"])}
    assert {"label_model/hyper/model.py", "label_model/hyper/hyper.npz", "label_model/base.py", "errors.py"} <= names
    assert not [name for name in names if name.split("/")[0] in ("cli", "review", "report", "project")]
    assert "label_model/base.py" not in {
        file.relative_to(root).as_posix() for file in code_files(["weaklabel.votes"], skip="weaklabel.label_model")
    }
    copy = tmp_path / "weaklabel"
    shutil.copytree(root / "support", copy / "support")
    assert code_files(["weaklabel.support.code"], copy) and all(
        file.is_relative_to(copy) for file in code_files(["weaklabel.support.code"], copy)
    )


def test_packages_are_those_imported_and_compiled_ones_below_them():
    versions = package_versions(code_files(["weaklabel.classifier.linear"]))
    assert {"python", "numpy", "scikit-learn", "scipy"} <= set(versions)
    assert "joblib" not in versions, "it is required, and does no sums"
    assert package_versions([]) == {"python": versions["python"]}


def test_imports_are_read_anew_when_a_file_changes(tmp_path):
    root = tmp_path / "weaklabel"
    (root / "a").mkdir(parents=True)
    for name, text in {"__init__": "", "one": "import weaklabel.a.two", "two": "", "three": ""}.items():
        (root / "a" / f"{name}.py").write_text(text)

    def imported():
        return {file.stem for file in code_files(["weaklabel.a.one"], root)}

    assert imported() == {"one", "two"}
    (root / "a" / "one.py").write_text("from weaklabel.a import three  # another")
    assert imported() == {"one", "three"}
    before = code.code_hash(code_files(["weaklabel.a.one"], root), root)
    (root / "a" / "three.py").write_text("x = 1")
    assert code.code_hash(code_files(["weaklabel.a.one"], root), root) != before


def test_a_package_of_an_extra_is_no_reason_to_compute_again():
    pytest.importorskip("onnxruntime")
    versions = package_versions(code_files(["weaklabel.classifier.onnx"]))
    assert "torch" in versions and not {"onnx", "onnxruntime"} & set(versions)
