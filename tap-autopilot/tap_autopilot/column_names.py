"""How columns are spelled: as on the wire, or in snake case.

Snake case puts `_` before each capital that follows a small letter or a digit, and writes all letters small: `FirstName` becomes `first_name`,
`employeesRange` becomes `employees_range`. That gives the 29 columns of contacts that Stitch documents (stitchdata/docs,
`_data/taps/schemas/autopilot/v1`, read 2026-11-21) their names there. Names inside objects and arrays stay as they are.
"""

from __future__ import annotations

import re

WIRE, SNAKE = "wire", "snake"
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def spelled(name: str, field_case: str) -> str:
    """A column's name in the spelling that the settings ask for."""
    return _WORD_BEGINS.sub("_", name).lower() if field_case == SNAKE else name
