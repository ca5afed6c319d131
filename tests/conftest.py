"""Tests keep their caches in a folder of their own, never in the user's."""

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
