"""Settings that reach the sandbox's services, for each of the five."""

from __future__ import annotations

import json

SERVICES = ["autopilot", "fullstory", "mparticle", "warehouse", "blob", "synapse"]
COMMANDS = ["tap-autopilot", "tap-fullstory", "tap-warehouse", "target-synapse", "target-mparticle"]
TAPS, TARGETS = COMMANDS[:3], COMMANDS[3:]
MODEL = {"name": "numbers", "sql": "SELECT * FROM range(3) AS numbers(id)", "key_columns": ["id"]}
LINES = [
    {"type": "SCHEMA", "stream": "users", "key_properties": ["customer_id"], "schema": {"type": "object", "properties": {"customer_id": {"type": "string"}}}},
    {"type": "RECORD", "stream": "users", "record": {"customer_id": "c-1"}},
    {"type": "STATE", "value": {"bookmarks": {}}},
]  # fmt: skip

LOG_CONFIG = """
version: 1
disable_existing_loggers: false
formatters:
  structured:
    (): singer_sdk.logging.StructuredFormatter
handlers:
  default:
    class: logging.StreamHandler
    formatter: structured
    stream: ext://sys.stderr
root:
  level: DEBUG
  handlers: [default]
"""  # as Meltano installs it


def environment_of(command, settings, **more):
    """The variables of one command, with what the sandbox leaves to the user."""
    prefix = command.upper().replace("-", "_") + "_"
    own = {name: value for name, value in settings.items() if name.startswith(prefix)}
    extra = {
        "tap-warehouse": {"MODELS": json.dumps([MODEL])},
        "tap-fullstory": {"SESSIONS_LIMIT": "5"},
        "target-mparticle": {"MAX_TRIES": "1"},
    }.get(command, {})
    return {**own, **{prefix + name: value for name, value in {**extra, **more}.items()}}
