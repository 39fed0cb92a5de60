"""Whatever happens to the account, to the clocks and to the runs: two runs more, and a target holds what the account does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import time_machine
from autopilot_in_process import ServiceClock, SmallStand, tap_of
from autopilot_runs import run_tap
from hypothesis import Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sandbox.autopilot.api import API_KEY

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTACTS = 12  # on three pages
LOOKBACK_S = 600
MOST_BACK_S = 300  # that the service's clock is set back in all, which the lookback has to cover
DAY_S = 86_400
SETTINGS = {
    "api_key": API_KEY,
    "base_url": "http://autopilot.invalid/v1",
    "requests_per_second": 100,
    "custom_fields": "array",
    "membership_source": "contacts",
    "lookback_s": LOOKBACK_S,
    "emit_activate_version_messages": True,
}
SELECT = ("contacts", "contact_ids", "lists_contacts")
KEYS = {"contacts": ("contact_id",), "contact_ids": ("contact_id",), "lists_contacts": ("list_id", "contact_id")}


class CutOffError(Exception):
    """The end of a run in the middle of its scan."""


@dataclass(frozen=True)
class Happening:
    """What happens at one moment: the service's clock moves, and then contacts are changed, found by their place among all."""

    shift_s: int
    update: tuple[int, ...] = ()
    relist: tuple[int, ...] = ()
    delete: tuple[int, ...] = ()
    adds: int = 0


QUIET = Happening(0)


@dataclass(frozen=True)
class Run:
    """A run: what happens before it and before its pages, the page at which it is cut off, and which of its STATE lines the target has."""

    before: Happening
    skew_s: int = 0
    pages: tuple[Happening, ...] = ()
    cut_at: int | None = None
    is_full: bool = False
    lost_states: int = 0
    keeps_more: bool = False


class Target:
    """What a target would hold: rows by key, each with its version; and the last STATE it took."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Any, Any]] = {stream: {} for stream in KEYS}
        self.state: dict[str, Any] | None = None

    def take(self, messages, *, lost_states=0, keeps_more=True):
        """Take what came before one of the last STATE lines, and perhaps what followed it too."""
        places = [place for place, one in enumerate(messages) if one["type"] == "STATE"]
        kept = places[-1 - lost_states] if len(places) > lost_states else 0
        self.state = messages[kept]["value"] if len(places) > lost_states else self.state
        for one in messages if keeps_more else messages[:kept]:
            if one["type"] == "RECORD":
                key = tuple(one["record"][name] for name in KEYS[one["stream"]])
                self.rows[one["stream"]][key] = (one["record"].get("Title"), one.get("version"))
            elif one["type"] == "ACTIVATE_VERSION":
                table = self.rows[one["stream"]]
                for key in [key for key, (_, version) in table.items() if version is None or version < one["version"]]:
                    del table[key]

    def titles(self):
        return {key: title for (key,), (title, _) in self.rows["contacts"].items()}


class World:
    """The account, the tap and the target."""

    def __init__(self) -> None:
        self.clock = ServiceClock(NOON)
        self.stand = SmallStand(CONTACTS, self.clock)
        self.tap, self.target = tap_of(self.stand), Target()
        self._set_back_s = self._changes = 0
        self._catalogs = {is_full: self._catalog(is_full) for is_full in (False, True)}

    def _catalog(self, is_full):
        catalog = self.tap(config=SETTINGS).catalog_dict
        for entry in catalog["streams"]:
            if is_full and entry["tap_stream_id"] == "contacts":
                entry["replication_method"] = "FULL_TABLE"
        return catalog

    def happen(self, what):
        back_s = min(max(0, -what.shift_s), MOST_BACK_S - self._set_back_s)
        self._set_back_s += back_s
        self.clock.shift(max(0, what.shift_s) - back_s)
        account, self._changes = self.stand.account, self._changes + 1

        def at(places):
            ids = sorted(account._contacts)
            return {ids[one % len(ids)] for one in places} if ids else ()

        for one in at(what.update):
            account.update(one, Title=f"Changed {self._changes}")
        for one in at(what.relist):
            account.relist(one)
        for one in at(what.delete):
            account.delete(one)
        for _ in range(what.adds):
            account.add()

    def run(self, run):
        self.happen(run.before)

        def act(page):
            if page <= len(run.pages):
                self.happen(run.pages[page - 1])
            if page == run.cut_at:
                raise CutOffError

        self.stand.next_scan(**{f"page_{page}": partial(act, page) for page in (1, 2, 3)})
        with time_machine.travel(self.clock.now + timedelta(seconds=run.skew_s), tick=False):
            made = run_tap(SETTINGS, select=SELECT, state=self.target.state, catalog=self._catalogs[run.is_full], tap_class=self.tap)
        assert made.failure is None or isinstance(made.failure, CutOffError)
        self.target.take(made.messages, lost_states=run.lost_states, keeps_more=run.keeps_more)
        if run.lost_states:  # a service's clock that goes back as well is more than versions survive
            self._set_back_s = MOST_BACK_S

    def memberships(self):
        return {(one["list_id"], one["contact_id"]) for one in self.stand.stored({"what": "lists_contacts"})}

    def check(self, skews_s):
        """Two runs in which nothing happens, and all is there, and who is gone is known; a full one, and who is gone is gone from `contacts` too."""
        first, second, last = skews_s
        self.run(Run(QUIET, first, keeps_more=True))
        self.run(Run(QUIET, second, keeps_more=True))
        truth = {one["contact_id"]: one.get("Title") for one in self.stand.account.contacts()}
        still_there = {contact for (contact,) in self.target.rows["contact_ids"]}
        assert {key: title for key, title in self.target.titles().items() if key in still_there} == truth
        assert set(self.target.rows["lists_contacts"]) == self.memberships()
        self.run(Run(QUIET, last, is_full=True, keeps_more=True))
        assert self.target.titles() == truth


HOURS = [3600] * 4  # what breaks the rule needs more than the lookback between two changes, so most of the time hours pass
some = st.lists(st.integers(0, CONTACTS - 1), min_size=2, max_size=5).map(tuple)
few = st.lists(st.integers(0, CONTACTS - 1), max_size=1).map(tuple)
skews_s = st.sampled_from([0, -2 * DAY_S, 2 * DAY_S])  # this machine's clock against the service's
between_pages = st.builds(Happening, st.sampled_from([*HOURS, 0, 30, -60]), some, few, few, st.integers(0, 1))
between_runs = st.builds(Happening, st.sampled_from([*HOURS, 30, 26 * 3600, -120]), some, few, few, st.integers(0, 1))
runs = st.builds(
    Run,
    between_runs,
    skews_s,
    st.tuples(between_pages, between_pages, between_pages),
    cut_at=st.sampled_from([None, None, None, 2, 3]),
    is_full=st.sampled_from([False, False, True]),
    lost_states=st.sampled_from([0, 0, 0, 1, 2]),
    keeps_more=st.booleans(),
)


@hypothesis_settings(
    max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # to look for a smaller failure takes minutes
@given(st.lists(runs, min_size=1, max_size=3), st.tuples(skews_s, skews_s, skews_s))
@example([Run(Happening(0, update=(1,))), Run(Happening(-120, update=(2,)))], (0, 0, 0))  # a change stamped before the bookmark
def test_two_runs_later_the_target_holds_the_account(some_runs, skews_s):
    world = World()
    for one in some_runs:
        world.run(one)
    world.check(skews_s)
