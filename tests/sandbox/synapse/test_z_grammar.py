"""Runs last: every batch that the tests of this folder had accepted goes through Microsoft's own grammar."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from .conftest import SEEN

MAXDOP = Path(sysconfig.get_path("scripts")) / "maxdop"


def refusal(sql, folder):
    """What ScriptDom says against a batch; empty if it takes it."""
    file = folder / "batch.sql"
    file.write_text(sql)
    run = subprocess.run([MAXDOP, str(file)], capture_output=True, text=True, check=False, timeout=60)
    return "" if run.returncode == 0 else run.stderr + run.stdout


@pytest.mark.skipif(not MAXDOP.is_file(), reason="maxdop is not installed")
def test_what_the_engine_takes_microsofts_grammar_takes(tmp_path):
    # Parameters stand for literals and need no declaration for the grammar; GO parts the batches, so one call reads all.
    # It reads with QUOTED_IDENTIFIER off, so a batch with names in double quotes is not for it; nor is AUTO_CREATE_TABLE, or a service principal as
    # the IDENTITY of a COPY: it knows neither, and COPY's own page has both.
    unknown = ('"sing"', "AUTO_CREATE_TABLE", "/oauth2/token'")
    batches = [sql for sql in dict.fromkeys(SEEN) if len(sql) < 100_000 and not any(part in sql for part in unknown)]
    assert refusal("\nGO\n".join(batches or ["SELECT 1"]), tmp_path) == ""


@pytest.mark.skipif(not MAXDOP.is_file(), reason="maxdop is not installed")
def test_the_grammar_does_refuse(tmp_path):
    assert "46010" in refusal("CREATE TABLE x (id int) WITH (DISTRIBUTION = HSH(id))", tmp_path)
