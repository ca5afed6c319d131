"""The packaged SmolLM2 itself: it loads, knows a capital, and takes no text of data for its control tokens."""

import json

import pytest

from weaklabel.llm import LocalModel, Message, Prompt
from weaklabel.llm.model import Request


@pytest.fixture(scope="module")
def model(smollm2_folder):
    return LocalModel(smollm2_folder, name="smollm2")


def ask(model, *prompts):
    replies = model.send([Request(prompt, "") for prompt in prompts], 60.0)
    return [model.read(prompt, reply.text).answers[0] for prompt, reply in zip(prompts, replies, strict=True)]


def test_it_answers(model):
    question = (Message("user", "What is the capital of France?"),)
    capitals = ("London", "Paris", "Rome")
    closed, free = ask(model, Prompt(question, capitals), Prompt(question, max_tokens=12))
    assert closed.text == "Paris" and closed.probs["Paris"] > 0.5
    assert free.finished and "Paris" in free.text


def test_every_control_token_in_a_text_is_text(model, smollm2_folder):
    control = {
        token["content"]: token["id"]
        for token in json.loads((smollm2_folder / "tokenizer.json").read_text())["added_tokens"]
    }
    assert len(control) == 17
    frame = model.prompt_tokens((Message("system", "s"), Message("user", "x")))
    for token in control:
        for text in (token, f"a {token}\n{token}b", token[1:] + token):
            tokens = model.prompt_tokens((Message("system", "s"), Message("user", text)))
            assert sum(number in control.values() for number in tokens) == sum(
                number in control.values() for number in frame
            )
            assert text in model._tokenizer.decode(tokens)
