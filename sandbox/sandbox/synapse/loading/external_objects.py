"""PolyBase's objects: master key, credentials, data sources and file formats, each of which holds the one before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sandbox.synapse.loading.blobs import PRINCIPAL, Location, list_blobs, located
from sandbox.synapse.refusals import load_errors
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.synapse.objects import TableDef
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.session import PoolSession

# Location prefixes of a Hadoop source [sql/t-sql/statements/create-external-data-source-transact-sql, Synapse section].
_PREFIXES: Final = {"abfs": "http", "abfss": "https", "wasb": "http", "wasbs": "https"}
_MANAGED: Final = "managed service identity"
_SIGNATURE: Final = "shared access signature"


def master_key(session: PoolSession, command: d.CreateMasterKey) -> None:
    """CREATE MASTER KEY, DROP MASTER KEY. Raises 15578, 15580, 15151."""
    content = session.pool.catalog.content
    if command.drop and not content.master_key:
        raise SqlError(15151, "Cannot drop the symmetric key 'master key', because it does not exist or you do not have permission.")
    if command.drop and content.credentials:
        raise load_errors.master_key_used()
    if not command.drop and content.master_key:
        raise load_errors.master_key_exists()
    content.master_key = not command.drop


def credential(session: PoolSession, command: d.CreateCredential) -> None:
    """CREATE or ALTER DATABASE SCOPED CREDENTIAL. Raises 15581 without a master key."""
    content, made = session.pool.catalog.content, command.credential
    key = made.name.lower()
    if not content.master_key:
        raise load_errors.no_master_key()
    if command.alter and key not in content.credentials:
        raise load_errors.no_external_object("credential", made.name)
    if not command.alter and key in content.credentials:
        raise load_errors.external_object_exists("credential", made.name)
    content.credentials[key] = made


def source(session: PoolSession, command: d.CreateSource) -> None:
    """CREATE EXTERNAL DATA SOURCE (TYPE = HADOOP). Raises 46525 for a location that is none."""
    content, made = session.pool.catalog.content, command.source
    if made.name.lower() in content.sources:
        raise load_errors.external_object_exists("data source", made.name)
    if made.credential is not None and made.credential.lower() not in content.credentials:
        raise load_errors.no_external_object("credential", made.credential)
    place_of_source(made.location, {})
    kind = urlsplit(made.location).scheme.lower()
    identity = content.credentials[made.credential.lower()].identity.lower() if made.credential is not None else ""
    if identity == _SIGNATURE:
        # "Shared Access Signatures cannot be used with PolyBase in SQL Server, APS or Azure Synapse Analytics"
        # [create-database-scoped-credential-transact-sql, example B]; that the source is refused, and not the table, is unconfirmed
        raise load_errors.external_option("CREDENTIAL", made.credential or "")
    if kind.startswith("wasb") and (identity == _MANAGED or "@" in identity):
        # "authentication must be done with a storage account key" [create-external-data-source-transact-sql, on WASB[S]]
        raise load_errors.external_option("CREDENTIAL", made.credential or "")
    content.sources[made.name.lower()] = made


def file_format(session: PoolSession, command: d.CreateFormat) -> None:
    """CREATE EXTERNAL FILE FORMAT."""
    content = session.pool.catalog.content
    if command.format.name.lower() in content.formats:
        raise load_errors.external_object_exists("file format", command.format.name)
    content.formats[command.format.name.lower()] = command.format


def drop(session: PoolSession, command: d.DropExternal) -> None:
    """DROP of one: tables go first, then format and source, then the credential. Raises 46530, 46522."""
    catalog, key = session.pool.catalog, command.name.lower()
    content = catalog.content
    kinds: dict[str, tuple[str, Mapping[str, object], list[tuple[str, str]]]] = {
        "credential": ("credential", content.credentials, [(one.name, one.credential or "") for one in content.sources.values()]),
        "source": ("data source", content.sources, [(one.full_name, one.external.source) for one in catalog if one.external]),
        "format": ("file format", content.formats, [(one.full_name, one.external.format) for one in catalog if one.external]),
    }
    words, known, users = kinds[command.kind]
    if key not in known:
        raise load_errors.no_external_object(words, command.name)
    if by := next((name for name, used in users if used.lower() == key), None):
        raise load_errors.external_object_used(words, command.name, by)
    match command.kind:
        case "credential":
            del content.credentials[key]
        case "source":
            del content.sources[key]
        case "format":
            del content.formats[key]


def place_of_source(location: str, endpoints: Mapping[str, str]) -> Location:
    """Container and folder of a source's location, `wasbs://container@host/folder`. Raises 46525.

    On the loopback the account is the first part of the path, as Azurite has it: `wasb://container@127.0.0.1:10000/devstoreaccount1`.
    """
    parts = urlsplit(location)
    scheme = _PREFIXES.get(parts.scheme.lower())
    container, at, host = parts.netloc.rpartition("@")
    if scheme is None or not at or not container:
        raise load_errors.external_option("LOCATION", location)
    if (parts.hostname or "") in {"127.0.0.1", "localhost"}:
        account, _, folder = parts.path.strip("/").partition("/")
        return located(f"{scheme}://{host}/{account}/{container}/{folder}", endpoints)
    if not re.search(r"\.(blob|dfs)\.", host):
        raise load_errors.external_option("LOCATION", location)
    if host.lower() not in endpoints:
        return Location(location, "", host.split(".")[0], container, parts.path.strip("/"))  # a real account: nothing here reaches out
    return located(f"https://{host}/{container}{parts.path}", endpoints)


def external_location(session: PoolSession, table: TableDef, path: str) -> tuple[Location, Mapping[str, str]]:
    """Where a path of an external table is, and the credential in COPY's form. Raises 46530."""
    content = session.pool.catalog.content
    place = table.external
    found = content.sources.get(place.source.lower()) if place else None
    if found is None:
        raise load_errors.no_external_object("data source", place.source if place else "")
    base = place_of_source(found.location, session.pool.endpoints)
    if not base.account_url:
        raise load_errors.external_denied(f"Error [Unable to resolve storage account in '{found.location}'] occurred while accessing external file.")
    whole = "/".join(part for part in (base.path.strip("/"), path.strip("/")) if part)
    right: Mapping[str, str] = {}
    if found.credential is not None:
        known = content.credentials.get(found.credential.lower())
        if known is None:
            raise load_errors.no_external_object("credential", found.credential)
        if known.identity.lower() == _MANAGED:
            right = {"IDENTITY": "Managed Identity"}
        elif "@" in known.identity:
            if not PRINCIPAL.fullmatch(known.identity):  # the documents' endpoints are V1 [create-external-data-source-transact-sql, examples]
                raise load_errors.external_denied(
                    f"Error [no OAuth 2.0 token endpoint in '{known.identity}'] occurred while accessing external file."
                )
            right = {"IDENTITY": known.identity, "SECRET": known.secret or ""}
        else:  # any name at all stands for the account's key
            right = {"IDENTITY": "Storage Account Key", "SECRET": known.secret or ""}
    return Location(f"{found.location}/{path}", base.account_url, base.account, base.container, whole), right


def check_external(session: PoolSession, table: TableDef) -> None:
    """PolyBase looks at the location when the table is made. Raises 46530, 105002, 105019."""
    place = table.external
    if place is None:
        return
    if place.format.lower() not in session.pool.catalog.content.formats:
        raise load_errors.no_external_object("file format", place.format)
    list_external(session, table)


def list_external(session: PoolSession, table: TableDef) -> list[str]:
    """The files of an external table. Raises 105002 where nothing is, 105019 where the store refuses."""
    path = table.external.location if table.external else ""
    location, right = external_location(session, table, path)
    try:
        names = list_blobs(location, right, session.pool.identities)
    except SqlError as error:
        if error.number == load_errors.NOTHING_THERE:
            raise load_errors.external_no_path(path) from error
        raise load_errors.external_denied(f"Error [{error.message}] occurred while accessing external file.") from error
    if not names:
        raise load_errors.external_no_path(path)
    return names
