"""What becomes of a run: where its results go, what fails it, and what is left of one that is ended."""

from __future__ import annotations

import json
import signal
import sys
from types import SimpleNamespace

import pytest
from bench_results import results_of, run

from bench import __main__ as bench
from bench import extract
from bench.cases import LEAST
from bench.readme import RESULTS
from bench.run import Rounds

OURS, PEER = extract.POSTGRES.name, extract.MELTANOLABS.name


def failed(contender, *, kind="full", is_missing=False, **more):
    failures = [{"case": "extract", "contender": contender, "reason": "no table", "is_missing": is_missing}]
    return results_of(run("extract", OURS, 1000, 1.0), kind=kind, failures=failures, **more)


def asked(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["bench", *words])
    return bench._asked()


@pytest.mark.parametrize(
    ("results", "exit_code", "said"),
    [
        (failed(PEER), 0, ""),
        (failed(OURS), 1, f"bench: extract: {OURS}: no table\n"),
        (failed(PEER, kind="quick"), 1, f"bench: extract: {PEER}: no table\n"),
        (failed(PEER, kind="quick", is_missing=True), 0, ""),
        (results_of(left_out=["pipe"]), 0, ""),
        (results_of(kind="quick", left_out=["pipe"]), 1, "bench: pipe: not run, the run ended before\n"),
    ],
)
def test_a_peer_that_fails_is_told_and_fails_no_full_run(results, exit_code, said, capsys):
    assert (bench._verdict(results), capsys.readouterr().err) == (exit_code, said)


def test_only_a_whole_run_is_written_where_the_readme_quotes_it_from(monkeypatch, tmp_path):
    home = ("--home", str(tmp_path))
    folders = [bench._folder(asked(monkeypatch, *home, *words)) for words in ((), ("--quick",), ("--only", "extract"), ("--scale", "0.1"))]
    assert folders == [RESULTS, tmp_path / "quick", tmp_path / "tried", tmp_path / "tried"]
    assert bench._folder(asked(monkeypatch, "--quick", "--results", "/elsewhere")).as_posix() == "/elsewhere"


def test_goals_come_before_what_is_there_for_completeness():
    names = [case.name for case in bench.CASES]
    assert names[:6] == ["start", "extract", "extract flights", "load", "load flights", "pipe"]
    assert names[-3:] == ["deliver", "api", "deliver large"]


def test_of_a_run_that_is_ended_the_results_so_far_are_kept(tmp_path, capsys, monkeypatch):
    """It is ended in its second case; a further signal changes nothing."""
    handlers = {number: signal.getsignal(number) for number in bench.ENDING}
    cases = [case for case in bench.CASES if case.name in ("start", "extract")]
    rounds = Rounds(SimpleNamespace(), quick=False, limit_s=100)

    def one(case, contender, _number):
        if contender.name == PEER:
            bench._end(signal.SIGTERM, None)
        rounds.runs.append(run(case.name, contender.name, LEAST, 1.0, first_s=1.0))
        return True

    monkeypatch.setattr(rounds, "_one", one)
    try:
        with pytest.raises(SystemExit, match=r"^143$"):
            bench._measured(rounds, cases, results_of()["machine"], tmp_path / "so-far")
        assert {signal.getsignal(number) for number in bench.ENDING} == {signal.SIG_IGN}
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    (kept,) = (tmp_path / "so-far").glob("*.json")
    results = json.loads(kept.read_text())
    assert [one["case"] for one in results["runs"]] == ["start"] * cases[0].most_rounds * len(cases[0].contenders) + ["extract"]
    assert results["left_out"][0] == f"extract: {PEER}"
    assert len(results["left_out"]) == len(extract.CASES[0].contenders) - 1
    assert capsys.readouterr().err == f"bench: interrupted; what was measured before is in {tmp_path / 'so-far'}\n"
