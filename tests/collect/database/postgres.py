"""A PostgreSQL of its own for tests: made in a temporary folder, with a password, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "pa55-w0rd"
_SETTINGS = "fsync = off\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 20\n"


@dataclass
class Postgres:
    """A server that can be stopped, as in a crash, and started again."""

    programs: Path
    folder: Path
    port: int
    user: tuple[int, int] | None

    @property
    def url(self) -> str:
        return f"postgresql://tester:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        # PostgreSQL refuses to run as root.
        as_user: dict[str, Any] = {"user": self.user[0], "group": self.user[1], "extra_groups": []} if self.user else {}
        with (self.folder / "output").open("w+", encoding="utf-8") as output:
            done = subprocess.run(command, cwd=self.folder, stdout=output, stderr=output, **as_user)
            output.seek(0)
            assert done.returncode == 0, f"{program}: {output.read()}"

    def start(self) -> None:
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", f"-p {self.port}", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")

    def execute(self, *statements: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                result = connection.execute(statement)
            return result.fetchall() if result.description else []


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, which Debian keeps out of the path."""
    result = shutil.which("initdb")
    folders = [Path(result).parent] if result else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Give a server; without PostgreSQL the test is skipped, unless WEAKLABEL_POSTGRES=required says there must be one."""
    folder_of_programs = programs()
    if folder_of_programs is None:
        reason = "the tests of PostgreSQL need Debian's postgresql: apt-get install postgresql"
        if os.environ.get("WEAKLABEL_POSTGRES") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    user = _unprivileged() if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="weaklabel-postgres-") as folder:
        server = Postgres(folder_of_programs, Path(folder), free_port(), user)
        (server.folder / "password").write_text(PASSWORD)
        if user:
            for path in (server.folder, server.folder / "password"):
                os.chown(path, *user)
        server.run(
            "initdb", "--username=tester", "--auth=scram-sha-256", f"--pwfile={folder}/password", "--no-sync",
            "--encoding=UTF8", "--locale=C",
        )  # fmt: skip
        with (server.folder / "data" / "postgresql.conf").open("a") as handle:
            handle.write(_SETTINGS)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _unprivileged() -> tuple[int, int]:
    import pwd

    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
