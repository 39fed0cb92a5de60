"""How results stand to the goals."""

from __future__ import annotations

from bench_results import results_of, run

from bench import extract, load, startup
from bench.goals import QUICK_RATIO, missed, verdicts


def told(results):
    return [(one.goal, one.measured, one.is_met) for one in verdicts(results)]


def test_a_goal_is_judged_by_the_median_of_the_rounds(made_up):
    assert told(made_up) == [
        ("tap-warehouse (PostgreSQL): at least 20 times meltanolabs-tap-postgres (extract)", "30.0 (20.0 to 40.0)", True),
    ]


def test_one_good_round_does_not_meet_a_goal(made_up):
    made_up["runs"][1]["wall_s"] = 1.0
    assert [(one.measured, one.is_met) for one in verdicts(made_up)] == [("22.5 (5.0 to 40.0)", True)]
    made_up["runs"][3]["wall_s"] = 6.0
    assert [(one.measured, one.is_met) for one in verdicts(made_up)] == [("14.5 (5.0 to 24.0)", False)]


def test_a_missed_goal_is_told(made_up):
    made_up["runs"][1]["wall_s"] = made_up["runs"][3]["wall_s"] = 1.0
    assert [(one.case, one.contender, one.measured) for one in missed(made_up)] == [("extract", extract.POSTGRES.name, "4.5 (4.0 to 5.0)")]


def test_the_pipe_is_held_against_every_pair_of_peers_so_also_against_the_best():
    results = results_of(
        run("pipe", load.POSTGRES_PIPE.name, 1_000_000, 4.0),
        *(run("pipe", pair.name, 10_000, wall_s) for pair, wall_s in zip(load.PEER_PIPES, (1.0, 0.4, 2.0), strict=True)),
    )
    assert [one.is_met for one in verdicts(results)] == [True, False, True]


def test_memory_and_time_at_five_million_rows_are_held_against_one_million():
    results = results_of(
        run("extract", extract.DUCKDB.name, 1_000_000, 2.0, peak_mb=300),
        run("extract large", extract.DUCKDB.name, 5_000_000, 10.5, peak_mb=401, names=("one",)),
    )
    found = told(results)
    assert found == [
        ("one at 5 million rows: at most 400 MB (extract large, tap-warehouse (DuckDB))", "401 MB", False),
        ("tap-warehouse (DuckDB), from 1 to 5 million rows: peak memory at most 1.1 times (extract large)", "1.34", False),
        ("tap-warehouse (DuckDB), from 1 to 5 million rows: time a row at most 1.1 times (extract large)", "1.05", True),
    ]


def test_the_start_is_held_against_the_import_of_the_same_round():
    results = results_of(
        run("start", startup.IMPORT.name, 1000, 1.0, first_s=1.0),
        run("start", startup.DUCKDB.name, 1000, 2.0, first_s=1.2),
        run("start", startup.IMPORT.name, 1000, 2.0, first_s=2.0, number=1),
        run("start", startup.DUCKDB.name, 1000, 4.0, first_s=3.2, number=1),
    )
    assert told(results) == [("tap-warehouse (DuckDB), first record: at most 1.3 times `import singer_sdk`", "1.40", False)]


def test_a_quick_run_is_held_to_a_generous_bound_alone(made_up):
    quick = results_of(
        run("extract", extract.DUCKDB.name, 100_000, 1.0),
        run("extract", extract.POSTGRES.name, 100_000, 1.0),
        run("extract", extract.PIPELINEWISE.name, 100_000, 1.0),
        run("extract", extract.MELTANOLABS.name, 100_000, QUICK_RATIO + 0.1),
        kind="quick",
    )
    assert [one.goal for one in verdicts(quick)] == ["tap-warehouse (DuckDB): at least 3 times meltanolabs-tap-postgres (extract)"]
    assert missed(quick) == []
    assert missed({**made_up, "kind": "quick"}) == []
