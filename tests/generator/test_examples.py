"""What is read of exported rows, and what soft labels become."""

import json

import numpy as np
import pytest

from weaklabel.classifier.targets import Targets
from weaklabel.errors import CorpusError
from weaklabel.generator import read_examples
from weaklabel.generator.examples import soft_examples

USER = {"role": "user", "content": "Is it spam?"}
ANSWER = {"role": "assistant", "content": "spam"}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [USER, ANSWER]},
        {"prompt": [USER], "completion": [ANSWER], "p_spam": 0.9},
        {"prompt": "Is it spam?", "completion": "spam"},
        {"instruction": "Is it spam?", "input": "", "output": "spam", "system": ""},
        {"conversations": [{"from": "human", "value": "Is it spam?"}, {"from": "gpt", "value": "spam"}]},
    ],
)
def test_all_forms_are_read_alike(tmp_path, row):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n\n" + json.dumps(row | {"weight": 0.5}) + "\n")
    first, second = read_examples(path)
    assert (first.prompt, first.answer, first.weight) == ((USER,), "spam", 1.0)
    assert second.weight == 0.5
    assert first.row()["completion"] == [ANSWER]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ('{"text": "a"}', "neither messages"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "neither messages"),
        ('{"prompt": "a", "completion": " "}', "no answer"),
        ('{"prompt": "a", "completion": "b", "weight": 0}', "weight is 0"),
        ("[1]", "neither messages"),
    ],
)
def test_a_line_that_cannot_be_learned_from_is_named(tmp_path, line, why):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n' + line + "\n")
    with pytest.raises(CorpusError, match=f"line 2.*{why}"):
        read_examples(path)


def test_an_empty_and_a_missing_file(tmp_path):
    with pytest.raises(CorpusError, match="cannot read"):
        read_examples(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(CorpusError, match="holds no rows"):
        read_examples(tmp_path / "empty.jsonl")


def targets(probs):
    return Targets(np.arange(len(probs)), np.array(probs), np.ones(len(probs)))


def test_sampled_answers_follow_the_probabilities_and_the_seed():
    prompts, soft = [(USER,)] * 4000, targets([[0.25, 0.75]] * 4000)
    drawn = [
        [example.answer for example in soft_examples(prompts, soft, ("a", "b"), "sample", seed)] for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert abs(drawn[0].count("b") / 4000 - 0.75) < 0.03


def test_certain_rows_have_their_answer_and_weights_add_up():
    prompts, soft = [(USER,)] * 2, targets([[0.0, 1.0], [0.3, 0.7]])
    assert [
        example.answer for example in soft_examples(prompts[:1], soft.take(np.array([0])), ("a", "b"), "sample", 3)
    ] == ["b"]
    examples = soft_examples(prompts, soft, ("a", "b"), "weights", 0)
    assert [(example.answer, round(example.weight, 6)) for example in examples] == [("b", 1.0), ("a", 0.3), ("b", 0.7)]
