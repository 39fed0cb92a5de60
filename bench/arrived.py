"""Reads what a measured command wrote, wherever it wrote it, and makes the digest that is held against the source's."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import duckdb

from bench.digest import Digest, by_query, by_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.data import Column
    from bench.postgres import Server

LARGEST_LINE_BYTES = 64 << 20
CONTROL_LIMIT_S = 120
GZIP = b"\x1f\x8b"
BATCH_MARK = b'"source_request_id"'  # each batch has one, and no value of the bench's tables holds it


def duckdb_table(path: Path, name: str, columns: Sequence[Column], rows: int) -> Digest:
    """Of a table in a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        return by_query(_query(connection), name, columns, rows, _json_text)


def parquet(pattern: str, columns: Sequence[Column], rows: int) -> Digest:
    """Of Parquet files."""
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        return by_query(_query(connection), f"read_parquet('{pattern}')", columns, rows, _json_text)


def csv(path: Path, columns: Sequence[Column], rows: int) -> Digest:
    """Of a CSV file with a header, where an empty field is NULL."""
    with duckdb.connect() as connection:
        return by_query(_query(connection), f"read_csv('{path}', header = true, all_varchar = true)", columns, rows)


def json_lines(path: Path, columns: Sequence[Column], rows: int) -> Digest:
    """Of a file with a JSON object a line."""
    return _lines(path, columns, rows, "$", "true")


def singer_lines(path: Path, columns: Sequence[Column], rows: int) -> Digest:
    """Of the RECORD messages in a file of Singer lines."""
    return _lines(path, columns, rows, "$.record", "json_extract_string(json, '$.type') = 'RECORD'")


def _lines(path: Path, columns: Sequence[Column], rows: int, place: str, condition: str) -> Digest:
    def text(column: Column) -> str:
        whole = f"json_extract(json, '{place}.{column.name}')"  # of an object; a null in JSON is not SQL's
        return f"nullif({whole}::varchar, 'null')" if column.kind == "object" else f"json_extract_string(json, '{place}.{column.name}')"

    source = f"(SELECT json FROM read_ndjson_objects('{path}', maximum_object_size = {LARGEST_LINE_BYTES}) WHERE {condition})"
    with duckdb.connect() as connection:
        return by_query(_query(connection), source, columns, rows, text)


def postgres_table(server: Server, name: str, columns: Sequence[Column], rows: int) -> Digest:
    """Of a table in PostgreSQL."""
    with server.connect() as connection:
        return by_query(lambda sql: connection.execute(sql).fetchall(), name, columns, rows)


def pool_table(control_url: str, name: str, columns: Sequence[Column], rows: int) -> Digest:
    """Of a table in the sandbox's pool, as its controls show it."""

    def query(sql: str) -> Iterable[Sequence[Any]]:
        return [list(row.values()) for row in stored(control_url, query=sql)]

    return by_query(query, name, columns, rows, lambda column: f"[{column.name}]")


def batches(bodies: Path, columns: Sequence[Column], rows: int, *, identities: Mapping[str, str]) -> Digest:
    """Of mParticle's batches, a request's body a line; `identities` names the columns that became identities."""
    return by_rows(_users(bodies, identities), columns, rows)


def count_batches(bodies: Path) -> int:
    """How many of mParticle's batches there are, a request's body a line."""
    return sum(body.count(BATCH_MARK) for body in _bodies(bodies))


def _users(bodies: Path, identities: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for body in _bodies(bodies):
        told = json.loads(body)
        for batch in told if isinstance(told, list) else [told]:
            yield _user(batch, identities)


def _bodies(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        for line in lines:
            yield gzip.decompress(bytes.fromhex(line.decode())) if line.startswith(GZIP.hex().encode()) else line


def _user(batch: Mapping[str, Any], identities: Mapping[str, str]) -> dict[str, Any]:
    known = batch.get("user_identities", {})
    return {**batch.get("user_attributes", {}), **{column: known.get(identity) for column, identity in identities.items()}}


def stored(control_url: str, **query: str) -> Any:
    """What a stand-in holds."""
    with urlopen(f"{control_url}/_sandbox/stored?{urlencode(query)}", timeout=CONTROL_LIMIT_S) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def requests(control_url: str) -> list[dict[str, Any]]:
    """The statements or requests that a stand-in has served."""
    with urlopen(f"{control_url}/_sandbox/requests", timeout=CONTROL_LIMIT_S) as answer:  # noqa: S310 - loopback
        served: list[dict[str, Any]] = json.load(answer)
    return served


def _json_text(column: Column) -> str:
    if column.kind == "object":
        return f'to_json("{column.name}")'
    if column.kind in ("zoned", "naive"):  # as text: Python's client wants one more package for times with a zone
        return f"strftime(\"{column.name}\"::timestamptz::timestamp, '%Y-%m-%dT%H:%M:%S.%f')"
    return f'"{column.name}"'


def _query(connection: duckdb.DuckDBPyConnection) -> Callable[[str], Iterable[Sequence[Any]]]:
    return lambda sql: connection.execute(sql).fetchall()
