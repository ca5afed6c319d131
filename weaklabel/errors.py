"""The errors of weaklabel: one tree, one sentence each.

A message says what is wrong, where (file, line, row, LF), and what to do about it. The command line prints the
sentence alone and exits with 1; it never shows a traceback for a mistake in the user's input. What NumPy and scikit-learn
raise as a ValueError is one here, too.
"""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from types import ModuleType

_JOINERS = ("\u200c", "\u200d")


def visible(text: str) -> str:
    """Show control, direction and other invisible characters as escapes, so that no name can forge a line.

    The joiners of emoji and of Persian words stay.

    Examples
    --------
    >>> print(visible("two\\nlines"))
    two\\nlines
    """
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def _harmless(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


class WeakLabelError(Exception):
    """Whatever is wrong with the user's input, data or environment.

    Its message is one line: control characters of texts and names in it are shown as escapes.
    """

    def __str__(self) -> str:
        return visible(super().__str__())


class WeakLabelWarning(UserWarning):
    """Something the user should know although the result is valid."""


class CorpusError(WeakLabelError):
    """A corpus cannot be read or written as asked."""


class LFError(WeakLabelError, ValueError):
    """A labeling function or a pack of them is unusable as written."""


class VoteError(WeakLabelError, ValueError):
    """Votes are not what they must be, or too many labeling functions failed."""


class LabelModelError(WeakLabelError, ValueError):
    """A label model cannot be fitted on, or applied to, these votes."""


class ClassifierError(WeakLabelError, ValueError):
    """A classifier cannot be trained, saved, loaded or applied."""


class SelectionError(WeakLabelError, ValueError):
    """Training rows cannot be chosen as asked."""


class AugmentError(WeakLabelError, ValueError):
    """Rows cannot be augmented as asked, or a transformation function fails."""


class ScoreError(WeakLabelError, ValueError):
    """Predictions and gold cannot be compared."""


class LanguageModelError(WeakLabelError):
    """A language model cannot be asked, or its replies cannot be kept."""


class BudgetError(LanguageModelError):
    """The next request to a language model would exceed a cap."""


class ExportError(WeakLabelError, ValueError):
    """A labeled corpus cannot be handed over in this form."""


class ConfigError(WeakLabelError):
    """A project file is wrong."""


class PluginError(WeakLabelError):
    """What an installed distribution adds by an entry point cannot be used."""


class MissingPackageError(WeakLabelError, ImportError):
    """An optional package is not installed; the message names the pip line."""


def require(module: str, install: str, why: str) -> ModuleType:
    """Import an optional ``module``, or say how to install it.

    Parameters
    ----------
    module
        Dotted name to import.
    install
        What to give to ``pip install``, for example ``weaklabel[demo]``.
    why
        What needs it, for the message.

    Raises
    ------
    MissingPackageError
        The module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingPackageError(
            f"{why} needs the package '{module.split('.')[0]}', which is not installed: pip install '{install}'"
        ) from None


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest of ``names``, or an empty string."""
    close = get_close_matches(name, list(names), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
