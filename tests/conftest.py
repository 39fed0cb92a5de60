"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# At a desk every run tries new examples; CI tries the same ones each time, so that a change is judged by what it changes. No deadline: machines are shared.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
