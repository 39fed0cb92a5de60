"""A stand-in for FullStory on a loopback port, and the tap run inside the test's own process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from sandbox.fullstory.access import ADMIN_KEY, Limits
from sandbox.fullstory.api import FullstoryStand
from sandbox.fullstory.data import Account
from sandbox.http.control import Control
from sandbox.http.service import HttpService
from singer_commons.errors import SuiteError
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from tap_fullstory.client import FullstoryClient
from tap_fullstory.tap import TapFullstory

UNLIMITED = Limits(requests_per_second=100_000, downloads_per_minute=100_000)


@dataclass
class Sync:
    """What a run of the tap wrote, how long it would have waited, and how it ended."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    error: SuiteError | None = None

    def records(self, stream):
        return [one["record"] for one in self.messages if one["type"] == "RECORD" and one["stream"] == stream]

    @property
    def states(self):
        return [one["value"] for one in self.messages if one["type"] == "STATE"]

    @property
    def state(self):
        return self.states[-1] if self.states else {}


class Collector(SimpleSingerWriter):
    def __init__(self, into):
        self._into = into

    def write_message(self, message):
        self._into.append(json.loads(self.format_message(message), parse_float=Decimal))


@pytest.fixture
def serve():
    """Start stand-ins; all are closed at the end."""
    services = []

    def start(stand):
        service = HttpService(stand)
        service.start()
        services.append(service)
        return service

    yield start
    for service in services:
        service.close()


@pytest.fixture
def account():
    return Account(seed=3, users=60, sessions=400, bundles=3)


@pytest.fixture
def service(serve, account):
    return serve(FullstoryStand(account=account, limits=UNLIMITED))


@pytest.fixture
def control(service):
    return Control(service.url)


@pytest.fixture
def sync(service):
    """Run the tap against the stand-in, one stream or all, without waiting in earnest."""

    def run(*streams, state=None, catalog=None, address=None, **settings):
        done = Sync()
        settings = {"api_key": ADMIN_KEY, "base_url": address or service.url, **settings}
        tap = TapFullstory(config=settings, state=state, catalog=catalog, message_writer=Collector(done.messages))
        tap.__dict__["client"] = FullstoryClient(settings["api_key"], base_url=settings["base_url"], sleep=done.waits_s.append)
        for name, stream in tap.streams.items():
            if streams:
                stream.selected = name in streams
        try:
            tap.sync_all()
        except SuiteError as error:
            done.error = error
        return done

    return run
