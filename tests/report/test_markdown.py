import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, strategies as st
from markdown_it import MarkdownIt

from weaklabel.errors import visible
from weaklabel.report import RunSummary, run_report
from weaklabel.report.markdown import best_stage, escape, markdown_table
from weaklabel.scoring import score

HOSTILE = (
    "a|b `c` <script>alert(1)</script> *d* [e](http://example.org) ~~f~~\n# g\n\n| x | y |\n| --- | --- |\n&lt; \\"
)


def html(markdown):
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)


def text_of(markup):
    return unescape(re.sub(r"<[^>]*>", "", markup))


def run(**changes):
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, 300)
    labels = changes.get("labels", ("ham", "spam"))
    shares = {"label_model": 0.5, "bert": 0.8, "gold_ceiling": 0.95}
    fields = {
        "title": "Spam",
        "corpus": "sms.csv",
        "n_rows": 290,
        "n_rejects": 10,
        "labels": labels,
        "lf_summary": pd.DataFrame({"Coverage": [0.5], "Emp. Acc.": [np.nan]}, index=["check_out"]),
        "label_counts": {labels[0]: 200, labels[1]: 50, "(no label)": 50},
        "label_model": {"name": "snorkel", "class_balance": [0.8, 0.2], "lr": 1e-05, "seed": None},
        "scores": {s: score(Y, np.where(rng.random(300) < p, Y, 1 - Y), labels=labels) for s, p in shares.items()},
        "problems": ["LF 'x' failed on 3 rows"],
        "warnings": [],
        "files": {"labeled.csv": "the corpus with its labels"},
        "settings": {"seed": 7, "corpus": {"path": "sms.csv", "limit": None}},
        "timings": {"label": 1.25},
        "versions": {"numpy": "2.4.6"},
    }
    return RunSummary(**fields | changes)


def test_the_report_tells_the_run():
    report = run_report(run())
    assert "300 rows in the input, 290 of them read, 10 rejected" in report
    assert "Seed: 7." in report and "Labeling functions: 1." in report
    assert "| check\\_out | 0.500 | - |" in report
    assert "| ham | 200 | 0.667 |" in report
    assert "| class\\_balance | 0.8, 0.2 |" in report and "| lr | 1e-05 |" in report
    assert "| corpus.path | sms.csv |" in report and "| numpy | 2.4.6 |" in report
    assert "LF 'x' failed on 3 rows" in report and "## Warnings\n\nNone." in report
    assert "| labeled.csv | the corpus with its labels |" in report
    assert report.endswith("\n") and not report.endswith("\n\n")


def test_scores_stand_with_intervals_and_the_confusion_of_the_best_stage_without_gold():
    summary = run()
    report = run_report(summary)
    bert = summary.scores["bert"]
    low, high = bert.intervals["f1"]
    assert f"{bert.f1:.3f} \\[{low:.3f}, {high:.3f}\\]" in report
    assert "Confusion matrix of bert" in report
    assert f"| ham | {bert.confusion[0][0]} | {bert.confusion[0][1]} | 0 |" in report


def test_the_best_stage_is_the_first_of_equals_and_never_the_ceiling():
    good, bad = score([0, 1], [0, 1], intervals=0), score([0, 1], [0, 0], intervals=0)
    assert best_stage({"bad": bad, "a": good, "b": good, "gold_ceiling": good}) == "a"
    assert best_stage({"gold_ceiling": good, "bad": bad}) == "bad"
    assert best_stage({"gold_ceiling": good}) is None


def test_a_run_without_gold_or_labeling_functions_says_so():
    report = run_report(RunSummary("T", "c", 1, 0, ("a", "b")))
    assert "no gold was given" in report
    assert "## Labeling functions" not in report and "## Files" not in report and "Seed" not in report


def test_notes_of_scores_are_shown():
    report = run_report(run(scores={"majority_class": score([0, 1], [0, 0], labels=("ham", "spam"), intervals=0)}))
    assert "majority\\_class: 'spam' is never predicted" in report


def test_hostile_names_everywhere_stay_text():
    labels = (HOSTILE, "spam")
    frame = pd.DataFrame({HOSTILE: ["x"]}, index=[HOSTILE])
    named = {HOSTILE: HOSTILE}
    summary = run(
        title=HOSTILE,
        corpus=HOSTILE,
        labels=labels,
        lf_summary=frame,
        label_counts={HOSTILE: 1},
        label_model=named,
        scores={
            HOSTILE: score([0, 1], [1, 0], labels=labels, positive=0),
            "b": score([0, 1], [0, 0], labels=labels, positive=0),
        },
        problems=[HOSTILE],
        warnings=[HOSTILE],
        files=named,
        settings={HOSTILE: named, "seed": HOSTILE},
        timings={HOSTILE: 1.0},
        versions=named,
    )
    markup = html(run_report(summary))
    assert not re.search(r"<(script|em|strong|a|code|s|del|img)\b", markup)
    assert markup.count("<h1>") == 1
    assert text_of(markup).count(visible(HOSTILE)) >= 18


@given(st.text(min_size=1))
@example(HOSTILE)
@example("1. item")
@example("- item")
@example("---")
@example("=")
@example("    code")
@example("&amp; &#35;")
@example("x ##")
def test_escaped_text_comes_out_letter_for_letter(text):
    shown = visible(text).strip()
    assert text_of(html(f"# {escape(text)}")).strip() == shown
    table = html(markdown_table([(text, text)], ["a", "b"]))
    assert [cell.strip() for cell in map(unescape, re.findall(r"<td[^>]*>(.*?)</td>", table))] == [shown] * 2
    bullet = html(run_report(RunSummary("T", "c", 1, 0, ("a",), problems=[text])))
    items = re.findall(r"<li>(.*?)</li>", bullet.split("Problems", 1)[1])
    assert [unescape(item).strip() for item in items] == [shown]


@pytest.mark.parametrize("name", ["a|b", "a\\|b", "`a|b`", "\\"])
def test_a_pipe_opens_no_column(name):
    markup = html(markdown_table([(name, 1)], ["name", "n"]))
    assert markup.count("<td") == 2
