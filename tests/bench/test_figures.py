"""Spreads and ratios."""

from __future__ import annotations

import pytest
from bench_results import results_of, run
from hypothesis import given
from hypothesis import strategies as st

from bench.extract import MELTANOLABS, PIPELINEWISE, POSTGRES
from bench.figures import Spread, cpu_s_per_million, growth, peak_mb, ratio, rows_per_s, runs


def test_a_ratio_is_of_two_runs_of_the_same_round(made_up):
    """500,000 over 25,000 rows/s in the first round, 400,000 over 10,000 in the second: a machine that slowed down is in neither."""
    assert ratio(made_up, "extract", POSTGRES.name, MELTANOLABS.name) == Spread(20.0, 30.0, 40.0)


def test_a_round_that_one_of_the_two_lacks_has_no_ratio(made_up):
    del made_up["runs"][1]
    assert ratio(made_up, "extract", POSTGRES.name, MELTANOLABS.name) == Spread(40.0, 40.0, 40.0)
    assert ratio(made_up, "extract", POSTGRES.name, PIPELINEWISE.name) is None


def test_staged_files_and_first_records_are_judged_by_their_own_time():
    plain = run("load", "x", 1000, 4.0)
    assert [rows_per_s(plain), rows_per_s({**plain, "staged_s": 2.0}), rows_per_s({**plain, "first_s": 0.5})] == [250, 500, 2000]


def test_cpu_is_of_all_processes_of_a_pipe_and_peak_of_the_largest():
    pipe = run("pipe", "x", 500_000, 3.0, cpu=(1.0, 0.25), names=("tap", "target"))
    pipe["processes"][1]["peak_bytes"] = 300_000_000
    assert (cpu_s_per_million(pipe), peak_mb(pipe), peak_mb(pipe, "tap")) == (5.0, 300.0, 100.0)


def test_growth_is_of_the_process_that_grows_most_and_of_the_time_a_row():
    few = run("pipe", "x", 1_000_000, 2.0, names=("tap", "target"))
    many = run("pipe large", "x", 5_000_000, 12.0, names=("tap", "target"))
    many["processes"][0]["peak_bytes"] = 150_000_000
    assert growth(results_of(few, many), "pipe", "pipe large", "x") == (1.5, pytest.approx(1.2))
    assert growth(results_of(few), "pipe", "pipe large", "x") is None


def test_runs_are_of_one_contender_in_one_case(made_up):
    assert [one["wall_s"] for one in runs(made_up, "extract", MELTANOLABS.name)] == [4.0, 10.0]


@given(st.lists(st.floats(0.001, 1e9), min_size=1))
def test_a_median_lies_between_the_least_and_the_greatest(values):
    found = Spread.of(values)
    assert found is not None
    assert min(values) == found.least <= found.median <= found.most == max(values)


def test_no_values_have_no_spread():
    assert Spread.of([]) is None
