"""Makes views and stored procedures, and calls procedures: the pool's own few, and those that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import ProcedureDef, ViewDef, duck_name
from sandbox.synapse.reading.batch import read_batch
from sandbox.synapse.refusals import errors, load_errors
from sandbox.synapse.rows.functions import parsed_name
from sandbox.synapse.values.conversion import converted, sql_text
from sandbox.tds.session import Column, RowCount, Rows, SqlError, SqlType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.session import PoolSession

MAX_NESTING: Final = 8  # sql-data-warehouse-develop-stored-procedures, "Nesting stored procedures"


def create_view(session: PoolSession, command: d.CreateView) -> None:
    """CREATE or ALTER VIEW: the query must hold now; its text is what is kept [sql-data-warehouse-develop-views, "Limitations"]."""
    translated = session.translator().query(command.query)
    if translated.temporary:
        raise errors.unsupported("A view on a temporary table")
    kinds = session.kinds(translated)
    names = command.columns or [name for name, _ in translated.columns]
    if len(names) != len(kinds):
        raise SqlError(8158, f"'{command.name[-1]}' has more columns than were specified in the column list.")
    if unnamed := next((place for place, name in enumerate(names, 1) if not name or name == "*"), None):
        raise SqlError(4511, f"Create View or Function failed because no column name was specified for column {unnamed}.")
    catalog = session.pool.catalog
    schema, own = catalog.split(command.name)
    made = ViewDef(schema, own, command.query, dict(zip(names, kinds, strict=True)), definition=command.text)
    if command.alter:
        _replace(session, command.name, catalog.view(command.name), made)
    else:
        catalog.add(made)


def create_procedure(session: PoolSession, command: d.CreateProcedure) -> None:
    """CREATE or ALTER PROCEDURE: the body is read, so that its grammar holds, and kept as text."""
    read_batch(command.body)
    catalog = session.pool.catalog
    schema, own = catalog.split(command.name)
    made = ProcedureDef(schema, own, command.parameters, command.body, definition=command.text)
    if command.alter:
        _replace(session, command.name, catalog.procedure(command.name), made)
    else:
        catalog.add(made)


def _replace(session: PoolSession, name: d.Name, old: ViewDef | ProcedureDef | None, new: ViewDef | ProcedureDef) -> None:
    if old is None:
        raise errors.no_object(".".join(name))
    catalog = session.pool.catalog
    catalog.remove(old)
    catalog.add(new)
    new.object_id, new.created_utc = old.object_id, old.created_utc


def drop(session: PoolSession, command: d.DropModule) -> None:
    """DROP VIEW and DROP PROCEDURE. Raises 3701, 3705."""
    catalog = session.pool.catalog
    wanted = ViewDef if command.kind == "view" else ProcedureDef
    for name in command.names:
        found = catalog.object(name)
        if isinstance(found, wanted):
            catalog.remove(found)
        elif found is not None:
            raise errors.not_of_kind(".".join(name), command.kind)
        elif not command.if_exists:
            raise errors.no_such_to_drop(".".join(name), command.kind)


def call(session: PoolSession, command: c.Procedure) -> Iterator[Rows | RowCount]:
    """EXEC: a system procedure, or one that was made. Raises 2812, 201, 8144, 217."""
    own = command.name[-1].lower()
    if own == "sp_rename":
        if session.in_transaction:
            raise errors.in_transaction()
        _rename_column(session, [str(session.value(text)) for _, text in command.arguments])
        yield RowCount(None)
    elif own.startswith("sp_datatype_info"):
        yield Rows([Column("TYPE_NAME", SqlType("nvarchar", 128))], [])
    elif own == "sp_executesql":
        yield from _execute_text(session, command)
    else:
        procedure = session.pool.catalog.procedure(command.name)
        if procedure is None:
            raise errors.no_procedure(".".join(command.name))
        variables = _bound(session, procedure, command)
        was_chained, session.is_chained = session.is_chained, True
        try:
            yield from run_text(session, procedure.body, variables)
        finally:
            session.is_chained = was_chained


def run_text(session: PoolSession, text: str, variables: dict[str, object]) -> Iterator[Rows | RowCount]:
    """Run a body or a dynamic text, one level deeper, with these variables. Raises 217 below eight levels."""
    if session.nesting >= MAX_NESTING:
        raise errors.nesting_too_deep()
    before = session.variables
    session.variables, session.nesting = variables, session.nesting + 1
    try:
        yield from session.run_all(read_batch(text))
    finally:
        session.variables, session.nesting = before, session.nesting - 1


def _bound(session: PoolSession, procedure: ProcedureDef, command: c.Procedure) -> dict[str, object]:
    """The parameters' values, by place or by name; there are no defaults in a pool."""
    names = [parameter.name for parameter in procedure.parameters]
    given: dict[str, str] = {}
    for place, (name, text) in enumerate(command.arguments):
        called = name or (names[place] if place < len(names) else "")
        if called not in names or called in given:
            raise errors.procedure_arguments(procedure.name)
        given[called] = text
    values: dict[str, object] = {}
    for parameter in procedure.parameters:
        if parameter.name not in given:
            raise errors.procedure_argument(procedure.name, parameter.name)
        (text,), _ = session.translator().parts(f"SELECT {_argument(given[parameter.name])} AS value")
        found = session.first(f"SELECT {converted(text, parameter.type)}")
        values[parameter.name] = found[0] if found else None
    return values


def _argument(text: str) -> str:
    """A bare word stands for a text in EXEC [sql/t-sql/language-elements/execute-transact-sql, "value"]."""
    bare = text.isidentifier() and text.upper() != "NULL"
    return sql_text(text) if bare else text


def _execute_text(session: PoolSession, command: c.Procedure) -> Iterator[Rows | RowCount]:
    """sp_executesql N'...', N'@a int, ...', @a = 1, ...: the declared types are the clients' affair."""
    texts = [text for _, text in command.arguments]
    statement = session.value(texts[0])
    declared = str(session.value(texts[1])).split(",") if len(texts) > 1 else []
    names = [part.split()[0].lower() for part in declared if part.split()]
    variables = {name or names[place]: session.value(text) for place, (name, text) in enumerate(command.arguments[2:]) if name or place < len(names)}
    yield from run_text(session, str(statement), variables)


def _rename_column(session: PoolSession, arguments: list[str]) -> None:
    """Only COLUMN [sql/relational-databases/system-stored-procedures/sp-rename-transact-sql, Synapse section]."""
    if len(arguments) != 3 or arguments[2].upper() != "COLUMN":  # noqa: PLR2004  # object, new name, kind
        raise errors.unsupported("sp_rename of anything but a COLUMN")
    *name, column = parsed_name(arguments[0])
    catalog, new = session.pool.catalog, arguments[1]
    with catalog.lock, session.writing():
        table = session.catalog.table(tuple(name))
        if table.external is not None:
            raise load_errors.external_ddl("sp_rename")
        found = table.find(column)
        if found is None:
            raise SqlError(15248, f"Either the parameter @objname is ambiguous or the claimed @objtype ({arguments[2]}) is wrong.", severity=11)
        if table.find(new) is not None and table.find(new) is not found:
            raise SqlError(15335, f"Error: The new name '{new}' is already in use as a COLUMN name and would cause a duplicate.", severity=11)
        if found.name.lower() in (one.lower() for one in table.hash_columns):
            raise errors.unsupported("sp_rename of a distribution column")  # sp-rename-transact-sql, Synapse section: non-distribution columns only
        catalog.split((new,))  # a name too long
        session.duck(f"ALTER TABLE {table.duck} RENAME COLUMN {duck_name(found.name)} TO {duck_name(new)}")
        table.rename_column(found.name, new)
        catalog.save(session.cursor)
