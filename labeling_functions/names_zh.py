r"""Names of people, organizations and places, dates and amounts of money in Chinese texts (中文命名实体).

Task: mark them in news and other edited texts. Language: Chinese, simplified characters, without spaces between words.
Column: ``text``. Labels: PER, ORG, LOC, DATE, MONEY.

The rules and lists are our own, of what is common knowledge. Dates and money are found by their form, places by a list and
by endings such as 省 and 路, people by a surname beside a title, organizations by a list and by endings such as 公司.
"""

from pathlib import Path

from weaklabel import gazetteer_lf, regex_spans_lf

TASK = "spans"
LABELS = ("PER", "ORG", "LOC", "DATE", "MONEY")

LEXICONS = Path(__file__).with_name("lexicons")

DIGITS = "[0-9０-９]"
HAN = r"[[\p{Han}A-Za-z]--[在由据向从到被是为给让说的了和与及对于]]"
NUMERAL = "[一二三四五六七八九十百千万亿两〇零]"
SURNAME = (
    "(?:欧阳|司马|上官|诸葛|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文])"
)
START = r"(?:^|[，。、；：？！“”‘’（）《》\s]|在|由|与|和|据|对|向|从|于|到|被|是|为|给|让|以及)"

# People.

title_after = regex_spans_lf(
    "title_after",
    "PER",
    rf"(?P<span>{SURNAME}\p{{Han}}{{1,2}}?)(?:先生|女士|小姐|教授|博士|医生|老师|主任|院长|校长|总统|总理|主席|部长|省长|市长|局长|"
    "处长|书记|董事长|总经理|经理|律师|法官|记者|教练|将军|上校|队长)",
)
title_before = regex_spans_lf(
    "title_before",
    "PER",
    rf"(?:记者|总理|主席|部长|市长|省长|局长|教授|院士|导演|演员|歌手|作家|诗人|画家|董事长|总经理|总裁|教练|队员|球员|发言人|主任|校长|院长|"
    rf"村民|居民|市民|律师|医生|工程师|研究员)(?P<span>{SURNAME}\p{{Han}}{{1,2}}?)(?:[，。、：；“（\s]|$|说|表示|认为|指出|介绍|告诉|在|"
    "于|和|与|对|向|也|就|将|今天|昨天)",
)
speaker = regex_spans_lf(
    "speaker",
    "PER",
    rf"(?:^|[，。；！？”\s])(?P<span>{SURNAME}\p{{Han}}{{1,2}}?)(?:说|表示|认为|指出|介绍说|告诉|回忆说|强调|透露|坦言)",
)

# Organizations.

organizations = gazetteer_lf("organizations", "ORG", LEXICONS / "names_zh_organizations.txt")
institution = regex_spans_lf(
    "institution",
    "ORG",
    rf"{START}(?P<span>{HAN}{{2,10}}?(?:有限公司|股份公司|公司|集团|银行|大学|学院|中学|小学|医院|研究所|研究院|委员会|"
    "协会|基金会|出版社|电视台|博物馆|图书馆|法院|检察院|公安局|派出所|足球俱乐部|俱乐部|交响乐团))",
)

# Places.

places = gazetteer_lf(
    "places",
    "LOC",
    LEXICONS / "names_zh_places.txt",
    stop=[
        "中国人民银行",
        "中国银行",
        "北京大学",
        "南京大学",
        "武汉大学",
        "浙江大学",
        "中国科学院",
        "中国移动",
        "中国石油",
    ],
)
region = regex_spans_lf(
    "region",
    "LOC",
    rf"{START}(?P<span>{HAN}{{2,3}}?(?:自治区|自治州|省|市|县|镇|乡|村|路|街道|大街|区|湖|岛|山|河))"
    r"(?:[，。、；：“（\s]|$|的|人|举行|召开|发生|附近|境内|开幕|出发|举办|政府|居民|里|上)",
)

# Dates and money.

dates = regex_spans_lf(
    "dates",
    "DATE",
    [
        rf"{DIGITS}{{4}} ?年(?: ?{DIGITS}{{1,2}} ?月(?:份| ?{DIGITS}{{1,2}} ?[日号])?)?",
        rf"{DIGITS}{{1,2}} ?月(?: ?{DIGITS}{{1,2}} ?[日号]|份)",
        "[一二][〇○零一二三四五六七八九]{3}年(?:[一二三四五六七八九十]{1,2}月(?:[一二三四五六七八九十]{1,3}[日号])?)?",
        "(?:[一二三四五六七八九]|十[一二]?)月(?:[一二三]?十?[一二三四五六七八九]?|二十)[日号]",
        "(?:上|下|这|本)?(?:星期|礼拜|周)[一二三四五六日天]",
        rf"{DIGITS}{{2,4}}[-/.]{DIGITS}{{1,2}}[-/.]{DIGITS}{{1,2}}",
        rf"(?:上个?世纪|二十世纪|20 ?世纪|19 ?世纪|21 ?世纪)(?:{DIGITS}{{2}}|[二三四五六七八九]十)?(?:年代)?",
    ],
)
relative_dates = regex_spans_lf(
    "relative_dates",
    "DATE",
    "今天|昨天|明天|前天|后天|今年|去年|明年|前年|今晚|昨晚|上个?月|下个?月|本月|上周末|本周末|春节|中秋节|国庆节|元旦|"
    rf"(?:{DIGITS}+|{NUMERAL}+) ?(?:天|个月|周|年)(?:之?前|之?后)",
)
money = regex_spans_lf(
    "money",
    "MONEY",
    [
        rf"(?:[¥￥$€£]|人民币|HK\$|US\$) ?{DIGITS}+(?:[,，.]{DIGITS}+)*(?: ?[百千万亿]+)?元?",
        rf"{DIGITS}+(?:[,，.]{DIGITS}+)* ?[百千万亿]*(?:多|余)?"
        "(?:元人民币|人民币|美元|欧元|日元|英镑|港元|港币|韩元|卢布|卢比|瑞士法郎|元|块钱|角钱)",
        rf"[一二三四五六七八九十两]{NUMERAL}*(?:多|余)?(?:元人民币|美元|欧元|日元|英镑|港元|块钱|元)",
    ],
)

EXAMPLES = {
    "title_after": "昨晚陆晓琪女士到场致辞",
    "title_before": "本报记者康立行，今天到达现场",
    "speaker": "他笑了。贺小川说，雨停了",
    "organizations": "这是新华社的报道",
    "institution": "他在青岚造纸有限公司上班",
    "places": "列车开往哈尔滨",
    "region": "大雨袭击，在临河县境内",
    "dates": "2019年3月8日开工",
    "relative_dates": "他去年退休",
    "money": "一共花了35.5万元",
}
