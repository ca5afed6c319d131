import unicodedata
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, WeakLabelWarning
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.gazetteer import GazetteerLF, gazetteer_lf
from weaklabel.units import Spans, find_words


def marked(lf, *texts):
    """Return the marked strings of texts, with the label's number."""
    spans = lf.vote(Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String})))
    assert isinstance(spans, Spans) and spans.n_rows == len(texts)
    return [[(texts[row][begin:end], label) for begin, end, label in spans.of_row(row)] for row in range(len(texts))]


def compared(word, case):
    """Fold a word as Unicode says, by another way than the package's."""
    word = unicodedata.normalize("NFC", word).replace("\u2019", "'")
    if case == "exact":
        return word
    if case == "ignore":
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", word).casefold())
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(letter for letter in bare if ord(letter) not in range(0x300, 0x370)) or bare


def split(text, case):
    places = find_words([text]).of_row(0)
    return [(begin, end, compared(text[begin:end], case)) for begin, end in places]


def brute_force(text, entries, stop, case, overlaps):
    """Compare every sequence of words of a text with every entry, one by one."""
    words = split(text, case)
    candidates = []
    for first in range(len(words)):
        for after in range(first + 1, len(words) + 1):
            key = [word for _, _, word in words[first:after]]
            labels = {label for entry, label in entries if [word for _, _, word in split(entry, case)] == key}
            if any([word for _, _, word in split(entry, case)] == key for entry in stop):
                candidates.append((first, after, None))
            elif len(labels) == 1:
                candidates.append((first, after, labels.pop()))
    if overlaps:
        stops = [(first, after) for first, after, label in candidates if label is None]
        chosen = [
            (first, after, label)
            for first, after, label in candidates
            if label is not None and not any(begin <= first and after <= end for begin, end in stops)
        ]
    else:
        chosen, at = [], 0
        while at < len(words):
            longest = max((each for each in candidates if each[0] == at), key=lambda each: each[1], default=None)
            if longest is None:
                at += 1
                continue
            chosen.append(longest)
            at = longest[1]
        chosen = [each for each in chosen if each[2] is not None]
    return sorted((words[first][0], words[after - 1][1], label) for first, after, label in chosen)


PIECES = [
    "a", "b", "A", "ab", "Ab", " ", "  ", "\t", "\r\n", "\n", "-", ".", "'", "\u2019", "\u00e9", "e\u0301",
    "E\u0301", "\u00df", "ss", "SS", "\u0130", "i\u0307", "\u01c5", "\ufb01", "fi", "\u4e1c", "\u4eac",
    "\u6771\u4eac", "\u0e14\u0e35", "\ud55c", "\U0001f44d", "\U0001f44d\U0001f3fd",
    "\U0001f469\u200d\U0001f4bb", "1", "1.5", "\u212a", "k", "\u03a3", "\u03c3", "\u03c2", "\uff21", "\u0301",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
ENTRIES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join).filter(lambda text: text.strip())


@settings(max_examples=300, deadline=None)
@given(
    st.lists(TEXTS, max_size=4),
    st.lists(st.tuples(ENTRIES, st.integers(0, 1)), min_size=1, max_size=12),
    st.lists(ENTRIES, max_size=2),
    st.sampled_from(["exact", "ignore", "fold"]),
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore::weaklabel.WeakLabelWarning")
def test_it_marks_what_comparing_one_by_one_marks(texts, entries, stop, case, overlaps):
    by_label = {label: [entry for entry, its in entries if its == label] for label in (0, 1)}
    lf = gazetteer_lf(
        "names", {label: some for label, some in by_label.items() if some}, stop=stop, case=case, overlaps=overlaps
    )
    spans = lf.vote(Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String})))
    for row, text in enumerate(texts):
        assert spans.of_row(row) == brute_force(text, entries, stop, case, overlaps)
    assert spans.row.tolist() == sorted(spans.row.tolist())


def test_longer_entries_do_not_hide_shorter_ones():
    lf = gazetteer_lf("names", 0, ["New York", "New York Times", "York Times Square", "Times"])
    assert marked(
        lf, "New Yorkers in New York", "New York Timeless", "New York Times Square", "in New York  \n Times"
    ) == [
        [("New York", 0)],
        [("New York", 0)],
        [("New York Times", 0)],
        [("New York  \n Times", 0)],
    ]
    lf = gazetteer_lf("names", 0, ["New York", "New York Times", "York Times Square", "Times"], overlaps=True)
    assert [text for text, _ in marked(lf, "New York Times Square")[0]] == [
        "New York",
        "New York Times",
        "York Times Square",
        "Times",
    ]


@pytest.mark.parametrize(
    ("case", "entry", "text", "finds"),
    [
        ("exact", "Apple", "apple Apple APPLE", ["Apple"]),
        ("ignore", "Apple", "apple Apple APPLE", ["apple", "Apple", "APPLE"]),
        ("ignore", "Straße", "\U0001f44d STRASSE, strasse", ["STRASSE", "strasse"]),
        ("ignore", "\u0130zmir", "in I\u0307ZM\u0130R", []),
        ("ignore", "\u0130zmir", "in I\u0307zmir, i\u0307zmir", ["I\u0307zmir", "i\u0307zmir"]),
        ("exact", "O'Brien", "O\u2019Brien and Brien", ["O\u2019Brien"]),
        ("exact", "São", "Sa\u0303o, Sao", ["Sa\u0303o"]),
        ("fold", "São Paulo", "SAO PAULO", ["SAO PAULO"]),
        ("exact", "\u5317\u4eac", "\u5728\u5317\u4eac\u5e02", ["\u5317\u4eac"]),
        ("exact", "\u5361\u62c9OK", "\u53bb\u5361\u62c9OK\u5427", ["\u5361\u62c9OK"]),
        ("exact", "AT&T", "AT&T, AT & T", ["AT&T", "AT & T"]),
        ("exact", "C++", "C++ or C+", ["C++"]),
    ],
)
def test_ways_to_compare(case, entry, text, finds):
    assert [string for string, _ in marked(gazetteer_lf("names", 0, [entry], case=case), text)[0]] == finds


def test_an_entry_under_two_labels_marks_nothing():
    lf = gazetteer_lf("names", {"PER": ["Paris", "Ada"], "LOC": ["paris", "Rome"]}, case="ignore")
    lf.bind(["PER", "LOC"])
    with pytest.warns(
        WeakLabelWarning, match=r"2 entries .* left out: 2 under two labels \(such as entry 1: 'Paris'\)"
    ):
        assert marked(lf, "Ada in Rome or Paris") == [[("Ada", 0), ("Rome", 1)]]
    assert [reject.entry for reject in lf.rejects] == ["Paris", "paris"]


def test_stop_entries_and_negative_ones():
    lf = gazetteer_lf("places", 0, ["New York", "May"], stop=["May", "New York Giants"])
    assert marked(lf, "New York Giants, New York, May") == [[("New York", 0)]]
    assert marked(gazetteer_lf("months", entries=["May"], negative=True), "in May") == [[("May", NOT_ENTITY)]]


def test_missing_and_empty_texts():
    assert marked(gazetteer_lf("names", 0, ["a"]), "", None, "a", "\n") == [[], [], [("a", 0)], []]
    assert marked(gazetteer_lf("names", 0, ["a"])) == []
    long = "a b " * 250_000
    assert len(marked(gazetteer_lf("names", 0, ["a b a"]), long)[0]) == 249_999 // 2 + 1


FILES = {
    "names.txt": "# people\nAda Lovelace\tPER\n\nParis\tLOC\nParis\tLOC\nX\tORG\n",
    "names.csv": 'label,entry\nPER,"Ada\nLovelace"\nLOC,Paris\nLOC,Paris\nORG,X\nPER,\n',
    "names.tsv": "name\tlabel\nAda Lovelace\tPER\nParis\tLOC\nX\tORG\n",
    "names.jsonl": '{"entry": "Ada Lovelace", "label": "PER"}\n{"pattern": "Paris", "label": "LOC"}\n'
    '{"pattern": [{"LOWER": "x"}], "label": "LOC"}\n{"label": "PER"}\nnonsense\n',
}


@pytest.mark.parametrize("file", FILES)
def test_files(tmp_path, file):
    path = tmp_path / file
    path.write_bytes(b"\xef\xbb\xbf" + FILES[file].encode())
    with pytest.warns(WeakLabelWarning, match="are left out"):
        lf = gazetteer_lf("names", ["PER", "LOC"], path)
    assert marked(lf.bind(["PER", "LOC"]), "Ada Lovelace in Paris, X") == [[("Ada Lovelace", 0), ("Paris", 1)]]
    assert all(reject.where.startswith("line ") for reject in lf.rejects)


def test_rejects_say_where_and_why(tmp_path):
    path = tmp_path / "names.jsonl"
    path.write_text(FILES["names.jsonl"])
    with pytest.warns(WeakLabelWarning):
        lf = gazetteer_lf("names", ["PER", "LOC"], path)
    assert [(reject.where, reject.reason) for reject in lf.rejects] == [
        ("line 3", "not a text"),
        ("line 4", "neither a JSON string nor an object with entry, text, name, term or pattern"),
        ("line 5", "neither a JSON string nor an object with entry, text, name, term or pattern"),
    ]
    with pytest.warns(WeakLabelWarning, match="1 blank .*1 not a text .*1 shorter than 2 characters"):
        gazetteer_lf("names", 0, [" ", "ok", None, "x"], min_length=2)
    with pytest.warns(WeakLabelWarning, match="1 not valid Unicode"):
        gazetteer_lf("names", 0, ["\ud800", "ok"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gazetteer_lf("n", 0), "give entries"),
        (lambda: gazetteer_lf("n", 0, []), "no entries"),
        (lambda: gazetteer_lf("n", 0, [""]), "no entries: 1 blank"),
        (lambda: gazetteer_lf("n", 0, ["a"], case="lower"), "case must be exact, ignore, fold, not 'lower'"),
        (lambda: gazetteer_lf("n", 0, ["a"], min_length=0), "min_length must be"),
        (lambda: gazetteer_lf("n", None, ["a"]), "give a label"),
        (lambda: gazetteer_lf("n", 0, ["a"], negative=True), "has no label"),
        (lambda: gazetteer_lf("n", {0: ["a"]}, ["b"]), "are in the mapping"),
        (lambda: gazetteer_lf("n", 0, "missing.txt"), "cannot read gazetteer missing.txt"),
        (lambda: gazetteer_lf("n", 0, b"bytes"), "give entries such as"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(LFError, match=message):
        make()


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "a.csv").write_text("person,label\nAda,PER\n")
    with pytest.raises(LFError, match="header has no column entry, text, name, term or pattern; it has person, label"):
        gazetteer_lf("n", "PER", tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text('entry\n"Ada\n')
    with pytest.raises(LFError, match=r"b\.csv, line 2: is not valid CSV"):
        gazetteer_lf("n", "PER", tmp_path / "b.csv")
    (tmp_path / "c.txt").write_bytes("Zoë".encode("latin-1"))
    with pytest.raises(LFError, match="UTF-8"):
        gazetteer_lf("n", "PER", tmp_path / "c.txt")


def test_identity_is_by_entries_and_options():
    one = fingerprint(gazetteer_lf("a", 0, ["Ada", "Bob"]))
    assert one == fingerprint(gazetteer_lf("a", 0, ["Ada", "Bob"]))
    used = gazetteer_lf("a", 0, ["Ada", "Bob"])
    used("Ada")
    assert fingerprint(used) == one
    others = [
        gazetteer_lf("a", 0, ["AdaB", "ob"]),
        gazetteer_lf("a", {0: ["Ada"], 1: ["Bob"]}),
        gazetteer_lf("a", 0, ["Ada", "Bob"], case="ignore"),
        gazetteer_lf("a", 0, ["Ada", "Bob"], overlaps=True),
        gazetteer_lf("a", 0, ["Ada", "Bob"], stop=["Bob"]),
    ]
    assert len({one, *map(fingerprint, others)}) == len(others) + 1


def test_threads_build_it_once(monkeypatch):
    built = []
    monkeypatch.setattr(GazetteerLF, "_build", lambda lf, build=GazetteerLF._build: built.append(lf) or build(lf))
    lf = gazetteer_lf("names", 0, [f"name {number}" for number in range(2000)])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: marked(lf, f"a name {number} b"), range(40)))
    assert len(built) == 1
    assert answers == [[[(f"name {number}", 0)]] for number in range(40)]


def test_reason_and_options():
    lf = gazetteer_lf("names", 0, ["Ada"], min_length=2)
    row = Batch(pl.DataFrame({"text": ["Ask Ada"]}))
    assert lf.reason_of_span(row, (4, 7, 0)).text == "has the entry 'Ada'"
    assert lf.options() == {"entries": 1, "case": "exact", "min_length": 2}
