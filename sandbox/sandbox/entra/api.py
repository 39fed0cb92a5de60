"""The token service's endpoints, by the documents of the identity platform.

- discovery: https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
- client credentials: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
- a managed identity, as App Service offers it: https://learn.microsoft.com/azure/app-service/overview-managed-identity ("REST endpoint reference")
- errors: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.entra.tokens import LIFETIME_S
from sandbox.http.messages import Answer, Request
from sandbox.http.service import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.entra.tokens import Issuer

SCOPE_OF_ALL = "/.default"


@dataclass(frozen=True, slots=True)
class Directory:
    """Who is known: applications by id with their secrets, and the machine's own identity, which is asked for with a header."""

    issuer: Issuer
    applications: Mapping[str, str]
    identity: str = "00000000-0000-0000-0000-00000000cafe"
    identity_header: str = field(default="sandbox-identity-header", repr=False)


@dataclass(slots=True)
class EntraStand:
    """The endpoints; `base_url` is where they are found."""

    directory: Directory
    base_url: str = ""

    def routes(self) -> Sequence[Route]:
        """Discovery, tokens, and the machine's identity."""
        return (
            Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", self._discovery),
            Route("POST", "/{tenant}/oauth2/v2.0/token", self._token),
            Route("GET", "/msi/token", self._identity),
        )

    def admit(self, _request: Request) -> Answer | None:
        """Everyone."""
        return None

    def unknown(self, _request: Request) -> Answer:
        """No such page."""
        return Answer(404)

    def change(self, wish: Mapping[str, Any]) -> Any:
        """Nothing can be changed."""
        raise ValueError(f"nothing can be changed here: {wish}")

    def stored(self, _query: Mapping[str, str]) -> Any:
        """The ids of the applications."""
        return sorted(self.directory.applications)

    def _discovery(self, _request: Request, tenant: str) -> Answer:
        base = f"{self.base_url}/{tenant}"
        found = {
            "issuer": f"{base}/v2.0", "token_endpoint": f"{base}/oauth2/v2.0/token", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }  # fmt: skip
        return Answer.of_json(found)

    def _token(self, request: Request, tenant: str) -> Answer:
        asked = dict(parse_qsl(request.body.decode()))
        if tenant != self.directory.issuer.tenant:
            return _refused("invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if asked.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        application = asked.get("client_id", "")
        if application not in self.directory.applications:
            return _refused("unauthorized_client", 700016, f"Application with identifier '{application}' was not found in the directory.")
        if asked.get("client_secret") != self.directory.applications[application]:
            return _refused("invalid_client", 7000215, "Invalid client secret provided.", status=401)
        scope = asked.get("scope", "")
        resources = [one.removesuffix(SCOPE_OF_ALL) for one in scope.split() if one.endswith(SCOPE_OF_ALL)]
        if len(resources) != 1:
            return _refused("invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
        token = self.directory.issuer.token(subject=application, audience=resources[0])
        return Answer.of_json({"token_type": "Bearer", "expires_in": LIFETIME_S, "ext_expires_in": LIFETIME_S, "access_token": token})

    def _identity(self, request: Request) -> Answer:
        if request.headers.get("x-identity-header") != self.directory.identity_header:
            return Answer.of_json({"statusCode": 401, "message": "Unauthorized"}, 401)
        resource, identity = request.query.get("resource", ""), request.query.get("client_id", self.directory.identity)
        token = self.directory.issuer.token(subject=identity, audience=resource)
        found = {"access_token": token, "expires_on": str(int(time.time()) + LIFETIME_S), "resource": resource, "token_type": "Bearer"}
        return Answer.of_json({**found, "client_id": identity})


def _refused(code: str, number: int, text: str, status: int = 400) -> Answer:
    return Answer.of_json({"error": code, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}, status)
