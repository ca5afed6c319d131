"""The tables in the documentation are those that the committed results give."""

import pytest

from benchmarks import readme


@pytest.mark.parametrize(("name", "mark"), [(name, mark) for name, marks in readme.TABLES.items() for mark in marks])
def test_tables_are_generated(name, mark):
    assert readme.TABLES[name][mark]() in (readme.ROOT / name).read_text(encoding="utf-8")
