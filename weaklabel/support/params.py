"""Parameters as in scikit-learn: the constructor's arguments, stored as given, read and set by name."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

from weaklabel.errors import WeakLabelError, nearest


class HasParams:
    """An object that keeps its constructor's arguments as attributes of the same names."""

    params_error: ClassVar[type[WeakLabelError]] = WeakLabelError
    """Raised for an unknown parameter."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; ``deep`` is ignored, scikit-learn's ``clone`` passes it."""
        return {name: getattr(self, name) for name in self.param_names()}

    @classmethod
    def param_names(cls) -> tuple[str, ...]:
        """Return the names of the parameters, in the order of the constructor's arguments."""
        return tuple(inspect.signature(cls).parameters)

    @classmethod
    def has_param(cls, name: str) -> bool:
        """Return whether there is a parameter of this name."""
        return name in cls.param_names()

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Raises
        ------
        LabelModelError, ClassifierError
            The parameter does not exist.
        """
        current = self.get_params()
        for name, value in params.items():
            if name not in current:
                raise self.params_error(
                    f"{type(self).__name__} has no parameter '{name}'{nearest(name, current)}; it has {', '.join(current)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({shown})"


_PLAIN = (bool, int, float, str)


def checked_params(cls: type[HasParams], params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters that were read from a file, if each exists and has the type of its default.

    Parameters
    ----------
    cls
        The class that has the parameters.
    params
        By name. A parameter whose default is not a number, string or truth value may have any type.

    Raises
    ------
    ValueError
        A parameter does not exist, or has another type.
    """
    defaults = cls().get_params()
    for name, value in params.items():
        if name not in defaults:
            raise ValueError(f"{cls.__name__} has no parameter '{name}'{nearest(name, defaults)}")
        default = defaults[name]
        if not isinstance(default, _PLAIN):
            continue
        # Where the default is a float, several may be given, as for prec_init or lr.
        kinds: tuple[type, ...] = (int, float, list) if isinstance(default, float) else (type(default),)
        if not isinstance(value, kinds) or isinstance(value, bool) != isinstance(default, bool):
            raise ValueError(
                f"the parameter '{name}' is {value!r:.60}, not {' or '.join(kind.__name__ for kind in kinds)}"
            )
    return params
