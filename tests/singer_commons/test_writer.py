"""Rows in blocks: what waits, for how long, and what goes before what."""

from __future__ import annotations

import io
import json
import os
import threading

import pytest
from singer_commons import writer as writer_module
from singer_commons.tap import SuiteTap
from singer_commons.writer import BLOCK_ROWS, WholeLineWriter, record_head
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage

WAIT_S = 30.0  # for a thread that is due at once


class Output(io.BytesIO):
    """Standard output that tells when something was written."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()
        self.writes = 0

    def write(self, data):
        self.writes += 1
        done = super().write(data)
        self.written.set()
        return done


@pytest.fixture
def output():
    return Output()


@pytest.fixture(autouse=True)
def stdout(output):
    """The writer's own view of it: pytest puts its own in `sys` between a fixture and its test."""
    text = io.TextIOWrapper(output, encoding="utf-8", write_through=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_module, "sys", type("System", (), {"stdout": text}))
        yield
    text.detach()


def lines(output):
    return [json.loads(line) for line in output.getvalue().splitlines()]


def kinds(output):
    return [(one["type"], one.get("stream")) for one in lines(output)]


def add(writer, stream, number):
    writer.add(stream, record_head(stream), json.dumps({"id": number}).encode())


def test_rows_wait_for_a_block_and_everything_else_goes_behind_them(output):
    writer = WholeLineWriter()
    writer.write_message(SchemaMessage("a", {}))
    add(writer, "a", 1)
    writer.write_message(RecordMessage("b", {"id": 2}))
    add(writer, "a", 3)
    assert kinds(output) == [("SCHEMA", "a")]
    writer.write_message(StateMessage({"bookmarks": {}}))
    assert kinds(output) == [("SCHEMA", "a"), ("RECORD", "a"), ("RECORD", "b"), ("RECORD", "a"), ("STATE", None)]
    assert {name: one.rows_read for name, one in writer.account.streams.items()} == {"a": 2, "b": 1}
    assert writer.account.bytes_passed == sum(len(line) for line in output.getvalue().splitlines(keepends=True)[1:4])


def test_a_full_block_is_one_write(output):
    writer = WholeLineWriter()
    for number in range(2 * BLOCK_ROWS + 1):
        add(writer, "a", number)
    assert (output.writes, len(lines(output))) == (2, 2 * BLOCK_ROWS)
    writer.flush()
    assert [one["record"]["id"] for one in lines(output)] == list(range(2 * BLOCK_ROWS + 1))


def test_few_large_rows_are_a_block_too(output):
    writer = WholeLineWriter()
    writer.add("a", record_head("a"), json.dumps({"text": "x" * writer_module.BLOCK_BYTES}).encode())
    assert output.writes == 1


def test_a_row_of_a_slow_source_does_not_wait_for_others(output, monkeypatch):
    """The source gives nothing more, and the row goes out all the same."""
    monkeypatch.setattr(writer_module, "MOST_WAIT_S", 0.01)
    writer = WholeLineWriter()
    for number in (1, 2):
        output.written.clear()
        add(writer, "a", number)
        assert output.written.wait(WAIT_S)
    assert [one["record"]["id"] for one in lines(output)] == [1, 2]


def test_rows_of_two_threads_writing_are_each_written_once(output, monkeypatch):
    monkeypatch.setattr(writer_module, "MOST_WAIT_S", 0.0001)
    writer = WholeLineWriter()
    for number in range(20_000):
        add(writer, "a", number)
    writer.flush()
    assert [one["record"]["id"] for one in lines(output)] == list(range(20_000))
    assert writer.account.rows == 20_000


def test_a_reader_that_left_while_a_row_waited_is_found_out_by_the_next_row(output, monkeypatch):
    monkeypatch.setattr(writer_module, "MOST_WAIT_S", 0.01)
    failed = threading.Event()

    def broken(_data):
        failed.set()
        raise BrokenPipeError

    monkeypatch.setattr(writer_module, "write_whole", broken)
    writer = WholeLineWriter()
    add(writer, "a", 1)
    assert failed.wait(WAIT_S)
    clerk = writer._clerk
    if clerk:
        clerk.join(WAIT_S)
    with pytest.raises(BrokenPipeError):
        add(writer, "a", 2)


def test_a_line_has_the_time_and_the_version(output):
    writer = WholeLineWriter()
    writer.add('s"é', record_head('s"é'), b'{"id":1}', 7)
    writer.flush()
    (line,) = lines(output)
    assert list(line) == ["type", "stream", "record", "version", "time_extracted"]
    assert (line["stream"], line["record"], line["version"]) == ('s"é', {"id": 1}, 7)


def test_an_unbuffered_write_that_takes_only_a_part_is_gone_on_with():
    reading, writing = os.pipe()
    with open(writing, "wb", buffering=0) as raw, open(reading, "rb") as read, pytest.MonkeyPatch.context() as patch:  # noqa: PTH123 - descriptors

        class Partial:
            buffer = type("Raw", (), {"write": staticmethod(lambda data: raw.write(data[:7])), "flush": staticmethod(lambda: None)})

        patch.setattr(writer_module, "sys", type("System", (), {"stdout": Partial}))
        writer_module.write_whole(b"0123456789" * 3)
        raw.close()
        assert read.read() == b"0123456789" * 3


def test_the_suites_taps_write_so():
    assert SuiteTap.message_writer_class is WholeLineWriter
