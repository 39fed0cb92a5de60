"""Which properties are child tables, and the rows that are in a record's arrays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.errors import ConfigurationError
from singer_sdk.helpers._flattening import FlatteningOptions, flatten_record, flatten_schema
from target_synapse.children.flat import Flat, flat_of
from target_synapse.children.tree import NoElementError, branches_of, branches_of_stream, every, renamed, rows_of
from target_synapse.rows.records import RefusedRowError
from target_synapse.tables.naming import TableName, folded

ORDERS = TableName("crm", "orders")
TEXT, NUMBER, OBJECT = {"type": "string"}, {"type": ["null", "integer"]}, {"type": "object", "properties": {"a": {"type": "string"}}}


def array(items, **more):
    return {"type": ["null", "array"], "items": items, **more}


def tables(properties, keys=()):
    """Each child table and its columns."""
    return {one.table.table: list(one.properties) for one in every(branches_of(ORDERS, properties, keys))}


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        (array(TEXT), {"orders__p": ["value"]}),
        (array({"type": ["null", "string", "integer"]}), {"orders__p": ["value"]}),
        (array(OBJECT), {"orders__p": ["a"]}),
        (array({"anyOf": [OBJECT, {"type": "null"}]}), {"orders__p": ["a"]}),
        ({"anyOf": [{"type": "null"}, {"type": "array", "items": OBJECT}]}, {"orders__p": ["a"]}),
        (array({"type": "object"}), {"orders__p": ["value"]}),
        (array({"type": ["object", "string"], "properties": {"a": TEXT}}), {"orders__p": ["value"]}),
        (array({"type": "object", "properties": {"q": array(TEXT), "o": OBJECT}}), {"orders__p": ["o"], "orders__p__q": ["value"]}),
        (array(array(array(NUMBER))), {"orders__p": [], "orders__p__value": [], "orders__p__value__value": ["value"]}),
    ],
    ids=str,
)
def test_an_array_whose_elements_are_known_is_a_table(schema, made):
    assert tables({"id": NUMBER, "p": schema}) == made


@pytest.mark.parametrize(
    "schema",
    [
        OBJECT,
        TEXT,
        {},
        {"type": "array"},
        {"type": "array", "items": {}},
        {"type": "array", "items": [TEXT, NUMBER]},
        {"type": ["array", "string"], "items": TEXT},
        {"anyOf": [array(TEXT), array(NUMBER)]},
        {"type": "object", "properties": {"q": array(TEXT)}},
    ],
    ids=str,
)
def test_what_may_be_something_else_stays_a_column(schema):
    assert tables({"id": NUMBER, "p": schema}) == {}


def test_a_key_stays_a_column():
    assert tables({"id": array(TEXT)}, keys=["id"]) == {}


def test_paths_that_would_give_one_name_and_names_that_differ_in_case_alone_are_told_apart():
    inner = {"type": "object", "properties": {"c": array(TEXT)}}
    outer = {"type": "object", "properties": {"b__c": array(TEXT)}}
    names = list(tables({"a__b": array(inner), "a": array(outer), "Tags": array(TEXT), "tags": array(TEXT)}))
    assert names[:3] == ["orders__a__b", "orders__a__b__c", "orders__a"]
    assert [name[:-8] for name in (names[3], names[5])] == ["orders__a__b__c_", "orders__tags_"]
    assert len({folded(name) for name in names}) == len(names)


def test_a_name_over_128_characters_is_cut_and_stays_its_own():
    long = tables({"a" * 127 + end: array({"type": "object", "properties": {"b" * 127 + end: array(TEXT)}}) for end in "xy"})
    assert {len(name) for name in long} == {128}
    assert len(long) == 4


def test_rows_are_in_the_order_of_their_arrays_with_their_places():
    branches = branches_of(ORDERS, {"p": array({"type": "object", "properties": {"n": NUMBER, "q": array(TEXT)}}), "m": array(array(NUMBER))})
    record = {"p": [{"n": 1, "q": ["x", None]}, None, {"q": []}], "m": [[1], None, [], [2, 3]], "other": [5]}
    found = [(str(row), row.places, {name: row.values.get(name) for name in row.branch.properties}) for row in rows_of(branches, record)]
    assert found == [
        ("p[0]", (0,), {"n": 1}),
        ("p[0].q[0]", (0, 0), {"value": "x"}),
        ("p[0].q[1]", (0, 1), {"value": None}),
        ("p[1]", (1,), {"n": None}),
        ("p[2]", (2,), {"n": None}),
        ("m[0]", (0,), {}),
        ("m[0].value[0]", (0, 0), {"value": 1}),
        ("m[1]", (1,), {}),
        ("m[2]", (2,), {}),
        ("m[3]", (3,), {}),
        ("m[3].value[0]", (3, 0), {"value": 2}),
        ("m[3].value[1]", (3, 1), {"value": 3}),
    ]


@pytest.mark.parametrize("record", [{}, {"p": None}, {"p": []}])
def test_no_array_and_an_empty_one_have_no_rows(record):
    assert list(rows_of(branches_of(ORDERS, {"p": array(TEXT)}), record)) == []


@pytest.mark.parametrize("value", ["text", {"a": 1}, [5], ["text"]])
def test_what_is_no_array_of_such_elements_is_refused(value):
    with pytest.raises(NoElementError, match=r"p is no array|an element of p is no object"):
        list(rows_of(branches_of(ORDERS, {"p": array(OBJECT)}), {"p": value}))


@given(st.lists(st.lists(st.lists(st.integers() | st.none(), max_size=3) | st.none(), max_size=3) | st.none(), max_size=3))
def test_rows_and_places_are_all_that_was_in_the_arrays(value):
    branches = branches_of(ORDERS, {"p": array(array(array(NUMBER)))})
    rows = list(rows_of(branches, {"p": value}))
    rebuilt = [None if one is None else [] for one in value]
    for row in rows:
        if len(row.places) == 1:
            assert (value[row.places[0]] is None) == (row.values["value"] is None)
        if len(row.places) == 2:
            rebuilt[row.places[0]].append(None if row.values["value"] is None else [])
        if len(row.places) == 3:
            rebuilt[row.places[0]][row.places[1]].append(row.values["value"])
    assert rebuilt == value


@given(st.lists(st.text(max_size=3) | st.sampled_from(["_sdc_level_0_id", "_SDC_LEVEL_0_ID", "_sdc_source_row"]), unique=True, max_size=8))
def test_properties_never_have_the_names_of_a_child_tables_own_columns(properties):
    own = ["_sdc_source_row", "_sdc_source_key_id", "_sdc_level_0_id"]
    names = renamed(properties, own)
    assert list(names) == properties
    assert len(set(names.values())) == len(properties)
    assert not {folded(name) for name in names.values()} & {folded(name) for name in own}
    assert all(names[name] == name for name in properties if not name.lower().startswith("_sdc"))


@pytest.mark.parametrize(
    ("config", "properties", "told"),
    [
        ({"load_method": "history"}, {"id": NUMBER, "p": array(TEXT)}, "keeps its history"),
        ({}, {"p": array(TEXT), "q": array(TEXT)}, "arrays alone"),
    ],
)
def test_a_stream_that_can_have_no_child_tables_is_refused(config, properties, told):
    with pytest.raises(ConfigurationError, match=told):
        branches_of_stream({"nested_data": "child_tables", **config}, "orders", ORDERS, properties, ())
    assert branches_of_stream(config, "orders", ORDERS, properties, ()) == []


def deep(levels, **options):
    return FlatteningOptions(enabled=True, max_level=levels, **options)


PLACE = {"type": ["null", "object"], "properties": {"city": TEXT, "at": {"type": "object", "properties": {"x": NUMBER, "tags": array(TEXT)}}}}


def test_objects_become_columns_and_arrays_within_them_stay_arrays_as_deep_as_is_asked_for():
    properties = {"id": NUMBER, "place": PLACE, "any": {"type": ["object", "string"], "properties": {"a": TEXT}}, "free": {"type": "object"}}
    flat = flat_of(properties, deep(2))
    assert list(flat.properties) == ["id", "place__city", "place__at__x", "place__at__tags", "any", "free"]
    record = {"id": 1, "place": {"city": "c", "at": {"x": 2, "tags": ["t"], "id": 0}}, "any": {"a": 1}, "free": {"b": 2}, "unknown": 3}
    assert flat.values(record) == {
        "id": 1, "place__city": "c", "place__at__x": 2, "place__at__tags": ["t"], "any": {"a": 1}, "free": {"b": 2},
    }  # fmt: skip
    assert flat.values({"id": 1, "place": None}) == {"id": 1}
    assert list(flat_of(properties, deep(1, separator=".")).properties) == ["id", "place.city", "place.at", "any", "free"]


def test_objects_within_elements_are_flattened_too():
    (branch,) = branches_of(ORDERS, {"p": array(PLACE)}, (), deep(2))
    assert (list(branch.properties), [one.table.table for one in branch.branches]) == (["city", "at__x"], ["orders__p__at__tags"])
    rows = list(rows_of([branch], {"p": [{"city": "c", "at": {"x": 1, "tags": ["t"]}}, None]}))
    assert [(row.places, dict(row.values)) for row in rows] == [
        ((0,), {"city": "c", "at__x": 1, "at__tags": ["t"]}), ((0, 0), {"value": "t"}), ((1,), {}),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["x", 1, []])
def test_what_is_no_object_is_refused_where_nothing_has_validated_the_record(value):
    with pytest.raises(RefusedRowError, match="place is no object") as caught:
        flat_of({"place": PLACE}, deep(1)).values({"place": value})
    assert (caught.value.code, caught.value.field) == ("BAD_VALUE", "place")


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ConfigurationError, match="two columns of the name a__b"):
        flat_of({"a__b": TEXT, "a": {"type": "object", "properties": {"b": TEXT}}}, deep(1))


LEAVES = st.sampled_from([TEXT, NUMBER, {"type": "boolean"}])
OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abcdefg") | st.text("xyz", min_size=200, max_size=260), LEAVES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from("hijk"), LEAVES | inner.map(lambda own: {"type": ["null", "object"], "properties": own}), min_size=1
    ),
    max_leaves=8,
)


def sample(properties):
    return {name: sample(one["properties"]) if "properties" in one else 1 for name, one in properties.items()}


@given(properties=OBJECTS, levels=st.integers(1, 4))
def test_names_and_values_without_arrays_are_those_of_the_sdks_flattening(properties, levels):
    """But for what is deeper: of that the SDK makes text, and here it stays what it is."""
    try:
        theirs = flatten_schema({"properties": properties}, levels)
    except ValueError:  # long names are cut, and two may become one
        with pytest.raises(ConfigurationError, match="two columns"):
            flat_of(properties, deep(levels))
        return
    flat, record = flat_of(properties, deep(levels)), sample(properties)
    values = flatten_record(record, theirs, levels)
    assert list(flat.properties) == list(theirs["properties"])
    assert {name: value for name, value in flat.values(record).items() if not isinstance(value, dict)} == {
        name: value for name, value in values.items() if not isinstance(value, str)
    }


def test_without_an_object_records_stay_the_very_same():
    record = {"id": 1}
    assert flat_of({"id": NUMBER, "p": array(TEXT)}, deep(3)).values(record) is record
    assert flat_of({"id": OBJECT}, deep(0)).values(record) is record
    assert Flat({"id": NUMBER}).values(record) is record
