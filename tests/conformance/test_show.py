"""Try before you load: `--check` of all five commands. Nothing is changed by it, and no secret is shown."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from sandbox.fullstory.access import STANDARD_KEY
from sandbox.http.control import Control
from showing import PLUGINS

pytestmark = pytest.mark.slow  # five commands, each as a process of its own: minutes together

ROOT = Path(__file__).parents[2]
CANARY = "canary-7b1f0e"
every_command = pytest.mark.parametrize("command", list(PLUGINS))

GOOD = {
    "tap-autopilot": [
        "ok   autopilot: key accepted; the account has 9 custom fields",
        "ok   autopilot: contacts: 100 on the first page",
        "ok   autopilot: lists: 4 found",
        "ok   autopilot: smart_segments: 3 found",
        "ok   autopilot: triggers: 1 found",
        "ok   autopilot: hooks: 1 found",
        "ok   autopilot: contacts of lists: 100 on the first page of the first of 4",
        "ok   autopilot: contacts of smart_segments: 100 on the first page of the first of 3",
        "ok   autopilot: account: answers",
    ],
    "tap-fullstory": [
        "ok   fullstory: key accepted; account SANDBOX, level ADMIN",
        "ok   fullstory: users: readable, some there",
        "ok   fullstory: sessions: readable, 1 of one user asked for",
        "ok   fullstory: events: the Data Export is readable, 1 bundles on the first list",
        "ok   fullstory: segments: readable, some there",
    ],
    "tap-warehouse": [
        "ok   duckdb: connected; its clock says NOW",
        "ok   duckdb: the connection is read-only",
        "ok   duckdb: model `numbers`: id BIGINT, twice BIGINT; incremental by id (integer)",
    ],
    "target-synapse": [
        "ok   synapse: HOST answers",
        "ok   synapse: login loader accepted; database pool is open",
        "ok   synapse: schema dbo is there",
        "ok   storage: container stage of http://HOST/devstoreaccount1 can be listed",
        "ok   storage: container stage of http://HOST/devstoreaccount1 can be written to",
        *(f"ok   synapse: {right} in dbo" for right in ("CREATE TABLE", "COPY", "SELECT", "INSERT", "UPDATE", "DELETE", "ALTER TABLE")),
        "ok   synapse: CREATE TABLE AS SELECT in dbo",
        "ok   synapse: DROP TABLE in dbo; nothing is left behind",
        "ok   storage: container stage of http://HOST/devstoreaccount1 can be deleted from",
    ],
    "target-mparticle": [
        "ok   mparticle: http://HOST/v2 answers",
        "ok   mparticle: key accepted, with a request that holds no batch; nothing was stored",
    ],
}


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@every_command
def test_what_is_right_is_told_line_by_line_and_exits_0(stand, arrived, command):
    before = arrived()
    shown = stand.show(command, "--check")
    assert (shown.exit_code, shown.lines) == (0, GOOD[command])
    assert arrived() == before


@pytest.mark.parametrize(
    ("command", "changes", "first_failure"),
    [
        ("tap-autopilot", {"api_key": CANARY}, "FAIL autopilot: key: Autopilot answered GET /v1/contacts/custom_fields with 401"),
        ("tap-fullstory", {"api_key": CANARY}, "FAIL fullstory: key: FullStory answered GET /me with 401"),
        ("target-synapse", {"password": CANARY}, "FAIL synapse: login: cannot connect to 127.0.0.1: Login failed for user 'loader'. (18456) - hint: check `user`"),
        ("target-synapse", {"storage_account_key": "Y2FuYXJ5LTdiMWYwZQ=="}, "FAIL storage: container: container stage of http://HOST/devstoreaccount1 refuses the secret"),
        ("target-mparticle", {"api_secret": CANARY}, "FAIL mparticle: key: mParticle's Events API answered POST /v2/bulkevents with 403"),
    ],
)  # fmt: skip
def test_a_wrong_key_fails_with_the_services_answer_and_is_not_shown(stand, arrived, command, changes, first_failure):
    before = arrived()
    shown = stand.show(command, "--check", **changes)
    failures = [line for line in shown.lines if line.startswith("FAIL")]
    assert (shown.exit_code, len(failures)) == (1, 1)
    assert failures[0].startswith(first_failure)
    assert [value for value in changes.values() if value in shown.stdout + shown.stderr] == []
    assert arrived() == before


@pytest.mark.parametrize(
    ("command", "setting", "address"),
    [
        ("tap-autopilot", "base_url", "http://127.0.0.1:{}/v1"),
        ("tap-fullstory", "base_url", "http://127.0.0.1:{}"),
        ("target-mparticle", "base_url", "http://127.0.0.1:{}/v2"),
        ("target-synapse", "port", "{}"),
        ("target-synapse", "storage_url", "http://127.0.0.1:{}/devstoreaccount1"),
    ],
)
def test_a_service_that_cannot_be_reached_fails_within_seconds(stand, command, setting, address):
    value = address.format(closed_port())
    shown = stand.show(command, "--check", **{setting: int(value) if value.isdigit() else value})
    failures = [line for line in shown.lines if line.startswith("FAIL")]
    assert (shown.exit_code, len(failures)) == (1, 1)
    assert "hint:" in failures[0]


def test_a_warehouse_that_is_not_there_fails_once_and_no_model_is_tried(stand):
    shown = stand.show("tap-warehouse", "--check", duckdb={"path": "none.duckdb"})
    reason = "there is no DuckDB file at none.duckdb - hint: look at `duckdb.path`; a relative path starts at the working directory"
    assert (shown.exit_code, shown.lines) == (1, [f"FAIL duckdb: connection: {reason}"])


def test_each_model_that_the_warehouse_does_not_take_has_a_line(stand):
    models = [
        {"name": "good", "sql": "SELECT 1 AS id"},
        {"name": "bad", "sql": "SELECT no_such FROM range(3)"},
        {"name": "odd", "sql": "SELECT 'x' AS id, [1] AS parts", "iterator": "parts", "key_columns": ["key"]},
    ]
    shown = stand.show("tap-warehouse", "--check", models=models)
    assert shown.exit_code == 1
    assert shown.lines[2] == "ok   duckdb: model `good`: id INTEGER; full each time"
    assert shown.lines[3].startswith("FAIL duckdb: model `bad`: DuckDB refused the query: Binder Error:")
    odd = "has no column `key` for `key_columns`: it has `id`, `parts`; cannot iterate over `parts`: its type is INTEGER[]"
    assert shown.lines[4] == f"FAIL duckdb: model `odd`: {odd} - hint: correct the model in `models`"


def test_a_key_that_may_not_read_a_stream_fails_for_that_stream_alone(stand):
    shown = stand.show("tap-fullstory", "--check", api_key=STANDARD_KEY, uids=["u-0001"])
    assert shown.exit_code == 1
    assert [line[:32] for line in shown.lines] == [
        "ok   fullstory: key accepted; ac",
        "FAIL fullstory: users: FullStory",
        "ok   fullstory: sessions: readab",
        "FAIL fullstory: events: FullStor",
        "ok   fullstory: segments: readab",
    ]
    assert "with 403" in shown.lines[1]


def test_an_endpoint_of_a_stream_that_no_one_selected_is_a_note(stand):
    stand.control("autopilot").fault(path="/v1/account", status=404)
    shown = stand.show("tap-autopilot", "--check")
    assert (shown.exit_code, shown.lines[:-1]) == (0, GOOD["tap-autopilot"][:-1])
    assert shown.lines[-1] == "note autopilot: account: Autopilot answered GET /v1/account with 404"


def test_a_missing_container_fails_and_the_schema_that_a_load_would_make_is_a_note(stand, arrived):
    before = arrived()
    shown = stand.show("target-synapse", "--check", storage_container="none-such", default_target_schema="crm")
    missing = "there is no container none-such of http://HOST/devstoreaccount1"
    unknown = "it is not there, and whether this login may make it is not provable without making it"
    assert (shown.exit_code, shown.lines[2:]) == (
        1,
        [
            f"note synapse: schema crm: {unknown} - hint: make it beforehand: CREATE SCHEMA [crm]",
            f"FAIL storage: container: {missing} - hint: make the container, or change `storage_container`",
        ],
    )
    assert arrived() == before


@pytest.mark.parametrize(
    ("pattern", "number", "message", "right", "grant"),
    [
        (
            "^CREATE TABLE",
            262,
            "CREATE TABLE permission denied in database 'pool'.",
            "CREATE TABLE",
            "GRANT CREATE TABLE TO [loader]",
        ),
        (
            "^COPY",
            4834,
            "You do not have permission to use the bulk load statement.",
            "COPY",
            "GRANT ADMINISTER DATABASE BULK OPERATIONS TO [loader]",
        ),
        ("^DELETE", 229, "The DELETE permission was denied on the object.", "DELETE", "GRANT DELETE ON SCHEMA::[dbo] TO [loader]"),
    ],
)
def test_a_right_that_lacks_fails_by_its_name_and_nothing_is_left_behind(stand, arrived, pattern, number, message, right, grant):
    before = arrived()
    pool = Control(stand.environment["SANDBOX_SYNAPSE_CONTROL_URL"])
    pool.fault(kind="error", pattern=pattern, number=number, message=message)
    shown = stand.show("target-synapse", "--check")
    failures = [line for line in shown.lines if line.startswith("FAIL")]
    assert (shown.exit_code, failures) == (1, [f"FAIL synapse: {right} in dbo: refused: {message} ({number}) - hint: run {grant}"])
    assert arrived() == before


def test_an_empty_request_that_mparticle_refuses_as_such_proves_nothing_and_says_so(stand):
    stand.control("mparticle").fault(path="/v2/bulkevents", status=400)
    shown = stand.show("target-mparticle", "--check")
    told = "not provable without sending: the empty request was refused as such (400), not for its key"
    assert (shown.exit_code, shown.lines[1:]) == (0, [f"note mparticle: key: {told}"])


@every_command
def test_settings_that_are_wrong_exit_2_before_anything_is_tried(stand, command):
    option = "--preview" if command.startswith("tap-") else "--plan"
    for each in ("--check", option):
        shown = stand.show(command, each, settings={})
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert f"{command}: settings are not right: " in shown.stderr


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("tap-warehouse", ["--check", "--preview"]),
        ("tap-warehouse", ["--preview", "0"]),
        ("target-mparticle", ["--check", "--plan"]),
        ("target-synapse", ["--show-values"]),
    ],
)
def test_options_that_do_not_go_together_exit_2(stand, command, options):
    shown = stand.show(command, *options)
    assert (shown.exit_code, shown.stdout) == (2, "")


@every_command
def test_the_readme_says_how_to_try_it_with_options_that_exist(command):
    readme = (ROOT / command / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## Try before you load\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("$ ")]
    shown = {word for line in lines for part in line[2:].split("|") if part.split()[0] == command for word in part.split() if word.startswith("--")}
    has = {name for parameter in PLUGINS[command].get_singer_command().params for name in parameter.opts}
    own = {"--check", "--preview"} if command.startswith("tap-") else {"--check", "--plan"}
    assert own <= shown | set(re.findall(r"`(--[a-z-]+)", section))
    assert shown <= has
