"""The service as the sandbox starts it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sandbox.autopilot.api import API_KEY, PREFIX, AutopilotStand
from sandbox.http.service import HttpService
from sandbox.warehouse import cdnow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.autopilot.data import Figures
    from sandbox.services import Options

logger = logging.getLogger(__name__)


class AutopilotService(HttpService):
    """The stand-in on its port, with the settings that lead to it."""

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment variables for tap-autopilot and for the controls."""
        return {"TAP_AUTOPILOT_BASE_URL": self.url + PREFIX, "TAP_AUTOPILOT_API_KEY": API_KEY, "SANDBOX_AUTOPILOT_URL": self.url}


def start(options: Options) -> AutopilotService:
    """Listen on the port that the options name."""
    return AutopilotService(AutopilotStand(options.seed, _customers()), port=options.port)


def _customers() -> Sequence[Figures] | None:
    """The customers of the warehouse, so that both sides tell of the same people; None where their file is not at hand."""
    try:
        return cdnow.customers()
    except OSError as problem:
        logger.warning("The CDNOW customers are not at hand (%s); contacts are made from the seed alone", problem)
        return None
