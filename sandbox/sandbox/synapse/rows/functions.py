"""The system functions and global variables that drivers and loaders ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse.reading.tokens import Reader, tokens
from sandbox.synapse.values.declared import DEFAULT_COLLATION
from sandbox.synapse.views.view_kind import kind_of, schema_id
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.synapse.session import PoolSession


def parsed_name(text: str) -> tuple[str, ...]:
    """The parts of a name inside a string, such as N'[s].[t]'."""
    reader = Reader(text, tokens(text))
    name = reader.name()
    reader.end()
    return name


def system_functions(session: PoolSession) -> Mapping[str, Callable[..., object]]:
    """By upper-case name, and by `@@name` in lower case."""
    from sandbox.synapse.pool import VERSION  # noqa: PLC0415  # the pool makes sessions: its constant comes late

    catalog, seen = session.pool.catalog, session.catalog

    def object_id(name: str, kind: str = "") -> int | None:
        try:
            parts = parsed_name(name)
            found = seen.find(parts) or (None if parts[-1].startswith("#") else catalog.object(parts))
        except SqlError:
            return None  # another database, or no name at all: NULL, as documented
        return found.object_id if found and kind.strip().upper() in {"", kind_of(found)} else None

    def schema_number(name: str = "dbo") -> int | None:
        return schema_id(catalog, name) if name.lower() in catalog.schemas else None

    def schema_name(number: int = 1) -> str | None:
        return next((text for key, text in catalog.schemas.items() if schema_id(catalog, key) == number), None)

    def object_name(number: int) -> str | None:
        return next((one.name for one in catalog.objects() if one.object_id == number), None)

    user = session.login.user
    return {
        "@@version": lambda: VERSION,
        "@@trancount": lambda: int(session.in_transaction),
        "@@rowcount": lambda: session.row_count,
        "@@spid": lambda: int(session.session_id[3:]),
        "@@servername": lambda: "sandbox",
        "@@language": lambda: "us_english",
        "@@error": lambda: 0,
        "@@max_precision": lambda: 38,
        "@@options": lambda: 5496,
        "XACT_STATE": lambda: -2 if session.failed else int(session.in_transaction),
        "SESSION_ID": lambda: session.session_id,
        "DB_NAME": lambda *_: catalog.database,
        "DB_ID": lambda *_: 5,
        "SUSER_SNAME": lambda *_: user,
        "SUSER_NAME": lambda *_: user,
        "USER_NAME": lambda *_: "dbo",
        "HOST_NAME": lambda: session.login.host,
        "APP_NAME": lambda: session.login.application,
        "OBJECT_ID": object_id,
        "OBJECT_NAME": object_name,
        "SCHEMA_ID": schema_number,
        "SCHEMA_NAME": schema_name,
        "DATABASEPROPERTYEX": lambda _name, what: {
            "EDITION": "DataWarehouse",
            "SERVICEOBJECTIVE": session.pool.weather.service_level,
            "STATUS": "ONLINE",
            "COLLATION": DEFAULT_COLLATION,
        }.get(what.upper()),
        "SERVERPROPERTY": lambda what: {"EDITION": "SQL Azure", "ENGINEEDITION": "6", "PRODUCTVERSION": "12.0.2000.8"}.get(what.upper()),
    }
