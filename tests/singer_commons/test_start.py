"""How a command starts: nothing is searched for garbage while it is imported, and everything is afterwards."""

from __future__ import annotations

import gc
import sys

import pytest
from singer_commons.start import starter

PROGRAM = """
import gc

while_imported = gc.isenabled()


def main():
    raise SystemExit(f"{while_imported}, {gc.isenabled()}")
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    (tmp_path / "started_program.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    yield "started_program"
    sys.modules.pop("started_program", None)
    gc.enable()


def test_a_command_is_imported_when_it_is_called_and_garbage_is_searched_for_from_then_on(program):
    main = starter(program)
    assert program not in sys.modules
    with pytest.raises(SystemExit, match=r"^False, True$"):
        main()
