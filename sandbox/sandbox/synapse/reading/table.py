"""Reads CREATE TABLE, and the columns and keys of ALTER TABLE [sql/t-sql/statements/create-table-azure-sql-data-warehouse]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.catalog import MAX_COLUMNS, MAX_NAME_CHARS
from sandbox.synapse.objects import ColumnDef, Key, Partition, TableDef
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.refusals import errors, table_errors
from sandbox.synapse.values.declared import DeclaredType, read_type

if TYPE_CHECKING:
    from sandbox.synapse.reading.tokens import Reader

MAX_HASH_COLUMNS: Final = 8  # same page, "Table distribution options"
MAX_PARTITIONS: Final = 15_000  # sql-data-warehouse-service-capacity-limits
_KEY_STARTS: Final = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def read_create_table(reader: Reader, label: str | None) -> d.CreateTable:
    """CREATE TABLE t (columns) [WITH (options)], or CREATE TABLE t [(names)] WITH (options) AS SELECT."""
    if reader.sees("IF"):
        raise reader.refusal()  # a pool has no IF NOT EXISTS
    name = _table_name(reader)
    table = TableDef((name[-2] if len(name) > 1 else "") or "dbo", name[-1], [])
    names: list[str] = []
    if reader.sees("("):
        inner = reader.parenthesised()
        if _only_names(inner):
            names = _names(inner)
        else:
            _columns(inner, table)
    with_options = reader.accept("WITH")
    if with_options:
        _table_options(reader.parenthesised(), table)
    query = None
    if reader.accept("AS"):
        if not with_options or table.columns:
            raise reader.refusal()  # CTAS: WITH (DISTRIBUTION = ...) is needed, types are the query's
        query = reader.until(";").text()
    elif not table.columns:
        raise reader.refusal()
    reader.end()
    return d.CreateTable(table, name, query, label, names)


def _table_name(reader: Reader) -> tuple[str, ...]:
    name = reader.name()
    if name[-1].startswith("##"):
        raise errors.unsupported("A global temporary table")  # sql-data-warehouse-tables-temporary
    for part in name:
        if len(part) > MAX_NAME_CHARS:
            raise table_errors.name_too_long(part)
    return name


def _only_names(inner: Reader) -> bool:
    """Whether a list holds names without types, as CTAS takes it."""
    return all((word.kind in {"word", "quoted"}) if place % 2 == 0 else word.text == "," for place, word in enumerate(inner.words))


def _names(inner: Reader) -> list[str]:
    names = [inner.identifier()]
    while inner.accept(","):
        names.append(inner.identifier())
    inner.end()
    return names


def _columns(inner: Reader, table: TableDef) -> None:
    while True:
        if inner.peek().upper in _KEY_STARTS:
            table.keys.append(read_key(inner, table.name))
        else:
            column, key = read_column(inner)
            table.columns.append(column)
            if key:
                table.keys.append(key)
        if not inner.accept(","):
            break
    inner.end()
    check_columns(table.columns, table.name)


def check_columns(columns: list[ColumnDef], table: str) -> None:
    """Refuse names that differ at most in case, and too many columns. Raises 2705, 1702."""
    seen: set[str] = set()
    for column in columns:
        if column.name.lower() in seen:
            raise table_errors.duplicate_column(column.name, table)
        seen.add(column.name.lower())
    if len(columns) > MAX_COLUMNS:
        raise table_errors.too_many_columns(table, MAX_COLUMNS + 1)


def read_key(inner: Reader, table: str, column: str | None = None) -> Key:
    """[CONSTRAINT c] PRIMARY KEY NONCLUSTERED (columns) NOT ENFORCED, or UNIQUE. Raises 104467 for an enforced one.

    Both words are needed for a primary key [sql-data-warehouse-table-constraints].
    """
    name = inner.identifier() if inner.accept("CONSTRAINT") else ""
    if inner.sees("FOREIGN") or inner.sees("REFERENCES"):
        raise errors.unsupported("A foreign key")  # sql-data-warehouse-tables-overview
    if inner.sees("CHECK"):
        raise errors.unsupported("A check constraint")  # same page
    primary = inner.accept("PRIMARY", "KEY")
    if not primary:
        inner.expect("UNIQUE")
    clustered, nonclustered = inner.accept("CLUSTERED"), inner.accept("NONCLUSTERED")
    columns = _ordered_names(inner.parenthesised()) if inner.sees("(") else [column] if column else []
    if not columns:
        raise inner.refusal()
    if not inner.accept("NOT", "ENFORCED"):
        raise table_errors.enforced_key()
    if clustered or (primary and not nonclustered):
        raise table_errors.enforced_key()
    return Key(name or f"{'PK' if primary else 'UQ'}__{table[:80]}__{'_'.join(columns)[:30]}", primary, columns)


def _ordered_names(inner: Reader) -> list[str]:
    names: list[str] = []
    while True:
        names.append(inner.identifier())
        _ = inner.accept("ASC") or inner.accept("DESC")
        if not inner.accept(","):
            break
    inner.end()
    return names


def read_column(inner: Reader) -> tuple[ColumnDef, Key | None]:
    """Read one column definition, with the key that it may carry."""
    name = inner.identifier()
    if len(name) > MAX_NAME_CHARS:
        raise table_errors.name_too_long(name)
    if inner.sees("AS"):
        raise errors.unsupported("A computed column")  # sql-data-warehouse-tables-overview
    column, key = ColumnDef(name, read_type(inner, column=name)), None
    while not inner.done and not inner.sees(","):
        key = _column_option(inner, column) or key
    return column, key


def _column_option(inner: Reader, column: ColumnDef) -> Key | None:
    ahead = 2 if inner.sees("CONSTRAINT") else 0
    if inner.peek(ahead).upper in {"PRIMARY", "UNIQUE", "REFERENCES", "CHECK"}:
        return read_key(inner, "", column.name)
    if inner.accept("CONSTRAINT"):
        column.default_name = inner.identifier()
        if not inner.sees("DEFAULT"):
            raise inner.refusal()
    if inner.accept("COLLATE"):
        kind = column.type
        column.type = DeclaredType(kind.name, kind.length, kind.precision, kind.scale, checked_collation(inner.identifier()))
    elif inner.accept("NOT", "NULL"):
        column.nullable = False
    elif inner.accept("NULL"):
        column.nullable = True
    elif inner.accept("DEFAULT"):
        column.default = read_literal(inner)
    elif inner.accept("IDENTITY"):
        _identity(inner, column)
    elif inner.sees("SPARSE"):
        raise errors.unsupported("A sparse column")
    else:
        raise inner.refusal()
    return None


def checked_collation(name: str) -> str:
    """A collation as a pool knows it, by the shape of its name [sql/t-sql/statements/windows-collation-name-transact-sql]. Raises 448."""
    known = name.upper()
    if not (known.startswith("SQL_") or "_BIN" in known or any(f"_{part}_" in f"{known}_" for part in ("CI", "CS"))):
        raise table_errors.no_collation(name)
    return name


def _identity(inner: Reader, column: ColumnDef) -> None:
    """IDENTITY [(seed, increment)]: INT and BIGINT only [sql-data-warehouse-tables-identity, "Limitations"]."""
    seed, step = 1, 1
    if inner.sees("("):
        numbers = inner.parenthesised()
        seed = _whole(numbers)
        numbers.expect(",")
        step = _whole(numbers)
        numbers.end()
    if column.type.name not in {"int", "bigint"} or step == 0:
        raise table_errors.identity_type(column.name)
    column.identity, column.nullable = (seed, step), False


def _whole(reader: Reader) -> int:
    return -reader.integer() if reader.accept("-") else reader.integer()


def read_literal(inner: Reader) -> str:
    """A literal, in parentheses or without, as DEFAULT takes it. Raises 104473 for what is none, such as `2+3`."""
    depth = 0
    while inner.accept("("):
        depth += 1
    sign = "-" if inner.accept("-") else ""
    word = inner.take()
    if word.kind not in {"string", "number"} and word.upper != "NULL":
        raise errors.unsupported(f"A DEFAULT that is no literal ({word.text})")
    for _ in range(depth):
        if not inner.accept(")"):
            raise errors.unsupported(f"A DEFAULT that is no literal ({word.text} {inner.peek().text})")
    return sign + word.text


def _table_options(inner: Reader, table: TableDef) -> None:
    seen: set[str] = set()
    while True:
        kind = _table_option(inner, table)
        if kind in seen:
            raise table_errors.option_twice(kind)
        seen.add(kind)
        if not inner.accept(","):
            break
    inner.end()


def _table_option(inner: Reader, table: TableDef) -> str:
    if inner.accept("DISTRIBUTION"):
        inner.expect("=")
        _distribution(inner, table)
        return "DISTRIBUTION"
    if inner.accept("PARTITION"):
        table.partition = _partition(inner.parenthesised())
        return "PARTITION"
    if inner.accept("LOCATION", "=", "USER_DB"):
        return "LOCATION"  # deprecated, taken and without effect
    if inner.accept("HEAP"):
        table.index = "HEAP"
    elif inner.accept("CLUSTERED", "COLUMNSTORE", "INDEX"):
        table.index = "CLUSTERED COLUMNSTORE"
        if inner.accept("ORDER"):
            table.index_columns = inner.identifiers()
    elif inner.accept("CLUSTERED", "INDEX"):
        table.index = "CLUSTERED"
        table.index_columns = _ordered_names(inner.parenthesised())
    else:
        raise inner.refusal()
    return "INDEX"


def _distribution(inner: Reader, table: TableDef) -> None:
    if inner.accept("HASH"):
        table.distribution, table.hash_columns = "HASH", inner.identifiers()
        if len(table.hash_columns) > MAX_HASH_COLUMNS:
            raise errors.unsupported(f"A distribution by more than {MAX_HASH_COLUMNS} columns")
    elif inner.accept("ROUND_ROBIN"):
        table.distribution = "ROUND_ROBIN"
    elif inner.accept("REPLICATE"):
        table.distribution = "REPLICATE"
    else:
        raise inner.refusal()


def _partition(inner: Reader) -> Partition:
    column = inner.identifier()
    inner.expect("RANGE")
    right = inner.accept("RIGHT")
    if not right:
        inner.accept("LEFT")
    inner.expect("FOR", "VALUES")
    values = inner.parenthesised()
    boundaries: list[str] = []
    while not values.done:
        text = read_literal(values)
        if text.upper() == "NULL":
            raise table_errors.bad_boundary(column, "NULL")
        boundaries.append(text)
        if not values.accept(","):
            break
    values.end()
    inner.end()
    if len(boundaries) >= MAX_PARTITIONS:
        raise table_errors.too_many_partitions(MAX_PARTITIONS)
    return Partition(column, right, boundaries)
