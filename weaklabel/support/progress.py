"""Progress of long work: which stage runs, how far it is, how fast, and how much time is left.

Code that works opens a `stage` and counts in it, which costs almost nothing. Whether it is shown is decided once, by
`showing`: on a terminal as one live line with a bar, in a notebook as a bar of tqdm, elsewhere as a plain line every few
seconds. All of it goes to standard error, nothing to standard output.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar

from weaklabel.errors import visible

LASTING_SECONDS = 2.0
"""How long a stage must last before a plain line is printed."""

PLAIN_SECONDS = 10.0
"""Between two plain lines of one stage."""

LIVE_SECONDS = 0.2
"""Between two updates of the live line."""

FLASH_SECONDS = 0.5
"""How long work must last before a live line is shown: a line that disappears at once only distracts."""

_BAR_WIDTH = 20

T = TypeVar("T")

Clock = Callable[[], float]


class Stage:
    """A stage of the work, and how much of it is done.

    Parameters
    ----------
    what
        What it does, such as "voting".
    total
        How many ``unit`` there are, if that is known.
    unit
        What is counted, such as "rows".
    clock
        Gives the seconds.

    Attributes
    ----------
    done : int
        How many ``unit`` are done.
    under_way : int
        How many ``unit`` are done but not yet counted in ``done``.
    note : str
        Something else to show, such as a loss.

    Examples
    --------
    >>> stage = Stage("embedding", total=200, unit="texts", clock=lambda: 0.0)
    >>> stage.advance(50)
    >>> stage.line(seconds=10.0)
    'embedding: 25%, 50 of 200 texts, 5 texts/s, 0:30 left'
    """

    under_way: int
    done: int

    def __init__(
        self, what: str, total: int | None = None, unit: str = "", clock: Clock = time.monotonic, is_base: bool = False
    ) -> None:
        self.what = what
        self.total = total
        self.unit = unit
        self.note = ""
        self.done = self.under_way = 0
        self.began: float = clock()
        self.shown_at: float | None = None
        self.is_base = is_base
        self._is_guess = False
        self._skipped = 0
        self._lock = threading.Lock()

    def advance(self, n: int = 1) -> None:
        """Count ``n`` more."""
        with self._lock:  # batches of one stage may run in several threads
            self.done += n
        if _display is not None:
            _display.tick()

    def over(self, items: Iterable[T]) -> Iterator[T]:
        """Give items, counted a hundred at a time."""
        n = 0
        for n, item in enumerate(items, 1):
            yield item
            if n % 100 == 0:
                self.advance(100)
        self.advance(n % 100)

    def begin(self, n: int) -> None:
        """Count what is done of something that `advance` counts as a whole later; negative to take it back."""
        with self._lock:
            self.under_way += n

    def skip(self, n: int) -> None:
        """Count what an earlier run did, which is left out of the speed of this one."""
        with self._lock:
            self.done += n
            self._skipped += n

    def expect(self, seen: int, place: int, extent: int | None) -> None:
        """Estimate the total: ``seen`` items end at ``place`` of an input that ends at ``extent``."""
        if extent and place:
            self.total, self._is_guess = max(seen, round(seen * extent / place)), place < extent

    @property
    def share(self) -> float | None:
        """The share that is done, 0 to 1; None if that is unknown."""
        return min(1.0, (self.done + self.under_way) / self.total) if self.total else None

    def line(self, seconds: float, with_bar: bool = False) -> str:
        """Return the line to show, ``seconds`` after the start."""
        done, share = self.done + self.under_way, self.share
        new = done - self._skipped
        of = f" of {'about ' if self._is_guess else ''}{self.total:,}" if self.total else ""
        words = []
        if share is not None:
            filled = round(share * _BAR_WIDTH)
            words.append(f"{share:.0%}" + (f" [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}]" if with_bar else ""))
        if done or of:
            words.append(f"{done:,}{of} {self.unit}")
        if new > 0 and seconds > 0:
            speed = new / seconds
            words.append(f"{speed:,.{0 if speed >= 10 or speed == round(speed) else 1}f} {self.unit}/s")
            if self.total:
                words.append(f"{in_clock((self.total - done) / speed)} left")
        else:
            words.append(f"{in_clock(seconds)} so far")
        words += [self.note] if self.note else []
        return visible(f"{self.what}: {', '.join(words)}")


class _Display:
    """Shows the open stages; subclasses do so in different ways."""

    interval = LIVE_SECONDS

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ticker: _Ticker | None = None
        self._stages: list[Stage] = []
        self._lock = threading.RLock()

    def begin(self, stage: Stage) -> None:
        with self._lock:
            self._stages.append(stage)
        self.tick()

    def end(self, stage: Stage) -> None:
        with self._lock:
            self._stages = [other for other in self._stages if other is not stage]

    def tick(self) -> None:
        """Show the progress, if it is time to."""
        if self._lock.acquire(blocking=False):  # else another thread does so at this moment
            try:
                self._tick(self.clock())
            finally:
                self._lock.release()

    def say(self, line: str, stream: TextIO | None = None) -> None:
        """Show a line that stays; on ``stream`` in place of standard error, where that is given."""
        with self._lock, suppress(OSError, ValueError):  # its reader may be gone
            self.clear()
            print(line, file=stream or self.stream(), flush=True)

    def stream(self) -> TextIO:
        """Return where lines go."""
        return sys.stderr

    def clear(self) -> None:
        """Remove what would mix with other output."""

    def close(self) -> None:
        """Show no more."""
        if self.ticker is not None:
            self.ticker.stop()
        for stage in list(self._stages):
            self.end(stage)
        self.clear()

    def _tick(self, now: float) -> None:
        raise NotImplementedError

    def _path(self, stage: Stage) -> str:
        """Return the stages around this one and their shares, each with a colon behind it."""
        outer = self._stages[: self._stages.index(stage)]
        shares = ["" if other.share is None else f" {other.share:.0%}" for other in outer]
        return "".join(
            visible(f"{other.what}{share}: ") for other, share in zip(outer, shares, strict=True) if not other.is_base
        )


class _Plain(_Display):
    """Lines for a file or a pipe: one when a stage has lasted for a while, then one every few seconds."""

    interval = 0.5

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        super().__init__(clock)
        self._stream = stream
        self._last = -PLAIN_SECONDS

    def stream(self) -> TextIO:
        return self._stream

    def _tick(self, now: float) -> None:
        lasting = [stage for stage in self._stages if now - stage.began >= LASTING_SECONDS]
        if not lasting:
            return
        stage = lasting[-1]
        if stage.shown_at is None or now - self._last >= PLAIN_SECONDS:
            for each in lasting:
                each.shown_at = now
            self._last = now
            self.say(f"weaklabel: {self._path(stage)}{stage.line(now - stage.began)}")


class _Live(_Display):
    """One line on a terminal that is drawn again and again."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        super().__init__(clock)
        self._stream = stream
        self._last = -LIVE_SECONDS
        self._is_drawn = False

    def end(self, stage: Stage) -> None:
        super().end(stage)
        if not self._stages:
            self.clear()

    def stream(self) -> TextIO:
        return self._stream

    def _tick(self, now: float) -> None:
        if not self._stages or now - self._last < LIVE_SECONDS or now - self._stages[0].began < FLASH_SECONDS:
            return
        self._last = now
        stage = self._stages[-1]
        line = f"{self._path(stage)}{stage.line(now - stage.began, with_bar=True)}"
        width = shutil.get_terminal_size().columns - 1
        with suppress(OSError, ValueError):
            print(f"\r\x1b[K{line[:width]}", end="", file=self._stream, flush=True)
            self._is_drawn = True

    def clear(self) -> None:
        with self._lock, suppress(OSError, ValueError):
            if self._is_drawn:
                print("\r\x1b[K", end="", file=self._stream, flush=True)
                self._is_drawn = False


class _Notebook(_Display):
    """Bars of tqdm, one for each long stage; drawn by the code that counts, since a cell shows what its own code prints."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._last = -LIVE_SECONDS
        self._bars: dict[int, Any] = {}

    def end(self, stage: Stage) -> None:
        super().end(stage)
        with self._lock:
            bar = self._bars.pop(id(stage), None)
            if bar is not None:
                _set(bar, stage)
                bar.close()

    def _tick(self, now: float) -> None:
        if now - self._last < LIVE_SECONDS:
            return
        self._last = now
        for stage in self._stages:
            if now - stage.began >= FLASH_SECONDS and not stage.is_base:
                if id(stage) not in self._bars:
                    self._bars[id(stage)] = _bar_of(stage)
                _set(self._bars[id(stage)], stage)


def _bar_of(stage: Stage) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it falls back to text where widgets are missing
        from tqdm.auto import tqdm

    return tqdm(total=stage.total, desc=visible(stage.what), unit=f" {stage.unit}", leave=False)


def _set(bar: Any, stage: Stage) -> None:
    bar.n, bar.total = stage.done + stage.under_way, stage.total
    bar.set_postfix_str(visible(stage.note), refresh=False)
    bar.refresh()


class _Ticker(threading.Thread):
    """Updates the display while a stage does work that cannot count."""

    def __init__(self, display: _Display) -> None:
        super().__init__(name="weaklabel-progress", daemon=True)
        self._display = display
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._display.interval):
            self._display.tick()

    def stop(self) -> None:
        self._over.set()
        self.join()


_display: _Display | None = None


@contextmanager
def showing(on: bool = True, stream: TextIO | None = None, clock: Clock | None = None) -> Iterator[None]:
    """Show the progress of all work within the context, unless an outer context does so.

    Parameters
    ----------
    on
        Whether to show it at all.
    stream
        Where to; by default standard error, or in a notebook the cell.
    clock
        Gives the seconds; with a clock given, the display is only updated when a stage counts.
    """
    global _display
    if not on or _display is not None:
        yield
        return
    display = _new_display(stream, clock or time.monotonic)
    if display is None:
        yield
        return
    _display = display
    if clock is None and not isinstance(display, _Notebook):
        display.ticker = _Ticker(display)
        display.ticker.start()
    try:
        yield
    finally:
        if _display is display:
            finish()


def finish() -> None:
    """Stop showing progress, so that results can be printed to the same terminal."""
    global _display
    display, _display = _display, None
    if display is not None:
        display.close()


@contextmanager
def stage(what: str, total: int | None = None, unit: str = "", *, is_base: bool = False) -> Iterator[Stage]:
    """Open a stage of the work; see `Stage`. A base stage is shown only while no other stage is open."""
    display = _display
    opened = Stage(what, total, unit, time.monotonic if display is None else display.clock, is_base)
    if display is None:
        yield opened
        return
    display.begin(opened)
    try:
        yield opened
    finally:
        display.end(opened)


def say(line: str) -> None:
    """Show a line that stays, if progress is shown."""
    if _display is not None:
        _display.say(f"weaklabel: {visible(line)}")


def message(line: str, stream: TextIO | None = None) -> None:
    """Print a line to standard error or another stream, without mixing it with a live line."""
    if _display is not None:
        _display.say(line, stream)
    else:
        print(line, file=stream or sys.stderr, flush=True)


def in_clock(seconds: float) -> str:
    """Return a time span as minutes and seconds, or hours, minutes and seconds.

    Examples
    --------
    >>> in_clock(75), in_clock(3675)
    ('1:15', '1:01:15')
    """
    minutes, rest = divmod(round(max(0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _new_display(stream: TextIO | None, clock: Clock) -> _Display | None:
    if stream is None and _in_notebook():
        return _Notebook(clock)
    stream = sys.stderr if stream is None else stream
    if stream is None:
        return None
    is_live = stream.isatty() and os.environ.get("TERM") != "dumb"
    return _Live(stream, clock) if is_live else _Plain(stream, clock)


def _in_notebook() -> bool:
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    return shell is not None and "IPKernelApp" in shell.config


def _forget() -> None:
    """In a forked child: the drawing thread does not exist there, and its lock may never be released."""
    global _display
    _display = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
