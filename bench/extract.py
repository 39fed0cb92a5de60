"""Cases of taps: from a table to lines, or to what the peer makes of them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

from bench import arrived
from bench.cases import BIG, FIFTH, HALF, LARGE, SLOW, TENTH, Case, Contender, Job
from bench.data import EVENTS, FLIGHTS
from bench.digest import by_rows
from bench.errors import BenchError
from bench.measure import Stage, plain_environment
from bench.scene import PROGRAMS, command, program

if TYPE_CHECKING:
    from pathlib import Path

    from bench.data import Table
    from bench.digest import Digest
    from bench.scene import Scene

DISCOVERY_LIMIT_S = 60
DLT_FILE_ROWS = 25_000


def tap_settings(scene: Scene, table: Table, rows: int, warehouse: str) -> Path:
    """A settings file for tap-warehouse: the whole table as one stream, named as the table."""
    name = table.sized(rows)
    settings: dict[str, Any] = {"warehouse": warehouse, "models": [{"name": table.name, "sql": f"SELECT * FROM {name}", "key_columns": ["id"]}]}
    if warehouse == "duckdb":
        settings["duckdb"] = {"path": str(scene.warehouse.path(table, rows))}
    else:
        scene.in_postgres(table, rows)
        settings["postgres"] = scene.server.settings
    return write(scene.folder / f"tap-warehouse.{warehouse}.{name}.json", settings)


def write(path: Path, content: object) -> Path:
    """Write JSON; its path."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def ours(scene: Scene, table: Table, rows: int, *, warehouse: str) -> Job:
    """tap-warehouse."""
    stage = command("tap-warehouse", "--config", tap_settings(scene, table, rows, warehouse))
    return Job([stage], drained="records", proof=lambda path: arrived.singer_lines(path, table.columns, rows))


def singer_peer(scene: Scene, table: Table, rows: int, *, peer: str) -> Job:
    """A Singer tap for PostgreSQL, with a catalog that it discovered beforehand."""
    return Job(
        [singer_peer_stage(scene, table, rows, peer)],
        drained="records",
        proof=lambda path: arrived.singer_lines(path, table.columns, rows),
    )


def singer_peer_stage(scene: Scene, table: Table, rows: int, peer: str) -> Stage:
    """The peer's command."""
    name, script = scene.in_postgres(table, rows), scene.environments.script(peer)
    server = scene.server.settings
    if peer == "meltanolabs-tap-postgres":
        url = scene.server.url.replace("postgresql:", "postgresql+psycopg2:")
        settings: dict[str, Any] = {"sqlalchemy_url": url, "filter_schemas": ["public"]}
    else:
        settings = {**server, "dbname": server["database"], "filter_schemas": "public"}
    config = write(scene.folder / f"{peer}.json", settings)
    catalog = scene.folder / f"{peer}.{name}.catalog.json"
    if not catalog.exists():
        write(catalog, selected(_discovered(script, config), name))
    option = "--properties" if peer.startswith("pipelinewise") else "--catalog"
    return Stage(peer, (script, "--config", config, option, catalog))


def _discovered(script: Path, config: Path) -> dict[str, Any]:
    argv = [str(script), "--config", str(config), "--discover"]
    done = subprocess.run(argv, capture_output=True, text=True, env=plain_environment(), timeout=DISCOVERY_LIMIT_S, check=False)
    if done.returncode:
        raise BenchError(f"the discovery of {script.name} failed: {done.stderr.strip()[-300:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def selected(catalog: dict[str, Any], table: str) -> dict[str, Any]:
    """The catalog with one table alone, all of it, in full."""
    streams = [stream for stream in catalog["streams"] if stream["table_name"] == table]
    for stream in streams:
        stream["replication_method"] = "FULL_TABLE"
        for entry in stream["metadata"]:
            entry["metadata"]["selected"] = True
            if not entry["breadcrumb"]:
                entry["metadata"] |= {"replication-method": "FULL_TABLE", "forced-replication-method": "FULL_TABLE"}
    return {"streams": streams}


def dlt_sql(scene: Scene, table: Table, rows: int, *, backend: str) -> Job:
    """Dlt's `sql_table`, into Parquet files."""
    name, out = scene.in_postgres(table, rows), scene.folder / f"dlt-{backend}"
    url = scene.server.url if backend == "connectorx" else scene.server.url.replace("postgresql:", "postgresql+psycopg:")
    job = {
        "from": {"url": url, "table": name, "backend": backend},
        "to": {"path": str(out)},
        "name": name,
        "dataset": "loaded",
        "state": str(out / "state"),
    }
    return Job(
        [dlt_stage(scene, write(scene.folder / f"dlt-{backend}.json", job))],
        before=lambda: shutil.rmtree(out, ignore_errors=True),
        found=lambda: arrived.parquet(f"{out}/loaded/{name}/*.parquet", table.columns, rows),
    )


def dlt_stage(scene: Scene, job: Path) -> Stage:
    """dlt, with nothing sent to its makers."""
    environment = {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(scene.folder / "dlt"),
        "ODBCSYSINI": str(scene.odbc_folder),
        # A worker a core, and files that they can share: https://dlthub.com/docs/reference/performance, read 2026-11-22
        "NORMALIZE__WORKERS": str(os.cpu_count()),
        "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": str(DLT_FILE_ROWS),
    }
    return Stage("dlt", (scene.environments.script("dlt"), PROGRAMS / "dlt_move.py", job), environment)


def sling(scene: Scene, table: Table, rows: int) -> Job:
    """sling, as CSV to standard output: its fastest way out."""
    name = scene.in_postgres(table, rows)
    environment = {"SLING_HOME_DIR": str(scene.folder / "sling"), "SLING_DISABLE_TELEMETRY": "TRUE", "BENCH": scene.server.url + "?sslmode=disable"}
    argv = (scene.environments.script("sling"), "run", "--src-conn", "BENCH", "--src-stream", f"public.{name}", "--stdout")
    return Job([Stage("sling", argv, environment)], drained="lines", proof=lambda path: arrived.csv(path, table.columns, rows))


def row_to_json(scene: Scene, table: Table, rows: int) -> Job:
    r"""COPY by psql, of JSON that the server makes; `\` in it comes doubled, so no row of the bench's tables holds one but for quotes."""
    name = scene.in_postgres(table, rows)
    stage = _psql(scene, f"COPY (SELECT row_to_json(t) FROM {name} t) TO STDOUT")
    return Job([stage], drained="lines", proof=lambda path: arrived.json_lines(_unescaped(path), table.columns, rows))


def _unescaped(path: Path) -> Path:
    path.write_bytes(path.read_bytes().replace(rb"\\", b"\\"))  # COPY's text format
    return path


def copy_binary(scene: Scene, table: Table, rows: int) -> Job:
    """Binary COPY by psql: the physical limit. Its proof is read back into a table."""
    name = scene.in_postgres(table, rows)

    def proof(path: Path) -> Digest:
        with scene.server.connect() as connection, path.open("rb") as content:
            connection.execute(f"CREATE TEMPORARY TABLE back (LIKE {name})")
            with connection.cursor() as cursor, cursor.copy("COPY back FROM STDIN (FORMAT binary)") as copy:
                while block := content.read(1 << 20):
                    copy.write(block)
            connection.execute(f"CREATE TABLE IF NOT EXISTS copied_{name} AS TABLE back")
        found = arrived.postgres_table(scene.server, f"copied_{name}", table.columns, rows)
        with scene.server.connect() as connection:
            connection.execute(f"DROP TABLE copied_{name}")
        return found

    return Job([_psql(scene, f"COPY {name} TO STDOUT (FORMAT binary)")], drained="bytes", proof=proof)


def _psql(scene: Scene, statement: str) -> Stage:
    return Stage("psql", (scene.server.psql, scene.server.url, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", statement))


def api(scene: Scene, table: Table, rows: int, *, name: str) -> Job:
    """A tap over dicts, as every tap of an HTTP API is one."""
    config = write(scene.folder / f"{name}.{rows}.json", {"rows": rows})
    return Job(
        [program(name, "--config", config)],
        drained="records",
        proof=lambda path: arrived.singer_lines(path, table.columns, rows),
        wanted=lambda: by_rows(_api_rows(rows), table.columns, rows),
    )


def _api_rows(rows: int) -> Any:
    spec = importlib.util.spec_from_file_location("api_rows", PROGRAMS / "api_rows.py")
    if spec is None or spec.loader is None:
        raise BenchError("api_rows.py is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rows(rows)


DUCKDB = Contender("tap-warehouse (DuckDB)", BIG, partial(ours, warehouse="duckdb"), is_ours=True)
POSTGRES = Contender("tap-warehouse (PostgreSQL)", BIG, partial(ours, warehouse="postgres"), is_ours=True)
ROW_TO_JSON = Contender("psql COPY row_to_json", BIG, row_to_json, is_limit=True)
COPY_BINARY = Contender("psql COPY binary", BIG, copy_binary, is_limit=True)
MELTANOLABS = Contender("meltanolabs-tap-postgres", SLOW, partial(singer_peer, peer="meltanolabs-tap-postgres"))
PIPELINEWISE = Contender("pipelinewise-tap-postgres", SLOW, partial(singer_peer, peer="pipelinewise-tap-postgres"))
DLT_ROWS = Contender("dlt (sqlalchemy) to Parquet", FIFTH, partial(dlt_sql, backend="sqlalchemy"))
DLT_ARROW = Contender("dlt (connectorx) to Parquet", BIG, partial(dlt_sql, backend="connectorx"))
SLING = Contender("sling to CSV", BIG, sling)
SUITE_DICTS = Contender("the suite's tap of dicts", HALF, partial(api, name="suite_api_tap"), is_ours=True)
SDK_DICTS = Contender("singer-sdk's tap of dicts", TENTH, partial(api, name="sdk_api_tap"))

TO_A_COUNT = "The end of the pipe counts the records and throws them away; its CPU time is in no figure. The servers' CPU time is PostgreSQL's."
CASES = (
    Case(
        "extract",
        "From a table to lines",
        EVENTS,
        (DUCKDB, MELTANOLABS, POSTGRES, PIPELINEWISE, ROW_TO_JSON, DLT_ROWS, COPY_BINARY, DLT_ARROW, SLING),
        POSTGRES.name,
        f"{TO_A_COUNT} dlt writes Parquet files and sling CSV, so they do without a line of JSON a row. Psql's COPY is no tap: it is what the server can give.",
    ),
    Case(
        "extract flights",
        "The same, real flights",
        FLIGHTS,
        (DUCKDB, MELTANOLABS.sized(FIFTH), POSTGRES, PIPELINEWISE.sized(FIFTH), ROW_TO_JSON),
        POSTGRES.name,
        "Twenty columns, of which fourteen are whole numbers.",
    ),
)
LARGE_CASES = (
    Case(
        "extract large",
        "From a table of five million rows to lines",
        EVENTS,
        tuple(one.sized(LARGE) for one in (DUCKDB, POSTGRES, ROW_TO_JSON)),
        POSTGRES.name,
        most_rounds=2,
        in_quick=False,
    ),
    Case(
        "extract large flights",
        "The same, real flights",
        FLIGHTS,
        tuple(one.sized(LARGE) for one in (DUCKDB, POSTGRES)),
        POSTGRES.name,
        most_rounds=2,
        in_quick=False,
    ),
)
OTHER_CASES = (
    Case(
        "api",
        "From an API's dicts to lines",
        EVENTS,
        (SUITE_DICTS, SDK_DICTS),
        SUITE_DICTS.name,
        "Made-up rows, without an API that would be waited for.",
    ),
)
