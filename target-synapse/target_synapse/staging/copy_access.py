"""How the pool gets at the staged files: the credential that COPY INTO names.

The kinds, and which files each may read: https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql, "CREDENTIAL".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_synapse.entra import v1_token_endpoint
from target_synapse.sql.copy_into import IDENTITY, KEY, SIGNATURE, Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_synapse.staging.access import Access

NAMELESS = ("entra_user", "public")  # the session's own user, or nobody


def kind_of(config: Mapping[str, Any], access: Access) -> str:
    """The kind of credential: the one that is named, else what the upload has."""
    named = str(config.get("copy_credential") or "auto")
    if named != "auto":
        return named
    if access.identity:
        return "user_delegation_sas"
    return "account_key" if access.key else "sas"


def copy_credential(config: Mapping[str, Any], access: Access, delegated: Callable[[], Credential]) -> Credential:
    """The credential for COPY INTO; `delegated` makes the one that is minted."""
    kind = kind_of(config, access)
    if kind == "user_delegation_sas":
        return delegated()
    if kind == "account_key":
        return Credential(KEY, access.key or config["storage_account_key"])
    if kind == "sas":
        given = config.get("copy_sas_token") or access.signature or config["storage_sas_token"]
        return Credential(SIGNATURE, str(given).removeprefix("?"))
    if kind == "service_principal":
        return Credential(f"{config['entra_client_id']}@{v1_token_endpoint(config)}", config["entra_client_secret"])
    return Credential("") if kind in NAMELESS else Credential(IDENTITY)
