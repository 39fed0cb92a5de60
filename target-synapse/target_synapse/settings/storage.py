"""Where files are staged, and what opens it: to this command, and to the pool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit, address_misfits, found_text, is_address
from singer_sdk import typing as th

from target_synapse.settings.connection import OF_ENTRA
from target_synapse.settings.entra import principal_misfits
from target_synapse.settings.signatures import copy_kind, signature_misfits
from target_synapse.staging.address import BLOB, DFS, service_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_SWEEP_AFTER_HOURS = 24  # far longer than the load of a batch takes, and soon enough for storage to cost little
SAFE_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
SECRETS = {"account_key": "storage_account_key", "sas": "storage_sas_token", "connection_string": "storage_connection_secret"}
OF_AZCOPY = ("service_principal", "managed_identity")
SIGNATURES, LAKE_ONLY = ("sas", "user_delegation_sas"), ("managed_identity", "service_principal", "entra_user")
COPY_KINDS = ("account_key", "sas", "user_delegation_sas", "managed_identity", "service_principal", "entra_user", "public")

STORAGE = (
    th.Property(
        "storage_url",
        th.StringType(),
        title="Storage URL",
        description="Endpoint of the staging account, such as `https://account.blob.core.windows.net` or `https://account.dfs.core.windows.net`; "
        "private endpoints and other clouds too. A connection string may stand in its place. Not needed with `load_via` `insert`.",
    ),
    th.Property(
        "storage_container",
        th.StringType(),
        title="Container",
        description="Container for the staged files. It must exist. Needed unless `load_via` is `insert`.",
    ),
    th.Property("storage_prefix", th.StringType(), default="target-synapse", title="Prefix", description="Folder in the container."),
    th.Property(
        "storage_authentication",
        th.StringType(allowed_values=["auto", *SECRETS, *OF_ENTRA]),
        default="auto",
        title="Storage authentication",
        description="What opens the storage to this command. `auto`: the one of the three secrets below that is set. The others are identities of Entra ID: "
        "`service_principal`, `managed_identity`, and `default`, the chain of azure-identity (environment, workload, machine, `az login`).",
    ),
    th.Property("storage_account_key", th.StringType(), secret=True, title="Account key", description="Key of the account."),
    th.Property(
        "storage_sas_token",
        th.StringType(),
        secret=True,
        title="SAS token",
        description="Shared access signature of the container that allows to read, list, create, write and delete.",
    ),
    th.Property(
        "storage_connection_secret",
        th.StringType(),
        secret=True,
        title="Connection string",
        description="Connection string of the account, as the portal shows it.",
    ),
    th.Property(
        "storage_account",
        th.StringType(),
        title="Account name",
        description="Name of the storage account, where the first label of the URL's host is not it: behind a domain of your own.",
    ),
    th.Property(
        "uploader",
        th.StringType(allowed_values=["sdk", "azcopy"]),
        default="sdk",
        title="Uploader",
        description="`sdk`: Microsoft's Python library. `azcopy`: the program AzCopy, which signs in by itself: "
        "with `storage_authentication` `service_principal` or `managed_identity`.",
    ),
    th.Property("azcopy_path", th.StringType(), title="AzCopy", description="The program's file. Default: `azcopy` on the PATH."),
    th.Property(
        "stage_format",
        th.StringType(allowed_values=["csv", "parquet"]),
        default="csv",
        title="Format of staged files",
        description="`csv` (gz, which a pool loads fastest) or `parquet` (snappy). Both give the same rows.",
    ),
    th.Property(
        "staged_files",
        th.IntegerType(minimum=1),
        title="Files at once",
        description="Staged files that the pool reads at once. Files are of 4 MB, and of more once a batch has so many. "
        "Default: 60 for each compute node of the pool's service level, which is asked for.",
    ),
    th.Property(
        "after_load",
        th.StringType(allowed_values=["delete", "keep", "archive"]),
        default="delete",
        title="Files after the load",
        description="What becomes of staged files once their rows are in the table: `delete`, `keep` them where they are, or `archive`: move them below `archive_prefix`.",
    ),
    th.Property(
        "archive_prefix",
        th.StringType(),
        default="target-synapse-archive",
        title="Archive",
        description="Folder in the container for archived files: `<archive_prefix>/<run>/<stream>/<batch>/<file>`.",
    ),
    th.Property(
        "sweep_after_hours",
        th.IntegerType(minimum=1),
        default=DEFAULT_SWEEP_AFTER_HOURS,
        title="Age of leftovers",
        description="Hours after which staging tables and staged files that a killed run left are removed by another one. No files with `after_load: keep`.",
    ),
    th.Property(
        "copy_storage_url",
        th.StringType(),
        title="Storage URL for the pool",
        description="The same storage as the pool sees it, where that is another address than `storage_url`.",
    ),
    th.Property(
        "copy_credential",
        th.StringType(allowed_values=["auto", *COPY_KINDS]),
        default="auto",
        title="Credential of COPY",
        description="What opens the storage to the pool. `auto`: the key or signature of this command; with an identity of Entra ID a user-delegation SAS, which is "
        "made for the run and may read and list. `managed_identity` is the workspace's or server's own; `entra_user` the user that is logged in.",
    ),
    th.Property(
        "copy_sas_token",
        th.StringType(),
        secret=True,
        title="SAS token for the pool",
        description="A signature for the pool alone, which may read and list. Default: `storage_sas_token`.",
    ),
)


def storage_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit together in how the store is reached."""
    if not settings.get("storage_container"):
        yield Misfit(("storage_container",), "expected, unless `load_via` is `insert`; found nothing")
    yield from _upload_misfits(settings)
    yield from _copy_misfits(settings)
    yield from signature_misfits(settings)
    yield from _file_type_misfits(settings)
    yield from address_misfits(settings, "storage_url", "copy_storage_url", example="https://account.blob.core.windows.net, without `?`")
    prefixes = ("storage_prefix", "archive_prefix") if settings.get("after_load") == "archive" else ("storage_prefix",)
    for name in prefixes:
        if not SAFE_PATH.fullmatch(settings.get(name) or ""):
            yield Misfit((name,), f"expected letters, digits and . _ - in parts divided by /, {found_text(settings.get(name) or '')}")
    if len(prefixes) > 1 and settings.get("storage_prefix") == settings.get("archive_prefix"):
        yield Misfit(prefixes, "expected two folders: what is archived would be swept up as a leftover")


def _file_type_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    if settings.get("stage_format") == "parquet" and (refused := refuses_parquet(settings)):
        yield Misfit(("stage_format", "copy_credential", "copy_storage_url"), refused)


def refuses_parquet(settings: Mapping[str, Any]) -> str:
    """Why COPY INTO does not take Parquet with its credential, by the table of its page, "CREDENTIAL"; empty if it does."""
    url = settings.get("copy_storage_url") or settings.get("storage_url") or ""
    service, kind = service_of(url) if is_address(url) else None, copy_kind(settings)
    if kind in SIGNATURES and service == DFS:
        return f"COPY reads Parquet with a signature through a .blob. address only, {found_text(url)}"
    if kind in LAKE_ONLY and service == BLOB:
        return f"COPY reads Parquet with {kind} from a data lake only, through its .dfs. address, {found_text(url)}"
    return ""


def _upload_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    kind = settings.get("storage_authentication") or "auto"
    given = [name for name in SECRETS.values() if settings.get(name)]
    if kind == "auto" and len(given) != 1:
        found = " and ".join(f"`{name}`" for name in given) or "none"
        yield Misfit(tuple(SECRETS.values()), f"expected exactly one of the three, or a `storage_authentication`, found {found}")
    if kind in SECRETS and SECRETS[kind] not in given:
        yield Misfit(("storage_authentication", SECRETS[kind]), f"expected the secret for {kind}, found none")
    if kind == "service_principal":
        yield from principal_misfits(settings, "storage_authentication")
    if settings.get("uploader") == "azcopy" and kind not in OF_AZCOPY:
        yield Misfit(
            ("uploader", "storage_authentication"), f"azcopy would show a key or signature among its arguments: expected {' or '.join(OF_AZCOPY)}"
        )
    if not settings.get("storage_url") and not settings.get("storage_connection_secret"):
        yield Misfit(("storage_url", "storage_connection_secret"), "expected one of the two, unless `load_via` is `insert`; found neither")


def _copy_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    kind = settings.get("copy_credential") or "auto"
    by_string = bool(settings.get("storage_connection_secret"))
    if kind == "account_key" and not (settings.get("storage_account_key") or by_string):
        yield Misfit(("copy_credential", "storage_account_key"), "expected the key that COPY is to use, found none")
    if kind == "sas" and not (settings.get("copy_sas_token") or settings.get("storage_sas_token") or by_string):
        yield Misfit(("copy_credential", "copy_sas_token", "storage_sas_token"), "expected a signature for COPY, found none")
    if kind == "service_principal":
        yield from principal_misfits(settings, "copy_credential")
    if kind == "user_delegation_sas" and settings.get("storage_authentication") not in OF_ENTRA:
        yield Misfit(
            ("copy_credential", "storage_authentication"), f"a user-delegation SAS is made with an identity: expected one of {', '.join(OF_ENTRA)}"
        )
