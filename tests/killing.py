"""Commands that are killed at a given event on files, each in a fork of a process that has imported everything before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

RUNNER = """
import json, os, signal, sys
import weaklabel.cli

place, log, first = sys.argv[1:]
exec(first)
for line in sys.stdin:
    at, arguments = json.loads(line)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr = open(log, "a")
        count = 0

        def hook(event, values):
            global count
            if event.startswith(("open", "os.", "shutil.")) and any(place in str(value) for value in values):
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        code = 1
        try:
            weaklabel.cli.main(arguments)
        except SystemExit as stopped:
            code = stopped.code
        finally:
            sys.stdout.flush()
            os.write(writer, str(count).encode())
            os._exit(code)
    os.close(writer)
    status = os.waitpid(child, 0)[1]
    print(json.dumps([os.waitstatus_to_exitcode(status), os.read(reader, 20).decode()]), flush=True)
    os.close(reader)
"""


class Runner:
    """Runs commands that may be killed.

    Parameters
    ----------
    place
        Events on files whose path holds this are counted.
    log
        Gets what the commands print.
    first
        Python code that runs once, before all commands: imports, and small parts.
    """

    def __init__(self, place: Path, log: Path, first: str) -> None:
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(place), str(log), first],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"WEAKLABEL_CACHE": "off"},
            cwd=log.parent,
        )

    def start(self, *arguments: str, at: int = 0) -> tuple[bool, int]:
        """Run a command, killed at event ``at`` if that is not 0; return whether it ended, and the number of events."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([at, arguments]) + "\n")
        self.process.stdin.flush()
        code, events = json.loads(self.process.stdout.readline())
        assert code in (0, -9), self.log.read_text()[-3000:]
        return code == 0, int(events or 0)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
