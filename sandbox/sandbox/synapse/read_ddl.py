"""Reads CREATE, ALTER, DROP, RENAME and statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse import commands as c
from sandbox.synapse.catalog import MAX_COLUMNS, MAX_NAME_CHARS, ColumnDef, TableDef
from sandbox.synapse.declared import read_type
from sandbox.synapse.errors import duplicate_column, enforced_key, name_too_long, too_many_columns, unknown_here, unsupported

if TYPE_CHECKING:
    from sandbox.synapse.tokens import Reader


def read_create(reader: Reader, label: str | None) -> c.Command:
    """CREATE ..."""
    if reader.accept("SCHEMA"):
        name = reader.identifier()
        if reader.accept("AUTHORIZATION"):
            reader.identifier()
        reader.end()
        return c.CreateSchema(name)
    if reader.accept("TABLE"):
        return _create_table(reader, label)
    if reader.accept("STATISTICS"):
        name = reader.identifier()
        reader.expect("ON")
        return c.Statistics("create", reader.name(), name, reader.identifiers())
    if reader.sees("WORKLOAD") or reader.sees("USER") or reader.sees("ROLE"):
        return c.Ignored(ddl=True)
    if reader.sees("TRIGGER") or reader.sees("SEQUENCE") or reader.sees("SYNONYM") or reader.sees("TYPE"):
        raise unsupported(f"CREATE {reader.peek().upper}")  # sql-data-warehouse-tables-overview, "Unsupported table features"
    if reader.sees("UNIQUE", "INDEX"):
        raise unsupported("A unique index")  # same page
    if reader.sees("INDEX") or reader.sees("NONCLUSTERED"):
        return c.Ignored(ddl=True)
    raise unknown_here(f"CREATE {reader.peek().upper}")


def _create_table(reader: Reader, label: str | None) -> c.Command:
    if reader.sees("IF"):
        raise reader.refusal()  # a pool has no IF NOT EXISTS [create-table-azure-sql-data-warehouse]
    name = reader.name()
    if name[-1].startswith("##"):
        raise unsupported("A global temporary table")  # sql-data-warehouse-tables-temporary
    for part in name:
        if len(part) > MAX_NAME_CHARS:
            raise name_too_long(part)
    schema = name[-2] if len(name) > 1 else "dbo"
    table = TableDef(schema or "dbo", name[-1], [])
    if reader.sees("("):
        table.columns = _columns(reader.parenthesised(), table.name)
    if reader.accept("WITH"):
        _table_options(reader.parenthesised(), table)
    query = None
    if reader.accept("AS"):
        query = reader.until(";").text()
    elif not table.columns:
        raise reader.refusal()
    reader.end()
    return c.CreateTable(table, name, query, label)


def _columns(inner: Reader, table: str) -> list[ColumnDef]:
    columns: list[ColumnDef] = []
    while True:
        if inner.sees("CONSTRAINT") or inner.sees("PRIMARY") or inner.sees("UNIQUE") or inner.sees("FOREIGN"):
            _constraint(inner)
        else:
            columns.append(read_column(inner))
        if not inner.accept(","):
            break
    inner.end()
    check_columns(columns, table)
    return columns


def check_columns(columns: list[ColumnDef], table: str) -> None:
    """Refuse names that differ at most in case, and too many columns. Raises 2705, 1702."""
    seen: set[str] = set()
    for column in columns:
        if column.name.lower() in seen:
            raise duplicate_column(column.name, table)
        seen.add(column.name.lower())
    if len(columns) > MAX_COLUMNS:
        raise too_many_columns(table, MAX_COLUMNS + 1)


def _constraint(inner: Reader) -> None:
    if inner.accept("CONSTRAINT"):
        inner.identifier()
    if inner.accept("FOREIGN"):
        raise unsupported("A foreign key")  # sql-data-warehouse-tables-overview
    kind = inner.take().upper
    clustered = inner.accept("CLUSTERED")
    nonclustered = inner.accept("NONCLUSTERED")
    if inner.sees("("):
        inner.parenthesised()
    if not inner.accept("NOT", "ENFORCED"):
        raise enforced_key()
    if kind == "PRIMARY" or (clustered and not nonclustered):
        raise inner.refusal()


def read_column(inner: Reader) -> ColumnDef:
    """Read one column definition."""
    name = inner.identifier()
    if len(name) > MAX_NAME_CHARS:
        raise name_too_long(name)
    if inner.sees("AS"):
        raise unsupported("A computed column")  # sql-data-warehouse-tables-overview
    column = ColumnDef(name, read_type(inner, column=name))
    while not inner.done and not inner.sees(","):
        _column_option(inner, column)
    return column


def _column_option(inner: Reader, column: ColumnDef) -> None:
    if inner.accept("COLLATE"):
        kind = column.type
        column.type = type(kind)(kind.name, kind.length, kind.precision, kind.scale, inner.identifier())
    elif inner.accept("NOT", "NULL"):
        column.nullable = False
    elif inner.accept("NULL"):
        column.nullable = True
    elif inner.accept("DEFAULT"):
        wrapped = inner.sees("(")
        column.default = inner.parenthesised().text() if wrapped else _literal(inner)
    elif inner.accept("CONSTRAINT"):
        inner.identifier()
    elif inner.sees("IDENTITY"):
        raise unknown_here("IDENTITY columns")
    elif inner.sees("PRIMARY") or inner.sees("UNIQUE"):
        _inline_key(inner)
    elif inner.sees("REFERENCES"):
        raise unsupported("A foreign key")
    elif inner.sees("SPARSE"):
        raise unsupported("A sparse column")
    else:
        raise inner.refusal()


def _inline_key(inner: Reader) -> None:
    inner.take()
    inner.accept("KEY")
    inner.accept("NONCLUSTERED")
    if not inner.accept("NOT", "ENFORCED"):
        raise enforced_key()


def _literal(inner: Reader) -> str:
    sign = "-" if inner.accept("-") else ""
    word = inner.take()
    if word.kind not in {"string", "number"} and word.upper != "NULL":
        raise unsupported(f"A DEFAULT that is no literal ({word.text})")  # create-table-azure-sql-data-warehouse: "only literals"
    return sign + word.text


def _table_options(inner: Reader, table: TableDef) -> None:
    while True:
        if inner.accept("DISTRIBUTION"):
            inner.expect("=")
            _distribution(inner, table)
        elif inner.accept("HEAP"):
            table.index = "HEAP"
        elif inner.accept("CLUSTERED", "COLUMNSTORE", "INDEX"):
            table.index = "CLUSTERED COLUMNSTORE"
            if inner.accept("ORDER"):
                table.index_columns = inner.identifiers()
        elif inner.accept("CLUSTERED", "INDEX"):
            table.index = "CLUSTERED"
            order = inner.parenthesised()
            while not order.done:
                table.index_columns.append(order.identifier())
                _ = order.accept("ASC") or order.accept("DESC")
                order.accept(",")
        elif inner.accept("PARTITION"):
            table.partition = inner.parenthesised().text()
        else:
            raise inner.refusal()
        if not inner.accept(","):
            break
    inner.end()


def _distribution(inner: Reader, table: TableDef) -> None:
    if inner.accept("HASH"):
        table.distribution, table.hash_columns = "HASH", inner.identifiers()
    elif inner.accept("ROUND_ROBIN"):
        table.distribution = "ROUND_ROBIN"
    elif inner.accept("REPLICATE"):
        table.distribution = "REPLICATE"
    else:
        raise inner.refusal()


def read_alter(reader: Reader) -> c.Command:
    """ALTER ..."""
    if reader.accept("TABLE"):
        return _alter_table(reader)
    if reader.accept("SCHEMA"):
        schema = reader.identifier()
        reader.expect("TRANSFER")
        if reader.accept("OBJECT"):
            reader.expect("::")
        name = reader.name()
        reader.end()
        return c.Transfer(name, schema)
    if reader.accept("INDEX"):
        reader.identifier()
        reader.expect("ON")
        name = reader.name()
        if not (reader.sees("REBUILD") or reader.sees("REORGANIZE")):
            raise reader.refusal()
        return c.Statistics("update", name)  # like statistics: the table must be there, and nothing is seen to change
    raise unknown_here(f"ALTER {reader.peek().upper}")


def _alter_table(reader: Reader) -> c.Command:
    name = reader.name()
    if reader.accept("ADD"):
        if reader.sees("CONSTRAINT") or reader.sees("PRIMARY") or reader.sees("UNIQUE"):
            _constraint(reader)
            return c.Ignored(ddl=True)
        columns = [read_column(reader)]
        while reader.accept(","):
            columns.append(read_column(reader))
        reader.end()
        return c.AddColumns(name, columns)
    if reader.accept("DROP", "COLUMN"):
        names = [reader.identifier()]
        while reader.accept(","):
            names.append(reader.identifier())
        reader.end()
        return c.DropColumns(name, names)
    if reader.accept("ALTER", "COLUMN"):
        column = read_column(reader)
        reader.end()
        return c.AlterColumn(name, column)
    if reader.accept("REBUILD"):
        return c.Statistics("update", name)
    raise unknown_here(f"ALTER TABLE ... {reader.peek().upper}")


def read_drop(reader: Reader) -> c.Command:
    """DROP ..."""
    if reader.accept("SCHEMA"):
        return c.DropSchema(reader.identifier())
    if reader.accept("STATISTICS"):
        parts = reader.name()
        return c.Statistics("drop", parts[:-1], parts[-1])
    if reader.accept("TABLE"):
        if_exists = reader.accept("IF", "EXISTS")
        names = [reader.name()]
        while reader.accept(","):
            names.append(reader.name())
        reader.end()
        return c.DropTable(names, if_exists)
    if reader.sees("WORKLOAD") or reader.sees("INDEX") or reader.sees("USER") or reader.sees("ROLE"):
        return c.Ignored(ddl=True)
    raise unknown_here(f"DROP {reader.peek().upper}")


def read_rename(reader: Reader) -> c.Command:
    """RENAME OBJECT s.t TO new: the new name has one part [sql/t-sql/statements/rename-transact-sql]."""
    reader.expect("OBJECT")
    reader.accept("::")
    name = reader.name()
    reader.expect("TO")
    new = reader.identifier()
    reader.end()
    return c.Rename(name, new)
