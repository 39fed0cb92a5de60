"""Logins with a token of Entra ID in place of a name and a password.

https://learn.microsoft.com/sql/connect/odbc/using-azure-active-directory, "Authenticating with an access token".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from target_synapse.entra import Identity
from target_synapse.settings.connection import BY_PASSWORD, OF_ENTRA

if TYPE_CHECKING:
    from collections.abc import Mapping

SQL_COPT_SS_ACCESS_TOKEN = 1256  # the driver's attribute (same page)
# The resource whose token a pool takes, by the end of the authority's host: each cloud has its own
# (https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview; azure-identity's AzureAuthorityHosts names the authorities).
RESOURCES = {".us": "https://database.usgovcloudapi.net", ".cn": "https://database.chinacloudapi.cn"}
PUBLIC_RESOURCE = "https://database.windows.net"


class TokenLogin:
    """What the driver is told before it connects; a token is asked for at each login, and kept by azure-identity as long as it is good."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        kind = str(config.get("authentication") or "sql")
        self._identity = Identity(kind, config) if kind in OF_ENTRA else None
        self._given = str(config["access_token"]) if kind == "access_token" else ""

    def attributes(self) -> dict[int, bytes]:
        """The driver's attributes: the token, or none. Raises CredentialsError if Entra ID gives no token."""
        token = self._identity.get_token(f"{resource(self._config)}/.default").token if self._identity else self._given
        if not token:
            return {}
        text = token.encode("utf-16-le")
        return {SQL_COPT_SS_ACCESS_TOKEN: struct.pack("<I", len(text)) + text}


def login_of(config: Mapping[str, Any]) -> str:
    """Who logs in, for messages: a name, or what kind of identity it is, whose user in the database only an administrator knows by its name."""
    kind = config.get("authentication") or "sql"
    return str(config["user"]) if kind in BY_PASSWORD else f"the user of the {str(kind).replace('_', ' ')}"


def resource(config: Mapping[str, Any]) -> str:
    """What the token must be for."""
    authority = str(config.get("entra_authority_url") or "").rstrip("/")
    return next((found for end, found in RESOURCES.items() if authority.endswith(end)), PUBLIC_RESOURCE)
