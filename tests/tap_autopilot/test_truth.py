"""Whatever happens to the account, to the clock, and to the runs: two runs more, and a target holds what the account does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine
from autopilot_runs import LivelyStand, fail_behind, run_tap, serve, settings_for
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sandbox.http.control import Control

CLOCK = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOOKBACK_S = 600
MOST_BACK_S = 300  # that clocks are set back in all, which the lookback has to cover
SELECT = ("contacts", "lists_contacts")
KEYS = {"contacts": ("contact_id",), "lists_contacts": ("list_id", "contact_id")}
wishes = st.fixed_dictionaries({what: st.integers(0, 3) for what in ("update", "add", "delete", "relist")})


class Tables:
    """What a target would hold: rows by key, each with its version."""

    def __init__(self):
        self.rows = {stream: {} for stream in KEYS}

    def take(self, messages):
        for one in messages:
            table = self.rows.get(one.get("stream"))
            if one["type"] == "RECORD":
                table[tuple(one["record"][key] for key in KEYS[one["stream"]])] = (one["record"].get("Title"), one.get("version"))
            elif one["type"] == "ACTIVATE_VERSION":
                for key in [key for key, (_, version) in table.items() if version is None or version < one["version"]]:
                    del table[key]

    def titles(self):
        return {key: title for (key,), (title, _) in self.rows["contacts"].items()}


class LivingAccount(RuleBasedStateMachine):
    """An account of three pages, a tap that is cut off anywhere, and a target that keeps what came before a STATE line, or more."""

    def __init__(self):
        super().__init__()
        self.clock = time_machine.travel(CLOCK, tick=False)
        self.time = self.clock.start()
        self.stand = LivelyStand(customers=220)
        self.stand.account._index = sorted(self.stand.account._contacts)
        self.service = serve(self.stand)
        self.settings = settings_for(self.service, membership_source="contacts", lookback_s=LOOKBACK_S, emit_activate_version_messages=True)
        self.tables, self.state, self.set_back_s = Tables(), None, 0

    def teardown(self):
        self.clock.stop()
        self.service.close()

    @rule(wish=wishes)
    def change(self, wish):
        self.stand.change(wish)

    @rule(minutes=st.integers(1, 180))
    def wait(self, minutes):
        self.time.shift(timedelta(minutes=minutes))

    @precondition(lambda self: self.set_back_s < MOST_BACK_S)
    @rule(seconds=st.integers(1, 100))
    def set_the_clock_back(self, seconds):
        self.set_back_s += seconds
        self.time.shift(timedelta(seconds=-seconds))

    @rule(
        meddling=st.dictionaries(st.integers(1, 4), st.tuples(wishes, st.integers(0, 90)), max_size=3),
        cut_behind=st.none() | st.integers(0, 3),
        is_full=st.booleans(),
        lost_states=st.integers(0, 2),
        keeps_more=st.booleans(),
    )
    def run(self, meddling, cut_behind, is_full, lost_states, keeps_more):
        """Run the tap; of its messages the target keeps those before one of the last STATE lines, and perhaps what follows."""

        def meddle(wish, minutes):
            self.time.shift(timedelta(minutes=minutes))
            self.stand.change(wish)

        self.stand.next_scan(**{f"page_{page}": lambda what=what: meddle(*what) for page, what in meddling.items()})
        if cut_behind is not None:
            fail_behind(self.service, cut_behind)
        messages = self.messages_of_a_run(is_full=is_full)
        Control(self.service.url).clear_faults()
        self.stand.next_scan()
        places = [place for place, one in enumerate(messages) if one["type"] == "STATE"]
        if len(places) <= lost_states:
            self.tables.take(messages if keeps_more else [])
            return
        kept = places[-1 - lost_states]
        self.state = messages[kept]["value"]
        self.tables.take(messages if keeps_more else messages[:kept])

    @rule()
    def two_runs_and_the_tables_are_the_account(self):
        for is_full in (False, False):
            self.complete_run(is_full=is_full)
        held, truth = self.tables.titles(), {one["contact_id"]: one.get("Title") for one in self.stand.account.contacts()}
        assert {key: title for key, title in held.items() if key in truth} == truth
        assert set(self.tables.rows["lists_contacts"]) == self.memberships()
        self.complete_run(is_full=True)
        assert self.tables.titles() == truth

    def complete_run(self, *, is_full):
        messages = self.messages_of_a_run(is_full=is_full)
        assert messages[-1]["type"] == "STATE"
        self.tables.take(messages)
        self.state = messages[-1]["value"]

    def messages_of_a_run(self, *, is_full):
        return run_tap(self.settings, select=SELECT, state=self.state, methods={"contacts": "FULL_TABLE"} if is_full else None).messages

    def memberships(self):
        return {(one["list_id"], one["contact_id"]) for one in self.stand.stored({"what": "lists_contacts"})}


TestLivingAccount = LivingAccount.TestCase
TestLivingAccount.settings = hypothesis_settings(
    max_examples=8,
    stateful_step_count=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step is a run: to look for a smaller failure takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
