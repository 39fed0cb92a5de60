"""The first-run guide of the README, as it is written: its SQL in an empty pool, its signature, and no right more or less than a load needs."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from azure.storage.blob import generate_container_sas
from harness import run_command
from sandbox.blob.service import ACCOUNT, ACCOUNT_KEY, CONTAINER
from singer_commons.checking import run_checks
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.stand_ins import PoolProcess
from target_synapse.target import TargetSynapse

README = (Path(__file__).parents[2] / "target-synapse" / "README.md").read_text(encoding="utf-8")
GUIDE = README[README.index("## First load") : README.index("## Try before")]
IN_MASTER, IN_POOL = re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
SETTINGS = json.loads(re.search(r"```json\n(.*?)```", GUIDE, re.DOTALL)[1])
PASSWORD = re.search(r"PASSWORD = '(.*)'", IN_MASTER)[1]
SIGNED = re.search(r"--permissions (\w+)", GUIDE)[1]
GRANTED = [
    (right.strip(), " ON SCHEMA::[crm]" if on else "")
    for rights, on in re.findall(r"GRANT (.*?)( ON SCHEMA::crm)? TO loader", IN_POOL)
    for right in rights.split(",")
]
LINES = [schema_line(USERS), record(id=1, name="Ann"), record(id=2, name=""), state({"at": 2})]


@pytest.fixture(scope="module")
def empty_pool():
    process = PoolProcess({"users": {"sqladmin": "Admin-pw-1"}})
    yield process
    process.close()


def signature(permission):
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    return generate_container_sas(ACCOUNT, CONTAINER, account_key=ACCOUNT_KEY, permission=permission, expiry=soon)


@pytest.fixture(scope="module")
def guided(empty_pool, azurite):
    """The settings of a reader who has come to step 5."""
    master = empty_pool.connect(database="master")
    master.execute(IN_MASTER)
    master.close()
    for batch in re.split(r"^ *GO$", IN_POOL, flags=re.MULTILINE):
        empty_pool.connection.execute(batch)
    here = {"host": "127.0.0.1", "port": empty_pool.port, "encrypt": "no", "storage_url": azurite.url, "storage_prefix": "first"}
    return {**SETTINGS, **here, "password": PASSWORD, "storage_sas_token": signature(SIGNED)}


@pytest.fixture
def checked(guided):
    """What a check finds amiss."""

    def check(**changes):
        said = []
        run_checks(TargetSynapse(config={**guided, **changes}).checks(), said.append)
        return [line.rstrip() for line in said if not line.startswith("ok ")]

    return check


@pytest.fixture
def load_first(guided, load_here, tmp_path):
    return lambda lines, **changes: load_here(lines, **{"storage_account_key": None, **guided, "rejects_path": str(tmp_path / "rejects"), **changes})


def test_a_reader_who_does_as_the_guide_says_has_a_loaded_table(guided, checked, empty_pool, tmp_path):
    assert checked() == []
    run = run_command("target-synapse", settings={**guided, "rejects_path": str(tmp_path / "rejects")}, folder=tmp_path, lines=LINES)
    assert (run.exit_code, run.states) == (0, [{"at": 2}])
    assert empty_pool.rows("SELECT * FROM crm.users ORDER BY id") == [(1, "Ann"), (2, "")]


def test_no_right_of_the_guide_can_be_left_out_and_the_check_names_just_that_one(checked, empty_pool):
    assert len(GRANTED) == 7
    for right, on in GRANTED:
        empty_pool.connection.execute(f"REVOKE {right}{on} TO loader")
        found = checked()
        hints = {line.partition(" - hint: run ")[2] for line in found if line.startswith("FAIL")}
        assert hints == {f"GRANT {right}{on} TO [loader]"}, found
        empty_pool.connection.execute(hints.pop())
        assert checked() == []


def test_no_permission_of_the_signature_can_be_left_out(checked):
    for letter in SIGNED:
        failed = [line for line in checked(storage_sas_token=signature(SIGNED.replace(letter, ""))) if line.startswith("FAIL")]
        assert failed, letter


def test_the_create_that_the_guide_adds_is_what_files_of_refused_rows_want(checked):
    assert checked(copy_max_errors=1, storage_sas_token=signature(f"{SIGNED}c")) == []


DELETED = {"_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}}
VERSIONED = [
    schema_line(USERS),
    *({**record(id=key, name="v"), "version": 1} for key in (1, 2)),
    {"type": "ACTIVATE_VERSION", "stream": "users", "version": 1},
]
QUICK = {"upsert", "overwrite", "slices"}
METHODS = {
    "append": {"load_method": "append-only"},
    "upsert": {"table_statistics": "all", "rebuild_indexes": True, "primary_key": "not_enforced"},
    "merge": {"upsert_with": "merge", "hard_delete": True},
    "overwrite": {"load_method": "overwrite"},
    "history": {"load_method": "history"},
    "slices": {"max_transaction_rows": 2},
    "rebuild": {"type_conflict": "rebuild"},
    "parquet": {"stage_format": "parquet"},
    "rejects": {"rejects_to": "table", "max_rejected_rows": 1},
    "transform": {"transform_sql": ["UPDATE {staging} SET [name] = UPPER([name]) WHERE [id] = 1"]},
}


@pytest.mark.parametrize("method", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in METHODS])
def test_every_load_method_runs_with_the_rights_of_the_guide(method, load_first, empty_pool):
    wide = {**USERS, "name": {"type": ["null", "string"], "maxLength": 9}, "more": {"type": "integer"}}
    narrow = {**wide, "name": {"type": ["null", "string"], "maxLength": 5}, "more": {"type": "number"}} if method == "rebuild" else USERS
    bad = [record(stream=method, id="no number")] if method == "rejects" else []
    for properties in (narrow, wide):
        rows = [record(stream=method, id=key, name="x") for key in (1, 2, 3)]
        load_first([schema_line({**properties, **DELETED}, stream=method), *rows, *bad, state({"at": 3})], **METHODS[method])
    assert len(empty_pool.rows(f"SELECT * FROM crm.[{method}]")) == {"append": 6}.get(method, 3)
    left = empty_pool.rows(
        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'crm' AND LEFT(TABLE_NAME, 8) IN ('_sdc_stg', '_sdc_new')"
    )
    assert left == []


@pytest.mark.parametrize("hard", [True, False])
def test_rows_that_are_gone_are_removed_with_the_rights_of_the_guide(hard, load_first, empty_pool):
    load_first(VERSIONED, hard_delete=hard)
    assert len(empty_pool.rows("SELECT * FROM crm.users")) == 2


def test_a_loader_that_is_to_make_schemas_is_told_which_right_that_takes(load_first, empty_pool):
    lines = [schema_line(USERS), record(id=1), state({"at": 1})]
    with pytest.raises(Exception, match="CREATE SCHEMA permission denied") as caught:
        load_first(lines, default_target_schema="own")
    assert caught.value.hint.startswith("`--check` says which right lacks")
    empty_pool.connection.execute("GRANT CREATE SCHEMA TO loader")
    assert load_first(lines, default_target_schema="own") == [{"at": 1}]


def test_a_loader_reaches_no_table_of_anybody_else(guided, empty_pool):
    empty_pool.connection.execute("CREATE TABLE dbo.salaries (a int) WITH (HEAP)")
    mine = empty_pool.connect(**{name: guided[name] for name in ("user", "password")})
    for sql in ("SELECT * FROM dbo.salaries", "INSERT INTO dbo.salaries (a) VALUES (1)", "DROP TABLE dbo.salaries", "CREATE TABLE dbo.more (a int)"):
        with pytest.raises(Exception, match="permission"):
            mine.execute(sql)
    mine.close()
