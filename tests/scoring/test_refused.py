"""Scores and options that do not fit together are refused in a sentence."""

import pytest

from weaklabel.errors import ScoreError
from weaklabel.scoring import Scores, get_label_instances, score


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"abstain": "skip"}, "abstain='skip' must be 'miss' or 'drop'"),
        ({"intervals": -1}, "intervals=-1 must be 0 or more bootstrap replicates"),
        ({"confidence": 1.0}, "confidence=1.0 must be between 0 and 1"),
    ],
)
def test_options_out_of_range(options, sentence):
    with pytest.raises(ScoreError, match=sentence):
        score([0, 1], [0, 1], **options)


def test_a_bucket_has_a_label_of_each_labeling():
    with pytest.raises(ScoreError, match="a bucket of 1 labelings has as many labels, not 2"):
        get_label_instances((1, 0), ["a", "b"], [1, 0])
    with pytest.raises(ScoreError, match="x has 1 rows; give labelings of as many"):
        get_label_instances((1,), ["a"], [1, 0])


def test_scores_are_read_back_whole_and_compared_with_their_like():
    scores = score([0, 1, 1], [0, 1, 0], labels=("ham", "spam"), intervals=0)
    plain = scores.to_dict()
    assert Scores.from_dict(plain) == scores
    for wrong, name in (({**plain, "mood": 1}, "mood"), ({k: v for k, v in plain.items() if k != "n"}, "n")):
        with pytest.raises(ScoreError, match=f"missing or unknown field '{name}'"):
            Scores.from_dict(wrong)
    other = score([0, 1, 1], [0, 1, 0], labels=("no", "yes"), intervals=0)
    with pytest.raises(ScoreError, match="scores with different labels cannot be compared"):
        scores.compare(other)
