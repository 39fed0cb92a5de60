"""One sandbox for all tests of this folder."""

from __future__ import annotations

import logging
import signal
from urllib.parse import urlencode

import pytest
from azure.storage.blob import BlobServiceClient
from conformance_settings import LINES, TARGETS, environment_of
from harness import run_command
from sandbox.http.control import Control
from showing import Stand

from sandbox import processes


@pytest.fixture(scope="session")
def sandbox_settings(tmp_path_factory):
    with processes.running(tmp_path_factory.mktemp("sandbox")) as settings:
        yield settings


@pytest.fixture
def run_here(sandbox_settings, tmp_path):
    """Run a command against the sandbox, its settings from the environment; keyword arguments change settings."""

    def run(command, *options, lines=LINES, environment=None, **changed):
        variables = {**environment_of(command, sandbox_settings, **changed), **(environment or {})}
        given = lines if command in TARGETS else ""
        return run_command(command, "--config", "ENV", *options, folder=tmp_path, lines=given, environment=variables)

    return run


@pytest.fixture
def _put_back():
    """Commands in this process leave handlers of signals and of the log behind."""
    signals = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for one, handler in signals.items():
        signal.signal(one, handler)


@pytest.fixture
def stand(sandbox_settings, tmp_path, capsys, monkeypatch, _put_back):
    monkeypatch.chdir(tmp_path)
    return Stand(sandbox_settings, tmp_path, capsys)


@pytest.fixture
def arrived(stand):
    """What the destinations hold: tables and staged files, and what mParticle stored."""

    def look():
        tables = urlencode({"query": "SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES"})
        with BlobServiceClient(stand.environment["SANDBOX_BLOB_URL"], credential=stand.settings("target-synapse")["storage_account_key"]) as client:
            files = list(client.get_container_client("stage").list_blob_names())
        pool = stand.environment["SANDBOX_SYNAPSE_CONTROL_URL"]
        return Control(pool).stored(tables), files, stand.control("mparticle").stored()["stored"]

    return look
