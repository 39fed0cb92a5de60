"""One sandbox for all tests of this folder."""

from __future__ import annotations

import pytest
from conformance_settings import LINES, SERVICES, TARGETS, environment_of
from harness import run_command

from sandbox import processes


@pytest.fixture(scope="session")
def sandbox_settings(tmp_path_factory):
    with processes.running(tmp_path_factory.mktemp("sandbox"), SERVICES) as settings:
        yield settings


@pytest.fixture
def run_here(sandbox_settings, tmp_path):
    """Run a command against the sandbox, its settings from the environment; keyword arguments change settings."""

    def run(command, *options, lines=LINES, environment=None, **changed):
        variables = {**environment_of(command, sandbox_settings, **changed), **(environment or {})}
        given = lines if command in TARGETS else ""
        return run_command(command, "--config", "ENV", *options, folder=tmp_path, lines=given, environment=variables)

    return run
