"""Rows on their way into files: what a line is, when a part is full, and what is hashed."""

from __future__ import annotations

import gzip
import random
import threading
import tracemalloc

import pytest
from target_synapse.rows.parts import UPLOADS, WAITING_BYTES, BatchWriter
from target_synapse.rows.records import RefusedRowError, RowWriter
from target_synapse.rows.types import of_property
from target_synapse.sql.ddl import Column
from target_synapse.staging.formats import Layout
from target_synapse.tables.ensure import LoadPlan
from target_synapse.tables.naming import TableName, safe_part


class Store:
    """Keeps the files in memory; `gate` holds uploads back."""

    def __init__(self):
        self.files, self.gate = {}, threading.Event()
        self.gate.set()

    def put(self, path, content):
        self.gate.wait(10)
        self.files[path] = content


def plan_of(properties, keys=()):
    return LoadPlan(TableName("dbo", "t"), {name: Column(name, of_property(schema)) for name, schema in properties.items()}, list(keys))


PLAN = plan_of({"id": {"type": "integer"}, "_sdc_sequence": {"type": "integer"}, "name": {"type": "string"}}, ["id"])


def test_a_line_has_the_metadata_and_the_place_last():
    rows = RowWriter(PLAN)
    assert rows.properties == ["id", "name", "_sdc_sequence"]
    assert rows.line({"id": 1, "name": "a", "_sdc_sequence": 9}, 7) == (b'1,"a",', b"9,7\n")
    assert rows.line({"id": 1}, 8) == (b"1,,", b",8\n")


@pytest.mark.parametrize(
    ("record", "code", "field"),
    [
        ({"id": None}, "KEY_IS_NULL", "id"),
        ({"id": 1, "name": "x" * 4001}, "TOO_LONG", "name"),
        ({"id": 2**70}, "BAD_VALUE", "id"),
        ({"id": 1, "name": "\udc00"}, "NOT_UNICODE", None),
    ],
)
def test_a_row_is_refused_with_code_and_field(record, code, field):
    with pytest.raises(RefusedRowError) as caught:
        RowWriter(PLAN).line(record, 1)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_key_is_never_cut():
    plan = plan_of({"id": {"type": "string", "maxLength": 2}, "name": {"type": "string", "maxLength": 2}}, ["id"])
    cut = []
    rows = RowWriter(plan, truncated=cut.append)
    assert rows.line({"id": "ab", "name": "abc"}, 1) == (b'"ab","ab",', b"1\n")
    assert cut == ["name"]
    with pytest.raises(RefusedRowError, match="id: text of 3 characters"):
        rows.line({"id": "abc"}, 1)


def test_parts_are_whole_gzip_files_that_hold_all_rows_in_order():
    store = Store()
    writer = BatchWriter(store, "run/users/1", layout=Layout(first_bytes=2_000))
    rows = [f'{number},"{number * 7919 % 104729}",'.encode() for number in range(200_000)]
    for place, row in enumerate(rows):
        writer.add(row, f"{place}\n".encode())
    writer.finish()
    assert writer.paths == [f"run/users/1/{number:05}.csv.gz" for number in range(1, len(writer.paths) + 1)]
    assert len(writer.paths) > 3
    text = b"".join(gzip.decompress(store.files[path]) for path in writer.paths)
    assert text == b"".join(row + f"{place}\n".encode() for place, row in enumerate(rows))


def test_the_hash_is_of_what_rows_say_not_of_when_they_came_or_how_they_were_cut():
    def hash_of(tails, part_bytes, contents=(b"1,", b"2,")):
        writer = BatchWriter(Store(), "f", layout=Layout(first_bytes=part_bytes))
        for content, tail in zip(contents, tails, strict=True):
            writer.add(content, tail)
        return writer.finish()

    assert hash_of([b"x\n", b"y\n"], 1) == hash_of([b"u\n", b"v\n"], 10_000)
    assert hash_of([b"x\n", b"y\n"], 1) != hash_of([b"x\n", b"y\n"], 1, contents=(b"2,", b"1,"))


def test_blocks_and_rows_keep_their_order_and_hash_alike():
    def made(*calls):
        store = Store()
        writer = BatchWriter(store, "f", layout=Layout(first_bytes=1))
        for name, *arguments in calls:
            getattr(writer, name)(*arguments)
        return writer.finish(), b"".join(gzip.decompress(store.files[path]) for path in writer.paths), writer.rows

    rows = [(b"1,", b"1\n"), (b"2,", b"2\n"), (b"3,", b"3\n")]
    by_row = made(*(("add", *row) for row in rows))
    block = ("add_block", memoryview(b"2,3,"), memoryview(b"2,2\n3,3\n"), 2)
    assert by_row == made(("add", *rows[0]), block)
    assert made(block, ("add", *rows[0]))[1:] == (b"2,2\n3,3\n1,1\n", 3)


def test_a_part_ends_with_a_row_however_long_a_block_is():
    store = Store()
    writer = BatchWriter(store, "f", layout=Layout(first_bytes=1))
    noise = random.Random(1)
    for _ in range(3):
        lines = b"".join(noise.randbytes(500).hex().encode() + b"\n" for _ in range(800))
        writer.add_block(memoryview(b""), memoryview(lines), 800)
    writer.finish()
    parts = [gzip.decompress(content) for content in store.files.values()]
    assert len(parts) == 3
    assert all(part.endswith(b"\n") for part in parts)


def test_the_rows_are_counted_in_the_hash_also_where_they_say_nothing():
    def hash_of(rows):
        writer = BatchWriter(Store(), "f")
        for number in range(rows):
            writer.add(b"", f"{number}\n".encode())
        return writer.finish()

    assert hash_of(1) != hash_of(2)


def test_a_writer_waits_while_too_many_rows_wait_for_the_packer(monkeypatch):
    monkeypatch.setattr("target_synapse.rows.parts.WAITING_BYTES", 100)
    store = Store()
    store.gate.clear()
    writer = BatchWriter(store, "f", layout=Layout(first_bytes=1))
    row = random.Random(1).randbytes(200_000)  # enough for the packer to let something go
    block = (memoryview(row), memoryview(row + b"\n"), 1)
    for _ in range(UPLOADS + 1):  # those on their way, and the one that the packer holds until one of them is there
        writer.add_block(*block)
    brought = threading.Thread(target=writer.add_block, args=block)
    brought.start()
    brought.join(0.2)
    assert brought.is_alive()
    store.gate.set()
    brought.join(10)
    writer.finish()
    assert len(store.files) == UPLOADS + 2


def test_one_row_makes_one_part_and_no_row_makes_none():
    store = Store()
    writer = BatchWriter(store, "f")
    writer.add(b"1,", b"1\n")
    writer.finish()
    assert {path: gzip.decompress(content) for path, content in store.files.items()} == {"f/00001.csv.gz": b"1,1\n"}
    empty = BatchWriter(store, "g")
    empty.finish()
    assert empty.paths == []


def test_memory_is_bounded_by_the_parts_under_way():
    row = bytes(range(32, 128)) * 20
    writer = BatchWriter(Store(), "f", layout=Layout(first_bytes=50_000))
    writer._store.files = type("Nowhere", (dict,), {"__setitem__": lambda *_: None})()
    tracemalloc.start()
    for number in range(40_000):  # 80 MB of rows
        writer.add(row, b"%d\n" % number)
    writer.finish()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < WAITING_BYTES + 10 * 2**20


def test_an_upload_that_fails_fails_the_batch():
    class Full(Store):
        def put(self, path, content):
            raise OSError("no room")

    writer = BatchWriter(Full(), "f", layout=Layout(first_bytes=1))
    writer.add(b"1,", b"1\n")
    with pytest.raises(OSError, match="no room"):
        writer.finish()
    assert UPLOADS == 4


def test_parts_of_paths_are_safe_and_never_shared():
    names = ["users", "Users", "a/b", "a-b", "..", "ü", "a b", "%41"]
    parts = [safe_part(name) for name in names]
    assert len(set(parts)) == len(names)
    assert all(set(part) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") for part in parts)
    assert not any(part.startswith((".", "_")) for part in parts)
