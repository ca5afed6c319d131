"""Whatever texts, labels, names and exceptions hold: a terminal gets no control character, and no name forges a line."""

import csv
import json

import pytest

EVIL = "evil\nFORGED \x1b]0;owned\x07 \x9b2J\u202e\u2066\u2028\r\x7fend"
HEAD = f'''"""Doc with \\x1b[2J in it."""
from weaklabel import keyword_lf, labeling_function, regex_lf
EVIL = {EVIL!a}
LABELS = ("ham " + EVIL, "spam " + EVIL)
prize = keyword_lf("prize " + EVIL, 1, ["prize", EVIL])
home = regex_lf("home " + EVIL, 0, "home|" + EVIL)

@labeling_function(name="odd " + EVIL)
def odd(x):
    print("printed", *x.text.split("\\n"))
    if "odd" in x.text:
        raise ValueError("raised " + x.text)
    return -1
'''
MAJORITY = ("--label-model", "majority")
TEXTS = [f"win a prize {EVIL}", f"go home {EVIL}", f"odd {EVIL}", f"prize at home {EVIL}"] * 3


def check(text):
    assert "FORGED" not in {line.split(" ")[0] for line in text.splitlines()}
    kept = "".join(text.split("\n"))
    assert kept.isprintable(), ascii("".join(sorted({c for c in kept if not c.isprintable()})))


@pytest.fixture
def job(tmp_path, monkeypatch):
    folder = tmp_path / EVIL
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "pack.py").write_text(HEAD)
    with (folder / f"{EVIL}.csv").open("w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(["text", f"gold {EVIL}", "label", "pred"])
        for text in TEXTS:
            gold = f"{'spam' if 'prize' in text else 'ham'} {EVIL}"
            rows.writerow([text, gold, gold, gold])
    return folder


CORPUS, GOLD, PACK = f"{EVIL}.csv", f"gold {EVIL}", ("--lfs", "./pack.py")
VERBS = {
    "label": ("label", CORPUS, *PACK, "-o", f"out {EVIL}.csv", "--prefix", "weak_"),
    "label unguarded": ("label", CORPUS, *PACK, "-o", f"out {EVIL}.csv", "--prefix", "weak_", "--workers", 0),
    "label again": ("label", CORPUS, *PACK, "-o", f"out {EVIL}.csv"),
    "over budget": ("label", CORPUS, *PACK, "-o", "out.csv", "--prefix", "weak_", "--error-budget", 0),
    "analyze": ("analyze", CORPUS, *PACK, "--gold", GOLD),
    "analyze page": ("analyze", CORPUS, *PACK, "--html", f"{EVIL}.html", *MAJORITY),
    "lfs": ("lfs", "./pack.py"),
    "lfs new": ("lfs", "--new", f"{EVIL}.py"),
    "lfs broken": ("lfs", f"./{EVIL}.csv"),
    "suggest": ("suggest", CORPUS, *PACK, *MAJORITY),
    "suggest nowhere": ("suggest", CORPUS, *PACK, *MAJORITY, "-o", f"{EVIL}.py"),
    "explain row": ("explain", CORPUS, *PACK, "--row", 3),
    "explain lf": ("explain", CORPUS, *PACK, "--lf", f"prize {EVIL}"),
    "explain no lf": ("explain", CORPUS, *PACK, "--lf", f"none {EVIL}"),
    "score": ("score", CORPUS, "--gold", GOLD, "--pred", "pred"),
    "score nothing": ("score", CORPUS, "--gold", f"none {EVIL}"),
    "train": ("train", CORPUS, *PACK, "-o", f"model {EVIL}", "--classifier", "linear", *MAJORITY),
    "no file": ("label", f"none {EVIL}.csv", *PACK, "-o", "out.csv"),
    "no option": ("label", CORPUS, *PACK, "-o", "out.csv", "--format", EVIL),
    "no such option": ("label", CORPUS, f"--{EVIL}"),
    "extra": ("label", CORPUS, EVIL, *PACK, "-o", "out.csv"),
    "no verb": (EVIL,),
    "no project": ("run", f"{EVIL}.toml"),
    "no folder": ("review", f"none {EVIL}"),
    "no model": ("predict", CORPUS, "--model", f"none {EVIL}", "-o", "out.csv"),
}


@pytest.mark.parametrize("case", VERBS)
def test_no_verb_sends_a_control_character(weaklabel, job, case):
    done = weaklabel(*VERBS[case])
    check(done.out)
    check(done.err)
    assert "evil" in done.out + done.err or "evil" in job.name


@pytest.mark.parametrize("case", ["label", "analyze", "lfs", "suggest", "explain row", "explain lf", "score"])
def test_json_says_the_same_without_sending_any(weaklabel, job, case):
    done = weaklabel(*VERBS[case], "--json")
    check(done.out)
    assert any(EVIL in value for value in strings(json.loads(done.out)))


def strings(value):
    if isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value
