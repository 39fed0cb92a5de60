"""BATCH messages: the files of the SDK's own writers and of others, by the same path as RECORD lines."""

from __future__ import annotations

import gzip
import io
import json
from decimal import Decimal
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from columnar_reading import KeepingTarget, schema_line
from pyarrow import ipc
from singer_commons import reading
from singer_commons.errors import InputError
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

PROPERTIES = {
    "id": {"type": "integer"},
    "price": {"type": ["null", "number"], "x-sql-datatype": "decimal(12,2)"},
    "at": {"type": ["null", "string"], "format": "date-time"},
    "more": {"type": ["null", "object"]},
}
ROWS = [
    {"id": 1, "price": Decimal("1.10"), "at": "2024-01-02T03:04:05Z", "more": {"a": ["1", "x y"]}},
    {"id": 2, "price": None, "at": None, "more": None},
    {"id": 9223372036854775807, "price": Decimal("-0.01"), "at": "", "more": {"a": []}},
]
SHOWN = [
    {"id": "1", "price": "1.1", "at": "'2024-01-02T03:04:05Z'", "more": '{"a":["1","x y"]}'},
    {"id": "2", "price": None, "at": None, "more": None},
    {"id": "9223372036854775807", "price": "-0.01", "at": "''", "more": '{"a":[]}'},
]


class Things(Stream):
    """Rows that go into files."""

    name = "things"
    primary_keys = ("id",)
    schema: ClassVar = {"type": "object", "properties": PROPERTIES}

    def get_records(self, context):
        yield from ROWS


class FileTap(Tap):
    """The SDK's tap with the SDK's own batch writers."""

    name = "tap-file"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Things(self)]


def batch(*files, kind="jsonl", compression="none", **more):
    message = {"type": "BATCH", "stream": "things", "encoding": {"format": kind, "compression": compression}, "manifest": [str(one) for one in files]}
    return json.dumps({**message, **more}).encode() + b"\n"


def load(lines, **config):
    target = KeepingTarget(config=config)
    target.listen(io.BytesIO(lines))
    return target


SCHEMA = schema_line(PROPERTIES, "things", keys=("id",))


def json_lines(rows=ROWS):
    return "".join(json.dumps(row, default=float) + "\n" for row in rows).encode()


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("root", ["file://{}", "{}"])
def test_files_of_the_sdk_s_own_writers_are_read(kind, root, tmp_path, capsys):
    encoding = {"format": kind, "compression": "gzip"}
    FileTap(config={"batch_config": {"encoding": encoding, "storage": {"root": root.format(tmp_path), "prefix": "a b="}}}).sync_all()
    lines = capsys.readouterr().out.encode()
    assert b'"BATCH"' in lines
    target = load(lines)
    assert [values for _, values in target.arrived.rows] == SHOWN
    assert sum(rows for _, rows in target.arrived.tables) == 3


def test_plain_paths_names_in_the_target_s_storage_and_relative_ones_are_found(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_bytes(json_lines())
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(json_lines()))
    monkeypatch.chdir(tmp_path)
    for paths in ([tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"], ["a.jsonl", "b.jsonl.gz"], [(tmp_path / "a.jsonl").as_uri()] * 2):
        assert [values for _, values in load(SCHEMA + batch(*paths)).arrived.rows] == SHOWN * 2
    own = {"encoding": {"format": "jsonl"}, "storage": {"root": f"file://{tmp_path}"}}
    assert len(load(SCHEMA + batch("/elsewhere/a.jsonl", "s3://bucket/b.jsonl.gz"), batch_config=own).arrived.rows) == 6


@pytest.mark.parametrize("is_stream", [True, False])
def test_arrow_files_and_streams_are_read(is_stream, tmp_path):
    made = pa.table(
        {
            "id": [1, 2],
            "price": pa.array([Decimal("1.10"), None], pa.decimal128(12, 2)),
            "at": ["2024-01-02T03:04:05Z", ""],
            "more": [{"a": [1]}, None],
        }
    )
    with (ipc.new_stream if is_stream else ipc.new_file)(tmp_path / "a.arrow", made.schema) as writer:
        writer.write_table(made, max_chunksize=1)
    target = load(SCHEMA + batch(tmp_path / "a.arrow", kind="arrow"))
    assert [values["price"] for _, values in target.arrived.rows] == ["1.1", None]
    assert target.arrived.rows[0][1]["more"] == '{"a":[1]}'


def test_parquet_times_and_binary_come_as_the_text_of_record_lines(tmp_path):
    made = pa.table({"id": [1], "at": pa.array([0], pa.timestamp("us", "UTC"))})
    pq.write_table(made, tmp_path / "a.parquet")
    assert load(SCHEMA + batch(tmp_path / "a.parquet", kind="parquet")).arrived.rows[0][1]["at"] == "'1970-01-01T00:00:00.000000Z'"


def test_rows_of_files_are_validated_and_counted_and_their_state_follows(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"id": 1}\n{"id": "x"}\n{"id": 3}')
    target = load(SCHEMA + batch(tmp_path / "a.jsonl", version=5) + b'{"type":"STATE","value":{"at":3}}\n', add_record_metadata=True)
    account = target.account.streams["things"]
    assert (account.rows_read, account.rows_loaded, dict(account.rejected)) == (3, 2, {"NOT_AS_DECLARED": 1})
    assert target.arrived.states == [{"at": 3}]
    assert [values["_sdc_table_version"] for _, values in target.arrived.rows] == ["5", "5"]


def test_a_long_file_is_cut_into_blocks_and_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "READ_BYTES", 10_000)
    (tmp_path / "a.jsonl").write_bytes(b"".join(b'{"id": %d}\n' % number for number in range(50_000)))
    target = load(SCHEMA + batch(tmp_path / "a.jsonl"), block_size_bytes=100_000, batch_size_rows=20_000)
    assert max(rows for _, rows in target.arrived.tables) < 10_000
    assert target.arrived.batches == 3
    assert len(target.arrived.rows) == 50_000


def test_stream_maps_are_honoured_row_by_row(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(json_lines())
    target = load(SCHEMA + batch(tmp_path / "a.jsonl"), stream_maps={"things": {"__filter__": "record['id'] != 2", "more": "__NULL__"}})
    assert [list(values) for _, values in target.arrived.rows] == [["id", "price", "at"]] * 2
    assert dict(target.account.streams["things"].skipped) == {"FILTERED": 1}


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (None, "jsonl", "is not there"),
        (b'{"id": 1}\n{"id": 2\n', "jsonl", "cannot be read: line 2 is not JSON"),
        (b'{"id": "\xff"}\n', "jsonl", "cannot be read: line 1 is not JSON: 'utf-8'"),
        (gzip.compress(json_lines() * 100)[:-20], "jsonl", "cannot be read: Compressed file ended before"),
        (b"PAR1 no", "parquet", "cannot be read: "),
        (b"ARROW1 no", "arrow", "cannot be read: "),
        (b"", "csv", "comes in files of format `csv`"),
    ],
)
def test_a_missing_or_broken_file_is_a_clear_error(content, kind, reason, tmp_path):
    path = tmp_path / "a.file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as problem:
        load(SCHEMA + batch(path, kind=kind))
    assert reason in str(problem.value)
    assert problem.value.hint
    assert not (tmp_path / "a.file").is_dir()
