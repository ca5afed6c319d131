"""Pages say of the code what the code is; ``make tables`` writes them again."""

import inspect

import pytest

import weaklabel
from docs.conf import public_names
from docs.tables import TABLES
from tests.docs.pages import ROOT


@pytest.mark.parametrize(("name", "mark"), [(name, mark) for name, marks in TABLES.items() for mark in marks])
def test_tables_are_those_of_the_code(name, mark):
    text = (ROOT / name).read_text(encoding="utf-8")
    written = text.split(f"<!-- {mark} -->\n")[1].split(f"\n<!-- end of {mark} -->")[0]
    assert written == TABLES[name][mark](), f"{name} is out of date: run `make tables`"


def test_the_reference_has_every_public_name():
    names = public_names()
    assert {name for room in names.values() for name, home in room.items() if home == "weaklabel"} == (
        set(weaklabel.__all__) - {"__version__"}
    )
    assert {"classifier", "corpus", "label_model", "lf", "scoring", "votes"} <= names.keys()


def test_public_functions_and_classes_have_docstrings():
    missing = []
    for room, names in public_names().items():
        for name, home in names.items():
            value = getattr(__import__(home, fromlist=[name]), name)
            if (inspect.isclass(value) or inspect.isfunction(value)) and not (value.__doc__ or "").strip():
                missing.append(f"{room}: {name}")
    assert not missing
