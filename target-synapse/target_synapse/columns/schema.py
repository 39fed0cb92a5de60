"""How a reader is to hold the rows of a plan in Arrow: by what the table's columns want, so that nothing is converted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from singer_commons.columnar.types import raw_json

from target_synapse.rows.types import MONEY_AS_DECIMAL, json_types
from target_synapse.rows.values import RANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_synapse.rows.types import SqlType
    from target_synapse.tables.ensure import LoadPlan


def arrow_schema(plan: LoadPlan, properties: Mapping[str, Any], arrays: Iterable[str] = ()) -> pa.Schema:
    """A field for each property, and for the arrays that are child tables.

    Dates and times stay text: only text keeps their seventh digit and whether they name a zone.
    """
    fields = [_field(name, properties[name], column.type) for name, column in plan.columns.items()]
    return pa.schema([*fields, *(raw_json(name) for name in arrays)])


def _field(name: str, schema: Mapping[str, Any], kind: SqlType) -> pa.Field:
    if kind.name in RANGES:
        return pa.field(name, pa.int64())
    if kind.is_money:
        kind = MONEY_AS_DECIMAL
    if kind.name == "decimal" and json_types(schema) != {"string"}:
        return pa.field(name, pa.decimal128(kind.precision, kind.scale))
    if kind.name in ("float", "real"):
        return pa.field(name, pa.float64())
    if kind.name == "bit":
        return pa.field(name, pa.bool_())
    if kind.is_text and json_types(schema) != {"string"}:
        return raw_json(name)
    return pa.field(name, pa.string())
