"""Makes tables, also from a query, and checks what no table of a pool is [create-table-azure-sql-data-warehouse]."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.synapse.catalog import STORE
from sandbox.synapse.loading.external_objects import check_external
from sandbox.synapse.objects import ColumnDef, Partition, TableDef, duck_name
from sandbox.synapse.reading.table import check_columns
from sandbox.synapse.refusals import errors, table_errors
from sandbox.synapse.values.conversion import converted, sql_text
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.rows.translate import Translated
    from sandbox.synapse.session import PoolSession

MAX_ROW_BYTES = 8_060  # sql-data-warehouse-service-capacity-limits, "Bytes per row, defined size"
ROW_OVERHEAD_BYTES = 7
DISTRIBUTIONS = 60  # massively-parallel-processing-mpp-architecture, "Distributions"


def create_table(session: PoolSession, command: d.CreateTable) -> None:
    """CREATE TABLE, CTAS and CREATE EXTERNAL TABLE."""
    schema, name = session.pool.catalog.split(command.name)
    # The command may run again (a batch in a loop): the catalogue gets a table of its own.
    made = command.table
    table = replace(made, schema=schema, name=name, columns=[replace(one) for one in made.columns], keys=list(made.keys), statistics={}, indexes={})
    table.schema = session.pool.catalog.schema(schema)
    if session.catalog.find(command.name) is not None:
        raise errors.object_exists(name)
    query = _columns_of_query(session, table, command) if command.query else None
    check_table(session, table)
    if table.external is not None:
        check_external(session, table)
    session.catalog.add(table)
    if table.external is None:
        make(session, table)
    if query:
        session.duck(f"INSERT INTO {table.duck} {query.sql}")


def _columns_of_query(session: PoolSession, table: TableDef, command: d.CreateTable) -> Translated:
    """CTAS: the query says types and nulls; IDENTITY comes along as it does with SELECT INTO [sql-data-warehouse-tables-identity]."""
    translator = session.translator()
    query = translator.query(command.query or "")
    kinds = session.kinds(query)
    names = command.column_names or [name for name, _ in query.columns]
    if len(names) != len(kinds):
        raise errors.insert_count(fewer=len(kinds) < len(names))
    table.columns = [
        ColumnDef(name, kind, nullable=place not in query.never_null, identity=query.identities.get(place))
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    for column in table.columns:
        if column.identity:
            column.nullable = False
    for place, column in enumerate(table.columns, 1):
        if not column.name or column.name == "*":
            raise SqlError(1038, f"An object or column name is missing or empty: column {place} of '{table.name}' needs an alias.", severity=15)
    check_columns(table.columns, table.name)
    return query


def check_table(session: PoolSession, table: TableDef) -> None:
    """Refuse what no table of a pool is. Raises 35343, 104320 and others."""
    _check_index(table)
    if (size_bytes := ROW_OVERHEAD_BYTES + sum(column.type.fixed_bytes for column in table.columns)) > MAX_ROW_BYTES:
        raise table_errors.row_too_wide(table.name, size_bytes, MAX_ROW_BYTES)
    if sum(1 for column in table.columns if column.identity) > 1:
        raise table_errors.two_identities(table.name)
    _check_distribution(session, table)
    if table.partition:
        check_partition(session, table, table.partition)
    if table.temporary and table.partition:
        raise errors.unsupported("A partitioned temporary table")  # create-table-azure-sql-data-warehouse, "Temporary tables"
    if table.temporary and table.distribution == "REPLICATE":
        raise errors.unsupported("A replicated temporary table")  # sql-data-warehouse-tables-temporary, "Temporary table limitations"
    _check_keys(table)
    _check_names(session, table)


def _check_names(session: PoolSession, table: TableDef) -> None:
    """Names of constraints are unique in the database [create-table-azure-sql-data-warehouse, "constraint_name"]. Raises 2714."""
    others = {name.lower() for other in session.pool.catalog if other.object_id != table.object_id for name in other.constraints}
    for name in table.constraints:
        if name.lower() in others:
            raise errors.object_exists(name)


def _check_index(table: TableDef) -> None:
    columnar = table.index == "CLUSTERED COLUMNSTORE"
    for column in table.columns if columnar else []:
        if column.type.is_max:
            raise table_errors.max_in_columnstore(column.name)
    for name in table.index_columns:
        if table.column(name).type.is_text and columnar:
            raise table_errors.ordered_text(name)


def _check_keys(table: TableDef) -> None:
    if sum(1 for key in table.keys if key.primary) > 1:
        raise table_errors.second_primary_key(table.name)
    for key in table.keys:
        for name in key.columns:
            if table.column(name).nullable and key.primary:
                raise table_errors.nullable_key(name, table.name)


def _check_distribution(session: PoolSession, table: TableDef) -> None:
    if len(table.hash_columns) > 1 and session.pool.catalog.content.compatibility != "50":
        raise table_errors.many_hash_columns_off()
    for name in table.hash_columns:
        found = table.find(name)
        if found is None:
            raise table_errors.bad_distribution_column(name)
        if found.default is not None:
            raise errors.unsupported("A DEFAULT on the distribution column")  # create-table-azure-sql-data-warehouse, "Limitations"
        if found.identity:
            raise errors.unsupported("IDENTITY on the distribution column")  # sql-data-warehouse-tables-identity, "Limitations"


def check_partition(session: PoolSession, table: TableDef, partition: Partition) -> None:
    """The boundaries are of the column's type, and rise; a pool puts them in order. Raises 7705, 7708."""
    column = table.column(partition.column)
    values: list[tuple[object, str]] = []
    for text in partition.boundaries:
        try:
            found = session.first(f"SELECT {literal_of(session, text, column)}")
        except SqlError as error:
            raise table_errors.bad_boundary(column.name, text) from error
        value = found[0] if found else None
        values.append((value["utc"] if isinstance(value, dict) else value, text))  # a datetimeoffset is the moment that it is in UTC
    ordered = sorted(values, key=lambda pair: pair[0])  # type: ignore[arg-type, return-value]  # values of one type of column
    if len({value for value, _ in ordered}) < len(ordered):
        raise table_errors.boundary_exists()
    partition.boundaries = [text for _, text in ordered]


def literal_of(session: PoolSession, text: str, column: ColumnDef) -> str:
    """A T-SQL literal as DuckDB's expression of the column's type; a text that is too long for it is refused."""
    (plain,), _ = session.translator().parts(f"SELECT {text} AS value")
    return converted(plain, column.type, place=f"column '{column.name}'")


def make(session: PoolSession, table: TableDef) -> None:
    """Make a table's place in DuckDB."""
    parts = [f"{duck_name(column.name)} {column.type.duck()}{'' if column.nullable else ' NOT NULL'}" for column in table.columns]
    session.duck(f"CREATE {'TEMP ' if table.temporary else ''}TABLE {table.duck} ({', '.join(parts)})")
    for column in table.columns:
        if column.default is not None:
            set_default(session, table, column)
    if table.identity and table.identity.identity:
        seed, step = table.identity.identity
        # Every distribution counts for itself, so values are not contiguous: as if all rows fell into the first one.
        session.duck(f"CREATE SEQUENCE IF NOT EXISTS {identity_sequence(table)} START {seed} INCREMENT {step * DISTRIBUTIONS}"
                     f"{' MINVALUE -9223372036854775807 MAXVALUE 9223372036854775807' if step < 0 or seed < 0 else ''}")  # fmt: skip


def identity_sequence(table: TableDef) -> str:
    """The sequence behind a table's IDENTITY column, in DuckDB."""
    return f"{'temp.main' if table.temporary else STORE}.identity_{table.object_id}"


def identity_value(table: TableDef) -> str:
    """DuckDB's expression for the next value of a table's IDENTITY column."""
    return f"nextval({sql_text(identity_sequence(table))})"


def set_default(session: PoolSession, table: TableDef, column: ColumnDef) -> None:
    """Let DuckDB fill in a column's default."""
    value = literal_of(session, column.default or "NULL", column)
    session.duck(f"ALTER TABLE {table.duck} ALTER {duck_name(column.name)} SET DEFAULT {value}")
