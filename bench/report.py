"""The results as Markdown: a table a case, the goals, and where the time goes where one is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import figures
from bench.figures import MILLION, Spread
from bench.goals import Verdict, verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = "| | rows | rounds | rows/s | CPU s a million rows | servers' CPU s a million rows | peak MB | {measure} is |"
RULE = "|---|--:|--:|--:|--:|--:|--:|--:|"
START_HEAD, START_RULE = "| | seconds | times the import |", "|---|--:|--:|"
ITSELF = "1"


def markdown(results: Mapping[str, Any]) -> str:
    """All of it."""
    parts = [f"# Speed, {results['date']}", _about(results)]
    parts += [_case(results, case) for case in results["titles"] if figures.contenders(results, case)]
    parts += [_goals(verdicts(results)), _where(results), _failures(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(results: Mapping[str, Any]) -> str:
    found = results["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    return (
        f"{found['cores']} cores of {found['processor']}, {found['memory_gb']} GB, {found['kernel']}; Python {found['python']}, {packages}; "
        f"{found['postgres']}. A {results['kind']} run of {results['seconds'] / 60:.0f} minutes, before which the load of the machine was {found['load_before']:g}. "
        f"Beside: {', '.join(results['peers'].values())}.\n\n"
        "Rows/s are rows over the seconds of a whole process or pipe on the clock, start-up included; median of the rounds (least to greatest). CPU time is of the "
        "processes named, user and system; that of the servers they talk to is beside it. Peak is the greatest resident memory, of each process in a pipe. "
        "Ratios are of the rows/s of runs of the same round. The slower a peer, the fewer rows it moves, 5 s or more of them; its start-up of about a second is "
        "a smaller share of its run than ours of ours. Every run's rows were counted, their sums and a sample compared with the source."
    )


def _case(results: Mapping[str, Any], case: str) -> str:
    title = f"## {results['titles'][case]} ({case})"
    if case == "start":
        return "\n".join([title, "", START_HEAD, START_RULE, *_start_rows(results)])
    measure = results["measures"][case]
    rows = [_row(results, case, contender, measure) for contender in figures.contenders(results, case)]
    return "\n".join([title, "", *_note(results, case), HEAD.format(measure=cell(measure)), RULE, *rows, *_batches(results, case)])


def _note(results: Mapping[str, Any], case: str) -> list[str]:
    note = results["notes"].get(case)
    return [note, ""] if note else []


def _batches(results: Mapping[str, Any], case: str) -> list[str]:
    """The batches a second, mParticle's measure; a row is one, if no other row of the same request is of its user."""
    lines = []
    for contender in figures.contenders(results, case):
        rate = Spread.of(run["batches"] / run["wall_s"] for run in figures.runs(results, case, contender) if "batches" in run)
        lines += [f"- {cell(contender)}: {_spread(rate, ',.0f')} batches/s"] if rate else []
    return ["", *lines] if lines else []


def _row(results: Mapping[str, Any], case: str, contender: str, measure: str) -> str:
    runs = figures.runs(results, case, contender)
    rate = Spread.of(map(figures.rows_per_s, runs))
    processor = Spread.of(map(figures.cpu_s_per_million, runs))
    servers = Spread.of(map(figures.servers_s_per_million, runs))
    times = figures.ratio(results, case, measure, contender)
    compared = ITSELF if contender == measure else _times(times) if times else ""
    name = f"**{cell(contender)}**" if contender in results["ours"] else cell(contender)
    told = (_spread(rate, ",.0f"), _spread(processor, ".1f"), f"{servers.median if servers else 0:.1f}", _peak(runs))
    return f"| {name} | {runs[0]['rows']:,} | {len(runs)} | {' | '.join(told)} | {compared} |"


def _peak(runs: list[dict[str, Any]]) -> str:
    """The greatest of the rounds; of a pipe, for each process."""
    names = [one["name"] for one in runs[0]["processes"]]
    peaks = {name: max(figures.peak_mb(run, name) for run in runs) for name in names}
    return ", ".join(f"{f'{name} ' if len(names) > 1 else ''}{peak:.0f}" for name, peak in peaks.items())


def _start_rows(results: Mapping[str, Any]) -> list[str]:
    rows = []
    for contender in figures.contenders(results, "start"):
        taken = Spread.of(map(figures.seconds, figures.runs(results, "start", contender)))
        times = figures.ratio(results, "start", results["measures"]["start"], contender)
        rows.append(f"| {cell(contender)} | {_spread(taken, '.2f')} | {f'{times.median:.2f}' if times else ''} |")
    return rows


def _goals(found: list[Verdict]) -> str:
    rows = [f"| {cell(one.goal)} | {one.measured} | {'yes' if one.is_met else '**no**'} |" for one in found]
    return "\n".join(["## Goals", "", "| goal | measured | met |", "|---|--:|---|", *rows]) if rows else ""


def _where(results: Mapping[str, Any]) -> str:
    lines: list[str] = []
    told: set[str] = set()
    for verdict in [one for one in verdicts(results) if not one.is_met]:
        run = figures.runs(results, verdict.case, verdict.contender)[-1]
        why = f"Peaks: {_peaks(run)}." if verdict.is_of_memory else f"Where the time goes: {time_split(run)}.{_profiled(results, verdict.contender)}"
        lines.append(f"- {cell(verdict.goal)}: {verdict.measured}. {'As above.' if why in told else why}")
        told.add(why)
    return "\n".join(["## Not met", "", *lines]) if lines else ""


def _peaks(run: Mapping[str, Any]) -> str:
    return ", ".join(f"{one['name']} {figures.peak_mb(run, one['name']):.0f} MB" for one in run["processes"])


def time_split(run: Mapping[str, Any]) -> str:
    """The seconds of a run by process, its own ones and the servers'."""
    own = [f"{one['name']} {one['user_s'] + one['system_s']:.1f} s CPU" for one in run["processes"]]
    servers = [f"{name} {spent:.1f} s CPU" for name, spent in run["servers_s"].items()]
    whole = f" (of {run['wall_s']:.1f} s)" if figures.seconds(run) < run["wall_s"] else ""
    return f"{figures.seconds(run):.1f} s{whole} for {run['rows'] / MILLION:g} million rows: {', '.join(own + servers)}"


def _profiled(results: Mapping[str, Any], contender: str) -> str:
    found = results.get("profiles", {}).get(contender)
    return f" {found['of']}: " + ", ".join(f"{cell(name)} {share:.0%}" for name, share in found["shares"]) + "." if found else ""


def _failures(results: Mapping[str, Any]) -> str:
    lines = [f"- {one['case']}: {cell(one['contender'])}: {cell(one['reason'])}" for one in results["failures"]]
    lines += [f"- {cell(one)}: not run, the time was over" for one in results["left_out"]]
    return "\n".join(["## Failed or left out", "", *lines]) if lines else ""


def _spread(found: Spread | None, shape: str) -> str:
    if found is None:
        return ""
    middle = format(found.median, shape)
    return middle if found.least == found.most else f"{middle} ({format(found.least, shape)} to {format(found.most, shape)})"


def _times(found: Spread) -> str:
    return _spread(found, ".1f" if found.median < 100 else ".0f") + " times"  # noqa: PLR2004 - three digits tell enough


def cell(text: str) -> str:
    """Text that may stand in a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")
