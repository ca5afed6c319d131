"""Write a folder of raw Chinese reviews, as they come from shops, forums and mailboxes: python raw.py FOLDER.

All sentences are our own, put together at random with a fixed seed. The reviews are in folders 好评 and 差评 (praise and
blame), as text files, pages and mails, with what such data suffers from: copies, mixed languages, mojibake, phone
numbers and identity numbers, boilerplate, and a file in another encoding.
"""

import random
import sys
from email.message import EmailMessage
from pathlib import Path

THINGS = {
    "餐厅": (
        ["菜的味道很好", "服务员热情周到", "环境干净又安静", "上菜很快", "分量足，价格也实惠", "汤特别鲜"],
        ["菜是凉的", "服务员态度很差", "桌子油腻腻的", "等了一个小时才上菜", "又贵又难吃", "汤里有头发"],
    ),
    "酒店": (
        ["房间宽敞明亮", "前台非常热情", "床很舒服", "早餐丰富", "位置方便，出门就是地铁", "隔音不错，睡得很香"],
        ["房间又小又潮", "前台爱理不理", "床单没有换", "早餐只有两样", "离地铁很远", "隔音太差，一夜没睡好"],
    ),
    "耳机": (
        ["音质出色", "戴着很舒服", "电池耐用", "包装精美", "降噪效果让人惊喜", "物流很快，第二天就到了"],
        ["音质很差", "戴久了耳朵疼", "电池两小时就没电", "盒子是破的", "降噪没有效果", "物流慢，等了十天"],
    ),
    "电影": (
        ["剧情紧凑", "演员的表演很精彩", "画面美得像画", "结局让人感动", "音乐好听", "笑点很多，全家都喜欢"],
        ["剧情拖沓", "演员的表演很尴尬", "画面粗糙", "结局莫名其妙", "音乐吵得头疼", "一点也不好笑，差点睡着"],
    ),
    "洗衣机": (
        ["洗得很干净", "声音很小", "安装师傅很专业", "操作简单，老人也会用", "省水省电", "外观大方，很喜欢"],
        [
            "洗不干净",
            "声音像拖拉机",
            "安装师傅迟到还抱怨",
            "操作复杂，说明书也看不懂",
            "用了一周就坏了",
            "外壳有划痕，很失望",
        ],
    ),
}
OPENINGS = [
    "上个月买的，",
    "和朋友一起去的，",
    "第二次了，",
    "看了介绍才决定的，",
    "",
    "犹豫了很久，",
    "孩子选的，",
    "出差时",
]
ENDS = (
    ["强烈推荐！", "下次还会再来。", "非常满意。", "值得购买。", "给个好评。", "五星。"],
    ["不推荐。", "再也不会来了。", "非常失望。", "要求退货。", "浪费钱。", "差评！"],
)
FOLDERS = ("好评", "差评")
CLOSING = "本站评论仅代表用户个人观点，转载请注明出处。"
ENGLISH = ["Arrived late but works fine, would buy it again.", "The room was smaller than in the pictures."]
MAINLAND_ID = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def review(chance: random.Random, side: int) -> str:
    """Return a review that praises (0) or blames (1)."""
    thing = chance.choice(list(THINGS))
    points = chance.sample(THINGS[thing][side], chance.randint(2, 4))
    return f"{chance.choice(OPENINGS)}这个{thing}：{'，'.join(points)}。{chance.choice(ENDS[side])}"


def identity_number(chance: random.Random) -> str:
    """Return an identity number with a right check digit; the person does not exist."""
    body = f"110101{chance.randint(1960, 2004)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{chance.randint(1, 999):03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, MAINLAND_ID, strict=True))
    return body + "10X98765432"[total % 11]


def contact(chance: random.Random) -> str:
    """Return a sentence with something personal in it."""
    phone = f"138{chance.randint(0, 99_999_999):08}"
    return chance.choice(
        [
            f"我的电话是{phone}。",
            f"联系我 user{chance.randint(1, 999)}@example.com 。",
            f"身份证号{identity_number(chance)}。",
        ]
    )


def write(folder: Path, n: int = 400, seed: int = 0) -> None:
    """Write ``n`` different reviews, and copies of some, into a folder."""
    chance = random.Random(seed)
    for side, name in enumerate(FOLDERS):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        texts = [review(chance, side) for _ in range(n // 2)]
        for number, text in enumerate(texts):
            if number % 9 == 0:
                text += contact(chance)
            if number % 11 == 0:
                text = text.replace("，", " ，\u200b").replace("。", "。\n\n")
            if number % 4 == 0:
                body = f"<nav>首页 | 登录 | 注册</nav><article><p>{text}</p></article><footer>{CLOSING}</footer>"
                page = f"<html><head><title>评论</title></head><body>{body}</body></html>"
                (place / f"{number:03}.html").write_text(page, encoding="utf-8")
            elif number % 7 == 0:
                mail = EmailMessage()
                mail["From"], mail["Subject"] = "reader@example.com", "评论"
                mail["Date"] = f"{1 + number % 28} Mar 2024 10:00:00 +0800"
                mail.set_content(text)
                (place / f"{number:03}.eml").write_bytes(bytes(mail))
            else:
                (place / f"{number:03}.txt").write_text(text, encoding="utf-8")
        for number in range(20):
            copy = texts[number] if number % 2 else texts[number].replace("很", "真")
            (place / f"copy-{number:03}.txt").write_text(copy, encoding="utf-8")
        for number, text in enumerate(ENGLISH):
            (place / f"english-{number}.txt").write_text(text, encoding="utf-8")
    (folder / FOLDERS[0] / "mojibake.txt").write_text(
        review(chance, 0).encode("utf-8").decode("latin-1"), encoding="utf-8"
    )
    (folder / FOLDERS[1] / "gbk.txt").write_bytes(review(chance, 1).encode("gbk"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
