"""Owners of a ledger: their lock ends once, and never another file's."""

import os

from weaklabel.llm.owners import Owner, is_alive


def test_closing_twice_closes_no_other_file(tmp_path):
    owner = Owner(tmp_path / "owners")
    assert is_alive(tmp_path / "owners", owner.name)
    owner.close()
    other = os.open(tmp_path, os.O_RDONLY)
    owner.close()
    os.fstat(other)
    os.close(other)
    assert not is_alive(tmp_path / "owners", owner.name)
