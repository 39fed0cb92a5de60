"""What the SDK offers round a stream of Arrow batches: the whole output is that of the SDK's own path, and what slows the stream down is said once."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from singer_commons.columnar.stream import ColumnarStream
from singer_commons.states import STATE_SETTINGS
from singer_commons.tap import SuiteTap
from singer_sdk import Stream
from singer_sdk import typing as th

INSIDE = th.ObjectType(th.Property("kept", th.StringType), th.Property("left_out", th.IntegerType))
SCHEMA = th.PropertiesList(
    th.Property("id", th.IntegerType),
    th.Property("text", th.StringType),
    th.Property("money", th.NumberType),
    th.Property("at", th.DateTimeType),
    th.Property("inside", INSIDE),
).to_dict()
ARROW = pa.schema(
    [
        ("id", pa.int64()),
        ("text", pa.string()),
        ("money", pa.decimal128(20, 2)),
        ("at", pa.timestamp("us", "UTC")),
        ("inside", pa.struct([("kept", pa.string()), ("left_out", pa.int64())])),
    ]
)
ROWS = [
    {"id": n, "text": f"é {n}" if n % 3 else None, "money": Decimal(n).scaleb(-2), "at": datetime(2024, 1, 1, n, tzinfo=UTC), "inside": {"kept": "k", "left_out": n}}
    for n in range(8)
]  # fmt: skip
SLOWER = "'rows' goes record by record: "
MAPS = "stream maps or flattening change its records"


class Case:
    """A way to ask for the rows: settings, what the catalog leaves out, a replication key, a limit; and why columns cannot stay, if they cannot."""

    def __init__(self, why="", *, deselected=(), key=None, limit=None, children=False, state=None, **config):
        self.why, self.deselected, self.key, self.limit, self.children, self.state, self.config = why, deselected, key, limit, children, state, config


CASES = {
    "everything": Case(),
    "a column deselected": Case(deselected=[("properties", "text")]),
    "the stream deselected": Case(deselected=[()]),
    "a part of a column deselected": Case("a part of a column is deselected", deselected=[("properties", "inside", "properties", "left_out")]),
    "incremental": Case(key="id", state_every_rows=3),
    "incremental from a state": Case(key="id", state={"bookmarks": {"rows": {"replication_key": "id", "replication_key_value": 5}}}, state_every_rows=3),
    "a column deselected, incremental": Case(key="id", deselected=[("properties", "money")], state_every_rows=3),
    "filtered": Case(MAPS, stream_maps={"rows": {"__filter__": "record['id'] != 2"}}),
    "computed, renamed and dropped": Case(MAPS, stream_maps={"rows": {"double": "id * 2", "words": "text", "text": None, "__key_properties__": ["double"]}}),
    "another name": Case(MAPS, stream_maps={"rows": {"__alias__": "others"}}),
    "nothing but what is named": Case(MAPS, stream_maps={"rows": {"id": "id", "__else__": None}}),
    "hashed, with settings of maps": Case(MAPS, stream_maps={"rows": {"text": "md5(config['seed'] + str(id))"}}, stream_map_config={"seed": "s"}),
    "mapped and incremental": Case(MAPS, key="id", stream_maps={"rows": {"more": "id"}}, state_every_rows=3),
    "mapped, and a column deselected": Case(MAPS, deselected=[("properties", "money")], stream_maps={"rows": {"more": "id"}}),
    "flattened": Case(MAPS, flattening_enabled=True, flattening_max_depth=1, flattening_separator="-"),
    "a limit, as --test has it": Case("there is a limit of records", limit=3),
    "children": Case("child streams are filled from its records", children=True),
}  # fmt: skip


def tap_class(base, case):
    class Rows(base):
        name, primary_keys, replication_key, is_sorted, schema = "rows", ("id",), case.key, True, SCHEMA
        STATE_MSG_FREQUENCY = case.config.get("state_every_rows", 10_000)

        def _rows(self, context):
            start = self.get_starting_replication_key_value(context) if self.replication_key else None
            return deepcopy([row for row in ROWS if row["id"] >= (start or 0)])  # the SDK takes parts out of them

        def get_records(self, context):
            return self._rows(context) if base is Stream else super().get_records(context)

        def batches(self, context):
            yield pa.RecordBatch.from_pylist(self._rows(context), schema=ARROW).select(self.wanted_columns)

        def get_child_context(self, record, context):
            return {"parent": record["id"]}

    class Children(Stream):
        name, primary_keys, parent_stream_type = "children", (), Rows
        schema = th.PropertiesList(th.Property("parent", th.IntegerType)).to_dict()

        def get_records(self, context):
            return [{"parent": context["parent"]}]

    class Tap(SuiteTap):
        name = "tap-rows"
        config_jsonschema = th.PropertiesList(*STATE_SETTINGS).to_dict()

        def discover_streams(self):
            return [Rows(self), *([Children(self)] if case.children else [])]

    return Tap


def run(base, case):
    """The messages of a run, as a target sees them."""
    made = tap_class(base, case)
    catalog = made(config={}, parse_env_config=False).catalog_dict
    for entry in catalog["streams"][0]["metadata"]:
        if tuple(entry["breadcrumb"]) in case.deselected:
            entry["metadata"]["selected"] = False
    raw, before = io.BytesIO(), sys.stdout
    sys.stdout = text = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    try:
        tap = made(config=case.config, catalog=catalog, state=case.state, parse_env_config=False)
        if case.limit:
            tap.run_sync_dry_run(case.limit, tap.streams.values())
        else:
            tap.sync_all()
    finally:
        sys.stdout = before
        text.detach()
    return [seen(json.loads(line, parse_float=Decimal)) for line in raw.getvalue().splitlines()]


def seen(message):
    """A message without the moment it was made; a moment as such, however it is spelled."""
    record = message.get("record", {})
    if isinstance(record.get("at"), str):
        record["at"] = datetime.fromisoformat(record["at"])
    return {name: value for name, value in message.items() if name != "time_extracted"}


@pytest.mark.parametrize("name", CASES)
def test_the_whole_output_is_that_of_the_sdks_path(name, caplog):
    case = CASES[name]
    expected = run(Stream, case)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert run(ColumnarStream, case) == expected
    told = [(one.levelname, one.getMessage()) for one in caplog.records if "record by record" in one.getMessage()]
    assert told == ([("INFO", SLOWER + case.why)] if case.why else [])
    assert sum(one["type"] == "RECORD" for one in expected) > 0 or case.deselected == [()] or case.limit


@pytest.mark.parametrize("name", ["everything", "incremental", "filtered"])
def test_the_metrics_count_what_those_of_the_sdk_count(name, caplog, monkeypatch):
    monkeypatch.setattr(caplog.handler, "filters", [])  # a command that ran in this process has put one on it that keeps metrics back
    counts = []
    for base in (ColumnarStream, Stream):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="singer_sdk.metrics"):
            run(base, CASES[name])
        counts.append(counted(caplog.records))
    assert counts[0] == counts[1]
    assert counts[0]["counter", "record_count", "rows"] == len(ROWS)


def counted(entries):
    """The sum of each counter, and how often each timer was told."""
    found = Counter()
    for entry in entries:
        if entry.name == "singer_sdk.metrics":
            point = json.loads(entry.getMessage().partition("METRIC: ")[2])
            found[point["type"], point["metric"], point["tags"].get("stream")] += point["value"] if point["type"] == "counter" else 1
    return found
