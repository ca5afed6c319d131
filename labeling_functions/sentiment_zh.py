"""Sentiment of Chinese reviews (中文评论情感).

Task: does a review of a product, a meal, a hotel or a film praise it or pan it? Language: Chinese, simplified
characters, without spaces between words. Column: ``text``. Classes: negative (差评), positive (好评).

The rules and word lists are our own, from how people review in general. Chinese marks no word boundaries, so words
are looked for anywhere (``whole_word=False``), and praise counts only where no 不, 没 or the like stands before it.
"""

import re
from pathlib import Path
from typing import Any

from weaklabel import ABSTAIN, keyword_lf, labeling_function, matcher_lf, regex_lf

LABELS = ("negative", "positive")
NEGATIVE, POSITIVE = 0, 1

LEXICONS = Path(__file__).with_name("lexicons")


def read_words(name: str) -> str:
    """Return the words of a lexicon as one alternation, long ones first; a line that begins with # is a comment."""
    lines = (LEXICONS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


NEGATION = (
    r"(?:[不没无](?:是|有|会|能|算|怎么|那么|太|够|让我|让人|觉得|感到){0,2}(?:很|特别|非常|那么|这么|太)?"
    r"|毫无|谈不上|称不上|算不上|一点儿?[也都]不)"
)
PRAISE, BLAME = read_words("sentiment_zh_praise"), read_words("sentiment_zh_blame")
VERDICT = re.compile(rf"(?P<negation>{NEGATION})?(?:(?P<praise>{PRAISE})|(?P<blame>{BLAME}))")


def balance(text: str) -> int:
    """Return how many words praise less how many blame; a negation before a word turns it round."""
    total = 0
    for match in VERDICT.finditer(text):
        sign = 1 if match["praise"] else -1
        total += -sign if match["negation"] else sign
    return total


# Advice and marks.

advice_for = regex_lf(
    "advice_for",
    POSITIVE,
    r"(?:强烈|非常|十分|极力|真心|值得|墙裂|大力|力荐|倾情)推荐|(?:^|[^不])值得(?:一看|一去|一试|购买|拥有|入手|"
    r"信赖|再来)|必(?:看|买|点|入)|(?:^|[^不])(?:会|还会|下次还)(?:再来|回购|再买|光顾)|(?:给个?|点个|五星)好评|"
    r"安利",
)
advice_against = regex_lf(
    "advice_against",
    NEGATIVE,
    r"(?:不|别|勿|不要|千万别|慎)(?:推荐|建议|要买|值得|再来|会再|入手|买|选|踩)|慎入|避雷|踩雷|避坑|差评|拉黑|"
    r"再也不|绝对不会|不会再|浪费(?:时间|钱|金钱|感情)|退(?:了货|货了|款了)|投诉|不值",
)
marks_high = regex_lf("marks_high", POSITIVE, r"[五5]星(?:好评|推荐)?|满分|(?:^|[^\d])(?:100|一百|十|10)分|[👍😍🥰❤]")
marks_low = regex_lf("marks_low", NEGATIVE, r"(?:^|[^\d.])[一1零0]星|(?:零|负|(?:^|[^\d.])0)分|不及格|[👎😡🤮😤]")

# Words.

strong_praise = regex_lf(
    "strong_praise",
    POSITIVE,
    r"太棒了|太好(?:吃|看|用|喝|听|玩)了|完美|惊艳|超赞|一级棒|物超所值|无可挑剔|不虚此行|爱不释手|感人|感动|"
    r"(?:^|[^不是没])(?:非常|特别|十分|很|超级)(?:好吃|好看|好用|喜欢|满意|精彩|舒服|方便|漂亮|干净)",
)
strong_blame = keyword_lf(
    "strong_blame",
    NEGATIVE,
    [
        *(
            "太差",
            "很差",
            "极差",
            "非常差",
            "差劲",
            "垃圾",
            "烂片",
            "太烂",
            "都烂了",
            "坏了",
            "破了",
            "恶心",
            "令人失望",
        ),
        *(
            "太失望",
            "很失望",
            "非常失望",
            "骗子",
            "坑人",
            "坑爹",
            "上当",
            "受骗",
            "假货",
            "难吃",
            "难看",
            "气死",
            "无语",
        ),
    ],
    whole_word=False,
)
not_bad = keyword_lf(
    "not_bad", POSITIVE, ["不错", "没得说", "没话说", "没毛病", "挑不出毛病", "不愧"], whole_word=False
)
negated_praise = matcher_lf(
    "negated_praise",
    NEGATIVE,
    [
        [
            {"TEXT": {"IN": ["不", "没"]}},
            {"TEXT": {"IN": ["太", "够", "怎", "么", "是", "很", "那", "会", "能", "有"]}, "OP": "{0,3}"},
            {"TEXT": {"IN": ["好", "值", "新", "满", "喜", "干", "舒", "方", "划"]}},
            {
                "TEXT": {
                    "IN": ["吃", "看", "用", "喝", "玩", "闻", "穿", "得", "鲜", "意", "欢", "净", "服", "便", "算"]
                }
            },
        ]
    ],
    pipeline="blank:zh",
)
service_good = regex_lf(
    "service_good",
    POSITIVE,
    r"(?:服务|态度|客服|老板|店员|服务员|环境|物流|发货|味道|质量|做工|演技|剧情)[^，。！？,.!?不没]{0,4}(?:好|棒|"
    r"赞|热情|周到|耐心|快|一流|在线|优雅|舒服|贴心|过硬|精致|精彩)",
)
service_bad = regex_lf(
    "service_bad",
    NEGATIVE,
    r"(?:服务|态度|客服|老板|店员|服务员|环境|物流|发货|味道|质量|做工|演技|剧情)[^，。！？,.!?]{0,4}(?:差|烂|慢|"
    r"冷淡|恶劣|一般|糟|不好|不行|尴尬|粗糙|敷衍|拖沓|不耐烦|脏|吵)",
)
twist = regex_lf(
    "twist",
    NEGATIVE,
    r"(?:但是?|可是|不过|然而|就是)[^。！？!?]{0,12}(?:差|慢|贵|失望|不好|太少|太小|难|糟|脏|吵|破|坏)",
)


@labeling_function()
def balance_of_words(x: Any) -> int:
    """More words of praise than of blame, or the other way round."""
    total = balance(x.text)
    if total == 0:
        return ABSTAIN
    return POSITIVE if total > 0 else NEGATIVE


EXAMPLES = {
    "advice_for": "强烈推荐这家面馆",
    "advice_against": "大家别买,用两天就断了",
    "marks_high": "给五星",
    "marks_low": "只能给一星",
    "strong_praise": "这把伞我非常喜欢",
    "strong_blame": "等了一个月,太失望了",
    "not_bad": "房间挺大,早餐也不错",
    "negated_praise": "汤不太好喝",
    "service_good": "老板很热情",
    "service_bad": "客服态度恶劣",
    "twist": "颜色可以,但是做工太差",
    "balance_of_words": "房间干净又安静",
}
