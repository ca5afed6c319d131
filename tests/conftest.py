"""Tests keep their caches in a folder of their own, never in the user's, and leave logging as they found it."""

import logging
import os

import pytest

from weaklabel import cache


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    before = os.environ.get(cache.VARIABLE)
    cache.use(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ[cache.VARIABLE]
    else:
        os.environ[cache.VARIABLE] = before


@pytest.fixture(autouse=True)
def _same_logging():
    # A command that runs in this process takes the log for its own, as it may in a process of its own.
    log = logging.getLogger("weaklabel")
    before = log.handlers, log.level, log.propagate
    yield
    log.handlers, level, log.propagate = before
    log.setLevel(level)
