"""What is wrong is said before anything is read or moved: in one line each, with a hint, and without a secret."""

from __future__ import annotations

import importlib
import re
import socket

import pytest
from harness import run_command
from singer_commons.errors import ConfigurationError, CredentialsError, UnreachableError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.pool import odbc
from target_synapse.settings import settings_misfits
from target_synapse.target import TargetSynapse

LINES = [schema_line(USERS), record(id=1, name="Ann"), state({"at": 1})]
SECRET = "c2VjcmV0LXNlY3JldA=="


@pytest.fixture
def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("changes", "kind", "reason", "hint"),
    [
        (
            {"password": "wrong"},
            CredentialsError,
            r"cannot connect to 127.0.0.1: Login failed for user 'loader'. \(18456\)",
            "check `user` and `password`",
        ),
        ({"database": "other"}, CredentialsError, r"cannot connect to 127.0.0.1: .*\(4060\)", "check `database`"),
        ({"storage_account_key": SECRET}, CredentialsError, "container stage of .* refuses the secret", "check `storage_account_key`"),
        ({"storage_account_key": "no base64"}, CredentialsError, "container stage of .* refuses the secret", "check `storage_account_key`"),
        ({"storage_container": "nowhere"}, ConfigurationError, "there is no container nowhere of", "make the container"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_settings_are_named(changes, kind, reason, hint, load_here, pool, schema):
    with pytest.raises(kind) as caught:
        load_here(LINES, **changes)
    assert re.fullmatch(f"{reason}.*", str(caught.value))
    assert caught.value.hint.startswith(hint)
    assert SECRET not in str(caught.value) + caught.value.hint
    assert load_here.states == []
    assert pool.statements(f"[{schema}]") == []


def test_a_host_and_a_storage_that_do_not_answer_are_named(load_here, dead_port):
    with pytest.raises(UnreachableError, match=rf"cannot connect to 127\.0\.0\.1, port {dead_port}: Connection refused"):
        load_here(LINES, port=dead_port)
    with pytest.raises(UnreachableError, match=r"container stage of .* does not answer"):
        load_here(LINES, storage_url=f"http://127.0.0.1:{dead_port}/devstoreaccount1")


def test_all_problems_are_told_together_and_nothing_is_moved(load, staged):
    run = load(LINES, password="Wr0ng!!", storage_container="nowhere")
    told = [line for line in run.stderr.splitlines() if " - hint: " in line]
    assert (run.exit_code, run.stdout, len(told)) == (1, "", 3)
    assert "there is no container nowhere" in run.reason
    assert "Login failed for user 'loader'" in run.reason
    assert "Wr0ng!!" not in run.stderr
    assert staged() == []


def test_settings_that_do_not_fit_together_are_all_named():
    def told(**settings):
        return [str(one) for one in settings_misfits({"user": "u", "password": "p", **settings})]

    address = "expected an address such as https://account.blob.core.windows.net, without `?`"
    secrets = "`storage_account_key` and `storage_sas_token` and `storage_connection_secret`"
    assert told(storage_url="acct.blob.core.windows.net?x=1", storage_prefix="/a b", copy_storage_url="ftp://x") == [
        "`storage_container`: expected, unless `load_via` is `insert`; found nothing",
        f"{secrets}: expected exactly one of the three, or a `storage_authentication`, found none",
        f'`storage_url`: {address}, found "acct.blob.core.windows.net?x=1"',
        f'`copy_storage_url`: {address}, found "ftp://x"',
        '`storage_prefix`: expected letters, digits and . _ - in parts divided by /, found "/a b"',
    ]
    assert told(storage_url="https://a", storage_container="c", storage_prefix="a/b", storage_account_key="x", storage_sas_token="y") == [
        f"{secrets}: expected exactly one of the three, or a `storage_authentication`, found `storage_account_key` and `storage_sas_token`"
    ]


def test_without_storage_its_settings_are_not_asked_for():
    assert list(settings_misfits({"load_via": "insert", "user": "u", "password": "p"})) == []


def test_missing_settings_are_a_usage_error(tmp_path):
    run = run_command("target-synapse", settings={"host": "h"}, folder=tmp_path, lines=LINES)
    assert run.exit_code == 2
    assert all(name in run.reason for name in ("database", "user", "password", "storage_url", "storage_container"))


def test_a_missing_odbc_library_is_one_line_with_the_command_to_run(monkeypatch):
    def missing(name):
        raise ImportError("libodbc.so.2: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigurationError) as caught:
        odbc.load_pyodbc()
    assert str(caught.value) == "the ODBC manager cannot be loaded: libodbc.so.2 is missing"
    assert caught.value.hint.startswith("run `apt-get install -y --no-install-recommends libodbc2`")


def test_a_missing_driver_is_told_with_where_to_get_it(monkeypatch):
    class NoDrivers:
        @staticmethod
        def drivers():
            return []

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigurationError) as caught:
        odbc.find_driver(NoDrivers, None)
    assert str(caught.value) == "there is no `ODBC Driver 18 for SQL Server`"
    assert "msodbcsql18" in caught.value.hint
    assert odbc.find_driver(NoDrivers, "/lib/x.so") == "/lib/x.so"


FAILURES = [
    (("08S01", "[08S01] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: Error code 0x68 (104) (SQLExecDirectW)"), True),
    (("HY000", "The driver did not supply an error!"), True),
    (("HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0) (SQLDriverConnect)"), True),
    (("42000", "[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]The SQL pool is warming up. (42109) (SQLDriverConnect)"), True),
    (("40001", "[40001] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]deadlocked (1205) (SQLExecDirectW)"), True),
    (("42000", "[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]paused (42108) (SQLDriverConnect)"), False),
    (("28000", "[28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Login failed for user 'x'. (18456) (SQLDriverConnect)"), False),
    (("42S02", "[42S02] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Invalid object name 'x'. (208) (SQLExecDirectW)"), False),
]


@pytest.mark.parametrize(("arguments", "transient"), FAILURES, ids=[message[0] + str(number) for number, (message, _) in enumerate(FAILURES)])
def test_which_failures_pass(arguments, transient):
    assert odbc.failure(RuntimeError(*arguments)).is_transient is transient


def test_a_failure_is_taken_apart():
    found = odbc.failure(RuntimeError(*FAILURES[-1][0]))
    assert (found.state, found.number, found.text) == ("42S02", 208, "Invalid object name 'x'.")


def test_secrets_are_in_no_log_not_even_a_debugging_one(load):
    run = load(LINES, storage_account_key=SECRET)
    assert run.exit_code == 1
    assert SECRET not in run.stderr + run.stdout


def test_about_names_every_setting_and_marks_the_secret_ones():
    secret = {name for name, part in TargetSynapse.config_jsonschema["properties"].items() if part.get("secret")}
    assert secret == {
        "password",
        "storage_account_key",
        "storage_sas_token",
        "storage_connection_secret",
        "copy_sas_token",
        "entra_client_secret",
        "access_token",
    }
    described = TargetSynapse.config_jsonschema["properties"].values()
    assert all(part.get("title") and part.get("description") for part in described if "title" in part)
