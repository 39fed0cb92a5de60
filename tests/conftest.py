"""What holds for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from singer_sdk.testing.templates import AttributeTestTemplate

# Tests start hundreds of commands: where this is set, each of them would compile all its modules anew, which takes three times as long as to start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# At a desk every run tries new examples; CI tries the same ones each time, so that a change is judged by what it changes. No deadline: machines are shared.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True, scope="session")
def _each_attribute_by_its_own_values():
    """The SDK's suites keep the values of the attribute that comes first, and hold all others of its type to them (0.54.9)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AttributeTestTemplate, "non_null_attribute_values", property(AttributeTestTemplate.non_null_attribute_values.func))
        yield
