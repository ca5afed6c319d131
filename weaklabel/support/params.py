"""Parameters as scikit-learn has them: the constructor's arguments, stored as given, read and set by name."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

from weaklabel.errors import WeakLabelError, nearest


class HasParams:
    """What has the arguments of its constructor as attributes of the same names."""

    params_error: ClassVar[type[WeakLabelError]] = WeakLabelError
    """Raised where there is no such parameter."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, as scikit-learn's ``clone`` asks for them; ``deep`` is there for it, too."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, for what is fitted or made from now on.

        Raises
        ------
        LabelModelError, ClassifierError
            There is no such parameter.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise self.params_error(
                    f"{type(self).__name__} has no parameter '{name}'{nearest(name, known)}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({given})"


_PLAIN = (bool, int, float, str)


def checked_params(cls: type[HasParams], params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters that were read from a file, if each exists and is of the type that its default has.

    Parameters
    ----------
    cls
        What they are of.
    params
        By name. One that is no number, name or truth value by default may be anything.

    Raises
    ------
    ValueError
        One is not.
    """
    usual = cls().get_params()
    for name, value in params.items():
        if name not in usual:
            raise ValueError(f"{cls.__name__} has no parameter '{name}'{nearest(name, usual)}")
        default = usual[name]
        if not isinstance(default, _PLAIN):
            continue
        # In the place of a number with a fraction there may be several, as of prec_init or lr.
        kinds: tuple[type, ...] = (int, float, list) if isinstance(default, float) else (type(default),)
        if not isinstance(value, kinds) or isinstance(value, bool) != isinstance(default, bool):
            raise ValueError(
                f"the parameter '{name}' is {value!r:.60}, not {' or '.join(kind.__name__ for kind in kinds)}"
            )
    return params
