"""What a table has beside columns, distribution and its own index: partitions, defaults, keys and further indexes, read from the catalogue and made anew, as text.

The views are Synapse's by their pages ("Applies to": sys.partition_schemes, sys.partition_functions, sys.partition_range_values, sys.index_columns, sys.key_constraints,
sys.default_constraints); a table of a pool has a function and a scheme of its own, though CREATE TABLE names neither. That a pool fills them is unconfirmed: where they
do not add up with sys.partitions the table is refused. An IDENTITY column goes on behind the last value of the old one, so that no value comes twice: its seed
is a literal of CREATE TABLE, and "the value that is used for the first row" (sql/t-sql/statements/create-table-transact-sql-identity-property). In a pool each
distribution counts in steps of its own from there (azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-tables-identity, "Allocation of values").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from target_synapse.modes.shadow_sql import SIZED, id_of
from target_synapse.sql.ddl import OWN_KEY
from target_synapse.sql.quoting import literal, plain_literal, quoted
from target_synapse.tables.conflicts import as_text
from target_synapse.tables.naming import digest
from target_synapse.tables.shape import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_synapse.tables.naming import TableName

    Rows = Sequence[Sequence[Any]]

LITERAL = re.compile(r"N?'(?:[^']|'')*'|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|[-+]?[$][0-9.]+|0[xX][0-9A-Fa-f]*|NULL", re.IGNORECASE)
Key = TypeVar("Key")
PRIMARY = "PK"  # sys.key_constraints.type; the other is UQ


def select_identity(table: TableName) -> str:
    """The IDENTITY column: its name, its seed and its increment."""
    return (
        "SELECT name, CAST(seed_value AS bigint) AS seed, CAST(increment_value AS bigint) AS increment\n"
        f"FROM sys.identity_columns WHERE object_id = {id_of(table)}"
    )


def select_last(table: TableName, identity: str, increment: int) -> str:
    """The value of the IDENTITY column that is farthest from its seed; NULL without a row."""
    return f"SELECT {'MAX' if increment > 0 else 'MIN'}({quoted(identity)}) AS last FROM {table}"


def goes_on(seed: int, increment: int, last: int | None) -> str:
    """The clause of an IDENTITY column whose first value comes behind the last one."""
    return f"IDENTITY({seed if last is None else last + increment}, {increment})"


def identity_insert(table: TableName, *, on: bool) -> str:
    """Let the session give values to the IDENTITY column, or do so no more."""
    return f"SET IDENTITY_INSERT {table} {'ON' if on else 'OFF'}"


def select_partitioning(table: TableName) -> str:
    """How many partitions the table has; and, where the catalogue says it, the column, whether boundaries are to the right, and how many partitions the function makes."""
    return (
        "SELECT n.partitions, p.name, p.boundary_value_on_right, p.fanout\n"
        f"FROM (SELECT MAX(partition_number) AS partitions FROM sys.partitions WHERE object_id = {id_of(table)}) AS n\n"
        "LEFT JOIN (SELECT c.name, f.boundary_value_on_right, f.fanout\n"
        f"{_FROM_SCHEMES}"
        "INNER JOIN sys.partition_functions AS f ON f.function_id = s.function_id\n"
        "INNER JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.partition_ordinal = 1\n"
        "INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        f"WHERE i.object_id = {id_of(table)} AND i.index_id < 2) AS p ON 1 = 1"
    )


def select_boundaries(table: TableName, kind: str) -> str:
    """The boundaries as text, in order; `kind` is the type of the column, which a sql_variant must be cast to."""
    return (
        f"SELECT {as_text(f'CAST(v.value AS {kind})', kind.partition('(')[0])} AS boundary\n"
        f"{_FROM_SCHEMES}"
        "INNER JOIN sys.partition_range_values AS v ON v.function_id = s.function_id\n"
        f"WHERE i.object_id = {id_of(table)} AND i.index_id < 2\n"
        "ORDER BY v.boundary_id"
    )


def partition_clause(column: str, kind: str, *, right: bool, boundaries: Sequence[str]) -> str:
    """The partitions as the WITH clause of a table says them."""
    name = kind.partition("(")[0]
    spelled = literal if name in SIZED else plain_literal
    values = ", ".join(one if name in NUMBERS else spelled(one) for one in boundaries)
    return f"PARTITION ({quoted(column)} RANGE {'RIGHT' if right else 'LEFT'} FOR VALUES ({values}))"


def select_defaults(table: TableName) -> str:
    """Column, constraint and expression of each default."""
    return (
        "SELECT c.name, d.name AS default_name, d.definition\n"
        "FROM sys.default_constraints AS d\n"
        "INNER JOIN sys.columns AS c ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id\n"
        f"WHERE d.parent_object_id = {id_of(table)}"
    )


def literal_in(definition: str) -> str | None:
    """The literal that a default is, without the catalogue's parentheses; None if it is none, which a pool does not allow (CREATE TABLE, "constant_expression")."""
    text = definition.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text if LITERAL.fullmatch(text) else None


def as_literal_of_text(default: str) -> str:
    """The default of a column that becomes text."""
    return default if default.upper() == "NULL" or "'" in default else literal(default)


def select_keys(table: TableName) -> str:
    """The keys: constraint, kind and column, in order."""
    return (
        "SELECT k.name, k.type, c.name AS column_name\n"
        "FROM sys.key_constraints AS k\n"
        "INNER JOIN sys.index_columns AS x ON x.object_id = k.parent_object_id AND x.index_id = k.unique_index_id\n"
        "INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        f"WHERE k.parent_object_id = {id_of(table)}\n"
        "ORDER BY k.name, x.key_ordinal"
    )


def own_key(keys: Rows) -> list[str]:
    """The columns of the key that a setting has declared; none, where an administrator has, or nobody."""
    return [str(column) for name, _, column in keys if str(name).startswith(OWN_KEY)]


def add_keys(shadow: TableName, keys: Rows, there: set[str]) -> Iterator[str]:
    """The statements that say the same keys of another table, under names of our own: the old table still has the others."""
    for (name, kind), columns in _gathered((((str(name), str(kind).strip()), quoted(str(column))) for name, kind, column in keys)).items():
        prefix = OWN_KEY if name.startswith(OWN_KEY) else f"_sdc_given_{kind.lower()}_"
        named = f"{prefix}{digest(f'{shadow} {name}')}"
        if named not in there:
            spelled = "PRIMARY KEY NONCLUSTERED" if kind == PRIMARY else "UNIQUE"
            yield f"ALTER TABLE {shadow} ADD CONSTRAINT {quoted(named)} {spelled} ({', '.join(columns)}) NOT ENFORCED"


def select_indexes(table: TableName) -> str:
    """The indexes beside the table's own that are no keys: name, column, and whether descending, in order."""
    return (
        "SELECT i.name, c.name AS column_name, x.is_descending_key\n"
        "FROM sys.indexes AS i\n"
        "INNER JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.key_ordinal > 0\n"
        "INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        f"WHERE i.object_id = {id_of(table)} AND i.index_id > 1 AND i.is_primary_key = 0 AND i.is_unique_constraint = 0\n"
        "ORDER BY i.name, x.key_ordinal"
    )


def create_indexes(shadow: TableName, indexes: Rows, there: set[str]) -> Iterator[str]:
    """The statements that make the same indexes of another table."""
    listed = ((str(name), f"{quoted(str(column))}{' DESC' if descending else ''}") for name, column, descending in indexes)
    for name, columns in _gathered(listed).items():
        if name not in there:
            yield f"CREATE INDEX {quoted(name)} ON {shadow} ({', '.join(columns)})"


def _gathered(pairs: Iterator[tuple[Key, str]]) -> Mapping[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return found


_FROM_SCHEMES = "FROM sys.indexes AS i\nINNER JOIN sys.partition_schemes AS s ON s.data_space_id = i.data_space_id\n"
