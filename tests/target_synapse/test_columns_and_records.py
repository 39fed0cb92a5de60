"""Rows of one batch, some in columns and some one by one: as if all had come one by one."""

from __future__ import annotations

import io
import json
import random

import pytest
from python_calls import calls, is_no_work_a_cell
from singer_commons.errors import DestinationError, TooManyRejectsError
from singer_commons.target import DurableTarget
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.loading.load import Loader
from target_synapse.sink import SynapseSink
from target_synapse.target import TargetSynapse

MANY = 300
PROPERTIES = {**USERS, "at": {"type": ["null", "string"], "format": "date-time"}, "extra": {}}


@pytest.fixture
def slow_rows(monkeypatch):
    """The records that came one by one."""
    seen = []
    taken = SynapseSink.process_record
    monkeypatch.setattr(SynapseSink, "process_record", lambda self, row, context: (seen.append(dict(row)), taken(self, row, context))[1])
    return seen


@pytest.fixture
def one_by_one(monkeypatch):
    """Loads without columns."""

    def switch():
        monkeypatch.setattr(DurableTarget, "block_sink", lambda *_: None)

    return switch


def mixed_rows():
    """Rows that columns hold, with some between that only single records can be told about: kept, refused, and of the same keys."""
    noise = random.Random(4)
    for number in range(MANY):
        yield record(id=number % 100, name=f"row {number}", at="2024-01-02T03:04:05Z", extra={"n": number})
        if number % 37 == 5:
            yield record(id=number % 100, name="short time", at="2024-01-02T03:04", extra="text")
        if number % 41 == 7:
            yield record(id=number % 100, name="y" * 4001)
        if number % 53 == 11:
            yield record(id=noise.randrange(100), name="bad", at="never")


def test_columns_are_the_common_way(load_here, table, slow_rows):
    load_here([schema_line(PROPERTIES), *(record(id=number, name="a", at="2024-01-02T03:04:05Z") for number in range(5)), state({})])
    assert (len(table("users")), slow_rows) == (5, [])


def test_the_newest_row_of_a_key_wins_whichever_way_each_took(load_here, table, slow_rows, one_by_one):
    rows = list(mixed_rows())
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(PROPERTIES), *rows])
    by_columns, counted = table("users"), load_here.rows
    assert 0 < len(slow_rows) < MANY
    one_by_one()
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(PROPERTIES, stream="single"), *({**row, "stream": "single"} for row in rows)])
    assert by_columns == table("single")
    assert counted["users"] == load_here.rows["single"]


def test_only_the_rows_that_columns_cannot_write_go_one_by_one(load_here, rejects, slow_rows):
    rows = [record(id=number, name="z" * 4001 if number == 150 else "a") for number in range(MANY)]
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(USERS), *rows])
    assert [row["id"] for row in slow_rows] == [150]
    assert [(code, field, row["id"]) for code, field, row in rejects()] == [("TOO_LONG", "name", 150)]


@pytest.mark.parametrize("block_rows", [7, 64, MANY])
def test_a_batch_is_known_by_its_content_however_its_blocks_were_cut(block_rows, load_here, table, pool, schema, monkeypatch):
    rows = [{**row, "stream": "log"} for row in mixed_rows()]
    lines = [schema_line(PROPERTIES, keys=(), stream="log"), *rows, state({"at": 1})]
    with monkeypatch.context() as cut_off:
        cut_off.setattr(Loader, "close_targets", _die)
        with pytest.raises(DestinationError):
            load_here(lines)
    loaded = len(table("log"))
    with pytest.raises(TooManyRejectsError):
        load_here(lines, block_size_rows=block_rows)
    assert (len(table("log")), load_here.rows["log"]["loaded before"]) == (loaded, loaded)


def _die(*_):
    raise DestinationError("the run ends before its ledger is closed")


def test_metadata_columns_of_a_block_are_those_of_a_row(load_here, table):
    lines = [{**record(id=number), "time_extracted": f"2024-01-02T03:04:{number:02}Z", "version": 7} for number in range(3)]
    load_here([schema_line(USERS), *lines], add_record_metadata=True)
    found = table("users", "[id], [_sdc_extracted_at], [_sdc_table_version], [_sdc_deleted_at]", order="[id]")
    assert [(key, str(extracted), version, deleted) for key, extracted, version, deleted in found] == [
        (number, f"2024-01-02 03:04:{number:02}", 7, None) for number in range(3)
    ]


def test_stream_maps_still_see_single_rows(load_here, table, slow_rows):
    load_here([schema_line(USERS), record(id=1, name="a")], stream_maps={"users": {"name": "name.upper()"}})
    assert (table("users"), len(slow_rows)) == ([(1, "A")], 1)


def test_half_of_a_surrogate_pair_puts_only_its_own_row_aside(load_here, rejects, table):
    rows = [record(id=number, name="a", extra=json.loads('"\\ud800"') if number == 80 else None) for number in range(160)]
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(PROPERTIES), *rows])
    assert ([code for code, _, _ in rejects()], len(table("users"))) == (["NOT_UNICODE"], 159)


def test_ten_times_the_rows_are_no_more_work_for_python(settings, table, capsys):
    """From the pipe to the staged file no value becomes an object of Python."""
    properties = {f"c{number}": {"type": ["null", "integer"]} for number in range(10)} | {
        "text": {"type": ["null", "string"]},
        "at": {"type": "string", "format": "date-time"},
    }

    def calls_of(rows):
        values = ({**dict.fromkeys(properties, n), "text": f"é {n}", "at": "2024-01-02T03:04:05Z"} for n in range(rows))
        lines = [schema_line(properties, []), *({"type": "RECORD", "stream": "users", "record": row} for row in values)]
        target = TargetSynapse(config=settings)
        source = io.BytesIO("".join(json.dumps(line) + "\n" for line in lines).encode())
        with calls() as counted:
            target.listen(source)
        return counted[0]

    calls_of(10)  # what is done once
    few, many = calls_of(2_000), calls_of(20_000)
    assert table("users", "COUNT(*)") == [(22_010,)]
    assert capsys.readouterr().out == ""
    assert is_no_work_a_cell(few, many, cells=18_000 * len(properties))
