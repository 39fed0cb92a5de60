"""Arrays as child tables: their rows are always those of the records that are in the stream's own table."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
import simplejson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_commons.errors import ConfigurationError, DestinationError, TooManyRejectsError
from singer_commons.target import DurableTarget
from synapse_support.messages import record, schema_line, state
from synapse_support.orders import CHILDREN, TABLES, TEXT, order, orders_line, raw_line
from target_synapse.sink import SynapseSink

BIG = "12345678901234567890123456789012345678"


@pytest.fixture
def tree(table):
    """The rows of the stream's table and of its child tables, in order."""
    return lambda *names: [sorted(table(name), key=str) for name in names or TABLES]


@pytest.fixture
def columns(pool, schema):
    """The columns of a table with their types."""

    def read(name):
        sql = f"SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'{name}'"
        return dict(pool.rows(sql))

    return read


@pytest.fixture(params=["columns", pytest.param("one by one", marks=pytest.mark.slow)])
def _either_way(request, monkeypatch):
    if request.param == "one by one":
        monkeypatch.setattr(DurableTarget, "block_sink", lambda *_: None)


def test_each_element_is_a_row_with_its_records_key_and_its_places(load_here, tree, columns):
    lines = [orders_line(), order(1, "x", None, "", items=[("s", "n", None), ("t",)]), order(2), order(3, items=[("u",)]), state({"at": 3})]
    assert load_here(lines, **CHILDREN) == [{"at": 3}]
    assert tree() == [
        [(1, "order 1"), (2, "order 2"), (3, "order 3")],
        [(1, 0, "x"), (1, 1, None), (1, 2, "")],
        [(1, 0, "s", None), (1, 1, "t", None), (3, 0, "u", None)],
        [(1, 0, 0, "n"), (1, 0, 1, None)],
    ]
    assert [columns(name) for name in TABLES] == [
        {"id": "bigint", "name": "nvarchar"},
        {"_sdc_source_key_id": "bigint", "_sdc_level_0_id": "bigint", "value": "nvarchar"},
        {"_sdc_source_key_id": "bigint", "_sdc_level_0_id": "bigint", "sku": "nvarchar", "price": "decimal"},
        {"_sdc_source_key_id": "bigint", "_sdc_level_0_id": "bigint", "_sdc_level_1_id": "bigint", "value": "nvarchar"},
    ]
    assert load_here.rows["orders"] == {
        "read": 3, "loaded": 3, "rejected": 0, "replaced in batch": 0,
        "rows of orders__tags": 3, "rows of orders__items": 3, "rows of orders__items__notes": 2,
    }  # fmt: skip


@pytest.mark.parametrize("upsert_with", ["delete_insert", pytest.param("merge", marks=pytest.mark.slow)])
def test_a_record_that_comes_again_has_the_elements_that_it_came_with_last(upsert_with, load_here, tree):
    load_here([orders_line(), order(1, "a", "b", items=[("s", "n"), ("t",)]), order(2, "c", items=[("u", "m")])], **CHILDREN)
    again = [order(1, "lost", items=[("lost", "lost")]), order(2, items=[]), order(1, "z", items=[("v",)])]
    load_here([orders_line(), *again], upsert_with=upsert_with, **CHILDREN)
    assert tree() == [[(1, "order 1"), (2, "order 2")], [(1, 0, "z")], [(1, 0, "v", None)], []]


@pytest.mark.slow
def test_an_array_that_is_empty_null_or_missing_has_no_rows(load_here, tree):
    load_here([orders_line(), *(order(key, "a") for key in (1, 2, 3))], **CHILDREN)
    load_here([orders_line(), record("orders", id=1), record("orders", id=2, tags=None), record("orders", id=3, tags=[])], **CHILDREN)
    assert tree("orders", "orders__tags") == [[(1, None), (2, None), (3, None)], []]


@pytest.mark.parametrize("keys", [(), pytest.param(("id",), marks=pytest.mark.slow)], ids=["no key", "append-only"])
def test_rows_that_are_added_beside_each_other_have_ids_that_their_elements_name(keys, load_here, table, pool, schema):
    rows = [(order(1, *tags, items=[("s", *tags)]), state({"at": tags})) for tags in (["a", "b"], ["c"], [])]
    load_here([orders_line(keys), *(line for both in rows for line in both)], load_method="append-only", batch_size_rows=1, **CHILDREN)
    ids = dict(table("orders", "[_sdc_record_id], [id]"))
    assert list(ids.values()) == [1, 1, 1]
    joined = (
        f"SELECT t.[_sdc_level_0_id], t.[value] FROM [{schema}].[orders] AS o JOIN [{schema}].[orders__tags] AS t"
        " ON t.[_sdc_source_record_id] = o.[_sdc_record_id]"
    )
    assert sorted(pool.rows(joined)) == [(0, "a"), (0, "c"), (1, "b")]
    assert {len(one) for (one,) in table("orders__items__notes", "[_sdc_source_record_id]")} == {34}
    assert len(table("orders__items")) == 3


@pytest.mark.slow
def test_a_batch_that_was_loaded_before_is_known_by_its_elements_too(load_here, tree, monkeypatch):
    lines = [orders_line(()), order(1, "a"), state({"at": 1})]
    with monkeypatch.context() as cut_off:
        cut_off.setattr("target_synapse.loading.load.Loader.close_targets", _die)
        with pytest.raises(DestinationError):
            load_here(lines, **CHILDREN)
    once = tree()
    load_here(lines, **CHILDREN)
    assert tree() == once
    with monkeypatch.context() as cut_off:
        cut_off.setattr("target_synapse.loading.load.Loader.close_targets", _die)
        with pytest.raises(DestinationError):
            load_here(lines, **CHILDREN)
    load_here([orders_line(()), order(1, "b"), state({"at": 1})], **CHILDREN)
    assert sorted(value for *_, value in tree("orders__tags")[0]) == ["a", "a", "b"]


def _die(*_):
    raise DestinationError("the run ends before its ledger is closed")


@pytest.mark.slow
def test_a_deleted_record_takes_its_elements_with_it(load_here, tree):
    line = orders_line(_sdc_deleted_at=TEXT)
    load_here([line, order(1, "a"), order(2, "b", items=[("s", "n")])], hard_delete=True, **CHILDREN)
    gone = {"_sdc_deleted_at": "2024-01-02T03:04:05Z"}
    load_here([line, order(2, "late", items=[("t",)], **gone)], hard_delete=True, **CHILDREN)
    assert tree("orders", *TABLES[1:]) == [[(1, "order 1", None)], [(1, 0, "a")], [], []]


@pytest.mark.slow
def test_a_record_that_is_only_marked_keeps_the_elements_that_it_came_with(load_here, table):
    line = orders_line(_sdc_deleted_at=TEXT)
    load_here([line, order(1, "a")], **CHILDREN)
    load_here([line, order(1, "b", _sdc_deleted_at="2024-01-02T03:04:05Z")], **CHILDREN)
    assert (len(table("orders")), table("orders__tags")) == (1, [(1, 0, "b")])


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "hard"), [(("id",), True), (("id",), False), ((), True)], ids=["upsert", "marks", "append"])
def test_the_end_of_a_version_is_the_end_of_its_elements_where_rows_go_and_not_where_they_are_marked(keys, hard, load_here, table):
    def reading(version, *rows):
        activate = {"type": "ACTIVATE_VERSION", "stream": "orders", "version": version}
        return [orders_line(keys), *({**one, "version": version} for one in rows), activate, state({"v": version})]

    load_here(reading(1, order(1, "a"), order(2, "b", items=[("s", "n")]), order(3)), hard_delete=hard, **CHILDREN)
    load_here(reading(2, order(1, "c")), hard_delete=hard, **CHILDREN)
    left = ["c"] if hard else ["b", "c"]
    assert sorted(value for *_, value in table("orders__tags")) == left
    assert [len(table(name)) for name in TABLES[2:]] == ([0, 0] if hard else [1, 1])


@pytest.mark.slow
def test_the_end_of_a_version_in_parts_takes_each_part_with_its_elements(load_here, table, pool, schema):
    def reading(version, keys):
        activate = {"type": "ACTIVATE_VERSION", "stream": "orders", "version": version}
        return [orders_line(), *({**order(key, f"t{key}", "u"), "version": version} for key in keys), activate]

    load_here(reading(1, range(12)), hard_delete=True, **CHILDREN)
    load_here(reading(2, [3]), hard_delete=True, max_transaction_rows=4, **CHILDREN)
    assert (table("orders", "[id]"), table("orders__tags")) == ([(3,)], [(3, 0, "t3"), (3, 1, "u")])
    in_parts = [one for one in pool.statements(f"DELETE [{schema}].[orders__tags]") if "BINARY_CHECKSUM" in one]
    assert len(in_parts) == 3


@pytest.mark.slow
def test_a_schema_that_grows_gives_its_child_tables_columns_tables_and_wider_types(load_here, table, columns):
    def line(**properties):
        return schema_line({"id": {"type": "integer"}, "items": {"type": "array", "items": {"type": "object", "properties": properties}}}, stream="o")

    first = line(sku={"type": "string", "maxLength": 5})
    then = line(sku={"type": "string", "maxLength": 9}, price={"type": "number"}, sizes={"type": "array", "items": {"type": "integer"}})
    lines = [first, record("o", id=1, items=[{"sku": "a"}]), then, record("o", id=2, items=[{"sku": "123456789", "price": 1.5, "sizes": [7, 8]}])]
    load_here(lines, **CHILDREN)
    assert sorted(table("o__items")) == [(1, 0, "a", None), (2, 0, "123456789", 1.5)]
    assert sorted(table("o__items__sizes")) == [(2, 0, 0, 7), (2, 0, 1, 8)]
    assert columns("o__items")["price"] == "float"


@pytest.mark.slow
def test_what_was_text_before_stays_in_its_column_and_new_elements_get_tables(load_here, table):
    load_here([orders_line(), order(1, "a")])
    load_here([orders_line(), order(2, "b")], **CHILDREN)
    assert table("orders", "[id], [tags]", order="[id]") == [(1, '["a"]'), (2, None)]
    assert table("orders__tags") == [(2, 0, "b")]


@pytest.mark.slow
@pytest.mark.parametrize(("conflict", "expected"), [("split", [(1, 0, "a", None), (2, 0, None, 5)]), ("rebuild", [(1, 0, "a"), (2, 0, "5")])])
def test_a_change_of_an_elements_type_does_what_the_settings_say(conflict, expected, load_here, table):
    def line(kind):
        return schema_line({"id": {"type": "integer"}, "p": {"type": "array", "items": {"type": kind}}}, stream="o")

    load_here([line("string"), record("o", id=1, p=["a"])], **CHILDREN)
    with pytest.raises(DestinationError, match="the stream now sends bigint"):
        load_here([line("integer"), record("o", id=2, p=[5])], **CHILDREN)
    load_here([line("integer"), record("o", id=2, p=[5])], type_conflict=conflict, **CHILDREN)
    assert sorted(table("o__p"), key=str) == expected


@pytest.mark.usefixtures("_either_way")
def test_values_are_exact_and_a_record_with_an_element_that_cannot_be_is_rejected_whole(load_here, table, rejects):
    item = {"type": "object", "properties": {"n": {"type": ["null", "number"], "multipleOf": 1e-9}, "t": {"type": "string", "maxLength": 4}, "o": {}}}
    properties = {"id": {"type": "integer"}, "p": {"type": "array", "items": item}}
    rows = [
        '{"id": 1, "p": [{"n": 12345678901234567890123456789.123456789, "t": "a\\u0000b", "o": {"b": [1.10, "\\ud83d\\ude00"]}}]}',
        '{"id": 2, "p": [{"n": 1, "t": "ok"}, {"n": 1, "t": "too long"}]}',
        '{"id": 3, "p": [{"n": 0.1234567891, "t": "x"}]}',
        '{"id": 4, "p": [{"n": 1, "t": 5}]}',
        '{"id": 5, "p": [{"n": 1, "t": "\\ud800"}]}',
        '{"id": 6, "p": [{"n": -0.5, "t": ""}]}',
    ]
    lines = [schema_line(properties, stream="o"), *(raw_line("o", row) for row in rows)]
    with pytest.raises(TooManyRejectsError):
        load_here(lines, **CHILDREN)
    assert sorted(table("o")) == [(1,), (6,)]
    assert sorted(table("o__p")) == [
        (1, 0, Decimal("12345678901234567890123456789.123456789"), "a\0b", '{"b":[1.10,"😀"]}'),
        (6, 0, Decimal("-0.5"), "", None),
    ]
    assert [(code, field, row["id"]) for code, field, row in rejects()] == [
        ("TOO_LONG", "p[1].t", 2),
        ("NOT_AS_DECLARED", "p.0.n", 3),
        ("NOT_AS_DECLARED", "p.0.t", 4),
        ("NOT_UNICODE", "p[0]", 5),
    ]


@pytest.mark.slow
def test_over_long_text_of_elements_is_cut_or_ends_the_run_where_the_settings_say_so(load_here, table):
    line = schema_line({"id": {"type": "integer"}, "p": {"type": "array", "items": {"type": "string", "maxLength": 3}}}, stream="o")
    load_here([line, record("o", id=1, p=["abcdef", "abc"])], string_length="truncate", **CHILDREN)
    assert (table("o__p"), load_here.rows["o"]["truncated p.value"]) == ([(1, 0, "abc"), (1, 1, "abc")], 1)
    with pytest.raises(DestinationError, match=r"p\[0\]: value: text of 6 characters"):
        load_here([line, record("o", id=1, p=["abcdef"])], string_length="fail", **CHILDREN)


@pytest.mark.slow
def test_hostile_names_are_loaded(load_here, pool, schema):
    item = {"type": "object", "properties": {"_sdc_level_0_id": TEXT, "_SDC_Source_Row": TEXT, "select]": TEXT, "A": TEXT, "a": TEXT}}
    line = schema_line({"Order]": {"type": "string", "maxLength": 9}, "p" * 130: {"type": "array", "items": item}}, keys=["Order]"], stream="o'")
    row = {"_sdc_level_0_id": "l", "_SDC_Source_Row": "s", "select]": "]", "A": "A", "a": "a"}
    load_here([line, record("o'", **{"Order]": "k", "p" * 130: [row]})], **CHILDREN)
    ((name,),) = pool.rows(f"SELECT name FROM sys.tables WHERE SCHEMA_NAME(schema_id) = N'{schema}' AND name LIKE N'o''__p%'")
    assert len(name) == 128
    assert pool.rows(f"SELECT [_sdc_source_key_Order]]], [_sdc_level_0_id], [select]]] FROM [{schema}].[{name.replace(']', ']]')}]") == [
        ("k", 0, "]")
    ]


@pytest.mark.slow
def test_text_keys_keep_their_collation_so_that_elements_go_with_their_own_record(load_here, table):
    line = schema_line({"id": {"type": "string", "maxLength": 9}, "p": {"type": "array", "items": {"type": "integer"}}}, stream="o")
    rows = [record("o", id="k", p=[1]), record("o", id="K", p=[2]), record("o", id="", p=[3])]
    load_here([line, *rows, record("o", id="K", p=[4])], key_collation="Latin1_General_100_BIN2", **CHILDREN)
    load_here([line, record("o", id="k", p=[])], **CHILDREN)  # the setting is of new tables: the key's own collation counts
    assert sorted(table("o__p")) == [("", 0, 3), ("K", 0, 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "told"),
    [
        ([schema_line({"id": TEXT}, stream="orders__tags"), orders_line()], "would share the table"),
        ([orders_line(), schema_line({"id": TEXT}, stream="orders__tags")], "would share the table"),
        ([orders_line((), _sdc_record_id=TEXT)], "it has a property _sdc_record_id"),
    ],
)
def test_a_table_or_column_that_is_another_s_is_refused(made, told, load_here):
    with pytest.raises(ConfigurationError, match=told):
        load_here(made, **CHILDREN)


@pytest.mark.slow
def test_a_stream_whose_key_changes_is_refused_until_it_is_overwritten(load_here, table):
    load_here([orders_line(), order(1, "a")], **CHILDREN)
    with pytest.raises(ConfigurationError, match=r"orders__tags\] has no _sdc_source_record_id: its rows were loaded when `orders` had another key"):
        load_here([orders_line(()), order(2, "b")], **CHILDREN)
    load_here([orders_line(()), order(2, "b"), state({})], load_method="overwrite", **CHILDREN)
    load_here([orders_line(()), order(3, "c")], **CHILDREN)
    assert sorted(table("orders__tags", "[value], [_sdc_source_key_id]")) == [("b", None), ("c", None)]


@pytest.mark.slow
def test_some_streams_have_child_tables_and_others_text(load_here, table):
    lines = [orders_line(), order(1, "a"), {**orders_line(), "stream": "other"}, {**order(1, "b"), "stream": "other"}]
    load_here(lines, stream_options={"ord*": CHILDREN})
    assert (table("orders__tags"), table("other", "[tags]")) == ([(1, 0, "a")], [('["b"]',)])


@pytest.mark.slow
def test_only_rows_with_elements_leave_the_columns_and_none_goes_one_by_one(load_here, monkeypatch):
    taken, split = [], []
    monkeypatch.setattr(SynapseSink, "process_record", lambda _self, row, _context: taken.append(row))
    looked = "target_synapse.children.family.rows_of"
    from target_synapse.children.family import rows_of  # noqa: PLC0415 - before it is replaced

    monkeypatch.setattr(looked, lambda *given: (split.append(given[1]), rows_of(*given))[1])
    load_here([orders_line(), *(order(number, *(["a"] if number % 10 == 0 else [])) for number in range(100))], **CHILDREN)
    assert (taken, len(split)) == ([], 10)


ELEMENTS = st.none() | st.text(st.characters(), max_size=4) | st.sampled_from(["", "\ue000", "\0", '"', "é" * 5])
PRICES = st.none() | st.decimals(-(10**6), 10**6, places=2) | st.sampled_from([Decimal("0.001"), Decimal(BIG)])
ITEMS = st.none() | st.fixed_dictionaries({}, optional={"sku": ELEMENTS, "price": PRICES, "notes": st.none() | st.lists(ELEMENTS, max_size=2)})
ORDERS = st.fixed_dictionaries(
    {"id": st.integers(0, 3)}, optional={"tags": st.none() | st.lists(ELEMENTS, max_size=3), "items": st.lists(ITEMS, max_size=3)}
)


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ORDERS, min_size=1, max_size=12))
def test_columns_and_single_rows_give_the_same_tables(load_here, tree, pool, schema, monkeypatch, orders):
    lines = [orders_line(), *(raw_line("orders", simplejson.dumps(one, use_decimal=True)) for one in orders), state({"at": 1})]
    found = []
    for way in ("columns", "one by one"):
        pool.order(drop=schema)
        with monkeypatch.context() as patch:
            if way != "columns":
                patch.setattr(DurableTarget, "block_sink", lambda *_: None)
            load_here(lines, max_rejected_rows=100, **CHILDREN)
        found.append((tree(), load_here.rows))
    assert found[0] == found[1]


FLAT = {"flattening_enabled": True, "flattening_max_depth": 2, **CHILDREN}
PLACE = {
    "type": ["null", "object"],
    "properties": {"city": TEXT, "since": {"type": ["null", "string"], "format": "date"}, "tags": {"type": "array", "items": TEXT}},
}


@pytest.mark.parametrize("more", [{}, pytest.param({"load_method": "overwrite"}, marks=pytest.mark.slow)])
def test_objects_are_columns_beside_child_tables_and_their_arrays_are_child_tables(more, load_here, table, rejects):
    stops = {"type": "array", "items": {"type": "object", "properties": {"at": PLACE, "n": {"type": "integer"}}}}
    lines = [
        schema_line({"id": {"type": "integer"}, "home": PLACE, "stops": stops}, stream="trips"),
        record(
            "trips",
            id=1,
            home={"city": "", "since": "2026-01-02", "tags": ["a", "b"]},
            stops=[{"n": 1, "at": {"city": "c", "tags": ["t"]}}, {"n": 2}],
        ),
        record("trips", id=2, home=None, stops=[]),
        record("trips", id=3, home={"city": 5}, stops=[]),
        record("trips", id=4, home={}, stops=[{"n": 1, "at": {"since": "no day"}}]),
        state({"at": 4}),
    ]
    assert load_here(lines, **FLAT, max_rejected_rows=2, **more) == [{"at": 4}]
    assert table("trips", "[id], [home__city], [home__since]") == [(1, "", dt.date(2026, 1, 2)), (2, None, None)]
    assert table("trips__home__tags", order="2") == [(1, 0, "a"), (1, 1, "b")]
    assert table("trips__stops", "[_sdc_level_0_id], [at__city], [at__since], [n]") == [(0, "c", None, 1), (1, None, None, 2)]
    assert table("trips__stops__at__tags") == [(1, 0, 0, "t")]
    assert [(code, field) for code, field, _ in rejects()] == [("NOT_AS_DECLARED", "home.city"), ("BAD_VALUE", "stops[0].at__since")]


@pytest.mark.slow
def test_streams_are_flattened_by_the_sdk_where_their_arrays_are_text(load_here, table):
    properties = {"id": {"type": "integer"}, "home": PLACE}
    lines = [line for name in ("a", "b") for line in (schema_line(properties, stream=name), record(name, id=1, home={"city": "c", "tags": ["t"]}))]
    load_here(lines, **(FLAT | {"nested_data": None}), stream_options={"b": CHILDREN})
    assert table("a", "[id], [home__city], [home__tags]") == [(1, "c", '["t"]')]
    assert (table("b", "[id], [home__city]"), table("b__home__tags")) == ([(1, "c")], [(1, 0, "t")])


@pytest.mark.slow
def test_a_stream_that_becomes_two_is_flattened_in_one_way(load_here, table):
    line = schema_line({"id": {"type": "integer"}, "home": PLACE}, stream="a")
    maps = {"b": {"__source__": "a", "city": "home['city']", "__else__": None, "id": "id"}}
    with pytest.raises(ConfigurationError, match="of a, b, which `stream_maps` makes of stream `a`, only b would be flattened"):
        load_here([line], **(FLAT | {"nested_data": None}), stream_options={"b": CHILDREN}, stream_maps=maps)
    load_here([line, record("a", id=1, home={"city": "c", "tags": ["t"]}), state({})], **FLAT, stream_maps=maps)
    assert (table("a"), table("b", "[id], [city]"), table("a__home__tags")) == ([(1, "c", None)], [(1, "c")], [(1, 0, "t")])
