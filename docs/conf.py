"""Sphinx: the pages of this folder, and a reference of every public name, made from the docstrings.

``make docs`` builds it into ``build/docs``; every warning is an error. Nothing is downloaded.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from textwrap import indent
from types import ModuleType
from typing import Any

import weaklabel

project = "weaklabel"
author = "The weaklabel authors"
version = release = weaklabel.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"weaklabel {version}"
html_copy_source = False
html_extra_path = ["results.html"]
exclude_patterns = ["__pycache__"]

# Anchors of headings are those that GitHub makes; a link to a folder or file of the repository stays as it is.
myst_heading_anchors = 4
suppress_warnings = [
    "myst.xref_missing",  # tests/docs/test_links.py checks links, with those that leave this folder
    "ref.python",  # short names in docstrings, such as `n`, that several classes have
]

# In docstrings, `name` is a Python name and ``code`` is code.
default_role = "py:obj"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_ivar = False
napoleon_use_rtype = False
napoleon_preprocess_types = False

HERE = Path(__file__).parent
REFERENCE = HERE / "reference"


def public_names() -> dict[str, dict[str, str]]:
    """Return for every room its public names and the module that each is imported from; the root's come from the root."""
    rooms: dict[str, dict[str, str]] = {}
    for home, names in weaklabel._HOMES.items():
        rooms.setdefault(home.split(".")[1], {}).update(dict.fromkeys(names, "weaklabel"))
    for info in pkgutil.iter_modules(weaklabel.__path__):
        # Keys of project files have a page of their own.
        if info.name == "errors" or (info.ispkg and info.name != "config"):
            module = importlib.import_module(f"weaklabel.{info.name}")
            for name in getattr(module, "__all__", _classes_of(module)):
                rooms.setdefault(info.name, {}).setdefault(name, module.__name__)
    return {room: dict(sorted(names.items())) for room, names in sorted(rooms.items()) if names}


def _classes_of(module: ModuleType) -> list[str]:
    return [
        name for name, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
    ]


def write_reference(_app: Any) -> None:
    """Write one page a room into ``reference/``, which git ignores."""
    REFERENCE.mkdir(exist_ok=True)
    pages = {f"{room}.rst": _page(room, names) for room, names in public_names().items()}
    for old in REFERENCE.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, page in pages.items():
        path = REFERENCE / name
        if not path.is_file() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


def _page(room: str, names: dict[str, str]) -> str:
    module = importlib.import_module(f"weaklabel.{room}")
    parts = [_heading(module.__name__, "="), (module.__doc__ or "").strip()]
    for name, home in names.items():
        value = getattr(importlib.import_module(home), name)
        parts.append(_heading(name, "-"))
        if isinstance(value, type):
            options = f"   :members:\n   :inherited-members: {_FOREIGN}\n   :show-inheritance:"
            parts.append(f".. autoclass:: {home}.{name}\n{options}")
        elif callable(value):
            parts.append(f".. autofunction:: {home}.{name}")
        else:
            parts.append(f".. py:data:: {home}.{name}\n\n{indent(_said_of(name, value), '   ')}")
    return "\n\n".join(parts) + "\n"


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}"


def _said_of(name: str, value: object) -> str:
    """Return the docstring below a constant, in the module where it is defined."""
    for key, module in list(sys.modules.items()):
        # The command line has no public names, and annotations with f-strings, which Sphinx cannot parse.
        if key.startswith("weaklabel.") and not key.startswith("weaklabel.cli") and vars(module).get(name) is value:
            from sphinx.pycode import ModuleAnalyzer

            docs = ModuleAnalyzer.for_module(module.__name__).find_attr_docs()
            if ("", name) in docs:
                return "\n".join(docs["", name])
    return ""


_FOREIGN = "Exception, object, str, tuple, dict, list, BaseModel"


def link_by_last_name(app: Any, env: Any, node: Any, text: Any) -> Any:
    """Link `TextLabelModel` and `LabelModel.fit` to the one object of that name, from whatever module the name is used."""
    domain, target = env.get_domain("py"), str(node.get("reftarget", "")).strip(".")
    matches = [name for name in domain.objects if name == target or name.endswith(f".{target}")] if target else []
    if node.get("refdomain") != "py" or len(matches) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", matches[0], node, text)


def keep_colons(_app: Any, what: str, _name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """Keep napoleon from taking the first line of a property, up to a colon, for its type."""
    if what in ("property", "attribute", "data"):
        lines.insert(0, "")


def setup(app: Any) -> None:
    """Make the pages of the reference before Sphinx looks for pages."""
    app.connect("builder-inited", write_reference)
    app.connect("missing-reference", link_by_last_name)
    app.connect("autodoc-process-docstring", keep_colons, priority=400)  # before napoleon
