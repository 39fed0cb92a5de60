"""Copied files, cut off and killed: afterwards, the same rows in files of other names leave exactly the right ones."""

from __future__ import annotations

import random

import pytest
from singer_sdk.singerlib.exceptions import InvalidInputLine
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import USERS, schema_line, state
from synapse_support.parquet_rows import batch
from target_synapse.rows.values import ESCAPE

pytestmark = pytest.mark.slow


CUTS = [(kind, place) for kind in ("disconnect_before", "disconnect_after") for place in ("COPY INTO", "^COMMIT")]


@pytest.mark.parametrize(("kind", "place"), CUTS)
def test_a_lost_connection_is_made_up_for(kind, place, load_here, table, users, pool, copies, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    pool.fault(kind, place)
    lines = [schema_line(USERS, keys=()), batch(users((1, "a"), (1, "a")), stream="users"), state({"at": 1})]
    assert load_here(lines, batch_files="copy") == [{"at": 1}]
    assert (table("users"), pool.order(waiting=True)) == ([(1, "a")] * 2, [])
    assert load_here.rows["users"]["copied in files"] == 2


@pytest.mark.parametrize("first", [[(1, "a"), (1, "a")], [(1, ESCAPE)]], ids=["copied", "read"])
def test_what_a_broken_run_has_loaded_is_not_loaded_again(first, load_here, table, users):
    """The STATE behind the first file is lost, so it comes again; copied or read, the ledger knows it, and the file behind it is new."""
    options = {"batch_files": "copy", "batch_size_rows": 1}
    lines = [schema_line(USERS, keys=()), batch(users(*first), stream="users"), state({"at": 1})]
    with pytest.raises(InvalidInputLine):
        load_here([*lines, "{"], **options)
    assert table("users") == first
    lines[1] = batch(users(*first), stream="users")
    load_here([*lines, batch(users((2, "b")), stream="users"), state({"at": 2})], **options)
    assert table("users") == [*first, (2, "b")]
    assert load_here.rows["users"]["loaded before"] == len(first)
    load_here(lines, **options)
    assert table("users") == [*first, *first, (2, "b")], "a run that came to its end has closed its entries"


def test_a_file_that_a_broken_run_has_read_since_the_pool_refused_it_is_not_copied_again(load_here, table, users, pool):
    options = {"batch_files": "copy", "batch_size_rows": 1}
    lines = [schema_line(USERS, keys=()), batch(users((1, "a"), (2, "b")), stream="users"), state({"at": 1})]
    pool.fault("error", "^COPY INTO", number=15151)  # by a right that comes late, for one
    with pytest.raises(InvalidInputLine):
        load_here([*lines, "{"], **options)
    assert (table("users"), pool.order(waiting=True)) == ([(1, "a"), (2, "b")], [])
    assert "copied in files" not in load_here.rows["users"]
    lines[1] = batch(users((1, "a"), (2, "b")), stream="users")
    load_here([*lines, batch(users((3, "c")), stream="users"), state({"at": 2})], **options)
    assert table("users") == [(1, "a"), (2, "b"), (3, "c")]
    assert (load_here.rows["users"]["loaded before"], load_here.rows["users"]["copied in files"]) == (2, 1)


def test_behind_a_file_that_no_run_has_loaded_all_are_new(load_here, table, users):
    old, new = [(1, "a")], [(2, "b")]
    with pytest.raises(InvalidInputLine):
        load_here([schema_line(USERS, keys=()), batch(users(*old), stream="users"), state({"at": 1}), "{"], batch_files="copy")
    load_here([schema_line(USERS, keys=()), batch(users(*new), users(*old), stream="users"), state({"at": 2})], batch_files="copy")
    assert table("users") == [*old, *old, *new]


FILES = [
    [(1, "a"), (2, "b")],
    [(1, "a"), (2, "x")],
    [(3, None)],
    [(2, "b"), (1, "c")],
]  # no two equal: behind a kill the ledger could not tell them apart
RIGHT = {(): sorted(row for rows in FILES for row in rows), ("id",): [(1, "c"), (2, "b"), (3, None)]}


def kills(keys, chance, load_here, pool, schema, users, monkeypatch, most):
    """Load the files, killed again and again; each run goes on from the last STATE, with the same rows in files of other names. Returns how many kills it took."""
    found, at = 0, 0
    pool.order(drop=schema)
    while True:
        lines = [schema_line(USERS, keys=keys)]
        for number, rows in enumerate(FILES[at:], at + 1):
            lines += [batch(users(*rows), stream="users"), state({"at": number})]
        after = chance.randint(8, 60) if found < most else 10**6
        try:
            with killed_after(monkeypatch, after, done=chance.random() < 0.5):
                load_here(lines, batch_files="copy")
        except Killed:
            found += 1
            at = load_here.states[-1]["at"] if load_here.states and chance.random() < 0.7 else at
        else:
            assert sorted(pool.rows(f"SELECT [id], [name] FROM [{schema}].[users]"), key=str) == sorted(RIGHT[keys], key=str)
            return found


@pytest.mark.parametrize("keys", RIGHT, ids=["append", "upsert"])
def test_a_run_that_was_killed_loses_and_doubles_nothing(keys, load_here, pool, schema, users, monkeypatch):
    assert kills(keys, random.Random("two"), load_here, pool, schema, users, monkeypatch, most=2) == 2


def test_many_kills_lose_and_double_nothing(load_here, pool, schema, users, monkeypatch):
    found, seed = 0, 0
    while found < 8:
        found += kills((), random.Random(seed), load_here, pool, schema, users, monkeypatch, most=5)
        seed += 1
    assert found >= 8
