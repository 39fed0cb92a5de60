"""Made-up results of the bench, small enough to work out by hand."""

from __future__ import annotations

from bench import extract, load, startup

MB = 1_000_000


def run(case, contender, rows, wall_s, *, number=0, cpu=(1.0, 0.5), peak_mb=100, names=("one",), **more):
    """A run as the results hold it."""
    processes = [{"name": name, "user_s": cpu[0], "system_s": cpu[1], "peak_bytes": peak_mb * MB} for name in names]
    return {
        "case": case, "contender": contender, "table": "events", "rows": rows, "round": number, "wall_s": wall_s,
        "processes": processes, "servers_s": {}, **more,
    }  # fmt: skip


def results_of(*runs, kind="full", **more):
    """Results with these runs."""
    return {
        "date": "2026-01-02",
        "kind": kind,
        "seconds": 1230,
        "machine": {
            "processor": "Some CPU", "cores": 2, "memory_gb": 8.0, "kernel": "Linux 6", "python": "3.11.7", "postgres": "postgres 15", "load_before": 0.25,
            "packages": {"singer-sdk": "0.54.9"},
        },
        "peers": {"target-jsonl": "target-jsonl==0.1.4"},
        "titles": {"start": "Start", "extract": "Extract", "extract large": "Extract more", "load": "Load", "pipe": "Pipe"},
        "measures": {"start": startup.IMPORT.name, "extract": extract.POSTGRES.name, "extract large": extract.POSTGRES.name,
                     "load": load.STAGED.name, "pipe": load.POSTGRES_PIPE.name},
        "notes": {"load": "To files."},
        "ours": [extract.DUCKDB.name, extract.POSTGRES.name, load.STAGED.name, load.POSTGRES_PIPE.name],
        "limits": [extract.ROW_TO_JSON.name],
        "failures": [],
        "left_out": [],
        "runs": list(runs),
        **more,
    }  # fmt: skip
