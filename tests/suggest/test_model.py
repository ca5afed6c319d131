"""Suggestions by a label model itself: by votes of all rows, or by the texts of the sample only."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.suggest.conftest import LABELS
from weaklabel.corpus import read_corpus
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.label_model import AutoLabelModel, DawidSkene, MajorityVote, TextLabelModel
from weaklabel.label_model.text.reader import TextReader
from weaklabel.suggest import suggest_lfs, suggestions
from weaklabel.votes import Votes


class _Recording(TextReader):
    """Knows the class from the text alone, and remembers which texts it was asked about."""

    def _fit_sample(self, votes, sample):
        self.asked = []
        self.lf_accuracies_ = np.full(votes.m, 0.9)

    def _fit(self, votes):
        raise AssertionError("it reads texts")

    def _predict_patterns(self, patterns):
        raise AssertionError("it reads texts")

    def _predict_texts(self, rows, texts):
        self.asked += texts
        sport = np.array(["6" in text or "goal" in text for text in texts])
        return np.where(np.eye(2)[sport.astype(int)] == 1, 0.9, 0.1)


def test_a_label_model_of_votes_gives_the_same_as_its_probabilities(world):
    model = DawidSkene(2).fit(world.votes)
    result = suggest_lfs(world.texts, world.votes, model, LABELS)
    assert result == suggest_lfs(world.texts, world.votes, model.predict_proba(world.votes), LABELS)
    assert result.lfs and not result.reads_texts


def test_of_a_small_corpus_all_texts_are_read(world):
    model = TextLabelModel(2).fit(world.votes, texts=world.texts)
    result = suggest_lfs(world.texts, world.votes, model, LABELS)
    by_probs = suggest_lfs(world.texts, world.votes, model.predict_proba(world.votes, world.texts), LABELS)
    assert result.lfs and result.reads_texts and replace(result, reads_texts=False) == by_probs
    assert result.read() == []


def test_of_a_large_corpus_only_the_sample_is_read(world, monkeypatch):
    monkeypatch.setattr(suggestions, "MAX_ROWS", 200)
    model = _Recording(2).fit(world.votes, texts=world.texts)
    result = suggest_lfs(world.texts, world.votes, model, LABELS)
    assert len(model.asked) == result.n_read == 200 and set(model.asked) < set(world.texts)
    assert result.to_text().startswith(
        "Looked for in 200 of 600 rows, drawn by a hash of their texts; the label model read the texts of these only"
    )
    for lf in result.lfs:
        assert lf.coverage == lf.votes / 600  # of all rows, not of the sample
    assert suggest_lfs(world.texts, world.votes, model, LABELS) == result


def test_a_label_model_reads_texts_with_their_entities_marked(world):
    frame = pl.DataFrame({"text": [f"Ann met Bob {text}" for text in world.texts]})
    frame = frame.with_columns(one=pl.lit("Ann"), other=pl.lit("Bob"))
    corpus = read_corpus(frame, entities=("one", "other"))
    model = _Recording(2).fit(world.votes, texts=corpus.model_texts())
    result = suggest_lfs(corpus, world.votes, model, LABELS)
    assert result.n_read == 600 and model.asked == corpus.model_texts()
    assert model.asked[0].startswith("@ Ann @ met # Bob #")


def test_a_label_model_that_found_texts_useless_is_asked_about_all_rows(world):
    model = AutoLabelModel(2).fit(world.votes)
    assert not suggest_lfs(world.texts, world.votes, model, LABELS).reads_texts


def test_what_does_not_fit_is_refused(world):
    for unfitted in (AutoLabelModel(2), DawidSkene(2)):
        with pytest.raises(LabelModelError, match="not fitted"):
            suggest_lfs(world.texts, world.votes, unfitted, LABELS)
    with pytest.raises(VoteError, match="probabilities have shape"):
        suggest_lfs(world.texts, world.votes, MajorityVote(3), LABELS)


def test_labeling_functions_are_judged_by_the_rows_of_which_something_is_known(world):
    """Of a pair that contradicts itself, and of one near chance, estimates are those of the known rows, for all rows."""
    right = np.where(np.arange(600) < 200, world.Y, -1)
    wrong = np.where(np.arange(600) < 100, 1 - world.Y, -1)
    chance = np.full(600, -1)
    chance[np.flatnonzero(world.Y == 1)[:12]] = 0
    votes = Votes(np.stack([right, wrong, chance], axis=1).astype(np.int8), ["right", "wrong", "chance"], LABELS)
    given = np.where((np.arange(600) % 4 == 0)[:, None], world.probs, np.nan)
    whole = {problem.lf: problem for problem in world.suggest(votes=votes).weak_lfs}
    some = {(problem.lf, problem.kind): problem.text for problem in world.suggest(votes=votes, probs=given).weak_lfs}
    assert "about 90" in some["wrong", "contradictory"]
    assert "chance" in whole and ("chance", "near chance") not in some  # 3 rows known of 12 do not say
