"""The staging store: files in Blob Storage, each visible only when it is whole."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.storage.blob import BlobBlock, ContainerClient, ContainerSasPermissions, generate_container_sas
from singer_commons.accounts import Calls
from singer_commons.errors import ConfigurationError, CredentialsError, RejectedError, SuiteError, UnreachableError
from singer_commons.secrets import known_secrets

from target_synapse.copy_into import Credential, account_key, shared_access_signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RETRIES = 4  # of a request to the storage, with growing waits between them
FIRST_WAIT_S = 1  # then longer by 2, 4, 8 s; the library's own 15 s would hide a wrong address for half a minute
TIMEOUT_S = 60  # for a connection, and for silence on one
MAX_DELETES = 256  # subrequests in a batch (https://learn.microsoft.com/rest/api/storageservices/blob-batch)
ERROR_FILES_HOURS = 24  # longer than any COPY INTO takes; each has a signature of its own
FORBIDDEN, NOT_FOUND = 403, 404
logger = logging.getLogger("target-synapse")


class StagingStore:
    """The container for staged files, seen from here and from the pool."""

    def __init__(self, config: Mapping[str, Any], *, retries: int = RETRIES) -> None:
        self._url, self._name = config["storage_url"].rstrip("/"), config["storage_container"]
        self.copy_url = (config.get("copy_storage_url") or self._url).rstrip("/")
        key, token = config.get("storage_account_key"), config.get("storage_sas_token")
        self._key = key or None
        self.credential: Credential = account_key(key) if key else shared_access_signature(token or "")
        self.calls = Calls()
        try:
            self._container = ContainerClient(
                self._url,
                self._name,
                credential=key or (token or "").removeprefix("?"),
                retry_total=retries,
                initial_backoff=FIRST_WAIT_S,
                increment_base=2,
                connection_timeout=TIMEOUT_S,
                read_timeout=TIMEOUT_S,
                raw_request_hook=self.calls.called,
            )
        except ValueError as error:
            raise ConfigurationError(f"the storage settings are not right: {error}") from None

    def check(self) -> None:
        """Look into the container. Raises CredentialsError, ConfigurationError or UnreachableError."""
        try:
            next(iter(self._container.list_blobs(results_per_page=1)), None)
        except ValueError:  # an account key that is no base64
            raise CredentialsError(
                f"the key of {self._url} is none", hint="check `storage_account_key`: it is base64, as the portal shows it"
            ) from None
        except AzureError as error:
            raise self._explained(error) from error

    def put(self, path: str, content: bytes) -> None:
        """Write a file: staged as a block, then committed, so that it is there as a whole or not at all."""
        blob = self._container.get_blob_client(path)
        block = BlobBlock("00000000")
        try:
            blob.stage_block(block.id, content)
            blob.commit_block_list([block])
        except AzureError as error:
            raise self._explained(error) from error

    def get(self, path: str) -> bytes:
        """The content of a file."""
        try:
            return self._container.download_blob(path).readall()
        except AzureError as error:
            raise self._explained(error) from error

    def error_credential(self) -> Credential:
        """What lets the pool write files of rejected rows: COPY INTO takes no account key for them, so one signs what it does take."""
        if self._key is None:
            return self.credential
        allowed = ContainerSasPermissions(read=True, list=True, write=True, create=True, delete=True)
        until = datetime.now(UTC) + timedelta(hours=ERROR_FILES_HOURS)
        token = generate_container_sas(self._container.account_name or "", self._name, account_key=self._key, permission=allowed, expiry=until)
        known_secrets().add([token])
        return shared_access_signature(token)

    def remove(self, paths: Sequence[str]) -> None:
        """Delete files. What cannot be deleted stays and is named in the log: the rows are safe already."""
        try:
            for start in range(0, len(paths), MAX_DELETES):
                self._container.delete_blobs(*paths[start : start + MAX_DELETES], raise_on_any_failure=False)
        except AzureError as error:
            logger.warning("Staged files stay in %s: %s", self._name, self._explained(error))

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """The files whose path begins with the prefix, and when each was written."""
        try:
            for blob in self._container.list_blobs(name_starts_with=prefix):
                yield blob.name, blob.last_modified
        except AzureError as error:
            raise self._explained(error) from error

    def address(self, path: str) -> str:
        """The file as the pool finds it."""
        return f"{self.copy_url}/{self._name}/{path}"

    @property
    def place(self) -> str:
        """The container, for messages."""
        return f"container {self._name} of {self._url}"

    def holds(self, path: str) -> bool:
        """Whether the file is there."""
        try:
            return self._container.get_blob_client(path).exists()
        except AzureError as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._container.close()

    def _explained(self, error: AzureError) -> SuiteError:
        where = self.place
        if isinstance(error, ClientAuthenticationError) or (isinstance(error, HttpResponseError) and error.status_code == FORBIDDEN):
            return CredentialsError(
                f"{where} refuses the secret",
                hint="check `storage_account_key` or `storage_sas_token` (read, list, create, write, delete), and the clock",
            )
        if isinstance(error, ResourceNotFoundError):
            return ConfigurationError(f"there is no {where}", hint="make the container, or change `storage_container`")
        if isinstance(error, ServiceRequestError) or not isinstance(error, HttpResponseError):
            return UnreachableError(f"{where} does not answer", hint="check `storage_url`, and that this machine may connect to it")
        code = getattr(error, "error_code", None) or error.reason
        return RejectedError(f"{where} refused a request: {code}", status=error.status_code or 0)
