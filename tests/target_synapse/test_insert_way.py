"""The way without storage: parts wait on this machine, and rows leave it a statement at a time."""

from __future__ import annotations

import gzip
import tempfile
import tracemalloc

import pytest
from singer_commons.errors import ConfigurationError
from target_synapse.rows.types import BIGINT, TEXT_MAX
from target_synapse.sql.ddl import Column
from target_synapse.tables.naming import TableName
from target_synapse.ways import Staged
from target_synapse.ways.insert import InsertWay
from target_synapse.ways.local_store import IN_MEMORY_BYTES, LocalStore


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
