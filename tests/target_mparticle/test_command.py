"""What a user sees of the command: one line with the reason and a hint, the right exit code, and never a secret."""

from __future__ import annotations

import json
import stat

import pytest
from harness import run_command
from mparticle_lines import SCHEMA, record, state, user
from singer_sdk.exceptions import ConfigValidationError

SECRET = 's3cret/with "quotes" & more'
PLAIN = {"api_key": "us1-key-of-tests", "api_secret": SECRET, "environment": "development"}
NOBODY = {"type": "SCHEMA", "stream": "nobody", "key_properties": ["id"], "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}


@pytest.fixture
def fails(tmp_path, mparticle):
    def run(lines, **changed):
        settings = {**PLAIN, "base_url": f"{mparticle.url}/v2", **changed}
        settings = {name: value for name, value in settings.items() if value is not None}
        done = run_command("target-mparticle", settings=settings, folder=tmp_path, lines=lines)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        for form in (SECRET, json.dumps(SECRET)[1:-1], "us1-key-of-tests"):
            assert form not in done.stderr
        return done.exit_code, done.reason.removeprefix("target-mparticle: ").partition(" - hint: ")[::2]

    return run


def test_a_wrong_secret(fails):
    code, (reason, hint) = fails([SCHEMA, record(user(1))])
    assert code == 1
    assert reason.startswith("mParticle's Events API answered POST /v2/events with 403")
    assert hint.startswith("check `api_key`, `api_secret` and `pod`")


def test_an_unreachable_service(fails):
    code, (reason, hint) = fails([SCHEMA, record(user(1))], base_url="http://127.0.0.1:1/v2", max_tries=1)
    assert (code, reason) == (1, "mParticle's Events API at http://127.0.0.1:1 did not answer: ConnectionError (tried 1 times)")
    assert hint == "check the address and the network, or run again later"


def test_a_record_before_its_schema(fails):
    code, (reason, hint) = fails([record(user(1))])
    assert code == 1
    assert "'users' was encountered before a corresponding schema" in reason
    assert hint == "a tap sends SCHEMA before the first RECORD of each stream"


def test_a_line_that_is_not_json(fails):
    code, (reason, hint) = fails(json.dumps(SCHEMA) + "\n" + json.dumps(record(user(1))) + f"\nlogged in with {SECRET}\n")
    assert code == 1
    assert reason.startswith("standard input is not Singer")
    assert hint == "each line must be one JSON message; is the tap's log mixed into its output?"


def test_settings_that_are_missing_or_do_not_fit(fails, tmp_path):
    code, (reason, _) = fails([], environment=None, pod="mars")
    file = "target-mparticle.config.json"
    assert (code, reason.replace(f"{tmp_path}/", "")) == (
        2,
        (
            f"settings are not right: `environment` is missing: expected string; looked in {file}; "
            f'`pod` in {file}: expected one of us1, us2, eu1, au1, found string "mars"'
        ),
    )


def test_settings_that_do_not_fit_together_are_told_together(load_inside):
    streams = {
        "a": {"data_type": "events"},
        "b": {"data_type": "events", "add_update_event": True, "mappings": [{"mapping_type": "ignore", "source": "x"}]},
    }
    with pytest.raises(ConfigValidationError) as found:
        load_inside(
            [], base_url="http://s2s.example.com/v2", max_batch_bytes=2000, max_request_bytes=1000, streams=streams, data_plan={"plan_version": 1}
        )
    assert found.value.errors == [
        "`base_url`: expected https, found http: the key and secret would travel in clear text (http is for this machine alone)",
        "`max_batch_bytes` and `max_request_bytes`: expected a batch to fit in a request, found 2000 over 1000",
        "`data_plan.plan_id`: expected an id beside `plan_version`, found none",
        "`streams.a.mappings`: expected mappings for a stream of events, found none",
        "`streams.b.add_update_event`: expected it to be off for a stream of events, which maps every column by `mappings`, found true",
        "`streams.b.mappings`: `events.event_type` has no mapping",
    ]


def test_mappings_are_judged_with_all_other_settings_as_far_as_no_schema_is_needed(fails, control, tmp_path):
    static = {"mapping_type": "static", "destination": "user_attributes.source", "value": None}
    users = [column("a", "user_identities.emial"), column("b", "ip"), column("c", "ip"), static, {"mapping_type": "column", "source": "d"}]
    orders = [
        {"mapping_type": "static", "destination": "events.event_type", "value": "screen_view"},
        column("no_schema_says_so", "user_identities.email"),
    ]
    code, (reason, _) = fails([], pod="mars", streams={"users": {"mappings": users}, "orders": {"data_type": "events", "mappings": orders}})
    file = "target-mparticle.config.json"
    assert (code, reason.replace(f"{tmp_path}/", "").split("; ")) == (2, [
        f'settings are not right: `pod` in {file}: expected one of us1, us2, eu1, au1, found string "mars"',
        f"`streams.users.mappings` in {file}: mapping 1: `user_identities.emial` is no destination",
        f"`streams.users.mappings` in {file}: mapping 4: the static value for `user_attributes.source` must be a text, number or boolean",
        f"`streams.users.mappings` in {file}: mapping 5: a column mapping needs a destination",
        f"`streams.users.mappings` in {file}: b and c both go to `ip`: ignore or map all but one",
        f"`streams.orders.mappings` in {file}: a screen_view needs a mapping for `events.data.screen_name`",
    ])  # fmt: skip
    assert control.requests() == []


def column(source, destination):
    return {"mapping_type": "column", "source": source, "destination": destination}


def test_a_stream_that_names_no_user_fails_or_is_skipped_and_counted(fails, load_inside, control, caplog):
    lines = [NOBODY, record({"id": 1}, "nobody"), SCHEMA, record(user(1)), state("end")]
    code, (reason, hint) = fails(lines)
    assert (code, reason) == (2, "stream nobody: no column identifies a user or device (columns: id)")
    assert "`unmapped_streams`" in hint
    caplog.set_level("INFO")
    assert load_inside(lines, unmapped_streams="skip") == [state("end")["value"]]
    assert control.stored()["stored"] == 1


def test_meltanos_probe_passes_and_nothing_that_it_would_take_for_a_failure_is_written(load):
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "created_at": {"type": "string", "format": "date-time"}},
    }
    row = {"id": 1, "name": "Meltano Test Record", "created_at": "2024-01-01T00:00:00Z"}
    stream = "meltano_test_stream"
    run = load(
        [{"type": "SCHEMA", "stream": stream, "key_properties": ["id"], "schema": schema}, record(row, stream), {"type": "STATE", "value": {"a": 1}}]
    )
    assert (run.exit_code, run.states) == (0, [{"a": 1}])
    assert [word for word in ("error", "exception") if word in run.stderr.lower()] == []


def test_a_dry_run_writes_the_batches_sends_nothing_and_moves_no_state(load, control, tmp_path):
    run = load([SCHEMA, record(user(1)), state("end")], dry_run=True)
    assert (run.exit_code, run.stdout, control.requests()) == (0, "", [])
    path = tmp_path / "target-mparticle.dry-run.jsonl"
    [batch] = [json.loads(line) for line in path.read_text().splitlines()]
    assert (batch["user_identities"], batch["user_attributes"]) == ({"customer_id": "c-1"}, {"spend": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Dry run: nothing was sent" in run.stderr
