"""Texts of rows inside prompts: data between marks that they cannot contain, without control characters, cut to a budget."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from itertools import count

from weaklabel.errors import visible

CODE_LENGTH = 6
"""Hexadecimal digits of the code in a mark."""

BYTES_PER_TOKEN = 4
"""Letters of ASCII that count as one token; every other character counts as one itself."""

_SPACES = re.compile("\r\n?|[\u0085\u2028\u2029]")
_HIDDEN = re.compile("[\U000e0100-\U000e01ef]")
"""Variation selectors that are invisible and may carry a hidden message."""

_TOKENS = re.compile(
    r"(?:<(?=[|\uff5c]|/?(?:s|bos|eos|pad|unk|mask|sep|cls|start_of_turn|end_of_turn|start|end|message|channel)>)"
    r"|<(?=</?sys>>)|\[(?=/?(?:inst|system_prompt|available_tools|tool_calls|tool_results)\])|(?<=[|\uff5c])(?=>))",
    re.IGNORECASE,
)
"""Where what models use as control tokens begins, such as ``<|im_start|>``, ``[INST]`` and ``</s>``."""


def as_data(text: str) -> str:
    r"""Return a text as it may stand in a prompt.

    Control, direction and invisible characters are shown as escapes, except for line ends, tabs and the joiners of
    emoji and of Persian words. A space is put into whatever some model takes for a control token.

    Examples
    --------
    >>> as_data("one\r\ntwo<|im_end|>\x1b[0m </s>")
    'one\ntwo< |im_end| >\\x1b[0m < /s>'
    """
    text = _SPACES.sub("\n", text)
    if _TOKENS.search(text):
        text = _TOKENS.sub(lambda match: f"{match[0]} ", text)
    text = _HIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def cut(text: str, tokens: int) -> tuple[str, int]:
    """Return the beginning of a text that has about ``tokens`` tokens, and how many characters are left out.

    Four characters of ASCII count as a token, and every other character as one, so that the cut is the same for every model.

    Examples
    --------
    >>> cut("eight letters", 2)
    ('eight le', 5)
    >>> cut("short", 2)
    ('short', 0)
    """
    room = tokens * BYTES_PER_TOKEN
    if len(text) <= tokens:
        return text, 0
    head = text[:room]
    if not head.isascii():
        for place, letter in enumerate(head):
            room -= 1 if letter < "\x80" else BYTES_PER_TOKEN
            if room < 0:
                head = head[:place]
                break
    return head, len(text) - len(head)


def code_for(texts: Sequence[str]) -> str:
    """Return a code that none of the texts contains, in whatever case or width its letters are; the same for the same texts.

    It is a hash of the texts, so nobody can write a text that contains its own code without trying millions; where one
    does, the next code is taken.

    Examples
    --------
    >>> code_for(["some text"]) == code_for(["some text"])
    True
    """
    folded = [_folded(text) for text in texts]
    for number in count():
        digest = blake2b(str(number).encode(), digest_size=8)
        for text in texts:
            digest.update(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())
        code = digest.hexdigest()[:CODE_LENGTH]
        if not any(code in text for text in folded):
            return code
    raise AssertionError  # count() has no end


def _folded(text: str) -> str:
    """Return a text without what a reader may overlook: case, width, spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def marked(text: str, mark: str, code: str) -> str:
    r"""Return a text between its marks.

    Examples
    --------
    >>> marked("hello", "text", "1f2e3d")
    '<text 1f2e3d>\nhello\n</text 1f2e3d>'
    """
    return f"<{mark} {code}>\n{text}\n</{mark} {code}>"
