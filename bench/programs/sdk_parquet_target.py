"""A target on the SDK alone that writes Parquet, as one would write it by the SDK's guide: record by record, validated by the SDK's default."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th

ARROW = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
MOMENT = pa.timestamp("us", "UTC")
NESTED = pa.struct([("a", pa.int64()), ("b", pa.string()), ("tags", pa.list_(pa.string()))])  # `props` of the bench's table


def arrow_type(part: dict[str, Any]) -> pa.DataType:
    """The Arrow type of a property."""
    kinds = [kind for kind in part["type"] if kind != "null"]
    if "object" in kinds:
        return NESTED
    if part.get("format") == "date-time":
        return MOMENT
    return ARROW.get(kinds[0], pa.string())


class ParquetSink(BatchSink):
    """Writes a row group a batch."""

    max_size = 10_000  # the SDK's default
    writer: pq.ParquetWriter | None = None

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write the batch."""
        fields = [pa.field(name, arrow_type(part)) for name, part in self.schema["properties"].items()]
        table = pa.Table.from_pylist([self.typed(record) for record in context["records"]], pa.schema(fields))
        if self.writer is None:
            self.writer = pq.ParquetWriter(Path(self.config["path"]) / f"{self.stream_name}.parquet", table.schema, compression="zstd")
        self.writer.write_table(table)

    def typed(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record with floats for decimals: the SDK has parsed its times already."""
        properties = self.schema["properties"]
        return {name: float(value) if value is not None and "number" in properties[name]["type"] else value for name, value in record.items()}

    def clean_up(self) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.close()
        super().clean_up()


class SdkParquetTarget(Target):
    """The SDK's target."""

    name = "target-parquet-sdk"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(th.Property("path", th.StringType, required=True)).to_dict()
    default_sink_class = ParquetSink


if __name__ == "__main__":
    SdkParquetTarget.cli()
