"""Rows are delivered while later ones are read, and no STATE goes out before the rows in front of it are durable."""

from __future__ import annotations

import contextlib
import json
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_commons.accounts import Account
from singer_commons.deliveries import DurableSink
from singer_commons.errors import SuiteError
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_commons.signals import TerminationRequested
from singer_commons.target import DurableTarget
from singer_sdk import typing as th
from singer_sdk.exceptions import InvalidInputLine

BATCH_ROWS = 3
SHORT_S = 0.02  # that the delivery waits for the reader to go on, where it may be that the reader cannot


class Feed:
    """A file that gives one line each time it is read: what is behind it is not asked for before."""

    def __init__(self, lines):
        self._lines = iter(lines)

    def read(self, _size):
        return next(self._lines, "")


class RecordingSink(DurableSink):
    """Tells its target when it was set up, and which rows are durable, in which thread."""

    def setup(self):
        self.target.note("set up", self.stream_name)

    def process_record(self, record, context):
        super().process_record(record, context)
        self.target.account.stream(self.stream_name).read()
        if record["id"] == self.target.bad_row:
            raise SuiteError(f"row {record['id']} cannot be")

    def process_batch(self, context):
        ids = [row["id"] for row in context["records"]]
        self.target.note("begins", *ids)
        self.target.meanwhile(ids)
        if self.target.refused_row in ids:
            raise SuiteError(f"row {self.target.refused_row} is refused")
        self.target.account.stream(self.stream_name).load(len(ids))
        self.target.note("durable", *ids)

    def activate_version(self, new_version):
        self.target.note("activated", new_version)

    def abandon(self, context):
        self.target.note("abandoned", *(row["id"] for row in context.get("records", ())))

    def __init__(self, target, **options):
        super().__init__(target, **options)
        self.target = target


class RecordingTarget(DurableTarget):
    """Keeps what happened, in order: what was read, delivered and said."""

    name = "target-recording"
    config_jsonschema = th.PropertiesList(*RUN_LOG_SETTINGS).to_dict()
    default_sink_class = RecordingSink
    default_batch_rows = BATCH_ROWS
    refused_row = bad_row = None

    def __init__(self):
        super().__init__(config={})
        self.events = []
        self.meanwhile = lambda _ids: None

    def note(self, *event):
        self.events.append(event)

    def of(self, *kinds):
        return [event for event in self.events if event[0] in kinds]

    def _give_state_out(self, state):
        before = self._written_state
        super()._give_state_out(state)
        if state != before:
            self.note("state", state["at"])


def message(kind, **more):
    return json.dumps({"type": kind, **more}) + "\n"


def schema(stream="a", **more):
    return message("SCHEMA", stream=stream, schema={"properties": {"id": {"type": "integer"}, **more}}, key_properties=["id"])


def row(number, stream="a"):
    return message("RECORD", stream=stream, record={"id": number})


def state(number):
    return message("STATE", value={"at": number})


@pytest.fixture
def target():
    return RecordingTarget()


def test_rows_are_read_while_earlier_ones_are_delivered(target):
    read_on = threading.Event()
    target.meanwhile = lambda ids: ids == [1, 2, 3] and (read_on.wait(60) or pytest.fail("nothing was read meanwhile"))

    def lines():
        yield from (schema(), row(1), row(2), row(3), state(3), row(4))
        target.note("reads on")
        read_on.set()
        yield state(4)

    target.listen(Feed(lines()))
    expected = ["begins", "reads on", "durable", "state", "begins", "durable", "state"]
    assert [event[0] for event in target.of("begins", "reads on", "durable", "state")] == expected


def test_only_one_delivery_is_on_its_way_and_reading_waits_for_it_when_the_next_batch_is_full(target):
    asked_for_more = threading.Event()
    target.meanwhile = lambda ids: ids[0] == 1 and asked_for_more.wait(0.3)

    def lines():
        yield from (schema(), *(row(number) for number in range(1, 7)))
        asked_for_more.set()
        target.note("reads on")
        yield row(7)

    target.listen(Feed(lines()))
    assert target.events.index(("durable", 1, 2, 3)) < target.events.index(("reads on",))


def test_a_state_behind_delivered_rows_waits_for_them_and_goes_out_with_them(target):
    read_on = threading.Event()
    target.meanwhile = lambda _ids: read_on.wait(60)

    def lines():
        yield from (schema(), row(1), state(1), row(2), row(3), state(2), state(3))
        assert target.of("state") == []
        read_on.set()

    target.listen(Feed(lines()))
    assert target.of("durable", "state") == [("durable", 1, 2, 3), ("state", 1), ("state", 3)]


def test_a_sink_is_set_up_and_a_version_activated_while_nothing_is_on_its_way(target):
    target.meanwhile = lambda _ids: threading.Event().wait(SHORT_S)
    target.listen(
        Feed([schema(), row(1), row(2), row(3), schema(more={}), row(4), row(5), row(6), message("ACTIVATE_VERSION", stream="a", version=7), row(7)])
    )
    assert target.of("set up", "durable", "activated") == [
        ("set up", "a"),
        ("durable", 1, 2, 3),
        ("set up", "a"),
        ("durable", 4, 5, 6),
        ("activated", 7),
        ("durable", 7),
    ]


def test_a_failure_on_the_way_ends_the_reading_at_the_next_line_and_takes_back_what_waits(target):
    read_on = threading.Event()
    target.refused_row = 2
    target.meanwhile = lambda _ids: read_on.wait(60)

    def lines():
        yield from (schema(), schema("b"), row(1), row(2, "b"), row(3), row(4))
        read_on.set()
        target.deliveries._is_idle.wait(60)
        yield row(5)
        pytest.fail("the reading went on")

    with pytest.raises(SuiteError, match="row 2 is refused"):
        target.listen(Feed(lines()))
    assert target.of("durable", "abandoned") == [("durable", 1, 3), ("abandoned", 4), ("abandoned",)]


def test_a_failure_takes_back_the_batches_that_stood_behind_it(target):
    target.refused_row = 1
    with pytest.raises(SuiteError, match="row 1 is refused"):
        target.listen(Feed([schema(), schema("b"), row(1), row(2, "b"), row(3)]))
    assert target.of("durable", "abandoned") == [("abandoned", 2), ("abandoned",), ("abandoned",)]


def test_rows_read_before_a_failure_of_reading_are_delivered_and_their_state_goes_out(target):
    read_on = threading.Event()
    target.meanwhile = lambda _ids: read_on.wait(60)

    def lines():
        yield from (schema(), row(1), row(2), row(3), state(3), row(4))
        read_on.set()
        yield "no JSON\n"

    with pytest.raises(InvalidInputLine):
        target.listen(Feed(lines()))
    assert target.of("durable", "state", "abandoned") == [("durable", 1, 2, 3), ("state", 3), ("abandoned", 4)]


def test_of_two_failures_the_one_of_the_earlier_rows_is_told(target):
    target.refused_row, target.bad_row = 1, 4
    target.meanwhile = lambda _ids: threading.Event().wait(SHORT_S)
    with pytest.raises(SuiteError, match="row 1 is refused"):
        target.listen(Feed([schema(), row(1), row(2), row(3), row(4)]))


def test_after_a_signal_no_state_goes_out_and_what_is_on_its_way_is_not_waited_for(target):
    hangs, let_go = threading.Event(), threading.Event()

    def meanwhile(_ids):
        hangs.set()
        let_go.wait(60)

    def lines():
        yield from (schema(), schema("b"), row(1), row(2, "b"), row(3), state(3))
        hangs.wait(60)
        raise TerminationRequested(15)

    target.meanwhile = meanwhile
    with pytest.raises(TerminationRequested):
        target.listen(Feed(lines()))
    assert target.of("durable", "state", "abandoned") == []
    let_go.set()
    target.deliveries.wait()
    assert target.of("begins", "durable", "state") == [("begins", 1, 3), ("durable", 1, 3)]


MESSAGES = st.one_of(
    st.tuples(st.just("row"), st.sampled_from("ab")),
    st.tuples(st.just("row"), st.sampled_from("ab")),
    st.tuples(st.just("row"), st.sampled_from("ab")),
    st.tuples(st.just("state")),
    st.tuples(st.just("schema"), st.sampled_from("ab"), st.integers(0, 2)),
    st.tuples(st.just("version"), st.sampled_from("ab")),
)


class Script:
    """What a tap says, made of drawn messages: rows are numbered through, and a state says how many came before it."""

    def __init__(self, messages):
        self.stream_of, self.states, self.lines = {}, [], []
        for one in [("schema", "a", 0), ("schema", "b", 0), *messages]:
            self.lines.append(self._line(*one))

    def _line(self, kind, stream=None, length=0):
        if kind == "row":
            self.stream_of[len(self.stream_of) + 1] = stream
            return row(len(self.stream_of), stream)
        if kind == "state":
            self.states.append(len(self.stream_of))
            return state(len(self.stream_of))
        return schema(stream, more={"maxLength": length}) if kind == "schema" else message("ACTIVATE_VERSION", stream=stream, version=1)


class Turns:
    """Lets each delivery wait until so many more lines are read, if the reader can go on."""

    def __init__(self, delays):
        self._delays, self._lines_read, self._change = iter(delays), 0, threading.Condition()

    def meanwhile(self, _ids):
        with self._change:
            wanted = self._lines_read + next(self._delays, 0)
            self._change.wait_for(lambda: self._lines_read >= wanted, timeout=SHORT_S)

    def read(self, lines):
        for line in lines:
            yield line
            with self._change:
                self._lines_read += 1
                self._change.notify()


def states_said(target):
    """The states that went out, each of them true."""
    durable, said = set(), []
    for kind, *values in target.events:
        if kind == "durable":
            durable.update(values)
        if kind == "state":
            assert set(range(1, values[0] + 1)) <= durable
            said.append(values[0])
    return said


ROW_NUMBERS = st.none() | st.integers(1, 12)


@settings(max_examples=60, deadline=None)
@given(st.lists(MESSAGES, max_size=25), ROW_NUMBERS, ROW_NUMBERS, st.lists(st.integers(0, 5), min_size=9))
def test_whatever_comes_in_whatever_order_every_state_is_true(messages, refused_row, bad_row, delays):
    script, turns, target = Script(messages), Turns(delays), RecordingTarget()
    target.refused_row, target.bad_row, target.meanwhile = refused_row, bad_row, turns.meanwhile
    fails = bool({refused_row, bad_row} & script.stream_of.keys())
    reasons = rf"row {refused_row} is refused|row {bad_row} cannot be"
    with pytest.raises(SuiteError, match=reasons) if fails else contextlib.nullcontext():
        target.listen(Feed(turns.read(script.lines)))
    said = states_said(target)
    assert said == sorted(said)
    assert set(said) <= set(script.states)
    delivered = [number for _, *numbers in target.of("durable") for number in numbers]
    for stream in "ab":
        own = [number for number in delivered if script.stream_of[number] == stream]
        assert own == sorted(set(own))
    if not fails:
        assert sorted(delivered) == list(script.stream_of)
        assert said[-1:] == script.states[-1:]


def test_rows_that_are_counted_by_two_threads_at_once_are_all_counted():
    account, rounds = Account(), 5_000

    def count():
        for number in range(rounds):
            stream = account.stream(f"s{number % 7}")
            stream.read()
            stream.reject("A") if number % 2 else stream.load()
            account.state_out({"bookmarks": {stream.stream: {"at": number}}})

    threads = [threading.Thread(target=count) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    account.check_sums()
    assert (account.rows, sum(one.rejected["A"] for one in account.streams.values())) == (2 * rounds, rounds)
