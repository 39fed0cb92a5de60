"""Loaders and libraries that know nothing of the sandbox work with its pool: in an environment of their own, as Meltano's tests are."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sandbox import processes

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "foreign"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(200),
]


def used(tmp_path, package, script):
    """What a script printed last, run in the package's own environment against a pool of its own."""
    python = ROOT / f".venv-{package}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{package} is not installed: `make setup` with --tests does that")
    with processes.running(tmp_path, ["synapse"]) as settings:
        if "TARGET_SYNAPSE_ODBC_DRIVER" not in settings:
            pytest.skip("Microsoft's driver is not installed")
        environment = {**{name: value for name, value in os.environ.items() if not name.startswith("TARGET_")}, **settings}
        done = subprocess.run([python, SCRIPTS / script], env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_sqlalchemy_reflects_changes_and_pages(tmp_path):
    assert used(tmp_path, "sqlalchemy", "use_sqlalchemy.py") == {
        "schemas": ["dbo", "shop"],
        "tables": ["orders"],
        "views": ["v"],
        "there": [True, False],
        "view": "CREATE VIEW shop.v AS SELECT id FROM shop.orders",
        "rows": [["1", "é😀", "1.50", "2020-01-02 03:04:05.000006"], ["2", "two", "None", "None"]],
        "page": [[2]],
        "sum": "1.50",
        "deleted": 2,
        "key": True,
    }


def test_dlt_appends_merges_and_replaces(tmp_path):
    assert used(tmp_path, "dlt", "use_dlt.py") == {"merged": 75, "merged__tags": 150, "things": 1}
