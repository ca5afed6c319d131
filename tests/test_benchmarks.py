"""The README's tables are those that the committed results give."""

from pathlib import Path

import pytest

from benchmarks import readme

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [readme.demo_table, readme.training_table])
def test_readme_tables_are_generated(table):
    assert table() in README
