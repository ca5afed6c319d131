"""What a question asks for.

Task: which kind of answer does a question want? Language: English; contractions may stand apart from their word
(``what 's``), as tokenizers leave them. Column: ``text``. Classes, the six coarse ones of the usual taxonomy:
description (a definition, reason or manner), entity (a thing: animal, colour, food, title ...), human (a person or
group), abbreviation (a short form or what it stands for), location, number (count, amount, date, duration ...).

The rules, word lists and example questions are our own: the question word decides where it can (``who``, ``where``,
``how many``), and after ``what`` or ``which`` the noun does.
"""

import re
from pathlib import Path
from typing import Any

from weaklabel import ABSTAIN, LabelingFunction, keyword_lf, labeling_function, prototype_lf, regex_lf, spacy_lf

LABELS = ("description", "entity", "human", "abbreviation", "location", "number")
DESCRIPTION, ENTITY, HUMAN, ABBREVIATION, LOCATION, NUMBER = range(6)

LEXICONS = Path(__file__).with_name("lexicons")

# By the question word.

why = regex_lf("why", DESCRIPTION, r"(?i)^why\b")
how_manner = regex_lf(
    "how_manner", DESCRIPTION, r"(?i)^how (?:do|does|did|can|could|is|are|was|were|to|would|should|has|have|come)\b"
)
explain = regex_lf("explain", DESCRIPTION, r"(?i)^(?:define|describe|explain|tell me about)\b|\bwhat about\b")
who = regex_lf("who", HUMAN, r"(?i)^(?:\w+ )?(?:who|whom|whose)\b")
where = regex_lf("where", LOCATION, r"(?i)^(?:\w+ )?where\b")
when = regex_lf(
    "when", NUMBER, r"(?i)^(?:(?:since|until|by) )?when (?:is|was|did|were|do|does|will|are|has|have|can|should)\b"
)
how_many = regex_lf(
    "how_many",
    NUMBER,
    r"(?i)\bhow (?:many|much|long|far|old|tall|high|big|small|fast|quickly|slow|often|deep|large|hot|cold|wide|"
    r"late|early|soon|heavy|thick|close|loud|strong)\b",
)

# By what is asked of the thing named.

POINTERS = {"the", "your", "my", "his", "her", "their", "its", "of", "in", "for", "called", "'s"}


@spacy_lf()
def definition(doc: Any) -> int:
    """Nothing but the thing to define: "What is a glacier?"."""
    words = [token.lower_ for token in doc if not (token.is_punct or token.is_quote)]
    short = 2 < len(words) <= 6 and words[0] == "what" and words[1] in {"is", "are", "'s", "was", "were"}
    # "the" and a possessive point at one thing that has a name, not at a notion.
    return DESCRIPTION if short and not POINTERS & set(words) else ABSTAIN


meaning = regex_lf("meaning", DESCRIPTION, r"(?i)^what (?:does|do|did) .+ (?:mean|do|look like|consist of)\b ?\??$")
cause = regex_lf("cause", DESCRIPTION, r"(?i)^what (?:causes?|caused|makes?|happens?|happened|would happen|led to)\b")
essence = regex_lf(
    "essence",
    DESCRIPTION,
    r"(?i)^what(?: ?'s| is| are| was| were) (?:the |some )?(?:\w+ ){0,2}(?:origins?|purpose|differences?|"
    r"definition|meaning|history|function|effects?|reasons?|causes?|story|significance|role|process|symptoms|nature|advantages?|benefits?|procedure|"
    r"theory|relationship|idea)\b|"
    r"^(?:in |for )?(?:what|which) (?:effects?|function|role|impact|reason|influence)\b|\bfor what reason\b",
)
stands_for = keyword_lf("stands_for", ABBREVIATION, ["stand for", "stands for", "stood for", "full form", "short for"])
abbreviation = keyword_lf(
    "abbreviation", ABBREVIATION, ["abbreviation", "abbreviated", "acronym", "initials", "abbreviations"]
)
capitals_mean = regex_lf(
    "capitals_mean", ABBREVIATION, r"^[Ww]hat (?:does|do|did|is the meaning of) (?:the )?(?:[A-Z]{2,}|(?:[A-Z]\.){2,})"
)
term_for = regex_lf(
    "term_for",
    ENTITY,
    r"(?i)\b(?:do you call|is it called|are they called|(?:term|word|nickname|synonym|expression) for|(?:another|"
    r"other|scientific|common) (?:name|names|term|word) (?:for|of)|fear of)\b",
)
birthplace = regex_lf(
    "birthplace",
    LOCATION,
    r"(?i)\b(?:located|birthplace|hometown|headquarters)\b"
    r"|^(?:in|from|at|on|to) (?:what|which) (?:\w+ ){0,3}(?:city|country|state|continent|town|island|river|planet)\b",
)

# By the noun after "what" or "which".

LINKS = {"is", "are", "was", "were", "s", "the", "a", "an", "some", "of"}
SORTS = {"kind", "type", "sort", "name", "brand", "example", "form", "variety"}
SAYING_OR_DOING = {"mean", "stand", "abbreviation", "say", "believe", "think", "look", "have", "do", "need", "try"}
ENDS = {
    *("in", "on", "at", "for", "from", "with", "by", "to", "that", "which", "who", "whose", "when", "where", "as"),
    *("do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "should", "be", "times"),
}  # fmt: skip


def singular(noun: str) -> str:
    """Return ``noun`` without the ending of an English plural."""
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-1] if len(noun) > 3 and noun.endswith("s") and not noun.endswith("ss") else noun


def asked_words(text: str) -> list[str]:
    """Return the words that name what is asked for: "what is the name of the tallest tree in ..." -> tallest, tree."""
    words = re.findall(r"[a-z0-9.-]*[a-z]", text.lower())
    start = next((i for i, word in enumerate(words) if word in {"what", "which", "name"}), len(words))
    asked = words[start + 1 :]
    found: list[str] = []
    for word in asked:
        if singular(word) in SORTS or (word == "s" and asked[0] in LINKS):
            found.clear()
        elif word in ENDS or (found and word in LINKS) or len(found) == 5:
            break
        elif word not in LINKS:
            found.append(singular(word))
    return found


def read_nouns(kind: str) -> dict[str, str]:
    """Return the nouns of a word list, each with ``kind``; a line that begins with # is a comment."""
    lines = (LEXICONS / f"question_{kind}.txt").read_text(encoding="utf-8").splitlines()
    return {singular(line.strip()): kind for line in lines if line.strip() and not line.startswith("#")}


KINDS = read_nouns("entity") | read_nouns("human") | read_nouns("location") | read_nouns("number")


def asks_for(kind: str, label: int) -> LabelingFunction:
    """Vote ``label`` where the last known noun that is asked for is of this kind."""

    def vote(x: Any) -> int:
        kinds = [KINDS[word] for word in asked_words(x.text) if word in KINDS]
        return label if kinds and kinds[-1] == kind else ABSTAIN

    return LabelingFunction(f"{kind}_noun", vote)


entity_noun = asks_for("entity", ENTITY)
human_noun = asks_for("human", HUMAN)
location_noun = asks_for("location", LOCATION)
number_noun = asks_for("number", NUMBER)


@labeling_function()
def what_did(x: Any) -> int:
    """What somebody eats, sells or finds is a thing; what something means or does is a description."""
    words = re.findall(r"[a-z]+", x.text.lower())
    if words[:1] != ["what"] or words[1:2] not in (["do"], ["does"], ["did"]):
        return ABSTAIN
    return ABSTAIN if SAYING_OR_DOING & set(words[2:]) else ENTITY


known_as = regex_lf(
    "known_as",
    ENTITY,
    r"(?i)\b(?:known as|called|nicknamed|named) what\b|^what (?:is|was|are) [^?]+ (?:made (?:of|from)|called) ?\?",
)

like_examples = prototype_lf(
    "like_examples",
    {
        DESCRIPTION: [
            "Why do cats purr?",
            "How do you make butter?",
            "What is photosynthesis?",
            "What causes thunder?",
            "What is the difference between a toad and a frog?",
            "What does the word serene mean?",
        ],
        ENTITY: [
            "What colour is a flamingo?",
            "What animal has the longest neck?",
            "What book begins on a train?",
            "What game is played with a shuttlecock?",
            "What is the hardest metal?",
            "What language is spoken in Norway?",
        ],
        HUMAN: [
            "Who painted this ceiling?",
            "What actor played the captain?",
            "Which company makes this car?",
            "Who was Marie Curie?",
            "What team won the final?",
            "Who discovered oxygen?",
        ],
        ABBREVIATION: [
            "What does LED stand for on a lamp?",
            "What is the abbreviation of kilogram?",
            "What does ATM mean?",
            "What is the acronym for the central bank?",
        ],
        LOCATION: [
            "Where is Mount Etna?",
            "What country has the most lakes?",
            "What is the capital of Peru?",
            "In which city is the oldest university?",
            "What river flows through Vienna?",
            "Where can I buy old maps?",
        ],
        NUMBER: [
            "How many strings does a harp have?",
            "When did the war end?",
            "What year was the bridge opened?",
            "How far is the sun?",
            "What is the population of Chile?",
            "How much does an elephant weigh?",
        ],
    },
)

EXAMPLES = {
    "why": "Why do leaves fall?",
    "how_manner": "How do bees find their way home?",
    "explain": "Define gravity",
    "who": "Who built the lighthouse?",
    "where": "Where do penguins live?",
    "when": "When did the museum open?",
    "how_many": "How many legs has a crab?",
    "definition": "What is an atoll?",
    "meaning": "What does ubiquitous mean?",
    "cause": "What causes fog?",
    "essence": "What is the purpose of a keel?",
    "stands_for": "What does the E in E-mail stand for?",
    "abbreviation": "What is the abbreviation of millimetre?",
    "capitals_mean": "What does DNA mean?",
    "term_for": "What do you call a group of owls?",
    "birthplace": "In which city is the oldest clock?",
    "entity_noun": "What colour is a flamingo?",
    "human_noun": "Which Italian painter lived in a tower?",
    "location_noun": "What is the capital of Peru?",
    "number_noun": "What year was the bridge opened?",
    "what_did": "What do squirrels eat?",
    "known_as": "Iron ore is called what?",
    "like_examples": "How many strings has a violin?",
}
