"""The project file works with the real Meltano: install, run, and state carried from run to run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from autopilot_pipes import COLUMNS, as_read, pages_asked, rows_of_account, until
from sandbox.http.control import Control

ROOT = Path(__file__).parents[2]
MELTANO = ROOT / ".venv-meltano" / "bin" / "meltano"  # an environment of its own: it holds other versions of what the plugins need

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not MELTANO.exists(), reason="Meltano is not installed: `make setup` with --tests does that"),
]


@pytest.fixture(scope="module")
def meltano(tmp_path_factory, sandbox):
    """Runs Meltano in a copy of the checkout, against the sandbox."""
    project = tmp_path_factory.mktemp("project")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "TARGET_", "VIRTUAL_ENV"))}
    environment = {**plain, **sandbox, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}

    def begin(*arguments):
        # One stream for both, which is read to its end: a full pipe would stop Meltano.
        return subprocess.Popen(
            [MELTANO, "--environment=sandbox", *arguments], cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(*arguments, may_fail=False):
        done = subprocess.run(
            [MELTANO, "--environment=sandbox", *arguments], cwd=project, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert may_fail or done.returncode == 0, done.stdout + done.stderr
        return done

    run("install")
    run.begin = begin
    return run


def bookmark(meltano, state_name, stream):
    state = json.loads(meltano("state", "get", state_name).stdout)
    return state["singer_state"]["bookmarks"][stream]


def test_a_saas_account_goes_to_synapse_and_the_second_run_goes_on_from_the_state(meltano, sandbox):
    autopilot = Control(sandbox["SANDBOX_AUTOPILOT_URL"])
    meltano("run", "autopilot-to-synapse")
    first = bookmark(meltano, "sandbox:tap-autopilot-to-target-synapse", "contacts")
    autopilot.change(update=3, add=2)
    done = meltano("run", "autopilot-to-synapse")
    second = bookmark(meltano, "sandbox:tap-autopilot-to-target-synapse", "contacts")
    assert first["replication_key_value"] <= second["replication_key_value"]
    assert "Incremental state has been updated" in done.stdout + done.stderr
    loaded = Control(sandbox["SANDBOX_SYNAPSE_CONTROL_URL"]).stored("query=SELECT COUNT(*) AS n FROM [autopilot].[contacts]".replace(" ", "%20"))
    assert loaded == [{"n": len(autopilot.stored("what=contacts"))}]


def test_an_account_is_whole_after_runs_that_were_cut_off_and_after_a_full_refresh(meltano, sandbox):
    """The tap is killed at a page; Meltano keeps the last state that the target gave, and the next run goes on from there."""
    account, pool, random = Control(sandbox["SANDBOX_AUTOPILOT_URL"]), Control(sandbox["SANDBOX_SYNAPSE_CONTROL_URL"]), Random(6)
    gone = set()

    def table():
        rows = pool.stored("query=" + quote(f"SELECT {', '.join(COLUMNS)} FROM [autopilot].[contacts]"))
        held = {one["contact_id"]: as_read(one[name] for name in COLUMNS) for one in rows}
        assert len(held) == len(rows)
        return {key: value for key, value in held.items() if key not in gone}

    for _ in range(2):
        gone.update(account.change(update=5, add=2, delete=2)["delete"])
        cut_off(meltano, account, behind_pages=random.randint(1, 10))
        meltano("run", "autopilot-to-synapse")
        assert table() == rows_of_account(account)
    account.change(update=5)
    meltano("run", "--full-refresh", "autopilot-to-synapse")
    assert table() == rows_of_account(account)


def cut_off(meltano, account, *, behind_pages):
    """A run whose tap is killed once so many pages were answered."""
    account.forget_requests()
    run = meltano.begin("run", "autopilot-to-synapse")
    until(lambda: pages_asked(account) > behind_pages or run.poll() is not None)
    for tap in descendants(run.pid, "tap-autopilot"):
        os.kill(tap, signal.SIGKILL)
    assert "failed" in run.communicate(timeout=300)[0].lower()


def descendants(pid, name):
    """The processes below one that we started, whose command line has the name in it."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    processes = [line.split(None, 2) for line in listed.splitlines()]
    below = {str(pid)}
    while more := {one[0] for one in processes if one[1] in below} - below:
        below |= more
    return [int(one[0]) for one in processes if one[0] in below and name in one[2].partition(" --")[0]]


def test_warehouse_rows_go_to_mparticle_and_the_second_run_sends_only_what_changed(meltano, sandbox):
    warehouse, mparticle = Control(sandbox["SANDBOX_WAREHOUSE_URL"]), Control(sandbox["SANDBOX_MPARTICLE_URL"])
    meltano("run", "warehouse-to-mparticle")
    before = mparticle.stored("what=counts")
    changed = warehouse.change(customers=3, added=2, orders=0)["users"]
    meltano("run", "warehouse-to-mparticle")
    after = mparticle.stored("what=counts")
    assert (before["profiles"], after["profiles"]) == (2357, 2359)
    assert after["stored"] - before["stored"] == len(changed)


@pytest.mark.parametrize("plugin", ["tap-autopilot", "tap-fullstory", "tap-warehouse"])
def test_meltano_finds_each_extractor_well_configured(meltano, plugin):
    assert "Plugin configuration is valid" in meltano("config", "test", plugin).stdout


@pytest.mark.parametrize("plugin", ["target-synapse", "target-mparticle"])
def test_meltano_finds_each_loader_well_configured(meltano, plugin):
    """Meltano 4.4.1 then fails itself: it terminates the loader once more after waiting for its end (plugin_test_service.py), and finds no process."""
    done = meltano("config", "test", plugin, may_fail=True)
    assert "Test data was written to your target system." in done.stdout + done.stderr
