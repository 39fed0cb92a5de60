"""The mParticle stand-in as a service of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.http.service import HttpService
from sandbox.mparticle.api import MparticleStand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.services import Options


class MparticleService(HttpService):
    """Serves the stand-in, and tells the settings of a target that sends to it."""

    stand: MparticleStand

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment variables for target-mparticle, and the address of the controls."""
        return {
            "TARGET_MPARTICLE_BASE_URL": f"{self.url}/v2",
            "TARGET_MPARTICLE_API_KEY": self.stand.api_key,
            "TARGET_MPARTICLE_API_SECRET": self.stand.api_secret,
            "TARGET_MPARTICLE_ENVIRONMENT": "development",
            "SANDBOX_MPARTICLE_URL": self.url,
        }


def start(options: Options) -> MparticleService:
    """Start the stand-in; nothing is stored at first."""
    return MparticleService(MparticleStand(options.seed), port=options.port)
