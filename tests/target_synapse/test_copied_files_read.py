"""Files that might have been copied and are read: each with its reason, and with the rows that reading gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sandbox.blob.service import CONTAINER
from singer_commons.errors import DestinationError, InputError, TooManyRejectsError
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.parquet_rows import USER_KINDS, batch, parquet
from target_synapse.files.footer import footer_of
from target_synapse.rows.values import ESCAPE

REFUSED = {
    "two rows with one key": (USERS, [(1, "a"), (1, "b")], {}, "several of its rows have one key, and a file has no order for COPY INTO", [(1, "b")]),
    "text that is an escape": (USERS, [(1, ESCAPE)], {}, "1 values of `name` do not go into nvarchar(4000) as they are", [(1, ESCAPE)]),
    "a moment in another form": (
        USERS | {"name": {"type": "string", "format": "date"}}, [(1, "2024-01-02"), (2, "20240103")], {},
        "1 values of `name` do not go into date as they are", [(1, "2024-01-02"), (2, "2024-01-03")],
    ),
    "rows of more than a transaction": (USERS, [(1, "a"), (2, "b")], {"max_transaction_rows": 2}, "2 rows are more than one transaction takes", [(1, "a"), (2, "b")]),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_the_pool_shows_to_need_reading_is_read(case, load_here, table, users, read_since, left):
    properties, rows, more, since, right = REFUSED[case]
    assert load_here([schema_line(properties), batch(users(*rows), stream="users"), state({"at": 1})], batch_files="copy", **more) == [{"at": 1}]
    assert (read_since(), [(number, str(name)) for number, name in table("users")], left()) == ([since], right, [])
    assert load_here.rows["users"]["read"] == len(rows)


@pytest.mark.slow
def test_text_too_long_for_its_column_is_put_aside_as_ever(load_here, users, rejects, read_since):
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(USERS), batch(users((1, "a"), (2, "z" * 4001)), stream="users"), state({})], batch_files="copy")
    assert read_since() == ["1 values of `name` do not go into nvarchar(4000) as they are"]
    assert [(code, row["id"]) for code, _, row in rejects()] == [("TOO_LONG", 2)]


def test_a_file_that_copy_into_refuses_is_read_and_that_is_said_once(load_here, table, users, pool, read_since, left):
    pool.fault("error", "FILE_TYPE = 'PARQUET'", number=106000, times=2)
    files = [batch(users((number, "a")), stream="users") for number in (1, 2, 3)]
    load_here([schema_line(USERS), *files, state({})], batch_files="copy")
    assert table("users") == [(1, "a"), (2, "a"), (3, "a")]
    (since,) = read_since()
    assert since.startswith("the pool refused it: cannot copy the file into ")
    assert left() == []


@pytest.mark.slow
def test_a_file_behind_rows_that_wait_for_a_state_is_read_with_them(load_here, table, users, read_since):
    load_here([schema_line(USERS), record(id=1, name="a"), batch(users((1, "b")), stream="users"), state({"at": 1})], batch_files="copy")
    assert table("users") == [(1, "b")]
    assert read_since() == ["rows have come since the last STATE, and wait for the next: what is loaded together ends at a STATE"]


@pytest.mark.slow
def test_rows_that_did_not_all_arrive_end_the_run(load_here, users, table, monkeypatch, left):
    def with_a_row_more(metadata):
        footer = footer_of(metadata)
        return replace(footer, rows=footer.rows + 1)  # as if the pool had lost one

    monkeypatch.setattr("target_synapse.files.copier.footer_of", with_a_row_more)
    properties = {name: {**schema, "type": ["null", "string" if name == "name" else "integer"]} for name, schema in USERS.items()}
    with pytest.raises(DestinationError, match=r"2 rows were staged for .*, and 1 arrived"):
        load_here([schema_line(properties, keys=()), batch(users((1, "a")), stream="users"), state({})], batch_files="copy")
    assert (table("users"), left(), load_here.states) == ([], [], [])


@pytest.mark.slow
def test_a_file_whose_values_did_not_all_arrive_is_read(load_here, users, table, monkeypatch, read_since):
    def with_a_value_more(metadata):
        footer = footer_of(metadata)
        return replace(footer, fields=[replace(one, values=one.values + (one.name == "name")) for one in footer.fields])  # as if '' had become NULL

    monkeypatch.setattr("target_synapse.files.copier.footer_of", with_a_value_more)
    load_here([schema_line(USERS), batch(users((1, ""), (2, None)), stream="users"), state({})], batch_files="copy")
    assert (table("users"), read_since()) == ([(1, ""), (2, None)], ["2 values of `name` are in it, and 1 arrived"])


@pytest.mark.slow
def test_a_file_that_is_gone_ends_the_run(load_here, schema, users, read_since):
    gone = f"az://{CONTAINER}/{schema}-taps/gone.parquet"
    with pytest.raises(InputError, match="is not there"):
        load_here([schema_line(USERS), batch(gone, stream="users"), state({})], batch_files="copy")
    assert read_since() == ["the staging container has no such file"]


@pytest.mark.slow
def test_lines_of_json_in_the_container_are_read_with_its_own_access(load_here, put, table, read_since):
    address = put(b'{"id": 1, "name": "a"}\n')
    load_here([schema_line(USERS), batch(address, form="jsonl", stream="users"), state({})], batch_files="copy")
    assert (table("users"), read_since()) == ([(1, "a")], ["COPY INTO does not read jsonl"])


SETTINGS_THAT_READ = {
    "rows go into the pool by `load_via` insert": {"load_via": "insert"},
    "`copy_max_errors` asks for rows that are refused, and COPY INTO tells none of Parquet": {"copy_max_errors": 1},
    "`transform_sql` works on staged rows": {"transform_sql": ["UPDATE {staging} SET [id] = [id]"]},
    "a history keeps the order of rows, which COPY INTO does not": {"load_method": "history"},
}


@pytest.mark.slow
@pytest.mark.parametrize("since", SETTINGS_THAT_READ)
def test_settings_that_need_each_row_have_files_read(since, load_here, tmp_path, table, read_since):
    (tmp_path / "a.parquet").write_bytes(parquet([{"id": 1, "name": "a"}], USER_KINDS))
    lines = [schema_line(USERS), batch((tmp_path / "a.parquet").as_uri(), stream="users"), state({})]
    load_here(lines, batch_files="copy", **SETTINGS_THAT_READ[since])
    assert (table("users", "[id], [name]"), read_since()) == ([(1, "a")], [since])


@pytest.mark.slow
def test_arrays_with_tables_of_their_own_have_files_read(load_here, tmp_path, table, read_since):
    (tmp_path / "a.parquet").write_bytes(parquet([{"id": 1}], USER_KINDS))
    lines = [schema_line({**USERS, "tags": {"type": ["null", "array"], "items": {"type": "string"}}})]
    load_here([*lines, batch((tmp_path / "a.parquet").as_uri(), stream="users"), state({})], batch_files="copy", nested_data="child_tables")
    assert (table("users", "[id], [name]"), read_since()) == ([(1, None)], ["its arrays go into tables of their own"])
