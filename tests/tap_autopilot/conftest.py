"""A stand-in and settings for it; signal handlers are put back, since each tap that is made installs its own."""

from __future__ import annotations

import signal

import pytest
from autopilot_runs import LivelyStand, serve, settings_for


@pytest.fixture(autouse=True)
def _signals_put_back():
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def stand():
    return LivelyStand()


@pytest.fixture
def service(stand):
    service = serve(stand)
    yield service
    service.close()


@pytest.fixture
def settings(service):
    return settings_for(service)
