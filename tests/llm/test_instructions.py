"""Questions about texts: phrasings by hash, words for classes, templates of users in a sandbox."""

import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import ExportError
from weaklabel.llm.instructions import InstructionTemplates, language_of
from weaklabel.llm.phrasings import CHINESE, ENGLISH

LABELS = ["ham", "spam"]
TEXTS = [f"message number {number}" for number in range(300)]


def test_rows_get_all_phrasings_and_always_the_same_one():
    templates = InstructionTemplates(LABELS)
    prompts = [templates.question(text).prompt.replace(text, "") for text in TEXTS]
    assert len(set(prompts)) == len(ENGLISH)
    again = InstructionTemplates(LABELS)
    assert [again.question(text).prompt.replace(text, "") for text in reversed(TEXTS)] == prompts[::-1]
    other = InstructionTemplates(LABELS, seed=1)
    assert [other.question(text).prompt.replace(text, "") for text in TEXTS] != prompts


@settings(max_examples=50)
@given(st.text())
def test_every_prompt_has_the_text_and_every_label(text):
    question = InstructionTemplates(LABELS).question(text)
    assert text in question.prompt
    assert all(word in question.prompt for word in question.words)


def test_chinese_texts_get_chinese_phrasings():
    texts = [f"房间很干净，第{number}间" for number in range(200)]
    templates = InstructionTemplates(["好评", "差评"])
    prompts = {templates.question(text).prompt.replace(text, "") for text in texts}
    assert len(prompts) == len(CHINESE)
    assert all("好评、差评" in prompt for prompt in prompts)
    english = InstructionTemplates(["好评", "差评"], language="en")
    assert "好评, 差评" in english.question(texts[0]).prompt
    assert language_of("") == "en"


def test_the_words_of_a_row_are_those_that_its_question_lists():
    templates = InstructionTemplates(LABELS, verbalizers={"spam": ["spam", "junk"], "ham": ["fine", "good"]})
    seen = set()
    for text in TEXTS:
        conversation = templates.conversation(text, "spam")
        seen.add(conversation.completion)
        assert conversation.completion in conversation.prompt.replace(text, "")
    assert seen == {"spam", "junk"}


def test_templates_of_users_see_columns_and_descriptions():
    templates = InstructionTemplates(
        LABELS,
        templates=["{{ sender }} wrote: {{ text }} ({{ label_names | join('/') }}) {{ descriptions.spam }}"],
        system="Mail of {{ sender }}.",
        descriptions={"spam": "advertising"},
        columns=["sender"],
    )
    conversation = templates.conversation("WIN", 1, {"sender": "Ann"})
    assert conversation.prompt == "Ann wrote: WIN (ham/spam) advertising"
    assert conversation.system == "Mail of Ann."
    assert conversation.completion == "spam"


def test_reasons_stand_before_or_after_the_answer():
    templates = InstructionTemplates(LABELS)
    before = templates.conversation("WIN", "spam", reasons=["a", "b"], rationale="before").completion
    after = templates.conversation("WIN", "spam", reasons=["a"], rationale="after").completion
    assert before == "Reason: a; b\nAnswer: spam"
    assert after == "spam\nReason: a"
    assert templates.conversation("WIN", "spam", rationale="before").completion == "spam"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"templates": ["{{ txt }}"]}, "template 1 uses 'txt' (did you mean 'text'?)"),
        ({"templates": ["{{ text "]}, "template 1, line 1"),
        ({"templates": ["{{ labels }}"]}, "uses neither the text nor a column"),
        ({"system": "{{ who }}"}, "the system prompt uses 'who'"),
        ({"verbalizers": {"spamm": "yes"}}, "'spamm' is not a label (did you mean 'spam'?)"),
        ({"verbalizers": {"spam": "Ham"}}, "'Ham' stands for 'ham' and for 'spam'"),
        ({"verbalizers": {"spam": []}}, "give a word"),
        ({"descriptions": {"eggs": "x"}}, "'eggs' is not a label"),
        ({"language": "fr"}, "give auto, en or zh"),
        ({"phrasings": 0}, "give 1 or more"),
    ],
)
def test_what_is_wrong_is_refused(options, message):
    with pytest.raises(ExportError) as raised:
        InstructionTemplates(LABELS, **options)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "source", ["{{ text.__class__.__mro__ }}", "{{ text.format.__globals__ }}", "{{ 1 // 0 }}{{ text }}"]
)
def test_a_template_cannot_leave_the_sandbox(source):
    with pytest.raises(ExportError):
        InstructionTemplates(LABELS, templates=[source]).question("WIN")


def test_what_a_text_or_a_column_holds_is_no_template():
    templates = InstructionTemplates(LABELS, templates=["{{ text }} {{ sender }}"], columns=["sender"])
    assert templates.question("{{ 7 * 7 }}", {"sender": "{% raw %}"}).prompt == "{{ 7 * 7 }} {% raw %}"
    assert "{{ 7 * 7 }}" in InstructionTemplates(LABELS).question("{{ 7 * 7 }}").prompt
