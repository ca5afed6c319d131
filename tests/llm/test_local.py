"""A local model: exact probabilities of choices, text that does not depend on its neighbours, nothing truncated or paid."""

import shutil

import numpy as np
import pytest

from tests.tiny_llm import save_causal
from weaklabel.errors import WeakLabelError
from weaklabel.llm import Asking, Message, Prompt
from weaklabel.llm.local import LocalModel
from weaklabel.llm.model import Request

SYSTEM = Message("system", "Is it ham or spam?")
TEXTS = ["Win a prize", "see you at six", "ok", "免费奖品", "Call 0906 now! " * 4, "", "b<|im_end|>", "a" * 33]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("model") / "tiny", max_length=256)


@pytest.fixture(scope="module")
def model(folder):
    return LocalModel(folder)


@pytest.fixture
def asking(tmp_path):
    asking = Asking(ledger=tmp_path / "replies.sqlite")
    yield asking
    asking.close()


def classify(text, choices=("ham", "spam"), **options):
    return Prompt((SYSTEM, Message("user", text)), choices, **options)


def write(text, **options):
    return Prompt((Message("user", text),), **({"max_tokens": 12} | options))


def answers(model, prompts):
    return [model.read(prompt, reply.text).answers for prompt, reply in zip(prompts, sent(model, prompts), strict=True)]


def sent(model, prompts):
    return model.send([Request(prompt, "key") for prompt in prompts], 60.0)


def logprob(model, prompt, choice):
    """Sum the log-probabilities of an answer's tokens, all run at once."""
    import torch

    before, tokens = model.prompt_tokens(prompt.messages), model.answer_tokens(choice)
    with torch.inference_mode():
        logits = model._loaded.network(torch.tensor([before + tokens])).logits[0].double()
    logs = torch.log_softmax(logits, dim=-1)
    return sum(float(logs[len(before) - 1 + place, token]) for place, token in enumerate(tokens))


@pytest.mark.parametrize(
    "choices", [("ham", "spam"), ("a", "ab", "abc"), ("x",), tuple(f"class {n}" for n in range(100))]
)
def test_probabilities_of_choices_are_exact(model, choices):
    prompts = [classify(text, choices) for text in TEXTS[:3]]
    for prompt, logs, (answer,) in zip(prompts, model.choice_logprobs(prompts), answers(model, prompts), strict=True):
        expected = np.array([logprob(model, prompt, choice) for choice in choices])
        np.testing.assert_allclose(logs, expected, atol=2e-4)
        probs = np.exp(expected - np.logaddexp.reduce(expected))
        np.testing.assert_allclose([answer.probs[choice] for choice in choices], probs, atol=2e-4)
        assert answer.text == choices[int(logs.argmax())]


def test_a_reply_does_not_depend_on_the_others(model):
    prompts = [classify(text) for text in TEXTS] + [write(text, temperature=1.0) for text in TEXTS]
    together = answers(model, prompts)
    assert together == [answers(model, [prompt])[0] for prompt in prompts]
    assert together[::-1] == answers(model, prompts[::-1])


def test_few_shot_turns_and_prompts_without_a_system_message(model):
    turns = SYSTEM, Message("user", "hi"), Message("assistant", "ham"), Message("user", "win")
    prompts = [Prompt(turns, ("ham", "spam")), Prompt(turns[-1:], ("ham", "spam"))]
    for prompt, logs in zip(prompts, model.choice_logprobs(prompts), strict=True):
        np.testing.assert_allclose(logs, [logprob(model, prompt, choice) for choice in prompt.choices], atol=2e-4)


def test_greedy_text_is_that_of_transformers(model):
    import torch

    network, tokenizer, _ = model._loaded
    for text, (answer,) in zip(TEXTS, answers(model, [write(text) for text in TEXTS]), strict=True):
        ids = torch.tensor([model.prompt_tokens((Message("user", text),))])
        tokens = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)[0]
        assert answer.text == tokenizer.decode(tokens[ids.shape[1] :], skip_special_tokens=True)
        assert answer.finished == (len(tokens) < ids.shape[1] + 12 or tokens[-1] == tokenizer.eos_token_id)


def test_samples_are_drawn_by_seed(model):
    prompt = write("a color", temperature=1.0, samples=4)
    first, again, other = answers(model, [prompt, prompt, write("a color", temperature=1.0, samples=4, seed=1)])
    assert first == again and len({answer.text for answer in first}) > 1
    assert other[:3] == first[1:]
    greedy = answers(model, [write("a color", samples=3)])[0]
    assert len(greedy) == 3 and len(set(greedy)) == 1


def test_choices_are_drawn_with_their_probabilities(model):
    prompt = classify("Win", samples=2000, temperature=1.0)
    drawn = answers(model, [prompt])[0]
    assert np.mean([answer.text == "ham" for answer in drawn]) == pytest.approx(drawn[0].probs["ham"], abs=0.05)
    # A low temperature makes the better one sure.
    cold = answers(model, [classify("Win", samples=50, temperature=0.01)])[0]
    assert {answer.text for answer in cold} == {max(drawn[0].probs, key=drawn[0].probs.get)}


def test_a_long_prompt_is_refused_and_the_others_are_answered(model, asking):
    prompts = [classify("x" * length) for length in (1, 300, 2, 400, 500, 600)]
    replies = asking.ask(model, prompts)
    assert [bool(reply.answers) for reply in replies] == [True, False, True, False, False, False]
    assert "tiny reads 256: shorten the text" in replies[1].failure
    assert asking.spent().models["tiny"].prompt_tokens == sum(replies[row].usage.prompt_tokens for row in (0, 2))


def test_the_longest_prompt_that_fits(model):
    room = model.max_length - model.tokens(classify("")).tokens
    fits, is_longer = sent(model, [classify("x" * room), classify("x" * (room + 1))])
    assert model.read(classify(""), fits.text).answers and "257" in str(is_longer)


def test_the_second_time_nothing_runs(folder, asking):
    prompts = [classify(text) for text in TEXTS] + [write("a")]
    first = asking.ask(LocalModel(folder), prompts)
    again = LocalModel(folder)
    replies = asking.ask(again, prompts)
    assert [reply.answers for reply in replies] == [reply.answers for reply in first]
    assert all(reply.kept for reply in replies) and "_loaded" not in vars(again)


def test_tokens_are_counted_exactly(model, asking):
    prompts = [classify(text) for text in TEXTS]
    estimate = asking.estimate(model, prompts)
    replies = asking.ask(model, prompts)
    assert estimate.prompt_tokens == sum(reply.usage.prompt_tokens for reply in replies)
    assert estimate.money == 0 and estimate.most_tokens >= sum(reply.usage.tokens for reply in replies)
    assert replies[0].usage.prompt_tokens == len(model.prompt_tokens(prompts[0].messages))
    assert replies[0].usage.completion_tokens == len(model.answer_tokens(replies[0].answers[0].text))


def test_an_estimate_loads_no_weights(folder, asking):
    model = LocalModel(folder)
    assert asking.estimate(model, [classify("a")]).requests == 1 and "_loaded" not in vars(model)


def test_who_answers_is_the_checkpoint_wherever_it_is(folder, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)
    assert LocalModel(moved).key(classify("a")) == LocalModel(folder, name="other").key(classify("a"))
    other = save_causal(tmp_path / "other", seed=1, max_length=256)
    assert LocalModel(other).key(classify("a")) != LocalModel(folder).key(classify("a"))
    assert LocalModel(folder).key(classify("a")) != LocalModel(folder).key(classify("a", samples=2))


def test_without_a_chat_template(tmp_path):
    model = LocalModel(save_causal(tmp_path / "plain", chat=False))
    prompts = [classify(text) for text in TEXTS]
    for prompt, logs in zip(prompts, model.choice_logprobs(prompts), strict=True):
        np.testing.assert_allclose(logs, [logprob(model, prompt, choice) for choice in prompt.choices], atol=2e-4)
    assert all(answer.text for (answer,) in answers(model, [write("a", max_tokens=3)]))


def test_a_folder_without_a_model(tmp_path, asking):
    with pytest.raises(WeakLabelError, match=f"model '{tmp_path}' cannot be loaded"):
        asking.ask(LocalModel(tmp_path), [classify("a")])
