"""The report's text."""

from __future__ import annotations

from bench_results import results_of, run

from bench import extract, load, startup
from bench.readme import newest, speed_section
from bench.report import cell, markdown, time_split

REPORT = """\
# Speed, 2026-01-02

2 cores of Some CPU, 8.0 GB, Linux 6; Python 3.11.7, singer-sdk 0.54.9; postgres 15. A full run of 20 minutes, before which the load of the machine was 0.25. \
Beside: target-jsonl==0.1.4.

Rows/s are rows over the seconds of a whole process or pipe on the clock, start-up included; median of the rounds (least to greatest). CPU time is of the \
processes named, user and system; that of the servers they talk to is beside it. Peak is the greatest resident memory, of each process in a pipe. \
Ratios are of the rows/s of runs of the same round. The slower a peer, the fewer rows it moves, 5 s or more of them; its start-up of about a second is \
a smaller share of its run than ours of ours. Every run's rows were counted, their sums and a sample compared with the source.

## Extract (extract)

| | rows | rounds | rows/s | CPU s a million rows | servers' CPU s a million rows | peak MB | tap-warehouse (PostgreSQL) is |
|---|--:|--:|--:|--:|--:|--:|--:|
| **tap-warehouse (PostgreSQL)** | 1,000,000 | 2 | 450,000 (400,000 to 500,000) | 1.5 | 0.4 | 210 | 1 |
| meltanolabs-tap-postgres | 100,000 | 2 | 17,500 (10,000 to 25,000) | 39.5 (39.0 to 40.0) | 0.0 | 100 | 30.0 (20.0 to 40.0) times |

## Goals

| goal | measured | met |
|---|--:|---|
| tap-warehouse (PostgreSQL): at least 20 times meltanolabs-tap-postgres (extract) | 30.0 (20.0 to 40.0) | yes |
"""


def test_the_report_of_a_run(made_up):
    made_up["runs"][0]["servers_s"] = {"postgres": 0.5, "blob": 0.25}
    assert markdown(made_up) == REPORT


def test_the_start_is_told_in_seconds():
    text = markdown(results_of(
        run("start", startup.DUCKDB.name, 1000, 2.0, first_s=1.5),
        run("start", startup.IMPORT.name, 1000, 1.2, first_s=1.2),
    ))  # fmt: skip
    assert "| tap-warehouse (DuckDB), first record | 1.50 | 1.25 |\n| import singer_sdk | 1.20 | 1.00 |" in text


def test_a_missed_goal_says_where_the_time_goes(made_up):
    made_up["runs"][1]["wall_s"] = made_up["runs"][3]["wall_s"] = 1.0
    made_up["runs"][2]["servers_s"] = {"postgres": 1.25}
    made_up["profiles"] = {extract.POSTGRES.name: {"of": "Main thread", "shares": [["stream.py: write", 0.5], ["a|b", 0.25]]}}
    assert markdown(made_up).split("## Not met\n\n")[1] == (
        "- tap-warehouse (PostgreSQL): at least 20 times meltanolabs-tap-postgres (extract): 4.5 (4.0 to 5.0). "
        "Where the time goes: 2.5 s for 1 million rows: one 1.5 s CPU, postgres 1.2 s CPU. "
        "Main thread: stream.py: write 50%, a\\|b 25%.\n"
    )


def test_what_is_missed_twice_for_one_reason_is_explained_once(made_up):
    for number, limit in enumerate((0.5, 0.6)):
        made_up["runs"].append(run("extract", extract.ROW_TO_JSON.name, 1_000_000, limit, number=number))
        made_up["runs"][1 + 2 * number]["wall_s"] = 1.0
    assert markdown(made_up).split("## Not met\n\n")[1] == (
        "- tap-warehouse (PostgreSQL): at least 20 times meltanolabs-tap-postgres (extract): 4.5 (4.0 to 5.0). "
        "Where the time goes: 2.5 s for 1 million rows: one 1.5 s CPU.\n"
        "- tap-warehouse (PostgreSQL): at least as fast as psql COPY row_to_json (extract): 0.2 (0.2 to 0.2). As above.\n"
    )


def test_memory_over_its_goal_is_told_by_process():
    large = run("pipe large", load.POSTGRES_PIPE.name, 5_000_000, 20.0, names=("tap", "target"), peak_mb=390)
    large["processes"][1]["peak_bytes"] = 420_000_000
    assert markdown(results_of(large)).split("## Not met\n\n")[1] == (
        "- target at 5 million rows: at most 400 MB (pipe large, tap-warehouse (PostgreSQL) \\| target-synapse): 420 MB. Peaks: tap 390 MB, target 420 MB.\n"
    )


def test_what_failed_or_was_left_out_is_never_passed_over(made_up):
    made_up["failures"] = [{"case": "load", "contender": "a | b", "reason": "it moved\nwrong rows"}]
    made_up["left_out"] = ["pipe"]
    assert markdown(made_up).endswith("## Failed or left out\n\n- load: a \\| b: it moved wrong rows\n- pipe: not run, the time was over\n")


def test_a_pipes_seconds_are_told_by_process():
    pipe = run("pipe", "x", 500_000, 3.0, names=("tap", "target"), cpu=(1.0, 0.5))
    assert time_split(pipe) == "3.0 s for 0.5 million rows: tap 1.5 s CPU, target 1.5 s CPU"


def test_of_a_run_that_is_judged_by_its_first_part_both_times_are_told():
    assert time_split(run("load", "x", 1_000_000, 9.0, staged_s=4.0)) == "4.0 s (of 9.0 s) for 1 million rows: one 1.5 s CPU"


def test_a_case_has_its_note_and_a_pipe_the_peak_of_each_process():
    pipe = run("load", "x", 500_000, 3.0, names=("tap", "target"), peak_mb=100)
    again = run("load", "x", 500_000, 3.0, names=("tap", "target"), peak_mb=90, number=1)
    again["processes"][1]["peak_bytes"] = 120_000_000
    text = markdown(results_of(pipe, again))
    assert "## Load (load)\n\nTo files.\n\n| | rows |" in text
    assert "| x | 500,000 | 2 | 166,667 | 6.0 | 0.0 | tap 100, target 120 |" in text


def test_batches_a_second_are_told():
    text = markdown(results_of(run("load", "x", 500, 2.0, batches=400), run("load", "x", 500, 4.0, batches=400, number=1)))
    assert "\n\n- x: 150 (100 to 200) batches/s\n" in text


def test_the_readme_quotes_ratios_memory_and_start():
    text = speed_section(results_of(
        run("extract", extract.POSTGRES.name, 1_000_000, 2.0),
        run("extract", extract.MELTANOLABS.name, 100_000, 4.0),
        run("extract", extract.SLING.name, 500_000, 5.0),
        run("pipe", load.POSTGRES_PIPE.name, 1_000_000, 4.0),
        run("pipe", load.PEER_PIPES[0].name, 10_000, 1.0),
        run("pipe large", load.POSTGRES_PIPE.name, 5_000_000, 20.0, names=("tap-warehouse", "target-synapse"), peak_mb=250),
        run("start", startup.DUCKDB.name, 1000, 2.0, first_s=1.5),
        run("start", startup.IMPORT.name, 1000, 1.2, first_s=1.2),
    ))  # fmt: skip
    assert text == (
        "\nMeasured on 2026-01-02 in one run, on 2 cores of Some CPU: whole processes, medians, each run's rows checked. "
        "[All figures](bench/results/2026-01-02.md), [how they are made](docs/bench.md).\n\n"
        "| | rows/s | times the rows/s of |\n|---|--:|---|\n"
        "| PostgreSQL to lines: `tap-warehouse` | 500,000 | meltanolabs-tap-postgres **20**, sling to CSV **5.0** |\n"
        "| PostgreSQL to the pool: `tap-warehouse \\| target-synapse` | 250,000 | pipelinewise-tap-postgres \\| target-jsonl **25** |\n\n"
        "Peak memory: `tap-warehouse` 250 MB over 5 million rows, `target-synapse` 250 MB over 5 million rows. "
        "From the command to the first record: 1.50 s, where `import singer_sdk` alone takes 1.20 s.\n\n"
    )


def test_without_results_the_readme_says_so(tmp_path):
    assert newest(tmp_path) is None
    assert speed_section(None) == "\nNot measured yet: `make bench` measures, and writes the figures that stand here.\n\n"


def test_the_newest_results_are_taken(tmp_path):
    (tmp_path / "2026-01-02.json").write_text('{"date": "2026-01-02"}')
    (tmp_path / "2025-12-31.json").write_text('{"date": "2025-12-31"}')
    assert newest(tmp_path) == {"date": "2026-01-02"}


def test_text_in_a_cell_breaks_no_table():
    assert cell("a | b\n c") == "a \\| b c"
