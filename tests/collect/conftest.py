from collections.abc import Iterator

import pytest

from tests.collect.database.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that tests of one process share."""
    with postgres() as started:
        yield started
