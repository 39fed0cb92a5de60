"""Which Parquet files COPY INTO may take: by where they lie, by their footers, and by what the table and the SCHEMA ask for."""

from __future__ import annotations

import datetime as dt
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.columnar.checks import SchemaRules
from synapse_support.grammar import grammar_error
from synapse_support.parquet_rows import KINDS, PROPERTIES, ROWS, parquet
from target_synapse.files.copier import check_finite
from target_synapse.files.fit import fitted
from target_synapse.files.footer import footer_of
from target_synapse.files.place import ACCOUNT_OF_ADLFS, home_of
from target_synapse.files.way import count_doubled, select_arrived
from target_synapse.files.why import NotCopiedError
from target_synapse.rows.types import parsed, wide_enough
from target_synapse.sink import SynapseSink
from target_synapse.sql import copy_into
from target_synapse.sql.ddl import Column
from target_synapse.tables.ensure import LoadPlan, wanted_type
from target_synapse.tables.naming import TableName

BLOB, AZURITE = home_of("https://acct.blob.core.windows.net", "", "c"), home_of("http://127.0.0.1:10000/devstoreaccount1", "", "c")


def opened(content):
    return pq.ParquetFile(io.BytesIO(content))


def file_of(name, values, kind, **options):
    return opened(parquet([{name: one} for one in values], {name: kind}, **options))


def fit(file, properties, *, keys=(), columns=None, validate=True, more=None):
    """The types of the staging table by column, or why the file is to be read."""
    held = {name: Column(name, parsed((columns or {})[name]) if name in (columns or {}) else wanted_type(part)) for name, part in properties.items()}
    schema = {"type": "object", "properties": properties, **(more or {})}
    rules = SchemaRules(schema if validate else None, keys, unchecked=SynapseSink.unchecked_keywords)
    try:
        found = fitted(footer_of(file.metadata), LoadPlan(TableName("s", "t"), held, list(keys)), list(held), properties, rules)
    except NotCopiedError as error:
        return str(error)
    return {one.column.name: str(one.column.staged) for one in found}


@pytest.mark.parametrize(
    ("home", "address", "path"),
    [
        (BLOB, "https://acct.blob.core.windows.net/c/a/b.parquet", "a/b.parquet"),
        (BLOB, "https://acct.dfs.core.windows.net/c/b.parquet", "b.parquet"),
        (BLOB, "abfss://c@acct.dfs.core.windows.net/a/b.parquet", "a/b.parquet"),
        (BLOB, "abfs://c/b.parquet", "b.parquet"),
        (BLOB, "az://c/day=1/b.parquet", "day=1/b.parquet"),
        (AZURITE, "http://127.0.0.1:10000/devstoreaccount1/c/b.parquet", "b.parquet"),
        (BLOB, "https://other.blob.core.windows.net/c/b.parquet", None),
        (BLOB, "https://acct.blob.core.windows.net/other/b.parquet", None),
        (BLOB, "https://acct.blob.core.windows.net/c/b.parquet?sig=x", None),
        (BLOB, "http://acct.blob.core.windows.net/c/b.parquet", None),
        (AZURITE, "http://127.0.0.1:10001/devstoreaccount1/c/b.parquet", None),
        (BLOB, "abfss://c@other.dfs.core.windows.net/b.parquet", None),
        (BLOB, "abfss://c@acct.dfs.core.chinacloudapi.cn/b.parquet", None),
        (home_of("https://files.example.com", "acct", "c"), "abfss://c@acct.dfs.core.windows.net/b.parquet", "b.parquet"),
        (BLOB, "az://other/b.parquet", None),
        (BLOB, "az://c/a*.parquet", None),
        (BLOB, "az://c/a%5C.parquet", None),
        (BLOB, "az://c/a b.parquet", None),
        (BLOB, "az://c/", None),
        (BLOB, "s3://c/b.parquet", None),
        (BLOB, "file:///c/b.parquet", None),
        (BLOB, "/c/b.parquet", None),
    ],
)
def test_a_file_of_the_staging_container_is_known_by_its_address(home, address, path):
    assert home.path_of(address) == path


def test_an_address_without_an_account_is_not_ours_where_adlfs_is_told_of_another(monkeypatch):
    monkeypatch.setenv(ACCOUNT_OF_ADLFS, "other")
    assert (BLOB.path_of("az://c/b.parquet"), BLOB.path_of("abfs://c@acct.dfs.core.windows.net/b.parquet")) == (None, "b.parquet")


def test_each_field_is_staged_as_the_file_has_it():
    assert fit(opened(parquet()), PROPERTIES) == {
        "id": "bigint",
        "small": "smallint",
        "name": "nvarchar(max)",
        "amount": "decimal(12,2)",
        "share": "float",
        "is_good": "bit",
        "day": "date",
        "written_day": "nvarchar(max)",
        "second": "datetime2(7)",
        "at": "nvarchar(max)",
        "clock": "nvarchar(max)",
        "uid": "nvarchar(max)",
    }


TEXT, MOMENT, WHOLE = {"type": ["null", "string"]}, {"type": ["null", "string"], "format": "date-time"}, {"type": ["null", "integer"]}
NUMBER, DAY = {"type": ["null", "number"]}, {"type": ["null", "string"], "format": "date"}
NOT_SURE = "COPY INTO does not surely take its column `a`, which is "
SAYS_ELSE = "its column `a` is {}, and its SCHEMA says something else"
DAYS = "its column `a` may hold days before 1582-10-15 or after 9999-12-31"
RULED = "the SCHEMA restricts the values of `a`, and records are validated: `validate_records`"
NULLS = "its column `a` has nulls, which must not be there"


@pytest.mark.parametrize(
    ("values", "kind", "schema", "told"),
    [
        ([1], pa.timestamp("us"), MOMENT, NOT_SURE + "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)"),
        ([1], pa.timestamp("ns"), MOMENT, None),
        ([1], pa.time64("us"), {**TEXT, "format": "time"}, None),
        ([1], pa.uint8(), WHOLE, NOT_SURE + "Int(bitWidth=8, isSigned=false)"),
        ([b"x"], pa.binary(), {**TEXT, "contentEncoding": "base64"}, NOT_SURE + "BYTE_ARRAY"),
        ([1], pa.decimal256(50, 2), NUMBER, None),
        ([[1]], pa.list_(pa.int64()), {"type": ["null", "array"]}, "its column `a` is nested"),
        ([{"b": 1}], pa.struct([("b", pa.int64())]), {"type": ["null", "object"]}, "its column `a` is nested"),
        (["{}"], pa.string(), {"type": ["null", "object"]}, SAYS_ELSE.format("String")),
        (["1"], pa.string(), {}, SAYS_ELSE.format("String")),
        (["1"], pa.string(), WHOLE, SAYS_ELSE.format("String")),
        ([1], pa.int64(), TEXT, SAYS_ELSE.format("INT64")),
        ([1], pa.int64(), {"type": ["null", "boolean"]}, SAYS_ELSE.format("INT64")),
        ([1.0], pa.float64(), WHOLE, SAYS_ELSE.format("DOUBLE")),
        ([1], pa.int64(), NUMBER, "its column `a` is INT64, and the table's float"),
        (["x"], pa.string(), {**TEXT, "contentEncoding": "base64"}, "its column `a` is text, and the table's varbinary(8000)"),
        ([dt.date(1582, 10, 14)], pa.date32(), DAY, DAYS),
        ([-(2**31)], pa.date32(), DAY, DAYS),
        ([2932897], pa.date32(), DAY, DAYS),
        ([None, dt.date(1582, 10, 15), dt.date(9999, 12, 31)], pa.date32(), DAY, {"a": "date"}),
        ([None], pa.date32(), DAY, {"a": "date"}),
        ([253402300800000], pa.timestamp("ms"), MOMENT, DAYS),
        ([1], pa.int64(), {**WHOLE, "maximum": 0}, RULED),
        ([0], pa.int64(), {**WHOLE, "maximum": 0}, {"a": "bigint"}),
        ([1], pa.int64(), {**WHOLE, "enum": [1]}, RULED),
        (["x"], pa.string(), {**TEXT, "minLength": 1}, RULED),
        (["x"], pa.string(), {**TEXT, "pattern": "x"}, RULED),
        (["x"], pa.string(), {**TEXT, "maxLength": 1}, {"a": "nvarchar(max)"}),
        ([1], pa.decimal128(5, 2), {**NUMBER, "multipleOf": 0.01}, {"a": "decimal(5,2)"}),
        ([1], pa.int64(), {**NUMBER, "multipleOf": 0.01}, {"a": "bigint"}),
        ([1], pa.int64(), {**NUMBER, "multipleOf": 0.02, "x-sql-datatype": "decimal(38,2)"}, RULED),
        ([1], pa.decimal128(5, 3), {**NUMBER, "multipleOf": 0.01, "x-sql-datatype": "decimal(38,3)"}, RULED),
        ([1.0], pa.float64(), {**NUMBER, "multipleOf": 0.01, "x-sql-datatype": "float"}, RULED),
        ([1, None], pa.int64(), {"type": "integer"}, NULLS),
        ([1], pa.int64(), {"type": "integer"}, {"a": "bigint"}),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_told(values, kind, schema, told):
    found = fit(file_of("a", values, kind), {"a": schema})
    assert found.startswith(NOT_SURE) if told is None else found == told


def test_rules_of_the_schema_do_not_matter_where_nothing_is_validated():
    file = file_of("a", [1, None], pa.int64())
    assert fit(file, {"a": {"type": "integer", "maximum": 0}}, validate=False) == {"a": "bigint"}
    assert fit(file, {"a": {"type": "integer"}}, validate=False, keys=["a"]) == NULLS


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"required": ["b"]}, "it has no column `b`, which must be there"),
        ({"minProperties": 1}, "its JSON Schema is about whole records, which are looked at one by one"),
        ({"additionalProperties": False}, "its SCHEMA allows no column `c`"),
        ({}, {"a": "bigint"}),
    ],
)
def test_rules_about_whole_records_are_kept(more, told):
    file = opened(parquet([{"a": 1, "c": 2}], {"a": pa.int64(), "c": pa.int64()}))
    assert fit(file, {"a": WHOLE, "b": TEXT}, more=more) == told


def test_a_key_that_is_no_column_of_the_file_is_told():
    assert fit(file_of("a", [1], pa.int64()), {"a": WHOLE, "b": WHOLE}, keys=["b"]) == "it has no column `b`, which must be there"


@pytest.mark.parametrize(
    ("column", "schema", "kind", "value"),
    [("int", WHOLE, pa.int64(), 1), ("decimal(38,1)", NUMBER, pa.decimal128(3, 2), 1), ("real", NUMBER, pa.float64(), 1.0), ("nvarchar(max)", DAY, pa.date32(), 1),
     ("varchar(10)", TEXT, pa.string(), "x"), ("datetime2(3)", MOMENT, pa.string(), "x"), ("money", NUMBER, pa.decimal128(3, 2), 1), ("datetimeoffset(7)", MOMENT, pa.timestamp("ms"), 1)],
)  # fmt: skip
def test_a_narrower_or_other_column_is_told(column, schema, kind, value):
    file, told = file_of("a", [value], kind), f", and the table's {column}"
    assert fit(file, {"a": schema}, columns={"a": column}).endswith(told)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"compression": "zstd"}, "COPY INTO reads Parquet packed by snappy or gzip, and this is ZSTD"),
        ({"compression": {"a": "gzip", "b": "snappy"}}, "COPY INTO reads Parquet packed by snappy or gzip, and this is GZIP, SNAPPY"),
        (
            {"use_dictionary": False, "column_encoding": {"a": "DELTA_BINARY_PACKED"}},
            "its encodings are newer than the pool's documents: DELTA_BINARY_PACKED",
        ),
        ({"write_statistics": False}, "its footer does not say how many values of `a` are null"),
    ],
)
def test_files_that_the_pool_may_not_read_are_told(options, told):
    kinds = {"a": pa.int64(), "b": pa.int64()}
    assert fit(opened(parquet([{"a": 1, "b": 2}], kinds, **options)), {"a": WHOLE, "b": WHOLE}) == told


def test_columns_of_one_name_are_told():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, sink := io.BytesIO())
    assert fit(opened(sink.getvalue()), {"a": WHOLE}) == "two of its columns have one name"


@pytest.mark.parametrize(("name", "said"), [("snappy", "Snappy"), ("gzip", "Gzip"), ("none", "")])
def test_the_compression_is_said_as_copy_into_calls_it(name, said):
    assert footer_of(file_of("a", [1], pa.int64(), compression=name).metadata).compression == said


@pytest.mark.parametrize(
    ("values", "is_finite"), [([1.0, None], True), ([], True), ([None], True), ([1.0, float("nan")], False), ([float("-inf")], False)]
)
def test_floats_are_looked_through(values, is_finite):
    file = file_of("a", values, pa.float64())
    if is_finite:
        check_finite(file, ["a"])
        return
    with pytest.raises(NotCopiedError, match="its column `a` holds NaN or infinity"):
        check_finite(file, ["a"])


WHOLES = {pa.int8(): "smallint", pa.int16(): "smallint", pa.int32(): "int", pa.int64(): "bigint"}
DECIMALS = st.integers(1, 38).flatmap(lambda precision: st.tuples(st.just(precision), st.integers(0, precision)))


@given(
    kind=st.sampled_from(list(WHOLES)) | DECIMALS.map(lambda size: pa.decimal128(*size)),
    column=DECIMALS | st.sampled_from(["smallint", "int", "bigint", "float"]),
)
def test_a_number_goes_only_into_a_column_that_holds_all_of_its_type(kind, column):
    held = parsed(column if isinstance(column, str) else f"decimal({column[0]},{column[1]})")
    found = fit(file_of("a", [None], kind), {"a": NUMBER}, columns={"a": str(held)})
    staged = WHOLES.get(kind) or f"decimal({kind.precision},{kind.scale})"
    assert (found == {"a": staged}) == wide_enough(held, parsed(staged))


def test_the_statements_keep_the_grammar_of_a_pool(tmp_path):
    file = opened(parquet(ROWS, KINDS))
    columns = {name: Column(name, wanted_type(part)) for name, part in PROPERTIES.items()}
    found = fitted(footer_of(file.metadata), LoadPlan(TableName("s", "t]"), columns, ["id"]), list(columns), PROPERTIES, SchemaRules(None, ["id"]))
    table = TableName("s", "t]")
    fields = [(one.column.name, one.field.number) for one in found]
    statements = [
        select_arrived(table, found),
        count_doubled(table, [found[0].column, found[2].column]),
        *(
            copy_into.copy_parquet(table, fields, "https://a/b.parquet", credential, compression=compression, label="x")
            for compression in ("Snappy", "")
            for credential in (copy_into.Credential(copy_into.KEY, "k"), copy_into.Credential(""))
        ),
    ]
    assert grammar_error(tmp_path, ";\n".join(statements) + ";") == ""
    assert re.findall(r"\[id\] 1, .*\[uid\] 12\)", statements[2])
    assert statements[-1].endswith("WITH (FILE_TYPE = 'PARQUET')\nOPTION (LABEL = N'x')")
