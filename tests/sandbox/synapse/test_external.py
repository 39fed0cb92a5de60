"""PolyBase: credential, source, format and table, read by CTAS and INSERT SELECT from Azurite."""

import gzip
import io
import re
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet
from sandbox.synapse.loading import external_tables
from sandbox.synapse.objects import ColumnDef, ExternalPlace, FormatDef, TableDef
from sandbox.synapse.values.declared import DeclaredType

from .conftest import KEY

TEXT = "FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIELD_TERMINATOR = ',', STRING_DELIMITER = '\"', USE_TYPE_DEFAULT = FALSE, ENCODING = 'UTF8')"
GZIP = ", DATA_COMPRESSION = 'org.apache.hadoop.io.compress.GzipCodec'"


@pytest.fixture
def source(client, stage):
    """A credential and a data source on the stage's container."""
    host, _, account = stage.url.removeprefix("http://").rpartition("/")[0].partition("/")
    client.run("CREATE MASTER KEY")
    client.run(f"CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'user', SECRET = '{KEY}'")
    client.run(f"CREATE EXTERNAL DATA SOURCE ds WITH (TYPE = HADOOP, LOCATION = 'wasb://{stage.container}@{host}/{account}', CREDENTIAL = c)")
    return client


def external(client, columns, *, form=TEXT, options="", location="/run/"):
    client.run(f"CREATE EXTERNAL FILE FORMAT ff WITH ({form})")
    client.run(f"CREATE EXTERNAL TABLE ext ({columns}) WITH (LOCATION = '{location}', DATA_SOURCE = ds, FILE_FORMAT = ff{options})")


def test_gzip_text_is_loaded_by_ctas_and_by_insert_select(source, stage):
    stage.put("run/1.txt.gz", gzip.compress(b'1,"a, b",2020-01-02 03:04:05.123\n2,,\n'))
    stage.put("run/deep/2.txt.gz", gzip.compress("3,é😀,\r\n".encode()))
    stage.put("run/_hidden.gz", b"x")
    external(source, "id bigint NOT NULL, name nvarchar(10) NULL, at datetime2(3) NULL", form=TEXT + GZIP)
    source.run("CREATE TABLE t WITH (DISTRIBUTION = HASH(id), HEAP) AS SELECT * FROM ext OPTION (LABEL = N'load')")
    assert source.run("SELECT * FROM t ORDER BY id") == [
        (1, "a, b", datetime.fromisoformat("2020-01-02 03:04:05.123")),
        (2, None, None),
        (3, "é😀", None),
    ]
    assert source.run("INSERT INTO t SELECT ext.id + 10, ext.name, at FROM ext WHERE id > 1") == 2
    assert source.run("SELECT COUNT(*) FROM t") == [(5,)]


def test_parquet_is_read_by_position_and_its_types_must_fit(source, stage):
    sink = io.BytesIO()
    parquet.write_table(pa.table({"x": pa.array([1, None], pa.int64()), "y": pa.array(["a", "b"])}), sink)
    stage.put("run/1.parquet", sink.getvalue())
    external(source, "id bigint NULL, name nvarchar(10) NULL", form="FORMAT_TYPE = PARQUET")
    assert source.run("SELECT id, name FROM ext ORDER BY name") == [(1, "a"), (None, "b")]
    source.run("CREATE EXTERNAL TABLE wrong (id int) WITH (LOCATION = '/run/', DATA_SOURCE = ds, FILE_FORMAT = ff)")
    assert source.refused("SELECT * FROM wrong") == 106000


def test_one_dirty_row_is_one_too_many_by_default(source, stage):
    stage.put("run/1.txt", b"1,a\nx,b\n")
    external(source, "id int NULL, name nvarchar(10) NULL")
    number, words = source.message("CREATE TABLE t WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT * FROM ext")
    assert number == 107090
    assert (
        "maximum reject threshold (0 rows) was reached while reading from an external source: 1 rows rejected out of total 2 rows processed" in words
    )
    assert "Column ordinal: 0, Expected data type: INT, Offending value: x  (Column Conversion Error)" in words
    assert source.refused("SELECT * FROM t") == 208


LINES = st.lists(st.text("a\x1f\r\n\0\"' é😀\ufeff\u2028\x85,", max_size=6), max_size=8).map("\x1f".join)


@given(LINES | LINES.map(lambda text: text + "\n") | st.text("a\x1f\r\n", max_size=12))
@example("\ufeff\x1fa\n")
def test_lines_without_quotes_are_read_quickly_as_field_by_field(text):
    columns = [ColumnDef(name, DeclaredType("nvarchar", 9)) for name in ("a", "b")]
    declared = FormatDef("f", "DELIMITEDTEXT", {"FIELD_TERMINATOR": "0x1F"})
    reader = external_tables._TextReader(None, TableDef("dbo", "t", columns), ExternalPlace("/", "s", "f"), declared)
    rows, bad = reader._cut(external_tables._lines_of(text), 1)
    quick = reader._read_quickly(text, 1)
    if quick is not None:
        assert (quick.to_pylist(), bad) == ([{"c1": fields[0], "c2": fields[1], "line": number} for number, fields in rows], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1\n", "Not enough columns"), (b"1,a,b\n", "Too many columns"), (b'1,"a"b\n', "delimiter after string delimiter"),
        (b'1,"a\nb"\n', "delimiter after string delimiter"), (b"1,toolongname\n", "Offending value: toolongname"), (b",a\n", "Offending value: NULL"),
    ],
)  # fmt: skip
def test_what_makes_a_row_dirty(source, stage, line, reason):
    stage.put("run/1.txt", line)
    external(source, "id int NOT NULL, name nvarchar(5) NULL", options=", REJECT_TYPE = VALUE, REJECT_VALUE = 0")
    number, words = source.message("SELECT * FROM ext")
    assert (number, reason in words) == (107090, True)


def test_rejected_rows_and_reasons_are_written_below_their_location(source, stage):
    stage.put("run/1.txt", b"1,a\nx,b\n3\n")
    external(source, "id int, name nvarchar(9)", options=", REJECT_TYPE = VALUE, REJECT_VALUE = 2, REJECTED_ROW_LOCATION = '/bad'")
    assert source.run("SELECT * FROM ext") == [(1, "a")]
    with stage.service.get_container_client(stage.container) as container:
        files = {name: container.download_blob(name).readall().decode() for name in container.list_blob_names(name_starts_with="bad/")}
    rows, reasons = sorted(files, key=lambda name: "reason" in name)
    assert re.fullmatch(r"bad/_rejectedrows/\d{8}-\d{6}/QID\d+_[0-9a-f-]{36}\.txt", rows)
    assert reasons == rows.replace(".txt", "_reason.txt")
    assert files[rows] == "x,b\n3\n"
    assert files[reasons].splitlines()[1] == "Not enough columns in this line"


def test_a_percentage_is_looked_at_every_so_many_rows(source, stage):
    lines = [b"x,a\n" if number in {1, 7, 8, 9} else b"1,a\n" for number in range(10)]
    stage.put("run/1.txt", b"".join(lines))
    external(source, "id int, name nvarchar(9)", options=", REJECT_TYPE = PERCENTAGE, REJECT_VALUE = 25, REJECT_SAMPLE_VALUE = 5")
    number, words = source.message("SELECT * FROM ext")
    assert (number, "threshold (25 %)" in words, "out of total 10 rows" in words) == (107090, True, True)


def test_fields_without_text_become_the_types_defaults_where_the_format_says_so(source, stage):
    stage.put("run/1.txt", b"||\n")
    form = "FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (USE_TYPE_DEFAULT = TRUE)"
    external(source, "n int, s nvarchar(5), d date", form=form)
    assert source.run("SELECT n, s, CAST(d AS nvarchar(10)) FROM ext") == [(0, "", "1900-01-01")]


def test_first_row_date_format_and_hexadecimal_signs(source, stage):
    stage.put("run/1.txt", b"head\x1fer\n1\x1f\x1e02/01/2020 03.04\x1e\n")
    options = "FIELD_TERMINATOR = '0x1F', STRING_DELIMITER = '0x1E', FIRST_ROW = 2, DATE_FORMAT = 'dd/MM/yyyy HH.mm'"
    external(source, "n int, at datetime2(0)", form=f"FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS ({options})")
    assert source.run("SELECT n, at FROM ext") == [(1, datetime.fromisoformat("2020-01-02 03:04:00"))]


def test_objects_are_dropped_in_order(source, stage):
    stage.put("run/1.txt", b"1,a\n")
    external(source, "id int, name nvarchar(9)")
    assert source.run("SELECT t.name, s.name, f.format_type FROM sys.external_tables AS t JOIN sys.external_data_sources AS s ON s.data_source_id = t.data_source_id"
                      " JOIN sys.external_file_formats AS f ON f.file_format_id = t.file_format_id") == [("ext", "ds", "DELIMITEDTEXT")]  # fmt: skip
    assert source.run("SELECT name, credential_identity FROM sys.database_scoped_credentials") == [("c", "user")]
    drops = ["DROP EXTERNAL DATA SOURCE ds", "DROP EXTERNAL FILE FORMAT ff", "DROP DATABASE SCOPED CREDENTIAL c", "DROP MASTER KEY"]
    assert [source.refused(sql) for sql in [*drops, "DROP TABLE ext"]] == [46522, 46522, 46522, 15580, 3705]
    source.run("; ".join(["DROP EXTERNAL TABLE ext", *drops]))
    assert [source.refused(sql) for sql in drops] == [46530, 46530, 46530, 15151]


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (46519, "INSERT INTO ext SELECT 1, N'a'"), (46519, "DELETE FROM ext"), (46519, "UPDATE ext SET id = 1"), (46518, "TRUNCATE TABLE ext"),
        (46518, "ALTER TABLE ext ADD x int"), (46518, "RENAME OBJECT ext TO other"), (46518, "UPDATE STATISTICS ext"),
    ],
)  # fmt: skip
def test_an_external_table_is_made_read_and_dropped_only(source, stage, number, sql):
    stage.put("run/1.txt", b"1,a\n")
    external(source, "id int, name nvarchar(9)")
    source.run("CREATE STATISTICS st ON ext (id); DROP STATISTICS ext.st")
    assert source.refused(sql) == number


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (15581, "CREATE DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'x', SECRET = 'y'"),
        (15578, "CREATE MASTER KEY; CREATE MASTER KEY"),
        (46530, "CREATE EXTERNAL DATA SOURCE s WITH (TYPE = HADOOP, LOCATION = 'wasbs://c@a.blob.core.windows.net', CREDENTIAL = nosuch)"),
        (46525, "CREATE EXTERNAL DATA SOURCE s WITH (TYPE = HADOOP, LOCATION = 'https://a.blob.core.windows.net/c')"),
        (46525, ("CREATE MASTER KEY; CREATE DATABASE SCOPED CREDENTIAL m WITH IDENTITY = 'Managed Service Identity';"
                " CREATE EXTERNAL DATA SOURCE s WITH (TYPE = HADOOP, LOCATION = 'wasbs://c@a.blob.core.windows.net', CREDENTIAL = m)")),
        (46525, ("CREATE MASTER KEY; CREATE DATABASE SCOPED CREDENTIAL p WITH IDENTITY = 'app@https://login.microsoftonline.com/t/oauth2/token', SECRET = 'x';"
                " CREATE EXTERNAL DATA SOURCE s WITH (TYPE = HADOOP, LOCATION = 'wasbs://c@a.blob.core.windows.net', CREDENTIAL = p)")),
        (46525, ("CREATE MASTER KEY; CREATE DATABASE SCOPED CREDENTIAL g WITH IDENTITY = 'SHARED ACCESS SIGNATURE', SECRET = 'sv=1&sig=x';"
                " CREATE EXTERNAL DATA SOURCE s WITH (TYPE = HADOOP, LOCATION = 'abfss://c@a.dfs.core.windows.net', CREDENTIAL = g)")),
        (46525, "CREATE EXTERNAL FILE FORMAT f WITH (FORMAT_TYPE = NOSUCH)"),
        (46525, "CREATE EXTERNAL FILE FORMAT f WITH (FORMAT_TYPE = DELIMITEDTEXT, DATA_COMPRESSION = 'org.apache.hadoop.io.compress.SnappyCodec')"),
        (46525, "CREATE EXTERNAL FILE FORMAT f WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIRST_ROW = 16))"),
        (46525, "CREATE EXTERNAL TABLE e (a int) WITH (LOCATION = '/x', DATA_SOURCE = d, FILE_FORMAT = f, REJECT_TYPE = PERCENTAGE, REJECT_VALUE = 5)"),
        (46530, "CREATE EXTERNAL TABLE e (a int) WITH (LOCATION = '/x', DATA_SOURCE = d, FILE_FORMAT = f)"),
        (104473, "CREATE EXTERNAL TABLE e (a int DEFAULT 1) WITH (LOCATION = '/x', DATA_SOURCE = d, FILE_FORMAT = f)"),
        (104473, "CREATE EXTERNAL TABLE e (a varchar(9) COLLATE Latin1_General_100_BIN2_UTF8) WITH (LOCATION = '/x', DATA_SOURCE = d, FILE_FORMAT = f)"),
        (111212, "BEGIN TRAN; CREATE MASTER KEY"),
    ],
)  # fmt: skip
def test_what_polybase_refuses(client, number, sql):
    assert client.refused(sql) == number


def test_the_location_is_looked_at_when_the_table_is_made(source, stage):
    source.run(f"CREATE EXTERNAL FILE FORMAT ff WITH ({TEXT})")
    table = "CREATE EXTERNAL TABLE ext (id int) WITH (LOCATION = '/nothing/', DATA_SOURCE = ds, FILE_FORMAT = ff)"
    assert source.refused(table) == 105002
    source.run("ALTER DATABASE SCOPED CREDENTIAL c WITH IDENTITY = 'user', SECRET = 'd3Jvbmc='")
    assert source.refused(table) == 105019
    assert source.run("SELECT name FROM sys.external_tables") == []


@pytest.mark.parametrize(
    ("identity", "secret"),
    [
        ("Managed Service Identity", None),
        ("app@https://login.microsoftonline.com/t/oauth2/token", "not its secret"),
        ("app@https://login.microsoftonline.com/t/oauth2/v2.0/token", "s3cret"),
        ("Managed Identity", None),  # COPY's name for it, which is any name here
    ],
)
def test_an_identity_without_a_role_reads_nothing(source, stage, identity, secret):
    """The pool has none here but for the principal `app`; a managed identity and a right principal are read with in tests of target-synapse."""
    host, _, account = stage.url.removeprefix("http://").rpartition("/")[0].partition("/")
    opened = "" if secret is None else f", SECRET = '{secret}'"
    source.run(f"CREATE EXTERNAL FILE FORMAT ff WITH ({TEXT}); CREATE DATABASE SCOPED CREDENTIAL i WITH IDENTITY = '{identity}'{opened}")
    source.run(f"CREATE EXTERNAL DATA SOURCE di WITH (TYPE = HADOOP, LOCATION = 'abfs://{stage.container}@{host}/{account}', CREDENTIAL = i)")
    assert source.refused("CREATE EXTERNAL TABLE ext (id int) WITH (LOCATION = '/x/', DATA_SOURCE = di, FILE_FORMAT = ff)") == 105019
