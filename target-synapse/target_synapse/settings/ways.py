"""How staged rows come into the pool."""

from __future__ import annotations

from singer_sdk import typing as th

COPY, INSERT, POLYBASE, ADF = "copy", "insert", "polybase", "adf"

WAYS = (
    th.Property(
        "load_via",
        th.StringType(allowed_values=[COPY, INSERT]),
        default=COPY,
        title="Way into the pool",
        description="How rows come into the pool: `copy` (staged files, COPY INTO) or `insert` (no storage at all; for small loads).",
    ),
)
