"""Try before you load: `--preview` of the taps and `--plan` of the targets. Nothing is written but what is asked for, and nothing arrives."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from harness import COMMANDS, command_environment
from sandbox.fullstory.access import STANDARD_KEY
from sandbox.http.control import Control
from showing import PLUGINS

pytestmark = pytest.mark.slow  # five commands, each as a process of its own: minutes together

USERS = {
    "type": "SCHEMA",
    "stream": "users",
    "key_properties": ["customer_id"],
    "bookmark_properties": ["updated"],
    "schema": {
        "properties": {
            "customer_id": {"type": "string"},
            "email": {"type": ["string", "null"]},
            "spend": {"type": ["number", "null"]},
            "updated": {"type": "string", "format": "date-time"},
        }
    },
}


def user(number, **changes):
    row = {"customer_id": f"customer-{number}", "email": f"someone{number}@example.com", "spend": number / 2, "updated": "2025-01-01T00:00:00Z"}
    return {"type": "RECORD", "stream": "users", "record": {**row, **changes}}


STATE = {"type": "STATE", "value": {"bookmarks": {"users": 1}}}
GOOD_LINES = [USERS, user(1), user(2), user(3, email=None), STATE]
BAD_LINES = [USERS, user(1), user(2, spend="a-fortune"), user(3), user(4, spend="a-treasure"), STATE]
IDENTITIES = ("customer-1", "customer-2", "someone1@", "someone2@", "a-fortune", "a-treasure")


@pytest.mark.parametrize("streams", [["hooks", "lists"], ["contacts", "contact_utm"]])
def test_a_preview_in_a_pipe_is_the_first_records_of_each_selected_stream_and_no_state(stand, streams):
    catalog = {"streams": [_entry(name, selected=name in streams) for name in _streams(stand, "tap-autopilot")]}
    (stand.folder / "catalog.json").write_text(_json(catalog))
    shown = stand.show("tap-autopilot", "--preview", "2", "--catalog", "catalog.json")
    whole = stand.show("tap-autopilot", "--catalog", "catalog.json")
    expected = []
    for stream in streams:
        records = [one["record"] for one in whole.objects if one["type"] == "RECORD" and one["stream"] == stream]
        expected += [{"stream": stream, "record": record} for record in records[:2]]
    assert shown.exit_code == 0
    assert shown.objects == expected


def test_a_preview_of_incremental_models_counts_no_rows_and_writes_none_but_those_asked_for(stand):
    shown = stand.show("tap-warehouse", "--preview")
    assert (shown.exit_code, shown.objects) == (0, [{"stream": "numbers", "record": {"id": n, "twice": 2 * n}} for n in range(5)])


def test_a_preview_begins_where_the_state_says(stand):
    (stand.folder / "state.json").write_text('{"bookmarks": {"numbers": {"replication_key": "id", "replication_key_value": 17}}}')
    shown = stand.show("tap-warehouse", "--preview", "2", "--state", "state.json")
    assert [one["record"]["id"] for one in shown.objects] == [17, 18]


def test_a_preview_reads_few_pages_even_where_nothing_changed_since_the_start(stand):
    control = stand.control("autopilot")
    for changes in ({}, {"start_date": "2999-01-01T00:00:00Z"}):
        control.forget_requests()
        assert stand.show("tap-autopilot", "--preview", **changes).exit_code == 0
        pages = [one for one in control.requests() if re.fullmatch(r"/v1/contacts(/person_[^/]*)?", one["path"])]
        assert 1 <= len(pages) <= 3, pages


def test_a_preview_of_an_account_takes_a_handful_of_requests(stand):
    control = stand.control("fullstory")
    control.forget_requests()
    shown = stand.show("tap-fullstory", "--preview", "3")
    assert shown.exit_code == 0
    assert Counter(one["stream"] for one in shown.objects) == {
        "events": 3, "segments": 3, "sessions": 3, "users": 3,
    }  # fmt: skip
    answered = [one for one in control.requests() if one["status"] != 429]  # bundles are two a minute, for all tests of this sandbox together
    assert len(answered) <= 10


def _calls_of_preview(stand, command, stream, pattern, **changes):
    """Preview one stream alone, read in full, to more rows than there are."""
    catalog = {"streams": [_entry(name, selected=name == stream, method="FULL_TABLE") for name in _streams(stand, command)]}
    (stand.folder / "catalog.json").write_text(_json(catalog))
    control = stand.control(command.partition("-")[2])
    control.forget_requests()
    shown = stand.show(command, "--preview", "10000", "--catalog", "catalog.json", **changes)
    return shown, [one for one in control.requests() if re.fullmatch(pattern, one["path"])]


def test_a_preview_does_not_ask_for_everybody_where_nobody_has_sessions_and_says_so(stand):
    nobody = [f"nobody-{number}" for number in range(60)]
    shown, calls = _calls_of_preview(stand, "tap-fullstory", "sessions", "/v2/sessions", uids=nobody)
    assert (shown.exit_code, len(calls)) == (0, 10)
    assert "sessions: 10 calls gave no more rows; a preview makes no more of them for a stream" in shown.stderr


@pytest.mark.parametrize("stream", ["contact_custom_fields", "contact_mail_events", "contact_utm"])
def test_a_preview_of_what_hangs_on_contacts_reads_few_pages_of_them(stand, stream):
    shown, calls = _calls_of_preview(stand, "tap-autopilot", stream, r"/v1/contacts(/person_[^/]*)?")
    assert (shown.exit_code, len(calls) <= 10) == (0, True)


def test_a_stream_that_the_key_may_not_read_is_named_behind_the_preview(stand):
    shown = stand.show("tap-fullstory", "--preview", "1", api_key=STANDARD_KEY, uids=["u-0001"])
    assert (shown.exit_code, [one["stream"] for one in shown.objects]) == (0, ["segments", "sessions"])
    assert "the key may not read events, users (HTTP 403)" in shown.stderr


def test_a_preview_with_a_wrong_key_fails_with_one_line_and_shows_nothing(stand):
    shown = stand.show("tap-autopilot", "--preview", api_key="canary-7b1f0e")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "canary" not in shown.stderr


def test_on_a_terminal_a_preview_is_a_table_cut_to_its_width(stand):
    (stand.folder / "settings.json").write_text(_json(stand.settings("tap-warehouse")))
    ours, theirs = pty.openpty()
    command = [str(COMMANDS / "tap-warehouse"), "--config", "settings.json", "--preview", "2"]
    environment = command_environment({"COLUMNS": "10", "LINES": "20"})
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, cwd=stand.folder, env=environment, timeout=60, check=False)
    os.close(theirs)
    text = os.read(ours, 10_000).decode()
    os.close(ours)
    assert (done.returncode, text.splitlines()) == (0, ["numbers: 2 rows", "id   twice", "0    0", "1    2", ""])


def test_the_plan_of_a_feed_shows_mapping_batches_and_counts_and_masks_who_it_is(stand, arrived):
    before = arrived()
    shown = stand.show("target-mparticle", "--plan", lines=GOOD_LINES)
    assert shown.exit_code == 0
    assert [re.sub(r'"source_request_id":"[^"]*"', '"source_request_id":"ID"', line) for line in shown.lines] == [
        "stream users (user_attributes, development)",
        "  customer_id -> user_identities.customer_id",
        "  email       -> user_identities.email",
        "  spend       -> user_attributes.spend",
        "  updated     -> (not sent)",
        "  rows: 3 read = 3 valid + 0 invalid + 0 skipped; 3 batches",
        *(f"  batch {number}: {_masked_batch(spend)}" for number, spend in ((1, 0.5), (2, 1.0))),
        "3 batches in 1 request to http://HOST/v2, 0 s at the least with 250 batches a second; nothing was sent",
    ]
    assert arrived() == before


def test_the_plan_sends_the_very_batches_that_a_load_does(stand):
    shown = stand.show("target-mparticle", "--plan", "--show-values", lines=GOOD_LINES)
    control = stand.control("mparticle")
    control.change(forget=True)
    stand.show("target-mparticle", lines=GOOD_LINES)
    sent = [one["batch"] for one in control.stored("what=batches")]
    planned = [line.split(": ", 1)[1] for line in shown.stdout.splitlines() if line.startswith("  batch ")]
    assert [json.loads(text) for text in planned] == sent[:2]


@pytest.mark.parametrize("command", ["target-mparticle", "target-synapse"])
def test_a_plan_with_invalid_rows_ends_as_the_load_would_and_writes_no_rejects_file(stand, arrived, command):
    before = arrived()
    shown = stand.show(command, "--plan", lines=BAD_LINES)
    assert shown.exit_code == 3
    assert "a load would reject 2 rows, more than the settings allow; nothing was loaded" in shown.stderr
    assert [line for line in shown.lines if "invalid: 2 x " in line] != []
    assert [text for text in IDENTITIES if text in shown.stdout + shown.stderr] == []
    assert list(Path.cwd().glob("*rejects*")) == []
    assert arrived() == before


def test_a_plan_shows_rejected_values_when_asked_to(stand):
    shown = stand.show("target-mparticle", "--plan", "--show-values", lines=BAD_LINES)
    assert "  invalid: 2 x NOT_AS_DECLARED `spend`: the row does not fit its SCHEMA: 'a-fortune' is not of type 'number', 'null'" in shown.lines


def test_the_plan_of_a_pool_is_the_sql_that_a_load_runs(stand, arrived):
    before = arrived()
    shown = stand.show("target-synapse", "--plan", lines=GOOD_LINES, default_target_schema="planned")
    assert shown.exit_code == 0
    assert arrived() == before
    assert "\n-- stream users: 3 rows read, 3 valid, 0 invalid\n" in shown.stdout
    pool = Control(stand.environment["SANDBOX_SYNAPSE_CONTROL_URL"])
    pool.forget_requests()
    assert stand.show("target-synapse", lines=GOOD_LINES, default_target_schema="planned").exit_code == 0
    ran = [_shape(one["command"]) for one in pool.requests()]
    planned = [_shape(part) for part in re.sub(r"(?m)^--.*\n", "", shown.stdout).split(";\n")]
    unguarded = ("COPY", "DELETE", "INSERT", "UPDATE", "CREATE TABLE [planned].[_sdc_stg")
    assert [one for one in planned if one.startswith(unguarded)] == [one for one in ran if one.startswith(unguarded)]
    made = [one for one in ran if one.startswith("CREATE")]
    assert len(made) == 4  # schema, ledger, table, staging table
    assert [one for one in made if not any(one in part for part in planned)] == []


def test_the_plan_of_a_pool_knows_the_tables_that_are_there(stand):
    assert stand.show("target-synapse", lines=GOOD_LINES, default_target_schema="grown").exit_code == 0
    wider = {**USERS, "schema": {"properties": {**USERS["schema"]["properties"], "city": {"type": ["string", "null"], "maxLength": 20}}}}
    shown = stand.show("target-synapse", "--plan", lines=[USERS, user(1), wider, user(2, city="Lima"), wider], default_target_schema="grown")
    changes = [line for line in shown.lines if "TABLE [grown].[users]" in line]
    assert changes == ["ALTER TABLE [grown].[users] ADD [city] nvarchar(20) NULL;"]


def test_the_plan_without_a_pool_assumes_empty_schemas_and_says_so(stand):
    shown = stand.show("target-synapse", "--plan", lines=GOOD_LINES, host="127.0.0.1", port=1)
    assert shown.exit_code == 0
    assert shown.lines[1] == "-- the pool was not read (cannot connect to HOST: Connection refused): empty schemas are assumed"
    assert sum("CREATE TABLE [dbo].[users]" in line for line in shown.lines) == 1


ORDERS = {
    "type": "SCHEMA",
    "stream": "orders",
    "key_properties": ["customer_id"],
    "schema": {"properties": {"customer_id": {"type": "string"}, "total": {"type": ["number", "null"]}}},
}


def in_batches(first, second):
    """Rows of two streams, so many of each, with a STATE behind each row: with a batch size of 1 each is a batch."""
    lines = [USERS, ORDERS]
    for number in range(max(first, second)):
        lines += [user(number)] if number < first else []
        lines += [{"type": "STATE", "value": {"bookmarks": {"users": 10 * number}}}]
        lines += [{"type": "RECORD", "stream": "orders", "record": {"customer_id": f"c-{number}", "total": 1}}] if number < second else []
        lines += [{"type": "STATE", "value": {"bookmarks": {"users": 10 * number + 1}}}]
    return lines


@pytest.mark.parametrize(("rows", "told"), [((1, 1), []), ((3, 2), ["-- and the same for 2 more batches", "-- and the same for 1 more batch"])])
def test_the_plan_of_several_batches_for_a_pool_shows_the_first_of_each_stream_and_counts_the_others(stand, arrived, rows, told):
    schema = f"batches{sum(rows)}"
    changes = {"default_target_schema": schema, "batch_size_rows": 1}
    before = arrived()
    shown = stand.show("target-synapse", "--plan", lines=in_batches(*rows), **changes)
    assert (shown.exit_code, arrived() == before) == (0, True)
    assert [line for line in shown.lines if line.startswith("-- and the same")] == told
    assert [len(re.findall(rf"(?m)^COPY INTO \[{schema}\]\.\[_sdc_stg", part)) for part in shown.stdout.split("\n-- stream ")] == [0, 1, 1]
    pool = Control(stand.environment["SANDBOX_SYNAPSE_CONTROL_URL"])
    pool.forget_requests()
    assert stand.show("target-synapse", lines=in_batches(*rows), **changes).exit_code == 0
    assert sum(one["command"].startswith("COPY INTO") for one in pool.requests()) == sum(rows)


def test_the_plan_of_several_batches_for_a_feed_counts_the_very_requests_of_a_load(stand, arrived):
    before = arrived()
    changes = {"batch_size_rows": 2, "max_batches_per_request": 1, "streams": {"orders": {"iterator": "none"}}}
    lines = in_batches(4, 3)
    shown = stand.show("target-mparticle", "--plan", lines=lines, **changes)
    assert (shown.exit_code, arrived() == before) == (0, True)
    counted = re.search(r"^(\d+) batches in (\d+) requests to ", shown.stdout, re.MULTILINE)
    assert [line.split("; ")[1] for line in shown.lines if line.startswith("  rows: ")] == ["4 batches", "3 batches"]
    control = stand.control("mparticle")
    control.forget_requests()
    assert stand.show("target-mparticle", lines=lines, **changes).exit_code == 0
    sent = [one for one in control.requests() if one["path"].startswith("/v2/")]
    assert (counted.groups(), len(sent)) == (("7", "7"), 7)


def test_a_plan_writes_no_secret_and_no_state(stand):
    for command in ("target-synapse", "target-mparticle"):
        settings = stand.settings(command)
        secrets = [
            settings[name] for name, part in PLUGINS[command].config_jsonschema["properties"].items() if part.get("secret") and name in settings
        ]
        shown = stand.show(command, "--plan", lines=GOOD_LINES)
        assert [one for one in secrets if str(one) in shown.stdout + shown.stderr] == []
        assert '"bookmarks"' not in shown.stdout


def _masked_batch(spend):
    who = '"user_identities":{"customer_id":"***","email":"***"}'
    return f'{{"environment":"development","source_request_id":"ID",{who},"user_attributes":{{"spend":{spend}}}}}'


def _shape(sql):
    """A statement without what each run makes anew, and without its secret."""
    sql = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,64}|_\d{14}_[0-9a-f]{8}", "ID", sql)
    return re.sub(r"SECRET = '[^']*'", "SECRET = '***'", sql).strip()


def _entry(stream, *, selected, method=None):
    return {
        "tap_stream_id": stream,
        "stream": stream,
        "schema": {"type": "object", "properties": {}},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": selected, **({"replication-method": method} if method else {})}}],
    }


def _streams(stand, command):
    return [one["tap_stream_id"] for one in json.loads(stand.show(command, "--discover").stdout)["streams"]]


def _json(value):
    return json.dumps(value)
