"""The rights of a load: what grants each, and those that only some settings need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_synapse import ddl
from target_synapse.own_sql import PLACEHOLDERS
from target_synapse.quoting import labelled, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_synapse.ddl import Column
    from target_synapse.naming import TableName


@dataclass(frozen=True, slots=True)
class Need:
    """A right, the setting that needs it (empty: every load may), and statements that try it."""

    right: str
    setting: str
    statements: Sequence[str]


def granting(right: str, schema: str, user: str) -> str:
    """The hint for a right that lacks. A table is made with the right to make one and that to alter its schema."""
    name, of_schema = quoted(user), f"ON SCHEMA::{quoted(schema)}"
    making = f"GRANT CREATE TABLE TO {name}; GRANT ALTER {of_schema} TO {name}"
    statements = {
        "CREATE TABLE": making,
        "CREATE TABLE AS SELECT": f"{making}; GRANT SELECT {of_schema} TO {name}",
        "POLYBASE": f"GRANT CONTROL TO {name}",
        "COPY": f"GRANT ADMINISTER DATABASE BULK OPERATIONS TO {name}",
        "ALTER TABLE": f"GRANT ALTER {of_schema} TO {name}",
        "RENAME OBJECT": f"GRANT ALTER {of_schema} TO {name}",
        "MERGE": f"GRANT SELECT, INSERT, UPDATE, DELETE {of_schema} TO {name}",
    }
    return "run " + statements.get(right, f"GRANT {right} {of_schema} TO {name}")


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
