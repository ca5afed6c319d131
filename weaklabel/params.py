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
