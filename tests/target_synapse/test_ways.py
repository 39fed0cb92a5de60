"""Every way into the pool: the same rows make the same table, and nothing stays behind."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import simplejson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox.blob.service import ACCOUNT_KEY
from singer_commons.checking import run_checks
from singer_commons.errors import DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS
from target_synapse.rows.values import ESCAPE
from target_synapse.settings import settings_misfits
from target_synapse.target import TargetSynapse
from target_synapse.ways.polybase import SCHEMES, SCHEMES_WITH_KEY, location

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "target-synapse/README.md"

ALL_TYPES = {
    "id": {"type": "integer"},
    "small": {"x-sql-datatype": "tinyint"},
    "amount": {"type": ["null", "number"], "multipleOf": 1e-10},
    "fraction": {"x-sql-datatype": "decimal(38,38)"},
    "ratio": {"type": ["null", "number"]},
    "single": {"x-sql-datatype": "real"},
    "flag": {"type": ["null", "boolean"]},
    "at": {"type": ["null", "string"], "format": "date-time"},
    "zoned": {"x-sql-datatype": "datetimeoffset(7)"},
    "day": {"type": ["null", "string"], "format": "date"},
    "clock": {"type": ["null", "string"], "format": "time"},
    "uid": {"x-sql-datatype": "uniqueidentifier"},
    "text": {"type": ["null", "string"], "maxLength": 50},
    "narrow": {"x-sql-datatype": "varchar(50)"},
    "long": {"type": ["null", "string"]},
    "tags": {"type": ["null", "array"]},
    "huge": {"type": ["null", "integer"], "maximum": 10**30},
    "blob": {"type": ["null", "string"], "contentEncoding": "base64", "maxLength": 40},
    "price": {"x-sql-datatype": "money", "type": ["null", "number"]},
}
NAMES = ", ".join(f"CAST([{name}] AS nvarchar(40)) AS [{name}]" if name == "zoned" else f"[{name}]" for name in ALL_TYPES)
ROWS = [
    {
        "id": -(2**63), "small": 255, "amount": Decimal("0.0123456789"), "fraction": Decimal("0." + "9" * 38), "ratio": 0.1, "single": 1.5,
        "flag": True, "at": "2024-01-02T03:04:05.123456+02:00", "zoned": "2024-01-02T03:04:05.123456+02:00", "day": "0001-01-01",
        "clock": "23:59:59.999999", "uid": "0123ABCD-4567-89ab-cdef-0123456789ab", "text": "naïve 😀", "narrow": "plain", "long": "x" * 4_000,
        "tags": [1, "a", None], "huge": 10**29, "blob": "AP8=", "price": Decimal("922337203685477.5807"),
    },
    {
        "id": 2**63 - 1, "small": 0, "amount": Decimal(-(10**27)), "fraction": Decimal("-0." + "0" * 37 + "1"), "ratio": -1.7976931348623157e308,
        "single": -0.0, "flag": False, "at": "9999-12-31T23:59:59.999999Z", "zoned": "0001-01-01T00:00:00Z", "day": "9999-12-31", "clock": "00:00:00",
        "uid": "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12, "text": "", "narrow": "", "long": ESCAPE, "tags": [], "huge": -(10**29), "blob": "", "price": Decimal("-0.0001"),
    },
    {"id": 0},
]  # fmt: skip


def naive(*parts):
    """As datetime2 comes back: in UTC, and without saying so."""
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)


ARRIVED = [
    (
        -(2**63), 255, Decimal("0.0123456789"), Decimal("0." + "9" * 38), 0.1, 1.5, True, naive(2024, 1, 2, 1, 4, 5, 123456),
        "2024-01-02 03:04:05.1234560 +02:00", dt.date(1, 1, 1), dt.time(23, 59, 59, 999999), "0123ABCD-4567-89AB-CDEF-0123456789AB", "naïve 😀",
        "plain", "x" * 4_000, '[1,"a",null]', Decimal(10**29), b"\0\xff", Decimal("922337203685477.5807"),
    ),
    (0, *[None] * 18),
    (
        2**63 - 1, 0, Decimal(-(10**27)), Decimal("-0." + "0" * 37 + "1"), -1.7976931348623157e308, 0.0, False, naive(9999, 12, 31, 23, 59, 59, 999999),
        "0001-01-01 00:00:00.0000000 +00:00", dt.date(9999, 12, 31), dt.time(0, 0), "F" * 8 + "-FFFF-FFFF-FFFF-" + "F" * 12, "", "", ESCAPE, "[]",
        Decimal(-(10**29)), b"", Decimal("-0.0001"),
    ),
]  # fmt: skip


def lines_of(rows):
    """With every digit of a decimal."""
    return [simplejson.dumps({"type": "RECORD", "stream": "users", "record": row}, use_decimal=True) for row in rows]


def test_every_type_arrives_exactly(way, load_here, table):
    load_here([schema_line(ALL_TYPES), *lines_of(ROWS)], **way)
    assert table("users", NAMES) == ARRIVED


def test_rows_that_columns_cannot_write_arrive_the_same(way, load_here, table):
    """By `add_record_metadata` too: all rows go one by one then."""
    load_here([schema_line(ALL_TYPES), *lines_of(ROWS)], add_record_metadata=True, **way)
    assert table("users", NAMES) == ARRIVED


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        ESCAPE,
        "NULL",
        '"',
        '""',
        ",",
        "\n",
        "\r\n",
        "\r",
        "\\",
        "\0",
        " x ",
        "'",
        "?",
        "\ufeff",
        "\ufeffx",
        "\x1f",
        "\x1e",
        "\u2028",
        "\x85",
        "@P1",
        "😀" * 20,
    ]
)
TEXTS = {"id": {"type": "integer"}, "text": {"type": ["null", "string"]}, "short": {"type": ["null", "string"], "maxLength": 40}}


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | TEXT, st.none() | TEXT), min_size=1, max_size=40))
def test_any_text_survives(way, load_here, table, pool, schema, texts):
    pool.order(drop=schema)
    rows = [(place, *pair) for place, pair in enumerate(texts)]
    load_here([schema_line(TEXTS), *(record(id=place, text=text, short=short) for place, text, short in rows)], **way)
    assert table("users") == rows


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | TEXT, st.none() | TEXT, st.none() | st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=300))
def test_the_same_rows_make_the_same_table_by_every_way(load_here, table, pool, schema, texts):
    properties = {**TEXTS, "number": {"type": ["null", "integer"]}}
    rows = [(place, *values) for place, values in enumerate(texts)]
    lines = [schema_line(properties), *(record(id=place, text=text, short=short, number=number) for place, text, short, number in rows)]
    for changes in WAYS.values():
        pool.order(drop=schema)
        load_here(lines, **changes)
        assert table("users") == rows


def test_the_newest_row_of_a_key_wins_by_every_way(way, load_here, table):
    lines = [schema_line(USERS), *(record(id=place % 7, name=f"row {place}") for place in range(20))]
    load_here(lines, **way)
    assert table("users") == [(place, f"row {14 + place if place < 6 else 13}") for place in range(7)]


def external_objects(pool):
    views = ("external_tables", "external_data_sources", "external_file_formats", "database_scoped_credentials")
    return [name for view in views for (name,) in pool.rows(f"SELECT name FROM sys.{view}")]


def test_nothing_stays_behind(way, load_here, pool, schema, staged):
    load_here([schema_line(USERS), record(id=1, name="a"), state({"at": 1})], **way)
    assert external_objects(pool) == []
    tables = pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' ORDER BY TABLE_NAME")
    assert tables == [("_sdc_load_ledger",), ("users",)]
    assert staged() == []


def test_nothing_stays_behind_a_load_that_the_pool_refuses(way, load_here, pool, schema, staged):
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[users\]", number=8115, message="Arithmetic overflow.")
    with pytest.raises(DestinationError, match=r"Arithmetic overflow\. \(8115\)"):
        load_here([schema_line(USERS), record(id=1, name="a"), state({"at": 1})], **way)
    assert external_objects(pool) == []
    tables = pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' ORDER BY TABLE_NAME")
    assert (tables, staged(), load_here.states) == ([("_sdc_load_ledger",), ("users",)], [], [])


def test_rows_of_two_versions_in_a_batch_keep_apart(way, load_here, table):
    lines = [schema_line(USERS), {**record(id=1, name="a"), "version": 1}, {**record(id=2, name="b"), "version": 2}]
    load_here(lines, **way)
    assert table("users", "[id], [name], [_sdc_table_version]") == [(1, "a", 1), (2, "b", 2)]


def test_over_long_text_is_rejected_alike(way, load_here, table, rejects):
    load_here([schema_line(USERS), record(id=1, name="x" * 4000), record(id=2, name="y" * 4001)], max_rejected_rows=1, **way)
    assert table("users") == [(1, "x" * 4000)]
    assert rejects() == [("TOO_LONG", "name", {"id": 2, "name": "y" * 4001})]


def planned(config, lines):
    shown = []
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    TargetSynapse(config={name: value for name, value in config.items() if value is not None}).plan(
        io.StringIO(text), shown.append, show_values=False
    )
    return "".join(shown)


def test_a_plan_shows_what_fills_the_staging_table_and_no_row(way, settings, schema, tmp_path):
    text = planned({**settings, **way}, [schema_line(USERS), record(id=4711, name="Ann")])
    staging = text[text.index("CREATE TABLE [" + schema + "].[_sdc_stg") : text.index("-- in one transaction:")]
    assert PLANNED[way.get("load_via", "copy")] in staging
    assert not any(secret in text for secret in ("4711", "Ann", ACCOUNT_KEY))


PLANNED = {
    "copy": "COPY INTO [",
    "polybase": "CREATE EXTERNAL TABLE [",
    "adf": "-- the pipeline load at ",
    "insert": "SELECT CAST(? AS bigint), CAST(? AS nvarchar(max)), CAST(? AS bigint)",
}


def checked(config):
    """What a check says of each thing it tries."""
    said = []
    run_checks(TargetSynapse(config={name: value for name, value in config.items() if value is not None}).checks(), said.append)
    return [line.rstrip() for line in said]


@pytest.fixture
def made_schema(pool, schema):
    pool.connection.execute(f"CREATE SCHEMA [{schema}]")
    return schema


def test_a_check_goes_the_way_of_a_load_and_leaves_nothing(way, settings, made_schema, staged, pool):
    said = checked({**settings, **way})
    name = way.get("load_via", "copy").upper()
    assert [line for line in said if not line.startswith("ok ")] == []
    assert f"ok   synapse: {name} in {made_schema}" in said
    assert any("storage" in line for line in said) is (name != "INSERT")
    assert pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{made_schema}'") == []
    assert staged() == []


# What the pool says where the right for a way lacks, and the statement that says it.
REFUSALS = {
    "polybase": ("CREATE EXTERNAL DATA", 229, "CONTROL permission was denied on database 'pool'.", "GRANT CONTROL TO [loader]"),
    "copy": (
        "COPY INTO",
        4834,
        "You do not have permission to use the bulk load statement.",
        "GRANT ADMINISTER DATABASE BULK OPERATIONS TO [loader]",
    ),
    "insert": (
        r"INSERT INTO .*\n?SELECT CAST\(",
        229,
        "The INSERT permission was denied on the object.",
        "GRANT INSERT ON SCHEMA::[{schema}] TO [loader]",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_check_names_the_grant_that_the_way_lacks(name, settings, made_schema, pool):
    way = WAYS[name]
    statement, number, message, grant = REFUSALS[name]
    pool.fault("error", statement, number=number, message=message)
    failed = [line for line in checked({**settings, **way}) if line.startswith("FAIL")]
    hint = "run " + grant.format(schema=made_schema)
    assert failed == [f"FAIL synapse: {name.upper()} in {made_schema}: refused: {message} ({number}) - hint: {hint}"]


def test_without_storage_nothing_but_the_pool_is_asked_for(load_here, table, monkeypatch):
    """Not even the libraries for it."""
    monkeypatch.setattr("azure.storage.blob.BlobServiceClient.__init__", None)
    load_here([schema_line(USERS), record(id=1, name="a")], **WAYS["insert"])
    assert table("users") == [(1, "a")]


def test_many_rows_by_insert_are_warned_of_once(load_here, monkeypatch, caplog):
    monkeypatch.setattr("target_synapse.ways.insert.MANY_ROWS", 3)
    lines = [schema_line(USERS)]
    for number in range(6):
        lines += [record(id=number), state({"at": number})]
    load_here(lines, batch_size_rows=2, **WAYS["insert"])
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert told == ["4 rows went through INSERT by now: `load_via: copy` would be many times faster"]


def test_polybases_objects_can_be_there_already(load_here, table, pool, azurite):
    account = azurite.url.removeprefix("http://")
    made = [
        f"CREATE DATABASE SCOPED CREDENTIAL given WITH IDENTITY = 'any', SECRET = '{ACCOUNT_KEY}'",
        f"CREATE EXTERNAL DATA SOURCE [given source] WITH (TYPE = HADOOP, LOCATION = 'wasb://stage@{account}', CREDENTIAL = given)",
        README_FORMAT,
    ]
    for sql in made:
        pool.connection.execute(sql)
    try:
        given = {"polybase_data_source": "given source", "polybase_file_format": "loader_text"}
        load_here([schema_line(USERS), record(id=1, name="a\n")], **WAYS["polybase"], **given)
        assert table("users") == [(1, "a\n")]
        assert sorted(external_objects(pool)) == ["given", "given source", "loader_text"]
    finally:
        for sql in ("EXTERNAL FILE FORMAT loader_text", "EXTERNAL DATA SOURCE [given source]", "DATABASE SCOPED CREDENTIAL given"):
            pool.connection.execute(f"DROP {sql}")


README_FORMAT = re.search(r"CREATE EXTERNAL FILE FORMAT \[?loader_text.*?;", README.read_text(encoding="utf-8"), re.DOTALL)[0]


def test_a_database_without_a_master_key_is_told_what_to_run(load_here, pool):
    pool.connection.execute("DROP MASTER KEY")
    try:
        with pytest.raises(DestinationError) as caught:
            load_here([schema_line(USERS), record(id=1)], **WAYS["polybase"])
    finally:
        pool.connection.execute("CREATE MASTER KEY")
    assert str(caught.value).endswith("(15581)")
    assert "run CREATE MASTER KEY" in caught.value.hint


def test_a_table_too_wide_for_polybase_is_told_before_any_row(load_here):
    properties = {f"c{number}": {"type": "string"} for number in range(126)}
    with pytest.raises(DestinationError, match=r"the columns of .* are 1008040 bytes wide together, and PolyBase carries 1000000"):
        load_here([schema_line(properties, keys=())], **WAYS["polybase"])


def test_what_does_not_fit_the_way_is_told():
    def told(**settings):
        storage = {"user": "u", "password": "p", "storage_url": "https://a", "storage_container": "c", "storage_prefix": "p"}
        return [str(one) for one in settings_misfits({**storage, **settings})]

    others = "expected one of account_key, managed_identity, service_principal, or the name of a data source that is there"
    assert told(load_via="polybase", storage_sas_token="x", polybase_file_format="a ") == [
        f"`copy_credential` and `storage_sas_token` and `polybase_data_source`: PolyBase takes no sas: {others}",
        '`polybase_file_format`: expected a name that T-SQL can hold, found "a"',
    ]
    assert told(storage_account_key="x", polybase_data_source="d") == [
        '`polybase_data_source` and `load_via`: expected `load_via` to be `polybase`, found "copy"'
    ]
    for kind in ("user_delegation_sas", "entra_user", "public"):
        as_a_user = {"authentication": "default", "user": None, "password": None}
        assert told(load_via="polybase", storage_authentication="managed_identity", copy_credential=kind, **as_a_user) == [
            f"`copy_credential` and `polybase_data_source`: PolyBase takes no {kind}: {others}"
        ]
    minted = {"load_via": "polybase", "storage_authentication": "managed_identity"}  # the default with an identity is a signature
    assert told(**minted) == [f"`copy_credential` and `polybase_data_source`: PolyBase takes no user_delegation_sas: {others}"]
    signed = "BlobEndpoint=https://a;SharedAccessSignature=sv=1"
    assert told(load_via="polybase", storage_connection_secret=signed) == [
        f"`copy_credential` and `polybase_data_source`: PolyBase takes no sas: {others}"
    ]
    for kind in ("managed_identity", "service_principal", "account_key"):
        principal = dict.fromkeys(("entra_tenant_id", "entra_client_id", "entra_client_secret"), "x")
        assert told(**{**minted, "copy_credential": kind, "storage_account_key": "x", **principal}) == []
    assert told(**minted, polybase_data_source="d") == []


@pytest.mark.parametrize(
    ("url", "schemes", "found"),
    [
        ("https://acct.blob.core.windows.net", SCHEMES_WITH_KEY, "wasbs://stage@acct.blob.core.windows.net"),
        ("https://acct.dfs.core.windows.net/", SCHEMES_WITH_KEY, "wasbs://stage@acct.blob.core.windows.net"),
        ("https://acct.blob.core.chinacloudapi.cn", SCHEMES, "abfss://stage@acct.dfs.core.chinacloudapi.cn"),
        ("http://127.0.0.1:10000/devstoreaccount1", SCHEMES_WITH_KEY, "wasb://stage@127.0.0.1:10000/devstoreaccount1"),
    ],
)
def test_the_container_as_polybase_names_it(url, schemes, found):
    assert location(url, "stage", schemes) == found


def test_rows_beyond_one_statement_arrive_by_insert(load_here, table, pool, schema):
    load_here([schema_line(USERS), *(record(id=number, name=f"{number}") for number in range(5_000))], **WAYS["insert"])
    assert table("users", "COUNT_BIG(*), MIN([id]), MAX([id])") == [(5_000, 0, 4_999)]
    assert len(pool.statements(f"INSERT INTO [{schema}].[_sdc_stg")) == 3
