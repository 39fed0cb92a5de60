"""Runs MERGE, by the rules of its Synapse section [sql/t-sql/statements/merge-transact-sql]."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import TableDef, duck_name
from sandbox.synapse.refusals import errors, table_errors
from sandbox.synapse.rows.stored import changed_table, stored
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.session import PoolSession

_COUNTED_ROWS: Final = 100_000  # actions taken from DuckDB at a time
_WHEN: Final = {"both": "MATCHED", "target": "NOT MATCHED BY TARGET", "source": "NOT MATCHED BY SOURCE"}


def merge(session: PoolSession, command: c.Merge) -> int:
    """Run it, and count: an update is a delete and an insert here, and counts as two. Raises 100087, 100088, 8672 and others."""
    table = changed_table(session, command.name)
    _check(table, command)
    called = _bracketed(command.alias or command.name[-1])
    target = ".".join(_bracketed(part) for part in ((table.name,) if table.temporary else (table.schema, table.name))) + f" AS {called}"
    source, on = _source(session, command, target)
    if any(action.matched == "both" for action in command.actions):
        pairs = session.translator().query(f"SELECT {called}.[rowid] AS rid FROM {target} INNER JOIN {command.source} ON {command.on}")
        if session.first(f"SELECT rid FROM ({pairs.sql}) GROUP BY rid HAVING count(*) > 1 LIMIT 1"):
            raise errors.merge_twice()
    clauses = " ".join(_clause(session, table, command, action, target) for action in command.actions)
    alias = duck_name(command.alias or command.name[-1])
    done = session.duck(f"MERGE INTO {table.duck} AS {alias} USING {source} ON {on} {clauses} RETURNING merge_action", verb="MERGE")
    counts: Counter[str] = Counter()
    while block := done.fetchmany(_COUNTED_ROWS):
        counts.update(action for (action,) in block)
    return counts.total() + counts["UPDATE"]


def _bracketed(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"


def _check(table: TableDef, command: c.Merge) -> None:
    """What the target must be for the actions, and how often each may come."""
    inserts = [action for action in command.actions if action.matched == "target"]
    if inserts and table.distribution != "HASH":
        raise errors.merge_needs_hash()
    if inserts and table.identity:
        raise errors.merge_into_identity()
    if len(inserts) > 1:
        raise errors.merge_actions("INSERT")
    _check_clauses(command)
    for action in command.actions:
        for name in action.columns if action.verb == "update" else []:
            if table.column(name).identity:
                raise table_errors.identity_updated(name)


def _check_clauses(command: c.Merge) -> None:
    """Of WHEN MATCHED and of NOT MATCHED BY SOURCE at most two, the first with a condition: one UPDATE, one DELETE."""
    for kind in ("both", "source"):
        found = [action for action in command.actions if action.matched == kind]
        verbs = [action.verb for action in found]
        for verb in verbs:
            if verbs.count(verb) > 1:
                raise errors.merge_actions(verb.upper())
        if len(found) > 1 and found[0].condition is None:
            raise errors.merge_unreachable(f"WHEN {_WHEN[kind]}")


def _source(session: PoolSession, command: c.Merge, target: str) -> tuple[str, str]:
    text = f"SELECT CASE WHEN {command.on} THEN 1 END AS c FROM {target} CROSS JOIN {command.source}"
    (condition,), reads = session.translator().parts(text)
    session.prepare(reads)
    whole = session.translator().query(text).sql
    return whole[whole.rindex(" CROSS JOIN ") + len(" CROSS JOIN ") :], _condition(condition)


def _condition(case: str) -> str:
    return case.removeprefix("CASE WHEN ").removesuffix(" THEN 1 END")


def _clause(session: PoolSession, table: TableDef, command: c.Merge, action: c.MergeAction, target: str) -> str:
    when = _WHEN[action.matched]
    # What only the target has a row for sees the target alone: a column of the source is 207 there.
    seen = f"FROM {target}" if action.matched == "source" else f"FROM {target} CROSS JOIN {command.source}"
    condition = ""
    if action.condition:
        checked = session.translator().query(f"SELECT CASE WHEN {action.condition} THEN 1 END AS c {seen}")
        session.kinds(checked)
        (text,), _ = session.translator().parts(f"SELECT CASE WHEN {action.condition} THEN 1 END AS c {seen}")
        condition = f" AND ({_condition(text)})"
    if action.verb == "delete":
        return f"WHEN {when}{condition} THEN DELETE"
    columns = [table.column(name) for name in action.columns] or table.columns
    if len(columns) != len(action.values):
        raise errors.insert_count(fewer=len(action.values) < len(columns))
    text = f"SELECT {', '.join(f'{value} AS v{place}' for place, value in enumerate(action.values))} {seen}"
    try:
        kinds = session.kinds(session.translator().query(text))
    except SqlError as error:
        if error.number == errors.NOT_BOUND:  # of the source, in a clause for rows without one: "error 207 ... is returned" [same page]
            raise errors.no_column(error.message.split('"')[1]) from error
        raise
    parts, _ = session.translator().parts(text)
    values = [stored(session, table, column, f"({part})", kind) for column, part, kind in zip(columns, parts, kinds, strict=True)]
    if action.verb == "insert":
        return f"WHEN {when}{condition} THEN INSERT ({', '.join(duck_name(column.name) for column in columns)}) VALUES ({', '.join(values)})"
    sets = ", ".join(f"{duck_name(column.name)} = {value}" for column, value in zip(columns, values, strict=True))
    return f"WHEN {when}{condition} THEN UPDATE SET {sets}"
