"""A canary in every setting of all five, every failure path provoked, at every log level: none of it is in what is written."""

from __future__ import annotations

import base64
import html
import json
import logging
import socket
from contextlib import suppress
from urllib.parse import quote

import duckdb
import pyodbc
import pytest
import requests
from conformance_settings import COMMANDS, LINES, LOG_CONFIG, TAPS
from sandbox.http.control import Control
from showing import MODELS, PLUGINS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("_put_back")]  # some hundred runs

CORE = "canary9d7e"  # what is looked for: it starts each canary, so that one that is cut short is found as well, and no escaping changes it
CANARY = CORE + '/+ "q"&=<\\>'
KEY = base64.b64encode(b"a storage key").decode()
ROWS = [
    {"type": "SCHEMA", "stream": "users", "key_properties": ["customer_id"], "schema": {"properties": {"customer_id": {"type": "string", "maxLength": 12}, "age": {"type": ["integer", "null"]}}}},
    {"type": "RECORD", "stream": "users", "record": {"customer_id": "c-1", "age": 1}},
    {"type": "RECORD", "stream": "users", "record": {"customer_id": "c-2", "age": "old"}},
    {"type": "STATE", "value": {"bookmarks": {"users": 1}}},
]  # fmt: skip
# Secrets for each, in the form that gets furthest: the sandbox's own where a login must work for the failure to be reached.
PLANTED = {
    "tap-autopilot": {"api_key": CANARY},
    "tap-fullstory": {"api_key": f"{CORE}.x/+="},
    "tap-warehouse": {"postgres": {"host": "127.0.0.1", "database": "d", "user": "u", "password": CANARY}},
    "target-synapse": {"password": CANARY},
    "target-mparticle": {"api_key": CANARY, "api_secret": CORE + "-other"},
}
LOGGING = {
    "quiet": {},
    "debug": {"LOGLEVEL": "DEBUG"},
    "plugin debug": {"{prefix}_LOGLEVEL": "DEBUG"},
    "structured": {"LOGLEVEL": "DEBUG", "SINGER_SDK_LOG_CONFIG": "log.yaml"},
}


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def _levels():
    """Runs in this process set levels; the next test begins with those of before."""
    loggers = [logging.getLogger(), *(one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    before = [(one, one.level, one.handlers[:], one.propagate) for one in loggers]
    yield
    for one, level, handlers, propagate in before:
        one.setLevel(level)
        one.handlers[:], one.propagate = handlers, propagate


@pytest.fixture(params=LOGGING)
def runs(request, stand, monkeypatch, _levels):
    """Runs a command with its secrets planted, at one of the ways to log; everything that the runs wrote is gathered."""
    return Runs(stand, monkeypatch, LOGGING[request.param])


class Runs:
    def __init__(self, stand, monkeypatch, variables):
        self.stand, self.monkeypatch, self.variables = stand, monkeypatch, variables
        self.leaks, self.exit_codes, self.texts, self.core = [], {}, {}, CORE
        (stand.folder / "log.yaml").write_text(LOG_CONFIG)

    def run(self, what, command, *options, lines=ROWS, secrets=None, **changes):
        for name, value in self.variables.items():
            self.monkeypatch.setenv(name.format(prefix=command.upper().replace("-", "_")), value)
        files = {"run_log_path": "runs.jsonl"} | ({} if command in TAPS else {"rejects_path": "rejects.jsonl"})
        quick = {"max_tries": 1, "max_retry_total_s": 1} if command == "target-mparticle" else {}
        settings = {**files, **quick, **(PLANTED[command] if secrets is None else secrets), **changes}
        shown = self.stand.show(command, *options, lines=lines, **settings)
        left = [self.stand.folder / name for name in ("runs.jsonl", "rejects.jsonl")]
        text = "\n".join([shown.stdout, shown.stderr, *(one.read_text() for one in left if one.exists())])
        self.exit_codes[what], self.texts[what] = shown.exit_code, text
        self.leaks += [f"{what}: {line}" for line in text.splitlines() if self.core in line]
        for one in left:
            one.unlink(missing_ok=True)


def echoes(secret):
    """Bodies in which a service or a proxy may quote a key back: escaped in its way, or so that a cut falls into it."""
    return [
        json.dumps({"message": f"no such key: {secret}"}),
        html.escape(f"<p>{secret}</p>") + quote(secret, safe=""),
        json.dumps(json.dumps(secret)),
        "x" * 285 + secret,
        "x" * 296 + secret,
    ]


HTTP = {"tap-autopilot": ("autopilot", "--discover"), "tap-fullstory": ("fullstory", "--check"), "target-mparticle": ("mparticle", None)}


@pytest.mark.parametrize("command", HTTP)
def test_a_service_that_quotes_the_key_back_is_quoted_without_it(command, runs):
    service, option = HTTP[command]
    control = runs.stand.control(service)
    [secret, *_] = PLANTED[command].values()
    for status, body in zip((400, 401, 403, 404, 409), echoes(secret), strict=True):
        control.clear_faults()
        said = json.dumps({"errors": [{"code": "BAD", "message": body}]}) if service == "mparticle" and status == 400 else body
        control.fault(status=status, body=said, times=50)
        runs.run(f"{status}", command, *([option] if option and status % 2 else []))
    control.clear_faults()
    assert runs.leaks == []
    assert 0 not in runs.exit_codes.values() or command == "tap-autopilot"  # discovery goes on without custom fields
    assert "***" in "".join(runs.texts.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_what_nobody_foresaw_is_told_without_the_key(command, runs):
    secret = CANARY if command != "tap-fullstory" else PLANTED[command]["api_key"]

    def broken(*_, **__):
        try:
            raise ValueError({"headers": json.dumps({"key": secret})})
        except ValueError as error:
            raise RuntimeError(f"lost the connection of {secret!r} to http://x/?key={quote(secret)}") from error

    for module, name in ((requests.Session, "send"), (duckdb, "connect"), (pyodbc, "connect")):
        runs.monkeypatch.setattr(module, name, broken)
    for options in ([], ["--check"], *([["--preview"], ["--discover"]] if command in TAPS else [])):
        runs.run(f"broken {options}", command, *options)
    assert runs.leaks == []
    assert any(runs.exit_codes.values())
    assert "lost the connection of '***" in "".join(runs.texts.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_service_that_is_not_there_is_told_without_the_key(command, runs):
    port = closed_port()
    address = f"http://someone:{CORE}@127.0.0.1:{port}/v1"
    changes = {
        "tap-warehouse": {"warehouse": "postgres", "postgres": {**PLANTED["tap-warehouse"]["postgres"], "port": port}},
        "target-synapse": {"port": port, "storage_url": f"http://127.0.0.1:{port}/account", "storage_account_key": KEY},
    }.get(command, {"base_url": address})
    for option in ("--check", "--preview" if command == "tap-warehouse" else "--check"):
        runs.run(option, command, option, **changes)
    runs.monkeypatch.setenv("HTTPS_PROXY", address)
    runs.monkeypatch.setenv("HTTP_PROXY", address)
    runs.run("proxy", command, "--check", **{**changes, **({"base_url": "https://service.example/v1"} if "base_url" in changes else {})})
    assert runs.leaks == []
    assert set(runs.exit_codes.values()) == {1}, runs.texts


def test_a_pool_or_store_that_quotes_the_password_is_quoted_without_it(runs):
    control = Control(runs.stand.environment["SANDBOX_SYNAPSE_CONTROL_URL"])
    own = runs.stand.settings("target-synapse")
    runs.core = own["password"][:9]
    for number, fault in enumerate(
        [
            {"kind": "login_error", "number": 18456, "message": f"Login failed for {own['password']}"},
            {"kind": "error", "pattern": "^COPY", "number": 105215, "message": f"cannot read with {own['password']} at ?sig={own['password']}"},
            {"kind": "error", "pattern": "^INSERT", "number": 8115, "message": "x" * 1_990 + own["password"]},
            {"kind": "error", "pattern": "^CREATE TABLE", "number": 262, "message": json.dumps(own["password"])},
        ]
    ):
        for options in ([], ["--check"]):
            control.clear_faults()
            control.fault(**fault)
            runs.run(f"{number} {options}", "target-synapse", *options, secrets={})
    control.clear_faults()
    runs.run("wrong storage key", "target-synapse", secrets={"storage_account_key": base64.b64encode(own["password"].encode()).decode()})
    assert runs.leaks == []
    assert len([code for code in runs.exit_codes.values() if code]) >= 7


def test_a_query_that_holds_a_password_is_refused_without_it(runs):
    for sql in (f"SELECT '{CANARY}'::INTEGER AS n", f'SELECT "{CORE}" FROM nowhere', f"SELECT * FROM '{CORE}.csv'"):
        for options in ([], ["--check"], ["--preview"]):
            secrets = {"postgres": {"password": CANARY}, "duckdb": runs.stand.settings("tap-warehouse")["duckdb"]}
            runs.run(
                f"{sql} {options}",
                "tap-warehouse",
                *options,
                secrets=secrets,
                models=[{"name": "odd", "sql": sql.replace(CORE, CANARY) if "csv" in sql else sql}],
            )
    assert [one for one in runs.leaks if CANARY in one] == []
    assert set(runs.exit_codes.values()) == {0, 1, 2}  # the first is refused only while its rows are read


@pytest.mark.usefixtures("_levels")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_key_in_the_place_of_any_other_setting_is_not_shown(command, stand, monkeypatch):
    """Pasted into the wrong line, and into the right one too: messages that quote a wrong value know it for a secret."""
    runs = Runs(stand, monkeypatch, {})
    plugin = PLUGINS[command]
    schema = plugin.config_jsonschema
    plugin.append_builtin_config(schema)
    secrets = PLANTED[command] | ({"models": MODELS} if command == "tap-warehouse" else {})
    key = next((one for one in PLANTED[command].values() if isinstance(one, str)), CANARY)
    for name in schema["properties"]:
        for kind, value in (("text", key), ("object", {"x": {key: [key]}})):
            with suppress(OSError):  # a file of that name
                runs.run(f"{name} as {kind}", command, "--check", **{**secrets, name: value})
    assert runs.leaks == []
    assert 2 in runs.exit_codes.values()


def test_what_a_plugin_tells_about_itself_holds_no_setting(runs):
    for command in COMMANDS:
        for options in (["--about"], ["--about", "--format=json"], ["--help"], ["--version"]):
            runs.run(f"{command} {options}", command, *options)
    assert runs.leaks == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_with_rejected_rows_or_none_shows_no_key(command, runs):
    own = runs.stand.settings(command)
    opening = [own[name] for name, part in PLUGINS[command].config_jsonschema["properties"].items() if part.get("secret") and name in own]
    runs.run("own", command, *(["--preview"] if command in TAPS else []), secrets={})
    runs.run("good", command, *(["--check"] if command in TAPS else []), lines=LINES, secrets={})
    text = "".join(runs.texts.values())
    assert [one for one in opening if str(one) in text or quote(str(one), safe="") in text] == []
    assert runs.exit_codes == {"own": 0 if command in TAPS else 3, "good": 0}
