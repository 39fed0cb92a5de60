"""Rows as INSERT ... SELECT ... UNION ALL: the statements' text, and the limits that each keeps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from target_synapse.rows.types import parsed
from target_synapse.sql import insert_rows
from target_synapse.sql.ddl import Column, staged_columns
from target_synapse.sql.insert_rows import MAX_PARAMETERS, of_one_row, statements
from target_synapse.tables.naming import TableName

TABLE = TableName("s", "t")
ID, NAME, AMOUNT, RATIO = (
    Column(name, parsed(kind)) for name, kind in [("id", "bigint"), ("name", "nvarchar(max)"), ("amount", "decimal(38,10)"), ("ratio", "float")]
)


def test_text_and_floats_are_parameters_and_all_else_is_written_out():
    rows = [["1", "it's", "1.5000000000", "0.1"], ["-2", "", "", ""], ["", "?", "-0.1000000000", "1e+22"]]
    (made,) = statements(TABLE, [ID, NAME, AMOUNT, RATIO], rows, label="x")
    assert made.sql == (
        "INSERT INTO [s].[t] ([id], [name], [amount], [ratio])\n"
        "SELECT CAST(1 AS bigint), CAST(? AS nvarchar(max)), CAST('1.5000000000' AS decimal(38,10)), CAST(? AS float)\n"
        "UNION ALL SELECT -2, NULL, NULL, NULL\n"
        "UNION ALL SELECT NULL, ?, CAST('-0.1000000000' AS decimal(38,10)), ?\n"
        "OPTION (LABEL = N'x')"
    )
    assert (made.parameters, made.rows) == (["it's", 0.1, "?", 1e22], 3)


def test_a_first_row_of_nulls_names_the_types_too():
    (made,) = statements(TABLE, [ID, NAME], [["", ""]], label="x")
    assert made.sql == "INSERT INTO [s].[t] ([id], [name])\nSELECT CAST(NULL AS bigint), CAST(NULL AS nvarchar(max))\nOPTION (LABEL = N'x')"


@settings(max_examples=30)
@given(rows=st.lists(st.tuples(st.sampled_from(["", "7"]), st.sampled_from(["", "text"]), st.sampled_from(["", "text"])), max_size=4_000))
def test_every_row_is_in_one_statement_and_none_has_too_many_parameters(rows):
    made = list(statements(TABLE, [ID, NAME, Column("b", NAME.type)], rows, label="x"))
    assert [value for one in made for value in one.parameters] == [text for row in rows for text in row[1:] if text]
    assert sum(one.rows for one in made) == len(rows)
    assert all(len(one.parameters) == one.sql.count("?") <= MAX_PARAMETERS for one in made)
    assert all(one.sql.count("SELECT ") == one.rows for one in made)


def test_rows_without_parameters_are_cut_at_10000():
    made = list(statements(TABLE, [ID], [["1"]] * 25_000, label="x"))
    assert [one.rows for one in made] == [10_000, 10_000, 5_000]


def test_rows_of_decimals_are_cut_at_20000_literals():
    made = list(statements(TABLE, [ID, AMOUNT, Column("other", AMOUNT.type)], [["1", "1.5", "2.5"]] * 25_000, label="x"))
    assert [one.rows for one in made] == [10_000, 10_000, 5_000]
    made = list(statements(TABLE, [AMOUNT] * 3, [["1.5", "2.5", ""]] * 7_000, label="x"))
    assert [one.rows for one in made] == [6_666, 334]


def test_long_values_make_statements_of_few_rows(monkeypatch):
    monkeypatch.setattr(insert_rows, "MAX_BYTES", 100)
    made = list(statements(TABLE, [NAME], [["x" * 40]] * 5 + [["y" * 500]] + [["z"]], label="x"))
    assert [one.rows for one in made] == [2, 2, 1, 1, 1]


def test_what_is_no_whole_number_is_never_written_out():
    with pytest.raises(ValueError, match="'1; DROP' is no whole number"):
        list(statements(TABLE, [ID], [["1; DROP"]], label="x"))


@given(st.text(max_size=9))
def test_a_literal_never_ends_before_its_value_does(field):
    if insert_rows.HARMLESS.fullmatch(field):
        assert "'" not in field
        assert next(statements(TABLE, [AMOUNT], [[field]], label="x")).sql.count("'") == 4
    elif field:
        with pytest.raises(ValueError, match="is no decimal"):
            list(statements(TABLE, [AMOUNT], [[field]], label="x"))


def test_a_plan_shows_the_statement_of_one_row():
    assert of_one_row(TABLE, staged_columns([NAME]), label="x") == (
        "INSERT INTO [s].[t] ([name], [_sdc_row])\nSELECT CAST(? AS nvarchar(max)), CAST(? AS bigint)\nOPTION (LABEL = N'x')"
    )
