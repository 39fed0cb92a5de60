"""Tokens of a service principal, by the client-credentials flow of Entra ID.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow: a form is posted to the tenant's token endpoint, and the answer says for
how long its token holds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from singer_commons.errors import CredentialsError, RejectedError
from singer_commons.http import HttpClient
from singer_commons.secrets import excerpt, known_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_commons.http import RetryPolicy

AUTHORITY = (
    "https://login.microsoftonline.com"  # the public cloud's (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud)
)
EARLY_S = 300  # a token is renewed before it ends: a request may wait a while on its way
SHOWN_CHARS = 300


class AppTokens:
    """The token of the settings' service principal for a scope, asked for at first use and again before it ends."""

    def __init__(
        self, config: Mapping[str, Any], scope: str, *, policy: RetryPolicy | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        authority = str(config.get("entra_authority_url") or AUTHORITY).rstrip("/")
        self._url = f"{authority}/{config['entra_tenant_id']}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": config["entra_client_id"],
            "client_secret": config["entra_client_secret"],
            "scope": scope,
        }
        self._client, self._options = HttpClient("Entra ID", headers={}, policy=policy), connection_options(config)
        self._clock, self._token, self._ends_s = clock, "", 0.0

    def __call__(self) -> str:
        """The token. Raises CredentialsError or UnreachableError."""
        if self._clock() >= self._ends_s:
            answer = self._asked()
            self._token, self._ends_s = str(answer["access_token"]), self._clock() + float(answer["expires_in"]) - EARLY_S
            known_secrets().add([self._token])
        return self._token

    def _asked(self) -> Mapping[str, Any]:
        hint = "check `entra_tenant_id`, `entra_client_id` and `entra_client_secret`, and whether the secret has expired"
        try:
            answer: Mapping[str, Any] = self._client.request("POST", self._url, data=self._form, **self._options).json()
        except (CredentialsError, RejectedError) as error:
            raise CredentialsError(f"Entra ID gives no token to the service principal: {excerpt(str(error), SHOWN_CHARS)}", hint=hint) from None
        return answer


def connection_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Options of every request: whom to trust, and which way to go."""
    options: dict[str, Any] = {}
    if path := config.get("ca_bundle_path"):
        options["verify"] = path
    if proxy := config.get("proxy_url"):
        options["proxies"] = {"http": proxy, "https": proxy}
    return options
