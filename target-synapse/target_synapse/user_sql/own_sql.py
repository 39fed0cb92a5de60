"""SQL of the user's own that runs around a load: `transform_sql` and the hooks, as statements with placeholders.

A setting is a list of statements. An entry that begins with `@` names a file, whose statements are divided by lines that say GO, as sqlcmd's are.
In a statement `{table}` stands for a quoted name and `{table_text}` for the same as a text literal, to hand to a procedure; `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError, DestinationError
from singer_commons.misfits import Misfit

from target_synapse.sql.quoting import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.tables.naming import TableName

OF_RUN = ("run_id", "label")
OF_STREAM = (*OF_RUN, "stream", "schema", "schema_text", "table", "table_text")
OF_BATCH = (*OF_STREAM, "staging", "staging_text", "load_id")
PLACEHOLDERS = {
    "before_run_sql": OF_RUN,
    "before_load_sql": OF_STREAM,
    "transform_sql": OF_BATCH,
    "after_load_sql": OF_STREAM,
    "after_run_sql": OF_RUN,
}
MARK = re.compile(r"\{\{|\}\}|\{(\w+)\}")
DIVIDER = re.compile(r"^[ \t]*GO[ \t]*;?[ \t]*$", re.IGNORECASE | re.MULTILINE)
SHOWN_CHARS = 80  # of a statement, in messages
BRACES = {"{{": "{", "}}": "}"}


def statements_of(config: Mapping[str, Any], setting: str) -> list[str]:
    """The setting's statements, those of files too. Raises ConfigurationError for a file that cannot be read."""
    found: list[str] = []
    for entry in config.get(setting) or ():
        found += _of_file(entry[1:], setting) if entry.startswith("@") else [entry]
    return [one.strip() for one in found if one.strip()]


def _of_file(path: str, setting: str) -> list[str]:
    try:
        return DIVIDER.split(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"`{setting}` names the file {path}, which cannot be read: {reason}") from error


def own_sql_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """Statements with placeholders that their setting does not have, and files that cannot be read."""
    places = [("", settings), *((f"stream_options.{pattern}.", one) for pattern, one in (settings.get("stream_options") or {}).items())]
    for prefix, config in places:
        for setting, known in PLACEHOLDERS.items():
            try:
                statements = statements_of(config, setting)
            except ConfigurationError as error:
                yield Misfit((prefix + setting,), str(error))
                continue
            unknown = {name for one in statements for name in MARK.findall(one) if name and name not in known}
            if unknown:
                told = ", ".join(f"{{{name}}}" for name in known)
                yield Misfit(
                    (prefix + setting,), f"expected {told}, found {', '.join(f'{{{name}}}' for name in sorted(unknown))}; a brace is {{{{ or }}}}"
                )


def filled(statement: str, names: Mapping[str, str]) -> str:
    """The statement with its placeholders filled in."""
    return MARK.sub(lambda mark: names[mark[1]] if mark[1] else BRACES[mark[0]], statement)


def names_of_run(run_id: str, step: str) -> dict[str, str]:
    """What stands for the placeholders of a run."""
    return {"run_id": literal(run_id), "label": literal(f"target-synapse run={run_id} step={step}"[:255])}


def names_of_stream(run_id: str, step: str, stream: str, table: TableName) -> dict[str, str]:
    """What stands for those of a stream."""
    return {
        **names_of_run(run_id, step),
        "label": literal(f"target-synapse run={run_id} step={step} table={table.table}"[:255]),
        "stream": literal(stream),
        "schema": quoted(table.schema),
        "schema_text": literal(quoted(table.schema)),
        "table": str(table),
        "table_text": literal(str(table)),
    }


def names_of_batch(of_stream: Mapping[str, str], staging: TableName, load_id: str) -> dict[str, str]:
    """What stands for those of a batch."""
    return {**of_stream, "staging": str(staging), "staging_text": literal(str(staging)), "load_id": literal(load_id)}


def run_own(pool: Pool, setting: str, statements: Sequence[str], names: Mapping[str, str], *, whose: str = "") -> None:
    """Run the statements one after the other, each by itself. Raises DestinationError, or TransientSqlError; both name the statement."""
    for number, statement in enumerate(statements, start=1):
        sql = filled(statement, names)
        which = f"statement {number} of {len(statements)} in `{setting}`" + (f" of stream `{whose}`" if whose else "")
        try:
            pool.run(sql, doing=which)
        except DestinationError as error:
            hint = error.hint or f"correct `{setting}`, then run again"
            raise DestinationError(f"{error}, in: {_shortened(sql)}", hint=hint) from error


def _shortened(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."
