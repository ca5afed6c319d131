"""People, organizations and places in news: eight labeling functions that mark spans."""

import re
from pathlib import Path

from weaklabel import gazetteer_lf, regex_spans_lf, span_lf

TASK = "spans"
LABELS = ("PER", "ORG", "LOC")

HERE = Path(__file__).parent

WORD = r"\p{Lu}[\p{L}'’-]*\p{Ll}"
NAME = rf"(?:{WORD} ){{1,2}}(?:(?:van|de|der|von|la) ){{0,2}}{WORD}"
SENTENCE_START = r"\b(?:(?:The|In|At|When|But|And|After|On|No|Two|Police|Shares|Farmers|Workers) )?"

title = regex_spans_lf(
    "title", "PER", rf"\b(?:Mrs?\.|Ms\.|Dr\.|Professor|Senator|Mayor|Judge|Captain) (?P<span>{WORD}(?: {WORD})?)\b"
)
speaker = regex_spans_lf(
    "speaker",
    "PER",
    [
        rf"{SENTENCE_START}(?P<span>{NAME})(?:, [^,]{{1,40}},)? (?:said|told|asked|wrote|confirmed|announced)\b",
        rf"(?:said|spokesman|spokeswoman|director|chief executive|engineer|painter|novelist|mayor of {WORD}),? "
        rf"(?P<span>{NAME})\b",
    ],
)
full_name = regex_spans_lf(  # two words, and something that only a person does behind them
    "full_name",
    "PER",
    rf"{SENTENCE_START}(?P<span>{NAME}),? "
    r"(?:who|and his|and her|was born|left|has|won|taught|swam|grows|lives|bought|retired)\b",
)
company = regex_spans_lf(
    "company",
    "ORG",
    rf"{SENTENCE_START}(?P<span>(?:{WORD} (?:& )?){{1,2}}(?:Ltd|plc|AG|Co\.|Foods|Energy|Holdings|Airlines|Group|Motors|Bank|"
    r"Lines|Partners|Records|Robotics|Shipyards|Railway))",
)
institution = regex_spans_lf(
    "institution",
    "ORG",
    [
        rf"\b(?:University|Ministry|Court|School) of {WORD}(?: {WORD})*",
        rf"{SENTENCE_START}(?P<span>(?:{WORD}'? ){{1,3}}(?:Institute|Council|Foundation|Union|Board|Trust|School|College|"
        r"Department|Observatory|Rovers|United))\b",
        rf"\bFC {WORD}(?: {WORD})?\b",
    ],
)
organizations = gazetteer_lf("organizations", "ORG", HERE / "organizations.txt")
places = gazetteer_lf("places", "LOC", HERE / "places.txt")


@span_lf(label="LOC", reads=["company", "institution"])
def near(text, spans):
    """A capitalized name behind a preposition of place, unless it begins the name of an organization."""
    taken = [start for marked in spans.values() for start, *_ in marked]
    place = r"\b(?:in|near|outside|from|to|of|around|off|between|through|behind) (?P<span>(?:[A-Z]\w+ )?[A-Z]\w+)"
    for match in re.finditer(place, text):
        if match.start("span") not in taken:
            yield match
