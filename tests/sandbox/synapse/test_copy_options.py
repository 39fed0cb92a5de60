"""COPY: credentials by file type, IDENTITY_INSERT, AUTO_CREATE_TABLE, FILE_FORMAT, and what goes with what."""

import io
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

HEAP = "WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)"
CSV = "FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A'"
PRINCIPAL = "11111111-2222-3333-4444-555555555555@https://login.microsoftonline.com/tenant/oauth2/token"


def parquet_bytes(**columns):
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


@pytest.fixture
def keyed(client):
    client.run(f"CREATE TABLE k (id bigint IDENTITY(1, 1), a int NULL, b nvarchar(9) NULL) {HEAP}")
    return client


def test_an_identity_column_counts_on_unless_its_values_are_in_the_file(keyed, stage):
    stage.put("two.csv", b"1,x\n2,y\n")
    stage.put("three.csv", b"-5,3,z\n")
    assert keyed.run(stage.copy("k", "two.csv", options=CSV, columns="(a 1, b 2)")) == 2
    assert keyed.run(stage.copy("k", "three.csv", options=CSV + ", IDENTITY_INSERT = 'ON'")) == 1
    assert keyed.run("SELECT id, a, b FROM k ORDER BY id") == [(-5, 3, "z"), (1, 1, "x"), (61, 2, "y")]


@pytest.mark.parametrize(
    ("columns", "option"),
    [("", "OFF"), ("(id 1, a 2)", "OFF"), ("(a 1)", "ON"), ("(id default 5 1, a 2)", "ON")],
)
def test_the_column_list_and_identity_insert_must_agree(keyed, stage, columns, option):
    stage.put("1.csv", b"1,2,z\n")
    assert keyed.refused(stage.copy("k", "1.csv", options=f"{CSV}, IDENTITY_INSERT = '{option}'", columns=columns)) == 105212


def test_identity_insert_needs_an_identity_column(client, stage):
    client.run(f"CREATE TABLE t (a int) {HEAP}")
    stage.put("1.csv", b"1\n")
    assert client.refused(stage.copy("t", "1.csv", options=CSV + ", IDENTITY_INSERT = 'ON'")) == 105208


def test_a_table_is_made_from_parquet_and_filled_by_name_when_it_is_there(client, stage):
    values = {
        "I": pa.array([1], pa.int64()),
        "d": pa.array([Decimal("1.50")], pa.decimal128(9, 2)),
        "l": pa.array([["a", "b"]]),
        "t": pa.array(["é"]),
    }
    stage.put("1.parquet", parquet_bytes(**values))
    options = "FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'"
    assert client.run(stage.copy("made", "1.parquet", options=options)) == 1
    assert client.run("SELECT * FROM made") == [(1, Decimal("1.50"), '["a", "b"]', "é")]
    assert [(name, kind) for name, kind, *_ in client.columns("SELECT * FROM made")] == [
        ("I", "bigint"),
        ("d", "decimal"),
        ("l", "varchar"),
        ("t", "nvarchar"),
    ]
    client.run(f"CREATE TABLE there (t nvarchar(5), extra int NULL, i int) {HEAP}")
    stage.put("2.parquet", parquet_bytes(i=pa.array([7], pa.int64()), t=pa.array(["x"])))
    assert client.run(stage.copy("there", "2.parquet", options=options)) == 1
    assert client.run("SELECT i, t, extra FROM there") == [(7, "x", None)]


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ("FILE_TYPE = 'CSV', AUTO_CREATE_TABLE = 'ON'", ""), ("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'", "(a 1)"),
        ("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON', MAXERRORS = 1", ""), ("FILE_TYPE = 'PARQUET', ERRORFILE = '/e'", ""),
        ("FILE_TYPE = 'PARQUET', COMPRESSION = 'DefaultCodec'", ""), ("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'", ""),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_or_with_a_hash_table(client, stage, options, columns):
    client.run("CREATE TABLE t (a int) WITH (DISTRIBUTION = HASH(a), HEAP)")
    stage.put("1.parquet", parquet_bytes(a=pa.array([1], pa.int32())))
    assert client.refused(stage.copy("t", "1.parquet", options=options, columns=columns)) == 105208


def test_a_file_format_stands_for_parquet_alone(client, stage):
    client.run(f"CREATE TABLE t (a int) {HEAP}; CREATE EXTERNAL FILE FORMAT p WITH (FORMAT_TYPE = PARQUET)")
    client.run("CREATE EXTERNAL FILE FORMAT c WITH (FORMAT_TYPE = DELIMITEDTEXT)")
    stage.put("1.parquet", parquet_bytes(a=pa.array([1], pa.int32())))
    assert client.run(stage.copy("t", "1.parquet", options="FILE_FORMAT = p")) == 1
    assert [client.refused(stage.copy("t", "1.parquet", options=f"FILE_FORMAT = {name}")) for name in ("c", "nosuch")] == [105208, 46530]


@pytest.mark.parametrize(
    ("kind", "host", "credential", "number"),
    [
        ("CSV", "blob", "IDENTITY = 'Managed Identity', SECRET = 'x'", 105208),
        ("CSV", "blob", "IDENTITY = 'Storage Account Key'", 105208),
        ("CSV", "blob", "IDENTITY = 'somebody', SECRET = 'x'", 105208),
        ("CSV", "blob", f"IDENTITY = '{PRINCIPAL.replace('oauth2/token', 'oauth2/v2.0/token')}', SECRET = 'x'", 105208),
        ("CSV", "blob", f"IDENTITY = '{PRINCIPAL}', SECRET = 'x'", 13807),
        ("CSV", "dfs", "IDENTITY = 'Managed Identity'", 13807),
        ("PARQUET", "blob", "IDENTITY = 'Managed Identity'", 105208),
        ("PARQUET", "blob", f"IDENTITY = '{PRINCIPAL}', SECRET = 'x'", 105208),
        ("PARQUET", "dfs", "IDENTITY = 'Shared Access Signature', SECRET = 'x'", 105208),
        ("PARQUET", "dfs", "IDENTITY = 'Managed Identity'", 13807),
        ("PARQUET", "dfs", f"IDENTITY = '{PRINCIPAL}', SECRET = 'x'", 13807),
        ("PARQUET", "dfs", "IDENTITY = 'Storage Account Key', SECRET = 'x'", 13807),
        ("PARQUET", "blob", "IDENTITY = 'Shared Access Signature', SECRET = 'x'", 13807),
    ],
)
def test_each_credential_goes_with_the_file_types_and_endpoints_of_the_table(client, kind, host, credential, number):
    """13807: the credential is taken, and behind the address is nothing."""
    client.run(f"CREATE TABLE t (a int) {HEAP}")
    sql = f"COPY INTO t FROM 'https://acct.{host}.core.windows.net/c/x' WITH (FILE_TYPE = '{kind}', CREDENTIAL = ({credential}))"
    assert client.refused(sql) == number


def test_copy_fills_a_temporary_table_and_no_view_external_or_many_hashed_table(client, stage):
    stage.put("1.csv", b"1\n")
    client.run(f"CREATE TABLE #t (a int) {HEAP}; ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = 50")
    client.run("CREATE TABLE m (a int, b int) WITH (DISTRIBUTION = HASH(a, b), HEAP); EXEC(N'CREATE VIEW v AS SELECT a FROM m')")
    assert client.run(stage.copy("#t", "1.csv", options=CSV)) == 1
    assert [client.refused(stage.copy(name, "1.csv", options=CSV)) for name in ("m", "v")] == [104474, 208]


def test_dates_follow_the_sessions_order_where_copy_names_none(client, stage):
    client.run(f"CREATE TABLE t (d date) {HEAP}; SET DATEFORMAT dmy")
    stage.put("1.csv", b"03/02/2020\n")
    client.run(stage.copy("t", "1.csv", options=CSV))
    assert client.run("SELECT CAST(d AS nvarchar(10)) FROM t") == [("2020-02-03",)]
