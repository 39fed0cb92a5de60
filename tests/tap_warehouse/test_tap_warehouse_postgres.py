"""The tap over a real PostgreSQL server."""

import json
import re
import subprocess
import sys
from contextlib import closing
from decimal import Decimal

import pytest
from harness import run_command
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from singer_commons.checking import run_checks
from tap_warehouse.checks import checks
from tap_warehouse.warehouses.postgres import conninfo, log_in
from tap_warehouse.warehouses.postgres_session import Postgres
from tap_warehouse_reading import bookmark, read, records

EXACT = """
SELECT 9223372036854775807::bigint AS big, (-32768)::smallint AS small, 12345678901234567890.123456789012345678901::numeric AS free,
    1.10::numeric(12,2) AS money, 'NaN'::numeric AS not_a_number, 0.1::float8 AS double, 'Infinity'::float8 AS endless, true AS yes,
    date '1999-12-31' AS day, 'infinity'::date AS never, time '01:02:03.5' AS clock, timestamp '2024-02-29 23:59:59.123456' AS naive,
    timestamptz '2024-02-29 23:59:59.123456+02' AS zoned, 'ü''"\\ 🎁'::text AS words, ''::text AS blank, NULL::text AS nothing,
    '\\x00ff'::bytea AS raw, '{"a": 1.10, "b": [1,\n2]}'::json AS doc, ARRAY['x', NULL, 'y"']::text[] AS list, ARRAY[1.10, 2]::numeric[] AS sums,
    interval '1 day 2 hours' AS span, '11111111-2222-3333-4444-555555555555'::uuid AS uuid
"""


# Types that no JSON has a word for, or that the driver has no name for, with what is told of each: its type in PostgreSQL and the schema's kinds.
ODD_TYPES = {
    "mood": ("'sad'::mood", "mood", ["string", "null"], "sad"),
    "moods": ("ARRAY['sad', 'glad']::mood[]", "mood[]", ["array", "null"], ["sad", "glad"]),
    "small": ("1.50::small", "numeric(7,3)", ["number", "null"], Decimal("1.500")),
    "negative": ("1200::numeric(3,-2)", "numeric(3,-2)", ["number", "null"], 1200),
    "pair": ("ROW(1, 'a')::pair", "pair", ["string", "null"], "(1,a)"),
    "span": ("int4range(1, 5)", "int4range", ["string", "null"], "[1,5)"),
    "spans": ("ARRAY[int4range(1, 5)]", "int4range[]", ["array", "null"], ["[1,5)"]),
    "rights": ("'postgres=r/postgres'::aclitem", "aclitem", ["string", "null"], "postgres=r/postgres"),
    "address": ("inet '::1'", "inet", ["string", "null"], "::1/128"),
}


def config(server, *models, **more):
    return {"warehouse": "postgres", "postgres": server.settings, "models": list(models), **more}


def test_every_kind_of_value_arrives_exactly(postgres):
    messages = read(config(postgres, {"name": "exact", "sql": EXACT}))
    assert records(messages) == [
        {
            "big": 9223372036854775807,
            "small": -32768,
            "free": Decimal("12345678901234567890.123456789012345678901"),
            "money": Decimal("1.10"),
            "not_a_number": None,
            "double": Decimal("0.1"),
            "endless": None,
            "yes": True,
            "day": "1999-12-31",
            "never": None,
            "clock": "01:02:03.5",
            "naive": "2024-02-29T23:59:59.123456+00:00",
            "zoned": "2024-02-29T21:59:59.123456Z",
            "words": "ü'\"\\ 🎁",
            "blank": "",
            "nothing": None,
            "raw": "AP8=",
            "doc": {"a": Decimal("1.10"), "b": [1, 2]},
            "list": ["x", None, 'y"'],
            "sums": [Decimal("1.10"), 2],
            "span": "1 day 02:00:00",
            "uuid": "11111111-2222-3333-4444-555555555555",
        }
    ]
    types = {name: one.get("x-sql-datatype") for name, one in messages[0]["schema"]["properties"].items()}
    assert types["money"] == "decimal(12,2)"
    assert (types["free"], types["naive"], types["zoned"], types["big"]) == ("numeric", "timestamp", "timestamptz", "bigint")


def test_a_type_without_a_word_in_json_is_read_as_the_servers_own_text(postgres):
    with postgres.connect() as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
        connection.execute("CREATE DOMAIN small AS numeric(7,3)")
        connection.execute("CREATE TYPE pair AS (a integer, b text)")
    sql = f"SELECT {', '.join(f'{made} AS {name}' for name, (made, *_) in ODD_TYPES.items())}"
    with closing(Postgres(*log_in(postgres.url), "postgres")) as session:
        told = {one.name: (one.sql_type, one.schema["type"]) for one in session.columns(sql)}
    assert told == {name: (sql_type, kinds) for name, (_, sql_type, kinds, _) in ODD_TYPES.items()}
    assert records(read(config(postgres, {"name": "odd_types", "sql": sql}))) == [{name: value for name, (*_, value) in ODD_TYPES.items()}]


@given(
    st.dictionaries(
        st.sampled_from(("host", "dbname", "user", "password", "options")), st.text(st.characters(exclude_characters="\0", codec="utf-8"))
    )
)
def test_the_words_of_a_log_in_are_libpqs(parts):
    assert conninfo_to_dict(conninfo(port=5432, sslmode=None, **parts)) == {"port": "5432", **parts}


def test_reading_loads_no_other_client_and_nothing_of_arrow_that_it_does_not_use(postgres, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config(postgres, {"name": "one", "sql": "SELECT 1 AS n"})))
    idle = (
        "psycopg",
        "pyarrow.compute",
        "pyarrow.dataset",
        "adbc_driver_postgresql.dbapi",
        "numpy",
        "pandas",
        "sqlalchemy",
        "fastjsonschema",
        "msgspec",
    )
    program = (
        "import sys; from tap_warehouse.tap import main; sys.argv = ['tap-warehouse', '--config', 'config.json']\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('loaded:', *[one for one in {idle!r} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ('{"n":1}' in done.stdout, done.stdout.splitlines()[-1]) == (True, "loaded:")


def test_a_log_in_is_on_its_way_while_what_the_rows_need_is_imported():
    """The module that logs in has none of it."""
    program = "import sys, tap_warehouse.warehouses.postgres as _; print(*[one for one in ('duckdb', 'pyarrow') if one in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"


def test_a_model_is_described_by_one_statement(postgres):
    with closing(Postgres(*log_in(postgres.url), "postgres")) as session:
        session.columns("SELECT 1 AS n")
        assert session.calls.calls == 1


@pytest.mark.parametrize(
    ("kind", "values", "mark"),
    [
        ("timestamptz", ["2024-01-01 00:00:00.000001+00", "2024-01-01 02:00:00.000002+02", "2024-01-02 00:00:00+00"], "2024-01-02T00:00:00.000000Z"),
        ("timestamp", ["2024-01-01 00:00:00.000001", "2024-01-01 00:00:00.000002", "2024-01-02"], "2024-01-02T00:00:00.000000+00:00"),
        ("date", ["2023-12-31", "2024-01-01", "2024-01-02"], "2024-01-02"),
        ("bigint", ["-1", "9", "10"], 10),
        ("numeric(30,10)", ["-1.5", "9.5", "12345678901234567890.0000000001"], "12345678901234567890.0000000001"),
        ("text", ["10", "9", "a"], "a"),
    ],
)
def test_a_second_run_reads_from_the_bookmark_by_its_type(postgres, kind, values, mark):
    """The row at the bookmark comes once more, the new one comes, the older ones do not."""
    table = f"growing_{kind.split('(')[0]}"
    model = {"name": table, "sql": f"SELECT id, at FROM {table} -- the end", "key_columns": ["id"], "iterator": "at"}
    with postgres.connect() as connection:
        connection.execute(f"CREATE TABLE {table} (id integer, at {kind})")
        for number, value in enumerate([*values, None]):
            connection.execute(f"INSERT INTO {table} VALUES ({number}, %s)", [value])
    first = read(config(postgres, model))
    assert [one["id"] for one in records(first)] == [0, 1, 2]
    assert bookmark(first, table) == mark
    with postgres.connect() as connection:
        connection.execute(f"INSERT INTO {table} SELECT 7, at FROM {table} WHERE id = 2")
    second = read(config(postgres, model), state={"bookmarks": {table: {"replication_key": "at", "replication_key_value": mark}}})
    assert sorted(one["id"] for one in records(second)) == [2, 7]
    assert bookmark(second, table) == mark


def test_a_percent_sign_and_a_dollar_in_the_query_stay_what_they_are(postgres):
    model = {
        "name": "odd",
        "sql": "SELECT 'a%s' AS t, '$1' AS d, 5 AS n WHERE 'abc' LIKE 'a%' AND $tag$;$tag$ = ';';",
        "iterator": "n",
        "sync_start": "1",
    }
    assert records(read(config(postgres, model))) == [{"t": "a%s", "d": "$1", "n": 5}]


def test_the_session_cannot_write(postgres, tmp_path):
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    run = run_command(
        "tap-warehouse",
        folder=tmp_path,
        settings=config(postgres, {"name": "evil", "sql": "WITH gone AS (INSERT INTO kept VALUES (1) RETURNING id) SELECT * FROM gone"}),
    )
    assert (run.exit_code, run.stdout) == (2, "")
    assert "model `evil`: PostgreSQL refused the query:" in run.reason


@pytest.mark.parametrize(
    ("changed", "code", "reason"),
    [
        (
            {"password": "wrong"},
            1,
            'does not let `postgres` in: password authentication failed for user "postgres" - hint: look at `postgres.user` and `postgres.password`',
        ),
        ({"database": "nowhere"}, 2, "has no database `nowhere` - hint: look at `postgres.database`"),
        ({"port": 1}, 1, "Connection refused - hint: look at `postgres.host`, `postgres.port` and `postgres.sslmode`"),
        ({"user": None}, 2, "config.json: expected it for `warehouse` postgres, found none"),
    ],
)
def test_a_server_that_cannot_be_read_gives_one_line(postgres, tmp_path, changed, code, reason):
    settings = {name: value for name, value in {**postgres.settings, **changed}.items() if value is not None}
    run = run_command(
        "tap-warehouse",
        folder=tmp_path,
        settings={"warehouse": "postgres", "postgres": settings, "models": [{"name": "one", "sql": "SELECT 1 AS n"}]},
    )
    assert (run.exit_code, run.stdout) == (code, "")
    assert reason in run.reason
    assert "wrong" not in run.stderr


@pytest.fixture
def reader(postgres):
    """The settings of a role that may read one table, `open_to`, and no other."""
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS open_to (id bigint, at date)")
        connection.execute("CREATE TABLE IF NOT EXISTS closed_to (id bigint)")
        connection.execute("TRUNCATE open_to")
        connection.execute("INSERT INTO open_to SELECT n, date '2024-01-01' + n FROM generate_series(0, 9) AS n")
        connection.execute("CREATE SCHEMA IF NOT EXISTS shut")
        connection.execute("CREATE TABLE IF NOT EXISTS shut.away (id bigint)")
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reads-only'")
        connection.execute("GRANT SELECT ON open_to TO reader")
    yield {**postgres.settings, "user": "reader", "password": "reads-only"}
    with postgres.connect() as connection:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")


OPEN = {"name": "open", "sql": "SELECT id, at FROM open_to", "key_columns": ["id"], "iterator": "at"}


def shown(settings, folder, *options):
    return run_command("tap-warehouse", *options, folder=folder, settings=settings)


def checked(run):
    return [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "NOW", line) for line in run.stdout.splitlines()]


@pytest.mark.slow
def test_a_check_tells_of_the_connection_and_of_each_model(reader, tmp_path):
    run = shown({"warehouse": "postgres", "postgres": reader, "models": [OPEN]}, tmp_path, "--check")
    assert (run.exit_code, checked(run)) == (0, [
        "ok   postgres: connected; its clock says NOW",
        "ok   postgres: the connection is read-only",
        "ok   postgres: model `open`: id int8, at date; incremental by at (date)",
    ])  # fmt: skip


@pytest.mark.slow
def test_a_check_names_the_grant_that_a_role_lacks_and_goes_on(reader, tmp_path):
    models = [{"name": "closed", "sql": "SELECT * FROM closed_to"}, {"name": "shut", "sql": "SELECT * FROM shut.away"}, OPEN]
    run = shown({"warehouse": "postgres", "postgres": reader, "models": models}, tmp_path, "--check")
    assert (run.exit_code, checked(run)[2:4]) == (1, [
        ("FAIL postgres: model `closed`: PostgreSQL refused the query: permission denied for table closed_to"
        " - hint: let the role read it: GRANT SELECT ON closed_to TO reader"),
        ("FAIL postgres: model `shut`: PostgreSQL refused the query: permission denied for schema shut"
        " - hint: let the role read it: GRANT USAGE ON SCHEMA shut TO reader"),
    ])  # fmt: skip
    assert checked(run)[4].startswith("ok   postgres: model `open`: ")


@pytest.mark.slow
def test_a_check_tells_when_the_role_could_write_though_the_connection_cannot(postgres, reader, tmp_path):
    with postgres.connect() as connection:
        connection.execute("GRANT INSERT ON open_to TO reader")
    run = shown({"warehouse": "postgres", "postgres": reader, "models": [OPEN]}, tmp_path, "--check")
    told = "ok   postgres: the connection is read-only; but the role may write to 1 table: one that may only read is safer"
    assert (run.exit_code, checked(run)[1]) == (0, told)


def test_a_connection_that_may_write_fails_the_check(postgres, tmp_path, reader):
    """As behind a pooler that drops the options of the session; and a model is not asked to prove it."""
    with closing(Postgres(*log_in(postgres.url), "postgres")) as session:
        found = []
        code = run_checks(checks("postgres", lambda: session, []), found.append)
    assert (code, found[1]) == (1, "FAIL postgres: read-only: the warehouse would let this connection write - hint: use a role that may only read\n")


@pytest.mark.slow
def test_a_check_that_cannot_log_in_tells_that_alone(reader, tmp_path):
    wrong = {**reader, "password": "canary-4a1c"}
    run = shown({"warehouse": "postgres", "postgres": wrong, "models": [OPEN]}, tmp_path, "--check")
    assert (run.exit_code, len(checked(run))) == (1, 1)
    assert 'does not let `reader` in: password authentication failed for user "reader" - hint: ' in run.stdout
    assert "canary" not in run.stdout + run.stderr


@pytest.mark.slow
def test_a_preview_is_the_first_rows_of_each_model_and_no_state(reader, tmp_path):
    two = {"name": "two", "sql": "SELECT 1.10::numeric(4,2) AS n, 'ü'::text AS t"}
    run = shown({"warehouse": "postgres", "postgres": reader, "models": [OPEN, two]}, tmp_path, "--preview", "2")
    assert (run.exit_code, run.stdout.splitlines()) == (0, [
        '{"stream":"open","record":{"id":0,"at":"2024-01-01"}}',
        '{"stream":"open","record":{"id":1,"at":"2024-01-02"}}',
        '{"stream":"two","record":{"n":1.10,"t":"\\u00fc"}}',
    ])  # fmt: skip
