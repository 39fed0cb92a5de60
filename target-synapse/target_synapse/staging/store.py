"""The staging store: files in Blob Storage, each visible only when it is whole."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.storage.blob import BlobBlock, BlobServiceClient, ContainerSasPermissions, generate_container_sas
from singer_commons.accounts import Calls
from singer_commons.errors import ConfigurationError, CredentialsError, RejectedError, SuiteError, UnreachableError
from singer_commons.secrets import known_secrets

from target_synapse.entra import transport_options
from target_synapse.files.place import Home, home_of
from target_synapse.sql.copy_into import KEY, SIGNATURE, Credential
from target_synapse.staging.access import access_of
from target_synapse.staging.address import plain
from target_synapse.staging.azcopy import AzCopy
from target_synapse.staging.blob_file import BlobFile
from target_synapse.staging.copy_access import copy_credential
from target_synapse.staging.delegation import READ_AND_WRITE, DelegatedSignature, Scope
from target_synapse.staging.expiry import NEW_SIGNATURE_HINT
from target_synapse.staging.retries import RETRIES, CountedRetry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from azure.storage.blob import UserDelegationKey

TIMEOUT_S = 60  # for a connection, and for silence on one
MAX_DELETES = 256  # subrequests in a batch (https://learn.microsoft.com/rest/api/storageservices/blob-batch)
ERROR_FILES_HOURS = 24  # longer than any COPY INTO takes; each has a signature of its own
COPY_LOOKS, COPY_WAIT_S = 60, 1  # within an account a copy is done at once, as a rule
FORBIDDEN, NOT_FOUND = 403, 404
logger = logging.getLogger("target-synapse")


class StagingStore:
    """The container for staged files, seen from here and from the pool."""

    def __init__(self, config: Mapping[str, Any], *, retries: int = RETRIES) -> None:
        self._access = access = access_of(config)
        self._name = config["storage_container"]
        self.copy_url = plain(config.get("copy_storage_url") or config.get("storage_url") or access.url)
        self.calls = Calls()
        options = {
            "retry_policy": CountedRetry(self.calls, retries),
            "connection_timeout": TIMEOUT_S,
            "read_timeout": TIMEOUT_S,
            "raw_request_hook": self.calls.called,
            **transport_options(config),
        }
        try:
            self._account = BlobServiceClient(access.url, credential=access.credential, **options)
            self._container = self._account.get_container_client(self._name)
        except ValueError as error:
            raise ConfigurationError(f"the storage settings are not right: {error}") from None
        self._azcopy = AzCopy(config, access.hint) if config.get("uploader") == "azcopy" else None
        scope = Scope(access.account, self._name)
        self.credential = copy_credential(config, access, lambda: DelegatedSignature(scope, self._delegation_key))

    def _delegation_key(self, start: datetime, expiry: datetime) -> UserDelegationKey:
        try:
            return self._account.get_user_delegation_key(start, expiry)
        except AzureError as error:
            raise self._explained(error) from error

    def check(self) -> None:
        """Look into the container, and for the program that uploads. Raises CredentialsError, ConfigurationError or UnreachableError."""
        if self._azcopy:
            self._azcopy.program()
        try:
            next(iter(self._container.list_blobs(results_per_page=1)), None)
        except ValueError:  # an account key that is no base64
            raise CredentialsError(
                f"the key of {self._access.url} is none", hint="check the account key: it is base64, as the portal shows it"
            ) from None
        except AzureError as error:
            raise self._explained(error) from error

    def put(self, path: str, content: bytes) -> None:
        """Write a file: staged as a block, then committed, so that it is there as a whole or not at all."""
        blob = self._container.get_blob_client(path)
        if self._azcopy:
            self.calls.called()
            self._azcopy.put(blob.url, content)
            return
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

    @property
    def home(self) -> Home:
        """The container, as addresses of files name it."""
        return home_of(self._access.url, self._access.account, self._name)

    def opened(self, path: str) -> BlobFile:
        """A file, to be read in pieces. Raises FileNotFoundError."""
        try:
            return BlobFile(self._container.get_blob_client(path), self._explained)
        except ResourceNotFoundError:
            raise FileNotFoundError(path) from None
        except AzureError as error:
            raise self._explained(error) from error

    def error_credential(self) -> Credential:
        """What lets the pool write files of rejected rows: COPY INTO takes no account key for them, so one signs what it does take."""
        if isinstance(self.credential, DelegatedSignature):
            return DelegatedSignature(Scope(self._access.account, self._name), self._delegation_key, allows=READ_AND_WRITE)
        if self.credential.identity != KEY:
            return self.credential
        allowed = ContainerSasPermissions(read=True, list=True, write=True, create=True, delete=True)
        until = datetime.now(UTC) + timedelta(hours=ERROR_FILES_HOURS)
        token = generate_container_sas(self._access.account, self._name, account_key=self.credential.secret, permission=allowed, expiry=until)
        known_secrets().add([token])
        return Credential(SIGNATURE, token)

    def remove(self, paths: Sequence[str]) -> None:
        """Delete files. What cannot be deleted stays and is named in the log: the rows are safe already."""
        try:
            for start in range(0, len(paths), MAX_DELETES):
                self._container.delete_blobs(*paths[start : start + MAX_DELETES], raise_on_any_failure=False)
        except AzureError as error:
            logger.warning("Staged files stay in %s: %s", self._name, self._explained(error))

    def move(self, paths: Sequence[str], prefix: str, to: str) -> None:
        """Move files from below one prefix to below another, inside the store. What cannot be moved stays and is named in the log."""
        try:
            for path in paths:
                self._copy(path, f"{to}{path.removeprefix(prefix)}")
            self.remove(paths)
        except (AzureError, SuiteError) as error:
            told = error if isinstance(error, SuiteError) else self._explained(error)
            logger.warning("Staged files were not archived, and stay below %s in %s: %s", prefix, self._name, told)

    def _copy(self, path: str, to: str) -> None:
        # With a signature the source's address carries it; a key or an identity opens both ends of a copy within an account
        # (https://learn.microsoft.com/rest/api/storageservices/copy-blob, "Authorization").
        source, target = self._container.get_blob_client(path), self._container.get_blob_client(to)
        status: object = target.start_copy_from_url(source.url)["copy_status"]
        for _ in range(COPY_LOOKS):
            if status == "success":
                return
            time.sleep(COPY_WAIT_S)
            self.calls.waited(COPY_WAIT_S)
            status = target.get_blob_properties().copy.status
        raise UnreachableError(f"the copy of {path} is {status} after {COPY_LOOKS * COPY_WAIT_S} s")

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
        return f"container {self._name} of {self._access.url}"

    def holds(self, path: str) -> bool:
        """Whether the file is there."""
        try:
            return self._container.get_blob_client(path).exists()
        except AzureError as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._account.close()

    def _explained(self, error: AzureError) -> SuiteError:
        where = self.place
        if isinstance(error, ClientAuthenticationError) or (isinstance(error, HttpResponseError) and error.status_code == FORBIDDEN):
            refused = f"the {self._access.kind.replace('_', ' ')}" if self._access.identity else "the secret"
            why = self._access.why_refused(str(error))
            return CredentialsError(f"{where} refuses {refused}{why}", hint=NEW_SIGNATURE_HINT if why else self._access.hint)
        if isinstance(error, ResourceNotFoundError):
            return ConfigurationError(f"there is no {where}", hint="make the container, or change `storage_container`")
        if isinstance(error, ServiceRequestError) or not isinstance(error, HttpResponseError):
            return UnreachableError(f"{where} does not answer", hint="check `storage_url`, and that this machine may connect to it")
        code = getattr(error, "error_code", None) or error.reason
        return RejectedError(f"{where} refused a request: {code}", status=error.status_code or 0)
