"""The source of a pack: where it defines pattern labeling functions, and the same source with one changed or added.

Only the text of what changes is replaced: comments, layout, line ends and encoding stay as they are.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from weaklabel.errors import LFError
from weaklabel.lf.modules import normalised, python_name
from weaklabel.review.packs.lf_spec import MAKERS, LFSpec, option_defaults

WIDTH = 120


def literal(value: Any, column: int = 0, indent: str = "") -> str:
    r"""Return a text, number, bool, None, or list of these as Python source.

    Parameters
    ----------
    value
        What to write.
    column
        Where on its line it will begin; a list that would not end within `WIDTH` is written over several lines.
    indent
        White space that its line begins with.

    Examples
    --------
    >>> print(literal(["free", 'say "yes"']))
    ["free", "say \"yes\""]
    >>> print(literal(r"\bwin\b"))
    r"\bwin\b"
    """
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, list | tuple):
        return repr(value)
    items = [literal(item) for item in value]
    line = f"[{', '.join(items)}]"
    if column + len(line) < WIDTH:  # a comma or a parenthesis follows
        return line
    lines = [indent + "   "]
    for item in items:
        if len(lines[-1]) + len(item) + 2 > WIDTH and lines[-1].strip():
            lines.append(indent + "   ")
        lines[-1] += f" {item},"
    return "\n".join(["[", *lines, indent + "]"])


def _text(text: str) -> str:
    is_plain = text.isprintable() and '"' not in text and not text.endswith("\\")
    if "\\" in text and is_plain:
        return f'r"{text}"'
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    # What cannot be seen, such as a mark that turns the direction of writing, must not hide in a source file.
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


_MODULES = (
    "weaklabel",
    "weaklabel.lf",
    "weaklabel.lf.patterns",
    "weaklabel.lf.spans.gazetteer",
    "weaklabel.lf.spans.regexes",
)


@dataclass(frozen=True)
class LFCall:
    """A call that makes a labeling function, such as ``keyword_lf("prize", SPAM, ["prize"])``.

    Attributes
    ----------
    kind
        Which of `MAKERS`.
    node
        The call.
    arguments
        Its arguments by the maker's parameter names.
    """

    kind: str
    node: ast.Call
    arguments: Mapping[str, ast.expr]

    def options(self) -> dict[str, Any]:
        """Return all options, defaults included.

        Raises
        ------
        ValueError
            An option is computed, not a literal; the message names it.
        """
        values = option_defaults(self.kind)
        for name, node in self.arguments.items():
            if name in values:
                try:
                    values[name] = ast.literal_eval(node)
                except ValueError:
                    raise ValueError(f"its {name} is computed, not a literal") from None
        return {name: list(value) if isinstance(value, tuple | set) else value for name, value in values.items()}


@dataclass(frozen=True, eq=False)
class PackSource:
    """The source of a pack as it was read.

    Attributes
    ----------
    path
        The file.
    data
        Its bytes.
    """

    path: Path
    data: bytes

    @classmethod
    def read(cls, path: Path) -> PackSource:
        """Read a file; one that cannot be read is an `LFError`."""
        try:
            return cls(path, path.read_bytes())
        except OSError as error:
            raise LFError(f"cannot read the pack {path}: {error.strerror or error}") from error

    @cached_property
    def encoding(self) -> str:
        """As the file declares it; ``utf-8-sig`` with a byte order mark."""
        return tokenize.detect_encoding(io.BytesIO(self.data).readline)[0]

    @cached_property
    def text(self) -> str:
        """The source; line ends are as they are in the file."""
        return self.data.decode(self.encoding)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; invalid Python is an `LFError`."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError) as error:
            raise LFError(f"pack {self.path} is not valid Python: {error}") from None

    @property
    def newline(self) -> str:
        """The line end that the file begins with."""
        match = re.search(r"\r\n|\r|\n", self.text)
        return match.group() if match else "\n"

    @cached_property
    def calls(self) -> dict[str, list[LFCall]]:
        """Top-level calls that make labeling functions, alone or in a list, by the names of the labeling functions."""
        calls: dict[str, list[LFCall]] = {}
        for node in _values(self.tree.body):
            call = self._call(node)
            name = call.arguments.get("name") if call else None
            if call and isinstance(name, ast.Constant) and isinstance(name.value, str):
                calls.setdefault(name.value, []).append(call)
        return calls

    @cached_property
    def makers(self) -> dict[str, str]:
        """The kind by the name that the source uses for its maker: ``keyword_lf`` or ``weaklabel.keyword_lf``."""
        kinds = {maker.__name__: kind for kind, maker in MAKERS.items()}
        makers: dict[str, str] = {}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module in _MODULES:
                makers |= {alias.asname or alias.name: kinds[alias.name] for alias in node.names if alias.name in kinds}
            if isinstance(node, ast.Import):
                modules = [alias.asname or alias.name for alias in node.names if alias.name in _MODULES]
                makers |= {f"{module}.{name}": kind for module in modules for name, kind in kinds.items()}
        return makers

    def with_options(self, call: LFCall, label: str | None, options: Mapping[str, Any]) -> PackSource:
        """Return the source with some arguments of a call changed.

        Parameters
        ----------
        call
            One of `calls`.
        label
            Source for the label; None keeps it.
        options
            Options to change.
        """
        edits = []
        if label is not None:
            edits.append((*self.span(call.arguments["label"]), label))
        added = []
        for name, value in options.items():
            node = call.arguments.get(name)
            if node is None:
                added.append(f"{name}={literal(value)}")
            else:
                begin, end = self.span(node)
                line = self.text[:begin].rpartition(self.newline)[2]
                edits.append((begin, end, literal(value, len(line), line[: len(line) - len(line.lstrip())])))
        if added:
            place, comma = self._end_of_arguments(call)
            edits.append((place, place, (" " if comma else ", ") + ", ".join(added) + ("," if comma else "")))
        return self.edited(edits)

    def edited(self, edits: Iterable[tuple[int, int, str]]) -> PackSource:
        """Return the source with stretches of its text replaced, each given as begin, end and new text."""
        text = self.text
        for begin, end, new in sorted(edits, reverse=True):
            text = text[:begin] + new.replace("\n", self.newline) + text[end:]
        try:
            return replace(self, data=text.encode(self.encoding))
        except UnicodeEncodeError as error:
            raise LFError(
                f"{self.path} is written in {self.encoding}, which cannot encode {text[error.start]!r}; save it as UTF-8 first"
            ) from None

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where in the text a node begins and ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    @cached_property
    def line_starts(self) -> list[int]:
        """Where in the text each line begins."""
        return [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", self.text))]

    def _place(self, line: int, utf8_bytes: int) -> int:
        start = self.line_starts[line - 1]
        return start + len(self.text[start : start + utf8_bytes].encode()[:utf8_bytes].decode())

    def _call(self, node: ast.expr) -> LFCall | None:
        if not isinstance(node, ast.Call) or (kind := self.makers.get(ast.unparse(node.func))) is None:
            return None
        if any(isinstance(argument, ast.Starred) for argument in node.args) or any(
            argument.arg is None for argument in node.keywords
        ):
            return None
        named = {argument.arg: argument.value for argument in node.keywords if argument.arg is not None}
        try:
            bound = inspect.signature(MAKERS[kind]).bind(*node.args, **named)
        except TypeError:
            return None
        return LFCall(kind, node, bound.arguments)

    def _end_of_arguments(self, call: LFCall) -> tuple[int, bool]:
        """Return where another argument can be inserted, and whether a comma precedes that place."""
        begin, end = self.span(call.node)
        source = self.text[begin:end].replace("\r\n", " \n").replace("\r", "\n")  # of the same length
        starts = [0, *(match.end() for match in re.finditer("\n", source))]
        skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}
        tokens = [
            token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in skipped
        ]
        last = tokens[-2]  # before the closing parenthesis
        return begin + starts[last.end[0] - 1] + last.end[1], last.string == ","


def _values(body: list[ast.stmt]) -> Iterator[ast.expr]:
    """Yield the values that the module assigns, and the members of lists and tuples among them."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) else None
        if isinstance(value, ast.List | ast.Tuple):
            yield from value.elts
        elif value is not None:
            yield value


def new_pack(path: Path, labels: Sequence[str]) -> PackSource:
    """Return the source of a pack with classes and no labeling functions, with a constant for each class if it can be."""
    lines = ['"""Labeling functions written in the review."""', "", f"LABELS = [{', '.join(map(literal, labels))}]"]
    names = [_constant(name) for name in labels]
    if all(name.isidentifier() for name in names) and len(set(names)) == len(names):
        numbers = ", ".join(str(number) for number in range(len(names)))
        lines.append(f"{', '.join(names)} = {numbers}")
    return PackSource(path, ("\n".join(lines) + "\n").encode())


def with_new_lf(source: PackSource, spec: LFSpec, number: int, classes: Mapping[str, int]) -> PackSource:
    """Return a pack's source with one more labeling function at its end, and its maker imported.

    Parameters
    ----------
    source
        The pack.
    spec
        The labeling function.
    number
        Class that it votes for.
    classes
        Class that each labeling function of the pack votes for, by name.
    """
    maker = next((name for name, kind in source.makers.items() if kind == spec.kind), None)
    edits = []
    if maker is None:
        maker = MAKERS[spec.kind].__name__
        place = source.line_starts[_last_import(source)]
        edits.append((place, place, f"from weaklabel import {maker}\n"))
    head = f"{_variable(source, spec.name)} = {maker}("
    parts = [literal(spec.name), class_source(source, number, spec.label, classes)]
    defaults = option_defaults(spec.kind)
    for name, value in spec.options.items():
        if name in ("keywords", "pattern"):
            parts.insert(2, literal(value, len(head + ", ".join(parts)) + 2))
        elif value != defaults[name]:
            parts.append(f"{name}={literal(value)}")
    end = "" if not source.text or source.text.endswith(("\n", "\r")) else "\n"
    edits.append((len(source.text), len(source.text), f"{end}\n{head}{', '.join(parts)})\n"))
    return source.edited(edits)


def class_source(source: PackSource, number: int, label: str, classes: Mapping[str, int]) -> str:
    """Return how the pack writes a class: as another of its labeling functions does, by a constant, or its number."""
    for name, calls in source.calls.items():
        node = calls[0].arguments.get("label")
        if classes.get(name) == number and isinstance(node, ast.Name | ast.Attribute):
            return ast.unparse(node)
    constant = _constant(label)
    return constant if _constants(source.tree).get(constant) == number else str(number)


def _constants(tree: ast.Module) -> dict[str, int]:
    """Return the numbers that the module gives names to, as in ``HAM, SPAM = 0, 1``."""
    numbers: dict[str, int] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        names, values = (side.elts if isinstance(side, ast.Tuple) else [side] for side in (node.targets[0], node.value))
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, int):
                numbers[name.id] = value.value
    return numbers


def _constant(label: str) -> str:
    return normalised(re.sub(r"\W", "_", normalised(label)).upper())


def _last_import(source: PackSource) -> int:
    """Return the number of the line, from 0, behind the last import at the top of the module, or its docstring."""
    ends = [
        node.end_lineno or 0
        for place, node in enumerate(source.tree.body)
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (place == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return max(ends, default=0)


def _variable(source: PackSource, name: str) -> str:
    """Return a name for the labeling function that the module does not use yet."""
    taken = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    taken |= {getattr(node, "name", "") for node in source.tree.body}
    taken |= {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    taken |= {maker.__name__ for maker in MAKERS.values()}
    wanted = python_name(name)
    number = 1
    while (free := wanted if number == 1 else f"{wanted}_{number}") in taken:
        number += 1
    return free
