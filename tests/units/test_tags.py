"""Tags of words by name."""

import pytest

from weaklabel.errors import VoteError
from weaklabel.units import read_tags


@pytest.mark.parametrize(
    "tags",
    [
        ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-LOC"],  # IOB2
        ["I-PER", "I-PER", "O", "I-LOC", "B-LOC", "I-LOC"],  # IOB1
        ["B-PER", "E-PER", "O", "S-LOC", "B-LOC", "E-LOC"],  # BIOES
        ["B-PER", "L-PER", "O", "U-LOC", "B-LOC", "L-LOC"],  # BILOU
    ],
)
def test_all_schemes_say_the_same(tags):
    spans, labels = read_tags([tags, [], tags])
    assert labels == ("LOC", "PER")
    assert spans.of_row(0) == spans.of_row(2) == [(0, 2, 1), (3, 4, 0), (4, 6, 0)]
    assert spans.of_row(1) == []


def test_labels_may_have_hyphens_and_be_given():
    spans, labels = read_tags([["B-first-name", "I-first-name"]], ["last-name", "first-name"])
    assert spans.of_row(0) == [(0, 2, 1)] and labels == ("last-name", "first-name")
    assert read_tags([["O", "O"], []])[1] == ()


def test_what_is_no_tag_is_refused_with_its_place():
    with pytest.raises(VoteError, match="text 1, word 2: tag 'PER'"):
        read_tags([["O"], ["O", "B-LOC", "PER"]])
    with pytest.raises(VoteError, match="text 0, word 0: tag ''"):
        read_tags([[""]])
    with pytest.raises(VoteError, match=r"tag 'B-PRE': its label is none of PER .did you mean 'PER'"):
        read_tags([["B-PRE"]], ["PER"])
