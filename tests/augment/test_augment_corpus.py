"""New rows of a corpus: of which rows, with which columns, which are refused; and that nothing else decides them."""

import json

import polars as pl
import pytest

from weaklabel import augment_corpus, keyword_lf, transformation_function
from weaklabel.augment import load_tfs
from weaklabel.augment.corpus import augmenter_of
from weaklabel.corpus import read_corpus
from weaklabel.corpus.transform import STEPS
from weaklabel.errors import AugmentError, CorpusError, ExportError
from weaklabel.job import transform_job
from weaklabel.job.transform import transform_file
from weaklabel.lf.packs import LFCollection

ROWS = {
    "text": [
        "claim your prize",
        "see you soon",
        "CLAIM YOUR PRIZE",
        "a prize for you",
        "no label here",
        "lunch at noon",
    ],
    "author": ["a", "b", "c", "a", "b", "d"],
    "label": ["spam", "ham", "spam", "ham", None, "ham"],
    "confidence": [0.9, 0.8, 0.9, 0.6, None, 0.7],
    "p_ham": [0.1, 0.8, 0.1, 0.6, None, 0.7],
    "p_spam": [0.9, 0.2, 0.9, 0.4, None, 0.3],
    "vote_prize": ["spam", None, "spam", "spam", None, None],
    "split": ["train", "train", "test", "train", "train", "valid"],
}
PACK = LFCollection(
    (keyword_lf("prize", 1, ["prize", "gift"]), keyword_lf("lunch", 0, ["lunch", "soon"])), ("ham", "spam")
)


@transformation_function()
def louder(x):
    return x.text.upper()


@transformation_function()
def gift(x):
    return f"{x.text} gift" if "prize" not in x.text else x.text.replace("prize", "lunch")


@transformation_function()
def same(x):
    return x.text + "  "


def added(done):
    return done.frame.filter(done.frame["augmented_by"].is_not_null())


def test_only_labeled_training_rows_are_sources_and_new_rows_are_theirs():
    done = augment_corpus(ROWS, tfs=[louder])
    new = added(done)
    assert new["augmented_from"].to_list() == [2, 4]  # row 1 would have the text of a test row
    assert new["split"].to_list() == ["train", "train"] and new["author"].to_list() == ["b", "a"]
    assert new["p_spam"].to_list() == [0.2, 0.4] and new["label"].to_list() == ["ham", "ham"]
    assert new["vote_prize"].to_list() == [None, None]  # what was voted on another text
    assert (
        done.frame.filter(done.frame["augmented_by"].is_null())
        .drop("augmented_from", "augmented_by")
        .equals(read_corpus(ROWS).batches().__next__().stored)
    )
    assert done.summary["refused"] == {"text of another split": 1}
    assert (done.rows, done.kept, done.added, done.refused) == (6, 6, 2, 1)


def test_votes_that_speak_against_the_label_refuse_a_row(tmp_path):
    done = augment_corpus(ROWS, tmp_path / "out.jsonl", tfs=[gift], lfs=PACK)
    # Row 2, ham, becomes "see you soon gift": one vote each way. Rows 1 and 4 lose the word prize and get lunch.
    rejects = [json.loads(line) for line in (tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(each["row"], each["rule"], each["record"]["text"]) for each in rejects] == [
        (1, "label contradicted", "claim your lunch")
    ]
    rows = pl.read_ndjson(tmp_path / "out.jsonl").filter(pl.col("augmented_by").is_not_null())
    assert rows["text"].to_list() == ["see you soon gift", "a lunch for you"]
    assert rows["vote_prize"].to_list() == ["spam", None]  # the votes on the new text
    assert "2 labeling functions" in done.summary["labels checked by"] and done.rejects_file is not None


def test_votes_that_are_those_of_the_source_do_not_refuse():
    rows = {"text": ["a prize for you"], "label": ["ham"], "split": ["train"]}  # somebody said that this is ham
    assert augment_corpus(rows, tfs=[louder], lfs=PACK).added == 1


def test_texts_that_are_there_are_not_added_again(tmp_path):
    rows = {"text": ["one two", "ONE TWO", "x y"], "label": ["a", "a", "b"]}
    done = augment_corpus(rows, tfs=[louder, same], policy="each", all_train=True)
    assert added(done)["text"].to_list() == ["X Y"]
    assert done.summary["refused"] == {"duplicate": 4}
    (tmp_path / "test.csv").write_text("text,label\nx   Y,b\n", encoding="utf-8")
    done = augment_corpus(rows, tfs=[louder], all_train=True, not_in=[tmp_path / "test.csv"])
    assert done.added == 0 and done.summary["refused"] == {"duplicate": 1, "text of another split": 1}


def test_rows_with_gold_are_no_sources():
    rows = {"text": ["one", "two", "three"], "truth": ["a", None, ""], "label": ["a", "a", "b"]}
    done = augment_corpus(rows, tfs=[louder], all_train=True, gold="truth")
    assert added(done)["augmented_from"].to_list() == [2, 3]
    seen = []

    @transformation_function()
    def looks(x):
        seen.extend(x.keys())
        return x.text.upper()

    augment_corpus(read_corpus(rows, hide=["truth"]), tfs=[looks], all_train=True)
    assert "truth" not in seen and "text" in seen
    prefixed = {"text": ["one", "two"], "label": ["a", None], "weak_label": ["a", "b"], "weak_confidence": [1.0, 1.0]}
    assert added(augment_corpus(prefixed, tfs=[louder], all_train=True))["text"].to_list() == ["TWO"]


def test_provenance_grows():
    rows = {"text": ["one"], "label": ["a"], STEPS: ["clean: unicode"]}
    assert augment_corpus(rows, tfs=[louder], all_train=True).frame[STEPS].to_list() == [
        "clean: unicode",
        "clean: unicode; augment: louder",
    ]


def refusals():
    labeled = {"text": ["one"], "label": ["a"]}
    yield labeled, {}, AugmentError, "no column 'split', so rows for training cannot be told"
    yield labeled | {"split": ["test"]}, {}, AugmentError, "no row can be augmented: none has a label and 'train'"
    yield labeled | {"split": ["train"]}, {"all_train": True}, AugmentError, "leave out that all rows"
    yield labeled, {"split": "part"}, AugmentError, "no column 'part' with the split"
    yield labeled, {"all_train": True, "gold": "x"}, AugmentError, "no column 'x' with gold"
    yield {"text": ["one"]}, {"all_train": True}, ExportError, "no column 'label'"
    yield labeled | {"augmented_by": ["x"]}, {"all_train": True}, CorpusError, "already has a column 'augmented_by'"
    yield {"text": ["one"], "label": [None]}, {"all_train": True}, AugmentError, "no row with a label"
    classes = {"text": ["x"], "label": ["a"], "confidence": [1.0], "p_a": [1.0], "p_b": [0.0]}
    yield classes, {"all_train": True, "lfs": PACK}, AugmentError, "vote for ham, spam, but .* has the classes a, b"
    yield labeled, {"all_train": True, "lfs": PACK}, AugmentError, "'a' is none of the classes ham, spam"


@pytest.mark.parametrize(("rows", "how", "error", "message"), list(refusals()))
def test_what_is_refused(rows, how, error, message):
    with pytest.raises(error, match=message):
        augment_corpus(rows, tfs=[louder], **how)


def corpus_of(n):
    words = ["claim", "your", "prize", "now", "see", "you", "soon", "lunch", "at", "noon", "thanks", "for", "nothing"]
    texts = [" ".join(words[(at * 7 + step * at) % 13] for step in range(4)) + f" {at}" for at in range(n)]
    return {"text": texts, "label": ["spam" if at % 3 else "ham" for at in range(n)], "split": ["train"] * n}


def test_results_depend_on_the_seed_and_the_texts_alone(monkeypatch, tmp_path):
    rows = pl.DataFrame(corpus_of(60))
    rows.write_parquet(tmp_path / "rows.parquet", row_group_size=7)
    how = {"tfs": ["typos", "swap-words"], "per_row": 2, "length": 2}
    whole = augment_corpus(rows, seed=3, **how).frame
    assert not whole.equals(augment_corpus(rows, seed=4, **how).frame)
    monkeypatch.setattr(transform_job, "PART_ROWS", 7)
    augment_corpus(tmp_path / "rows.parquet", tmp_path / "parts.parquet", seed=3, **how)
    assert pl.read_parquet(tmp_path / "parts.parquet").equals(whole)
    # Other rows before them change nothing, unless they have the same texts.
    half = added(augment_corpus(rows[30:], seed=3, **how))
    assert half["text"].to_list() == whole.filter(pl.col("augmented_from") > 30)["text"].to_list()


def test_json_keeps_what_it_had_and_new_rows_are_lines_of_their_own(tmp_path):
    lines = [
        '{"text": "one two", "label": "a", "tags": [1, 2.50], "split": "train"}',
        '{"text": "x", "label": "b", "split": "test"}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    augment_corpus(tmp_path / "in.jsonl", tmp_path / "out.jsonl", tfs=["swap-words"])
    written = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in written] == ["one two", "two one", "x"]
    assert "[1, 2.50]" in written[0] and "[1,2.50]" in written[1] and '"augmented_from": 1' in written[1]


def test_an_interrupted_call_goes_on(tmp_path, monkeypatch):
    pl.DataFrame(corpus_of(40)).write_parquet(tmp_path / "rows.parquet", row_group_size=10)
    monkeypatch.setattr(transform_job, "PART_ROWS", 10)
    tfs, calls = load_tfs(["typos"]), []
    corpus = read_corpus(tmp_path / "rows.parquet")
    transform = augmenter_of(corpus, tfs=tfs)
    whole = augment_corpus(corpus, tfs=tfs).frame
    apply, survey = type(transform).apply, type(transform).survey

    def dies(self, frame, first_row, folder):
        calls.append(first_row)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return apply(self, frame, first_row, folder)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(transform), "apply", dies)
        transform_file(corpus, transform, tmp_path / "out.parquet")
    with monkeypatch.context() as patch:
        patch.setattr(type(transform), "survey", lambda *_: pytest.fail("surveyed again"))
        patch.setattr(type(transform), "decide", lambda *_: pytest.fail("decided again"))
        done = transform_file(corpus, transform, tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet").equals(whole) and done.added == whole.height - 40
    assert survey is type(transform).survey
