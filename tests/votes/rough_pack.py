"""Labeling functions that misbehave on certain texts; the pack that the tests of isolation give to real processes."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from weaklabel.lf.core import labeling_function
from weaklabel.lf.patterns import keyword_lf

LABELS = ("ham", "spam")


def sleep_in_c() -> None:
    """Sleep without ever letting Python handle a signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(600)


def hang() -> None:
    """Hang; the test may ask for a file that says so."""
    if "HANGS" in os.environ:
        Path(os.environ["HANGS"]).touch()
    time.sleep(600)


def hoard() -> None:
    kept.append(bytearray(200_000_000))


kept: list[bytearray] = []

DEEDS = {
    "raise": lambda: 1 // 0,
    "none": lambda: None,
    "float": lambda: 0.5,
    "exit": lambda: os._exit(3),
    "sysexit": lambda: sys.exit(4),
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "hang": hang,
    "deaf": sleep_in_c,
    "eat": lambda: len(bytearray(8_000_000_000)),
    "hoard": hoard,
    "unplug": lambda: os.closerange(3, 100),
}


@labeling_function()
def before(x):
    return 0 if "even" in x.text else -1


@labeling_function()
def rough(x):
    deed = x.text.split()[0]
    return DEEDS[deed]() if deed in DEEDS else 1


class RoughBatch:
    """As `rough`, for a whole batch at once."""

    name = "rough_batch"

    def vote(self, batch):
        deeds = {text.split()[0] for text in batch.texts} & {"batchexit", "batchhang"}
        if "batchexit" in deeds:
            os._exit(5)
        if "batchhang" in deeds:
            time.sleep(600)
        return [1] * len(batch)


rough_batch = RoughBatch()


@labeling_function()
def after(x):
    print("a labeling function that prints")
    return 1 if "odd" in x.text else -1


@labeling_function()
def kept_process(x):
    """Leave a process behind for the test to look for."""
    if x.text.startswith("spawn"):
        subprocess.Popen(["sleep", "600"])
    return -1


keyword = keyword_lf("keyword", 1, ["odd"])
