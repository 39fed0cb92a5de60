"""A service that adds a field without notice, as services do: to every object of the lists in its answers."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox.http.messages import Answer


def with_new_fields(stand_class):
    """The stand-in, newer than every document about it."""

    class Newer(stand_class):
        def routes(self):
            return [replace(route, answer=_newer(route.answer)) for route in super().routes()]

    return Newer


def _newer(answer):
    def made(request, **named):
        given = answer(request, **named)
        if given.status != 200 or not given.headers.get("Content-Type", "").startswith("application/json"):
            return given
        return Answer.of_json(_with_a_new_field(json.loads(given.body)))

    return made


def _with_a_new_field(value):
    if isinstance(value, list):
        return [{**one, "newly_added": 1} if isinstance(one, dict) else one for one in value]
    return {name: _with_a_new_field(part) if isinstance(part, list) else part for name, part in value.items()}
