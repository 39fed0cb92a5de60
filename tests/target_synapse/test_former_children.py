"""Child tables that a stream has no array for any more: their rows do not stay as the elements of records that have come again without them."""

from __future__ import annotations

import pytest
from synapse_support.messages import record, schema_line, state
from synapse_support.orders import CHILDREN, PROPERTIES, TABLES, order, orders_line

pytestmark = pytest.mark.slow

LOADED = [orders_line(), order(1, "a", items=[("s", "n")]), order(2, "b"), order(3, "c", items=[("t",)]), state({"at": 1})]
WITHOUT_TAGS = {name: schema for name, schema in PROPERTIES.items() if name != "tags"}
DELETED = {"_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}}


def narrow_line(**more):
    """The SCHEMA without the array `tags`."""
    return schema_line({**WITHOUT_TAGS, **more}, stream="orders")


def narrow(key, **values):
    return record("orders", id=key, name=f"order {key}", **values)


@pytest.fixture
def told(caplog):
    """What was warned of."""
    return lambda: [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]


@pytest.fixture
def sources(table):
    """The keys of the records whose elements are in each child table."""
    return lambda: [[key for (key,) in table(name, "[_sdc_source_key_id]")] for name in TABLES[1:]]


def test_elements_go_with_their_record_when_the_schema_has_no_array_for_them_any_more(load_here, sources, told, schema):
    load_here(LOADED, **CHILDREN)
    assert told() == []
    lines = [narrow_line(**DELETED), narrow(1), narrow(3, _sdc_deleted_at="2026-01-02T03:04:05Z"), state({"at": 2})]
    assert load_here(lines, hard_delete=True, **CHILDREN) == [{"at": 2}]
    assert sources() == [[2], [], []]
    (one,) = told()
    assert one == (
        f"[{schema}].[orders__tags] holds elements of an array that `orders` does not load into it any more:"
        " those of records that come again, or are deleted, go, and others stay. Drop it if nobody needs it."
    )


def test_elements_go_with_their_record_when_nested_data_is_json_again(load_here, sources, table, told):
    load_here(LOADED, **CHILDREN)
    load_here([orders_line(), order(1, "new"), state({"at": 2})])
    assert sources() == [[2, 3], [3], []]
    assert table("orders", "[id], [tags]") == [(1, '["new"]'), (2, None), (3, None)]
    assert len(told()) == 3
    load_here([orders_line(), order(1, "x"), order(2, "y"), state({"at": 3})], **CHILDREN)
    assert sources() == [[1, 2, 3], [3], []], "an array that is back has its table again"


def test_a_dropped_child_table_is_not_spoken_of_nor_touched(load_here, pool, schema, told):
    load_here(LOADED, **CHILDREN)
    pool.connection.execute(f"DROP TABLE [{schema}].[orders__tags]")
    load_here([narrow_line(), narrow(1), state({})], **CHILDREN)
    assert told() == []
    assert pool.statements(f"DELETE [{schema}].[orders__tags]")[1:] == [], "but for the first run's"


@pytest.mark.parametrize("keys", [("id",), ()], ids=["same", "none"])
def test_an_overwrite_empties_them_whatever_the_keys_are(keys, load_here, table, told):
    load_here(LOADED, **CHILDREN)
    lines = [schema_line(WITHOUT_TAGS, keys=keys, stream="orders"), narrow(1), narrow(7, items=[]), state({"at": 2})]
    load_here(lines, load_method="overwrite", nested_data="json")
    assert [len(table(name)) for name in TABLES] == [2, 0, 0, 0]
    assert len(told()) == 3
    assert all("it will be empty" in one for one in told())


def test_elements_that_no_key_finds_stay_and_that_is_told(load_here, sources, told):
    load_here(LOADED, **CHILDREN)
    load_here([schema_line(PROPERTIES, keys=("name",), stream="orders"), order(1), state({})])
    assert sources() == [[1, 2, 3], [1, 3], [1]]
    assert len(told()) == 3
    assert all("`load_method` `overwrite` empties it" in one for one in told())


def test_elements_of_added_rows_stay_until_their_record_goes(load_here, table, told):
    def reading(version, properties, *keys):
        rows = [record("orders", id=key, name=f"order {key}", tags=["a"]) | {"version": version} for key in keys]
        return [schema_line(properties, keys=(), stream="orders"), *rows, {"type": "ACTIVATE_VERSION", "stream": "orders", "version": version}]

    load_here(reading(1, PROPERTIES, 1, 2), hard_delete=True, **CHILDREN)
    load_here([schema_line(WITHOUT_TAGS, keys=(), stream="orders"), narrow(3), state({})], nested_data="json")
    assert len(table("orders__tags")) == 2
    assert all("they stay." in one for one in told())
    load_here(reading(2, WITHOUT_TAGS, 5), hard_delete=True, nested_data="json")
    assert [len(table(name)) for name in TABLES[:2]] == [1, 0]


def test_a_table_that_looks_like_a_child_and_is_another_streams_keeps_its_rows(load_here, table, told):
    """`orders__tags` with an array has a table of the very columns that a child of `orders` would have."""
    tags = {"id": {"type": "integer"}, "x": {"type": "array", "items": {"type": "integer"}}}
    load_here([schema_line(tags, stream="orders__tags"), record("orders__tags", id=1, x=[7])], **CHILDREN)
    load_here([narrow_line(), narrow(1), state({})], **CHILDREN)
    assert (table("orders__tags__x", "[_sdc_source_key_id], [value]"), told()) == ([(1, 7)], [])


def test_a_child_table_that_has_become_a_streams_own_is_no_child_any_more(load_here, table, pool, schema, told):
    load_here(LOADED, **CHILDREN)
    pool.connection.execute(f"DROP TABLE [{schema}].[orders__tags]")
    own = [schema_line({"id": {"type": "integer"}, "_sdc_source_key_id": {"type": "integer"}}, stream="orders__tags")]
    load_here([*own, record("orders__tags", id=1, _sdc_source_key_id=1)])
    load_here([narrow_line(), narrow(1), state({})], **CHILDREN)
    assert (len(table("orders__tags")), told()) == (1, [])
