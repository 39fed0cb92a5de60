"""Azurite as a service of the sandbox. It keeps its data in memory: `sandbox down` forgets them, as the pool in front of it does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from azure.storage.blob import BlobServiceClient

from sandbox.blob.azurite import Azurite
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.services import Options
    from sandbox.tds.certificate import Certificate

# The account and key that Azurite has for everybody (https://learn.microsoft.com/azure/storage/common/storage-connect-azurite, read 2026-11-21).
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "stage"


class BlobService:
    """Azurite, with a container to stage files in; with a certificate over TLS, where it takes Entra's tokens, too."""

    def __init__(self, port: int = 0, *, certificate: Certificate | None = None) -> None:
        self._closed = threading.Event()
        self._certificate = certificate
        self._azurite = Azurite(port, certificate=certificate)
        self.port = self._azurite.port
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}/{ACCOUNT}"
        try:
            self._make_container()
        except BaseException:
            self.close()
            raise

    @property
    def settings(self) -> Mapping[str, str]:
        """Where target-synapse stages its files, and with which key."""
        return {
            "TARGET_SYNAPSE_STORAGE_URL": self.url,
            "TARGET_SYNAPSE_STORAGE_CONTAINER": CONTAINER,
            "TARGET_SYNAPSE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
            "SANDBOX_BLOB_URL": self.url,
        }

    def serve_forever(self) -> None:
        """Wait while Azurite serves. Raises SandboxError if it ends by itself."""
        self._azurite.wait()
        if not self._closed.is_set():
            raise SandboxError("Azurite ended by itself")

    def close(self) -> None:
        """End Azurite; what it stored is gone."""
        self._closed.set()
        self._azurite.close()

    def _make_container(self) -> None:
        trusted = str(self._certificate.certificate) if self._certificate else True
        with BlobServiceClient(self.url, credential=ACCOUNT_KEY, retry_total=0, connection_verify=trusted) as client:
            client.create_container(CONTAINER)


def start(options: Options) -> BlobService:
    """Start Azurite on the port that is asked for."""
    return BlobService(options.port)
