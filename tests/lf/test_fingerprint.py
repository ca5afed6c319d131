"""Fingerprints: what changes one, what does not, and that two processes agree."""

import json
import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import polars as pl
import pytest
import spacy

from tests.tiny_bert import save_classifier, save_encoder
from weaklabel.lf.core import LabelingFunction
from weaklabel.lf.external import column_votes, votes_from_csv
from weaklabel.lf.fingerprint import ValueHash, fingerprint
from weaklabel.lf.foreign import as_lf
from weaklabel.lf.lexicon import lexicon_lf
from weaklabel.lf.models import prototype_lf, sklearn_lf, transformers_lf, zero_shot_lf
from weaklabel.lf.nlp import entity_lf, matcher_lf, phrase_lf, spacy_lf
from weaklabel.lf.packs import load_lfs
from weaklabel.lf.patterns import PatternLF, count_lf, keyword_lf, length_lf, lookup_lf, regex_lf

PACK = '''
"""A pack."""
import json
import re
from functools import lru_cache, partial
from helper import shared
from weaklabel import labeling_function, LabelingFunction

LABELS = ("ham", "spam")
WORDS = {"free", "win", "cash"}
LINK = re.compile("https?://")
LIMIT = 3

class Counter:
    step = 1
    def count(self, text):
        return len(text.split()) // self.step

def count(text):
    return Counter().count(text)

@lru_cache
def deep(n):
    return 1 if n < LIMIT else deep(n - 1)

@labeling_function()
def words(x):
    return 1 if WORDS & set(x.text.split()) else -1

@labeling_function()
def link(x):
    # a link
    return 1 if LINK.search(x.text) else -1

@labeling_function()
def long(x):
    return 1 if count(x.text) > 5 else -1

@labeling_function(resources={"least": 2})
def recursive(x, least):
    return 1 if any(deep(n) > least for n in range(5)) else -1

@labeling_function(pre=[lambda x: x])
def helped(x):
    return shared(x.text)

made = [LabelingFunction(f"made_{n}", lambda x, n=n: n) for n in range(2)]

def closed(n):
    return LabelingFunction(f"closed_{n}", lambda x: n)

closures = [closed(0), closed(1)]
bound = LabelingFunction("bound", partial(json.loads, parse_int=int))
'''
HELPER = "LEVEL = 1\ndef shared(text):\n    return LEVEL\n"


@pytest.fixture
def pack(tmp_path):
    """Write a pack with changes, and return the fingerprints of its labeling functions."""
    number = iter(range(100))

    def write(*changes, helper=HELPER):
        folder = tmp_path / str(next(number))
        folder.mkdir()
        source = PACK
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        (folder / "mine.py").write_text(source)
        (folder / "helper.py").write_text(helper)
        lfs = load_lfs(folder / "mine.py")
        prints = {lf.name: fingerprint(lf, origin) for lf, origin in zip(lfs.lfs, lfs.origins, strict=True)}
        assert None not in prints.values()
        return prints

    return write


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def test_labeling_functions_of_one_pack_are_told_apart(pack):
    prints = pack()
    assert len(set(prints.values())) == len(prints)
    assert prints == pack()


@pytest.mark.parametrize(
    ("old", "new", "whose"),
    [
        ("# a link", "# a link, which is\n    # what it looks for", set()),
        ('"""A pack."""', '"""A pack of other words."""\n\n\nUNUSED = 7', set()),
        ('"cash"', '"money"', {"words"}),
        ("https?", "http", {"link"}),
        ('re.compile("https?://")', 're.compile("https?://", re.I)', {"link"}),
        ("> 5", "> 6", {"long"}),
        ("step = 1", "step = 2", {"long"}),
        ("text.split()) //", "text.split(',')) //", {"long"}),
        ("LIMIT = 3", "LIMIT = 4", {"recursive"}),
        ("deep(n - 1)", "deep(n - 2)", {"recursive"}),
        ('"least": 2', '"least": 3', {"recursive"}),
        ("lambda x: x]", "lambda x: x or None]", {"helped"}),
        ("lambda x, n=n: n)", "lambda x, n=n: n + 1)", {"made_0", "made_1"}),
        ("n=n: n) for n in range(2)", "n=n: n) for n in range(0, 4, 2)", set()),
        ("closed(0), closed(1)", "closed(1), closed(0)", set()),
        ("parse_int=int", "parse_int=float", {"bound"}),
        ("WORDS & set(x.text.split())", "WORDS & set(x.text.lower().split())", {"words"}),
    ],
)
def test_a_change_changes_those_that_hang_on_it(pack, old, new, whose):
    before, after = pack(), pack((old, new))
    assert changed({name: before[name] for name in before if name in after}, after) == whose


def test_a_changed_helper_file_changes_those_that_use_it(pack):
    before = pack()
    assert changed(before, pack(helper=HELPER.replace("LEVEL = 1", "LEVEL = 0"))) == {"helped"}
    assert changed(before, pack(helper=HELPER + "\n\ndef other():\n    return 2\n")) == set()


def test_a_helper_module_counts_by_its_file(pack):
    def using(helper):
        return pack(("from helper import", "import helper\nfrom helper import"), ("return shared", "return helper.shared"),
                    helper=helper)  # fmt: skip

    assert changed(using(HELPER), using(HELPER.replace("1", "0"))) == {"helped"}


def test_two_processes_agree(tmp_path):
    (tmp_path / "mine.py").write_text(PACK)
    (tmp_path / "helper.py").write_text(HELPER)
    code = textwrap.dedent(
        """
        import json, sys
        from weaklabel.lf.fingerprint import fingerprint
        from weaklabel.lf.packs import load_lfs
        fingerprints = {}
        for spec in (sys.argv[1], "spam", "question"):
            lfs = load_lfs(spec)
            fingerprints.update((lf.name, fingerprint(lf, origin)) for lf, origin in zip(lfs.lfs, lfs.origins))
        print(json.dumps(fingerprints))
        """
    )
    result = []
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "mine.py")],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        result.append(json.loads(done.stdout))
    assert result[0] == result[1]
    assert None not in result[0].values()


PROTOTYPES = {0: ["a bad film", "boring"], 1: ["a good film", "lovely"]}
TEAM = [{"label": "TEAM", "pattern": [{"LOWER": "lions"}]}]


@pytest.mark.parametrize(
    ("make", "others"),
    [
        (
            lambda **o: keyword_lf("a", **{"label": 1, "keywords": ["free", "win"], **o}),
            [
                {"label": 0},
                {"keywords": ["free"]},
                {"whole_word": False},
                {"ignore_case": False},
                {"min_count": 2},
                {"column": "b"},
            ],
        ),
        (lambda **o: regex_lf("a", 1, **{"pattern": "x+", **o}), [{"pattern": "x"}, {"ignore_case": True}]),
        (lambda **o: count_lf("a", 1, "x", **{"min": 2, "max": 4, **o}), [{"min": 3}, {"max": 5}]),
        (lambda **o: length_lf("a", 1, **{"min": 2, **o}), [{"min": 3}, {"max": 5}, {"unit": "chars"}]),
        (lambda **o: lookup_lf("a", **{"column": "c", "votes": {"x": 1}, **o}), [{"column": "d"}, {"votes": {"x": 0}}]),
        (
            lambda **o: column_votes(**{"column": "c", "labels": ("a", "b"), **o}),
            [{"column": "d"}, {"labels": ("b", "a")}],
        ),
        (
            lambda **o: lexicon_lf(
                "a", **{"label": 1, "lexicon": {"good": 1, "bad": -1, "so so": 1}, "min_weight": 1, **o}
            ),
            [
                {"label": 0},
                {"lexicon": {"good": 2, "bad": -1, "so so": 1}},
                {"min_weight": 2},
                {"ignore_case": False},
                {"column": "b"},
            ],
        ),
        (
            lambda **o: matcher_lf("a", **{"label": 1, "patterns": [[{"LOWER": "x"}]], **o}),
            [
                {"label": 0},
                {"patterns": [[{"LOWER": "y"}]]},
                {"min_count": 2},
                {"pipeline": "blank:de"},
                {"column": "b"},
            ],
        ),
        (
            lambda **o: phrase_lf("a", **{"label": 1, "phrases": ["x y"], **o}),
            [{"label": 0}, {"phrases": ["x"]}, {"attr": "ORTH"}, {"min_count": 2}],
        ),
        (
            lambda **o: entity_lf("a", 1, **{"types": ["TEAM"], "rules": TEAM, "pipeline": "blank:en", **o}),
            [{"rules": [*TEAM, {"label": "A", "pattern": "b"}]}, {"min_count": 2}],
        ),
        (
            lambda **o: prototype_lf("a", **{"examples": PROTOTYPES, **o}),
            [{"examples": {**PROTOTYPES, 1: ["a good film", "great"]}}, {"threshold": 0.9}, {"column": "b"}],
        ),
    ],
)
def test_every_parameter_counts_and_the_name_of_a_declared_one_tells_none_apart(make, others):
    prints = [fingerprint(make()), *(fingerprint(make(**other)) for other in others)]
    assert fingerprint(make()) == prints[0]
    assert None not in prints
    assert len(set(prints)) == len(prints)


def test_spacy_functions_count_by_code_pipeline_and_needs():
    def lf(f=lambda doc: len(doc), **options):
        return fingerprint(spacy_lf("a", **options)(f))

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    prints = [lf(), lf(lambda doc: len(doc) - 1), lf(column="b"), lf(pipeline="blank:de"), lf(pipeline=nlp)]
    prints.append(lf(pipeline=nlp, needs=("sentencizer",), f=lambda doc: 0))
    assert len(set(prints)) == len(prints)
    assert None not in prints
    assert lf(pipeline=spacy.blank("en")) == lf()


def test_a_vote_does_not_change_a_fingerprint():
    from weaklabel.corpus.batch import Batch

    rows = Batch(pl.DataFrame({"text": ["a good film"]}))
    for lf in (prototype_lf("p", PROTOTYPES), lexicon_lf("l", 1, ["good"]), phrase_lf("s", 1, ["good"])):
        before = fingerprint(lf)
        lf.vote(rows)
        assert fingerprint(lf) == before


def test_a_csv_of_votes_counts_by_what_it_says_of_each_worker(tmp_path):
    def prints(text):
        (tmp_path / "votes.csv").write_text(text)
        lfs = votes_from_csv(tmp_path / "votes.csv", labels=("ham", "spam"), key="id")
        return [fingerprint(lf) for lf in lfs]

    ann, bob = prints("id,ann,bob\n1,ham,spam\n2,spam,ham\n")
    assert prints("id,ann,bob\n1,ham,spam\n2,ham,ham\n")[1] == bob
    assert prints("id,ann,bob\n1,ham,spam\n2,ham,ham\n")[0] != ann


def test_models_count_by_their_files_and_parameters(tmp_path):
    mood, nli = save_classifier(tmp_path / "m", ["bad", "good"]), save_classifier(tmp_path / "n", ["entailment", "no"])
    other = save_classifier(tmp_path / "m2", ["bad", "good"], seed=1)
    hypotheses = {0: "this is ham", 1: "this is spam"}
    prints = [
        fingerprint(transformers_lf("a", mood, {"good": 1})),
        fingerprint(transformers_lf("a", other, {"good": 1})),
        fingerprint(transformers_lf("a", mood, {"bad": 1})),
        fingerprint(transformers_lf("a", mood, {"good": 1}, max_length=9)),
        fingerprint(zero_shot_lf("a", nli, hypotheses)),
        fingerprint(zero_shot_lf("a", nli, {**hypotheses, 1: "this is love"})),
        fingerprint(prototype_lf("a", PROTOTYPES, model=save_encoder(tmp_path / "e"))),
        fingerprint(prototype_lf("a", PROTOTYPES, model=save_encoder(tmp_path / "e2", seed=1))),
    ]
    assert None not in prints
    assert len(set(prints)) == len(prints)
    (tmp_path / "m").rename(tmp_path / "moved")
    assert fingerprint(transformers_lf("a", tmp_path / "moved", {"good": 1})) == prints[0]
    assert fingerprint(transformers_lf("a", "hub/name", {"good": 1})) is None


def test_a_fitted_model_counts_by_what_it_learned():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def lf(labels, **options):
        model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
            ["free cash", "see you", "win", "at home"], labels
        )
        return fingerprint(sklearn_lf("a", model, **options))

    assert lf([1, 0, 1, 0]) == lf([1, 0, 1, 0])
    assert len({lf([1, 0, 1, 0]), lf([1, 0, 0, 0]), lf([1, 0, 1, 0], threshold=0.7), None}) == 4


def test_snorkel_s_own_count_like_rows():
    from snorkel.labeling import LabelingFunction as Snorkels

    def lf(f, **resources):
        return fingerprint(as_lf(Snorkels("a", f, resources=resources)))

    prints = [lf(lambda x: 1), lf(lambda x: 0), lf(lambda x, a: 1, a=2), lf(lambda x, a: 1, a=3)]
    assert len({*prints, None}) == 5
    assert lf(lambda x: 1) == prints[0]


def test_what_cannot_be_told_has_none(tmp_path):
    class Own:
        name = "own"

        def vote(self, batch):
            return [0] * len(batch)

    @spacy.Language.component("weaklabel_test_unread")
    def unread(doc):
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("weaklabel_test_unread")
    python = pl.col("text").map_elements(len, return_dtype=pl.Int8)
    with (tmp_path / "file").open("w") as handle:
        for lf in (
            as_lf(Own()),
            LabelingFunction("lock", lambda x, lock: 1, {"lock": threading.Lock()}),
            LabelingFunction("file", lambda x: handle and 1),
            LabelingFunction("generator", lambda x, g: 1, {"g": (n for n in range(3))}),
            spacy_lf("pipe", pipeline=nlp)(lambda doc: 1),
            PatternLF("python", ("text",), python, "regex"),
        ):
            assert fingerprint(lf) is None, lf.name


def test_resources_count_by_their_content(tmp_path):
    def lf(value):
        return fingerprint(LabelingFunction("a", lambda x, r: 1, {"r": value}))

    (tmp_path / "words").write_text("a")
    before = lf(tmp_path / "words")
    assert before == lf(tmp_path / "words")
    (tmp_path / "words").write_text("bc")
    values = [
        1, 1.0, True, "1", b"1", None, [1], (1,), {1}, {1: 2}, {1: 3}, -0.0, 0.0, float("nan"), np.arange(3), np.arange(3.0),
        np.arange(4).reshape(2, 2), np.arange(4), np.array(["a", None], dtype=object), pl.Series([1]), pl.Series([2]),
        pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [1]}), len, max, "".join, np, json, frozenset(), tmp_path / "words",
    ]  # fmt: skip
    prints = [lf(value) for value in values]
    assert None not in prints
    assert len(set(prints)) == len(prints)
    assert before not in prints
    assert prints == [lf(value) for value in values]


def test_shared_and_circular_values_are_hashed():
    loop = [1]
    loop.append(loop)
    other = [2]
    other.append(other)
    assert ValueHash().of(loop) != ValueHash().of(other)
    wide = [1]
    for _ in range(60):
        wide = [wide, wide]
    assert ValueHash().of(wide) == ValueHash().of(wide)


def test_what_own_modules_take_from_others_counts(tmp_path):
    def key(words, lazy=False):
        (tmp_path / "words_for_rules.py").write_text(words)
        (tmp_path / "rules_of_mine.py").write_text(
            "from words_for_rules import is_spam, SPAM\ndef f(text):\n    return 1 if is_spam(text) or text in SPAM else -1\n"
        )
        where = "    import rules_of_mine\n" if lazy else ""
        (tmp_path / "pack.py").write_text(
            ("" if lazy else "import rules_of_mine\n")
            + "from weaklabel import labeling_function\nLABELS = ('a', 'b')\n@labeling_function()\ndef lf(x):\n"
            + f"{where}    return rules_of_mine.f(x.text)\n"
        )
        code = (
            "from weaklabel import load_lfs; from weaklabel.lf.fingerprint import fingerprint; "
            f"pack = load_lfs({str(tmp_path / 'pack.py')!r}); print(fingerprint(pack.lfs[0], pack.origins[0]))"
        )
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    plain = "SPAM = ['win']\ndef is_spam(text):\n    return 'cash' in text\n"
    assert key(plain) == key(plain) != "None"
    assert key(plain) != key(plain.replace("'win'", "'prize'"))
    assert key(plain) != key(plain.replace("'cash'", "'money'"))
    assert key(plain, lazy=True) == "None"


@pytest.mark.parametrize("shape", ["module", "package", "class", "from", "lazy"])
def test_a_helper_named_like_a_module_of_python_s_own_counts(tmp_path, shape):
    uses = {
        "module": ("import colorsys", "colorsys.f(x)"),
        "package": ("import colorsys.part", "colorsys.part.f(x)"),
        "class": ("from colorsys import Held", "Held.vote"),
        "from": ("from colorsys import f", "f(x)"),
        "lazy": ("import os", "__import__('colorsys').f(x)"),
    }
    imported, used = uses[shape]

    def key(vote):
        helper = f"VOTE = {vote}\ndef f(x):\n    return VOTE\nclass Held:\n    vote = {vote}\n"
        if shape == "package":
            (tmp_path / "colorsys").mkdir(exist_ok=True)
            (tmp_path / "colorsys" / "__init__.py").write_text("")
            (tmp_path / "colorsys" / "part.py").write_text(helper)
        else:
            (tmp_path / "colorsys.py").write_text(helper)
        (tmp_path / "pack.py").write_text(
            f"{imported}\nfrom weaklabel import labeling_function\nLABELS = ('a', 'b')\n"
            f"@labeling_function()\ndef lf(x):\n    return {used}\n"
        )
        code = (
            "from weaklabel import load_lfs; from weaklabel.lf.fingerprint import fingerprint; "
            f"pack = load_lfs({str(tmp_path / 'pack.py')!r}); print(fingerprint(pack.lfs[0], pack.origins[0]))"
        )
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    first, second = key(1), key(0)  # within a second, and of the same size
    assert (first != second) == (shape != "lazy")
    assert (first == "None") == (shape == "lazy")
