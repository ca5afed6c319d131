"""Web pages with a main text and everything that is around one, made from a seed: no pages of other people.

Each page says what is its main text. Layouts differ in what an extractor can go by: elements of HTML 5, names of classes,
or neither; sentences are made of our own words, in English, German or Chinese.
"""

from __future__ import annotations

import html
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

SENTENCES = {
    "en": (
        ("The {0} of the {1} has been {2} since the {3} of last year, and nobody knows how it will go on.",
         "When the {0} came to the {1}, they found that all of the {3} had been {2} by the rain.",
         "It was not the first time that a {0} in this {1} was {2}, but it is what people still talk about.",
         "Those who have {2} a {0} before will know that the {1} is only a part of the {3}.",
         "In the {3}, however, there is a {0} that can be {2} in less than an hour if the {1} is dry.",
         "She said that she had {2} the {0} herself, and that the {1} was to be open again by the {3}.",
         "What is left of the {1} can be seen from the {0} on most days, unless it is {2} for the {3}.",
         "There are {0}s in every {1} of the country, and most of them were {2} long before the {3}."),
        ("bridge", "harbor", "garden", "mill", "station", "tower", "market", "school", "orchard", "ferry", "road", "well"),
        ("village", "valley", "island", "quarter", "county", "forest", "town", "coast", "district", "river"),
        ("repaired", "painted", "measured", "closed", "visited", "counted", "moved", "described", "cleaned", "built"),
        ("spring", "winter", "festival", "harvest", "war", "flood", "summer", "storm", "opening", "census"),
    ),
    "de": (
        ("Die {0} in der {1} wird seit dem {3} nicht mehr {2}, und niemand weiß, wie es damit weitergehen soll.",
         "Als sie zu der {0} kamen, war schon alles von dem {3} {2}, was in der {1} noch gestanden hatte.",
         "Es war nicht das erste Mal, dass eine {0} in dieser {1} {2} wurde, aber davon spricht man bis heute.",
         "Wer schon einmal eine {0} {2} hat, der weiß, dass es ohne die {1} und den {3} nicht gegangen wäre.",
         "Auf der anderen Seite der {1} gibt es eine {0}, die auch nach dem {3} noch {2} werden kann.",
         "Sie hat die {0} selbst {2} und sagt, dass die {1} nach dem {3} wieder für alle da sein wird."),
        ("Brücke", "Mühle", "Schule", "Straße", "Fähre", "Halle", "Werkstatt", "Bäckerei", "Kirche", "Scheune"),
        ("Gemeinde", "Stadt", "Gegend", "Bucht", "Siedlung", "Altstadt", "Ebene", "Heide"),
        ("gebaut", "gestrichen", "vermessen", "besucht", "gezählt", "beschrieben", "geputzt", "verkauft"),
        ("Frühling", "Winter", "Krieg", "Sturm", "Sommer", "Umzug", "Regen", "Herbst"),
    ),
    "zh": (
        ("去年{3}以来，{1}里的{0}一直没有人{2}，谁也不知道以后会怎么样。",
         "他们来到{1}的时候，发现{0}已经在{3}之前被人{2}过了。",
         "在这个{1}，{0}被{2}并不是第一次，可是大家到现在还在谈论那个{3}。",
         "她说{0}是她自己{2}的，到了{3}，{1}就会重新开放。",
         "如果天气好，从{0}上可以看到整个{1}，不过{3}的时候常常有人在{2}。"),
        ("桥", "码头", "花园", "磨坊", "车站", "塔", "市场", "学校", "果园", "渡船"),
        ("村子", "山谷", "岛", "城区", "县城", "森林", "小镇", "海边"),
        ("修理", "粉刷", "测量", "参观", "清点", "描写", "打扫", "建造"),
        ("春天", "冬天", "节日", "丰收", "大水", "夏天", "暴风雨", "人口普查"),
    ),
}  # fmt: skip

LABELS = {
    "en": (
        "Home",
        "News",
        "Sports",
        "Weather",
        "Culture",
        "Contact",
        "About us",
        "Log in",
        "Newsletter",
        "Jobs",
        "Imprint",
    ),
    "de": (
        "Start",
        "Nachrichten",
        "Sport",
        "Wetter",
        "Kultur",
        "Kontakt",
        "Über uns",
        "Anmelden",
        "Stellen",
        "Impressum",
    ),
    "zh": ("首页", "新闻", "体育", "天气", "文化", "联系我们", "关于我们", "登录", "订阅", "招聘"),
}

COOKIES = {
    "en": "We use cookies to make this site better. You may accept all of them, or choose which ones we may set.",
    "de": "Wir verwenden Cookies, um diese Seite zu verbessern. Sie können alle annehmen oder einzelne auswählen.",
    "zh": "我们使用缓存文件来改进本网站。您可以全部接受，也可以选择其中的一部分。",
}


@dataclass(frozen=True)
class MadePage:
    """A page and what is its main text: a list of blocks, in order."""

    layout: str
    language: str
    source: str
    blocks: list[str]


class Writer:
    """Makes text of one language, and remembers what belongs to the main text."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng = rng
        self.language = language
        self.blocks: list[str] = []

    def sentence(self) -> str:
        forms, *words = SENTENCES[self.language]
        return self.rng.choice(forms).format(*(self.rng.choice(kind) for kind in words))

    def text(self, least: int, most: int) -> str:
        space = "" if self.language == "zh" else " "
        return space.join(self.sentence() for _ in range(self.rng.randint(least, most)))

    def title(self) -> str:
        _, *words = SENTENCES[self.language]
        joint = "" if self.language == "zh" else " "
        return joint.join(self.rng.choice(words[kind]) for kind in (0, 3, 1)).capitalize()

    def main(self, text: str) -> str:
        """Return the text for HTML, and count it as main text."""
        self.blocks.append(text)
        return html.escape(text)

    def prose(self, least: int, most: int) -> str:
        """Return sentences of the main text, with links and emphasis in some of them."""
        sentences = [self.sentence() for _ in range(self.rng.randint(least, most))]
        space = "" if self.language == "zh" else " "
        self.blocks.append(space.join(sentences))
        return space.join(map(self._marked_up, sentences))

    def _marked_up(self, sentence: str) -> str:
        if self.rng.random() > 0.3:
            return html.escape(sentence)
        begin = sentence.find(" ") + 1 if self.language != "zh" else 2
        end = self.rng.randint(begin + 3, max(begin + 3, len(sentence) // 2))
        element = self.rng.choice(("a href='/{}'", "a href='https://example.org/{}'", "em", "strong"))
        opened = element.format(self.rng.randint(1, 999))
        before, inside, after = (html.escape(part) for part in (sentence[:begin], sentence[begin:end], sentence[end:]))
        return f"{before}<{opened}>{inside}</{opened.split()[0]}>{after}"

    def menu(self, n: int, item: str = "<li><a href='/{n}'>{text}</a></li>") -> str:
        labels = LABELS[self.language]
        return "".join(item.format(n=self.rng.randint(1, 999), text=self.rng.choice(labels)) for _ in range(n))

    def teasers(self, n: int) -> str:
        return "".join(
            f"<div class='{self.odd()}'><a href='/{self.rng.randint(1, 999)}'><img src='t.jpg' alt=''>"
            f"<h4>{self.title()}</h4></a><p>{self.sentence()[:70]}…</p></div>"
            for _ in range(n)
        )

    def odd(self) -> str:
        """Return a name of a class that says nothing."""
        return "c" + "".join(self.rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6))

    def body(self) -> str:
        """Return the main text as elements: paragraphs, and now and then a heading, a list, a quotation, a table or code."""
        parts = []
        for _ in range(self.rng.randint(5, 12)):
            kind = self.rng.choices(("p", "h2", "ul", "quote", "table", "ad"), (12, 2, 2, 1, 1, 3))[0]
            if kind == "h2":
                parts.append(f"<h2>{self.main(self.title())}</h2>")
            elif kind == "ul":
                items = "".join(f"<li>{self.prose(1, 1)}</li>" for _ in range(self.rng.randint(3, 6)))
                parts.append(f"<ul>{items}</ul>")
            elif kind == "quote":
                parts.append(f"<blockquote><p>{self.prose(1, 2)}</p></blockquote>")
            elif kind == "table":
                rows = "".join(
                    f"<tr><td>{self.main(self.title())}</td><td>{self.main(str(self.rng.randint(10**6, 10**7)))}</td></tr>"
                    for _ in range(4)
                )
                parts.append(f"<table>{rows}</table>")
            elif kind == "ad":
                parts.append(f"<div class='ad-slot'><a href='/ad'>{self.title()}: {self.title()}</a></div>")
            parts.append(f"<p>{self.prose(2, 5)}</p>")
        return "\n".join(parts)


def news(w: Writer) -> str:
    """HTML 5 with elements that say what they are."""
    return (
        f"<header><nav><ul>{w.menu(9)}</ul></nav></header><div class='cookie-banner'><p>{COOKIES[w.language]}</p></div><main>"
        f"<article><h1>{w.main(w.title())}</h1><div class='share'>{w.menu(4, '<a href=#>{text}</a> ')}</div>{w.body()}"
        f"</article><aside><h3>{w.title()}</h3>{w.teasers(6)}</aside></main><footer><ul>{w.menu(12)}</ul><p>© 2024</p></footer>"
    )


def blog(w: Writer) -> str:
    """Named classes, and comments of readers below the text."""
    comments = "".join(
        f"<div class='comment'><span class='comment-author'>{w.title()}</span><p>{w.text(1, 3)}</p></div>"
        for _ in range(7)
    )
    return (
        f"<div id='menu'><ul>{w.menu(7)}</ul></div><div id='content'><div class='post'><h1 class='entry-title'>"
        f"{w.main(w.title())}</h1><div class='entry-content'>{w.body()}</div></div><div id='comments'>{comments}</div></div>"
        f"<div id='sidebar'><div class='widget'><ul>{w.menu(10)}</ul></div>"
        f"<div class='widget'><p>{w.text(1, 1)}</p></div></div>"
    )


def built(w: Writer) -> str:
    """Only div elements, and classes whose names a build tool made."""
    links = w.menu(9, "<div><a href='/{n}'>{text}</a></div>")
    return (
        f"<div class='{w.odd()}'><div class='{w.odd()}'>{links}</div><div class='{w.odd()}'><div class='{w.odd()}'>"
        f"<h1>{w.main(w.title())}</h1>{w.body()}</div><div class='{w.odd()}'>{w.teasers(8)}</div></div>"
        f"<div class='{w.odd()}'><div>{COOKIES[w.language]}</div>{links}</div></div>"
    )


def old(w: Writer) -> str:
    """Tables for layout, as in the year 2000."""
    links = w.menu(12, "<a href='/{n}'>{text}</a><br>")
    return (
        f"<table width='100%'><tr><td colspan='3' bgcolor='#eee'>{w.menu(6, '<a href=/{n}>{text}</a> | ')}</td></tr>"
        f"<tr><td width='20%'>{links}</td><td><font size='5'><b>{w.main(w.title())}</b></font>{w.body()}</td>"
        f"<td>{w.teasers(4)}</td></tr><tr><td colspan='3'>{COOKIES[w.language]}</td></tr></table>"
    )


def short(w: Writer) -> str:
    """A notice of two or three sentences among much else."""
    return (
        f"<header><ul>{w.menu(10)}</ul></header><main><h1>{w.main(w.title())}</h1><p>{w.prose(2, 3)}</p></main>"
        f"<section class='related'>{w.teasers(10)}</section><footer><p>{COOKIES[w.language]}</p><ul>{w.menu(15)}</ul></footer>"
    )


def plain(w: Writer) -> str:
    """The text, with advertisements in it, and nothing around it."""
    return f"<h1>{w.main(w.title())}</h1>{w.body()}"


LAYOUTS: dict[str, Callable[[Writer], str]] = {
    "news": news,
    "blog": blog,
    "built": built,
    "old": old,
    "short": short,
    "plain": plain,
}


def made_pages(n: int, seed: int = 0) -> list[MadePage]:
    """Return ``n`` pages of each layout in each language; the same for the same seed."""
    return [
        made_page(layout, language, random.Random(f"{seed} {layout} {language} {number}"))
        for layout in LAYOUTS
        for language in SENTENCES
        for number in range(n)
    ]


def made_page(layout: str, language: str, rng: random.Random) -> MadePage:
    w = Writer(rng, language)
    body = LAYOUTS[layout](w)
    data = json.dumps({"@type": "WebPage", "items": [w.title() for _ in range(40)]})
    style = "".join(f".{w.odd()}{{margin:{rng.randint(0, 9)}px;color:#{rng.randrange(4096):03x}}}" for _ in range(200))
    head = (
        f"<meta charset='utf-8'><title>{html.escape(w.blocks[0])} - {w.title()}</title><style>{style}</style>"
        f"<script type='application/ld+json'>{data}</script><script>{'var x=function(){return 1};' * 200}</script>"
    )
    return MadePage(
        layout,
        language,
        f"<!DOCTYPE html><html lang='{language}'><head>{head}</head><body>{body}</body></html>",
        w.blocks,
    )
