"""Reads back what arrived at the destinations, and holds it against what the sources hold."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.http.control import Control
from shell_pipes import DemoError
from target_synapse.pool.odbc import connection_string, find_driver, load_pyodbc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Synapse:
    """The pool behind the settings, for reading."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        pyodbc = load_pyodbc()
        names = ("host", "port", "database", "user", "password", "encrypt", "trust_server_certificate")
        config = {name: settings.get(f"TARGET_SYNAPSE_{name.upper()}", "") for name in names}
        self._connection = pyodbc.connect(connection_string(config, find_driver(pyodbc, None)), autocommit=True)

    def rows(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """The named columns of a table, in no order."""
        names = ", ".join(f"[{column}]" for column in columns)
        return [tuple(row) for row in self._connection.execute(f"SELECT {names} FROM {table}").fetchall()]  # noqa: S608 - our own names

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


def expect_same(what: str, source: Iterable[tuple[Any, ...]], arrived: Iterable[tuple[Any, ...]]) -> int:
    """Compare as sets of rows, each once. Returns the number of rows; raises DemoError that names the difference."""
    there, here = sorted(source, key=repr), sorted(arrived, key=repr)
    if there != here:
        lost = [row for row in there if row not in here][:3]
        strange = [row for row in here if row not in there][:3]
        raise DemoError(f"{what}: the source has {len(there)} rows, the destination {len(here)}; missing {lost}, not expected {strange}")
    return len(here)


def expect_moved(what: str, moved: Iterable[object], changed: Iterable[object], most: int) -> int:
    """Check that a second run moved all that changed, and little else. Returns the number of rows it moved."""
    rows = list(moved)
    if missing := set(changed) - set(rows):
        raise DemoError(f"{what}: the second run did not move {sorted(map(str, missing))[:5]}, which changed")
    if len(rows) > most:
        raise DemoError(f"{what}: the second run moved {len(rows)} rows; at most {most} were to be moved")
    return len(rows)


def text(value: object) -> str | None:
    """A value as text, the same from either side: decimals without trailing zeros, NULL as None."""
    if value is None:
        return None
    if isinstance(value, Decimal) or re.fullmatch(r"-?\d+\.\d+", str(value)):
        return format(Decimal(str(value)).normalize(), "f")
    return str(value)


def control(settings: Mapping[str, str], service: str) -> Control:
    """The controls of one of the sandbox's services."""
    return Control(settings[f"SANDBOX_{service.upper()}_URL"])
