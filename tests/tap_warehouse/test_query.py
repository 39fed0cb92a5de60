"""What may be a model's query, and how it is wrapped: nothing in it may reach beyond its parentheses."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tap_warehouse.query import Query, Range, count, count_without, one_statement, quoted, select, wrapped


def marker(number, _value=None):
    return f"${number}"


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT 1", "SELECT 1"),
        ("  select 1 ;\n", "select 1"),
        ("SELECT 1; -- the end", "SELECT 1 -- the end"),
        ("SELECT ';' AS a, $$;$$ AS b, \"x;y\" /* ; ) */ FROM t -- ;", "SELECT ';' AS a, $$;$$ AS b, \"x;y\" /* ; ) */ FROM t -- ;"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("(SELECT 1) UNION (SELECT 2)", "(SELECT 1) UNION (SELECT 2)"),
        ("-- first\n/* then */ FROM t", "-- first\n/* then */ FROM t"),
        ("SELECT 'it''s', E'it\\'s ;'", "SELECT 'it''s', E'it\\'s ;'"),
    ],
)
def test_one_query_is_taken_without_its_closing_semicolon(sql, kept):
    assert one_statement(sql) == kept


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("", "it is empty"),
        ("-- nothing\n;", "it is empty"),
        ("SELECT 1; SELECT 2", "it holds more than one statement: give one query, with no `;` inside"),
        ("SELECT 1; DROP TABLE t;", "it holds more than one statement: give one query, with no `;` inside"),
        ("DELETE FROM t", "it begins with `delete`: give a query that begins with SELECT, WITH, FROM, VALUES or TABLE"),
        ("SELECT 1) AS x, (SELECT 2", "it closes a parenthesis that it did not open"),
        ("SELECT (1", "it opens a parenthesis that it does not close"),
        ("SELECT 'a", "`'` opens a text or comment that does not end (or a nested comment)"),
        ("SELECT 1 /* a", "`/*` opens a text or comment that does not end (or a nested comment)"),
        ("SELECT $q$ a", "`$q$` opens a text or comment that does not end (or a nested comment)"),
    ],
)
def test_anything_else_is_refused_with_its_reason(sql, reason):
    with pytest.raises(ValueError) as caught:
        one_statement(sql)
    assert str(caught.value) == reason


@given(st.text(alphabet="();'\"$-/*\n ab1eE\\", max_size=25))
@example("--")
@example("a$a$;$a$")
def test_whatever_is_taken_is_one_statement_for_duckdb_too_and_stays_inside_its_parentheses(tail):
    """DuckDB's own parser judges: the wrapped text is one SELECT, or no SQL at all."""
    try:
        kept = one_statement(f"SELECT 1 {tail}")
    except ValueError:
        return
    try:
        statements = duckdb.extract_statements(f"SELECT * FROM {wrapped(kept)} WHERE false")
    except duckdb.Error:
        return
    assert len(statements) == 1
    assert statements[0].type == duckdb.StatementType.SELECT


@settings(max_examples=50)
@given(st.text(min_size=1).filter(lambda name: "\0" not in name and name.isprintable()))
@example('a"b')
@example("$firstname")
@example('";DROP TABLE x;--')
def test_a_quoted_name_is_that_column_for_duckdb(name):
    assert duckdb.sql(f"DESCRIBE SELECT 1 AS {quoted(name)}").fetchall()[0][0] == name


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_sql_cannot_hold_is_refused(name):
    with pytest.raises(ValueError, match="cannot be the name of a column"):
        quoted(name)


def test_bounds_are_bound_and_never_text():
    within = Range('"at"', "2024", "2025")
    assert select("SELECT 1", ['"a"', '"at"'], within=within, limit=5, placeholder=marker) == Query(
        'SELECT "a", "at" FROM (\nSELECT 1\n) AS tap_warehouse_model WHERE "at" IS NOT NULL AND "at" >= $1 AND "at" <= $2 ORDER BY "at" LIMIT 5',
        ["2024", "2025"],
    )
    assert count("SELECT 1", within=Range('"at"', upper=7), placeholder=marker) == Query(
        'SELECT count(*) FROM (\nSELECT 1\n) AS tap_warehouse_model WHERE "at" IS NOT NULL AND "at" <= $1', [7]
    )


def test_without_bounds_every_row_is_asked_for():
    assert select("SELECT 1", ["*"], placeholder=marker) == Query("SELECT * FROM (\nSELECT 1\n) AS tap_warehouse_model")
    assert count_without("SELECT 1", '"at"') == Query('SELECT count(*) FROM (\nSELECT 1\n) AS tap_warehouse_model WHERE "at" IS NULL')
