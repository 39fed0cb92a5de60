"""Finds and reads the files of a COPY, with the right that the statement brings: nothing is read that it does not open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from sandbox.synapse.refusals import load_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from azure.core.rest import HttpRequest

    from sandbox.tds.session import SqlError

_KINDS: Final = {"shared access signature", "storage account key", "managed identity"}
PRINCIPAL: Final = re.compile(r"[^@\s]+@https://[^/\s]+/[^/\s]+/oauth2/token", re.IGNORECASE)  # V2 endpoints have /oauth2/v2.0/token
_LOOPBACK: Final = {"127.0.0.1", "localhost"}
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TIMEOUT_S: Final = 20  # a call to an emulator on the same machine


@dataclass(frozen=True, slots=True)
class Blob:
    """One file: its name in the container, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Identities:
    """Who may read by a role: the pool's own identity and the service principals, each with its secret, all through the account's `key`."""

    key: str | None = None  # None: nobody has a role
    principals: Mapping[str, str] = field(default_factory=dict)

    def may_read(self, identity: str, secret: str) -> bool:
        """Whether it is the pool's own identity, or a principal with its right secret."""
        return self.key is not None and (identity == "managed identity" or self.principals.get(identity.partition("@")[0]) == secret)


@dataclass(frozen=True, slots=True)
class Location:
    """One location of a COPY, cut into account, container and path."""

    url: str
    account_url: str
    account: str
    container: str
    path: str


def located(url: str, endpoints: Mapping[str, str]) -> Location:
    """Cut a location. Raises 105208 for what is no storage URL.

    A pool takes https and `<account>.blob|dfs.core.windows.net` only. Here also http on the loopback is taken, with the account
    as the first part of the path, as Azurite has it; and a host in `endpoints` is answered by the URL given for it.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host in endpoints:
        base = endpoints[host].rstrip("/")
        account = urlsplit(base).path.strip("/") or host.split(".")[0]
        container, _, path = unquote(parts.path).lstrip("/").partition("/")
        return Location(url, base, account, container, path)
    if host in _LOOPBACK and parts.scheme in {"http", "https"}:
        account, _, rest = unquote(parts.path).lstrip("/").partition("/")
        container, _, path = rest.partition("/")
        return Location(url, f"{parts.scheme}://{parts.netloc}/{account}", account, container, path)
    if parts.scheme != "https" or not re.search(r"\.(blob|dfs)\.", host):
        raise load_errors.copy_option("FROM", f"('{url}') is not an https location of a storage account")
    raise load_errors.copy_nothing_there(url)  # a real account: nothing here reaches out


def check_credential(credential: Mapping[str, str], *, file_type: str, locations: Sequence[str]) -> None:
    """Refuse a credential that goes with no such file [sql/t-sql/statements/copy-into-transact-sql, table of credentials].

    Parquet and ORC: a SAS needs the blob endpoint, a managed identity the dfs endpoint, and a service principal no blob store that is not a lake,
    which its dfs endpoint shows.
    """
    identity = credential.get("IDENTITY", "")
    kind = identity.lower()
    if kind in {"shared access signature", "storage account key"} and not credential.get("SECRET"):
        raise load_errors.copy_credential(identity, "needs a SECRET")
    if kind == "managed identity" and "SECRET" in credential:
        raise load_errors.copy_credential(identity, "takes no SECRET")
    if identity and kind not in _KINDS and not PRINCIPAL.fullmatch(identity):
        raise load_errors.copy_credential(
            identity, "is none of the documented kinds; a service principal is '<client id>@<OAuth 2.0 token endpoint V1>'"
        )
    if file_type == "CSV":
        return
    hosts = {(urlsplit(location).hostname or "").lower() for location in locations}
    if kind == "shared access signature" and any(".dfs." in host for host in hosts):
        raise load_errors.copy_credential(identity, f"goes with {file_type} on the blob endpoint only")
    if (kind == "managed identity" or "@" in kind) and any(".blob." in host for host in hosts):
        raise load_errors.copy_credential(identity, f"goes with {file_type} on the dfs endpoint only")


def open_container(location: Location, credential: Mapping[str, str], identities: Identities) -> ContainerClient:
    """A client with the credential's right. Raises 105215 for an identity without one."""
    kind, secret = credential.get("IDENTITY", "").lower(), credential.get("SECRET", "")
    key: str | AzureNamedKeyCredential | None = None
    if kind == "shared access signature":
        key = secret.lstrip("?")
    elif kind == "storage account key":
        key = AzureNamedKeyCredential(location.account, secret)
    elif kind:
        if not identities.key or not identities.may_read(kind, secret):
            raise load_errors.copy_denied(location.url, 401)
        key = AzureNamedKeyCredential(location.account, identities.key)
    return ContainerClient(
        location.account_url, location.container, credential=key, retry_total=0, connection_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S
    )  # fmt: skip


def list_blobs(location: Location, credential: Mapping[str, str], identities: Identities) -> list[str]:
    """The names of the files of a location. Raises 105215 without the right to list, 13807 where the container is not."""
    if not location.container:
        raise load_errors.copy_option("FROM", f"('{location.url}') names no container")
    try:
        with open_container(location, credential, identities) as client:
            return [name for name in client.list_blob_names(name_starts_with=_prefix(location.path)) if matches(location.path, name)]
    except (AzureError, ValueError) as error:
        raise refused(location, error) from error


def read_blob(location: Location, credential: Mapping[str, str], identities: Identities, name: str) -> bytes:
    """One file. Raises 105215 without the right to read."""
    try:
        with open_container(location, credential, identities) as client:
            return client.download_blob(name).readall()
    except (AzureError, ValueError) as error:
        raise refused(location, error) from error


def read_blobs(location: Location, credential: Mapping[str, str], identities: Identities) -> Iterator[Blob]:
    """Read every file of a location. Raises 105215 without the right to list and read, 13807 where nothing is."""
    names = list_blobs(location, credential, identities)
    if not names:
        raise load_errors.copy_nothing_there(location.url)
    for name in names:
        yield Blob(name, read_blob(location, credential, identities, name))


def refused(location: Location, error: AzureError | ValueError) -> SqlError:
    """Word the store's refusal as COPY would: 13807 for what is not there, 105215 for all else."""
    if isinstance(error, ResourceNotFoundError) and _public(error):
        return load_errors.copy_denied(location.url, _FORBIDDEN)
    if isinstance(error, ResourceNotFoundError):
        return load_errors.copy_nothing_there(location.url)
    if isinstance(error, (ClientAuthenticationError, HttpResponseError)) and error.status_code:
        return load_errors.copy_denied(location.url, error.status_code)
    return load_errors.copy_denied(location.url, _FORBIDDEN)


def _public(error: ResourceNotFoundError) -> bool:
    """A request without a credential gets 404 for a container that is there but not public."""
    request: HttpRequest | None = getattr(error.response, "request", None)
    return request is not None and "Authorization" not in request.headers and "sig=" not in request.url


def _prefix(path: str) -> str:
    return re.split(r"(?<!\\)[*?\[]", path, maxsplit=1)[0].replace("\\", "")


def matches(path: str, name: str) -> bool:
    """Whether COPY takes a file for a path: the file itself, all below a folder, or what a wildcard names.

    Files and folders that start with `_` or `.` are left out unless the path spells them. Wildcards mind the case, reach into
    folders, and are taken literally after a backslash.
    """
    if not _has_wildcard(path):
        plain = path.replace("\\", "")
        if name == plain:
            return True
        folder = plain.rstrip("/") + "/" if plain else ""
        return name.startswith(folder) and not _hidden(name[len(folder) :])
    pattern = re.sub(
        r"\\\\(.)|\\\*|\\\?", lambda found: re.escape(found.group(1)) if found.group(1) else {"\\*": ".*", "\\?": "."}[found.group()], re.escape(path)
    )
    fixed = _prefix(path).rpartition("/")[0]
    return re.fullmatch(pattern, name, re.DOTALL) is not None and not _hidden(name[len(fixed) :].lstrip("/"))


def _has_wildcard(path: str) -> bool:
    return re.search(r"(?<!\\)[*?]", path) is not None


def _hidden(rest: str) -> bool:
    return any(part.startswith(("_", ".")) for part in rest.split("/"))
