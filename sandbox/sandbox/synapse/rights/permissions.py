"""GRANT, DENY and REVOKE, and the views that show rights; who is refused for want of them is told by `checked`.

[sql/t-sql/statements/grant-object-permissions-transact-sql, deny-..., revoke-...]. A right belongs to the object, not to its name: it goes with a table
that is renamed, and a CTAS has none [sql/t-sql/statements/rename-transact-sql, sql-data-warehouse-develop-ctas].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.rights.principals import PUBLIC, grant
from sandbox.synapse.values.declared import INT, SYSNAME, DeclaredType
from sandbox.synapse.views.view_kind import TINYINT, View, schema_id, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.reading.tokens import Reader
    from sandbox.synapse.session import PoolSession

_TYPES: Final = {"SELECT": "SL", "INSERT": "IN", "UPDATE": "UP", "DELETE": "DL", "ALTER": "AL", "CONTROL": "CL", "REFERENCES": "RF"}
_KINDS: Final[dict[str, Literal["OBJECT", "SCHEMA", "DATABASE"]]] = {"OBJECT": "OBJECT", "SCHEMA": "SCHEMA", "DATABASE": "DATABASE"}
_FIRST_USER: Final = 5  # public 0, dbo 1, guest 2, INFORMATION_SCHEMA 3, sys 4 [sys-database-principals-transact-sql]


def read_permission(verb: str, reader: Reader) -> c.Command:
    """GRANT right [, ...] [ON {[OBJECT::]t [(column, ...)] | SCHEMA::s | DATABASE::d}] TO user [, ...] [WITH GRANT OPTION]."""
    rights = [_right(reader)]
    while reader.accept(","):
        rights.append(_right(reader))
    on: Literal["OBJECT", "SCHEMA", "DATABASE"] = "DATABASE"
    name: tuple[str, ...] = ()
    if reader.accept("ON"):
        kind = reader.take().upper if reader.peek(1).text == "::" else "OBJECT"
        reader.accept("::")
        if kind not in _KINDS:
            return d.Other()
        on, name = _KINDS[kind], reader.name()
    columns = reader.identifiers() if reader.sees("(") else []
    if not reader.accept("FROM"):
        reader.expect("TO")
    grantees = [reader.identifier()]
    while reader.accept(","):
        grantees.append(reader.identifier())
    state = "GRANT_WITH_GRANT_OPTION" if reader.accept("WITH", "GRANT", "OPTION") else verb
    reader.end()
    return d.Permission(state, rights, name, columns, grantees, on)  # type: ignore[arg-type]  # one of the four


def _right(reader: Reader) -> str:
    words = [reader.take().upper]
    while not reader.done and reader.peek().text != "," and not reader.sees("ON") and not reader.sees("TO"):
        words.append(reader.take().upper)
    return " ".join(words)


def permit(session: PoolSession, command: d.Permission) -> None:
    """Keep, or take away, rights."""
    if command.on != "OBJECT":
        grant(session, command, command.on)
        return
    table = session.catalog.table(command.name)
    named: list[str | None] = [table.column(name).name for name in command.columns]
    for right in command.rights:
        for grantee in command.grantees:
            for column in named or [None]:
                table.rights = [one for one in table.rights if (one[1], one[2].lower(), one[3]) != (right, grantee.lower(), column)]
                if command.state != "REVOKE":
                    table.rights.append((command.state, right, grantee, column))


def _grantees(session: PoolSession) -> list[str]:
    content = session.pool.catalog.content
    found = {grantee.lower(): grantee for table in session.pool.catalog for _, _, grantee, _ in table.rights}
    found |= {key: name for key, (name, _) in content.principals.users.items()}
    return [found[name] for name in sorted(found) if name != PUBLIC]


def _principals(session: PoolSession) -> Iterable[tuple[object, ...]]:
    yield "public", 0, "R", "DATABASE_ROLE"
    yield "dbo", 1, "S", "SQL_USER"
    for number, name in enumerate(_grantees(session), _FIRST_USER):
        yield name, number, "S", "SQL_USER"


def _permissions(session: PoolSession) -> Iterable[tuple[object, ...]]:
    numbers = {PUBLIC: 0} | {name.lower(): number for number, name in enumerate(_grantees(session), _FIRST_USER)}
    catalog = session.pool.catalog
    for state, right, on, which, grantee in catalog.content.principals.rights:
        number, major = (3, schema_id(catalog, which)) if on == "SCHEMA" else (0, 0)
        yield number, on, major, 0, numbers[grantee.lower()], 1, _TYPES.get(right, right[:4]), right, _letter(state), state
    for table in session.pool.catalog:
        for state, right, grantee, column in table.rights:
            place = table.column(column).id if column else 0
            yield (
                1,
                "OBJECT_OR_COLUMN",
                table.object_id,
                place,
                numbers[grantee.lower()],
                1,
                _TYPES.get(right, right[:4]),
                right,
                _letter(state),
                state,
            )


def _letter(state: str) -> str:
    return "D" if state == "DENY" else "W" if state.endswith("OPTION") else "G"


VIEWS: Final = {
    "sys_database_principals": View(
        {"name": SYSNAME, "principal_id": INT, "type": DeclaredType("char", 1), "type_desc": text(60)}, _principals),
    "sys_database_permissions": View(
        {"class": TINYINT, "class_desc": text(60), "major_id": INT, "minor_id": INT, "grantee_principal_id": INT, "grantor_principal_id": INT,
         "type": DeclaredType("char", 4), "permission_name": text(128), "state": DeclaredType("char", 1), "state_desc": text(60)}, _permissions),
}  # fmt: skip
