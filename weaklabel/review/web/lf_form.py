"""A labeling function as fields of a form, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weaklabel.errors import LFError
from weaklabel.lf.patterns import PATTERN_MAKERS
from weaklabel.review import LFSpec
from weaklabel.review.packs.lf_spec import option_defaults
from weaklabel.review.web.asked import flag_of, text_of, whole_number

NUMBERS = ("min", "max", "min_count")
MOST = 10**9
"""Larger than any count of words, and small enough for every integer type that it meets."""

LONGEST_PATTERN = 10_000
"""Characters. A regular expression of thousands of alternatives takes seconds to compile, and others wait; keywords do not."""

WHOLE_WORD = {"": None, "yes": True, "no": False}
"""The choices of `keyword_lf`'s whole_word; "" goes by the script of each keyword."""


def blank_form(labels: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a new labeling function."""
    return {
        "kind": "keyword",
        "name": "",
        "label": labels[0],
        "keywords": "",
        "pattern": "",
        "column": "",
        "min": "",
        "max": "",
        "min_count": "1",
        "unit": "words",
        "whole_word": "",
        "ignore_case": True,
    }


def form_of(spec: LFSpec, labels: Sequence[str]) -> dict[str, Any]:
    """Return the fields that show a labeling function."""
    options = {name: value for name, value in spec.options.items() if value is not None}
    fields = {name: str(value) if name in NUMBERS else value for name, value in options.items()}
    if "whole_word" in fields:
        fields["whole_word"] = "yes" if fields["whole_word"] else "no"
    if "keywords" in fields:
        fields["keywords"] = "\n".join(fields["keywords"])
    return blank_form(labels) | fields | {"kind": spec.kind, "name": spec.name, "label": spec.label}


def spec_of(asked: Mapping[str, Any]) -> LFSpec:
    """Return the labeling function that a form describes.

    Raises
    ------
    LFError
        A field holds something else than it should.
    """
    asked = dict(asked)
    kind, name = text_of(asked, "kind"), text_of(asked, "name").strip()
    if kind not in PATTERN_MAKERS:
        raise LFError(f"LF '{name}': kind must be one of {', '.join(PATTERN_MAKERS)}, not '{kind}'")
    options: dict[str, Any] = {}
    for option in option_defaults(kind):
        if option == "keywords":
            lines = text_of(asked, "keywords").splitlines()
            options["keywords"] = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        elif option == "whole_word":
            choice = text_of(asked, option)
            if choice not in WHOLE_WORD:
                raise LFError(f"LF '{name}': whole_word must be one of 'yes', 'no' or '', not '{choice}'")
            options[option] = WHOLE_WORD[choice]
        elif option == "ignore_case":
            options[option] = flag_of(asked, option)
        elif option in NUMBERS:
            options |= _number(name, option, text_of(asked, option).strip())
        elif text_of(asked, option):
            options[option] = text_of(asked, option)
    if len(options.get("pattern", "")) > LONGEST_PATTERN:
        raise LFError(
            f"LF '{name}': the pattern has {len(options['pattern']):,} characters, and {LONGEST_PATTERN:,} at most can be "
            "edited here; use keywords, or write it in the pack file"
        )
    return LFSpec(kind, name, text_of(asked, "label"), options)


def _number(name: str, option: str, text: str) -> dict[str, int]:
    if not text:
        return {}
    number = whole_number(text)
    if number is None or number > MOST:
        shown = text if len(text) <= 20 else f"{text[:20]}..."
        raise LFError(f"LF '{name}': {option} must be a whole number up to {MOST:,}, not '{shown}'")
    return {option: number}
