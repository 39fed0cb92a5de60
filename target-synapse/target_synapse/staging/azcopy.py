"""Uploads by AzCopy, Microsoft's own program, for those whose rules want it: one file, one run of it.

No secret is among its arguments, which every user of a machine can read: it signs in by itself, as a service principal or the machine's identity, and is told how in
its environment (https://learn.microsoft.com/azure/storage/common/storage-use-azcopy-authorize-azure-active-directory). It takes keys not at all, and signatures in
arguments alone: so neither is offered.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_commons.errors import ConfigurationError, CredentialsError, RejectedError, UnreachableError
from singer_commons.secrets import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM = "azcopy"
LIMIT_S = 1_800  # for one file, of 64 MB at most
SHOWN_CHARS = 300
REFUSED, NOT_THERE = ("401", "403"), "404"
OPTIONS = ("--from-to=LocalBlob", "--output-type=json", "--log-level=NONE", "--skip-version-check", "--overwrite=true", "--blob-type=BlockBlob")
OWN_SETTINGS = ("TARGET_", "TAP_")  # variables that are none of AzCopy's business, and may hold secrets


class AzCopy:
    """Runs the program."""

    def __init__(self, config: Mapping[str, Any], hint: str) -> None:
        self._config, self._hint = config, hint

    def program(self) -> str:
        """The program's path. Raises ConfigurationError if it is not there."""
        wanted = self._config.get("azcopy_path") or PROGRAM
        found = shutil.which(wanted)
        if not found:
            hint = (
                "install AzCopy (https://learn.microsoft.com/azure/storage/common/storage-use-azcopy-v10), set `azcopy_path`, or `uploader` to `sdk`"
            )
            raise ConfigurationError(f"there is no program {wanted}", hint=hint)
        return found

    def put(self, url: str, content: bytes) -> None:
        """Upload a file. Raises CredentialsError, ConfigurationError, RejectedError or UnreachableError."""
        with tempfile.TemporaryDirectory(prefix="target-synapse-azcopy-") as folder:  # for the file, and what AzCopy notes of its job
            file = Path(folder) / "part"
            file.write_bytes(content)
            done = self._run(["copy", str(file), url, *OPTIONS, f"--trusted-microsoft-suffixes={urlsplit(url).netloc}"], folder)
        failed, said = outcome(done.stdout)
        if done.returncode or failed:
            raise self._error(url, failed, said or done.stderr)

    def _run(self, arguments: list[str], folder: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - the program that the user named; addresses and paths of our own making
                [self.program(), *arguments],
                env=environment(self._config, folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UnreachableError(f"AzCopy was not done after {LIMIT_S} s", hint="check `storage_url`, and the network") from None
        except OSError as error:
            raise ConfigurationError(
                f"AzCopy cannot be run: {error.strerror}", hint="check `azcopy_path`, and that libsecret is installed"
            ) from error

    def _error(self, url: str, codes: list[str], said: str) -> Exception:
        told = f"AzCopy did not upload {url}: " + (f"status {', '.join(codes)}" if codes else excerpt(said, SHOWN_CHARS) or "it does not say why")
        if any(code in REFUSED for code in codes) or "login" in said:
            return CredentialsError(told, hint=self._hint)
        if NOT_THERE in codes:
            return ConfigurationError(told, hint="make the container, or change `storage_container`")
        return RejectedError(told, status=int(codes[0])) if codes and codes[0].isdecimal() else UnreachableError(told, hint="run again")


def environment(config: Mapping[str, Any], folder: str) -> dict[str, str]:
    """The program's environment: this one's less our settings, how to sign in, whom to trust, and where to write."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    own = {"HOME": folder, "AZCOPY_LOG_LOCATION": folder, "AZCOPY_JOB_PLAN_LOCATION": folder, "AZCOPY_DISABLE_SYSLOG": "true"}
    if bundle := config.get("ca_bundle_path") or os.environ.get("REQUESTS_CA_BUNDLE"):
        own["SSL_CERT_FILE"] = bundle  # what Go's programs read
    if proxy := config.get("proxy_url"):
        own["HTTPS_PROXY"] = proxy
    return {**inherited, **own, **_login(config)}


def _login(config: Mapping[str, Any]) -> dict[str, str]:
    client = config.get("entra_client_id")
    if config.get("storage_authentication") == "managed_identity":
        return {"AZCOPY_AUTO_LOGIN_TYPE": "MSI", **({"AZCOPY_MSI_CLIENT_ID": client} if client else {})}
    authority = config.get("entra_authority_url")
    return {
        "AZCOPY_AUTO_LOGIN_TYPE": "SPN",
        "AZCOPY_TENANT_ID": config["entra_tenant_id"],
        "AZCOPY_SPA_APPLICATION_ID": config["entra_client_id"],
        "AZCOPY_SPA_CLIENT_SECRET": config["entra_client_secret"],
        **({"AZCOPY_ACTIVE_DIRECTORY_ENDPOINT": authority} if authority else {}),
    }


def outcome(output: str) -> tuple[list[str], str]:
    """What the program's lines of JSON say: the status of each transfer that failed, and the error that ended it, if one did."""
    failed: list[str] = []
    said = ""
    for message in _messages(output):
        kind, content = message.get("MessageType"), str(message.get("MessageContent") or "")
        if kind == "Error":
            said = content
        elif kind in ("Progress", "EndOfJob"):
            job = json.loads(content)
            failed += [str(one.get("ErrorCode")) for one in job.get("FailedTransfers") or ()]
            if kind == "EndOfJob" and job.get("JobStatus") != "Completed":
                said = said or f"the job ended as {job.get('JobStatus')}: {job.get('ErrorMsg')}"
                failed = failed or ["unknown"] * int(job.get("TransfersFailed") or 0)
    return failed, said


def _messages(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found
