"""Views of texts are chosen by how well they predict votes of held-out labeling functions."""

import json

import numpy as np
import pytest

from tests.tiny_bert import save_encoder
from weaklabel.encoder.features import TextFeatures
from weaklabel.label_model import TextLabelModel, load_label_model
from weaklabel.label_model.text.reader import TextSample
from weaklabel.label_model.text.views import MIN_ROWS, HeldOutVotes, best_views, choose_views
from weaklabel.support.hashing import sampling_numbers

N, M, K = 600, 12, 2


@pytest.fixture(scope="module")
def rows():
    """Classes, and votes that are right in 90%; each labeling function votes on rows of its own, and on some of all."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, K, N)
    voter = rng.integers(0, M, N)
    votes = (voter[:, None] == np.arange(M)) | (rng.random((N, M)) < 0.03)
    right = np.where(rng.random((N, M)) < 0.9, Y[:, None], 1 - Y[:, None])
    return Y, voter, np.asfortranarray(np.where(votes, right, -1).astype(np.int8))


def telling(Y, rng, strength):
    """Vectors of length 1 that tell the class, more or less."""
    vectors = rng.normal(size=(len(Y), 8)) + strength * np.eye(K, 8)[Y]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_view_that_predicts_held_out_votes_is_added_and_one_that_does_not_is_not(rows):
    Y, _, L = rows
    rng = np.random.default_rng(1)
    weak, strong, noise = (telling(Y, rng, strength) for strength in (0.5, 3, 0))
    held_out = HeldOutVotes(L, K)
    assert best_views(held_out, {"text": weak, "words": strong, "characters": noise}, ()) == ("words",)
    assert best_views(held_out, {"text": strong, "words": noise, "characters": noise}, ()) == ()


def test_the_usual_views_stay_where_others_are_no_better(rows):
    Y, _, L = rows
    rng = np.random.default_rng(2)
    views = {"text": telling(Y, rng, 3), "characters": telling(Y, rng, 3)}
    assert best_views(HeldOutVotes(L, K), views, ("characters",)) == ("characters",)
    assert best_views(HeldOutVotes(L, K), {"text": views["text"]}, ("characters",)) == ()


def test_a_view_that_knows_only_which_labeling_function_votes_is_not_added(rows):
    """Each labeling function votes for one class, so the words that it looks for give its votes away."""
    _, voter, L = rows
    one_class = np.where(L >= 0, np.arange(M) % K, -1).astype(np.int8)
    Y = voter % K
    rng = np.random.default_rng(3)
    views = {"text": telling(Y, rng, 1), "words": np.eye(M)[voter]}
    assert best_views(HeldOutVotes(np.asfortranarray(one_class), K), views, ()) == ()


def test_without_votes_to_predict_there_is_no_choice(rows):
    _, voter, _ = rows
    one_lf_a_class = np.where(voter[:, None] % K == np.arange(K), np.arange(K), -1).astype(np.int8)
    assert HeldOutVotes(np.asfortranarray(one_lf_a_class), K).n_rows == 0
    few = np.full((MIN_ROWS // 2, M), -1, dtype=np.int8)
    few[:, :3] = 1
    assert HeldOutVotes(np.asfortranarray(few), K).n_rows < MIN_ROWS


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def corpus(rows):
    """Words of the same few letters, which the tiny encoder does not know; their endings tell the class."""
    Y, _, L = rows
    rng = np.random.default_rng(4)
    texts = []
    for label in Y:
        stems = ["".join(rng.choice(list("bcdfg"), 5)) for _ in range(4)]
        texts.append(" ".join(stem + ("ula" if label else "ope") for stem in stems))
    return texts, L, Y


# The tiny encoder knows few words, which is warned of.
@pytest.mark.filterwarnings("ignore:.* was not made for the language")
def test_characters_are_read_where_they_tell_more_than_the_encoder(corpus, tiny, tmp_path):
    texts, L, Y = corpus
    model = TextLabelModel(K, encoder=str(tiny))
    model.fit(L[:500], texts[:500])
    assert "characters" in model.features_.views_
    assert "characters" in model.describe()
    assert (model.predict(np.full((100, M), -1), texts=texts[500:]) == Y[500:]).mean() > 0.9
    model.save(tmp_path / "model.json")
    back = load_label_model(tmp_path / "model.json")
    np.testing.assert_array_equal(back.predict_proba(L, texts), model.predict_proba(L, texts))


# The tiny encoder knows few words, which is warned of.
@pytest.mark.filterwarnings("ignore:.* was not made for the language")
def test_the_choice_does_not_depend_on_the_order_of_rows(corpus, tiny):
    texts, L, _ = corpus
    features = TextFeatures(str(tiny), 32)

    def choose(order):
        some = [texts[row] for row in order]
        return choose_views(features, TextSample(order, sampling_numbers(some), np.asfortranarray(L[order]), some), K)

    order = np.random.default_rng(5).permutation(N)
    assert choose(np.arange(N)) == choose(order) != ()
    assert json.loads(json.dumps(features.spaces_)) == {}
