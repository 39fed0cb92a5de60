"""sys.*: objects, columns, indexes, statistics, keys, defaults [sql/relational-databases/system-catalog-views]."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import ProcedureDef, TableDef, ViewDef
from sandbox.synapse.tables.table_indexes import clustered_name
from sandbox.synapse.tables.table_partitions import in_partition
from sandbox.synapse.values.declared import BIGINT, BIT, DEFAULT_COLLATION, INT, SYSNAME, DeclaredType
from sandbox.synapse.views.view_kind import MOMENT, SMALLINT, TINYINT, Row, View, kind_of, schema_id, text
from sandbox.synapse.views.views_information import columns_of
from sandbox.synapse.views.views_partitions import PRIMARY_SPACE, scheme_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sandbox.synapse.catalog import Catalog, Object
    from sandbox.synapse.session import PoolSession

_TYPES: Final = [
    "uniqueidentifier", "date", "time", "datetime2", "datetimeoffset", "tinyint", "smallint", "int", "smalldatetime", "real", "money", "datetime",
    "float", "bit", "decimal", "smallmoney", "bigint", "varbinary", "varchar", "binary", "char", "nvarchar", "nchar",
]  # fmt: skip
_DESCRIBED: Final = {"U": "USER_TABLE", "V": "VIEW", "P": "SQL_STORED_PROCEDURE"}
_INDEX: Final = {"HEAP": (0, 0, "HEAP"), "CLUSTERED": (1, 1, "CLUSTERED"), "CLUSTERED COLUMNSTORE": (1, 5, "CLUSTERED COLUMNSTORE")}


def _object(catalog: Catalog, one: Object) -> Row:
    kind = kind_of(one)
    return one.name, one.object_id, schema_id(catalog, one.schema), 0, f"{kind} ", _DESCRIBED[kind], one.created_utc, one.created_utc, False


def objects_of(wanted: type[Object] | tuple[type[Object], ...]) -> Callable[[PoolSession], Iterable[Row]]:
    """What makes the rows of sys.objects for some kinds."""

    def rows(session: PoolSession) -> Iterator[Row]:
        catalog = session.pool.catalog
        return (_object(catalog, one) for one in catalog.objects() if isinstance(one, wanted))

    return rows


def _tables(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for table in catalog:
        yield *_object(catalog, table), table.external is not None


def _schemas(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for name in catalog.schemas.values():
        yield name, schema_id(catalog, name), 1


def _columns(session: PoolSession) -> Iterable[Row]:
    for one in session.pool.catalog.objects():
        for column in columns_of(one) if isinstance(one, (TableDef, ViewDef)) else []:
            kind = column.type
            number = kind.system_type_id
            collation = (kind.collation or DEFAULT_COLLATION) if kind.is_text else None
            yield (
                one.object_id, column.name, column.id, number, number, kind.max_length_bytes, kind.digits, kind.scale, collation, column.nullable,
                column.identity is not None, False,
            )  # fmt: skip


def _types(_: PoolSession) -> Iterable[Row]:
    for name in _TYPES:
        kind = DeclaredType(name, 8000 if name[0] != "n" else 4000)
        number = kind.system_type_id
        yield name, number, number, 4, kind.max_length_bytes, kind.digits, kind.scale, True, False


def _indexes(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        number, kind, words = _INDEX[table.index]
        space = scheme_id(table) if table.partition else PRIMARY_SPACE
        yield table.object_id, None if number == 0 else clustered_name(table), number, kind, words, False, False, False, space
        for place, name in enumerate(table.indexes, 2):
            yield table.object_id, name, place, 2, "NONCLUSTERED", False, False, False, space
        for place, key in enumerate(table.keys, 2 + len(table.indexes)):
            yield table.object_id, key.name, place, 2, "NONCLUSTERED", True, key.primary, not key.primary, space


def _index_columns(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        number, kind, _ = _INDEX[table.index]
        ordered = kind == _INDEX["CLUSTERED COLUMNSTORE"][1]
        listed = [(number, [column.name for column in table.columns] if ordered else table.index_columns)] if number else []
        listed += list(enumerate(table.indexes.values(), 2))
        listed += list(enumerate((key.columns for key in table.keys), 2 + len(table.indexes)))
        order = [name.lower() for name in table.index_columns]
        partitioned = table.partition.column.lower() if table.partition else ""
        own = [name.lower() for index, names in listed for name in names if index == number]
        for index, names in listed:
            for place, name in enumerate(names, 1):
                column = table.column(name)
                ordinal = order.index(name.lower()) + 1 if index == 1 and ordered and name.lower() in order else 0
                keyed = 0 if index == 1 and ordered else place
                parts = bool(table.partition) and index == number and name.lower() == partitioned
                yield table.object_id, index, place, column.id, keyed, int(parts), False, index == 1 and ordered, ordinal
        if table.partition and partitioned not in own:  # of the table's own index, or of the heap, a column that is no key of it
            yield table.object_id, number, len(own) + 1, table.column(partitioned).id, 0, 1, False, False, 0


def _stats(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        for number, name in enumerate(table.statistics, 2):
            yield table.object_id, name, number, False, True, False, None


def _stats_columns(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        for number, names in enumerate(table.statistics.values(), 2):
            for place, name in enumerate(names, 1):
                yield table.object_id, number, place, table.column(name).id


def _partitions(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        if table.external is not None:
            continue
        for number in range(1, table.partitions + 1):
            where = in_partition(session, table, number if table.partition else None)
            found = session.first(f"SELECT count(*) FROM {table.duck} WHERE {where}")
            place = table.object_id * 100_000 + number
            yield place, table.object_id, _INDEX[table.index][0], number, place, found[0] if found else 0, 0, "NONE"


def _identity_columns(session: PoolSession) -> Iterable[Row]:
    for table in session.pool.catalog:
        if (column := table.identity) and column.identity:
            number = column.type.system_type_id
            yield table.object_id, column.name, column.id, number, number, str(column.identity[0]), str(column.identity[1]), None, True


def _defaults(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for table in catalog:
        for column in table.columns:
            if column.default is not None:
                name = column.default_name or f"Df_{table.object_id:x}_{column.id}"
                number = table.object_id + 1
                yield name, number, schema_id(catalog, table.schema), table.object_id, column.id, f"({column.default})"


def _keys(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for table in catalog:
        for place, key in enumerate(table.keys, 2 + len(table.indexes)):
            kind, words = ("PK", "PRIMARY_KEY_CONSTRAINT") if key.primary else ("UQ", "UNIQUE_CONSTRAINT")
            yield key.name, table.object_id + place, schema_id(catalog, table.schema), table.object_id, kind, words, place, False


def _parameters(session: PoolSession) -> Iterable[Row]:
    for one in session.pool.catalog.objects():
        for number, parameter in enumerate(one.parameters, 1) if isinstance(one, ProcedureDef) else []:
            kind = parameter.type
            yield (
                one.object_id, parameter.name, number, kind.system_type_id, kind.system_type_id, kind.max_length_bytes, kind.digits, kind.scale, False,
            )  # fmt: skip


def _modules(session: PoolSession) -> Iterable[Row]:
    for one in session.pool.catalog.objects():
        if isinstance(one, (ViewDef, ProcedureDef)):
            yield one.object_id, one.definition, True, True


def _databases(session: PoolSession) -> Iterable[Row]:
    created = datetime(2024, 1, 1)  # noqa: DTZ001  # datetime has no zone
    yield "master", 1, created, 140, DEFAULT_COLLATION, "ONLINE", False, False
    yield session.pool.catalog.database, 5, created, 140, DEFAULT_COLLATION, "ONLINE", False, False


_OBJECT: Final = {
    "name": SYSNAME, "object_id": INT, "schema_id": INT, "parent_object_id": INT, "type": DeclaredType("char", 2), "type_desc": text(60),
    "create_date": MOMENT, "modify_date": MOMENT, "is_ms_shipped": BIT,
}  # fmt: skip
_TYPED: Final = {"system_type_id": TINYINT, "user_type_id": INT, "max_length": SMALLINT, "precision": TINYINT, "scale": TINYINT}
VIEWS: Final = {
    "sys_schemas": View({"name": SYSNAME, "schema_id": INT, "principal_id": INT}, _schemas),
    "sys_objects": View(_OBJECT, objects_of((TableDef, ViewDef, ProcedureDef))),
    "sys_tables": View({**_OBJECT, "is_external": BIT}, _tables),
    "sys_views": View(_OBJECT, objects_of(ViewDef)),
    "sys_procedures": View(_OBJECT, objects_of(ProcedureDef)),
    "sys_sql_modules": View({"object_id": INT, "definition": text(4000), "uses_ansi_nulls": BIT, "uses_quoted_identifier": BIT}, _modules),
    "sys_parameters": View({"object_id": INT, "name": SYSNAME, "parameter_id": INT, **_TYPED, "is_output": BIT}, _parameters),
    "sys_columns": View(
        {"object_id": INT, "name": SYSNAME, "column_id": INT, **_TYPED, "collation_name": SYSNAME, "is_nullable": BIT, "is_identity": BIT,
         "is_computed": BIT}, _columns),
    "sys_types": View(
        {"name": SYSNAME, "system_type_id": TINYINT, "user_type_id": INT, "schema_id": INT, "max_length": SMALLINT, "precision": TINYINT,
         "scale": TINYINT, "is_nullable": BIT, "is_user_defined": BIT}, _types),
    "sys_indexes": View(
        {"object_id": INT, "name": SYSNAME, "index_id": INT, "type": TINYINT, "type_desc": text(60), "is_unique": BIT, "is_primary_key": BIT,
         "is_unique_constraint": BIT, "data_space_id": INT}, _indexes),
    "sys_index_columns": View(
        {"object_id": INT, "index_id": INT, "index_column_id": INT, "column_id": INT, "key_ordinal": TINYINT, "partition_ordinal": TINYINT,
         "is_descending_key": BIT, "is_included_column": BIT, "column_store_order_ordinal": TINYINT}, _index_columns),
    "sys_stats": View(
        {"object_id": INT, "name": SYSNAME, "stats_id": INT, "auto_created": BIT, "user_created": BIT, "has_filter": BIT, "filter_definition": text(4000)},
        _stats),
    "sys_stats_columns": View({"object_id": INT, "stats_id": INT, "stats_column_id": INT, "column_id": INT}, _stats_columns),
    "sys_partitions": View(
        {"partition_id": BIGINT, "object_id": INT, "index_id": INT, "partition_number": INT, "hobt_id": BIGINT, "rows": BIGINT,
         "data_compression": TINYINT, "data_compression_desc": text(60)}, _partitions),
    "sys_identity_columns": View(
        {"object_id": INT, "name": SYSNAME, "column_id": INT, "system_type_id": TINYINT, "user_type_id": INT, "seed_value": text(40),
         "increment_value": text(40), "last_value": text(40), "is_identity": BIT}, _identity_columns),
    "sys_default_constraints": View(
        {"name": SYSNAME, "object_id": INT, "schema_id": INT, "parent_object_id": INT, "parent_column_id": INT, "definition": text(4000)}, _defaults),
    "sys_key_constraints": View(
        {"name": SYSNAME, "object_id": INT, "schema_id": INT, "parent_object_id": INT, "type": DeclaredType("char", 2), "type_desc": text(60),
         "unique_index_id": INT, "is_enforced": BIT}, _keys),
    "sys_databases": View(
        {"name": SYSNAME, "database_id": INT, "create_date": MOMENT, "compatibility_level": TINYINT, "collation_name": SYSNAME,
         "state_desc": text(60), "is_read_only": BIT, "is_read_committed_snapshot_on": BIT}, _databases),
}  # fmt: skip
