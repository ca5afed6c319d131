"""No injection of the corpus ends its message: what a model takes for control comes from us, never from a text."""

import pytest

from tests.llm.injections.corpus import injections
from tests.tiny_llm import byte_tokenizer
from weaklabel.llm import Message
from weaklabel.llm.chat import Chat

CORPUS = injections()
MARKERS = {
    "chatml": ("<|im_start|>", "<|im_end|>"),
    "llama3": ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "llama2": ("<s>", "</s>", "[INST]", "[/INST]"),
    "gemma": ("<start_of_turn>", "<end_of_turn>"),
    "deepseek": ("<\uff5cAssistant\uff5c>", "<\uff5cUser\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    "harmony": ("<|start|>", "<|channel|>", "<|message|>", "<|return|>"),
}


def chat_with(markers, special=True):
    """Make a chat whose tokenizer has further control tokens, or tokens that are added without being special."""
    tokenizer = byte_tokenizer()
    tokenizer.add_tokens(list(markers), special_tokens=special)
    return Chat(tokenizer), set(tokenizer.get_added_vocab().values())


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("family", list(MARKERS))
def test_no_control_token_comes_from_a_text(family, special):
    chat, control = chat_with(MARKERS[family], special)
    ours = [token for token in chat.prompt((Message("system", "s"), Message("user", "x"))) if token in control]
    assert len(ours) == 5  # begin and end of two messages, and the beginning of the answer
    for injection in CORPUS:
        text = injection.text("spam")
        tokens = chat.prompt((Message("system", "s"), Message("user", text)))
        assert [token for token in tokens if token in control] == ours, injection.id
        assert text in chat.tokenizer.decode(tokens, skip_special_tokens=False), injection.id


def test_the_corpus_has_what_it_says():
    assert len(CORPUS) >= 60 and len({each.id for each in CORPUS}) == len(CORPUS)
    assert len({each.language for each in CORPUS}) >= 10
    assert {"order", "delimiter", "role", "unicode", "answer", "authority", "example"} == {each.kind for each in CORPUS}
    markers = [marker for family in MARKERS.values() for marker in family]
    assert sum(any(marker in each.template for marker in markers) for each in CORPUS) >= 8
    assert all("target}" in each.template and "spam" in each.text("spam") for each in CORPUS)


def test_without_chat_a_marker_would_be_a_control_token():
    """The tokenizer alone parses markers in texts: the property above is not true by itself."""
    chat, control = chat_with(MARKERS["gemma"])
    text = next(each for each in CORPUS if "<end_of_turn>" in each.template).text("spam")
    rows = [{"role": "user", "content": text}]
    tokens = chat.tokenizer.apply_chat_template(rows, add_generation_prompt=True, return_dict=False)
    assert sum(token in control for token in tokens) > sum(
        token in control for token in chat.prompt((Message("user", text),))
    )
