"""BATCH messages of the tap: what is in the files, what foreign readers make of them, and what goes before what."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlparse

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from singer_commons.columnar.batch_writing import Rows, open_file
from singer_commons.columnar.moment_texts import MomentTexts
from singer_commons.errors import ConfigurationError, SuiteError
from singer_sdk import BatchSink, Target
from singer_sdk.helpers._batch import BatchConfig
from tap_warehouse.tap import TapWarehouse
from tap_warehouse_reading import read, records, states, without_times

EVENTS = (
    "CREATE TABLE events AS SELECT range AS id, TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (range // 7) AS at, 'é' || range AS t FROM range(100)"
)
MODEL = {"name": "events", "sql": "SELECT * FROM events", "key_columns": ["id"], "iterator": "at"}
VALUES = """
SELECT 9223372036854775807 AS big, 1.10::decimal(12,2) AS money, 'nan'::double AS not_a_number, 'infinity'::timestamp AS never, '-infinity'::date AS no_day,
    date '0001-01-01' AS day, timestamp '2024-02-29 23:59:59.123456' AS naive, timestamptz '2024-02-29 23:59:59.123456+02' AS zoned, '' AS blank, NULL AS nothing,
    '{"a": 1.10}'::json AS doc, ['x', NULL] AS list, {'a': 1} AS st, '\\x00\\xFF'::blob AS raw
"""


def config(path, folder, *models, form="jsonl", compression=None, rows=30, **more):
    encoding = {"format": form, "compression": compression} if compression else {"format": form}
    batch = {"encoding": encoding, "storage": {"root": str(folder), "prefix": "run-"}, "batch_size": rows}
    return {"duckdb": {"path": path}, "models": list(models), "batch_config": batch, **more}


def files(messages):
    return [Path(unquote(urlparse(url).path)) for one in messages if one["type"] == "BATCH" for url in one["manifest"]]


def rows_of(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".arrow":
        return pa.ipc.open_file(path).read_all().to_pylist()
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]


def without_column(settings, stream, column):
    catalog = TapWarehouse(config=settings, parse_env_config=False).catalog_dict
    for entry in next(one for one in catalog["streams"] if one["tap_stream_id"] == stream)["metadata"]:
        entry["metadata"]["selected"] = entry["breadcrumb"] != ["properties", column]
    return catalog


FORMATS = [("jsonl", None), ("jsonl", "gzip"), ("parquet", None), ("parquet", "zstd"), ("parquet", "none"), ("arrow", None), ("arrow", "lz4")]


@pytest.mark.parametrize(("form", "compression"), FORMATS)
def test_the_rows_are_in_files_each_before_the_state_that_covers_it(duckdb_file, tmp_path, form, compression):
    settings = config(duckdb_file(EVENTS), tmp_path / "out", MODEL, form=form, compression=compression)
    messages = read(settings)
    assert "".join(one["type"][0] for one in messages) == "S" + "BS" * 4
    paths = files(messages)
    assert [len(rows_of(path)) for path in paths] == [30, 30, 30, 10]
    assert sorted(row["id"] for path in paths for row in rows_of(path)) == list(range(100))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)
    assert {path.name.startswith("run-tap-warehouse--events-") for path in paths} == {True}
    marks = [one["bookmarks"]["events"]["replication_key_value"] for one in states(messages)]
    last = [records(read({name: value for name, value in settings.items() if name != "batch_config"}))[at]["at"] for at in (29, 59, 89, 99)]
    assert marks == last


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
def test_from_every_state_the_rest_follows(duckdb_file, tmp_path, form):
    settings = config(duckdb_file(EVENTS), tmp_path / "out", MODEL, form=form)
    messages = read(settings)
    for at, message in enumerate(messages):
        if message["type"] == "STATE":
            before = {row["id"] for path in files(messages[:at]) for row in rows_of(path)}
            after = {row["id"] for path in files(read(settings, state=message["value"])) for row in rows_of(path)}
            assert before | after == set(range(100))


def test_json_lines_hold_the_very_values_of_record_lines(duckdb_file, tmp_path):
    settings = config(duckdb_file(), tmp_path, {"name": "values", "sql": VALUES})
    (path,) = files(read(settings))
    assert rows_of(path) == records(read({name: value for name, value in settings.items() if name != "batch_config"}))


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columns_keep_their_types_and_hold_no_infinity(duckdb_file, tmp_path, form):
    (path,) = files(read(config(duckdb_file(), tmp_path, {"name": "values", "sql": VALUES}, form=form)))
    (row,) = rows_of(path)
    moments = {name: row.pop(name).isoformat() for name in ("day", "naive", "zoned")}
    assert moments == {"day": "0001-01-01", "naive": "2024-02-29T23:59:59.123456", "zoned": "2024-02-29T21:59:59.123456+00:00"}
    assert row == {
        "big": 2**63 - 1,
        "money": Decimal("1.10"),
        **dict.fromkeys(["not_a_number", "never", "no_day", "nothing"]),
        "blank": "",
        "doc": '{"a": 1.10}',
        "list": ["x", None],
        "st": {"a": 1},
        "raw": b"\0\xff",
    }
    schema = pq.read_schema(path) if form == "parquet" else pa.ipc.open_file(path).schema
    assert str(schema.field("doc").type) == "extension<arrow.json>"


MOMENTS = """
SELECT timestamp '2024-02-29 23:59:59.123456' AS naive, timestamptz '0001-01-02 23:59:59+02' AS zoned, timestamp_ns '2024-02-29 23:59:59.123456789' AS fine,
    timestamp_s '1969-12-31 00:00:00' AS second, 'infinity'::timestamp AS never, NULL::timestamp AS nothing, time '01:02:03.5' AS clock, 1 AS id
"""


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_moments_are_text_in_parquet_where_that_is_asked_for(duckdb_file, tmp_path, form):
    settings = config(duckdb_file(), tmp_path, {"name": "values", "sql": MOMENTS}, form=form)
    lines = records(read({name: value for name, value in settings.items() if name != "batch_config"}))
    (path,) = files(read({**settings, "batch_moments": "text"}))
    if form == "parquet":
        assert rows_of(path) == [{**lines[0], "clock": "01:02:03.500000"}]
    else:
        assert pa.string() not in pa.ipc.open_file(path).schema.types


def test_the_end_of_a_day_stays_that_of_its_day():
    batch = pa.record_batch({"clock": pa.array([86_400_000_000, 0, None], pa.time64("us")), "id": [1, 2, 3]})
    assert {name: texts.to_pylist() for name, texts in MomentTexts(batch.schema).of(batch).items()} == {
        "clock": ["24:00:00", "00:00:00.000000", None]
    }


def test_no_nanosecond_of_a_time_is_rounded_away():
    batch = pa.record_batch({"clock": pa.array([45_296_123_456_789, 86_399_999_999_999, 0, None], pa.time64("ns"))})
    assert {name: texts.to_pylist() for name, texts in MomentTexts(batch.schema).of(batch).items()} == {
        "clock": ["12:34:56.123456789", "23:59:59.999999999", "00:00:00", None]
    }


def test_the_same_rows_make_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("singer_commons.columnar.batch_writing.GROUP_ROWS", 100)
    table = pa.table({"id": range(250), "name": [f"n{number % 7}" if number % 3 else None for number in range(250)]})
    found = set()
    for number, cuts in enumerate([[250], [1, 99, 100, 50], [30] * 8 + [10], [150, 100]]):
        place = {"root": str(tmp_path), "prefix": f"{number}-"}
        file = open_file(BatchConfig(encoding={"format": "parquet"}, storage=place), "a", "a")
        rows, start = Rows((), {}), 0
        for size in cuts:
            rows.write(table.slice(start, size).combine_chunks().to_batches()[0], file)
            start += size
        file.finish()
        found.add((tmp_path / f"{number}-a.parquet").read_bytes())
    assert len(found) == 1
    metadata = pq.ParquetFile(tmp_path / "0-a.parquet").metadata
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [100, 100, 50]


@pytest.mark.parametrize(("form", "compression"), FORMATS)
def test_deselected_columns_are_in_no_file(duckdb_file, tmp_path, form, compression):
    settings = config(duckdb_file(EVENTS), tmp_path, MODEL, form=form, compression=compression)
    messages = read(settings, catalog=without_column(settings, "events", "t"))
    assert {tuple(row) for path in files(messages) for row in rows_of(path)} == {("id", "at")}


def test_stream_maps_are_honoured_in_json_lines(duckdb_file, tmp_path):
    """The SDK takes records before its maps, and names the same file for each stream that comes out of one."""
    maps = {"events": {"__filter__": "id < 50", "t": None, "twice": "id * 2"}, "copies": {"__source__": "events", "__else__": None, "id": "id"}}
    plain = {"duckdb": {"path": duckdb_file(EVENTS)}, "models": [MODEL], "stream_maps": maps}
    messages = read(config(plain["duckdb"]["path"], tmp_path, MODEL, stream_maps=maps))
    wanted = read(plain)
    for stream in ("events", "copies"):
        paths = files([one for one in messages if one.get("stream") == stream])
        assert [row for path in paths for row in rows_of(path)] == records(wanted, stream)
    schemas = [[one for one in run if one["type"] == "SCHEMA"] for run in (messages, wanted)]
    assert without_times(schemas[0]) == without_times(schemas[1])
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("form", "compression", "more", "problem"),
    [
        (
            "parquet",
            None,
            {"stream_maps": {"events": {"t": None}}},
            "`batch_config` of format parquet does not do for stream `events`: stream maps or flattening change its records",
        ),
        ("jsonl", "zstd", {}, "`batch_config` asks for jsonl files with compression zstd: there are none, gzip"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is(duckdb_file, tmp_path, capsys, form, compression, more, problem):
    with pytest.raises(ConfigurationError) as caught:
        read(config(duckdb_file(EVENTS), tmp_path / "out", MODEL, form=form, compression=compression, **more))
    assert (str(caught.value), (tmp_path / "out").exists()) == (problem, False)


def test_a_query_that_breaks_off_leaves_no_part_of_a_file(duckdb_file, tmp_path):
    model = {"name": "late", "sql": "SELECT CASE WHEN range < 400000 THEN range ELSE CAST('x' || range AS BIGINT) END AS n FROM range(500000)"}
    with pytest.raises(SuiteError, match="DuckDB broke off"):
        read(config(duckdb_file(), tmp_path / "out", model, form="parquet", rows=1_000_000))
    assert list(tmp_path.glob("out/*")) == []


def test_a_number_of_more_digits_than_a_file_holds_is_refused(duckdb_file, tmp_path):
    model = {"name": "huge", "sql": "SELECT 170141183460469231731687303715884105727::hugeint AS n"}
    with pytest.raises(SuiteError, match=r"^column `n` holds a number of more than 38 digits$"):
        read(config(duckdb_file(), tmp_path, model, form="parquet"))
    (path,) = files(read(config(duckdb_file(name="2.duckdb"), tmp_path, model)))
    assert rows_of(path) == [{"n": 2**127 - 1}]


def test_object_storage_is_written_through_fsspec(duckdb_file):
    settings = config(duckdb_file(EVENTS), "memory://bucket/made", MODEL, form="parquet", rows=1000)
    (message,) = [one for one in read(settings) if one["type"] == "BATCH"]
    with fsspec.open(message["manifest"][0], "rb") as file:
        assert pq.read_table(file).num_rows == 100


class Gathering(BatchSink):
    """Keeps what the SDK reads."""

    got: list = []  # noqa: RUF012 - looked at from outside

    def process_batch(self, context):
        self.got.extend(context["records"])


class Plain(Target):
    """An SDK target, as it comes."""

    name = "target-plain"
    default_sink_class = Gathering


@pytest.mark.parametrize(("form", "compression"), [("jsonl", None), ("jsonl", "gzip"), ("parquet", None), ("parquet", "gzip")])
def test_a_target_of_the_sdk_reads_the_files(duckdb_file, tmp_path, form, compression):
    """Arrow files are read by the SDK from 0.55 on."""
    Gathering.got.clear()
    messages = read(config(duckdb_file(EVENTS), tmp_path / "out", MODEL, form=form, compression=compression))
    lines = (json.dumps(one) + "\n" for one in messages)
    Plain(config={}, parse_env_config=False).listen(lines)
    assert sorted((row["id"], row["t"]) for row in Gathering.got) == [(number, f"é{number}") for number in range(100)]


def test_duckdb_reads_the_parquet_files(duckdb_file, tmp_path):
    read(config(duckdb_file(EVENTS), tmp_path / "out", MODEL, form="parquet"))
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT count(*), min(id), max(id), any_value(typeof(\"at\")) FROM '{tmp_path}/out/*.parquet'").fetchone()
    assert found == (100, 0, 99, "TIMESTAMP")
