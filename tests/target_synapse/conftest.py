from __future__ import annotations

import itertools

import pytest
from harness import run_command
from synapse_support.stand_ins import PoolProcess, running_azurite, storage_settings

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def azurite():
    with running_azurite() as running:
        yield running


@pytest.fixture(scope="session")
def pool_process():
    process = PoolProcess()
    yield process
    process.close()


@pytest.fixture
def pool(pool_process):
    yield pool_process
    pool_process.order(clear=True)


@pytest.fixture
def schema():
    """A schema of the test's own in the pool all tests share."""
    return f"s{next(_numbers)}"


@pytest.fixture
def settings(azurite, pool, schema, tmp_path):
    storage = storage_settings(azurite)
    return {**pool.settings(), **storage, "default_target_schema": schema, "rejects_path": str(tmp_path / "rejects.jsonl")}


@pytest.fixture
def load(settings, tmp_path):
    """Runs the command on lines; keyword arguments change settings."""

    def run(lines, **changes):
        return run_command("target-synapse", settings={**settings, **changes}, folder=tmp_path, lines=lines)

    return run


@pytest.fixture
def table(pool, schema):
    """Reads a table of the test's schema: rows of the named columns, in order."""

    def read(name, columns="*", order="1"):
        return pool.rows(f"SELECT {columns} FROM [{schema}].[{name}] ORDER BY {order}")

    return read
