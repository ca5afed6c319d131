"""Spam in short messages.

Task: is a text message (SMS, chat) spam or ham, that is, written by one person to another? Language: English,
texting abbreviations included; numbers and prices as senders in the United Kingdom write them. Column: ``text``.
Classes: ham, spam.

The rules and the example messages are our own, from what such messages look like in general: an offer or a prize, a
number to call, a price, small print; against plans, feelings and family. Every kind of labeling function has its
place here, so the pack serves as a worked example too.
"""

from pathlib import Path
from typing import Any

from weaklabel import (
    ABSTAIN,
    count_lf,
    keyword_lf,
    labeling_function,
    length_lf,
    lexicon_lf,
    matcher_lf,
    prototype_lf,
    regex_lf,
    spacy_lf,
)

LABELS = ("ham", "spam")
HAM, SPAM = 0, 1

LEXICONS = Path(__file__).with_name("lexicons")

# What is offered.

prize = keyword_lf(
    "prize",
    SPAM,
    ["prize", "prizes", "winner", "winners", "awarded", "award", "jackpot", "lottery", "prize draw", "vouchers"],
)
claim = keyword_lf("claim", SPAM, ["claim", "claims", "redeem", "unredeemed", "guaranteed", "entitled", "unclaimed"])
win_something = regex_lf(
    "win_something",
    SPAM,
    r"(?i)\b(?:chance (?:to|2) win|win (?:a|an|the|up to|ur|your|£|\?\?|\d)|(?:u|you)(?:'ve| have) won)",
)
congratulations = keyword_lf(
    "congratulations", SPAM, ["congratulations", "you have been selected", "you have been chosen", "lucky winner"]
)
free_offer = regex_lf(
    "free_offer",
    SPAM,
    r"(?i)\bfree ?(?:msg|message|entry|te?xts?|sms|tones?|ring ?tones?|poly|mobile|phone|gift|calls?|mins?|minutes|"
    r"camera|delivery|trial|pics?|video|credits?|ticket|for (?:the )?(?:1st|first)|\d)|\bfree[!>:]"
    r"|\b(?:get|1st|first) \w+ free\b",
)
ringtones = keyword_lf("ringtones", SPAM, [
    "ringtone", "ringtones", "ring tone", "ring tones", "polyphonic", "polys", "tones", "wallpaper", "wallpapers",
    "logos",
])  # fmt: skip
gadgets = keyword_lf("gadgets", SPAM, [
    "camera phone", "camcorder", "nokia", "motorola", "ipod", "dvd player", "handset", "line rental", "bluetooth",
    "half price",
])  # fmt: skip
dating = keyword_lf("dating", SPAM, [
    "dating", "singles", "chatline", "chat line", "live chat", "sexy singles", "hot girls", "secret admirer",
    "fancies you", "fancies u", "chat to", "meet someone new",
])  # fmt: skip
quiz = regex_lf("quiz", SPAM, r"(?i)\b(?:quiz|trivia|bid|auction|horoscope|tarot|vote now)\b|\b(?:a|b), ?\w? ?or c\b")

# How one is made to answer, and what it costs.

call_number = regex_lf("call_number", SPAM, r"(?i)\b(?:call|ring|phone|dial|tel|help)\b[^?]{0,40}\b0\d{9,11}\b")
premium_number = regex_lf("premium_number", SPAM, r"\b0[89]\d{2} ?\d{3} ?\d{3,5}\b|\b0[89]\d{2}-\d{3}-\d{3,5}\b")
short_code = regex_lf("short_code", SPAM, r"(?i)\b(?:to|2|on|at)[: ]\s*(?:no[.:]? ?)?[2-9]\d{3,5}\b")
price = regex_lf(
    "price",
    SPAM,
    r"(?i)\b(?:\d{1,3}p|p|£?\d\.\d\d) ?(?:/|per|pm|a)? ?(?:msgs?|min|sms|te?xt|mes\w*|call|wk|week|day)\b|"
    r"\d{2,3} ?pp?m\b",
)
# A pound sign is often lost in transit; what is left of it is a question mark or two.
money = regex_lf(
    "money",
    SPAM,
    r"(?i)(?:£|€|\$|\?\?|&pound;|\bgbp|\bukp>?) ?\d{1,3}(?:[,.]?\d{2,3})*\b|\b\d{2,} ?(?:pounds?|gbp)\b",
)
opt_out = regex_lf(
    "opt_out",
    SPAM,
    r"(?i)\b(?:te?xt|reply|send|msg)s? (?:\w+ )?[\"']?stop\b|\b2 ?stop\b|\bto (?:stop (?:te?xts?|msgs?|receiving|"
    r"getting)|unsub\w*|opt|end te?xts?)\b|\bstop (?:to|2)\b|\bopt[- ]?out\b|\bunsub",
)
subscription = keyword_lf(
    "subscription",
    SPAM,
    ["subscription", "subscribe", "subscriber", "subscribed", "weekly", "every week", "per week", "wkly", "charged"],
)
small_print = regex_lf(
    "small_print",
    SPAM,
    r"(?i)\bt[s']*s? ?& ?c|\bp\.?o\.? ?box|\bbox ?\d{2,}|\b(?:16|18) ?(?:\+|only\b|yrs\b|or over\b)|\bover ?18\b|"
    r"\bterms\b",
)
link = regex_lf("link", SPAM, r"(?i)\bhttps?://|\bwww\.|\b\w+\.(?:co\.uk|com|net|tv)\b")
customer = keyword_lf("customer", SPAM, [
    "dear customer", "valued customer", "customer service", "customer services", "customer care", "custcare",
    "helpline", "national rate", "landline", "land line", "account statement",
])  # fmt: skip
urgent = keyword_lf("urgent", SPAM, [
    "urgent", "final notice", "final attempt", "2nd attempt", "last chance", "limited time", "act now", "expires",
    "attempt to contact", "tried to contact",
])  # fmt: skip
send_word = matcher_lf(
    "send_word",
    SPAM,
    [
        [
            {"LOWER": {"IN": ["txt", "text", "send", "reply", "sms"]}},
            {"OP": "{1,5}"},
            {"LOWER": {"IN": ["to", "2", "on"]}},
            {"TEXT": {"REGEX": r"^\d{4,6}$"}},
        ]
    ],
)
many_digits = count_lf("many_digits", SPAM, r"\d", min=14)


@labeling_function()
def shouted_offer(x: Any) -> int:
    """Two words or more in capitals, and a number as long as a telephone's."""
    words = x.text.split()
    capitals = sum(len(word) > 3 and word.isalpha() and word.isupper() for word in words)
    numbers = sum(sum(character.isdigit() for character in word) >= 5 for word in words)
    return SPAM if capitals >= 2 and numbers else ABSTAIN


# What people write to each other.

few_digits = count_lf("few_digits", HAM, r"\d", min=0, max=2)
very_short = length_lf("very_short", HAM, max=5, unit="words")
slang = lexicon_lf("slang", HAM, LEXICONS / "texting_slang.txt")
smiley = regex_lf("smiley", HAM, r"[:;]-?[)(dDpP|]|\bx{1,3}$|<3")
family = keyword_lf("family", HAM, [
    "mom", "mum", "mother", "dad", "father", "brother", "sister", "aunt", "uncle", "wife", "husband", "bro", "sis",
    "boyfriend", "girlfriend",
])  # fmt: skip
affection = keyword_lf("affection", HAM, [
    "babe", "baby", "honey", "darling", "darlin", "sweetheart", "my love", "love you", "love u", "miss you",
    "miss u", "good night", "good morning", "take care",
])  # fmt: skip
plans = keyword_lf("plans", HAM, [
    "tonight", "tonite", "tomorrow", "tmr", "tomo", "later", "soon", "lunch", "dinner", "meeting", "pick you up",
    "come over", "on my way",
])  # fmt: skip
daily_life = keyword_lf("daily_life", HAM, [
    "home", "house", "bed", "sleep", "eat", "class", "school", "exam", "office", "work", "bus", "car", "shower",
    "sick", "tired", "rain",
])  # fmt: skip
first_person = regex_lf(
    "first_person",
    HAM,
    r"(?i)\bi(?: ?'?m|'?ll|'?ve|'?d| am| was| have| had| think| know| hope| want| will| can| just| got| dont|"
    r" don't| didn't)\b",
)
feelings = keyword_lf("feelings", HAM, [
    "sorry", "thanks", "thank you", "thanx", "thx", "hope", "worry", "happy", "feel", "feeling", "wish", "hurt",
    "bored", "sad",
])  # fmt: skip
short_answer = regex_lf(
    "short_answer",
    HAM,
    r"(?i)^\W*(?:ok|okay|okie|k|yes|yeah|yep|yup|ya|no|nope|nah|oh|ah|hmm+|aight|sure|cool|haha+|lol|lmao|so|but|"
    r"and|then)\b",
)
trailing_off = regex_lf("trailing_off", HAM, r"[a-z]\.\.+ ?[a-z]?")


@labeling_function()
def asks_a_friend(x: Any) -> int:
    """A question with a you in it, and nowhere a number to answer to."""
    words = set(x.text.lower().replace("?", " ").split())
    asks = "?" in x.text and words & {"you", "u", "ya", "your", "ur", "we"}
    digits = sum(character.isdigit() for character in x.text)
    return HAM if asks and digits < 3 else ABSTAIN


@spacy_lf()
def personal_and_plain(doc: Any) -> int:
    """First person, without a number of three digits, a price or a link."""
    if any(token.like_url or token.is_currency or sum(c.isdigit() for c in token.text) > 2 for token in doc):
        return ABSTAIN
    return HAM if any(token.lower_ in {"i", "im", "ill", "me", "my", "mine"} for token in doc) else ABSTAIN


like_examples = prototype_lf(
    "like_examples",
    {
        HAM: [
            "Are you still coming round tonight? I can cook something",
            "ok see you at the station at 6 then",
            "Sorry, missed your call, was in the shower. What's up?",
            "lol that's so funny, tell your brother I said hi",
            "Can you buy some bread and eggs on your way home please",
            "I'm so tired, the exam went on for three hours...",
            "Good night darling, sleep well, love you",
            "haha yeah i know what u mean, he never listens",
            "Thanks for dinner yesterday, we had a lovely time",
            "Bus is late again so I will be there around ten",
            "I don't know what to do, she won't talk to me any more",
            "Did mum tell you about Sunday?",
            "wat time u finish work? wanna watch a movie",
            "Send me the address when you get there",
            "He went home because his head was hurting",
        ],
        SPAM: [
            "WINNER! You have been chosen for a £500 cash prize. Call 09010000000 to claim now",
            "Free entry to our weekly draw for a holiday for two: text SUN to 80000. Costs 150p a message",
            "Get the latest ringtones and logos on your mobile, text TONE to 81000. Reply STOP to end",
            "URGENT! We tried to contact you about your reward. Call our landline 08700000000 before Friday",
            "Lonely tonight? Local singles want to chat live, dial 09090000000, 18+ only",
            "You are due a free upgrade to a new camera phone with unlimited minutes. Call 08000000000",
            "Answer our quiz and win tickets to the cup final! Txt A, B or C to 83000. T&Cs apply",
            "Someone you know has a crush on you! Find out who: call 09060000000 now",
            "Your account has 700 unredeemed bonus points. Ring customer services to collect them",
            "Half price line rental for a year, see www.example.com for details. To opt out send STOP",
            "Congratulations, your number won a £1000 gift voucher. Claim code K12, valid 24 hours",
            "Play our new java game on your phone, first week free then £3 per week, unsubscribe any time",
        ],
    },
)

EXAMPLES = {
    "prize": "Your number has been drawn for a cash prize",
    "claim": "Redeem your bonus points before Sunday",
    "win_something": "Enter today for a chance to win a weekend in Rome",
    "congratulations": "Congratulations, a new phone is waiting for you",
    "free_offer": "FreeMsg: a gift is waiting in our shop",
    "ringtones": "The newest polyphonic hits, straight to your phone",
    "gadgets": "Swap your old phone for a new handset today",
    "dating": "Meet singles in your area",
    "quiz": "Join the music quiz on channel 9",
    "call_number": "To hear it call our team on 01230000000",
    "premium_number": "Results: 09010000000",
    "short_code": "Text GOLD to 80000",
    "price": "It costs 150p per msg",
    "money": "Up to £500 in shopping for you",
    "opt_out": "To leave the list reply STOP",
    "subscription": "Your subscription to the club has begun",
    "small_print": "T&Cs apply, PO Box 12",
    "link": "More at www.example.com",
    "customer": "Please ring customer services from a landline",
    "urgent": "URGENT: this is our final attempt",
    "send_word": "Send the word GOLD to 80000 today",
    "many_digits": "Ref 1234 5678 9012 3456",
    "shouted_offer": "LAST CHANCE ring 01230000000",
    "few_digits": "The key is under the mat",
    "very_short": "see you there",
    "slang": "haha dunno, gonna ask him",
    "smiley": "That was a great match :)",
    "family": "Ask your sister, she has the key",
    "affection": "Miss you, come back quickly",
    "plans": "We are having lunch at one",
    "daily_life": "The bus was full so she walked",
    "first_person": "I'm at the library with Tom",
    "feelings": "Sorry about yesterday",
    "short_answer": "Yeah, he told everyone about the trip",
    "trailing_off": "well.. he never said so",
    "asks_a_friend": "Where did you put the key?",
    "personal_and_plain": "Give me the key when we meet",
    "like_examples": "Are you coming home for dinner tonight? I can cook",
}
