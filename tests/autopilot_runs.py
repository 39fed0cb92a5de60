"""Runs of the tap inside the test's process, against a stand-in whose account a test can change between any two requests."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field
from typing import Any

from sandbox.autopilot.account import plain_customers
from sandbox.autopilot.api import API_KEY, AutopilotStand
from sandbox.http.control import Control
from sandbox.http.service import HttpService
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from tap_autopilot.tap import TapAutopilot


class LivelyStand(AutopilotStand):
    """An account that something happens to: `before[n]` is called before the n-th page of contacts (from 1) is served, `before_any` before all."""

    def __init__(self, customers=350, **options):
        people = plain_customers(customers) if isinstance(customers, int) else customers
        super().__init__(1, people, requests_per_second=options.pop("requests_per_second", None), **options)
        self.before = {}
        self.before_any = None
        self.pages_served = 0

    def admit(self, request):
        if self.before_any is not None:
            self.before_any(request)
        if request.path == "/v1/contacts" or request.path.startswith("/v1/contacts/person_"):
            self.pages_served += 1
            if (act := self.before.pop(self.pages_served, None)) is not None:
                act()
        return super().admit(request)

    def next_scan(self, **before):
        """Count pages anew, for the next run; `page_3=act` plans an act."""
        self.pages_served = 0
        self.before = {int(name.removeprefix("page_")): act for name, act in before.items()}


class Collector(SimpleSingerWriter):
    """Keeps messages as a reader of stdout would get them."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def write_message(self, message):
        self.messages.append(json.loads(self.format_message(message)))


@dataclass
class TapRun:
    """What a run wrote, and how it ended."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    failure: Exception | None = None
    tap: TapAutopilot | None = None

    def records(self, stream="contacts"):
        return [one["record"] for one in self.messages if one["type"] == "RECORD" and one["stream"] == stream]

    def ids(self):
        return [one["contact_id"] for one in self.records()]

    @property
    def states(self):
        return [one["value"] for one in self.messages if one["type"] == "STATE"]

    @property
    def contacts_state(self):
        return self.states[-1]["bookmarks"]["contacts"]


def serve(stand):
    service = HttpService(stand)
    service.start()
    return service


def settings_for(service, **more):
    return {"api_key": API_KEY, "base_url": service.url + "/v1", "requests_per_second": 100, "custom_fields": "array", **more}


def run_tap(settings, *, state=None, select=("contacts",), methods=None, catalog=None, tap_class=TapAutopilot):
    """Run the tap with only the named streams selected, `methods` replacing their replication methods; a failure is kept and shown, not raised."""
    writer = Collector()
    run = TapRun(writer.messages)
    if methods:
        catalog = tap_class(config=settings).catalog_dict
    for entry in catalog["streams"] if methods else ():
        if entry["tap_stream_id"] in methods:
            entry["replication_method"] = methods[entry["tap_stream_id"]]
    run.tap = tap_class(config=settings, state=json.loads(json.dumps(state)) if state else None, catalog=catalog, message_writer=writer)
    for name, stream in run.tap.streams.items():
        stream.selected = name in select
    try:
        run.tap.sync_all()
    except Exception as failure:  # noqa: BLE001 - the test looks at it
        run.failure = failure
        traceback.print_exception(failure)  # or a test that expects none would only say what it missed
    return run


def pages_asked(service):
    """The bookmarks under which contacts were asked for, '' for the first page."""
    paths = [one["path"] for one in service.requests if one["path"].startswith("/v1/contacts")]
    return [one.removeprefix("/v1/contacts").strip("/") for one in paths if one != "/v1/contacts/custom_fields"]


def fail_behind(service, pages):
    """Have the page behind so many others refused for good; the definitions of custom fields are asked for before the first."""
    Control(service.url).fault(path="/v1/contacts*", skip=pages + 1, status=403, body="{}")
