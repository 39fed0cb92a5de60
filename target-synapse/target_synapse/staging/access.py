"""How this command gets at the store: an account key, a shared access signature, a connection string, or an identity of Entra ID."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.utils import parse_connection_string
from singer_commons.errors import ConfigurationError

from target_synapse.entra import Identity
from target_synapse.settings.connection import OF_ENTRA
from target_synapse.settings.storage import SECRETS
from target_synapse.staging.address import account_of, blob_url
from target_synapse.staging.expiry import OUT_OF_TIME, expiry_of, now_utc, told

if TYPE_CHECKING:
    from collections.abc import Mapping

PUBLIC_SUFFIX = "core.windows.net"  # of the public cloud; a connection string of another one names its own
HINTS = {
    "account_key": "check `storage_account_key`, and the clock; an account may have keys disabled",
    "sas": "check `storage_sas_token` (read, list, create, write, delete; not expired), and the clock",
    "connection_string": "check `storage_connection_secret`, and the clock",
}
ROLES_HINT = (
    "give the identity the role Storage Blob Data Contributor on the container, and for COPY's signature Storage Blob Delegator on the account"
)


@dataclass(frozen=True, slots=True)
class Access:
    """An account and what opens it; `key` or `signature` is what the pool may be given, too."""

    kind: str
    url: str
    account: str
    key: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    identity: Identity | None = None

    @property
    def credential(self) -> AzureNamedKeyCredential | AzureSasCredential | Identity:
        """As the Azure libraries take it."""
        if self.identity:
            return self.identity
        return AzureNamedKeyCredential(self.account, self.key) if self.key else AzureSasCredential(self.signature)

    @property
    def hint(self) -> str:
        """What to look at when the store refuses it."""
        return HINTS.get(self.kind, ROLES_HINT)

    def why_refused(self, said: str) -> str:
        """Why the store refuses a signature that was good, if that is its time; else empty."""
        expiry = expiry_of(self.signature) if self.signature else None
        if expiry and (expiry <= now_utc() or OUT_OF_TIME in said):
            return f": the signature expired at {told(expiry)}"
        return ": it says that the signature is not valid at this time" if self.signature and OUT_OF_TIME in said else ""


def access_of(config: Mapping[str, Any]) -> Access:
    """The access that the settings ask for. Raises ConfigurationError for a connection string that is none."""
    kind = authentication_of(config)
    if kind == "connection_string":
        return _of_connection_string(config)
    url = blob_url(config["storage_url"])
    account = config.get("storage_account") or account_of(url)
    if kind in OF_ENTRA:
        return Access(kind, url, account, identity=Identity(kind, config))
    if kind == "account_key":
        return Access(kind, url, account, key=config["storage_account_key"])
    return Access(kind, url, account, signature=config["storage_sas_token"].removeprefix("?"))


def authentication_of(config: Mapping[str, Any]) -> str:
    """The kind of access: the one that is named, else that of the secret that is given."""
    named = str(config.get("storage_authentication") or "auto")
    return named if named != "auto" else next((kind for kind, secret in SECRETS.items() if config.get(secret)), "account_key")


def _of_connection_string(config: Mapping[str, Any]) -> Access:
    try:
        parts = parse_connection_string(config["storage_connection_secret"])
    except ValueError as error:
        raise ConfigurationError(
            f"`storage_connection_secret` is no connection string: {error}", hint="the portal shows it beside the keys"
        ) from None
    account = parts.get("accountname", "")
    made = f"{parts.get('defaultendpointsprotocol', 'https')}://{account}.blob.{parts.get('endpointsuffix', PUBLIC_SUFFIX)}"
    url = blob_url(config.get("storage_url") or parts.get("blobendpoint") or (made if account else ""))
    key, signature = parts.get("accountkey", ""), parts.get("sharedaccesssignature", "").removeprefix("?")
    if not url or not (key or signature):
        raise ConfigurationError(
            "`storage_connection_secret` names no account, or nothing that opens it",
            hint="it has AccountName and AccountKey, or BlobEndpoint and SharedAccessSignature",
        )
    return Access("connection_string", url, config.get("storage_account") or account or account_of(url), key, "" if key else signature)
