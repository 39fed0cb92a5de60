"""Pipelines as a service of the sandbox, with the token service that says who may start them: for those who ask for it (`sandbox up --with adf`).

Its factory copies from the sandbox's blob store into its pool, wherever these are when a pipeline runs. `load` is the pipeline of docs/adf-pipeline.json.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.adf.api import AdfStand
from sandbox.adf.copying import Places
from sandbox.adf.expressions import DefinitionError
from sandbox.entra.api import Directory
from sandbox.entra.service import EntraService
from sandbox.entra.tokens import Issuer
from sandbox.errors import SandboxError
from sandbox.http.service import HttpService
from sandbox.notes import Note
from sandbox.tds.certificate import self_signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.services import Options

TEMPLATE = Path(__file__).parents[3] / "docs" / "adf-pipeline.json"
FACTORY = "/subscriptions/sandbox/resourceGroups/sandbox/providers/Microsoft.DataFactory/factories/sandbox"
TENANT, CLIENT = "5a7d0000-0000-0000-0000-00000000000a", "5a7d0000-0000-0000-0000-00000000000c"
PIPELINE = "load"
POLL_S = "0.2"  # a copy of the sandbox's takes less than a second


class AdfService:
    """A factory over http, and a token service over https, on ports of their own."""

    def __init__(self, options: Options) -> None:
        folder = options.folder / "entra"
        folder.mkdir(parents=True, exist_ok=True)
        issuer = Issuer(secrets.token_bytes(32), TENANT)
        self._secret = secrets.token_urlsafe(16)
        self._factory = HttpService(AdfStand(issuer, lambda: places_in(options.folder)), port=options.port)
        self._entra = EntraService(Directory(issuer, {CLIENT: self._secret}), self_signed(folder))
        self._factory.stand.change({"pipelines": {PIPELINE: template()}})
        self._entra.start()
        self.port = self._factory.port

    @property
    def settings(self) -> Mapping[str, str]:
        """What `load_via` `adf` of target-synapse needs beside pool and storage."""
        return {
            "TARGET_SYNAPSE_ADF_URL": f"{self._factory.url}{FACTORY}",
            "TARGET_SYNAPSE_ADF_PIPELINE": PIPELINE,
            "TARGET_SYNAPSE_ADF_POLL_S": POLL_S,
            "TARGET_SYNAPSE_ENTRA_AUTHORITY_URL": self._entra.url,
            "TARGET_SYNAPSE_ENTRA_TENANT_ID": TENANT,
            "TARGET_SYNAPSE_ENTRA_CLIENT_ID": CLIENT,
            "TARGET_SYNAPSE_ENTRA_CLIENT_SECRET": self._secret,
            "TARGET_SYNAPSE_CA_BUNDLE_PATH": str(self._entra.certificate.certificate.absolute()),
            "SANDBOX_ADF_URL": self._factory.url,
        }

    def serve_forever(self) -> None:
        """Answer requests until `close`."""
        self._factory.serve_forever()

    def close(self) -> None:
        """Stop both."""
        self._factory.close()
        self._entra.close()


def start(options: Options) -> AdfService:
    """Start a factory on the port that is asked for."""
    return AdfService(options)


def template() -> Mapping[str, object]:
    """The pipeline of the docs. Raises SandboxError where the sandbox is not run from a checkout."""
    try:
        found: Mapping[str, object] = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError(f"cannot read {TEMPLATE}: {error.strerror}", hint="run the sandbox from a checkout of the project") from error
    return found


def places_in(folder: Path) -> Places:
    """The sandbox's own store and pool. Raises DefinitionError, which becomes a run's message, if they are not up."""
    blob, pool = (Note.read(folder, name) for name in ("blob", "synapse"))
    if not (blob and blob.is_alive and pool and pool.is_alive):
        raise DefinitionError("the linked services staging_storage and pool are not there: `sandbox up blob synapse` starts them")
    names = ("HOST", "PORT", "DATABASE", "USER", "PASSWORD")
    host, port, database, user, password = (pool.settings[f"TARGET_SYNAPSE_{name}"] for name in names)
    url, key = (blob.settings[f"TARGET_SYNAPSE_STORAGE_{name}"] for name in ("URL", "ACCOUNT_KEY"))
    return Places(host, int(port), database, user, url, password, key)
