"""A target's input, line by line as any Singer tap may write it: routed in blocks, each line at its place."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import sys
import threading
from functools import partial

import pytest
from columnar_reading import KeepingTarget, both, record_line, run_lines, schema_line
from singer_commons import reading
from singer_commons.target import DurableTarget
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.exceptions import InvalidInputLine

PROPERTIES = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}
SCHEMA = schema_line(PROPERTIES)


def row(number, stream="rows", **more):
    return record_line(json.dumps({"id": number}), stream, **more)


def state(value):
    return json.dumps({"type": "STATE", "value": value}).encode() + b"\n"


def ids(arrived, stream="rows"):
    return [int(values["id"]) for name, values in arrived.rows if name == stream]


def test_key_order_blanks_and_extra_keys_of_a_line_do_not_matter():
    lines = [
        b'{"record":{"id":1},"stream":"rows","type":"RECORD"}\n',
        b' {"type" : "RECORD" , "stream" : "rows" , "record" : { "id" : 2 } , "odd" : [1, {"type": "STATE"}] }\t\r\n',
        b'{"time_extracted":null,"version":null,"type":"RECORD","record":{"name":"x","more":1,"id":3},"stream":"rows"}\n',
    ]
    arrived = both(SCHEMA + b"".join(lines))
    assert ids(arrived) == [1, 2, 3]
    assert arrived.single == 0


def test_streams_that_come_mixed_line_by_line_make_a_block_each():
    lines = SCHEMA + schema_line(PROPERTIES, "others") + b"".join(row(n, ("rows", "others")[n % 2]) + state({"at": n}) for n in range(300))
    arrived = both(lines)
    assert arrived.tables == [("rows", 150), ("others", 150)]
    assert ids(arrived) == list(range(0, 300, 2))


def test_an_equal_schema_in_between_cuts_no_block_and_a_changed_one_does():
    changed = schema_line({**PROPERTIES, "more": {"type": "string"}})
    arrived = run_lines(SCHEMA + row(1) + SCHEMA + row(2) + changed + row(3) + changed + row(4))
    assert arrived.tables == [("rows", 2), ("rows", 2)]
    assert list(arrived.rows[-1][1]) == ["id", "name", "more"]


def test_another_version_and_activate_version_cut_a_block():
    activate = b'{"type":"ACTIVATE_VERSION","stream":"rows","version":2}\n'
    arrived = run_lines(SCHEMA + row(1, version=1) + row(2, version=2) + row(3, version=2) + activate + row(4, version=2))
    assert arrived.tables == [("rows", 1), ("rows", 2), ("rows", 1)]


def test_a_last_line_needs_no_end():
    assert ids(run_lines(SCHEMA + row(1) + row(2).rstrip())) == [1, 2]


def test_a_line_of_50_mb_is_read():
    text = "x" * 50_000_000
    arrived = run_lines(SCHEMA + row(1) + record_line('{"id": 2, "name": "' + text + '"}') + row(3))
    assert ids(arrived) == [1, 2, 3]
    assert len(arrived.rows[1][1]["name"]) == len(text) + 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Starting up\n", "line 3: this is not JSON (Expecting value at character 1): Starting up"),
        (b"\n", "line 3: this is not JSON (Expecting value at character 1): "),
        (b'{"type": "RECORD", "stream": "rows", "record": {"id": 1}\n', "line 3: this is not JSON (Expecting ',' delimiter at character 57): "),
        (b"[1]\n", "line 3: this is not a message, which is a JSON object"),
        (b'{"type": "RECORD", "stream": "rows", "record": {"name": "\xff"}}\n', "line 3: this is not UTF-8 (invalid start byte at byte 58)"),
        (b'{"record": {}}\n', "line 3: Line is missing required type key(s): "),
        (b'{"type": "RECORD", "stream": "rows"}\n', "line 3: Line is missing required record key(s): "),
        (b'{"type": "STATE"}\n', "line 3: Line is missing required value key(s): "),
        (
            b'{"type":"RECORD","stream":"rows","record":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
            "line 3: this is JSON nested too deeply to be read",
        ),
    ],
)
@pytest.mark.parametrize("around", [row(1), b""], ids=["in a block", "alone"])
def test_a_line_that_is_no_message_is_named_by_its_number(line, reason, around):
    with pytest.raises(InvalidInputLine) as problem:
        run_lines(SCHEMA + (around or state({"at": 1})) + line + around)
    assert str(problem.value).startswith(reason)


def test_rows_before_a_broken_line_are_drained_and_their_state_is_out():
    target = KeepingTarget(config={"batch_size_rows": 2})
    with pytest.raises(InvalidInputLine):
        target.listen(io.BytesIO(SCHEMA + row(1) + state({"at": 1}) + row(2) + row(3) + b"oh\n"))
    assert (ids(target.arrived), target.arrived.states) == ([1, 2], [{"at": 1}])


def test_a_record_before_its_schema_is_named_by_its_line():
    with pytest.raises(RecordsWithoutSchemaException, match=r"^line 2: A record for stream 'others' was encountered"):
        run_lines(SCHEMA + row(1, "others"))


def test_a_message_of_unknown_type_is_refused_as_in_the_sdk():
    with pytest.raises(ValueError, match="Unknown message type 'LOG' in message"):
        run_lines(SCHEMA + b'{"type": "LOG"}\n')


@pytest.mark.parametrize("text", ["null", "[1]", '"x"', "7"])
def test_a_record_that_is_no_object_is_named_by_its_line(text):
    with pytest.raises(InvalidInputLine, match=r"^line 3: .*`rows` is no JSON object"):
        run_lines(SCHEMA + row(1) + record_line(text) + row(2))


def test_one_bad_row_is_refused_alone_and_the_others_stay_in_tables():
    lines = SCHEMA + b"".join(row(n) for n in range(1_000)) + record_line('{"id": "bad"}') + b"".join(row(n) for n in range(1_000))
    arrived = run_lines(lines)
    assert arrived.rejects == [("rows", "id", "{'id': 'bad'}")]
    assert arrived.single <= 64
    assert ids(arrived) == [*range(1_000), *range(1_000)]


def test_a_row_refused_by_its_value_takes_no_neighbour_along():
    limited = schema_line({"id": {"type": "integer", "maximum": 5_000}})
    arrived = both(limited + b"".join(row(9_999 if n == 500 else n) for n in range(1_000)))
    assert (arrived.tables, arrived.single) == ([("rows", 500), ("rows", 499)], 1)


def test_a_row_that_json_reads_and_msgspec_does_not_keeps_its_place():
    arrived = both(SCHEMA + row(1) + record_line(r'{"id": 2, "name": "\ud83d"}') + row(3) + record_line('{"id": 4, "more": NaN}') + row(5))
    assert ids(arrived) == [1, 2, 3, 4, 5]


def test_blocks_keep_their_limits_and_drains_their_count():
    lines = SCHEMA + b"".join(row(n) for n in range(1_000))
    assert [rows for _, rows in run_lines(lines, block_size_rows=300).tables] == [300, 300, 300, 100]
    small = run_lines(lines, batch_size_rows=250)
    assert ([rows for _, rows in small.tables], small.batches) == ([250, 250, 250, 250], 4)


def test_a_block_is_decoded_once_all_streams_together_pass_the_limit_in_bytes(monkeypatch):
    monkeypatch.setattr(reading, "READ_BYTES", 1_000)
    lines = SCHEMA + schema_line(PROPERTIES, "few") + row(0, "few") + b"".join(row(n) for n in range(2_000))
    tables = run_lines(lines, block_size_bytes=5_000).tables
    assert max(rows for _, rows in tables) < 600
    assert tables[-1] == ("few", 1)


def test_a_state_waits_for_the_rows_gathered_before_it():
    target = KeepingTarget(config={"batch_size_rows": 3})
    seen = []
    target.state_is_out = lambda value: seen.append((value, ids(target.arrived)))
    target.listen(io.BytesIO(SCHEMA + state({"at": 0}) + row(1) + row(2) + state({"at": 2}) + row(3) + state({"at": 3}) + row(4)))
    assert [value["at"] for value, _ in seen] == [0, 2, 3]
    # Rows behind a state may be there already: reading goes on while the rows before it are delivered.
    assert all(set(range(1, value["at"] + 1)) <= set(arrived) for value, arrived in seen)


def test_a_state_with_a_fraction_goes_out_as_it_came(capsys):
    target = KeepingTarget(config={})
    target.state_is_out = partial(DurableTarget.write_state, target)
    value = b'{"at": 1767225600.25, "decimal": 12345678901234567890.12345678901234567890, "text": "\\u00e9"}'
    target.listen(io.BytesIO(SCHEMA + b'{"type": "STATE", "value": ' + value + b"}\n"))
    assert capsys.readouterr().out.encode() == value + b"\n"


class EndlessLine(io.RawIOBase):
    """A first line, then zeros for ever, as /dev/zero gives them; tells how much was taken."""

    def __init__(self):
        self.given = [SCHEMA]
        self.taken_bytes = 0

    def read1(self, size):
        piece = self.given.pop() if self.given else bytes(size)
        self.taken_bytes += len(piece)
        return piece


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 10 * reading.READ_BYTES)
    source = EndlessLine()
    with pytest.raises(InvalidInputLine, match=r"^line 2: this has no end within 2621440 bytes; a message is one line$"):
        KeepingTarget(config={}).listen(source)
    assert source.taken_bytes == len(SCHEMA) + 11 * reading.READ_BYTES


def test_a_pipe_is_read_as_lines_come_not_when_it_is_full():
    end_out, end_in = os.pipe()
    target = KeepingTarget(config={})
    with os.fdopen(end_out, "rb") as source, os.fdopen(end_in, "wb", buffering=0) as sink:
        arrived = threading.Event()
        target.state_is_out = lambda _value: arrived.set()
        thread = threading.Thread(target=target.listen, args=(source,))
        thread.start()
        sink.write(SCHEMA + state({"at": 1})[:10])
        sink.write(state({"at": 1})[10:])
        assert arrived.wait(30)
        sink.close()
        thread.join(30)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe hold more")
@pytest.mark.parametrize(("before", "after"), [(4_096, 2**20), (2**20, 2**20)])
def test_a_pipe_is_let_hold_a_megabyte_and_what_is_no_pipe_stays_as_it_is(before, after, tmp_path):
    reading_end, writing_end = os.pipe()
    with os.fdopen(reading_end, "rb") as source, os.fdopen(writing_end, "wb"):
        fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, before)
        reading.widen(source)
        assert fcntl.fcntl(source, fcntl.F_GETPIPE_SZ) == after
    with (tmp_path / "lines").open("wb") as file:
        reading.widen(file)
    reading.widen(io.BytesIO())


def test_rows_under_stream_maps_go_one_by_one_and_filtered_ones_are_counted(caplog):
    maps = {"stream_maps": {"rows": {"__filter__": "record['id'] != 2", "name": "str(id)"}}}
    target = KeepingTarget(config=maps)
    with caplog.at_level(logging.INFO, logger=target.name):
        target.listen(io.BytesIO(SCHEMA + row(1) + row(2) + row(3)))
    assert (ids(target.arrived), target.arrived.tables) == ([1, 3], [])
    account = target.account.streams["rows"]
    assert (account.rows_read, account.rows_loaded, dict(account.skipped)) == (3, 2, {"FILTERED": 1})
    assert caplog.text.count("The rows of rows go one by one, which is slower: `stream_maps` or flattening look at each") == 1


def test_both_ways_count_rows_and_bytes_alike():
    lines = SCHEMA + row(1) + state({"at": 1}) + row(2) + record_line('{"id": "x"}') + record_line(r'{"id": 1, "name": "\ud83d"}') + row(3).rstrip()
    counts = []
    for is_columnar in (True, False):
        target = KeepingTarget(config={})
        target.is_columnar = is_columnar
        target.listen(io.BytesIO(lines))
        account = target.account.streams["rows"]
        counts.append((account.rows_read, account.rows_loaded, dict(account.rejected), target.account.bytes_passed, target.account.rows))
    assert counts[0] == counts[1] == (5, 4, {"NOT_AS_DECLARED": 1}, counts[0][3], 5)
    assert counts[0][3] == sum(len(line) + 1 for line in lines.splitlines() if b'"RECORD"' in line)


def test_metadata_columns_say_when_a_row_was_read():
    target = KeepingTarget(config={"add_record_metadata": True})
    lines = SCHEMA + record_line('{"id": 1, "_sdc_deleted_at": "gone"}', time_extracted="2024-01-02T03:04:05Z", version=7) + row(2, version=7)
    target.listen(io.BytesIO(lines))
    (_, first), (_, second) = target.arrived.rows
    assert (first["_sdc_extracted_at"], first["_sdc_deleted_at"], first["_sdc_table_version"]) == ("'2024-01-02T03:04:05Z'", "'gone'", "7")
    assert (second["_sdc_extracted_at"], second["_sdc_deleted_at"]) == (None, None)
    assert first["_sdc_sync_started_at"] == repr(target.initialized_at)
    assert target.arrived.tables == [("rows", 2)]
