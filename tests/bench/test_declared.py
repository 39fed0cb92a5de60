"""Peers, cases and goals as they are declared."""

from __future__ import annotations

import pstats
import re

import pytest

from bench import extract
from bench.__main__ import CASES
from bench.errors import BenchError, MissingPeerError
from bench.goals import FASTER, LARGER
from bench.machine import processor
from bench.peers import HELPERS, PEERS, REQUIREMENTS, Environments
from bench.programs import api_rows
from bench.where import import_shares, shares

NAMES = {(case.name, one.name) for case in CASES for one in case.contenders}


def test_each_peer_has_a_file_of_pinned_versions_without_addresses():
    files = {path.stem: path.read_text().splitlines() for path in REQUIREMENTS.glob("*.txt")}
    assert files.keys() == PEERS.keys() | HELPERS.keys()
    assert [line for lines in files.values() for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[0-9a-z.]+", line)] == []
    assert [peer.name for peer in PEERS.values() if peer.requirement not in files[peer.name]] == []


def test_a_peer_that_cannot_be_installed_is_named_each_time_and_tried_once(tmp_path, monkeypatch):
    tried = []

    def broken(*command):
        tried.append(command)
        raise BenchError("no such version")

    monkeypatch.setattr("bench.peers._run", broken)
    monkeypatch.setattr("bench.peers._uv", lambda: "uv")
    environments = Environments(tmp_path)
    for _ in range(2):
        with pytest.raises(MissingPeerError, match=r"^dlt cannot be installed: no such version$"):
            environments.script("dlt")
    assert (len(tried), list(environments.missing)) == (1, ["dlt"])


def test_each_case_is_measured_by_one_of_its_own_contenders():
    assert [case.name for case in CASES if case.measure not in {one.name for one in case.contenders}] == []
    assert len(NAMES) == sum(len(case.contenders) for case in CASES)
    assert len({case.name for case in CASES}) == len(CASES)


def test_each_goal_is_about_contenders_that_are_run():
    assert [goal for goal in FASTER if not {(goal.case, goal.ours), (goal.case, goal.other)} <= NAMES] == []
    assert [one for one in LARGER if not {(one[0], one[2]), (one[1], one[2])} <= NAMES] == []


def test_a_catalog_is_cut_down_to_one_table_in_full():
    catalog = {"streams": [
        {"table_name": "a", "metadata": [{"breadcrumb": [], "metadata": {"x": 1}}, {"breadcrumb": ["properties", "id"], "metadata": {}}]},
        {"table_name": "b", "metadata": []},
    ]}  # fmt: skip
    assert extract.selected(catalog, "a") == {"streams": [{
        "table_name": "a",
        "replication_method": "FULL_TABLE",
        "metadata": [
            {"breadcrumb": [], "metadata": {"x": 1, "selected": True, "replication-method": "FULL_TABLE", "forced-replication-method": "FULL_TABLE"}},
            {"breadcrumb": ["properties", "id"], "metadata": {"selected": True}},
        ],
    }]}  # fmt: skip


def test_the_rows_of_an_api_fit_their_schema_and_are_the_same_each_time():
    some = list(api_rows.rows(100))
    assert some == list(api_rows.rows(100))
    assert (len(some), set(some[0]), some[49]["email"]) == (100, set(api_rows.SCHEMA["properties"]), None)


def test_the_processor_is_named_as_the_kernel_names_it(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t: a b\n")
    assert (processor(tmp_path / "cpuinfo"), processor(tmp_path / "none")) == ("Some CPU @ 2 GHz", None)


def test_a_profile_tells_the_functions_with_the_greatest_own_time():
    stats = pstats.Stats()
    stats.stats = {
        ("/x/pkg/stream.py", 3, "write"): (1, 1, 3.0, 9.0, {}),
        ("~", 0, "<method 'encode'>"): (1, 1, 6.0, 6.0, {}),
        **{("/x/pkg/other.py", n, f"f{n}"): (1, 1, 0.1, 0.1, {}) for n in range(10)},
    }
    assert shares(stats)[:2] == [["<method 'encode'>", 0.6], ["pkg/stream.py: write", 0.3]]
    assert len(shares(stats)) == 6


def test_the_packages_that_take_the_longest_to_import_are_told():
    log = """import time: self [us] | cumulative | imported package
import time:       300 |        300 |     duckdb._core
2026-01-01 00:00:00,000 | INFO     | tap-warehouse | import time
import time:       500 |        800 |   duckdb
import time:       200 |       1000 | singer_sdk.tap
"""
    assert import_shares(log) == [["duckdb", 0.8], ["singer_sdk", 0.2]]
