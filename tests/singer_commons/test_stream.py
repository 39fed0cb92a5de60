"""A stream of dicts in blocks beside the same stream on the SDK's own path."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_commons.stream import SuiteStream
from singer_commons.tap import SuiteTap
from singer_sdk import Stream
from singer_sdk import typing as th

SCHEMA = th.PropertiesList(
    th.Property("id", th.IntegerType),
    th.Property("name", th.StringType),
    th.Property("at", th.IntegerType),
    th.Property("inside", th.ObjectType(th.Property("kept", th.StringType), th.Property("left_out", th.StringType))),
).to_dict()


def tap_of(base, rows, *, sorted_=True, key=None, every=3):
    """A tap with a stream and its child, on the SDK's stream or ours."""

    class Rows(base):
        name, primary_keys, replication_key, is_sorted, schema = "rows", ("id",), key, sorted_, SCHEMA
        STATE_MSG_FREQUENCY = every

        def get_records(self, context):
            yield from (dict(row, inside=dict(row["inside"])) if row.get("inside") else dict(row) for row in rows)

        def post_process(self, row, context=None):
            return None if row.get("name") == "dropped" else row

        def get_child_context(self, record, context):
            return {"parent_id": record["id"]}

    class Parts(base):
        name, primary_keys, parent_stream_type = "parts", (), Rows
        schema = th.PropertiesList(th.Property("part", th.IntegerType), th.Property("parent_id", th.IntegerType)).to_dict()

        def get_records(self, context):
            return [{"part": 1}, {"part": 2}]

    class Tap(SuiteTap):
        name = "tap-rows"
        config_jsonschema = th.PropertiesList().to_dict()

        def discover_streams(self):
            return [Rows(self), Parts(self)]

    return Tap


def messages(tap_class, *, deselected=(), **options):
    raw, before = io.BytesIO(), sys.stdout
    sys.stdout = text = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    try:
        tap = tap_class(parse_env_config=False, **{"config": {}, **options})
        if deselected:
            catalog = tap.catalog_dict
            for stream in catalog["streams"]:
                for entry in stream["metadata"]:
                    if (stream["tap_stream_id"], *entry["breadcrumb"][1::2]) in deselected:
                        entry["metadata"]["selected"] = False
            tap = tap_class(parse_env_config=False, catalog=catalog, **{"config": {}, **options})
        tap.sync_all()
    finally:
        sys.stdout = before
        text.detach()
    found = [json.loads(line, parse_float=Decimal) for line in raw.getvalue().splitlines()]
    assert all(one.pop("time_extracted", "T").find("T") >= 0 for one in found)
    return found


ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(), "at": st.integers(0, 5)},
        optional={
            "name": st.none() | st.text(max_size=4) | st.just("dropped"),
            "unknown": st.integers(),
            "inside": st.fixed_dictionaries({}, optional={"kept": st.text(max_size=3), "left_out": st.text(max_size=3)}),
        },
    ),
    max_size=12,
)
LEFT_OUT = st.sampled_from([(), (("rows", "name"),), (("rows", "inside", "left_out"), ("rows", "name")), (("parts",),), (("rows",),)])


@settings(max_examples=40, deadline=None)
@given(ROWS, LEFT_OUT, st.sampled_from([None, "at"]))
def test_every_message_is_the_one_of_the_sdk(rows, left_out, key):
    """Records, states and their places; children, rows that are left out, columns and parts of columns that are."""
    pairs = [tap_of(base, sorted(rows, key=lambda row: row["at"]), key=key) for base in (SuiteStream, Stream)]
    ours, theirs = (messages(one, deselected=left_out) for one in pairs)
    assert ours == theirs


@pytest.mark.parametrize(
    "maps",
    [
        {"rows": {"name": "name.upper() if name else None", "id": "id", "__else__": None}},
        {"rows": {"__filter__": "id > 1"}},
        {"rows": {"__alias__": "others"}, "again": {"__source__": "rows"}},
        {"parts": "__NULL__"},
    ],
    ids=str,
)
def test_under_stream_maps_too(maps):
    rows = [{"id": number, "at": number, "name": "ä"} for number in range(5)]
    ours, theirs = (messages(tap_of(base, rows, key="at"), config={"stream_maps": maps}) for base in (SuiteStream, Stream))
    assert ours == theirs


def test_rows_come_out_before_the_failure_of_their_source():
    def failing():
        yield {"id": 1, "at": 1}
        raise RuntimeError("the service is gone")

    tap = tap_of(SuiteStream, failing())
    raw, before = io.BytesIO(), sys.stdout
    sys.stdout = text = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    try:
        with pytest.raises(RuntimeError, match="the service is gone"):
            tap(config={}, parse_env_config=False).sync_all()
    finally:
        sys.stdout = before
        text.detach()
    assert [json.loads(line).get("record") for line in raw.getvalue().splitlines() if b'"rows"' in line] == [None, {"id": 1, "at": 1}]
