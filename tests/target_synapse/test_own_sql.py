"""The user's own SQL: what runs when, on what it works, and what a failure says."""

from __future__ import annotations

import re

import pytest
from harness import run_command
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.errors import ConfigurationError, DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.rows.values import ESCAPE
from target_synapse.tables.naming import TableName
from target_synapse.user_sql.own_sql import PLACEHOLDERS, filled, names_of_batch, names_of_stream, own_sql_misfits, statements_of

LINES = [schema_line(USERS), record(id=1, name="Ann"), record(id=2, name=""), record(id=3, name=None), state({"at": 3})]


def test_a_transformation_changes_and_drops_staged_rows_and_the_account_says_so(load_here, table):
    statements = ["DELETE FROM {staging} WHERE [name] IS NULL", "UPDATE {staging} SET [name] = UPPER([name]) + N'!' WHERE [id] = 1"]
    assert load_here(LINES, transform_sql=statements) == [{"at": 3}]
    assert table("users") == [(1, "ANN!"), (2, "")]
    assert load_here.rows == {"users": {"read": 3, "loaded": 2, "rejected": 0, "replaced in batch": 0}}
    assert load_here.skipped == {"users": {"FILTERED_BY_SQL": 1}}


def test_rows_that_a_transformation_adds_are_loaded_and_counted_apart(load_here, table):
    added = "INSERT INTO {staging} ([id], [name], [_sdc_row]) SELECT [id] + 10, N'copy', [_sdc_row] FROM {staging}"
    load_here(LINES, transform_sql=[added])
    assert sorted(table("users")) == [(1, "Ann"), (2, ""), (3, None), (11, "copy"), (12, "copy"), (13, "copy")]
    assert load_here.rows == {"users": {"read": 3, "loaded": 3, "rejected": 0, "added by transform_sql": 3, "replaced in batch": 0}}


def test_a_transformation_sees_texts_as_they_are_and_leaves_others_alone(load_here, table):
    """Empty text and text that begins with the escape are staged with an escape before them."""
    lines = [schema_line(USERS), record(id=1, name=""), record(id=2, name=ESCAPE + "x"), record(id=3, name="z"), record(id=4, name=ESCAPE)]
    statements = [
        "UPDATE {staging} SET [name] = N'was empty' WHERE [name] = N'' AND [name] IS NOT NULL AND LEN([name]) = 0",
        "UPDATE {staging} SET [name] = N'' WHERE [id] = 3",
    ]
    load_here(lines, transform_sql=statements)
    assert table("users") == [(1, "was empty"), (2, ESCAPE + "x"), (3, ""), (4, ESCAPE)]


def test_a_failing_statement_is_named_and_nothing_is_loaded(load_here, table, pool, schema):
    with pytest.raises(DestinationError) as caught:
        load_here(LINES, transform_sql=["SELECT 1", "UPDATE {staging} SET [nosuch] = 1"])
    assert str(caught.value).startswith("statement 2 of 2 in `transform_sql` of stream `users`: Invalid column name")
    assert "(207), in: UPDATE [" in str(caught.value)
    assert caught.value.hint == "correct `transform_sql`, then run again"
    assert (table("users"), load_here.states) == ([], [])
    assert pool.rows(f"SELECT COUNT(*) FROM sys.tables WHERE LEFT(name, 8) = N'_sdc_stg' AND SCHEMA_NAME(schema_id) = N'{schema}'") == [(0,)]


def test_what_fails_behind_the_first_statement_of_a_batch_is_not_overlooked(load_here):
    with pytest.raises(DestinationError, match=r"statement 1 of 1 in `transform_sql` of stream `users`: .*\(51000\)"):
        load_here(LINES, transform_sql=["UPDATE {staging} SET [name] = N'x'; THROW 51000, N'no', 1"])


def test_a_try_that_is_repeated_begins_with_fresh_rows(load_here, table, pool, monkeypatch):
    """Twice as much would be added if the staging table were the one of the first try."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    pool.fault("disconnect_after", r"SET \[name\] = \[name\] \+")
    load_here(LINES, transform_sql=["UPDATE {staging} SET [name] = [name] + N'+'"])
    assert table("users") == [(1, "Ann+"), (2, "+"), (3, None)]
    assert pool.order(waiting=True) == []


def test_a_stored_procedure_transforms_and_hooks_run_once_each_in_their_places(load_here, pool, schema, tmp_path):
    pool.rows(f"IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'{schema}') EXEC(N'CREATE SCHEMA [{schema}]'); SELECT 1")
    pool.connection.execute(f"CREATE TABLE [{schema}].[told] ([at] int IDENTITY(1, 1), [what] nvarchar(200)) WITH (HEAP)")
    pool.connection.execute(f"CREATE PROCEDURE [{schema}].[tell] @what nvarchar(200) AS INSERT INTO [{schema}].[told] ([what]) VALUES (@what)")
    script = tmp_path / "clean.sql"
    script.write_text(f"EXEC [{schema}].[tell] {{stream}}\nGO\n  go  \nDELETE FROM {{staging}}\nWHERE [id] = 2\n", encoding="utf-8")
    tell = f"INSERT INTO [{schema}].[told] ([what]) SELECT "
    load_here(
        [
            *LINES,
            schema_line({**USERS, "more": {"type": "integer"}}),
            record(id=5),
            schema_line(USERS, stream="others"),
            record(stream="others", id=1),
        ],
        before_run_sql=[f"EXEC [{schema}].[tell] N'begin'"],
        after_run_sql=[f"{tell}N'end' OPTION (LABEL = {{label}})"],
        before_load_sql=[f"{tell}N'before ' + {{stream}}"],
        after_load_sql=[f"{tell}N'after ' + {{table_text}}", f"{tell}CAST(COUNT(*) AS nvarchar(9)) FROM {{table}}"],
        stream_options={"users": {"transform_sql": [f"@{script}"]}},
    )
    told = [row[0] for row in pool.rows(f"SELECT [what] FROM [{schema}].[told] ORDER BY [at]")]
    after = [f"after [{schema}].[users]", "3", f"after [{schema}].[others]", "1"]
    assert told == ["begin", "before users", "before others", "users", "users", *after, "end"]
    assert len(pool.statements("N'end' OPTION (LABEL = N'target-synapse run=")) == 1


def test_a_hook_that_fails_ends_the_run_with_its_name(load_here, table):
    with pytest.raises(DestinationError, match=r"statement 1 of 1 in `before_run_sql`: .*2812"):
        load_here(LINES, before_run_sql=["EXEC nosuch.procedure_of_mine"])
    with pytest.raises(DestinationError, match=r"statement 1 of 1 in `after_load_sql` of stream `users`: .*2812"):
        load_here(LINES, after_load_sql=["EXEC nosuch.procedure_of_mine"])
    assert len(table("users")) == 3


def test_placeholders_that_a_setting_does_not_have_and_files_that_are_not_there_are_named_at_the_start():
    settings = {
        "transform_sql": ["SELECT {staging} {{not_this}} {stagin}"],
        "before_run_sql": ["SELECT {table}", "@/nowhere/x.sql"],
        "stream_options": {"u*": {"after_load_sql": ["SELECT {staging}"]}},
    }
    assert [str(one) for one in own_sql_misfits(settings)] == [
        "`before_run_sql`: `before_run_sql` names the file /nowhere/x.sql, which cannot be read: No such file or directory",
        (
            "`transform_sql`: expected {run_id}, {label}, {stream}, {schema}, {schema_text}, {table}, {table_text}, {staging}, {staging_text}, {load_id}, "
            "found {stagin}; a brace is {{ or }}"
        ),
        (
            "`stream_options.u*.after_load_sql`: expected {run_id}, {label}, {stream}, {schema}, {schema_text}, {table}, {table_text}, found {staging}; "
            "a brace is {{ or }}"
        ),
    ]


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "x.sql").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigurationError, match="cannot be read: it is not UTF-8"):
        statements_of({"transform_sql": [f"@{tmp_path}/x.sql"]}, "transform_sql")


def test_every_placeholder_has_something_to_stand_for():
    names = names_of_batch(names_of_stream("r", "s", "users", TableName("a", "b")), TableName("a", "c"), "l")
    assert set(names) == set(PLACEHOLDERS["transform_sql"])
    assert filled("{table} {table_text} {{table}} {schema}", names) == "[a].[b] N'[a].[b]' {table} [a]"


@given(stream=st.text(), table=st.text(min_size=1, max_size=40).filter(lambda name: "\0" not in name and name.isprintable()))
def test_what_is_filled_in_is_never_taken_for_a_placeholder_or_for_the_end_of_a_text(stream, table):
    names = names_of_stream("r", "s", stream, TableName("a", table))
    made = filled("{stream}|{table_text}", names)
    assert made == f"N'{stream.replace(chr(39), chr(39) * 2)}'|N'[a].[{table.replace(']', ']]').replace(chr(39), chr(39) * 2)}]'"


def test_a_plan_shows_all_of_it_and_runs_nothing(settings, tmp_path, pool, schema):
    own = {
        "before_run_sql": ["EXEC [etl].[begin] {run_id}"],
        "transform_sql": ["-- those of no interest\nDELETE FROM {staging} WHERE [id] = 2", "EXEC [etl].[clean] {staging_text}"],
        "after_run_sql": ["EXEC [etl].[done]"],
    }
    run = run_command("target-synapse", "--plan", settings={**settings, **own}, folder=tmp_path, lines=LINES)
    shown = re.sub(r"_sdc_stg_\w+", "_sdc_stg", run.stdout)
    assert run.exit_code == 0
    parts = [
        "-- statement 1 of 1 in `before_run_sql`:\nEXEC [etl].[begin] N'",
        "UPDATE [",
        "-- statement 1 of 2 in `transform_sql` of stream `users`:\n-- those of no interest\nDELETE FROM [SCHEMA].[_sdc_stg] WHERE [id] = 2;\n",
        "-- statement 2 of 2 in `transform_sql` of stream `users`:\nEXEC [etl].[clean] N'[SCHEMA].[_sdc_stg]';\n",
        "-- in one transaction:\n",
        "-- statement 1 of 1 in `after_run_sql`:\nEXEC [etl].[done];\n",
    ]
    places = [shown.find(part.replace("SCHEMA", schema)) for part in parts]
    assert places == sorted(places)
    assert places[0] > 0
    assert pool.statements(f"[{schema}]") == []
