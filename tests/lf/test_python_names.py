"""Names that Python takes for one name are one name, wherever Python is written or labeling functions are told apart."""

import ast
import keyword
import unicodedata

import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import LFError
from weaklabel.lf.modules import python_name
from weaklabel.lf.packs import load_lfs
from weaklabel.suggest.code import name_lf

WIDE = "ｐrize"
PACK = "from weaklabel import keyword_lf\nLABELS = ('ham', 'spam')\n{name} = keyword_lf({name!r}, 1, ['prize'])\n"


@given(st.text(max_size=20))
def test_a_name_is_one_that_python_reads_as_it_stands(text):
    name = python_name(text)
    assert name.isidentifier() and not keyword.iskeyword(name)
    (assignment,) = ast.parse(f"{name} = 1").body
    assert assignment.targets[0].id == name


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=2), st.text(max_size=12))
def test_suggested_names_replace_none_that_is_taken(label, phrases, other):
    first = name_lf(label, phrases, [other])
    second = name_lf(label, phrases, [other, unicodedata.normalize("NFD", first)])
    names = {unicodedata.normalize("NFKC", name) for name in (first, second, other)}
    assert len({unicodedata.normalize("NFKC", name) for name in (first, second)}) == 2 and len(names) >= 2
    assert all(unicodedata.normalize("NFKC", name) == name for name in (first, second))


def test_a_suggested_name_is_not_one_that_python_takes_for_another():
    assert name_lf(WIDE, ["won"], ["prize_won"]) == "prize_won_2"
    assert name_lf("prize", ["won"], ["ｐrize_won"]) == "prize_won_2"


def test_two_names_that_are_one_to_python_are_refused_with_both_origins(tmp_path):
    for file, name in (("a.py", "prize"), ("b.py", WIDE)):
        (tmp_path / file).write_text(PACK.format(name=name), encoding="utf-8")
    with pytest.raises(
        LFError, match=r"'prize' and 'ｐrize', one name to .*: in .*a\.py.* and in .*b\.py.*; rename one"
    ):
        load_lfs(str(tmp_path / "a.py"), str(tmp_path / "b.py"))
