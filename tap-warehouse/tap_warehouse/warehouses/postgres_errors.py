"""PostgreSQL's answers to what it refuses."""

from __future__ import annotations

PRIMARY = "PG_DIAG_MESSAGE_PRIMARY"  # among an error's details: the server's message without its place in the query


def first_line(error: Exception) -> str:
    """What went wrong, in the server's words where it said something."""
    told = {str(name): value for name, value in getattr(error, "details", ())}
    primary = next((value for name, value in told.items() if PRIMARY in name), None)
    if primary is not None:
        return str(primary, "utf-8", "replace")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    (line,) = [line for line in lines if "FATAL:" in line][-1:] or lines[:1]  # libpq tells of each address, and of each attempt with TLS and without
    return line.rpartition("Failed to connect: ")[2].rpartition("FATAL:")[2].strip()
