"""Pipelines of Data Factory and of Synapse that copy into the stand-in of a pool, and the token service that they trust."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.adf.api import AdfStand
from sandbox.adf.copying import Places
from sandbox.blob.service import ACCOUNT_KEY
from sandbox.entra.api import Directory
from sandbox.entra.service import EntraService
from sandbox.entra.tokens import Issuer
from sandbox.http.service import HttpService
from sandbox.tds.certificate import self_signed

from synapse_support.azure_cloud import CLIENT, SECRET, TENANT, TOKEN_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from synapse_support.stand_ins import Azurite, PoolProcess

TEMPLATE = Path(__file__).parents[2] / "docs/adf-pipeline.json"
FACTORY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/f"


@dataclass(frozen=True)
class RunningPipelines:
    service: HttpService
    entra: EntraService

    @property
    def settings(self) -> dict[str, Any]:
        """Those of a service principal that may start the pipeline of the docs."""
        return {
            "adf_url": f"{self.service.url}{FACTORY}",
            "adf_pipeline": "load",
            "adf_poll_s": 0.02,
            "entra_authority_url": self.entra.url,
            "entra_tenant_id": TENANT,
            "entra_client_id": CLIENT,
            "entra_client_secret": SECRET,
            "ca_bundle_path": str(self.entra.certificate.certificate),
        }


@contextmanager
def running_pipelines(pool: PoolProcess, azurite: Azurite, folder: Path) -> Iterator[RunningPipelines]:
    """Pipelines that copy from the one into the other; `load` is the one in docs."""
    places = Places("127.0.0.1", pool.port, "pool", "loader", azurite.url, "Secret1!", ACCOUNT_KEY)
    issuer = Issuer(TOKEN_KEY.encode(), TENANT)
    entra = EntraService(Directory(issuer, {CLIENT: SECRET}), self_signed(folder))
    service = HttpService(AdfStand(issuer, lambda: places))
    service.stand.change({"pipelines": {"load": json.loads(TEMPLATE.read_text(encoding="utf-8"))}})
    entra.start()
    service.start()
    try:
        yield RunningPipelines(service, entra)
    finally:
        service.close()
        entra.close()
