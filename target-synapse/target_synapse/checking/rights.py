"""The rights of a load: what grants each, and those that only some settings need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_synapse.sql import ddl
from target_synapse.sql.quoting import labelled, quoted
from target_synapse.user_sql.own_sql import PLACEHOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName


# What a pool says to who has no right, by number: 229 and 262 in .../database-engine-events-and-errors-0-to-999, 1088 in -1000-to-1999, 2760, 3701, 4701, 4834
# and 4902, 15151 and 15247 in those of their thousands (https://learn.microsoft.com/sql/relational-databases/errors-events/, read 2026-11-22). The tables are
# SQL Server's: no page says which numbers a dedicated pool gives, so this is unconfirmed; with another number a check fails all the same, without the GRANT.
REFUSED = frozenset((229, 262, 1088, 2760, 3701, 4701, 4834, 4902, 15151, 15247))
NUMBER = re.compile(r"\((\d+)\)$")
DENIED = re.compile(r"The ([A-Z ]+) permission was denied on|\b([A-Z ]+) permission denied in database")
BULK = "ADMINISTER DATABASE BULK OPERATIONS"
# Those whose words name no right: SQL Server does not tell a table or a schema that may not be altered from one that is not there.
BY_NUMBER = {1088: "ALTER", 2760: "ALTER", 3701: "ALTER", 4701: "ALTER", 4834: BULK, 4902: "ALTER", 15151: "CONTROL", 15247: "ALTER"}
OF_DATABASE = frozenset(("CREATE TABLE", "CREATE SCHEMA", "CONTROL", BULK))
NEEDED = {
    "CREATE TABLE": ["CREATE TABLE", "ALTER"],
    "CREATE TABLE AS SELECT": ["CREATE TABLE", "ALTER", "SELECT"],
    "POLYBASE": ["CONTROL"],
    "COPY": [BULK],
    "ALTER TABLE": ["ALTER"],
    "RENAME OBJECT": ["ALTER"],
    "MERGE": ["SELECT", "INSERT", "UPDATE", "DELETE"],
}


@dataclass(frozen=True, slots=True)
class Need:
    """A right, the setting that needs it (empty: every load may), and statements that try it."""

    right: str
    setting: str
    statements: Sequence[str]


def is_refused(said: str) -> bool:
    """Whether a pool's words, with their number at the end, are those for who has no right."""
    number = NUMBER.search(said)
    return bool(number) and int(number[1]) in REFUSED  # type: ignore[index]  # bool() hides it from mypy


def granting(what: str, schema: str, user: str, said: str = "") -> str:
    """The hint for what was refused: the right that the pool's words name, else all that it may be."""
    name, found = quoted(user), DENIED.search(said)
    number = NUMBER.search(said)
    of_number = BY_NUMBER.get(int(number[1])) if number else None
    rights = [found[1] or found[2]] if found else NEEDED.get(what, [what]) if what == "POLYBASE" or not of_number else [of_number]
    of_schema = f" ON SCHEMA::{quoted(schema)}"
    database = [one for one in rights if one in OF_DATABASE]
    statements = [*(f"GRANT {one} TO {name}" for one in database)]
    if others := [one for one in rights if one not in OF_DATABASE]:
        statements.append(f"GRANT {', '.join(others)}{of_schema} TO {name}")
    return "run " + "; ".join(statements)


def values_of(config: Mapping[str, Any], setting: str) -> list[object]:
    """All values that the setting has, for whatever stream."""
    return [one[setting] for one in (config, *(config.get("stream_options") or {}).values()) if one.get(setting)]


def needs(config: Mapping[str, Any], tables: Sequence[TableName], probe: Column, *, label: str) -> Iterator[Need]:
    """The rights beyond those of every batch. `tables` are two scratch tables of one column, and names for two more."""
    full, empty, made, renamed = tables
    again = labelled(f"CREATE TABLE {made} {ddl.with_shape(ddl.TableShape())} AS\nSELECT * FROM {full}", label)
    yield Need("CREATE TABLE AS SELECT", "", [again])
    if "overwrite" in values_of(config, "load_method"):
        yield Need("RENAME OBJECT", "`load_method`: overwrite", [f"RENAME OBJECT {made} TO {quoted(renamed.table)}"])
    if "merge" in values_of(config, "upsert_with"):
        name = quoted(probe.name)
        matched = f"MERGE INTO {empty} AS t\nUSING (SELECT * FROM {full}) AS s\nON t.{name} = s.{name}\nWHEN MATCHED THEN DELETE"  # noqa: S608 - quoted names
        yield Need("MERGE", "`upsert_with`: merge", [f"{labelled(matched, label)};"])


def own_sql_of(config: Mapping[str, Any]) -> list[str]:
    """The settings with SQL of the user's own, whose rights nothing here can try."""
    return [setting for setting in PLACEHOLDERS if values_of(config, setting)]
