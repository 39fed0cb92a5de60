"""A small cloud over TLS: a token service, a store that takes its tokens, and a pool that may read the store by a role."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.blob.service import ACCOUNT_KEY, CONTAINER, BlobService
from sandbox.entra.api import Directory
from sandbox.entra.service import EntraService
from sandbox.entra.tokens import Issuer
from sandbox.tds.certificate import Certificate, self_signed

from synapse_support.stand_ins import Azurite, PoolProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TENANT, CLIENT, SECRET = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "s3cret-of-the-loader"
TOKEN_KEY = "signs the tokens"


@dataclass(frozen=True)
class Cloud:
    certificate: Certificate
    entra: EntraService
    store: Azurite
    pool: PoolProcess

    @property
    def principal(self) -> dict[str, Any]:
        """The settings of a loader that is a service principal."""
        return {
            "entra_tenant_id": TENANT,
            "entra_client_id": CLIENT,
            "entra_client_secret": SECRET,
            "entra_authority_url": self.entra.url,
            "ca_bundle_path": str(self.certificate.certificate),
        }

    @property
    def database(self) -> dict[str, Any]:
        """The pool's settings, without who logs in."""
        return {**self.pool.settings(), "encrypt": "yes", "trust_server_certificate": True, "user": None, "password": None}

    @property
    def storage(self) -> dict[str, Any]:
        return {"storage_url": self.store.url, "storage_container": CONTAINER, "ca_bundle_path": str(self.certificate.certificate)}


@contextmanager
def running_cloud(folder: Path) -> Iterator[Cloud]:
    certificate = self_signed(folder)
    entra = EntraService(Directory(Issuer(TOKEN_KEY.encode(), TENANT), {CLIENT: SECRET}), certificate)
    entra.start()
    store = BlobService(certificate=certificate)
    trusted = {"REQUESTS_CA_BUNDLE": str(certificate.certificate)}
    options = {
        "identities": {"key": ACCOUNT_KEY, "principals": {CLIENT: SECRET}},
        "issuer": {"key": TOKEN_KEY, "tenant": TENANT},
        "entra_users": [CLIENT, entra.directory.identity],
        "certificate": [str(certificate.certificate), str(certificate.key)],
    }
    pool = PoolProcess(options, trusted)
    try:
        yield Cloud(certificate, entra, Azurite(store.url, str(certificate.certificate)), pool)
    finally:
        pool.close()
        store.close()
        entra.close()
