from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from sandbox.http.messages import Request
from sandbox.http.service import HttpService
from sandbox.mparticle.api import MparticleStand

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.http.messages import Answer


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stand(clock: Clock) -> MparticleStand:
    return MparticleStand(seed=1, clock=clock)


@pytest.fixture
def send(stand: MparticleStand) -> Callable[..., Answer]:
    """Ask the stand-in without a socket; a body that is no bytes goes as JSON."""
    service = HttpService(stand)
    service._server.server_close()

    def ask(path: str, body: Any, authorization: str | None = "right") -> Answer:
        coded = base64.b64encode(f"{stand.api_key}:{stand.api_secret}".encode()).decode()
        headers = {} if authorization is None else {"authorization": f"Basic {coded}" if authorization == "right" else authorization}
        answer = service.answer(Request("POST", path, {}, headers, body if isinstance(body, bytes) else json.dumps(body).encode()))
        assert answer is not None
        return answer

    return ask
