"""An account that lives, from empty to complete and on, into Synapse and into targets that nobody here wrote: the tables are the account each time."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from autopilot_pipes import COLUMNS, Pipe, as_read, pairs_of_account, rows_of_account
from harness import COMMANDS
from postgres_server import postgres_server
from psycopg import sql
from sandbox.http.control import Control
from sandbox.processes import running

ROOT = Path(__file__).parents[2]
CUSTOMERS = 250  # three pages, and two more for the deleted rows: a scan of a second, at the five requests that the service allows in one
PAGES = 5
MOST_AT_ONCE = 8  # contacts that a change changes, of each kind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # a busy machine takes several times as long


@pytest.fixture
def sandbox_settings(tmp_path_factory, request):
    with running(tmp_path_factory.mktemp("sandbox"), request.param) as settings:
        Control(settings["SANDBOX_AUTOPILOT_URL"]).change(customers=CUSTOMERS)
        yield settings


def pipe_into(target, settings, folder, **tap_settings):
    own = {"api_key": settings["TAP_AUTOPILOT_API_KEY"], "base_url": settings["TAP_AUTOPILOT_BASE_URL"]}
    streams = {"custom_fields": "both", "membership_source": "contacts", "lookback_s": 0, "emit_activate_version_messages": True}
    environment = {name: value for name, value in settings.items() if name.startswith("TARGET_")}
    return Pipe(folder, Control(settings["SANDBOX_AUTOPILOT_URL"]), {**own, **streams, **tap_settings}, target, environment)


def change(account, random, gone):
    """Some of everything; `gone` learns who was deleted."""
    wish = {what: random.randint(0, MOST_AT_ONCE) for what in ("update", "add", "delete", "relist")}
    gone.update(account.change(**wish)["delete"])


def rounds(pipe, random, *, count, killed, look):
    """So many incremental runs, each behind a change, in `killed` of them a run before that is killed; the account and what `look` finds are the same each time.

    `look` is told who was deleted so far: a target that cannot take `contact_ids` has to leave them aside.
    """
    gone = set()
    pipe.run()
    assert look(gone) == rows_of_account(pipe.account)
    struck = set(random.sample(range(count), killed))
    for number in range(count):
        change(pipe.account, random, gone)
        if number in struck:
            pipe.run(kill=random.choice(["tap", "target"]), behind_pages=random.randint(0, PAGES - 1))
        pipe.run()
        assert look(gone) == rows_of_account(pipe.account), f"after run {number}"
    return gone


@pytest.mark.parametrize("sandbox_settings", [["autopilot", "blob", "synapse"]], indirect=True)
def test_synapse_holds_the_account_after_each_of_ten_runs_some_of_them_killed_and_after_a_full_run(sandbox_settings, tmp_path):
    """Who is gone is known by `contact_ids` after each run, as are memberships that ended; a full run takes them out of `contacts` too."""
    control = Control(sandbox_settings["SANDBOX_SYNAPSE_CONTROL_URL"])

    def query(text):
        return control.stored("query=" + quote(text))

    def table():
        pairs = query("SELECT list_id, contact_id FROM [kept].[lists_contacts]")
        assert {(one["list_id"], one["contact_id"]) for one in pairs} == pairs_of_account(pipe.account)
        rows = query(f"SELECT {', '.join(COLUMNS)} FROM [kept].[contacts]")
        assert len({one["contact_id"] for one in rows}) == len(rows)
        return {one["contact_id"]: as_read(one[name] for name in COLUMNS) for one in rows}

    def still_there(_gone):
        ids = {one["contact_id"] for one in query("SELECT contact_id FROM [kept].[contact_ids]")}
        return {key: row for key, row in table().items() if key in ids}

    pipe = pipe_into([str(COMMANDS / "target-synapse"), "--config", "ENV"], sandbox_settings, tmp_path)
    pipe.target_environment |= {"TARGET_SYNAPSE_BATCH_SIZE_ROWS": "60", "TARGET_SYNAPSE_DEFAULT_TARGET_SCHEMA": "kept"}  # a STATE a page
    pipe.target_environment["TARGET_SYNAPSE_HARD_DELETE"] = "true"
    pipe.select("contacts", "contact_ids", "lists_contacts")
    gone = rounds(pipe, Random(6), count=10, killed=3, look=still_there)
    assert gone & set(table())
    pipe.select("contacts", "lists_contacts", full=("contacts",))
    change(pipe.account, Random(5), gone)
    pipe.run(kill="target", behind_pages=2)
    pipe.run(membership_source="lists")
    assert table() == rows_of_account(pipe.account)


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


def command_of(environment, name):
    """A target in an environment of its own: it holds other versions of what ours need."""
    command = ROOT / environment / "bin" / name
    if not command.exists():
        pytest.skip(f"{name} is not installed: `make setup` with --tests does that")
    return str(command)


@pytest.mark.parametrize("sandbox_settings", [["autopilot"]], indirect=True)
def test_a_foreign_target_holds_the_account_in_postgresql_and_a_full_run_drops_who_is_gone(sandbox_settings, postgres, tmp_path):
    target = postgres.settings
    target |= {"default_target_schema": "autopilot", "hard_delete": True, "load_method": "upsert", "batch_size_rows": 60}
    (tmp_path / "target.json").write_text(json.dumps(target))
    command = [command_of(".venv-target-postgres", "target-postgres"), "--config", str(tmp_path / "target.json")]
    pipe = pipe_into(command, sandbox_settings, tmp_path, field_case="wire")

    def rows(name, columns):
        fields = sql.SQL(", ").join(map(sql.Identifier, columns))
        with postgres.connect() as connection:
            return connection.execute(sql.SQL("SELECT {} FROM autopilot.{}").format(fields, sql.Identifier(name))).fetchall()

    def table():
        found = [as_read(one) for one in rows("contacts", COLUMNS)]
        assert len({one[0] for one in found}) == len(found)
        return {one[0]: one for one in found}

    def still_there(_gone):
        ids = {one for (one,) in rows("contact_ids", ("contact_id",))}
        return {key: row for key, row in table().items() if key in ids}

    pipe.select("contacts", "contact_ids", "lists_contacts")
    gone = rounds(pipe, Random(7), count=3, killed=1, look=still_there)
    assert set(rows("lists_contacts", ("list_id", "contact_id"))) == pairs_of_account(pipe.account)
    assert gone & set(table())
    pipe.select("contacts", "lists_contacts", full=("contacts",))
    change(pipe.account, Random(8), gone)
    pipe.run(kill="tap", behind_pages=2)
    pipe.run()
    assert table() == rows_of_account(pipe.account)


class Lines:
    """The files of target-jsonl, which adds a line a record: the newest line of a key counts."""

    def __init__(self, folder):
        self._folder = folder

    def newest(self, stream, keys):
        path = self._folder / f"{stream}.jsonl"
        found = map(json.loads, path.read_text(encoding="utf-8").splitlines() if path.exists() else ())
        return {tuple(one[key] for key in keys): one for one in found}


@pytest.mark.parametrize("sandbox_settings", [["autopilot"]], indirect=True)
def test_a_foreign_target_holds_the_account_in_files_with_a_stream_map_on_it(sandbox_settings, tmp_path):
    (tmp_path / "target.json").write_text(json.dumps({"destination_path": str(tmp_path / "files"), "do_timestamp_file": False}))
    command = [command_of(".venv-target-jsonl", "target-jsonl"), "--config", str(tmp_path / "target.json")]
    lines = Lines(tmp_path / "files")
    maps = {"contacts": {"__alias__": "people", "Phone": None, "domain": "Email.split('@')[-1] if Email else None"}}
    pipe = pipe_into(command, sandbox_settings, tmp_path, membership_source="lists", stream_maps=maps)

    def table(gone):
        people = lines.newest("people", ["contact_id"])
        assert all("Phone" not in one and one["domain"] == ((one["Email"] or "").rpartition("@")[2] or None) for one in people.values())
        return {key: as_read(one[name] for name in COLUMNS) for (key,), one in people.items() if key not in gone}

    rounds(pipe, Random(9), count=2, killed=1, look=table)
    assert set(lines.newest("lists_contacts", ["list_id", "contact_id"])) >= pairs_of_account(pipe.account)
    assert {key for (key,) in lines.newest("lists", ["list_id"])} == {one["list_id"] for one in pipe.account.stored("what=lists")}
