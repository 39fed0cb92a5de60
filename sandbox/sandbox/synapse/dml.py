"""Runs INSERT, DELETE, UPDATE and MERGE: every value that is stored goes through its column's conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse import commands as c
from sandbox.synapse import errors
from sandbox.synapse.catalog import ColumnDef, TableDef, duck_name
from sandbox.synapse.conversion import converted
from sandbox.synapse.inserted_rows import values_of
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from sandbox.synapse.declared import DeclaredType
    from sandbox.synapse.session import PoolSession


def run(session: PoolSession, command: c.Insert | c.Delete | c.Update | c.Merge) -> int:
    """Run one statement, and say how many rows it changed. Raises SqlError; then it has changed nothing."""
    try:
        with session.writing():
            return _run(session, command)
    except SqlError as error:
        if error.number == errors.NOT_NULL:  # DuckDB names the table without its schema
            table = session.pool.catalog.find(command.name)
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
            return _merge(session, command)


def place_of(session: PoolSession, table: TableDef, column: ColumnDef) -> str:
    """Table and column as 2628 names them."""
    return f"table '{session.pool.database}.{table.full_name}', column '{column.name}'"


def stored(session: PoolSession, table: TableDef, column: ColumnDef, expression: str, source: DeclaredType | None) -> str:
    """The expression as this column keeps it. Raises 257 for text into binary, which T-SQL does not convert by itself."""
    if column.type.is_binary and source is not None and source.is_text:
        text = f"Implicit conversion from data type {source.name} to {column.type.name} is not allowed. Use the CONVERT function to run this query."
        raise SqlError(257, text)
    return converted(expression, column.type, source, place=place_of(session, table, column))


def _insert(session: PoolSession, command: c.Insert) -> int:
    table = session.pool.catalog.table(command.name)
    columns = [table.column(name) for name in command.columns] if command.columns else table.columns
    rows = values_of(command.query)
    if rows is not None:
        query, kinds = rows
    else:
        translated = session.translator().query(command.query)
        query, kinds = translated.sql, session.kinds(translated)
    if len(kinds) != len(columns):
        if command.columns is None:
            raise SqlError(213, "Column name or number of supplied values does not match table definition.")
        raise errors.insert_count(fewer=len(kinds) < len(columns))
    names = ", ".join(duck_name(column.name) for column in columns)
    sources = ", ".join(f"c{number}" for number in range(len(columns)))
    values = ", ".join(stored(session, table, column, f"src.c{place}", kinds[place]) for place, column in enumerate(columns))
    return session.count(f"INSERT INTO {table.duck} ({names}) SELECT {values} FROM ({query}) AS src({sources})")


def _target(session: PoolSession, name: c.Name, source: str | None) -> tuple[TableDef, str, str]:
    """The table that is changed, how the query calls it, and the FROM clause that holds it.

    The name after DELETE or UPDATE may be an alias of the FROM clause, a table in it, or a table beside it.
    """
    catalog = session.pool.catalog
    quoted = ".".join("[" + part.replace("]", "]]") + "]" for part in name)
    if source is None:
        table = catalog.table(name)
        return table, quoted, quoted
    found = session.translator().tables(source)
    for entry, alias in found:
        if alias and len(name) == 1 and alias.lower() == name[0].lower():
            return catalog.table(entry), quoted, source
    table = catalog.table(name)
    if any(not alias and catalog.find(entry) is table for entry, alias in found):
        return table, quoted, source
    if aliases := [alias for entry, alias in found if alias and catalog.find(entry) is table]:
        return table, f"[{aliases[0]}]", source
    return table, quoted, f"{source}, {quoted}"


def _delete(session: PoolSession, command: c.Delete) -> int:
    table, called, source = _target(session, command.name, command.source)
    if command.source is None and command.where is None:
        return session.count(f"DELETE FROM {table.duck}")
    where = f" WHERE {command.where}" if command.where else ""
    translated = session.translator().query(f"SELECT {called}.[rowid] AS rid FROM {source}{where}")
    session.show_views(translated.views)
    return session.count(f"DELETE FROM {table.duck} WHERE rowid IN ({translated.sql})", verb="DELETE")


def _update(session: PoolSession, command: c.Update) -> int:
    table, called, source = _target(session, command.name, command.source)
    columns = [table.column(name) for name, _ in command.assignments]
    if len({column.name for column in columns}) < len(columns):
        raise SqlError(264, "The column name is specified more than once in the SET clause or column list of an INSERT.")
    where = f" WHERE {command.where}" if command.where else ""
    values = ", ".join(f"{expression} AS v{place}" for place, (_, expression) in enumerate(command.assignments))
    translated = session.translator().query(f"SELECT {called}.[rowid] AS rid, {values} FROM {source}{where}")
    kinds = session.kinds(translated)[1:]
    sets = ", ".join(
        f"{duck_name(column.name)} = {stored(session, table, column, f'q.v{place}', kinds[place])}" for place, column in enumerate(columns)
    )
    rows = f"SELECT DISTINCT ON (rid) * FROM ({translated.sql})"
    return session.count(f"UPDATE {table.duck} SET {sets} FROM ({rows}) AS q WHERE {table.duck}.rowid = q.rid", verb="UPDATE")


def _merge(session: PoolSession, command: c.Merge) -> int:
    table = session.pool.catalog.table(command.name)
    if table.distribution != "HASH" and any(action.matched == "target" for action in command.actions):
        raise errors.merge_needs_hash()
    called = "[" + (command.alias or command.name[-1]).replace("]", "]]") + "]"
    target = ".".join("[" + part + "]" for part in (table.schema, table.name)) + f" AS {called}"
    source, on = _merge_source(session, command, target)
    if any(action.matched == "both" for action in command.actions):
        pairs = session.translator().query(f"SELECT {called}.[rowid] AS rid FROM {target} INNER JOIN {command.source} ON {command.on}")
        if session.duck(f"SELECT rid FROM ({pairs.sql}) GROUP BY rid HAVING count(*) > 1 LIMIT 1").fetchone():
            raise errors.merge_twice()
    clauses = " ".join(_clause(session, table, command, action, target) for action in command.actions)
    return session.count(f"MERGE INTO {table.duck} AS {duck_name(command.alias or command.name[-1])} USING {source} ON {on} {clauses}", verb="MERGE")


def _merge_source(session: PoolSession, command: c.Merge, target: str) -> tuple[str, str]:
    text = f"SELECT CASE WHEN {command.on} THEN 1 END AS c FROM {target} CROSS JOIN {command.source}"
    (condition,), _ = session.translator().parts(text)
    whole = session.translator().query(text).sql
    return whole[whole.rindex(" CROSS JOIN ") + len(" CROSS JOIN ") :], _condition(condition)


def _condition(case: str) -> str:
    return case.removeprefix("CASE WHEN ").removesuffix(" THEN 1 END")


def _clause(session: PoolSession, table: TableDef, command: c.Merge, action: c.MergeAction, target: str) -> str:
    when = {"both": "MATCHED", "target": "NOT MATCHED BY TARGET", "source": "NOT MATCHED BY SOURCE"}[action.matched]
    seen = f"FROM {target} CROSS JOIN {command.source}"
    condition = ""
    if action.condition:
        (text,), _ = session.translator().parts(f"SELECT CASE WHEN {action.condition} THEN 1 END AS c {seen}")
        condition = f" AND ({_condition(text)})"
    if action.verb == "delete":
        return f"WHEN {when}{condition} THEN DELETE"
    columns = [table.column(name) for name in action.columns] or table.columns
    if len(columns) != len(action.values):
        raise errors.insert_count(fewer=len(action.values) < len(columns))
    text = f"SELECT {', '.join(f'{value} AS v{place}' for place, value in enumerate(action.values))} {seen}"
    kinds = session.kinds(session.translator().query(text))
    parts, _ = session.translator().parts(text)
    values = [stored(session, table, column, f"({part})", kind) for column, part, kind in zip(columns, parts, kinds, strict=True)]
    if action.verb == "insert":
        return f"WHEN {when}{condition} THEN INSERT ({', '.join(duck_name(column.name) for column in columns)}) VALUES ({', '.join(values)})"
    sets = ", ".join(f"{duck_name(column.name)} = {value}" for column, value in zip(columns, values, strict=True))
    return f"WHEN {when}{condition} THEN UPDATE SET {sets}"
