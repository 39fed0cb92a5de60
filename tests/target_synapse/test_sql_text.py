"""All SQL of a load, as text: a case is a .json (stream, keys, schema, settings, columns that are there) and the .sql it must give.

SYNAPSE_WRITE_CASES=1 writes the .sql files anew: read the difference before it is committed.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synapse_support.grammar import as_script, grammar_error
from synapse_support.recording_pool import RecordingPool
from target_synapse.children.batch import ChildRows
from target_synapse.children.former import MARK
from target_synapse.children.tables import RECORD_ID, ensure_children, identity_of
from target_synapse.children.tree import branches_of_stream
from target_synapse.loading import rejects_table
from target_synapse.loading.load import Batch, Loader, scratch_name
from target_synapse.modes import history, merge, shadow_parts, shadow_sql
from target_synapse.modes.choice import mode_of
from target_synapse.pool import odbc
from target_synapse.rows.types import TEXT_MAX, SqlType, parsed
from target_synapse.settings.storage import SAFE_PATH
from target_synapse.sql import copy_into, ddl, dml, external, ledger
from target_synapse.sql.ddl import Column, Partition, TableShape
from target_synapse.sql.ledger import Entry, ledger_table
from target_synapse.sql.quoting import labelled, literal, quoted
from target_synapse.staging.formats import Layout, staged
from target_synapse.tables.conflicts import Rebuilt
from target_synapse.tables.ensure import ensure_columns, ensure_ledger, ensure_table
from target_synapse.tables.naming import TableName, column_names, table_name
from target_synapse.tables.rebuilds import copy_rows
from target_synapse.tables.swaps import NEW_PREFIX
from target_synapse.tables.versions import DELETED_AT, VERSION
from target_synapse.user_sql.hooks import Hooks
from target_synapse.user_sql.own_sql import statements_of as statements_of_setting
from target_synapse.user_sql.transformation import Transformation
from target_synapse.ways.copy import CopyWay
from target_synapse.ways.insert import InsertWay
from target_synapse.ways.polybase import PolyBaseWay, own_objects

CHILDREN = {"nested_data": "child_tables", "hard_delete": True}
CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
CREDENTIAL = copy_into.Credential(copy_into.KEY, "a'key==")


class OneRow:
    """A store with parts of one row of NULLs; the path of a child table's says how many columns it has."""

    def __init__(self, columns):
        self._columns = columns

    def reader(self, path):
        columns = int(path.rpartition("/")[2]) if path.startswith("child/") else self._columns
        return io.BytesIO(gzip.compress(f"{',' * columns}1\n".encode()))


def way_of(name, pool, plan):
    if name == "polybase":
        return PolyBaseWay(pool, {"storage_container": "stage"}, CREDENTIAL, url="https://acct.blob.core.windows.net", run_id="run1")
    if name == "insert":
        return InsertWay(pool, OneRow(len(plan.columns)))
    return CopyWay(pool, Store)


class Store:
    credential = CREDENTIAL

    @staticmethod
    def address(path):
        return f"https://acct.blob.core.windows.net/stage/{path}"


def children_of(pool, branches, plan, config, form):
    """Two rows for each child table."""
    identity = identity_of(plan, "s") if branches else []
    if RECORD_ID in identity:
        ensure_columns(pool, plan.table, [RECORD_ID], config)
    made = ensure_children(pool, branches, identity, config, stream="s", loaded=lambda table, _keys: table)
    return [ChildRows(one, staged(list(one.staged.columns.values()), form), [f"child/{len(one.staged.columns)}"], 2) for one in made]


@time_machine.travel(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), tick=False)  # names of tables are made of it
def statements_of(case):
    """Everything that is sent to load one batch of two rows, and then, if they have a version, to end all others: for good, and by a mark."""
    pool = RecordingPool(case.get("columns", ()))
    config = case.get("settings", {})
    table = table_name(case["stream"], config.get("default_target_schema"))
    ensure_ledger(pool, table.schema)
    keys = case["keys"]
    branches = branches_of_stream(config, case["stream"], table, case["schema"]["properties"], keys)
    properties = {name: schema for name, schema in case["schema"]["properties"].items() if name not in {one.path[0] for one in branches}}
    plan = ensure_table(pool, table, properties, keys, config, stream=case["stream"])
    way = way_of(config.get("load_via"), pool, plan)
    loader = Loader(pool, way, ledger_table(table.schema), "run1", max_transaction_rows=config.get("max_transaction_rows"))
    entry = Entry("load1", "run1", str(table), "c0ffee", 2, 2)
    version = case.get("version")
    own = statements_of_setting(config, "transform_sql")
    transformation = Transformation(own, "run1", case["stream"]) if own else None
    mode = mode_of(config, keys=plan.keys, tombstone=plan.columns.get("_sdc_deleted_at"), is_marked=version is not None)
    mode.make_ready(pool, plan, lambda *columns: ensure_columns(pool, table, columns, config))
    form = config.get("stage_format", "csv")
    file = f"a/00001.{Layout(form).suffix}"
    children = children_of(pool, branches, plan, config, form)
    batch = Batch(plan, staged(list(plan.columns.values()), form), [file], entry, version, transformation, children=children, mode=mode)
    hooks = Hooks(pool, "run1")
    hooks.before_run(config)
    hooks.before_load(case["stream"], table, config)
    if version is not None:
        ensure_columns(pool, table, [VERSION, DELETED_AT], config)
    if not mode.is_idempotent:
        loader.was_loaded(batch)
    loader.load(batch)
    for hard in (True, False) if version is not None else ():
        loader.activate(table, version, mode, hard=hard, of_children=[one.child for one in children])
    loader.close_targets([str(table)])
    hooks.after_loads()
    hooks.after_run(config)
    way.tidy()
    plain = [one for one in pool.statements if not one.startswith("--")]
    return [re.sub(r"\b[0-9a-f]{32}\b", "random", one) for one in plain]


def as_sent(statements):
    """With the label that a query gets on its way (`connection.Pool.rows`)."""
    return [labelled(one, "x") if one.startswith("SELECT ") else one for one in statements]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_statements_of_a_load_are(path, tmp_path):
    statements = statements_of(json.loads(path.read_text(encoding="utf-8")))
    script = as_script(statements)
    expected = path.with_suffix(".sql")
    if os.environ.get("SYNAPSE_WRITE_CASES"):
        expected.write_text(script, encoding="utf-8")
    assert script == expected.read_text(encoding="utf-8")
    assert grammar_error(tmp_path, as_script(as_sent(statements))) == ""


NAMES = st.text(min_size=0, max_size=140) | st.sampled_from(["select", "a]b", "'", "''", "[x]", "--", "/*", "GO", "😀" * 128, " ", "x" * 129])
TYPES = st.sampled_from(
    [
        "bigint",
        "bit",
        "float",
        "decimal(38,10)",
        "nvarchar(4000)",
        "nvarchar(max)",
        "date",
        "time(7)",
        "datetime2(7)",
        "varbinary(8000)",
        "varbinary(max)",
        "money",
        "datetimeoffset(7)",
        "uniqueidentifier",
    ]
)


def property_of(kind):
    """A property that gets a column of this type."""
    more = {"type": "number"} if kind == "money" else {"type": "string", "contentEncoding": "base64"} if kind.startswith("varbinary") else {}
    return {"x-sql-datatype": kind, **more}


SHAPES = ["HEAP", "CLUSTERED", "CLUSTERED COLUMNSTORE"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stream=NAMES,
    properties=st.dictionaries(NAMES, TYPES, min_size=1, max_size=6),
    version=st.none() | st.integers(-(2**63), 2**63 - 1),
    config=st.sampled_from(
        [
            {},
            {"upsert_with": "merge"},
            {"upsert_with": "merge", "hard_delete": True},
            {"load_method": "history"},
            {"max_transaction_rows": 1},
            CHILDREN,
            {"transform_sql": ["DELETE FROM {staging} OPTION (LABEL = {label})", "EXEC [p] @t = {table_text}, @s = {stream}, @l = {load_id}"]},
        ]
    ),
    way=st.sampled_from(["copy", "polybase", "insert"]),
    gone=st.booleans(),
)
def test_every_statement_with_any_names_is_t_sql_to_microsofts_parser(tmp_path, stream, properties, version, config, way, gone):
    more = {"_sdc_deleted_at": {"x-sql-datatype": "datetime2(7)"}} if gone else {}
    own = {name: property_of(kind) for name, kind in properties.items()}
    array = {"type": "array", "items": {"type": "object", "properties": own}}
    schema = {"properties": own | more | ({f"{stream}s": array} if config == CHILDREN else {})}
    for keys in ([], [next(iter(properties))]):
        options = {**config, "load_via": way}
        case = {"stream": stream, "keys": keys, "schema": schema, "version": version, "settings": options}
        script = as_script(as_sent(statements_of(case)))
        assert grammar_error(tmp_path, re.sub(r"^GO$", "GO", script, flags=re.MULTILINE)) == ""


def shapes_of(names):
    """Tables of every shape."""
    partition = Partition(names[-1], ["'2026-01-01'", "N'a''b'", "5", "-0.5"], right=True)
    yield TableShape("columnstore", names, names[:8], partition=partition)
    yield TableShape("clustered", names[:1], replicated=True)
    yield TableShape("heap", (), names[:1], partition=Partition(names[0], ["1"]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.dictionaries(NAMES.map(lambda name: "c" + name), TYPES, min_size=1, max_size=4), new=st.dictionaries(NAMES, TYPES, max_size=4))
def test_every_statement_that_grows_a_table_is_t_sql(tmp_path, held, new):
    columns = [Column(name, parsed(kind)) for name, kind in zip(column_names([*held, *new]).values(), [*held.values(), *new.values()], strict=True)]
    table = TableName("dbo", "t")
    script = as_script(
        [
            ddl.add_columns(table, columns),
            *(ddl.alter_column(table, one) for one in columns),
            ddl.drop_table(table),
            ddl.select_columns(table),
            ddl.select_hash_columns(table),
            ddl.select_statistics(table),
            ddl.update_statistics(table),
            ddl.rebuild_indexes(table),
            ddl.add_primary_key(table, [one.name for one in columns]),
            *(ddl.create_statistics(table, one.name, [one.name]) for one in columns),
            *(ddl.drop_statistics(table, one.name) for one in columns),
            *(copy_rows(table, table, columns, [Rebuilt(one, kind)], label="x") for one in columns for kind in (one.type, TEXT_MAX)),
            *(ddl.create_table(table, columns, one) for one in shapes_of([one.name for one in columns])),
            ddl.select_tables(table.schema, table.table),
            external.select_tables(table.table),
            external.select_names(external.SOURCES, table.table),
            *(sql for _, sql in own_objects(table.table)),
            external.drop_table(table),
        ]
    )
    assert grammar_error(tmp_path, script) == ""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=3), folder=st.from_regex(SAFE_PATH, fullmatch=True), rows=st.integers(1, 10**5))
def test_every_statement_about_refused_rows_is_t_sql(tmp_path, texts, folder, rows):
    table = TableName("dbo", "t")
    made = [tuple(literal(rejects_table._speakable(text)) for _ in rejects_table.COLUMNS) for text in texts]
    errors = copy_into.ErrorFiles(f"https://acct.blob.core.windows.net/stage/{folder}", rows, CREDENTIAL)
    script = as_script(
        [
            rejects_table.create_rejected(table),
            rejects_table.insert_rejected(table, made, label="x"),
            copy_into.copy_into(table, [Column("a", SqlType("bigint"))], ["https://a/b"], CREDENTIAL, errors=errors, label="x"),
        ]
    )
    assert grammar_error(tmp_path, script) == ""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=NAMES, columns=st.lists(NAMES.map(lambda name: "c" + name), min_size=1, max_size=3, unique=True), kind=st.sampled_from(SHAPES))
def test_every_statement_that_puts_one_table_in_the_place_of_another_is_t_sql(tmp_path, stream, columns, kind):
    names = list(column_names(columns).values())
    types = [("nvarchar", 40, 0, 0, "Latin1_General_100_BIN2", 1), ("decimal", 9, 12, 3, None, 0), ("datetime2", 8, 27, 7, None, 1)]
    table = table_name(stream, "dbo")
    new = scratch_name(NEW_PREFIX, table, "run1")
    distribution = [("HASH", name) for name in names[:1]] if kind == "CLUSTERED" else [("REPLICATE", None)]
    index = [(kind, name, place if "STORE" in kind else 0, place, place % 2) for place, name in enumerate(names, start=1)]
    definitions = [(name, *kind) for name, kind in zip(names, types, strict=False)]
    partition = shadow_parts.partition_clause(names[0], "nvarchar(40)", right=kind == "HEAP", boundaries=["it's", names[0]])
    rights = [("GRANT", "SELECT", "a]b", None), ("DENY", "VIEW DEFINITION", "r", names[0]), ("GRANT_WITH_GRANT_OPTION", "CONTROL", "'", None)]
    script = as_script(
        [
            shadow_sql.select_index(table),
            shadow_sql.select_definitions(table),
            shadow_sql.create_like(
                new, definitions, distribution, index, partition=partition, behind={names[0]: "DEFAULT N'it''s'", names[-1]: "IDENTITY(5, 1)"}
            ),
            *statements_of_parts(table, new, names),
            shadow_sql.select_rights(table),
            *shadow_sql.grants(new, rights),
            shadow_sql.select_statistics(table),
            *shadow_sql.create_statistics(new, [("one", name) for name in names]),
            shadow_sql.rename(table, new),
            merge.select_distribution(table),
            merge.select_identities(table),
            history.select_times(table),
            ledger.select_open(table, "OVERWRITE", target=str(table), hours=3),
            ledger.count_recent(table, str(new), 3),
            ledger.select_marks(table, MARK),
            ledger.close_load(table, "load1", label="x"),
            ledger.insert_entry(table, *[Entry("load1", "run1", str(one), "OVERWRITE x", 0, 0) for one in (table, new)], label="x"),
        ]
    )
    assert grammar_error(tmp_path, script) == ""
    assert ledger.named(str(table)) == table


def statements_of_parts(table, new, names):
    keys = [("k", kind, name) for kind in ("PK", "UQ") for name in names]
    return [
        shadow_parts.select_identity(table),
        *(shadow_parts.select_last(table, names[0], step) for step in (1, -1)),
        *(shadow_parts.identity_insert(table, on=on) for on in (True, False)),
        shadow_parts.select_partitioning(table),
        *(shadow_parts.select_boundaries(table, kind) for kind in ("nvarchar(40)", "date", "float", "decimal(12,3)", "datetimeoffset(7)")),
        shadow_parts.select_defaults(table),
        shadow_parts.select_keys(table),
        *shadow_parts.add_keys(new, keys, set()),
        shadow_parts.select_indexes(table),
        *shadow_parts.create_indexes(new, [(names[0], name, place % 2) for place, name in enumerate(names)], set()),
    ]


def test_a_permission_that_is_none_is_not_sent():
    with pytest.raises(ValueError, match="not a permission: 'select'"):
        list(shadow_sql.grants(TableName("dbo", "t"), [("GRANT", "select", "r", None)]))


def test_a_name_that_only_the_parsers_layout_fails_on_is_t_sql(tmp_path):
    assert grammar_error(tmp_path, "SELECT 1 AS [\r\n\n]") == ""
    assert "could not be parsed" in grammar_error(tmp_path, "SELECT 1 AS [\r\n\n] FROM;")


def test_a_broken_statement_is_seen_by_the_parser(tmp_path):
    assert "Incorrect syntax" in grammar_error(tmp_path, "CREATE TABLE [t] ([a] bigint NULL) WITH (DISTRIBUTION = HSH([a]), HEAP)")


@given(st.text(max_size=128).filter(bool))
def test_a_quoted_name_is_read_back_as_it_was(name):
    try:
        text = quoted(name)
    except ValueError:
        return
    assert text[0] + text[-1] == "[]"
    assert text[1:-1].replace("]]", "\0").count("]") == 0
    assert text[1:-1].replace("]]", "]") == name


@given(st.text())
def test_a_literal_is_read_back_as_it_was(text):
    made = literal(text)
    assert made.startswith("N'")
    assert made[2:-1].replace("''", "\0").count("'") == 0
    assert made[2:-1].replace("''", "'") == text


def test_names_that_no_identifier_holds_are_refused():
    for name in ("", "x" * 129, "😀" * 65, "a\0b", "\ud800"):
        with pytest.raises(ValueError, match="not a T-SQL identifier"):
            quoted(name)


def test_the_secret_of_a_credential_is_not_in_its_repr():
    assert "a'key" not in repr(CREDENTIAL)


@pytest.mark.parametrize(
    ("credential", "option"),
    [
        (CREDENTIAL, "CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), "),
        (CREDENTIAL.masked, "CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = '***'), "),
        (copy_into.Credential(copy_into.IDENTITY), "CREDENTIAL = (IDENTITY = 'Managed Identity'), "),
        (copy_into.Credential(copy_into.IDENTITY).masked, "CREDENTIAL = (IDENTITY = 'Managed Identity'), "),
        (copy_into.Credential(""), ""),
        (copy_into.Credential("").masked, ""),
    ],
)
def test_a_credential_names_no_secret_where_it_has_none(credential, option, tmp_path):
    assert credential.option() == option
    copy = copy_into.copy_into(TableName("dbo", "t"), [Column("a", SqlType("bigint"))], ["https://a/b/c.csv.gz"], credential, label="x")
    assert grammar_error(tmp_path, copy) == ""


def test_a_label_is_cut_to_the_room_there_is():
    long = TableName("dbo", "t" * 128)
    made = dml.insert_all(long, long, [Column("a", SqlType("bigint"))], label="x")
    assert made.endswith("OPTION (LABEL = N'x')")


def test_values_cannot_end_their_entry_of_the_connection_string():
    config = {"host": "h", "database": "d;UID=x", "user": "u}", "password": "p;}{=", "trust_server_certificate": True}
    assert odbc.connection_string(config, "/lib/d.so") == (
        "DRIVER={/lib/d.so};SERVER={h,1433};DATABASE={d;UID=x};UID={u}}};PWD={p;}}{=};Encrypt={yes};TrustServerCertificate={yes};"
        "LongAsMax={yes};APP={target-synapse};ConnectRetryCount={0}"
    )


def test_the_ledger_is_asked_by_load_and_by_table():
    table = ledger_table("dbo")
    assert ledger.select_load(table, "a'b") == "SELECT COUNT_BIG(*) FROM [dbo].[_sdc_load_ledger] WHERE [load_id] = N'a''b'"
