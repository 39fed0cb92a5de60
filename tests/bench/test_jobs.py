"""What each contender runs: commands with settings in files, and nothing of one in another's way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import load
from bench.__main__ import CASES
from bench.errors import BenchError
from bench.measure import Measured, Runner
from bench.peers import PEERS
from bench.postgres import Server
from bench.scene import Scene

ROWS = 1000
SANDBOX = {
    "TARGET_SYNAPSE_HOST": "127.0.0.1", "TARGET_SYNAPSE_PORT": "1433", "TARGET_SYNAPSE_DATABASE": "pool", "TARGET_SYNAPSE_USER": "loader",
    "TARGET_SYNAPSE_PASSWORD": "made-up", "TARGET_SYNAPSE_TRUST_SERVER_CERTIFICATE": "true", "TARGET_MPARTICLE_API_KEY": "key",
    "TARGET_MPARTICLE_BASE_URL": "http://127.0.0.1:1/v2", "SANDBOX_SYNAPSE_CONTROL_URL": "http://127.0.0.1:2", "SANDBOX_MPARTICLE_URL": "http://127.0.0.1:1",
}  # fmt: skip


class FakeWarehouse:
    """Knows where a file would be."""

    def path(self, table, rows):
        return Path("/data") / f"{table.sized(rows)}.duckdb"


class FakeEnvironments:
    """Names a program for each peer; notes who was asked for."""

    def __init__(self):
        self.asked = []

    def script(self, name):
        self.asked.append(name)
        return Path("/peers") / name


@pytest.fixture
def scene(tmp_path):
    """A scene in which nothing runs: tables and lines are there already, and so are the peers' catalogs."""
    server = Server(5432, 1, "postgres 15", "psql")
    names = {table.sized(ROWS) for table in (case.table for case in CASES)}
    for name in names:
        (tmp_path / f"{name}.jsonl").touch()
        for peer in PEERS:
            (tmp_path / f"{peer}.{name}.catalog.json").write_text("{}")
    return Scene(tmp_path, server, SANDBOX, FakeEnvironments(), FakeWarehouse(), "http://127.0.0.1:3", Runner(tmp_path), names)


every_contender = pytest.mark.parametrize(
    ("case", "contender"), [pytest.param(case, one, id=f"{case.name}: {one.name}") for case in CASES for one in case.contenders]
)


@every_contender
def test_every_run_is_checked_and_has_its_settings_in_files(case, contender, scene):
    job = contender.make(scene, case.table, ROWS)
    assert bool(job.found) + bool(job.proof and job.drained) + (contender.name == "import singer_sdk") == 1
    assert (job.stdout is None) or job.found
    configs = [Path(stage.argv[at + 1]) for stage in job.stages for at, word in enumerate(stage.argv) if word == "--config"]
    assert [path for path in configs if not json.loads(path.read_text())] == []


@every_contender
def test_ours_are_the_installed_commands_and_peers_run_in_their_own_environments(case, contender, scene):
    job = contender.make(scene, case.table, ROWS)
    first = [str(stage.argv[0]) for stage in job.stages]
    of_peers = [word for word in first if word.startswith("/peers/")]
    assert [word.removeprefix("/peers/") for word in of_peers] == [name for name in scene.environments.asked if name in PEERS]
    assert not (contender.is_ours and of_peers)


def settings_in(scene, job, number=0):
    argv = job.stages[number].argv
    return json.loads(Path(argv[list(argv).index("--config") + 1]).read_text())


def test_the_whole_pipe_runs_with_the_targets_default_settings(scene):
    job = load.POSTGRES_PIPE.make(scene, CASES[1].table, ROWS)
    settings = settings_in(scene, job, 1)
    assert [stage.name for stage in job.stages] == ["tap-warehouse", "target-synapse"]
    assert settings.keys() == {"host", "port", "database", "user", "password", "trust_server_certificate", "default_target_schema", "rejects_path"}
    assert (settings["port"], settings["trust_server_certificate"]) == (1433, True)


def test_all_files_are_staged_before_the_first_copy(scene):
    job = load.STAGED.make(scene, CASES[1].table, ROWS)
    assert settings_in(scene, job)["batch_size_rows"] > 5_000_000


def test_the_time_to_staged_files_ends_with_the_first_copy_of_the_run(scene, monkeypatch):
    """The log also holds what earlier runs did."""
    served = [
        {"command": "COPY INTO [a] FROM", "submitted_utc": "2026-01-01T00:00:10"},
        {"command": "CREATE TABLE [a]", "submitted_utc": "2026-01-01T00:01:01"},
        {"command": "COPY INTO [a] FROM", "submitted_utc": "2026-01-01T00:01:02.500000"},
        {"command": "COPY INTO [b] FROM", "submitted_utc": "2026-01-01T00:01:09"},
    ]
    monkeypatch.setattr("bench.load.arrived.requests", lambda _url: served)
    monkeypatch.setattr("bench.load.monotonic", lambda: 1000.0)
    monkeypatch.setattr("bench.load.time", lambda: 1_767_225_600.0 + 90)  # 2026-01-01T00:01:30Z
    more = load.STAGED.make(scene, CASES[1].table, ROWS).more
    assert more(Measured(29.0, (), begun_s=970.0)) == {"staged_s": 2.5}
    with pytest.raises(BenchError, match="no file was copied"):
        more(Measured(29.0, (), begun_s=999.0))


def test_a_pool_is_reached_under_the_drivers_own_name(scene):
    assert (scene.odbc_folder / "odbcinst.ini").read_text() == "[ODBC Driver 18 for SQL Server]\nDriver=libmsodbcsql-18.so\n"
