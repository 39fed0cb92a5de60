"""The SDK's `_sdc_` columns for a table: when its rows were extracted, received and put into a batch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from singer_commons.columnar.blocks import Block

KEPT = "_sdc_deleted_at"  # which a tap may set itself
NAMES = frozenset(
    ("_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at", KEPT, "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at")
)  # https://sdk.meltano.com/en/latest/implementation/record_metadata.html


def with_metadata(table: pa.Table, block: Block, *, batched_at: datetime, sync_started_at: int) -> pa.Table:
    """The table with its metadata columns filled in, those that it has."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "_sdc_received_at": now.isoformat(),
        "_sdc_batched_at": batched_at.isoformat(),
        "_sdc_sequence": round(now.timestamp() * 1000),
        "_sdc_table_version": block.version,
        "_sdc_sync_started_at": sync_started_at,
    }
    for index, field in enumerate(table.schema):
        if field.name == "_sdc_extracted_at":
            made = pa.array(block.extracted_at, pa.string())
        elif field.name in values:
            made = pa.repeat(
                pa.scalar(values[field.name], pa.int64() if field.name.endswith(("_sequence", "_version", "_started_at")) else pa.string()),
                len(block),
            )
        else:
            continue
        table = table.set_column(index, field, made if made.type == field.type else pc.cast(made, field.type))
    return table
