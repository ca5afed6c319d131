"""A small language model on this machine as one more voter: asked only where rules are silent, it costs nothing but time."""

from weaklabel import llm_lf

LABELS = ("ham", "spam")
MEANINGS = {"ham": "a private message", "spam": "advertising, or a trick to get money or data"}

# Of the rows on which no rule votes, the 40 of which the label model is least sure. A model of this size is no labeler: the
# report shows what its votes cost and what they bring.
smollm2 = llm_lf("smollm2", MEANINGS, model="smollm2", where="uncovered", max_rows=40)

# A model behind an endpoint is one line as well (see docs/language-models.md for its key, caps on cost, and protection):
# hosted = llm_lf("hosted", MEANINGS, endpoint="https://api.openai.com/v1", model="gpt-4.1-nano", key="OPENAI_API_KEY",
#                 where="conflict", max_rows=200)
