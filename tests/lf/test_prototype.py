"""Labeling functions that vote by likeness to examples, on the embedded encoder."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.tiny_bert import save_encoder
from weaklabel.corpus.batch import Batch
from weaklabel.encoder.encoder import Encoder
from weaklabel.errors import LFError
from weaklabel.lf.core import LF
from weaklabel.lf.models import prototype_lf

FOOD = ["How long do I boil an egg?", "A soup of lentils and carrots", "Bake the bread until it is brown"]
SPORT = ["They scored twice in the second half", "She won the marathon in the rain", "The coach left the team"]
EXAMPLES = {0: FOOD, 1: SPORT}

ON_FOOD = ["Fry the onions in butter", "This cake needs more sugar", "Which sauce goes with the noodles?"]
ON_SPORT = ["The goalkeeper saved a penalty", "He ran the last lap in a minute", "Our team lost the final"]
ON_NEITHER = ["The printer is out of paper", "Interest rates fell", "", "7"]
TEXTS = ON_FOOD + ON_SPORT + ON_NEITHER


def batch(texts: list[str], **columns: list[Any]) -> Batch:
    return Batch(pl.DataFrame({"text": texts, **columns}))


def vote(texts: list[str], examples: dict[int, list[str]] | None = None, **options: Any) -> np.ndarray:
    return np.asarray(prototype_lf("topic", examples or EXAMPLES, **options).vote(batch(texts)))


def test_texts_like_the_examples_get_their_class_and_others_none() -> None:
    lf = prototype_lf("topic", EXAMPLES)
    votes = np.asarray(lf.vote(batch(TEXTS)))
    assert isinstance(lf, LF)
    assert votes.dtype == np.int8
    assert votes.tolist() == [0] * 3 + [1] * 3 + [-1] * 4


@pytest.mark.parametrize("size", [1, 3])
def test_votes_do_not_depend_on_the_batch_size(size: int) -> None:
    parts = [vote(TEXTS[begin : begin + size]) for begin in range(0, len(TEXTS), size)]
    np.testing.assert_array_equal(np.concatenate(parts), vote(TEXTS))


def test_permuting_rows_permutes_votes() -> None:
    order = np.random.default_rng(2).permutation(len(TEXTS))
    np.testing.assert_array_equal(vote([TEXTS[row] for row in order]), vote(TEXTS)[order])


def test_renaming_classes_renames_votes() -> None:
    renamed = vote(TEXTS, {5: SPORT, 3: FOOD})
    np.testing.assert_array_equal(renamed, np.array([3, 5, -1])[vote(TEXTS)])


def test_the_order_of_examples_does_not_matter() -> None:
    np.testing.assert_array_equal(vote(TEXTS, {1: SPORT[::-1], 0: FOOD[::-1] + FOOD[:1]}), vote(TEXTS))


def test_a_higher_threshold_only_silences() -> None:
    votes = [vote(TEXTS, threshold=threshold) for threshold in (0, 0.8, 0.95, 1)]
    for lower, higher in pairwise(votes):
        assert ((higher == lower) | (higher == -1)).all()
    # With two classes one of them always has half; only the blank text is left out.
    assert (votes[0] == -1).tolist() == [text == "" for text in TEXTS]
    assert (votes[-1] == -1).all()


def test_examples_under_abstain_take_texts_away() -> None:
    np.testing.assert_array_equal(vote(TEXTS, {-1: FOOD, 1: SPORT}), np.where(vote(TEXTS) == 0, -1, vote(TEXTS)))


def test_a_text_is_run_once_for_all_lfs_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[list[str]] = []
    real = Encoder.encode

    def counting(self: Encoder, texts: list[str]) -> Any:
        encoded.append(list(texts))
        return real(self, texts)

    monkeypatch.setattr(Encoder, "encode", counting)
    lfs = [prototype_lf("topic", EXAMPLES), prototype_lf("sport", {-1: FOOD, 1: SPORT})]
    for rows in (batch(TEXTS), batch(TEXTS[:2])):
        for lf in lfs:
            lf.vote(rows)
    # The examples of both once, and each batch once.
    assert sorted(encoded) == sorted([FOOD, SPORT, FOOD, SPORT, TEXTS, TEXTS[:2]])


def test_columns_do_not_share_vectors() -> None:
    rows = batch(ON_FOOD, title=ON_SPORT)
    assert np.asarray(prototype_lf("text", EXAMPLES).vote(rows)).tolist() == [0, 0, 0]
    assert np.asarray(prototype_lf("title", EXAMPLES, column="title").vote(rows)).tolist() == [1, 1, 1]


def test_another_encoder_can_be_named(tmp_path: Path) -> None:
    folder = save_encoder(tmp_path / "tiny")
    examples = {0: ["meet me at home", "love you soon"], 1: ["free prize now", "win cash now"]}
    texts = ["meet me at home", "free prize now", "win cash now"]
    assert vote(texts, examples, model=folder, threshold=0.5).tolist() == [0, 1, 1]


def test_an_encoder_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(LFError, match=r"LF 'topic': model '.*nowhere' cannot be loaded"):
        vote(TEXTS, model=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ({1: SPORT}, "it needs 2 or more answers"),
        ({0: FOOD, 1: SPORT[:1] * 2}, "class 1 needs two or more different examples"),
        ({0: FOOD, 1: []}, "class 1 needs two or more different examples"),
        ({0: FOOD, 1: "sport"}, "examples of class 1 must be a list of texts"),
        ({0: [*FOOD, " "], 1: SPORT}, "examples of class 0 must be a list of texts"),
        ({0: FOOD, "sport": SPORT}, "'sport' is neither a class number"),
    ],
)
def test_unfit_examples_are_refused(examples: Any, message: str) -> None:
    with pytest.raises(LFError, match=f"LF 'topic': .*{message}"):
        prototype_lf("topic", examples)


def test_a_threshold_is_a_probability() -> None:
    with pytest.raises(LFError, match="threshold must be a probability"):
        prototype_lf("topic", EXAMPLES, threshold=1.2)
