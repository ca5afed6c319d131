"""Tests keep their caches in a folder of their own, never in the user's, and leave logging as they found it."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from weaklabel.support import cache

# Processes that tests start buffer what they print, as those of users do.
os.environ.pop("PYTHONUNBUFFERED", None)

# Timings are no business of tests: a busy machine would fail them.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


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
def _same_cache(_own_cache):
    # A command with --cache or --no-cache chooses for its whole process.
    before = os.environ[cache.VARIABLE]
    yield
    os.environ[cache.VARIABLE] = before


@pytest.fixture(autouse=True)
def _same_logging():
    # A command that runs in this process takes the log for its own, as it may in a process of its own.
    log = logging.getLogger("weaklabel")
    before = log.handlers, log.level, log.propagate
    yield
    log.handlers, level, log.propagate = before
    log.setLevel(level)


@pytest.fixture(scope="session")
def smollm2_folder(request, _own_cache) -> Path:
    """The packaged SmolLM2, converted once for all sessions of this checkout; without its package the tests are skipped."""
    from weaklabel.errors import MissingPackageError
    from weaklabel.llm.packaged import smollm2

    before = os.environ[cache.VARIABLE]
    cache.use(request.config.cache.mkdir("weaklabel"))
    try:
        return smollm2()
    except MissingPackageError as error:
        pytest.skip(str(error))
    finally:
        os.environ[cache.VARIABLE] = before


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; without one the tests are skipped, unless WEAKLABEL_BROWSER=required says that there must be one."""
    path = shutil.which("chromium")
    if path is None:
        reason = "the browser tests need Debian's chromium: apt-get install chromium"
        if os.environ.get("WEAKLABEL_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """Opens pages, each in a browser session of its own; an error in a script of a page fails the test."""
    contexts, errors = [], []

    def open_tab(address: str = "about:blank", **options: Any) -> Any:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error.message))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        if address != "about:blank":
            page.goto(address)
        return page

    yield SimpleNamespace(open=open_tab, errors=errors)
    for context in contexts:
        context.close()
    assert not errors
