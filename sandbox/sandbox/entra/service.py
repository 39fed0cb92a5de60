"""The token service, over TLS, as azure-identity will have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.entra.api import EntraStand
from sandbox.http.service import HttpService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.entra.api import Directory
    from sandbox.tds.certificate import Certificate


class EntraService(HttpService):
    """Serves the endpoints over https; the address of the identity endpoint is `identity_environment`'s."""

    def __init__(self, directory: Directory, certificate: Certificate, port: int = 0) -> None:
        self.directory, self.certificate = directory, certificate
        stand = EntraStand(directory)
        super().__init__(stand, port=port, certificate=certificate)
        stand.base_url = self.url

    @property
    def identity_environment(self) -> Mapping[str, str]:
        """The variables by which App Service tells a process how to ask for its identity's tokens."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": self.directory.identity_header}
