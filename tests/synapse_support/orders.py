"""A stream whose rows hold arrays: of texts, of objects with arrays within them, and of arrays."""

from __future__ import annotations

from synapse_support.messages import record, schema_line

TEXT = {"type": ["null", "string"]}
ITEM = {
    "type": ["null", "object"],
    "properties": {"sku": TEXT, "price": {"type": ["null", "number"], "multipleOf": 0.01}, "notes": {"type": ["null", "array"], "items": TEXT}},
}
PROPERTIES = {
    "id": {"type": "integer"},
    "name": TEXT,
    "tags": {"type": ["null", "array"], "items": TEXT},
    "items": {"type": ["null", "array"], "items": ITEM},
}
CHILDREN = {"nested_data": "child_tables"}
TABLES = ("orders", "orders__tags", "orders__items", "orders__items__notes")


def orders_line(keys=("id",), **more):
    """The stream's SCHEMA, with more properties."""
    return schema_line({**PROPERTIES, **more}, keys=keys, stream="orders")


def order(key, *tags, items=(), **more):
    """A row. An item is its sku and its notes."""
    return record("orders", id=key, name=f"order {key}", tags=list(tags), items=[{"sku": sku, "notes": list(notes)} for sku, *notes in items], **more)


def raw_line(stream, text):
    """The line of a record that is JSON text already."""
    return f'{{"type": "RECORD", "stream": "{stream}", "record": {text}}}'
