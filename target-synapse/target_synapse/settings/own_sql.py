"""SQL of the user's own, around a load and between staging and production."""

from __future__ import annotations

from singer_sdk import typing as th

STATEMENTS = th.ArrayType(th.StringType())
OWN_SQL = (
    th.Property(
        "before_run_sql",
        STATEMENTS,
        title="SQL before a run",
        description="Statements that run once, before the first line is read. An entry `@file` stands for a file's statements, divided by lines that say GO.",
    ),
    th.Property(
        "before_load_sql",
        STATEMENTS,
        title="SQL before a stream",
        description="Statements that run once a run for each stream, when its table is ready and before its first rows are loaded.",
    ),
    th.Property(
        "transform_sql",
        STATEMENTS,
        title="Transformation in staging",
        description="Statements that run on the staged rows of each batch, `{staging}`, before they are moved into the table. "
        "Rows that they delete count as skipped.",
    ),
    th.Property(
        "after_load_sql",
        STATEMENTS,
        title="SQL after a stream",
        description="Statements that run once for each stream at the end of a run, when all rows are loaded.",
    ),
    th.Property("after_run_sql", STATEMENTS, title="SQL after a run", description="Statements that run once, at the very end of a run."),
)
