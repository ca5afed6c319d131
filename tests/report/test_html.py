"""The whole report, from a corpus and labeling functions to the page, for all that may come."""

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tests.report.markup import HOSTILE, Outline
from weaklabel.corpus import read_corpus
from weaklabel.errors import visible
from weaklabel.label_model import MajorityVote
from weaklabel.labels import ABSTAIN
from weaklabel.lf.core import labeling_function
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.patterns import keyword_lf, regex_lf
from weaklabel.report import RunSummary
from weaklabel.report.html import html_report
from weaklabel.report.insight import Gold, gather
from weaklabel.scoring import score
from weaklabel.votes import LFAnalysis, apply_lfs

LABELS = ("ham", "spam")
TEXTS = ["Claim your prize", "see you at home", "a prize, see you", "nothing", "claim it\nat home, see", "prize prize"]
GOLD = [1, 0, 1, 0, 1, -1]
LFS = (
    keyword_lf("prize", 1, ["prize", "claim"]),
    regex_lf("home", 0, "home"),
    keyword_lf("see", 0, ["see"]),
)


def report(texts, lfs=LFS, labels=LABELS, gold=None, training=None, **columns):
    corpus = read_corpus(pl.DataFrame({"text": texts, **columns}, schema_overrides={"text": pl.String}))
    collection = LFCollection(tuple(lfs), tuple(labels))
    votes = apply_lfs(collection, corpus)
    model = MajorityVote(len(labels)).fit(votes)
    preds, probs = model.predict(votes, return_probs=True)
    given, scores = None, {}
    if gold is not None:
        given = Gold(np.array(gold), {"label_model": probs}, np.array(gold))
        scores = {"label_model": score(given.Y, preds, probs=probs, labels=labels, intervals=50)}
    run = RunSummary(
        title=f"A title {HOSTILE}",
        corpus="texts",
        n_rows=votes.n,
        n_rejects=0,
        labels=labels,
        lf_summary=LFAnalysis(votes).lf_summary(gold, model.lf_accuracies_),
        scores=scores,
        problems=[f"LF '{name}': {problems}" for name, problems in votes.problems.items()],
        settings={"seed": 0, "lfs": {"use": [HOSTILE]}},
    )
    insight = gather(run, corpus, collection, votes, model, probs, preds, gold=given, training=training)
    return html_report(insight)


def marked(markup):
    """What is marked in a page, in order."""
    parts = markup.split("<mark")[1:]
    return [part.split(">", 1)[1].split("</mark>")[0] for part in parts]


def has(outline, text):
    return any(text in shown for shown in outline.texts)


@pytest.fixture(scope="module")
def judged():
    return report(TEXTS, gold=GOLD)


def test_a_report_shows_every_section(judged):
    outline = Outline(judged)
    for title in (
        "At a glance",
        "Labeling functions",
        "Overlaps and conflicts",
        "Votes and labels",
        "Against gold",
        "Rows to look at",
        "How this was made",
    ):
        assert title in outline.texts, title
    assert has(outline, "Most conflicted") and has(outline, "Uncovered") and has(outline, "nothing")
    assert outline.tags.count("svg") >= 10 and outline.tags.count("h1") == 1


def test_what_fired_is_marked_and_said(judged):
    assert {"prize", "home", "see", "claim"} <= set(marked(judged))
    assert has(Outline(judged), "matches 'home'")


def test_headings_descend_one_level_at_a_time_and_every_chart_has_words(judged):
    outline = Outline(judged)
    levels = [int(tag[1]) for tag in outline.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and all(later <= before + 1 for before, later in pairwise(levels))
    assert outline.tags.count("figure") == outline.tags.count("svg") == outline.tags.count("figcaption")
    spoken = [value for name, value in outline.attributes if name == "aria-label"]
    assert all(spoken)
    ids = outline.attribute("id")
    assert len(ids) == len(set(ids))
    assert all(value in ("col", "row") for value in outline.attribute("scope"))


def test_a_page_runs_and_loads_nothing():
    markup = report([HOSTILE, "<img src=x onerror=alert(1)> prize"], gold=[1, 0])
    outline = Outline(markup)
    assert "default-src 'none'" in markup
    assert not {"link", "script", "img", "iframe"} & set(outline.tags) and not outline.attribute("src")
    assert not [name for name, _ in outline.attributes if name.startswith("on")]


def test_hostile_names_and_texts_are_shown_letter_for_letter():
    texts = [f"{HOSTILE} prize {HOSTILE}", "\u202eevil\x00", "مرحبا see you بالعالم", "👩‍👩‍👧 home"]
    lfs = (keyword_lf(HOSTILE, 1, ["prize"]), keyword_lf("other", 0, ["see"]), regex_lf("<b>", 0, "home|prize"))
    markup = report(texts, lfs, (HOSTILE, "\u202espam"), gold=[0, 1, 1, 1])
    outline = Outline(markup)
    assert "script" not in outline.tags and "\u202e" not in markup and "\x00" not in markup
    assert has(outline, visible(HOSTILE)) and has(outline, "مرحبا")
    markup.encode("utf-8")


def test_no_rows():
    outline = Outline(report([]))
    assert has(outline, "There are no rows.") and "Rows to look at" not in outline.texts


def test_one_row():
    assert {"prize"} <= set(marked(report(["a prize at home"], gold=[1])))


def test_no_votes_at_all():
    outline = Outline(report(["nothing", "nothing here"], gold=[0, 1]))
    assert has(outline, "Uncovered") and has(outline, "2 rows have no vote at all")
    assert has(outline, "No two labeling functions ever contradict each other.")


def test_one_labeling_function_and_one_class():
    outline = Outline(report(["a prize", "no"], (keyword_lf("prize", 0, ["prize"]),), ("only",), gold=[0, 0]))
    assert has(outline, "Overlaps and conflicts need two labeling functions")


def test_without_gold_nothing_is_claimed_of_it():
    outline = Outline(report(TEXTS))
    assert has(outline, "No gold was given") and "Against gold" not in outline.texts
    assert not has(outline, "precision on gold")


def test_many_labeling_functions_and_classes_stay_small():
    labels = tuple(f"class {number}" for number in range(100))
    lfs = [regex_lf(f"lf_{number}", number % 100, rf"\bw{number}\b") for number in range(164)]
    draw = np.random.default_rng(0).integers(0, 164, (300, 6))
    texts = [" ".join(f"w{number}" for number in row) for row in draw]
    markup = report(texts, lfs, labels, gold=(draw[:, 0] % 100).tolist())
    assert len(markup) < 2_000_000
    outline = Outline(markup)
    assert has(outline, "134 more are in the table") and has(outline, "All 164 as a table")
    assert has(outline, "All 100 classes") and has(outline, "notes on these scores")


def test_a_text_of_a_megabyte_is_cut_around_what_was_found():
    far = "x" * 600_000 + " prize " + "y" * 400_000
    markup = report([far, "see home " * 100_000, far.replace("prize", "see prize")])
    assert len(markup) < 400_000 and "prize" in marked(markup)


def test_a_labeling_function_that_fails_is_told_of():
    @labeling_function()
    def fails(x):
        if "prize" in x.text:
            raise ValueError("<i>no</i>")
        return ABSTAIN

    outline = Outline(report(TEXTS, (*LFS, fails)))
    assert has(outline, "<i>no</i>") and has(outline, "Warnings")


def test_a_column_other_than_the_text_is_shown_where_something_was_found_in_it():
    lfs = (keyword_lf("from_bank", 1, ["bank"], column="sender"), *LFS)
    markup = report(["see home", "prize"], lfs, sender=["my bank", "a friend"], gold=[1, 0])
    assert "bank" in marked(markup) and has(Outline(markup), "sender:")


def test_training_is_drawn_where_it_has_epochs(tmp_path):
    for name, epochs in {"bert": 3, "once": 1}.items():
        folder = tmp_path / name
        folder.mkdir()
        entry = {"lr": 1e-5, "seconds": 2.0, "texts_per_second": 9.0, "validation_loss": 0.4, "validation_f1": 0.9}
        lines = [json.dumps({"epoch": at, "loss": 1 / at, **entry}) for at in range(1, epochs + 1)]
        (folder / "training.jsonl").write_text("\n".join(lines))
    outline = Outline(report(TEXTS, training=tmp_path))
    assert has(outline, "Training") and has(outline, "bert: loss should fall")
    assert not has(outline, "once: loss should fall") and has(outline, "once")


def test_the_same_corpus_gives_the_same_page(judged):
    assert report(TEXTS, gold=GOLD) == judged
