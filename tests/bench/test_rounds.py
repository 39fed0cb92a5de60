"""The order of runs, the limit of time, and what happens to failures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.cases import Case, Contender, Job, Size
from bench.data import EVENTS
from bench.digest import by_rows
from bench.errors import BenchError
from bench.measure import Measured, Took
from bench.run import Rounds

SIZE = Size(2_000, 1_000)
RIGHT = by_rows([{"id": 1}], EVENTS.columns[:1], 1)
WRONG = by_rows([{"id": 2}], EVENTS.columns[:1], 1)


class FakeRunner:
    """Notes what is run; each run takes a second of `clock`."""

    def __init__(self, clock, counted=SIZE.full):
        self.clock, self.counted, self.ran = clock, counted, []

    def run(self, stages, *, stdout=None, **_options):
        self.ran.append(f"proof of {stages[0]}" if stdout else stages[0])
        if stdout:
            stdout.touch()
        if stages[0] == "broken":
            raise BenchError("broken ended with 1: no table")
        self.clock[0] += 1.0
        return Measured(1.0, (Took("one", 0.5, 0.1, 1),), drained={"records": self.counted})


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("bench.run.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def contender(name, **job):
    return Contender(name, SIZE, lambda *_: Job([name], **job))


def case(name, *contenders, **options):
    return Case(name, name, EVENTS, contenders, contenders[0].name, **{"most_rounds": 2, **options})


def rounds(clock, tmp_path, *cases, limit_s=1000, quick=False, counted=SIZE.full):
    runner = FakeRunner(clock, counted)
    made = Rounds(SimpleNamespace(runner=runner, folder=Path(tmp_path), source=lambda *_: RIGHT), quick, limit_s, begun_s=0.0)
    made.run(cases)
    return made, runner.ran


def test_contenders_take_turns_in_every_round_of_every_case(clock, tmp_path):
    made, ran = rounds(clock, tmp_path, case("x", contender("a"), contender("b")), case("y", contender("c"), most_rounds=1))
    assert ran == ["a", "b", "c", "a", "b"]
    assert [(one["case"], one["contender"], one["round"], one["rows"]) for one in made.runs] == [
        ("x", "a", 0, 2000), ("x", "b", 0, 2000), ("y", "c", 0, 2000), ("x", "a", 1, 2000), ("x", "b", 1, 2000),
    ]  # fmt: skip


def test_a_quick_run_has_one_round_and_few_rows(clock, tmp_path):
    made, ran = rounds(clock, tmp_path, case("x", contender("a"), contender("b")), quick=True)
    assert (ran, {one["rows"] for one in made.runs}) == (["a", "b"], {1000})


def test_a_round_that_would_end_after_the_limit_is_not_begun(clock, tmp_path):
    made, ran = rounds(
        clock, tmp_path, case("long", contender("a"), contender("b"), most_rounds=9), case("short", contender("c"), most_rounds=9), limit_s=6
    )
    assert ran == ["a", "b", "c", "a", "b", "c"]
    assert made.left_out == []


def test_a_case_that_never_ran_is_told(clock, tmp_path):
    made, ran = rounds(clock, tmp_path, case("x", contender("a")), case("y", contender("b")), limit_s=0.5)
    assert (ran, made.left_out) == (["a"], ["y"])


def test_a_contender_that_fails_is_told_once_and_does_not_stop_the_others(clock, tmp_path):
    made, ran = rounds(clock, tmp_path, case("x", contender("broken"), contender("b")))
    assert ran == ["broken", "b", "b"]
    assert made.failures == [{"case": "x", "contender": "broken", "reason": "broken ended with 1: no table"}]


def test_an_error_of_another_kind_is_a_failure_too(clock, tmp_path):
    def unprepared(scene, table, rows):
        raise KeyError("table")

    made, _ = rounds(clock, tmp_path, case("x", Contender("a", SIZE, unprepared)))
    assert made.failures == [{"case": "x", "contender": "a", "reason": "'table'"}]


def test_wrong_rows_are_a_failure_and_no_figure(clock, tmp_path):
    made, _ = rounds(clock, tmp_path, case("x", contender("a", found=lambda: WRONG), contender("b", found=lambda: RIGHT), most_rounds=1))
    assert [one["contender"] for one in made.runs] == ["b"]
    assert made.failures[0]["reason"].startswith("a moved wrong rows: ")


def test_drained_output_is_proved_once_and_counted_always(clock, tmp_path):
    made, ran = rounds(clock, tmp_path, case("x", contender("a", drained="records", proof=lambda _: RIGHT)))
    assert (ran, made.failures) == (["proof of a", "a", "a"], [])


def test_a_wrong_proof_is_a_failure_before_anything_is_measured(clock, tmp_path):
    made, ran = rounds(clock, tmp_path, case("x", contender("a", drained="records", proof=lambda _: WRONG)))
    assert (ran, len(made.failures), made.runs) == (["proof of a"], 1, [])


def test_a_record_too_few_or_too_many_is_a_failure(clock, tmp_path):
    for counted in (SIZE.full - 1, SIZE.full + 1):
        made, _ = rounds(clock, tmp_path, case("x", contender("a", drained="records"), most_rounds=1), counted=counted)
        assert made.failures == [{"case": "x", "contender": "a", "reason": f"a wrote {counted} records instead of 2000"}]


def test_rows_can_be_scaled_down_to_try_the_bench_itself():
    assert [Size(1_000_000, 100_000).of(quick=quick, scale=scale) for quick, scale in ((False, 1.0), (True, 1.0), (False, 0.01), (True, 0.001))] == [
        1_000_000, 100_000, 10_000, 1_000,
    ]  # fmt: skip
