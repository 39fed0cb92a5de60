# ruff: noqa: DTZ001  # datetime2 has no zone
import gzip
import io
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet
from sandbox.blob.service import ACCOUNT_KEY
from sandbox.synapse.loading.blobs import Identities

HEAP = "WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)"


@pytest.fixture
def staging(client):
    client.run(f"CREATE TABLE stg ([id] bigint NULL, [name] nvarchar(max) NULL) {HEAP}")
    return client


def test_several_gzip_and_plain_files_are_read_in_one_copy(staging, stage):
    stage.put("run/1.csv.gz", gzip.compress(b'1,"a"\n2,"b"\n'))
    stage.put("run/2.csv", b"3,c\n")
    assert staging.run(stage.copy("stg", "run/1.csv.gz", "run/2.csv")) == 3
    assert staging.run("SELECT id, name FROM stg ORDER BY id") == [(1, "a"), (2, "b"), (3, "c")]


def test_a_folder_is_read_with_all_below_but_not_what_starts_with_underscore_or_dot(staging, stage):
    for name in ("run/1.csv", "run/deep/2.csv", "run/_hidden.csv", "run/.dot.csv", "run/_logs/3.csv", "running/4.csv"):
        stage.put(name, b"1,x\n")
    assert staging.run(stage.copy("stg", "run")) == 2
    assert staging.run(stage.copy("stg", "run/")) == 2
    assert staging.run(stage.copy("stg", "run/_hidden.csv")) == 1


def test_a_wildcard_reaches_into_folders_and_minds_the_case(staging, stage):
    for name in ("run/a1.csv", "run/deep/a2.csv", "run/B.csv", "run/_a3.csv"):
        stage.put(name, b"1,x\n")
    assert staging.run(stage.copy("stg", "run/*a*.csv")) == 2
    assert staging.refused(stage.copy("stg", "run/b*.csv")) == 13807


def test_quotes_newlines_delimiters_and_any_character_inside_quotes_come_through_exactly(staging, stage):
    text = 'a "quoted" word,\nnext line\r\nand \t tab, 😀 é\x00'
    stage.put("1.csv", ('1,"' + text.replace('"', '""') + '"\n').encode())
    stage.put("2.csv", b'2,"plain ""x"", y\nz"\n')
    staging.run(stage.copy("stg", "1.csv", "2.csv"))
    assert staging.run("SELECT name FROM stg ORDER BY id") == [(text,), ('plain "x", y\nz',)]


@pytest.mark.parametrize(("reading", "kept"), [("null", None), ("empty", "")])
def test_an_empty_field_is_null_and_a_quoted_one_is_what_the_pool_is_told(pool, staging, stage, reading, kept):
    pool.quoted_empty = reading
    stage.put("1.csv", b'1,\n2,""\n')
    staging.run(stage.copy("stg", "1.csv"))
    assert staging.run("SELECT id, name FROM stg ORDER BY id") == [(1, None), (2, kept)]


def test_values_of_every_type_are_exact(client, stage):
    client.run(
        "CREATE TABLE t (i bigint, s smallint, y tinyint, b bit, d decimal(38,10), m money, f float, r real, dd date, tt time(7), d2 datetime2(7),"
        f" dt datetime, o datetimeoffset(7), u uniqueidentifier, v varbinary(max), n nvarchar(3)) {HEAP}"
    )
    row = (
        "-9223372036854775808,-32768,255,1,1234567890123456789012345678.0123456789,922337203685477.5807,1e300,1.5,9999-12-31,23:59:59.999999,"
        "0001-01-01 00:00:00.000001,2020-01-01T00:00:00.123,2020-02-29 23:59:59.123456 -05:30,6f9619ff-8b86-d011-b42d-00c04fc964ff,00ff,a😀\n"
    )
    stage.put("1.csv", row.encode())
    assert client.run(stage.copy("t", "1.csv")) == 1
    ((*values, unique, binary, text),) = client.run("SELECT * FROM t")
    assert [*values, str(unique), binary, text] == [
        -9223372036854775808, -32768, 255, True, Decimal("1234567890123456789012345678.0123456789"), Decimal("922337203685477.5807"), 1e300, 1.5,
        datetime(9999, 12, 31).date(), datetime(1, 1, 1, 23, 59, 59, 999999).time(), datetime(1, 1, 1, 0, 0, 0, 1),
        datetime(2020, 1, 1, 0, 0, 0, 123000), datetime(2020, 2, 29, 23, 59, 59, 123456, timezone(-timedelta(hours=5, minutes=30))),
        "6f9619ff-8b86-d011-b42d-00c04fc964ff", b"\x00\xff", "a😀",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "field", "number"),
    [
        ("bigint", "9223372036854775808", 4864), ("int", "1.5", 4864), ("int", "x", 4864), ("tinyint", "-1", 4864), ("bit", "true", 4864),
        ("decimal(5,2)", "1000", 4864), ("decimal(5,2)", "1e2", 4864), ("float", "nan", 4864), ("date", "2020-02-30", 4864),
        ("datetime2", "yesterday", 4864), ("datetime2", "2024-13-45", 4864), ("datetime", "1752-12-31", 4864), ("uniqueidentifier", "x", 4864), ("varbinary(1)", "0xABCD", 4864),
        ("nvarchar(3)", "abcd", 4863), ("nvarchar(3)", "😀😀", 4863), ("varchar(2)", "abc", 4863),
    ],
)  # fmt: skip
def test_a_field_that_is_not_of_its_type_fails_the_copy_and_loads_nothing(client, stage, kind, field, number):
    client.run(f"CREATE TABLE t (i int NULL, c {kind} NULL) {HEAP}")
    stage.put("1.csv", f"1,\n2,{field}\n".encode())
    expected = "truncation" if number == 4863 else "type mismatch or invalid character for the specified codepage"
    assert client.message(stage.copy("t", "1.csv")) == (
        number, f"Bulk load data conversion error ({expected}) for row 2, column 2 (c) in data file 1.csv.")  # fmt: skip
    assert client.run("SELECT COUNT(*) FROM t") == [(0,)]


def test_maxerrors_lets_so_many_rows_be_rejected_over_all_files(staging, stage):
    stage.put("1.csv", b"1,a\nx,b\n3\n")
    stage.put("2.csv", b"4,d\ny,e\n")
    options = "FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A', MAXERRORS = "
    assert staging.refused(stage.copy("stg", "1.csv", "2.csv", options=options + "2")) == 4864
    assert staging.run(stage.copy("stg", "1.csv", "2.csv", options=options + "3")) == 2
    assert staging.run("SELECT id FROM stg ORDER BY id") == [(1,), (4,)]


def test_rejected_rows_and_their_reasons_are_written_where_errorfile_says(staging, stage):
    stage.put("1.csv", b'1,a\nx,"b ""q"""\n3\n')
    options = "FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A', ERRORFILE = '/errors', MAXERRORS = "
    assert staging.run(stage.copy("stg", "1.csv", options=options + "2", sas=stage.sas("rlwcd"))) == 1
    assert staging.refused(stage.copy("stg", "1.csv", options=options + "1", sas=stage.sas("rlwcd"))) == 4864
    assert staging.refused(stage.copy("stg", "1.csv", options=options + "2")) == 105215  # the right to write is missing
    assert staging.run("SELECT COUNT(*) FROM stg") == [(1,)]
    with stage.service.get_container_client(stage.container) as container:
        files = {name: container.download_blob(name).readall().decode() for name in container.list_blob_names(name_starts_with="errors/")}
    assert sorted(name.rpartition(".Txt")[0].rpartition(".")[2] for name in files) == ["Error", "Error", "Row", "Row"]
    assert all(re.fullmatch(r"errors/_rejectedrows/\d{8}-\d{6}/QID\d+_1_[0-9a-f-]{36}\.(Row|Error)\.Txt", name) for name in files)
    assert {text for name, text in files.items() if ".Row" in name} == {'"x","b ""q"""\n3\n'}
    reasons = [
        "Bulk load data conversion error (type mismatch or invalid character for the specified codepage) for row 2, column 1 (id) in data file 1.csv.",
        "Bulk load: row 3 in data file 1.csv has 1 fields where 2 are expected.",
    ]
    assert {text for name, text in files.items() if ".Error" in name} == {"\n".join(reasons) + "\n"}


def test_errorfile_takes_no_account_key(staging, stage):
    stage.put("1.csv", b"1,a\n")
    sql = f"COPY INTO stg FROM '{stage.url}/1.csv' WITH (ERRORFILE = '/e', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'eA=='))"
    assert staging.refused(sql) == 105208


def test_a_row_with_too_few_or_too_many_fields_is_refused(staging, stage):
    stage.put("1.csv", b"1,a\n2\n")
    stage.put("2.csv", b"1,a\n2,b,c\n")
    assert [staging.refused(stage.copy("stg", name)) for name in ("1.csv", "2.csv")] == [4832, 4832]


def test_the_column_list_picks_fields_and_defaults_and_leaves_the_rest_null(client, stage):
    client.run(f"CREATE TABLE t (a int NULL, b nvarchar(9) NULL, c int NOT NULL, d int NULL) {HEAP}")
    stage.put("1.csv", b"x,1,\ny,2,7\n")
    assert client.run(stage.copy("t", "1.csv", columns="(b 1, a 2, c default 5 3)")) == 2
    assert client.run("SELECT a, b, c, d FROM t ORDER BY a") == [(1, "x", 5, None), (2, "y", 7, None)]
    assert client.message(stage.copy("t", "1.csv", columns="(b 1, a 2, c 3)")) == (
        105211, "COPY statement failed because non nullable column 'c' cannot have the NULL value as its default.")  # fmt: skip
    assert client.refused(stage.copy("t", "1.csv", columns="(b 1, nosuch 2)")) == 207


def test_terminators_quotes_first_row_and_encoding_are_as_the_options_say(staging, stage):
    stage.put("1.csv", "id||name##1||^a||b^##2||é##".encode("utf-16"))
    options = "FILE_TYPE = 'CSV', FIELDTERMINATOR = '||', ROWTERMINATOR = '##', FIELDQUOTE = '^', FIRSTROW = 2, ENCODING = 'UTF16'"
    assert staging.run(stage.copy("stg", "1.csv", options=options)) == 2
    assert staging.run("SELECT id, name FROM stg ORDER BY id") == [(1, "a||b"), (2, "é")]


def test_a_header_is_passed_over(client, stage):
    client.run(f"CREATE TABLE t (id int NULL) {HEAP}")
    stage.put("1.csv", b"id\n1\nx\n")
    options = "FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A', FIRSTROW = 2"
    assert client.message(stage.copy("t", "1.csv", options=options))[1].endswith("for row 3, column 1 (id) in data file 1.csv.")
    assert client.run(stage.copy("t", "1.csv", options=options + ", MAXERRORS = 1")) == 1


def test_text_that_is_no_csv_is_refused(staging, stage):
    stage.put("open.csv", b'1,"a\n2,b\n')
    stage.put("junk.csv", b'1,"a"b\n2,c\n')
    assert [staging.refused(stage.copy("stg", name)) for name in ("open.csv", "junk.csv")] == [4832, 4832]
    stage.put("inner.csv", b'1,a"b\n')
    staging.run(stage.copy("stg", "inner.csv"))
    assert staging.run("SELECT name FROM stg") == [('a"b',)]


def test_a_row_terminator_of_backslash_n_means_carriage_return_and_line_feed(staging, stage):
    stage.put("1.csv", b"1,a\r\n2,b\r\n")
    options = "FILE_TYPE = 'CSV', ROWTERMINATOR = "
    assert staging.run(stage.copy("stg", "1.csv", options=options + "'\\n'")) == 2
    assert staging.run(stage.copy("stg", "1.csv", options=options + "'0x0A'")) == 2
    assert staging.run("SELECT name FROM stg WHERE id = 1 ORDER BY name") == [("a",), ("a\r",)]


def test_dateformat_says_how_a_date_is_read_and_iso_is_always_read(client, stage):
    client.run(f"CREATE TABLE t (d date NULL) {HEAP}")
    stage.put("1.csv", b"03/02/2020\n2020-02-03\n")
    client.run(stage.copy("t", "1.csv", options="FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A', DATEFORMAT = 'dmy'"))
    assert client.run("SELECT DISTINCT d FROM t") == [(datetime(2020, 2, 3, tzinfo=UTC).date(),)]


def test_the_credential_is_proven_by_reading(staging, stage):
    stage.put("1.csv", b"1,a\n")
    key = f"COPY INTO stg FROM '{stage.url}/1.csv' WITH (FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = '{{}}'))"
    assert staging.run(key.format("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")) == 1
    assert staging.run(stage.copy("stg", "1.csv", sas="?" + stage.sas())) == 1
    refusals = [
        staging.refused(key.format("d3Jvbmc=")),
        staging.refused(stage.copy("stg", "1.csv", sas=stage.sas()[:-6] + "AAAA%3D")),
        staging.refused(stage.copy("stg", "1.csv", sas=stage.sas("r"))),  # LIST is needed too
        staging.refused(f"COPY INTO stg FROM '{stage.url}/1.csv' WITH (FILE_TYPE = 'CSV')"),
        staging.refused(f"COPY INTO stg FROM '{stage.url}/1.csv' WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Managed Identity'))"),
    ]
    assert refusals == [105215] * 5


def test_the_managed_identity_reads_with_the_right_that_the_pool_was_given(pool, staging, stage):
    pool.identities = Identities(ACCOUNT_KEY)
    pool.endpoints["acct.blob.core.windows.net"] = stage.url.rpartition("/")[0]
    stage.put("1.csv", b"1,a\n")
    sql = f"COPY INTO stg FROM 'https://acct.blob.core.windows.net/{stage.container}/1.csv' WITH (ROWTERMINATOR = '0x0A', CREDENTIAL = (IDENTITY = 'Managed Identity'))"
    assert staging.run(sql) == 1


APP, OTHER = "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-000000000000"


def test_a_service_principal_reads_with_its_secret_by_its_v1_endpoint_alone(pool, staging, stage):
    pool.identities = Identities(ACCOUNT_KEY, {APP: "s"})
    pool.endpoints["acct.blob.core.windows.net"] = stage.url.rpartition("/")[0]
    stage.put("1.csv", b"1,a\n")
    file = f"https://acct.blob.core.windows.net/{stage.container}/1.csv"

    def copy(identity, secret):
        return f"COPY INTO stg FROM '{file}' WITH (ROWTERMINATOR = '0x0A', CREDENTIAL = (IDENTITY = '{identity}', SECRET = '{secret}'))"

    assert staging.run(copy(f"{APP}@https://login.microsoftonline.com/t/oauth2/token", "s")) == 1
    refusals = [
        staging.refused(copy(f"{APP}@https://login.microsoftonline.com/t/oauth2/token", "wrong")),
        staging.refused(copy(f"{OTHER}@https://login.microsoftonline.com/t/oauth2/token", "s")),
        staging.refused(copy(f"{APP}@https://login.microsoftonline.com/t/oauth2/v2.0/token", "s")),
    ]
    assert refusals == [105215, 105215, 105208]


def test_the_secret_of_a_copy_is_not_kept_with_the_request(staging, stage):
    stage.put("1.csv", b"1,a\n")
    staging.run(stage.copy("stg", "1.csv"))
    ((command,),) = staging.run("SELECT TOP (1) command FROM sys.dm_pdw_exec_requests WHERE command LIKE N'COPY%'")
    assert command.endswith("SECRET = '***'))")


def test_what_is_not_there_is_refused(staging, stage):
    assert staging.refused(stage.copy("stg", "nothing.csv")) == 13807
    assert staging.refused(stage.copy("nosuch", "nothing.csv")) == 208
    key = "CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==')"
    assert staging.refused(f"COPY INTO stg FROM '{stage.url}nosuch/x.csv' WITH ({key})") == 13807


def test_a_broken_gzip_is_an_unreadable_file(staging, stage):
    stage.put("1.csv.gz", gzip.compress(b"1,a\n")[:-4])
    stage.put("2.csv.gz", gzip.compress(b"1,a\n") + b"trailing")
    assert [staging.refused(stage.copy("stg", name)) for name in ("1.csv.gz", "2.csv.gz")] == [106000, 106000]


def test_a_copy_that_fails_in_its_second_file_keeps_nothing_of_the_first(staging, stage):
    stage.put("1.csv", b"1,a\n")
    stage.put("2.csv", b"x,a\n")
    assert staging.refused(stage.copy("stg", "1.csv", "2.csv")) == 4864
    assert staging.run("SELECT COUNT_BIG(*) FROM stg") == [(0,)]


def test_parquet_is_read_where_the_types_are_the_same(client, stage):
    client.run(f"CREATE TABLE t (i bigint, n int, s nvarchar(10), f float, b bit, d decimal(20,3), ts datetime2(7), dd date) {HEAP}")
    moment = datetime(2020, 1, 2, 3, 4, 5, 678000)
    fields = [
        ("i", pa.int64(), 2**62), ("n", pa.int32(), 5), ("s", pa.string(), "é😀"), ("f", pa.float64(), 0.1), ("b", pa.bool_(), False),
        ("d", pa.decimal128(20, 3), Decimal("1.500")), ("ts", pa.timestamp("ms"), moment), ("dd", pa.date32(), moment.date()),
    ]  # fmt: skip
    table = pa.table({name: pa.array([value, None], kind) for name, kind, value in fields})
    stage.put("1.parquet", _parquet(table))
    assert client.run(stage.copy("t", "1.parquet", options="FILE_TYPE = 'PARQUET'")) == 2
    assert client.run("SELECT * FROM t WHERE i IS NOT NULL") == [tuple(value for _, _, value in fields)]


@pytest.mark.parametrize(
    ("kind", "value", "declared"),
    [(pa.int64(), 1, "int"), (pa.int32(), 1, "bigint"), (pa.timestamp("us"), datetime(2020, 1, 1), "datetime2"), (pa.string(), "a", "int")],
)
def test_parquet_of_another_type_fails_as_the_bridge_does(client, stage, kind, value, declared):
    client.run(f"CREATE TABLE t (c {declared} NULL) {HEAP}")
    stage.put("1.parquet", _parquet(pa.table({"c": pa.array([value], kind)})))
    assert client.refused(stage.copy("t", "1.parquet", options="FILE_TYPE = 'PARQUET'")) == 106000


def test_parquet_int96_is_a_datetime2(client, stage):
    client.run(f"CREATE TABLE t (c datetime2(7) NULL) {HEAP}")
    moment = datetime(2020, 1, 2, 3, 4, 5, 678901)
    stage.put("1.parquet", _parquet(pa.table({"c": pa.array([moment], pa.timestamp("us"))}), use_deprecated_int96_timestamps=True))
    client.run(stage.copy("t", "1.parquet", options="FILE_TYPE = 'PARQUET'"))
    assert client.run("SELECT c FROM t") == [(moment,)]


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ("FILE_TYPE = 'JSON'", 105208), ("FILE_TYPE = 'CSV', ENCODING = 'LATIN1'", 105208), ("FILE_TYPE = 'CSV', COMPRESSION = 'Snappy'", 105208),
        ("FILE_TYPE = 'CSV', FIELDQUOTE = 'ab'", 105208), ("FILE_TYPE = 'CSV', NOSUCH = 1", 103010), ("FILE_TYPE = 'CSV', DATEFORMAT = 'xyz'", 105208),
        ("FILE_TYPE = 'PARQUET', FIELDQUOTE = '|'", 105208), ("FILE_TYPE = 'CSV', MAXERRORS = 'a'", 103010), ("FILE_TYPE = 'CSV', ROWTERMINATOR = '0xZZ'", 105208),
    ],
)  # fmt: skip
def test_an_option_that_copy_does_not_take_is_refused(staging, stage, options, number):
    stage.put("1.csv", b"1,a\n")
    assert staging.refused(stage.copy("stg", "1.csv", options=options)) == number


def test_a_hundred_thousand_rows_are_loaded_in_about_a_second(client, stage):
    client.run(f"CREATE TABLE t (id bigint, a nvarchar(max), b nvarchar(4000), c decimal(38,10), d datetime2(7), e bit, f float, g int) {HEAP}")
    lines = "".join(f'{row},"name ""{row}""",text é {row},{row}.0123456789,2020-01-01 00:00:00.{row:06d},1,{row}.5,\n' for row in range(100_000))
    stage.put("1.csv.gz", gzip.compress(lines.encode(), 1))
    start = time.perf_counter()
    assert client.run(stage.copy("t", "1.csv.gz")) == 100_000
    assert time.perf_counter() - start < 5  # about 1 s on two idle cores; the tests share theirs


def _parquet(table, **options):
    sink = io.BytesIO()
    parquet.write_table(table, sink, **options)
    return sink.getvalue()
