"""Lines that all begin alike are not told apart one by one; what is odd in them is found, and named, when they are decoded."""

from __future__ import annotations

import io
import json

import pytest
from columnar_reading import KeepingTarget, both, record_line, run_lines, schema_line, told_behind
from singer_commons import reading
from singer_commons.reading import Reading
from singer_sdk.singerlib.exceptions import InvalidInputLine

PROPERTIES = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}
SCHEMA = schema_line(PROPERTIES)
WIDE = SCHEMA.replace(b'"name": {"type": ["null", "string"]}', b'"name": {"type": ["null", "object"]}')  # cut out as text


def row(number, stream="rows", **more):
    return told_behind(json.dumps({"id": number}), stream, **more)


def state(value):
    return json.dumps({"type": "STATE", "value": {"at": value}}).encode() + b"\n"


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Chunks of some lines; and the numbers of lines in those that were told apart."""
    monkeypatch.setattr(reading, "READ_BYTES", 200)
    found, tell = [], Reading._take_told

    def take(self, chunk):
        found.append(chunk.count(b"\n"))
        tell(self, chunk)

    monkeypatch.setattr(Reading, "_take_told", take)
    return found


def ids(arrived, stream="rows"):
    return [int(values["id"]) for name, values in arrived.rows if name == stream]


def test_only_what_begins_otherwise_is_told_apart(told):
    lines = SCHEMA + b"".join(row(n) for n in range(200)) + state(1) + b"".join(row(n) for n in range(200, 400))
    arrived = run_lines(lines)
    assert (ids(arrived), arrived.tables, arrived.states) == ([*range(400)], [("rows", 400)], [{"at": 1}])
    assert sum(told) < 15


def test_streams_in_turn_are_each_known_by_their_own_beginning(told):
    lines = SCHEMA + schema_line(PROPERTIES, "others")
    for turn in range(4):
        lines += b"".join(row(n, ("rows", "others")[turn % 2]) for n in range(100))
    arrived = run_lines(lines)
    assert arrived.tables == [("rows", 200), ("others", 200)]
    assert sum(told) < 60


def test_lines_that_stop_being_alike_make_no_block_each():
    lines = SCHEMA + b"".join((row, lambda n: record_line(json.dumps({"id": n})))[n % 2](n) for n in range(100))
    arrived = both(lines)
    assert len(arrived.tables) <= 3
    assert ids(arrived) == [*range(100)]


def test_rows_are_counted_exactly_within_a_chunk():
    lines = SCHEMA + b"".join(row(n) for n in range(100))
    assert [rows for _, rows in run_lines(lines, block_size_rows=30).tables] == [30, 30, 30, 10]
    cut = run_lines(lines.rstrip(), batch_size_rows=7)
    assert ([rows for _, rows in cut.tables], ids(cut)) == ([7] * 14 + [2], [*range(100)])


def test_each_version_gets_tables_of_its_own():
    class Versions(KeepingTarget):
        seen: list[tuple[int, int | None]]

    target = Versions(config={})
    target.seen = []
    sink_class = target.default_sink_class

    class Sink(sink_class):
        def process_table(self, table, block):
            target.seen.append((len(block), block.version))
            super().process_table(table, block)

    target.default_sink_class = Sink
    target.listen(io.BytesIO(SCHEMA + b"".join(row(n, version=1 + n // 512) for n in range(1_024))))
    assert target.seen == [(512, 1), (512, 2)]
    assert ids(target.arrived) == [*range(1_024)]


def test_metadata_columns_hold_the_times_behind_the_records():
    target = KeepingTarget(config={"add_record_metadata": True})
    rows = [row(n, time_extracted=f"2024-01-02T03:04:{n:02}Z", version=7) for n in range(50)]
    target.listen(io.BytesIO(SCHEMA + b"".join(rows) + row("bad", version=7)))
    assert [(values["_sdc_extracted_at"], values["_sdc_table_version"]) for _, values in target.arrived.rows] == [
        (repr(f"2024-01-02T03:04:{n:02}Z"), "7") for n in range(50)
    ]
    assert len(target.arrived.rejects) == 1


ODD = [
    (b'{"type":"RECORD","stream":"rows","record":{"id":1}\n', "line 13: this is not JSON (Expecting ',' delimiter at character 51): "),
    (b'{"type":"RECORD","stream":"rows","record":{"id":1}}}\n', "line 13: this is not JSON (Extra data at character 52): "),
    (b'{"type":"RECORD","stream":"rows","record":{"id":1}}{"id":2}\n', "line 13: this is not JSON (Extra data at character 52): "),
    (b'{"type":"RECORD","stream":"rows","record":{"id":1}} null\n', "line 13: this is not JSON (Extra data at character 53): "),
    (b'{"type":"RECORD","stream":"rows","record":{"id":1,"x":Inf}}\n', "line 13: this is not JSON (Expecting value at character 55): "),
    (b'{"type":"RECORD","stream":"rows","record":{"id":1,"x":"\xff"}}\n', "line 13: this is not UTF-8 (invalid start byte at byte 56)"),
    (b'{"type":"RECORD","stream":"rows","record":null}\n', "line 13: the record of `rows` is no JSON object"),
    (b'{"type":"RECORD","stream":"rows","record":[1]}\n', "line 13: the record of `rows` is no JSON object"),
    (b'{"type":"RECORD","stream":"rows","record":{"id":1},"stream":"x"}\n', "line 13: this names its type or stream twice"),
    (
        # Deeper than any Python reads: how deep that is differs by version (about 1,000 levels in 3.11, 10,000 in 3.13).
        b'{"type":"RECORD","stream":"rows","record":{"id":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n",
        "line 13: this is JSON nested too deeply to be read",
    ),
]


@pytest.mark.parametrize(("line", "reason"), ODD)
@pytest.mark.parametrize("schema", [SCHEMA, WIDE], ids=["flat", "nested"])
def test_a_line_that_is_no_record_is_named_by_its_number_and_no_state_behind_it_goes_out(told, schema, line, reason):
    target = KeepingTarget(config={})
    rows = b"".join(row(n) for n in range(10))
    with pytest.raises(InvalidInputLine) as problem:
        target.listen(io.BytesIO(schema + state(1) + rows + line + rows + state(2)))
    assert str(problem.value).startswith(reason)
    assert target.arrived.states == [{"at": 1}]


@pytest.mark.parametrize(
    "text",
    ['{"id": 1, "more": NaN}', r'{"id": 1, "name": "\ud83d"}', '{"id": 1, "id": 2}', '{"id": 1,\r"name": "x"}', '{"id": 1, "other": [1, {"id": 2}]}'],
)
def test_what_only_python_s_json_reads_comes_at_its_place(text):
    lines = SCHEMA + b"".join(row(n) for n in range(200)) + told_behind(text) + b"".join(row(n) for n in range(200))
    arrived = both(lines)
    assert len(arrived.rows) == 401
    assert arrived.single <= 64


def test_carriage_returns_at_the_ends_of_lines_are_no_matter():
    arrived = both((SCHEMA + b"".join(row(n) for n in range(100))).replace(b"\n", b"\r\n"))
    assert (ids(arrived), arrived.single) == ([*range(100)], 0)


def test_members_that_no_property_names_do_not_make_rows_single():
    arrived = both(SCHEMA + b"".join(told_behind(f'{{"id": {n}, "more": "x"}}') for n in range(100)))
    assert (len(arrived.rows), arrived.single) == (100, 0)


def test_a_line_that_looks_like_a_record_within_another_member_is_told_apart(told):
    odd = b'{"type":"RECORD","stream":"rows","copy":{"id":1},"record":{"id":1}}\n'
    arrived = both(SCHEMA + odd * 20)
    assert ids(arrived) == [1] * 20
    assert sum(told) >= 20
