"""sys.pdw_*, sys.dm_pdw_* and sys.external_* [sql/relational-databases/system-catalog-views/sql-data-warehouse-and-parallel-data-warehouse-catalog-views]."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sandbox.synapse.values.declared import BIGINT, BIT, INT, SYSNAME, DeclaredType
from sandbox.synapse.views.view_kind import FLOAT, MOMENT, SMALLINT, TINYINT, Row, View, schema_id, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.synapse.session import PoolSession

_CREATED: Final = datetime(2024, 1, 1)  # noqa: DTZ001  # datetime has no zone


def _table_distribution(session: PoolSession) -> Iterable[Row]:
    policies = {"HASH": 2, "REPLICATE": 3, "ROUND_ROBIN": 4}
    for table in session.pool.catalog:
        if table.external is None:
            yield table.object_id, policies[table.distribution], table.distribution


def _column_distribution(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        names = [name.lower() for name in table.hash_columns]
        for column in table.columns if table.external is None else []:
            yield table.object_id, column.id, names.index(column.name.lower()) + 1 if column.name.lower() in names else 0


def _requests(session: PoolSession) -> Iterable[Row]:
    for one in session.pool.requests:
        yield (
            one.request_id, one.session_id, one.status, one.submitted_utc, one.submitted_utc, one.ended_utc, one.elapsed_ms, one.label,
            one.error_id, 5, one.command, "smallrc", "normal", "SmallRc", None,
        )  # fmt: skip


def _errors(session: PoolSession) -> Iterable[Row]:
    for one in session.pool.requests:
        if one.error_id:
            yield one.error_id, "Engine", "Exception", one.ended_utc, 1, one.session_id, one.request_id, 0, 0, one.details


def _sessions(session: PoolSession) -> Iterable[Row]:
    """Open ones, and those that were [sql/relational-databases/system-dynamic-management-views/sys-dm-pdw-exec-sessions-transact-sql]."""
    for session_id, login, opened_utc in session.pool.ended:
        yield session_id, "Closed", None, login.user, opened_utc, 0, False, login.host, login.application
    for one in session.pool.sessions():
        active = any(request.session_id == one.session_id and request.status == "Running" for request in session.pool.requests)
        yield (
            one.session_id, "Active" if active else "Idle", one.request_id or None, one.login.user, one.opened_utc, 0, one.in_transaction,
            one.login.host, one.login.application,
        )  # fmt: skip


def _node_sessions(session: PoolSession) -> Iterable[Row]:
    """As a compute node sees them; 1 is READ UNCOMMITTED, a pool's default [sql-data-warehouse-develop-transactions, "Transaction isolation levels"]."""
    for one in session.pool.sessions():
        yield 1, int(one.session_id.removeprefix("SID")), one.login.user, one.opened_utc, one.login.host, one.login.application, 1


def _system_views(_: PoolSession) -> Iterable[Row]:
    """The views that a driver looks for before it asks them."""
    for place, name in enumerate(sorted(known.removeprefix("sys_") for known in VIEWS if known.startswith("sys_")), 1):
        yield name, -place, 4, "V ", "VIEW", True


def _lock_waits(session: PoolSession) -> Iterable[Row]:
    names = {table.object_id: table.full_name for table in session.pool.catalog}
    for number, (session_id, table, mode, state) in enumerate(session.pool.locks.waits(), 1):
        yield number, session_id, "Exclusive" if mode == "exclusive" else "SharedUpdate", "OBJECT", names.get(table), state


def _service(session: PoolSession) -> Iterable[Row]:
    yield 5, "DataWarehouse", session.pool.weather.service_level, None


def _external_tables(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    sources, formats = list(catalog.content.sources), list(catalog.content.formats)
    for table in catalog:
        if (place := table.external) is not None:
            yield (
                table.name, table.object_id, schema_id(catalog, table.schema), place.location, 65536 + sources.index(place.source.lower()),
                65536 + formats.index(place.format.lower()), place.reject_type, place.reject_value, place.reject_sample_rows,
                place.rejected_row_location,
            )  # fmt: skip


def _sources(session: PoolSession) -> Iterable[Row]:
    content = session.pool.catalog.content
    credentials = list(content.credentials)
    for number, one in enumerate(content.sources.values(), 65536):
        held = 65536 + credentials.index(one.credential.lower()) if one.credential else 0
        yield number, one.name, one.location, "HADOOP", 0, None, held


def _formats(session: PoolSession) -> Iterable[Row]:
    for number, one in enumerate(session.pool.catalog.content.formats.values(), 65536):
        options, delimited = one.options, one.kind == "DELIMITEDTEXT"
        yield (
            number, one.name, one.kind, options.get("FIELD_TERMINATOR", "|") if delimited else None, options.get("STRING_DELIMITER", "") if delimited else None,
            options.get("DATE_FORMAT", "") if delimited else None, options.get("USE_TYPE_DEFAULT") == "TRUE", None, "\\n" if delimited else None,
            options.get("ENCODING", "UTF8") if delimited else None, one.compression, int(options.get("FIRST_ROW", "1")) if delimited else None,
        )  # fmt: skip


def _credentials(session: PoolSession) -> Iterable[Row]:
    for number, one in enumerate(session.pool.catalog.content.credentials.values(), 65536):
        yield number, one.name, 1, one.identity, _CREATED, _CREATED


def _symmetric_keys(session: PoolSession) -> Iterable[Row]:
    if session.pool.catalog.content.master_key:
        yield "##MS_DatabaseMasterKey##", 1, 101, 256, "AES_256", _CREATED


VIEWS: Final = {
    "sys_pdw_table_distribution_properties": View(
        {"object_id": INT, "distribution_policy": TINYINT, "distribution_policy_desc": text(60)}, _table_distribution),
    "sys_pdw_column_distribution_properties": View({"object_id": INT, "column_id": INT, "distribution_ordinal": TINYINT}, _column_distribution),
    "sys_dm_pdw_exec_requests": View(
        {"request_id": text(32), "session_id": text(32), "status": text(32), "submit_time": MOMENT, "start_time": MOMENT, "end_time": MOMENT,
         "total_elapsed_time": BIGINT, "label": text(255), "error_id": text(36), "database_id": INT, "command": text(4000),
         "resource_class": text(20), "importance": text(32), "group_name": SYSNAME, "classifier_name": SYSNAME}, _requests),
    "sys_dm_pdw_errors": View(
        {"error_id": text(36), "source": text(64), "type": text(4000), "create_time": MOMENT, "pdw_node_id": INT, "session_id": text(32),
         "request_id": text(32), "spid": INT, "thread_id": INT, "details": text(4000)}, _errors),
    "sys_dm_pdw_exec_sessions": View(
        {"session_id": text(32), "status": text(10), "request_id": text(32), "login_name": SYSNAME, "login_time": MOMENT, "query_count": INT,
         "is_transactional": BIT, "client_id": text(255), "app_name": text(255)}, _sessions),
    "sys_dm_pdw_nodes_exec_sessions": View(
        {"pdw_node_id": INT, "session_id": INT, "login_name": SYSNAME, "login_time": MOMENT, "host_name": SYSNAME, "program_name": SYSNAME,
         "transaction_isolation_level": SMALLINT}, _node_sessions),
    "sys_system_views": View(
        {"name": SYSNAME, "object_id": INT, "schema_id": INT, "type": DeclaredType("char", 2), "type_desc": text(60), "is_ms_shipped": BIT}, _system_views),
    "sys_dm_pdw_lock_waits": View(
        {"wait_id": BIGINT, "session_id": text(32), "type": text(255), "object_type": text(255), "object_name": text(386), "state": text(50)},
        _lock_waits),
    "sys_database_service_objectives": View(
        {"database_id": INT, "edition": SYSNAME, "service_objective": SYSNAME, "elastic_pool_name": SYSNAME}, _service),
    "sys_external_tables": View(
        {"name": SYSNAME, "object_id": INT, "schema_id": INT, "location": text(4000), "data_source_id": INT, "file_format_id": INT,
         "reject_type": text(20), "reject_value": FLOAT, "reject_sample_value": FLOAT, "rejected_row_location": text(4000)}, _external_tables),
    "sys_external_data_sources": View(
        {"data_source_id": INT, "name": SYSNAME, "location": text(4000), "type_desc": text(255), "type": TINYINT, "resource_manager_location": text(4000),
         "credential_id": INT}, _sources),
    "sys_external_file_formats": View(
        {"file_format_id": INT, "name": SYSNAME, "format_type": text(100), "field_terminator": text(10), "string_delimiter": text(10),
         "date_format": text(50), "use_type_default": BIT, "serde_method": text(255), "row_terminator": text(10), "encoding": text(10),
         "data_compression": text(255), "first_row": INT}, _formats),
    "sys_database_scoped_credentials": View(
        {"credential_id": INT, "name": SYSNAME, "principal_id": INT, "credential_identity": text(4000), "create_date": MOMENT, "modify_date": MOMENT},
        _credentials),
    "sys_symmetric_keys": View(
        {"name": SYSNAME, "principal_id": INT, "symmetric_key_id": INT, "key_length": INT, "algorithm_desc": text(60), "create_date": MOMENT},
        _symmetric_keys),
}  # fmt: skip
