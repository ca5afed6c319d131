"""The ready packs for names: every labeling function marks its own example, and together they get plain texts right."""

import runpy
from functools import cache

import pytest

from weaklabel import apply_lfs, load_lfs
from weaklabel.label_model.sequence import SpanVote
from weaklabel.lf.packs import LFCollection, ready_packs

# What a labeling function marks in its example, and the texts that no rule was written for, with what a reader would mark.
MARKS = {
    "names": {
        "first_name": ("Anna Kowalczyk", "PER"),
        "title": ("Quill", "PER"),
        "role": ("Imre Tarnok", "PER"),
        "speaker": ("Odile Farnham", "PER"),
        "life": ("Pim Halvorsen", "PER"),
        "organizations": ("World Bank", "ORG"),
        "company": ("Tallow & Finch Ltd", "ORG"),
        "institution": ("Harrow Marine Institute", "ORG"),
        "team": ("Dunmore Rovers", "ORG"),
        "countries": ("Portugal", "LOC"),
        "cities": ("Gothenburg", "LOC"),
        "geography": ("Mount Tarrow", "LOC"),
        "location": ("Oldbeck", "LOC"),
        "dates": ("March 3, 2011", "DATE"),
        "relative_dates": ("last week", "DATE"),
        "money": ("$4.5 million", "MONEY"),
    },
    "names_zh": {
        "title_after": ("陆晓琪", "PER"),
        "title_before": ("康立行", "PER"),
        "speaker": ("贺小川", "PER"),
        "organizations": ("新华社", "ORG"),
        "institution": ("青岚造纸有限公司", "ORG"),
        "places": ("哈尔滨", "LOC"),
        "region": ("临河县", "LOC"),
        "dates": ("2019年3月8日", "DATE"),
        "relative_dates": ("去年", "DATE"),
        "money": ("35.5万元", "MONEY"),
    },
}
PLAIN_TEXTS = [
    (
        "names",
        "The World Bank lent Kenya $300 million on 4 June 2009, said Ms. Mbeki-Olsson.",
        ["World Bank", "Kenya", "$300 million", "4 June 2009", "Mbeki-Olsson"],
    ),
    ("names", "Maria van den Berg of Siemens flew to S\u00e3o Paulo.", ["Maria van den Berg", "Siemens", "S\u00e3o Paulo"]),
    ("names", "We May go there, he said, and nobody paid.", []),
    ("names", "", []),
    ("names_zh", "新华社北京3月5日电，王建国教授在上海向清华大学捐款二百万元。",
     ["新华社", "北京", "3月5日", "王建国", "上海", "清华大学", "二百万元"]),
    ("names_zh", "今天天气很好，我们去公园吧", ["今天"]),
]  # fmt: skip


@cache
def loaded(pack: str) -> LFCollection:
    return load_lfs(pack)


@pytest.mark.parametrize(("pack", "name"), [(pack, name) for pack in MARKS for name in MARKS[pack]])
def test_a_labeling_function_marks_its_example(pack, name):
    lfs = loaded(pack)
    text = runpy.run_path(str(ready_packs()[pack]))["EXAMPLES"][name]
    lf = lfs.lfs[lfs.names.index(name)]
    longest = max(lf(text), key=lambda span: span[1] - span[0])
    assert (text[longest[0] : longest[1]], lfs.labels[longest[2]]) == MARKS[pack][name]
    assert lf.place == "in process" and lf("") == []


@pytest.mark.parametrize("pack", MARKS)
def test_every_label_has_labeling_functions(pack):
    assert {lf.labels[0] for lf in loaded(pack)} == set(loaded(pack).labels)


@pytest.mark.parametrize(("pack", "text", "marks"), PLAIN_TEXTS)
def test_the_vote_gets_a_plain_text_right(pack, text, marks):
    votes = apply_lfs(loaded(pack), [text])
    predicted = SpanVote().predict(votes)
    spans = getattr(predicted, "spans", predicted)
    places = [(votes.words.begins[begin], votes.words.ends[end - 1]) for begin, end, _ in spans.of_row(0)]
    assert [text[begin:end] for begin, end in places] == marks
