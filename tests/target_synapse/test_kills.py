"""Random kills over each load method: after however many, the table is what the whole input says."""

from __future__ import annotations

import random

import pytest
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import record, schema_line, state

KILLS, SHARES = 200, 10  # of each load method, and the tests they are in
BATCHES, KEYS = 6, 4
MOST_STATEMENTS = 35  # of a run before it is killed: set-up takes some ten, a batch ten to fifteen
PROPERTIES = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}, "_sdc_deleted_at": {"type": ["null", "string"]}}
METHODS = {
    "append": ({"load_method": "append-only"}, ("id",)),
    "delete_insert": ({"load_method": "upsert", "hard_delete": True}, ("id",)),
    "merge": ({"load_method": "upsert", "upsert_with": "merge", "hard_delete": True}, ("id",)),
    "overwrite": ({"load_method": "overwrite", "hard_delete": True}, ("id",)),
    "overwrite without keys": ({"load_method": "overwrite"}, ()),
    "history": ({"load_method": "history"}, ("id",)),
}
GONE = "2024-01-02T03:04:05Z"


def changes_of(chance):
    """Batches of changes: a key, and its name or that it is gone. The first row of each batch has a key of its own, so that no two batches are equal."""
    pick = ["a", "b", "A", None, GONE]
    return [[(100 + number, "x"), *((chance.randrange(KEYS), chance.choice(pick)) for _ in range(chance.randint(1, 3)))] for number in range(BATCHES)]


def lines_of(batches, keys, *, versioned):
    version = {"version": 7} if versioned else {}
    lines = [schema_line(PROPERTIES, keys=keys)]
    for number, rows in enumerate(batches):
        lines += [record(id=key, **({"_sdc_deleted_at": said} if said == GONE else {"name": said})) | version for key, said in rows]
        lines.append(state({"at": number + 1}))
    return [*lines, *([{"type": "ACTIVATE_VERSION", "stream": "users", "version": 7}] if versioned else []), state({"at": "end"})]


def left(lines, states):
    """What a tap sends that goes on from the last state."""
    return [lines[0], *lines[lines.index(state(states[-1])) + 1 :]] if states else lines


def expected(method, batches):
    """What must be in the table, in plain Python: names by key, in their order."""
    found = {}
    for key, said in (change for rows in batches for change in rows):
        names = found.setdefault(key, [])
        if method == "history":
            lives = bool(names) and names[-1][1]
            if lives and (said == GONE or names[-1][0] != said):
                names[-1] = (names[-1][0], False)
            if said != GONE and not (names and names[-1][1]):
                names.append((said, True))
        elif method in {"append", "overwrite without keys"}:
            names.append(None if said == GONE else said)
        else:
            found[key] = [] if said == GONE else [said]
    return {key: sorted(names, key=str) if method != "history" else names for key, names in found.items() if names}


def found_in(method, pool, schema):
    order = "[_sdc_valid_from], [_sdc_valid_to]" if method == "history" else "1"
    more = ", CASE WHEN [_sdc_valid_to] IS NULL THEN 1 ELSE 0 END" if method == "history" else ""
    found = {}
    for key, *said in pool.rows(f"SELECT [id], [name]{more} FROM [{schema}].[users] ORDER BY {order}"):
        found.setdefault(key, []).append((said[0], bool(said[1])) if method == "history" else said[0])
    return {key: sorted(names, key=str) if method != "history" else names for key, names in found.items()}


def is_there(pool, schema):
    return bool(pool.rows(f"SELECT 1 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'users'"))


@pytest.mark.slow
@pytest.mark.timeout(900)  # a minute, where nothing else runs
@pytest.mark.parametrize("method", [name for name in METHODS if name != "overwrite without keys"])
@pytest.mark.parametrize("share", range(SHARES))
def test_200_random_kills_lose_and_double_nothing(share, method, load_here, pool, schema, monkeypatch):
    kills, seed = 0, 0
    while kills < KILLS // SHARES:
        kills += one_input(method, random.Random(f"{method} {share} {seed}"), load_here, pool, schema, monkeypatch)
        seed += 1
    assert kills >= KILLS // SHARES


@pytest.mark.parametrize("method", METHODS)
def test_some_random_kills_lose_and_double_nothing(method, load_here, pool, schema, monkeypatch):
    assert one_input(method, random.Random(f"{method} few"), load_here, pool, schema, monkeypatch, most=2) == 2


def one_input(method, chance, load_here, pool, schema, monkeypatch, most=60):
    """Load one input, with kills, until a run comes to its end; returns how many kills it took."""
    options, keys = METHODS[method]
    pool.order(drop=schema)
    overwrites = method.startswith("overwrite")
    old = {7: ["old"]} if overwrites else {}
    if old:
        load_here([schema_line(PROPERTIES, keys=keys), record(id=7, name="old")])
    versioned = chance.random() < 0.4
    batches, kills = changes_of(chance), 0
    lines, right = lines_of(batches, keys, versioned=versioned), expected(method, batches)
    states = []
    while True:
        if chance.random() > 0.7 and states[-1:] != [
            {"at": "end"}
        ]:  # behind the last STATE the ledger's entries are closed: the same rows would be new ones
            states = []  # lost for good: whoever sends old changes again has to send the later ones, too
        resumed = left(lines, states)
        after = chance.randint(1, MOST_STATEMENTS) if kills < most else 10**6
        try:
            with killed_after(monkeypatch, after, done=chance.random() < 0.5):
                load_here(resumed, batch_size_rows=2, **options)
        except Killed:
            kills += 1
            states += load_here.states
            if overwrites and is_there(pool, schema):
                assert found_in(method, pool, schema) in (old, right), "readers saw half a table"
            continue
        assert found_in(method, pool, schema) == right
        return kills
