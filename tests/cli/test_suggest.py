"""``weaklabel suggest``: what is shown, what is written, and what is refused."""

import csv
import json
import shlex

import pytest

from tests.llm.server import LLMServer
from tests.suggest.conftest import World
from weaklabel.encoder import encoder
from weaklabel.label_model import AutoLabelModel, TextLabelModel
from weaklabel.label_model.text.reader import TextSampler
from weaklabel.lf.packs import load_lfs
from weaklabel.suggest import suggestions

PACK = """
from weaklabel import keyword_lf
LABELS = ("food", "sport")
soup = keyword_lf("soup", 0, ["soup", "bread"])
goal = keyword_lf("goal", 1, ["goal", "match"])
silent = keyword_lf("silent", 1, ["zzz"])
"""


@pytest.fixture
def things(tmp_path):
    """A corpus with gold on every tenth row, and a pack."""
    world = World(400)
    corpus, pack = tmp_path / "things.csv", tmp_path / "mine.py"
    with corpus.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "truth"])
        for row, text in enumerate(world.texts):
            writer.writerow([text, ("food", "sport")[world.Y[row]] if row % 10 == 0 else ""])
    pack.write_text(PACK, encoding="utf-8")
    return corpus, pack, tmp_path / "suggested.py"


def test_suggest_writes_a_pack_that_goes_with_the_others(weaklabel, things):
    corpus, pack, out = things
    done = weaklabel("suggest", corpus, "--lfs", pack, "--gold", "truth", "-o", out)
    assert done.code == 0, done.err
    assert "Candidates" in done.out and "on gold" in done.out and "'silent' never votes" in done.out
    assert f"wrote {out}" in done.out
    assert load_lfs(pack, out).labels == ("food", "sport")
    covered = [
        weaklabel("analyze", corpus, *(f"--lfs={item}" for item in packs), "--json").json["coverage"]
        for packs in ([pack], [pack, out])
    ]
    assert covered[1] > covered[0] + 0.1
    again = weaklabel("suggest", corpus, "--lfs", pack, "-o", out)
    assert again.code == 1 and "exists already" in again.err
    assert weaklabel("suggest", corpus, "--lfs", pack, "-o", out, "--force", "-n", 1).code == 0
    assert len(load_lfs(out)) == 1


def test_suggest_as_json(weaklabel, things):
    corpus, pack, _ = things
    result = weaklabel("suggest", corpus, "--lfs", pack, "--json", "-n", 2).json
    assert len(result["lfs"]) == 2 and {"patterns", "precision", "new_coverage", "code"} <= set(result["lfs"][0])
    assert [problem["kind"] for problem in result["weak_lfs"]] == ["never votes"]
    assert len(result["rows"]) == 20 and result["n_rows"] == 400


def test_a_wrong_gold_column_or_file_name_is_refused_before_any_work(weaklabel, things, tmp_path):
    corpus, pack, _ = things
    assert weaklabel("suggest", corpus, "--lfs", pack, "--gold", "none").code == 1
    refused = weaklabel("suggest", tmp_path / "missing.csv", "--lfs", pack, "-o", tmp_path / "pack.txt")
    assert refused.code == 1 and "must end in .py" in refused.err


def test_a_place_for_the_pack_is_looked_at_before_any_work(weaklabel, things, tmp_path):
    _, pack, _ = things
    (tmp_path / "folder.py").mkdir()
    for place, why in (("nowhere/new.py", "does not exist"), ("folder.py", "it is a folder")):
        done = weaklabel("suggest", "nothing.csv", "--lfs", pack, "--force", "-o", tmp_path / place)
        assert done.code == 1 and why in done.err and "nothing.csv" not in done.err


@pytest.mark.parametrize("rows", [[], ["soup"], ["zz"] * 6])
def test_next_to_nothing_is_no_error(weaklabel, things, tmp_path, rows):
    few = tmp_path / "few.csv"
    few.write_text("\n".join(["text", *rows, ""]), encoding="utf-8")
    done = weaklabel("suggest", few, "--lfs", things[1])
    assert done.code == 0 and "No candidate" in done.out


def test_the_next_command_reads_the_corpus_in_the_same_way(weaklabel, things, tmp_path):
    corpus, pack, out = things
    other = tmp_path / "other things.csv"
    rows = corpus.read_text(encoding="utf-8").replace("text,truth", "words;truth", 1).replace(".,", ".;")
    other.write_text(f"first line\n{rows}", encoding="utf-16")
    reading = ["--text", "words", "--encoding", "utf-16", "--delimiter", ";", "--skip-rows", "1", "--no-quoting"]
    options = [*reading, "--label-model", "majority", "--set", "label_model.tie_break_policy=random", "--gold", "truth"]
    done = weaklabel("suggest", other, "--lfs", pack, *options, "-o", out)
    assert done.code == 0, done.err
    written = shlex.split(done.out.splitlines()[-1].partition("next: weaklabel ")[2])
    assert written[:2] == ["analyze", str(other)] and set(options) <= set(written)
    following = weaklabel(*written, "--json")
    assert following.code == 0, following.err
    assert following.json["rows"] == 400 and len(following.json["lfs"]) > 3


@pytest.fixture
def embedded(monkeypatch):
    """How many texts each run of the encoder gets; label models are fitted to 60 rows, and 100 are searched."""
    counts = []

    def counted(loaded, texts, *args, **how):
        counts.append(len(texts))
        return run_texts(loaded, texts, *args, **how)

    run_texts = encoder.run_texts
    monkeypatch.setattr(encoder, "run_texts", counted)
    monkeypatch.setattr(suggestions, "MAX_ROWS", 100)
    for model in (AutoLabelModel, TextLabelModel):
        monkeypatch.setattr(model, "sampler", lambda self: TextSampler(60))
    return counts


@pytest.mark.parametrize("model", ["auto", "text"])
def test_of_a_large_corpus_only_a_sample_is_embedded(weaklabel, things, embedded, model):
    corpus, pack, _ = things
    done = weaklabel("suggest", corpus, "--lfs", pack, "--label-model", model, "--no-cache")
    assert done.code == 0, done.err
    assert 100 <= sum(embedded) <= 160
    assert "Looked for in 100 of 400 rows" in done.out and "the label model read the texts of these only" in done.out


def test_analyze_and_explain_embed_what_the_fit_needs(weaklabel, things, embedded):
    corpus, pack, _ = things
    reading = ["--lfs", pack, "--label-model", "text", "--no-cache", "--json"]
    assert weaklabel("analyze", corpus, *reading).json["rows"] == 400
    assert sum(embedded) == 60
    embedded.clear()
    explained = weaklabel("explain", corpus, *reading, "--row", 17).json
    assert explained["label_model"].startswith("votes and texts") and 60 <= sum(embedded) <= 61


PROPOSED = json.dumps(
    {
        "lfs": [
            {"label": "food", "keywords": ["cheese", "oven"]},
            {"label": "sport", "regex": "coach|team"},
            {"label": "x"},
        ]
    }
)


@pytest.fixture
def server():
    with LLMServer(lambda body: PROPOSED, key="secret-key") as server:
        yield server


@pytest.fixture
def asked(server, monkeypatch):
    """The options that name the server, and a key in the environment."""
    monkeypatch.setenv("TINY_KEY", "secret-key")
    return "--llm", "tiny", "--endpoint", server.url, "--llm-key", "TINY_KEY", "--label-model", "majority"


def test_a_language_model_proposes(weaklabel, things, server, asked):
    corpus, pack, out = things
    done = weaklabel("suggest", corpus, "--lfs", pack, *asked, "--prompts", 2, "-n", 20, "-o", out, "--json")
    assert done.code == 0 and server.requests == 2
    assert {lf["source"] for lf in done.json["lfs"]} <= {"llm", "texts"}
    assert done.json["proposed"]["prompts"] == 2 and len(done.json["proposed"]["lfs"]) == 2
    assert done.json["proposed"]["left_out"]["no such class"] == 2
    assert "secret-key" not in done.out + done.err


def test_a_dry_run_asks_nothing(weaklabel, things, server, asked):
    corpus, pack, out = things
    command = ("suggest", corpus, "--lfs", pack, *asked, "--price", "tiny=1,2", "--dry-run", "-o", out)
    done = weaklabel(*command)
    assert done.code == 0 and server.requests == 0 and not out.exists()
    assert "tiny: 4 requests, about" in done.out and "USD" in done.out and "nothing was asked" in done.out
    assert "--- user:\nTexts without a label yet:\n<text " in done.out
    estimate = weaklabel(*command, "--json").json["estimate"]
    assert estimate["requests"] == 4 and estimate["money"] < estimate["most_money"]


def test_a_dry_run_without_a_model(weaklabel, things):
    corpus, pack, out = things
    done = weaklabel("suggest", corpus, "--lfs", pack, "--label-model", "majority", "-o", out, "--dry-run")
    assert done.code == 0 and "no language model" in done.out and not out.exists()


def test_caps_of_the_command_hold(weaklabel, things, server, asked):
    corpus, pack, _ = things
    done = weaklabel("suggest", corpus, "--lfs", pack, *asked, "--max-requests", 1)
    assert done.code == 1 and server.requests == 1 and "the cap --max-requests" in done.err


def test_texts_are_masked_before_they_are_sent(weaklabel, things, server, asked):
    corpus, pack, _ = things
    corpus.write_text("text\n" + "".join(f"write to ann{row}@example.org about the oven\n" for row in range(30)))
    assert weaklabel("suggest", corpus, "--lfs", pack, *asked, "--prompts", 1, "--mask-texts").code == 0
    assert "write to [EMAIL] about" in str(server.bodies) and "@example.org" not in str(server.bodies)
    assert weaklabel("suggest", corpus, "--lfs", pack, *asked, "--prompts", 1).code == 0
    assert "@example.org" in str(server.bodies[-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--endpoint", "http://localhost:1"), "needs --llm"),
        (("--describe", "food=x"), "needs --llm"),
        (("--llm", "x", "--llm-key", "K"), "needs --endpoint"),
        (("--llm", "x", "--describe", "food"), "LABEL=TEXT"),
        (("--llm", "x", "--endpoint", "http://localhost:1", "--price", "x=1"), "MODEL=IN,OUT"),
    ],
)
def test_options_about_a_model_that_do_not_fit(weaklabel, things, options, message):
    corpus, pack, _ = things
    done = weaklabel("suggest", corpus, "--lfs", pack, *options)
    assert done.code == 2 and message in done.err
