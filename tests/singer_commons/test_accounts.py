"""Every row has an end in the account, and the summary and the run log say what the account says."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.accounts import Account, Calls, bookmark_of
from singer_commons.errors import ConfigurationError, SuiteError, TooManyRejectsError
from singer_commons.rejects import check_rejects
from singer_commons.run_log import Ending, append, check_writable, log_text
from singer_commons.secrets import Mask
from singer_commons.summary import summary

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


class Service:
    """Counts calls as a test says."""

    def __init__(self):
        self.calls, self.waited_s = 0, 0.0

    def answer(self, calls, waited_s=0.0):
        self.calls += calls
        self.waited_s += waited_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def account(clock):
    return Account(clock_s=clock, started_at=START)


def marks(**bookmarks):
    return {"bookmarks": {stream: {"replication_key": "at", "replication_key_value": value} for stream, value in bookmarks.items()}}


def test_a_tap_counts_rows_time_bookmarks_and_the_calls_that_filled_each_stream(account, clock):
    account.service = Service()
    account.service.answer(1)  # before any stream: only the run's
    account.state_in(marks(users=5))
    account.turn_to("users")
    clock.now_s += 2
    account.service.answer(3, 0.5)
    account.wrote("users", 10, 1000)
    account.state_out(marks(users=9))
    account.turn_to("lists")
    clock.now_s += 1
    account.service.answer(1)
    account.close()
    assert list(summary(account, 0, is_target=False)) == [
        "users: 10 rows in 2.0 s, bookmark 5 -> 9, 3 calls, 0.5 s waited",
        "lists: 0 rows in 1.0 s, 1 call, 0.0 s waited",
        "Done: 10 rows of 2 streams in 3.0 s, 5 calls, 0.5 s waited",
    ]
    assert account.bytes_passed == 1000


def test_calls_of_a_service_beside_the_streams_count_for_the_run_alone(account):
    account.service, account.beside = Service(), Calls()
    account.turn_to("users")
    account.service.answer(2, waited_s=1.5)
    account.beside.called("whatever a hook gives")
    account.beside.waited(0.25)
    account.close()
    assert (account.streams["users"].calls, account.streams["users"].waited_s, account.calls()) == (2, 1.5, (3, 1.75))


def test_calls_from_many_threads_are_all_counted():
    calls = Calls()
    threads = [threading.Thread(target=lambda: [calls.called() for _ in range(5_000)]) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert calls.calls == 40_000


def test_calls_that_fill_two_streams_go_to_the_one_that_makes_them(account):
    account.service, account.callers = Service(), {"tags": "users"}
    account.turn_to("users")
    for _ in range(3):
        account.service.answer(1)
        account.wrote("users", 1, 10)
        account.wrote("tags", 2, 20)
    account.close()
    assert {name: (one.rows_read, one.calls) for name, one in account.streams.items()} == {"users": (3, 3), "tags": (6, None)}


def test_a_target_says_what_became_of_each_row_by_code(account, clock):
    users = account.stream("users")
    users.read(1_005)
    clock.now_s += 4
    users.load(1_000)
    users.reject("BAD_VALUE")
    users.reject("TOO_LONG")
    users.reject("TOO_LONG")
    users.skip("FILTERED")
    users.notes["batches"] = 2
    assert list(summary(account, 1, is_target=True)) == [
        "users: 1,005 rows in 4.0 s = 1,000 loaded + 3 rejected (BAD_VALUE 1, TOO_LONG 2) + 1 skipped (FILTERED 1) + 1 not loaded, 2 batches",
        "Ended with exit code 1: 1,005 rows of 1 stream in 4.0 s",
    ]


ENDS = st.lists(st.sampled_from(["load", "reject", "skip", "nothing"]), max_size=40)


@given(ENDS)
def test_the_sums_are_right_exactly_if_every_row_has_one_end(ends):
    account = Account()
    stream = account.stream("s")
    for end in ends:
        stream.read()
        if end == "load":
            stream.load()
        elif end != "nothing":
            getattr(stream, end)("CODE")
    assert stream.open_rows == ends.count("nothing")
    if "nothing" in ends:
        with pytest.raises(SuiteError, match="the rows of `s` do not add up"):
            account.check_sums()
    else:
        account.check_sums()
    lines = [json.loads(line) for line in log_text(account, Ending(0), plugin="p", version="1", mask=Mask()).splitlines()]
    for line in lines:
        assert line["rows_read"] == line["rows_loaded"] + line["rows_rejected"] + line["rows_skipped"] + line["rows_open"]
        assert sum(line["rejected_by_code"].values()) == line["rows_rejected"] == ends.count("reject")
        assert sum(line["skipped_by_code"].values()) == line["rows_skipped"] == ends.count("skip")


def test_a_row_that_ends_twice_does_not_add_up_either(account):
    account.stream("s").load()
    with pytest.raises(SuiteError, match="0 read, 1 loaded"):
        account.check_sums()


@pytest.mark.parametrize(
    ("mark", "value"),
    [
        ({"replication_key": "at", "replication_key_value": 0}, 0),
        ({"updated_at": "2026-01-01"}, "2026-01-01"),
        ({"stop": 7, "recent_ids": {"1": 7}}, 7),
        ({"a": 1, "b": 2}, None),
        ({}, None),
        (None, None),
        ("2026", None),
    ],
)
def test_a_bookmark_is_found_in_the_shapes_that_taps_give_it(mark, value):
    assert bookmark_of({"bookmarks": {"s": mark}}, "s") == value


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner))))
def test_no_state_breaks_the_account(state):
    account = Account()
    account.state_in(state)
    account.stream("s")
    account.state_out(state)
    account.state_out({"bookmarks": state})
    assert (list(account.streams), account.stream("s").rows_read) == (["s"], 0)


def test_a_state_without_the_stream_leaves_its_bookmark(account):
    account.state_in(marks(users=5))
    account.stream("users")
    account.state_out(marks(others=1))
    assert (account.streams["users"].bookmark_from, account.streams["users"].bookmark_to) == (5, 5)


def test_the_run_log_has_a_line_for_each_stream_and_one_for_the_run(account, clock):
    account.state_in(marks(users=5))
    users = account.stream("users")
    clock.now_s += 1.5
    users.read(2)
    users.load()
    users.reject("BAD_VALUE")
    text = log_text(account, Ending(1, "the key s3cret-key was refused"), plugin="target-small", version="1.2", mask=Mask(["s3cret-key"]))
    common = {"run_id": account.run_id, "plugin": "target-small", "version": "1.2"}
    counts = {
        "started_at": "2026-11-22T12:00:00.000+00:00", "ended_at": "2026-11-22T12:00:01.500+00:00", "seconds": 1.5,
        "rows_read": 2, "rows_loaded": 1, "rows_rejected": 1, "rows_skipped": 0, "rows_open": 0,
        "rejected_by_code": {"BAD_VALUE": 1}, "skipped_by_code": {},
    }  # fmt: skip
    end = {"calls": None, "waited_s": None, "exit_code": 1, "reason": "the key *** was refused"}
    assert [json.loads(line) for line in text.splitlines()] == [
        {**common, "stream": "users", **counts, "bookmark_from": 5, "bookmark_to": 5, **end},
        {**common, "stream": None, **counts, "bookmark_from": None, "bookmark_to": None, **end},
    ]


def test_the_run_log_is_added_to_and_its_folder_made(tmp_path):
    path = tmp_path / "new" / "runs.jsonl"
    check_writable(str(path))
    append(str(path), "one\n")
    append(str(path), "two \udc00\n")
    assert path.read_text() == "one\ntwo \\udc00\n"


def test_a_run_log_that_cannot_be_written_is_a_wrong_setting(tmp_path):
    with pytest.raises(ConfigurationError, match=r"`run_log_path`: cannot write to .*: Is a directory"):
        check_writable(str(tmp_path))


@pytest.mark.parametrize(
    ("rows", "share", "allowed"),
    [(None, None, "0 rows"), (1, None, "1 rows"), (None, 0.1, "a share of 0.1"), (5, 0.1, "5 rows and a share of 0.1")],
)
def test_more_rejected_rows_than_allowed_are_told_with_what_is_allowed(account, rows, share, allowed):
    users = account.stream("users")
    users.read(10)
    for _ in range(2):
        users.reject("BAD_VALUE")
    with pytest.raises(TooManyRejectsError) as failure:
        check_rejects(account, rows=rows, share=share, path="rejects.jsonl")
    assert str(failure.value) == f"2 of 10 rows were rejected, {allowed} allowed; the others were delivered"


@pytest.mark.parametrize(("rows", "share"), [(2, None), (None, 0.2), (2, 0.2)])
def test_as_many_rejected_rows_as_allowed_pass(account, rows, share):
    users = account.stream("users")
    users.read(10)
    for _ in range(2):
        users.reject("BAD_VALUE")
    check_rejects(account, rows=rows, share=share, path="rejects.jsonl")
