"""Runs COPY INTO: all files of all locations, or nothing [sql/t-sql/statements/copy-into-transact-sql].

Whether a pool keeps rows of a COPY that failed half-way is not documented; here it keeps none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse.loading.blobs import Blob, check_credential, located, read_blobs
from sandbox.synapse.loading.copy_csv import CsvJob, Loaded, insert_rows
from sandbox.synapse.loading.csv_files import csv_format
from sandbox.synapse.loading.parquet_files import discovered, read_by_name, read_parquet
from sandbox.synapse.loading.rejects import rejects_of
from sandbox.synapse.objects import TableDef
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.refusals import errors, load_errors
from sandbox.synapse.rows.stored import changed_table, stored
from sandbox.synapse.tables import ddl
from sandbox.synapse.tables.made import literal_of
from sandbox.synapse.values.conversion import converted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.synapse.session import PoolSession


def run(session: PoolSession, command: c.Copy) -> int:
    """Load, and say how many rows. Raises SqlError; then nothing is loaded."""
    command, file_type = _with_format(session, command)
    check_credential(command.credentials.get("CREDENTIAL", {}), file_type=file_type, locations=command.locations)
    table = session.catalog.find(command.name)
    discovering = command.options.get("AUTO_CREATE_TABLE") == "ON"
    _check_options(command, file_type)
    if table is None and not discovering:
        session.catalog.table(command.name)
    blobs = _blobs(session, command)
    if discovering:
        return _discover(session, command, table, list(blobs))
    table = changed_table(session, command.name)
    if len(table.hash_columns) > 1:
        raise load_errors.copy_into_many_hash_columns()
    plan = _plan(session, table, command)
    with session.writing():
        if file_type == "PARQUET":
            return sum(_load_parquet(session, table, plan, blob) for blob in blobs)
        return _load_csv(session, command, table, plan, blobs)


def _load_csv(session: PoolSession, command: c.Copy, table: TableDef, plan: list[Loaded], blobs: Iterator[Blob]) -> int:
    layout = csv_format(command.options, session.pool.quoted_empty)
    pool = session.pool
    rejects = rejects_of(command, located(command.locations[0], pool.endpoints), pool.endpoints, pool.identities)
    job = CsvJob(session, table, plan, layout, command)
    try:
        return sum(job.load(blob) for blob in blobs)
    finally:
        if rejects:
            rejects.rows += job.rejected
            rejects.write(session.request_id)


def _with_format(session: PoolSession, command: c.Copy) -> tuple[c.Copy, str]:
    """The file type, which an external file format may say in its place [copy-into-transact-sql, "FILE_FORMAT": Parquet and ORC only]."""
    named = command.options.get("FILE_FORMAT")
    if named is None:
        return command, command.options.get("FILE_TYPE", "CSV")
    found = session.pool.catalog.content.formats.get(named.lower())
    if found is None:
        raise load_errors.no_external_object("file format", named)
    if found.kind != "PARQUET":
        raise load_errors.copy_option("FILE_FORMAT", f"('{named}') is of type {found.kind}")
    if command.options.get("FILE_TYPE", "PARQUET") != "PARQUET":
        raise load_errors.copy_option("FILE_FORMAT", "contradicts FILE_TYPE")
    return command, "PARQUET"


def _check_options(command: c.Copy, file_type: str) -> None:
    """Which option goes with which file type [copy-into-transact-sql, the option's own section]."""
    options = command.options
    if file_type == "ORC":
        raise errors.unknown_here("COPY from ORC")
    if file_type != "CSV":
        for option in ("ERRORFILE", "FIELDQUOTE", "FIELDTERMINATOR", "ROWTERMINATOR", "FIRSTROW", "DATEFORMAT", "ENCODING"):
            if option in options:
                raise load_errors.copy_option(option, f"does not go with FILE_TYPE '{file_type}'")
        if "ERRORFILE_CREDENTIAL" in command.credentials:
            raise load_errors.copy_option("ERRORFILE_CREDENTIAL", f"does not go with FILE_TYPE '{file_type}'")
        if options.get("COMPRESSION", "NONE") not in {"NONE", "GZIP", "SNAPPY"}:
            raise load_errors.copy_option("COMPRESSION", f"('{options['COMPRESSION']}') does not go with FILE_TYPE '{file_type}'")
    if options.get("AUTO_CREATE_TABLE") == "ON" and (file_type == "CSV" or command.columns or "MAXERRORS" in options):
        raise load_errors.copy_option("AUTO_CREATE_TABLE", "goes with Parquet only, without a column list and MAXERRORS")


def _discover(session: PoolSession, command: c.Copy, table: TableDef | None, blobs: list[Blob]) -> int:
    """AUTO_CREATE_TABLE: the table is made from the first file where it is not there; columns then go by name, and types convert.

    "Don't load into hash distributed tables from Parquet files using COPY INTO with AUTO_CREATE_TABLE = 'ON'": refused here, as it goes wrong there.
    """
    if table is None:
        made = TableDef(command.name[-2] if len(command.name) > 1 else "dbo", command.name[-1], discovered(blobs[0].name, blobs[0].data))
        if any(column.type.is_max for column in made.columns):
            made.index = "HEAP"
        ddl.run(session, d.CreateTable(made, command.name))
        table = session.catalog.table(command.name)
    if table.distribution == "HASH":
        raise load_errors.copy_option("AUTO_CREATE_TABLE", "does not go with a hash distributed table")
    with session.writing():
        return sum(_load_discovered(session, table, blob) for blob in blobs)


def _load_discovered(session: PoolSession, table: TableDef, blob: Blob) -> int:
    rows, kinds = read_by_name(blob.name, blob.data, table)
    names = [table.column(name) for name in rows.column_names]
    plan = [Loaded(column, number, None) for number, column in enumerate(names, 1)]
    values = [stored(session, table, column, f"c{number}", kind) for number, (column, kind) in enumerate(zip(names, kinds, strict=True), 1)]
    return insert_rows(session, table, plan, values, rows.rename_columns([f"c{number}" for number in range(1, len(names) + 1)]))


def _plan(session: PoolSession, table: TableDef, command: c.Copy) -> list[Loaded]:
    """Which field goes where.

    With a column list, a column that may not be NULL needs a DEFAULT, or 105211: its default is NULL otherwise. An identity column takes a field
    with IDENTITY_INSERT = 'ON' alone, and needs one then [copy-into-transact-sql, "IDENTITY_INSERT"].
    """
    identity, given = table.identity, command.options.get("IDENTITY_INSERT") == "ON"
    if given and identity is None:
        raise load_errors.copy_option("IDENTITY_INSERT", "is ON, and the table has no identity column")
    if command.columns is None:
        if identity and not given:
            raise load_errors.copy_identity(identity.name, "needs a column list that leaves it out while IDENTITY_INSERT is OFF")
        return [Loaded(column, number, None) for number, column in enumerate(table.columns, 1)]
    plan = [_loaded(session, table, entry, place) for place, entry in enumerate(command.columns, 1)]
    listed = {loaded.column.name: loaded for loaded in plan}
    if len(listed) < len(plan):
        raise load_errors.copy_option("Column_list", "names a column twice")
    if identity and (identity.name in listed) != given:
        raise load_errors.copy_identity(identity.name, "must be mapped" if given else "cannot be mapped while IDENTITY_INSERT is OFF")
    for column in table.columns:
        loaded = listed.get(column.name)
        if column.nullable or column is identity:
            continue
        if (loaded is None or loaded.default is None) and not (loaded is None and column.default):
            raise load_errors.copy_null(column.name)
    return plan


def _loaded(session: PoolSession, table: TableDef, entry: c.CopyColumn, place: int) -> Loaded:
    column = table.column(entry.name)
    if entry.default is None or entry.default.upper() == "NULL":
        return Loaded(column, entry.field or place, None)
    if column.identity:
        raise load_errors.copy_identity(column.name, "takes no default value")
    return Loaded(column, entry.field or place, literal_of(session, entry.default, column))


def _right(session: PoolSession, command: c.Copy) -> dict[str, str]:
    """The credential; without one a user of Entra ID reads by a role of his own, which all of them have here [table of credentials, "Microsoft Entra user"]."""
    given = command.credentials.get("CREDENTIAL", {})
    return {"IDENTITY": "managed identity"} if session.login.token and not given else given


def _blobs(session: PoolSession, command: c.Copy) -> Iterator[Blob]:
    places = [located(url, session.pool.endpoints) for url in command.locations]
    if len({(place.account_url, place.container) for place in places}) > 1:
        raise load_errors.copy_option("FROM", "names more than one account or container")
    for place in places:
        for blob in read_blobs(place, _right(session, command), session.pool.identities):
            session.check_cancelled()
            yield blob


def _load_parquet(session: PoolSession, table: TableDef, plan: list[Loaded], blob: Blob) -> int:
    rows = read_parquet(blob.name, blob.data, [(loaded.column, loaded.number) for loaded in plan])
    place = f"table '{session.pool.database}.{table.full_name}', column "
    values = [
        loaded.filled(converted(f"c{loaded.number}", loaded.column.type, loaded.column.type, place=f"{place}'{loaded.column.name}'"))
        for loaded in plan
    ]
    return insert_rows(session, table, plan, values, rows)
