"""All five commands tell all that is wrong with their settings at once, whatever they are asked to do, and reach nothing before."""

from __future__ import annotations

import json

import pytest
from conformance_settings import COMMANDS
from showing import PLUGINS
from singer_commons.command import run

pytestmark = pytest.mark.usefixtures("_put_back")

MISSPELT = {"flattening_max_dept": 3}
# A setting of the wrong type, one that cannot be read from its variable, and some that do not fit together or cannot be used.
WRONG = {
    "tap-autopilot": (
        {"custom_fields": "rows", "base_url": "api2.autopilothq.com", "api_key": " "},
        ['`custom_fields` in s.json: expected one of array, columns, both, found string "rows"',
         '`base_url` in s.json: expected an address such as https://api2.autopilothq.com/v1, found "api2.autopilothq.com"',
         "`api_key` in s.json: expected a key, found blanks"],
    ),
    "tap-fullstory": (
        {"sessions_shape": "v3", "api_key": "na1.k", "all_users": False},
        ['`sessions_shape` in s.json: expected one of v2, v2_legacy, v1, found string "v3"',
         "`all_users` in s.json and `uids` and `emails`: expected somebody whose sessions can be read, found `false` and neither ids nor addresses"],
    ),
    "tap-warehouse": (
        {"limit": 0, "warehouse": "postgres", "postgres": {"user": "u"}, "models": [{"sql": "SELECT 1"}, {"name": "m"}]},
        ["`limit` in s.json: expected at least 1, found integer 0",
         "`models.0.name` is missing: expected string; looked in s.json",
         "`postgres.database` in s.json: expected it for `warehouse` postgres, found none",
         "`models` in s.json: model `m` needs either `sql` or `sql_file`"],
    ),
    "target-synapse": (
        {"host": "h", "database": "d", "user": "u", "storage_url": "u", "storage_container": "c", "encrypt": "maybe", "rejects_path": "."},
        ["`password`: expected it for `authentication` sql, found none; looked in s.json, TARGET_SYNAPSE_PASSWORD",
         '`encrypt` in s.json: expected one of yes, no, strict, found string "maybe"',
         "`rejects_path` in s.json: expected the path of a file that can be written to, found ., which is a directory",
         "`storage_account_key` and `storage_sas_token` and `storage_connection_secret`: expected exactly one of the three, or a "  # noqa: ISC004 - one line
         "`storage_authentication`, found none; looked in s.json, TARGET_SYNAPSE_STORAGE_ACCOUNT_KEY, TARGET_SYNAPSE_STORAGE_SAS_TOKEN, "
         "TARGET_SYNAPSE_STORAGE_CONNECTION_SECRET",
         '`storage_url` in s.json: expected an address such as https://account.blob.core.windows.net, without `?`, found "u"'],
    ),
    "target-mparticle": (
        {"api_key": "k", "environment": "development", "max_tries": 0, "max_batch_bytes": 127_999, "max_request_bytes": 100_000,
         "streams": {"odd": {"data_typ": "events"}, "bare": {"data_type": "events"}}},
        ["`api_secret` is missing: expected string; looked in s.json, TARGET_MPARTICLE_API_SECRET",
         "`max_tries` in s.json: expected at least 1, found integer 0",
         "`streams.odd` in s.json: unknown entry `data_typ`; did you mean `data_type`?",
         "`max_batch_bytes` in s.json and `max_request_bytes` in s.json: expected a batch to fit in a request, found 127999 over 100000",
         "`streams.bare.mappings` in s.json: expected mappings for a stream of events, found none"],
    ),
}  # fmt: skip
OPTIONS = {"tap": ([], ["--check"], ["--preview"], ["--discover"], ["--test"]), "target": ([], ["--check"], ["--plan"])}


@pytest.mark.parametrize(("command", "options"), [(name, options) for name in COMMANDS for options in OPTIONS[name.partition("-")[0]]], ids="".join)
def test_all_problems_come_at_once_and_nothing_is_tried(command, options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    settings, told = WRONG[command]
    (tmp_path / "s.json").write_text(json.dumps({**settings, **MISSPELT}))
    prefix = command.upper().replace("-", "_")
    monkeypatch.setenv(f"{prefix}_FLATTENING_MAX_DEPTH", "deep")
    monkeypatch.setenv(f"{prefix}_RUN_LOG_PATH", str(tmp_path))
    exit_code = run(PLUGINS[command], ["--config", "s.json", "--config", "ENV", *options])
    out, err = capsys.readouterr()
    *warnings, reason = err.splitlines()
    head, _, rest = reason.partition("settings are not right: ")
    assert (exit_code, out, head) == (2, "", f"{command}: ")
    expected = [
        f"`flattening_max_depth` from {prefix}_FLATTENING_MAX_DEPTH: expected integer, found text 'deep'",
        f"`run_log_path` from {prefix}_RUN_LOG_PATH: expected the path of a file that can be written to, found {tmp_path}, which is a directory",
        *told,
    ]
    left = rest.partition(" - hint: ")[0]
    for sentence in expected:
        assert sentence in left
        left = left.replace(sentence, "", 1)
    assert set(left) <= {";", " "}
    assert [line for line in warnings if "unknown setting `flattening_max_dept` in s.json; did you mean `flattening_max_depth`?" in line] != []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.json"]
