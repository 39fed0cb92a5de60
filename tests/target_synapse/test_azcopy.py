"""Uploads by the real AzCopy, to Azurite over TLS with the tokens of a machine's identity; and what becomes of its answers."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from sandbox.blob.service import ACCOUNT_KEY, CONTAINER
from singer_commons.errors import ConfigurationError, CredentialsError, RejectedError, UnreachableError
from synapse_support.azure_cloud import CLIENT, SECRET, TENANT
from synapse_support.messages import USERS, record, schema_line
from target_synapse.settings import settings_misfits
from target_synapse.staging import azcopy
from target_synapse.staging.azcopy import AzCopy, environment, outcome
from target_synapse.staging.store import StagingStore

PROGRAM = Path(__file__).parents[2] / "sandbox" / "azcopy" / "node_modules" / "@azure-tools" / "azcopy-linux" / "dist" / "bin" / "azcopy_linux_amd64"


def has_libsecret():
    try:
        ctypes.CDLL("libsecret-1.so.0")
    except OSError:
        return False
    return True


installed = pytest.mark.skipif(
    not (os.access(PROGRAM, os.X_OK) and has_libsecret()), reason="AzCopy or libsecret-1-0 is not installed: `make test` installs both"
)


@pytest.fixture
def by_azcopy(cloud, monkeypatch):
    """Settings of a loader on a machine that has an identity, and has AzCopy."""
    for name, value in cloud.entra.identity_environment.items():
        monkeypatch.setenv(name, value)
    return {**cloud.storage, "storage_authentication": "managed_identity", "uploader": "azcopy", "azcopy_path": str(PROGRAM)}


@pytest.fixture
def runs(monkeypatch):
    """Arguments, environment and end of each run of a program."""
    seen, run = [], subprocess.run

    def watched(arguments, **options):
        done = run(arguments, **options)
        seen.append((arguments, options["env"], done))
        return done

    monkeypatch.setattr(azcopy.subprocess, "run", watched)
    return seen


@installed
def test_a_load_by_azcopy_shows_no_secret_among_its_arguments_and_leaves_nothing_on_disk(by_azcopy, cloud, load_here, schema, runs):
    lines = [schema_line(USERS), record(id=1, name="Ann")]
    load_here(lines, **{"storage_account_key": None, **cloud.pool.settings(), **by_azcopy})
    assert cloud.pool.rows(f"SELECT * FROM [{schema}].[users]") == [(1, "Ann")]
    ((arguments, own, done),) = runs
    (file, url), options = arguments[2:4], arguments[4:]
    assert (url.startswith(f"{cloud.store.url}/{CONTAINER}/{schema}/"), "?" in url, [one for one in options if "=" not in one]) == (
        True,
        False,
        ["--skip-version-check"],
    )
    assert outcome(done.stdout) == ([], "")
    assert not Path(file).parent.exists()
    assert own["AZCOPY_AUTO_LOGIN_TYPE"] == "MSI"


@installed
def test_a_container_that_is_not_there_is_told(by_azcopy):
    store = StagingStore({**by_azcopy, "storage_container": "nowhere"})
    with pytest.raises(ConfigurationError, match=r"AzCopy did not upload .*/nowhere/a: status 404") as caught:
        store.put("a", b"x")
    store.close()
    assert caught.value.hint == "make the container, or change `storage_container`"


@installed
def test_a_machine_without_an_identity_is_told_of_the_roles(by_azcopy, monkeypatch):
    monkeypatch.setenv("IDENTITY_HEADER", "another")
    with pytest.raises(CredentialsError, match="AzCopy did not upload"):
        AzCopy(by_azcopy, "roles").put("https://127.0.0.1:9/account/stage/a", b"x")


@installed
def test_what_azcopy_uploads_is_there_byte_for_byte(by_azcopy, cloud):
    content = os.urandom(5 * 2**20)
    store = StagingStore(by_azcopy)
    store.check()
    store.put("azcopy/content", content)
    store.close()
    with BlobServiceClient(cloud.store.url, credential=ACCOUNT_KEY, connection_verify=cloud.store.trusted) as client:
        blob = client.get_blob_client(CONTAINER, "azcopy/content")
        assert blob.download_blob().readall() == content
        blob.delete_blob()


def test_a_missing_program_is_told_at_the_check(cloud):
    store = StagingStore({**cloud.storage, "storage_authentication": "managed_identity", "uploader": "azcopy", "azcopy_path": "/nowhere/azcopy"})
    with pytest.raises(ConfigurationError, match="there is no program /nowhere/azcopy") as caught:
        store.check()
    assert caught.value.hint.startswith("install AzCopy")


def test_a_principal_is_told_to_azcopy_in_its_environment_and_our_own_settings_are_not(monkeypatch):
    monkeypatch.setenv("TARGET_SYNAPSE_PASSWORD", "not AzCopy's business")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    given = {"storage_authentication": "service_principal", "entra_tenant_id": TENANT, "entra_client_id": CLIENT, "entra_client_secret": SECRET}
    made = environment(
        {**given, "entra_authority_url": "https://login.microsoftonline.us", "ca_bundle_path": "/ca.pem", "proxy_url": "http://proxy:8080"}, "/folder"
    )
    own = {name: value for name, value in made.items() if name.startswith(("AZCOPY_", "SSL_CERT", "HTTPS_PROXY", "TARGET_", "HOME"))}
    assert own == {
        "AZCOPY_ACTIVE_DIRECTORY_ENDPOINT": "https://login.microsoftonline.us",
        "AZCOPY_AUTO_LOGIN_TYPE": "SPN",
        "AZCOPY_DISABLE_SYSLOG": "true",
        "AZCOPY_JOB_PLAN_LOCATION": "/folder",
        "AZCOPY_LOG_LOCATION": "/folder",
        "AZCOPY_SPA_APPLICATION_ID": CLIENT,
        "AZCOPY_SPA_CLIENT_SECRET": SECRET,
        "AZCOPY_TENANT_ID": TENANT,
        "HOME": "/folder",
        "HTTPS_PROXY": "http://proxy:8080",
        "SSL_CERT_FILE": "/ca.pem",
    }


def told(kind, content):
    return json.dumps({"MessageType": kind, "MessageContent": content if isinstance(content, str) else json.dumps(content)}) + "\n"


ENDED_WELL = told("EndOfJob", {"JobStatus": "Completed", "TransfersFailed": "0", "FailedTransfers": []})
FAILED = [{"ErrorCode": "403"}]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("", ([], "")),
        ("no JSON\n[1]\n" + ENDED_WELL, ([], "")),
        (told("Error", "out of room"), ([], "out of room")),
        (told("Progress", {"FailedTransfers": FAILED}) + ENDED_WELL, (["403"], "")),
        (told("EndOfJob", {"JobStatus": "CompletedWithErrors", "TransfersFailed": "2", "FailedTransfers": []}),
         (["unknown", "unknown"], "the job ended as CompletedWithErrors: None")),
        (told("EndOfJob", {"JobStatus": "Cancelled", "TransfersFailed": "0", "ErrorMsg": "by hand"}), ([], "the job ended as Cancelled: by hand")),
    ],
)  # fmt: skip
def test_what_azcopy_says_is_understood(output, found):
    assert outcome(output) == found


@pytest.mark.parametrize(
    ("output", "exit_code", "kind"),
    [
        (told("Progress", {"FailedTransfers": FAILED}) + ENDED_WELL, 0, CredentialsError),
        (told("Progress", {"FailedTransfers": [{"ErrorCode": "409"}]}), 1, RejectedError),
        (told("Error", "no route"), 1, UnreachableError),
        ("", 1, UnreachableError),
        ("", 0, None),
    ],
)
def test_a_failed_transfer_is_a_failure_whatever_the_exit_code(output, exit_code, kind, monkeypatch):
    monkeypatch.setattr(azcopy.subprocess, "run", lambda arguments, **_: subprocess.CompletedProcess(arguments, exit_code, output, ""))
    program = AzCopy({"storage_authentication": "managed_identity", "azcopy_path": "/bin/true"}, "roles")
    if kind is None:
        program.put("https://a/b", b"")
        return
    with pytest.raises(kind):
        program.put("https://a/b", b"")


@pytest.mark.parametrize(("kind", "fits"), [("managed_identity", True), ("service_principal", True), ("default", False), ("auto", False)])
def test_azcopy_takes_an_identity_and_no_secret(kind, fits):
    given = {
        "entra_tenant_id": "t",
        "entra_client_id": "c",
        "entra_client_secret": "s",
        "storage_url": "https://a",
        "storage_prefix": "p",
        "storage_container": "c",
        "user": "u",
        "password": "p",
    }
    more = {"storage_account_key": "k"} if kind == "auto" else {}
    found = [str(one) for one in settings_misfits({**given, **more, "uploader": "azcopy", "storage_authentication": kind})]
    expected = "`uploader` and `storage_authentication`: azcopy would show a key or signature among its arguments: expected service_principal or managed_identity"
    assert found == ([] if fits else [expected])
