"""`history`: each version of a row with the time in which it was the source's."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_commons.errors import ConfigurationError
from singer_commons.target import DurableTarget
from synapse_support.messages import USERS, record, schema_line, state

pytestmark = pytest.mark.slow

HISTORY = {"load_method": "history"}
DELETED = "_sdc_deleted_at"
FROM, TO = "_sdc_valid_from", "_sdc_valid_to"


@pytest.fixture(params=["columns", "one by one"])
def _either_way(request, monkeypatch):
    if request.param == "one by one":
        monkeypatch.setattr(DurableTarget, "block_sink", lambda *_: None)


@pytest.fixture
def versions(pool, schema):
    """The versions of each key in their order: the values, and whether it holds still. Times are checked: no gap between versions, and none is empty."""

    def read(columns="[name]", name="users"):
        found = {}
        for key, *values, start, end in pool.rows(f"SELECT [id], {columns}, [{FROM}], [{TO}] FROM [{schema}].[{name}] ORDER BY [id], [{FROM}]"):
            said = found.setdefault(key, [])
            assert end is None or start < end
            assert not said or (said[-1][-1] is not None and said[-1][-1] <= start), "versions overlap"
            said.append((*values, end))
        return {key: [(*values, end is None) for *values, end in said] for key, said in found.items()}

    return read


def rows(*pairs):
    return [record(id=key, name=name) for key, name in pairs]


@pytest.mark.usefixtures("_either_way")
def test_a_row_gets_a_new_version_only_when_it_has_changed(load_here, versions):
    load_here([schema_line(USERS), *rows((1, "a"), (2, "b"), (3, None))], **HISTORY)
    load_here([schema_line(USERS), *rows((1, "a"), (2, "B"), (3, ""))], **HISTORY)
    assert versions() == {1: [("a", True)], 2: [("b", False), ("B", True)], 3: [(None, False), ("", True)]}
    assert load_here.rows["users"] == {"read": 3, "loaded": 3, "rejected": 0, "without a new version": 1}


def test_several_changes_of_a_key_in_a_batch_are_as_many_versions_in_their_order(load_here, versions, pool, schema):
    load_here([schema_line(USERS), *rows((1, "a"), (2, "x"), (1, "b"), (1, "b"), (1, "a"), (1, None))], **HISTORY)
    assert versions() == {1: [("a", False), ("b", False), ("a", False), (None, True)], 2: [("x", True)]}
    ends = pool.rows(f"SELECT [{FROM}], [{TO}] FROM [{schema}].[users] WHERE [id] = 1 ORDER BY [{FROM}]")
    assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]


DIFFERENT = {
    "blanks at the end": ("nvarchar(20)", "a", "a "),
    "case": ("nvarchar(20)", "straße", "STRASSE"),
    "a NUL at the end": ("nvarchar(20)", "a", "a\0"),
    "empty and NULL": ("nvarchar(20)", "", None),
    "long text": ("nvarchar(max)", "x" * 5000 + "y", "x" * 5000 + "Y"),
    "decimals": ("decimal(38,10)", 1.0000000001, 1.0000000002),
    "integers beyond a double": ("bigint", 2**53, 2**53 + 1),
    "microseconds": ("datetime2(7)", "2024-01-01T00:00:00.000001Z", "2024-01-01T00:00:00.000002Z"),
    "zeros at the end of bytes": ("varbinary(20)", "YQ==", "YQA="),
    "booleans": ("bit", False, None),
    "dates": ("date", "2024-02-28", "2024-02-29"),
}


def test_values_differ_if_they_do_so_exactly(load_here, pool, schema):
    """All kinds in one load each; `was` and `is` come three times: a value that stays is no version, and both changes are one."""
    for number, (kind, was, now) in enumerate(DIFFERENT.values()):
        schema_message = schema_line({"id": {"type": "integer"}, "v": {"type": ["null"], "x-sql-datatype": kind}}, stream=f"t{number}")
        schema_message["schema"]["properties"]["v"].pop("type")
        values = [was, was, now, now, was]
        load_here([schema_message, *(record(f"t{number}", id=1, v=value) for value in values)], table_index="heap", **HISTORY)
    found = [pool.rows(f"SELECT COUNT(*) FROM [{schema}].[t{number}]")[0][0] for number in range(len(DIFFERENT))]
    assert dict(zip(DIFFERENT, found, strict=True)) == dict.fromkeys(DIFFERENT, 3)


def test_metadata_makes_no_version(load_here, versions):
    for _ in range(2):
        load_here([schema_line(USERS), *rows((1, "a"))], add_record_metadata=True, **HISTORY)
    assert versions() == {1: [("a", True)]}


def test_a_new_property_makes_versions_of_the_rows_that_have_it(load_here, versions):
    load_here([schema_line(USERS), *rows((1, "a"), (2, "b"))], **HISTORY)
    more = {**USERS, "age": {"type": ["null", "integer"]}}
    load_here([schema_line(more), record(id=1, name="a", age=4), record(id=2, name="b")], **HISTORY)
    assert versions("[name], [age]") == {1: [("a", None, False), ("a", 4, True)], 2: [("b", None, True)]}


def activated(version, *pairs):
    lines = [{**one, "version": version} for one in rows(*pairs)]
    return [schema_line(USERS), *lines, {"type": "ACTIVATE_VERSION", "stream": "users", "version": version}, state({"at": version})]


@pytest.mark.parametrize("hard", [False, True])
def test_a_full_table_closes_what_the_source_no_longer_has_and_deletes_nothing(hard, load_here, versions):
    load_here(activated(1, (1, "a"), (2, "b"), (3, "c")), hard_delete=hard, **HISTORY)
    load_here(activated(2, (1, "a"), (3, "C")), hard_delete=hard, **HISTORY)
    assert load_here.rows["users"]["closed"] == 1
    assert versions() == {1: [("a", True)], 2: [("b", False)], 3: [("c", False), ("C", True)]}
    load_here(activated(3, (1, "a"), (2, "b")), hard_delete=hard, **HISTORY)
    assert versions() == {1: [("a", True)], 2: [("b", False), ("b", True)], 3: [("c", False), ("C", False)]}


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("rows_at_once", [1, 100])
def test_a_row_that_says_it_is_gone_closes_its_version(rows_at_once, load_here, versions):
    schema_message = schema_line({**USERS, DELETED: {"type": ["null", "string"]}})
    gone = {DELETED: "2024-05-06T07:08:09Z"}
    changes = [
        *rows((1, "a"), (2, "b")),
        record(id=1, **gone),
        record(id=1, **gone),
        record(id=3, **gone),
        *rows((1, "a"), (2, "B")),
        record(id=2, **gone),
    ]
    lines = [line for number, one in enumerate(changes) for line in (one, state({"at": number}))]
    load_here([schema_message, *lines], batch_size_rows=rows_at_once, **HISTORY)
    assert versions() == {1: [("a", False), ("a", True)], 2: [("b", False), ("B", False)]}


def test_versions_follow_upon_each_other_even_if_the_clock_of_the_pool_was_ahead(load_here, versions, pool, schema):
    load_here([schema_line(USERS), *rows((1, "a"), (2, "x"))], **HISTORY)
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    pool.connection.execute(f"UPDATE [{schema}].[users] SET [{FROM}] = CAST('{ahead:%Y-%m-%dT%H:%M:%S}' AS datetime2(7))")
    load_here([schema_line(USERS), *rows((1, "b"), (1, "c"))], **HISTORY)
    load_here(activated(4), **HISTORY)
    assert versions() == {1: [("a", False), ("b", False), ("c", False)], 2: [("x", False)]}


def test_a_stream_without_keys_or_with_a_property_of_that_name_is_refused(load_here):
    with pytest.raises(ConfigurationError, match="stream `users` has no key, so nothing says which of its rows are versions of one another"):
        load_here([schema_line(USERS, keys=())], **HISTORY)
    with pytest.raises(ConfigurationError, match="keeps its history in _SDC_valid_to, and the stream has such a property"):
        load_here([schema_line({**USERS, "_SDC_valid_to": {"type": "string"}})], **HISTORY)


CHANGE = st.tuples(st.integers(1, 3), st.sampled_from(["a", "b", "A", "", None, DELETED]))


def model(changes):
    """What the versions of each key must be, in plain Python."""
    found = {}
    for key, value in changes:
        said = found.setdefault(key, [])
        lives = bool(said) and said[-1][1]
        if value == DELETED or (lives and said[-1][0] != value):
            said[-1:] = [(said[-1][0], False)] if said else []
        if value != DELETED and not (said and said[-1][1]):
            said.append((value, True))
    return {key: said for key, said in found.items() if said}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGE, max_size=14), rows_at_once=st.sampled_from([1, 3, 100]))
def test_the_table_is_what_a_model_of_histories_says(changes, rows_at_once, load_here, versions, pool, schema):
    pool.order(drop=schema)
    schema_message = schema_line({**USERS, DELETED: {"type": ["null", "string"]}})
    lines = []
    for number, (key, value) in enumerate(changes):
        gone = {DELETED: "2024-05-06T07:08:09Z"} if value == DELETED else {"name": value}
        lines += [record(id=key, **gone), state({"at": number})]
    load_here([schema_message, *lines], batch_size_rows=rows_at_once, **HISTORY)
    assert versions() == model(changes)
