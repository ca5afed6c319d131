"""Topic of news stories.

Task: which section of a newspaper does a story belong to? Language: English, of the British press first. Column:
``text``, a headline, a lead or a whole story. Classes: business, entertainment, politics, sport, tech.

The rules and the word lists are our own, from what each section writes about. The word lists ask for several words,
since one alone ("match", "bill", "chart") says little.
"""

import re
from pathlib import Path
from typing import Any

from weaklabel import ABSTAIN, keyword_lf, labeling_function, lexicon_lf, matcher_lf, phrase_lf, prototype_lf, regex_lf

LABELS = ("business", "entertainment", "politics", "sport", "tech")
BUSINESS, ENTERTAINMENT, POLITICS, SPORT, TECH = range(5)

LEXICONS = Path(__file__).with_name("lexicons")

# The vocabulary of a section.

business_words = lexicon_lf("business_words", BUSINESS, LEXICONS / "topic_business.txt", min_count=3)
entertainment_words = lexicon_lf(
    "entertainment_words", ENTERTAINMENT, LEXICONS / "topic_entertainment.txt", min_count=3
)
politics_words = lexicon_lf("politics_words", POLITICS, LEXICONS / "topic_politics.txt", min_count=3)
sport_words = lexicon_lf("sport_words", SPORT, LEXICONS / "topic_sport.txt", min_count=3)
tech_words = lexicon_lf("tech_words", TECH, LEXICONS / "topic_tech.txt", min_count=3)

# What one section alone says.

results_season = regex_lf(
    "results_season",
    BUSINESS,
    r"(?i)\b(?:pre-tax|net|operating|annual|quarterly) (?:profits?|loss|losses|income|earnings|sales)\b",
)
share_price = regex_lf(
    "share_price",
    BUSINESS,
    r"(?i)\bshares? (?:in \w+ |of \w+ )?(?:rose|fell|closed|jumped|dropped|climbed|slid|were up|were down)\b|"
    r"\bshare price\b",
)
big_money = regex_lf(
    "big_money",
    BUSINESS,
    r"(?i)[$£€]\s?\d[\d.,]*\s?(?:m|bn|million|billion)\b.{0,200}[$£€]\s?\d[\d.,]*\s?(?:m|bn|million|billion)\b",
)
economy = keyword_lf("economy", BUSINESS, [
    "economic growth", "interest rates", "central bank", "trade deficit", "inflation", "gdp", "exports",
    "stock market",
])  # fmt: skip
awards = keyword_lf("awards", ENTERTAINMENT, [
    "oscar", "oscars", "bafta", "baftas", "grammy", "grammys", "golden globe", "golden globes", "emmy", "best actor",
    "best actress", "film festival",
])  # fmt: skip
show_business = keyword_lf("show_business", ENTERTAINMENT, [
    "box office", "actor", "actress", "singer", "comedian", "sitcom", "hollywood", "co-star", "songwriter",
    "rock band",
])  # fmt: skip
released = regex_lf(
    "released",
    ENTERTAINMENT,
    r"(?i)\b(?:debut|new|latest|second|solo|studio|hit|best-selling) (?:album|single|film|movie|novel|musical|"
    r"sitcom)\b",
)
party_names = phrase_lf("party_names", POLITICS, [
    "Labour Party", "Conservative Party", "the Tories", "Tory leader", "Liberal Democrats", "Lib Dems",
    "Republicans", "Democrats", "Green Party", "MPs", "backbenchers",
])  # fmt: skip
office_holders = keyword_lf("office_holders", POLITICS, [
    "prime minister", "home secretary", "foreign secretary", "chancellor of the exchequer", "shadow chancellor",
    "party leader", "cabinet minister", "senator", "congressman",
])  # fmt: skip
at_the_polls = keyword_lf("at_the_polls", POLITICS, [
    "general election", "by-election", "referendum", "voters", "ballot", "manifesto", "election campaign",
    "polling day", "turnout",
])  # fmt: skip
score_line = matcher_lf(
    "score_line",
    SPORT,
    [
        [
            {"TEXT": {"REGEX": r"^\d{1,3}[-–]\d{1,3}$"}},
            {"LOWER": {"IN": ["win", "victory", "defeat", "draw", "loss", "lead", "over", "against"]}},
        ],
        [
            {"LOWER": {"IN": ["win", "won", "beat", "lost", "lose", "drew", "draw", "defeat", "victory"]}},
            {"IS_ALPHA": True, "OP": "{0,4}"},
            {"TEXT": {"REGEX": r"^\d{1,3}$"}},
            {"TEXT": {"IN": ["-", "–"]}},
            {"TEXT": {"REGEX": r"^\d{1,3}$"}},
        ],
    ],
)
competitions = keyword_lf("competitions", SPORT, [
    "premier league", "champions league", "world cup", "fa cup", "six nations", "grand slam", "grand prix",
    "olympics", "olympic games", "davis cup", "ryder cup", "semi-final", "quarter-final",
])  # fmt: skip
on_the_field = keyword_lf("on_the_field", SPORT, [
    "striker", "midfielder", "goalkeeper", "defender", "head coach", "referee", "team-mates", "hamstring", "wicket",
    "fly-half", "kick-off", "penalty shoot-out",
])  # fmt: skip
net_and_gadgets = keyword_lf("net_and_gadgets", TECH, [
    "broadband", "wi-fi", "bluetooth", "search engine", "operating system", "open source", "web browser",
    "smartphone", "gadgets", "mp3 player", "laptop", "handsets", "file-sharing", "artificial intelligence",
])  # fmt: skip
security = keyword_lf("security", TECH, [
    "hackers", "spyware", "malware", "phishing", "computer virus", "anti-virus", "encryption", "firewall",
    "spam e-mails", "cyber attack", "ransomware",
])  # fmt: skip
gaming = keyword_lf("gaming", TECH, [
    "gamers", "video games", "playstation", "xbox", "nintendo", "games console", "console", "online games",
    "gameplay",
])  # fmt: skip


@labeling_function()
def dense_tech(x: Any) -> int:
    """Computing words come thick: at least one in forty, and three in all."""
    words = re.findall(r"[a-z-]+", x.text.lower())
    hits = sum(
        word
        in {
            "software",
            "internet",
            "online",
            "web",
            "users",
            "technology",
            "digital",
            "computer",
            "computers",
            "data",
            "net",
            "pc",
        }
        for word in words
    )
    return TECH if hits >= 3 and hits * 40 >= len(words) else ABSTAIN


like_examples = prototype_lf(
    "like_examples",
    {
        BUSINESS: [
            "Shares in the airline fell after it reported a loss for the third quarter.",
            "The central bank left interest rates unchanged as inflation slowed.",
            "The retailer agreed to a takeover by its largest rival.",
            "Exports rose sharply, helped by a weak currency, official figures showed.",
            "The carmaker will close two plants and cut four thousand jobs.",
        ],
        ENTERTAINMENT: [
            "The actress won the prize for her part in a drama about a lighthouse.",
            "The band will release its fourth album in spring and then go on tour.",
            "The comedy stayed at the top of the box office for a third weekend.",
            "Viewers chose the singer as the winner of the television contest.",
            "The musical opens in the West End with a new cast.",
        ],
        POLITICS: [
            "The prime minister defended the bill against critics in his own party.",
            "Opposition MPs called for an inquiry into the minister's trip.",
            "Voters go to the polls next month to elect a new parliament.",
            "The party leader set out plans for lower taxes in a speech to the conference.",
            "Peers rejected the government's plans for identity cards.",
        ],
        SPORT: [
            "The striker scored twice as the home side won the cup final.",
            "She reached the semi-finals after a hard match in straight sets.",
            "The coach named an unchanged team for the match against Wales.",
            "The sprinter will miss the championships because of a knee injury.",
            "The captain took five wickets before lunch.",
        ],
        TECH: [
            "The update mends a hole in the browser that let attackers read passwords.",
            "More homes now have broadband than a dial-up connection to the internet.",
            "The new console will play films as well as games.",
            "The search engine now finds files on a user's own computer.",
            "Mobile phones with better cameras are selling faster than laptops.",
        ],
    },
)

EXAMPLES = {
    "business_words": "Investors sold stocks as profits fell",
    "entertainment_words": "The actress and the singer star in a film with songs",
    "politics_words": "The minister asked voters to trust the government",
    "sport_words": "The striker scored the goal that won the match",
    "tech_words": "Users may download the software from the website",
    "results_season": "Pre-tax profits doubled at the brewer",
    "share_price": "Its shares fell 3% in early trading",
    "big_money": "It paid $20m for the mill and £3m for the land",
    "economy": "Economists expect inflation to rise",
    "awards": "Her third Oscar came late",
    "show_business": "The comedian was born in Leeds",
    "released": "Their debut album is due in June",
    "party_names": "A speech that pleased the Lib Dems",
    "office_holders": "The home secretary will answer on Monday",
    "at_the_polls": "There will be a referendum in May",
    "score_line": "They won 3-1 in the rain",
    "competitions": "He missed the World Cup",
    "on_the_field": "The goalkeeper is out for a month",
    "net_and_gadgets": "A village without broadband",
    "security": "Hackers took the site down",
    "gaming": "Gamers queued all night",
    "dense_tech": "More users go online, where web pages hold their data",
    "like_examples": "The midfielder scored the winning goal in the cup match",
}
