"""Entra ID: who this command is to Azure, through azure-identity.

The library is imported when a token is asked for. What a token service refuses is told in its own words, on one line.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_commons.errors import ConfigurationError, CredentialsError
from singer_commons.secrets import excerpt, known_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from azure.core.credentials import AccessToken, TokenCredential

PUBLIC_AUTHORITY = (
    "https://login.microsoftonline.com"  # the public cloud's (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud)
)
SHOWN_CHARS = 300
HINTS = {
    "service_principal": "check `entra_tenant_id`, `entra_client_id` and `entra_client_secret`, and whether the secret has expired",
    "managed_identity": "a managed identity is there only on a machine in Azure that was given one; `entra_client_id` chooses among several",
    "default": "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
}


class Identity:
    """A credential as the Azure libraries take it: made at first use, its tokens masked in all text."""

    def __init__(self, kind: str, config: Mapping[str, Any]) -> None:
        self.kind, self._config = kind, config
        self._credential: TokenCredential | None = None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for the scopes. Raises CredentialsError."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - the Azure libraries: not for `--version`

        if self._credential is None:
            self._credential = _made(self.kind, self._config)
        try:
            token = self._credential.get_token(*scopes, **options)
        except AzureError as error:
            said = excerpt(str(error), SHOWN_CHARS)
            raise CredentialsError(f"Entra ID gives no token to the {self.kind.replace('_', ' ')}: {said}", hint=HINTS[self.kind]) from None
        known_secrets().add([token.token])
        return token


def v1_token_endpoint(config: Mapping[str, Any]) -> str:
    """The OAuth 2.0 token endpoint V1 of the tenant, which COPY INTO wants behind a service principal's id."""
    authority = str(config.get("entra_authority_url") or PUBLIC_AUTHORITY).rstrip("/")
    return f"{authority}/{config['entra_tenant_id']}/oauth2/token"


def transport_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Options of every client of the Azure libraries: whom to trust, and which way to go."""
    options: dict[str, Any] = {}
    if path := config.get("ca_bundle_path"):
        options["connection_verify"] = path
    if proxy := config.get("proxy_url"):
        options["proxies"] = {"http": proxy, "https": proxy}
    return options


def _made(kind: str, config: Mapping[str, Any]) -> TokenCredential:
    make: dict[str, Callable[[ModuleType, Mapping[str, Any]], TokenCredential]] = {
        "managed_identity": lambda identity, options: identity.ManagedIdentityCredential(client_id=config.get("entra_client_id"), **options),
        "service_principal": lambda identity, options: identity.ClientSecretCredential(
            config["entra_tenant_id"], config["entra_client_id"], config["entra_client_secret"], **_authority(config), **options
        ),
        "default": lambda identity, options: identity.DefaultAzureCredential(
            managed_identity_client_id=config.get("entra_client_id"), **_authority(config), **options
        ),
    }
    return make[kind](_azure_identity(), transport_options(config))


def _authority(config: Mapping[str, Any]) -> dict[str, Any]:
    """Who names an authority vouches for it: the library would ask the public cloud about it, which a closed network cannot reach."""
    authority = config.get("entra_authority_url")
    return {"authority": urlsplit(authority).netloc, "disable_instance_discovery": True} if authority else {}


def _azure_identity() -> ModuleType:
    try:
        return importlib.import_module("azure.identity")
    except ImportError as error:
        raise ConfigurationError("the Python package azure-identity is missing", hint="run `pip install azure-identity`") from error
