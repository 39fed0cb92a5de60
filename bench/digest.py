"""What rows say, short enough to compare: how many, the sums of their numbers, how many values of each column are there, and some of them whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bench.data import Column

SAMPLED = 1000  # about so many rows are compared value by value
SHOWN = 3  # differences that are told


@dataclass(frozen=True)
class Digest:
    """Two sets of rows with equal digests hold the same rows as far as a bench can tell."""

    totals: Mapping[str, Any]
    sample: Mapping[int, Mapping[str, Any]]

    def differences(self, other: Digest) -> list[str]:
        """Where `other` is not as this one, in words."""
        found = [
            f"{name} is {other.totals.get(name)} instead of {wanted}" for name, wanted in self.totals.items() if other.totals.get(name) != wanted
        ]
        found += [f"row {key} is missing" for key in self.sample if key not in other.sample]
        found += [f"row {key} is not in the source" for key in other.sample if key not in self.sample]
        for key in self.sample.keys() & other.sample.keys():
            for name, wanted in self.sample[key].items():
                if (got := other.sample[key].get(name)) != wanted:
                    found.append(f"row {key} has {name} = {got!r} instead of {wanted!r}")
        return found


def compare(wanted: Digest, found: Digest, what: str) -> None:
    """Raise BenchError if the rows found are not those wanted."""
    if differences := wanted.differences(found):
        raise BenchError(f"{what} moved wrong rows: {'; '.join(differences[:SHOWN])}" + (" ..." if len(differences) > SHOWN else ""))


def by_query(
    query: Callable[[str], Iterable[Sequence[Any]]],
    source: str,
    columns: Sequence[Column],
    rows: int,
    expression: Callable[[Column], str] = lambda column: f'"{column.name}"',
) -> Digest:
    """The digest of a table that SQL can read; `expression` reads a column's value, where that is more than its name."""
    key = f"CAST({expression(columns[0])} AS bigint)"
    totals = ["count(*)", f"count(DISTINCT {key})"]
    names = ["rows", "keys"]
    for column in columns:
        names.append(f"values of {column.name}")
        totals.append(f"count({expression(column)})")
        if column.kind in ("integer", "decimal"):
            names.append(f"sum of {column.name}")
            totals.append(f"sum(CAST({expression(column)} AS decimal(38,2)))")
    (told,) = query(f"SELECT {', '.join(f'{one} AS t{number}' for number, one in enumerate(totals))} FROM {source}")
    step = sample_step(rows)
    wanted = ", ".join(f"{expression(column)} AS c{number}" for number, column in enumerate(columns))
    some = query(f"SELECT {wanted} FROM {source} WHERE {key} % {step} = {step // 2}")
    sample = [dict(zip((column.name for column in columns), row, strict=True)) for row in some]
    return Digest({name: plain_number(value) for name, value in zip(names, told, strict=True)}, _sampled(sample, columns))


def by_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], count: int) -> Digest:
    """The digest of rows that Python holds: the same as `by_query` gives."""
    totals: dict[str, Any] = {"rows": 0, "keys": 0}
    for column in columns:
        totals[f"values of {column.name}"] = 0
        if column.kind in ("integer", "decimal"):
            totals[f"sum of {column.name}"] = Decimal(0)
    step, sample, keys = sample_step(count), [], set()
    for row in rows:
        key = int(row[columns[0].name])
        totals["rows"] += 1
        keys.add(key)
        for column in columns:
            if (value := row.get(column.name)) is not None:
                totals[f"values of {column.name}"] += 1
                if column.kind in ("integer", "decimal"):
                    totals[f"sum of {column.name}"] += Decimal(str(value))
        if key % step == step // 2:
            sample.append(row)
    totals["keys"] = len(keys)
    return Digest({name: plain_number(value) for name, value in totals.items()}, _sampled(sample, columns))


def sample_step(rows: int) -> int:
    """Every how many rows one is compared whole."""
    return max(1, rows // SAMPLED)


def plain_number(value: Any) -> str:
    """A number as text, the same whatever it came as."""
    return "none" if value is None else f"{Decimal(str(value)).normalize():f}"


def _sampled(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> dict[int, dict[str, Any]]:
    return {int(row[columns[0].name]): {column.name: plain(row.get(column.name), column.kind) for column in columns} for row in rows}


def plain(value: Any, kind: str) -> Any:
    """A value as its kind is compared, whether it came as text, JSON or a Python object."""
    return None if value is None else PLAIN[kind](value)


def _boolean(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "t", "f", "1", "0"):
        raise BenchError(f"{value!r} is no boolean")
    return text in ("true", "t", "1")


def _moment(value: Any) -> str:
    """In UTC, with microseconds; a time without a zone is taken as UTC, as Singer does."""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        moment = datetime.fromisoformat(str(value).replace(" +", "+"))
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="microseconds")


def _json(value: Any) -> Any:
    told = json.loads(value, parse_float=Decimal) if isinstance(value, str) else value
    return _json(told) if isinstance(told, str) else told  # JSON that was stored as text, and printed as JSON once more


PLAIN: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "decimal": plain_number,
    "double": float,
    "text": str,
    "boolean": _boolean,
    "zoned": _moment,
    "naive": _moment,
    "object": _json,
}
