"""Pipelines as a service of the sandbox: what `sandbox env` prints lets target-synapse load through them."""

from __future__ import annotations

import pytest
from harness import run_command
from sandbox.adf.expressions import DefinitionError
from sandbox.adf.service import places_in
from sandbox.http.control import Control
from sandbox.processes import running

LINES = [
    {
        "type": "SCHEMA",
        "stream": "users",
        "schema": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}}},
        "key_properties": ["id"],
    },
    {"type": "RECORD", "stream": "users", "record": {"id": 1, "name": "Ann"}},
    {"type": "STATE", "value": {"at": 1}},
]


@pytest.mark.slow
def test_a_load_goes_through_the_sandboxs_pipeline(tmp_path):
    with running(tmp_path / "box", ["blob", "synapse", "adf"]) as settings:
        given = {**settings, "TARGET_SYNAPSE_LOAD_VIA": "adf"}
        checked = run_command("target-synapse", "--check", "--config", "ENV", folder=tmp_path, environment=given)
        run = run_command("target-synapse", "--config", "ENV", folder=tmp_path, lines=LINES, environment=given)
        control = Control(settings["SANDBOX_SYNAPSE_CONTROL_URL"])
        rows = control.stored("query=SELECT%20id,%20name%20FROM%20dbo.users")
        started = [one["path"].rpartition("/")[2] for one in Control(settings["SANDBOX_ADF_URL"]).requests() if one["method"] == "POST"]
    assert (checked.exit_code, run.exit_code, run.states) == (0, 0, [{"at": 1}])
    assert rows == [{"id": 1, "name": "Ann"}]
    assert "createRun" in started
    assert settings["TARGET_SYNAPSE_ENTRA_CLIENT_SECRET"] not in run.stderr


def test_without_store_and_pool_a_pipeline_says_what_is_missing(tmp_path):
    with pytest.raises(DefinitionError, match="`sandbox up blob synapse` starts them"):
        places_in(tmp_path)


def test_the_settings_are_those_of_the_target_and_its_controls(tmp_path):
    with running(tmp_path, ["adf"]) as settings:
        assert [name for name in settings if not name.startswith("TARGET_SYNAPSE_")] == ["SANDBOX_ADF_URL"]
        assert Control(settings["SANDBOX_ADF_URL"]).stored() == []
