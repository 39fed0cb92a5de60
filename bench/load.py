"""Cases of targets, and of whole pipes: from lines, or from a table, to what the target writes."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from bench import arrived, extract
from bench.cases import BIG, FEW, FIFTH, HALF, LARGE, SOME, Case, Contender, Job
from bench.data import EVENTS, FLIGHTS
from bench.errors import BenchError
from bench.extract import tap_settings, write
from bench.measure import Stage, plain_environment
from bench.scene import BIN, command, program

if TYPE_CHECKING:
    from pathlib import Path

    from bench.data import Table
    from bench.measure import Measured
    from bench.scene import Scene

MAKE_LIMIT_S = 300
ONE_BATCH_ROWS = 100_000_000  # more than any table here: all files are staged before the first is copied


def lines(scene: Scene, table: Table, rows: int) -> Path:
    """A file with the table as Singer lines, made by tap-warehouse when first asked for."""
    path = scene.folder / f"{table.sized(rows)}.jsonl"
    if not path.exists():
        config = tap_settings(scene, table, rows, "duckdb")
        with path.open("wb") as output:
            subprocess.run(
                [BIN / "tap-warehouse", "--config", config], stdout=output, stderr=subprocess.DEVNULL, env=plain_environment(),
                timeout=MAKE_LIMIT_S, check=True,
            )  # fmt: skip
    return path


def synapse_stage(scene: Scene, table: Table, rows: int, **more: Any) -> Stage:
    """target-synapse, into a schema that nothing else loads into."""
    settings = {
        **scene.settings_of("target-synapse"),
        "default_target_schema": f"bench_{table.sized(rows)}",
        "rejects_path": str(scene.folder / "rejects.jsonl"),
        **more,
    }
    return command("target-synapse", "--config", write(scene.folder / "target-synapse.json", settings))


def synapse_job(scene: Scene, table: Table, rows: int, stages: list[Stage], *, stdin: Path | None, **more: Any) -> Job:
    """A pipe that ends in target-synapse: the table is dropped first, and read back afterwards."""
    schema = f"bench_{table.sized(rows)}"
    return Job(
        [*stages, synapse_stage(scene, table, rows, **more)],
        stdin=stdin,
        stdout=scene.folder / "state.jsonl",
        before=lambda: pool_without(scene, f"[{schema}].[{table.name}]"),
        found=lambda: arrived.pool_table(scene.sandbox["SANDBOX_SYNAPSE_CONTROL_URL"], f"[{schema}].[{table.name}]", table.columns, rows),
    )


def pool_without(scene: Scene, *tables: str) -> None:
    """Drop tables of the sandbox's pool."""
    import pyodbc  # noqa: PLC0415 - its import needs the system's ODBC library, which reports and their tests do not

    known = scene.settings_of("target-synapse")
    driver = known.get("odbc_driver", "ODBC Driver 18 for SQL Server")
    text = (
        f"Driver={driver};Server={known['host']},{known['port']};Database={known['database']};"
        f"UID={known['user']};PWD={{{known['password']}}};Encrypt=yes;TrustServerCertificate=yes"
    )
    connection = pyodbc.connect(text, autocommit=True)
    try:
        for table in tables:
            connection.execute(f"IF OBJECT_ID(N'{table}', N'U') IS NOT NULL DROP TABLE {table}")
    finally:
        connection.close()


def loaded(scene: Scene, table: Table, rows: int) -> Job:
    """target-synapse, all the way into the sandbox's pool."""
    return synapse_job(scene, table, rows, [], stdin=lines(scene, table, rows))


def staged(scene: Scene, table: Table, rows: int) -> Job:
    """target-synapse in one batch: the time until the pool is asked to copy is that to staged files."""
    job = synapse_job(scene, table, rows, [], stdin=lines(scene, table, rows), batch_size_rows=ONE_BATCH_ROWS)
    job.more = partial(_until_copied, scene)
    return job


def _until_copied(scene: Scene, measured: Measured) -> dict[str, float]:
    """Seconds from the start of the command to its first COPY INTO, by the clock of the pool, which is this machine's."""
    begun = time() - (monotonic() - measured.begun_s)
    for request in arrived.requests(scene.sandbox["SANDBOX_SYNAPSE_CONTROL_URL"]):
        submitted = datetime.fromisoformat(request["submitted_utc"]).replace(tzinfo=UTC).timestamp()
        if request["command"].startswith("COPY INTO") and submitted > begun:
            return {"staged_s": submitted - begun}
    raise BenchError("no file was copied into the pool")


def sdk_parquet(scene: Scene, table: Table, rows: int, *, validated: bool = True) -> Job:
    """The SDK's target with the SDK's defaults, to Parquet; or without the validation of records, which its users may switch off."""
    out = scene.folder / "sdk-parquet"
    config = write(scene.folder / "sdk-parquet.json", {"path": str(out), **({} if validated else {"validate_records": False})})
    return Job(
        [program("sdk_parquet_target", "--config", config)],
        stdin=lines(scene, table, rows),
        stdout=scene.folder / "state.jsonl",
        before=lambda: _emptied(out),
        found=lambda: arrived.parquet(f"{out}/*.parquet", table.columns, rows),
    )


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def jsonl_stage(scene: Scene, out: Path) -> Stage:
    """target-jsonl."""
    config = write(scene.folder / "target-jsonl.json", {"destination_path": str(out), "do_timestamp_file": False})
    return Stage("target-jsonl", (scene.environments.script("target-jsonl"), "--config", config))


def jsonl(scene: Scene, table: Table, rows: int) -> Job:
    """target-jsonl, from a file of lines."""
    return _to_jsonl(scene, table, rows, [], table.name, stdin=lines(scene, table, rows))


def _to_jsonl(scene: Scene, table: Table, rows: int, stages: list[Stage], stream: str, *, stdin: Path | None = None) -> Job:
    out = scene.folder / "target-jsonl"
    return Job(
        [*stages, jsonl_stage(scene, out)],
        stdin=stdin,
        stdout=scene.folder / "state.jsonl",
        before=lambda: _emptied(out),
        found=lambda: arrived.json_lines(out / f"{stream}.jsonl", table.columns, rows),
    )


def postgres(scene: Scene, table: Table, rows: int) -> Job:
    """meltanolabs-target-postgres, from a file of lines."""
    return _to_postgres(scene, table, rows, [], table.name, stdin=lines(scene, table, rows))


def _to_postgres(scene: Scene, table: Table, rows: int, stages: list[Stage], name: str, *, stdin: Path | None = None) -> Job:
    url = scene.server.url.replace("postgresql:", "postgresql+psycopg:")
    config = write(scene.folder / "target-postgres.json", {"sqlalchemy_url": url, "default_target_schema": "loaded", "use_copy": True})
    stage = Stage("meltanolabs-target-postgres", (scene.environments.script("meltanolabs-target-postgres"), "--config", config))

    def before() -> None:
        with scene.server.connect() as connection:
            connection.execute("DROP SCHEMA IF EXISTS loaded CASCADE")

    return Job(
        [*stages, stage],
        stdin=stdin,
        stdout=scene.folder / "state.jsonl",
        before=before,
        found=lambda: arrived.postgres_table(scene.server, f'loaded."{name}"', table.columns, rows),
    )


def dlt_files(scene: Scene, table: Table, rows: int) -> Job:
    """dlt, from lines to Parquet files."""
    out = scene.folder / "dlt-files"
    source = {"lines": str(lines(scene, table, rows))}
    job = {"from": source, "to": {"path": str(out)}, "name": table.name, "dataset": "loaded", "state": str(out / "state")}
    return Job(
        [extract.dlt_stage(scene, write(scene.folder / "dlt-files.json", job))],
        before=lambda: shutil.rmtree(out, ignore_errors=True),
        found=lambda: arrived.parquet(f"{out}/loaded/{table.name}/*.parquet", table.columns, rows),
    )


def dlt_synapse(scene: Scene, table: Table, rows: int) -> Job:
    """The Synapse destination of dlt, on the same sandbox, by INSERT: its COPY wants a storage account by Azure's own name."""
    known, state = scene.settings_of("target-synapse"), scene.folder / "dlt-synapse"
    credentials = {
        "drivername": "synapse",
        "host": known["host"],
        "port": known["port"],
        "database": known["database"],
        "username": known["user"],
        "password": known["password"],
        "query": {"TrustServerCertificate": "yes"},
    }
    dataset = "bench_dlt"
    job = {
        "from": {"lines": str(lines(scene, table, rows))},
        "to": {"synapse": credentials},
        "name": table.name,
        "dataset": dataset,
        "state": str(state),
    }

    def before() -> None:
        shutil.rmtree(state, ignore_errors=True)
        names = (table.name, "_dlt_loads", "_dlt_pipeline_state", "_dlt_version")
        pool_without(scene, *(f"[{schema}].[{name}]" for schema in (dataset, f"{dataset}_staging") for name in names))

    return Job(
        [extract.dlt_stage(scene, write(scene.folder / "dlt-synapse.json", job))],
        before=before,
        found=lambda: arrived.pool_table(scene.sandbox["SANDBOX_SYNAPSE_CONTROL_URL"], f"[{dataset}].[{table.name}]", table.columns, rows),
    )


def our_pipe(scene: Scene, table: Table, rows: int, *, warehouse: str) -> Job:
    """tap-warehouse | target-synapse."""
    tap = command("tap-warehouse", "--config", tap_settings(scene, table, rows, warehouse))
    return synapse_job(scene, table, rows, [tap], stdin=None)


def peers_pipe(scene: Scene, table: Table, rows: int, *, tap: str, target: str) -> Job:
    """Two peers."""
    stage, stream = extract.singer_peer_stage(scene, table, rows, tap), table.sized(rows)
    if target == "target-jsonl":
        return _to_jsonl(scene, table, rows, [stage], f"public-{stream}")
    return _to_postgres(scene, table, rows, [stage], stream)


STAGED = Contender("target-synapse, staged", BIG, staged, is_ours=True)
LOADED = Contender("target-synapse, loaded", BIG, loaded, is_ours=True)
SDK_PARQUET = Contender("singer-sdk's target to Parquet", HALF, sdk_parquet)
SDK_UNVALIDATED = Contender("the same without validation", FIFTH, partial(sdk_parquet, validated=False))
JSONL = Contender("target-jsonl", FIFTH, jsonl)
POSTGRES = Contender("meltanolabs-target-postgres", SOME, postgres)
DLT_FILES = Contender("dlt to Parquet", FIFTH, dlt_files)
DLT_SYNAPSE = Contender("dlt to Synapse (the sandbox)", FEW, dlt_synapse)

POSTGRES_PIPE = Contender("tap-warehouse (PostgreSQL) | target-synapse", BIG, partial(our_pipe, warehouse="postgres"), is_ours=True)
DUCKDB_PIPE = Contender("tap-warehouse (DuckDB) | target-synapse", BIG, partial(our_pipe, warehouse="duckdb"), is_ours=True)
PEER_PIPES = tuple(
    Contender(f"{tap} | {target}", size, partial(peers_pipe, tap=tap, target=target))
    for tap, target, size in (
        ("pipelinewise-tap-postgres", "target-jsonl", FIFTH),
        ("meltanolabs-tap-postgres", "target-jsonl", FIFTH),
        ("meltanolabs-tap-postgres", "meltanolabs-target-postgres", SOME),
    )
)

TO_STAGED = (
    '"Staged" ends with the pool\'s first COPY INTO, in a run with one batch, whose files are all in the blob store by then; its CPU time and peak are of the '
    'whole run. "Loaded" is with the default settings, to the end. The servers are the blob store and the sandbox\'s pool, which is no Synapse: '
    "what it takes says nothing about a real one. Files of the others are on the local disk."
)
CASES = (
    Case(
        "load",
        "From lines to the destination",
        EVENTS,
        (STAGED, SDK_PARQUET, SDK_UNVALIDATED, LOADED, JSONL, POSTGRES, DLT_FILES, DLT_SYNAPSE),
        STAGED.name,
        TO_STAGED,
    ),
    Case("load flights", "The same, real flights", FLIGHTS, (STAGED, SDK_PARQUET.sized(FIFTH), JSONL), STAGED.name),
    Case(
        "pipe",
        "Whole pipes",
        EVENTS,
        (POSTGRES_PIPE, PEER_PIPES[0], DUCKDB_PIPE, *PEER_PIPES[1:]),
        POSTGRES_PIPE.name,
        "Ours ends in the sandbox's pool, so with all that the pool takes for its part; the others end in files, or in PostgreSQL by COPY.",
    ),
)
LARGE_CASES = (
    Case(
        "pipe large",
        "Five million rows through a whole pipe",
        EVENTS,
        (POSTGRES_PIPE.sized(LARGE),),
        POSTGRES_PIPE.name,
        most_rounds=2,
        in_quick=False,
    ),
    Case(
        "load large",
        "Five million rows from lines to the destination",
        EVENTS,
        (LOADED.sized(LARGE),),
        LOADED.name,
        most_rounds=2,
        in_quick=False,
    ),
)
