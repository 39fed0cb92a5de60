"""Where downloads can be sent on to: a store on another address, which takes no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.fullstory import events, shapes
from sandbox.http.messages import Answer
from sandbox.http.service import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.fullstory.data import Account
    from sandbox.http.messages import Request


class BundleStore:
    """Serves the bundles of an account by `/{id}`, and refuses every request that carries a key to where it does not belong.

    A signed address is all the permission there is; a key sent along has leaked, and stores refuse two permissions at once.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> Sequence[Route]:
        """One address a bundle."""
        return [Route("GET", "/{id}", self._bundle)]

    def admit(self, request: Request) -> Answer | None:
        """400 for a request with an Authorization header."""
        return Answer(400, b"Only one auth mechanism allowed") if "authorization" in request.headers else None

    def unknown(self, _request: Request) -> Answer:
        """404."""
        return Answer(404, b"NoSuchKey")

    def change(self, _wish: Mapping[str, Any]) -> None:
        """Nothing here changes by itself."""

    def stored(self, _query: Mapping[str, str]) -> list[int]:
        """The ids of the bundles."""
        return [bundle.id for bundle in self._account.bundles]

    def _bundle(self, request: Request, id: str) -> Answer:  # noqa: A002 - the segment's name in the route
        for bundle in self._account.bundles:
            if str(bundle.id) == id:
                return shapes.bundle_file("gzip-file", events.rows_between(self._account, bundle.start_s, bundle.stop_s), id)
        return self.unknown(request)
