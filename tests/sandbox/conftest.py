"""Small services in place of the sandbox's own, registered by name, in this process and in those it starts."""

import os
import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)  # the small services are modules beside this file


@pytest.fixture
def small_services(monkeypatch):
    """`one` and `two` are shelves; more can be added to the returned mapping."""
    found = {"one": "shelf", "two": "shelf"}
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr("sandbox.services.SERVICES", found)
    monkeypatch.setattr("sandbox.cli.SERVICES", found)
    return found
