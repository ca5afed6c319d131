r"""Names of people, organizations and places, dates and amounts of money in English texts.

Task: mark them in news and other edited texts. Language: English. Column: ``text``. Labels: PER, ORG, LOC, DATE, MONEY.

The rules and lists are our own, of what is common knowledge. Lists have what is well known; rules look at titles, verbs,
endings such as "Inc." and what stands before a name. Case matters: texts in lower case get hardly any names.
"""

import re
from pathlib import Path

from weaklabel import gazetteer_lf, regex_spans_lf

TASK = "spans"
LABELS = ("PER", "ORG", "LOC", "DATE", "MONEY")

LEXICONS = Path(__file__).with_name("lexicons")

FIRST_NAMES = "|".join(
    re.escape(line)
    for line in (LEXICONS / "names_first.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)

CAPITAL = r"\p{Lu}[\p{L}'\u2019]*\p{Ll}(?:-\p{Lu}\p{L}+)?"
INITIALS = r"(?:\p{Lu}\. ?)*"
PARTICLE = r"(?:(?:van|von|de|da|di|del|der|den|la|le|bin|al|el|ter)[ -]){0,2}"
SURNAME = rf"{PARTICLE}{CAPITAL}"
PERSON = rf"(?:{CAPITAL} ){{0,2}}{INITIALS}{SURNAME}"
FULL_NAME = rf"(?:{CAPITAL} ){{1,2}}{INITIALS}{SURNAME}"
BEFORE = (
    r"\b(?:(?:The|This|That|A|An|In|On|At|But|And|When|While|After|Before|Former|For|It|As|By|From|With|If|Yesterday|Today|"
    r"Last|Then|Now|Since|Although|Because|Our|Their|His|Her) )?"
)
"""Capitalized words that begin a sentence, and no name."""

MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.|Feb\.|Mar\.|Apr\.|Aug\.|Sept?\.|Oct\.|Nov\.|Dec\.)"
)
DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
NUMBER = r"\d+(?:[.,]\d+)*"
SCALE = r"(?: ?(?:hundred|thousand|million|billion|trillion|bn|mn|m|k)\b)?"

# People.

first_name = regex_spans_lf(
    "first_name", "PER", rf"\b(?:{FIRST_NAMES})(?:-\p{{Lu}}\p{{L}}+)?(?: {INITIALS}{SURNAME}){{1,2}}\b"
)
title = regex_spans_lf(
    "title",
    "PER",
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Dame|Lord|Lady|Sen|Rep|Gov|Gen|Col|Capt|Lt|Sgt|Rev|President|Chancellor|"
    r"Prime Minister|Premier|Senator|Governor|Mayor|Judge|Justice|Professor|King|Queen|Prince|Princess|Pope|General|"
    rf"Colonel|Captain|Inspector|Detective|Sergeant|Father|Sister)\.? (?P<span>{PERSON})\b",
)
role = regex_spans_lf(
    "role",
    "PER",
    r"\b(?:president|chairman|chairwoman|director|chief executive|manager|coach|captain|striker|goalkeeper|spokesman|"
    r"spokeswoman|spokesperson|minister|secretary|analyst|economist|author|novelist|poet|painter|singer|actor|actress|"
    r"composer|guitarist|drummer|historian|physicist|chemist|scientist|engineer|architect|journalist|lawyer|farmer|"
    rf"teacher|nurse|founder|brother|sister|wife|husband|son|daughter),? (?P<span>{FULL_NAME})\b",
)
speaker = regex_spans_lf(
    "speaker",
    "PER",
    [
        rf"{BEFORE}(?P<span>{FULL_NAME})(?:, (?:\d\d|who)\b.{{0,40}}?,)? (?:said|says|told|added|"
        rf"explained|argued|wrote|recalled|"
        r"insisted|admitted|replied|joked|warned)\b",
        rf"\b(?:said|says|added|explained|recalled|replied|joked) (?P<span>{FULL_NAME})\b",
    ],
)
life = regex_spans_lf(
    "life",
    "PER",
    [
        rf"{BEFORE}(?P<span>{FULL_NAME}) (?:\(born |was born |died |grew up |married |retired )",
        rf"\b(?:born|named|called) (?P<span>{FULL_NAME})\b",
        rf"{BEFORE}(?P<span>{FULL_NAME}) \((?:\d{{4}}|born)",
    ],
)

# Organizations.

organizations = gazetteer_lf("organizations", "ORG", LEXICONS / "names_organizations.txt")
company = regex_spans_lf(
    "company",
    "ORG",
    rf"{BEFORE}(?P<span>(?:{CAPITAL}|\p{{Lu}}{{2,}})(?: (?:&|and) {CAPITAL}| {CAPITAL}|"
    rf" \p{{Lu}}{{2,}}){{0,3}},? (?:Inc|Corp|Ltd|"
    r"LLC|PLC|plc|GmbH|AG|SA|NV|Co|Corporation|Company|Group|Holdings|Industries|Airlines|Airways|Motors|Bank|Records|Press|"
    r"Partners|Systems|Technologies|Laboratories|Pharmaceuticals)\b(?:\.)?)",
)
institution = regex_spans_lf(
    "institution",
    "ORG",
    [
        rf"{BEFORE}(?P<span>(?:{CAPITAL} ){{1,3}}(?:(?:of|for|and) (?:{CAPITAL} )+)?(?:University|College|Institute|Academy|"
        r"School|Hospital|Museum|Orchestra|Association|Federation|Union|Council|Committee|Commission|Agency|Authority|Ministry|"
        r"Foundation|Society|Party|League|Club|Court|Police|Army|Navy|Church|Library|Times|Post|Herald|Tribune))\b",
        r"\b(?:University|Bank|Ministry|Department|Institute|Church|Court|Museum|Academy|Royal Society|Association|Office|"
        rf"House|College|Federation|Order) (?:of|for) (?:the )?{CAPITAL}(?: (?:and )?{CAPITAL})*\b",
    ],
)
team = regex_spans_lf(
    "team",
    "ORG",
    rf"{BEFORE}(?P<span>(?:{CAPITAL} ){{1,2}}(?:United|City|Rovers|Wanderers|Athletic|Albion|FC|F\.C\.|Rangers|Tigers|Lions|"
    r"Bears|Eagles|Giants|Warriors|Wolves|Hawks|Sharks|Dodgers|Yankees|Lakers))\b",
)

# Places.

countries = gazetteer_lf("countries", "LOC", LEXICONS / "names_countries.txt")
cities = gazetteer_lf(
    "cities",
    "LOC",
    LEXICONS / "names_cities.txt",
    stop=[
        "New York Times", "New York Post", "New York Yankees", "New York Giants", "Boston Globe", "Chicago Tribune",
        "Los Angeles Times", "Los Angeles Lakers", "Manchester United", "Manchester City", "Leeds United", "Paris Hilton",
        "Birmingham City", "Oxford University", "Cambridge University", "Bristol City", "Newcastle United",
    ],
)  # fmt: skip
geography = regex_spans_lf(
    "geography",
    "LOC",
    [
        rf"\b(?:Mount|Lake|Cape|Port|Fort|Gulf of|Bay of|Strait of|Isle of|Straits of) {CAPITAL}\b",
        rf"{BEFORE}(?P<span>(?:{CAPITAL} ){{1,2}}(?:River|Lake|Island|Islands|Sea|Ocean|Mountains|Valley|Bay|County|Province|"
        r"Desert|Peninsula|Street|Avenue|Square|Bridge|Airport|Harbour|Harbor|Beach|Park|Forest|Canal|Coast))\b",
        rf"\b(?:North|South|East|West|Northern|Southern|Eastern|Western) (?:{CAPITAL})\b",
    ],
)
location = regex_spans_lf(
    "location",
    "LOC",
    [
        r"\b(?:city|town|village|capital|port|island|district|suburb|province|region|state|county) of "
        rf"(?P<span>{CAPITAL}(?: {CAPITAL})?)\b",
        r"\b(?:born|lives|lived|living|arrived|died|settled|based|headquartered) (?:in|at) "
        rf"(?P<span>{CAPITAL}(?: {CAPITAL})?)\b",
        rf"\b(?:near|outside|north of|south of|east of|west of|flew to|moved to|travelled to|traveled to|returned to) "
        rf"(?P<span>{CAPITAL}(?: {CAPITAL})?)\b",
    ],
)

# Dates and money.

dates = regex_spans_lf(
    "dates",
    "DATE",
    [
        rf"\b(?:{DAY},? )?{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b",
        rf"\b(?:{DAY},? )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}(?:,? \d{{4}})?\b",
        rf"\b{MONTH},? (?:of )?\d{{4}}\b",
        r"\b(?:1[5-9]|20)\d\d-\d\d-\d\d\b|\b\d{1,2}[/.]\d{1,2}[/.](?:\d\d){1,2}\b",
        rf"\b(?:last |next |this )?{DAY}\b",
        r"\b(?:in|In|since|Since|until|by|of|from|during|early|late|before|after) "
        r"(?P<span>(?:1[5-9]|20)\d\d(?:s|-\d\d(?:\d\d)?)?)\b",
    ],
)
relative_dates = regex_spans_lf(
    "relative_dates",
    "DATE",
    r"\b(?:yesterday|today|tomorrow|tonight|(?:last|next|this) (?:week|month|year|spring|summer|autumn|winter|weekend)|"
    r"(?:one|two|three|four|five|six|ten|\d+) (?:days|weeks|months|years) (?:ago|later|earlier))\b",
    ignore_case=True,
)
money = regex_spans_lf(
    "money",
    "MONEY",
    [
        rf"(?:\b(?:US|A|C|HK|NZ))?[$€£¥₹] ?{NUMBER}{SCALE}",
        rf"\b(?:USD|EUR|GBP|CHF|JPY) ?{NUMBER}{SCALE}",
        rf"\b{NUMBER}{SCALE} (?:dollars?|euros?|pounds?|yen|francs?|rupees?|pesos?|cents?|kronor|yuan|roubles?|rubles?)\b",
        r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|a hundred|a thousand|a million|several)"
        r"(?: (?:hundred|thousand|million|billion))? (?:dollars|euros|pounds|yen|francs|rupees)\b",
    ],
)

EXAMPLES = {
    "first_name": "Anna Kowalczyk plays the organ",
    "title": "We met Dr. Quill at noon",
    "role": "The novel by author Imre Tarnok sold well",
    "speaker": "It works, said Odile Farnham",
    "life": "Pim Halvorsen was born on a farm",
    "organizations": "A report by the World Bank",
    "company": "Shares of Tallow & Finch Ltd rose",
    "institution": "He studies at the Harrow Marine Institute",
    "team": "Dunmore Rovers won again",
    "countries": "Trains to Portugal are late",
    "cities": "Rain fell in Gothenburg",
    "geography": "They climbed Mount Tarrow",
    "location": "Fire broke out near Oldbeck",
    "dates": "The law of March 3, 2011 stands",
    "relative_dates": "They left last week",
    "money": "It costs $4.5 million",
}
