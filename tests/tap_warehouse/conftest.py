"""Warehouses to read: DuckDB files, and a real PostgreSQL server, started for the session."""

import duckdb
import pytest
from postgres_server import postgres_server


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture
def duckdb_file(tmp_path):
    """Makes a DuckDB file by statements, and gives its path."""

    def make(*statements, name="warehouse.duckdb"):
        path = tmp_path / name
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return str(path)

    return make
