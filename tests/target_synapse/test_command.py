"""The command as a user runs it, against Azurite and the stand-in of a pool."""

from __future__ import annotations

from synapse_support.messages import USERS, record, schema_line, state


def test_rows_arrive_and_the_state_follows_them(load, table, azurite):
    run = load([schema_line(USERS), record(id=1, name="Ann"), record(id=2, name=None), state({"at": 2})])
    assert (run.exit_code, run.states) == (0, [{"at": 2}]), run.stderr
    assert table("users") == [(1, "Ann"), (2, None)]
    assert azurite.files() == []
