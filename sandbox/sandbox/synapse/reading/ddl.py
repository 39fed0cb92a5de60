"""Reads CREATE, ALTER, DROP, RENAME, TRUNCATE and statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.reading.external import read_alter_database, read_create_external, read_drop_external
from sandbox.synapse.reading.modules import read_drop_module, read_module
from sandbox.synapse.reading.principals import PRINCIPALS, read_create_principal, read_drop_principal
from sandbox.synapse.reading.table import read_column, read_create_table, read_key, read_literal
from sandbox.synapse.refusals.errors import unknown_here, unsupported

if TYPE_CHECKING:
    from sandbox.synapse.objects import ColumnDef
    from sandbox.synapse.reading.tokens import Reader

_FOREIGN: Final = ("TRIGGER", "SEQUENCE", "SYNONYM", "TYPE", "RULE", "DEFAULT")  # sql-data-warehouse-tables-overview, "Unsupported table features"
_ELSEWHERE: Final = ("WORKLOAD", "USER", "ROLE", "LOGIN")  # right, and seen by nobody here
_MODULES: Final = ("VIEW", "PROCEDURE", "PROC")


def read_create(reader: Reader, label: str | None) -> c.Command:  # noqa: C901, PLR0911  # a table of kinds
    """CREATE ..."""
    if reader.accept("SCHEMA"):
        name = reader.identifier()
        owner = reader.identifier() if reader.accept("AUTHORIZATION") else None
        reader.end()
        return d.CreateSchema(name, owner)
    if reader.accept("TABLE"):
        return read_create_table(reader, label)
    if reader.accept("STATISTICS"):
        return _create_statistics(reader)
    if reader.peek().upper in _MODULES:
        return read_module(reader, alter=False)
    if reader.peek().upper in {"EXTERNAL", "MASTER", "DATABASE"}:
        return read_create_external(reader, label)
    if reader.peek().upper in PRINCIPALS:
        return read_create_principal(reader)
    if reader.peek().upper in _ELSEWHERE:
        return d.Other()
    if reader.peek().upper in _FOREIGN:
        raise unsupported(f"CREATE {reader.peek().upper}")
    if reader.sees("UNIQUE"):
        raise unsupported("A unique index")  # same page
    if reader.peek().upper in {"INDEX", "NONCLUSTERED", "CLUSTERED"}:
        return _create_index(reader)
    raise unknown_here(f"CREATE {reader.peek().upper}")


def _create_statistics(reader: Reader) -> d.Statistics:
    """CREATE STATISTICS s ON t (columns) [WHERE ...] [WITH FULLSCAN | SAMPLE n PERCENT] [sql/t-sql/statements/create-statistics-transact-sql]."""
    name = reader.identifier()
    reader.expect("ON")
    table, columns = reader.name(), reader.identifiers()
    if reader.accept("WHERE"):
        reader.until("WITH")
    _sample(reader)
    reader.end()
    return d.Statistics("create", table, name, columns)


def _sample(reader: Reader) -> None:
    if not reader.accept("WITH"):
        return
    if reader.accept("SAMPLE"):
        reader.integer()
        if not (reader.accept("PERCENT") or reader.accept("ROWS")):
            raise reader.refusal()
    elif not (reader.accept("FULLSCAN") or reader.accept("RESAMPLE")):
        raise reader.refusal()


def read_update_statistics(reader: Reader) -> d.Statistics:
    """UPDATE STATISTICS t [(s)] [WITH ...] [sql/t-sql/statements/update-statistics-transact-sql]."""
    table = reader.name()
    named = reader.identifiers()[0] if reader.sees("(") else reader.identifier() if reader.peek().kind == "quoted" else None
    _sample(reader)
    reader.end()
    return d.Statistics("update", table, named)


def _create_index(reader: Reader) -> d.CreateIndex:
    """CREATE [CLUSTERED [COLUMNSTORE] | NONCLUSTERED] INDEX i ON t [(columns)] [ORDER (columns)] [WITH (DROP_EXISTING = ON)]."""
    kind: Literal["NONCLUSTERED", "CLUSTERED", "CLUSTERED COLUMNSTORE"] = "NONCLUSTERED"
    if reader.accept("CLUSTERED"):
        kind = "CLUSTERED COLUMNSTORE" if reader.accept("COLUMNSTORE") else "CLUSTERED"
    elif reader.accept("NONCLUSTERED") and reader.sees("COLUMNSTORE"):
        raise unsupported("A nonclustered columnstore index")  # sql-data-warehouse-tables-index: the kinds that a pool has
    reader.expect("INDEX")
    name = reader.identifier()
    reader.expect("ON")
    table = reader.name()
    columns: list[str] = []
    if kind != "CLUSTERED COLUMNSTORE":
        inner = reader.parenthesised()
        while not inner.done:
            columns.append(inner.identifier())
            _ = inner.accept("ASC") or inner.accept("DESC")
            inner.accept(",")
    elif reader.accept("ORDER"):
        columns = reader.identifiers()
    if reader.sees("INCLUDE") or reader.sees("WHERE"):
        raise unsupported("An index with included columns or a filter")  # sql/t-sql/statements/create-index-transact-sql, Synapse syntax
    dropping = reader.accept("WITH") and reader.parenthesised().accept("DROP_EXISTING", "=", "ON")
    reader.end()
    return d.CreateIndex(kind, name, table, columns, drop_existing=dropping)


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
        return d.Transfer(name, schema)
    if reader.accept("INDEX"):
        index: str | None = reader.identifier()
        reader.expect("ON")
        return _rebuild(reader, reader.name(), index)
    if reader.peek().upper in _MODULES:
        return read_module(reader, alter=True)
    if reader.peek().upper in {"DATABASE", "EXTERNAL"}:
        return read_alter_database(reader)
    if reader.peek().upper in _ELSEWHERE:
        return d.Other()
    raise unknown_here(f"ALTER {reader.peek().upper}")


def _rebuild(reader: Reader, table: d.Name, index: str | None) -> d.Rebuild:
    """REBUILD or REORGANIZE [PARTITION = n | ALL] [WITH (...)] [sql/t-sql/statements/alter-index-transact-sql]."""
    if not (reader.accept("REBUILD") or (index is not None and reader.accept("REORGANIZE"))):
        raise reader.refusal()
    partition = None
    if reader.accept("PARTITION", "=") and not reader.accept("ALL"):
        partition = reader.integer()
    if reader.accept("WITH"):
        reader.parenthesised()
    reader.end()
    return d.Rebuild(table, index, partition)


def _alter_table(reader: Reader) -> c.Command:
    """ALTER TABLE, the Synapse syntax of [sql/t-sql/statements/alter-table-transact-sql]."""
    name = reader.name()
    if reader.accept("ADD"):
        return _add(reader, name)
    if reader.accept("DROP"):
        return _drop_part(reader, name)
    if reader.accept("ALTER", "COLUMN"):
        column, key = read_column(reader)
        reader.end()
        if key or column.identity or column.default:
            raise unsupported("A constraint or IDENTITY in ALTER COLUMN")
        return d.AlterColumn(name, column)
    if reader.sees("REBUILD"):
        return _rebuild(reader, name, None)
    if reader.accept("SPLIT", "RANGE") or reader.accept("MERGE", "RANGE"):
        merge = reader.peek(-2).upper == "MERGE"
        inner = reader.parenthesised()
        value = read_literal(inner)
        reader.end()
        return d.SplitRange(name, value, merge=merge)
    if reader.accept("SWITCH"):
        return _switch(reader, name)
    if reader.sees("WITH") or reader.sees("NOCHECK") or reader.sees("CHECK") or reader.sees("SET"):
        raise unsupported(f"ALTER TABLE ... {reader.peek().upper}")
    raise reader.refusal()


def _add(reader: Reader, name: d.Name) -> c.Command:
    ahead = 2 if reader.sees("CONSTRAINT") else 0
    if reader.peek(ahead).upper == "DEFAULT":
        constraint = reader.identifier() if reader.accept("CONSTRAINT") else None
        reader.expect("DEFAULT")
        value = read_literal(reader)
        reader.expect("FOR")
        column = reader.identifier()
        reader.end()
        return d.AddDefault(name, constraint, column, value)
    if ahead or reader.peek().upper in {"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}:
        key = read_key(reader, name[-1])
        reader.end()
        return d.AddKey(name, key)
    columns: list[ColumnDef] = []
    while True:
        added, own_key = read_column(reader)
        if own_key or added.identity:
            raise unsupported("ALTER TABLE ... ADD of a column with a key or IDENTITY")
        columns.append(added)
        if not reader.accept(","):
            break
    reader.end()
    return d.AddColumns(name, columns)


def _drop_part(reader: Reader, name: d.Name) -> c.Command:
    if reader.accept("COLUMN"):
        names = [reader.identifier()]
        while reader.accept(","):
            reader.accept("COLUMN")
            names.append(reader.identifier())
        reader.end()
        return d.DropColumns(name, names)
    reader.accept("CONSTRAINT")
    constraint = reader.identifier()
    reader.end()
    return d.DropConstraint(name, constraint)


def _switch(reader: Reader, name: d.Name) -> d.SwitchPartition:
    number = reader.integer() if reader.accept("PARTITION") else None
    reader.expect("TO")
    to = reader.name()
    to_number = reader.integer() if reader.accept("PARTITION") else None
    truncate = False
    if reader.accept("WITH"):
        inner = reader.parenthesised()
        inner.expect("TRUNCATE_TARGET", "=")
        truncate = inner.take().upper == "ON"
        inner.end()
    reader.end()
    return d.SwitchPartition(name, number, to, to_number, truncate)


def read_drop(reader: Reader) -> c.Command:  # noqa: PLR0911  # a table of kinds
    """DROP ..."""
    if reader.accept("SCHEMA"):
        if_exists = reader.accept("IF", "EXISTS")
        name = reader.identifier()
        reader.end()
        return d.DropSchema(name, if_exists)
    if reader.accept("STATISTICS"):
        parts = reader.name()
        reader.end()
        return d.Statistics("drop", parts[:-1], parts[-1])
    if reader.accept("TABLE"):
        if_exists = reader.accept("IF", "EXISTS")
        names = reader.names()
        reader.end()
        return d.DropTable(names, if_exists)
    if reader.peek().upper in _MODULES:
        return read_drop_module(reader)
    if reader.accept("INDEX"):
        index = reader.identifier()
        reader.expect("ON")
        table = reader.name()
        reader.end()
        return d.DropIndex(index, table)
    if reader.peek().upper in {"EXTERNAL", "MASTER", "DATABASE"}:
        return read_drop_external(reader)
    if reader.peek().upper in PRINCIPALS:
        return read_drop_principal(reader)
    if reader.peek().upper in _ELSEWHERE:
        return d.Other()
    raise unknown_here(f"DROP {reader.peek().upper}")


def read_rename(reader: Reader) -> c.Command:
    """RENAME OBJECT s.t TO new: the new name has one part [sql/t-sql/statements/rename-transact-sql]."""
    reader.expect("OBJECT")
    reader.accept("::")
    name = reader.name()
    reader.expect("TO")
    new = reader.identifier()
    reader.end()
    return d.Rename(name, new)


def read_truncate(reader: Reader) -> d.Truncate:
    """TRUNCATE TABLE t; its partitions cannot be named [sql/t-sql/statements/truncate-table-transact-sql, Synapse syntax]."""
    reader.expect("TABLE")
    name = reader.name()
    reader.end()
    return d.Truncate(name)
