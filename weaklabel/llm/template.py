"""Jinja templates of users, in a sandbox: checked when they are read, so that no row meets an unknown variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from weaklabel.errors import ConfigError, WeakLabelError, nearest, require


class SandboxedTemplate:
    """A Jinja template that cannot reach anything but its variables.

    Parameters
    ----------
    source
        The template.
    variables
        Names that it may use.
    where
        What it is of, for messages, such as ``the template 2``.
    error
        Raised for what is wrong with it.

    Raises
    ------
    WeakLabelError
        Of the class ``error``: the template is wrong, or uses a variable that there is not.
    MissingPackageError
        Jinja is not installed.

    Examples
    --------
    >>> SandboxedTemplate("Is {{ text }} spam?", ["text"], "the template").render({"text": "WIN"})
    'Is WIN spam?'
    """

    def __init__(
        self, source: str, variables: Iterable[str], where: str, error: type[WeakLabelError] = ConfigError
    ) -> None:
        require("jinja2", "weaklabel[llm]", "a template")
        import jinja2
        from jinja2 import meta
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        self.source = source
        self._where, self._error = where, error
        environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
        try:
            self._template = environment.from_string(source)
            self.used: frozenset[str] = frozenset(meta.find_undeclared_variables(environment.parse(source)))
        except jinja2.TemplateError as problem:
            line = getattr(problem, "lineno", None)
            raise error(f"{where}{f', line {line}' if line else ''}: {problem}") from None
        allowed = list(variables)
        for name in sorted(self.used - set(allowed)):
            raise error(f"{where} uses '{name}'{nearest(name, allowed)}, but its variables are {', '.join(allowed)}")

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text for one row.

        Raises
        ------
        WeakLabelError
            Rendering fails on this row.
        """
        try:
            return self._template.render({name: values[name] for name in self.used})
        except Exception as problem:  # whatever a template does with values
            raise self._error(f"{self._where}: {problem}") from None
