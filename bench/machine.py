"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

BYTES_PER_GB = 1_000_000_000
PACKAGES = ("singer-sdk", "duckdb", "pyarrow", "msgspec", "psycopg")


def machine(postgres: str) -> dict[str, Any]:
    """Processor, memory, kernel and versions."""
    return {
        "processor": processor(Path("/proc/cpuinfo")) or platform.processor() or "unknown",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / BYTES_PER_GB, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgres": postgres,
        "packages": {name: version(name) for name in PACKAGES},
    }


def processor(path: Path) -> str | None:
    """The processor's model, as Linux names it."""
    if not path.is_file():
        return None
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "model name"), None)
