"""How many texts of a corpus were read fast, and how many embedded, is counted with its labels."""

import csv

import numpy as np
import pytest

from tests.tiny_bert import save_encoder
from weaklabel.cli.label import _class_lines
from weaklabel.config import LabelModelSettings
from weaklabel.corpus import read_corpus
from weaklabel.job.label import label_file
from weaklabel.job.store import LabelStore, PartLabels
from weaklabel.job.voting import LabelOptions
from weaklabel.label_model.text.fast import TextsRead
from weaklabel.lf.packs import load_lfs

PACK = """
from weaklabel import keyword_lf

LABELS = ("sport", "food")
lfs = [
    keyword_lf("match", 0, ["match"]),
    keyword_lf("coach", 0, ["coach"]),
    keyword_lf("soup", 1, ["soup"]),
    keyword_lf("bread", 1, ["bread"]),
]
"""
WORDS = (("match", "coach", "striker", "fans"), ("soup", "bread", "onions", "sauce"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(save_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))


# The tiny encoder knows few words, which is warned of.
@pytest.mark.filterwarnings("ignore:.* was not made for the language")
@pytest.mark.parametrize("exact", [False, True])
def test_texts_of_each_stage_add_up_to_the_corpus(tmp_path, encoder, exact):
    rng = np.random.default_rng(0)
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text"])
        for number in range(2300):
            writer.writerow([f"{' '.join(rng.choice(WORDS[number % 2], 3))} now and then"])
    (tmp_path / "pack.py").write_text(PACK, encoding="utf-8")
    settings = LabelModelSettings(name="text", encoder=encoder, max_rows=1100, exact_texts=exact)
    done = label_file(
        read_corpus(tmp_path / "rows.csv"),
        load_lfs(str(tmp_path / "pack.py")),
        str(tmp_path / "out.csv"),
        LabelOptions(label_model=settings, read_texts=True, workers=0),
    )
    read = done.texts_read
    assert read.fast + read.embedded == done.rows == 2300
    assert (read.fast == 0) == exact


def test_they_are_kept_with_the_labels_of_a_part(tmp_path):
    store, read = LabelStore(tmp_path, "tag"), TextsRead(fast=7, embedded=3)
    store.save(0, PartLabels(np.zeros(10, int), np.ones((10, 1)), read=read))
    labels = store.load(0)
    assert labels is not None and labels.read == read


@pytest.mark.parametrize(("fast", "shown"), [(7, ["texts: 7 read by the fast reader, 3 embedded"]), (0, [])])
def test_the_summary_shows_them_where_any_was_read_fast(fast, shown):
    result = {"labels": {"a": 10}, "unlabeled": 0, "label_model": "", "texts_read": {"fast": fast, "embedded": 3}}
    assert _class_lines(result)[1:] == shown
