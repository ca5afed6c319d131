"""Write what pages of docs/ say of the code: the help of each command, the keys of a project file, the label models.

python -m docs.tables
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from itertools import chain
from typing import Any

from typer.testing import CliRunner

from benchmarks.readme import fill
from docs.gallery import packs


def commands() -> str:
    """Return the help of every command, as ``--help`` prints it."""
    from weaklabel.cli import app

    def shown(*words: str) -> str:
        result = CliRunner().invoke(
            app, [*words, "--help"], prog_name="weaklabel", env={"COLUMNS": "100"}, terminal_width=100
        )
        assert result.exit_code == 0, result.output
        return f"```text\n{result.output.strip()}\n```"

    verbs = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    return "\n\n".join([shown(), *(f"## {verb}\n\n{shown(verb)}" for verb in verbs)])


def project_keys() -> str:
    """Return a table of keys for each section of a project file."""
    from weaklabel import config

    sections = {"": config.Project, **config.Project.sections()}
    modules = {base.__module__: None for kind in sections.values() for base in reversed(kind.__mro__)}
    sources = [inspect.getsource(sys.modules[name]) for name in modules if name.startswith(config.__name__)]
    described: dict[str, dict[str, str]] = {}
    for node in chain.from_iterable(ast.parse(source).body for source in sources):
        if isinstance(node, ast.ClassDef):
            inherited = [described.get(ast.unparse(base), {}) for base in node.bases]
            described[node.name] = {**_attribute_docs(node), **dict(chain.from_iterable(map(dict.items, inherited)))}
    schema = config.Project.model_json_schema()
    parts = []
    for name, own in [("", schema), *((key, _section(schema, key)) for key in _sections(schema))]:
        lines = [f"## [{name}]" if name else "## Before the first section", "", *_HEAD]
        own_first = {key: number for number, key in enumerate(described[own["title"]])}
        for key, value in sorted(own["properties"].items(), key=lambda pair: own_first.get(pair[0], 0)):
            if not name and key in _sections(schema):
                continue
            text = described[own["title"]].get(key, "")
            assert text, f"{own['title']}.{key} in weaklabel/config has no docstring"
            default = "required" if key in own.get("required", ()) else _default(value)
            lines.append(f"| `{key}` | {_kind(value)} | {default} | {text} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


_HEAD = ("| key | value | default | what it is |", "| --- | --- | --- | --- |")


def _attribute_docs(node: ast.ClassDef) -> dict[str, str]:
    pairs = zip(node.body, node.body[1:], strict=False)
    return {
        field.target.id: " ".join(str(doc.value.value).split()).replace("``", "`")
        for field, doc in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant)
    }


def _sections(schema: dict[str, Any]) -> list[str]:
    return [key for key, value in schema["properties"].items() if "$ref" in str(value)]


def _section(schema: dict[str, Any], key: str) -> dict[str, Any]:
    (name,) = re.findall(r"#/\$defs/(\w+)", str(schema["properties"][key]))
    section: dict[str, Any] = schema["$defs"][name]
    return section


_TYPES = {
    "string": "text",
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "number": "number",
    "object": "table",
}


def _kind(value: dict[str, Any]) -> str:
    if "anyOf" in value:
        return ", or ".join(dict.fromkeys(_kind(way) for way in value["anyOf"] if way.get("type") != "null"))
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if value.get("type") == "array":
        return f"list of: {_kind(value['items'])}"
    if value.get("format") in ("path", "file-path"):
        return "path"
    bounds = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
    limits = " ".join(text.format(value[key]) for key, text in bounds.items() if key in value)
    return f"{_TYPES[value['type']]} {limits}".strip()


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    return (
        "" if default is None else f"`{default!r}`".replace("'", '"').replace("True", "true").replace("False", "false")
    )


def label_models() -> str:
    """Return a table of the label models that weaklabel itself has."""
    from weaklabel.registries import LABEL_MODELS

    lines = ["| name | class | what it is | reads texts | takes a class balance |", "| --- | --- | --- | --- | --- |"]
    for name in LABEL_MODELS.built_in:
        model = LABEL_MODELS[name]
        texts = "yes" if model.uses_texts else ""
        balance = "yes" if "class_balance" in inspect.signature(model).parameters else ""
        lines.append(f"| `{name}` | `{model.__name__}` | {LABEL_MODELS.help(name)} | {texts} | {balance} |")
    return "\n".join(lines)


def cleaning_rules() -> str:
    """Return a table of the rules of cleaning, with their values in each preset."""
    from weaklabel.clean import PRESETS, RULES
    from weaklabel.clean.rules import shown_value

    lines = [f"| rule | what it does | on | {' | '.join(PRESETS)} |", "| --- | --- |" + " --- |" * (1 + len(PRESETS))]
    for name, rule in RULES.items():
        about = (
            rule.about
            if rule.repair or rule.about.startswith(("drop", "remove"))
            else f"{_BOUND[name[:3]]} {rule.about}"
        )
        values = [shown_value(of[name]) if name in of else "" for of in PRESETS.values()]
        lines.append(f"| `{name}` | {rule.kind}: {about} | {' | '.join([shown_value(rule.usual), *values])} |")
    return "\n".join(lines)


_BOUND = {"min": "least", "max": "largest"}


def forms() -> str:
    """Return a table of the forms in which labeled rows are exported."""
    from weaklabel.registries import EXPORTERS

    lines = [
        "| form | what it is | of | written as | probabilities | read by |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in _forms():
        form = EXPORTERS[name]
        written = "folder" if form.writes_folder else f"`{form.suffix}`"
        probs = "kept" if form.keeps_probs else ""
        lines.append(
            f"| `{name}` | {EXPORTERS.help(name)} | {', '.join(form.tasks)} | {written} | {probs} | {form.consumer} |"
        )
    return "\n".join(lines)


def form_options() -> str:
    """Return a table of the options of forms; one that several have is described once."""
    from weaklabel.registries import EXPORTERS

    of_option: dict[tuple[str, str, str], list[str]] = {}
    for name in _forms():
        cls = EXPORTERS[name]
        described = {option: text for base in reversed(cls.__mro__) for option, text in _parameter_docs(base).items()}
        for option, value in cls().get_params().items():
            assert option in described, f"the option '{option}' of the form {name} has no docstring"
            of_option.setdefault((option, _shown_default(value), described[option]), []).append(name)
    lines = ["| option | default | what it is | forms |", "| --- | --- | --- | --- |"]
    for_models = [name for name in _forms() if EXPORTERS[name].task == "text-generation"]
    for (option, default, text), names in of_option.items():
        shown = "all for language models" if names == for_models else ", ".join(f"`{name}`" for name in names)
        lines.append(f"| `{option}` | {default} | {text} | {shown} |")
    return "\n".join(lines)


def _forms() -> list[str]:
    from weaklabel.registries import CORPUS, EXPORTERS

    return [name for name in EXPORTERS.names(CORPUS) if name in EXPORTERS.built_in]


def _shown_default(value: Any) -> str:
    if value is None or value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _parameter_docs(cls: type) -> dict[str, str]:
    """Return what a docstring says of each parameter; several may share one text."""
    doc = inspect.cleandoc(vars(cls).get("__doc__") or "")
    _, _, section = doc.partition("Parameters\n----------\n")
    section = re.split(r"\n\n\w[\w ]*\n-+\n", section)[0]
    found = re.findall(r"^(\w[\w, ]*)\n((?:[ ]{4}.*(?:\n|\Z)|\n)+)", section, re.MULTILINE)
    texts = {}
    for names, text in found:
        plain = re.sub(r"`weaklabel[.\w]*\.(\w+)`", r"`\1`", " ".join(text.split()))
        if not plain.startswith("See "):
            texts |= {name.strip(): plain.replace("``", "`").replace("|", "\\|") for name in names.split(",")}
    return texts


def public_names() -> str:
    """Return the names that `import weaklabel` gives, by the folder that they come from."""
    import weaklabel

    rooms: dict[str, list[str]] = {}
    for home, names in weaklabel._HOMES.items():
        rooms.setdefault(home.split(".")[1], []).extend(names)
    lines = ["| from | names |", "| --- | --- |"]
    lines += [
        f"| `weaklabel.{room}` | {', '.join(f'`{name}`' for name in sorted(rooms[room]))} |" for room in sorted(rooms)
    ]
    return "\n".join(lines)


TABLES = {
    "docs/export.md": {"forms": forms, "options": form_options},
    "docs/command-line.md": {"commands": commands},
    "docs/project-files.md": {"keys": project_keys},
    "docs/clean.md": {"rules": cleaning_rules},
    "docs/label-models.md": {"label models": label_models},
    "docs/packs.md": {"packs": packs},
    "docs/stability.md": {"public names": public_names},
}

if __name__ == "__main__":
    fill(TABLES)
