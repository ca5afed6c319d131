"""Log-likelihoods of answers: the same as those of one text after the other, whatever runs together."""

import numpy as np
import pytest

from tests.tiny_llama import save_llama
from weaklabel.encoder.inference import Pretrained
from weaklabel.llm.likelihood import choice_logprobs


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = save_llama(tmp_path_factory.mktemp("llama") / "base")
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return Pretrained(network, AutoTokenizer.from_pretrained(folder), torch.device("cpu"))


PROMPTS = [[1, 30, 40, *range(50, 50 + n)] for n in (1, 5, 9, 5, 2)]
CHOICES = [[60], [61, 62, 63], [61, 64], [65, 2]]


def one_by_one(loaded, prompts, choices):
    import torch

    rows = []
    for prompt in prompts:
        row = []
        for choice in choices:
            with torch.inference_mode():
                logits = loaded.network(input_ids=torch.tensor([[*prompt, *choice]])).logits[0].double()
            logs = torch.log_softmax(logits, dim=-1)
            row.append(sum(float(logs[len(prompt) - 1 + place, token]) for place, token in enumerate(choice)))
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("prefix", [0, 3])
def test_sums_over_the_tokens_of_each_answer(loaded, prefix):
    logs = choice_logprobs(loaded, PROMPTS, CHOICES, prefix=prefix)
    np.testing.assert_allclose(logs, one_by_one(loaded, PROMPTS, CHOICES), atol=1e-4)


def test_a_row_does_not_depend_on_the_others(loaded):
    together = choice_logprobs(loaded, PROMPTS, CHOICES, prefix=3)
    for row, prompt in enumerate(PROMPTS):
        assert np.array_equal(choice_logprobs(loaded, [prompt], CHOICES, prefix=3)[0], together[row])


def test_many_answers_are_continued_in_parts(loaded, monkeypatch):
    whole = choice_logprobs(loaded, PROMPTS, CHOICES)
    monkeypatch.setattr("weaklabel.llm.likelihood.MAX_BRANCHES", 1)
    np.testing.assert_allclose(choice_logprobs(loaded, PROMPTS, CHOICES), whole, atol=1e-5)


def test_no_prompt_no_row(loaded):
    assert choice_logprobs(loaded, [], CHOICES).shape == (0, 4)
