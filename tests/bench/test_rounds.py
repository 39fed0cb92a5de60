"""The order of runs, the limit of time, and what happens to failures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.cases import LEAST, Case, Contender, Job, Size
from bench.data import EVENTS
from bench.digest import by_rows
from bench.errors import BenchError, MissingPeerError, OverdueError
from bench.measure import Measured, Took
from bench.peers import ROOT
from bench.run import LIMIT_S, PROVED_ROWS, Rounds, reason

SIZE = Size(2_000, 1_500)
RIGHT = by_rows([{"id": 1}], EVENTS.columns[:1], 1)
WRONG = by_rows([{"id": 2}], EVENTS.columns[:1], 1)


class FakeRunner:
    """Notes what is run, and how long it may take; each run takes a second of `clock`, and counts the rows it is to have, or others."""

    def __init__(self, clock, counted):
        self.clock, self.counted, self.ran, self.limits_s = clock, counted, [], []

    def run(self, stages, *, limit_s, stdout=None, **_options):
        name, rows = stages
        self.ran.append(f"proof of {name}" if stdout else f"rehearsal of {name}" if rows == LEAST else name)
        self.limits_s.append(limit_s)
        if stdout:
            stdout.write_text(str(rows))
        if name == "broken":
            raise BenchError("broken ended with 1: no table")
        self.clock[0] += 1.0 if name != "endless" else limit_s
        if name == "endless":
            raise OverdueError("endless did not end in time")
        return Measured(1.0, (Took("one", 0.5, 0.1, 1),), drained={"records": rows if self.counted is None or rows == LEAST else self.counted})


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("bench.run.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def contender(name, *, size=SIZE, is_ours=False, **job):
    return Contender(name, size, lambda _scene, _table, rows: Job([name, rows], **job), is_ours=is_ours)


def case(name, *contenders, **options):
    return Case(name, name, EVENTS, contenders, contenders[0].name, **{"most_rounds": 2, **options})


def rounds(clock, tmp_path, *cases, limit_s=1000, quick=False, counted=None, keep=lambda: None):
    """What was run, and the names of the measured runs in their order."""
    runner = FakeRunner(clock, counted)
    made = Rounds(SimpleNamespace(runner=runner, folder=Path(tmp_path), source=lambda *_: RIGHT), quick, limit_s, begun_s=0.0)
    made.run(cases, keep)
    return made, [name for name in runner.ran if not name.startswith("rehearsal")], runner


def failure(reason, contender="a", *, is_missing=False):
    return [{"case": "x", "contender": contender, "reason": reason, "is_missing": is_missing}]


def test_contenders_take_turns_in_every_round_of_every_case_and_every_second_time_in_reverse(clock, tmp_path):
    made, ran, _ = rounds(clock, tmp_path, case("x", contender("a"), contender("b")), case("y", contender("c"), most_rounds=1))
    assert ran == ["a", "b", "c", "b", "a"]
    assert [(one["case"], one["contender"], one["round"], one["rows"]) for one in made.runs] == [
        ("x", "a", 0, 2000), ("x", "b", 0, 2000), ("y", "c", 0, 2000), ("x", "b", 1, 2000), ("x", "a", 1, 2000),
    ]  # fmt: skip


def test_all_rounds_of_a_case_that_takes_seconds_come_before_the_next_case(clock, tmp_path):
    made, ran, _ = rounds(clock, tmp_path, case("x", contender("a"), contender("b"), at_once=True), case("y", contender("c")))
    assert ran == ["a", "b", "b", "a", "c", "c"]
    assert [(one["case"], one["round"]) for one in made.runs] == [("x", 0), ("x", 0), ("x", 1), ("x", 1), ("y", 0), ("y", 1)]


def test_a_quick_run_has_one_round_few_rows_and_no_rehearsal(clock, tmp_path):
    made, _, runner = rounds(clock, tmp_path, case("x", contender("a"), contender("b")), quick=True)
    assert (runner.ran, {one["rows"] for one in made.runs}) == (["a", "b"], {1500})


def test_nothing_is_measured_cold_and_a_larger_case_needs_no_further_rehearsal(clock, tmp_path):
    large = case("y", contender("a", size=Size(9_000, 9_000)), most_rounds=1)
    made, _, runner = rounds(clock, tmp_path, case("x", contender("a"), contender("b")), large)
    assert runner.ran == ["rehearsal of a", "a", "rehearsal of b", "b", "a", "b", "a"]
    assert len(made.runs) == 5


def test_a_round_that_would_end_after_the_limit_is_not_begun(clock, tmp_path):
    long = case("long", contender("a"), contender("b"), most_rounds=9)
    made, ran, _ = rounds(clock, tmp_path, long, case("short", contender("c"), most_rounds=9), limit_s=9)
    assert ran == ["a", "b", "c", "b", "a", "c"]
    assert made.left_out == []


def test_what_never_ran_is_told(clock, tmp_path):
    made, ran, _ = rounds(clock, tmp_path, case("x", contender("a"), contender("b")), case("y", contender("c")), limit_s=1.5)
    assert (ran, made.left_out, made.failures) == (["a"], ["x: b", "y"], [])


def test_no_command_goes_on_after_the_limit_of_all_and_that_is_not_its_failure(clock, tmp_path):
    made, ran, runner = rounds(clock, tmp_path, case("x", contender("a"), contender("endless")), limit_s=60)
    assert (ran, runner.limits_s, clock) == (["a"], [60, 59, 58], [60.0])
    assert (made.failures, made.left_out) == ([], ["x: endless"])


def test_a_command_that_takes_too_long_by_itself_has_failed(clock, tmp_path):
    made, _, _ = rounds(clock, tmp_path, case("x", contender("endless"), most_rounds=1))
    assert (clock, made.failures, made.left_out) == ([LIMIT_S], failure("endless did not end in time", "endless"), [])


def test_results_are_kept_after_each_round_of_a_case(clock, tmp_path):
    kept = []
    rounds(clock, tmp_path, case("x", contender("a")), case("y", contender("b")), keep=lambda: kept.append(clock[0]))
    assert kept == [2.0, 4.0, 5.0, 6.0]


def test_a_contender_that_fails_is_told_once_and_does_not_stop_the_others(clock, tmp_path):
    made, ran, _ = rounds(clock, tmp_path, case("x", contender("broken"), contender("b")), quick=True)
    assert ran == ["broken", "b"]
    assert made.failures == failure("broken ended with 1: no table", "broken")


def test_an_error_of_another_kind_is_a_failure_too(clock, tmp_path):
    def unprepared(scene, table, rows):
        raise KeyError("table")

    made, _, _ = rounds(clock, tmp_path, case("x", Contender("a", SIZE, unprepared)))
    assert made.failures == failure("'table'")


def test_a_reason_names_no_folder_of_this_machine_and_no_address():
    told = reason(BenchError(f"{ROOT}/.bench/environments/x/bin/tap: cannot fetch `https://example.org/simple/x/`"))
    assert told == "./.bench/environments/x/bin/tap: cannot fetch `(address)`"
    assert reason(KeyError()) == "KeyError()"


def test_a_peer_that_cannot_be_installed_is_told_as_that(clock, tmp_path):
    def missing(scene, table, rows):
        raise MissingPeerError("no such version")

    made, ran, _ = rounds(clock, tmp_path, case("x", Contender("a", SIZE, missing), contender("b")))
    assert (made.failures, ran) == (failure("no such version", is_missing=True), ["b", "b"])


def test_wrong_rows_are_a_failure_and_no_figure(clock, tmp_path):
    made, _, _ = rounds(clock, tmp_path, case("x", contender("a", found=lambda: WRONG), contender("b", found=lambda: RIGHT), most_rounds=1))
    assert [one["contender"] for one in made.runs] == ["b"]
    assert made.failures[0]["reason"].startswith("a moved wrong rows: ")


def test_drained_output_is_proved_once_and_counted_always(clock, tmp_path):
    made, ran, _ = rounds(clock, tmp_path, case("x", contender("a", drained="records", proof=lambda _: RIGHT)))
    assert (ran, made.failures) == (["proof of a", "a", "a"], [])


def test_all_of_our_output_is_proved_and_of_a_slow_peers_some(clock, tmp_path):
    proved = []

    def proof(path):
        proved.append(int(path.read_text()))
        return RIGHT

    many = Size(PROVED_ROWS + 1, 1_500)
    contenders = [contender(name, size=many, is_ours=name == "ours", drained="records", proof=proof) for name in ("ours", "peer")]
    rounds(clock, tmp_path, case("x", *contenders))
    assert proved == [PROVED_ROWS + 1, PROVED_ROWS]


def test_a_wrong_proof_is_a_failure_before_anything_is_measured(clock, tmp_path):
    made, ran, _ = rounds(clock, tmp_path, case("x", contender("a", drained="records", proof=lambda _: WRONG)))
    assert (ran, len(made.failures), made.runs) == (["proof of a"], 1, [])


def test_a_record_too_few_or_too_many_is_a_failure(clock, tmp_path):
    for counted in (SIZE.full - 1, SIZE.full + 1):
        made, _, _ = rounds(clock, tmp_path, case("x", contender("a", drained="records"), most_rounds=1), counted=counted)
        assert made.failures == failure(f"a wrote {counted} records instead of 2000")


def test_rows_can_be_scaled_down_to_try_the_bench_itself():
    assert [Size(1_000_000, 100_000).of(quick=quick, scale=scale) for quick, scale in ((False, 1.0), (True, 1.0), (False, 0.01), (True, 0.001))] == [
        1_000_000, 100_000, 10_000, 1_000,
    ]  # fmt: skip
