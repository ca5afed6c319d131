"""A small run folder of our own texts, the app on it, and a real browser."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from weaklabel.config import read_project
from weaklabel.errors import WeakLabelWarning
from weaklabel.project.run import run_project

if TYPE_CHECKING:
    from weaklabel.review import Review

SPAM = ("Claim your prize of {} coins now", "You have won {} free tickets", "Win {} coins, see www.example.org/{}")
HAM = ("See you at lunch at {}", "Thanks, I am home by {}", "Are you free at {} for a walk")

PACK = r'''"""Labeling functions of the tests."""

from weaklabel import keyword_lf, labeling_function, regex_lf

LABELS = ("ham", "spam")

prize = keyword_lf("prize", 1, ["prize"])  # what they all promise
link = regex_lf("link", 1, r"www\.")
chat = keyword_lf("chat", 0, ["lunch", "thanks"])


@labeling_function()
def walks(x):
    """Wants to go for a walk."""
    return 0 if "walk" in x.text else -1
'''

PROJECT = """title = "Messages"
out = "."
[corpus]
path = "data/messages.csv"
[lfs]
use = ["data/my_lfs.py"]
workers = 0
[label_model]
name = "weighted"
[classifier]
name = "linear"
"""


def write_corpus(path: Path, texts: list[str]) -> Path:
    """Write texts as JSON lines, which can hold any of them."""
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return path


def texts(n: int = 60) -> list[str]:
    """Messages, half of them spam in turn."""
    return [(SPAM if number % 2 else HAM)[number // 2 % 3].format(number, number) for number in range(n)]


def run_in(folder: Path) -> Path:
    """Make a project in an empty folder, which is its run folder, too, and run it; copies of it are as good."""
    (folder / "data").mkdir()
    (folder / "data" / "messages.csv").write_text(
        "text\n" + "".join(f'"{text}"\n' for text in texts()), encoding="utf-8"
    )
    (folder / "data" / "my_lfs.py").write_text(PACK, encoding="utf-8")
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    run_project(read_project(folder / "project.toml"))
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project that was run, to be copied."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)  # that its labeling functions never meet
        return run_in(tmp_path_factory.mktemp("project"))


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to put decisions into."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


class App:
    """``weaklabel review`` in a process of its own, with what it says on stderr in a file."""

    def __init__(self, stderr: Path, *arguments: object) -> None:
        command = [sys.executable, "-m", "weaklabel", "review", *map(str, arguments), "--no-open"]
        self.stderr = stderr
        with stderr.open("w") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)
        assert self.process.stdout is not None
        lines = iter(self.process.stdout.readline, "")
        self.address = next((line.strip() for line in lines if "http://" in line and "token=" in line), "")
        assert self.address, stderr.read_text()

    @property
    def home(self) -> str:
        """Its address, without the token."""
        return self.address.split("/?")[0]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.home.split(":")[2])

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        """End it as Ctrl-C does; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts the app; whatever was started is ended, and may not have failed anywhere."""
    started: list[App] = []

    def begin(*arguments: object) -> App:
        started.append(App(tmp_path / f"stderr{len(started)}.txt", *arguments))
        return started[-1]

    yield begin
    for app in started:
        if app.process.poll() is None:
            app.kill()
        assert "Traceback" not in app.stderr.read_text(), app.stderr.read_text()


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serves a review from this process, which spares the start of another; no request may fail in it."""
    from flask import got_request_exception

    from weaklabel.review.web.server import make_server

    servers, failed = [], []

    def begin(review: Review, reviewer: str | None = None) -> SimpleNamespace:
        server, gate = make_server(review, port=0, reviewer=reviewer)
        server.application.testing = False
        got_request_exception.connect(lambda _, exception: failed.append(exception), server.application, weak=False)
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        return SimpleNamespace(address=gate.address, home=gate.address.split("/?")[0])

    yield begin
    for server, thread in servers:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(20)
    assert not failed
