"""A rule for every name that T-SQL cannot hold as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_synapse.sql.quoting import quoted
from target_synapse.tables.naming import TableName, column_names, folded, held_name, table_name

LONG = "x" * 129


@pytest.mark.parametrize(
    ("names", "existing", "expected"),
    [
        (["id", "select", "a b", "é]"], [], ["id", "select", "a b", "é]"]),
        (["ID", "id"], [], ["ID", "id_a5614527"]),
        (["", "a  "], [], ["__e3b0c442", "a_b8a1d29a"]),
        (["a\0b"], [], ["a_b_59b271ae"]),
    ],
)
def test_columns_of_properties(names, existing, expected):
    assert list(column_names(names, existing).values()) == expected


def test_a_name_that_differs_by_case_keeps_away_from_the_column_that_is_there():
    first = column_names(["id"])
    later = column_names(["ID", "id"], existing=first.values())
    assert later["id"] == "id"
    assert later["ID"].startswith("ID_")
    assert column_names(["ID", "id"], existing=later.values()) == later


def test_a_long_name_is_cut_and_told_apart():
    one, other = held_name(LONG + "a"), held_name(LONG + "b")
    assert len(one) == len(other) == 128
    assert one != other
    assert one[:119] == "x" * 119


def test_staging_columns_are_not_taken_by_properties():
    assert set(column_names(["_sdc_row", "_sdc_rank"]).values()).isdisjoint({"_sdc_row", "_sdc_rank"})


@given(st.lists(st.text(max_size=140), unique=True, max_size=8))
def test_columns_can_be_quoted_and_never_collide(names):
    columns = list(column_names(names).values())
    assert len([quoted(one) for one in columns]) == len(names)
    assert len({folded(one) for one in columns}) == len(names)


@given(st.lists(st.sampled_from(["a", "A", "b", "B ", "b", "", "_", "ß", "ss"]), unique=True, min_size=1))
def test_columns_stay_when_the_schema_grows_or_its_order_changes(names):
    first = column_names(names[:-1])
    assert column_names(names[::-1], existing=first.values()).items() >= first.items()


@pytest.mark.parametrize(
    ("stream", "default", "expected"),
    [
        ("users", None, "[dbo].[users]"),
        ("users", "crm", "[crm].[users]"),
        ("public-users", None, "[public].[users]"),
        ("db-public-users", "crm", "[crm].[users]"),
        ("a-b-c-d", None, "[dbo].[a-b-c-d]"),
        ("-users", None, "[dbo].[-users]"),
        ("s", None, "[dbo].[s]"),
        ("_SDC_staged", None, "[dbo].[_SDC_staged_7d01657b]"),  # an alias of ours
    ],
)
def test_the_table_of_a_stream(stream, default, expected):
    assert str(table_name(stream, default)) == expected


def test_tables_that_differ_by_case_are_the_same_to_the_pool():
    assert TableName("dbo", "Users").same_as == TableName("DBO", "users ").same_as
