"""What arrives in the tables, row for row."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pytest
from azure.storage.blob import generate_container_sas
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox.blob.service import ACCOUNT, ACCOUNT_KEY, CONTAINER
from singer_commons.errors import ConfigurationError, DestinationError, InputError, TooManyRejectsError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.rows.values import ESCAPE
from target_synapse.staging.store import StagingStore

ALL_TYPES = {
    "id": {"type": "integer"},
    "amount": {"type": "number", "multipleOf": 1e-10},
    "ratio": {"type": "number"},
    "flag": {"type": "boolean"},
    "at": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "clock": {"type": "string", "format": "time"},
    "text": {"type": "string", "maxLength": 50},
    "tags": {"type": "array"},
    "huge": {"type": "integer", "maximum": 10**30},
}


def utc(*parts):
    """As datetime2 comes back: in UTC, and without saying so."""
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)


def test_every_type_arrives_exactly(load_here, table):
    row = {
        "id": -(2**63), "amount": 0.0123456789, "ratio": 0.1, "flag": True, "at": "2024-01-02T03:04:05.123456+02:00",
        "day": "0001-01-01", "clock": "23:59:59.999999", "text": "naïve 😀", "tags": [1, "a", None], "huge": 10**29,
    }  # fmt: skip
    line = record(**row)
    load_here([schema_line(ALL_TYPES), line, record(id=2)])
    columns = "[id], [amount], [ratio], [flag], [at], [day], [clock], [text], [tags], [huge]"
    first, second = table("users", columns)
    assert first == (
        -(2**63), Decimal("0.0123456789"), 0.1, True, utc(2024, 1, 2, 1, 4, 5, 123456), dt.date(1, 1, 1),
        dt.time(23, 59, 59, 999999), "naïve 😀", '[1,"a",null]', Decimal(10**29),
    )  # fmt: skip
    assert second == (2, *[None] * 9)


def test_empty_text_stays_apart_from_null_also_in_keys(load_here, table):
    properties = {"id": {"type": "string"}, "name": {"type": ["null", "string"]}}
    load_here([schema_line(properties), record(id="", name=""), record(id=ESCAPE, name=ESCAPE), record(id="n", name=None)])
    load_here([schema_line(properties), record(id="", name="second")])
    assert sorted(table("users"), key=str) == sorted([("", "second"), (ESCAPE, ESCAPE), ("n", None)], key=str)


def test_the_newest_row_of_a_key_wins_within_a_batch_and_over_batches(load_here, table):
    load_here([schema_line(USERS), record(id=1, name="a"), record(id=2, name="b"), record(id=1, name="c"), record(id=1, name=None)])
    assert table("users") == [(1, None), (2, "b")]
    assert load_here.rows == {"users": {"read": 4, "loaded": 4, "rejected": 0, "replaced in batch": 2}}
    load_here([schema_line(USERS), record(id=1, name="d")])
    assert table("users") == [(1, "d"), (2, "b")]


def test_rows_without_keys_are_appended_again_and_again(load_here, table):
    lines = [schema_line(USERS, keys=()), record(id=1, name="a"), record(id=1, name="a")]
    load_here(lines)
    load_here(lines)
    assert table("users") == [(1, "a")] * 4


def test_append_can_be_chosen_for_a_stream_with_keys(load_here, table):
    lines = [schema_line(USERS), record(id=1, name="a")]
    load_here(lines, load_method="append-only")
    load_here(lines, load_method="append-only")
    assert table("users") == [(1, "a")] * 2


def test_settings_of_single_streams_hold_for_the_streams_that_match(load_here, table):
    lines = [schema_line(USERS), record(id=1, name="a")]
    options = {"u*": {"load_method": "append-only"}, "*rs": {"string_length": "fail"}, "other": {"load_method": "upsert"}}
    load_here(lines, stream_options=options)
    load_here(lines, stream_options=options)
    assert table("users") == [(1, "a")] * 2


def test_upsert_without_keys_is_refused_before_any_row(load_here):
    with pytest.raises(ConfigurationError, match="stream `users` has no key"):
        load_here([schema_line(USERS, keys=())], load_method="upsert")


def test_a_state_goes_out_when_its_rows_are_loaded_not_only_at_the_end(load_here, pool, schema):
    lines = [schema_line(USERS)]
    for number in range(1, 8):
        lines += [record(id=number, name="x"), state({"at": number})]
    assert load_here(lines, batch_size_rows=3) == [{"at": 3}, {"at": 6}, {"at": 7}]


def test_a_tap_that_sends_no_state_is_cut_at_twice_the_batch(load_here, pool, schema):
    load_here([schema_line(USERS), *(record(id=number) for number in range(5))], batch_size_rows=2)
    inserts = [one for one in pool.statements("step=insert") if f"[{schema}].[users]" in one]
    assert len(inserts) == 2


def test_after_a_cut_between_two_states_the_next_state_ends_a_batch(load_here, pool, schema):
    lines = [schema_line(USERS), *(record(id=number) for number in range(5)), state({"at": 5}), record(id=5), record(id=6), state({"at": 7})]
    assert load_here(lines, batch_size_rows=2) == [{"at": 5}, {"at": 7}]
    entries = pool.rows(f"SELECT [rows] FROM [{schema}].[_sdc_load_ledger] ORDER BY [committed_at]")
    assert entries == [(4,), (1,), (2,)]


def test_a_stream_that_grows_gets_its_columns(load_here, table):
    more = {**USERS, "born": {"type": "string", "format": "date"}, "tags": {"type": "array"}}
    load_here([schema_line(USERS), record(id=1, name="a"), schema_line(more), record(id=2, name="b", born="2000-01-02", tags=[1])])
    assert table("users", "[id], [name], [born], [tags]") == [(1, "a", None, None), (2, "b", dt.date(2000, 1, 2), "[1]")]


def test_a_column_is_widened_for_longer_text_and_larger_numbers(load_here, table):
    narrow = {"id": {"type": "integer"}, "n": {"x-sql-datatype": "int"}, "t": {"type": "string", "maxLength": 3}}
    wide = {"id": {"type": "integer"}, "n": {"type": "integer"}, "t": {"type": "string", "maxLength": 300}}
    load_here([schema_line(narrow), record(id=1, n=1, t="abc")])
    load_here([schema_line(wide), record(id=2, n=2**40, t="x" * 300)])
    assert table("users") == [(1, 1, "abc"), (2, 2**40, "x" * 300)]


def test_a_change_of_type_that_loses_values_is_refused_and_the_table_stays(load_here, table):
    load_here([schema_line({"id": {"type": "integer"}, "n": {"type": "integer"}}), record(id=1, n=5)])
    with pytest.raises(DestinationError) as caught:
        load_here([schema_line({"id": {"type": "integer"}, "n": {"type": "string"}}), record(id=2, n="x")])
    assert str(caught.value).endswith("is bigint, and the stream now sends nvarchar(4000)")
    assert "x-sql-datatype" in caught.value.hint
    assert table("users") == [(1, 5)]


def test_hostile_names_make_a_table(load_here, pool, schema):
    names = ["select", "a]b", "it's", "--", "Ünï 😀", "ID", "Id", "", "x" * 130]
    stream = "or]der; DROP TABLE [x]--'"
    load_here(
        [
            schema_line({name: {"type": "integer"} for name in names}, keys=["select"], stream=stream),
            record(stream, **{name: place for place, name in enumerate(names)}),
        ]
    )
    found = pool.rows(f"SELECT * FROM [{schema}].[or]]der; DROP TABLE [x]]--']")
    assert found == [tuple(range(len(names)))]


def test_text_of_4000_characters_arrives_and_of_4001_is_rejected(load_here, table, rejects):
    with pytest.raises(TooManyRejectsError, match=r"1 of 2 rows were rejected, 0 rows allowed; the others were delivered"):
        load_here([schema_line(USERS), record(id=1, name="x" * 4000), record(id=2, name="y" * 4001), state({"at": 2})])
    assert table("users") == [(1, "x" * 4000)]
    assert rejects() == [("TOO_LONG", "name", {"id": 2, "name": "y" * 4001})]
    assert load_here.states == [{"at": 2}]


def test_over_long_text_can_be_cut_and_is_counted(load_here, table):
    load_here([schema_line(USERS), record(id=1, name="y" * 4001)], string_length="truncate")
    assert table("users") == [(1, "y" * 4000)]
    assert load_here.rows["users"]["truncated name"] == 1


def test_over_long_text_can_end_the_run_with_nothing_loaded(load_here, table):
    with pytest.raises(DestinationError, match="a row of `users` does not fit: name: text of 4001 characters"):
        load_here([schema_line(USERS), record(id=1, name="a"), record(id=2, name="y" * 4001), state({"at": 1})], string_length="fail")
    assert (table("users"), load_here.states) == ([], [])


def test_rows_that_break_their_schema_are_put_aside_and_counted(load_here, table, rejects):
    properties = {**USERS, "at": {"type": "string", "format": "date-time"}}
    lines = [
        schema_line(properties, required=["id"]),
        record(id=1, name="ok"),
        record(id="x"),
        record(id=2, at="never"),
        record(id=3, name="\ud800"),
        record(id=None),
        state({"at": 1}),
    ]
    states = load_here(lines, max_rejected_rows=4)
    assert states == [{"at": 1}]
    assert table("users", "[id], [name]") == [(1, "ok")]
    assert [(code, field) for code, field, _ in rejects()] == [
        ("NOT_AS_DECLARED", "id"),
        ("BAD_VALUE", "at"),
        ("NOT_UNICODE", None),
        ("NOT_AS_DECLARED", "id"),
    ]
    assert load_here.rows == {"users": {"read": 5, "loaded": 1, "rejected": 4, "replaced in batch": 0}}


def test_a_null_key_is_rejected_since_nothing_could_ever_replace_it(load_here, rejects):
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line({"id": {"type": ["null", "integer"]}}), record(id=None)])
    assert [(code, field) for code, field, _ in rejects()] == [("KEY_IS_NULL", "id")]


def test_a_record_without_its_key_ends_the_run(load_here):
    with pytest.raises(InputError, match="a record of `users` has no id, which is its key"):
        load_here([schema_line(USERS), record(name="a")])


def test_streams_that_would_share_a_table_are_refused(load_here):
    with pytest.raises(ConfigurationError, match=r"streams `Users` and `users` would share the table"):
        load_here([schema_line(USERS, stream="Users"), schema_line(USERS)])


def test_a_stream_may_not_be_loaded_into_the_ledger(load_here):
    with pytest.raises(ConfigurationError, match="which is the loader's own"):
        load_here([schema_line(USERS, stream="_sdc_load_ledger")])


def test_metadata_columns_say_when_a_row_came(load_here, table):
    load_here([schema_line(USERS), {**record(id=1, name="a"), "time_extracted": "2024-01-02T03:04:05Z"}], add_record_metadata=True)
    ((extracted, sequence, batched),) = table("users", "[_sdc_extracted_at], [_sdc_sequence], [_sdc_batched_at]")
    assert extracted == utc(2024, 1, 2, 3, 4, 5)
    assert sequence > 1_700_000_000_000
    assert batched > extracted


def test_nothing_stays_behind_a_load(load_here, pool, staged, schema):
    load_here([schema_line(USERS), record(id=1, name="a")])
    tables = pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' ORDER BY TABLE_NAME")
    assert tables == [("_sdc_load_ledger",), ("users",)]
    assert staged() == []


@pytest.mark.parametrize("fault", ["COPY INTO", "INSERT INTO"])
def test_nothing_stays_behind_a_load_that_the_pool_refuses(fault, load_here, pool, staged, schema):
    pool.fault("error", rf"{fault} \[{schema}\]", number=8115, message="Arithmetic overflow.")
    with pytest.raises(DestinationError, match=r"Arithmetic overflow\. \(8115\)"):
        load_here([schema_line(USERS), record(id=1, name="a"), state({"at": 1})])
    tables = pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME LIKE N'%stg%'")
    assert (tables, staged(), load_here.states) == ([], [], [])


def test_a_shared_access_signature_is_enough_and_stays_out_of_every_error(load_here, table, azurite, pool, schema):
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    token = generate_container_sas(ACCOUNT, CONTAINER, account_key=ACCOUNT_KEY, permission="rlcwd", expiry=soon)
    changes = {"storage_account_key": None, "storage_sas_token": f"?{token}"}
    load_here([schema_line(USERS), record(id=1, name="a")], **changes)
    assert table("users") == [(1, "a")]
    pool.fault("error", rf"COPY INTO \[{schema}\]", number=105215, message="Access was denied.")
    with pytest.raises(DestinationError) as caught:
        load_here([schema_line(USERS), record(id=1, name="a")], **changes)
    assert "sig=" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint.startswith("the pool cannot read the staged files")


NOISE = random.Random(1)


def noisy_rows(count):
    """Rows that hardly shrink: a packer lets go of nothing before it has some 150 KB."""
    return [record(id=number, name=NOISE.randbytes(2_000).hex()) for number in range(count)]


def test_parts_that_left_before_a_failure_are_taken_back(load_here, staged, monkeypatch):
    monkeypatch.setattr("target_synapse.staging.formats.PART_BYTES", 1)
    sent = []
    put = StagingStore.put
    monkeypatch.setattr(StagingStore, "put", lambda self, path, content: (sent.append(path), put(self, path, content)))
    with pytest.raises(InputError):
        load_here([schema_line(USERS), *noisy_rows(150), record(name="no key")], block_size_rows=50)
    assert sent
    assert staged() == []


def test_many_parts_are_loaded_as_one_batch(load_here, table, pool, schema, monkeypatch):
    monkeypatch.setattr("target_synapse.staging.formats.PART_BYTES", 1)
    load_here([schema_line(USERS), *noisy_rows(200)], block_size_rows=50)
    assert table("users", "COUNT_BIG(*), MIN([id]), MAX([id])") == [(200, 0, 199)]
    (copied,) = pool.statements(f"COPY INTO [{schema}]")
    assert copied.count(".csv.gz") > 2


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", ESCAPE, "NULL", '"', '""', ",", "\n", "\r\n", "\\", "\0", " x ", "'"]
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | TEXT, min_size=1, max_size=40))
def test_any_text_survives_the_way_through_csv_and_copy(load_here, table, pool, schema, texts):
    pool.order(drop=schema)
    load_here([schema_line(USERS), *(record(id=place, name=text) for place, text in enumerate(texts))])
    assert table("users") == list(enumerate(texts))
