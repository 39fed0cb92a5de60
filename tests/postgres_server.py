"""A real PostgreSQL server of Debian's package: the bench's, for a test."""

from contextlib import contextmanager

import pytest

from bench import postgres


@contextmanager
def postgres_server():
    """A server on a free port, for as long as the block runs; the test is skipped where PostgreSQL is not installed."""
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not here: apt-get install postgresql")
    with postgres.running() as server:
        yield server
