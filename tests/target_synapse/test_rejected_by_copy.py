"""Rows that COPY INTO refuses: harvested with their reasons, beside the rows that were refused before, in one format and under one limit."""

from __future__ import annotations

import csv
import gzip
import json
import re
import tracemalloc
from pathlib import Path

import pytest
from singer_commons.errors import ConfigurationError, DestinationError, SuiteError, TooManyRejectsError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.loading.error_files import UNREAD, refused_rows
from target_synapse.loading.rejects_table import KEPT_BYTES, ROWS_A_STATEMENT, RejectsTable, _statements
from target_synapse.rows.types import BIGINT, TEXT_MAX, SqlType
from target_synapse.settings import settings_misfits
from target_synapse.sql.ddl import Column
from target_synapse.staging.store import StagingStore
from target_synapse.tables.naming import TableName

PROPERTIES = {**USERS, "day": {"type": ["null", "string"], "format": "date"}}
LINES = [schema_line(PROPERTIES), *(record(id=key, name=f"row {key}", day="2024-01-02") for key in (1, 2, 3, 4)), state({"at": 4})]
BAD = record(id="no number")
REASON = re.compile(r"Bulk load data conversion error .* for row 2, column 3 \(day\) in data file ")


@pytest.fixture
def damaged(monkeypatch):
    """Parts are changed on their way to the store: what was checked here is wrong when the pool reads it."""

    def change(old, new):
        put = StagingStore.put

        def put_changed(store, path, content):
            put(store, path, gzip.compress(gzip.decompress(content).replace(old, new)))

        monkeypatch.setattr(StagingStore, "put", put_changed)

    return change


@pytest.fixture
def damaged_day(damaged):
    damaged(b'2,"row 2",2024-01-02', b'2,"row 2",2024-13-41')


@pytest.fixture
def rejected_table(pool, schema):
    def read():
        columns = "[stream], [key], [code], [reason], [field], [record]"
        return pool.rows(f"SELECT {columns} FROM [{schema}].[_sdc_rejected] ORDER BY [rejected_at]")

    return read


@pytest.mark.usefixtures("damaged_day")
def test_without_the_setting_one_bad_row_fails_the_load(load_here, table):
    with pytest.raises(DestinationError, match=r"cannot copy the staged files into .*\(4864\)"):
        load_here(LINES)
    assert (table("users"), load_here.states) == ([], [])


@pytest.mark.usefixtures("damaged_day")
def test_rows_that_copy_refuses_are_rejected_with_the_pools_reason_and_the_others_loaded(load_here, table, settings, staged, pool, schema):
    assert load_here(LINES, copy_max_errors=2, max_rejected_rows=1) == [{"at": 4}]
    assert [row[0] for row in table("users")] == [1, 3, 4]
    assert load_here.rows == {"users": {"read": 4, "loaded": 3, "rejected": 1, "replaced in batch": 0}}
    (line,) = [json.loads(text) for text in Path(settings["rejects_path"]).read_text().splitlines()]
    assert (line["stream"], line["key"], line["code"], line["field"]) == ("users", {"id": 2}, "COPY_REJECTED", None)
    assert line["record"] == {"id": 2, "name": "row 2", "day": "2024-13-41"}
    assert REASON.match(line["reason"])
    assert staged() == []
    assert pool.rows(f"SELECT [rows] FROM [{schema}].[_sdc_load_ledger]") == [(3,)]


@pytest.mark.usefixtures("damaged_day")
def test_more_bad_rows_than_copy_may_refuse_fail_the_load(load_here, table, damaged, staged):
    damaged(b"2024-", b"x024-")
    with pytest.raises(DestinationError, match="cannot copy the staged files"):
        load_here(LINES, copy_max_errors=2)
    assert (table("users"), load_here.states, staged()) == ([], [], [])


@pytest.mark.usefixtures("damaged_day")
@pytest.mark.parametrize("point", ["disconnect_after", "disconnect_before"])
def test_a_copy_that_is_repeated_rejects_each_row_once(point, load_here, table, pool, rejects, staged, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    pool.fault(point, "COPY INTO")
    load_here([LINES[0], *LINES[1:]], copy_max_errors=2, max_rejected_rows=1)
    assert [row[2] for row in rejects()] == [{"id": 2, "name": "row 2", "day": "2024-13-41"}]
    assert [row[0] for row in table("users")] == [1, 3, 4]
    assert (pool.order(waiting=True), staged()) == ([], [])


@pytest.mark.usefixtures("damaged_day")
def test_rejected_rows_are_durable_before_the_rows_beside_them_are_committed(load_here, table, pool, schema, rejects):
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[users\]", number=50_000)
    with pytest.raises(DestinationError):
        load_here(LINES, copy_max_errors=2, max_rejected_rows=1)
    assert (table("users"), load_here.states, len(rejects())) == ([], [], 1)


@pytest.mark.usefixtures("damaged_day")
def test_rows_that_are_refused_here_and_there_come_into_one_table_in_one_format(load_here, rejected_table, rejects, pool):
    lines = [*LINES[:2], BAD, *LINES[2:]]
    load_here(lines, copy_max_errors=2, max_rejected_rows=2, rejects_to="table")
    here, there = rejected_table()
    assert here[:3] + here[4:] == ("users", '{"id":"no number"}', "NOT_AS_DECLARED", "id", '{"id":"no number"}')
    assert there[:3] + there[4:] == ("users", '{"id":2}', "COPY_REJECTED", None, '{"id":2,"name":"row 2","day":"2024-13-41"}')
    assert REASON.match(there[3])
    assert rejects() == []
    assert len(pool.statements("step=reject")) >= 1


def test_both_places_get_each_row_and_a_repeated_insert_adds_none_twice(load_here, rejected_table, rejects, pool, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    pool.fault("disconnect_after", r"INSERT INTO \[\w+\].\[_sdc_rejected\]")
    odd = record(id=2, name="it's \x00 \ud800")
    with pytest.raises(TooManyRejectsError) as caught:
        load_here([LINES[0], BAD, odd, record(id=3)], rejects_to="both")
    assert [row[2] for row in rejected_table()] == [row[0] for row in rejects()] == ["NOT_AS_DECLARED", "NOT_UNICODE"]
    assert [json.loads(row[5]) for row in rejected_table()] == [BAD["record"], odd["record"]]
    assert "rejects.jsonl and table [" in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "is_over"),
    [({}, True), ({"max_rejected_rows": 0}, True), ({"max_rejected_rows": 1}, False), ({"max_rejected_share": 0.25}, False), ({"max_rejected_share": 0.1}, True),
     ({"max_rejected_rows": 1, "max_rejected_share": 0.1}, True), ({"max_rejected_rows": 0, "max_rejected_share": 1}, True)],
)  # fmt: skip
def test_rows_are_limited_by_number_and_by_share(limits, is_over, load_here):
    lines = [*LINES[:4], BAD, LINES[-1]]
    if is_over:
        with pytest.raises(TooManyRejectsError, match="1 of 4 rows were rejected"):
            load_here(lines, **limits)
    else:
        load_here(lines, **limits)
    assert load_here.states == [{"at": 4}]


def test_what_the_pool_does_not_account_for_ends_the_run(load_here, damaged, monkeypatch, table):
    damaged(b'2,"row 2",2024-01-02', b'2,"row 2",2024-13-41')
    monkeypatch.setattr(StagingStore, "listed", lambda _store, _prefix: iter(()))
    with pytest.raises(DestinationError, match=r"4 rows were staged for .*, and 3 arrived"):
        load_here(LINES, copy_max_errors=2)
    assert (table("users"), load_here.states) == ([], [])


def test_a_stream_is_not_loaded_into_the_table_of_rejected_rows(load_here):
    with pytest.raises(ConfigurationError, match="which is the loader's own"):
        load_here([schema_line(USERS, stream="_SDC_rejected")])


def test_lines_of_staged_csv_are_read_back_as_records():
    columns = [
        Column("a b", SqlType("bigint")),
        Column("t", SqlType("nvarchar", 10)),
        Column("f", SqlType("bit")),
        Column("d", SqlType("decimal", 9, 2)),
    ]
    text = '"1","say ""x"",\n\ue000","1","1.50","7"\n2,\ue000,0,,8\nx,\ue000\ue000,maybe,y,9\n1,2\n'
    assert [json.loads(json.dumps(one, default=str)) for one in refused_rows(text, columns)] == [
        {"a b": 1, "t": 'say "x",\n\ue000', "f": True, "d": "1.50"},
        {"a b": 2, "t": "", "f": False, "d": None},
        {"a b": "x", "t": "\ue000", "f": "maybe", "d": "y"},
        {UNREAD: "1,2"},
    ]


def test_a_row_with_a_long_text_can_be_refused_too():
    limit = csv.field_size_limit(131_072)  # Python's own
    try:
        assert refused_rows(f'x,"{"y" * 200_000}",1\n', [Column("n", BIGINT), Column("t", TEXT_MAX)]) == [{"n": "x", "t": "y" * 200_000}]
    finally:
        csv.field_size_limit(limit)


class CountingPool:
    """Takes statements, and counts the rows in them."""

    rows = 0

    def repeated(self, work):
        return work()

    def execute(self, sql, *, doing):
        self.rows += sql.count("\nUNION ALL ") + 1


def test_memory_does_not_follow_the_rows_that_wait_for_their_batch():
    pool = CountingPool()
    table = RejectsTable(lambda: pool, TableName("dbo", "_sdc_rejected"), "run1")
    tracemalloc.start()
    for number in range(3_000):
        table.write("users", {"id": number, "text": "x" * 10_000}, code="TOO_LONG", reason="too long", keys=["id"])
    table.sync()
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pool.rows == 3_000
    assert peak_bytes < 3 * KEPT_BYTES  # of 30 MB
    table.sync()
    assert pool.rows == 3_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_for_rows_that_wait_is_told(monkeypatch):
    monkeypatch.setattr("target_synapse.loading.rejects_table.SpooledTemporaryFile", lambda _: Path("/dev/full").open("wb", buffering=0))  # noqa: SIM115 - the code closes it
    table = RejectsTable(lambda: None, TableName("dbo", "_sdc_rejected"), "run1")
    with pytest.raises(SuiteError, match="No space left on device"):
        table.write("users", {}, code="TOO_LONG", reason="too long")
    table.close()


def test_statements_of_rejected_rows_stay_within_the_pools_limits():
    sizes = [len(some) for some in _statements([("x",)] * (ROWS_A_STATEMENT + 1))]
    assert sizes == [ROWS_A_STATEMENT, 1]
    assert [len(some) for some in _statements([("x" * 2**20,), ("y",), ("z",)])] == [1, 2]


def test_only_copy_into_refuses_rows_and_files_of_statements_are_looked_for_whatever_the_way():
    told = [str(one) for one in settings_misfits({"load_via": "insert", "copy_max_errors": 1, "transform_sql": ["@/nowhere/x.sql"]})]
    assert "`copy_max_errors` and `load_via`: rows are refused by COPY INTO alone: expected `copy`, found `insert`" in told
    assert sum("/nowhere/x.sql" in line for line in told) == 1
