"""Runs the tap inside the test process and reads its messages."""

import io
import json
import sys
from contextlib import contextmanager
from decimal import Decimal

from tap_warehouse.tap import TapWarehouse


@contextmanager
def captured_stdout():
    """Both layers of stdout as one stream of bytes: the tap writes text lines and blocks of bytes."""
    raw, before = io.BytesIO(), sys.stdout
    sys.stdout = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    try:
        yield raw
    finally:
        sys.stdout = before


def read(config, *, state=None, catalog=None):
    """All messages of a run: numbers with a point as Decimal."""
    tap_class = type("Tap", (TapWarehouse,), {})
    with captured_stdout() as raw:
        tap = tap_class(config=config, state=state, catalog=catalog, parse_env_config=False)
        tap.sync_all()
        tap.warehouse.close()
        return [json.loads(line, parse_float=Decimal) for line in raw.getvalue().splitlines()]


def records(messages, stream=None):
    return [one["record"] for one in messages if one["type"] == "RECORD" and stream in (None, one["stream"])]


def states(messages):
    return [one["value"] for one in messages if one["type"] == "STATE"]


def bookmark(messages, stream):
    return states(messages)[-1]["bookmarks"][stream].get("replication_key_value")


def without_times(messages):
    """The messages without the moment they were made."""
    return [{key: value for key, value in one.items() if key != "time_extracted"} for one in messages]
