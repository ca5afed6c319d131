"""Reading HTML and SVG back, for tests."""

from html.parser import HTMLParser
from xml.etree import ElementTree

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = "<script>alert('x')</script>|`*_😀 链接 $a$ &amp; \u202e\x07"
"""A name that tries to break out of everything; `weaklabel.support.table.visible` escapes its last two characters."""


class Outline(HTMLParser):
    """What is in a page: texts, tags, attributes, and whether each tag is closed in its turn."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.texts, self.attributes, self.open = [], [], [], []
        self.feed(markup)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data.strip())

    def attribute(self, name):
        return [value for key, value in self.attributes if key == name]


def drawn(svg):
    """The root of a chart; fails where it is no XML."""
    return ElementTree.fromstring(svg)


def texts(svg):
    return [element.text for element in drawn(svg).iter("text")]


def dots_of(svg):
    """Places of the markers that are drawn, as (x, y)."""
    groups = [group for group in drawn(svg).iter("g") if group.find("use") is not None and group.get("clip-path")]
    places = [(float(use.get("x")), float(use.get("y"))) for group in groups for use in group.iter("use")]
    return [place for place in places if place[0] > 0]  # a band is a <use> as well, without a place
