"""The way without storage: parts wait on this machine, and rows leave it a statement at a time."""

from __future__ import annotations

import gzip
import tempfile
import tracemalloc
from contextlib import contextmanager

import pytest
from singer_commons.errors import ConfigurationError
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS
from target_synapse.rows.types import BIGINT, TEXT_MAX
from target_synapse.sql.ddl import Column
from target_synapse.tables.naming import TableName
from target_synapse.ways import Staged
from target_synapse.ways.insert import InsertWay
from target_synapse.ways.local_store import IN_MEMORY_BYTES, LocalStore

LARGE = "".join(chr(33 + (number * number) % 90) for number in range(3_000))  # more than a part may have in memory there, packed as well


class Taking:
    """Takes statements, and keeps only how much came."""

    def __init__(self):
        self.sizes = []

    def execute(self, sql, *parameters, doing):
        self.sizes.append((len(parameters), sum(len(one) for one in parameters)))


@pytest.fixture
def store():
    kept = LocalStore()
    yield kept
    kept.close()


def test_a_part_can_be_read_again_and_again_until_it_is_removed(store):
    store.put("a/1", b"small")
    store.put("a/2", b"x" * (IN_MEMORY_BYTES + 1))
    assert [store.reader("a/1").read() for _ in range(2)] == [b"small"] * 2
    assert len(store.reader("a/2").read()) == IN_MEMORY_BYTES + 1
    store.remove(["a/1", "a/3"])
    with pytest.raises(KeyError):
        store.reader("a/1")
    assert list(store.listed("a")) == []


def test_a_killed_run_would_leave_no_file(store, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store.put("a/1", b"x" * (IN_MEMORY_BYTES + 1))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_what_to_do(store, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="no room for 65537 bytes of rows") as caught:
        store.put("a/1", b"x" * (IN_MEMORY_BYTES + 1))
    assert caught.value.hint == "name a larger folder with TMPDIR"


@contextmanager
def room_for(size_bytes):
    """No file of this process can grow beyond."""
    resource = pytest.importorskip("resource", reason="limits of files, which Windows has not")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("lacks_bytes", [1, IN_MEMORY_BYTES])
def test_a_disk_that_is_full_at_the_last_byte_is_told_before_the_part_is_read(store, lacks_bytes):
    """What is left in a buffer would be missed when the part is read, or when it is closed."""
    with room_for(2 * IN_MEMORY_BYTES - lacks_bytes), pytest.raises(ConfigurationError, match=f"no room for {2 * IN_MEMORY_BYTES} bytes of rows"):
        store.put("a/1", b"x" * (2 * IN_MEMORY_BYTES))
    with pytest.raises(KeyError):
        store.reader("a/1")


def test_a_disk_that_fills_up_in_mid_run_ends_it_and_what_came_before_is_safe(load_here, table, tmp_path, monkeypatch):
    """And the next run, with room, goes on from the last STATE."""

    def lines():
        yield from (schema_line(USERS), record(id=1, name="a"), state({"at": 1}))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        yield from (record(id=2, name=LARGE), state({"at": 2}))

    monkeypatch.setattr("target_synapse.ways.local_store.IN_MEMORY_BYTES", 64)
    with pytest.raises(ConfigurationError, match="no room for") as caught:
        load_here(lines(), batch_size_rows=1, **WAYS["insert"])
    assert (caught.value.hint, load_here.states, table("users")) == ("name a larger folder with TMPDIR", [{"at": 1}], [(1, "a")])
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert load_here([schema_line(USERS), record(id=2, name=LARGE), state({"at": 2})], **WAYS["insert"]) == [{"at": 2}]
    assert table("users") == [(1, "a"), (2, LARGE)]


def test_memory_follows_a_statement_and_not_the_rows(store):
    row = b'7,"' + b"x" * 2_000 + b'",%d\n'
    packed = [gzip.compress(b"".join(row % number for number in range(5_000))) for _ in range(4)]
    for number, content in enumerate(packed):
        store.put(f"f/{number}", content)
    pool = Taking()
    staged = Staged([Column("id", BIGINT), Column("text", TEXT_MAX)], [f"f/{number}" for number in range(4)], 20_000)
    tracemalloc.start()
    try:
        InsertWay(pool, store).fill(TableName("s", "t"), staged, lambda step: step)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(count for count, _ in pool.sizes) == 20_000
    assert sum(size for _, size in pool.sizes) == 40_000_000
    assert peak < 16 * 2**20
