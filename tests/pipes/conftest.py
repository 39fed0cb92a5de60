"""A whole sandbox for the pipes."""

from __future__ import annotations

import pytest
from sandbox.processes import running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """The settings of a sandbox that is up for the tests of one module."""
    with running(tmp_path_factory.mktemp("sandbox")) as settings:
        yield settings
