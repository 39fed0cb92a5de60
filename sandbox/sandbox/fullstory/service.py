"""Starts the FullStory stand-in as a service of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.fullstory.access import ADMIN_KEY
from sandbox.fullstory.api import FullstoryStand
from sandbox.fullstory.data import Account
from sandbox.http.service import HttpService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.services import Options


class FullstoryService(HttpService):
    """The stand-in, with the settings that tap-fullstory reads it by."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The tap's settings, and where the controls are."""
        return {"TAP_FULLSTORY_BASE_URL": self.url, "TAP_FULLSTORY_API_KEY": ADMIN_KEY, "SANDBOX_FULLSTORY_URL": self.url}


def start(options: Options) -> FullstoryService:
    """Listen on a loopback port with the account of the seed.

    One bundle at first, and one more after a change, are as many downloads as the service lets in a minute: a demo of two runs need not wait.
    """
    return FullstoryService(FullstoryStand(account=Account(seed=options.seed, bundles=1)), port=options.port)
