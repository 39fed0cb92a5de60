"""Every command on the project's pages works as it is written: the conventions are in tests/readme_blocks.py."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess

import pytest
from harness import COMMANDS, command_environment
from readme_blocks import ROOT, blocks, markdown_files
from sandbox.http.control import Control
from sandbox.processes import running

PAGES = markdown_files()
WITH_COMMANDS = [page for page in PAGES if any(block.runs for block in blocks(page))]
LIMIT_S = 250  # of a block: the stand-ins keep the services' pace, and a test machine may be busy
FEW_ROWS = 100  # of a model, where the page does not say how many: mParticle takes them in order, at a documented pace
PIPE_CLOSED = 141  # `tap | head`: the tap stops when nobody reads on
NAMED = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
END = "\x1e"  # after each command's output, before its exit codes
MODELS = ROOT / "sandbox" / "sandbox" / "warehouse" / "models"
USERS = {"name": "users", "sql_file": str(MODELS / "users.sql"), "key_columns": ["customer_id"], "iterator": "date_updated"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """The settings of one sandbox for all pages."""
    with running(tmp_path_factory.mktemp("sandbox")) as settings:
        yield settings


@pytest.fixture
def folder(tmp_path, sandbox):
    """The folder of a reader who has done what the page asks for: the sandbox's faults are gone afterwards."""
    (tmp_path / "warehouse.duckdb").symlink_to(sandbox["TAP_WAREHOUSE_DUCKDB_PATH"])
    (tmp_path / "models").symlink_to(MODELS)
    yield tmp_path
    subprocess.run([COMMANDS / "sandbox", "down"], cwd=tmp_path, capture_output=True, timeout=LIMIT_S, check=False)
    for name in ("SANDBOX_AUTOPILOT_URL", "SANDBOX_SYNAPSE_CONTROL_URL"):
        Control(sandbox[name]).clear_faults()


def settings_for(plugin, sandbox):
    """The sandbox's settings for a plugin, as a settings file holds them."""
    prefix = plugin.upper().replace("-", "_") + "_"
    plain = {name.removeprefix(prefix).lower(): value for name, value in sandbox.items() if name.startswith(prefix)}
    typed = {name: json.loads(value) if re.fullmatch(r"\d+|true|false|\{.*\}", value) else value for name, value in plain.items()}
    typed.pop("duckdb_path", None)
    return {**typed, **({"models": [USERS], "limit": FEW_ROWS} if plugin == "tap-warehouse" else {})}


def lay_out(line, folder, sandbox):
    """Make the files that a command reads and its reader has: settings, and a state."""
    for plugin, name in re.findall(r"((?:tap|target)-[a-z]+)(?: --\S+ \S+)*? --config ([\w.-]+\.json)", line):
        if not (folder / name).exists():
            (folder / name).write_text(json.dumps(settings_for(plugin, sandbox)))
    for name in re.findall(r"--state (\S+\.json)", line):
        if not (folder / name).exists():
            (folder / name).write_text("{}")


def run(block, folder, sandbox):
    """Run a block's commands in one shell; each one's exit code and output."""
    for command in block.commands:
        lay_out(command.line, folder, sandbox)
    script = "set -o pipefail\n" + "".join(f"{command.line}\nprintf '{END}%s{END}' $?\n" for command in block.commands)
    environment = {**command_environment(sandbox), "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    pieces = done.stdout.split(END)
    return [(int(code), output) for output, code in zip(pieces[::2], pieces[1::2], strict=False)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_run_and_print_what_it_shows(page, folder, sandbox):
    for block in blocks(page):
        if block.file:
            (folder / block.file).write_text(block.text)
        if not block.runs:
            continue
        results = run(block, folder, sandbox)
        assert len(results) == len(block.commands), results
        for command, (code, output) in zip(block.commands, results, strict=True):
            assert code in (0, PIPE_CLOSED), f"{command.line}: exit code {code}\n{output}"
            if command.shown:
                printed = "".join(line.rstrip() + "\n" for line in output.splitlines())
                assert block.pattern(command).fullmatch(printed), f"{command.line} printed\n{printed}"


@every_page
def test_each_block_of_commands_says_which_test_runs_it(page):
    unmarked = [block.text for block in blocks(page) if block.is_shell and not block.marker.startswith(("runs", "run by", "not run: "))]
    assert unmarked == []


@every_page
def test_the_tests_that_a_page_names_are_there(page):
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not is_test(*name)] == []


def test_each_promise_and_exit_code_names_the_tests_that_hold_it():
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## What is promised")[1].split("\n## ")[0]
    rows = [line.rstrip(" |").rpartition(" | ")[2] for line in section.splitlines() if re.match(r"\| (?!promise|exit code)", line)]
    assert len(rows) > 15
    assert [row for row in rows if not NAMED.findall(row) or not all(test for _, test in NAMED.findall(row))] == []


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (("tests/docs/test_readme_commands.py", ""), True),
        (("tests/docs/test_readme_commands.py", "test_what_counts_as_a_test"), True),
        (("tests/docs/test_readme_commands.py", "test_of_another_name"), False),
        (("tests/docs/test_readme_commands.py", "is_test"), False),
        (("tests/harness.py", ""), True),
        (("tests/harness.py", "run_command"), False),
        (("tests/docs/test_none.py", ""), False),
    ],
)
def test_what_counts_as_a_test(name, is_one):
    assert is_test(*name) is is_one


def is_test(file, function):
    """Whether pytest finds such a test: the function, or any if only the file is named. What tests share is no test, but may be named."""
    path = ROOT / file
    if not path.is_file() or not path.name.startswith("test_"):
        return path.is_file() and not function
    body = ast.parse(path.read_text(encoding="utf-8")).body
    tests = {one.name for one in body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}
    tests |= {one.name for one in body if isinstance(one, ast.ClassDef) and one.name.startswith("Test")}
    makes_them = any(isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "").startswith("Test") for one in body)  # the SDK's suites
    return function in tests if function else bool(tests) or makes_them


@every_page
def test_the_links_of_a_page_inside_the_project_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
