"""What installed distributions add by entry points, and registries: the kinds of one thing by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from weaklabel.errors import PluginError, WeakLabelError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


def plugin_points(group: str) -> dict[str, list[EntryPoint]]:
    """Return the entry points of a group, not loaded: name -> entry points; one, unless two distributions use the name."""
    from importlib.metadata import entry_points  # which takes time that most commands need not spend

    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        if point.value not in [other.value for other in points.get(point.name, [])]:
            points.setdefault(point.name, []).append(point)
    return points


def plugin_versions(group: str, name: str) -> dict[str, str]:
    """Return the version of the distributions that give an entry point of this name; none where it is built in."""
    distributions = [point.dist for point in plugin_points(group).get(name, ()) if point.dist is not None]
    return {distribution.name: distribution.version for distribution in distributions}


def plugin_origin(point: EntryPoint) -> str:
    """Return where an entry point comes from, for messages."""
    return f"{point.value} (plugin '{point.name}' of {_distribution(point)})"


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown distribution"


@dataclass(frozen=True)
class Entry:
    """A built-in class of a registry: where it is, as ``"module:attribute"``, one line of help, and what it is for.

    ``of`` tells apart classes of one registry that are chosen in different places, such as exporters of classifiers and of
    corpora.
    """

    target: str
    help: str
    of: str = ""


class Registry(Mapping[str, type[T]], Generic[T]):
    """Classes of one kind by the names that project files and command lines use.

    The built-in ones come first, in the given order, then those of installed plugins. A class is imported when it is used:
    names are known, and can be checked, without importing any of them.

    Parameters
    ----------
    kind
        What the classes are, for messages: ``"label model"``.
    group
        Entry point group of plugins: ``"weaklabel.label_models"``.
    base
        What every class must be a subclass of, as ``"module:attribute"``.
    built_in
        Name -> where the class is, and one line of help.
    error
        Raised if a name is unknown.

    Examples
    --------
    >>> from weaklabel.registries import LABEL_MODELS
    >>> LABEL_MODELS["majority"].__name__, "snorkle" in LABEL_MODELS
    ('MajorityVote', False)
    """

    def __init__(
        self, kind: str, group: str, base: str, built_in: Mapping[str, Entry], error: type[WeakLabelError]
    ) -> None:
        self.kind = kind
        self.group = group
        self._base = base
        self._built_in = dict(built_in)
        self._error = error

    @property
    def built_in(self) -> tuple[str, ...]:
        """The names of the built-in classes."""
        return tuple(self._built_in)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._built_in, **self._plugins()})

    def names(self, of: str = "") -> tuple[str, ...]:
        """Return all names; with ``of``, those of built-in classes for that, and of plugins, which may be for anything."""
        return tuple(name for name in self if not of or name not in self._built_in or self._built_in[name].of == of)

    def __len__(self) -> int:
        return len({**self._built_in, **self._plugins()})

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or name in self._plugins()

    def __getitem__(self, name: str) -> type[T]:
        """Return the class of a name.

        Raises
        ------
        WeakLabelError
            Of the class given as ``error``: there is no such name.
        PluginError
            The name is taken twice, or the plugin cannot be imported, or is not such a class.
        """
        self.check(name)
        if name in self._built_in:
            return _imported(self._built_in[name].target)
        point = self._plugins()[name][0]
        return self._checked(point, name)

    def check(self, name: str) -> str:
        """Return the name if it is one, and is not taken twice, without importing its class.

        Raises
        ------
        WeakLabelError
            Of the class given as ``error``: there is no such name.
        PluginError
            The name is taken twice.
        """
        points = self._plugins().get(name, [])
        origins = ["the built-in one"] * (name in self._built_in) + [plugin_origin(point) for point in points]
        if not origins:
            raise self._error(
                f"no {self.kind} is called '{name}'{nearest(name, self)}; {self.kind}s are {', '.join(self)}"
            )
        if len(origins) > 1:
            raise PluginError(
                f"two {self.kind}s are called '{name}': {origins[0]} and {origins[1]}; uninstall one of the plugins"
            )
        return name

    def help(self, name: str) -> str:
        """Return one line about a name, without importing its class."""
        if name in self._built_in:
            return self._built_in[name].help
        return f"of the plugin {_distribution(self._plugins()[self.check(name)][0])}"

    def modules(self, *names: str) -> tuple[str, ...]:
        """Return the modules of weaklabel that the classes of these names are in, for `weaklabel.support.code.code_of`.

        The class of a plugin may use any of the built-in ones: for its name these are the modules of all of them.
        """
        entries = [
            entry for name, entry in self._built_in.items() if name in names or not {*names} <= {*self._built_in}
        ]
        return tuple(entry.target.partition(":")[0] for entry in entries)

    def name_of(self, cls: type[T]) -> str:
        """Return the name under which a class is registered.

        Raises
        ------
        WeakLabelError
            Of the class given as ``error``: it is not registered.
        """
        target = f"{cls.__module__}:{cls.__qualname__}"
        for name, entry in self._built_in.items():
            if entry.target == target:
                return name
        for name, points in self._plugins().items():
            if any(point.value == target or _same(point, cls) for point in points):
                return name
        raise self._error(
            f"{cls.__name__} is not a registered {self.kind}: it needs a name, given by an entry point of the group "
            f"'{self.group}' in the distribution that holds it"
        )

    def _plugins(self) -> dict[str, list[EntryPoint]]:
        return _cached_points(self.group)

    def _checked(self, point: EntryPoint, name: str) -> type[T]:
        """Import a plugin's class."""
        try:
            cls = point.load()
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"the {self.kind} '{name}' cannot be imported from {plugin_origin(point)}: {type(error).__name__}: {error}"
            ) from error
        base = _imported(self._base)
        if not (isinstance(cls, type) and issubclass(cls, base)):
            raise PluginError(
                f"the {self.kind} '{name}' from {plugin_origin(point)} is not a subclass of {base.__module__}.{base.__name__}"
            )
        return cls


class Registries:
    """Several registries of which a user chooses by one name, such as those of each task; a name may be in several.

    Parameters
    ----------
    kind
        What is chosen, for messages.
    by_task
        The registries, by what each is for.

    Examples
    --------
    >>> from weaklabel.registries import CHOOSABLE_LABEL_MODELS
    >>> sorted(CHOOSABLE_LABEL_MODELS.tasks("snorkel")), "span-vote" in CHOOSABLE_LABEL_MODELS
    (['texts'], True)
    """

    def __init__(self, kind: str, by_task: Mapping[str, Registry[Any]], error: type[WeakLabelError]) -> None:
        self.kind = kind
        self.by_task: dict[str, Registry[Any]] = dict(by_task)
        self._error = error

    @property
    def built_in(self) -> tuple[str, ...]:
        """The names of the built-in classes of all registries."""
        return tuple(dict.fromkeys(name for registry in self.by_task.values() for name in registry.built_in))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return any(name in registry for registry in self.by_task.values())

    def names(self, of: str = "") -> tuple[str, ...]:
        """Return all names; see `Registry.names`."""
        return tuple(dict.fromkeys(name for registry in self.by_task.values() for name in registry.names(of)))

    def tasks(self, name: str) -> dict[str, Registry[Any]]:
        """Return the registries that have a name, by their tasks."""
        return {task: registry for task, registry in self.by_task.items() if name in registry}

    def check(self, name: str, task: str | None = None) -> str:
        """Return the name if it is one, of a task if that is given; see `Registry.check`."""
        registries = self.tasks(name)
        if task is not None and task not in registries and registries:
            others = ", ".join(self.by_task[task]) or "none"
            raise self._error(
                f"the {self.kind} '{name}' is for {' and '.join(registries)}, and the pack is for {task}; {self.kind}s for "
                f"{task} are {others}"
            )
        if not registries:
            raise self._error(
                f"no {self.kind} is called '{name}'{nearest(name, self)}; {self.kind}s are {', '.join(self)}"
            )
        for registry in registries.values():
            registry.check(name)
        return name

    def help(self, name: str) -> str:
        """Return one line about a name, of the first registry that has it."""
        self.check(name)
        return next(iter(self.tasks(name).values())).help(name)


@cache
def _cached_points(group: str) -> dict[str, list[EntryPoint]]:
    """Entry points as they were at the first look: metadata of all installed distributions is read for it."""
    return plugin_points(group)


def _imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _same(point: EntryPoint, cls: type) -> bool:
    """Say whether an entry point names a class by another module than that which defines it; a broken one does not."""
    if point.module.partition(".")[0] != cls.__module__.partition(".")[0]:
        return False
    try:
        return point.load() is cls
    except (Exception, SystemExit):
        return False
