"""A model: one SQL query of the user's own, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_warehouse.iterator import COLUMN_KINDS, KINDS, Iterator
from tap_warehouse.query import one_statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_warehouse.types import Column


@dataclass(frozen=True)
class Model:
    """A query that is a stream; `sql` has passed `one_statement`."""

    name: str
    sql: str
    key_columns: tuple[str, ...] = ()
    incremental: bool = False
    iterator_column: str | None = None
    iterator_type: str | None = None
    iterator_time_zone: str = "UTC"
    sync_start: str | None = None
    delay_s: int = 0
    lookback_s: int = 0
    max_rows: int | None = None

    def iterator(self, columns: Sequence[Column]) -> Iterator | None:
        """The iterator, typed by its column; None for a full model."""
        column = next((one for one in columns if one.name == self.iterator_column), None)
        if not self.incremental or column is None or column.kind is None:
            return None
        kind = KINDS[self.iterator_type] if self.iterator_type else column.kind
        return Iterator(column.name, kind, ZoneInfo(self.iterator_time_zone), self.sync_start, self.delay_s, self.lookback_s)

    def problems_with(self, columns: Sequence[Column], *, tells_case: bool) -> list[str]:
        """Whatever of the settings does not fit the columns that the query gives. `tells_case` is the warehouse's."""
        names = [one.name for one in columns]
        alike = names if tells_case else [name.lower() for name in names]
        twice = sorted({name for name, one in zip(names, alike, strict=True) if alike.count(one) > 1})
        found = [f"gives more than one column of the name `{name}`: use aliases" for name in twice]
        found += [f"has no column `{key}` for `key_columns`: {_listed(names)}" for key in self.key_columns if key not in names]
        if self.incremental and self.iterator_column:
            found += self._iterator_problems(columns)
        return [f"model `{self.name}` {problem}" for problem in found]

    def _iterator_problems(self, columns: Sequence[Column]) -> list[str]:
        column = next((one for one in columns if one.name == self.iterator_column), None)
        if column is None:
            return [f"has no column `{self.iterator_column}` for `iterator`: {_listed([one.name for one in columns])}"]
        if column.kind is None:
            return [f"cannot iterate over `{column.name}`: its type is {column.sql_type}"]
        named = KINDS[self.iterator_type] if self.iterator_type else column.kind
        if COLUMN_KINDS.get(named, named) != column.kind:
            return [f"says `iterator_type` {self.iterator_type}, but `{column.name}` is of type {column.sql_type}"]
        iterator = self.iterator(columns)
        return iterator.problems() if iterator else []


def models(settings: Sequence[Mapping[str, Any]]) -> tuple[list[Model], list[str]]:
    """The models that are right so far, and what is wrong with the others."""
    good, problems, seen = [], [], set()
    for entry in settings:
        name = entry["name"]
        found = [] if name.lower() not in seen else ["is given twice: names must differ, not by case alone"]
        seen.add(name.lower())
        sql, sql_problems = _sql(entry)
        found += [*sql_problems, *_settings_problems(entry)]
        problems += [f"model `{name}` {problem}" for problem in found]
        if not found:
            good.append(_model(entry, sql))
    return good, problems


def _model(entry: Mapping[str, Any], sql: str) -> Model:
    return Model(
        name=entry["name"],
        sql=sql,
        key_columns=tuple(entry.get("key_columns") or ()),
        incremental=_is_incremental(entry),
        iterator_column=entry.get("iterator"),
        iterator_type=entry.get("iterator_type"),
        iterator_time_zone=entry.get("iterator_time_zone") or "UTC",
        sync_start=entry.get("sync_start"),
        delay_s=entry.get("delay_s") or 0,
        lookback_s=entry.get("lookback_s") or 0,
        max_rows=entry.get("max_rows"),
    )


def _is_incremental(entry: Mapping[str, Any]) -> bool:
    return bool((entry.get("sync_mode") or ("incremental" if entry.get("iterator") else "full")) == "incremental")


def _sql(entry: Mapping[str, Any]) -> tuple[str, list[str]]:
    sql, file = entry.get("sql"), entry.get("sql_file")
    if bool(sql) == bool(file):
        return "", ["needs either `sql` or `sql_file`"]
    try:
        text = sql or Path(str(file)).read_text(encoding="utf-8")
        return one_statement(text), []
    except OSError as error:
        return "", [f"cannot read its `sql_file` {file}: {error.strerror}"]
    except ValueError as error:
        return "", [f"has no usable {'`sql`' if sql else f'query in {file}'}: {error}"]


def _settings_problems(entry: Mapping[str, Any]) -> list[str]:
    found = []
    if _is_incremental(entry) and not entry.get("iterator"):
        found.append("is incremental and needs an `iterator`")
    if not _is_incremental(entry):
        unused = [name for name in ("sync_start", "delay_s", "lookback_s", "iterator_type") if entry.get(name)]
        found += [f"is full and has no use for `{name}`" for name in unused]
    try:
        ZoneInfo(entry.get("iterator_time_zone") or "UTC")
    except (KeyError, OSError, ValueError):  # an unknown name is a KeyError
        found.append(f"names a time zone that is not known: {entry['iterator_time_zone']!r}")
    return found


def _listed(names: Sequence[str]) -> str:
    return f"it has {', '.join(f'`{name}`' for name in names)}"
