"""Sentiment of reviews.

Task: does a review of a film, book or product praise it or pan it? Language: English. Column: ``text``. Classes:
negative, positive.

The rules and the word list are our own, from how reviewers speak in general: marks out of ten, advice to see or to
avoid, strong adjectives, and the balance of all the words that praise or blame.
"""

import re
from pathlib import Path
from typing import Any

from weaklabel import ABSTAIN, keyword_lf, labeling_function, lexicon_lf, matcher_lf, regex_lf

LABELS = ("negative", "positive")
NEGATIVE, POSITIVE = 0, 1


def read_weights(path: Path) -> dict[str, float]:
    """Return the words of a tab-separated list with their weights; a line that begins with # is a comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {word: float(weight) for word, weight in (line.split("\t") for line in lines if not line.startswith("#"))}


PRAISE = read_weights(Path(__file__).with_name("lexicons") / "sentiment_polarity.txt")
BLAME = {word: -weight for word, weight in PRAISE.items()}

# Marks and advice: rare, and nearly always right.

high_mark = regex_lf(
    "high_mark",
    POSITIVE,
    r"(?i)\b(?:[89]|10)(?:\.\d)? ?(?:/|out of) ?10\b|\b(?:4\.5|5) ?(?:/|out of) ?5\b|\bfive stars\b|\bten out of ten\b",
)
low_mark = regex_lf(
    "low_mark",
    NEGATIVE,
    r"(?i)\b[0-4](?:\.\d)? ?(?:/|out of) ?10\b|\b[01] ?(?:/|out of) ?5\b|\b(?:one|zero|no|half a) stars?\b",
)
advice_for = regex_lf(
    "advice_for",
    POSITIVE,
    r"(?i)\b(?:highly|strongly|definitely|thoroughly|would|heartily) recommend|\b(?:must[- ](?:see|read)|"
    r"a must[- ]have)\b|\b(?:well |definitely )worth (?:seeing|watching|a look|the|your|it)|"
    r"\bdon'?t miss (?:it|this)|\b(?:can'?t|cannot) recommend \w+ enough|\bgive (?:it|this) a (?:try|chance)\b",
)
advice_against = regex_lf(
    "advice_against",
    NEGATIVE,
    r"(?i)\b(?:waste of|wast(?:e|ed|ing) (?:my|your|of|\w+ hours)|don'?t (?:waste|bother|watch|buy|rent)|"
    r"do not (?:waste|bother|watch|buy|rent)|avoid (?:this|it|at)|stay away|skip (?:it|this)|"
    r"save your(?:self)?|money back|not worth|walked out|turned it off|hours? of my life|not recommend|"
    r"steer clear|run away)\b",
)

# Turns of phrase.

best_ever = regex_lf(
    "best_ever",
    POSITIVE,
    r"(?i)\b(?:one of (?:the|my) (?:best|greatest|finest|favou?rites?)|(?:best|greatest|"
    r"finest) (?:\w+ ){1,3}(?:ever|of all time|i'?ve (?:ever )?seen)|my (?:all[- ]time )?favou?rite (?:film|movie|"
    r"book|show))\b",
)
worst_ever = regex_lf(
    "worst_ever",
    NEGATIVE,
    r"(?i)\bone of the (?:worst|dumbest|most (?:boring|stupid|annoying|ridiculous))\b|"
    r"\bworst (?:\w+ ){1,4}(?:ever|seen|made|of all time)\b|\bso bad\b|\bthe worst\b",
)
fell_for_it = keyword_lf("fell_for_it", POSITIVE, [
    "loved it", "loved this", "loved every", "love this", "enjoyed it", "really enjoyed", "thoroughly enjoyed",
    "fell in love", "made me cry", "in tears", "laughed out loud", "never gets old", "can watch it",
])  # fmt: skip
let_down = keyword_lf("let_down", NEGATIVE, [
    "so disappointed", "very disappointed", "big disappointment", "such a disappointment", "fell asleep",
    "fast forward", "falls flat", "fall flat", "makes no sense", "made no sense", "no plot",
    "what were they thinking", "no redeeming", "supposed to be", "i want my",
])  # fmt: skip
performances = regex_lf(
    "performances",
    POSITIVE,
    r"(?i)\b(?:superb|brilliant|excellent|outstanding|wonderful|great|fantastic|terrific|amazing|stellar|perfect|"
    r"flawless|strong|beautiful) (?:performances?|acting|cast|job|direction|cinematography|photography|score|"
    r"soundtrack|writing|script|story|chemistry|work)\b",
)
bad_craft = regex_lf(
    "bad_craft",
    NEGATIVE,
    r"(?i)\b(?:bad|poor|terrible|awful|horrible|weak|lousy|wooden|cheap|cheesy|dreadful|laughable|atrocious|"
    r"stupid|thin|lame|no) (?:\w+ )?(?:acting|performances?|script|writing|plot|dialogue|dialog|direction|effects|"
    r"editing|actors|story|storyline|ending|quality)\b"
    r"|\b(?:acting|script|plot|dialogue|story|writing|direction|effects|film|movie) (?:was|is|are|were) (?:just |"
    r"so |really |very |pretty |simply |absolutely )*(?:bad|poor|terrible|awful|horrible|weak|boring|stupid|lame|"
    r"laughable|ridiculous|wooden|a mess|dull)\b",
)
not_praise = matcher_lf(
    "not_praise",
    NEGATIVE,
    [
        [
            {"LOWER": {"IN": ["not", "n't", "never", "hardly"]}},
            {
                "LOWER": {"IN": ["a", "very", "even", "that", "particularly", "really", "so", "all", "at"]},
                "OP": "{0,2}",
            },
            {"LOWER": {"IN": ["funny", "scary", "interesting", "enjoy", "special", "convincing", "entertaining"]}},
        ]
    ],
)
strong_praise = lexicon_lf(
    "strong_praise", POSITIVE, {word: weight for word, weight in PRAISE.items() if abs(weight) > 2}, min_weight=3
)
strong_blame = lexicon_lf(
    "strong_blame", NEGATIVE, {word: weight for word, weight in BLAME.items() if abs(weight) > 2}, min_weight=3
)

# The balance of a whole review, and of how it ends.

mostly_praise = lexicon_lf("mostly_praise", POSITIVE, PRAISE, min_weight=2)
mostly_blame = lexicon_lf("mostly_blame", NEGATIVE, BLAME, min_weight=3)


@labeling_function()
def last_word(x: Any) -> int:
    """What the last twenty-five words weigh: reviewers keep their verdict for the end."""
    weight = sum(PRAISE.get(word, 0) for word in re.findall(r"[a-z'-]+", x.text.lower())[-25:])
    if abs(weight) < 2:
        return ABSTAIN
    return POSITIVE if weight > 0 else NEGATIVE


EXAMPLES = {
    "high_mark": "All in all 9/10",
    "low_mark": "Two hours I will not get back: 2 out of 10",
    "advice_for": "A must-see for anyone who likes trains",
    "advice_against": "Don't bother, read the book",
    "best_ever": "One of the finest stage comedies this decade",
    "worst_ever": "The worst holiday comedy I have seen",
    "fell_for_it": "We loved every minute",
    "let_down": "I fell asleep before the end",
    "performances": "A superb cast and a clever story",
    "bad_craft": "The dialogue was awful",
    "not_praise": "Sadly the second part is not very funny",
    "strong_praise": "A masterpiece",
    "strong_blame": "Utter garbage",
    "mostly_praise": "Wonderful music, superb dancing",
    "mostly_blame": "A dull and tedious tale",
    "last_word": "It began slowly and I had doubts, but then the second half was touching and clever",
}
