from __future__ import annotations

import inspect
import io
import itertools
import json
import logging
import re
from pathlib import Path

import pytest
from harness import run_command
from sandbox.blob.service import CONTAINER
from synapse_support.azure_cloud import running_cloud
from synapse_support.grammar import as_script, grammar_error
from synapse_support.parquet_rows import USER_KINDS, parquet
from synapse_support.pipelines import running_pipelines
from synapse_support.stand_ins import PoolProcess, running_azurite, storage_settings
from synapse_support.ways import WAYS
from target_synapse.target import TargetSynapse

_numbers = itertools.count(1)


class Feed:
    """A file that gives one line each time it is read."""

    def __init__(self, texts):
        self._texts = texts

    def read(self, _size):
        return next(self._texts, "")


@pytest.fixture(scope="session")
def azurite():
    with running_azurite() as running:
        yield running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


def unlike(statements):
    """One of those that differ in numbers, names of test schemas and ids alone; without what the grammar does not know (a principal as COPY's IDENTITY)."""
    return {re.sub(r"[0-9a-f]{8,}|\d+", "0", sql): sql for sql in statements if "/oauth2/token'" not in sql}.values()


@pytest.fixture(scope="session")
def pool_process(tmp_path_factory):
    process = PoolProcess()
    process.connection.execute("CREATE MASTER KEY")  # once in a database: PolyBase's credentials need it
    yield process
    # What is longer is cut off there, and so is the semicolon behind a statement, which MERGE needs. LEN would leave out a blank at the cut.
    taken = process.rows("SELECT DISTINCT command + N';' FROM sys.dm_pdw_exec_requests WHERE status = N'Completed' AND DATALENGTH(command) < 8000")
    process.close()
    told = grammar_error(tmp_path_factory.mktemp("grammar"), as_script(unlike(sql for (sql,) in taken)))
    assert told == "", "the stand-in took what Microsoft's grammar does not"


@pytest.fixture(scope="session")
def running_pipelines_of_all(pool_process, azurite, tmp_path_factory):
    with running_pipelines(pool_process, azurite, tmp_path_factory.mktemp("pipelines")) as running:
        yield running


@pytest.fixture
def pipelines(running_pipelines_of_all):
    """The stand-in of Data Factory and Synapse pipelines."""
    service = running_pipelines_of_all.service
    service.stand.runs.clear()  # of tests that load by pipelines without looking at them
    yield service
    service.stand.change({"release": True})
    service.stand.runs.clear()
    service.faults.clear()


@pytest.fixture
def pool(pool_process):
    yield pool_process
    pool_process.order(clear=True)


@pytest.fixture
def schema(pool_process):
    """A schema of the test's own in the pool all tests share."""
    name = f"s{next(_numbers)}"
    yield name
    pool_process.order(drop=name)


@pytest.fixture
def settings(azurite, pool, running_pipelines_of_all, schema, tmp_path):
    places = {**storage_settings(azurite), **running_pipelines_of_all.settings}
    return {**pool.settings(), **places, "default_target_schema": schema, "storage_prefix": schema, "rejects_path": str(tmp_path / "rejects.jsonl")}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name == "copy" else name for name in WAYS])
def way(request):
    """The settings of each way into the pool; `copy` is what all other tests take."""
    return WAYS[request.param]


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


@pytest.fixture
def load_here(settings, capsys):
    """Loads lines, objects or JSON, in this process, much faster than the command; returns the states that went out, and raises what the target raises.

    A generator is asked for a line when the lines before it have been taken.
    """

    def run(lines, **changes):
        capsys.readouterr()
        run.early = []
        target = TargetSynapse(config={name: value for name, value in {**settings, **changes}.items() if value is not None})
        try:
            texts = ((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
            target.listen(Feed(texts) if inspect.isgenerator(lines) else io.StringIO("".join(texts)))
        finally:
            run.account = target.account
            run.rows = {
                name: {"read": one.rows_read, "loaded": one.rows_loaded, "rejected": one.rejected.total(), **one.notes}
                for name, one in target.account.streams.items()
            }
            run.skipped = {name: dict(one.skipped) for name, one in target.account.streams.items() if one.skipped}
            run.states = [*run.early, *(json.loads(line) for line in capsys.readouterr().out.splitlines())]
        return run.states

    def out():
        """The states that have gone out until now, asked in the middle of a load."""
        run.early += [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return run.early

    run.out = out
    return run


@pytest.fixture
def rejects(settings):
    """Code, field and record of each rejected row."""

    def read():
        path = Path(settings["rejects_path"])
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(line["code"], line["field"], line["record"]) for line in lines]

    return read


@pytest.fixture
def staged(azurite, schema):
    """The files that the test's runs have left in the container."""
    return lambda: azurite.files(schema)


@pytest.fixture
def put(azurite, schema):
    """Puts a file into the container, by a name of its own; gives its address."""

    def put_there(content=None):
        path = f"{schema}-taps/{next(_numbers)}.parquet"
        with azurite.client() as client:
            client.get_blob_client(CONTAINER, path).upload_blob(parquet() if content is None else content)
        return f"az://{CONTAINER}/{path}"

    return put_there


@pytest.fixture
def users(put):
    """Puts a file of users there, by id and name."""
    return lambda *rows: put(parquet([{"id": number, "name": name} for number, name in rows], USER_KINDS))


@pytest.fixture
def read_since(caplog):
    """Why files were read, as the log says it."""
    caplog.set_level(logging.INFO)
    return lambda: [one.getMessage().partition("since ")[2] for one in caplog.records if "is read, and not copied" in one.getMessage()]


@pytest.fixture
def copies(pool, schema):
    """The statements that copied files into tables of the test's schema."""
    return lambda: [one for one in pool.statements(f"COPY INTO [{schema}]") if "FILE_TYPE = 'PARQUET'" in one]


@pytest.fixture
def left(pool, schema):
    """Staging tables that are still there."""
    return lambda: pool.rows(
        f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND LEFT(TABLE_NAME, 8) = N'_sdc_stg'"
    )
