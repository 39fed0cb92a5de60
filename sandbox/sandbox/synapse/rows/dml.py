"""Runs INSERT, DELETE and UPDATE: every value that is stored goes through its column's conversion."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import ColumnDef, TableDef, duck_name
from sandbox.synapse.reading import commands as c
from sandbox.synapse.refusals import errors, table_errors
from sandbox.synapse.rows.inserted_rows import Variable, columns_of, rows_of
from sandbox.synapse.rows.merge import merge
from sandbox.synapse.rows.stored import changed_table, stored
from sandbox.synapse.tables.made import identity_value
from sandbox.synapse.values.declared import DeclaredType
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.synapse.session import PoolSession


_ROWS: Final = "inserted_rows"  # the name under which literal rows stand in DuckDB
_TWICE = "The column name is specified more than once in the SET clause or column list of an INSERT."


def run(session: PoolSession, command: c.Insert | c.Delete | c.Update | c.Merge) -> int:
    """Run one statement, and say how many rows it changed. Raises SqlError; then it has changed nothing."""
    try:
        with session.writing():
            rows = _run(session, command)
            session.changed(rows)
            return rows
    except SqlError as error:
        if error.number == errors.NOT_NULL:  # DuckDB names the table without its schema
            table = session.catalog.find(command.name)
            error.message = (
                error.message.replace(f"table '{table.name}'", f"table '{session.pool.database}.{table.full_name}'") if table else error.message
            )
        raise


def _run(session: PoolSession, command: c.Insert | c.Delete | c.Update | c.Merge) -> int:
    match command:
        case c.Insert():
            return _insert(session, command)
        case c.Delete():
            return _delete(session, command)
        case c.Update():
            return _update(session, command)
        case c.Merge():
            return merge(session, command)


def _insert(session: PoolSession, command: c.Insert) -> int:
    table = changed_table(session, command.name)
    columns = _inserted(session, table, command.columns)
    with _source(session, command, columns) as (query, kinds):
        return _insert_from(session, table, columns, query, kinds, listed=command.columns is not None)


def _insert_from(session: PoolSession, table: TableDef, columns: list[ColumnDef], query: str, kinds: list[DeclaredType], *, listed: bool) -> int:
    if len(kinds) != len(columns):
        if not listed:
            raise SqlError(213, "Column name or number of supplied values does not match table definition.")
        raise errors.insert_count(fewer=len(kinds) < len(columns))
    names = [duck_name(column.name) for column in columns]
    sources = ", ".join(f"c{number}" for number in range(len(columns)))
    values = [stored(session, table, column, f"src.c{place}", kinds[place]) for place, column in enumerate(columns)]
    if table.identity and table.identity not in columns:
        names.append(duck_name(table.identity.name))
        values.append(identity_value(table))
    return session.count(f"INSERT INTO {table.duck} ({', '.join(names)}) SELECT {', '.join(values)} FROM ({query}) AS src({sources})")


@contextmanager
def _source(session: PoolSession, command: c.Insert, columns: list[ColumnDef]) -> Iterator[tuple[str, list[DeclaredType]]]:
    """Where the rows come from, as DuckDB's query, and their types."""
    found = (command.rows, command.casts or []) if command.rows is not None else rows_of(command.query)
    if found is not None and _are_the_columns_own(found[1], columns):
        try:
            literal = columns_of(found[0], session.variables)
        except KeyError as unknown:
            raise SqlError(137, f'Must declare the scalar variable "{unknown.args[0]}".', severity=15) from unknown
        if literal is not None:
            with session.registered(_ROWS, literal):
                yield f"SELECT * FROM {_ROWS}", [DeclaredType("nvarchar", None)] * literal.num_columns
            return
    query = command.query or " UNION ALL ".join(f"SELECT {', '.join(row)}" for row in _spelled_rows(command))
    translated = session.translator().query(query)
    yield translated.sql, session.kinds(translated)


def _are_the_columns_own(casts: list[str | None], columns: list[ColumnDef]) -> bool:
    """Whether the column's conversion alone makes what a CAST makes; one to text of some length would cut."""
    if not any(casts):
        return True
    kinds = [None if one.type.is_text and one.type.length is not None else one.type.spelled() for one in columns]
    return len(casts) == len(kinds) and all(cast in {None, kind} for cast, kind in zip(casts, kinds, strict=True))


def _spelled_rows(command: c.Insert) -> Iterator[list[str]]:
    for place, row in enumerate(command.rows or []):
        casts = command.casts if command.casts and not place else [None] * len(row)
        yield [f"CAST({_spelled(value)} AS {cast})" if cast else _spelled(value) for value, cast in zip(row, casts, strict=True)]


def _spelled(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if isinstance(value, Variable) else "N'" + value.replace("'", "''") + "'"


def _inserted(session: PoolSession, table: TableDef, names: list[str] | None) -> list[ColumnDef]:
    """The columns that get values; an identity column only while IDENTITY_INSERT is on for the table. Raises 207, 264, 544, 545."""
    identity, on = table.identity, session.identity_insert == table.object_id
    if names is None:
        return [column for column in table.columns if column is not identity or on]
    columns = [table.column(name) for name in names]
    if len({column.name for column in columns}) < len(columns):
        raise SqlError(264, _TWICE)
    if identity and identity in columns and not on:
        raise table_errors.identity_given(identity.name, table.name)
    if identity and on and identity not in columns:
        raise table_errors.identity_missing(table.name)
    return columns


def target_of(session: PoolSession, name: c.Name, source: str | None) -> tuple[TableDef, str, str]:
    """The table that is changed, how the query calls it, and the FROM clause that holds it.

    The name after DELETE or UPDATE may be an alias of the FROM clause, a table in it, or a table beside it.
    """
    catalog = session.catalog
    quoted = ".".join("[" + part.replace("]", "]]") + "]" for part in name)
    if source is None:
        table = changed_table(session, name)
        return table, quoted, quoted
    found = session.translator().tables(source)
    for entry, alias in found:
        if alias and len(name) == 1 and alias.lower() == name[0].lower():
            return changed_table(session, entry), quoted, source
    table = changed_table(session, name)
    if any(not alias and catalog.find(entry) is table for entry, alias in found):
        return table, quoted, source
    if aliases := [alias for entry, alias in found if alias and catalog.find(entry) is table]:
        return table, f"[{aliases[0]}]", source
    return table, quoted, f"{source}, {quoted}"


def _delete(session: PoolSession, command: c.Delete) -> int:
    table, called, source = target_of(session, command.name, command.source)
    if command.source is None and command.where is None:
        return session.count(f"DELETE FROM {table.duck}")
    where = f" WHERE {command.where}" if command.where else ""
    translated = session.translator().query(f"SELECT {called}.[rowid] AS rid FROM {source}{where}")
    session.prepare(translated.reads)
    return session.count(f"DELETE FROM {table.duck} WHERE rowid IN ({translated.sql})", verb="DELETE")


def _update(session: PoolSession, command: c.Update) -> int:
    table, called, source = target_of(session, command.name, command.source)
    columns = [table.column(name) for name, _ in command.assignments]
    if len({column.name for column in columns}) < len(columns):
        raise SqlError(264, _TWICE)
    for column in columns:
        if column.identity:
            raise table_errors.identity_updated(column.name)
    where = f" WHERE {command.where}" if command.where else ""
    values = ", ".join(f"{expression} AS v{place}" for place, (_, expression) in enumerate(command.assignments))
    translated = session.translator().query(f"SELECT {called}.[rowid] AS rid, {values} FROM {source}{where}")
    kinds = session.kinds(translated)[1:]
    sets = ", ".join(
        f"{duck_name(column.name)} = {stored(session, table, column, f'q.v{place}', kinds[place])}" for place, column in enumerate(columns)
    )
    rows = f"SELECT DISTINCT ON (rid) * FROM ({translated.sql})"
    return session.count(f"UPDATE {table.duck} SET {sets} FROM ({rows}) AS q WHERE {table.duck}.rowid = q.rid", verb="UPDATE")
