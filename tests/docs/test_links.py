"""Links from page to page lead somewhere. Nothing is looked up on the network."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, name_of, prose

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    wrong = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), f"{target} is not https"
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or ROOT not in linked.parents:
            wrong.append(f"{target}: there is no such file")
        elif anchor and anchor not in anchors(linked):
            wrong.append(f"{target}: there is no such heading")
    assert not wrong


def test_every_page_is_in_the_table_of_contents():
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = {
        line.strip() for block in re.findall(r"```\{toctree\}\n(.*?)```", contents, re.S) for line in block.splitlines()
    }
    assert {page.stem for page in PAGES if page.parent.name == "docs"} - {"index"} <= listed


def test_the_readme_links_to_every_page_of_the_documentation():
    linked = set(LINK.findall(prose(ROOT / "README.md")))
    assert {f"docs/{page.name}" for page in PAGES if page.parent.name == "docs"} <= {
        link.split("#")[0] for link in linked
    }


@pytest.mark.parametrize(("name", "contents"), [("README.md", "contents"), ("README.zh.md", "目录")])
def test_the_readme_has_a_table_of_contents(name, contents):
    text = (ROOT / name).read_text(encoding="utf-8")
    own = {link[1:] for link in LINK.findall(text) if link.startswith("#")}
    assert anchors(ROOT / name) - {"weaklabel", contents} == own


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_name_no_machine(page):
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?<![\w.])/(?:home|root|Users|work|tmp|opt)/\S*", text)
