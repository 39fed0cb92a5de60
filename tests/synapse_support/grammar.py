"""Microsoft's own grammar of T-SQL (ScriptDom, in maxdop), held against statements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAXDOP = Path(sys.executable).parent / "maxdop"
LAYOUT_FAILED, OWN_BUG = 2, "formatted output failed verification, so the file was left unchanged. This is a maxdop bug"


def as_script(statements: Iterable[str]) -> str:
    """Each statement as a batch of its own."""
    return "\nGO\n".join(statements) + "\n"


def grammar_error(folder: Path, script: str) -> str:
    """What Microsoft's own parser says against the script; empty if nothing."""
    path = folder / "script.sql"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run([MAXDOP, path], capture_output=True, text=True, check=False)
    # maxdop has no mode that only parses. Where it has parsed the script and then distrusts its own layout of it (a name with a bare line feed in it,
    # which it writes with a carriage return), the grammar has said yes: it exits with 2 and these words; what it cannot parse exits with 1.
    if done.returncode == LAYOUT_FAILED and OWN_BUG in done.stderr and "could not be parsed" not in done.stderr:
        return ""
    return done.stderr + done.stdout if done.returncode else ""
