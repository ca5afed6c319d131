"""What a transformation function is: it makes another text of a row, whose label stays the same."""

from __future__ import annotations

import inspect
import json
import random
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from reprlib import repr as shorten
from typing import Any, ClassVar, TypeAlias

import numpy as np

from weaklabel.corpus.batch import TEXT, Batch, fresh_row
from weaklabel.errors import AugmentError, WeakLabelError
from weaklabel.lf.core import LF, Place, name_of_function
from weaklabel.lf.fingerprint import NotFingerprintable, version_of
from weaklabel.support.params import HasParams
from weaklabel.votes.texts import NewText

Rng: TypeAlias = np.random.Generator

CALL = "weaklabel_call"
"""Column that is added to the rows: as JSON, the seed of each, and the names of the text columns."""


class TransformationFunction(HasParams):
    """A transformation function: new texts for a batch of rows.

    A new kind is a subclass of `TextTransformation` with a ``change``, or of this with a ``transform``. What is drawn at
    random is drawn from the seed of the row alone, so that results depend on nothing else.

    Attributes
    ----------
    name : str
        What new rows and messages call it.
    is_foreign : bool
        Whether it runs code of others, in guarded processes where there are any.
    asks : bool
        Whether it asks a language model.
    """

    params_error: ClassVar[type[WeakLabelError]] = AugmentError
    name: str
    is_foreign: ClassVar[bool] = False
    asks: ClassVar[bool] = False

    def prepare(self, texts: Sequence[str]) -> None:
        """Learn what is needed of the texts of all training rows; called once, before any row is transformed."""
        del texts

    @abstractmethod
    def transform(self, batch: Batch, columns: Sequence[str], seeds: Sequence[int]) -> list[NewText | Exception]:
        """Return the new texts of each row.

        Parameters
        ----------
        batch
            The rows.
        columns
            The columns that hold the text.
        seeds
            A number for each row, from which all that is random must be drawn. Length: n.

        Returns
        -------
        list
            A text for each of ``columns``; None where it does not apply to a row; an exception *instance* in the place of
            a row that failed. Length: n.
        """

    def identity(self) -> Any:
        """Return what determines the results, besides rows and seeds; see `weaklabel.lf.LF.identity`."""
        return [type(self), self.get_params()]

    def files(self) -> tuple[str, ...]:
        """Return the files that it reads."""
        return ()


class TextTransformation(TransformationFunction):
    """A transformation function that changes each text of a row by itself."""

    @abstractmethod
    def change(self, text: str, rng: Rng) -> str | None:
        """Return another text, or None where it does not apply."""

    def transform(self, batch: Batch, columns: Sequence[str], seeds: Sequence[int]) -> list[NewText | Exception]:
        """See `TransformationFunction.transform`."""
        texts = zip(*(batch.frame[column].cast(str).fill_null("").to_list() for column in columns), strict=True)
        results: list[NewText | Exception] = []
        for row, seed in zip(texts, seeds, strict=True):
            rng = np.random.default_rng(seed)
            changed = [self.change(text, rng) if text.strip() else None for text in row]
            is_changed = any(new is not None and new != text for new, text in zip(changed, row, strict=True))
            new = tuple(text if new is None else new for new, text in zip(changed, row, strict=True))
            results.append(new if is_changed else None)
        return results


class FunctionTF(TransformationFunction):
    """A transformation function written in Python, called row by row; constructor and call as in Snorkel.

    Parameters
    ----------
    name
        Its name.
    f
        Takes a row (``x.text``), and returns the row with another text, or the text alone, or None where it does not
        apply. Where it has a parameter ``rng``, it gets a `numpy.random.Generator`; the global generators of ``random`` and
        NumPy are seeded for each row as well. Only the text columns of the new row are taken: all others are those of
        its source.
    resources
        Passed to ``f`` as keyword arguments.
    pre
        Preprocessors, run in turn on a copy of the row before ``f``.

    Examples
    --------
    >>> from weaklabel.corpus.batch import Row
    >>> tf = FunctionTF("louder", lambda x: x.text.upper())
    >>> tf(Row(text="see you"))
    'SEE YOU'
    """

    is_foreign = True

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Callable[[Any], Any]] | None = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise AugmentError(f"the name of a transformation function must be a text, not {name!r}")
        self.name = name
        self.f = f
        self.resources = resources
        self.pre = pre

    def __call__(self, x: Any, rng: Rng | None = None) -> Any:
        """Transform a copy of a row."""
        x = fresh_row(x)
        for preprocess in self.pre or ():
            x = preprocess(x)
            if x is None:
                return None
        wants_rng = {"rng": np.random.default_rng(0) if rng is None else rng} if _takes_rng(self.f) else {}
        return self.f(x, **(self.resources or {}), **wants_rng)

    def transform(self, batch: Batch, columns: Sequence[str], seeds: Sequence[int]) -> list[NewText | Exception]:
        """See `TransformationFunction.transform`."""
        results: list[NewText | Exception] = []
        with global_generators():
            for row, seed in zip(batch.rows(), seeds, strict=True):
                seed_globally(seed)
                x = fresh_row(row)
                x.__dict__.pop(CALL, None)
                try:
                    results.append(_texts_of(self(x, np.random.default_rng(seed)), row, columns))
                except (Exception, SystemExit) as error:
                    results.append(error if isinstance(error, Exception) else RuntimeError(f"SystemExit: {error}"))
        return results

    def identity(self) -> Any:
        """See `TransformationFunction.identity`."""
        return [self.f, dict(self.resources or {}), list(self.pre or ())]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class SnorkelTF(FunctionTF):
    """A transformation function made with ``snorkel.augmentation``, called as it is."""

    def __init__(self, wrapped: Any) -> None:
        super().__init__(wrapped.name, wrapped)

    def identity(self) -> Any:
        """See `TransformationFunction.identity`."""
        wrapped = self.f
        if not type(wrapped).__module__.startswith("snorkel."):
            raise NotFingerprintable(type(wrapped))
        return [
            version_of("snorkel"),
            type(wrapped),
            {key: value for key, value in vars(wrapped).items() if key != "_cache"},
        ]


class transformation_function:
    """Decorator that makes a `FunctionTF` of a Python function; arguments as in Snorkel.

    Parameters
    ----------
    name
        Name of the transformation function; by default the function's own.
    resources, pre
        See `FunctionTF`.

    Examples
    --------
    >>> @transformation_function()
    ... def thank_you(x):
    ...     return x.text.replace("thanks", "thank you") if "thanks" in x.text else None
    >>> thank_you
    FunctionTF('thank_you')
    """

    def __init__(
        self,
        name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Callable[[Any], Any]] | None = None,
    ) -> None:
        if callable(name):
            raise AugmentError(
                f"@transformation_function on '{name.__name__}' needs parentheses: @transformation_function()"
            )
        self.name = name
        self.resources = resources
        self.pre = pre

    def __call__(self, f: Callable[..., Any]) -> FunctionTF:
        """Wrap ``f``."""
        if not callable(f):
            raise AugmentError(f"@transformation_function() decorates a function, not {f!r}")
        return FunctionTF(self.name or name_of_function(f), f, self.resources, self.pre)


def as_tf(thing: Any) -> TransformationFunction | None:
    """Return ``thing`` as a transformation function, or None where it is none; Snorkel's mappers are wrapped.

    Snorkel's decorators make the same objects of transformation functions and of preprocessors.
    """
    if isinstance(thing, TransformationFunction):
        return thing
    if isinstance(thing, type) or not callable(thing) or not isinstance(getattr(thing, "name", None), str):
        return None
    is_mapper = any(base.__module__.startswith(("snorkel.augmentation", "snorkel.map")) for base in type(thing).__mro__)
    return SnorkelTF(thing) if is_mapper else None


class TFCaller(LF):
    """A transformation function as `weaklabel.votes.voter.Voter` calls labeling functions."""

    kind = "transformation function"
    by_row = True

    def __init__(self, tf: TransformationFunction) -> None:
        self.name: str = tf.name
        self.tf = tf

    def vote(self, batch: Batch) -> list[Any]:
        """Transform every row of ``batch``, as its column `CALL` says."""
        return list(self.tf.transform(batch, *calls_of(batch)))

    def identity(self) -> Any:
        """See `LF.identity`."""
        return self.tf.identity()

    def files(self) -> tuple[str, ...]:
        """See `LF.files`."""
        return self.tf.files()


def calls_of(batch: Batch) -> tuple[list[str], list[int]]:
    """Return the text columns and the seed of each row of a batch, as its column `CALL` says them."""
    calls = [json.loads(call) for call in batch.frame[CALL].to_list()]
    return (calls[0][1:] if calls else []), [call[0] for call in calls]


class OwnTFCaller(TFCaller):
    """The caller of a transformation function that runs no code but weaklabel's."""

    place = Place.IN_PROCESS


def caller_of(tf: TransformationFunction) -> TFCaller:
    """Return what calls a transformation function where it may run."""
    return TFCaller(tf) if tf.is_foreign else OwnTFCaller(tf)


def _takes_rng(f: Callable[..., Any]) -> bool:
    try:
        return "rng" in inspect.signature(f).parameters
    except (TypeError, ValueError):
        return False


def _texts_of(result: Any, row: Any, columns: Sequence[str]) -> Any:
    """Return the texts of what a function returned for a row."""
    if result is None:
        return None
    if isinstance(result, str):
        if len(columns) > 1:
            raise TypeError(f"the text of a row is in {', '.join(columns)}: return the row with these changed")
        return (result,)
    if not hasattr(result, "keys") and not all(hasattr(result, column) for column in columns):
        raise TypeError(f"{shorten(result)} is no text; return the row, its new text, or None to leave it out")
    texts = [_field(result, column) for column in columns]
    if TEXT not in columns and (text := _field(result, TEXT)) != row[TEXT]:
        if len(columns) > 1:
            raise TypeError(f"the text of a row is in {', '.join(columns)}: change these, not '{TEXT}'")
        texts = [text]
    # Any other type is refused where results are checked.
    return tuple("" if text is None else text for text in texts)


def _field(row: Any, column: str) -> Any:
    return row[column] if hasattr(row, "keys") else getattr(row, column)


def seed_globally(seed: int) -> None:
    """Seed the global generators that functions of others draw from."""
    np.random.seed(seed % 2**32)
    random.seed(seed)


@contextmanager
def global_generators() -> Iterator[None]:
    """Leave the global generators as they were."""
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
