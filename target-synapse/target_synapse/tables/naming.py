"""Which table a stream goes to and which column a property: a rule for every name T-SQL cannot hold as it is.

- Reserved words and special characters stay as they are: every name is quoted.
- A name that T-SQL cannot hold, or tell from another, is repaired and gets `_` and 8 hexadecimal digits of its SHA-256: blanks at the end go
  (T-SQL compares names without them), NUL and halves of surrogate pairs become `_`, so does an empty name, and what is over 128 UTF-16 units is cut.
- Of names that are equal but for case, the one that the table has already, else the first, stays; the others get such digits, and so do
  `_sdc_row`, `_sdc_rank` and `_sdc_source_row`, which staging tables have for themselves, and what is `_sdc_table_version` or `_sdc_deleted_at` but for case.
- So do tables that would have the name of an alias in our statements.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse.sql.quoting import MAX_NAME_CHARS, quoted, utf16_units

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_SCHEMA = "dbo"
UNSPEAKABLE = re.compile(r"[\0\ud800-\udfff]")
DIGEST_CHARS = 8
ROW_COLUMN, RANK_COLUMN = "_sdc_row", "_sdc_rank"  # a staged row's place in its batch, and among the rows with its key
SOURCE_ROW_COLUMN = "_sdc_source_row"  # of a child row: the place of the record that it comes from
RECORD_COLUMN = "_sdc_record_id"  # what tells rows without a key apart, where they have child tables
STAGING_ONLY = frozenset((ROW_COLUMN, RANK_COLUMN, SOURCE_ROW_COLUMN))
# The SDK's names (https://sdk.meltano.com/en/latest/implementation/record_metadata.html), which no property of a stream has: it takes them out.
VERSION_COLUMN, DELETED_COLUMN = "_sdc_table_version", "_sdc_deleted_at"
OF_VERSIONS = frozenset((VERSION_COLUMN, DELETED_COLUMN))

# What statements call the rows that they move, quoted. In a FROM clause that names the stream's table no other may be called as it is, whatever its schema
# (errors 1012 and 1013, https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors-1000-to-1999).
ALIASES = ("_sdc_staged", "_sdc_of_record", "_sdc_gone", "_sdc_changed")
STAGED, OF_RECORD, GONE, CHANGED = map(quoted, ALIASES)

UNSAFE = re.compile(r"[^A-Za-z0-9.-]")  # in a path of the staging store


@dataclass(frozen=True, slots=True)
class TableName:
    """A table in its schema; `str()` is the quoted name."""

    schema: str
    table: str

    def __str__(self) -> str:
        """The quoted name, for SQL text."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def same_as(self) -> str:
        """Equal for names that the pool takes for the same table."""
        return f"{folded(self.schema)}.{folded(self.table)}"


def folded(name: str) -> str:
    """Equal for names that a case-insensitive collation takes for the same."""
    return name.rstrip(" ").casefold()


def held_name(name: str) -> str:
    """The name as T-SQL can hold it."""
    held = UNSPEAKABLE.sub("_", name).rstrip(" ") or "_"
    return name if held == name and utf16_units(name) <= MAX_NAME_CHARS else told_apart(held, name)


def column_names(properties: Iterable[str], existing: Iterable[str] = ()) -> dict[str, str]:
    """The column of each property; `existing` are the columns that the table has."""
    there = set(existing)
    ordered = list(properties)
    by_right = sorted(ordered, key=lambda name: held_name(name) not in there)  # stable: then the schema's order
    taken = set(STAGING_ONLY)
    chosen: dict[str, str] = {}
    for name in by_right:
        column = held_name(name)
        if folded(column) in taken or (folded(column) in OF_VERSIONS and name not in OF_VERSIONS):
            column = told_apart(column, name)
        taken.add(folded(column))
        chosen[name] = column
    return {name: chosen[name] for name in ordered}


def table_name(stream: str, default_schema: str | None) -> TableName:
    """The table of a stream.

    The name of a stream from a database tap has parts, `schema-table` or `database-schema-table`: the last is the table, the one before it
    the schema unless the settings name one.
    """
    parts = stream.split("-")
    own_schema = parts[-2] if len(parts) in (2, 3) and all(parts) else None
    table = parts[-1] if own_schema is not None else stream
    schema = default_schema or own_schema or DEFAULT_SCHEMA
    held = held_name(table)
    return TableName(held_name(schema), told_apart(held, table) if folded(held) in ALIASES else held)


def run_name(run_id: str) -> str:
    """What labels and sessions of a run begin with."""
    return f"target-synapse run={run_id}" if run_id else "target-synapse"


def child_table(table: TableName, column: str) -> TableName:
    """The table of the elements of an array that would be this column."""
    return TableName(table.schema, held_name(f"{table.table}__{column}"))


def beside(staging: TableName, part: str) -> TableName:
    """Another table of the same load: of the same form, so that it is swept as that one is."""
    return TableName(staging.schema, staging.table[:-DIGEST_CHARS] + digest(staging.table[-DIGEST_CHARS:] + part))


def digest(text: str) -> str:
    """A few characters that stand for the text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]


def told_apart(held: str, name: str) -> str:
    """A name that T-SQL can hold, with digits by which it differs from others like it."""
    tail = f"_{digest(name)}"
    while utf16_units(held) > MAX_NAME_CHARS - len(tail):
        held = held[:-1]
    return held + tail


def safe_part(name: str) -> str:
    """A stream's name as a part of a path: no two streams share one, and no character needs escaping in an address."""
    safe = UNSAFE.sub("-", name)
    return safe if safe == name and not safe.startswith(".") else f"{safe.lstrip('.')}-{digest(name)}"
