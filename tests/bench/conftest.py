"""What the tests of the bench share."""

from __future__ import annotations

import pytest
from bench_results import results_of, run

from bench import extract


@pytest.fixture
def made_up():
    """Two rounds of an extract, with one peer."""
    return results_of(
        run("extract", extract.POSTGRES.name, 1_000_000, 2.0, number=0, peak_mb=200),
        run("extract", extract.MELTANOLABS.name, 100_000, 4.0, number=0, cpu=(3.5, 0.4)),
        run("extract", extract.POSTGRES.name, 1_000_000, 2.5, number=1, peak_mb=210),
        run("extract", extract.MELTANOLABS.name, 100_000, 10.0, number=1, cpu=(3.6, 0.4)),
    )
