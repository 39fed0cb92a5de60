"""Singer messages, in one line of test each."""

from __future__ import annotations

USERS = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}


def schema_line(properties, keys=("id",), stream="users", **more):
    return {"type": "SCHEMA", "stream": stream, "schema": {"type": "object", "properties": properties, **more}, "key_properties": list(keys)}


def record(stream="users", **values):
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value):
    return {"type": "STATE", "value": value}
