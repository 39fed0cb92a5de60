"""A service's controls, from a test or a demo: its request log, faults, changes, and what it holds."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

TIMEOUT_S = 30


class Control:
    """Talks to the `/_sandbox/` controls of the stand-in at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/_sandbox/"

    def requests(self) -> list[dict[str, Any]]:
        """The log of requests, oldest first."""
        logged: list[dict[str, Any]] = self._call("GET", "requests")
        return logged

    def forget_requests(self) -> None:
        """Empty the log of requests."""
        self._call("DELETE", "requests")

    def fault(self, **fault: object) -> None:
        """Plan a fault; the keyword arguments are the fields of `sandbox.http.faults.Fault`."""
        self._call("POST", "faults", fault)

    def clear_faults(self) -> None:
        """Forget the planned faults."""
        self._call("DELETE", "faults")

    def change(self, **wish: object) -> Any:
        """Change the service's data; the answer says what was changed."""
        return self._call("POST", "change", wish)

    def stored(self, what: str = "") -> Any:
        """What the service holds; `what` is a query string."""
        return self._call("GET", "stored" + ("?" + what if what else ""))

    def _call(self, method: str, name: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._url + name, data=data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310 - our own loopback address
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - our own loopback address
            return json.load(answer)
