"""All five commands account for their rows in the same words: in the summary on stderr and in the run log, however a run ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess

import pytest
from harness import COMMANDS, command_environment, run_command
from sandbox.processes import running
from sandbox.warehouse.service import ORDERS, USERS

FIELDS = [
    "run_id", "plugin", "version", "stream", "started_at", "ended_at", "seconds", "rows_read", "rows_loaded", "rows_rejected", "rows_skipped", "rows_open",
    "rejected_by_code", "skipped_by_code", "bookmark_from", "bookmark_to", "calls", "waited_s", "exit_code", "reason",
]  # fmt: skip
# Each command with the streams of its run, and the tap whose lines a target gets.
STREAMS = {
    "tap-autopilot": ("contacts", "lists"),
    "tap-fullstory": ("sessions", "users"),
    "tap-warehouse": ("orders", "users"),
    "target-synapse": ("orders", "users"),
    "target-mparticle": ("users",),
}
MOST_LINES = 200  # of a stream, for a target: a stand-in is no faster than the service it stands for
MODELS = {"models": [USERS, ORDERS]}

every_command = pytest.mark.parametrize("command", STREAMS)
every_target = pytest.mark.parametrize("command", [name for name in STREAMS if name.startswith("target-")])

ROWS = r"(?P<rows>[\d,]+) rows? in \d+\.\d s"
ENDS = r"( = (?P<loaded>[\d,]+) loaded \+ (?P<rejected>[\d,]+) rejected( \(.*?\))? \+ (?P<skipped>[\d,]+) skipped( \+ (?P<open>[\d,]+) not loaded)?)?"
MORE = r"(, bookmark (?P<bookmark_from>\S+) -> (?P<bookmark_to>\S+))?(, (?P<calls>[\d,]+) calls?, (?P<waited_s>[\d.]+) s waited)?(, [\d,]+ [a-z ]+)*"
STREAM_LINE = re.compile(rf"(?P<stream>\w+): {ROWS}{ENDS}{MORE}")
RUN_LINE = re.compile(
    r"(Done|Ended with exit code (?P<code>\d+)): (?P<rows>[\d,]+) rows? of \d+ streams? in \d+\.\d s(, [\d,]+ calls?, [\d.]+ s waited)?"
)

pytestmark = pytest.mark.slow  # five commands, each as a process of its own: minutes together


class Commands:
    """Runs the commands against a sandbox."""

    def __init__(self, environment, folder):
        self.environment, self.folder = environment, folder
        self.catalogs = {}
        self.passed = {}

    def variables(self, command, **more):
        prefix = command.upper().replace("-", "_") + "_"
        return {**self.environment, **{prefix + name: value for name, value in more.items()}}

    def settings(self, command):
        return MODELS if command == "tap-warehouse" else None

    def catalog(self, command):
        if command not in self.catalogs:
            found = run_command(
                command, "--config", "ENV", "--discover", settings=self.settings(command), folder=self.folder, environment=self.variables(command)
            )
            catalog = json.loads(found.stdout)
            for entry in catalog["streams"]:
                root = next(one for one in entry["metadata"] if not one["breadcrumb"])
                root["metadata"]["selected"] = entry["stream"] in STREAMS[command]
            self.catalogs[command] = catalog
        return self.catalogs[command]

    def lines(self, command):
        """What a target is given: lines of the warehouse, some rows of each stream."""
        found, counts = [], {}
        for one in self.tap("tap-warehouse").messages:
            name = one.get("stream")
            counts[name] = counts.get(name, 0) + 1
            if name is None or (name in STREAMS[command] and counts[name] <= MOST_LINES):
                found.append(one)
        return found

    def tap(self, command):
        if command not in self.passed:
            self.passed[command] = self.run(command)
        return self.passed[command]

    def run(self, command, *options, lines="", **more):
        is_tap = command.startswith("tap-")
        return run_command(
            command,
            "--config",
            "ENV",
            *options,
            settings=self.settings(command),
            catalog=self.catalog(command) if is_tap else None,
            folder=self.folder,
            lines=lines,
            environment=self.variables(command, **more),
        )


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sandbox")) as environment:
        yield Commands(environment, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def good_runs(commands):
    """A run of each command that went well, with its run log; made when asked for."""
    made = {}

    def run(command):
        if command not in made:
            path = commands.folder / f"{command}.log.jsonl"
            lines = commands.lines(command) if command.startswith("target-") else ""
            done = commands.run(command, lines=lines, RUN_LOG_PATH=str(path))
            assert done.exit_code == 0, done.stderr
            made[command] = (done, read_log(path), lines)
        return made[command]

    return run


def read_log(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def said(run):
    """What was logged, without time, level and logger."""
    return [line.split(" | ")[-1].strip() for line in run.stderr.splitlines()]


def number(text):
    return int(text.replace(",", ""))


def rows_by_stream(messages):
    counts = {}
    for one in messages:
        if one["type"] == "RECORD":
            counts[one["stream"]] = counts.get(one["stream"], 0) + 1
    return counts


@every_command
def test_the_summary_accounts_for_every_row_in_the_same_words(command, good_runs):
    run, _, lines = good_runs(command)
    *streams, total = [line for line in said(run) if STREAM_LINE.fullmatch(line) or RUN_LINE.fullmatch(line)]
    found = {one["stream"]: one for one in map(STREAM_LINE.fullmatch, streams)}
    moved = rows_by_stream(lines or run.messages)
    assert {name: number(one["rows"]) for name, one in found.items()} == {name: moved[name] for name in found} == moved
    if lines:
        assert all(number(one["rows"]) == sum(number(one[end]) for end in ("loaded", "rejected", "skipped")) for one in found.values())
    assert [name for name, one in found.items() if one["calls"] is None] == []
    assert [name for name, one in found.items() if one["bookmark_to"] is None] == [
        name for name in found if name == "lists" or (command, name) == ("tap-fullstory", "users")
    ]
    assert number(RUN_LINE.fullmatch(total)["rows"]) == sum(moved.values())


@every_command
def test_a_run_that_goes_well_says_only_what_a_person_must_know(command, good_runs):
    run, _, _ = good_runs(command)
    known = re.compile(rf"{command} v\S+, Meltano SDK v\S+|Made the table \S+|A value of .* does not fit its column; .*")
    told = [line for line in said(run) if not any(one.fullmatch(line) for one in (known, STREAM_LINE, RUN_LINE))]
    odd = ["LifetimeScore", "created_by"] if command == "tap-autopilot" else []  # fields that the stand-in's contacts have, and no document
    assert sorted(told) == [f"`{name}` in contacts has no column of its own; it is in `other_fields`" for name in odd]
    assert not re.search("error|exception", run.stderr, re.IGNORECASE)


@every_command
def test_the_run_log_has_all_its_fields_and_the_sums_of_the_summary(command, good_runs):
    run, log, lines = good_runs(command)
    assert [list(line) for line in log] == [FIELDS] * len(log)
    *streams, total = log
    moved = rows_by_stream(lines or run.messages)
    assert {one["stream"]: one["rows_read"] for one in streams} == moved
    assert [(one["rows_read"], one["rows_open"]) for one in log] == [
        (one["rows_loaded"] + one["rows_rejected"] + one["rows_skipped"], 0) for one in log
    ]
    assert (total["stream"], total["rows_read"], total["exit_code"], total["reason"]) == (None, sum(moved.values()), 0, None)
    assert {(one["run_id"], one["plugin"], one["version"]) for one in log} == {(total["run_id"], command, total["version"])}
    assert all(total["started_at"] <= one["started_at"] <= one["ended_at"] <= total["ended_at"] for one in streams)
    assert all(one["calls"] > 0 and one["waited_s"] >= 0 for one in log)
    assert sum(one["calls"] for one in streams) <= total["calls"]


@every_command
def test_the_sdks_own_lines_are_there_while_debugging(command, commands, good_runs):
    lines = good_runs(command)[2][:1]
    run = commands.run(command, lines=lines, LOGLEVEL="DEBUG") if lines else commands.run(command, "--discover", LOGLEVEL="DEBUG")
    assert "Skipping parse of env var settings..." in run.stderr


# What makes a run fail after its settings were found right, and the exit code.
FAILURES = {
    "tap-autopilot": ({"API_KEY": "canary-wrong-1"}, 1),
    "tap-fullstory": ({"API_KEY": "canary-wrong-1"}, 1),
    "tap-warehouse": ({"DUCKDB": '{"path": "missing.duckdb"}'}, 2),
    "target-synapse": ({"PASSWORD": "canary-wrong-1"}, 1),
    "target-mparticle": ({"API_SECRET": "canary-wrong-1"}, 1),
}


@every_command
def test_a_failed_run_has_its_summary_before_the_reason_and_is_in_the_run_log(command, commands, good_runs, tmp_path):
    wrong, exit_code = FAILURES[command]
    path = tmp_path / "runs.jsonl"
    run = commands.run(command, lines=good_runs(command)[2], RUN_LOG_PATH=str(path), **wrong)
    *_, total = said(run)[:-1]
    assert run.exit_code == exit_code
    assert RUN_LINE.fullmatch(total)["code"] == str(exit_code)
    log = read_log(path)
    assert run.reason.split(" - hint: ")[0] == f"{command}: {' '.join(log[-1]['reason'].split())}"
    assert {one["exit_code"] for one in log} == {exit_code}
    assert "canary-wrong" not in path.read_text() + run.stderr
    if command == "target-mparticle":
        assert (log[0]["rows_loaded"], log[0]["rows_open"]) == (0, log[0]["rows_read"])
        assert " not loaded" in run.stderr


@every_command
def test_a_run_ended_by_a_signal_has_its_summary_and_is_in_the_run_log(command, commands, good_runs, tmp_path):
    good_runs(command)  # the catalog is there then
    path, folder = tmp_path / "runs.jsonl", commands.folder
    is_tap = command.startswith("tap-")
    options = ["--config", "ENV", *(["--config", f"{command}.config.json"] if command == "tap-warehouse" else [])]
    options += ["--catalog", f"{command}.catalog.json"] if is_tap else []
    process = subprocess.Popen(
        [COMMANDS / command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=command_environment(commands.variables(command, RUN_LOG_PATH=str(path))),
    )
    if not is_tap:  # a state with no row before it comes back at once: the target has begun to read
        process.stdin.write(json.dumps({"type": "STATE", "value": {"bookmarks": {"users": {"at": 1}}}}) + "\n")
        process.stdin.flush()
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, log_text = process.communicate(timeout=60)
    assert process.returncode == 143, log_text
    assert RUN_LINE.fullmatch(log_text.splitlines()[-2].split(" | ")[-1].strip())["code"] == "143"
    log = read_log(path)
    assert (log[-1]["exit_code"], log[-1]["reason"]) == (143, "ended by SIGTERM; what the last STATE says is done")
    lines = [json.loads(line) for line in (first + rest).splitlines()]
    assert all(one["rows_read"] == rows_by_stream(lines).get(one["stream"], 0) for one in log[:-1]) or not is_tap
    if is_tap:
        assert lines[-1]["type"] == "STATE"


@every_command
def test_a_run_log_that_cannot_be_written_ends_the_run_before_it_moves_anything(command, commands, good_runs, tmp_path):
    run = commands.run(command, lines=good_runs(command)[2], RUN_LOG_PATH=str(tmp_path))
    assert (run.exit_code, run.stdout) == (2, "")
    variable = command.replace("-", "_").upper() + "_RUN_LOG_PATH"
    found = f"expected the path of a file that can be written to, found {tmp_path}, which is a directory"
    assert run.reason.startswith(f"{command}: settings are not right: `run_log_path` from {variable}: {found}")


@every_command
def test_discovery_and_about_leave_no_trace_in_the_run_log(command, commands, tmp_path):
    path = tmp_path / "runs.jsonl"
    run = commands.run(command, "--discover" if command.startswith("tap-") else "--about", RUN_LOG_PATH=str(path))
    assert (run.exit_code, path.exists(), "Done: " in run.stderr) == (0, False, False)


@every_target
def test_rejected_rows_are_written_in_the_same_form(command, commands, tmp_path):
    path, log = tmp_path / "rejects.jsonl", tmp_path / "runs.jsonl"
    schema = {
        "type": "SCHEMA",
        "stream": "people",
        "schema": {"properties": {"customer_id": {"type": "string"}, "age": {"type": ["integer", "null"]}}},
        "key_properties": ["customer_id"],
    }
    rows = [{"customer_id": "c-1", "age": 5}, {"customer_id": "c-2", "age": "old"}]
    lines = [schema, *({"type": "RECORD", "stream": "people", "record": row} for row in rows)]
    run = commands.run(command, lines=lines, REJECTS_PATH=str(path), RUN_LOG_PATH=str(log))
    assert (run.exit_code, " = 1 loaded + 1 rejected (NOT_AS_DECLARED 1) + 0 skipped" in run.stderr) == (3, True), run.stderr
    [reject] = read_log(path)
    assert list(reject) == ["time", "stream", "line", "key", "code", "reason", "field", "record"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", reject["time"])
    assert (reject["stream"], reject["line"], reject["key"], reject["field"]) == ("people", 3, {"customer_id": "c-2"}, "age")
    assert (reject["code"], reject["record"]) == ("NOT_AS_DECLARED", rows[1])
    assert "old" in reject["reason"] or "age" in reject["reason"]
    assert [(one["rejected_by_code"], one["exit_code"]) for one in read_log(log)] == [({"NOT_AS_DECLARED": 1}, 3)] * 2
    assert run.reason.startswith(f"{command}: 1 of 2 rows were rejected, 0 rows allowed; the others were delivered - hint: ")


@every_target
def test_rows_that_a_stream_map_leaves_out_are_skipped_rows(command, commands):
    schema = {
        "type": "SCHEMA",
        "stream": "left_out",
        "schema": {"properties": {"customer_id": {"type": "string"}}},
        "key_properties": ["customer_id"],
    }
    lines = [schema, *({"type": "RECORD", "stream": "left_out", "record": {"customer_id": f"c-{n}"}} for n in range(3))]
    maps = json.dumps({"left_out": {"__filter__": "customer_id != 'c-1'"}})
    run = commands.run(command, lines=lines, STREAM_MAPS=maps)
    assert (run.exit_code, " = 2 loaded + 0 rejected + 1 skipped (FILTERED 1)" in run.stderr) == (0, True), run.stderr
