"""Staged files as gz CSV and as Parquet: the same rows in the table, whichever; and how large files get."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from singer_commons.errors import SuiteError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.rows.types import SqlType, parsed
from target_synapse.rows.values import ESCAPE
from target_synapse.settings import settings_misfits
from target_synapse.sql.ddl import Column
from target_synapse.staging.formats import MOST_DOUBLINGS, PART_BYTES, Layout, staged
from target_synapse.staging.sizing import files_at_once, files_of_level

TYPES = [
    "bigint", "int", "smallint", "tinyint", "bit", "float", "real", "decimal(38,10)", "decimal(38,38)", "date", "time(7)", "datetime2(7)", "datetimeoffset(7)",
    "uniqueidentifier", "nvarchar(4000)",
]  # fmt: skip
PROPERTIES = {"id": {"type": "integer"}, **{kind: {"x-sql-datatype": kind} for kind in TYPES}}
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))  # noqa: DTZ001 - hypothesis wants them so
SEVENTH = st.integers(0, 9)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["", ESCAPE, "NULL", '"', ",\n", "\r\n", "\\", "\0", " x ", "'"]
)
ROW = st.fixed_dictionaries(
    {
        "bigint": st.integers(-(2**63), 2**63 - 1),
        "int": st.integers(-(2**31), 2**31 - 1),
        "smallint": st.integers(-(2**15), 2**15 - 1),
        "tinyint": st.integers(0, 255),
        "bit": st.booleans(),
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "real": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "decimal(38,10)": st.decimals(-(10**27), 10**27, places=10).map(str),
        "decimal(38,38)": st.decimals(0, "0.9", places=37).map(str),
        "date": st.dates().map(str),
        "time(7)": st.builds(lambda at, seventh: f"{at.isoformat('microseconds')}{seventh}", st.times(), SEVENTH),
        "datetime2(7)": st.builds(lambda at, seventh: f"{at.isoformat(timespec='microseconds')}{seventh}Z", MOMENTS, SEVENTH),
        "datetimeoffset(7)": MOMENTS.map(lambda at: f"{at.isoformat()}+02:00"),
        "uniqueidentifier": st.uuids().map(str),
        "nvarchar(4000)": TEXT,
    }
)


@pytest.mark.slow
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.none() | ROW, min_size=1, max_size=12))
def test_both_formats_give_the_same_table(rows, load_here, pool, schema):
    """Rows of nulls among them; the first half without a key, so that both ways into the table are taken."""
    seen = {}
    for form in ("csv", "parquet"):
        for keys in ([], ["id"]):
            name = f"t{uuid.uuid4().hex}"
            lines = [record(stream=name, id=place % 5, **(row or {})) for place, row in enumerate(rows)]
            load_here([schema_line(PROPERTIES, keys=keys, stream=name), *lines], stage_format=form)
            held = ", ".join(f"CONVERT(nvarchar(4000), [{kind}], 121) AS [{kind}]" for kind in TYPES)
            seen[form, bool(keys)] = sorted(pool.rows(f"SELECT [id], {held} FROM [{schema}].[{name}]"), key=str)
            assert len(seen[form, bool(keys)]) == (min(len(rows), 5) if keys else len(rows))
    assert [seen["parquet", keyed] for keyed in (False, True)] == [seen["csv", keyed] for keyed in (False, True)]


def test_parquet_is_named_and_listed_and_copied_as_what_it_is(load_here, pool, schema, table, staged_content):
    load_here([schema_line(USERS), record(id=1, name=""), record(id=2), record(id=3, name=ESCAPE), state({})], stage_format="parquet")
    assert table("users") == [(1, ""), (2, None), (3, ESCAPE)]
    (copy,) = pool.statements(f"COPY INTO [{schema}]")
    assert "/00001.parquet'\nWITH (FILE_TYPE = 'PARQUET', CREDENTIAL = (" in copy
    assert copy.splitlines()[2].endswith("COMPRESSION = 'Snappy')")
    ((path, content),) = staged_content
    assert path.endswith("/00001.parquet")
    assert parquet.read_table(io.BytesIO(content)).to_pydict() == {"c1": [1, 2, 3], "c2": [ESCAPE, None, ESCAPE * 2], "c3": [1, 2, 3]}


@pytest.fixture
def staged_content(monkeypatch):
    """Path and content of each file that leaves."""
    from target_synapse.staging.store import StagingStore  # noqa: PLC0415 - beside its only use

    sent, put = [], StagingStore.put
    monkeypatch.setattr(StagingStore, "put", lambda self, path, content: (sent.append((path, content)), put(self, path, content))[1])
    return sent


def test_a_row_longer_than_any_block_of_the_parser_goes_into_parquet(load_here, table):
    long = "x,\n" * 2_000_000
    load_here([schema_line({**USERS, "name": {"type": "string", "maxLength": 10_000_000}}), record(id=1, name=long)], stage_format="parquet")
    assert table("users", "[id], LEN([name])") == [(1, len(long))]


@pytest.mark.parametrize(
    ("kind", "in_staging"),
    [("tinyint", "smallint"), ("time(3)", "nvarchar(40)"), ("datetime2(7)", "nvarchar(40)"), ("uniqueidentifier", "nvarchar(40)"), ("bigint", None), ("date", None)],
)  # fmt: skip
def test_what_parquet_cannot_carry_exactly_is_staged_as_something_wider(kind, in_staging):
    column = Column("a", parsed(kind))
    assert staged([column], "parquet") == [Column("a", parsed(kind), staged=parsed(in_staging) if in_staging else None)]
    assert staged([column], "csv") == [column]


def test_files_grow_once_the_pool_has_its_hands_full():
    sizes = [Layout(files=60).part_bytes(parts) for parts in (0, 59, 60, 119, 120, 10_000)]
    assert [size // PART_BYTES for size in sizes] == [1, 1, 2, 2, 4, 2**MOST_DOUBLINGS]


@pytest.mark.parametrize(
    ("level", "files"), [("DW100c", 60), ("DW500c", 60), ("DW1000c", 120), ("dw6000c", 720), ("DW30000c", 3600), ("None", 60), ("GP_S_Gen5_1", 60)]
)
def test_a_service_level_says_how_many_files_are_read_at_once(level, files):
    assert files_of_level(level) == files


class TellingPool:
    def __init__(self, answer):
        self.answer = answer

    def rows(self, sql, *, doing):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("config", "answer", "files"),
    [({"staged_files": 7}, [("DW1000c",)], 7), ({}, [("DW1500c",)], 180), ({}, [(None,)], 60), ({}, [], 60), ({}, SuiteError("refused"), 60)],
)
def test_what_is_set_counts_more_than_what_the_pool_tells(config, answer, files):
    assert files_at_once(TellingPool(answer), config) == files


LAKE, BLOB = "https://a.dfs.core.windows.net", "https://a.blob.core.windows.net"
NAMED = "`stage_format` and `copy_credential` and `copy_storage_url`: "


@pytest.mark.parametrize(
    ("given_settings", "told"),
    [
        ({"storage_account_key": "k"}, []),
        ({"storage_sas_token": "s"}, []),
        ({"storage_sas_token": "s", "copy_storage_url": LAKE}, [f'{NAMED}COPY reads Parquet with a signature through a .blob. address only, found "{LAKE}"']),
        ({"storage_authentication": "default", "storage_url": LAKE},
         [f'{NAMED}COPY reads Parquet with a signature through a .blob. address only, found "{LAKE}"']),
        ({"storage_account_key": "k", "copy_credential": "managed_identity"},
         [f'{NAMED}COPY reads Parquet with managed_identity from a data lake only, through its .dfs. address, found "{BLOB}"']),
        ({"storage_account_key": "k", "copy_credential": "managed_identity", "copy_storage_url": LAKE}, []),
        ({"storage_account_key": "k", "copy_credential": "managed_identity", "stage_format": "csv"}, []),
        ({"storage_account_key": "k", "copy_credential": "public"}, []),
        ({"storage_account_key": "k", "copy_credential": "managed_identity", "storage_url": "http://127.0.0.1:1/a"}, []),
    ],
)  # fmt: skip
def test_credentials_that_do_not_go_with_parquet_are_told_at_the_start(given_settings, told):
    found = settings_misfits(
        {
            "storage_url": BLOB,
            "storage_prefix": "p",
            "storage_container": "c",
            "user": "u",
            "password": "p",
            "stage_format": "parquet",
            **given_settings,
        }
    )
    assert [str(one) for one in found] == told


def test_no_staged_type_is_longer_than_what_a_pool_takes():
    assert str(staged([Column("a", SqlType("time", scale=7))], "parquet")[0].staged) == "nvarchar(40)"
